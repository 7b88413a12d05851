"""What the scripts of a build say, read as text and never run: where they look, and what they call the project."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import read_file

_UPWARDS = rb"\.\.|\bpardir\b|\bparents\b|\bshow-(?:toplevel|cdup)\b"
_UPWARDS_IN_A_MODULE = rb"""['"/]\.\.(?:/|['"])|\bpardir\b|\bparents\b|\bshow-(?:toplevel|cdup)\b"""
"""In a module of a package two dots mostly mean a package above it, and three that something is left out."""

_FOLDER_OF = rb"\.parent\b|\bdirname\("
_OWN_FOLDER = (
    rb"\b__file__\s*\)+(?:\.(?:resolve|absolute)\(\))?\.parent\b"
    rb"|\bdirname\(\s*(?:(?:[\w.]*\.)?(?:abspath|realpath)\(\s*)?__file__\b"
)
# Started as a program, or by a library. That a URL ends with ``.git`` says nothing.
_ASKS_GIT = rb"""['"]git['" ]|\bgit (?:describe|rev-|log|show|status|tag)|\b(?:import git|pygit2|dulwich)\b"""
_MAKES_URL = rb"\bfile:/|\bas_uri\b|\bpathname2url\b"

_IMPORTED = rb"(?m)^[ \t]*(?:from[ \t]+(\w[\w.]*)[ \t]+import|import)[ \t]+([\w., \t]+)"


class Scripts(NamedTuple):
    """Scripts of a build, some of which may not be there, and what they import from beside them."""

    files: tuple[Path, ...]

    def go_up(self) -> bool:
        """Whether any of them seems to name what is above its folder. In doubt it does."""
        return _any(self.files, lambda text: _goes_up(text, _UPWARDS))

    def ask_git(self) -> bool:
        """Whether any of them seems to ask git for something. In doubt it does."""
        return _any(self._programs, lambda text: bool(re.search(_ASKS_GIT, text)))

    def make_urls(self) -> bool:
        """Whether any of them seems to make a URL of a place on this machine. In doubt it does."""
        return _any(self._programs, lambda text: bool(re.search(_MAKES_URL, text)))

    @property
    def _programs(self) -> tuple[Path, ...]:
        """Without those that cannot do anything; they name git and files for other reasons (``exclude = .git``)."""
        return tuple(file for file in self.files if file.suffix == ".py")


def module_goes_up(folders: Iterable[Path], module: str) -> bool:
    """Whether a module that a build imports, or a package it is in, seems to name what is above its folder.

    ``module`` has dots between its names; it is looked for below each of the folders. In doubt it does.
    """
    files = (folder / name for folder in folders for name in _files_of(module))
    try:
        return any(_goes_up(_read(file), _UPWARDS_IN_A_MODULE) for file in files)
    except OSError:
        return True


def written_name(directory: Path) -> str:
    """The name that ``setup.cfg`` or ``setup.py`` gives a project as a plain text; empty where neither does."""
    for file, name_in in (("setup.cfg", _name_in_settings), ("setup.py", _name_in_program)):
        with suppress(OSError):
            if name := name_in(_read(directory / file)):
                return name
    return ""


def _name_in_settings(text: bytes) -> str:
    # Imported here, and below: hardly any project has its name there.
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text.decode())
        return parser.get("metadata", "name", fallback="").strip()
    except (ValueError, configparser.Error):
        return ""


def _name_in_program(text: bytes) -> str:
    import ast

    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return ""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"setup", "setuptools.setup"}:
            for keyword in call.keywords:
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


def _read(script: Path) -> bytes:
    """Its text; that of one that is not there, or of no script, is empty. Raises ``OSError``."""
    try:
        return read_file(script)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return b""


def _any(scripts: Iterable[Path], says: Callable[[bytes], bool]) -> bool:
    """Whether it holds of any script, or of what one imports from beside it. In doubt it does."""
    try:
        return any(map(says, _texts(scripts)))
    except OSError:
        return True


def _texts(scripts: Iterable[Path]) -> Iterator[bytes]:
    rest = list(scripts)
    done: set[Path] = set()
    while rest:
        script = rest.pop()
        if script in done:
            continue
        done.add(script)
        text = _read(script)
        yield text
        rest += (script.parent / name for module in _imported(text) for name in _files_of(module))


def _goes_up(text: bytes, upwards: bytes) -> bool:
    # The folder of the script itself is as far as it may go.
    return bool(re.search(upwards, text) or re.search(_FOLDER_OF, re.sub(_OWN_FOLDER, b"", text)))


def _imported(text: bytes) -> set[str]:
    """The names of the modules that a script may import, with dots between their parts."""
    found = set()
    for base, names in re.findall(_IMPORTED, text):
        start = f"{base.decode()}." if base else ""
        found |= {start + name.decode() for name in re.findall(rb"[A-Za-z_][\w.]*", names)}
    return found


def _files_of(module: str) -> Iterator[str]:
    """Where a module, and each package that it is in, would be."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        place = "/".join(parts[:count])
        yield f"{place}.py"
        yield f"{place}/__init__.py"
