"""What the fast doors may take for done: nothing that was changed while there was still something to do elsewhere."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.report import Outcome
from freshvenv.source.git import discover
from freshvenv.sync import Request, sync
from freshvenv.venvs.voucher import voucher_file
from freshvenv.workshop import Workshop
from support.repository import Repository, create, make_venv
from support.world import World

VENVS = (".venv", "other")


@pytest.fixture
def repository(world: World) -> Repository:
    made = create(world, world.root / "demo", branches={})
    text = (made.path / "pyproject.toml").read_text()
    made.write("pyproject.toml", text.replace('venvs = [".venv"]', 'venvs = [".venv", "other"]'))
    made.write(".gitignore", ".venv/\nother/\n__pycache__/\n")
    made.commit("two venvs")
    for name in VENVS:
        make_venv(world, made.path / name)
    return made


def touch(path: Path) -> None:
    os.utime(path, ns=(time.time_ns(),) * 2)


def record(repository: Repository) -> Path:
    return next(repository.venv.glob("lib/*/site-packages/demo-1.0.dist-info/RECORD"))


Change = Callable[[Repository], object]

BOTH = frozenset(VENVS)
MEANWHILE: dict[str, tuple[Change, bool, frozenset[str]]] = {
    "another file of the first": (lambda it: touch(it.venv / "bin" / "activate"), True, BOTH),
    "RECORD of the first": (lambda it: touch(record(it)), False, frozenset({"other"})),
    "something more in the first": (lambda it: touch(record(it).parents[1]), False, frozenset({"other"})),
    "the first as a whole": (lambda it: touch(it.venv), False, BOTH),
    "settings": (lambda it: it.git("config", "freshvenv.on-stale", "warn"), False, frozenset()),
}
"""What is done when the first of two venvs is filled; whether there is a stamp afterwards, and where a voucher."""


@pytest.mark.one_line("a voucher is of lines, and not left there")
@pytest.mark.parametrize(("change", "stamp", "vouchers"), MEANWHILE.values(), ids=MEANWHILE)
def test_changed_while_another_venv_is_filled(
    world: World, repository: Repository, change: Change, *, stamp: bool, vouchers: frozenset[str]
) -> None:
    def report(outcome: Outcome) -> None:
        if outcome.label == VENVS[0]:
            change(repository)

    workshop = Workshop(world.root / "cache" / "freshvenv", world.root / "state" / "freshvenv")
    outcomes = sync(discover(repository.path), workshop, Request(), report)
    assert [outcome.label for outcome in outcomes if outcome.installed] == list(VENVS)
    assert (repository.git_dir / "freshvenv" / "stamp").exists() is stamp
    assert {name for name in VENVS if Path(voucher_file(str(repository.path / name))).exists()} == vouchers
