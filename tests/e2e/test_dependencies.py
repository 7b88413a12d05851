"""What a branch requires and the venv lacks: installed by the project's own manager, by uv or by pip, real ones.

All packages are tiny wheels from an index of our own on this machine, and the project builds itself, so that nothing
is downloaded from anywhere else.
"""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.repository import PROJECT, Repository, make_venv, own_lines
from support.values import replace
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


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        made = Index(folder, f"http://127.0.0.1:{server.server_port}/simple")
        for name, versions in PUBLISHED.items():
            for version in versions:
                made.publish(name, version)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


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
        assert self.repository.git("status", "--porcelain") == "", "the work tree stays as it is"


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


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Workbench:
    root = tmp_path_factory.mktemp("workbench")
    world = World(root, sterile_environment(root, os.environ))
    lone = make_venv(world, root / "lone")
    world.run("uv", "pip", "install", "--quiet", "--python", lone / "bin" / "python", CHECKOUT)
    assert not (lone / "bin" / "uv").exists()
    return Workbench(root, index, lone)


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest) -> Manager:
    return MANAGERS[request.param]


# What is missing


def test_missing_is_installed(workbench: Workbench, world: World, manager: Manager) -> None:
    """By one call of the right program, which adds nothing that was not asked for and removes nothing.

    The user has one extra and one group in the venv, and neither the other extra nor the other group; no settings
    speak of any.
    """
    shop = workbench.shop(world, manager)
    shop.init()
    mine = {"tiny-dev": "1.0", "tiny-stranger": "1.0", "tiny-test": "1.0"}
    shop.put(*mine)

    [line] = shop.checkout("more")

    assert "reinstalled shop 1.0" in line
    assert shop.holds() == {**MORE, **mine}
    assert_one_call(shop, manager)
    shop.assert_fresh()


def assert_one_call(shop: Shop, manager: Manager) -> None:
    installs = [call for call in shop.calls() if call != "pip --version"]
    assert [call.startswith(manager.call) for call in installs] == [True], installs


def test_nothing_missing_starts_nothing(workbench: Workbench, world: World, manager: Manager) -> None:
    """Not even to ask: other code is built and placed without uv, pip or any manager."""
    shop = workbench.shop(world, manager)
    shop.init()
    before = shop.holds()

    assert len(shop.checkout("code")) == 1
    assert len(shop.checkout("main")) == 1

    assert shop.calls() == []
    assert shop.holds() == before
    shop.assert_fresh()


@pytest.mark.parametrize(
    ("pip", "editable"), [(True, True), (False, False)], ids=["venv with pip, editable", "venv without pip"]
)
def test_without_uv(workbench: Workbench, world: World, *, pip: bool, editable: bool) -> None:
    """pip serves any venv, also one without pip, and puts none into it."""
    shop = workbench.shop(world, PIP, pip=pip)
    shop.repository.git("config", "freshvenv.editable", str(editable).lower())

    shop.init()
    shop.checkout("more")

    assert shop.holds() == MORE
    assert bool([*shop.venv.glob("lib/python*/site-packages/pip")]) == pip
    assert {target.editable for target in shop.repository.targets()} == {editable}
    shop.assert_fresh()


@pytest.mark.parametrize("manager", LOCKING.values(), ids=LOCKING.keys())
def test_lockfile_of_a_manager_that_is_not_there(workbench: Workbench, world: World, manager: Manager) -> None:
    """Then pip does it, and the lockfile is nothing but a file."""
    shop = workbench.shop(world, PIP)
    template = workbench.template(manager)
    for file in ("pyproject.toml", f"{manager.lock[0]}.lock"):
        shutil.copy(template / file, shop.repository.path / file)
    shop.repository.commit("with a lockfile")

    shop.freshvenv("resync")

    assert shop.holds() == MAIN
    shop.assert_fresh()


# What is asked for, and what is not


def test_declared_extras_and_groups_are_installed(workbench: Workbench, world: World, manager: Manager) -> None:
    shop = workbench.shop(world, manager)
    shop.init()
    for key, value in (("extras", "test"), ("groups", "dev")):
        shop.repository.git("config", f"freshvenv.{key}", value)
    assert "extras nothing -> test" in shop.repository.target().reasons

    shop.checkout("more")

    assert shop.holds() == {**MORE, "tiny-test": "1.0", "tiny-dev": "1.0"}
    assert_one_call(shop, manager)
    shop.assert_fresh()


def test_each_venv_gets_its_own(workbench: Workbench, world: World, manager: Manager) -> None:
    """A manager has opinions about which venv is the project's; all of them are served, and no other."""
    shop = workbench.shop(world, manager)
    second = make_venv(world, shop.repository.path / "envs" / "second")
    stranger = make_venv(world, shop.repository.path / "venv")
    info = shop.repository.common_dir / "info"
    info.mkdir(exist_ok=True)
    (info / "exclude").write_text("/venv/\n")
    before = sorted(path.relative_to(stranger) for path in stranger.rglob("*"))
    shop.init()

    shop.checkout("more")

    assert shop.holds() == MORE
    assert shop.holds(second) == MORE
    assert sorted(path.relative_to(stranger) for path in stranger.rglob("*")) == before
    shop.assert_fresh()


