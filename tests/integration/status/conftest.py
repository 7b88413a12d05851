"""The project that status is asked about, installed as its ``main`` says."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from support.asking import add_settings
from support.places import Place
from support.repository import Repository, create, make_venv
from support.shelf import Shelf, world_in
from support.world import World


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool, Place], Shelf]:
    """The demo project, installed by freshvenv into ``.venv``; a venv in ``copy`` would be ours too.

    There is one for all tests, and others for those that are marked ``one_line`` or ``ordinary_place``.
    """

    @functools.cache
    def shelf(one_line: bool, place: Place) -> Shelf:
        world = world_in(tmp_path_factory.mktemp("world"), one_line=one_line, place=place)
        shelf = Shelf(world, frozenset({"cache", "state"}))
        made = create(shelf.world, shelf.world.root / "demo", branches={"topic": (("left", 2),)})
        for branch in ("topic", "main"):
            made.git("switch", "--quiet", branch)
            add_settings(made, 'venvs = [".venv", "copy*"]')
        make_venv(made.world, made.venv)
        made.freshvenv("resync")
        shelf.keep()
        return shelf

    return shelf


@pytest.fixture
def repository(sterile: World, shelves: Callable[[bool, Place], Shelf]) -> Repository:
    """What was prepared, always at the same path: what is installed is fresh there and nowhere else."""
    shelf = shelves("\n" not in sterile.root.name, sterile.place)
    shelf.restore()
    return Repository(shelf.world_of(sterile), shelf.world.root / "demo")
