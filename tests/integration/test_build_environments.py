"""Build environments and installers: what is made once and kept, what is made anew, and how uv and pip are called."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from freshvenv import process
from freshvenv.errors import BuildError
from freshvenv.fingerprint import Recipe
from freshvenv.installers import Index, Pip, Uv, choose_installer, find_uv, has_pip
from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.wheels.build import build_wheel
from freshvenv.wheels.environments import BuildEnvironment, EnvironmentPool
from support.interpreters import available, interpreters
from support.repository import PROJECT, make_venv
from support.world import TOOLS, World


@dataclass
class Recorder:
    """An installer that makes folders, and notes what it was asked for."""

    name: str = "recorder"
    calls: list[tuple[str, ...]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None

    def create(self, environment: Path, interpreter: Path, log: Path) -> int:
        self.calls.append(("create", interpreter.name))
        (environment / "bin").mkdir(parents=True)
        (environment / "bin" / "python").symlink_to(sys.executable)
        return self._done("create", log)

    def install(
        self,
        python: Path,
        requirements: Sequence[str],
        log: Path,
        indexes: Sequence[Index] = (),  # noqa: ARG002 - the protocol has it
    ) -> int:
        self.calls.append(("install", *requirements))
        (python.parent.parent / "installed").write_text("\n".join(requirements))
        return self._done("install", log)

    def _done(self, word: str, log: Path) -> int:
        self.meanwhile()
        with log.open("a") as sink:
            sink.write(f"{word}\n")
        return self.statuses.get(word, 0)


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return inspect_interpreter(Path(sys.executable), tmp_path_factory.mktemp("interpreters"))


@dataclass(frozen=True)
class Bench:
    root: Path
    recorder: Recorder
    interpreter: Interpreter

    @property
    def pool(self) -> EnvironmentPool:
        return EnvironmentPool(self.root / "environments", self.root / "locks", self.recorder)

    @property
    def log(self) -> Path:
        return self.root / "log"

    def get(self, *requirements: str) -> Path:
        return self.pool.get(self.interpreter, requirements, self.log).path


@pytest.fixture
def bench(tmp_path: Path, interpreter: Interpreter) -> Bench:
    return Bench(tmp_path, Recorder(), interpreter)


def test_made_once(bench: Bench) -> None:
    first = bench.get("hatchling", "hatch-vcs")
    assert bench.recorder.calls == [
        ("create", Path(bench.interpreter.executable).name),
        ("install", "hatch-vcs", "hatchling"),
    ]
    assert bench.get("hatchling", "hatch-vcs") == first
    assert bench.get("hatch-vcs", "hatchling", "hatchling") == first
    assert len(bench.recorder.calls) == 2


def test_nothing_required_nothing_installed(bench: Bench) -> None:
    bench.get()
    assert [call[0] for call in bench.recorder.calls] == ["create"]


OTHERS: dict[str, Callable[[Bench], Path]] = {
    "other requirements": lambda it: it.get("hatchling>=2"),
    "more requirements": lambda it: it.get("hatchling", "hatch-vcs"),
    "none": lambda it: it.get(),
}


@pytest.mark.parametrize("ask", OTHERS.values(), ids=OTHERS)
def test_other_question_other_environment(bench: Bench, ask: Callable[[Bench], Path]) -> None:
    assert ask(bench) != bench.get("hatchling")


def test_other_interpreter_other_environment(bench: Bench, tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    link.chmod(0o755)
    other = inspect_interpreter(link, tmp_path / "interpreters")
    assert bench.pool.get(other, ["hatchling"], bench.log).path != bench.get("hatchling")


def test_other_choices_other_environment(bench: Bench) -> None:
    """A constraint of the user's may have picked another release; it is not written down."""
    plain = bench.get("hatchling")
    pool = bench.pool._replace(choices=(("PIP_CONSTRAINT", "/secret"), ("/secret", "hatchling<2")))
    bound = pool.get(bench.interpreter, ["hatchling"], bench.log)
    assert bound.path != plain
    assert "secret" not in bound.mark.read_text()
    assert pool.get(bench.interpreter, ["hatchling"], bench.log) == bound
    assert bench.get("hatchling") == plain
    assert len(bench.recorder.calls) == 4


def test_failure_to_create(bench: Bench) -> None:
    bench.recorder.statuses["create"] = 1
    with pytest.raises(BuildError, match="recorder could not create a build environment") as caught:
        bench.get("hatchling")
    assert caught.value.hint == f"the build log is {bench.log}"
    assert list(bench.pool.directory.iterdir()) == []


