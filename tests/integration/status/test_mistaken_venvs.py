"""Venvs that are copied, moved, named in other ways, or none at all."""

from __future__ import annotations

import shutil

import pytest

from support.asking import MAIN, TOPIC, add_settings, assert_fresh_here, freshvenv, metadata, of, resync, site, uv
from support.interpreters import RUNNING, interpreters
from support.repository import Repository, create, installed_value, make_venv
from support.snapshot import installed_files
from support.world import World
from support.zoo import ZOO, make_history

# Venvs that are copied, moved and mistaken for one another


def test_whole_venv_copied(repository: Repository) -> None:
    repository.world.run("cp", "-a", repository.venv, repository.path / "copy")
    target = of(repository, "copy")
    assert (target.state, target.reasons) == ("unknown", (f"the receipt is that of {repository.venv}",))
    assert of(repository).state == "fresh"
    resync(repository)
    assert_fresh_here(repository, MAIN, "copy")
    # Its programs start its own interpreter now.
    wrappers = installed_files(repository.path / "copy" / "bin" / "python", "demo").wrappers
    assert {wrapper.interpreter for wrapper in wrappers.values()} == {"<venv>"}


def test_venv_moved(repository: Repository) -> None:
    repository.venv.rename(repository.path / "copy")
    assert of(repository, "copy").state == "unknown"
    assert of(repository).state == "absent"


def test_venv_moved_and_moved_back(repository: Repository) -> None:
    repository.venv.rename(repository.path / "aside")
    (repository.path / "aside").rename(repository.venv)
    assert_fresh_here(repository, MAIN)


@pytest.mark.ordinary_place("a submodule that is moved or copied is for git still the one that it was")
def test_repository_moved(repository: Repository) -> None:
    moved = Repository(repository.world, repository.world.root / "moved")
    repository.path.rename(moved.path)
    assert of(moved).state == "unknown"
    resync(moved)
    assert_fresh_here(moved, MAIN)


@pytest.mark.ordinary_place("a submodule that is moved or copied is for git still the one that it was")
def test_repository_copied_with_its_venv(repository: Repository) -> None:
    """The copied venv still holds an install of the first checkout, which must not be taken for one of the copy."""
    copied = Repository(repository.world, repository.world.root / "copied")
    repository.world.run("cp", "-a", repository.path, copied.path)
    assert of(copied).state == "foreign"
    assert_fresh_here(repository, MAIN)


def test_receipt_copied_from_another_venv(repository: Repository) -> None:
    copy = make_venv(repository.world, repository.path / "copy")
    repository.git("switch", "--quiet", "topic")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", copy / "bin" / "python", ".")
    repository.git("switch", "--quiet", "main")
    shutil.copytree(repository.venv / ".freshvenv", copy / ".freshvenv")
    assert installed_value(copy, repository.world) == TOPIC
    assert of(repository, "copy").state == "unknown"


def test_receipt_of_another_venv_with_its_metadata(repository: Repository) -> None:
    """Receipt and metadata are those of a fresh install; only the code is not."""
    copy = make_venv(repository.world, repository.path / "copy")
    for path in (".freshvenv", metadata(repository).relative_to(repository.venv)):
        shutil.copytree(repository.venv / path, copy / path)
    assert of(repository, "copy").state == "unknown"


def test_link_to_another_venv(repository: Repository) -> None:
    other = create(repository.world, repository.world.root / "other", branches={})
    other.edit("left", 5)
    other.commit("five")
    make_venv(repository.world, other.venv)
    resync(other)
    shutil.rmtree(repository.venv)
    repository.venv.symlink_to(other.venv)
    assert of(repository).state == "broken"
    assert "leads out of the repository" in of(repository).reasons[0]


def test_link_to_a_venv_of_this_repository(repository: Repository) -> None:
    repository.venv.rename(repository.path / "copy")
    repository.venv.symlink_to("copy")
    assert_fresh_here(repository, MAIN)
    assert of(repository, "copy").state != "stale"


