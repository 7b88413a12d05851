"""Builds that hang, wait for input, or take the ground away from under the install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time

import pytest

from freshvenv.lock import exclusive
from support.interpreters import RUNNING, interpreters
from support.processes import is_running
from support.repository import Repository, create, installed_value, make_venv
from support.world import TOOLS, World

OTHER_PYTHON = next((path for version, path in interpreters().items() if version != RUNNING), None)


@pytest.fixture
def repository(world: World) -> Repository:
    """``main`` (11) is installed; what ``topic`` is built with is up to the test."""
    repository = create(world, world.root / "work", branches={})
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    return repository


def commit_build(repository: Repository, statement: str) -> None:
    """A branch ``topic`` (21) whose build runs a statement first. No hook has fired for it."""
    file = repository.path / "backend" / "in_tree.py"
    marker = '    """A wheel of everything under ``src``."""\n'
    text = file.read_text()
    assert marker in text
    for command in (("switch", "--quiet", "--create", "topic"),):
        assert repository.attempt(*command, env={"FRESHVENV": "off"}).returncode == 0
    file.write_text(text.replace(marker, f"{marker}    {statement}\n"))
    repository.edit("left", 2)
    repository.commit("topic")
    assert repository.attempt("switch", "--quiet", "main", env={"FRESHVENV": "off"}).returncode == 0


def test_build_that_hangs_is_ended_with_all_that_it_started(repository: Repository) -> None:
    note, leave = repository.world.root / "note", repository.world.root / "leave"
    commit_build(
        repository,
        "import os, subprocess, time; end = time.monotonic() + 600; child = subprocess.Popen(['sleep', '600']); "
        f"Path({str(note)!r}).write_text(f'{{os.getpid()}} {{child.pid}}')\n"
        f"    while not Path({str(leave)!r}).exists() and time.monotonic() < end: time.sleep(0.01)\n"
        "    child.kill(); child.wait()",
    )
    repository.git("config", "freshvenv.timeout", "2")
    done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert "took longer than 2 s (git config freshvenv.timeout) and was ended" in line, line
    assert not any(is_running(int(number)) for number in note.read_text().split())
    assert installed_value(repository.venv, repository.world) == 11
    assert repository.target().state == "stale"
    # Nor does the next hook wait as long again, unless it may wait longer.
    note.unlink()
    done = repository.attempt("switch", "--quiet", "topic")
    [line] = done.stderr.splitlines()
    assert "took longer than 2 s" in line, line
    assert "not tried again until you run freshvenv resync" in line, line
    assert not note.exists()
    repository.git("config", "freshvenv.timeout", "3")
    done = repository.attempt("switch", "--quiet", "topic")
    assert "took longer than 3 s (git config freshvenv.timeout) and was ended" in done.stderr
    assert not any(is_running(int(number)) for number in note.read_text().split())
    # Whoever asks for it by name waits as long as it takes.
    note.unlink()
    by_hand = subprocess.Popen(
        [TOOLS / "freshvenv", "resync"], cwd=repository.path, env=dict(repository.world.env), stdout=subprocess.DEVNULL
    )
    while not note.exists():
        assert by_hand.poll() is None
        time.sleep(0.01)
    time.sleep(2.5)
    leave.touch()
    assert by_hand.wait() == 0
    assert installed_value(repository.venv, repository.world) == 21


def test_build_that_fails_is_tried_again(repository: Repository) -> None:
    """What kept it from working, a network that was down, may be over."""
    works = repository.world.root / "works"
    commit_build(repository, f"assert Path({str(works)!r}).exists()")
    done = repository.attempt("switch", "--quiet", "topic")
    assert "the build failed" in done.stderr
    works.touch()
    done = repository.attempt("switch", "--quiet", "topic")
    assert "reinstalled demo" in done.stderr
    assert installed_value(repository.venv, repository.world) == 21


def test_hook_does_not_wait_for_ever_for_another_run(repository: Repository) -> None:
    """Somebody may have begun a long build by hand, and the hook may be the one that git waits for."""
    commit_build(repository, "pass")
    repository.git("config", "freshvenv.timeout", "1")
    with exclusive(repository.venv, repository.world.root / "state" / "freshvenv" / "locks"):
        done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert "another run is still at work on it after 1 s (git config freshvenv.timeout)" in line, line
    assert installed_value(repository.venv, repository.world) == 11
    assert repository.attempt("switch", "--quiet", "--create", "more").returncode == 0
    assert installed_value(repository.venv, repository.world) == 21


def test_limit_that_is_none(repository: Repository) -> None:
    commit_build(repository, "pass")
    repository.git("config", "freshvenv.timeout", "soon")
    done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    assert "freshvenv.timeout in git's configuration is not a number of seconds: 'soon'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    repository.git("config", "freshvenv.timeout", "0")
    repository.freshvenv("resync")
    assert installed_value(repository.venv, repository.world) == 21


def test_the_tree_cannot_set_the_limit(repository: Repository) -> None:
    with (repository.path / "pyproject.toml").open("a") as file:
        file.write("timeout = 0\n")
    done = repository.freshvenv("status", check=False)
    assert done.returncode == 2
    assert "[tool.freshvenv] has no setting 'timeout'" in done.stderr


def test_build_that_reads_its_input_finds_none(repository: Repository) -> None:
    commit_build(repository, "import sys; assert sys.stdin.read() == ''")
    reading, writing = os.pipe()
    try:
        for branch, value in (("topic", 21), ("main", 11)):
            repository.git("switch", "--quiet", branch)
            # By hand there may be a terminal, or here a pipe that nobody ever writes to.
            shutil.rmtree(repository.world.root / "cache" / "freshvenv" / "wheels")
            subprocess.run(
                [TOOLS / "freshvenv", "resync", "--force"],
                cwd=repository.path,
                env=dict(repository.world.env),
                stdin=reading,
                check=True,
                capture_output=True,
            )
            assert installed_value(repository.venv, repository.world) == value
    finally:
        os.close(reading)
        os.close(writing)


TAKEN_AWAY = {
    "venv deleted": "shutil.rmtree(venv)",
    "venv emptied": "[shutil.rmtree(p) if p.is_dir() and not p.is_symlink() else p.unlink() for p in venv.iterdir()]",
    "venv moved": "venv.rename(venv.with_name('moved-venv'))",
    "its interpreter gone": "(venv / 'bin' / 'python').unlink()",
    "wheel cache deleted": "shutil.rmtree(Path(os.environ['XDG_CACHE_HOME']) / 'freshvenv' / 'wheels')",
    "install removed": "[shutil.rmtree(p) for p in venv.glob('lib/python*/site-packages/demo*')]",
}


@pytest.mark.parametrize("statement", TAKEN_AWAY.values(), ids=TAKEN_AWAY)
def test_taken_away_during_the_build(repository: Repository, statement: str) -> None:
    commit_build(repository, f"import os, shutil; venv = Path({str(repository.venv)!r}); {statement}")
    done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("freshvenv: .venv: "), lines
    assert "bug" not in lines[0]
    if repository.venv.exists() and (repository.venv / "pyvenv.cfg").exists():
        if repository.target().state == "fresh":
            assert installed_value(repository.venv, repository.world) == 21
    else:
        assert ": reinstalled " not in lines[0], lines
        assert list(repository.venv.rglob("*")) == [], "nothing is put where no venv is"


def test_venv_made_anew_with_another_python_during_the_build(repository: Repository) -> None:
    other = repository.world.root / "other"
    if OTHER_PYTHON is None:
        pytest.skip("there is no other Python")
    make_venv(repository.world, other, str(OTHER_PYTHON))
    commit_build(
        repository,
        f"import os; venv = {str(repository.venv)!r}; "
        f"os.path.exists({str(other)!r}) and (os.rename(venv, venv + '~'), os.rename({str(other)!r}, venv))",
    )
    done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert "another venv was made in its place meanwhile" in line, line
    assert repository.target().state != "fresh"
    repository.freshvenv("resync")
    assert repository.target().state == "fresh"
    assert installed_value(repository.venv, repository.world) == 21
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert not (repository.venv / "lib" / own).exists()
