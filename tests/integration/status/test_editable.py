"""Editable installs are no fresher than their metadata and their links."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from support.asking import MAIN, add_settings, assert_fresh_here, made_editable, of, resync, site, uv
from support.commands import EDITABLE_LINE
from support.repository import Repository, make_venv
from support.world import World
from support.zoo import ZOO, make_history


@pytest.fixture
def editable(repository: Repository) -> Repository:
    repository.git("config", "freshvenv.editable", "true")
    resync(repository)
    assert of(repository).editable
    return repository


def link_edited(repository: Repository) -> None:
    [file] = site(repository).glob("__editable__.*.pth")
    file.write_text("/elsewhere\n")


def link_removed(repository: Repository) -> None:
    [file] = site(repository).glob("__editable__.*.pth")
    file.unlink()


def made_plain(repository: Repository) -> None:
    repository.git("config", "--unset", "freshvenv.editable")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".")


def test_editable_wheel_that_tox_installed_stays_editable(repository: Repository) -> None:
    """Its origin is a file, and does not say what it is."""
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", "-e", ".")
    [origin] = site(repository).glob("demo-*.dist-info/direct_url.json")
    wheel = repository.path / ".tox" / ".pkg" / "dist" / "demo-1.0-0.editable-py3-none-any.whl"
    origin.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    resync(repository)
    assert of(repository).editable


def test_plain_wheel_stays_plain(repository: Repository) -> None:
    made_plain_anew = ("pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".")
    uv(repository, *made_plain_anew)
    [origin] = site(repository).glob("demo-*.dist-info/direct_url.json")
    wheel = repository.path / ".tox" / ".pkg" / "dist" / "demo-1.0-py3-none-any.whl"
    origin.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    resync(repository)
    assert not of(repository).editable


def entry_point_added(repository: Repository) -> None:
    file = repository.path / "pyproject.toml"
    file.write_text(
        file.read_text().replace('demo = "demo.value:main"', 'demo = "demo.value:main"\nmore = "demo.value:main"')
    )


EDITABLE: dict[str, tuple[Callable[[Repository], None], str]] = {
    "link edited": (link_edited, "stale"),
    "link removed": (link_removed, "stale"),
    "made plain by uv": (made_plain, "unknown"),
    "entry point added": (entry_point_added, "stale"),
    "reinstalled by uv": (made_editable, "unknown"),
}


@EDITABLE_LINE
@pytest.mark.parametrize(("fool", "state"), EDITABLE.values(), ids=EDITABLE)
def test_editable_install_is_not_fresh(editable: Repository, fool: Callable[[Repository], None], state: str) -> None:
    fool(editable)
    assert of(editable).state == state, of(editable).reasons
    resync(editable)
    assert_fresh_here(editable, MAIN)


def test_content_of_modules_is_no_matter_to_an_editable_install_of_static_metadata(world: World) -> None:
    history = make_history(world, ZOO["hatchling"], world.root / "demo")
    repository = Repository(world, history.root)
    repository.git("config", "freshvenv.editable", "true")
    make_venv(world, repository.venv)
    resync(repository, ".venv")
    module = history.package_dir / "changed.py"
    module.write_text(module.read_text() + "\n")
    assert of(repository).state == "fresh"
    (history.package_dir / "more.py").touch()
    assert of(repository).state == "stale"


@EDITABLE_LINE
def test_links_of_a_strict_editable_install(world: World) -> None:
    """setuptools keeps them in ``build``, which ``git clean -X`` takes for something to be made again."""
    project = ZOO["setuptools"]
    history = make_history(world, project, world.root / "demo")
    repository = Repository(world, history.root)
    add_settings(
        repository,
        'editable = true\nconfig-settings = { editable_mode = "strict" }',
        (".venv/", "build/", "*.egg-info/"),
    )
    make_venv(world, repository.venv)
    resync(repository, ".venv")
    module = history.package_dir / "changed.py"
    module.write_text(module.read_text() + "\n")
    assert of(repository).state == "fresh"
    repository.git("clean", "-dfXq", "--", "build")
    assert of(repository).state == "stale"
    assert "changed in the working tree: build/__editable__." in str(of(repository).reasons)
    resync(repository)
    assert of(repository).state == "fresh"
    code = f"import {project.package}.changed as it; print(it.__file__)"
    assert "/build/__editable__." in world.run(repository.venv / "bin" / "python", "-Ic", code).stdout
