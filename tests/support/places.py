"""Where the repositories of the tests are: at an ordinary path, or in one of the places that tools forget.

``FRESHVENV_TEST_PLACE`` names the place for a whole run of the suite; see the session ``poisoned`` in ``noxfile.py``.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path


class Place(Enum):
    """What kind of place it is."""

    ORDINARY = ""
    WORKTREE = "worktree"
    """A linked worktree (git-worktree(1)); the main one has a detached HEAD."""
    SUBMODULE = "submodule"
    """A submodule, with its git directory in that of the repository around it (gitsubmodules(7))."""
    ODD_PATH = "odd-path"
    """Below a folder whose name has spaces, quotes, a dollar, letters beyond ASCII, and a newline."""


PLACE = Place(os.environ.get("FRESHVENV_TEST_PLACE", ""))
"""That of this run."""

ODD_NAME = 'it\'s an "odd" $(place)\nfür `alle`'
ODD_LINE = ODD_NAME.replace("\n", " ")
"""The same for what cannot be in a place whose path has a line end."""


def move(git: Callable[..., str], top: Path, place: Place) -> None:
    """Make what is an ordinary repository at ``top`` one in that place, at the same path, on the same branch."""
    match place:
        case Place.WORKTREE:
            _make_worktree(git, top)
        case Place.SUBMODULE:
            _make_submodule(git, top)
        case Place.ORDINARY | Place.ODD_PATH:
            pass


def _make_worktree(git: Callable[..., str], top: Path) -> None:
    branch = git("branch", "--show-current", cwd=top)
    main = top.with_name(f".{top.name}-main")
    top.rename(main)
    git("switch", "--quiet", "--detach", cwd=main)
    git("worktree", "add", "--quiet", str(top), branch, cwd=main)


def _make_submodule(git: Callable[..., str], top: Path) -> None:
    around = top.parent
    if not (around / ".git").exists():
        git("init", "--quiet", "--initial-branch=main", cwd=around)
    # A submodule's name is a key of .gitmodules, which has no line end.
    name = top.name.replace("\n", " ")
    git("submodule", "--quiet", "add", "--name", name, f"./{top.name}", top.name, cwd=around)
    git("submodule", "--quiet", "absorbgitdirs", top.name, cwd=around)
    git("commit", "--quiet", "--message", f"add {top.name}", cwd=around)
