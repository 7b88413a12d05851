"""Notes of our own for doors that load hardly anything: lines of a word and a value, and a last line, ``end``.

Only :mod:`os` and what it has loaded anyway is imported.
"""

from __future__ import annotations

import os

from freshvenv.own import read_dated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 16 * 1024 * 1024
"""More bytes than any such note has: a line for each file of a large package."""


def render(header: str, facts: Iterable[tuple[str, str]]) -> str:
    """The text of a note; empty when a value has a newline."""
    lines = [header, *(f"{word} {value}" for word, value in facts)]
    return "" if any("\n" in line for line in lines) else "\n".join([*lines, "end", ""])


def read(file: str, header: str, words: Iterable[str]) -> tuple[dict[str, list[str]], int]:
    """The values of each word, and the time of the file in nanoseconds since the epoch.

    Raises ``OSError``, and ``ValueError`` for what :func:`render` did not write with these words, or what was cut.
    """
    found: dict[str, list[str]] = {word: [] for word in words}
    content, written = read_dated(file, LARGEST)
    first, *lines = os.fsdecode(content).split("\n")
    if first != header or lines[-2:] != ["end", ""]:
        raise ValueError(f"{file} is no note of this form")
    for line in lines[:-2]:
        word, _, value = line.partition(" ")
        if word not in found:
            raise ValueError(f"{file} says {word!r}")
        found[word].append(value)
    return found, written
