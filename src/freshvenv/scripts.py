"""What the scripts of a build say, read as text and never run: where they look, and what they call the project."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
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
_ASKS_GIT = rb"""['"]git['" ]|\bgit (?:describe|rev-|log|show|status|tag)|\b(?:import git|from git|pygit2|dulwich)\b"""
_BUILD_ASKS_GIT = rb"\bvcs_tag\b|\bGIT_EXECUTABLE\b|find_package\(\s*Git\b|\b(?:vergen|git2|gix)\b"
_MAKES_URL = rb"\bfile:/|\bas_uri\b|\bpathname2url\b"

_IMPORTED = rb"(?m)^[ \t]*(?:from[ \t]+(\w[\w.]*)[ \t]+import|import)\b[ \t(]*([\w., \t]*)"
_IMPORTED_FROM_BESIDE = rb"(?m)^[ \t]*from[ \t]+(\.+)(\w[\w.]*)?[ \t]*import\b[ \t(]*([\w., \t]*)"

_INCLUDED = (
    rb"""(?m)^[ \t]*(?:#[ \t]*include[ \t]*["<]|(?:cdef extern from|include)[ \t]+['"])"""
    rb"""([^">'\n]*\.\./[^">'\n]*)"""
)
"""What C and Cython include by a path that goes up."""

_SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".pxd", ".pxi", ".pyx"})

_MOST = 1_000
"""More modules or sources than are read; then everything is supposed of them."""


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

    def make_extensions(self) -> bool:
        """Whether any of them seems to build an extension. In doubt it does."""
        return _any(self._programs, lambda text: b"Extension" in text or b"ext_modules" in text)

    @property
    def _programs(self) -> tuple[Path, ...]:
        """Without those that cannot do anything; they name git and files for other reasons (``exclude = .git``)."""
        return tuple(file for file in self.files if file.suffix == ".py")


class Imported(NamedTuple):
    """A value that a build takes from a module: ``module.name``, looked for below each of the folders.

    Where the module does not write it down, it is imported, and with it all that it imports from beside it.
    """

    folders: tuple[Path, ...]
    value: str

    def goes_up(self) -> bool:
        """Whether what is imported seems to name what is above its folder. In doubt it does."""
        return self._any(lambda text: _goes_up(text, _UPWARDS_IN_A_MODULE))

    def asks_git(self) -> bool:
        """Whether what is imported seems to ask git for something. In doubt it does."""
        return self._any(lambda text: bool(re.search(_ASKS_GIT, text)))

    def _any(self, says: Callable[[bytes], bool]) -> bool:
        try:
            for count, text in enumerate(filter(None, self._texts())):
                if count >= _MOST or says(text):
                    return True
        except OSError:
            return True
        return False

    def _texts(self) -> Iterator[bytes]:
        module, _, name = self.value.rpartition(".")
        # The last part may be a module itself, as in pdm's `demo.version:get`.
        modules = [each for each in (module, self.value) if each]
        written = rb"(?m)^%s[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*['\"]" % re.escape(name.encode())
        files = (folder / file for folder in self.folders for each in modules for file in _files_of(each))
        return _texts(files, lambda file, text: () if re.search(written, text) else self._imported_by(file, text))

    def _imported_by(self, file: Path, text: bytes) -> Iterator[Path]:
        for imported in _imported(text):
            yield from (folder / path for folder in self.folders for path in _files_of(imported))
        for dots, base, names in re.findall(_IMPORTED_FROM_BESIDE, text):
            folder = file.parents[min(len(dots), len(file.parents)) - 1]
            for imported in _with_base(base, names):
                yield from (folder / path for path in _files_of(imported))


def sources_go_up(directory: Path) -> bool:
    """Whether a source of an extension includes what is above the project's folder. In doubt it does."""
    try:
        for count, path in enumerate(_sources_in(directory)):
            if count >= _MOST:
                return True
            for name in re.findall(_INCLUDED, _read(path)):
                if not Path(os.path.normpath(path.parent / os.fsdecode(name))).is_relative_to(directory):
                    return True
    except OSError:
        return True
    return False


def _sources_in(directory: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"build", "node_modules"}]
        if "pyvenv.cfg" in names:
            folders.clear()
        yield from (Path(where, name) for name in names if os.path.splitext(name)[1] in _SOURCES)


def build_files_ask_git(directory: Path, names: Iterable[str]) -> bool:
    """Whether files of another build system seem to ask git, at the top of a project or one below. In doubt they do."""
    files = (path for name in names for pattern in (name, f"*/{name}") for path in directory.glob(pattern))
    try:
        texts = map(_read, files)
        return any(re.search(_ASKS_GIT, text) or re.search(_BUILD_ASKS_GIT, text) for text in texts)
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


@lru_cache(maxsize=8)
def _name_in_program(text: bytes) -> str:
    import ast
    import warnings

    try:
        with warnings.catch_warnings():
            # Of an escape that is none, which is the project's own business.
            warnings.simplefilter("ignore")
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
        return any(map(says, _texts(scripts, _beside)))
    except OSError:
        return True


def _texts(files: Iterable[Path], imported_by: Callable[[Path, bytes], Iterable[Path]]) -> Iterator[bytes]:
    """What files say, and what those say which they import, each once. Raises ``OSError``."""
    rest = list(files)
    done: set[Path] = set()
    while rest:
        file = rest.pop()
        if file in done:
            continue
        done.add(file)
        text = _read(file)
        yield text
        rest += imported_by(file, text)


def _beside(script: Path, text: bytes) -> Iterator[Path]:
    return (script.parent / name for module in _imported(text) for name in _files_of(module))


def _goes_up(text: bytes, upwards: bytes) -> bool:
    # The folder of the script itself is as far as it may go.
    return bool(re.search(upwards, text) or re.search(_FOLDER_OF, re.sub(_OWN_FOLDER, b"", text)))


def _imported(text: bytes) -> set[str]:
    """The names of the modules that a script may import, with dots between their parts."""
    return {name for base, names in re.findall(_IMPORTED, text) for name in _with_base(base, names)}


def _with_base(base: bytes, names: bytes) -> set[str]:
    """The modules that ``from base import names`` may import; of names on further lines, only the base is known."""
    start = f"{base.decode()}." if base else ""
    found = {start + name.decode() for name in re.findall(rb"[A-Za-z_][\w.]*", names)}
    return found | ({base.decode()} if base else set())


def _files_of(module: str) -> Iterator[str]:
    """Where a module, and each package that it is in, would be."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        place = "/".join(parts[:count])
        yield f"{place}.py"
        yield f"{place}/__init__.py"
