"""The clone, the stranger, and what lies between them."""

from __future__ import annotations

import pytest

from support.places import PLACE, Place
from support.shelf import Shelf, world_in
from support.stranger import Scene, scene_in, set_up
from support.world import World


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The scene, made once; each test finds it as it was."""
    shelf = Shelf(world_in(tmp_path_factory.mktemp("world")))
    set_up(shelf.world)
    shelf.keep()
    return shelf


@pytest.fixture
def scene(world: World, request: pytest.FixtureRequest) -> Scene:
    if PLACE is not Place.ORDINARY:
        # Not every test can be in every place.
        return set_up(world)
    shelf: Shelf = request.getfixturevalue("shelf")
    shelf.restore()
    return scene_in(shelf.world_of(world))
