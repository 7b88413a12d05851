"""The way out, as whoever started the process sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import atexit, sys
from freshvenv.leave import leave
atexit.register(print, "taken apart")
print("said")
print("complained", file=sys.stderr)
{more}
leave(3)
"""


def test_what_was_printed_arrives_and_nothing_is_taken_apart() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(more="")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said\n", "complained\n")


@pytest.mark.parametrize("more", ["sys.stderr = None", "sys.stdout.flush(); sys.stdout = None"])
def test_without_a_stream(more: str) -> None:
    program = PROGRAM.format(more=more)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "said\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_what_cannot_be_printed_is_told_as_ever() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(more="")], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 120
    assert "No space left on device" in done.stderr
