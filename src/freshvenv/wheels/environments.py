"""Isolated build environments (PEP 517), kept for a while and used again by every build that asks for the same."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import BuildError
from freshvenv.files import read_own, remove_tree, write_atomically
from freshvenv.installers import Installer
from freshvenv.interpreter import Interpreter
from freshvenv.lock import exclusive

LIFETIME = 7 * 24 * 3600
"""Seconds after which an environment is made anew, so that new releases of build requirements are picked up."""


class BuildEnvironment(NamedTuple):
    """An environment that holds exactly some build requirements. Satisfies ``build.env.IsolatedEnv``."""

    path: Path

    @property
    def python_executable(self) -> str:
        return str(self.path / "bin" / "python")

    def recall(self, question: str) -> list[str] | None:
        """What a backend asked for in this environment, if it was noted. See :meth:`note`."""
        with suppress(OSError, ValueError):
            answer = json.loads(read_own(self._notes / question))
            if isinstance(answer, list) and all(isinstance(line, str) for line in answer):
                return answer
        return None

    def note(self, question: str, requirements: Iterable[str]) -> None:
        """Note what a backend asks for; not being able to is no harm."""
        with suppress(OSError):
            write_atomically(self._notes / question, json.dumps(sorted(requirements)).encode(), durable=False)

    @property
    def _notes(self) -> Path:
        return self.path / "freshvenv-requires"

    def make_extra_environ(self) -> dict[str, str]:
        """What a backend and the programs that it starts have to see."""
        search = [str(self.path / "bin"), os.environ.get("PATH", os.defpath)]
        return {"PATH": os.pathsep.join(search), "PYTHONNOUSERSITE": "1"}


class EnvironmentPool(NamedTuple):
    """The folder of kept environments, and the means to fill new ones."""

    directory: Path
    locks: Path
    installer: Installer

    def get(self, interpreter: Interpreter, requirements: Iterable[str], log: Path) -> BuildEnvironment:
        """An environment of this interpreter with these requirements, kept or new.

        Raises :class:`BuildError` when the requirements cannot be installed.
        """
        wanted = sorted(set(requirements))
        period = int(time.time() // LIFETIME)
        question = json.dumps([interpreter.executable, interpreter.identity, self.installer.name, wanted, period])
        path = self.directory / hashlib.sha256(question.encode()).hexdigest()[:32]
        # Written last: a folder without it is what an interrupted run left.
        complete = path / "freshvenv.json"
        if not _says(complete, question):
            with exclusive(path, self.locks):
                if not _says(complete, question):
                    self._create(path, interpreter, wanted, log)
                    write_atomically(complete, question.encode())
        return BuildEnvironment(path)

    def _create(self, path: Path, interpreter: Interpreter, requirements: list[str], log: Path) -> None:
        self._drop_expired()
        remove_tree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.installer.create(path, Path(interpreter.executable), log) != 0:
            remove_tree(path)
            raise BuildError(f"{self.installer.name} made no build environment", log=log)
        environment = BuildEnvironment(path)
        if requirements and self.installer.install(Path(environment.python_executable), requirements, log) != 0:
            remove_tree(path)
            raise BuildError(f"{self.installer.name} could not install {', '.join(requirements)}", log=log)

    def _drop_expired(self) -> None:
        """Remove environments that nobody can ask for any more; those of the last period may still be in use."""
        if not self.directory.is_dir():
            return
        for entry in os.scandir(self.directory):
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > 3 * LIFETIME:
                remove_tree(Path(entry.path))


def _says(note: Path, question: str) -> bool:
    with suppress(OSError):
        return read_own(note) == question.encode()
    return False
