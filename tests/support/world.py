"""A sterile world for one test: an empty home, no git configuration but a fixed identity, and a way to run programs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.places import PLACE, Place
from support.poison import POISONED, poison_for

TOOLS = Path(sys.executable).parent
"""Where the programs of the test environment are: freshvenv, uv, pre-commit, prek, nox, tox."""

_KEPT = frozenset(
    {
        "LANG",
        "LC_ALL",
        "PATH",
        "TERM",
        "TMPDIR",
        # How a package index is reached, and nothing else that speaks to pip or uv: nox, which runs this suite,
        # names its own environment in UV_PYTHON and UV_PROJECT_ENVIRONMENT, and a `uv sync` of a test would empty it.
        "PIP_CACHE_DIR",
        "PIP_CERT",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_INDEX_URL",
        "PIP_PROXY",
        "PIP_TRUSTED_HOST",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "UV_CACHE_DIR",
        "UV_DEFAULT_INDEX",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_HTTP_TIMEOUT",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_INSECURE_HOST",
        "UV_NATIVE_TLS",
        "UV_SYSTEM_CERTS",
        "all_proxy",
        "ALL_PROXY",
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "no_proxy",
        "NO_PROXY",
    }
)


@dataclass(frozen=True)
class World:
    """A directory of its own, and the environment that every program started in it gets."""

    root: Path
    env: Mapping[str, str] = field(repr=False)
    poisoned: bool = POISONED
    place: Place = PLACE

    @property
    def plain(self) -> Path:
        """A folder whose path has nothing odd, whatever the place is: the shim reads the path of its interpreter as a line."""
        return self.root.parent if self.place is Place.ODD_PATH else self.root

    @property
    def home(self) -> Path:
        return self.root / "home"

    def run(
        self,
        *argv: str | Path,
        cwd: Path | None = None,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end; with ``check``, a status other than 0 fails the test and shows the output."""
        words = [os.fspath(arg) for arg in argv]
        poison = poison_for(words[0]) if self.poisoned else {}
        if poison and os.path.basename(words[0]) == "freshvenv":
            # Python itself would end of some of it. The hooks start it with -I, too.
            script = Path(shutil.which(words[0], path=self.env["PATH"]) or words[0])
            words[:1] = [str(script.with_name("python")), "-I", str(script)]
        done = subprocess.run(
            words,
            cwd=cwd or self.root,
            env={**poison, **self.env, **(env or {})},
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(os.fspath(arg) for arg in argv)} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def git(self, *argv: str, cwd: Path, check: bool = True) -> str:
        """Run git and return what it printed on standard output, without the last newline."""
        return self.run("git", *argv, cwd=cwd, check=check).stdout.rstrip("\n")

    def commit(self, top: Path, message: str = "more") -> str:
        """Commit all that is in a working tree, were it nothing, and return the hash."""
        self.git("add", "--all", cwd=top)
        self.git("commit", "--quiet", "--allow-empty", "--message", message, cwd=top)
        return self.git("rev-parse", "HEAD", cwd=top)

    def freshvenv(self, *argv: str, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line as a user does."""
        return self.run(TOOLS / "freshvenv", *argv, cwd=cwd, check=check)


def sterile_environment(root: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of a user who has configured nothing, apart from what reaching a package index takes.

    Caches that cost a download (uv's and pip's) are shared between tests; freshvenv's own are not.
    """
    kept = {name: value for name, value in inherited.items() if name in _KEPT}
    for name in ("home", "templates", "cache", "state"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shared = Path(inherited.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return {
        **kept,
        "PATH": os.pathsep.join([str(TOOLS), kept.get("PATH", os.defpath)]),
        "HOME": str(root / "home"),
        "XDG_CONFIG_HOME": str(root / "home" / ".config"),
        "XDG_CACHE_HOME": str(root / "cache"),
        "XDG_STATE_HOME": str(root / "state"),
        "XDG_DATA_HOME": str(root / "home" / ".local" / "share"),
        "UV_CACHE_DIR": kept.get("UV_CACHE_DIR", str(shared / "uv")),
        "PIP_CACHE_DIR": kept.get("PIP_CACHE_DIR", str(shared / "pip")),
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TEMPLATE_DIR": str(root / "templates"),
        "GIT_AUTHOR_NAME": "A U Thor",
        "GIT_AUTHOR_EMAIL": "author@example.com",
        "GIT_COMMITTER_NAME": "C O Mitter",
        "GIT_COMMITTER_EMAIL": "committer@example.com",
        "GIT_TERMINAL_PROMPT": "0",
        # How many of these lines there are depends on how fast a machine is.
        "FRESHVENV_PROGRESS": "off",
        "GIT_EDITOR": "true",
    }
