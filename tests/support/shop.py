"""A package index on this machine, the managers that install from it, and a project whose branches require different things."""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from support.repository import PROJECT, Repository, make_venv, own_lines
from support.world import TOOLS, World, sterile_environment

CHECKOUT = Path(__file__).parents[2]
"""The freshvenv that is tested."""


BACKEND = '''\
"""The backend of the in-tree project, with extras in the metadata."""

import in_tree
from in_tree import build_editable, build_sdist, build_wheel

plain = in_tree._metadata


def metadata():
    text = plain().decode()
    for extra, requirements in in_tree._section("project.optional-dependencies").items():
        text += f"Provides-Extra: {extra}\\n"
        text += "".join(f"Requires-Dist: {line}; extra == '{extra}'\\n" for line in requirements)
    return text.encode()


in_tree._metadata = metadata
'''


PYPROJECT = """\
[build-system]
requires = []
build-backend = "with_extras"
backend-path = ["backend"]

[project]
name = "shop"
version = "1.0"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[project.optional-dependencies]
test = ["tiny-test"]
docs = ["tiny-docs"]

[dependency-groups]
dev = ["tiny-dev"]
lint = ["tiny-lint"]

[tool.freshvenv]
venvs = [".venv", "envs/*"]
"""


BRANCHES = {
    "main": ("tiny-one==1.0",),
    "code": ("tiny-one==1.0",),
    "more": ("tiny-one>=2", "tiny-two"),
}
"""What the project requires on each branch; all have other code."""


MAIN = {"tiny-one": "1.0"}


MORE = {"tiny-one": "2.0", "tiny-two": "1.0"}


PUBLISHED = {
    "tiny-one": ("1.0", "2.0"),
    **{f"tiny-{name}": ("1.0",) for name in ("two", "test", "docs", "dev", "lint", "stranger")},
}


