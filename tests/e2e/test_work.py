"""How much work is done: which programs are started, what is loaded, what is written. Time itself is not looked at."""

from __future__ import annotations

import os
import shlex
import time
from pathlib import Path

import pytest

from support.repository import Repository, assert_fresh, create, make_venv
from support.world import TOOLS, World

pytestmark = pytest.mark.one_line("git is asked one question at a time there")

ENTER = "import freshvenv.hook_entry as hook; hook.main()"

HEAVY = frozenset(
    {"build", "click", "dataclasses", "email", "git", "inspect", "installer", "packaging", "platformdirs"}
)
"""Modules that take long to import, and that only a build or a person's command needs."""


@pytest.fixture
def repository(world: World) -> Repository:
    """A checkout whose venv holds it, in which both branches were built."""
    made = create(world, world.root / "demo", branches={"topic": (("left", 2),)})
    make_venv(world, made.venv)
    made.freshvenv("init", "--hooks", "native")
    made.git("switch", "--quiet", "topic")
    made.git("switch", "--quiet", "main")
    return made


HOOK = ("-c", ENTER, "post-checkout")
STATUS = ("-c", "import sys; from freshvenv.__main__ import main; sys.exit(main())", "status", "--exit-code")


class Watched:
    """What one run of a door did: the git commands it started, and the modules it loaded."""

    def __init__(self, repository: Repository, door: tuple[str, ...] = HOOK) -> None:
        folder = repository.world.root / "watched"
        folder.mkdir(exist_ok=True)
        log = folder / "log"
        log.write_text("")
        real = repository.world.run("sh", "-c", "command -v git").stdout.strip()
        note = f"""{{ printf '%s\\037' "$@"; echo; }} >> {shlex.quote(str(log))}"""
        (folder / "git").write_text(f'#!/bin/sh\n{note}\nexec "{real}" "$@"\n')
        (folder / "git").chmod(0o755)
        path = os.pathsep.join([str(folder), repository.world.env["PATH"]])
        words = (str(TOOLS / "python"), "-X", "importtime", "-I", *door)
        done = repository.world.run(*words, cwd=repository.path, env={"PATH": path})
        times = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
        self.modules = frozenset(line.rpartition("|")[2].strip() for line in times)
        self.lines = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
        self.git = [_verb(line.split("\037")) for line in log.read_text().splitlines()]

    @property
    def heavy(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.modules) & HEAVY


def _verb(words: list[str]) -> str:
    """The command in a git command line: after its options, some of which take a word."""
    rest = iter(words)
    for word in rest:
        if word in {"-c", "-C"}:
            next(rest)
        elif not word.startswith("-"):
            return word
    return ""


def switch_off_hooks(repository: Repository, *argv: str) -> None:
    repository.attempt(*argv, env={"FRESHVENV": "off"})


def test_nothing_to_do(repository: Repository) -> None:
    watched = Watched(repository)
    assert watched.lines == []
    assert watched.git == []
    assert not watched.modules & {"enum", "json", "pathlib", "re", "runpy", "signal", "subprocess"}
    ours = {name for name in watched.modules if name.startswith("freshvenv.")}
    assert ours == {
        "freshvenv.caller",
        "freshvenv.environment",
        "freshvenv.hook_entry",
        "freshvenv.hooks",
        "freshvenv.hooks.stamp",
        "freshvenv.leave",
        "freshvenv.own",
        "freshvenv.source",
        "freshvenv.source.refs",
    }


@pytest.mark.ordinary_place("a script in a folder whose path has a blank is made by the library installer")
def test_branch_seen_before(repository: Repository) -> None:
    switch_off_hooks(repository, "switch", "topic")
    watched = Watched(repository)
    assert len(watched.lines) == 1
    assert watched.git == ["rev-parse", "config", "rev-list", "status"]
    assert not watched.heavy
    assert "freshvenv.wheels.make" not in watched.modules
    assert_fresh(repository, 21)


def test_status(repository: Repository) -> None:
    watched = Watched(repository, STATUS)
    assert watched.git == ["rev-parse", "status", "config"]
    assert not watched.heavy
    assert not watched.modules & {"freshvenv.cli", "freshvenv.sync", "freshvenv.trust", "freshvenv.wheels"}


def test_status_where_nothing_has_changed(repository: Repository) -> None:
    time.sleep(0.03)  # what was changed a moment ago is not noted
    repository.freshvenv("status")
    before = states(repository.git_dir / "freshvenv")
    watched = Watched(repository, STATUS)
    assert watched.git == ["status"]
    assert not watched.modules & {"enum", "json", "pathlib", "re", "signal", "subprocess", "typing"}
    ours = {name for name in watched.modules if name.startswith("freshvenv.")}
    assert ours == {
        "freshvenv.__main__",
        "freshvenv.answer",
        "freshvenv.caller",
        "freshvenv.environment",
        "freshvenv.facts",
        "freshvenv.gitconfig",
        "freshvenv.leave",
        "freshvenv.own",
        "freshvenv.source",
        "freshvenv.source.picture",
        "freshvenv.source.refs",
        "freshvenv.spawn",
        "freshvenv.status_entry",
    }
    assert states(repository.git_dir / "freshvenv") == before