def test_failure_to_install_is_not_kept(bench: Bench) -> None:
    bench.recorder.statuses["install"] = 1
    with pytest.raises(BuildError, match="recorder could not install hatch-vcs, hatchling"):
        bench.get("hatchling", "hatch-vcs")
    assert list(bench.pool.directory.iterdir()) == []
    bench.recorder.statuses.clear()
    assert (bench.get("hatchling", "hatch-vcs") / "installed").exists()


def test_interrupted_environment_is_made_anew(bench: Bench) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    bench.recorder.meanwhile = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.get("hatchling")
    [half] = bench.pool.directory.iterdir()
    (half / "left over").touch()
    bench.recorder.meanwhile = lambda: None
    assert bench.get("hatchling") == half
    assert not (half / "left over").exists()
    assert (half / "installed").exists()


def test_backend_sees_its_own_programs_first(bench: Bench) -> None:
    environment = bench.pool.get(bench.interpreter, [], bench.log)
    environ = environment.make_extra_environ()
    assert environ["PATH"].split(os.pathsep)[0] == str(environment.path / "bin")
    assert environ["PATH"].endswith(os.environ["PATH"])
    assert environment.python_executable == str(environment.path / "bin" / "python")


COMPETITOR = """
import sys, time
from pathlib import Path
from freshvenv.interpreter import inspect_interpreter
from freshvenv.wheels.environments import EnvironmentPool

root = Path(sys.argv[1])

class Slow:
    name = "slow"
    def create(self, environment, interpreter, log):
        with (root / "created").open("a") as note:
            note.write("created\\n")
        time.sleep(0.3)
        environment.mkdir(parents=True)
        return 0
    def install(self, python, requirements, log):
        return 0

(root / f"ready-{sys.argv[2]}").touch()
end = time.monotonic() + 600
while not (root / "go").exists() and time.monotonic() < end:
    time.sleep(0.005)
pool = EnvironmentPool(root / "environments", root / "locks", Slow())
print(pool.get(inspect_interpreter(Path(sys.executable), root / "interpreters"), [], root / "log").path)
"""


def test_two_processes_make_one(tmp_path: Path) -> None:
    words: list[str | Path] = [sys.executable, "-c", COMPETITOR, tmp_path]
    processes = [subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True) for number in range(2)]
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert all(process.poll() is None for process in processes)
    (tmp_path / "go").touch()
    assert len({process.communicate(timeout=60)[0] for process in processes}) == 1
    assert (tmp_path / "created").read_text() == "created\n"


# Real builds, with a backend that needs nothing


@pytest.fixture
def uv_bench(tmp_path: Path, interpreter: Interpreter) -> EnvironmentPool:
    return EnvironmentPool(tmp_path / "environments", tmp_path / "locks", Uv(TOOLS / "uv"))


@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_build(uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path, editable: bool) -> None:
    recipe = Recipe(editable=editable)
    wheel = build_wheel(PROJECT, interpreter, recipe, tmp_path / "out", pool=uv_bench, log=tmp_path / "log")
    assert wheel == tmp_path / "out" / "demo-1.0-py3-none-any.whl"
    assert wheel.exists()


def project(tmp_path: Path, backend: str, pyproject: str = "") -> Path:
    folder = tmp_path / "project"
    (folder / "backend").mkdir(parents=True)
    (folder / "backend" / "mine.py").write_text(backend)
    table = '[build-system]\nrequires = []\nbuild-backend = "mine"\nbackend-path = ["backend"]\n'
    (folder / "pyproject.toml").write_text(pyproject or table)
    return folder


FAILING = {
    "backend raises": (
        "def build_wheel(*_): raise ValueError('no compiler')",
        "the build failed: ValueError: no compiler",
    ),
    "backend exits": ("def build_wheel(*_): print('giving up'); raise SystemExit(3)", "the build failed: giving up"),
    "backend cannot be imported": ("import nothing_of_this_name", "the build failed: .*not available"),
    "backend has no hook": ("", "the build failed: .*build_wheel"),
    "backend dies": (
        "import os, signal\ndef build_wheel(*_): os.kill(os.getpid(), signal.SIGSEGV)",
        "the build failed: ",
    ),
}


@pytest.mark.parametrize(("backend", "message"), FAILING.values(), ids=FAILING)
def test_build_that_fails(
    uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path, backend: str, message: str
) -> None:
    log = tmp_path / "log"
    with pytest.raises(BuildError, match=message) as caught:
        build_wheel(project(tmp_path, backend), interpreter, Recipe(), tmp_path / "out", pool=uv_bench, log=log)
    assert caught.value.hint == f"the build log is {log}"
    assert log.exists()


