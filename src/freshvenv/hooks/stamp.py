"""The stamp: what a hook may take for done without looking further, in a form that ``sh`` can read.

A line a fact, a word and then its value, in this order. ``newer PATH``: a witness; when it is newer than the stamp,
or gone, the stamp says nothing any more. ``absent PATH``: something that was not there and would have to be looked at
if it were. ``commit ID``: HEAD when all was fresh; where it still is, the shim reads no further, since a shell reads a
byte at a time. ``tree ID PATH``: the hash of a path (``.`` for the top) in that commit. ``end``: a stamp without it was
cut. Paths are relative to the top of the work tree, or absolute.

Only :mod:`os` and what it has loaded anyway is imported: this is read before anything else is loaded.
"""

from __future__ import annotations

import os

from freshvenv.own import read_dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HEADER = "freshvenv 2"

LARGEST = 1024 * 1024
"""More bytes than any stamp has."""


def render(commit: str, trees: Mapping[str, str], newer: Iterable[str], absent: Iterable[str]) -> str:
    """The stamp's text; empty when a path has white space that ``read`` in ``sh`` would not give back."""
    lines = [HEADER]
    lines += [f"newer {path}" for path in newer]
    lines += [f"absent {path}" for path in absent]
    if commit:
        lines.append(f"commit {commit}")
    lines += [f"tree {tree} {path}" for path, tree in trees.items()]
    if any("\0" in line or " ".join(line.split()) != line for line in lines):
        return ""
    return "\n".join([*lines, "end", ""])


def holds(stamp: str, top: str, commit: str) -> bool:
    """Whether the stamp file vouches for HEAD at ``commit``: nothing has to be looked at."""
    try:
        content, written = read_dated(stamp, LARGEST)
        lines = os.fsdecode(content).split("\n")
        if lines[0] != HEADER or lines[-2:] != ["end", ""] or f"commit {commit}" not in lines:
            return False
        for line in lines[1:]:
            word, _, path = line.partition(" ")
            if word == "newer" and os.stat(os.path.join(top, path)).st_mtime_ns > written:
                return False
            if word == "absent" and os.path.lexists(os.path.join(top, path)):
                return False
    except (OSError, ValueError):
        return False
    return True
