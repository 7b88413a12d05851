"""What other installers leave when they are interrupted, and what a branch may change: after the next run all is exact."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.oracle import differences, fresh_install, installed_files
from support.runner import Runner
from support.scene import Scene, stage
from support.world import World


@pytest.fixture
def scene(world: World, runner: Runner) -> Scene:
    return stage(world, runner)


def site(scene: Scene) -> Path:
    [found] = scene.repository.venv.glob("lib/python*/site-packages")
    return found


def second_dist_info(scene: Scene) -> None:
    """As of an install of another version that was killed before it removed the old one."""
    shutil.copytree(site(scene) / "demo-1.0.dist-info", site(scene) / "demo-0.9.dist-info")


def second_dist_info_without_record(scene: Scene) -> None:
    second_dist_info(scene)
    (site(scene) / "demo-0.9.dist-info" / "RECORD").unlink()


def no_record(scene: Scene) -> None:
    (site(scene) / "demo-1.0.dist-info" / "RECORD").unlink()


def no_metadata(scene: Scene) -> None:
    (site(scene) / "demo-1.0.dist-info" / "METADATA").unlink()


def half_of_the_package(scene: Scene) -> None:
    for name in ("left.py", "right.py", "__init__.py"):
        (site(scene) / "demo" / name).unlink()


LEFT: list[Callable[[Scene], None]] = [
    second_dist_info,
    second_dist_info_without_record,
    no_record,
    no_metadata,
    half_of_the_package,
]


@pytest.mark.parametrize("leave", LEFT)
@pytest.mark.parametrize("switched", [False, True], ids=["same branch", "other branch"])
def test_half_an_install(scene: Scene, leave: Callable[[Scene], None], *, switched: bool) -> None:
    leave(scene)
    assert scene.state() != "fresh"
    if switched:
        scene.switch()
    scene.assert_polite()
    again = scene.run("resync")
    if again.status == 0:
        scene.assert_repaired()
    else:
        assert "the files of the old install are not known, so make the venv anew" in again.printed
        assert leave in {no_record, second_dist_info_without_record}
        assert scene.state() == "broken"


def test_folders_that_pip_left(scene: Scene) -> None:
    """They are pip's, and no distribution: neither counted nor touched."""
    (site(scene) / "demo-1.0.dist-info").rename(site(scene) / "~emo-1.0.dist-info")
    shutil.copytree(site(scene) / "~emo-1.0.dist-info", site(scene) / "demo-1.0.dist-info")
    (site(scene) / "~emo").mkdir()
    scene.switch()
    assert ": reinstalled " in scene.run("hook", "post-checkout").printed
    assert (site(scene) / "~emo").is_dir()
    assert (site(scene) / "~emo-1.0.dist-info" / "RECORD").is_file()


def test_project_that_is_called_otherwise_on_another_branch(scene: Scene) -> None:
    repository = scene.repository
    repository.git("switch", "--quiet", "--create", "renamed")
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace('name = "demo"', 'name = "other"'))
    (repository.path / "src" / "demo" / "extra.py").rename(repository.path / "src" / "demo" / "more.py")
    repository.commit("renamed")
    assert ": reinstalled other 1.0" in scene.run("hook", "post-checkout").printed
    expected = fresh_install(scene.world, repository.path, "HEAD", repository.venv / "bin" / "python", editable=False)
    assert differences(installed_files(repository.venv / "bin" / "python", "other"), expected) == []
    assert not list(site(scene).glob("demo-*"))
    assert scene.state() == "fresh"
    repository.git("switch", "--quiet", "main")
    assert ": reinstalled demo 1.0" in scene.assert_polite()
    assert not list(site(scene).glob("other-*"))
    scene.assert_repaired()


def test_no_network(scene: Scene) -> None:
    """What a build asks for cannot be had: one line, the last good install stays, and the way back is free."""
    repository = scene.repository
    repository.git("switch", "--quiet", "--create", "demanding")
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace("requires = []", 'requires = ["nowhere-to-be-had==1.0"]'))
    repository.commit("demanding")
    dead = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "UV_INDEX_URL": "http://127.0.0.1:9/simple"}
    done = repository.world.run("freshvenv", "hook", "post-checkout", cwd=repository.path, env=dead)
    [line] = done.stderr.splitlines()
    assert "could not install nowhere-to-be-had==1.0" in line
    assert scene.state() == "stale"
    repository.git("switch", "--quiet", "main")
    assert scene.wrong() == []
    scene.assert_repaired()
