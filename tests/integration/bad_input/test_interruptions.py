"""Interrupted, killed, waited for, or read by nobody: the next run repairs it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.processes import is_running
from support.repository import Repository, assert_fresh, installed_value
from support.spoiled import ENOUGH, break_build, change, everything_in, say
from support.world import TOOLS


@dataclass(frozen=True)
class SlowBuild:
    """A project whose backend says that it builds, starts a program, and waits for leave."""

    repository: Repository

    @classmethod
    def of(cls, repository: Repository) -> SlowBuild:
        slow = cls(repository)
        statement = (
            "import os, subprocess, time; end = time.monotonic() + 600; child = subprocess.Popen(['sleep', '600']); "
            f"Path({str(slow.note)!r} + '~').write_text(f'{{os.getpid()}} {{child.pid}}'); "
            f"os.rename({str(slow.note)!r} + '~', {str(slow.note)!r})\n"
            f"    while not Path({str(slow.leave)!r}).exists() and time.monotonic() < end: time.sleep(0.01)\n"
            "    child.kill(); child.wait()"
        )
        break_build(repository, statement)
        change(repository)
        return slow

    @property
    def note(self) -> Path:
        return self.repository.world.root / "building"

    @property
    def leave(self) -> Path:
        return self.repository.world.root / "go on"

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start a command, and return when its build is under way."""
        world = self.repository.world
        process = subprocess.Popen(
            [TOOLS / "freshvenv", *argv],
            cwd=self.repository.path,
            env=dict(world.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + ENOUGH
        while not self.note.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.01)
        return process

    def processes(self) -> list[int]:
        return [int(word) for word in self.note.read_text().split()]

    def end(self) -> None:
        """Leave nothing behind, whatever the test found."""
        for number in self.processes() if self.note.exists() else []:
            if is_running(number):
                os.kill(number, signal.SIGKILL)


@pytest.fixture
def slow(installed: Repository) -> Iterator[SlowBuild]:
    build = SlowBuild.of(installed)
    yield build
    build.end()


INTERRUPTED = "freshvenv: interrupted; the next run repairs it\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda it: it.name)
def test_interrupted_resync(slow: SlowBuild, number: signal.Signals) -> None:
    repository = slow.repository
    before = everything_in(repository.venv)
    process = slow.start("resync")
    process.send_signal(number)
    out, err = process.communicate(timeout=ENOUGH)
    assert (process.returncode, out, err.lstrip()) == (130, "", INTERRUPTED)
    assert [number for number in slow.processes() if is_running(number)] == []
    assert everything_in(repository.venv) == before
    assert installed_value(repository.venv, repository.world) == 11
    assert repository.target().state == "stale"
    cache = repository.world.root / "cache" / "freshvenv"
    assert [path for path in cache.glob("**/checkout-*") if path.is_dir()] == []

    slow.leave.touch()
    repository.freshvenv("resync")
    assert_fresh(repository, 71)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda it: it.name)
def test_interrupted_hook(slow: SlowBuild, number: signal.Signals) -> None:
    repository = slow.repository
    process = slow.start("hook", "post-checkout")
    process.send_signal(number)
    out, err = process.communicate(timeout=ENOUGH)
    assert (process.returncode, out, err) == (0, "", INTERRUPTED)
    assert [number for number in slow.processes() if is_running(number)] == []
    slow.leave.touch()
    assert say(repository.world, "hook", "post-checkout", cwd=repository.path).status == 0
    assert_fresh(repository, 71)


def test_terminal_that_is_closed_is_no_matter_with_nohup(slow: SlowBuild) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = slow.start("resync")
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    slow.leave.touch()
    _, err = process.communicate(timeout=ENOUGH)
    assert (process.returncode, err) == (0, "")
    assert_fresh(slow.repository, 71)


def test_killed_resync(slow: SlowBuild) -> None:
    """Nobody can tidy up after this; the next run is not in the way of what was left."""
    repository = slow.repository
    process = slow.start("resync")
    process.kill()
    process.communicate()
    slow.end()
    slow.note.unlink()
    slow.leave.touch()
    repository.freshvenv("resync")
    assert_fresh(repository, 71)


def test_second_run_waits_and_finds_it_done(slow: SlowBuild) -> None:
    repository = slow.repository
    first = slow.start("resync")
    second = slow.start("resync")
    slow.leave.touch()
    for process, words in ((first, "reinstalled"), (second, "fresh")):
        out, err = process.communicate(timeout=ENOUGH)
        assert (process.returncode, err) == (0, "")
        assert out.startswith(f"freshvenv: .venv: {words} ")
    assert_fresh(repository, 71)


def test_interrupted_while_it_waits_for_another(slow: SlowBuild) -> None:
    first = slow.start("resync")
    second = slow.start("resync")
    time.sleep(0.5)
    second.send_signal(signal.SIGINT)
    _, err = second.communicate(timeout=ENOUGH)
    assert (second.returncode, err.lstrip()) == (130, INTERRUPTED)
    slow.leave.touch()
    first.communicate(timeout=ENOUGH)
    assert_fresh(slow.repository, 71)


def test_reader_that_went_away(installed: Repository) -> None:
    """As in ``freshvenv status | head -0``: no traceback, and what had to be done is done."""
    change(installed)
    words = shlex.join([str(TOOLS / "freshvenv"), "resync"])
    done = installed.world.run(
        "bash", "-c", f"set -o pipefail; {{ sleep 0.1; {words}; }} | true", cwd=installed.path, check=False
    )
    assert "Traceback" not in done.stderr
    assert_fresh(installed, 71)
