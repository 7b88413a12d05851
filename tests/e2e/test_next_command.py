"""What the user types after a checkout: uv and pip find an install of their own kind, and leave it or take it over.

The project ``shop`` has a branch that bumps the version, removes a module and a package and renames the console
script, and one that only changes and removes code, where uv has nothing to notice it by.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.oracle import assert_exact
from support.places import PLACE, Place
from support.repository import Repository, own_lines
from support.world import World, sterile_environment

pytestmark = pytest.mark.one_line("pip and uv do not work there")

BACKENDS = {
    "hatchling": """\
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"
        """,
    "setuptools": """\
        [build-system]
        requires = ["setuptools>=64"]
        build-backend = "setuptools.build_meta"

        [tool.setuptools.packages.find]
        where = ["src"]
        """,
}

PROJECT = """
[project]
name = "shop"
version = "{version}"
requires-python = ">=3.8"

[project.scripts]
{script} = "shop.till:main"

[tool.freshvenv]
venvs = [".venv"]
"""

TILL = """\
ANSWER = "{answer}"


def main() -> None:
    print(ANSWER)
"""


@dataclass(frozen=True)
class Branch:
    """A state of the project. ``answer`` has as many letters everywhere, so bytecode left behind would be believed."""

    answer: str
    version: str = "1.0"
    script: str = "till"
    removed: tuple[str, ...] = ()

    def write(self, top: Path, backend: str) -> None:
        project = PROJECT.format(version=self.version, script=self.script)
        files = {
            ".gitignore": ".venv/\nbuild/\n*.egg-info/\n__pycache__/\n",
            "pyproject.toml": textwrap.dedent(BACKENDS[backend]) + project,
            "requirements.txt": ".\n",
            "src/shop/__init__.py": "",
            "src/shop/till.py": TILL.format(answer=self.answer),
            "src/shop/gone.py": "",
            "src/shop/coins/__init__.py": "",
            "src/shop/coins/penny.py": "",
        }
        for name, text in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for name in self.removed:
            path = top / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()


BRANCHES = {
    "main": Branch("main   "),
    "release": Branch("release", "2.0", "counter", removed=("src/shop/gone.py", "src/shop/coins")),
    "patch": Branch("patch  ", removed=("src/shop/gone.py", "src/shop/coins")),
}

KINDS = {"hatchling, release": ("hatchling", "release"), "setuptools, patch": ("setuptools", "patch")}
"""Backend, and the branch that is checked out after main."""

PIP = ("{python}", "-m", "pip")
UV_SYNC = ("uv", "sync", "--no-editable")
UV_RUN = ("uv", "run", "--no-editable", "{script}")


@dataclass(frozen=True)
class Shop:
    """A checkout of the project, with a venv in which it is installed, not editable."""

    repository: Repository

    @property
    def world(self) -> World:
        return self.repository.world

    @property
    def python(self) -> Path:
        return self.repository.venv / "bin" / "python"

    @property
    def branch(self) -> Branch:
        return BRANCHES[self.repository.git("branch", "--show-current")]

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Type a command in the project's folder; ``{python}`` is the venv's, ``{script}`` the branch's script."""
        words = [word.format(python=self.python, script=self.branch.script) for word in argv]
        return self.world.run(*words, cwd=self.repository.path, check=check)

    def checkout(self, branch: str) -> list[str]:
        """Check a branch out, and return what freshvenv had to say about it."""
        return own_lines(self.repository.attempt("checkout", branch).stderr)

    def holds(self) -> list[str]:
        """All that is in the venv beside bytecode: its files with their size and date, and its folders."""
        found = []
        for place, folders, names in os.walk(self.repository.venv):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for name in sorted([*folders, *names]):
                path = Path(place, name)
                status = path.lstat()
                about = "" if name in folders else f" {status.st_size} {status.st_mtime_ns}"
                found.append(f"{path.relative_to(self.repository.venv)}{about}")
        return found

    def called(self) -> set[str]:
        """The names of everything that could be imported, listed or started."""
        places = [*self.repository.venv.glob("lib/python*/site-packages/*"), *self.repository.venv.glob("bin/*")]
        return {path.name for path in places} - {"__pycache__"}

    def assert_new(self) -> None:
        """The venv holds what the branch says, to the last file, and runs it (which leaves bytecode behind)."""
        assert_exact(self.world, self.python, self.repository.path, "shop", editable=False)
        ask = "import shop.till; print(shop.till.ANSWER)"
        assert self.run(str(self.python), "-I", "-c", ask).stdout.strip() == self.branch.answer.strip()
        script = self.repository.venv / "bin" / self.branch.script
        assert self.run(str(script)).stdout.strip() == self.branch.answer.strip()
        assert {branch.script for branch in BRANCHES.values()} & self.called() == {self.branch.script}


