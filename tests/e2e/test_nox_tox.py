"""The case that freshvenv was born from: environments of nox and tox that are used again, and run the branch before."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.interpreters import RUNNING, available, interpreters
from support.oracle import differences, fresh_install, installed_files
from support.repository import Repository, make_venv, own_lines
from support.world import World

VERSIONS = available("3.8", "3.13")
"""What the sessions ask for beside the version that runs the tests."""

ASK = "import iniconfig, sys; from shop import ANSWER; print('%d.%d' % sys.version_info[:2], ANSWER)"
"""Only with the extra ``test`` is there an iniconfig."""

PYPROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "shop"
version = "1.0"
requires-python = ">=3.8"

[project.optional-dependencies]
test = ["iniconfig"]
"""

VENVS_OF_EACH_VERSION = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[tool.freshvenv]
venvs = [".nox/*"]
"""

SETUP_OF_EACH_VERSION = """\
import sys
from setuptools import setup

module = "since_312" if sys.version_info >= (3, 12) else "before_312"
setup(name="shop", version="1.0", package_dir={"": "src"}, py_modules=[module])
"""

NOXFILE = f"""\
import nox


@nox.session(venv_backend="uv", reuse_venv=True)
def tests(session: nox.Session) -> None:
    session.install(".[test]")
    session.run("python", "-c", {ASK!r})


@nox.session(venv_backend="uv", reuse_venv=True, python={VERSIONS})
def versions(session: nox.Session) -> None:
    session.install(".[test]")
    session.run("python", "-c", {ASK!r})
"""

TOX = f"""\
[tox]
env_list = py

