"""The voucher: what ``freshvenv run`` may take for fresh without looking further, one file in each venv.

Lines of a word and a value. ``top``: the work tree. ``commit``: HEAD. ``pathspec``: what git was asked about. ``edit``:
a line of the picture of the work tree (:mod:`freshvenv.source.picture`). ``newer``: a witness; when it is newer than
the voucher, or gone, the voucher says nothing. ``end`` is the last line: a voucher without it was cut.

Only :mod:`os` is imported, as for the stamp of the hooks, which vouches for all venvs and for HEAD alone.
"""

from __future__ import annotations

import os

from freshvenv.own import read_dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HEADER = "freshvenv 1"

LARGEST = 16 * 1024 * 1024
"""More bytes than any voucher has: a line for each edited file."""


def voucher_file(venv: str) -> str:
    """Where the voucher of a venv is."""
    return os.path.join(venv, ".freshvenv", "voucher")


def render(top: str, commit: str, pathspecs: Iterable[str], edits: Iterable[str], newer: Iterable[str]) -> str:
    """The voucher's text; empty when a path has a newline."""
    lines = [HEADER, f"top {top}", f"commit {commit}"]
    lines += [f"pathspec {pathspec}" for pathspec in pathspecs]
    lines += [f"edit {edit}" for edit in edits]
    lines += [f"newer {path}" for path in newer]
    return "" if any("\n" in line for line in lines) else "\n".join([*lines, "end", ""])


def vouches(venv: str, top: str, commit: str, look: Callable[[Sequence[str]], tuple[str, ...] | None]) -> bool:
    """Whether the venv holds what is in the work tree at ``top``, whose HEAD is ``commit``.

    ``look`` takes a picture of the work tree, given pathspecs; it is asked last.
    """
    found: dict[str, list[str]] = {"top": [], "commit": [], "pathspec": [], "edit": [], "newer": []}
    try:
        content, written = read_dated(voucher_file(venv), LARGEST)
        header, *lines = os.fsdecode(content).split("\n")
        if header != HEADER or lines[-2:] != ["end", ""]:
            return False
        for line in lines[:-2]:
            word, _, value = line.partition(" ")
            found[word].append(value)
        if any(os.stat(path).st_mtime_ns > written for path in found["newer"]):
            return False
    except (OSError, ValueError, KeyError):
        return False
    if found["top"] != [top] or found["commit"] != [commit] or not found["newer"]:
        return False
    return look(found["pathspec"]) == tuple(found["edit"])
