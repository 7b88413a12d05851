"""Native hooks among what else a repository holds: other folders, odd paths, hostile trees."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from freshvenv.hooks.native import HOOK_TYPES
from support.foreign_hooks import FOREIGN
from support.repository import (
    Repository,
    assert_fresh,
    create,
    create_with_venv,
    installed_value,
    make_venv,
    own_lines,
    watch_interpreter,
)
from support.world import World

ENOUGH = 120
"""Seconds after which something that waits for itself is taken to wait for ever."""


@pytest.fixture
def repository(world: World) -> Repository:
    return create_with_venv(world)


# Hook folders, install and uninstall


@pytest.mark.parametrize(
    "folder",
    ["../elsewhere/hooks", "{root}/absolute", ".hooks", "tools/git hooks"],
    ids=["relative, outside the working tree", "absolute", "in the working tree", "deeper in the working tree"],
)
def test_hooks_path_is_honoured(repository: Repository, folder: str) -> None:
    """A relative ``core.hooksPath`` counts from the top of the working tree (git-config(1))."""
    folder = folder.format(root=repository.world.root)
    repository.git("config", "core.hooksPath", folder)
    repository.freshvenv("init", "--hooks", "native")

    assert [name for name in HOOK_TYPES if not (repository.path / folder / name).exists()] == []
    assert not (repository.common_dir / "hooks").exists()
    repository.git("switch", "topic")
    assert_installed(repository, 31)


def test_hooks_path_is_found_from_a_folder_below(repository: Repository) -> None:
    repository.git("config", "core.hooksPath", ".hooks")
    repository.world.freshvenv("init", "--hooks", "native", cwd=repository.path / "src")

    assert (repository.path / ".hooks" / "post-checkout").exists()
    assert not (repository.path / "src" / ".hooks").exists()


@pytest.mark.parametrize("hooks_path", [None, ".hooks"], ids=["git's own folder", "core.hooksPath"])
@pytest.mark.parametrize("with_foreign", [False, True], ids=["no other hooks", "other hooks"])
def test_uninstall_leaves_no_trace(repository: Repository, hooks_path: str | None, *, with_foreign: bool) -> None:
    if hooks_path:
        repository.git("config", "core.hooksPath", hooks_path)
    if with_foreign:
        FOREIGN["sh"].put(repository.hooks / "post-checkout", repository.world.root / "log")
        FOREIGN["python"].put(repository.hooks / "pre-push", repository.world.root / "log")
    before = listing(repository)

    repository.freshvenv("hooks", "install")
    assert listing(repository) != before
    repository.freshvenv("hooks", "uninstall")

    assert listing(repository) == before


def test_uninstall_keeps_a_hook_that_was_written_since(repository: Repository) -> None:
    """A person who replaced our shim by a hook of their own must find it again."""
    repository.freshvenv("hooks", "install")
    mine = FOREIGN["sh"].put(repository.hooks / "post-merge", repository.world.root / "log")

    repository.freshvenv("hooks", "uninstall")

    assert (repository.hooks / "post-merge").read_bytes() == mine
    assert not (repository.hooks / "post-checkout").exists()


@pytest.mark.parametrize("command", [("init", "--hooks", "native"), ("hooks", "install")], ids=" ".join)
def test_installing_twice_changes_nothing(repository: Repository, command: tuple[str, ...]) -> None:
    FOREIGN["sh"].put(repository.hooks / "post-checkout", repository.world.root / "log")
    repository.freshvenv(*command)
    before = listing(repository)

    repository.freshvenv(*command)

    assert listing(repository) == before


# When to run, and what


def test_fast_path_starts_no_python(repository: Repository) -> None:
    repository.freshvenv("init", "--hooks", "native")
    canary = watch_interpreter(repository)

    for command in ("switch main", "switch --create same", "checkout --detach", "merge main"):
        done = repository.attempt(*command.split())
        assert (done.returncode, own_lines(done.stderr)) == (0, [])
    assert not canary.exists()

    repository.git("switch", "topic")
    assert canary.exists()
    assert_fresh(repository, 31)


@pytest.mark.parametrize(
    "pattern", ["lib/*/site-packages/demo-1.0.dist-info/RECORD", "lib/*/site-packages", ".freshvenv/*.mark"]
)
def test_fast_path_is_not_taken_past_a_newer_witness(repository: Repository, pattern: str) -> None:
    """Somebody reinstalled: pip and uv write ``RECORD`` anew, whatever is in it."""
    repository.freshvenv("init", "--hooks", "native")
    [witness] = repository.venv.glob(pattern)
    canary = watch_interpreter(repository)
    os.utime(witness)

    repository.git("switch", "main")

    assert canary.exists()


@pytest.mark.parametrize("wreck", ["gone", "not executable", "unrecorded"])
def test_missing_interpreter_does_not_spoil_the_checkout(repository: Repository, wreck: str) -> None:
    repository.freshvenv("init", "--hooks", "native")
    recorded = repository.common_dir / "freshvenv" / "python"
    match wreck:
        case "gone":
            recorded.write_text("/nowhere/bin/python\n")
        case "not executable":
            plain = repository.world.root / "plain"
            plain.write_text("#!/bin/sh\n")
            recorded.write_text(f"{plain}\n")
        case _:
            recorded.unlink()

    done = repository.attempt("switch", "topic")

    assert done.returncode == 0
    assert len(own_lines(done.stderr)) <= 1
    assert done.stderr.splitlines() == ["Switched to branch 'topic'", *own_lines(done.stderr)]
    assert repository.target().state == "stale"


def test_switched_off_once(repository: Repository) -> None:
    repository.freshvenv("init", "--hooks", "native")

    done = repository.attempt("switch", "topic", env={"FRESHVENV": "off"})
    assert (done.returncode, own_lines(done.stderr)) == (0, [])
    assert installed_value(repository.venv, repository.world) == 11
    assert repository.target().state == "stale"

    repository.git("switch", "topic")
    assert_fresh(repository, 31)


def test_clone_that_is_not_opted_in_is_left_alone(repository: Repository) -> None:
    repository.freshvenv("init", "--hooks", "native")
    repository.git("config", "--unset", "freshvenv.enabled")

    done = repository.attempt("switch", "topic")

    assert (done.returncode, own_lines(done.stderr)) == (0, [])
    assert installed_value(repository.venv, repository.world) == 11


def test_git_in_a_build_does_not_start_another(repository: Repository) -> None:
    """Hooks that a build's own git fires return at once: else they wait for what waits for them."""
    backend = repository.path / "backend" / "in_tree.py"
    builds = repository.world.root / "builds"
    call = textwrap.dedent(f"""
        import subprocess
        with open({str(builds)!r}, "a") as log:
            log.write("build\\n")
        subprocess.run(["git", "-C", {str(repository.path)!r}, "checkout", "--quiet", "--detach"], check=True)
        """)
    text = backend.read_text()
    head = '    """A wheel of everything under ``src``."""\n'
    assert head in text
    repository.freshvenv("init", "--hooks", "native")
    backend.write_text(text.replace(head, head + textwrap.indent(call, "    ")))
    builds.unlink(missing_ok=True)

    repository.git("switch", "--quiet", "--create", "builds")
    assert not builds.exists()
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "a backend that runs git")
    repository.git("switch", "--quiet", "main")
    with start(repository, "switch", "builds") as process:
        _, said = process.communicate(timeout=ENOUGH)

    assert process.returncode == 0, said
    assert builds.read_text() == "build\n"
    assert_installed(repository, 11)


