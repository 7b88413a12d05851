"""What becomes of a run while HEAD moves under it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from freshvenv.errors import GitError
from freshvenv.report import Outcome
from freshvenv.source.git import discover
from freshvenv.sync import Request, sync
from freshvenv.workshop import Workshop
from support.repository import Repository, assert_fresh, create, make_venv
from support.world import World


@pytest.fixture
def repository(world: World) -> Repository:
    made = create(world, world.root / "demo")
    make_venv(world, made.venv)
    made.freshvenv("resync")
    made.git("switch", "--quiet", "--create", "broken")
    made.write("backend/in_tree.py", "raise SystemExit('broken')\n")
    made.commit("broken")
    return made


def workshop_of(world: World) -> Workshop:
    return Workshop(world.root / "cache" / "freshvenv", world.root / "state" / "freshvenv")


@pytest.mark.parametrize(("branch", "value"), [("main", 11), ("topic", 31)], ids=["fresh there", "installed there"])
def test_failure_on_a_commit_that_head_has_left_is_none(
    world: World, repository: Repository, branch: str, value: int
) -> None:
    said: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        said.append(outcome)
        if len(said) == 1:
            repository.git("switch", "--quiet", branch)

    outcomes = sync(discover(repository.path), workshop_of(world), Request(), report)
    assert said[0].failure
    assert [outcome.is_fresh for outcome in said] == [False, True]
    assert [outcome.is_fresh for outcome in outcomes] == [True]
    assert_fresh(repository, value)


def test_head_that_never_comes_to_rest(world: World, repository: Repository) -> None:
    """What may be built is another commit each time than what is there when it is looked at."""

    class Late:
        def permit(self) -> str:
            return "1" * 40

        def vet(self, _: Collection[str] = ()) -> None:
            pass

    with pytest.raises(GitError, match="HEAD is moved all the time"):
        sync(discover(repository.path), workshop_of(world), Request(), guard=Late())
