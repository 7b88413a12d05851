"""What the tests of ``freshvenv status`` ask, and with what they try to fool it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from freshvenv.cli import group
from support.repository import PROJECT, Repository, Target, installed_value
from support.world import TOOLS

MAIN, TOPIC = 11, 21
"""What ``main`` answers, and ``topic`` (its first commit)."""


def freshvenv(repository: Repository, *argv: str, status: int = 0) -> str:
    """Run a command as :func:`Repository.freshvenv` does, in this process, which is faster."""
    with contextlib.chdir(repository.path):
        done = CliRunner(env=repository.world.env).invoke(group, argv, standalone_mode=False)
    if done.exception:
        raise done.exception
    assert (done.return_value or 0) == status, done.output
    return done.output


def resync(repository: Repository, *argv: str) -> None:
    freshvenv(repository, "resync", *argv)


def add_settings(repository: Repository, line: str, ignored: tuple[str, ...] = (".venv/", "copy*/")) -> None:
    """Put other settings in the place of the project's, and commit them."""
    file = repository.path / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.partition("[tool.freshvenv]")[0] + f"[tool.freshvenv]\n{line}\n")
    (repository.path / ".gitignore").write_text("\n".join([*ignored, "__pycache__/", ""]))
    repository.commit("settings")


def of(repository: Repository, venv: str = ".venv") -> Target:
    """What status says of one venv."""
    answer = json.loads(freshvenv(repository, "status", "--json"))
    [each] = [target for target in answer["targets"] if target["venv"] == venv]
    return Target(venv, each["project"], each["state"], tuple(each["reasons"]), each["editable"])


def site(repository: Repository, venv: str = ".venv") -> Path:
    [found] = (repository.path / venv).glob("lib/python*/site-packages")
    return found


def metadata(repository: Repository) -> Path:
    [found] = site(repository).glob("demo-*.dist-info")
    return found


def rewrite(path: Path, text: str) -> None:
    """Write a file and put its times back, so that nothing but its content tells."""
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def uv(repository: Repository, *words: str | Path) -> None:
    repository.world.run(TOOLS / "uv", *words, cwd=repository.path)


def edit_json(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def receipt_of(repository: Repository) -> Path:
    [found] = (repository.venv / ".freshvenv").glob("*.receipt.json")
    return found


def assert_fresh_here(repository: Repository, value: int, venv: str = ".venv") -> None:
    assert installed_value(repository.path / venv, repository.world) == value
    assert of(repository, venv).state == "fresh"


def made_editable(repository: Repository) -> None:
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", "-e", ".")


def other_distribution(repository: Repository) -> Path:
    folder = repository.world.root / "unrelated"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "demo").rename(folder / "src" / "unrelated")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(
        text.replace('name = "demo"', 'name = "unrelated"').replace('demo = "demo', 'unrelated = "unrelated')
    )
    return folder
