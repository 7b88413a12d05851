"""The promise, for every build backend: after a git move a venv holds exactly what a fresh install would put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.interpreters import available, interpreters
from support.oracle import assert_exact
from support.world import World
from support.zoo import ZOO, History, Project, make_history

_SEEN = """\
import importlib.metadata, importlib.util, json, sys
distribution, package = sys.argv[1:]
found = [name for name in ("added", "changed", "deleted") if importlib.util.find_spec(f"{package}.{name}")]
for name in found:
    importlib.import_module(f"{package}.{name}")
speed = importlib.import_module(f"{package}._speed").answer() if importlib.util.find_spec(f"{package}._speed") else None
print(json.dumps({
    "version": importlib.metadata.version(distribution),
    "modules": found,
    "value": sys.modules[f"{package}.changed"].VALUE,
    "answer": speed,
}))
"""
"""What a user sees who imports all of it; and it leaves bytecode behind, as users do."""


@dataclass(frozen=True, slots=True)
class Case:
    """A project of the zoo installed in one way into one kind of venv."""

    project: Project
    version: str
    """Of the venv's interpreter."""
    maker: str
    """Who makes the venv: ``uv`` or ``venv``."""
    editable: bool

    def __str__(self) -> str:
        kind = "editable" if self.editable else "plain"
        return f"{self.project.name}-{self.version}-{self.maker}-{kind}"


@dataclass(frozen=True, slots=True)
class Checkout:
    """A repository with a venv that freshvenv looks after, both in state A."""

    world: World
    history: History
    case: Case

    @property
    def python(self) -> Path:
        return self.history.root / ".venv" / "bin" / "python"

    def git_checkout(self, branch: str) -> None:
        self.world.git("checkout", "--quiet", branch, cwd=self.history.root)

    def seen(self) -> dict[str, object]:
        """What an interpreter of the venv imports, from elsewhere, so that only the venv can provide it."""
        project = self.case.project
        name = (project.distribution, project.package)
        seen: dict[str, object] = json.loads(self.world.run(self.python, "-I", "-c", _SEEN, *name).stdout)
        if self.case.editable:
            # The working tree's own bytecode is Python's business: git may check two states out in one second.
            del seen["value"]
        return seen

    def assert_exact(self) -> None:
        assert_exact(self.world, self.python, self.history.root, self.case.project, editable=self.case.editable)
        told = self.world.freshvenv("status", "--json", "--exit-code", cwd=self.history.root, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


def make_checkout(world: World, case: Case) -> Checkout:
    """Install state A as a user would, and start to use freshvenv with native hooks."""
    history = make_history(world, case.project, world.root / "work")
    checkout = Checkout(world, history, case)
    venv = history.root / ".venv"
    base = interpreters()[case.version]
    if case.maker == "uv":
        world.run("uv", "venv", "--quiet", "--python", base, venv)
    else:
        world.run(base, "-m", "venv", venv)
    target = ["--editable", "."] if case.editable else ["."]
    world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", checkout.python, *target, cwd=history.root)
    world.freshvenv("init", "--hooks", "native", cwd=history.root)
    return checkout


def expected_view(case: Case, state: str) -> dict[str, object]:
    """What a user must see in state A or B."""
    second = state == "B"
    view: dict[str, object] = {
        "version": "1.1.0" if second else "1.0.0",
        "modules": ["added", "changed"] if second else ["changed", "deleted"],
        "answer": (2 if second else 1) if case.project.compiled else None,
    }
    return view if case.editable else {**view, "value": "new" if second else "old"}


def cases() -> Iterator[Case]:
    """Every project plain and editable, spread over the interpreters that are there and both makers of venvs."""
    spread = {
        "hatchling": (("3.8", "venv"), ("3.13", "uv")),
        "setuptools": (("3.9", "uv"), ("3.12", "uv")),
        "flit": (("3.10", "uv"), ("3.8", "uv")),
        "poetry": (("3.11", "uv"), ("3.9", "uv")),
        "pdm": (("3.12", "uv"), ("3.10", "venv")),
        "uv_build": (("3.13", "venv"), ("3.11", "uv")),
        "hatch_vcs": (("3.11", "uv"), ("3.8", "uv")),
        "setuptools_scm": (("3.12", "uv"), ("3.13", "uv")),
        "c_extension": (("3.13", "uv"), ("3.9", "uv")),
        "setuptools_legacy": (("3.8", "uv"), ("3.11", "uv")),
    }
    assert set(spread) == set(ZOO)
    for name, ways in spread.items():
        for editable, (version, maker) in zip((False, True), ways, strict=True):
            yield Case(ZOO[name], available(version)[0], maker, editable)


def spoken(case: Case, id: str = "") -> Any:
    """The case by its name."""
    marks = [pytest.mark.one_line("a .pth file holds a path a line")] if case.editable else []
    return pytest.param(case, id=id or str(case), marks=marks)


@pytest.mark.parametrize("case", [spoken(case) for case in cases()])
def test_exact_on_every_branch(world: World, case: Case) -> None:
    checkout = make_checkout(world, case)
    checkout.assert_exact()
    assert checkout.seen() == expected_view(case, "A")

    checkout.git_checkout("feature")
    checkout.assert_exact()
    assert checkout.seen() == expected_view(case, "B")
    added = world.run(checkout.python.with_name(f"{case.project.distribution}-added")).stdout
    assert added == "added\n"

    checkout.git_checkout("main")
    checkout.assert_exact()
    assert checkout.seen() == expected_view(case, "A")

    # Uncommitted work that git carries along to the other branch.
    package = checkout.history.package_dir
    (package / "__init__.py").write_text("EDITED = True\n")
    (package / "scratch.py").write_text("")
    checkout.git_checkout("feature")
    checkout.assert_exact()


@pytest.mark.parametrize(
    "case",
    [
        spoken(Case(ZOO[name], available("3.12")[0], "uv", editable), name_of_it)
        for name, editable, name_of_it in (
            ("flit", False, "flit-plain"),
            ("setuptools_legacy", False, "setuptools_legacy-plain"),
            ("setuptools_legacy", True, "setuptools_legacy-editable"),
        )
    ],
)
def test_exact_after_a_package_was_renamed(world: World, case: Case) -> None:
    checkout = make_checkout(world, case)
    checkout.seen()
    for branch in ("renamed", "main"):
        checkout.git_checkout(branch)
        checkout.assert_exact()
    assert checkout.seen() == expected_view(case, "A")


def test_exact_with_files_that_git_does_not_know(world: World) -> None:
    """The version stands in a file, and the file finder of setuptools-scm packs what git knows all the same."""
    case = Case(ZOO["setuptools_scm"], available("3.12")[0], "uv", editable=False)
    checkout = make_checkout(world, case)
    pyproject = checkout.history.top / "pyproject.toml"
    text = pyproject.read_text().replace('dynamic = ["version"]', 'version = "1.0.0"')
    pyproject.write_text(text.partition("[tool.setuptools_scm]")[0])
    world.git("commit", "--quiet", "--all", "--message", "a static version", cwd=checkout.history.root)
    data = checkout.history.package_dir / "data"
    (data / "untracked.txt").write_text("untracked\n")
    world.freshvenv("resync", cwd=checkout.history.root)
    checkout.assert_exact()
    world.git("add", "--all", cwd=checkout.history.root)
    world.freshvenv("resync", cwd=checkout.history.root)
    checkout.assert_exact()
