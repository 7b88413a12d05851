"""The note that files of another commit were brought into the work tree, of which no reflog tells.

``git checkout FETCH_HEAD -- .``, ``git restore --source`` and ``git merge --squash`` leave HEAD where it is and a
stranger's files on top of it. The shim makes the note when git tells it so (githooks(5): post-checkout with flag 0,
post-merge with flag 1). As long as anything is uncommitted after that, nothing is built unasked.
"""

from __future__ import annotations

import os

from freshvenv.source.git import Repository
from freshvenv.source.snapshot import Unseen

NAME = "brought"


def lies_about(repository: Repository) -> bool:
    """Whether such files may lie uncommitted in the work tree; the note is dropped when nothing does."""
    note = repository.own_state / NAME
    if not note.exists():
        return False
    if repository.uncommitted(Unseen().pathspecs):
        return True
    note.unlink(missing_ok=True)
    return False


def accept(repository: Repository) -> None:
    """Take what lies in the work tree for the user's own."""
    note = repository.own_state / NAME
    # On a disk that cannot be written, removing what is not there is an error, too.
    if os.path.lexists(note):
        note.unlink(missing_ok=True)
