"""Keeps the cache within bounds: what is in it, what is too much, and how that goes while others use it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv import installers
from freshvenv.files import new_directory, remove_tree
from freshvenv.lock import try_exclusive
from freshvenv.own import read_own
from freshvenv.payload import MANIFEST, DamagedPayloadError, load
from freshvenv.wheels import cache as wheel_cache
from freshvenv.wheels import environments
from freshvenv.wheels.cache import bucket

DAYS = 30
"""Days after which an entry goes that nobody used."""

SIZE = 2 * 1024**3
"""Bytes that may be kept. What was used last is kept first, as far as it fits."""

_OFTEN = 3600
"""Seconds between two looks at a cache that only grows when something is built."""

_LEFT_BEHIND = 24 * 3600
"""Seconds after which a scratch folder is what a killed run left: no build takes that long."""


class Entry(NamedTuple):
    """Something that is kept: its kind, what it holds, its bytes, and when it was used (seconds since the epoch)."""

    kind: str
    path: Path
    title: str
    size: int
    used: float


def entries(cache: Path) -> list[Entry]:
    """Everything that is kept, the last used first."""
    found = [*_wheels(cache / wheel_cache.FOLDER), *_environments(cache / environments.FOLDER)]
    return sorted(found, key=lambda entry: entry.used, reverse=True)


def excess(kept: Iterable[Entry], *, now: float, days: float = DAYS, size: int = SIZE) -> list[Entry]:
    """Those that have to go, of entries the last used of which is first."""
    gone = []
    total = 0
    for entry in kept:
        if now - entry.used > days * 24 * 3600 or total + entry.size > size:
            gone.append(entry)
        else:
            total += entry.size
    return gone


def remove(gone: Iterable[Entry], locks: Path) -> list[Entry]:
    """Remove entries and return those that are gone; one that somebody makes or builds in at the moment stays.

    An entry is renamed before it is taken apart, so nobody finds half of it.
    """
    removed = []
    for entry in gone:
        with try_exclusive(bucket(entry.kind, entry.path), locks) as held, suppress(OSError):
            if held and entry.path.is_dir():
                aside = new_directory(entry.path.parent, "old-")
                entry.path.rename(aside / "entry")
                remove_tree(aside)
                removed.append(entry)
        with suppress(OSError):
            entry.path.parent.rmdir()
    return removed


def keep_in_bounds(cache: Path, locks: Path, logs: Path) -> None:
    """Remove what is too much, unless that was looked for a short while ago. Never raises: nobody asked for it."""
    mark = cache / "kept-in-bounds"
    now = time.time()
    with suppress(OSError):
        if mark.exists() and 0 <= now - mark.stat().st_mtime < _OFTEN:
            return
        mark.touch()
        remove(excess(entries(cache), now=now), locks)
        sweep(cache, now)
        for log in logs.glob("*.log"):
            if now - log.stat().st_mtime > DAYS * 24 * 3600:
                log.unlink(missing_ok=True)


def sweep(cache: Path, now: float) -> None:
    """Remove what killed runs left. Raises ``OSError``."""
    for pattern in (
        "work-*",
        f"{wheel_cache.FOLDER}/*/new-*",
        f"{wheel_cache.FOLDER}/*/old-*",
        f"{environments.FOLDER}/old-*",
        f"{installers.FOLDER}/{installers.BEGUN}*",
    ):
        for left in cache.glob(pattern):
            if now - left.lstat().st_mtime > _LEFT_BEHIND:
                remove_tree(left)
    for environment in cache.glob(f"{environments.FOLDER}/*"):
        begun = not (environment / environments.COMPLETE).exists()
        if begun and now - environment.lstat().st_mtime > _LEFT_BEHIND:
            remove_tree(environment)


def _wheels(directory: Path) -> Iterator[Entry]:
    for manifest in directory.glob(f"*/*/{MANIFEST}"):
        if manifest.parent.name.startswith(("new-", "old-")):
            continue  # in the making, or on its way out
        with suppress(OSError):
            yield Entry(
                wheel_cache.KIND,
                manifest.parent,
                _wheel_title(manifest),
                _size(manifest.parent),
                manifest.stat().st_mtime,
            )


def _wheel_title(manifest: Path) -> str:
    try:
        payload = load(manifest.parent)
    except DamagedPayloadError:
        return "damaged"
    return f"{payload.name} {payload.version} for {manifest.parent.name}"


def _environments(directory: Path) -> Iterator[Entry]:
    for mark in directory.glob(f"*/{environments.COMPLETE}"):
        with suppress(OSError):
            yield Entry(
                environments.KIND, mark.parent, _environment_title(mark), _size(mark.parent), mark.stat().st_mtime
            )


def _environment_title(mark: Path) -> str:
    try:
        _, identity, _, requirements, *_ = json.loads(read_own(mark))
        return f"{', '.join(map(str, requirements)) or 'nothing'} for {identity}"
    except (OSError, ValueError, TypeError, RecursionError):
        return "damaged"


def _size(folder: Path) -> int:
    """The bytes of all files below; links are not followed, and what is linked elsewhere counts all the same."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
