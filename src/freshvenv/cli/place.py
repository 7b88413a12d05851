"""Where a command was called."""

from __future__ import annotations

from pathlib import Path

from freshvenv.source.git import Repository, discover


def here() -> Repository:
    """The repository of the current directory. Raises :class:`UsageError`."""
    return discover(Path.cwd())
