"""The folders and tools that are shared by everything freshvenv does for a user."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from freshvenv.caller import shows_progress
from freshvenv.directories import cache_directory, state_directory
from freshvenv.environment import seen_by_builds, seen_by_installers
from freshvenv.progress import Progress

if TYPE_CHECKING:
    from freshvenv.installers import Installer
    from freshvenv.wheels.cache import WheelCache
    from freshvenv.wheels.environments import EnvironmentPool


_ROOM = 32 * 1024 * 1024
"""Bytes: a checkout of most projects, its wheel, and an environment with a backend."""


class Workshop:
    """``cache`` may be lost at any time; ``state`` holds locks and the logs of failed builds.

    ``renewed``: see :class:`~freshvenv.wheels.cache.WheelCache`.
    """

    def __init__(self, cache: Path, state: Path, progress: Progress | None = None) -> None:
        self.cache = cache
        self.state = state
        self.progress = progress or Progress()
        self.renewed: set[Path] | None = None

    def building_anew(self) -> Workshop:
        """The same, but for one run that builds each wheel itself, once."""
        same = Workshop(self.cache, self.state, self.progress)
        same.renewed = set()
        return same

    @classmethod
    def of_user(cls) -> Workshop:
        """The user's own folders, and progress on standard error unless it is not wanted."""
        return cls(cache_directory(), state_directory(), Progress(sys.stderr if shows_progress() else None))

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def interpreters(self) -> Path:
        """Where what interpreters say of themselves is remembered."""
        return self.cache / "interpreters"

    @property
    def wheels(self) -> WheelCache:
        """What was built before. Imported here: looking at venvs needs none of it."""
        from freshvenv.wheels.cache import FOLDER, WheelCache

        return WheelCache(self.cache / FOLDER, self.locks, seen_by_builds(), self.renewed)

    @cached_property
    def installer(self) -> Installer:
        """uv or pip; looked for, and imported, only when something has to be built or fetched."""
        from freshvenv.installers import FOLDER, choose_installer

        return choose_installer(self.cache / FOLDER)

    @property
    def pool(self) -> EnvironmentPool:
        """The kept build environments."""
        from freshvenv.wheels.environments import FOLDER, EnvironmentPool

        directory, choices = self.cache / FOLDER, seen_by_installers()
        return EnvironmentPool(directory, self.locks, self.installer, self.progress, choices)

    def keep_in_bounds(self) -> None:
        """Remove what is too old or too much; called when something was added."""
        from freshvenv.wheels.upkeep import keep_in_bounds

        keep_in_bounds(self.cache, self.locks, self.logs)

    @property
    def is_cramped(self) -> bool:
        """Whether there is too little room for a build where the cache is."""
        try:
            free = os.statvfs(self.cache)
        except OSError:
            return True
        return free.f_bavail * free.f_frsize < _ROOM

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder in the cache where that can be written and has room, else where the system has its own."""
        # Imported here: only a build needs such a folder.
        import tempfile

        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            if self.is_cramped:
                raise OSError
            folder = tempfile.TemporaryDirectory(prefix="work-", dir=self.cache, ignore_cleanup_errors=True)
        except OSError:
            folder = tempfile.TemporaryDirectory(prefix="freshvenv-", ignore_cleanup_errors=True)
        with folder as path:
            yield Path(path)
