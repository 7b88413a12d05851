"""Where freshvenv keeps what is not part of a clone or a venv."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from freshvenv.errors import UsageError


def cache_directory() -> Path:
    """Where wheels and build environments are kept; losing it costs time and nothing else."""
    return _user_directory("cache", "XDG_CACHE_HOME", ".cache")


def state_directory() -> Path:
    """Where locks and build logs are kept."""
    return _user_directory("state", "XDG_STATE_HOME", ".local/state")


def _user_directory(kind: str, variable: str, default: str) -> Path:
    """Our directory of a kind, by the XDG Base Directory Specification, and elsewhere by what is usual there.

    https://specifications.freedesktop.org/basedir-spec/latest/ comes to two lines, and importing the library that knows
    all systems takes a tenth of the time of a hook for a branch that was seen before.
    """
    system: str = sys.platform
    if system == "linux":
        base = os.environ.get(variable, "")
        try:
            return (Path(base) if base.startswith("/") else Path.home() / default) / "freshvenv"
        except RuntimeError as error:
            raise UsageError("this user has no home directory", hint=f"set HOME or {variable}") from error
    from platformdirs import user_cache_path, user_state_path

    return {"cache": user_cache_path, "state": user_state_path}[kind]("freshvenv", appauthor=False)
