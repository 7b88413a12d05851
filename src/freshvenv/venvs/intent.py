"""The note that an install is under way, written before the first file changes and dropped after the receipt."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import write_atomically
from freshvenv.own import read_own

FORMAT = 1


class Intent(NamedTuple):
    """An install that was begun in a venv for a project: every path of it that may be there afterwards.

    ``paths`` has those of the old install and of the new one, relative to the venv; ``readable`` is false when the
    note itself is damaged, which still means that something was begun.
    """

    file: Path
    project: str
    paths: frozenset[str]
    readable: bool = True

    def drop(self) -> None:
        """The install is finished, or was rolled forward."""
        self.file.unlink(missing_ok=True)


def write_intent(file: Path, project: str, paths: Iterable[str]) -> Intent:
    """Note what is about to happen. Returns when it is on the disk. Raises ``OSError``."""
    intent = Intent(file, project, frozenset(paths))
    content = {"version": FORMAT, "project": project, "paths": sorted(intent.paths)}
    write_atomically(file, json.dumps(content).encode())
    return intent


def read_intents(state: Path) -> list[Intent]:
    """The intents that earlier runs left in a venv."""
    return [_read(file) for file in sorted(state.glob("*.intent.json"))]


def _read(file: Path) -> Intent:
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        data = json.loads(read_own(file))
        paths = frozenset(path for path in data["paths"] if isinstance(path, str))
        if data["version"] == FORMAT and isinstance(data["project"], str):
            return Intent(file, data["project"], paths)
    return Intent(file, "", frozenset(), readable=False)
