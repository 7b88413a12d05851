"""Venvs and interpreters that lie, and patterns that find too many."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

import pytest

from support.hostile import hook, say, site
from support.repository import Repository
from support.spoiled import Said, everything_in


def test_pyvenv_cfg_that_lies(installed: Repository) -> None:
    """What counts is what the interpreter says."""
    cfg = installed.venv / "pyvenv.cfg"
    cfg.write_text("home = /nowhere\nversion = 2.7.18\nversion_info = 2.7.18\nprompt = \x1b[2J\n" + "x" * 10_000)
    (installed.path / "src" / "demo" / "left.py").write_text("NUMBER = 7\n")
    installed.commit("left 7")
    assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(tree .*\) in .* s\n", hook(installed))
    assert "NUMBER = 7" in (site(installed) / "demo" / "left.py").read_text()


LIES: dict[str, tuple[str, Mapping[str, object], str]] = {
    "no answer": ("true", {}, "it does not answer as Python does: Expecting value.*"),
    "garbage with escape sequences": (r"printf '\033[2J\377' >&2; exit 3", {}, r"\\x1b\[2J.*"),
    "no such key": ("cat answer", {"more": 1}, "it does not answer as Python does: .*'more'"),
    "number": ("cat answer", {"version": 3}, "it does not answer as Python does: a value is no text"),
    "markers that are none": ("cat answer", {"markers": []}, "it does not answer as Python does: .*"),
    "place outside": (
        "cat answer",
        {"purelib": "../outside"},
        r"it does not answer as Python does: '\.\./outside' is no place in an environment",
    ),
    "absolute place": (
        "cat answer",
        {"scripts": "/outside"},
        "it does not answer as Python does: '/outside' is no place in an environment",
    ),
}


@pytest.mark.parametrize(("script", "changes", "complaint"), LIES.values(), ids=LIES)
def test_interpreter_that_lies(
    installed: Repository, script: str, changes: Mapping[str, object], complaint: str
) -> None:
    [interpreter] = (installed.world.root / "cache" / "freshvenv" / "interpreters").iterdir()
    answer = {**json.loads(interpreter.read_text()), **changes}
    del answer["executable"]
    (installed.world.root / "answer").write_text(json.dumps(answer))
    python = installed.venv / "bin" / "python"
    python.unlink()
    python.write_text(f"#!/bin/sh\ncd {shlex.quote(str(installed.world.root))}\n{script}\n")
    python.chmod(0o755)
    before = everything_in(installed.path)
    said = say(installed, "resync")
    assert said.status == 1
    line = rf"freshvenv: \.venv: broken, left alone: its interpreter .* does not run: {complaint}\n"
    assert re.fullmatch(line, said.text), said.text
    assert everything_in(installed.path) == before
    hook(installed)


def test_pattern_that_finds_too_many(installed: Repository) -> None:
    for number in range(10_000):
        folder = installed.path / "envs" / str(number)
        folder.mkdir(parents=True)
        (folder / "pyvenv.cfg").touch()
    (installed.path / ".gitignore").write_text("envs\n")
    text = (installed.path / "pyproject.toml").read_text()
    (installed.path / "pyproject.toml").write_text(text.replace('[".venv"]', '["envs/*"]'))
    installed.commit("many")
    message = "freshvenv: venvs: 'envs/*' finds more than 1000 environments (name those that count)\n"
    assert say(installed, "resync") == Said(2, message)
    assert say(installed, "status") == Said(2, message)
    assert hook(installed) == message
