"""What a build in the working tree leaves there that git ignores, and an install depends on."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from freshvenv.payload import Payload
from freshvenv.project import Project
from freshvenv.receipt import FileStamp
from freshvenv.source.git import Repository
from freshvenv.venvs.witness import stamps

_MODULES = (".py", ".so", ".pyd")

_PASSING = r"(^|/)(\.[^/]*|__pycache__|build|dist|node_modules|[^/]*\.egg-info)/"
"""Folders with what tools leave, of which no install is made."""

_OF_A_VENV = "pyvenv.cfg"

_STRICT = r"(^|/)__editable__\.[^/]*/(?!(.*/)?__pycache__/)"
"""What a strict editable install of setuptools leads to, which is beside what tools leave, and no bytecode."""


def byproducts(
    repository: Repository,
    project: Project,
    payload: Payload,
    before: Mapping[str, FileStamp],
    begun: int,
    *,
    sees_names_only: bool,
) -> dict[str, FileStamp]:
    """What git ignores and a build in the working tree made there, or packed: no tree tells when it changes.

    Paths are relative to the project. ``before`` are those of the install that goes, ``begun`` is when the build began,
    in nanoseconds since the epoch. A build that ``sees_names_only`` looks into no module, and makes no other file but
    the links of a strict editable install. Raises :class:`~freshvenv.errors.GitError`.
    """
    packed = {(file.path.rpartition("/")[2], file.digest) for file in payload.files}
    names = {name for name, _ in packed}
    ignored = _outside_of_venvs(repository.ignored(project.path))
    links = {path for path in ignored if re.search(_STRICT, path)}
    plain = () if sees_names_only else (path for path in ignored if not re.search(_PASSING, path))
    paths = [*links, *(path for path in plain if path.endswith(_MODULES) or path.rpartition("/")[2] in names)]
    return {
        path: found
        for path, found in stamps(project.directory, paths, before).items()
        if (path.rpartition("/")[2], found.digest) in packed
        or ((path in links or path.endswith(_MODULES)) and (found.ctime_ns >= begun or path in before))
    }


def _outside_of_venvs(paths: Collection[str]) -> list[str]:
    """The paths that are not in a virtual environment: what is installed there is seen by itself."""
    venvs = tuple(path.removesuffix(_OF_A_VENV) for path in paths if path.endswith(f"/{_OF_A_VENV}"))
    return [path for path in paths if not path.startswith(venvs)]
