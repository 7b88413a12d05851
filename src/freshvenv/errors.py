"""The one family of expected trouble: what is wrong, what to do next, and the exit status that goes with it."""

from __future__ import annotations

import os
from pathlib import Path


class FreshvenvError(Exception):
    """Trouble that a user can do something about.

    ``str(error)`` is one line that says what is wrong; ``hint``, when there is one, says what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


FAULT = "run freshvenv resync once that is fixed"
"""What to do about a fault of the machine."""


def describe_os_error(error: OSError) -> str:
    """What the system says, and of which file, in one line."""
    what = error.strerror or str(error) or type(error).__name__
    return f"{what}: {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else what


class UsageError(FreshvenvError):
    """The command was given something, or started somewhere, it cannot work with."""

    exit_code = 2


class NothingHereError(UsageError):
    """There is nothing to keep fresh: no commit yet, or no project. A hook does not mention it."""


class SettingsError(UsageError):
    """A setting, or the file that holds it, is wrong."""


class StoppedError(FreshvenvError):
    """The user, or a signal, ended the command."""

    exit_code = 130


class GitError(FreshvenvError):
    """git is missing, or said no."""


class OutsideError(GitError):
    """A directory is no part of the tree that is checked out: git ignores it, or it is a repository of its own."""


class BuildError(FreshvenvError):
    """The project could not be built; ``log`` is the file with all that the build printed."""

    def __init__(self, message: str, *, log: Path) -> None:
        super().__init__(message, hint=f"the build log is {log}")
        self.log = log


class SlowBuildError(BuildError):
    """The build took longer than it may, and was ended."""


class VenvError(FreshvenvError):
    """A virtual environment cannot be used as it is."""


class DependencyError(FreshvenvError):
    """The dependencies of the project could not be installed."""
