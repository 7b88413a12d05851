"""What the door for hooks knows already, and does not ask again."""

from __future__ import annotations

import time

import pytest

from freshvenv.hook_entry import _Judged
from freshvenv.process import Finished, Running
from freshvenv.source.git import BegunListing, Repository, discover, git
from freshvenv.source.picture import STATUS
from freshvenv.trust.gate import look_at_gate
from support import repository as demo
from support.world import World


@pytest.fixture
def clone(world: World) -> demo.Repository:
    return demo.create(world, world.root / "demo")


class Ended(Running):
    """What git says of the working tree, once it has said it."""

    def __init__(self, said: Finished) -> None:
        self._said = said

    def finish(self) -> Finished:
        return self._said


def head_of(clone: demo.Repository) -> str:
    return clone.git("rev-parse", "HEAD").strip()


def judged(repository: Repository) -> _Judged:
    """HEAD as it is now, judged, with a listing that git has begun."""
    commit = look_at_gate(repository).permit()
    said = git(*STATUS, cwd=repository.top)
    return _Judged(look_at_gate(repository), commit, BegunListing(time.time_ns(), Ended(said)))


def test_listing_that_git_began_is_taken_once(clone: demo.Repository) -> None:
    repository = discover(clone.path)
    guard = judged(repository)
    clone.write("edited.py", "later\n")
    assert guard.permit() == head_of(clone)
    assert guard.vet().paths == ()
    assert guard.vet().paths == ("edited.py",)


def test_listing_of_where_head_was_is_not_taken(clone: demo.Repository) -> None:
    repository = discover(clone.path)
    guard = judged(repository)
    clone.git("switch", "--quiet", "topic")
    clone.write("edited.py", "later\n")
    assert guard.permit() == head_of(clone)
    assert guard.vet().paths == ("edited.py",)
