"""The demo project with settings and venvs of its own, for tests of the command line."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from support.repository import Repository, create, installed_value, make_venv
from support.world import World

REINSTALLED = r"freshvenv: \.venv: reinstalled demo 1\.0 \({why}, \d+ files?\) in \d+\.\d s"
TREES = r"tree [0-9a-f]{7} -> [0-9a-f]{7}"


EDITABLE_LINE = pytest.mark.one_line("a .pth file holds a path a line")


def project(world: World, settings: str = 'venvs = [".venv"]', *, name: str = "demo") -> Repository:
    """The demo project with these settings on main (11) and topic (21), and an empty ``.venv``."""
    repository = create(world, world.root / name, branches={})
    pyproject = (repository.path / "pyproject.toml").read_text().partition("[tool.freshvenv]")[0]
    repository.write("pyproject.toml", f"{pyproject}[tool.freshvenv]\n{settings}\n")
    repository.write(
        ".gitignore", (repository.path / ".gitignore").read_text() + "\n/*venv*/\n/envs/\n/.nox/\n/.tox/\n"
    )
    repository.git("commit", "--quiet", "--allow-empty", "--all", "--message", "settings")
    repository.branch("topic", ("left", 2))
    repository.git("switch", "--quiet", "main")
    make_venv(world, repository.venv)
    return repository


def ready(world: World, settings: str = 'venvs = [".venv"]') -> Repository:
    """The same, with hooks, and installed."""
    repository = project(world, settings)
    repository.freshvenv("init", "--hooks", "native")
    return repository


def install(repository: Repository, venv: Path | str, *, editable: bool = False) -> Path:
    """Install the project into a new venv as a user of uv does; the venv comes back."""
    where = repository.path / venv
    if not where.exists():
        make_venv(repository.world, where)
    mode = ["--editable"] if editable else []
    python = where / "bin" / "python"
    words = ("uv", "pip", "install", "--quiet", "--python", str(python), *mode, ".")
    repository.world.run(*words, cwd=repository.path)
    return where


def content(*places: Path) -> dict[str, str]:
    """Everything below some folders, by path: what a file holds, where a link leads, that a folder is there.

    Left out are the objects of snapshots, which freshvenv keeps beside git's own to compare uncommitted work, and the
    note of what ``status`` said, which it leaves as soon as all that it has seen is old enough.
    """
    found = {}
    for path in (path for place in places for path in place.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link to {os.readlink(path)}"
        elif path.is_dir():
            found[str(path)] = "folder"
        else:
            found[str(path)] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    ours = (".git/freshvenv/objects", ".git/freshvenv/answer")
    return {path: what for path, what in found.items() if not any(name in path for name in ours)}


def values(repository: Repository, *venvs: str) -> list[int]:
    return [installed_value(repository.path / venv, repository.world) for venv in venvs]
