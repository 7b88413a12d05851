"""The voucher: what ``freshvenv run`` may take for fresh without looking further, one file in each venv.

Lines of a word and a value. ``top``: the working tree. ``commit``: HEAD. ``pathspec``: what git was asked about.
``edit``: a line of the picture of the working tree (:mod:`freshvenv.source.picture`). ``newer``: a witness; when it is
newer than the voucher, or gone, the voucher says nothing. ``absent``: a path at which nothing was. ``end`` is the last
line: a voucher without it was cut.

Only :mod:`os` is imported, as for the stamp of the hooks, which vouches for all venvs and for HEAD alone.
"""

from __future__ import annotations

import os

from freshvenv import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HEADER = "freshvenv 1"

_WORDS = ("top", "commit", "pathspec", "edit", "newer", "absent")


def voucher_file(venv: str) -> str:
    """Where the voucher of a venv is."""
    return os.path.join(venv, ".freshvenv", "voucher")


def render(
    top: str,
    commit: str,
    pathspecs: Iterable[str],
    edits: Iterable[str],
    newer: Iterable[str],
    absent: Iterable[str],
) -> str:
    """The voucher's text; empty when a path has a newline."""
    values = zip(_WORDS, ([top], [commit], pathspecs, edits, newer, absent), strict=True)
    return facts.render(HEADER, ((word, value) for word, found in values for value in found))


def vouches(venv: str, top: str, commit: str, look: Callable[[Sequence[str]], tuple[str, ...] | None]) -> bool:
    """Whether the venv holds what is in the working tree at ``top``, whose HEAD is ``commit``.

    ``look`` takes a picture of the working tree, given pathspecs; it is asked last.
    """
    try:
        found, written = facts.read(voucher_file(venv), HEADER, _WORDS)
        if any(os.stat(path).st_mtime_ns > written for path in found["newer"]):
            return False
        if any(map(os.path.lexists, found["absent"])):
            return False
    except (OSError, ValueError):
        return False
    if found["top"] != [top] or found["commit"] != [commit] or not found["newer"]:
        return False
    return look(found["pathspec"]) == tuple(found["edit"])
