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
    stamps = {}
    for path, known in digests.items():
        status = os.lstat(root / path)
        stamps[path] = FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, _is_executable(status), known)
    return stamps


def altered(root: Path, stamps: Mapping[str, FileStamp]) -> tuple[str, ...]:
    """The files that are gone or have another content."""
    return tuple(path for path, known in stamps.items() if not _is_unaltered(root / path, known))


def contents(root: Path, paths: Iterable[str], stamps: Mapping[str, FileStamp]) -> dict[str, tuple[str, bool]]:
    """Digest and exec bit of those files that exist. A file whose stamp still holds is not read."""
    found = {}
    for path in paths:
        where = root / path
        try:
            status = os.lstat(where)
            if not stat.S_ISREG(status.st_mode):
                continue
            known = stamps.get(path)
            value = known.digest if known and _matches(known, status) else digest(where.read_bytes())
        except (OSError, ValueError):
            continue
        found[path] = (value, _is_executable(status))
    return found


def _matches(known: FileStamp, status: os.stat_result) -> bool:
    return (known.size, known.mtime_ns, known.ctime_ns) == (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _is_unaltered(path: Path, known: FileStamp) -> bool:
    try:
        status = os.lstat(path)
        if _matches(known, status):
            return True
        if not stat.S_ISREG(status.st_mode) or _is_executable(status) != known.executable:
            return False
        return digest(path.read_bytes()) == known.digest
    except (OSError, ValueError):  # a damaged receipt may name what no file can be called
        return False


def _is_executable(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_IXUSR)
