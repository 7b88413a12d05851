"""P5 and P9: to a branch that was never installed before, with the build environment at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cases.peers import PEERS, UV_PIP, peers
from benchmarks.checkout import Checkout, nox_venvs
from benchmarks.histories import BUILD_LOG, counting, edits, one_module
from benchmarks.measure import Contender, Experiment
from benchmarks.world import FailedError


def one_venv(bench: Bench) -> Iterator[Experiment]:
    """P5: a commit of its own in each round."""
    branches = edits(bench.visits)
    history = one_module(branches)
    yield Experiment(
        row="P5",
        work="one-module hatchling project, branch never seen, one venv",
        reference=UV_PIP,
        contenders=(
            bench.switching("freshvenv", bench.hooked("p5-freshvenv", history), iter(branches)),
            *peers(bench, "p5", history, lambda: iter(branches), PEERS),
        ),
        goals={"freshvenv": 0.6},
    )


def several_venvs(bench: Bench) -> Iterator[Experiment]:
    """P9: one build serves all venvs of one ABI."""
    counts = (1, 2) if bench.quick else (1, 2, 4, 8)
    yield Experiment(
        row="P9",
        work="one-module hatchling project, branch never seen, several venvs of one ABI",
        reference=_venvs(1),
        contenders=tuple(_with_venvs(bench, count) for count in counts),
        goals={_venvs(counts[-1]): 1.3},
    )


def _venvs(count: int) -> str:
    return f"freshvenv, {count} venv" + ("s" if count > 1 else "")


def _with_venvs(bench: Bench, count: int) -> Contender:
    branches = edits(bench.visits)
    world = bench.world.apart(f"p9-{count}")
    log = world.root / "builds"
    checkout = Checkout.create(world.adding(**{BUILD_LOG: str(log)}), counting(branches), nox_venvs(count))
    checkout.with_freshvenv()
    log.write_bytes(b"")
    contender = bench.switching(_venvs(count), checkout, iter(branches))
    return replace(contender, remark=lambda: _builds(log, bench.visits))


def _builds(log: Path, checkouts: int) -> str:
    """How many builds there were. Raises :class:`FailedError` when it is not one a checkout."""
    found = f"{len(log.read_text(encoding='utf-8').splitlines())} builds in {checkouts} checkouts"
    if found != f"{checkouts} builds in {checkouts} checkouts":
        raise FailedError(found)
    return found
