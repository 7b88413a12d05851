"""Bad input gets a clear error, by the command line as users run it, and nothing is lost."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from freshvenv.report import printable
from freshvenv.sealed import seal
from support.interpreters import RUNNING, interpreters
from support.repository import Repository, assert_fresh, create, installed_value, make_venv
from support.shelf import Shelf, world_in
from support.world import TOOLS, World

BASE = interpreters()[RUNNING]

ENOUGH = 60
"""Seconds after which something that should happen at once is taken not to happen."""

COMMANDS = (("init",), ("resync",), ("status",), ("status", "--json"), ("explain",))
HOOK_COMMANDS = (("hooks", "install"), ("hooks", "uninstall"), ("hooks", "status"))


def own_notes(venv: Path) -> list[str]:
    """Our files in a venv, without the digest and the random digits in their names."""
    names = sorted(path.name for path in (venv / ".freshvenv").iterdir())
    return [re.sub(r"^[0-9a-f]{16}(\.[0-9a-f]{16})?(?=\.)", "", name) for name in names]


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its mode, byte for byte; our own notes left out."""
    found = {}
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in {".freshvenv", "freshvenv", "__pycache__"}]
        for path in (Path(where, name) for name in names):
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            found[os.path.relpath(path, folder)] = (path.lstat().st_mode, content)
    return found


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    text: str
    """Both streams."""


