"""GATE: whether HEAD may be built, asked of a repository that is old and large."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.histories import long_history
from benchmarks.measure import Command, Contender, Experiment, SelfTimed
from benchmarks.world import World

LIMIT = 0.06
"""Seconds that the decision may take."""

_DECIDE = """
import sys, time
from pathlib import Path
from freshvenv.source.git import discover
from freshvenv.trust.gate import look_at_gate
repository = discover(Path.cwd())
begun = time.perf_counter()
verdict = look_at_gate(repository).provenance.verdict()
taken = time.perf_counter() - begun
if verdict.trusted != (sys.argv[1] == "trusted"):
    sys.exit(f"{verdict.trusted}: {verdict.reason}")
print(taken)
"""
"""What a hook does where the stamp misses, after it was loaded and has found the repository."""


@dataclass(frozen=True)
class _Place:
    """Somewhere to stand, how to come there, and what is to be decided there."""

    name: str
    words: tuple[str, ...]
    is_trusted: bool = True

    @classmethod
    def of(cls, name: str, commit: str, *, is_trusted: bool = True) -> _Place:
        return cls(name, ("checkout", "--quiet", "--detach", commit), is_trusted)


def _places(commits: int) -> Iterator[_Place]:
    yield _Place.of("at a branch of origin", "origin/branch-7")
    yield _Place("at an own commit on top of it", ("commit", "--quiet", "--allow-empty", "--message", "own"))
    yield _Place.of("at a stranger's commit", "FETCH_HEAD", is_trusted=False)
    for count in (commits // 16, commits // 2):
        yield _Place.of(f"{count:,} commits before main", f"origin/main~{count}")


def decision(bench: Bench) -> Iterator[Experiment]:
    """GATE: beside the one git command that asks the same, without knowing whom to trust."""
    commits, branches = (800, 20) if bench.quick else (80_000, 2_000)
    world = bench.world.apart("gate")
    demo, fork = _clone(world, commits, branches), world.root / "fork"
    world.run("git", "clone", "--quiet", world.root / "origin.git", fork)
    world.run("git", "commit", "--quiet", "--allow-empty", "--message", "a gift", cwd=fork)
    world.run("git", "fetch", "--quiet", fork, cwd=demo)
    asking = Command(("git", "rev-list", "--max-count=1", "HEAD", "--not", "--remotes=origin"), demo, world.env)
    for place in _places(commits):
        world.run("git", *place.words, cwd=demo)
        expected = "trusted" if place.is_trusted else "strange"
        deciding = SelfTimed((sys.executable, "-Ic", _DECIDE, expected), demo, world.env)
        yield Experiment(
            row="GATE",
            work=f"decision {place.name}; {commits:,} commits, {branches:,} branches",
            reference="git rev-list",
            contenders=(Contender.always("git rev-list", asking), Contender.always("freshvenv", deciding)),
            limits={"freshvenv": LIMIT},
        )


def _clone(world: World, commits: int, branches: int) -> Path:
    origin, demo = world.root / "origin.git", world.root / "demo"
    world.run("git", "init", "--quiet", "--bare", "--initial-branch", "main", origin)
    world.run("git", "fast-import", "--quiet", cwd=origin, input=long_history(commits, branches))
    world.run("git", "clone", "--quiet", origin, demo)
    return demo
