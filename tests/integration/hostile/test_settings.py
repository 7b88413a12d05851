"""Files of settings that are no text of a sane size."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.hooks import stamp
from support.hostile import hook, say
from support.repository import Repository
from support.spoiled import Said


def large(file: Path) -> None:
    with file.open("a") as sink:
        for number in range(100):
            sink.write(f"\n[t{number}]\na = [{'1,' * (512 * 1024)}]\n")


def endless(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


HUGE = {
    "100 MB": (large, "it has more than 4 MB"),
    "link to a device": (endless, "it is no regular file"),
    "pipe": (pipe, "it is no regular file"),
}


@pytest.mark.parametrize(("spoil", "why"), HUGE.values(), ids=HUGE)
def test_pyproject_that_is_no_text_of_a_sane_size(
    installed: Repository, spoil: Callable[[Path], None], why: str
) -> None:
    spoil(installed.path / "pyproject.toml")
    message = f"freshvenv: pyproject.toml cannot be read: {why}\n"
    for command in ("resync", "status", "explain"):
        assert say(installed, command) == Said(2, message)
    stamp.remove(installed.git_dir / "freshvenv" / "stamp")
    assert hook(installed) == message
    say(installed, "doctor")


def test_huge_pyproject_of_a_stranger(installed: Repository) -> None:
    """Consent shows the build files of a commit; not even that takes it apart, which would take minutes."""
    installed.git("commit", "--quiet", "--allow-empty", "--message", "own")
    large(installed.path / "pyproject.toml")
    installed.git("add", "--all")
    tree = installed.git("write-tree")
    commit = installed.git("commit-tree", "-p", "HEAD", "-m", "huge", tree)
    installed.git("reset", "--quiet", "--hard")
    installed.git("checkout", "--quiet", "--detach", commit)
    assert "1 commit is not trusted" in hook(installed)
    limited = ("sh", "-c", "ulimit -v 1000000; exec freshvenv resync")
    done = installed.world.run(*limited, cwd=installed.path, check=False)
    assert done.returncode == 2
    assert "build files changed" in done.stdout
    assert done.stderr == ("freshvenv: pyproject.toml cannot be read: it has more than 4 MB\n")
