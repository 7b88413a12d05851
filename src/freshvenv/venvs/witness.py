"""Whether the files of an install are still those that were placed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from freshvenv.payload import digest
from freshvenv.receipt import FileStamp


def stamp_of(status: os.stat_result, digest: str) -> FileStamp:
    """The stamp of a file with this status and this content."""
    return FileStamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, _is_executable(status), digest)


def altered(root: Path, stamps: Mapping[str, FileStamp]) -> tuple[str, ...]:
    """The files that are gone or have another content."""
    top = f"{root}/"
    return tuple(path for path, known in stamps.items() if not _is_unaltered(top + path, known))


def stamps(root: Path, paths: Iterable[str], known: Mapping[str, FileStamp]) -> dict[str, FileStamp]:
    """Stamps of those files below ``root`` that exist, links included. What has a ``known`` stamp is not read again."""
    found = {}
    top = f"{root}/"
    for path in paths:
        where = top + path
        try:
            status = os.lstat(where)
            if not _is_file(status):
                continue
            old = known.get(path)
            found[path] = old if old and _matches(old, status) else stamp_of(status, _digest_at(where, status))
        except (OSError, ValueError):
            continue
    return found


def _matches(known: FileStamp, status: os.stat_result) -> bool:
    size, mtime_ns, ctime_ns, _, _ = known
    return size == status.st_size and mtime_ns == status.st_mtime_ns and ctime_ns == status.st_ctime_ns


def _is_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)


def _digest_at(path: str, status: os.stat_result) -> str:
    """The digest of a file's content, or of where a link leads to, which is never that of a file."""
    if stat.S_ISLNK(status.st_mode):
        return f"link {digest(os.fsencode(os.readlink(path)))}"
    with open(path, "rb") as file:
        return digest(file.read())


def _is_unaltered(path: str, known: FileStamp) -> bool:
    try:
        status = os.lstat(path)
        if _matches(known, status):
            return True
        if not _is_file(status) or _is_executable(status) != known.executable:
            return False
        return _digest_at(path, status) == known.digest
    except (OSError, ValueError):  # a damaged receipt may name what no file can be called
        return False


def _is_executable(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_IXUSR)
