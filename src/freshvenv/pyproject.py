"""What a ``pyproject.toml`` holds, once it is parsed: tables in tables, and names of distributions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path


def dig(table: object, *keys: str) -> object:
    """The value at a path of keys, or nothing where there is no such path."""
    for key in keys:
        if not isinstance(table, Mapping):
            return None
        table = table.get(key)
    return table


def normalized(name: str) -> str:
    """The form in which names of distributions are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def folders_upwards(start: Path) -> Iterator[Path]:
    """A folder and those above it, up to the top of the repository."""
    for folder in (start, *start.parents):
        yield folder
        if (folder / ".git").exists():
            return
