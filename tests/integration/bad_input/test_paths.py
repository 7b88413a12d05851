"""Names of folders and of venvs that a shell, a terminal or a pattern would take for something else."""

from __future__ import annotations

import json

import pytest

from support.repository import Repository, assert_fresh, create, installed_value, make_venv
from support.spoiled import change, say, settings
from support.world import World

NAMES = {
    "spaces and quotes": "a path 'with' \"quotes\"",
    "non-ASCII letters": "über 日本",
    "newline": "first\nsecond",
    "shell's own": "$HOME `x` ; & # % \\ *",
    "colon": "a:b",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_odd_path(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    assert_fresh(repository, 11)
    change(repository)
    assert repository.attempt("switch", "--detach", "HEAD~").returncode == 0
    repository.git("switch", "--quiet", "main")
    assert_fresh(repository, 71)
    repository.edit("right", 3)
    repository.freshvenv("resync")
    assert_fresh(repository, 73)
    if "\n" not in name:
        # A shebang cannot say that, whoever installs.
        assert world.run(repository.venv / "bin" / "demo").stdout == "73\n"
    assert say(world, "explain", cwd=repository.path).status == 0


@pytest.mark.parametrize("name", ["-rf", "a b", "é", "x\ny", "*"])
def test_odd_name_of_a_venv(repository: Repository, name: str) -> None:
    repository.venv.rename(repository.path / name)
    settings(repository, f"venvs = {json.dumps([name])}")
    (repository.common_dir / "info").mkdir(exist_ok=True)
    if name == "*":
        # It is a pattern, and finds what is there.
        assert say(repository.world, "resync", cwd=repository.path).status == 0
        return
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0, said.text
    assert len(said.text.splitlines()) == 1
    assert installed_value(repository.path / name, repository.world) == 11