BROKEN = {
    "requires is missing": '[build-system]\nbuild-backend = "mine"\n',
    "requires is a text": '[build-system]\nrequires = "hatchling"\n',
    "requires no requirement": '[build-system]\nrequires = ["!!"]\nbuild-backend = "mine"\n',
    "backend path leaves the project": '[build-system]\nrequires = []\nbuild-backend = "mine"\nbackend-path = ["../.."]\n',
}


@pytest.mark.parametrize("pyproject", BROKEN.values(), ids=BROKEN)
def test_project_that_cannot_be_built(
    uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path, pyproject: str
) -> None:
    log = tmp_path / "log"
    with pytest.raises(BuildError) as caught:
        build_wheel(project(tmp_path, "", pyproject), interpreter, Recipe(), tmp_path / "out", pool=uv_bench, log=log)
    assert caught.value.log == log
    assert log.exists()


def test_config_settings_reach_the_backend(uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path) -> None:
    backend = "def build_wheel(directory, settings=None, *_): raise ValueError(sorted(settings.items()))"
    recipe = Recipe(config_settings=(("a", "1"), ("b", "2")))
    with pytest.raises(BuildError, match=r"\[\('a', '1'\), \('b', '2'\)\]"):
        build_wheel(
            project(tmp_path, backend), interpreter, recipe, tmp_path / "out", pool=uv_bench, log=tmp_path / "log"
        )


def test_further_requirements_are_asked_for(bench: Bench, tmp_path: Path) -> None:
    """PEP 517: ``get_requires_for_build_wheel``."""
    backend = "def get_requires_for_build_wheel(*_): return ['more']\ndef build_wheel(*_): raise ValueError('built')"
    with pytest.raises(BuildError, match="built"):
        build_wheel(
            project(tmp_path, backend), bench.interpreter, Recipe(), tmp_path / "out", pool=bench.pool, log=bench.log
        )
    assert [call for call in bench.recorder.calls if call[0] == "install"] == [("install", "more")]


PLAIN = (
    '[build-system]\nrequires = ["flit_core >=3.11"]\nbuild-backend = "flit_core.buildapi"\n'
    '[project]\nname = "demo"\nversion = "1.0"\ndescription = "x"\n'
)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hooks that are called, in their order."""
    calls: list[str] = []
    real = process.run_logged

    def record(argv: Sequence[str | Path], **options: Any) -> int:
        if "_in_process" in str(argv[1]):
            calls.append(str(argv[2]))
        return real(argv, **options)

    monkeypatch.setattr(process, "run_logged", record)
    return calls


@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_plain_backend_is_asked_once_what_it_requires(
    uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path, started: list[str], editable: bool
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(PLAIN)
    (source / "demo.py").write_text("one = 1\n")
    kind = "editable" if editable else "wheel"

    def build(out: str) -> dict[str, bytes]:
        log = tmp_path / "log"
        wheel = build_wheel(source, interpreter, Recipe(editable=editable), tmp_path / out, pool=uv_bench, log=log)
        with ZipFile(wheel) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    first = build("first")
    assert started == [f"get_requires_for_build_{kind}", f"build_{kind}"]
    started.clear()
    assert build("again") == first
    assert started == [f"build_{kind}"]
    started.clear()
    (source / "pyproject.toml").write_text(PLAIN.replace("1.0", "2.0"))
    assert build("other") != first
    assert started == [f"get_requires_for_build_{kind}", f"build_{kind}"]


def test_plain_backend_that_fails(
    uv_bench: EnvironmentPool, interpreter: Interpreter, tmp_path: Path, started: list[str]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(PLAIN)
    (source / "demo.py").write_text("one = 1\n")
    log = tmp_path / "log"
    build_wheel(source, interpreter, Recipe(), tmp_path / "first", pool=uv_bench, log=log)
    (source / "demo.py").unlink()
    with pytest.raises(BuildError, match="the build failed: ValueError: No file/folder found for module demo"):
        build_wheel(source, interpreter, Recipe(), tmp_path / "second", pool=uv_bench, log=log)


NOTES = {"cut": b'["a', "a text": b'"a"', "numbers": b"[1]", "not UTF-8": b'["\xff"]', "empty": b""}


@pytest.mark.parametrize("content", NOTES.values(), ids=NOTES)
def test_damaged_note_counts_as_none(tmp_path: Path, content: bytes) -> None:
    environment = BuildEnvironment(tmp_path)
    environment.note("question", ["b", "a"])
    assert environment.recall("question") == ["a", "b"]
    (tmp_path / "freshvenv-requires" / "question").write_bytes(content)
    assert environment.recall("question") is None


# uv and pip


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    """A program that notes its arguments and where it stands."""
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\npwd\nfor word in "$@"; do echo "$word"; done\nexit 3\n')
    program.chmod(0o755)
    return program


def test_uv_is_called_in_a_neutral_place(fake: Path, tmp_path: Path) -> None:
    """The tree's own ``[tool.uv.pip]`` must have no say, and a path must not be taken for a version."""
    python = tmp_path / "v2" / "bin" / "python"
    python.parent.mkdir(parents=True)
    assert Uv(fake).install(python, ["-r", "attrs>=1"], tmp_path / "log") == 3
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == ["/", *f"pip install --quiet --python {python} -- -r attrs>=1".split()]


