"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.places import ODD_LINE, ODD_NAME, PLACE, Place
from support.poison import POISONED
from support.world import World, sterile_environment


@pytest.fixture(autouse=True)
def sterile(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """No test sees the settings of the person or the machine that runs it."""
    place = Place.ORDINARY if request.node.get_closest_marker("ordinary_place") else PLACE
    name = ODD_LINE if request.node.get_closest_marker("one_line") else ODD_NAME
    root = tmp_path / name if place is Place.ODD_PATH else tmp_path
    poisoned = POISONED and not request.node.get_closest_marker("unpoisoned")
    world = World(root, sterile_environment(root, os.environ), poisoned, place)
    for name in set(os.environ) - set(world.env) - {"PYTEST_CURRENT_TEST"}:
        monkeypatch.delenv(name)
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    return world


@pytest.fixture
def world(sterile: World) -> World:
    return sterile
