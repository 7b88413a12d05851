"""The note that files of another commit were brought into the working tree, of which no reflog tells.

``git checkout FETCH_HEAD -- .``, ``git restore --source`` and ``git merge --squash`` leave HEAD where it is and a
stranger's files on top of it. git tells the hook that something of the kind happened (githooks(5): post-checkout with
flag 0, post-merge with flag 1), and not where the files are from; ``git restore FILE``, which throws an edit away,
fires the same. So the shim makes a note, and the same hook looks at what lies uncommitted, while it is as it came.
"""

from __future__ import annotations

import json
import os
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import remove_tree, write_atomically
from freshvenv.own import read_own
from freshvenv.source.git import Repository

NAME = "brought"


class Brought(Enum):
    """What is known of the files that were brought; the value is what the note says."""

    NOTHING = ""
    NEW = "new"
    """They were not looked at yet."""
    STRANGE = "strange"
    ACCEPTED = "accepted"
    """The user took them for his own."""


def brought(repository: Repository) -> Brought:
    """What the note says. One that says anything else, or that is no file, is taken for the worst."""
    note = repository.own_state / NAME
    try:
        return Brought(read_own(note, 100).decode().strip() or Brought.STRANGE.value)
    except FileNotFoundError:
        return Brought.NOTHING
    except (OSError, ValueError):
        return Brought.STRANGE


def note_brought(repository: Repository, what: Brought) -> None:
    """Write the note, or drop it. Raises ``OSError``."""
    note = repository.own_state / NAME
    # On a disk that cannot be written, removing what is not there is an error, too.
    if not os.path.lexists(note):
        if what is not Brought.NOTHING:
            write_atomically(note, f"{what.value}\n".encode(), durable=False)
        return
    _remove(note)
    if what is not Brought.NOTHING:
        write_atomically(note, f"{what.value}\n".encode(), durable=False)


class Accepted(NamedTuple):
    """What the user took for his own, as ``freshvenv resync`` found it: another stranger's file is asked about again.

    ``files`` are paths with the names of their content as objects. ``applied`` is what a git command that stopped was
    in the midst of bringing in. ``unseen``: there were more commits than are looked at, so it may be anything.
    """

    files: frozenset[tuple[str, str]] = frozenset()
    applied: tuple[str, ...] = ()
    unseen: bool = False


def read_accepted(repository: Repository) -> Accepted:
    """What is written down; nothing where that cannot be read."""
    try:
        data = json.loads(read_own(repository.own_state / "accepted"))
        files = frozenset((str(path), str(blob)) for path, blob in data["files"])
        return Accepted(files, tuple(map(str, data["applied"])), data["unseen"] is True)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Accepted()


def write_accepted(repository: Repository, accepted: Accepted) -> None:
    """Write it down. Raises ``OSError``."""
    data = {"files": sorted(accepted.files), "applied": accepted.applied, "unseen": accepted.unseen}
    file = repository.own_state / "accepted"
    _remove(file)
    write_atomically(file, json.dumps(data).encode(), durable=False)


def _remove(note: Path) -> None:
    if note.is_dir() and not note.is_symlink():
        remove_tree(note)
    else:
        note.unlink(missing_ok=True)


class InProgress(NamedTuple):
    """What a git command that stopped is in the midst of bringing in: tips, commits, or mails (git-am(1))."""

    merged: tuple[str, ...] = ()
    picked: tuple[str, ...] = ()
    is_mail: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The same as words to be written down and compared."""
        return (*self.merged, *self.picked, *(["mails"] if self.is_mail else []))


def in_progress(repository: Repository) -> InProgress:
    """What a git command that stopped is in the midst of bringing in, if there is one."""
    git_dir = repository.git_dir
    picked = _ids(git_dir / "CHERRY_PICK_HEAD")
    if (git_dir / "rebase-merge").exists() or (git_dir / "rebase-apply").exists():
        picked += _ids(git_dir / "REBASE_HEAD")
    return InProgress(_ids(git_dir / "MERGE_HEAD"), picked, (git_dir / "rebase-apply" / "applying").exists())


def _ids(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return ()
