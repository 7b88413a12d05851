"""Several at once on one venv: our own runs wait for one another, and what others did meanwhile is noticed and repaired.

A few rounds each; ``nox -s rounds`` has 200.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.kills import Arena, build_arena
from support.world import TOOLS, World

ROUNDS = int(os.environ.get("FRESHVENV_TEST_ROUNDS", "2"))

RESYNC = (TOOLS / "freshvenv", "resync")
HOOK = (TOOLS / "freshvenv", "hook", "post-checkout")


@contextmanager
def at_once(arena: Arena, commands: Sequence[Sequence[str | Path]], pause: float = 0) -> Iterator[list[str]]:
    """Start programs with a pause between them, wait for all; what each printed comes back, and each must end with 0."""
    running = []
    for words in commands:
        running.append(
            subprocess.Popen(
                [os.fspath(word) for word in words],
                cwd=arena.repository.path,
                env=dict(arena.world.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        time.sleep(pause)
    printed: list[str] = []
    yield printed
    for child in running:
        printed.append(child.communicate()[0])
        assert "Traceback" not in printed[-1], printed
        assert child.returncode == 0, printed


def state(arena: Arena) -> str:
    told = arena.world.run(TOOLS / "freshvenv", "status", "--json", cwd=arena.repository.path)
    [row] = json.loads(told.stdout)["targets"]
    return str(row["state"])


def branches() -> Iterator[tuple[int, str]]:
    return zip(range(ROUNDS), itertools.cycle(("next", "main")), strict=False)


@pytest.fixture
def arena(world: World) -> Arena:
    arena = build_arena(world, 60)
    arena.repository.git("config", "freshvenv.enabled", "true")
    return arena


def test_eight_resyncs(arena: Arena) -> None:
    for number, branch in branches():
        arena.repository.git("switch", "--quiet", branch)
        with at_once(arena, [RESYNC] * 8) as printed:
            pass
        assert sum(": reinstalled " in text for text in printed) == 1, printed
        assert arena.differences(branch) == [], number
        assert state(arena) == "fresh"


def test_hook_beside_resync(arena: Arena) -> None:
    for number, branch in branches():
        arena.repository.git("switch", "--quiet", branch)
        with at_once(arena, [HOOK, RESYNC]):
            pass
        assert arena.differences(branch) == [], number
        assert state(arena) == "fresh"


def test_the_last_of_two_branches_wins(arena: Arena) -> None:
    for number, branch in branches():
        other = "main" if branch == "next" else "next"
        arena.repository.git("switch", "--quiet", branch)
        with at_once(arena, [HOOK], pause=random.Random(number).uniform(0, 0.3)):
            arena.repository.git("switch", "--quiet", other)
            with at_once(arena, [HOOK]):
                pass
        assert arena.differences(other) == [], number
        assert state(arena) == "fresh"


@pytest.mark.parametrize("peer", ["uv", "pip"])
def test_beside_another_installer(world: World, peer: str) -> None:
    """It takes no lock of ours and installs another branch's wheel at the same time: that is never called fresh."""
    arena = build_arena(world, 60, with_pip=peer == "pip")
    for number, branch in branches():
        other = "main" if branch == "next" else "next"
        arena.repository.git("switch", "--quiet", branch)
        foreign = subprocess.Popen(
            [os.fspath(word) for word in arena.command(peer, other)],
            cwd=arena.repository.path,
            env=dict(arena.world.env),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(random.Random(number).uniform(0, 1.0 if peer == "pip" else 0.1))
        ours = arena.world.run(*RESYNC, cwd=arena.repository.path, check=False)
        foreign.wait()
        assert "Traceback" not in ours.stdout + ours.stderr
        if state(arena) == "fresh":
            assert arena.differences(branch) == [], number
        again = arena.world.run(*RESYNC, cwd=arena.repository.path, check=False)
        assert again.returncode == 0, again
        assert arena.differences(branch) == [], (number, ours.stdout, again.stdout)
        assert state(arena) == "fresh"
