"""What is checked before a change lands: ``nox`` runs all of it."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.4.15"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")


def groups(*names: str) -> list[str]:
    """The requirements of dependency groups."""
    return list(nox.project.dependency_groups(PYPROJECT, *names))


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types and the direction of imports."""
    session.install(".", *groups("lint", "test"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, against the wheel that users get."""
    session.install(".", *groups("test"))
    session.run("pytest", *(session.posargs or ["--numprocesses=3", "--dist=loadgroup"]))


@nox.session(venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """The tests with the oldest releases of what freshvenv requires that its metadata allows."""
    session.install("--resolution=lowest-direct", ".")
    session.install(*groups("test"))
    session.run("pytest", *(session.posargs or ["--numprocesses=3", "--dist=loadgroup"]))


@nox.session
@nox.parametrize("place", ["", "worktree", "submodule", "odd-path"], ids=["plain", "worktree", "submodule", "odd-path"])
def poisoned(session: nox.Session, place: str) -> None:
    """All tests once more: nonsense in every variable of git, pip, uv and Python, in places that tools forget."""
    session.install(".", *groups("test"))
    env = {"FRESHVENV_TEST_POISON": "1", "FRESHVENV_TEST_PLACE": place}
    session.run("pytest", *(session.posargs or ["--numprocesses=3", "--dist=loadgroup"]), env=env)


@nox.session
def model(session: nox.Session) -> None:
    """Long random walks through git, their result as Markdown; not part of the checks. ``nox -s model -- --seed 7``."""
    session.install(".", *groups("test"))
    arguments = session.posargs if "--steps" in session.posargs else ["--steps", "10000", *session.posargs]
    session.run("python", "-m", "support.model", *arguments, env={"PYTHONPATH": "tests"})


@nox.session
def benchmarks(session: nox.Session) -> None:
    """What freshvenv costs beside its peers; not part of the checks. ``nox -s benchmarks -- --rounds 11 --only P3``."""
    session.install(".", "pip", *groups("test"))
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """End a run before every one of its changes to the disk, and break every call, not only some of them."""
    session.install(".", *groups("test"))
    env = {"FRESHVENV_TEST_EVERY": "1"}
    session.run("pytest", *(session.posargs or ["--numprocesses=3", "tests/faults"]), env=env)


@nox.session
def kills(session: nox.Session) -> None:
    """Signals at random moments, to pip and uv, too. ``nox -s kills -- --count 1000 --peers 100 --seed 1``."""
    session.install(".", *groups("test"))
    session.run("python", "-m", "support.kills", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def rounds(session: nox.Session) -> None:
    """Several installs at once, 200 rounds."""
    session.install(".", *groups("test"))
    session.run("pytest", "tests/faults/test_concurrency.py", *session.posargs, env={"FRESHVENV_TEST_ROUNDS": "200"})
