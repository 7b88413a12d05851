"""A venv in whose place another one was put, everything in it as old as it was there: it is not taken for what it replaces."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.world import TOOLS, World

ASK = ("python", "-c", "import demo.value; print(demo.value.value())")


NOTES = pytest.mark.one_line("a voucher is of lines, and not left there")


@pytest.fixture
def repository(world: World) -> Repository:
    """A checkout whose hooks keep one venv fresh."""
    made = create(world, world.root / "demo", branches={"topic": (("left", 2),)})
    make_venv(world, made.venv)
    made.freshvenv("init", "--hooks", "native")
    return made


Put = Callable[[Repository, Path], object]


def older_copy(repository: Repository, aside: Path) -> None:
    repository.world.run("cp", "-a", repository.venv, aside)


def other_venv(repository: Repository, aside: Path) -> None:
    repository.freshvenv("resync", str(make_venv(repository.world, aside)))


def moved_back(repository: Repository, aside: Path) -> None:
    repository.venv.rename(aside.with_name("gone"))
    aside.rename(repository.venv)


def copied_back(repository: Repository, aside: Path) -> None:
    shutil.rmtree(repository.venv)
    repository.world.run("cp", "-a", aside, repository.venv)


WAYS = {
    "copy of it, moved": (older_copy, moved_back),
    "copy of it, copied": (older_copy, copied_back),
    "other one, moved": (other_venv, moved_back),
    "other one, copied": (other_venv, copied_back),
}


def with_old_code(repository: Repository, make: Put, put: Put) -> None:
    """``topic`` is checked out and was installed; what is in the venv's place has the code of ``main``."""
    aside = repository.world.root / "aside"
    make(repository, aside)
    repository.git("checkout", "--quiet", "topic")
    assert_fresh(repository, 21)
    put(repository, aside)
    assert installed_value(repository.venv, repository.world) == 11


@pytest.mark.parametrize(("make", "put"), WAYS.values(), ids=WAYS)
def test_hook_sees_it(repository: Repository, make: Put, put: Put) -> None:
    with_old_code(repository, make, put)
    done = repository.attempt("checkout", "--quiet", "topic")
    assert len(own_lines(done.stderr)) == 1
    assert_fresh(repository, 21)
    assert own_lines(repository.attempt("checkout", "--quiet", "topic").stderr) == []


@pytest.mark.unpoisoned("the command gets the environment as it is")
@pytest.mark.parametrize(("make", "put"), WAYS.values(), ids=WAYS)
def test_run_sees_it(repository: Repository, make: Put, put: Put) -> None:
    with_old_code(repository, make, put)
    assert repository.world.run(TOOLS / "freshvenv", "run", "--", *ASK, cwd=repository.path).stdout == "21\n"


def marks(repository: Repository) -> tuple[set[str], set[str]]:
    """The marks that the stamp names, and those that the voucher does."""
    facts = os.listdir(repository.git_dir / "freshvenv" / "stamp")
    lines = (repository.venv / ".freshvenv" / "voucher").read_text().splitlines()
    return {fact for fact in facts if fact.endswith(".mark")}, {line for line in lines if line.endswith(".mark")}


@NOTES
def test_every_install_has_a_mark_of_its_own(repository: Repository) -> None:
    """That alone tells an older install of the same commit from what took its place."""
    before = marks(repository)
    repository.freshvenv("resync", "--force")
    after = marks(repository)
    assert [len(found) for found in (*before, *after)] == [1, 1, 1, 1]
    assert not before[0] & after[0]
    assert not before[1] & after[1]


@NOTES
def test_nothing_is_marked_anew_while_nothing_is_done(repository: Repository) -> None:
    def notes() -> dict[str, int]:
        found = {path.name: path.stat().st_mtime_ns for path in (repository.venv / ".freshvenv").iterdir()}
        del found["voucher"]
        return found

    before = notes()
    repository.freshvenv("resync")
    assert notes() == before
    assert sorted(name.rpartition(".")[2] for name in before) == ["json", "mark"]
