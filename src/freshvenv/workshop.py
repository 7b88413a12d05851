"""The folders and tools that are shared by everything freshvenv does for a user."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from freshvenv.installers import Installer, choose_installer
from freshvenv.wheels.cache import WheelCache
from freshvenv.wheels.environments import EnvironmentPool


@dataclass(frozen=True)
class Workshop:
    """``cache`` may be lost at any time; ``state`` holds locks and the logs of failed builds."""

    cache: Path
    state: Path

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
        return WheelCache(self.cache / "wheels", self.locks)

    @cached_property
    def installer(self) -> Installer:
        """uv or pip; looked for only when something has to be built or fetched."""
        return choose_installer(self.cache / "pip")

    @property
    def pool(self) -> EnvironmentPool:
        return EnvironmentPool(self.cache / "build-environments", self.locks, self.installer)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one build, in the cache where that can be written, else wherever there is room."""
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            folder = tempfile.TemporaryDirectory(prefix="work-", dir=self.cache, ignore_cleanup_errors=True)
        except OSError:
            folder = tempfile.TemporaryDirectory(prefix="freshvenv-", ignore_cleanup_errors=True)
        with folder as path:
            yield Path(path)
