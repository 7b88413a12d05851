"""Which CPythons there are to test with, looked for on PATH and in pyenv's ``versions``."""

from __future__ import annotations

import functools
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST = (3, 8)
"""The oldest version that a venv under test may have."""

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The version that runs the tests; always one of `interpreters()`."""

_CHECK = (
    "import ensurepip, platform, sys, venv;"
    "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2], sys.prefix == sys.base_prefix)"
)


@functools.cache
def interpreters() -> dict[str, Path]:
    """The CPythons that really run and can make a venv, as ``{"3.8": path, ...}``, the oldest first.

    Found once, at the first call: ask for them while tests are collected, before a test gets an empty HOME.
    pyenv's shims are programs too, but most refuse to run, hence the trial.
    """
    found = {RUNNING: Path(getattr(sys, "_base_executable", sys.executable))}
    for candidate in _candidates():
        version = _version(candidate)
        if version is not None:
            found.setdefault(version, candidate)
    return dict(sorted(found.items(), key=lambda item: _numbers(item[0])))


def available(*wanted: str) -> list[str]:
    """Those of the wanted versions that are there; where none is, the running one, so that no row is lost."""
    return [version for version in wanted if version in interpreters()] or [RUNNING]


def _candidates() -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/*/bin/python"), reverse=True)
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        yield from sorted(path for path in Path(directory).glob("python3.*") if path.suffix[1:].isdecimal())


def _version(python: Path) -> str | None:
    """The version of an interpreter; none where it does not run, is too old, a venv's, or not CPython."""
    try:
        done = subprocess.run([python, "-I", "-c", _CHECK], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match done.stdout.split():
        case [implementation, version, "True"] if implementation == platform.python_implementation():
            return version if _numbers(version) >= OLDEST else None
        case _:
            return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
