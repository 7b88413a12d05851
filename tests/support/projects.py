"""Projects as their ``pyproject.toml`` says, for tests that build none."""

from __future__ import annotations

from typing import Any


def built_by(*requires: str, **tables: Any) -> dict[str, Any]:
    """A ``pyproject.toml`` whose version is not in it."""
    return {"build-system": {"requires": list(requires)}, "project": {"name": "demo", "dynamic": ["version"]}, **tables}


def static(*requires: str, **tables: Any) -> dict[str, Any]:
    """A ``pyproject.toml`` with all metadata in it."""
    return {"build-system": {"requires": list(requires)}, "project": {"name": "demo", "version": "1.0"}, **tables}
