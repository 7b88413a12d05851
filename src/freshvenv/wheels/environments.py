"""Isolated build environments (PEP 517), kept for a while and used again by every build that asks for the same."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import BuildError
from freshvenv.files import remove_tree, write_atomically
from freshvenv.installers import Installer
from freshvenv.interpreter import Interpreter
from freshvenv.lock import exclusive, shared
from freshvenv.own import read_own
from freshvenv.progress import Progress
from freshvenv.wheels.cache import bucket

FOLDER = "build-environments"
"""The pool's name in the folder that it shares with others."""

KIND = "environment"
"""What these are called where all that is cached is listed."""

COMPLETE = "freshvenv.json"
"""The file of an environment that is written last."""

LIFETIME = 7 * 24 * 3600
"""Seconds after which an environment is made anew, so that new releases of build requirements are picked up."""


class BuildEnvironment(NamedTuple):
    """An environment that holds exactly some build requirements. Satisfies ``build.env.IsolatedEnv``."""

    path: Path

    @property
    def mark(self) -> Path:
        """Written last: a folder without it is what an interrupted run left."""
        return self.path / COMPLETE

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
    """The folder of kept environments, and the means to fill new ones.

    ``choices`` are the variables by which the installer takes one release and not another.
    """

    directory: Path
    locks: Path
    installer: Installer
    progress: Progress = Progress()
    choices: tuple[tuple[str, str], ...] = ()

    @contextmanager
    def use(self, interpreter: Interpreter, requirements: Iterable[str], log: Path) -> Iterator[BuildEnvironment]:
        """An environment of this interpreter with these requirements, kept or new, that nobody removes meanwhile.

        Raises :class:`BuildError` when the requirements cannot be installed.
        """
        wanted = tuple(requirements)
        while True:
            environment = self.get(interpreter, wanted, log)
            with shared(bucket(KIND, environment.path), self.locks):
                if environment.mark.exists():
                    # What was used last goes last.
                    with suppress(OSError):
                        os.utime(environment.mark)
                    yield environment
                    return

    def get(self, interpreter: Interpreter, requirements: Iterable[str], log: Path) -> BuildEnvironment:
        """The same, without a hold on it."""
        wanted = sorted(set(requirements))
        period = int(time.time() // LIFETIME)
        # A digest: this is written down, and what is in the environment of a user is nobody's business.
        choices = hashlib.sha256(json.dumps(self.choices).encode()).hexdigest() if self.choices else ""
        facts = [interpreter.executable, interpreter.identity, self.installer.name, wanted, period, choices]
        question = json.dumps(facts)
        path = self.directory / hashlib.sha256(question.encode()).hexdigest()[:32]
        environment = BuildEnvironment(path)
        if not _says(environment.mark, question):
            with exclusive(bucket(KIND, path), self.locks):
                if not _says(environment.mark, question):
                    self._create(path, interpreter, wanted, log)
                    write_atomically(environment.mark, question.encode())
        return environment

    def _create(self, path: Path, interpreter: Interpreter, requirements: list[str], log: Path) -> None:
        self.progress.step(f"making a build environment ({', '.join(requirements) or 'empty'})")
        remove_tree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.installer.create(path, Path(interpreter.executable), log) != 0:
            remove_tree(path)
            raise BuildError(f"{self.installer.name} could not create a build environment", log=log)
        environment = BuildEnvironment(path)
        if requirements and self.installer.install(Path(environment.python_executable), requirements, log) != 0:
            remove_tree(path)
            raise BuildError(f"{self.installer.name} could not install {', '.join(requirements)}", log=log)


def _says(note: Path, question: str) -> bool:
    with suppress(OSError):
        return read_own(note) == question.encode()
    return False
