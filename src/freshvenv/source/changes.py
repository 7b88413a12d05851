"""Which files changed between the tree that is installed and the one that is checked out, for a person to read."""

from __future__ import annotations

from dataclasses import dataclass

from freshvenv.source.git import Repository
from freshvenv.source.snapshot import ObjectStore


@dataclass(frozen=True, slots=True)
class Change:
    """One file: ``kind`` is git's letter for what happened to it (git-diff(1): A, D, M, R, T)."""

    kind: str
    path: str


def changed_files(repository: Repository, old: str, new: str) -> tuple[Change, ...] | None:
    """The files in which two trees differ, or nothing when one of the trees is no longer known."""
    # Imported here: it takes about 95 ms, and looks for git while it is imported.
    import git
    from git.exc import BadName, BadObject, GitCommandError

    with git.Repo(repository.top) as repo:
        store = ObjectStore(repository)
        if store.path.is_dir():
            repo.git.update_environment(**store.environment())
        try:
            listing: str = repo.git.diff_tree("-r", "-z", "--no-renames", "--name-status", old, new)
        except (GitCommandError, BadName, BadObject):
            return None
    words = [word for word in listing.split("\0") if word]
    return tuple(Change(kind, path) for kind, path in zip(words[::2], words[1::2], strict=True))
