"""Signals at random moments. ``nox -s kills`` sends a thousand, and to pip and uv, too."""

from __future__ import annotations

import random

from support.kills import build_arena, fight
from support.world import World


def test_signals_at_random_moments(world: World) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")  # pytest shows it when the test fails
    tally = fight(build_arena(world, 60), "freshvenv", 20, random.Random(seed))
    assert (tally.damaged, tally.false, tally.left) == (0, 0, 0), tally.stories
    assert tally.rounds == 20
