"""Projects whose ``pyproject.toml`` does not name them: ``setup.cfg`` or ``setup.py`` does, or a build alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.repository import PROJECT, Repository, make_venv
from support.snapshot import installed_files
from support.world import World

NAMES = {
    "setup.cfg": {"setup.cfg": "[metadata]\nname = demo\nversion = {version}\n[options]\npackages = demo\n"},
    "setup.py": {
        "setup.py": "import setuptools\nsetuptools.setup(name='demo', version='{version}', packages=['demo'])\n"
    },
    "a build": {
        "setup.py": "import setuptools\nname = 'de' 'mo'\n"
        "setuptools.setup(**{{'name': name, 'version': '{version}', 'packages': ['demo']}})\n"
    },
}
"""Files by who tells the name."""

BUILD_SYSTEM = '[build-system]\nrequires = ["setuptools>=64"]\nbuild-backend = "setuptools.build_meta"\n'
SETTINGS = '[tool.freshvenv]\nvenvs = [".venv"]\n'


def unnamed(world: World, files: dict[str, str], settings: str = SETTINGS) -> Repository:
    """The project in version 1.0 on main and 2.0 on topic, where a module is gone."""
    repository = Repository(world, world.root / "demo")
    repository.path.mkdir()
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.write("pyproject.toml", BUILD_SYSTEM + settings)
    repository.write(".gitignore", ".venv/\nbuild/\n*.egg-info/\n")
    repository.write("demo/__init__.py", "")
    repository.write("demo/old.py", "")
    write(repository, files, "1.0")
    repository.commit("one")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.git("rm", "--quiet", "demo/old.py")
    write(repository, files, "2.0")
    repository.commit("two")
    repository.git("switch", "--quiet", "main")
    make_venv(world, repository.venv)
    return repository


def write(repository: Repository, files: dict[str, str], version: str) -> None:
    for name, text in files.items():
        repository.write(name, text.format(version=version))


def wheel_of(repository: Repository, branch: str) -> Path:
    out = repository.world.root / "wheels" / branch
    repository.git("switch", "--quiet", branch)
    repository.world.run("uv", "build", "--quiet", "--wheel", "--out-dir", out, cwd=repository.path)
    repository.git("switch", "--quiet", "main")
    shutil.rmtree(repository.path / "build", ignore_errors=True)
    [wheel] = out.glob("*.whl")
    return wheel


def install(repository: Repository, *words: str | Path) -> None:
    python = repository.venv / "bin" / "python"
    repository.world.run(
        "uv", "pip", "install", "--quiet", "--no-deps", "--python", python, *words, cwd=repository.path
    )


def names_in(venv: Path) -> set[str]:
    [site] = venv.glob("lib/python*/site-packages")
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.py")}
    return {name for name in found if name.startswith("demo/")} | {path.name for path in site.glob("*.dist-info")}


@pytest.mark.parametrize("files", NAMES.values(), ids=NAMES)
def test_release_of_the_project_is_replaced(world: World, files: dict[str, str]) -> None:
    """It came from no directory, so that only its name says what it is."""
    repository = unnamed(world, files)
    wheel = wheel_of(repository, "main")
    shutil.copytree(wheel.parent, repository.world.root / "index")
    install(repository, "--no-index", "--find-links", repository.world.root / "index", "demo==1.0")
    repository.git("switch", "--quiet", "topic")
    repository.freshvenv("resync")
    assert names_in(repository.venv) == {"demo/__init__.py", "demo-2.0.dist-info"}
    assert [target.state for target in repository.targets()] == ["fresh"]


@pytest.mark.parametrize("files", NAMES.values(), ids=NAMES)
def test_wheel_that_the_repository_holds_is_no_install_of_the_project(world: World, files: dict[str, str]) -> None:
    """What is vendored is somebody else's, and stays."""
    repository = unnamed(world, files)
    other = world.root / "other"
    shutil.copytree(PROJECT, other)
    for file in (other / "pyproject.toml", *other.glob("src/demo/*.py")):
        file.write_text(file.read_text().replace("demo", "vendored"))
    (other / "src" / "demo").rename(other / "src" / "vendored")
    world.run("uv", "build", "--quiet", "--wheel", "--out-dir", repository.path / "wheels", cwd=other)
    [wheel] = repository.path.glob("wheels/*.whl")
    (repository.path / "wheels" / ".gitignore").unlink(missing_ok=True)
    repository.commit("a wheel")
    repository.git("switch", "--quiet", "topic")
    repository.git("merge", "--quiet", "main")
    repository.git("switch", "--quiet", "main")
    install(repository, ".", f"./{wheel.relative_to(repository.path)}")
    repository.freshvenv("init", "--hooks", "native")
    vendored = installed_files(repository.venv / "bin" / "python", "vendored")
    assert vendored.files
    repository.git("switch", "--quiet", "topic")
    assert installed_files(repository.venv / "bin" / "python", "vendored") == vendored
    assert [target.state for target in repository.targets()] == ["fresh"]


@pytest.mark.one_line("an .egg-link holds a path a line")
@pytest.mark.parametrize("files", [NAMES["setup.cfg"], NAMES["setup.py"]], ids=["setup.cfg", "setup.py"])
@pytest.mark.parametrize("settings", ["", SETTINGS], ids=["found", "configured"])
def test_link_of_setup_py_develop_is_in_the_way(world: World, files: dict[str, str], settings: str) -> None:
    """It would be found beside a copy, or hidden by it, and is not ours to take out of ``easy-install.pth``."""
    repository = unnamed(world, files, settings)
    [site] = repository.venv.glob("lib/python*/site-packages")
    (site / "demo.egg-link").write_text(f"{repository.path}\n.")
    done = repository.freshvenv("resync", check=False)
    assert done.returncode == 1
    assert "setup.py develop has linked" in done.stdout
    (site / "demo.egg-link").unlink()
    repository.freshvenv("resync", ".venv")
    assert [target.state for target in repository.targets()] == ["fresh"]
