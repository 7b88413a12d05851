"""A repository of a tiny project ``demo``, and what its virtual environments say about it.

The project's one answer is ``100 * extra + 10 * left + right``; each of the three digits is a module of its
own, so branches that change different digits merge without conflicts and the number shows which commits are
in. All three modules have the same size, so bytecode that was left behind is believed by the interpreter
and shows too. The project builds itself (a backend in its own tree), so nothing is downloaded.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from support.places import move
from support.values import replace
from support.world import TOOLS, World

PROJECT = Path(__file__).parents[1] / "projects" / "in_tree_backend"
"""The project's files: a ``pyproject.toml``, the backend, and the package under ``src``."""

Digit = Literal["extra", "left", "right"]
Branches = Mapping[str, tuple[tuple[Digit, int], ...]]

BRANCHES: Branches = {
    "topic": (("left", 2), ("left", 3)),
    "upstream": (("right", 4),),
    "rival": (("left", 9),),
    "mixed": (("right", 7), ("left", 6)),
}
"""The branches that start at ``main`` (11), one commit a pair. ``topic`` (21, then 31) merges with
``upstream`` (14) to 34; ``rival`` (91) is in conflict with ``topic``, and with the second commit of
``mixed`` (17, then 67)."""


IN_CONFLICT = (
    "git switch -qc other",
    "echo other > src/demo/left.py",
    "git commit -qam other",
    "git switch -q -",
    "echo mine > src/demo/left.py",
    "git commit -qam mine",
    "git merge -q other > /dev/null || true",
)
"""Words for a shell that leave the demo project in the midst of a merge."""


@dataclass(frozen=True)
class Target:
    """What ``freshvenv status --json`` says about one project in one venv."""

    venv: str
    project: str
    state: str
    reasons: tuple[str, ...]
    editable: bool | None


@dataclass(frozen=True)
class Repository:
    """A checkout of the demo project; every method works on the real thing through git or files."""

    world: World
    path: Path

    @property
    def venv(self) -> Path:
        """The venv that the project's settings name."""
        return self.path / ".venv"

    @property
    def git_dir(self) -> Path:
        """Where git keeps this checkout's own state (a linked worktree has one of its own)."""
        return Path(self.git("rev-parse", "--absolute-git-dir"))

    @property
    def common_dir(self) -> Path:
        """Where git keeps what all worktrees of the clone share."""
        return Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir"))

    @property
    def hooks(self) -> Path:
        """Where git looks for hooks."""
        return self.path / self.git("rev-parse", "--git-path", "hooks")

    def with_environment(self, **more: str) -> Repository:
        """The same checkout, seen by a user who has set more variables."""
        return replace(self, world=replace(self.world, env={**self.world.env, **more}))

    def git(self, *argv: str) -> str:
        return self.world.git(*argv, cwd=self.path)

    def attempt(self, *argv: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run git where its exit status and what it prints are the matter."""
        return self.world.run("git", *argv, cwd=self.path, check=False, env=env)

    def freshvenv(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.world.freshvenv(*argv, cwd=self.path, check=check)

    def edit(self, digit: Digit, number: int) -> str:
        """Change one digit in the working tree; the file's path inside the repository comes back."""
        path = f"src/demo/{digit}.py"
        (self.path / path).write_text(f"NUMBER = {number}\n", encoding="utf-8")
        return path

    def write(self, path: str, text: str) -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def commit(self, message: str) -> str:
        """Commit everything that git does not ignore; the commit's id comes back."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str, *changes: tuple[Digit, int], start: str = "main") -> None:
        """A branch with one commit for each change of a digit; HEAD is on it afterwards."""
        self.git("switch", "--quiet", "--create", name, start)
        for digit, number in changes:
            self.edit(digit, number)
            self.commit(f"{digit} {number}")

    def step(self, command: str) -> subprocess.CompletedProcess[str] | None:
        """One step of a table: a git command line, or ``edit <digit> <number>``."""
        match shlex.split(command):
            case ["edit", digit, number]:
                self.edit(cast("Digit", digit), int(number))
                return None
            case ["git", *argv]:
                return self.attempt(*argv)
            case _:
                raise ValueError(command)

    @property
    def value(self) -> int | None:
        """What a fresh install of the working tree would answer; nothing while there are conflicts in it."""
        digits = []
        for digit in ("extra", "left", "right"):
            file = self.path / "src" / "demo" / f"{digit}.py"
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            found = re.fullmatch(r"NUMBER = (\d)\n", text)
            if found is None:
                return None
            digits.append(int(found[1]))
        extra, left, right = digits
        return 100 * extra + 10 * left + right

    def targets(self) -> list[Target]:
        """What status says, as data."""
        answer = json.loads(self.freshvenv("status", "--json").stdout)
        assert answer["version"] == 1
        return [
            Target(each["venv"], each["project"], each["state"], tuple(each["reasons"]), each["editable"])
            for each in answer["targets"]
        ]

    def target(self) -> Target:
        """What status says where there is one venv."""
        [target] = self.targets()
        return target


def create(world: World, path: Path, *, branches: Branches = BRANCHES) -> Repository:
    """A repository whose ``main`` answers 11, with the branches named; HEAD is on ``main`` afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT, path, ignore=shutil.ignore_patterns("__pycache__"))
    repository = Repository(world, path)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit("base")
    for name, changes in branches.items():
        repository.branch(name, *changes)
    if branches:
        repository.git("switch", "--quiet", "main")
    move(world.git, path, world.place)
    return repository


def make_venv(world: World, where: Path, python: str | None = None) -> Path:
    """A virtual environment as uv makes it, without pip; ``python`` is a path or a version."""
    interpreter = python or sys.executable
    world.run(TOOLS / "uv", "venv", "--quiet", "--no-project", "--no-config", "--python", interpreter, where)
    return where


def installed_value(venv: Path, world: World) -> int:
    """What the code in the venv answers, asked from a directory where no other code can be found."""
    code = "import demo.value; print(demo.value.value())"
    return int(world.run(venv / "bin" / "python", "-I", "-c", code, cwd=world.home).stdout)


def assert_fresh(repository: Repository, value: int) -> None:
    """The venv answers with the value, and status calls it fresh."""
    target = repository.target()
    installed = installed_value(repository.venv, repository.world)
    assert (installed, target.state) == (value, "fresh"), target.reasons


def own_lines(printed: str) -> list[str]:
    """What freshvenv wrote among what git wrote (git's progress ends in a carriage return, not a newline)."""
    return [line for line in re.split(r"[\r\n]+", printed) if line.startswith("freshvenv:")]


def watch_interpreter(repository: Repository) -> Path:
    """Put a script before the interpreter that the hooks start; the file that it writes then comes back."""
    recorded = repository.common_dir / "freshvenv" / "python"
    interpreter = recorded.read_text().rstrip("\n")
    canary = repository.world.root / "python-was-started"
    script = repository.world.plain / "watched-python"
    script.write_text(f'#!/bin/sh\n: > {shlex.quote(str(canary))}\nexec {shlex.quote(interpreter)} "$@"\n')
    script.chmod(0o755)
    recorded.write_text(f"{script}\n")
    return canary


def create_with_venv(world: World) -> Repository:
    """The demo repository with a venv that nothing was installed into, and no hooks."""
    made = create(world, world.root / "demo")
    make_venv(world, made.venv)
    return made
