"""Metadata that names the folder of the build, as backends write it, names the place of the source instead."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.wheels.unpack import Move
from support.places import ODD_LINE, ODD_NAME

PLACES = {"plain": "place", "a blank": "my place", "letters": "jürgen", "all of it": ODD_LINE, "line end": ODD_NAME}

SPELLINGS: dict[str, Callable[[Path], str]] = {
    "all quoted": Path.as_uri,
    "all quoted, in small letters": lambda path: path.as_uri().replace("%C3%BC", "%c3%bc"),
    "blanks quoted": lambda path: f"file://{path}".replace(" ", "%20"),
    "nothing quoted": lambda path: f"file://{path}",
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("cache", PLACES.values(), ids=PLACES)
def test_url(tmp_path: Path, cache: str, place: str, spell: Callable[[Path], str]) -> None:
    """It is a valid one afterwards, also where the folder of the build is one whose letters are left as they are."""
    move = Move(tmp_path / cache / "work" / "checkout", tmp_path / place / "demo")
    inside, beside = move.built / "lib", move.built.parent / "lib"
    metadata = f"Requires-Dist: one @ {spell(inside)}\nRequires-Dist: two @ {spell(beside)}\n"
    assert move.undo(metadata.encode()).decode() == (
        f"Requires-Dist: one @ {move.place.as_uri()}/lib\nRequires-Dist: two @ {move.place.parent.as_uri()}/lib\n"
    )


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_path(tmp_path: Path, place: str) -> None:
    move = Move(tmp_path / "cache" / "checkout", tmp_path / place / "demo")
    metadata = b"Home: " + os.fsencode(move.built) + b"/lib, not " + os.fsencode(move.built.with_name("other"))
    expected = b"Home: " + os.fsencode(move.place) + b"/lib, not " + os.fsencode(move.place.with_name("other"))
    assert move.undo(metadata) == expected