def test_settings_of_uv_in_the_tree_do_not_lead_elsewhere(workbench: Workbench, world: World) -> None:
    """``uv pip`` obeys ``[tool.uv.pip]`` of the tree that it stands in."""
    shop = workbench.shop(world, UV_PIP)
    shop = replace(shop, repository=shop.repository.with_environment(UV_NO_CONFIG="false"))
    pyproject = shop.repository.path / "pyproject.toml"
    with pyproject.open("a") as file:
        file.write('\n[tool.uv.pip]\ntarget = "elsewhere"\n')
    shop.repository.commit("settings of uv")

    shop.freshvenv("resync", check=False)

    assert shop.holds() == MAIN
    assert [*shop.repository.path.rglob("elsewhere")] == []
    shop.assert_fresh()


# Projects of the same repository


CORE = """\
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["backend"]

[project]
name = "tinycore"
version = "1.0"
dependencies = []
"""

LISTED = """

[[tool.freshvenv.projects]]
path = "."

[[tool.freshvenv.projects]]
path = "packages/core"
"""

WORKSPACE = """

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
tinycore = { workspace = true }
"""


@pytest.mark.parametrize("manager", PLAIN.values(), ids=PLAIN.keys())
@pytest.mark.parametrize(("tables", "calls"), [(LISTED, 0), (WORKSPACE, 1)], ids=["listed", "member of a workspace"])
def test_project_of_the_same_repository_is_not_had_from_an_index(
    workbench: Workbench, world: World, manager: Manager, tables: str, calls: int
) -> None:
    """Whoever owns the name there: what the branch requires is the project beside it, which the branch brings."""
    workbench.index.publish("tinycore", "9.0")
    shop = workbench.shop(world, manager)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "core", "code")
    workbench.write(shop.repository, manager, "tiny-one==1.0", "tinycore>=1")
    core = shop.repository.path / "packages" / "core"
    shutil.copytree(PROJECT, core, ignore=shutil.ignore_patterns("__pycache__"))
    shop.repository.write("packages/core/pyproject.toml", CORE)
    pyproject = shop.repository.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + tables)
    shop.repository.commit("a project beside it")
    shop.repository.git("checkout", "--quiet", "main")

    lines = shop.checkout("core")

    assert "could not be installed" not in str(lines)
    assert shop.holds() == {**MAIN, "tinycore": "1.0"}
    assert len([call for call in shop.calls() if call.startswith(manager.call)]) == calls
    shop.freshvenv("resync")
    shop.assert_fresh()


def test_package_that_only_the_base_interpreter_has(workbench: Workbench, world: World) -> None:
    """An environment that includes the packages of the system needs no second one, and pip would install none."""
    shop = workbench.shop(world, UV_PIP)
    workbench.write(shop.repository, UV_PIP, "pip")
    shop.repository.commit("requires pip, which the index does not have")
    made = ("-m", "venv", "--clear", "--without-pip")
    world.run(sys.executable, *made, shop.venv)
    assert shop.freshvenv("resync", check=False).returncode == 1
    assert [call for call in shop.calls() if call.startswith("uv pip install")] != []
    world.run(sys.executable, *made, "--system-site-packages", shop.venv)
    if world.run(shop.venv / "bin" / "python", "-I", "-c", "import pip", check=False).returncode != 0:
        pytest.skip("the base interpreter has no pip")

    shop.freshvenv("resync")

    assert [call for call in shop.calls() if call.startswith("uv pip install")] == []
    assert shop.holds() == {}
    shop.assert_fresh()


# What cannot be had


@pytest.mark.parametrize("manager", PLAIN.values(), ids=PLAIN.keys())
def test_what_cannot_be_had(workbench: Workbench, world: World, manager: Manager) -> None:
    """The project is installed all the same, everybody is told what it lacks, and the next run tries again."""
    name = f"tiny-late-{manager.name}"
    shop = workbench.shop(world, manager)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "beyond", "code")
    workbench.write(shop.repository, manager, "tiny-one==1.0", name)
    shop.repository.commit("beyond")
    shop.repository.git("checkout", "--quiet", "main")

    [line] = shop.checkout("beyond")

    assert "reinstalled shop 1.0" in line
    assert name in line
    installed = world.run(shop.venv / "bin" / "python", "-I", "-c", "import shop; print(shop.BRANCH)")
    assert installed.stdout == "code\n"
    assert shop.holds() == MAIN
    target = shop.repository.target()
    assert target.state == "stale"
    assert name in " ".join(target.reasons)
    done = shop.freshvenv("resync", check=False)
    assert done.returncode == 1
    assert name in done.stdout

    [line] = own_lines(shop.repository.attempt("checkout", "-b", "again").stderr)
    assert name in line, "tried again"
    workbench.index.publish(name, "1.0")
    shop.freshvenv("resync")

    assert shop.holds() == {**MAIN, name: "1.0"}
    shop.assert_fresh()
    assert shop.checkout("beyond") == []


def test_what_the_user_brings_in(workbench: Workbench, world: World) -> None:
    """What could not be had is there by hand now: nothing more is to be done."""
    shop = workbench.shop(world, UV_PIP)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "beyond")
    workbench.write(shop.repository, UV_PIP, "tiny-one==1.0", "tiny-by-hand")
    shop.repository.commit("beyond")
    shop.freshvenv("resync", check=False)
    assert shop.repository.target().state == "stale"
    workbench.index.publish("tiny-by-hand", "1.0")
    shop.put("tiny-by-hand")
    shop.calls()

    shop.freshvenv("resync")

    assert shop.calls() == []
    shop.assert_fresh()
