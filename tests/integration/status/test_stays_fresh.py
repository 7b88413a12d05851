"""What is fresh stays fresh, whatever else happens."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

from support.asking import MAIN, assert_fresh_here, freshvenv, of, other_distribution, resync, site, uv
from support.repository import Repository, installed_value


def touched(repository: Repository) -> None:
    for path in (*site(repository).glob("demo*/**/*"), repository.venv / "bin" / "demo"):
        path.touch()


def mode_changed_and_back(repository: Repository) -> None:
    for mode in (0o755, 0o644):
        (site(repository) / "demo" / "left.py").chmod(mode)


def written_again(repository: Repository) -> None:
    file = site(repository) / "demo" / "left.py"
    file.write_bytes(file.read_bytes())


def copied_to_itself(repository: Repository) -> None:
    """As a backup that is restored in the same place."""
    repository.world.run("cp", "-a", repository.venv, repository.path / "aside")
    shutil.rmtree(repository.venv)
    (repository.path / "aside").rename(repository.venv)


def unrelated_install_by_uv(repository: Repository) -> None:
    python = repository.venv / "bin" / "python"
    # uv reads a path with a line end as something else.
    relative = os.path.relpath(other_distribution(repository), repository.path)
    uv(repository, "pip", "install", "--quiet", "--python", python, relative)


def unrelated_install_and_uninstall(repository: Repository) -> None:
    unrelated_install_by_uv(repository)
    uv(repository, "pip", "uninstall", "--quiet", "--python", repository.venv / "bin" / "python", "unrelated")


def run(repository: Repository) -> None:
    """Which leaves bytecode."""
    repository.world.run(repository.venv / "bin" / "demo")
    repository.world.run(repository.venv / "bin" / "python", "-m", "compileall", "-q", site(repository))


def local_file(repository: Repository) -> None:
    (site(repository) / "local.pth").write_text("")
    (site(repository) / "local.py").write_text("")


def touched_in_the_working_tree(repository: Repository) -> None:
    for path in repository.path.glob("src/**/*.py"):
        path.touch()


def ignored_files(repository: Repository) -> None:
    repository.write("src/demo/__pycache__/left.cpython-311.pyc", "x")
    repository.write("demo.egg-info/PKG-INFO", "x")
    repository.write("copy/x", "x")


def there_and_back(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    repository.git("switch", "--quiet", "main")


def stashed(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.git("stash", "--quiet")


def other_branch_of_the_same_tree(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "same")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    repository.git("tag", "v7")


def packed(repository: Repository) -> None:
    repository.git("gc", "--quiet", "--prune=now")


def notes_of_a_failure(repository: Repository) -> None:
    repository.edit("left", 7)
    text = (repository.path / "backend" / "in_tree.py").read_text()
    (repository.path / "backend" / "in_tree.py").write_text("raise ValueError")
    freshvenv(repository, "resync", status=1)
    (repository.path / "backend" / "in_tree.py").write_text(text)
    repository.edit("left", 1)


HARMLESS: list[Callable[[Repository], None]] = [
    touched,
    mode_changed_and_back,
    written_again,
    copied_to_itself,
    unrelated_install_by_uv,
    unrelated_install_and_uninstall,
    run,
    local_file,
    touched_in_the_working_tree,
    ignored_files,
    there_and_back,
    stashed,
    other_branch_of_the_same_tree,
    packed,
    notes_of_a_failure,
]


@pytest.mark.parametrize("act", HARMLESS)
def test_stays_fresh(repository: Repository, act: Callable[[Repository], None]) -> None:
    act(repository)
    assert of(repository).state == "fresh", of(repository).reasons
    assert freshvenv(repository, "resync").startswith("freshvenv: .venv: fresh (tree ")
    assert installed_value(repository.venv, repository.world) == MAIN


def test_uncommitted_work_that_is_installed_is_fresh(repository: Repository) -> None:
    repository.edit("left", 7)
    resync(repository)
    assert_fresh_here(repository, 71)
    repository.edit("left", 8)
    assert of(repository).state == "stale"
    assert "uncommitted: src/demo/left.py" in of(repository).reasons
    repository.edit("left", 7)
    assert_fresh_here(repository, 71)
    repository.commit("seven")
    assert_fresh_here(repository, 71)