@dataclass(frozen=True)
class Index:
    """A package index (PEP 503) on this machine, which a test may add to."""

    folder: Path
    url: str

    def publish(self, name: str, version: str) -> None:
        stem = f"{name.replace('-', '_')}-{version}"
        wheel = self.folder / "files" / f"{stem}-py3-none-any.whl"
        wheel.parent.mkdir(exist_ok=True)
        members = {
            f"{name.replace('-', '_')}.py": "",
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        record = "".join(f"{member},,\n" for member in (*members, f"{stem}.dist-info/RECORD"))
        with zipfile.ZipFile(wheel, "w") as archive:
            for member, text in {**members, f"{stem}.dist-info/RECORD": record}.items():
                archive.writestr(zipfile.ZipInfo(member), text)
        page = self.folder / "simple" / name / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with page.open("a") as file:
            file.write(f'<a href="../../files/{wheel.name}#sha256={digest}">{wheel.name}</a>\n')


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Manager:
    """Who installs: how it locks, what it has to be told in ``pyproject.toml``, and the call that is expected."""

    call: str
    lock: tuple[str, ...] = ()
    settings: str = ""

    @property
    def name(self) -> str:
        return self.call.replace(" ", "-") + (".lock" if self.lock else "")


UV_SYNC = Manager("uv sync", ("uv", "lock"))


POETRY = Manager(
    "poetry install",
    ("poetry", "lock"),
    '\n[[tool.poetry.source]]\nname = "here"\nurl = "{url}"\npriority = "primary"\n',
)


PDM = Manager(
    "pdm sync",
    ("pdm", "lock", "--group", ":all"),
    '\n[[tool.pdm.source]]\nname = "pypi"\nurl = "{url}"\nverify_ssl = false\n',
)


UV_PIP = Manager("uv pip install")


PIP = Manager("pip install")


LOCKING = {"uv.lock": UV_SYNC, "poetry.lock": POETRY, "pdm.lock": PDM}


MANAGERS = {**LOCKING, "uv, no lockfile": UV_PIP, "pip, no lockfile": PIP}


PLAIN = {"uv": UV_PIP, "pip": PIP}


@dataclass(frozen=True)
class Shop:
    """A checkout of the project on main, in a world whose installers write down that they are called."""

    repository: Repository
    program: Path
    """The freshvenv that is used: that of the rows with pip has no uv beside it."""
    calls_file: Path

    @property
    def venv(self) -> Path:
        return self.repository.venv

    def freshvenv(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.repository.world.run(self.program, *argv, cwd=self.repository.path, check=check)

    def init(self) -> None:
        """Install hooks and project into a venv that has what main requires."""
        for venv in (self.venv, *self.venv.parent.glob("envs/*")):
            self.put("tiny-one==1.0", venv=venv)
        self.freshvenv("init", "--hooks", "native")
        self.calls()

    def checkout(self, branch: str) -> list[str]:
        """Check a branch out, which always works; what freshvenv wrote comes back."""
        done = self.repository.attempt("checkout", branch)
        assert done.returncode == 0, done.stderr
        return own_lines(done.stderr)

    def put(self, *packages: str, venv: Path | None = None) -> None:
        """Let the user install something into a venv."""
        python = (venv or self.venv) / "bin" / "python"
        self.repository.world.run(UV, "pip", "install", "--quiet", "--python", python, *packages)

    def holds(self, venv: Path | None = None) -> dict[str, str]:
        """The versions of all packages in a venv but the project itself and pip."""
        infos = [*(venv or self.venv).glob("lib/python*/site-packages/*.dist-info")]
        found = dict(info.name.removesuffix(".dist-info").split("-", 1) for info in infos)
        assert found.pop("shop") == "1.0"
        found.pop("pip", None)
        return {name.replace("_", "-"): version for name, version in found.items()}

    def calls(self) -> list[str]:
        """Every call of an installer since the last look, as it was typed, but for rehearsals."""
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        self.calls_file.unlink(missing_ok=True)
        return [call for call in text.splitlines() if "--dry-run" not in call]

    def assert_fresh(self) -> None:
        targets = self.repository.targets()
        assert {target.state for target in targets} == {"fresh"}, targets
        assert self.repository.git("status", "--porcelain") == "", "the working tree stays as it is"


@dataclass(frozen=True)
class Workbench:
    """What the tests share: a repository for each manager, a freshvenv without uv, freshvenv's cache."""

    root: Path
    index: Index
    lone: Path
    """A venv that holds freshvenv and nothing else."""

    def template(self, manager: Manager) -> Path:
        """The project's repository, with lockfiles by the manager; made once."""
        done = self.root / "templates" / manager.name
        if done.exists():
            return done
        path = Path(tempfile.mkdtemp(dir=self.root))
        world = World(self.root, {**sterile_environment(self.root, os.environ), **index_settings(self.index)})
        repository = Repository(world, path)
        (path / "src" / "shop").mkdir(parents=True)
        shutil.copytree(PROJECT / "backend", path / "backend", ignore=shutil.ignore_patterns("__pycache__"))
        repository.write("backend/with_extras.py", BACKEND)
        repository.write(".gitignore", ".venv/\nenvs/\n__pycache__/\n")
        repository.git("init", "--quiet", "--initial-branch", "main")
        for branch, requirements in BRANCHES.items():
            if branch != "main":
                repository.git("switch", "--quiet", "--create", branch, "main")
            self.write(repository, manager, *requirements)
            repository.write("src/shop/__init__.py", f"BRANCH = {branch!r}\n")
            repository.commit(branch)
        repository.git("switch", "--quiet", "main")
        done.parent.mkdir(exist_ok=True)
        return path.rename(done)

    def write(self, repository: Repository, manager: Manager, *requirements: str) -> None:
        """Say what the project requires, and lock it."""
        quoted = ", ".join(f'"{line}"' for line in requirements)
        settings = manager.settings.format(url=self.index.url)
        repository.write("pyproject.toml", PYPROJECT.format(dependencies=quoted) + settings)
        if manager.lock:
            repository.world.run(*manager.lock, cwd=repository.path)
            # pdm makes a venv where there is none, and writes down which it took.
            shutil.rmtree(repository.path / ".venv", ignore_errors=True)
            (repository.path / ".pdm-python").unlink(missing_ok=True)

    def shop(self, world: World, manager: Manager, *, pip: bool = True) -> Shop:
        """A copy of the project with a venv; where the manager is pip, there is no uv, and ``pip`` in the venv or not."""
        calls = world.root / "calls"
        recorders = world.root / "recorders"
        without_uv = manager is PIP
        path = path_of_the_plain(world) if without_uv else world.env["PATH"]
        for name in INSTALLERS if not without_uv else ():
            program = shutil.which(name, path=path)
            assert program, f"{name} belongs to what the tests need"
            recorder = recorders / name
            recorders.mkdir(exist_ok=True)
            recorder.write_text(
                f"""#!/bin/sh\necho "$(echo "{name} $*" | tr '\\n' ' ')" >>{shlex.quote(str(calls))}\n"""
                f'exec "{program}" "$@"\n'
            )
            recorder.chmod(0o755)
        repository = Repository(world, world.root / "shop").with_environment(
            **index_settings(self.index),
            PATH=f"{recorders}{os.pathsep}{path}",
            XDG_CACHE_HOME=str(self.root / "cache" / manager.name),
        )
        shutil.copytree(self.template(manager), repository.path)
        repository.git("update-index", "-q", "--refresh")
        make_venv(world, repository.venv)
        made = Shop(repository, (self.lone / "bin" if without_uv else TOOLS) / "freshvenv", calls)
        if without_uv and pip:
            [wheel] = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
            made.put(str(wheel))
            [main] = repository.venv.glob("lib/python*/site-packages/pip/__main__.py")
            # uv links files from its cache: what is written into one is written into all.
            main.unlink()
            main.write_text(PIP_THAT_IS_RECORDED.format(calls=str(calls)))
        return made


PIP_THAT_IS_RECORDED = """\
import sys

with open({calls!r}, "a") as file:
    print("pip", *sys.argv[1:], file=file)

from pip._internal.cli.main import main

sys.exit(main())
"""


UV = TOOLS / "uv"


def index_settings(index: Index) -> dict[str, str]:
    """The environment of a user whose packages come from this index alone."""
    return {
        "UV_NO_CONFIG": "1",
        "UV_DEFAULT_INDEX": index.url,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index.url,
        "PIP_FIND_LINKS": "",
        "UV_FIND_LINKS": "",
        "no_proxy": "127.0.0.1",
    }


def path_of_the_plain(world: World) -> str:
    """The same programs on PATH, but for installers and those that the tests are run with."""
    folders = []
    for number, folder in enumerate(map(Path, world.env["PATH"].split(os.pathsep))):
        if folder == TOOLS:
            continue
        if any((folder / name).exists() for name in INSTALLERS):
            mirror = world.root / f"path-{number}"
            mirror.mkdir()
            for program in folder.iterdir():
                if program.name not in INSTALLERS:
                    (mirror / program.name).symlink_to(program)
            folders.append(str(mirror))
        else:
            folders.append(str(folder))
    path = os.pathsep.join(folders)
    assert [name for name in INSTALLERS if shutil.which(name, path=path)] == []
    return path


INSTALLERS = ("uv", "poetry", "pdm")


def assert_one_call(shop: Shop, manager: Manager) -> None:
    installs = [call for call in shop.calls() if call != "pip --version"]
    assert [call.startswith(manager.call) for call in installs] == [True], installs
