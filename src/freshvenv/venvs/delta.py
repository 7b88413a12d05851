"""What has to change in a venv so that it holds what it should: old files against new ones."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from typing import NamedTuple, Protocol


class Content(Protocol):
    """What counts of a file: its digest as in RECORD, and its exec bit."""

    @property
    def digest(self) -> str: ...
    @property
    def executable(self) -> bool: ...


class Delta(NamedTuple):
    """Paths relative to the venv: files to write (new or with another content) and files to remove."""

    write: tuple[str, ...]
    remove: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many files are written or removed."""
        return len(self.write) + len(self.remove)

    @property
    def is_empty(self) -> bool:
        return not (self.write or self.remove)


def subtract(wanted: Mapping[str, Content], present: Mapping[str, Content], owned: Collection[str]) -> Delta:
    """The smallest change: ``present`` has those of the wanted files that exist, ``owned`` what may go.

    Bytecode that is listed as owned (pip does) stays as long as its source is wanted: it goes when that is replaced.
    """
    write = tuple(path for path, file in wanted.items() if not _is_same(present.get(path), file))
    return Delta(write, tuple(sorted(path for path in owned if is_unwanted(path, wanted))))


def is_unwanted(path: str, wanted: Container[str]) -> bool:
    """Whether an owned file goes."""
    return path not in wanted and source_of(path) not in wanted


def _is_same(found: Content | None, wanted: Content) -> bool:
    return found is not None and found.digest == wanted.digest and found.executable == wanted.executable


def bytecode_of(path: str) -> tuple[str, str] | None:
    """Folder and file name prefix of the bytecode that Python keeps for a source file (PEP 3147)."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(".py"):
        return None
    return (f"{folder}/__pycache__" if folder else "__pycache__"), name[:-2]


def source_of(path: str) -> str:
    """The source file that a file is the bytecode of (PEP 3147), empty for any other file."""
    folder, _, name = path.rpartition("/")
    if not name.endswith(".pyc") or not (folder == "__pycache__" or folder.endswith("/__pycache__")):
        return ""
    return f"{folder.removesuffix('__pycache__')}{name.partition('.')[0]}.py"