def test_worktrees_that_share_a_venv(repository: Repository) -> None:
    """The last reinstall wins: the other working tree must not be told that its code is installed."""
    linked = Repository(repository.world, repository.world.root / "linked")
    repository.git("worktree", "add", "--quiet", str(linked.path), "topic")
    for checkout in (repository, linked):
        checkout.git("config", "freshvenv.venvs", str(repository.world.root / "shared"))
    shared = make_venv(repository.world, repository.world.root / "shared")
    resync(repository)
    assert of(repository, str(shared)).state == "fresh"
    assert of(linked, str(shared)).state == "foreign"


# Venvs that are named in other ways


@pytest.mark.parametrize("spelling", ["./.venv", "src/../.venv", ".venv/", "{absolute}", "{link}/.venv"])
def test_venv_is_the_same_however_it_is_spelled(repository: Repository, spelling: str) -> None:
    link = repository.world.root / "link"
    link.symlink_to(repository.path)
    repository.edit("left", 7)
    repository.commit("seven")
    resync(repository, spelling.format(absolute=repository.venv, link=link))
    assert_fresh_here(repository, 71)


def test_venv_is_the_same_from_a_folder_below(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.commit("seven")
    repository.world.freshvenv("resync", "../.venv", cwd=repository.path / "src")
    assert_fresh_here(repository, 71)


def test_venv_that_the_user_names_is_configured(world: World) -> None:
    """Also where it is one of those that are looked at anyway: it gets what is not yet installed."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo")
    repository = Repository(world, history.root)
    make_venv(world, repository.venv)
    repository.git("config", "freshvenv.venvs", ".venv")
    resync(repository)
    assert of(repository).state == "fresh"


# Folders that are named as venvs and are none


@pytest.mark.parametrize("folder", ["src", "src/demo", "."])
def test_edits_in_a_folder_that_is_no_venv(repository: Repository, folder: str) -> None:
    """What is named as a venv by mistake is not hidden from git's eyes."""
    add_settings(repository, f'venvs = [".venv", "{folder}"]')
    freshvenv(repository, "resync", status=1)
    assert of(repository).state == "fresh"
    repository.edit("left", 7)
    assert of(repository).state == "stale"


def test_repository_that_is_a_venv_itself(world: World) -> None:
    repository = create(world, world.root / "demo", branches={})
    add_settings(repository, 'venvs = ["."]', ("bin/", "include/", "lib/", "lib64", "pyvenv.cfg", ".freshvenv/"))
    world.run(interpreters()[RUNNING], "-m", "venv", "--without-pip", repository.path)
    resync(repository)
    assert of(repository, ".").state == "fresh"
    repository.edit("left", 7)
    assert of(repository, ".").state == "stale"
    resync(repository)
    assert_fresh_here(repository, 71, ".")


def test_edits_in_a_submodule_of_a_submodule(repository: Repository) -> None:
    deep = create(repository.world, repository.world.root / "deep", branches={})
    library = create(repository.world, repository.world.root / "library", branches={})
    allowed = ("-c", "protocol.file.allow=always")
    library.git(*allowed, "submodule", "--quiet", "add", str(deep.path), "deep")
    library.commit("a submodule")
    repository.git(*allowed, "submodule", "--quiet", "add", str(library.path), "src/demo/vendored")
    repository.git(*allowed, "submodule", "--quiet", "update", "--init", "--recursive")
    repository.commit("a submodule with a submodule")
    resync(repository)
    assert of(repository).state == "fresh"
    inner = Repository(repository.world, repository.path / "src" / "demo" / "vendored" / "deep")
    inner.edit("left", 7)
    assert of(repository).state == "stale"
    resync(repository)
    assert of(repository).state == "fresh"
    placed = site(repository) / "demo" / "vendored" / "deep" / "src" / "demo" / "left.py"
    assert placed.read_text() == "NUMBER = 7\n"


def test_edits_in_a_submodule(repository: Repository) -> None:
    """Its commit is the same, and what would be built is not."""
    library = create(repository.world, repository.world.root / "library", branches={})
    allowed = ("-c", "protocol.file.allow=always")
    repository.git(*allowed, "submodule", "--quiet", "add", str(library.path), "src/demo/vendored")
    repository.commit("a submodule")
    resync(repository)
    assert_fresh_here(repository, MAIN)
    inner = Repository(repository.world, repository.path / "src" / "demo" / "vendored")
    inner.edit("left", 7)
    assert of(repository).state == "stale"
    assert "src/demo/vendored" in str(of(repository).reasons)
