"""What the numbers were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.world import World

_DISTRIBUTIONS = ("freshvenv", "pre-commit", "prek", "poetry", "pdm", "pip", "uv")


def describe(world: World) -> dict[str, str]:
    """Machine, load and versions, as they are when the measuring starts."""
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "Python": platform.python_version(),
        "git": world.run("git", "--version").rpartition(" ")[2],
    }
    for name in _DISTRIBUTIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    revision = world.run("git", "describe", "--always", "--dirty", cwd=Path(__file__).parent)
    return {**found, "revision": revision}
