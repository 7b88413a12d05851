"""Settings that cannot be obeyed."""

from __future__ import annotations

import re

import pytest

from support.repository import Repository, assert_fresh, installed_value
from support.spoiled import assert_hook_is_polite, everything_in, say

SETTINGS = {
    "broken file": (
        ("[project", ""),
        r"pyproject\.toml is broken: .*\(at line 2, column 9\) \(nothing was changed\)",
    ),
    "file with conflict markers": (
        ("<<<<<<< HEAD", "=======", ">>>>>>> topic"),
        r"pyproject\.toml is broken: .*\(at line 2, column 1\) \(nothing was changed\)",
    ),
    "unknown setting": (
        ("[tool.freshvenv]", 'venv = [".venv"]'),
        r"\[tool\.freshvenv\] has no setting 'venv' \(did you mean 'venvs'\?\)",
    ),
    "venvs that leave the repository": (
        ("[tool.freshvenv]", 'venvs = ["../elsewhere"]'),
        (
            r"\[tool\.freshvenv\] venvs: '\.\./elsewhere' leaves the repository "
            r"\(a venv elsewhere is named in your own configuration: git config --add freshvenv\.venvs \.\./elsewhere\)"
        ),
    ),
    "venvs as a text": (
        ("[tool.freshvenv]", 'venvs = ".venv"'),
        r"\[tool\.freshvenv\] venvs is not a list of strings",
    ),
    "project that is none": (
        ("[[tool.freshvenv.projects]]", 'path = "src"'),
        r"\[\[tool\.freshvenv\.projects\]\]: 'src' is no project",
    ),
}


@pytest.mark.parametrize(("lines", "message"), SETTINGS.values(), ids=SETTINGS)
def test_settings(installed: Repository, lines: tuple[str, ...], message: str) -> None:
    file = installed.path / "pyproject.toml"
    first, rest = file.read_text().split("[tool.freshvenv]")[0].split("\n", 1)
    whole = "\n".join([first, *lines, rest]) if "broken" in message else "\n".join([first, rest, *lines, ""])
    file.write_text(whole)
    installed.edit("left", 7)
    installed.commit("a mistake")
    before = everything_in(installed.path)
    for command in (("resync",), ("status",)):
        said = say(installed.world, *command, cwd=installed.path)
        assert said.status == 2
        assert re.fullmatch(f"freshvenv: {message}\n", said.text), said.text
    assert everything_in(installed.path) == before
    assert installed_value(installed.venv, installed.world) == 11
    assert_hook_is_polite(installed)
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert_fresh(installed, 11)


def test_unknown_setting_in_the_configuration_of_git(installed: Repository) -> None:
    installed.git("config", "freshvenv.onstale", "warn")
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 2
    assert said.text == (
        "freshvenv: git's configuration has an unknown setting 'freshvenv.onstale' (did you mean 'freshvenv.on-stale'?)\n"
    )
    assert_hook_is_polite(installed)
