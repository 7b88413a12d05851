"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.values import replace
from support.world import World, sterile_environment


@pytest.fixture(autouse=True)
def sterile(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """No test sees the settings of the person or the machine that runs it."""
    world = World(tmp_path, sterile_environment(tmp_path, os.environ))
    if request.node.get_closest_marker("unpoisoned"):
        world = replace(world, poisoned=False)
    for name in set(os.environ) - set(world.env) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def world(sterile: World) -> World:
    return sterile
