"""Programs that are missing."""

from __future__ import annotations

import shutil

import pytest

from support.interpreters import RUNNING, interpreters
from support.repository import Repository, assert_fresh
from support.spoiled import (
    COMMANDS,
    HOOK_COMMANDS,
    Said,
    assert_hook_is_polite,
    change,
    everything_in,
    logs,
    say,
    shown,
)
from support.world import World


def folder_with(world: World, *programs: str) -> str:
    """A PATH on which there is nothing else."""
    folder = world.root / "path"
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    return str(folder)


def test_git_is_missing(installed: Repository) -> None:
    change(installed)
    before = everything_in(installed.path)
    without = installed.with_environment(PATH=folder_with(installed.world))
    for command in (*COMMANDS, *HOOK_COMMANDS):
        said = say(without.world, *command, cwd=installed.path)
        assert said == Said(1, "freshvenv: git was not found (install git, or put it on PATH)\n")
    assert everything_in(installed.path) == before
    assert_hook_is_polite(without)


_HIDDEN = pytest.mark.unpoisoned("PYTHONPATH is what hides uv here")
_NO_PIP = """#!/bin/bash
case "$*" in *"-m pip"* | *"-m venv"* | *"-m ensurepip"*) echo "No module named ${*: -1}" >&2; exit 1 ;; esac
exec -a "$0" 'BASE' "$@"
"""


def without_uv(repository: Repository) -> Repository:
    """As seen by a user who has no uv: not on PATH, and no package of that name that works."""
    world = repository.world
    package = world.root / "modules" / "uv"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('there is no uv')\n")
    path = folder_with(world, "git", "sh", "bash")
    return repository.with_environment(PATH=path, PYTHONPATH=str(package.parent))


@_HIDDEN
def test_uv_and_pip_are_missing(installed: Repository) -> None:
    """The interpreter is one of a distributor who took pip and venv out."""
    program = installed.world.plain / "python3"
    program.write_text(_NO_PIP.replace("BASE", str(interpreters()[RUNNING])))
    program.chmod(0o755)
    python = installed.venv / "bin" / "python"
    python.unlink()
    python.symlink_to(program)
    change(installed)
    before = everything_in(installed.venv)
    without = without_uv(installed)
    said = say(without.world, "resync", cwd=installed.path)
    assert said.status == 1, said
    [log] = logs(installed.world)
    assert said == Said(
        1,
        f"freshvenv: .venv: stale, not reinstalled: pip could not create a build environment (the build log is {shown(log)})\n",
    )
    assert "No module named" in log.read_text()
    assert everything_in(installed.venv) == before
    assert_hook_is_polite(without)
    # With uv, it works on the same interpreter.
    installed.freshvenv("resync")
    assert installed.target().state == "fresh"


@_HIDDEN
def test_uv_is_missing(installed: Repository) -> None:
    """pip does as well, also for a venv that has none."""
    change(installed)
    without = without_uv(installed)
    said = say(without.world, "resync", cwd=installed.path)
    assert said.status == 0, said.text
    assert_fresh(installed, 71)
