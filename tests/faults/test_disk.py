"""Disks that are full, broken or write-protected: one clear line, nothing falsely fresh, all exact when the fault is gone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.runner import Runner, every
from support.scene import Scene, stage
from support.world import TOOLS, World

BALLAST = ".freshvenv/ballast"
"""In the one folder of a venv that belongs to no project."""

PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def scene(world: World, runner: Runner) -> Scene:
    return stage(world, runner)


def mount(*words: str | Path) -> None:
    """Mount something, or skip the test where that is not allowed."""
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount: {done.stderr.strip()}")


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def small_disk(folder: Path, place: Path) -> Iterator[None]:
    """A file system of 16 MB in the place of a folder, with what was in it, which is kept in ``place`` meanwhile."""
    if not shutil.which("mount"):
        pytest.skip("there is no mount")
    aside = Path(tempfile.mkdtemp(dir=place)) / "aside"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, aside, symlinks=True)
    mount("-t", "tmpfs", "-o", "size=16m", "tmpfs", folder)
    try:
        shutil.copytree(aside, folder, symlinks=True, dirs_exist_ok=True)
        yield
    finally:
        unmount(folder)


def fill(folder: Path, pages: int) -> None:
    """Leave so many pages of room."""
    (folder / BALLAST).parent.mkdir(exist_ok=True)
    free = os.statvfs(folder)
    with (folder / BALLAST).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - pages * PAGE)


@contextmanager
def protected(folder: Path) -> Iterator[None]:
    """A folder in which nothing can be written, by root neither."""
    if not shutil.which("mount"):
        pytest.skip("there is no mount")
    mount("--bind", folder, folder)
    try:
        mount("-o", "remount,bind,ro", folder)
        yield
    finally:
        unmount(folder)


def folders(scene: Scene) -> dict[str, Path]:
    root = scene.world.root
    return {
        "venv": scene.repository.venv,
        "cache": root / "cache" / "freshvenv",
        "state": root / "state" / "freshvenv",
        "git folder": scene.repository.common_dir,
    }


def test_full_disk_of_the_venv(scene: Scene) -> None:
    """With more room each time, so that it ends at staging, at the intent, at the receipt, and not at all."""
    said = []
    with small_disk(scene.repository.venv, scene.world.root):
        for pages in range(40):
            scene.switch()
            fill(scene.repository.venv, pages)
            said.append(scene.assert_polite())
            (scene.repository.venv / BALLAST).unlink()
            scene.assert_repaired(f"{pages} pages")
            if ": reinstalled " in said[-1]:
                break
        assert "No space left on device" in said[0]
        assert ": reinstalled " in said[-1]
        scene.switch()
    # The file system below it still has another branch's install.
    scene.assert_honest()
    scene.assert_repaired()


def test_no_room_in_the_cache_is_worked_around(scene: Scene) -> None:
    """Where the wheel is not in it."""
    with small_disk(folders(scene)["cache"], scene.world.root):
        shutil.rmtree(folders(scene)["cache"] / "wheels")
        scene.switch()
        fill(folders(scene)["cache"], 0)
        assert ": reinstalled " in scene.assert_polite()
        assert scene.wrong() == []
        assert not list(folders(scene)["cache"].glob("wheels/*/*/manifest.json"))
    scene.assert_repaired()


def test_no_room_for_a_build(scene: Scene) -> None:
    """Neither in the cache nor where the system has its temporary files; more of it each time, until it is enough.

    There is always a little: Python looks for another folder when not even a word can be written.
    """
    said = []
    temporary = scene.world.root / "temporary"
    scene.switch()
    with small_disk(folders(scene)["cache"], scene.world.root), small_disk(temporary, scene.world.root):
        for pages in (4, 16, 64, 256, None):
            for path in folders(scene)["cache"].iterdir():
                shutil.rmtree(path, ignore_errors=True)
            for folder in (folders(scene)["cache"], temporary):
                if pages is not None:
                    fill(folder, pages)
            done = scene.world.run(
                *(TOOLS / "freshvenv", "hook", "post-checkout"),
                cwd=scene.repository.path,
                env={"TMPDIR": str(temporary)},
            )
            assert len(done.stderr.splitlines()) == 1, done.stderr
            said.append(done.stderr)
            for folder in (folders(scene)["cache"], temporary):
                (folder / BALLAST).unlink(missing_ok=True)
            scene.assert_honest(pages)
            if ": reinstalled " in said[-1]:
                break
        assert len(said) > 1
        assert all(": stale, not reinstalled: " in line for line in said[:-1]), said
        assert ": reinstalled " in said[-1]
    scene.assert_repaired()


@pytest.mark.parametrize("which", ["state", "git folder"])
def test_full_disk_of_another_folder(scene: Scene, which: str) -> None:
    scene.switch()
    with small_disk(folders(scene)[which], scene.world.root):
        for lock in (folders(scene)["state"] / "locks").glob("*"):
            lock.unlink()
        fill(folders(scene)[which], 0)
        scene.assert_polite()
        (folders(scene)[which] / BALLAST).unlink()
        scene.assert_repaired()
    scene.assert_repaired()


@pytest.mark.parametrize("which", ["venv", "cache", "state", "git folder"])
def test_write_protected(scene: Scene, which: str) -> None:
    scene.switch()
    if which == "cache":
        shutil.rmtree(folders(scene)["cache"] / "wheels")
    with protected(folders(scene)[which]):
        line = scene.assert_polite()
        by_hand = scene.run("resync")
        assert "Traceback" not in by_hand.printed
        assert len(by_hand.printed.splitlines()) == 1, by_hand
        assert by_hand.status == (0 if ": reinstalled " in line else 1), by_hand
    assert ("Read-only file system" in line) == (which in {"venv", "state"}), line
    scene.assert_repaired()


def test_write_protected_while_something_is_uncommitted(scene: Scene) -> None:
    """A snapshot of the working tree needs a place in the git folder."""
    scene.switch()
    scene.repository.edit("right", 5)
    with protected(folders(scene)["git folder"]):
        hook = scene.run("hook", "post-checkout")
        assert re.fullmatch("freshvenv: Read-only file system: .*\n", hook.printed), hook
        assert hook.status == 0
        by_hand = scene.run("resync")
    assert by_hand.status == 1
    [line] = by_hand.printed.splitlines()
    assert line.startswith("freshvenv: "), line
    assert "Read-only file system" in line
    scene.repository.git("checkout", "--quiet", ".")
    scene.assert_repaired()


def test_too_many_open_files(scene: Scene) -> None:
    said = set()
    for files in range(3, 24, 1 if every() else 3):
        scene.switch()
        said.add(scene.assert_polite(files=files))
        scene.assert_repaired(f"{files} files")
    assert any("Too many open files" in line for line in said), said
    assert any(": reinstalled " in line for line in said), said


CALLS = {"rename": 3, "fsync": 1, "unlink": 3, "mkdir": 2, "ftruncate": 1, "write": 4}


@pytest.mark.parametrize("call", CALLS)
def test_error_of_the_disk(scene: Scene, call: str) -> None:
    """A call fails from the n-th time on, for n = 1, 2, ... until it is not made so often."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace")
    trace = scene.world.root / "trace"
    for number in range(1, 200, 1 if every() else CALLS[call]):
        scene.switch()
        done = scene.world.run(
            *("strace", "-qq", "-o", trace, "-e", f"trace={call}", "-e", f"inject={call}:error=EIO:when={number}+"),
            *(TOOLS / "freshvenv", "hook", "post-checkout"),
            cwd=scene.repository.path,
            check=False,
        )
        if "ptrace" in done.stderr:
            pytest.skip(done.stderr)
        assert done.returncode == 0, done
        lines = done.stderr.splitlines()
        assert len(lines) <= 1, done.stderr
        assert all(re.match("freshvenv: .*(reinstalled|Input/output error)", line) for line in lines), lines
        scene.assert_honest(f"{call} {number}")
        scene.assert_repaired(f"{call} {number}")
        if "(INJECTED)" not in trace.read_text():
            return
    raise AssertionError("it never came to an end")


