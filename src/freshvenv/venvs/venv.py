"""A virtual environment, and what in it belongs to a project."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from freshvenv.errors import VenvError
from freshvenv.interpreter import Interpreter, inspect_interpreter

_DIST_INFO = ".dist-info"


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
        return self.path / ".freshvenv"


class Origin(NamedTuple):
    """Where a distribution says it was installed from (``direct_url.json``, PEP 610): a path on this machine."""

    path: Path
    editable: bool
    archive: bool


class Distribution(NamedTuple):
    """An installed distribution; ``site`` is the directory of its ``dist_info`` folder, relative to the venv.

    It is absolute for what the venv only sees.
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


def normalized(name: str) -> str:
    """The form in which names of distributions are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_venv(path: Path) -> bool:
    """Whether a directory is marked as a virtual environment."""
    return (path / "pyvenv.cfg").is_file()


def open_venv(path: Path, memory: Path) -> Venv:
    """The venv at a path that exists. Raises :class:`VenvError` when it cannot be used."""
    if not path.is_dir():
        raise VenvError("not a directory")
    if not is_venv(path):
        raise VenvError("not a virtual environment (it has no pyvenv.cfg)")
    if not _is_utf8(path):
        # As venv and uv, which make none there: no script could name its interpreter.
        raise VenvError("its path is not UTF-8")
    python = path / "bin" / "python"
    if not python.exists():
        target = f" ({os.readlink(python)})" if python.is_symlink() else ""
        raise VenvError(f"its interpreter{target} is gone")
    return Venv(path, python, inspect_interpreter(python, memory))


def _is_utf8(path: Path) -> bool:
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def includes_system_packages(venv: Venv) -> bool:
    """Whether an environment sees what is installed for its base interpreter (``include-system-site-packages``)."""
    try:
        text = (venv.path / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    pairs = (line.partition("=") for line in text.lower().splitlines())
    return any((key.strip(), value.strip()) == ("include-system-site-packages", "true") for key, _, value in pairs)


def visible_distributions(venv: Venv) -> Iterator[Distribution]:
    """Everything that can be imported in an environment, what is found first last."""
    if includes_system_packages(venv):
        yield from _distributions(venv, reversed(venv.interpreter.sites))
    yield from distributions(venv)


def distributions(venv: Venv) -> Iterator[Distribution]:
    """Everything that is installed, in the order of the directory names."""
    return _distributions(venv, venv.site_directories)


def _distributions(venv: Venv, sites: Iterable[str]) -> Iterator[Distribution]:
    for site in sites:
        try:
            names = sorted(os.listdir(venv.path / site))
        except OSError:
            continue
        for entry in names:
            stem = entry.removesuffix(_DIST_INFO)
            name, _, version = stem.partition("-")
            if stem != entry and name and version and "-" not in version and not name.startswith("~"):
                yield Distribution(name, version, site, entry, _origin(venv.path / site / entry))


def _origin(metadata: Path) -> Origin | None:
    try:
        data = json.loads((metadata / "direct_url.json").read_bytes())
        parts = urlsplit(data["url"])
        if parts.scheme != "file":
            return None
        editable = data.get("dir_info", {}).get("editable") is True
        return Origin(Path(unquote(parts.path, errors="surrogateescape")), editable, "dir_info" not in data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def installed_by(venv: Venv, distribution: Distribution) -> str:
    """The name of the program that installed it (``INSTALLER``), or ``something``."""
    try:
        return (venv.path / distribution.metadata / "INSTALLER").read_text(errors="replace").strip() or "something"
    except OSError:
        return "something"
