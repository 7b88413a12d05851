"""P3, P4, P6 and P8: back to a branch that was installed before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.cases.peers import BARE, PEERS, UV_PIP, peers
from benchmarks.checkout import ONE, Checkout, nox_venvs
from benchmarks.histories import MAIN, History, c_extension, edits, many_files, one_module
from benchmarks.measure import Contender, Experiment

_FIVE = nox_venvs(5)


def there_and_back(other: str) -> Iterator[str]:
    return itertools.cycle((other, MAIN))


def _visited(checkout: Checkout, other: str) -> Checkout:
    """The same checkout after a visit to the other branch."""
    for branch in (other, MAIN):
        checkout.switching(branch).seconds()
    return checkout


def one_venv(bench: Bench) -> Iterator[Experiment]:
    """P3: one module, one venv, beside everything that people use."""
    history = one_module(edits(1))
    hooked = _visited(bench.hooked("p3-freshvenv", history), "edit-1")
    yield Experiment(
        row="P3",
        work="one-module hatchling project, branch seen before, one venv",
        reference=UV_PIP,
        contenders=(
            bench.switching("freshvenv", hooked, there_and_back("edit-1")),
            *peers(bench, "p3", history, lambda: there_and_back("edit-1"), PEERS),
        ),
        goals={"freshvenv": 0.2},
    )


def five_venvs(bench: Bench) -> Iterator[Experiment]:
    """P4: one module, five venvs."""
    history = one_module(edits(1))
    yield _against_uv_pip(bench, "P4", "the same, five venvs", history, "edit-1", 0.06, _FIVE)


def compiled(bench: Bench) -> Iterator[Experiment]:
    """P8: an extension module that takes seconds to compile."""
    history = c_extension(10 if bench.quick else 260)
    yield _against_uv_pip(bench, "P8", "C extension, branch seen before", history, "other", 1 / 20, ONE)


def _against_uv_pip(
    bench: Bench, row: str, work: str, history: History, other: str, goal: float, venvs: tuple[str, ...]
) -> Experiment:
    hooked = _visited(bench.hooked(f"{row}-freshvenv", history, venvs), other)
    plain = bench.bare(f"{row}-uv-pip", history, venvs)
    reference = UV_PIP if len(venvs) == 1 else f"{len(venvs)} times {UV_PIP}"
    installs = [plain.uv_pip_install(venv) for venv in plain.venvs]
    return Experiment(
        row=row,
        work=work,
        reference=reference,
        contenders=(
            bench.switching("freshvenv", hooked, there_and_back(other)),
            bench.installing(reference, plain, there_and_back(other), *installs),
            *peers(bench, row, history, lambda: there_and_back(other), (BARE,)),
        ),
        goals={"freshvenv": goal},
    )


def large_package(bench: Bench) -> Iterator[Experiment]:
    """P6: thousands of files, ten of which differ, against the install of a wheel that is there already."""
    count = 100 if bench.quick else 5000
    history = many_files(count, 10)
    hooked = _visited(bench.hooked("p6-freshvenv", history), "other")
    reference = "uv pip install --no-deps --reinstall WHEEL"
    yield Experiment(
        row="P6",
        work=f"package of {count:,} files, 10 differ, branch seen before",
        reference=reference,
        contenders=(
            bench.switching("freshvenv", hooked, there_and_back("other")),
            _with_wheels(bench, "p6-cached", history, reference),
            _with_wheels(bench, "p6-new", history, f"{reference} --no-cache", "--no-cache"),
            *peers(bench, "p6", history, lambda: there_and_back("other"), (BARE,)),
        ),
        goals={"freshvenv": 0.1},
    )


def _with_wheels(bench: Bench, place: str, history: History, name: str, *options: str) -> Contender:
    """Installs the wheel of each branch, built before."""
    checkout = bench.bare(place, history)
    python = checkout.venvs[0] / "bin" / "python"
    install: tuple[str | Path, ...] = (
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--reinstall",
        *options,
        "--python",
        python,
    )
    commands = {branch: checkout.command(*install, _wheel(checkout, branch)) for branch in ("other", MAIN)}
    return bench.installing_by_branch(name, checkout, there_and_back("other"), commands)


def _wheel(checkout: Checkout, branch: str) -> Path:
    out = checkout.world.root / "wheels" / branch
    checkout.switching(branch).seconds()
    checkout.world.run("uv", "build", "--quiet", "--wheel", "--out-dir", out, cwd=checkout.path)
    [wheel] = out.glob("*.whl")
    return wheel
