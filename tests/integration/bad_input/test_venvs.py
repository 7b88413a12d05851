"""Venvs that cannot be used, and those that cannot be written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Never

import pytest

from freshvenv.source.git import discover
from freshvenv.targets import find_targets
from freshvenv.venvs.venv import Venv, distributions
from support.repository import Repository, assert_fresh, create, installed_value, make_venv
from support.spoiled import Said, assert_hook_is_polite, change, everything_in, say, settings, shown
from support.world import TOOLS, World


def not_a_venv(repository: Repository) -> str:
    shutil.rmtree(repository.venv)
    repository.write(".venv/precious.txt", "precious")
    return r"broken, left alone: not a virtual environment \(it has no pyvenv\.cfg\)"


def a_file(repository: Repository) -> str:
    shutil.rmtree(repository.venv)
    repository.venv.write_text("precious")
    return r"broken, left alone: not a directory"


def interpreter_gone(repository: Repository) -> str:
    (repository.venv / "bin" / "python").unlink()
    (repository.venv / "bin" / "python").symlink_to("/opt/gone/bin/python3.11")
    return r"broken, left alone: its interpreter \(/opt/gone/bin/python3\.11\) is gone"


def interpreter_does_not_run(repository: Repository) -> str:
    python = repository.venv / "bin" / "python"
    python.unlink()
    python.write_text("#!/bin/sh\necho 'libpython3.11.so: cannot open shared object file' >&2\nexit 127\n")
    python.chmod(0o755)
    return r"broken, left alone: its interpreter .* does not run: libpython3\.11\.so: cannot open shared object file"


def of_another_checkout(repository: Repository) -> str:
    world = repository.world
    other = create(world, world.root / "other", branches={})
    make = ("pip", "install", "--quiet", "--no-deps", "--reinstall", "--python", repository.venv / "bin" / "python")
    world.run(TOOLS / "uv", *make, ".", cwd=other.path)
    return rf"foreign, left alone: installed from {re.escape(shown(other.path))}"


def leads_out_of_the_repository(repository: Repository) -> str:
    elsewhere = repository.world.root / "elsewhere"
    repository.venv.rename(elsewhere)
    repository.venv.symlink_to(elsewhere)
    return (
        r"broken, left alone: leads out of the repository, "
        rf"to {re.escape(shown(elsewhere))}; git config --add freshvenv\.venvs \.venv .*"
    )


def record_is_gone(repository: Repository) -> str:
    [record] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/RECORD")
    record.unlink()
    return r"broken, left alone: demo-1\.0\.dist-info/RECORD: No such file or directory; .* make the venv anew"


def record_is_damaged(repository: Repository) -> str:
    [record] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/RECORD")
    record.write_bytes(bytes(100))
    return r"broken, left alone: demo-1\.0\.dist-info/RECORD is damaged: .*; .* make the venv anew"


def state_leads_elsewhere(repository: Repository) -> str:
    elsewhere = repository.path / "notes"
    elsewhere.mkdir()
    for name in (".bashrc", ".profile-0123456789abcdef", "stage-0123456789abcdef"):
        (elsewhere / name).write_text("somebody's")
    shutil.rmtree(repository.venv / ".freshvenv")
    (repository.venv / ".freshvenv").symlink_to(elsewhere)
    return r"broken, left alone: its \.freshvenv is a link"


UNUSABLE: list[Callable[[Repository], str]] = [
    not_a_venv,
    a_file,
    interpreter_gone,
    interpreter_does_not_run,
    of_another_checkout,
    leads_out_of_the_repository,
    record_is_gone,
    record_is_damaged,
    state_leads_elsewhere,
]


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_unusable_venv_is_left_alone(installed: Repository, spoil: Callable[[Repository], str]) -> None:
    message = spoil(installed)
    change(installed)
    before = everything_in(installed.path)
    for command in (("resync",), ("resync", "--force")):
        said = say(installed.world, *command, cwd=installed.path)
        assert said.status == 1
        assert re.fullmatch(f"freshvenv: \\.venv: {message}\n", said.text), said.text
    status = say(installed.world, "status", "--exit-code", cwd=installed.path)
    assert status.status == 1
    assert everything_in(installed.path) == before
    assert_hook_is_polite(installed)


NAMED = {
    "directory that is no venv": ("src", "src: not a virtual environment (it has no pyvenv.cfg)"),
    "nothing": ("gone", "gone: no such venv"),
    "file": ("pyproject.toml", "pyproject.toml: not a directory"),
}


@pytest.mark.parametrize(("name", "message"), NAMED.values(), ids=NAMED)
def test_named_venv_that_is_none(installed: Repository, name: str, message: str) -> None:
    change(installed)
    before = everything_in(installed.path)
    for command in ("resync", "explain"):
        assert say(installed.world, command, name, cwd=installed.path) == Said(2, f"freshvenv: {message}\n")
    # The good one beside it waits for a right word.
    assert say(installed.world, "resync", ".venv", name, cwd=installed.path) == Said(2, f"freshvenv: {message}\n")
    assert everything_in(installed.path) == before


def test_venv_that_nobody_may_look_into_does_not_stop_the_others(
    installed: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(venv: Venv) -> Never:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(venv.path))

    settings(installed, 'venvs = [".venv", "other"]')
    make_venv(installed.world, installed.path / "other")
    monkeypatch.setattr(
        "freshvenv.targets.distributions",
        lambda venv: refuse(venv) if venv.path.name == "other" else distributions(venv),
    )
    found = find_targets(discover(installed.path), installed.world.root / "interpreters")
    assert {it.candidate.label: it.candidate.trouble for it in found.targets} == {
        ".venv": "",
        "other": f"Permission denied: {installed.path / 'other'}",
    }


def test_one_broken_venv_does_not_stop_the_others(installed: Repository) -> None:
    settings(installed, 'venvs = ["broken", ".venv", "nothing", "other"]')
    (installed.path / "broken").mkdir()
    make_venv(installed.world, installed.path / "other")
    change(installed)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert [line.split(" ")[1:3] for line in said.text.splitlines()] == [
        ["broken:", "broken,"],
        [".venv:", "reinstalled"],
        ["nothing:", "absent,"],
        ["other:", "installed"],
    ]
    for venv in (installed.venv, installed.path / "other"):
        assert installed_value(venv, installed.world) == 71


# A venv that cannot be written

_BOUND = """
import ctypes, os, sys
# CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER: without them, permission bits bind root as well (capabilities(7)).
for capability in (1, 2, 3):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def bound(world: World, *argv: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that has to obey permission bits, also where root runs the tests."""
    return world.run(sys.executable, "-I", "-c", _BOUND, *argv, cwd=cwd, check=False)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    modes = {Path(where): os.stat(where).st_mode for where, _, _ in os.walk(folder)}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~0o222)
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_read_only_venv(installed: Repository) -> None:
    change(installed)
    before = everything_in(installed.venv)
    with read_only(installed.venv):
        if bound(installed.world, "/usr/bin/env", "touch", installed.venv / "x", cwd=installed.path).returncode == 0:
            pytest.skip("permission bits bind nobody here")
        done = bound(installed.world, TOOLS / "freshvenv", "resync", cwd=installed.path)
        assert done.returncode == 1
        assert re.fullmatch(r"freshvenv: \.venv: stale, not reinstalled: .*Permission denied.*\n", done.stdout)
        assert done.stderr == ""
        hook = bound(installed.world, TOOLS / "freshvenv", "hook", "post-checkout", cwd=installed.path)
        assert hook.returncode == 0
        assert re.fullmatch(r"freshvenv: \.venv: stale, not reinstalled: .*Permission denied.*\n", hook.stderr)
        assert everything_in(installed.venv) == before
        assert installed.target().state == "stale"
    installed.freshvenv("resync")
    assert_fresh(installed, 71)


def test_read_only_venv_that_is_fresh(installed: Repository) -> None:
    with read_only(installed.venv):
        done = bound(installed.world, TOOLS / "freshvenv", "resync", cwd=installed.path)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("freshvenv: .venv: fresh ")


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "XDG_STATE_HOME"])
def test_folders_of_ours_that_cannot_be_written(installed: Repository, variable: str) -> None:
    """The cache may be lost; without a place for locks nothing is done. Either way, it is said and nothing is lost."""
    change(installed)
    (installed.world.root / "file").touch()
    crippled = installed.with_environment(**{variable: str(installed.world.root / "file")})
    said = say(crippled.world, "resync", cwd=installed.path)
    if said.status != 0:
        assert re.fullmatch(r"freshvenv: \.venv: stale, not reinstalled: .*Not a directory.*\n", said.text), said.text
        assert installed_value(installed.venv, installed.world) == 11
    assert_hook_is_polite(crippled)
    installed.freshvenv("resync")
    assert_fresh(installed, 71)
