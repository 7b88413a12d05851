"""What differs from HEAD."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from freshvenv.source.git import Repository
from support.repository import IN_CONFLICT
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


@dataclass(frozen=True)
class Edit:
    words: tuple[str, ...]
    """Shell commands, run at the top."""
    expected: tuple[str, ...]


UNCOMMITTED = {
    "nothing": Edit((), ()),
    "edited": Edit(("echo >> src/demo/left.py",), ("src/demo/left.py",)),
    "staged": Edit(("echo >> src/demo/left.py", "git add -A"), ("src/demo/left.py",)),
    "staged, and put back on disk": Edit(
        ("echo >> src/demo/left.py", "git add -A", "git show HEAD:src/demo/left.py > src/demo/left.py"),
        ("src/demo/left.py",),
    ),
    "untracked": Edit(("touch new.py",), ("new.py",)),
    "untracked in a new folder": Edit(("mkdir -p a/b", "touch a/b/new.py"), ("a/b/new.py",)),
    "deleted": Edit(("rm src/demo/left.py",), ("src/demo/left.py",)),
    "deleted and staged": Edit(("git rm -q src/demo/left.py",), ("src/demo/left.py",)),
    "renamed": Edit(("git mv src/demo/left.py src/demo/new.py",), ("src/demo/left.py", "src/demo/new.py")),
    "renamed, only announced": Edit(
        ("mv src/demo/value.py src/demo/new.py", "git add -N src/demo/new.py"),
        ("src/demo/new.py", "src/demo/value.py"),
    ),
    "renamed to where bytecode is": Edit(
        ("mkdir src/demo/__pycache__", "git mv src/demo/value.py src/demo/__pycache__/"),
        ("src/demo/__pycache__/value.py", "src/demo/value.py"),
    ),
    "copied": Edit(
        (
            "git config status.renames copies",
            "echo >> src/demo/value.py",
            "git show HEAD:src/demo/value.py > c.py",
            "git add -A",
        ),
        ("c.py", "src/demo/value.py"),
    ),
    "made executable": Edit(("chmod +x src/demo/left.py",), ("src/demo/left.py",)),
    "file became a link": Edit(("ln -sf right.py src/demo/left.py",), ("src/demo/left.py",)),
    "file became a folder": Edit(
        ("rm src/demo/left.py", "mkdir src/demo/left.py", "touch src/demo/left.py/x"),
        ("src/demo/left.py", "src/demo/left.py/x"),
    ),
    "odd names": Edit(
        ("touch 'a b' 'quo\"te' \"it's\" 'é'", "touch \"$(printf 'new\\nline')\"", "touch ' -> arrow'"),
        (" -> arrow", "a b", "it's", "new\nline", 'quo"te', "é"),
    ),
    "untracked ones hidden by configuration": Edit(
        ("git config status.showUntrackedFiles no", "touch new.py"), ("new.py",)
    ),
    "short format configured": Edit(
        (
            "git config status.short true",
            "git config status.branch true",
            "git config status.relativePaths false",
            "touch new.py",
        ),
        ("new.py",),
    ),
    "in conflict": Edit(
        IN_CONFLICT,
        ("src/demo/left.py",),
    ),
}


@pytest.mark.parametrize("edit", UNCOMMITTED.values(), ids=UNCOMMITTED)
def test_uncommitted(world: World, top: Path, repository: Repository, edit: Edit) -> None:
    for words in edit.words:
        world.run("sh", "-ec", words, cwd=top)
    assert tuple(sorted(set(repository.uncommitted()))) == edit.expected


LEFT_OUT = {
    "touched": ("touch src/demo/left.py",),
    "rewritten as it was": ("cp src/demo/left.py x", "mv x src/demo/left.py"),
    "ignored": ("mkdir -p .venv __pycache__", "touch .venv/x __pycache__/x"),
    "ignored by the clone alone": ("mkdir .git/info", "echo new.py > .git/info/exclude", "touch new.py"),
    "empty folder": ("mkdir empty",),
    "stashed": ("echo >> src/demo/left.py", "git stash -q"),
    "another repository below": ("git init -q inner", "touch inner/x"),
}


@pytest.mark.parametrize("words", LEFT_OUT.values(), ids=LEFT_OUT)
def test_not_uncommitted(world: World, top: Path, repository: Repository, words: tuple[str, ...]) -> None:
    for line in words:
        world.run("sh", "-ec", line, cwd=top)
    assert repository.uncommitted() == ()


def test_uncommitted_takes_no_lock(world: World, top: Path, repository: Repository) -> None:
    """The user's own git command may be about to take it."""
    index = top / ".git" / "index"
    (top / "src/demo/left.py").touch()
    before = index.read_bytes()
    (top / ".git" / "index.lock").touch()
    assert repository.uncommitted() == ()
    assert index.read_bytes() == before