[testenv]
extras = test
commands = python -c "{ASK}"
"""

TOX_KEEPS = r"^problem: leftover: (\.tox-info\.json|log/.*)$"
"""tox writes into its environments, too."""

NOX = ("nox", "--session", "tests")
NOX_AGAIN = (*NOX, "-R")


@dataclass(frozen=True)
class Shop:
    """A project whose one module says of which branch it is; ``other`` has a module less."""

    repository: Repository

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return self.repository.world.run(*argv, cwd=self.repository.path)

    def answers(self, *argv: str) -> list[str]:
        """What the tests print that a command runs: the version of Python and the branch of the code."""
        return re.findall(r"^(\d\.\d+ \w+)$", self.run(*argv).stdout, re.MULTILINE)

    def checkout(self, branch: str) -> list[str]:
        """Check a branch out; what freshvenv said of which venv comes back."""
        lines = own_lines(self.repository.attempt("checkout", branch).stderr)
        return [line.split(": ")[1] for line in lines if ": reinstalled shop 1.0 " in line]

    def assert_exact(self, venv: str, *, except_for: str = "(?!)") -> None:
        """The venv holds what a fresh install would put there; ``except_for`` is what others keep in it."""
        python = self.repository.path / venv / "bin" / "python"
        fresh = fresh_install(self.repository.world, self.repository.path, None, python, editable=False)
        found = differences(installed_files(python, "shop"), fresh)
        assert [line for line in found if not re.search(except_for, line)] == []


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where freshvenv keeps wheels and build environments from one test to the next."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shop(world: World, cache: Path) -> Shop:
    """The project on main, without any venv or hook; nox and tox find the interpreters that there are."""
    # Before pyenv's shims, which do not run with an empty HOME.
    tools, _, rest = world.env["PATH"].partition(os.pathsep)
    path = os.pathsep.join([tools, *(str(interpreters()[version].parent) for version in VERSIONS), rest])
    repository = Repository(world, world.root / "shop").with_environment(XDG_CACHE_HOME=str(cache), PATH=path)
    repository.path.mkdir()
    repository.write(".gitignore", ".venv/\n.nox/\n.tox/\n__pycache__/\n")
    repository.write("pyproject.toml", PYPROJECT)
    repository.write("noxfile.py", NOXFILE)
    repository.write("src/shop/__init__.py", 'ANSWER = "old"\n')
    repository.write("src/shop/gone.py", "")
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit("main")
    repository.git("switch", "--quiet", "--create", "other")
    repository.write("src/shop/__init__.py", 'ANSWER = "new"\n')
    (repository.path / "src" / "shop" / "gone.py").unlink()
    repository.commit("other")
    repository.git("switch", "--quiet", "main")
    return Shop(repository)


def test_nox_that_installs_nothing(shop: Shop) -> None:
    """The problem itself, and what becomes of it."""
    assert shop.answers(*NOX) == [f"{RUNNING} old"]
    shop.repository.git("checkout", "--quiet", "other")
    assert shop.answers(*NOX_AGAIN) == [f"{RUNNING} old"], "without freshvenv"
    shop.repository.git("checkout", "--quiet", "main")

    shop.repository.freshvenv("init", "--hooks", "native")
    assert shop.checkout("other") == [".nox/tests"]

    assert shop.answers(*NOX_AGAIN) == [f"{RUNNING} new"]
    shop.assert_exact(".nox/tests")
    assert shop.checkout("main") == [".nox/tests"]
    assert shop.answers(*NOX_AGAIN) == [f"{RUNNING} old"]
    shop.assert_exact(".nox/tests")


def test_nox_venv_that_is_made_after_the_hooks(shop: Shop) -> None:
    """Nobody has to tell freshvenv of a new session, or of one that nox installed into again."""
    shop.repository.freshvenv("init", "--hooks", "native")
    assert shop.checkout("other") == []
    assert shop.answers(*NOX) == [f"{RUNNING} new"]

    assert shop.checkout("main") == [".nox/tests"]
    assert shop.answers(*NOX_AGAIN) == [f"{RUNNING} old"]

    assert shop.answers(*NOX) == [f"{RUNNING} old"]
    assert shop.checkout("other") == [".nox/tests"]
    assert shop.answers(*NOX_AGAIN) == [f"{RUNNING} new"]
    shop.assert_exact(".nox/tests")


def test_several_versions_at_once(shop: Shop) -> None:
    """One checkout brings ``.venv`` and a nox venv of each version in step."""
    make_venv(shop.repository.world, shop.repository.venv)
    shop.run("uv", "pip", "install", "--quiet", ".[test]")
    sessions = [f".nox/versions-{version.replace('.', '-')}" for version in VERSIONS]
    again = ("nox", "--session", "versions", "-R")
    old, new = ([f"{version} {answer}" for version in VERSIONS] for answer in ("old", "new"))
    assert shop.answers("nox", "--session", "versions") == old
    shop.repository.git("checkout", "--quiet", "other")
    assert shop.answers(*again) == old, "without freshvenv"
    shop.repository.git("checkout", "--quiet", "main")

    shop.repository.freshvenv("init", "--hooks", "native")
    assert sorted(shop.checkout("other")) == sorted([".venv", *sessions])

    assert shop.answers(*again) == new
    assert shop.answers(".venv/bin/python", "-c", ASK) == [f"{RUNNING} new"]
    for venv in (".venv", *sessions):
        shop.assert_exact(venv)
    assert [target.state for target in shop.repository.targets()] == ["fresh"] * (1 + len(sessions))


def test_tox_that_installs_nothing(shop: Shop) -> None:
    """tox installs an archive that it built, so nothing in the environment names the project's folder."""
    for branch in ("other", "main"):
        shop.repository.git("switch", "--quiet", branch)
        shop.repository.write("tox.ini", TOX)
        shop.repository.commit("tox")
    again = ("tox", "run", "--skip-pkg-install")
    assert shop.answers("tox", "run") == [f"{RUNNING} old"]
    shop.repository.git("checkout", "--quiet", "other")
    assert shop.answers(*again) == [f"{RUNNING} old"], "without freshvenv"
    shop.repository.git("checkout", "--quiet", "main")

    shop.repository.freshvenv("init", "--hooks", "native")
    assert shop.checkout("other") == [".tox/py"]

    assert shop.answers(*again) == [f"{RUNNING} new"]
    shop.assert_exact(".tox/py", except_for=TOX_KEEPS)
    assert shop.answers("tox", "run") == [f"{RUNNING} new"]
    assert shop.checkout("main") == [".tox/py"]
    assert shop.answers(*again) == [f"{RUNNING} old"]
    shop.assert_exact(".tox/py", except_for=TOX_KEEPS)


def test_build_that_depends_on_the_version(shop: Shop) -> None:
    """A wheel may call itself fit for every Python and hold something else in each."""
    repository = shop.repository
    repository.git("switch", "--quiet", "--create", "setup.py")
    repository.write("pyproject.toml", VENVS_OF_EACH_VERSION)
    repository.write("setup.py", SETUP_OF_EACH_VERSION)
    repository.write("src/before_312.py", "")
    repository.write("src/since_312.py", "")
    repository.commit("setup.py that looks at the version")
    for version in (*VERSIONS, RUNNING):
        make_venv(repository.world, repository.path / ".nox" / version, str(interpreters()[version]))

    repository.freshvenv("resync")

    for version in (*VERSIONS, RUNNING):
        shop.assert_exact(f".nox/{version}")