def say(world: World, *argv: str, cwd: Path) -> Said:
    done = world.freshvenv(*argv, cwd=cwd, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    assert "a bug" not in done.stderr
    return Said(done.returncode, done.stdout + done.stderr)


def shown(path: Path) -> str:
    """How a path is printed: signs that a terminal would obey are escapes."""
    return printable(str(path))


def assert_hook_is_polite(repository: Repository, *, silent: bool = False) -> None:
    """Whatever is wrong, git's command succeeds, and is told in lines of ours or not at all."""
    said = say(repository.world, "hook", "post-checkout", cwd=repository.path)
    assert said.status == 0
    assert all(line.startswith("freshvenv: ") for line in said.text.splitlines())
    assert not (silent and said.text)


@pytest.fixture
def repository(world: World) -> Repository:
    """The demo project with its venv, in a clone that is opted in; nothing is installed yet."""
    return prepare(world)


def prepare(world: World) -> Repository:
    made = create(world, world.root / "demo", branches={})
    for name in ("file", "demo-1.0.dist-info/RECORD", "demo-1.0.dist-info/METADATA"):
        made.write(f"precious/{name}", "precious")
    made.commit("precious things")
    made.git("config", "freshvenv.enabled", "true")
    make_venv(world, made.venv)
    return made


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    repository = prepare(world_in(tmp_path_factory.mktemp("world")))
    repository.freshvenv("resync")
    made = Shelf(repository.world)
    made.keep("once")
    change(repository)
    repository.freshvenv("resync")
    made.keep("twice")
    return made


def restored(test: World, shelf: Shelf, state: str) -> Repository:
    shelf.restore(state)
    return Repository(shelf.world_of(test), shelf.world.root / "demo")


@pytest.fixture
def installed(sterile: World, shelf: Shelf) -> Repository:
    """The project, installed as it is committed."""
    return restored(sterile, shelf, "once")


@pytest.fixture
def installed_twice(sterile: World, shelf: Shelf) -> Repository:
    """The project with two commits, of which the second is installed, and the wheel of the first is in the cache."""
    return restored(sterile, shelf, "twice")


def change(repository: Repository, digit: int = 7) -> None:
    """Commit something, so that the venv is stale."""
    repository.edit("left", digit)
    repository.commit(f"left {digit}")


def settings(repository: Repository, *lines: str) -> None:
    file = repository.path / "pyproject.toml"
    text = file.read_text()
    file.write_text("\n".join([text[: text.index("[tool.freshvenv]")] + "[tool.freshvenv]", *lines, ""]))
    repository.commit("settings")


# Where there is nothing to work with


@pytest.mark.parametrize("command", [*COMMANDS, *HOOK_COMMANDS], ids=" ".join)
def test_not_a_repository(world: World, command: tuple[str, ...]) -> None:
    said = say(world, *command, cwd=world.home)
    assert said == Said(2, f"freshvenv: {shown(world.home)} is not in a git repository (run it inside of one)\n")
    assert list(world.home.iterdir()) == []


@pytest.mark.parametrize("command", [*COMMANDS, *HOOK_COMMANDS], ids=" ".join)
def test_bare_repository(world: World, command: tuple[str, ...]) -> None:
    bare = world.root / "bare.git"
    world.git("init", "--quiet", "--bare", str(bare), cwd=world.root)
    before = everything_in(bare)
    said = say(world, *command, cwd=bare)
    message = f"freshvenv: {shown(bare)} is in a bare repository, where there is no work tree (run it in a work tree)\n"
    assert said == Said(2, message)
    assert everything_in(bare) == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_unborn_head(repository: Repository, command: tuple[str, ...]) -> None:
    repository.git("checkout", "--quiet", "--orphan", "empty")
    before = everything_in(repository.venv)
    said = say(repository.world, *command, cwd=repository.path)
    lines = said.text.splitlines()
    assert (said.status, lines[-1]) == (
        2,
        "freshvenv: nothing is committed on this branch yet (commit something first)",
    )
    assert everything_in(repository.venv) == before
    assert_hook_is_polite(repository, silent=True)


NO_PROJECT = {
    "nothing": ("git rm -q pyproject.toml", "git commit -qm gone"),
    "settings of tools only": ("echo '[tool.ruff]' > pyproject.toml", "git commit -qam tools"),
    "empty file": ("true > pyproject.toml", "git commit -qam empty"),
}


@pytest.mark.parametrize("command", [("resync",), ("status",)], ids=" ".join)
@pytest.mark.parametrize("lines", NO_PROJECT.values(), ids=NO_PROJECT)
def test_no_project(repository: Repository, lines: tuple[str, ...], command: tuple[str, ...]) -> None:
    for line in lines:
        repository.world.run("sh", "-ec", line, cwd=repository.path)
    before = everything_in(repository.path)
    said = say(repository.world, *command, cwd=repository.path)
    assert said.status == 2
    assert said.text.startswith(f"freshvenv: {shown(repository.path)} has no project (no pyproject.toml ")
    assert "[[tool.freshvenv.projects]]" in said.text
    assert everything_in(repository.path) == before
    assert_hook_is_polite(repository, silent=True)


def test_no_venv(repository: Repository) -> None:
    """Not an error: there is nothing to keep fresh."""
    shutil.rmtree(repository.venv)
    settings(repository)
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0
    assert said.text.startswith("freshvenv: no venv here holds the project; install it into one, or name one: ")
    assert say(repository.world, "status", cwd=repository.path).text == "freshvenv: no venv here holds the project\n"
    assert_hook_is_polite(repository, silent=True)


# Settings

SETTINGS = {
    "broken file": (
        ("[project", ""),
        r"pyproject\.toml is broken: .*\(at line 2, column 9\) \(nothing was changed\)",
    ),
    "file with conflict markers": (
        ("<<<<<<< HEAD", "=======", ">>>>>>> topic"),
        r"pyproject\.toml is broken: .*\(at line 2, column 1\) \(nothing was changed\)",
    ),
    "unknown setting": (
        ("[tool.freshvenv]", 'venv = [".venv"]'),
        r"\[tool\.freshvenv\] has no setting 'venv' \(did you mean 'venvs'\?\)",
    ),
    "venvs that leave the repository": (
        ("[tool.freshvenv]", 'venvs = ["../elsewhere"]'),
        (
            r"\[tool\.freshvenv\] venvs: '\.\./elsewhere' leaves the repository "
            r"\(a venv elsewhere is named in your own configuration: git config --add freshvenv\.venvs \.\./elsewhere\)"
        ),
    ),
    "venvs as a text": (
        ("[tool.freshvenv]", 'venvs = ".venv"'),
        r"\[tool\.freshvenv\] venvs is no list of texts",
    ),
    "project that is none": (
        ("[[tool.freshvenv.projects]]", 'path = "src"'),
        r"\[\[tool\.freshvenv\.projects\]\]: 'src' is no project",
    ),
}


@pytest.mark.parametrize(("lines", "message"), SETTINGS.values(), ids=SETTINGS)
def test_settings(installed: Repository, lines: tuple[str, ...], message: str) -> None:
    file = installed.path / "pyproject.toml"
    first, rest = file.read_text().split("[tool.freshvenv]")[0].split("\n", 1)
    whole = "\n".join([first, *lines, rest]) if "broken" in message else "\n".join([first, rest, *lines, ""])
    file.write_text(whole)
    installed.edit("left", 7)
    installed.commit("a mistake")
    before = everything_in(installed.path)
    for command in (("resync",), ("status",)):
        said = say(installed.world, *command, cwd=installed.path)
        assert said.status == 2
        assert re.fullmatch(f"freshvenv: {message}\n", said.text), said.text
    assert everything_in(installed.path) == before
    assert installed_value(installed.venv, installed.world) == 11
    assert_hook_is_polite(installed)
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert_fresh(installed, 11)


def test_unknown_setting_in_the_configuration_of_git(installed: Repository) -> None:
    installed.git("config", "freshvenv.onstale", "warn")
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 2
    assert said.text == (
        "freshvenv: git's configuration has an unknown setting 'freshvenv.onstale' (did you mean 'freshvenv.on-stale'?)\n"
    )
    assert_hook_is_polite(installed)


# Venvs that cannot be used


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


UNUSABLE: list[Callable[[Repository], str]] = [
    not_a_venv,
    a_file,
    interpreter_gone,
    interpreter_does_not_run,
    of_another_checkout,
    leads_out_of_the_repository,
    record_is_gone,
    record_is_damaged,
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


# A build that fails


def break_build(repository: Repository, statement: str) -> None:
    file = repository.path / "backend" / "in_tree.py"
    file.write_text(
        file.read_text().replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1)
    )


def logs(world: World) -> list[Path]:
    return sorted((world.root / "state" / "freshvenv" / "logs").glob("*"))


def test_build_that_fails(installed: Repository) -> None:
    world = installed.world
    break_build(installed, 'raise RuntimeError("no compiler\\x1b[2J")')
    change(installed)
    before = everything_in(installed.venv)

    said = say(world, "resync", cwd=installed.path)

    [log] = logs(world)
    assert said == Said(
        1,
        "freshvenv: .venv: stale, not reinstalled: the build failed: RuntimeError: no compiler\\x1b[2J"
        f" (the build log is {shown(log)})\n",
    )
    assert "RuntimeError: no compiler" in log.read_text()
    assert everything_in(installed.venv) == before
    assert installed_value(installed.venv, world) == 11
    target = installed.target()
    assert target.state == "stale"
    assert target.reasons[0].startswith("tree ")
    assert "the build failed: RuntimeError: no compiler" in target.reasons[1]
    assert str(log) in target.reasons[1]
    assert_hook_is_polite(installed)

    installed.git("switch", "--quiet", "--detach", "HEAD~")
    assert_fresh(installed, 11)
    installed.git("switch", "--quiet", "main")
    installed.git("revert", "--no-edit", "HEAD")
    change(installed, 8)
    installed.freshvenv("resync")
    assert_fresh(installed, 81)


def test_first_build_that_fails(repository: Repository) -> None:
    before = everything_in(repository.venv)
    break_build(repository, "raise SystemExit(1)")
    repository.commit("broken")
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: absent, not reinstalled: the build failed: ", said.text)
    assert everything_in(repository.venv) == before
    target = repository.target()
    assert target.state == "absent"
    assert "the build failed: " in str(target.reasons)


def test_build_that_makes_an_invalid_wheel(installed: Repository) -> None:
    break_build(
        installed,
        '(Path(wheel_directory) / "demo-1.0-py3-none-any.whl").write_text("x"); return "demo-1.0-py3-none-any.whl"',
    )
    change(installed)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: stale, not reinstalled: the build made an invalid wheel: ", said.text)
    assert installed_value(installed.venv, installed.world) == 11


def test_project_that_does_not_run_on_this_python(installed: Repository) -> None:
    file = installed.path / "backend" / "in_tree.py"
    file.write_text(
        file.read_text().replace(
            'lines += [f"Requires-Dist', 'lines += ["Requires-Python: <3"]\n    lines += [f"Requires-Dist'
        )
    )
    change(installed)
    before = everything_in(installed.venv)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.fullmatch(
        r"freshvenv: \.venv: stale, not reinstalled: demo needs Python <3, this venv has .*\n", said.text
    )
    assert everything_in(installed.venv) == before


def test_dependency_that_cannot_be_installed(installed: Repository) -> None:
    """The project is installed all the same, as a user who runs its tests would want, and what lacks is said."""
    file = installed.path / "pyproject.toml"
    file.write_text(file.read_text().replace("dependencies = []", 'dependencies = ["no-such-thing @ file:///nowhere"]'))
    change(installed)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.search(
        r"reinstalled demo 1\.0 \(.*\) in .* s; dependencies could not be installed: no-such-thing", said.text
    )
    assert installed_value(installed.venv, installed.world) == 71
    target = installed.target()
    assert (target.state, target.reasons) == ("stale", ("dependencies missing: no-such-thing @ file:///nowhere",))
    assert len(logs(installed.world)) == 1


def test_dependency_group_that_is_not_there(installed: Repository) -> None:
    settings(installed, 'venvs = [".venv"]', 'groups = ["dev"]')
    before = everything_in(installed.venv)
    said = say(installed.world, "resync", cwd=installed.path)
    assert said.status == 1
    assert re.match(r"freshvenv: \.venv: stale, not reinstalled: .*dev", said.text)
    assert everything_in(installed.venv) == before
    assert_hook_is_polite(installed)


# Notes and caches that are damaged


def receipt_of(repository: Repository) -> Path:
    [file] = (repository.venv / ".freshvenv").glob("*.receipt.json")
    return file


def edit_witness(repository: Repository, path: str) -> None:
    """Add a file to the receipt, and seal it as we do: what is in it must do no harm."""
    data = json.loads(receipt_of(repository).read_text())
    data["witness"][path] = [1, 1, 1, False, "sha256=x"]
    del data["seal"]
    receipt_of(repository).write_bytes(seal(data))


def intent(repository: Repository, *paths: str) -> None:
    name = receipt_of(repository).name.replace("receipt", "intent")
    data = {"version": 1, "project": str(repository.path), "paths": list(paths)}
    receipt_of(repository).with_name(name).write_text(json.dumps(data))


def empty_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(b"")


def cut_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(receipt_of(repository).read_bytes()[:100])


def zero_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(bytes(500))


def later_receipt(repository: Repository) -> None:
    receipt_of(repository).write_text(json.dumps({**json.loads(receipt_of(repository).read_text()), "version": 99}))


def receipt_with_null_bytes(repository: Repository) -> None:
    edit_witness(repository, "lib/\0.py")


def receipt_with_odd_letters(repository: Repository) -> None:
    edit_witness(repository, "lib/\ud800.py")
    edit_witness(repository, "lib/\ud800/a.py")


def receipt_that_points_outside(repository: Repository) -> None:
    edit_witness(repository, "../precious/demo-1.0.dist-info/RECORD")
    edit_witness(repository, "../precious/file")
    edit_witness(repository, f"{repository.path}/precious/file")


def empty_intent(repository: Repository) -> None:
    (repository.venv / ".freshvenv" / "x.intent.json").write_bytes(b"")


def intent_of_nothing(repository: Repository) -> None:
    intent(repository)


def intent_with_null_bytes(repository: Repository) -> None:
    intent(repository, "lib/\0.py")


def intent_with_odd_letters(repository: Repository) -> None:
    intent(repository, "lib/\ud800.py", "lib/\ud800/a.py")


def intent_that_points_outside(repository: Repository) -> None:
    intent(
        repository,
        "../precious/demo-1.0.dist-info/RECORD",
        "../precious/file",
        f"{repository.path}/precious/file",
        f"{repository.path}/precious/demo-1.0.dist-info/RECORD",
    )


def damaged_failure(repository: Repository) -> None:
    receipt_of(repository).with_name(receipt_of(repository).name.replace("receipt.json", "failure")).write_bytes(
        b"\xff\0"
    )


def wheels(repository: Repository) -> list[Path]:
    return sorted((repository.world.root / "cache" / "freshvenv" / "wheels").glob("*/*"))


def cache_without_manifests(repository: Repository) -> None:
    for folder in wheels(repository):
        (folder / "manifest.json").unlink()


def cache_with_empty_manifests(repository: Repository) -> None:
    for folder in wheels(repository):
        (folder / "manifest.json").write_text("{}")


def cache_with_other_files(repository: Repository) -> None:
    for folder in wheels(repository):
        for file in folder.glob("files/*/demo/*.py"):
            file.write_text("NUMBER = 9\n")


def cache_without_files(repository: Repository) -> None:
    for folder in wheels(repository):
        shutil.rmtree(folder / "files")


def cache_without_metadata(repository: Repository) -> None:
    for folder in wheels(repository):
        data = json.loads((folder / "manifest.json").read_text())
        del data["seal"]
        data["files"] = [row for row in data["files"] if not row[1].endswith("METADATA")]
        (folder / "manifest.json").write_bytes(seal(data))


def cache_of_interpreters_damaged(repository: Repository) -> None:
    for file in (repository.world.root / "cache" / "freshvenv" / "interpreters").iterdir():
        file.write_bytes(b"{}")


def cache_gone(repository: Repository) -> None:
    shutil.rmtree(repository.world.root / "cache" / "freshvenv")


def environments_half_made(repository: Repository) -> None:
    for folder in (repository.world.root / "cache" / "freshvenv" / "build-environments").iterdir():
        shutil.rmtree(folder / "bin")
        (folder / "freshvenv.json").unlink()


def objects_gone(repository: Repository) -> None:
    shutil.rmtree(repository.common_dir / "freshvenv" / "objects", ignore_errors=True)


def record_that_points_outside(repository: Repository) -> None:
    [record] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/RECORD")
    text = io.StringIO()
    paths = ("../../../../precious/file", f"{repository.path}/precious/file", "link/file")
    csv.writer(text, lineterminator="\n").writerows([path, "", ""] for path in paths)
    record.write_text(text.getvalue() + record.read_text())
    (record.parents[1] / "link").symlink_to(repository.path / "precious")


DAMAGES: list[Callable[[Repository], None]] = [
    empty_receipt,
    cut_receipt,
    zero_receipt,
    later_receipt,
    receipt_with_null_bytes,
    receipt_with_odd_letters,
    receipt_that_points_outside,
    empty_intent,
    intent_of_nothing,
    intent_with_null_bytes,
    intent_with_odd_letters,
    intent_that_points_outside,
    damaged_failure,
    cache_without_manifests,
    cache_with_empty_manifests,
    cache_with_other_files,
    cache_without_files,
    cache_without_metadata,
    cache_of_interpreters_damaged,
    cache_gone,
    environments_half_made,
    objects_gone,
    record_that_points_outside,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_repaired(installed_twice: Repository, damage: Callable[[Repository], None]) -> None:
    """Back on the first commit, with a note or the cache damaged meanwhile."""
    repository = installed_twice
    expected = everything_in(repository.path / "precious")
    damage(repository)
    repository.git("switch", "--quiet", "--detach", "HEAD~")
    assert say(repository.world, "status", "--exit-code", cwd=repository.path).status == 1
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0, said.text
    assert everything_in(repository.path / "precious") == expected
    assert_fresh(repository, 11)
    # A voucher is of lines, and none is left where a path has a line end.
    voucher = [] if "\n" in str(repository.path) else ["voucher"]
    assert own_notes(repository.venv) == [".mark", ".receipt.json", *voucher]


# Programs that are missing


def folder_with(world: World, *programs: str) -> str:
    """A PATH on which there is nothing else."""
    folder = world.root / "path"
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found
        (folder / program).symlink_to(found)
    return str(folder)


def test_git_is_missing(installed: Repository) -> None:
    change(installed)
    before = everything_in(installed.path)
    without = installed.with_environment(PATH=folder_with(installed.world))
    for command in (*COMMANDS, *HOOK_COMMANDS):
        said = say(without.world, *command, cwd=installed.path)
        assert said == Said(1, "freshvenv: git is not to be found (install git, or put it on PATH)\n")
    assert everything_in(installed.path) == before
    assert_hook_is_polite(without)


_HIDDEN = pytest.mark.unpoisoned("PYTHONPATH is what hides uv here")
_NO_PIP = """#!/bin/bash
case "$*" in *"-m pip"* | *"-m venv"* | *"-m ensurepip"*) echo "No module named ${*: -1}" >&2; exit 1 ;; esac
exec -a "$0" 'BASE' "$@"
"""


def without_uv(repository: Repository) -> Repository:
    """As seen by a user who has no uv: not on PATH, and no package of that name that works."""
    world = repository.world
    package = world.root / "modules" / "uv"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('there is no uv')\n")
    path = folder_with(world, "git", "sh", "bash")
    return repository.with_environment(PATH=path, PYTHONPATH=str(package.parent))


@_HIDDEN
def test_uv_and_pip_are_missing(installed: Repository) -> None:
    """The interpreter is one of a distributor who took pip and venv out."""
    program = installed.world.plain / "python3"
    program.write_text(_NO_PIP.replace("BASE", str(BASE)))
    program.chmod(0o755)
    python = installed.venv / "bin" / "python"
    python.unlink()
    python.symlink_to(program)
    change(installed)
    before = everything_in(installed.venv)
    without = without_uv(installed)
    said = say(without.world, "resync", cwd=installed.path)
    assert said.status == 1, said
    [log] = logs(installed.world)
    assert said == Said(
        1, f"freshvenv: .venv: stale, not reinstalled: pip made no build environment (the build log is {shown(log)})\n"
    )
    assert "No module named" in log.read_text()
    assert everything_in(installed.venv) == before
    assert_hook_is_polite(without)
    # With uv, it works on the same interpreter.
    installed.freshvenv("resync")
    assert installed.target().state == "fresh"


@_HIDDEN
def test_uv_is_missing(installed: Repository) -> None:
    """pip does as well, also for a venv that has none."""
    change(installed)
    without = without_uv(installed)
    said = say(without.world, "resync", cwd=installed.path)
    assert said.status == 0, said.text
    assert_fresh(installed, 71)


# Odd paths

NAMES = {
    "spaces and quotes": "a path 'with' \"quotes\"",
    "non-ASCII letters": "über 日本",
    "newline": "first\nsecond",
    "shell's own": "$HOME `x` ; & # % \\ *",
    "colon": "a:b",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_odd_path(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    assert_fresh(repository, 11)
    change(repository)
    assert repository.attempt("switch", "--detach", "HEAD~").returncode == 0
    repository.git("switch", "--quiet", "main")
    assert_fresh(repository, 71)
    repository.edit("right", 3)
    repository.freshvenv("resync")
    assert_fresh(repository, 73)
    if "\n" not in name:
        # A shebang cannot say that, whoever installs.
        assert world.run(repository.venv / "bin" / "demo").stdout == "73\n"
    assert say(world, "explain", cwd=repository.path).status == 0


@pytest.mark.parametrize("name", ["-rf", "a b", "é", "x\ny", "*"])
def test_odd_name_of_a_venv(repository: Repository, name: str) -> None:
    repository.venv.rename(repository.path / name)
    settings(repository, f"venvs = {json.dumps([name])}")
    (repository.common_dir / "info").mkdir(exist_ok=True)
    if name == "*":
        # It is a pattern, and finds what is there.
        assert say(repository.world, "resync", cwd=repository.path).status == 0
        return
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0, said.text
    assert len(said.text.splitlines()) == 1
    assert installed_value(repository.path / name, repository.world) == 11


# Interruptions


@dataclass(frozen=True)
class SlowBuild:
    """A project whose backend says that it builds, starts a program, and waits for leave."""

    repository: Repository

    @classmethod
    def of(cls, repository: Repository) -> SlowBuild:
        slow = cls(repository)
        statement = (
            "import os, subprocess, time; child = subprocess.Popen(['sleep', '600']); "
            f"Path({str(slow.note)!r} + '~').write_text(f'{{os.getpid()}} {{child.pid}}'); "
            f"os.rename({str(slow.note)!r} + '~', {str(slow.note)!r})\n"
            f"    while not Path({str(slow.leave)!r}).exists(): time.sleep(0.01)\n"
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


def is_running(number: int) -> bool:
    """Whether a process is there and not just waiting to be buried."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


@pytest.fixture
def slow(installed: Repository) -> Iterator[SlowBuild]:
    build = SlowBuild.of(installed)
    yield build
    build.end()


INTERRUPTED = "freshvenv: interrupted; the next run sets it right\n"


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
