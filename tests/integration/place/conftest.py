"""A venv to place in."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.venvs.venv import Venv
from support.bench import Bench


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return inspect_interpreter(Path(sys.executable), tmp_path_factory.mktemp("interpreters"))


@pytest.fixture
def bench(tmp_path: Path, interpreter: Interpreter) -> Bench:
    path = tmp_path / "venv"
    (path / interpreter.purelib).mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").touch()
    return Bench(tmp_path, Venv(path, path / "bin" / "python", interpreter))
