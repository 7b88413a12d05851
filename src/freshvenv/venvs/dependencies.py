"""Installs what a project requires and its venv lacks: by the project's own manager where that has a lockfile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from freshvenv import process
from freshvenv.errors import DependencyError
from freshvenv.fingerprint import Recipe
from freshvenv.installers import Installer, find_uv
from freshvenv.project import Project
from freshvenv.venvs.venv import Venv


@dataclass(frozen=True, slots=True)
class Command:
    """A manager's own command for "what is locked, without the project itself"."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


def install_dependencies(
    venv: Venv, project: Project, recipe: Recipe, requirements: Sequence[str], installer: Installer, log: Path
) -> None:
    """Install what is missing. Neither the project itself nor a lockfile is touched, and nothing is removed.

    What the manager does not lock, and everything where there is no manager, is left to uv or pip.
    Raises :class:`DependencyError`.
    """
    command = locked_command(venv, project, recipe)
    if command is not None:
        status = process.run_logged(command.argv, log=log, cwd=project.directory, env=command.env)
        if status == 0:
            return
    if installer.install(venv.python, requirements, log) != 0:
        raise DependencyError(f"{installer.name} could not install {', '.join(requirements)}", hint=f"see {log}")


def locked_command(venv: Venv, project: Project, recipe: Recipe) -> Command | None:
    """The command of the manager whose lockfile is there and which is installed, if any."""
    if _locks(project.directory, "uv.lock", *project.directory.parents):
        uv = find_uv()
        return _uv(uv, venv, recipe) if uv else None
    if (project.directory / "poetry.lock").is_file():
        return _poetry(venv, recipe)
    if (project.directory / "pdm.lock").is_file():
        return _pdm(venv, recipe)
    return None


def _locks(directory: Path, name: str, *parents: Path) -> bool:
    """Whether a lockfile is in the project, or further up to the repository's top (a workspace)."""
    for folder in (directory, *parents):
        if (folder / name).is_file():
            return True
        if (folder / ".git").exists():
            return False
    return False


def _uv(uv: Path, venv: Venv, recipe: Recipe) -> Command:
    argv = [str(uv), "sync", "--frozen", "--inexact", "--no-install-project", "--no-default-groups", "--no-progress"]
    argv += ["--python", os.fspath(venv.python)]
    argv += [f"--extra={extra}" for extra in recipe.extras] + [f"--group={group}" for group in recipe.groups]
    return Command(tuple(argv), {"UV_PROJECT_ENVIRONMENT": os.fspath(venv.path)})


def _poetry(venv: Venv, recipe: Recipe) -> Command | None:
    poetry = shutil.which("poetry")
    if poetry is None:
        return None
    groups = ",".join(("main", *recipe.groups))
    argv = [poetry, "install", "--no-root", "--no-interaction", f"--only={groups}"]
    argv += [f"--extras={extra}" for extra in recipe.extras]
    return Command(tuple(argv), {"VIRTUAL_ENV": os.fspath(venv.path)})


def _pdm(venv: Venv, recipe: Recipe) -> Command | None:
    pdm = shutil.which("pdm")
    if pdm is None:
        return None
    argv = [pdm, "sync", "--no-self", "--prod"]
    argv += [f"--group={name}" for name in (*recipe.extras, *recipe.groups)]
    return Command(tuple(argv), {"VIRTUAL_ENV": os.fspath(venv.path)})
