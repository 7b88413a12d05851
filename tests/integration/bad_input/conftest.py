"""The project that bad input is given: in a clone that is opted in, installed once or twice."""

from __future__ import annotations

import pytest

from support.repository import Repository
from support.shelf import Shelf, world_in
from support.spoiled import change, prepare
from support.world import World


@pytest.fixture
def repository(world: World) -> Repository:
    """The demo project with its venv, in a clone that is opted in; nothing is installed yet."""
    return prepare(world)


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    repository = prepare(world_in(tmp_path_factory.mktemp("world")))
    repository.freshvenv("resync")
    made = Shelf(repository.world)
    made.keep("once")
    change(repository)
    repository.freshvenv("resync")
    made.keep("twice")
    return made


def restored(test: World, shelf: Shelf, state: str) -> Repository:
    shelf.restore(state)
    return Repository(shelf.world_of(test), shelf.world.root / "demo")


@pytest.fixture
def installed(sterile: World, shelf: Shelf) -> Repository:
    """The project, installed as it is committed."""
    return restored(sterile, shelf, "once")


@pytest.fixture
def installed_twice(sterile: World, shelf: Shelf) -> Repository:
    """The project with two commits, of which the second is installed, and the wheel of the first is in the cache."""
    return restored(sterile, shelf, "twice")
