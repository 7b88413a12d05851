"""The stamp of the fast path: it vouches for what was fresh, and for nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.hooks.stamp import holds, render
from freshvenv.source.refs import find_git_dir, head_commit
from support.repository import create
from support.world import World

COMMIT, TREE = "c" * 40, "7" * 40
WHEN = 1_700_000_000_000_000_000
"""When the stamp is dated to, in nanoseconds."""


def test_render() -> None:
    text = render(COMMIT, {".": TREE, "sub": "8" * 40}, ["a/RECORD", "/opt/b"], [".nox", "a venv"])
    assert text == (
        "freshvenv 2\n"
        "newer a/RECORD\n"
        "newer /opt/b\n"
        "absent .nox\n"
        "absent a venv\n"
        f"commit {COMMIT}\n"
        f"tree {TREE} .\n"
        f"tree {'8' * 40} sub\n"
        "end\n"
    )


def test_render_where_files_are_uncommitted() -> None:
    assert render("", {".": TREE}, [], []) == f"freshvenv 2\ntree {TREE} .\nend\n"


PLAIN = ["a b", "vénv", "quo'te", 'quo"te', "back\\slash", "$HOME", "*", "-n", "byte \udce9"]


@pytest.mark.parametrize("path", PLAIN)
def test_plain_path(path: str) -> None:
    assert render(COMMIT, {".": TREE}, [path], [path])


ODD = {
    "newline": "a\nb",
    "newline at the end": "a\n",
    "blank at the end": "a ",
    "tab at the end": "a\t",
    "null byte": "a\0b",
    "carriage return": "a\rb",
    "two blanks in a row": "a  b",
    "tab": "a\tb",
    "blank at the beginning": " a",
}


@pytest.mark.parametrize("path", ODD.values(), ids=ODD)
def test_path_that_the_form_cannot_carry(path: str) -> None:
    """``read -r`` of ``sh`` takes words apart at blanks and tabs; Python reads a carriage return as a line end."""
    assert render(COMMIT, {".": TREE}, [path], []) == ""
    assert render(COMMIT, {".": TREE}, [], [path]) == ""


@pytest.fixture
def stamp(tmp_path: Path) -> Path:
    """A stamp for a work tree with a witness; one place is not there."""
    (tmp_path / "witness").touch()
    os.utime(tmp_path / "witness", ns=(WHEN, WHEN))
    return write(tmp_path / "stamp", render(COMMIT, {".": TREE}, ["witness"], ["nothing"]))


def write(path: Path, text: str) -> Path:
    path.write_bytes(os.fsencode(text))
    os.utime(path, ns=(WHEN, WHEN))
    return path


def test_holds(stamp: Path) -> None:
    assert holds(str(stamp), str(stamp.parent), COMMIT)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


Change = Callable[[Path], object]

CHANGES: dict[str, Change] = {
    "witness newer by a nanosecond": lambda top: os.utime(top / "witness", ns=(WHEN, WHEN + 1)),
    "witness gone": lambda top: (top / "witness").unlink(),
    "absent place is there": lambda top: (top / "nothing").mkdir(),
    "absent place is a dangling link": lambda top: (top / "nothing").symlink_to("nowhere"),
    "stamp gone": lambda top: (top / "stamp").unlink(),
    "stamp empty": lambda top: write(top / "stamp", ""),
    "stamp cut off": lambda top: write(top / "stamp", "freshvenv 2\n"),
    "stamp cut off after a line": lambda top: write(top / "stamp", f"freshvenv 2\ncommit {COMMIT}\ntree {TREE} .\n"),
    "stamp cut off before its end": lambda top: write(top / "stamp", (top / "stamp").read_text()[:-1]),
    "stamp of another version": lambda top: write(top / "stamp", f"freshvenv 1\ncommit {COMMIT}\nend\n"),
    "stamp is a folder": lambda top: make_folder(top / "stamp"),
    "stamp without a commit": lambda top: write(top / "stamp", render("", {".": TREE}, [], [])),
    "stamp for another commit": lambda top: write(top / "stamp", render("d" * 40, {".": TREE}, [], [])),
    "witness below a file": lambda top: write(top / "stamp", render(COMMIT, {".": TREE}, ["witness/RECORD"], [])),
    "witness with a null byte": lambda top: write(top / "stamp", f"freshvenv 2\nnewer a\0b\ncommit {COMMIT}\nend\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_holds_no_longer(stamp: Path, change: Change) -> None:
    change(stamp.parent)
    assert not holds(str(stamp), str(stamp.parent), COMMIT)


HARMLESS: dict[str, Change] = {
    "witness older": lambda top: os.utime(top / "witness", ns=(WHEN, WHEN - 1)),
    "stamp newer": lambda top: os.utime(top / "stamp", ns=(WHEN, WHEN + 1)),
    "other file": lambda top: (top / "other").touch(),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_holds_all_the_same(stamp: Path, change: Change) -> None:
    change(stamp.parent)
    assert holds(str(stamp), str(stamp.parent), COMMIT)


@pytest.mark.parametrize("commit", ["d" * 40, "c" * 39, "", TREE])
def test_holds_for_no_other_commit(stamp: Path, commit: str) -> None:
    assert not holds(str(stamp), str(stamp.parent), commit)


def test_path_in_the_form_holds(tmp_path: Path) -> None:
    """What is rendered is read back: a place with an odd name that appears is seen."""
    for name in PLAIN:
        stamp = write(tmp_path / "stamp", render(COMMIT, {".": TREE}, [], [name]))
        assert holds(str(stamp), str(tmp_path), COMMIT)
        (tmp_path / name).touch()
        assert not holds(str(stamp), str(tmp_path), COMMIT)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=4)


@settings(database=None, deadline=None, max_examples=150)
@given(NAMES.filter(lambda name: name not in {".", ".."}))
def test_what_is_written_is_read_back(name: str) -> None:
    text = render(COMMIT, {".": TREE}, [], [name])
    if not text:
        return
    with TemporaryDirectory() as top:
        stamp = write(Path(top, "s t a m p"), text)
        assert holds(str(stamp), top, COMMIT)
        Path(top, name).touch()
        assert not holds(str(stamp), top, COMMIT)


# What git's own files say


@pytest.fixture
def top(world: World) -> Path:
    return create(world, world.root / "demo", branches={}).path


def test_head_on_a_branch(world: World, top: Path) -> None:
    assert head_commit(find_git_dir(str(top))) == world.git("rev-parse", "HEAD", cwd=top)


def test_head_detached(world: World, top: Path) -> None:
    world.git("checkout", "--quiet", "--detach", cwd=top)
    assert head_commit(find_git_dir(str(top))) == world.git("rev-parse", "HEAD", cwd=top)


def test_head_in_packed_refs(world: World, top: Path) -> None:
    world.git("pack-refs", "--all", "--prune", cwd=top)
    git_dir = Path(world.git("rev-parse", "--path-format=absolute", "--git-common-dir", cwd=top))
    assert not (git_dir / "refs" / "heads" / "main").exists()
    assert head_commit(find_git_dir(str(top))) == world.git("rev-parse", "HEAD", cwd=top)


def test_head_on_a_branch_of_another_name(world: World, top: Path) -> None:
    world.git("symbolic-ref", "refs/heads/also", "refs/heads/main", cwd=top)
    world.git("symbolic-ref", "HEAD", "refs/heads/also", cwd=top)
    assert head_commit(find_git_dir(str(top))) == world.git("rev-parse", "HEAD", cwd=top)
    world.git("symbolic-ref", "refs/heads/main", "refs/heads/also", cwd=top)
    assert head_commit(find_git_dir(str(top))) == ""


@pytest.mark.ordinary_place("is about one")
def test_head_in_a_linked_worktree(world: World, top: Path) -> None:
    world.git("worktree", "add", "--quiet", "-b", "other", "../linked", cwd=top)
    linked = top.parent / "linked"
    world.git("commit", "--quiet", "--allow-empty", "-m", "more", cwd=linked)
    assert head_commit(find_git_dir(str(linked))) == world.git("rev-parse", "HEAD", cwd=linked)
    world.git("pack-refs", "--all", "--prune", cwd=linked)
    assert head_commit(find_git_dir(str(linked))) == world.git("rev-parse", "HEAD", cwd=linked)


def test_unborn_head(world: World) -> None:
    world.git("init", "--quiet", "new", cwd=world.root)
    assert head_commit(find_git_dir(str(world.root / "new"))) == ""


def test_no_git_directory(tmp_path: Path) -> None:
    assert find_git_dir(str(tmp_path)) == ""
    assert head_commit(str(tmp_path)) == ""
    (tmp_path / ".git").write_text("no link\n")
    assert find_git_dir(str(tmp_path)) == ""