def test_link_that_fails(scene: Scene) -> None:
    """git makes objects by link(2), in a snapshot of the working tree; a wheel that is not in the cache takes more of them."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace")
    trace = scene.world.root / "trace"
    scene.switch()
    scene.repository.edit("right", 5)
    shutil.rmtree(folders(scene)["cache"])
    done = scene.world.run(
        *("strace", "-qq", "-f", "-o", trace, "-e", "trace=link,linkat", "-e", "inject=link,linkat:error=EIO"),
        *(TOOLS / "freshvenv", "hook", "post-checkout"),
        cwd=scene.repository.path,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip(done.stderr)
    assert "(INJECTED)" in trace.read_text()
    assert done.returncode == 0, done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert re.match("freshvenv: .*(reinstalled|Input/output error)", done.stderr), done.stderr
    scene.repository.git("checkout", "--quiet", ".")
    scene.assert_honest()
    scene.assert_repaired()


def test_clock_that_goes_back(scene: Scene) -> None:
    """What was written when the clock was a day ahead is dated to the future."""
    ahead = 24 * 3600 * 1_000_000_000
    stamp = scene.repository.git_dir / "freshvenv" / "stamp"
    for path in [*scene.repository.venv.rglob("*"), *stamp.glob("end%*")]:
        if path.is_file() and not path.is_symlink():
            os.utime(path, ns=(path.stat().st_atime_ns + ahead, path.stat().st_mtime_ns + ahead))
    assert scene.state() == "fresh"
    [module] = scene.repository.venv.glob("lib/python*/site-packages/demo/left.py")
    module.write_text("NUMBER = 9\n")
    assert scene.state() != "fresh"
    scene.switch()
    assert ": reinstalled " in scene.assert_polite()
    assert scene.wrong() == []
