"""Builds a wheel of a source tree with its own backend (PEP 517, PEP 660), through the ``build`` library."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from freshvenv import process
from freshvenv.errors import BuildError
from freshvenv.fingerprint import Recipe
from freshvenv.interpreter import Interpreter
from freshvenv.wheels.environments import BuildEnvironment, EnvironmentPool

if TYPE_CHECKING:
    from build import ProjectBuilder


def build_wheel(
    source: Path, interpreter: Interpreter, recipe: Recipe, out: Path, *, pool: EnvironmentPool, log: Path
) -> Path:
    """Build the project in ``source`` and return the wheel, which lies in ``out``.

    All that the build prints goes to ``log``. Raises :class:`BuildError`.
    """
    kind: Literal["editable", "wheel"] = "editable" if recipe.editable else "wheel"
    settings = dict(recipe.config_settings)
    with _warnings_into(log):
        return _build(source, interpreter, kind, settings, out, pool, log)


@contextmanager
def _warnings_into(log: Path) -> Iterator[None]:
    """Keep what backends warn of, which ``build`` hands on as Python warnings, out of the user's terminal."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            if caught:
                with log.open("a") as sink:
                    sink.writelines(f"{warning.message}\n" for warning in caught)


def _build(
    source: Path,
    interpreter: Interpreter,
    kind: Literal["editable", "wheel"],
    settings: dict[str, str],
    out: Path,
    pool: EnvironmentPool,
    log: Path,
) -> Path:
    # Imported here: only a build needs it, and it takes as long as a small install.
    import build

    try:
        static = _builder(source, None, interpreter, log).build_system_requires
        environment = pool.get(interpreter, static, log)
        builder = _builder(source, environment, interpreter, log)
        dynamic = builder.get_requires_for_build(kind, settings)
        if not dynamic <= static:
            environment = pool.get(interpreter, static | dynamic, log)
            builder = _builder(source, environment, interpreter, log)
        return Path(builder.build(kind, out, settings))
    except build.BuildBackendException as error:
        raise BuildError(f"the build failed: {_last_words(log) or error}", log=log) from error
    except (build.BuildException, ValueError) as error:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{error}\n")
        raise BuildError(f"cannot be built: {error}", log=log) from error


def _builder(source: Path, environment: BuildEnvironment | None, interpreter: Interpreter, log: Path) -> ProjectBuilder:
    from build import ProjectBuilder

    def runner(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        status = process.run_logged(cmd, log=log, cwd=Path(cwd or source), env=extra_environ)
        if status != 0:
            raise subprocess.CalledProcessError(status, list(cmd))

    if environment is None:
        return ProjectBuilder(source, python_executable=interpreter.executable, runner=runner)
    return ProjectBuilder.from_isolated_env(environment, source, runner=runner)


def _last_words(log: Path) -> str:
    """The last line that a failed build printed: mostly the exception."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
