"""HEAD as git's own files have it (gitrepository-layout(5)), for questions that are not worth a process.

Only :mod:`os` is imported: hooks ask this before anything else is loaded.
"""

from __future__ import annotations

import os

_DEEPEST = 5
"""How many names of names git follows."""


def head_branch(git_dir: str) -> str:
    """The full name of the branch that is checked out; empty when there is none, and where only git can tell."""
    try:
        head = head_text(git_dir)
    except OSError:
        return ""
    # Where refs are in another format, this file names a branch that cannot be.
    return head[5:] if head.startswith("ref: refs/heads/") and not head.endswith("/.invalid") else ""


def head_commit(git_dir: str) -> str:
    """The commit at HEAD; empty where only git can tell, as with another format of refs."""
    try:
        value = head_text(git_dir)
        if not value.startswith("ref: "):
            return value
        common = common_dir(git_dir)
        # A branch may be another name of a branch (git-symbolic-ref(1)).
        for _ in range(_DEEPEST):
            value = _value(common, value[5:])
            if not value.startswith("ref: "):
                return value
    except OSError:
        pass
    return ""


def common_dir(git_dir: str) -> str:
    """The directory that a git directory shares with those of other worktrees; its own where there are none."""
    link = os.path.join(git_dir, "commondir")
    return os.path.join(git_dir, _read(link)) if os.path.exists(link) else git_dir


def _value(common: str, ref: str) -> str:
    """What a ref is; empty where there is no such ref."""
    loose = os.path.join(common, ref)
    if os.path.exists(loose):
        return _read(loose)
    with open(os.path.join(common, "packed-refs"), encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            if line.endswith(f" {ref}\n"):
                return line.partition(" ")[0]
    return ""


def head_text(git_dir: str) -> str:
    """What HEAD is in git's file: a commit, or ``ref: `` and the name of a branch. Raises ``OSError``."""
    return _read(os.path.join(git_dir, "HEAD"))


def find_top() -> str:
    """The top of the working tree around the current directory; empty where there is none."""
    folder = os.getcwd()
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def find_git_dir(top: str) -> str:
    """The git directory of the working tree at ``top``; empty where there is none."""
    inner = os.path.join(top, ".git")
    if os.path.isdir(inner):
        return inner
    try:
        text = _read(inner)
    except OSError:
        return ""
    return os.path.join(top, text[8:]) if text.startswith("gitdir: ") else ""


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().rstrip("\n")