def test_uv_is_told_of_indexes(fake: Path, tmp_path: Path) -> None:
    indexes = [Index("https://example.com/a", "ours"), Index("https://example.com/b", is_default=True)]
    Uv(fake).install(tmp_path / "python", ["attrs"], tmp_path / "log", indexes)
    said = "--index ours=https://example.com/a --default-index https://example.com/b -- attrs"
    assert " ".join((tmp_path / "log").read_text().splitlines()).endswith(said)


def test_uv_makes_an_environment_of_no_project(fake: Path, tmp_path: Path) -> None:
    assert Uv(fake).create(tmp_path / "new", Path("/usr/bin/python3"), tmp_path / "log") == 3
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0] == "/"
    assert lines[1:] == f"venv --quiet --no-project --python /usr/bin/python3 {tmp_path / 'new'}".split()


def test_pip_of_the_venv_is_used_where_it_has_one(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    assert Pip(tmp_path / "spare").install(python, ["-r", "attrs>=1"], tmp_path / "log") == 0
    words = "-I -m pip install --quiet --no-input --disable-pip-version-check -- -r attrs>=1\n"
    assert (tmp_path / "log").read_text() == words
    assert not (tmp_path / "spare").exists()


@pytest.mark.parametrize("version", available("3.8", "3.11", "3.12"))
def test_pip_makes_an_environment_that_holds_nothing_else(world: World, tmp_path: Path, version: str) -> None:
    """An old setuptools in it would be taken for what a build requires."""
    log = tmp_path / "log"
    assert Pip(tmp_path / "spare").create(tmp_path / "new", interpreters()[version], log) == 0, log.read_text()
    python = tmp_path / "new" / "bin" / "python"
    listed = world.run(python, "-I", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check").stdout
    assert re.findall(r"^([^=]+)==", listed, re.MULTILINE) == ["pip"]


def test_pip_serves_a_venv_without_pip(world: World, tmp_path: Path) -> None:
    """What is there by now is of the venv, though pip is of another place."""
    venv = make_venv(world, tmp_path / "venv")
    source = tmp_path / "thing"
    source.mkdir()
    (source / "pyproject.toml").write_text('[project]\nname = "thing"\nversion = "1"\n')
    (tmp_path / "wheels").mkdir()
    wheel = tmp_path / "wheels" / "thing-1-py3-none-any.whl"
    write_tiny_wheel(wheel)
    log = tmp_path / "log"
    assert Pip(tmp_path / "spare").install(venv / "bin" / "python", [str(wheel)], log) == 0, log.read_text()
    world.run(venv / "bin" / "python", "-I", "-c", "import thing")


def test_spare_pip_that_was_begun_and_not_finished_is_made_anew(world: World, tmp_path: Path) -> None:
    venv, log = make_venv(world, tmp_path / "venv"), tmp_path / "log"
    wheel = tmp_path / "thing-1-py3-none-any.whl"
    write_tiny_wheel(wheel)
    python = venv / "bin" / "python"
    if has_pip(Path(os.path.realpath(python))):
        world.run(python, "-m", "venv", "--without-pip", tmp_path / "base")
    spare = tmp_path / "spare" / os.path.realpath(python).replace("/", "-").strip("-")
    spare.mkdir(parents=True)
    (spare / "pyvenv.cfg").touch()
    pip = Pip(tmp_path / "spare")
    assert pip.install(python, [str(wheel)], log) == 0, log.read_text()


def test_no_pip_where_there_is_no_interpreter(tmp_path: Path) -> None:
    assert not has_pip(tmp_path / "gone")


def write_tiny_wheel(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
        archive.writestr("thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.dist-info/RECORD", "thing.py,,\nthing-1.dist-info/RECORD,,\n")


def test_uv_on_path_is_preferred(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (fake.parent / "uv").symlink_to(fake)
    monkeypatch.setenv("PATH", str(fake.parent))
    assert find_uv() == fake.parent / "uv"
    assert choose_installer(fake.parent).name == "uv"


def test_uv_of_the_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_uv() == TOOLS / "uv"
