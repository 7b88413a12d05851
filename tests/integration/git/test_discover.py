"""Which repository a directory is in, however it is reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.errors import GitError, UsageError
from freshvenv.source.git import Repository, discover
from support import repository as demo
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def test_plain(top: Path) -> None:
    inner = top / ".git"
    assert discover(top) == Repository(top, inner, inner)


def test_subfolder(top: Path) -> None:
    assert discover(top / "src" / "demo").top == top


def test_linked_worktree(world: World, top: Path) -> None:
    world.git("worktree", "add", "--quiet", "--detach", "../linked", cwd=top)
    linked = top.parent / "linked"
    own = top / ".git" / "worktrees" / "linked"
    assert discover(linked / "src") == Repository(linked, own, top / ".git")
    assert discover(linked).own_state == own / "freshvenv"
    assert discover(linked).shared_state == discover(top).shared_state == top / ".git" / "freshvenv"


def test_linked_worktree_of_a_bare_repository(world: World, top: Path) -> None:
    world.git("clone", "--quiet", "--bare", ".", "../bare.git", cwd=top)
    bare = top.parent / "bare.git"
    world.git("worktree", "add", "--quiet", "../linked", "main", cwd=bare)
    assert discover(top.parent / "linked") == Repository(top.parent / "linked", bare / "worktrees" / "linked", bare)


def test_submodule(world: World, top: Path) -> None:
    world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", "inner", cwd=top)
    inner = top / ".git" / "modules" / "inner"
    assert discover(top / "inner" / "src") == Repository(top / "inner", inner, inner)


def test_separate_git_directory(world: World, top: Path) -> None:
    world.git("init", "--quiet", "--separate-git-dir", "../apart", cwd=top)
    assert discover(top) == Repository(top, top.parent / "apart", top.parent / "apart")


def test_through_a_link(world: World, top: Path) -> None:
    (world.root / "link").symlink_to(top)
    assert discover(world.root / "link").top == top


NAMES = {
    "spaces": "a path with  spaces ",
    "quotes": 'it\'s "quoted" `so`',
    "non-ASCII letters": "über/日本",
    "newline": "first\nsecond",
    "newline at the end": "first\n",
    "two newlines": "\na\n",
    "colon and backslash": "a:b\\c",
    "dash": "-n",
    "dollar": "$HOME",
    "bytes that are not UTF-8": os.fsdecode(b"caf\xe9"),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_path(world: World, name: str) -> None:
    top = demo.create(world, world.root / name / "demo", branches={}).path
    inner = top / ".git"
    found = discover(top / "src")
    assert found == Repository(top, inner, inner)
    assert found.head().tree == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert found.hooks_directory() == inner / "hooks"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_path_of_a_linked_worktree(world: World, top: Path, name: str) -> None:
    linked = world.root / name / "linked"
    world.git("worktree", "add", "--quiet", "--detach", str(linked), cwd=top)
    assert discover(linked) == Repository(linked, top / ".git" / "worktrees" / "linked", top / ".git")


def make_bare(world: World) -> Path:
    world.git("init", "--quiet", "--bare", "bare", cwd=world.root)
    return world.root / "bare"


def inside_git(world: World) -> Path:
    return demo.create(world, world.root / "demo", branches={}).path / ".git"


def inside_objects(world: World) -> Path:
    return inside_git(world) / "objects"


def no_repository(world: World) -> Path:
    return world.home


NOWHERE: dict[str, tuple[Callable[[World], Path], str, str]] = {
    "no repository": (no_repository, "is not in a git repository", "run it inside of one"),
    "bare repository": (
        make_bare,
        "is in a bare repository, where there is no working tree",
        "run it in a working tree",
    ),
    "inside of .git": (
        inside_git,
        "is in the git directory of a repository, where there is no working tree",
        "run it in a working tree",
    ),
    "deep inside of .git": (
        inside_objects,
        "is in the git directory of a repository, where there is no working tree",
        "run it in a working tree",
    ),
}


@pytest.mark.parametrize(("make", "message", "hint"), NOWHERE.values(), ids=NOWHERE)
def test_no_working_tree(world: World, make: Callable[[World], Path], message: str, hint: str) -> None:
    start = make(world)
    with pytest.raises(UsageError) as caught:
        discover(start)
    assert (str(caught.value), caught.value.hint) == (f"{start} {message}", hint)


def test_repository_whose_head_is_gone_is_none(world: World, top: Path) -> None:
    (top / ".git" / "HEAD").unlink()
    with pytest.raises(UsageError, match="is not in a git repository"):
        discover(top)


def test_directory_that_is_gone(world: World) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        discover(world.root / "nothing")


def test_git_is_missing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(GitError, match="git was not found") as caught:
        discover(world.root)
    assert caught.value.hint == "install git, or put it on PATH"
