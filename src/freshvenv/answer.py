"""The answer: what ``freshvenv status`` said when every venv was fresh, and all that it rested on.

It is given again where all of that is exactly as it was, and the working tree, too. Nothing is compared by which is
newer, as stamp and voucher do, so a clock that was set back changes nothing; and each installed file is looked at.

``here``: what the asker is: working tree, HEAD, where git finds a person's settings. ``same``: a file or directory, its
times in nanoseconds, its size and its number. ``absent``: a path at which nothing is. ``link`` and ``real``: a symbolic
link, and where it leads in the end. ``pathspec`` and ``edit``: as in a voucher. ``say``: a line of what was said.

Only :mod:`os` is imported: ``freshvenv status`` looks at this before anything else is loaded.
"""

from __future__ import annotations

import os

from freshvenv import facts
from freshvenv.gitconfig import personal_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HEADER = "freshvenv 2"

_WORDS = ("here", "same", "absent", "link", "real", "pathspec", "edit", "say")


def answer_file(git_dir: str) -> str:
    """Where the answer for a working tree is, whose own git directory this is."""
    return os.path.join(git_dir, "freshvenv", "answer")


def asked_from(top: str, head: str, commit: str) -> tuple[str, ...]:
    """What an answer is for: a working tree, what its HEAD names, and whose settings are in force; empty in doubt."""
    person = personal_variables()
    return (f"top {top}", f"head {head}", f"commit {commit}", *person) if person else ()


def state_of(path: str) -> str:
    """What must not change of a file or a directory; a link itself is meant. Raises ``OSError``."""
    status = os.lstat(path)
    return f"{status.st_mtime_ns} {status.st_ctime_ns} {status.st_size} {status.st_ino} {path}"


def changed_at(state: str) -> int:
    """When a file was changed by that state, its times and names included, in nanoseconds since the epoch."""
    return int(state.split(" ", 2)[1])


def render(
    asked: Iterable[str],
    same: Iterable[str],
    absent: Iterable[str],
    links: Sequence[str],
    pathspecs: Iterable[str],
    edits: Iterable[str],
    said: Iterable[str],
) -> str:
    """The text of an answer; empty when a path has a newline. ``same`` are states."""
    reals = map(os.path.realpath, links)
    values = zip(_WORDS, (asked, same, absent, links, reals, pathspecs, edits, said), strict=True)
    return facts.render(HEADER, ((word, value) for word, found in values for value in found))


def recall(
    git_dir: str, asked: Sequence[str], look: Callable[[Sequence[str]], tuple[str, ...] | None]
) -> tuple[str, ...] | None:
    """The lines that were said, where they would be said again; nothing in doubt.

    ``look`` takes a picture of the working tree, given pathspecs; it is asked last.
    """
    try:
        found, _ = facts.read(answer_file(git_dir), HEADER, _WORDS)
        if not asked or found["here"] != [*asked] or any(map(os.path.lexists, found["absent"])):
            return None
        if not found["same"] or any(state_of(line.split(" ", 4)[4]) != line for line in found["same"]):
            return None
        if list(map(os.path.realpath, found["link"])) != found["real"]:
            return None
    except (OSError, ValueError, IndexError):
        return None
    return tuple(found["say"]) if look(found["pathspec"]) == tuple(found["edit"]) else None