@dataclass(frozen=True)
class Histories:
    """The repositories of which each test gets a copy, and a cache in which freshvenv keeps wheels between tests."""

    world: World
    folder: Path

    def copy(self, backend: str, world: World) -> Shop:
        """The project on main, with an empty venv and no hooks."""
        path = world.root / "shop"
        shutil.copytree(self.folder / backend, path)
        repository = Repository(world, path).with_environment(XDG_CACHE_HOME=str(self.folder / "cache"))
        repository.git("update-index", "-q", "--refresh")
        # With pip in it, which `uv sync` leaves in a venv that is not of its own making.
        world.run(sys.executable, "-m", "venv", "--without-pip", repository.venv)
        world.run("uv", "pip", "install", "--quiet", "pip", cwd=path)
        return Shop(repository)


@pytest.fixture(scope="session")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    root = tmp_path_factory.mktemp("next-command")
    fixed = {"GIT_AUTHOR_DATE": "2024-01-01T00:00:00+0000", "GIT_COMMITTER_DATE": "2024-01-01T00:00:00+0000"}
    world = World(root, {**sterile_environment(root, os.environ), **fixed})
    for backend in BACKENDS:
        repository = Repository(world, root / backend)
        repository.path.mkdir()
        repository.git("init", "--quiet", "--initial-branch", "main")
        for name, branch in BRANCHES.items():
            if name != "main":
                repository.git("switch", "--quiet", "--create", name, "main")
            branch.write(repository.path, backend)
            world.run("uv", "lock", "--quiet", cwd=repository.path)
            repository.commit(name)
        repository.git("switch", "--quiet", "main")
    return Histories(world, root)


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, histories: Histories, world: World) -> Shop:
    """The project installed by freshvenv, after a checkout of another branch than main."""
    backend, branch = KINDS[request.param]
    made = histories.copy(backend, world)
    made.repository.freshvenv("init", "--hooks", "native")
    made.checkout(branch)
    made.assert_new()
    return made


# Commands that change nothing


