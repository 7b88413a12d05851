"""A project: a directory with a ``pyproject.toml`` or ``setup.py`` that can be built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Backends whose result depends on nothing but files, as long as no plugin is asked for beside them.
_BLIND_TO_GIT = frozenset({"hatchling", "flit-core", "poetry-core", "uv-build", "setuptools", "wheel"})


@dataclass(frozen=True, slots=True)
class Project:
    """``path`` is relative to the top of the work tree (``.`` for the top itself), ``directory`` is absolute.

    ``pyproject`` is the parsed ``pyproject.toml``, empty where there is none.
    """

    path: str
    directory: Path
    pyproject: Mapping[str, Any]
    has_setup_py: bool

    @property
    def name(self) -> str:
        """The declared name; empty when only a build can tell (``setup.py``)."""
        for keys in (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "module")):
            value = _dig(self.pyproject, *keys)
            if isinstance(value, str):
                return value
        return ""

    @property
    def is_buildable(self) -> bool:
        """Whether pip would take the directory for a project."""
        return self.has_setup_py or "build-system" in self.pyproject or "project" in self.pyproject

    @property
    def may_read_git(self) -> bool:
        """Whether a build may give another version when tags or commits change and no file does.

        In doubt it may: the price is a build that gives the same wheel again.
        """
        if isinstance(_dig(self.pyproject, "project", "version"), str):
            return False
        requires = _dig(self.pyproject, "build-system", "requires")
        if not isinstance(requires, list):
            return self.has_setup_py
        names = {re.sub(r"[-_.]+", "-", _leading_name(line)).lower() for line in requires}
        if self.has_setup_py and "setuptools" in names:
            return True
        if names == {"pdm-backend"}:
            return _dig(self.pyproject, "tool", "pdm", "version", "source") == "scm"
        return not names <= _BLIND_TO_GIT or _dig(self.pyproject, "build-system", "backend-path") is not None


def _leading_name(requirement: object) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", str(requirement))
    return match[0] if match else ""


def _dig(table: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(table, Mapping):
            return None
        table = table.get(key)
    return table
