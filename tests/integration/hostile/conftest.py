"""The demo project, installed."""

from __future__ import annotations

import pytest

from support.repository import Repository, create, make_venv
from support.shelf import Shelf, world_in
from support.world import World


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The demo project, installed."""
    shelf = Shelf(world_in(tmp_path_factory.mktemp("world")))
    made = create(shelf.world, shelf.world.root / "demo", branches={})
    made.git("config", "freshvenv.enabled", "true")
    make_venv(made.world, made.venv)
    made.freshvenv("resync")
    shelf.keep()
    return shelf


@pytest.fixture
def installed(sterile: World, shelf: Shelf) -> Repository:
    """The project, installed as it is committed."""
    shelf.restore()
    return Repository(shelf.world_of(sterile), shelf.world.root / "demo")
