"""A picture of a working tree: what git says differs from HEAD, with the times of those files.

Two equal pictures of one commit are of the same files. Only :mod:`os` is imported: ``freshvenv run`` looks at this
before anything else is loaded.
"""

from __future__ import annotations

import os

from freshvenv.spawn import output_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

QUIET_GIT = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")
"""Words for git: our own commands start no hooks, no file system monitor, and no collection of garbage."""

STATUS = ("--no-optional-locks", "status", "--porcelain=v1", "-z", "--untracked-files=all", "--")
"""The git command whose output a picture is made of; pathspecs follow."""


_LITTER = ("/__pycache__/", ".egg-info/", "/build/lib/", "/build/lib.", "/build/bdist.", "/build/temp.")
"""Parts of the paths of folders."""


def pathspecs_without(venvs: Iterable[str]) -> tuple[str, ...]:
    """Everything but virtual environments, as pathspecs (gitglossary(7)): their files are no part of the project."""
    return tuple(f":(top,exclude,literal){path}" for path in venvs)


def rows_of(listing: str) -> Iterator[tuple[str, str]]:
    """Letters and path of each entry of ``git status --porcelain=v1 -z``; of a renamed file, both names."""
    rows = iter(row for row in listing.split("\0") if row)
    for row in rows:
        yield row[:2], row[3:]
        # A path that was renamed to it follows, whether the index or only the working tree says so.
        if "R" in row[:2] or "C" in row[:2]:
            yield row[:2], next(rows, "")


def is_litter(letters: str, path: str) -> bool:
    """Whether a file is what running and installing leave, and git does not know.

    That is bytecode, ``*.egg-info`` folders, and what setuptools keeps in ``build``, from where it would pack modules
    that are gone. It is no part of a project, even where nobody told git to ignore it. It is not left out by pathspecs,
    which would take git a fifth longer.
    """
    folder = f"/{path.rpartition('/')[0]}/"
    return letters == "??" and any(sign in folder for sign in _LITTER)


def own_rows(listing: str) -> Iterator[tuple[str, str]]:
    """The same but for what is left there (:func:`is_litter`)."""
    return (row for row in rows_of(listing) if not is_litter(*row))


def picture_of(top: str, rows: Iterable[tuple[str, str]]) -> tuple[str, ...] | None:
    """A line a file, from rows of what git printed; nothing where that does not tell everything.

    It does not where there are submodules or other repositories in the working tree: what changed in one is not seen.
    """
    if os.path.lexists(os.path.join(top, ".gitmodules")):
        return None
    lines = list(_lines(top, rows))
    return None if any("\n" in line or not line for line in lines) else tuple(lines)


def take_picture(top: str, pathspecs: Sequence[str]) -> tuple[str, ...] | None:
    """Ask git once; nothing where it cannot tell, either."""
    listing = output_of(["git", "-C", top, *QUIET_GIT, *STATUS, *pathspecs])
    return None if listing is None else picture_of(top, own_rows(os.fsdecode(listing)))


def _lines(top: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for letters, path in rows:
        where = os.path.join(top, path)
        try:
            status = os.lstat(where)
        except OSError:
            yield f"{letters} gone {path}"
            continue
        if os.path.isdir(where) and not os.path.islink(where):
            yield ""
        else:
            yield f"{letters} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {path}"
