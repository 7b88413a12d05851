"""Where a command was called, and what it works with."""

from __future__ import annotations

import sys
from pathlib import Path

from freshvenv.environment import cache_directory, shows_progress, state_directory
from freshvenv.progress import Progress
from freshvenv.source.git import Repository, discover
from freshvenv.workshop import Workshop


def here() -> Repository:
    """The repository of the current directory. Raises :class:`UsageError`."""
    return discover(Path.cwd())


def workshop() -> Workshop:
    """The user's own folders."""
    return Workshop(cache_directory(), state_directory(), Progress(sys.stderr if shows_progress() else None))
