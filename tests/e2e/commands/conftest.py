"""What the tests of the command line share: freshvenv's cache, from one test to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.values import replace
from support.world import World


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where freshvenv keeps wheels and build environments from one test to the next."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def world(sterile: World, cache: Path) -> World:
    return replace(sterile, env={**sterile.env, "XDG_CACHE_HOME": str(cache)})
