"""Installs what a project requires and its venv lacks: by the project's own manager where that has a lockfile."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from freshvenv import process
from freshvenv.errors import DependencyError
from freshvenv.fingerprint import Recipe
from freshvenv.installers import Installer, find_uv
from freshvenv.project import Project
from freshvenv.venvs.sources import declared_indexes, from_their_sources
from freshvenv.venvs.venv import Venv


class Command(NamedTuple):
    """A manager's own command for "what is locked, without the project itself".

    ``rehearsal`` are more words with which it only says, as JSON, what it would do.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = MappingProxyType({})
    rehearsal: tuple[str, ...] = ()

    def objection(self, cwd: Path) -> str:
        """Why it is not to be run, if anything: uv deletes a venv, and makes it anew, that it finds unfit."""
        if not self.rehearsal:
            return ""
        done = process.run([*self.argv, *self.rehearsal], cwd=cwd, env=self.env)
        if done.status != 0:
            return done.complaint
        try:
            action = json.loads(done.stdout)["sync"]["action"]
        except (ValueError, TypeError, KeyError):
            return "it does not say what it would do"
        return "" if action == "check" else f"it would {action} the venv"


class Tools(NamedTuple):
    """What installing takes: uv or pip, where to log, and how to ask again what is missing."""

    installer: Installer
    log: Path
    still_unmet: Callable[[], Sequence[str]]


def install_dependencies(
    venv: Venv, project: Project, recipe: Recipe, requirements: Sequence[str], tools: Tools
) -> None:
    """Install what is missing. Neither the project itself nor a lockfile is touched, and nothing is removed.

    What the manager does not lock, and everything where there is no manager, is left to uv or pip, from where the
    project's files say that it comes. Raises :class:`DependencyError`.
    """
    command = _locked_command(venv, project, recipe)
    if command is not None:
        if objection := command.objection(project.directory):
            with tools.log.open("a", encoding="utf-8", errors="backslashreplace") as log:
                print(f"freshvenv: {' '.join(command.argv)} was not run: {objection}", file=log)
        else:
            process.run_logged(command.argv, log=tools.log, cwd=project.directory, env=command.env)
            requirements = tools.still_unmet()
    # A package index may have another project of the same name.
    requirements = from_their_sources(requirements, project)
    indexes = declared_indexes(project)
    if requirements and tools.installer.install(venv.python, requirements, tools.log, indexes) != 0:
        raise DependencyError(
            f"{tools.installer.name} could not install {', '.join(requirements)}", hint=f"see {tools.log}"
        )


def _locked_command(venv: Venv, project: Project, recipe: Recipe) -> Command | None:
    """The command of the manager whose lockfile is there and which is installed, if any."""
    if project.has_uv_lock():
        uv = find_uv()
        return _uv(uv, venv, recipe) if uv else None
    if (project.directory / "poetry.lock").is_file():
        return _poetry(venv, recipe)
    if (project.directory / "pdm.lock").is_file():
        return _pdm(venv, recipe)
    return None


def _uv(uv: Path, venv: Venv, recipe: Recipe) -> Command:
    """uv sync, for exactly this venv. ``--no-install-local``: members of a workspace would be made editable."""
    argv = [str(uv), "sync", "--frozen", "--inexact", "--no-install-local", "--no-default-groups"]
    argv += ["--python", os.fspath(venv.python)]
    argv += [f"--extra={extra}" for extra in recipe.extras] + [f"--group={group}" for group in recipe.groups]
    env = {
        "UV_PROJECT_ENVIRONMENT": os.fspath(venv.path),
        "UV_PYTHON_PREFERENCE": "system",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    return Command(tuple(argv), env, rehearsal=("--dry-run", "--output-format=json"))


def _poetry(venv: Venv, recipe: Recipe) -> Command | None:
    poetry = shutil.which("poetry")
    if poetry is None:
        return None
    groups = ",".join(("main", *recipe.groups))
    argv = [poetry, "install", "--no-root", "--no-interaction", "--no-ansi", f"--only={groups}"]
    argv += [f"--extras={extra}" for extra in recipe.extras]
    return Command(tuple(argv), {"VIRTUAL_ENV": os.fspath(venv.path)})


def _pdm(venv: Venv, recipe: Recipe) -> Command | None:
    pdm = shutil.which("pdm")
    if pdm is None:
        return None
    argv = [pdm, "sync", "--no-self", "--skip=:all"]
    argv += [f"--group={name}" for name in (*recipe.extras, *recipe.groups)]
    if not recipe.groups:
        argv.append("--prod")
    env = {
        "VIRTUAL_ENV": os.fspath(venv.path),
        # Else the interpreter that .pdm-python names is served, whatever is active.
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PDM_USE_VENV": "1",
    }
    return Command(tuple(argv), env)
