"""A virtual environment, and what in it belongs to a project."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from freshvenv.errors import VenvError
from freshvenv.files import read_file
from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.pyproject import normalized

STATE = ".freshvenv"
"""The name of our own folder in a venv."""

_DIST_INFO = ".dist-info"
_EGG_INFO = ".egg-info"


class Venv(NamedTuple):
    """An environment (PEP 405) whose interpreter runs. ``path`` is absolute, as it was given, links not resolved."""

    path: Path
    python: Path
    interpreter: Interpreter

    @property
    def site_directories(self) -> tuple[str, ...]:
        """Where distributions lie, relative to the venv; one directory twice is listed once."""
        return tuple(dict.fromkeys((self.interpreter.purelib, self.interpreter.platlib)))

    @property
    def state(self) -> Path:
        """Our own folder in the venv: it dies with it."""
        return self.path / STATE


class Origin(NamedTuple):
    """Where a distribution says it was installed from (``direct_url.json``, PEP 610): a path on this machine."""

    path: Path
    editable: bool
    archive: bool


class Distribution(NamedTuple):
    """An installed distribution.

    ``site`` is the directory of its ``dist_info`` folder, relative to the venv; absolute where it lies outside.
    """

    name: str
    version: str
    site: str
    dist_info: str
    origin: Origin | None

    @property
    def metadata(self) -> str:
        """Its folder of metadata, relative to the venv."""
        return f"{self.site}/{self.dist_info}"


def is_venv(path: Path) -> bool:
    """Whether a directory is marked as a virtual environment."""
    return os.path.isfile(path / "pyvenv.cfg")


def open_venv(path: Path, cache: Path, wary_of: Path | None = None) -> Venv:
    """The venv at a path that exists; ``wary_of`` as :func:`inspect_interpreter` has it.

    Raises :class:`VenvError` when it cannot be used.
    """
    if not os.path.isdir(path):
        raise VenvError("not a directory")
    if not is_venv(path):
        raise VenvError("not a virtual environment (it has no pyvenv.cfg)")
    if not _is_utf8(path):
        # As venv and uv, which make none there: no script could name its interpreter.
        raise VenvError("its path is not UTF-8")
    if os.path.islink(path / STATE):
        # What is swept in there would be swept elsewhere.
        raise VenvError(f"its {STATE} is a link")
    python = path / "bin" / "python"
    if not os.path.exists(python):
        target = f" ({os.readlink(python)})" if os.path.islink(python) else ""
        raise VenvError(f"its interpreter{target} is gone")
    interpreter = inspect_interpreter(python, cache, wary_of)
    if os.path.realpath(path / interpreter.platlib) == os.path.realpath(path / interpreter.purelib):
        # On some systems, lib64 is a link to lib: one place, which is to have one name.
        interpreter = interpreter._replace(platlib=interpreter.purelib)
    return Venv(path, python, interpreter)


def _is_utf8(path: Path) -> bool:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def distributions(venv: Venv) -> Iterator[Distribution]:
    """Everything that is installed, in the order of the directory names."""
    for site in venv.site_directories:
        yield from _distributions_in(venv, site)


def metadata_of(venv: Venv, name: str) -> list[str]:
    """The folders of metadata, relative to the venv, of all that is installed under a name."""
    wanted = normalized(name)
    entries = (entry for site in venv.site_directories for entry in _entries_in(venv, site, (_DIST_INFO,)))
    return [f"{site}/{entry}" for found, _, site, entry in entries if normalized(found) == wanted]


def egg_links(venv: Venv) -> dict[str, Path]:
    """By normalized name, the projects that ``setup.py develop`` linked, and where they are.

    That was the way of an editable install before PEP 660, and is pip's where there is no ``pyproject.toml``.
    """
    found = {}
    for site in venv.site_directories:
        for file in sorted((venv.path / site).glob("*.egg-link")):
            with suppress(OSError):
                line = os.fsdecode(read_file(file, 1024**2)).partition("\n")[0]
                if "\0" not in line:
                    found[normalized(file.stem)] = Path(line.strip())
    return found


def shared_distributions(venv: Venv) -> Iterator[Distribution]:
    """What the venv has from its base interpreter, where it was made with ``--system-site-packages`` (PEP 405).

    A system's own packages may have metadata of the form that was there before wheels.
    """
    if _sees_its_base(venv):
        for site in venv.interpreter.base_sites:
            yield from _distributions_in(venv, site, (_EGG_INFO, _DIST_INFO))


def _distributions_in(venv: Venv, site: str, suffixes: tuple[str, ...] = (_DIST_INFO,)) -> Iterator[Distribution]:
    for name, version, _, entry in _entries_in(venv, site, suffixes):
        yield Distribution(name, version, site, entry, _origin(venv.path / site / entry))


def _entries_in(venv: Venv, site: str, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Name, version, site and folder of what is installed in a directory."""
    try:
        names = sorted(os.listdir(venv.path / site))
    except OSError:
        return
    for entry in names:
        stem, dot, kind = entry.rpartition(".")
        if f"{dot}{kind}" == _EGG_INFO:
            # The Python that it was built with may follow.
            stem = re.sub(r"-py\d[\d.]*$", "", stem)
        name, _, version = stem.partition("-")
        if f"{dot}{kind}" in suffixes and name and version and "-" not in version and not name.startswith("~"):
            yield name, version, site, entry


def _sees_its_base(venv: Venv) -> bool:
    """What ``site`` of the standard library reads in ``pyvenv.cfg``: the last line of that key counts."""
    try:
        lines = read_file(venv.path / "pyvenv.cfg", 1024**2).decode(errors="replace").splitlines()
    except OSError:
        return False
    pairs = [line.partition("=") for line in lines if "=" in line]
    values = [value for key, _, value in pairs if key.strip().lower() == "include-system-site-packages"]
    return bool(values) and values[-1].strip().lower() == "true"


def _origin(metadata: Path) -> Origin | None:
    try:
        data = json.loads((metadata / "direct_url.json").read_bytes())
        parts = urlsplit(data["url"])
        path = unquote(parts.path, errors="surrogateescape")
        if parts.scheme != "file" or "\0" in path:
            return None
        editable = data.get("dir_info", {}).get("editable") is True
        return Origin(Path(path), editable, "dir_info" not in data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def installed_by(venv: Venv, distribution: Distribution) -> str:
    """The name of the program that installed it (``INSTALLER``), or ``something``."""
    try:
        return (venv.path / distribution.metadata / "INSTALLER").read_text(errors="replace").strip() or "something"
    except OSError:
        return "something"
