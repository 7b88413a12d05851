"""What two installers at once leave that neither lists: found by what the cache has, and never anybody else's."""

from __future__ import annotations

import importlib.util
import os
import py_compile
from pathlib import Path

import pytest

from support.repository import Repository, assert_fresh, create, make_venv
from support.world import World

ONLY_TOPIC = "demo/only_topic.py"


@pytest.fixture
def repository(world: World) -> Repository:
    """A clone at ``main``, which is installed; ``topic``, which has a module more, was installed before."""
    made = create(world, world.root / "demo", branches={"topic": (("left", 2),)})
    made.git("switch", "--quiet", "topic")
    made.write(f"src/{ONLY_TOPIC}", "NUMBER = 5\n")
    made.commit("one module more")
    make_venv(world, made.venv)
    made.freshvenv("resync")
    made.git("switch", "--quiet", "main")
    made.freshvenv("resync")
    return made


def site(repository: Repository) -> Path:
    return next(repository.venv.glob("lib/*/site-packages"))


def disturb(repository: Repository) -> None:
    (repository.venv / "bin" / "demo").write_text("#!/bin/sh\n")


def test_file_of_another_tree_goes(repository: Repository) -> None:
    (site(repository) / ONLY_TOPIC).write_text("NUMBER = 5\n")
    disturb(repository)
    repository.freshvenv("resync")
    assert not (site(repository) / ONLY_TOPIC).exists()
    assert_fresh(repository, 11)


def test_file_behind_a_link_that_leads_out_stays(repository: Repository) -> None:
    """And keeps no install from being done."""
    outside = repository.world.root / "outside"
    outside.mkdir()
    (outside / "m.py").write_text("NUMBER = 6\n")
    repository.git("switch", "--quiet", "topic")
    repository.write("src/demo/linked/m.py", "NUMBER = 6\n")
    repository.commit("a folder more")
    repository.freshvenv("resync")
    repository.git("switch", "--quiet", "main")
    repository.freshvenv("resync")
    (site(repository) / "demo" / "linked").symlink_to(outside)
    disturb(repository)
    repository.freshvenv("resync")
    assert_fresh(repository, 11)
    assert (outside / "m.py").exists()


def test_file_that_is_somebody_elses_stays(repository: Repository) -> None:
    (site(repository) / ONLY_TOPIC).write_text("NUMBER = 5\n")
    other = site(repository) / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "RECORD").write_text(f"{ONLY_TOPIC},,\nother-1.0.dist-info/METADATA,,\nother-1.0.dist-info/RECORD,,\n")
    disturb(repository)
    repository.freshvenv("resync")
    assert (site(repository) / ONLY_TOPIC).exists()


def test_file_stays_where_a_distribution_does_not_say_what_it_owns(repository: Repository) -> None:
    (site(repository) / ONLY_TOPIC).write_text("NUMBER = 5\n")
    other = site(repository) / "other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    disturb(repository)
    repository.freshvenv("resync")
    assert (site(repository) / ONLY_TOPIC).exists()


def test_file_with_other_content_stays(repository: Repository) -> None:
    (site(repository) / ONLY_TOPIC).write_text("NUMBER = 6\n")
    (site(repository) / "demo" / "own.py").write_text("NUMBER = 5\n")
    disturb(repository)
    repository.freshvenv("resync")
    assert (site(repository) / ONLY_TOPIC).exists()
    assert (site(repository) / "demo" / "own.py").exists()


def test_lying_bytecode_goes(repository: Repository) -> None:
    """It names the second and the size of the module that is there, and was compiled from another one."""
    module = site(repository) / "demo" / "left.py"
    status = module.stat()
    strange = repository.world.root / "left.py"
    strange.write_text("NUMBER = 8\n")
    os.utime(strange, ns=(status.st_atime_ns, status.st_mtime_ns))
    bytecode = Path(importlib.util.cache_from_source(str(module)))
    py_compile.compile(str(strange), cfile=str(bytecode), doraise=True)
    disturb(repository)
    repository.freshvenv("resync")
    assert_fresh(repository, 11)