@pytest.fixture(scope="session", params=KINDS)
def settled(request: pytest.FixtureRequest, histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A venv that uv filled on main, after a checkout of another branch: one for all the commands that only look."""
    backend, branch = KINDS[request.param]
    root = tmp_path_factory.mktemp("settled")
    made = histories.copy(backend, World(root, sterile_environment(root, os.environ)))
    made.run(*UV_SYNC)
    made.repository.freshvenv("init", "--hooks", "native")
    [line] = made.checkout(branch)
    assert "reinstalled shop" in line
    made.assert_new()
    return made


@dataclass(frozen=True)
class Look:
    """A command that only looks. ``says`` is a regular expression that what it prints must hold."""

    argv: tuple[str, ...]
    says: str = ""


LOOKS = {
    "uv sync": Look(UV_SYNC),
    "uv sync --locked": Look((*UV_SYNC, "--locked")),
    "uv sync --check": Look((*UV_SYNC, "--check"), r"[Nn]o changes"),
    "uv run": Look(UV_RUN, r"^{answer}\s*$"),
    "uv run python": Look(
        ("uv", "run", "--no-editable", "python", "-c", "import shop.till; print(shop.till.ANSWER)"),
        r"^{answer}\s*$",
    ),
    "uv pip check": Look(("uv", "pip", "check"), "compatible"),
    "uv pip list": Look(("uv", "pip", "list", "--format=freeze"), r"^shop=={version}$"),
    "uv pip freeze": Look(("uv", "pip", "freeze"), r"^shop @ file://{path}$"),
    "uv pip show": Look(("uv", "pip", "show", "--files", "shop"), r"^Version: {version}$"),
    "pip check": Look((*PIP, "check"), r"^No broken requirements found\.$"),
    "pip list": Look((*PIP, "list", "--format=freeze"), r"^shop=={version}$"),
    "pip freeze": Look((*PIP, "freeze"), r"^shop @ file://{path}$"),
    "pip show": Look((*PIP, "show", "--files", "shop"), r"^Version: {version}$"),
    "pip inspect": Look((*PIP, "inspect"), r'"url": "file://{path}"'),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
def test_leaves_the_install_alone(settled: Shop, look: Look) -> None:
    """Whoever compares, by dates, by versions or by RECORD, sees what it would have installed itself."""
    before = settled.holds()

    done = settled.run(*look.argv)

    assert settled.holds() == before
    facts = {"answer": settled.branch.answer.strip(), "version": settled.branch.version}
    says = look.says.format(**facts, path=re.escape(str(settled.repository.path)))
    said = done.stdout + done.stderr
    assert re.search(says, said, re.MULTILINE), said
    assert len(re.findall("^shop[ =]", done.stdout, re.MULTILINE)) <= 1, "listed more than once"
    assert settled.repository.git("status", "--porcelain") == ""


def test_files_that_pip_shows_are_there(settled: Shop) -> None:
    shown = settled.run(*PIP, "show", "--files", "shop").stdout
    location = Path(re.search(r"^Location: (.*)$", shown, re.MULTILINE)[1])  # type: ignore[index]
    files = [location / line.strip() for line in shown.partition("Files:\n")[2].splitlines()]
    assert files
    assert [file for file in files if not file.exists() and file.suffix != ".pyc"] == []


# Commands that install


@dataclass(frozen=True)
class Install:
    """A command that installs the project again, and the name that its installer goes by."""

    argv: tuple[str, ...]
    installer: str


INSTALLS = {
    "uv pip install": Install(("uv", "pip", "install", "."), "uv"),
    "uv sync --reinstall-package": Install(("uv", "sync", "--no-editable", "--reinstall-package", "shop"), "uv"),
    "pip install": Install((*PIP, "install", "."), "pip"),
}

# It puts a path with a blank between double quotes, whatever signs of the shell's are in it.
PIP_WRITES = [pytest.mark.ordinary_place("pip's scripts do not run there")] if PLACE is Place.ODD_PATH else []


@pytest.mark.parametrize(
    "install",
    [
        pytest.param(install, id=name, marks=PIP_WRITES if install.installer == "pip" else ())
        for name, install in INSTALLS.items()
    ],
)
def test_installs_over_it(shop: Shop, install: Install) -> None:
    """The new code stays, nothing is left behind, and the next checkout takes over again and says from whom."""
    shop.run(*install.argv)

    shop.assert_new()
    target = shop.repository.target()
    assert (target.state, target.reasons) == ("unknown", (f"reinstalled by {install.installer}",))
    [line] = shop.checkout("main")
    assert f"reinstalled by {install.installer}" in line
    shop.assert_new()
    assert shop.repository.target().state == "fresh"


def test_installed_over_and_no_other_tree(histories: Histories, world: World) -> None:
    """A checkout that changes no file notices the reinstall all the same."""
    shop = histories.copy("hatchling", world)
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.run("uv", "pip", "install", ".")

    [line] = own_lines(shop.repository.attempt("checkout", "-b", "same").stderr)

    assert "reinstalled by uv" in line
    assert shop.repository.target().state == "fresh"
    shop.repository.git("checkout", "--quiet", "main")
    shop.assert_new()


def test_build_folder_of_another_branch(histories: Histories, world: World) -> None:
    """setuptools keeps modules of main in ``build/lib``, and the user's own build brings them back: status says so."""
    shop = histories.copy("setuptools", world)
    shop.run("uv", "pip", "install", ".")
    assert (shop.repository.path / "build" / "lib" / "shop" / "gone.py").exists()
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.checkout("patch")
    shop.assert_new()

    shop.run("uv", "pip", "install", ".")

    assert [*shop.repository.venv.glob("lib/python*/site-packages/shop/gone.py")], "what this is about"
    assert shop.repository.target().reasons == ("reinstalled by uv",)
    shop.repository.freshvenv("resync")
    shop.assert_new()


# Commands that remove


REMOVALS = {
    "pip uninstall": (*PIP, "uninstall", "--yes", "shop"),
    "uv pip uninstall": ("uv", "pip", "uninstall", "shop"),
    "uv sync --no-install-project": ("uv", "sync", "--no-install-project"),
}


@pytest.mark.parametrize("argv", REMOVALS.values(), ids=REMOVALS.keys())
def test_removes_everything(histories: Histories, world: World, argv: tuple[str, ...]) -> None:
    """No module, no folder, no script and no metadata stays, of this version or of the one before."""
    shop = histories.copy("hatchling", world)
    blank = shop.called()
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.checkout("release")
    shop.assert_new()

    shop.run(*argv)

    assert shop.called() == blank
    assert "shop" not in shop.run(*PIP, "list").stdout
    assert "shop" not in shop.run("uv", "pip", "list").stdout
    assert shop.repository.target().state == "absent"
    [line] = shop.checkout("main")
    assert "installed shop 1.0 (not installed here" in line
    shop.assert_new()


def test_stays_away_where_no_venv_is_configured(histories: Histories, world: World) -> None:
    """A venv is served because the project is in it; who takes it out has said so."""
    shop = histories.copy("hatchling", world)
    settings = shop.repository.path / "pyproject.toml"
    settings.write_text(settings.read_text().partition("[tool.freshvenv]")[0])
    shop.repository.commit("no settings")
    blank = shop.called()
    shop.run("uv", "pip", "install", ".")
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.run("uv", "pip", "uninstall", "shop")

    shop.repository.git("switch", "--quiet", "--create", "other")
    (shop.repository.path / "src" / "shop" / "gone.py").unlink()
    shop.repository.commit("other")
    said = [*shop.checkout("main"), *shop.checkout("other")]

    assert said == []
    assert shop.called() == blank


# There and back


@dataclass(frozen=True)
class Habit:
    """How somebody installs the project for the first time, on main, and what they type after each checkout."""

    first: tuple[str, ...]
    then: tuple[tuple[str, ...], ...]


UV_PIP_REQUIREMENTS = ("uv", "pip", "install", "-r", "requirements.txt")

FAITHFUL = {
    "uv sync": Habit(UV_SYNC, (UV_SYNC, UV_RUN)),
    "freshvenv, then uv sync": Habit(("freshvenv", "resync"), (UV_SYNC, UV_RUN)),
    "uv pip install -r": Habit(UV_PIP_REQUIREMENTS, (UV_PIP_REQUIREMENTS,)),
}


@pytest.mark.parametrize("habit", FAITHFUL.values(), ids=FAITHFUL.keys())
@pytest.mark.parametrize(("backend", "branch"), KINDS.values(), ids=KINDS.keys())
def test_there_and_back(histories: Histories, world: World, backend: str, branch: str, habit: Habit) -> None:
    """Whatever wheel of whatever branch uv has in its cache, it has no reason to put it back."""
    shop = histories.copy(backend, world)
    shop.run(*habit.first)
    shop.repository.freshvenv("init", "--hooks", "native")
    for name in (branch, "main"):
        [line] = shop.checkout(name)
        assert "reinstalled shop" in line
        held = shop.holds()
        for argv in habit.then:
            done = shop.run(*argv)
            assert shop.holds() == held, f"{argv}\n{done.stderr}"
        shop.assert_new()


def test_uv_sync_takes_over(histories: Histories, world: World) -> None:
    """uv sync does not care for what uv pip or pip installed, and replaces it: not by what it built on main."""
    shop = histories.copy("hatchling", world)
    shop.run(*UV_SYNC)  # so that uv has a wheel of main
    shop.run("uv", "pip", "install", ".")
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.checkout("patch")

    shop.run(*UV_SYNC)

    shop.assert_new()
    shop.checkout("main")
    shop.assert_new()


@pytest.mark.parametrize("anew", [False, True], ids=["in the venv", "in a venv made anew"])
@pytest.mark.parametrize(("backend", "branch"), KINDS.values(), ids=KINDS.keys())
def test_first_uv_sync(histories: Histories, world: World, backend: str, branch: str, *, anew: bool) -> None:
    """Until then there is no lockfile, and yet uv has a wheel: of what was installed on main."""
    shop = histories.copy(backend, world)
    for name in (branch, "main"):
        shop.repository.git("switch", "--quiet", name)
        shop.repository.git("rm", "--quiet", "uv.lock")
        shop.repository.commit("no lockfile")
    shop.run("uv", "pip", "install", ".")
    # What setuptools keeps of main there is another matter: see test_build_folder_of_another_branch.
    shutil.rmtree(shop.repository.path / "build", ignore_errors=True)
    if anew:
        shop.run("uv", "venv", "--quiet", "--clear", ".venv")
        shop.run("uv", "pip", "install", "--quiet", "pip")
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.checkout(branch)

    shop.run(*UV_SYNC)

    shop.assert_new()


def test_new_venv_from_the_cache_of_uv(histories: Histories, world: World) -> None:
    """uv has built a wheel on main, and no file by which it judges differs on the branch."""
    shop = histories.copy("hatchling", world)
    shop.run(*UV_SYNC)
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.checkout("patch")

    shutil.rmtree(shop.repository.venv)
    shop.run(*UV_SYNC)

    shop.assert_new()


def test_plain_uv_sync_makes_it_editable_and_so_it_stays(histories: Histories, world: World) -> None:
    """`uv sync` without ``--no-editable`` is the user's word; status says who it was, and the mode is kept."""
    shop = histories.copy("setuptools", world)
    shop.repository.freshvenv("init", "--hooks", "native")
    shop.run("uv", "sync")
    target = shop.repository.target()
    assert (target.state, target.reasons, target.editable) == ("unknown", ("reinstalled by uv",), True)

    [line] = shop.checkout("release")

    assert "reinstalled by uv" in line
    assert "editable" in line
    assert_exact(shop.world, shop.python, shop.repository.path, "shop", editable=True)
    held = shop.holds()
    shop.run("uv", "sync", "--check")
    assert shop.run("uv", "run", "{script}").stdout.strip() == "release"
    assert shop.holds() == held