def test_nothing_of_the_tree_is_imported(repository: Repository) -> None:
    """Hooks start at the top of the working tree, which ``python -m`` would put first on the import path."""
    imported = repository.world.root / "imported"
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "hostile", "topic")
    for name in (
        "argparse",
        "click",
        "git",
        "installer",
        "os",
        "sitecustomize",
        "freshvenv/__init__",
        "freshvenv/__main__",
    ):
        repository.write(f"{name}.py", f"open({str(imported)!r}, 'a').write({name!r})\nraise SystemExit(1)\n")
    repository.edit("left", 6)
    repository.commit("modules at the top")
    repository.git("switch", "--quiet", "main")

    done = repository.attempt("switch", "hostile")

    assert done.returncode == 0, done.stderr
    assert not imported.exists(), imported.read_text()
    assert_fresh(repository, 61)
    assert not imported.exists(), imported.read_text()


@pytest.mark.parametrize(
    "name",
    [
        'it\'s "quoted" $HOME `id` \\ * [a]',
        "naïve-ünïcödé-日本",
        pytest.param("-dash %20#x", marks=pytest.mark.ordinary_place("git has no submodule at such a path")),
        "line\nbreak",
        "ends in a newline\n",
    ],
    ids=["quotes and spaces", "non-ASCII", "dash and URL", "newline", "newline at the end"],
)
def test_odd_paths(world: World, name: str) -> None:
    repository = create(world, world.root / name)
    make_venv(world, repository.venv)
    log = world.root / "log"
    FOREIGN["sh"].put(repository.hooks / "post-checkout", log)
    repository.freshvenv("init", "--hooks", "native")
    assert_fresh(repository, 11)

    done = repository.attempt("switch", "topic")

    assert done.returncode == 0
    assert len(own_lines(done.stderr)) == 1, done.stderr
    assert_fresh(repository, 31)
    assert log.read_text().endswith(" 1\n")


