"""Whether the files of an install are still those that were placed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from freshvenv.payload import digest
from freshvenv.receipt import FileStamp


def stamp(root: Path, digests: Mapping[str, str]) -> dict[str, FileStamp]:
    """Stamps for files that were just placed, by path below ``root``. Raises ``OSError``."""
    top = f"{root}/"
    return {path: stamp_of(os.lstat(top + path), known) for path, known in digests.items()}


def stamp_of(status: os.stat_result, digest: str) -> FileStamp:
    """The stamp of a file with this status and this content."""
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, _is_executable(status), digest)


def altered(root: Path, stamps: Mapping[str, FileStamp]) -> tuple[str, ...]:
    """The files that are gone or have another content."""
    top = f"{root}/"
    return tuple(path for path, known in stamps.items() if not _is_unaltered(top + path, known))


def contents(root: Path, paths: Iterable[str], stamps: Mapping[str, FileStamp]) -> dict[str, tuple[str, bool]]:
    """Digest and exec bit of those files that exist. A file whose stamp still holds is not read."""
    found = {}
    top = f"{root}/"
    for path in paths:
        where = top + path
        try:
            status = os.lstat(where)
            if not stat.S_ISREG(status.st_mode):
                continue
            known = stamps.get(path)
            value = known.digest if known and _matches(known, status) else _digest_at(where)
        except (OSError, ValueError):
            continue
        found[path] = (value, _is_executable(status))
    return found


def _matches(known: FileStamp, status: os.stat_result) -> bool:
    size, mtime_ns, ctime_ns, _, _ = known
    return size == status.st_size and mtime_ns == status.st_mtime_ns and ctime_ns == status.st_ctime_ns


def _digest_at(path: str) -> str:
    with open(path, "rb") as file:
        return digest(file.read())


def _is_unaltered(path: str, known: FileStamp) -> bool:
    try:
        status = os.lstat(path)
        if _matches(known, status):
            return True
        if not stat.S_ISREG(status.st_mode) or _is_executable(status) != known.executable:
            return False
        return _digest_at(path) == known.digest
    except (OSError, ValueError):  # a damaged receipt may name what no file can be called
        return False


def _is_executable(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_IXUSR)
