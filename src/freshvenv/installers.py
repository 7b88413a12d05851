"""uv and pip behind one protocol: make an environment, and put requirements into one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from freshvenv import process
from freshvenv.files import new_directory, remove_tree

FOLDER = "pip"
"""The folder of the cache that spare pips are in."""

BEGUN = "new-"
"""How the name of one begins that is not finished."""


class Index(NamedTuple):
    """A package index. ``name`` may be empty; ``is_default``: it stands in for PyPI."""

    url: str
    name: str = ""
    is_default: bool = False


class Installer(Protocol):
    """A program that fills environments. Both calls append what they print to ``log`` and return an exit status.

    Neither looks at the project that happens to be around: they run in a neutral directory, with the settings of the
    user and of the system only.
    """

    name: str

    def create(self, environment: Path, interpreter: Path, log: Path) -> int:
        """Make a new virtual environment at a path that does not exist."""
        ...

    def install(self, python: Path, requirements: Sequence[str], log: Path, indexes: Sequence[Index] = ()) -> int:
        """Install requirements into the environment that ``python`` belongs to.

        ``indexes`` are those that a project declares in a table of uv's; pip knows of none.
        """
        ...


class Uv:
    """uv, as a program."""

    name = "uv"

    def __init__(self, program: Path) -> None:
        self.program = program

    def create(self, environment: Path, interpreter: Path, log: Path) -> int:
        words = ("venv", "--quiet", "--no-project", "--python", str(interpreter), str(environment))
        return self._run(words, log)

    def install(self, python: Path, requirements: Sequence[str], log: Path, indexes: Sequence[Index] = ()) -> int:
        told: list[str] = []
        for index in indexes:
            place = f"{index.name}={index.url}" if index.name else index.url
            told += ["--default-index" if index.is_default else "--index", place]
        words = ("pip", "install", "--quiet", "--python", str(python), *told, "--", *requirements)
        return self._run(words, log)

    def _run(self, words: Sequence[str], log: Path) -> int:
        # uv looks for settings from here upwards: [tool.uv.pip] of a tree would move the target, and a home can be one.
        return process.run_logged([self.program, *words], log=log, cwd=Path(os.sep))


class Pip:
    """pip, of an interpreter that has it.

    pip's ``--python`` starts the other interpreter with the code of this one, which fails where a new pip no longer
    supports an old Python. So the pip that serves an environment is one for its very interpreter.
    """

    name = "pip"

    def __init__(self, spare: Path) -> None:
        self.spare = spare
        """Where an environment may be made that only holds a pip, for venvs without one."""

    def create(self, environment: Path, interpreter: Path, log: Path) -> int:
        status = process.run_logged([interpreter, "-I", "-m", "venv", environment], log=log, cwd=environment.parent)
        if status != 0 or not any(environment.glob("lib/python*/site-packages/setuptools")):
            return status
        # Before 3.12 it brings the setuptools of its own day, which would pass for any later one that a build requires
        # without a bound, and for one that it forgot to require. `build` removes it, too.
        words = ("-I", "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools")
        return process.run_logged([environment / "bin" / "python", *words], log=log, cwd=environment)

    def install(
        self,
        python: Path,
        requirements: Sequence[str],
        log: Path,
        indexes: Sequence[Index] = (),  # noqa: ARG002 - it asks the index that pip's own configuration names
    ) -> int:
        with_pip = self._with_pip(python, log)
        if with_pip is None:
            return 1
        words: list[str | Path] = [with_pip, "-I", "-m", "pip"]
        if with_pip != python:
            words += ["--python", python]
        words += ["install", "--quiet", "--no-input", "--disable-pip-version-check", "--", *requirements]
        return process.run_logged(words, log=log, cwd=python.parent)

    def _with_pip(self, python: Path, log: Path) -> Path | None:
        base = Path(os.path.realpath(python))
        spare = self.spare / base.as_posix().replace("/", "-").strip("-")
        for candidate in (python, base, spare / "bin" / "python"):
            if has_pip(candidate):
                return candidate
        # Made aside: one that a killed run left half made is never taken for a whole one.
        self.spare.mkdir(parents=True, exist_ok=True)
        made = new_directory(self.spare, BEGUN)
        try:
            if self.create(made, base, log) != 0 or not has_pip(made / "bin" / "python"):
                return None
            remove_tree(spare)
            with suppress(OSError):  # another run has just put its own there
                made.rename(spare)
        finally:
            remove_tree(made)
        return spare / "bin" / "python"


def has_pip(python: Path) -> bool:
    """Whether an interpreter is there, and has a pip that runs."""
    try:
        return process.run([python, "-I", "-m", "pip", "--version"], cwd=Path(os.sep)).status == 0
    except OSError:
        return False


def find_uv() -> Path | None:
    """uv's program: the one on PATH, else that of the ``uv`` package beside us."""
    # Imported here: only a build or a missing requirement asks for an installer.
    import shutil

    on_path = shutil.which("uv")
    if on_path:
        return Path(on_path).absolute()
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return None


def choose_installer(spare: Path) -> Installer:
    """uv when it is there, pip otherwise."""
    uv = find_uv()
    return Uv(uv) if uv else Pip(spare)
