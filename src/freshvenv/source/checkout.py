"""A clean checkout of one tree, outside the work tree, with git metadata as in a fresh clone.

A build in the work tree sees what other branches left behind (``build/lib``, ``*.egg-info``, ignored files); a
``git archive`` has no ``.git`` and obeys ``export-ignore``; a linked worktree registers itself in the user's
repository. So this is a repository of its own that borrows the objects: nothing is copied and nothing is registered.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from freshvenv.errors import GitError
from freshvenv.files import new_directory, remove_tree
from freshvenv.source.git import Head, Repository, discover, git
from freshvenv.source.snapshot import ObjectStore, quoted
from freshvenv.source.worktree import read_work_tree

# Settings of the clone that change which bytes a checkout writes, or where its content comes from. A fresh clone
# would have them from the same place: the user, or `git clone` itself.
_CARRIED = (
    r"^(core\.(autocrlf|eol|symlinks|filemode|ignorecase|protecthfs|protectntfs)|filter\..*"
    r"|remote\..*\.(url|promisor|partialclonefilter)|extensions\.partialclone)$"
)


@contextmanager
def clean_checkout(repository: Repository, head: Head, tree: str, parent: Path) -> Iterator[Path]:
    """Check ``tree`` out into a new folder below ``parent``, with HEAD, branch and tags as they are; remove it after.

    Where ``tree`` is not that of HEAD (a snapshot of uncommitted work), git says in the checkout what it says in the
    work tree: files differ from HEAD. Submodules that are populated in the work tree are populated.
    Raises :class:`GitError`.
    """
    parent.mkdir(parents=True, exist_ok=True)
    where = new_directory(parent, "checkout-")
    try:
        _populate(repository, head, tree, where)
        yield where
    finally:
        remove_tree(where)


def _populate(repository: Repository, head: Head, tree: str, where: Path) -> None:
    format_of_ids = "sha256" if len(head.commit) == 64 else "sha1"
    _ask(where, "init", "--quiet", "--template=", f"--object-format={format_of_ids}")
    store = ObjectStore(repository)
    borrowed = [path for path in (store.borrowed, store.path) if path.is_dir()]
    inner = where / ".git"
    lines = [_alternate(path) for path in borrowed]
    (inner / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (inner / "objects" / "info" / "alternates").write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    _carry_settings(repository, inner)
    _carry_refs(repository, head, where)
    shallow = repository.common_dir / "shallow"
    if shallow.exists():
        shutil.copyfile(shallow, inner / "shallow")
    _ask(where, "read-tree", "--reset", "-u", tree)
    env = store.environment() if store.path.is_dir() else None
    for path, commit in repository.submodules(tree, ".", env):
        if commit:
            _populate_submodule(repository.top / path, where / path)


def _alternate(path: Path) -> str:
    text = quoted(path)
    # A line that starts with # is a comment in this file.
    return f'"{text}"\n' if text.startswith("#") else f"{text}\n"


def _carry_settings(repository: Repository, inner: Path) -> None:
    pairs = list(repository.settings(_CARRIED))
    large_files = repository.common_dir / "lfs"
    if large_files.is_dir():
        pairs.append(("lfs.storage", str(large_files)))
    for key, value in pairs:
        _ask(inner.parent, "config", "--local", "--add", key, value)


def _carry_refs(repository: Repository, head: Head, where: Path) -> None:
    """Tags for ``git describe``, remote branches as in a clone, and the name of the branch that is checked out."""
    listing = repository.ask("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags", "refs/remotes")
    inner = where / ".git"
    (inner / "packed-refs").write_text(f"{listing}\n" if listing else "", encoding="utf-8", errors="surrogateescape")
    branch = repository.branch()
    if branch:
        _ask(where, "update-ref", branch, head.commit)
        _ask(where, "symbolic-ref", "HEAD", branch)
    else:
        _ask(where, "update-ref", "--no-deref", "HEAD", head.commit)


def _populate_submodule(source: Path, where: Path) -> None:
    """Check out what is in the work tree of a submodule, its uncommitted files included."""
    inner = read_work_tree(discover(source), ())
    where.mkdir(parents=True, exist_ok=True)
    _populate(inner.repository, inner.head, inner.tree, where)


def _ask(where: Path, *words: str) -> str:
    done = git(*words, cwd=where, env={"GIT_CEILING_DIRECTORIES": os.fspath(where.parent)})
    if done.status != 0:
        raise GitError(f"a clean checkout failed: git {words[0]}: {done.complaint}")
    return done.text
