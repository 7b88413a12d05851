"""Files written so that whoever reads them finds the old content or the new, and files of others read with care."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, durable: bool = True, mode: int = 0o600) -> None:
    """Write a whole file: to a new one beside it, to the disk, and then over it. Raises ``OSError``.

    The directory that it lies in is made, and nothing above that: a venv that was removed meanwhile stays removed.
    ``mode`` is what open(2) is given for it, so what the umask says is taken off.
    Not ``durable``: a loss of power may leave the old file, none, or a cut one, and the reader knows a cut one from a
    whole one. That spares two waits for the disk, of some milliseconds each.
    """
    path.parent.mkdir(exist_ok=True)
    aside = path.parent / new_name(f".{path.name}-")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(content)
            if durable:
                sink.flush()
                os.fsync(sink.fileno())
        os.replace(aside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(aside)
        raise
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory last over a loss of power (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_directory(parent: Path, prefix: str) -> Path:
    """Make a directory that nobody else has, for the user alone. Raises ``OSError``.

    The same as ``tempfile.mkdtemp`` does, whose import takes as long as a delta install of a small package.
    """
    path = parent / new_name(prefix)
    path.mkdir(mode=0o700)
    return path


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, as far as that is possible; links in it are not followed."""
    try:
        path.rmdir()
    except FileNotFoundError:
        return
    except OSError:
        # Imported here: what is empty already needs none of it.
        import shutil

        shutil.rmtree(path, ignore_errors=True)


_DIGITS = 16
"""How many hexadecimal digits a new name has."""


def new_name(prefix: str) -> str:
    """A random name that no file has yet."""
    return f"{prefix}{os.urandom(_DIGITS // 2).hex()}"


def is_new_name(name: str, prefix: str = "") -> bool:
    """Whether a name may be one of :func:`new_name`, for any prefix that begins so."""
    digits = name[-_DIGITS:]
    return name.startswith(prefix) and len(name) > _DIGITS and set("0123456789abcdef").issuperset(digits)


_LARGEST = 4 * 1024 * 1024
"""More bytes than any file has in which somebody describes a project; parsing takes a hundred times as much memory."""


def read_file(path: Path, most: int = _LARGEST) -> bytes:
    """The content of a regular file that has no more than ``most`` bytes.

    What else a name in a tree can lead to (a link to a device or a pipe) is neither waited for nor read without end.
    Raises ``OSError``.
    """
    # Not blocking: what is in its place may be a pipe.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it has more than {most // 1024**2} MB")
    return content
