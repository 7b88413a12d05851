"""Where there is no repository, commit, project or venv to work with."""

from __future__ import annotations

import shutil

import pytest

from support.repository import Repository
from support.spoiled import COMMANDS, HOOK_COMMANDS, Said, assert_hook_is_polite, everything_in, say, settings, shown
from support.world import World


@pytest.mark.parametrize("command", [*COMMANDS, *HOOK_COMMANDS], ids=" ".join)
def test_not_a_repository(world: World, command: tuple[str, ...]) -> None:
    said = say(world, *command, cwd=world.home)
    assert said == Said(2, f"freshvenv: {shown(world.home)} is not in a git repository (run it inside of one)\n")
    assert list(world.home.iterdir()) == []


@pytest.mark.parametrize("command", [*COMMANDS, *HOOK_COMMANDS], ids=" ".join)
def test_bare_repository(world: World, command: tuple[str, ...]) -> None:
    bare = world.root / "bare.git"
    world.git("init", "--quiet", "--bare", str(bare), cwd=world.root)
    before = everything_in(bare)
    said = say(world, *command, cwd=bare)
    message = (
        f"freshvenv: {shown(bare)} is in a bare repository, where there is no working tree (run it in a working tree)\n"
    )
    assert said == Said(2, message)
    assert everything_in(bare) == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_unborn_head(repository: Repository, command: tuple[str, ...]) -> None:
    repository.git("checkout", "--quiet", "--orphan", "empty")
    before = everything_in(repository.venv)
    said = say(repository.world, *command, cwd=repository.path)
    lines = said.text.splitlines()
    assert (said.status, lines[-1]) == (
        2,
        "freshvenv: nothing is committed on this branch yet (commit something first)",
    )
    assert everything_in(repository.venv) == before
    assert_hook_is_polite(repository, silent=True)


NO_PROJECT = {
    "nothing": ("git rm -q pyproject.toml", "git commit -qm gone"),
    "settings of tools only": ("echo '[tool.ruff]' > pyproject.toml", "git commit -qam tools"),
    "empty file": ("true > pyproject.toml", "git commit -qam empty"),
}


@pytest.mark.parametrize("command", [("resync",), ("status",)], ids=" ".join)
@pytest.mark.parametrize("lines", NO_PROJECT.values(), ids=NO_PROJECT)
def test_no_project(repository: Repository, lines: tuple[str, ...], command: tuple[str, ...]) -> None:
    for line in lines:
        repository.world.run("sh", "-ec", line, cwd=repository.path)
    before = everything_in(repository.path)
    said = say(repository.world, *command, cwd=repository.path)
    assert said.status == 2
    assert said.text.startswith(f"freshvenv: {shown(repository.path)} has no project (no pyproject.toml ")
    assert "[[tool.freshvenv.projects]]" in said.text
    assert everything_in(repository.path) == before
    assert_hook_is_polite(repository, silent=True)


def test_no_venv(repository: Repository) -> None:
    """Not an error: there is nothing to keep fresh."""
    shutil.rmtree(repository.venv)
    settings(repository)
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0
    assert said.text.startswith("freshvenv: no venv here holds the project; install it into one, or name one: ")
    assert say(repository.world, "status", cwd=repository.path).text == "freshvenv: no venv here holds the project\n"
    assert_hook_is_polite(repository, silent=True)
