"""What killed runs leave in the folders of the user does not stay for ever."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Never

import pytest

from freshvenv.errors import UsageError
from freshvenv.workshop import Workshop


def test_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Never:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    with pytest.raises(UsageError, match="this user has no home directory") as caught:
        Workshop.of_user()
    assert caught.value.hint == "set HOME or XDG_CACHE_HOME"


@pytest.mark.parametrize(
    ("path", "days", "stays"),
    [
        ("cache/work-x", 2, False),
        ("cache/work-x", 0.5, True),
        ("cache/wheels", 99, True),
        ("cache/pip/new-x", 2, False),
        ("cache/pip/new-x", 0.5, True),
        ("state/logs/x.log", 31, False),
        ("state/logs/x.log", 29, True),
        ("state/logs/other", 99, True),
    ],
)
def test_what_killed_runs_left(tmp_path: Path, path: str, days: float, *, stays: bool) -> None:
    left = tmp_path / path
    left.parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".log"):
        left.touch()
    else:
        left.mkdir()
        (left / "file").touch()
    then = time.time() - days * 24 * 3600
    os.utime(left, (then, then))
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "state" / "logs").mkdir(parents=True, exist_ok=True)
    Workshop(tmp_path / "cache", tmp_path / "state").keep_in_bounds()
    assert left.exists() == stays
