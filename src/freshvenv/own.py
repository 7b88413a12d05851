"""Reads files that we wrote ourselves, and nothing that was put in their place.

Only :mod:`os` and what it has loaded anyway is imported: this is used before anything else is loaded.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 64 * 1024 * 1024
"""More bytes than any note of ours has."""


def read_own(path: str | os.PathLike[Any], largest: int = LARGEST) -> bytes:
    """The content of a file that we wrote ourselves. Raises ``OSError``, and never waits.

    Anything but a plain file of this user, not larger than ``largest`` bytes, counts as unreadable: a link may lead
    anywhere, opening a pipe blocks, and what is huge was not written by us.
    """
    return read_dated(path, largest)[0]


def read_dated(path: str | os.PathLike[Any], largest: int = LARGEST) -> tuple[bytes, int]:
    """The same, with the time of the file in nanoseconds since the epoch."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no file")
        if status.st_uid != os.geteuid():
            raise OSError(0, "it belongs to somebody else")
        if status.st_size > largest:
            raise OSError(0, "it is too large")
        return file.read(largest), status.st_mtime_ns
