"""The stamp: what a hook may take for done without looking further, in a form that ``sh`` can read.

It is a folder, and each fact is a name of an empty file in it: a shell lists a folder at once, but reads a file a byte
at a time, which took longer than all else that the shim does. A name is a word and its value, with ``%`` between them
and for each ``/``. ``newer%PATH``: a witness; when it is newer than the stamp, or gone, the stamp says nothing any
more. ``absent%PATH``: something that was not there and would have to be looked at if it were. ``top%PATH``: where the
working tree was, since that may have been moved or copied. ``commit%ID``: HEAD when all was fresh. ``tree%ID%PATH``:
the hash of a path (``.`` for the top) in that commit. ``end%COUNT``: how many others there are, so that a stamp of
which something was lost is known from a whole one; the time of that file is the stamp's. Paths are relative to the top
of the working tree, or absolute.

Only :mod:`os` and what it has loaded anyway is imported to read it: that is done before anything else is loaded.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_LONGEST = 255
"""Bytes that a name may have on the file systems of today."""


def facts(
    top: str, commit: str, trees: Mapping[str, str], newer: Iterable[str], absent: Iterable[str]
) -> tuple[str, ...]:
    """The names of the files, ``end`` last; none when a path has a ``%``, or is too long for a name."""
    pairs = [("top", top)]
    pairs += [("newer", path) for path in newer]
    pairs += [("absent", path) for path in absent]
    if commit:
        pairs.append(("commit", commit))
    pairs += [("tree", f"{tree}/{path}") for path, tree in trees.items()]
    names = dict.fromkeys(f"{word}%{value.replace('/', '%')}" for word, value in pairs)
    if any("%" in value or "\0" in value for _, value in pairs):
        return ()
    if any(len(os.fsencode(name)) > _LONGEST for name in names):
        return ()
    return (*names, f"end%{len(names)}")


def write(stamp: Path, names: tuple[str, ...], date: int) -> None:
    """Put a stamp in the place of what is there, dated to ``date`` (nanoseconds since the epoch). Raises ``OSError``.

    A kill on the way leaves the old one or none, and so do two runs at once that are in each other's way.
    """
    # Imported here: who only reads needs none of it.
    from freshvenv.files import new_directory, remove_tree

    stamp.parent.mkdir(parents=True, exist_ok=True)
    for left in stamp.parent.glob(f"{stamp.name}-*"):  # by killed runs
        remove_tree(left)
    aside = new_directory(stamp.parent, f"{stamp.name}-")
    *others, end = (aside / name for name in names)
    try:
        _make(end)
        for fact in others:
            # One file by many names is made in a fifth of the time that as many files take.
            try:
                os.link(end, fact)
            except OSError:  # not every file system has links
                _make(fact)
        os.utime(end, ns=(date, date))
        remove(stamp)
        aside.rename(stamp)
    except BaseException:
        remove_tree(aside)
        raise


def _make(file: Path) -> None:
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def remove(stamp: Path) -> None:
    """Take away what is in the stamp's place, at once, since nobody is to find a part of it. Raises ``OSError``."""
    from contextlib import suppress

    from freshvenv.files import new_name, remove_tree

    # A new name in the same folder needs no room, and nothing of the stamp itself, which may be somebody else's.
    gone = stamp.parent / new_name(f"{stamp.name}-")
    try:
        os.rename(stamp, gone)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.lstat(gone).st_mode):
        os.unlink(gone)
        return
    # What removes any tree takes longer to load than a stamp to be removed.
    with suppress(OSError):
        for name in os.listdir(gone):
            os.unlink(gone / name)
    remove_tree(gone)


def holds(stamp: str, top: str, commit: str) -> bool:
    """Whether the stamp vouches for HEAD at ``commit``: nothing has to be looked at."""
    try:
        folder = os.lstat(stamp)
        if not stat.S_ISDIR(folder.st_mode) or folder.st_uid != os.geteuid():
            return False
        # As a shell's pattern does, which leaves out what a file system or a file manager hides there.
        names = [name for name in os.listdir(stamp) if not name.startswith(".")]
        end = f"end%{len(names) - 1}"
        if end not in names or f"commit%{commit}" not in names:
            return False
        written = os.lstat(os.path.join(stamp, end)).st_mtime_ns
        return all(_is_so(name, top, written) for name in names)
    except (OSError, ValueError):
        return False


def _is_so(name: str, top: str, written: int) -> bool:
    word, _, value = name.partition("%")
    path = os.path.join(top, value.replace("%", "/"))
    if word == "newer":
        return os.stat(path).st_mtime_ns <= written
    if word == "absent":
        return not os.path.lexists(path)
    if word == "top":
        return os.path.samefile(path, top)
    return word in {"commit", "tree", "end"}
