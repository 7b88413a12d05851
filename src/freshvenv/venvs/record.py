"""Which files a distribution owns: its RECORD, read without ever following a row out of the venv."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from freshvenv.answer import state_of
from freshvenv.errors import VenvError
from freshvenv.venvs.venv import Distribution, Venv

RECORD = ".dist-info/RECORD"
"""How the path of every RECORD ends."""


class Owned(NamedTuple):
    """Paths relative to the venv, and the rows that were not believed since they point out of it."""

    paths: frozenset[str]
    refused: tuple[str, ...]


def owned_files(venv: Venv, distribution: Distribution) -> Owned:
    """The files that RECORD lists. Raises :class:`VenvError` when it is missing or cannot be read."""
    # Imported here: needed only for an install that is not our own.
    import csv

    from installer.records import InvalidRecordEntry, parse_record_file

    record = venv.path / distribution.metadata / "RECORD"
    try:
        with record.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            rows = [elements[0] for elements in parse_record_file(lines)]
    except OSError as error:
        raise VenvError(f"{distribution.dist_info}/RECORD: {error.strerror}") from error
    except (InvalidRecordEntry, ValueError, csv.Error) as error:
        raise VenvError(f"{distribution.dist_info}/RECORD is damaged: {error}") from error
    if not any(row.endswith(RECORD) for row in rows):
        raise VenvError(f"{distribution.dist_info}/RECORD is damaged: it does not list itself")
    guard = Containment(venv.path)
    kept: set[str] = set()
    refused: list[str] = []
    for row in rows:
        path = _relative(venv, distribution.site, row)
        if path and guard.holds(path):
            kept.add(path)
        else:
            refused.append(row)
    return Owned(frozenset(kept), tuple(refused))


def _relative(venv: Venv, site: str, row: str) -> str:
    """A row's path relative to the venv, empty when it leaves it."""
    if not row or "\0" in row or row.endswith("/"):
        return ""
    if row.startswith("/"):
        path = posixpath.relpath(posixpath.normpath(row), os.fspath(venv.path))
    else:
        path = posixpath.normpath(f"{site}/{row}")
    return "" if path == ".." or path.startswith(("../", "/")) or path == "." else path


def metadata_in(venv: Venv, paths: Iterable[str]) -> list[str]:
    """The folders of metadata among the files of installs: where Python looks for them, and not what a package has."""
    folders = (path.rpartition("/")[0] for path in paths if path.endswith(RECORD))
    return [folder for folder in folders if folder.rpartition("/")[0] in venv.site_directories]


def record_states(venv: Venv, metadata: Iterable[str]) -> dict[str, str]:
    """What ``lstat`` says of the RECORD in each folder of metadata, empty where there is none.

    Another state tells that somebody else has installed since.
    """
    return {folder: _state_of(venv.path / folder / "RECORD") for folder in metadata}


def _state_of(record: Path) -> str:
    try:
        return state_of(os.fspath(record))
    except (OSError, ValueError):
        return ""


class Containment:
    """Tells whether a path is really inside of a venv, links on the way to it resolved."""

    def __init__(self, venv: Path) -> None:
        self._top = os.path.realpath(venv)
        self._real = {"": self._top}

    def holds(self, path: str) -> bool:
        """Whether the directory of a relative path lies in the venv. The last part itself is never followed."""
        real = self._resolved(posixpath.dirname(path))
        return real == self._top or real.startswith(self._top + os.sep)

    def _resolved(self, folder: str) -> str:
        """The real path of a directory. Most are no links, and lie in one that is known already."""
        if folder.startswith("/"):
            return os.path.realpath(folder)
        unknown, above = [], folder
        while above not in self._real:
            unknown.append(above)
            above = above.rpartition("/")[0]
        for each in reversed(unknown):
            above, _, name = each.rpartition("/")
            where = os.path.join(self._real[above], name)
            is_plain = name not in {"", ".", ".."} and not os.path.islink(where)
            self._real[each] = where if is_plain else os.path.realpath(where)
        return self._real[folder]
