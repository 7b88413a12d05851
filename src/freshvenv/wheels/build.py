"""Builds a wheel of a source tree with its own backend (PEP 517, PEP 660), through the ``build`` library."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tomllib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from freshvenv import process
from freshvenv.errors import BuildError
from freshvenv.files import read_file
from freshvenv.fingerprint import Recipe
from freshvenv.interpreter import Interpreter
from freshvenv.project import Project
from freshvenv.wheels.environments import BuildEnvironment, EnvironmentPool

if TYPE_CHECKING:
    from build import ProjectBuilder
    from pyproject_hooks import SubprocessRunner


def build_wheel(
    source: Path,
    interpreter: Interpreter,
    recipe: Recipe,
    out: Path,
    *,
    pool: EnvironmentPool,
    log: Path,
    in_place: bool = False,
) -> Path:
    """Build the project in ``source`` and return the wheel, which lies in ``out``.

    ``in_place``: ``source`` is the working tree, where bytecode lies that git ignores: whatever it was made from,
    Python would run it, so bytecode is read from a folder of ours, and written there. All that the build prints goes to
    ``log``. Raises :class:`BuildError`.
    """
    job = _Job(source, interpreter, recipe, out, pool, log, _plain(source), in_place)
    with warnings_into(log):
        return job.with_known_requirements() or job.run()


class _Plain(NamedTuple):
    """A project whose backend asks for the same before a build as long as its ``pyproject.toml`` is the same.

    Of the two hooks of a build, each in a process of its own, one is spared when its answer is known.
    """

    backend: str
    requires: tuple[str, ...]
    pyproject: bytes


def _plain(source: Path) -> _Plain | None:
    try:
        content = read_file(source / "pyproject.toml")
        table = tomllib.loads(content.decode())
    except (OSError, ValueError, RecursionError):
        return None
    backend = Project(".", source, table, (source / "setup.py").is_file()).plain_backend
    return _Plain(backend, tuple(table["build-system"]["requires"]), content) if backend else None


class _Job(NamedTuple):
    source: Path
    interpreter: Interpreter
    recipe: Recipe
    out: Path
    pool: EnvironmentPool
    log: Path
    plain: _Plain | None
    in_place: bool

    @property
    def kind(self) -> Literal["editable", "wheel"]:
        return "editable" if self.recipe.editable else "wheel"

    @property
    def settings(self) -> dict[str, str]:
        return dict(self.recipe.config_settings)

    def with_known_requirements(self) -> Path | None:
        """Build with one hook, if what the other one would say was noted. A build that fails is left to :meth:`run`."""
        if self.plain is None:
            return None
        with self.pool.use(self.interpreter, self.plain.requires, self.log) as environment:
            known = environment.recall(self._question(self.plain))
            if known is not None and set(known) <= set(self.plain.requires):
                return self._call(environment, self.plain.backend)
        if known is None:
            return None
        with self.pool.use(self.interpreter, [*self.plain.requires, *known], self.log) as environment:
            return self._call(environment, self.plain.backend)

    def _call(self, environment: BuildEnvironment, backend: str) -> Path | None:
        # Imported here, as `build` is below, which takes three times as long.
        from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing, UnsupportedOperation

        runner = self._runner(environment, environment.make_extra_environ())
        python = environment.python_executable
        hooks = BuildBackendHookCaller(str(self.source), backend, runner=runner, python_executable=python)
        self.out.mkdir(parents=True, exist_ok=True)
        self.pool.progress.step("building")
        hook = hooks.build_editable if self.recipe.editable else hooks.build_wheel
        try:
            return self.out / hook(str(self.out), self.settings)
        except (BackendUnavailable, HookMissing, UnsupportedOperation, subprocess.CalledProcessError):
            return None

    def run(self) -> Path:
        """Build as PEP 517 has it. Raises :class:`BuildError`."""
        # Imported here: only a build needs it, and it takes as long as a small install.
        import build

        try:
            static = build.ProjectBuilder(self.source, self.interpreter.executable).build_system_requires
            with self.pool.use(self.interpreter, static, self.log) as environment:
                builder = self._builder(environment)
                self.pool.progress.step("building")
                dynamic = builder.get_requires_for_build(self.kind, self.settings)
                if self.plain is not None:
                    environment.note(self._question(self.plain), dynamic)
                if dynamic <= static:
                    return self._wheel(builder)
            with self.pool.use(self.interpreter, static | dynamic, self.log) as environment:
                return self._wheel(self._builder(environment))
        except build.BuildBackendException as error:
            raise BuildError(f"the build failed: {_last_words(self.log) or error}", log=self.log) from error
        except (build.BuildException, ValueError) as error:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a", encoding="utf-8", errors="backslashreplace") as sink:
                print(error, file=sink)
            raise BuildError(f"cannot be built: {error}", log=self.log) from error

    def _wheel(self, builder: ProjectBuilder) -> Path:
        self.pool.progress.step("building")
        return Path(builder.build(self.kind, self.out, self.settings))

    def _question(self, plain: _Plain) -> str:
        """A name for all that decides what a plain backend asks for."""
        facts = json.dumps([self.kind, self.recipe.config_settings]).encode()
        return hashlib.sha256(facts + b"\n" + plain.pyproject).hexdigest()

    def _builder(self, environment: BuildEnvironment) -> ProjectBuilder:
        from build import ProjectBuilder

        return ProjectBuilder.from_isolated_env(environment, self.source, runner=self._runner(environment, {}))

    def _runner(self, environment: BuildEnvironment, environ: Mapping[str, str]) -> SubprocessRunner:
        own = {"PYTHONPYCACHEPREFIX": os.fspath(environment.path / "freshvenv-bytecode")} if self.in_place else {}

        def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
            env = {**environ, **(extra_environ or {}), **own}
            status = process.run_logged(cmd, log=self.log, cwd=Path(cwd or self.source), env=env)
            if status != 0:
                raise subprocess.CalledProcessError(status, list(cmd))

        return run


@contextmanager
def warnings_into(log: Path) -> Iterator[None]:
    """Keep what is warned of in a build or in what it made, by means of Python, out of the user's terminal."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            if caught:
                with log.open("a", encoding="utf-8", errors="backslashreplace") as sink:
                    sink.writelines(f"{warning.message}\n" for warning in caught)


def _last_words(log: Path) -> str:
    """The last line that a failed build printed: mostly the exception."""
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
