"""What a build leaves in the working tree, or takes from there, and git ignores."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.asking import of, resync, site
from support.repository import Repository, make_venv
from support.world import TOOLS, World
from support.zoo import ZOO, make_history


@pytest.fixture
def compiled(world: World) -> Repository:
    """An editable install of an extension module, which lies in the working tree."""
    history = make_history(world, ZOO["c_extension"], world.root / "demo")
    repository = Repository(world, history.root)
    repository.git("config", "freshvenv.editable", "true")
    repository.git("config", "freshvenv.venvs", ".venv")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    assert answer(repository) == "1"
    return repository


def answer(repository: Repository) -> str:
    code = "import demo_c_extension._speed as s; print(s.answer())"
    done = repository.world.run(repository.venv / "bin" / "python", "-Ic", code, check=False)
    return done.stdout.strip()


def extension(repository: Repository) -> Path:
    [module] = repository.path.glob("demo_c_extension/_speed.*.so")
    return module


def extension_removed(repository: Repository) -> None:
    """As ``git clean -X`` does it."""
    extension(repository).unlink()


def extension_of_other_code(repository: Repository) -> None:
    """Built by hand from an edit that was taken back."""
    source = repository.path / "demo_c_extension" / "_speed.c"
    text = source.read_text()
    source.write_text(text.replace("FromLong(1)", "FromLong(7)"))
    python = repository.venv / "bin" / "python"
    repository.world.run("uv", "pip", "install", "--quiet", "--python", python, "setuptools")
    repository.world.run(python, "setup.py", "--quiet", "build_ext", "--inplace", "--force", cwd=repository.path)
    source.write_text(text)
    assert answer(repository) == "7"


@pytest.mark.parametrize("spoil", [extension_removed, extension_of_other_code])
@pytest.mark.parametrize("mend", ["resync", "hook", "run"])
def test_extension_that_is_not_what_was_built(
    compiled: Repository, spoil: Callable[[Repository], None], mend: str
) -> None:
    spoil(compiled)

    target = of(compiled)
    assert target.state == "stale"
    assert "changed in the working tree: demo_c_extension/_speed." in str(target.reasons)
    match mend:
        case "resync":
            compiled.freshvenv("resync")
        case "hook":
            compiled.git("checkout", "--quiet", "-b", "same")
        case _:
            compiled.world.run(TOOLS / "freshvenv", "run", "--", "true", cwd=compiled.path)
    assert of(compiled).state == "fresh"
    assert answer(compiled) == "1"


def test_ignored_file_that_was_packed(repository: Repository) -> None:
    """Which is what building from the working tree is for; other ignored files are nobody's business."""
    repository.write(".gitignore", ".venv/\ncopy*/\n__pycache__/\nmade.py\n*.log\n")
    repository.commit("ignore what is made")
    repository.git("config", "freshvenv.build-from", "working-tree")
    repository.write("src/demo/made.py", "NUMBER = 1\n")
    repository.write("app.log", "one")
    resync(repository)
    assert (site(repository) / "demo" / "made.py").exists()
    repository.write("app.log", "two")
    assert of(repository).state == "fresh"

    repository.write("src/demo/made.py", "NUMBER = 2\n")

    assert of(repository).reasons == ("changed in the working tree: src/demo/made.py",)
    resync(repository)
    assert of(repository).state == "fresh"
    assert (site(repository) / "demo" / "made.py").read_text() == "NUMBER = 2\n"


@pytest.mark.parametrize("name", [".venv", "venv", "envs/one"])
def test_what_lies_in_a_venv_is_not_what_a_build_left(repository: Repository, name: str) -> None:
    """A venv may have files of the same name and content: those that were installed from there, and empty ones."""
    repository.write(".gitignore", "*venv*/\n/envs/\n__pycache__/\n")
    repository.commit("ignore venvs")
    repository.git("config", "freshvenv.build-from", "working-tree")
    repository.git("config", "freshvenv.venvs", name)
    shutil.rmtree(repository.venv)
    make_venv(repository.world, repository.path / name)
    for module in ("left", "right", "extra"):
        repository.edit(module, 7)
        repository.freshvenv("resync")
        [target] = [it for it in repository.targets() if it.venv == name]
        assert target.state == "fresh", target.reasons
