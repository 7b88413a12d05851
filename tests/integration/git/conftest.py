"""Repositories to ask git about."""

from __future__ import annotations

from pathlib import Path

import pytest

from freshvenv.source.git import Repository, discover
from support import repository as demo
from support.world import World


@pytest.fixture
def top(world: World) -> Path:
    """A repository with one commit of the demo project."""
    return demo.create(world, world.root / "demo", branches={}).path


@pytest.fixture
def repository(top: Path) -> Repository:
    return discover(top)


@pytest.fixture
def diverged(world: World) -> demo.Repository:
    """On ``topic``, two commits that are not in ``upstream``, which has one more than they."""
    made = demo.create(
        world, world.root / "demo", branches={"topic": (("left", 2), ("left", 3)), "upstream": (("right", 4),)}
    )
    made.git("switch", "--quiet", "topic")
    return made
