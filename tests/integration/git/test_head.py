"""What HEAD is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.errors import NothingHereError
from freshvenv.source import git
from freshvenv.source.git import Repository, discover
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def test_head(world: World, top: Path, repository: Repository) -> None:
    assert repository.head().commit == world.git("rev-parse", "HEAD", cwd=top)
    assert repository.head().tree == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert repository.branch() == "refs/heads/main"


def test_detached(world: World, top: Path, repository: Repository) -> None:
    world.git("checkout", "--quiet", "--detach", cwd=top)
    assert repository.branch() == ""
    assert repository.head().commit == world.git("rev-parse", "HEAD", cwd=top)


def unborn_repository(world: World, top: Path) -> None:
    world.git("checkout", "--quiet", "--orphan", "empty", cwd=top)


def new_repository(world: World, top: Path) -> None:
    world.run("rm", "-rf", top / ".git")
    world.git("init", "--quiet", cwd=top)


UNBORN = {"new repository": new_repository, "orphan branch": unborn_repository}


@pytest.mark.parametrize("make", UNBORN.values(), ids=UNBORN)
def test_unborn(world: World, top: Path, make: Callable[[World, Path], None]) -> None:
    make(world, top)
    with pytest.raises(NothingHereError, match="nothing is committed on this branch yet"):
        discover(top).head()


def test_file_that_is_named_like_head(world: World, top: Path) -> None:
    (top / "HEAD^{tree}").write_text("")
    (top / "HEAD").write_text("")
    made = world.commit(top)
    assert discover(top).head().commit == made


def test_branch_that_is_named_like_head(world: World, top: Path, repository: Repository) -> None:
    """``refs/heads/HEAD`` makes the name ambiguous."""
    before = repository.head()
    other = world.git("commit-tree", "-m", "other", "HEAD^{tree}", cwd=top)
    world.git("update-ref", "refs/heads/HEAD", other, cwd=top)
    assert repository.head() == before


def test_head_that_only_git_can_tell(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where refs are in a reftable, its files say nothing."""
    commit = repository.head().commit
    assert repository.is_at(commit)
    monkeypatch.setattr(git, "head_commit", lambda _: "")
    assert repository.is_at(commit)
    assert not repository.is_at("1" * 40)
