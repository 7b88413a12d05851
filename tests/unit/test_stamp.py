"""The stamp of the fast path: it vouches for what was fresh, and for nothing else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.hooks.stamp import facts, holds, remove, write
from freshvenv.source.refs import find_git_dir, head_commit
from support.repository import create
from support.world import World

COMMIT, TREE = "c" * 40, "7" * 40
WHEN = 1_700_000_000_000_000_000
"""When the stamp is dated to, in nanoseconds."""


def test_facts() -> None:
    names = facts("/home/me/demo", COMMIT, {".": TREE, "sub": "8" * 40}, ["a/RECORD", "/opt/b"], [".nox", "a venv"])
    assert names == (
        "top%%home%me%demo",
        "newer%a%RECORD",
        "newer%%opt%b",
        "absent%.nox",
        "absent%a venv",
        f"commit%{COMMIT}",
        f"tree%{TREE}%.",
        f"tree%{'8' * 40}%sub",
        "end%8",
    )


def test_facts_where_files_are_uncommitted() -> None:
    assert facts("/a", "", {".": TREE}, [], []) == ("top%%a", f"tree%{TREE}%.", "end%2")


def test_fact_that_is_said_twice() -> None:
    """Two venvs have the same witness; a folder has one file of a name."""
    assert facts("/a", COMMIT, {}, ["a", "a"], []) == ("top%%a", "newer%a", f"commit%{COMMIT}", "end%3")


PLAIN = [
    "a b",
    "vénv",
    "quo'te",
    'quo"te',
    "back\\slash",
    "$HOME",
    "*",
    "-n",
    "byte \udce9",
    "a\nb",
    "a\n",
    "a ",
    "a\t",
    "a\rb",
    "a  b",
    " a",
]


@pytest.mark.parametrize("path", PLAIN)
def test_plain_path(path: str) -> None:
    assert facts("/a", COMMIT, {".": TREE}, [path], [path])


ODD = {"null byte": "a\0b", "percent sign": "a%b", "too long for a name": "a" * 250, "too long in bytes": "é" * 125}


@pytest.mark.parametrize("path", ODD.values(), ids=ODD)
def test_path_that_the_form_cannot_carry(path: str) -> None:
    assert facts("/a", COMMIT, {".": TREE}, [path], []) == ()
    assert facts("/a", COMMIT, {".": TREE}, [], [path]) == ()


@pytest.fixture
def stamp(tmp_path: Path) -> Path:
    """A stamp for a working tree with a witness; one place is not there."""
    (tmp_path / "witness").touch()
    os.utime(tmp_path / "witness", ns=(WHEN, WHEN))
    return put(tmp_path / "stamp", facts(str(tmp_path), COMMIT, {".": TREE}, ["witness"], ["nothing"]))


def put(path: Path, names: tuple[str, ...]) -> Path:
    write(path, names, WHEN)
    return path


def test_holds(stamp: Path) -> None:
    assert holds(str(stamp), str(stamp.parent), COMMIT)


def replace(path: Path) -> None:
    remove(path)
    path.touch()


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def give_away(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(path, 12345, 12345)


def rename(path: Path, old: str, new: str) -> None:
    [found] = path.glob(old)
    found.rename(path / new)


Change = Callable[[Path], object]

CHANGES: dict[str, Change] = {
    "witness newer by a nanosecond": lambda top: os.utime(top / "witness", ns=(WHEN, WHEN + 1)),
    "witness gone": lambda top: (top / "witness").unlink(),
    "absent place is there": lambda top: (top / "nothing").mkdir(),
    "absent place is a dangling link": lambda top: (top / "nothing").symlink_to("nowhere"),
    "stamp gone": lambda top: remove(top / "stamp"),
    "stamp without the witness": lambda top: (top / "stamp" / "newer%witness").unlink(),
    "stamp without the tree": lambda top: (top / "stamp" / f"tree%{TREE}%.").unlink(),
    "stamp without its end": lambda top: (top / "stamp" / "end%5").unlink(),
    "stamp with more than it should have": lambda top: (top / "stamp" / "absent%x").touch(),
    "stamp with another word": lambda top: rename(top / "stamp", "newer*", "later%witness"),
    "stamp without words": lambda top: rename(top / "stamp", "newer*", "witness"),
    "stamp with another count": lambda top: rename(top / "stamp", "end*", "end%05"),
    "stamp is a file": lambda top: replace(top / "stamp"),
    "stamp is a link": lambda top: link(top / "stamp"),
    "stamp is somebody else's": lambda top: give_away(top / "stamp"),
    "stamp without a commit": lambda top: put(top / "stamp", facts(str(top), "", {".": TREE}, [], [])),
    "stamp for another commit": lambda top: put(top / "stamp", facts(str(top), "d" * 40, {".": TREE}, [], [])),
    "working tree moved": lambda top: rename(top / "stamp", "top*", "top%%nowhere"),
    "working tree copied": lambda top: rename(top / "stamp", "top*", "top%%tmp"),
    "witness below a file": lambda top: put(
        top / "stamp", facts(str(top), COMMIT, {".": TREE}, ["witness/RECORD"], [])
    ),
    "stamp older": lambda top: os.utime(top / "stamp" / "end%5", ns=(WHEN, WHEN - 1)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_holds_no_longer(stamp: Path, change: Change) -> None:
    change(stamp.parent)
    assert not holds(str(stamp), str(stamp.parent), COMMIT)


HARMLESS: dict[str, Change] = {
    "witness older": lambda top: os.utime(top / "witness", ns=(WHEN, WHEN - 1)),
    "stamp newer": lambda top: os.utime(top / "stamp" / "end%5", ns=(WHEN, WHEN + 1)),
    "folder of another date": lambda top: os.utime(top / "stamp", ns=(0, 0)),
    "hidden file in it": lambda top: (top / "stamp" / ".nfs01").touch(),
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
    """What is written is read back: a place with an odd name that appears is seen."""
    for name in PLAIN:
        stamp = put(tmp_path / "stamp", facts(str(tmp_path), COMMIT, {".": TREE}, [], [name]))
        assert holds(str(stamp), str(tmp_path), COMMIT)
        (tmp_path / name).touch()
        assert not holds(str(stamp), str(tmp_path), COMMIT)


NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=4)


@settings(database=None, deadline=None, max_examples=150)
@given(NAMES.filter(lambda name: name not in {".", ".."}))
def test_what_is_written_is_read_back(name: str) -> None:
    with TemporaryDirectory() as top:
        names = facts(top, COMMIT, {".": TREE}, [], [name])
        if not names:
            assert "%" in name
            return
        stamp = put(Path(top, "s t a m p"), names)
        assert holds(str(stamp), top, COMMIT)
        Path(top, name).touch()
        assert not holds(str(stamp), top, COMMIT)


LEFT: dict[str, Callable[[Path], object]] = {
    "nothing": remove,
    "a stamp": lambda path: put(path, facts(str(path.parent), "d" * 40, {".": TREE}, ["w"], ["n"])),
    "a file": lambda path: path.touch(),
    "a link": lambda path: path.symlink_to("."),
    "a pipe": os.mkfifo,
    "what killed runs left": lambda path: (path.with_name("stamp-0123") / "stamp").mkdir(parents=True),
}


@pytest.mark.parametrize("leave", LEFT.values(), ids=LEFT)
def test_whatever_is_in_its_place_goes(tmp_path: Path, leave: Callable[[Path], object]) -> None:
    leave(tmp_path / "stamp")
    put(tmp_path / "stamp", facts(str(tmp_path), COMMIT, {".": TREE}, [], []))
    assert holds(str(tmp_path / "stamp"), str(tmp_path), COMMIT)
    assert [path.name for path in tmp_path.glob("stamp*")] == ["stamp"]
    remove(tmp_path / "stamp")
    assert list(tmp_path.glob("stamp*")) == []


def test_stamp_of_somebody_else_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that it is in is ours, and that is enough."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    monkeypatch.chdir(tmp_path)
    stamp = put(Path("stamp"), facts("/a", COMMIT, {".": TREE}, [], []))
    os.chown(".", 12345, 12345)
    names = facts(str(tmp_path), "d" * 40, {".": TREE}, [], [])
    os.seteuid(12345)
    try:
        write(stamp, names, WHEN)
        assert sorted(os.listdir(stamp)) == sorted(names)
    finally:
        os.seteuid(0)


def test_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    put(tmp_path / "stamp", facts(str(tmp_path), COMMIT, {".": TREE}, [], ["nothing"]))
    assert holds(str(tmp_path / "stamp"), str(tmp_path), COMMIT)
    (tmp_path / "nothing").touch()
    assert not holds(str(tmp_path / "stamp"), str(tmp_path), COMMIT)


def test_disk_that_is_full_leaves_nothing_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "stamp", facts(str(tmp_path), COMMIT, {".": TREE}, [], []))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "stamp", facts(str(tmp_path), "d" * 40, {".": TREE}, [], []), WHEN)
    assert holds(str(tmp_path / "stamp"), str(tmp_path), COMMIT)
    assert [path.name for path in tmp_path.glob("stamp*")] == ["stamp"]


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
