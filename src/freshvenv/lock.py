"""One exclusive lock for each thing that two processes must not change at once."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def try_exclusive(subject: Path, directory: Path) -> Iterator[bool]:
    """Hold the lock of ``subject``, unless somebody has it: then false, at once."""
    descriptor = _open(subject, directory)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def shared(subject: Path, directory: Path) -> Iterator[None]:
    """Hold the lock of ``subject`` together with others that share it, against those that want it for themselves."""
    descriptor = _open(subject, directory)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(subject: Path, directory: Path, waiting: Callable[[str], None] = lambda _: None) -> Iterator[None]:
    """Hold the lock of ``subject`` (a path that need not exist), waiting for as long as somebody else has it.

    ``waiting`` is told when it waits, and with an empty text when it does no longer. The lock file lies in
    ``directory`` and is never unlinked: unlinking a lock file lets two processes hold "the" lock on two files of the
    same name. The kernel drops the lock when its holder dies. ``flock(2)`` is called directly because importing the
    usual library takes longer than a whole delta install.
    """
    descriptor = _open(subject, directory)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting("waiting for another run")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            waiting("")
        yield
    finally:
        os.close(descriptor)


def _open(subject: Path, directory: Path) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(os.fsencode(os.path.realpath(subject))).hexdigest()[:32]
    return os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
