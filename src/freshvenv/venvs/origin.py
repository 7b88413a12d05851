"""What an install says of where it came from, so that pip and uv take it for one of their own."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable

from freshvenv.project import Project
from freshvenv.venvs.uv_cache import cache_info, is_empty
from freshvenv.venvs.venv import Distribution, Venv, installed_by

_OURSELVES = "freshvenv"
"""What ``INSTALLER`` says of an install of ours."""


def installer_metadata(
    venv: Venv, project: Project, old: Iterable[Distribution], *, editable: bool
) -> dict[str, bytes]:
    """The files for the dist-info folder that an installer adds, by name.

    ``old`` is what the install replaces. Call it before the build: uv then sees what is edited meanwhile.
    """
    old = tuple(old)
    files = {
        "INSTALLER": f"{_OURSELVES}\n".encode(),
        "direct_url.json": _direct_url(venv, project, old, editable=editable),
    }
    if not old or any((venv.path / it.metadata / "REQUESTED").exists() for it in old):
        files["REQUESTED"] = b""
    try:
        info = cache_info(project.directory, project.pyproject, os.environ)
    except ValueError:
        return files  # a glob that uv refuses: it does not work in this project
    if not is_empty(info):
        files["uv_cache.json"] = json.dumps(info, separators=(",", ":"), ensure_ascii=False).encode()
    return files


def outdate_uv_cache(venv: Venv, project: Project, old: Iterable[Distribution], moment: int) -> bool:
    """Make uv forget the wheels that it built of other trees; returns whether there was anything to do.

    uv keys its cache by the change time of ``pyproject.toml`` and the like, so a checkout that leaves them alone leaves
    it with a wheel of the other branch, which it puts into new venvs and over installs that are not in its form
    (astral-sh/uv#12038). Setting a file's mode to what it is changes nothing but that time. It is done where there is a
    lockfile of uv, and whenever the install that goes (``old``) is not our own: uv may have built it, or one that was
    there before. It is done once after ``moment`` (nanoseconds), so that all venvs of one run agree.
    """
    if not project.has_uv_lock() and {installed_by(venv, it) for it in old} == {_OURSELVES}:
        return False
    key = project.directory / "pyproject.toml"
    try:
        status = key.stat()
        if status.st_ctime_ns >= moment:
            return False
        key.chmod(stat.S_IMODE(status.st_mode))
    except OSError:
        return False
    return True


def _direct_url(venv: Venv, project: Project, old: Iterable[Distribution], *, editable: bool) -> bytes:
    """``direct_url.json`` of an install of a directory (PEP 610), in the form in which it is found.

    pip and ``uv pip`` leave ``editable`` out where it is false, ``uv sync`` writes it, and each of uv's commands
    reinstalls what has the other form.
    """
    for distribution in old:
        origin = distribution.origin
        if origin and not origin.archive and origin.path == project.directory and origin.editable == editable:
            return (venv.path / distribution.metadata / "direct_url.json").read_bytes()
    info = {"editable": editable} if editable or project.has_uv_lock() else {}
    return json.dumps({"url": project.directory.as_uri(), "dir_info": info}, separators=(",", ":")).encode()
