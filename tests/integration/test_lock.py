"""The lock: two real processes, one venv."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freshvenv.lock import exclusive

ENOUGH = 60
"""Seconds after which something that should happen at once is taken not to happen."""

HOLDER = """
import sys, time
from pathlib import Path
from freshvenv.lock import exclusive

subject, directory, note = map(Path, sys.argv[1:])
with exclusive(subject, directory):
    note.write_text("held")
    time.sleep(120)
"""

COUNTER = """
import sys
from pathlib import Path
from freshvenv.lock import exclusive

subject, directory, count = map(Path, sys.argv[1:])
for _ in range(100):
    with exclusive(subject, directory):
        count.write_text(str(int(count.read_text()) + 1))
"""


@contextmanager
def holder(subject: Path, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the lock."""
    note = directory.parent / f"held-{time.monotonic_ns()}"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, subject, directory, note])
    try:
        wait_for(note)
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(note: Path) -> None:
    end = time.monotonic() + ENOUGH
    while not note.exists():
        assert time.monotonic() < end, f"{note} does not appear"
        time.sleep(0.005)


def is_taken(subject: Path, directory: Path) -> bool:
    """Whether a third process has to wait."""
    code = "import signal, sys; from pathlib import Path; from freshvenv.lock import exclusive; signal.alarm(1)\n"
    code += "with exclusive(Path(sys.argv[1]), Path(sys.argv[2])): pass"
    done = subprocess.run([sys.executable, "-c", code, subject, directory], check=False)
    assert done.returncode in {0, -signal.SIGALRM}
    return done.returncode != 0


def test_second_process_waits(tmp_path: Path) -> None:
    with holder(tmp_path / "venv", tmp_path / "locks"):
        assert is_taken(tmp_path / "venv", tmp_path / "locks")
    assert not is_taken(tmp_path / "venv", tmp_path / "locks")


def test_no_update_is_lost(tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("0")
    words: list[str | Path] = [sys.executable, "-c", COUNTER, tmp_path / "venv", tmp_path / "locks", count]
    processes = [subprocess.Popen(words) for _ in range(3)]
    assert [process.wait(ENOUGH) for process in processes] == [0, 0, 0]
    assert count.read_text() == "300"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda it: it.name)
def test_lock_of_a_process_that_dies_is_free(tmp_path: Path, number: signal.Signals) -> None:
    with holder(tmp_path / "venv", tmp_path / "locks") as process:
        process.send_signal(number)
        process.wait(ENOUGH)
        assert not is_taken(tmp_path / "venv", tmp_path / "locks")


def test_link_to_the_same_subject_is_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "link").symlink_to("venv")
    with holder(tmp_path / "venv", tmp_path / "locks"):
        assert is_taken(tmp_path / "link", tmp_path / "locks")


def test_other_subject_is_another_lock(tmp_path: Path) -> None:
    with holder(tmp_path / "venv", tmp_path / "locks"), exclusive(tmp_path / "other", tmp_path / "locks"):
        pass


@pytest.mark.parametrize("name", ["a b", "new\nline", "é", os.fsdecode(b"caf\xe9")])
def test_any_name(tmp_path: Path, name: str) -> None:
    with exclusive(tmp_path / name, tmp_path / "locks"):
        pass
    assert len(list((tmp_path / "locks").iterdir())) == 1


def test_lock_file_stays(tmp_path: Path) -> None:
    """Unlinking it would let two processes hold "the" lock on two files."""
    with exclusive(tmp_path / "venv", tmp_path / "locks"):
        [file] = (tmp_path / "locks").iterdir()
    with exclusive(tmp_path / "venv", tmp_path / "locks"):
        assert [file] == list((tmp_path / "locks").iterdir())
    assert file.exists()
    assert not (tmp_path / "venv").exists()


def test_lock_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), exclusive(tmp_path / "venv", tmp_path / "locks"):
        raise RuntimeError
    assert not is_taken(tmp_path / "venv", tmp_path / "locks")


def test_children_do_not_inherit_it(tmp_path: Path) -> None:
    with exclusive(tmp_path / "venv", tmp_path / "locks"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
    try:
        assert not is_taken(tmp_path / "venv", tmp_path / "locks")
    finally:
        child.kill()
        child.wait()
