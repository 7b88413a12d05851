"""The working tree as a git tree, uncommitted edits included, without leaving anything in the user's object store."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import GitError
from freshvenv.files import remove_tree
from freshvenv.source.git import Repository

LIFETIME = 30 * 24 * 3600
"""Seconds after which an object goes that no snapshot had meanwhile."""

SIZE = 512 * 1024**2
"""Bytes that may be kept of what no snapshot had in the last hour, the latest first."""

_OFTEN = 3600
"""Seconds between two looks at what is too old or too much."""

_LEFT_BEHIND = 24 * 3600
"""Seconds from which on what is half done was left by a killed run."""


_WHOLE = ("-c", "core.splitIndex=false")
"""Words for git: an index in two parts would have one beside the user's own, and writing it removes those."""


class ObjectStore(NamedTuple):
    """Where our own objects are: a folder that borrows from the repository's store and lends nothing to it."""

    repository: Repository

    @property
    def path(self) -> Path:
        return self.repository.shared_state / "objects"

    @property
    def borrowed(self) -> Path:
        """The repository's own store."""
        return self.repository.common_dir / "objects"

    def environment(self) -> dict[str, str]:
        """Variables with which git writes to our store and reads both."""
        return {
            "GIT_OBJECT_DIRECTORY": str(self.path),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": quoted(self.borrowed),
        }

    def prune(self) -> None:
        """Remove what no snapshot had for a month, and what is too much, now and then. Not being able to is no harm.

        git gives an object that it would write again the time of now, so one that is needed is young. An install whose
        tree is gone stays what it is; only which files differ from it can no longer be told.
        """
        state = self.repository.shared_state
        mark, now = self.path / "pruned", time.time()
        with suppress(OSError):
            if mark.exists() and 0 <= now - mark.stat().st_mtime < _OFTEN:
                return
            mark.touch()
            known = sorted(((file.lstat(), file) for file in self.path.glob("??/*")), key=lambda it: -it[0].st_mtime)
            total = 0
            for status, file in known:
                total += status.st_size
                age = now - status.st_mtime
                if age > LIFETIME or (total > SIZE and age > _OFTEN):
                    file.unlink(missing_ok=True)
            for left in state.glob("index-*"):
                if now - left.lstat().st_mtime > _LEFT_BEHIND:
                    remove_tree(left)


def quoted(path: Path) -> str:
    """A path as lists of alternates hold it: C-quoted where it has a character that would end it.

    https://git-scm.com/docs/git#Documentation/git.txt-codeGITALTERNATEOBJECTDIRECTORIEScode
    """
    text = str(path)
    if not any(sign in text for sign in ':"\n\\'):
        return text
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def write_snapshot(repository: Repository, changed: Collection[str]) -> str:
    """Write the working tree as a tree, given the paths in which it differs from HEAD.

    Returns the tree's hash. The user's index and object store stay as they are. Raises :class:`GitError`.
    """
    # Imported here: a working tree without edits needs none of it.
    import shutil
    import tempfile

    store = ObjectStore(repository)
    store.path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="index-", dir=repository.shared_state) as scratch:
        index = Path(scratch, "index")
        if (repository.git_dir / "index").exists():
            # Its recorded file times come along, so git hashes only what was changed.
            shutil.copy2(repository.git_dir / "index", index)
        env = {**store.environment(), "GIT_INDEX_FILE": str(index)}
        gone = {path for path in changed if _is_gone(repository.top, path)}
        # What is gone goes first: its name may be a folder's now.
        _update_index(repository, env, "--force-remove", sorted(gone))
        _update_index(repository, env, "--add", sorted(set(changed) - gone))
        tree = repository.ask(*_WHOLE, "write-tree", env=env)
    store.prune()
    return tree


def _is_gone(top: Path, name: str) -> bool:
    """Whether there is no such file, nor a submodule. What a link leads to that took a folder's place is none."""
    path = top / name
    if os.path.realpath(path.parent) != os.path.join(os.path.realpath(top), os.path.dirname(name)).rstrip("/"):
        return True
    if path.is_dir() and not path.is_symlink():
        return not (path / ".git").exists()
    return not path.is_symlink() and not path.exists()


def _update_index(repository: Repository, env: dict[str, str], mode: str, paths: list[str]) -> None:
    if not paths:
        return
    text = b"".join(os.fsencode(path) + b"\0" for path in paths)
    updated = repository.git(*_WHOLE, "update-index", mode, "--replace", "-z", "--stdin", env=env, input=text)
    if updated.status != 0:
        raise GitError(f"the working tree cannot be read: {updated.complaint}")