@pytest.mark.ordinary_place("a script in a folder whose path has a blank is made by the library installer")
def test_several_venvs_cost_no_more_processes(repository: Repository, world: World) -> None:
    for name in ("one", "two", "three"):
        make_venv(world, repository.path / name)
        repository.git("config", "--add", "freshvenv.venvs", name)
    repository.freshvenv("resync")
    switch_off_hooks(repository, "switch", "topic")
    watched = Watched(repository)
    assert len(watched.lines) == 4
    assert watched.git == ["rev-parse", "config", "rev-list", "status"]
    assert not watched.heavy


def test_branch_never_seen(repository: Repository) -> None:
    """One clean checkout: a listing of refs and a read-tree more."""
    switch_off_hooks(repository, "switch", "--create", "new")
    repository.edit("right", 5)
    switch_off_hooks(repository, "commit", "--quiet", "--all", "--message", "five")
    watched = Watched(repository)
    assert watched.git == ["rev-parse", "config", "rev-list", "status", "for-each-ref", "read-tree"]
    assert "freshvenv.wheels.make" in watched.modules
    assert not watched.heavy & {"click", "git"}
    assert_fresh(repository, 15)


def states(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            found[path.relative_to(folder).as_posix()] = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    return found


def test_only_files_that_differ_are_written(repository: Repository) -> None:
    [package] = repository.venv.glob("lib/*/site-packages/demo")
    before = states(package)
    repository.git("switch", "--quiet", "topic")
    after = states(package)
    assert before.keys() == after.keys()
    assert {path for path in before if before[path] != after[path]} == {"left.py"}


def test_one_build_for_all_venvs(repository: Repository, world: World) -> None:
    for name in ("one", "two"):
        make_venv(world, repository.path / name)
        repository.git("config", "--add", "freshvenv.venvs", name)
    backend = repository.path / "backend" / "in_tree.py"
    log = world.root / "builds"
    backend.write_text(
        backend.read_text().replace(
            "def build_wheel(", f"open({str(log)!r}, 'a').write('built\\n')\n\n\ndef build_wheel(", 1
        )
    )
    switch_off_hooks(repository, "commit", "--quiet", "--all", "--message", "log")
    repository.freshvenv("resync")
    alone = world.root / "alone"
    # The backend is loaded once for what it requires and once for the wheel, as PEP 517 has it.
    assert log.read_text().count("built") == 2
    assert not alone.exists()


def test_damaged_entry_of_the_cache_is_built_anew(repository: Repository) -> None:
    """By its digest, when its content would be placed."""
    cache = Path(repository.world.env["XDG_CACHE_HOME"]) / "freshvenv" / "wheels"
    spoiled = [path for path in cache.rglob("left.py") if path.read_text() == "NUMBER = 2\n"]
    assert len(spoiled) == 1
    spoiled[0].write_text("NUMBER = 8\n")
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 21)
    assert spoiled[0].read_text() == "NUMBER = 2\n"


def cache_command(repository: Repository, *words: str) -> str:
    return repository.freshvenv("cache", *words).stdout


def test_cache_commands(repository: Repository) -> None:
    folder = Path(repository.world.env["XDG_CACHE_HOME"]) / "freshvenv"
    assert cache_command(repository, "dir") == f"{folder}\n"
    listed = cache_command(repository, "list").splitlines()
    assert [" demo 1.0 for cpython-" in line for line in listed].count(True) == 2
    assert any("environment  nothing for cpython " in line for line in listed)
    assert listed[-1].startswith("3 entries, ")
    assert cache_command(repository, "prune") == "removed: 0 entries, 0.0 MB\n"
    assert cache_command(repository, "clear").startswith("removed: 3 entries, ")
    assert cache_command(repository, "list") == "0 entries, 0.0 MB\n"
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 21)


def test_cache_prune_by_age_and_size(repository: Repository) -> None:
    folder = Path(repository.world.env["XDG_CACHE_HOME"]) / "freshvenv"
    old = min(folder.glob("wheels/*/*/manifest.json"))
    os.utime(old, (1e9, 1e9))
    assert cache_command(repository, "prune", "--days", "365").startswith("removed: 1 entry, ")
    assert not old.exists()
    assert cache_command(repository, "prune", "--size", "0").startswith("removed: 2 entries, ")


def slow(repository: Repository) -> None:
    """A build that takes longer than is waited for in silence."""
    backend = repository.path / "backend" / "in_tree.py"
    backend.write_text(
        backend.read_text().replace("def build_wheel(", "import time; time.sleep(1)\n\n\ndef build_wheel(", 1)
    )


def test_long_work_shows_itself_in_plain_lines(repository: Repository) -> None:
    slow(repository)
    words = (TOOLS / "freshvenv", "resync")
    done = repository.world.run(*words, cwd=repository.path, env={"FRESHVENV_PROGRESS": ""})
    assert done.stderr.splitlines()[0] == "freshvenv: .venv: building"
    assert done.stdout.startswith("freshvenv: .venv: reinstalled ")
    slow(repository)
    assert repository.freshvenv("resync").stderr == ""
