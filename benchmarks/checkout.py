"""A checkout of a project with its venvs, as a user has it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.histories import MAIN, History
from benchmarks.measure import Command
from benchmarks.world import World

ONE = (".venv",)


def nox_venvs(count: int) -> tuple[str, ...]:
    """Where nox would keep so many environments."""
    return tuple(f".nox/tests-{number}" for number in range(count))


@dataclass(frozen=True)
class Checkout:
    """A repository at ``main``, and venvs in it."""

    world: World
    path: Path
    venvs: tuple[Path, ...]

    @classmethod
    def create(cls, world: World, history: History, venvs: Sequence[str] = ONE) -> Checkout:
        """Make repository and venvs, and install the project into each as ``uv pip install`` does."""
        path = world.root / "demo"
        world.run("git", "init", "--quiet", "--initial-branch", MAIN, path)
        world.run("git", "fast-import", "--quiet", cwd=path, input=history.fast_import())
        world.run("git", "checkout", "--quiet", MAIN, cwd=path)
        # As most clones have it: what is checked out is on a branch of origin, which is trusted.
        world.run("git", "clone", "--quiet", "--bare", path, world.root / "origin.git")
        world.run("git", "remote", "add", "origin", world.root / "origin.git", cwd=path)
        world.run("git", "fetch", "--quiet", "origin", cwd=path)
        checkout = cls(world, path, tuple(path / venv for venv in venvs))
        for venv in checkout.venvs:
            world.run("uv", "venv", "--quiet", "--no-project", "--python", sys.executable, venv)
            checkout.uv_pip_install(venv).seconds()
        # git believes the size and time of a file only when the index is younger than the file.
        world.run("git", "status", "--porcelain", cwd=path)
        return checkout

    @property
    def head(self) -> str:
        return self.world.run("git", "rev-parse", "HEAD", cwd=self.path)

    def with_freshvenv(self) -> Checkout:
        """Opt in, with native hooks."""
        self.world.run("freshvenv", "init", "--hooks", "native", cwd=self.path)
        return self

    def with_hook(self, command: str) -> Checkout:
        """Have git run a command after each checkout."""
        hook = self.path / ".git" / "hooks" / "post-checkout"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nexec {command}\n", encoding="utf-8")
        hook.chmod(0o755)
        return self

    def command(self, *argv: str | Path) -> Command:
        """A program to be timed, started at the top of the working tree."""
        return Command(argv, self.path, self.world.env)

    def switching(self, branch: str) -> Command:
        """A checkout to be timed, with all that the hook does."""
        return self.command("git", "checkout", "--quiet", branch)

    def uv_pip_install(self, venv: Path) -> Command:
        return self.command("uv", "pip", "install", "--quiet", "--no-deps", "--python", venv / "bin" / "python", ".")

    def pip_install(self, venv: Path) -> Command:
        python = venv / "bin" / "python"
        return self.command(sys.executable, "-m", "pip", "--quiet", "--python", python, "install", "--no-deps", ".")
