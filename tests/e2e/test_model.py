"""About 200 steps of the model in each run of the tests, always the same ones; ``nox -s model`` walks further."""

from __future__ import annotations

import pytest

from support.model.walk import STEPS, Tally, walk
from support.world import World

WALKS = 10


@pytest.mark.ordinary_place("its clones are copied back and forth, and it walks through a linked worktree anyway")
def test_fresh_is_true_and_no_stranger_is_built(world: World) -> None:
    tally = Tally()
    walk(world, seed=0, walks=WALKS, tally=tally)
    assert tally.steps >= WALKS * STEPS
    # A walk on which nothing happens proves nothing.
    for what in ("fresh", "stale", "builds", "kills", "refusals", "consents", "foreign installs"):
        assert tally.counts[what], tally.counts
    # What is noted under poison is for nobody who has other variables.
    assert world.poisoned or tally.counts["answers"], tally.counts