def test_two_checkouts_at_once(repository: Repository) -> None:
    """git holds no lock while hooks run, so those of two checkouts can; the venv ends with the second."""
    arrived, released = repository.world.root / "arrived", repository.world.root / "released"
    for pipe in (arrived, released):
        os.mkfifo(pipe)
    hook = repository.hooks / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    barrier = f"#!/bin/sh\necho here > {shlex.quote(str(arrived))}\nread go < {shlex.quote(str(released))}\n"
    hook.write_text(barrier)
    hook.chmod(0o755)
    repository.freshvenv("init", "--hooks", "native")

    with start(repository, "switch", "topic") as first:
        assert arrived.read_text() == "here\n"
        with start(repository, "switch", "upstream") as second:
            assert arrived.read_text() == "here\n"
            # It stays open until both are done, so that a late reader does not wait for a writer.
            gate = os.open(released, os.O_RDWR)
            os.write(gate, b"go\ngo\n")
            said = "".join(process.communicate(timeout=ENOUGH)[1] for process in (first, second))

    os.close(gate)
    assert (first.returncode, second.returncode) == (0, 0)
    assert_installed(repository, 14)
    assert len(own_lines(said)) <= 2


def listing(repository: Repository) -> dict[str, tuple[int, bytes]]:
    """Every file and folder of the checkout and of git, with mode and content; the venv and git's objects left out."""
    git = repository.common_dir
    left_out = {repository.venv, git / "objects"}
    found = {}
    for path in (path for folder in {repository.path, git} for path in folder.rglob("*")):
        if left_out.isdisjoint((path, *path.parents)):
            found[str(path)] = (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
    return found


@contextmanager
def start(repository: Repository, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """Run git beside the test; it and its hooks are gone afterwards, whatever they wait for."""
    process = subprocess.Popen(
        ["git", *argv],
        cwd=repository.path,
        env=repository.world.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def assert_installed(repository: Repository, value: int) -> None:
    assert installed_value(repository.venv, repository.world) == value


def test_freshvenv_that_was_uninstalled_is_missed_in_a_line(world: World) -> None:
    """An environment that is synced to a lockfile loses what is not in it."""
    repository = create(world, world.root / "demo")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    other = make_venv(world, world.plain / "other") / "bin" / "python"
    (repository.common_dir / "freshvenv" / "python").write_text(f"{other}\n")
    done = repository.attempt("switch", "topic")
    assert done.returncode == 0
    assert own_lines(done.stderr) == [
        f"freshvenv: {other} no longer has freshvenv (install it, then run freshvenv init)"
    ]
    assert "Traceback" not in done.stderr
