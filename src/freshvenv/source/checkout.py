"""A clean checkout of one tree, outside the working tree, with git metadata as in a fresh clone.

A build in the working tree sees what other branches left behind (``build/lib``, ``*.egg-info``, ignored files); a
``git archive`` has no ``.git`` and obeys ``export-ignore``; a linked worktree registers itself in the user's
repository. So this is a repository of its own that borrows the objects: nothing is copied and nothing is registered.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from freshvenv.errors import GitError
from freshvenv.files import new_directory, remove_tree
from freshvenv.source.git import Head, Repository, discover, git
from freshvenv.source.snapshot import ObjectStore, quoted
from freshvenv.source.working_tree import read_working_tree

# Settings of the clone that change which bytes a checkout writes, or where its content comes from. A fresh clone
# would have them from the same place: the user, or `git clone` itself.
_CARRIED = (
    r"^(core\.(autocrlf|eol|symlinks|filemode|ignorecase|protecthfs|protectntfs)|filter\..*"
    r"|remote\..*\.(url|promisor|partialclonefilter)|extensions\.partialclone)$"
)


# Where objects are left on the other side until they are needed (partial clones), also how git gets there.
_OF_PARTIAL_CLONES = r"^(url\..*\.insteadof|core\.sshcommand|http\..*|credential\..*)$"


@contextmanager
def clean_checkout(
    repository: Repository, head: Head, tree: str, parent: Path, untracked: Iterable[str] = ()
) -> Iterator[Path]:
    """Check ``tree`` out into a new folder below ``parent``, with HEAD, branch and tags as they are; remove it after.

    Where ``tree`` is not that of HEAD (a snapshot of uncommitted work), git says in the checkout what it says in the
    working tree: files differ from HEAD, and ``untracked`` ones are not in its index. Submodules that are populated in
    the working tree are populated. Raises :class:`GitError`.
    """
    parent.mkdir(parents=True, exist_ok=True)
    where = new_directory(parent, "checkout-")
    try:
        _populate(repository, head, tree, where)
        _forget(where, untracked)
        yield where
    finally:
        remove_tree(where)


def _populate(repository: Repository, head: Head, tree: str, where: Path) -> None:
    store = ObjectStore(repository)
    _make_repository(repository, head, where / ".git")
    _ask(where, "read-tree", "--reset", "-u", tree)
    env = store.environment() if store.path.is_dir() else None
    for path, commit in repository.submodules(tree, ".", env):
        if commit:
            _populate_submodule(repository.top / path, where / path)


def _forget(where: Path, untracked: Iterable[str]) -> None:
    """Leave files on disk that git is not to know: they make no version dirty, and no file finder lists them."""
    names = b"".join(os.fsencode(name) + b"\0" for name in untracked)
    if names:
        done = git("update-index", "--force-remove", "-z", "--stdin", cwd=where, input=names)
        if done.status != 0:
            raise GitError(f"a clean checkout failed: git update-index: {done.complaint}")


def _make_repository(repository: Repository, head: Head, inner: Path) -> None:
    """What ``git init`` and half a dozen more commands would write (gitrepository-layout(5)), at the price of none.

    Tags for ``git describe``, remote branches as in a clone, and the name of the branch that is checked out.
    """
    store = ObjectStore(repository)
    for folder in (inner / "objects" / "info", inner / "refs" / "heads"):
        folder.mkdir(parents=True, exist_ok=True)
    borrowed = [path for path in (store.borrowed, store.path) if path.is_dir()]
    _write(inner / "objects" / "info" / "alternates", "".join(_alternate(path) for path in borrowed))
    _write(inner / "config", _config(repository, head))
    branch = repository.branch()
    rows = [repository.ask("for-each-ref", "--format=%(objectname) %(refname)", "refs/tags", "refs/remotes")]
    if branch:
        rows.append(f"{head.commit} {branch}")
    _write(inner / "packed-refs", "".join(f"{row}\n" for row in rows if row))
    _write(inner / "HEAD", f"ref: {branch}\n" if branch else f"{head.commit}\n")
    shallow = repository.common_dir / "shallow"
    if shallow.exists():
        shutil.copyfile(shallow, inner / "shallow")


def _write(path: Path, text: str) -> None:
    path.write_bytes(os.fsencode(text))


def _config(repository: Repository, head: Head) -> str:
    is_sha256 = len(head.commit) == 64
    pairs = [("core.repositoryformatversion", "1" if is_sha256 else "0"), ("core.bare", "false")]
    if is_sha256:
        pairs.append(("extensions.objectformat", "sha256"))
    carried = repository.settings(_CARRIED)
    pairs += ((key, _from_anywhere(repository, value) if key.endswith(".url") else value) for key, value in carried)
    if any(key.endswith(".promisor") for key, _ in carried):
        pairs += repository.settings(_OF_PARTIAL_CLONES)
    large_files = repository.common_dir / "lfs"
    if large_files.is_dir():
        pairs.append(("lfs.storage", str(large_files)))
    return "".join(_config_lines(key, value) for key, value in pairs)


def _from_anywhere(repository: Repository, url: str) -> str:
    """The URL of a remote; where it is a path relative to the working tree, an absolute one."""
    path = repository.top / url
    return os.path.normpath(path) if url and path.exists() else url


def _config_lines(key: str, value: str) -> str:
    """A setting in the syntax of git-config(1), whatever characters are in it."""
    section, _, rest = key.partition(".")
    subsection, _, name = rest.rpartition(".")
    title = f'{section} "{_escaped(subsection)}"' if subsection else section
    return f'[{title}]\n\t{name} = "{_escaped(value, newline=chr(92) + "n")}"\n'


def _escaped(text: str, *, newline: str = "\n") -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", newline)


def _alternate(path: Path) -> str:
    text = quoted(path)
    # A line that starts with # is a comment in this file.
    return f'"{text}"\n' if text.startswith("#") else f"{text}\n"


def _populate_submodule(source: Path, where: Path) -> None:
    """Check out what is in the working tree of a submodule, its uncommitted files included."""
    inner = read_working_tree(discover(source), ())
    where.mkdir(parents=True, exist_ok=True)
    _populate(inner.repository, inner.head, inner.tree, where)


def _ask(where: Path, *words: str) -> str:
    done = git(*words, cwd=where, env={"GIT_CEILING_DIRECTORIES": os.fspath(where.parent)})
    if done.status != 0:
        raise GitError(f"a clean checkout failed: git {words[0]}: {done.complaint}")
    return done.text
