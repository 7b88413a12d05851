"""Fixtures of the tests with faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.runner import Runner, running
from support.world import World


@pytest.fixture
def runner(world: World) -> Iterator[Runner]:
    with running(world) as runner:
        yield runner
