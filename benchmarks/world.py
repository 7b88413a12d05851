"""A sterile place to measure in: an empty home, no git configuration but a fixed identity, caches of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

TOOLS = Path(sys.executable).parent
"""Where the programs under measurement are: freshvenv, uv, pip, pre-commit, prek, poetry, pdm."""

_KEPT_NAMES = frozenset({"LANG", "LC_ALL", "PATH", "TERM", "TMPDIR"})
_KEPT_WORDS = ("INDEX", "FIND_LINKS", "CERT", "PROXY", "TIMEOUT", "TRUSTED_HOST", "INSECURE_HOST", "NATIVE_TLS")
"""What an inherited ``PIP_*``, ``UV_*`` or ``*_PROXY`` has in its name when it says how to reach a package index."""


class FailedError(Exception):
    """A program did not do its work; the message holds what it printed."""


@dataclass(frozen=True)
class World:
    """A directory of its own, and the environment that every program started in it gets."""

    root: Path
    env: Mapping[str, str] = field(repr=False)

    @classmethod
    def at(cls, root: Path, inherited: Mapping[str, str] = os.environ) -> World:
        """A new world. The caches of uv and pip lie in it, too, and start empty."""
        kept = {name: value for name, value in inherited.items() if _is_kept(name)}
        shared = {
            "PATH": os.pathsep.join([str(TOOLS), kept.get("PATH", os.defpath)]),
            "UV_CACHE_DIR": str(root / "uv-cache"),
            "PIP_CACHE_DIR": str(root / "pip-cache"),
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PDM_CHECK_UPDATE": "0",
            "POETRY_VIRTUALENVS_IN_PROJECT": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TEMPLATE_DIR": str(root / "templates"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_EDITOR": "true",
        }
        for role in ("AUTHOR", "COMMITTER"):
            shared |= {f"GIT_{role}_NAME": "Bench", f"GIT_{role}_EMAIL": "bench@example.com"}
        (root / "templates").mkdir(parents=True, exist_ok=True)
        return cls(root, {**kept, **shared}).apart("shared")

    def apart(self, name: str) -> World:
        """A world inside with a home of its own, so that what one contender remembers does not help another."""
        root = self.root / name
        env = {
            **self.env,
            "HOME": str(root / "home"),
            "XDG_CONFIG_HOME": str(root / "home" / ".config"),
            "XDG_CACHE_HOME": str(root / "cache"),
            "XDG_STATE_HOME": str(root / "state"),
            "XDG_DATA_HOME": str(root / "home" / ".local" / "share"),
        }
        for folder in ("home", "cache", "state"):
            (root / folder).mkdir(parents=True)
        return World(root, env)

    def adding(self, **more: str) -> World:
        """The same place with more variables set."""
        return replace(self, env={**self.env, **more})

    def run(self, *argv: str | Path, cwd: Path | None = None, input: bytes | None = None) -> str:
        """Run a program to its end and return what it printed. Raises :class:`FailedError` when it fails."""
        words = [os.fspath(word) for word in argv]
        done = subprocess.run(
            words,
            cwd=cwd or self.root,
            env=self.env,
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).decode(errors="replace")
            raise FailedError(f"{' '.join(words)}: exit status {done.returncode}\n{said}")
        return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def _is_kept(name: str) -> bool:
    if name in _KEPT_NAMES or name.upper().endswith("_PROXY"):
        return True
    is_about_packages = name.startswith(("PIP_", "UV_", "SSL_", "REQUESTS_"))
    return is_about_packages and any(word in name for word in _KEPT_WORDS)
