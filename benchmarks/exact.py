"""Whether a venv holds what a fresh install of the checked-out commit would put there, file by file."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.checkout import Checkout
from benchmarks.world import World

_ABOUT_INSTALLERS = ("/INSTALLER", "/REQUESTED", "/direct_url.json", "/uv_cache.json", "/uv_build.json")
"""What installers write about themselves. RECORD is compared by its rows, whose order is free."""

Files = Mapping[str, str]
"""Digests by path below site-packages."""


@dataclass(frozen=True)
class Oracle:
    """Makes a fresh install of each commit once, by uv from a clean clone."""

    world: World
    _known: dict[str, Files] = field(default_factory=dict)

    def verdict(self, checkout: Checkout) -> str:
        """``yes``, or ``no`` and what is wrong in the first venv where something is."""
        expected = self._fresh_install(checkout)
        for venv in checkout.venvs:
            found = _files(venv)
            differing = sorted(path for path in found.keys() | expected.keys() if found.get(path) != expected.get(path))
            if _is_editable(venv):
                return "no: now editable"
            if differing:
                shown = next((path for path in differing if not path.endswith("/RECORD")), differing[0])
                return f"no: {len(differing)} of {len(expected)} files differ, e.g. {shown}"
        return "yes"

    def _fresh_install(self, checkout: Checkout) -> Files:
        commit = checkout.head
        if commit not in self._known:
            place = self.world.root / commit
            venv, clone = place / "venv", place / "clone"
            run = self.world.run
            run("git", "clone", "--quiet", "--no-checkout", checkout.path, clone)
            run("git", "checkout", "--quiet", "--detach", commit, cwd=clone)
            run("uv", "venv", "--quiet", "--no-project", "--python", sys.executable, venv)
            run("uv", "pip", "install", "--quiet", "--no-deps", "--python", venv / "bin" / "python", ".", cwd=clone)
            self._known[commit] = _files(venv)
        return self._known[commit]


def _site(venv: Path) -> Path:
    [site] = venv.glob("lib/python*/site-packages")
    return site


def _is_editable(venv: Path) -> bool:
    origins = [json.loads(path.read_bytes()) for path in _site(venv).glob("demo-*.dist-info/direct_url.json")]
    return any(origin.get("dir_info", {}).get("editable", False) for origin in origins)


def _files(venv: Path) -> Files:
    site = _site(venv)
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    return {name: _digest(path) for name, path in found.items() if _counts(name)}


def _counts(name: str) -> bool:
    return not (name.endswith(_ABOUT_INSTALLERS) or "__pycache__/" in name or name.startswith("_virtualenv."))


def _digest(path: Path) -> str:
    content = path.read_bytes()
    if path.name == "RECORD":
        rows = csv.reader(content.decode().splitlines())
        content = repr(sorted(row for row in rows if _counts(row[0]))).encode()
    return hashlib.sha256(content).hexdigest()
