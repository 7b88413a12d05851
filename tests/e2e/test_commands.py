"""The command line as its users and their scripts see it: what it prints, how it exits, and what it leaves alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.interpreters import RUNNING, interpreters
from support.oracle import assert_exact
from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.values import replace
from support.world import TOOLS, World
from support.zoo import ZOO, History, make_history

HOOK_TYPES = ("post-checkout", "post-merge", "post-rewrite", "post-commit")

REINSTALLED = r"freshvenv: \.venv: reinstalled demo 1\.0 \({why}, \d+ files?\) in \d+\.\d s"
TREES = r"tree [0-9a-f]{7} -> [0-9a-f]{7}"


EDITABLE_LINE = pytest.mark.one_line("a .pth file holds a path a line")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where freshvenv keeps wheels and build environments from one test to the next."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def world(sterile: World, cache: Path) -> World:
    return replace(sterile, env={**sterile.env, "XDG_CACHE_HOME": str(cache)})


def project(world: World, settings: str = 'venvs = [".venv"]', *, name: str = "demo") -> Repository:
    """The demo project with these settings on main (11) and topic (21), and an empty ``.venv``."""
    repository = create(world, world.root / name, branches={})
    pyproject = (repository.path / "pyproject.toml").read_text().partition("[tool.freshvenv]")[0]
    repository.write("pyproject.toml", f"{pyproject}[tool.freshvenv]\n{settings}\n")
    repository.write(
        ".gitignore", (repository.path / ".gitignore").read_text() + "\n/*venv*/\n/envs/\n/.nox/\n/.tox/\n"
    )
    repository.git("commit", "--quiet", "--allow-empty", "--all", "--message", "settings")
    repository.branch("topic", ("left", 2))
    repository.git("switch", "--quiet", "main")
    make_venv(world, repository.venv)
    return repository


def ready(world: World, settings: str = 'venvs = [".venv"]') -> Repository:
    """The same, with hooks, and installed."""
    repository = project(world, settings)
    repository.freshvenv("init", "--hooks", "native")
    return repository


def install(repository: Repository, venv: Path | str, *, editable: bool = False) -> Path:
    """Install the project into a new venv as a user of uv does; the venv comes back."""
    where = repository.path / venv
    if not where.exists():
        make_venv(repository.world, where)
    mode = ["--editable"] if editable else []
    python = where / "bin" / "python"
    words = ("uv", "pip", "install", "--quiet", "--python", str(python), *mode, ".")
    repository.world.run(*words, cwd=repository.path)
    return where


def content(*places: Path) -> dict[str, str]:
    """Everything below some folders, by path: what a file holds, where a link leads, that a folder is there.

    Left out are the objects of snapshots, which freshvenv keeps beside git's own to compare uncommitted work.
    """
    found = {}
    for path in (path for place in places for path in place.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link to {os.readlink(path)}"
        elif path.is_dir():
            found[str(path)] = "folder"
        else:
            found[str(path)] = f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return {path: what for path, what in found.items() if ".git/freshvenv/objects" not in path}


def values(repository: Repository, *venvs: str) -> list[int]:
    return [installed_value(repository.path / venv, repository.world) for venv in venvs]


# init


NAMES_US = """\
repos:
-   repo: local
    hooks:
    -   id: freshvenv
        name: freshvenv
        entry: freshvenv hook
        language: system
"""
NAMES_OTHERS = NAMES_US.replace("id: freshvenv", "id: freshvenv-check")


@dataclass(frozen=True)
class Init:
    """A configuration for pre-commit, the options of init, and whose hooks are there afterwards."""

    configuration: str | None
    options: tuple[str, ...]
    hooks: str
    says: str


INITS = {
    "no configuration": Init(None, (), "freshvenv", "hooks: post-checkout, .* installed"),
    "a configuration without our hook": Init(NAMES_OTHERS, (), "freshvenv", "hooks: post-checkout, .* installed"),
    "a configuration with our hook": Init(NAMES_US, (), "pre-commit", "hooks: installed by pre-commit"),
    "native by name": Init(NAMES_US, ("--hooks", "native"), "freshvenv", "hooks: post-checkout, .* installed"),
    "pre-commit by name": Init(NAMES_US, ("--hooks", "pre-commit"), "pre-commit", "hooks: installed by pre-commit"),
    "pre-commit that does not call us": Init(NAMES_OTHERS, ("--hooks", "pre-commit"), "pre-commit", "does not name"),
    "none": Init(NAMES_US, ("--hooks", "none"), "", "hooks: none installed"),
}


@pytest.mark.parametrize("row", INITS.values(), ids=INITS.keys())
def test_init_chooses_the_hooks(world: World, row: Init) -> None:
    repository = project(world)
    if row.configuration:
        repository.write(".pre-commit-config.yaml", row.configuration)
        repository.commit("configure pre-commit")

    done = repository.freshvenv("init", *row.options)

    assert re.search(row.says, done.stdout), done.stdout
    assert re.search(r"^freshvenv: \.venv: installed demo 1\.0 \(.*\) in \d+\.\d s$", done.stdout, re.MULTILINE)
    assert "?" not in done.stdout + done.stderr, "nothing is asked without a terminal"
    hooks = [repository.common_dir / "hooks" / kind for kind in HOOK_TYPES]
    texts = [hook.read_text() if hook.exists() else "" for hook in hooks]
    own = [f"# {row.hooks}: " in text or f"generated by {row.hooks}" in text.lower() for text in texts]
    assert own == [True] * 4 if row.hooks else texts == [""] * 4
    assert_fresh(repository, 11)


@pytest.mark.parametrize("kind", ["native", "pre-commit", "none"])
def test_init_twice_changes_nothing(world: World, kind: str) -> None:
    repository = project(world)
    repository.write(".pre-commit-config.yaml", NAMES_US)
    repository.commit("configure pre-commit")
    repository.freshvenv("init", "--hooks", kind)
    before = content(repository.path)

    done = repository.freshvenv("init", "--hooks", kind)

    assert content(repository.path) == before
    assert "freshvenv: .venv: fresh (" in done.stdout


def test_init_where_there_is_no_venv(world: World) -> None:
    """The venv that is configured may come later; that there is none is said, and no failure."""
    repository = project(world)
    shutil.rmtree(repository.venv)

    assert "no such venv" in repository.freshvenv("init").stdout

    make_venv(world, repository.venv)
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 21)


# resync


def test_resync_of_named_venvs(world: World) -> None:
    """Only those that are named, wherever the command is started."""
    repository = ready(world, 'venvs = [".venv", "envs/*"]')
    for name in ("one", "two"):
        make_venv(world, repository.path / "envs" / name)
    repository.freshvenv("resync")
    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")

    done = repository.freshvenv("resync", "envs/one")
    assert re.fullmatch(
        rf"freshvenv: envs/one: reinstalled demo 1\.0 \({TREES}, \d+ files\) in \d+\.\d s\n", done.stdout
    )
    assert values(repository, ".venv", "envs/one", "envs/two") == [11, 21, 11]

    done = repository.world.freshvenv("resync", "../.venv", "../envs/two", cwd=repository.path / "src")
    assert len(done.stdout.splitlines()) == 2
    assert values(repository, ".venv", "envs/one", "envs/two") == [21, 21, 21]
    assert {target.state for target in repository.targets()} == {"fresh"}


def test_resync_of_a_venv_that_nobody_configured(world: World) -> None:
    """To name it is to want the project in it, also outside of the repository."""
    repository = ready(world)
    inside, outside = make_venv(world, repository.path / "envs" / "new"), make_venv(world, world.root / "outside")

    done = repository.freshvenv("resync", "envs/new", str(outside))

    assert done.stdout.count("installed demo 1.0") == 2
    assert [installed_value(venv, world) for venv in (inside, outside)] == [11, 11]


@pytest.mark.parametrize("name", ["nothing-here", "src", "pyproject.toml"])
def test_resync_of_what_is_no_venv(world: World, name: str) -> None:
    repository = ready(world)
    before = content(repository.path)

    done = repository.freshvenv("resync", name, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(f"freshvenv: {name}: ")
    assert content(repository.path) == before


def test_resync_says_what_it_did(world: World) -> None:
    repository = ready(world)
    done = repository.freshvenv("resync")
    assert re.fullmatch(r"freshvenv: \.venv: fresh \(tree [0-9a-f]{7}\)\n", done.stdout)

    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")
    done = repository.freshvenv("resync")
    assert re.fullmatch(REINSTALLED.format(why=TREES) + "\n", done.stdout)

    done = repository.freshvenv("resync", "--force")
    assert re.fullmatch(REINSTALLED.format(why=r"forced, tree [0-9a-f]{7}") + "\n", done.stdout)
    assert_fresh(repository, 21)


def test_resync_by_force_repairs_what_nobody_noticed(world: World) -> None:
    """A file that was edited and given its old dates is put back."""
    repository = ready(world)
    [file] = repository.venv.glob("lib/python*/site-packages/demo/left.py")
    file.write_text("NUMBER = 5\n")

    repository.freshvenv("resync", "--force")

    assert_fresh(repository, 11)


def test_resync_by_force_builds_anew(world: World) -> None:
    """What a build takes from outside of the tree is in no fingerprint: here a file that the backend copies."""
    outside = world.root / "outside"
    outside.write_text("NUMBER = 2\n")
    repository = create(world, world.root / "work", branches={})
    backend = repository.path / "backend" / "in_tree.py"
    built = world.root / "built"
    backend.write_text(
        f"{backend.read_text()}\n"
        f"open({str(built)!r}, 'a').write('x')\n"
        f"Path('src/demo/left.py').write_text(open({str(outside)!r}).read())\n"
    )
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace('venvs = [".venv"]', 'venvs = [".venv", "other"]'))
    repository.write(".gitignore", ".venv/\nother/\n__pycache__/\n")
    repository.commit("copy a file from outside")
    venvs = [make_venv(world, repository.path / name) for name in (".venv", "other")]
    repository.freshvenv("resync")
    once = built.stat().st_size

    outside.write_text("NUMBER = 3\n")
    repository.freshvenv("resync")
    assert [installed_value(venv, world) for venv in venvs] == [21, 21]
    repository.freshvenv("resync", "--force", "--dry-run")
    assert built.stat().st_size == once
    repository.freshvenv("resync", "--force")
    assert [installed_value(venv, world) for venv in venvs] == [31, 31]
    assert built.stat().st_size == 2 * once

    shutil.rmtree(venvs[1])
    make_venv(world, venvs[1])
    repository.freshvenv("resync")
    assert installed_value(venvs[1], world) == 31
    assert built.stat().st_size == 2 * once


DRY_RUNS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "stale": ((), rf"freshvenv: \.venv: would be reinstalled: {TREES}\n"),
    "by force": (("--force",), rf"freshvenv: \.venv: would be reinstalled: {TREES}\n"),
    "by force, fresh": (("--force",), r"freshvenv: \.venv: would be reinstalled: forced\n"),
    "fresh": ((), r"freshvenv: \.venv: fresh \(tree [0-9a-f]{7}\)\n"),
}


@pytest.mark.parametrize(("name", "options", "says"), [(name, *row) for name, row in DRY_RUNS.items()], ids=DRY_RUNS)
def test_dry_run_changes_nothing(world: World, name: str, options: tuple[str, ...], says: str) -> None:
    repository = ready(world)
    if "fresh" not in name:
        repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")
    places = (repository.path, world.home, Path(world.env["XDG_CACHE_HOME"]), world.root / "state")
    before = content(*places)

    done = repository.freshvenv("resync", "--dry-run", *options)

    assert re.fullmatch(says, done.stdout), done.stdout
    assert content(*places) == before


# status


def _fresh(_: Repository) -> None:
    pass


def _other_branch(repository: Repository) -> None:
    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")


def _edit(repository: Repository) -> None:
    repository.edit("extra", 7)


def _untracked(repository: Repository) -> None:
    repository.write("src/demo/new.py", "")


def _edited_in_the_venv(repository: Repository) -> None:
    [file] = repository.venv.glob("lib/python*/site-packages/demo/left.py")
    file.write_text("NUMBER = 5\n")


def _reinstalled(repository: Repository) -> None:
    install(repository, ".venv")


def _other_checkout(repository: Repository) -> None:
    install(project(repository.world, name="elsewhere"), repository.venv)


def _no_interpreter(repository: Repository) -> None:
    python = repository.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")


def _no_venv(repository: Repository) -> None:
    shutil.rmtree(repository.venv)


def _new_venv(repository: Repository) -> None:
    shutil.rmtree(repository.venv)
    make_venv(repository.world, repository.venv)


@dataclass(frozen=True)
class State:
    """What is done to a fresh venv, and what status says then."""

    spoil: Callable[[Repository], None]
    state: str
    reason: str


STATES = {
    "fresh": State(_fresh, "fresh", r"tree [0-9a-f]{7}"),
    "another branch": State(_other_branch, "stale", TREES),
    "an edit that is not committed": State(_edit, "stale", rf"{TREES}; uncommitted: src/demo/extra\.py"),
    "a new file that is not committed": State(_untracked, "stale", rf"{TREES}; uncommitted: src/demo/new\.py"),
    "a file changed in the venv": State(_edited_in_the_venv, "stale", r"changed in the venv: lib/.*/demo/left\.py"),
    "reinstalled by others": State(_reinstalled, "unknown", "reinstalled by uv"),
    "installed from another checkout": State(_other_checkout, "foreign", r"installed from .*/elsewhere"),
    "no interpreter": State(_no_interpreter, "broken", r"its interpreter .*is gone"),
    "no venv": State(_no_venv, "absent", "no such venv"),
    "a new venv": State(_new_venv, "absent", "not installed here"),
}


@pytest.mark.parametrize("row", STATES.values(), ids=STATES.keys())
def test_status(world: World, row: State) -> None:
    """The line, the same as JSON to the last key and from explain, the exit status; and looking changes nothing."""
    repository = ready(world)
    commit = repository.git("rev-parse", "HEAD")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    row.spoil(repository)
    before = content(repository.path)

    done = repository.freshvenv("status")
    assert re.fullmatch(rf"freshvenv: \.venv: {row.state}: {row.reason}\n", done.stdout), done.stdout
    with_status = repository.freshvenv("status", "--exit-code", check=False)
    assert (with_status.stdout, with_status.returncode) == (done.stdout, int(row.state != "fresh"))
    as_json = repository.freshvenv("status", "--json", "--exit-code", check=False)
    assert as_json.returncode == int(row.state != "fresh")

    answer = json.loads(as_json.stdout)
    assert answer.keys() == {"version", "targets"}
    assert answer["version"] == 1
    [target] = answer["targets"]
    assert [*target] == ["venv", "project", "state", "reasons", "editable", "installed", "current"]
    assert (target["venv"], target["project"], target["state"]) == (".venv", ".", row.state)
    assert re.fullmatch(row.reason, "; ".join(target["reasons"]))
    usable = row.state != "broken" and row.spoil is not _no_venv
    assert target["editable"] is (False if usable else None)
    recipe = {"interpreter", "extras", "groups", "config-settings", "build-from", "version-control", "submodules"}
    recipe |= {"folder", "beside", "git-config", "environment"}
    assert target["current"].keys() == ({"tree", *recipe} if usable else set())
    known = usable and row.spoil is not _new_venv
    assert target["installed"].keys() == (
        {"distribution", "version", "commit", "time", "tree", *recipe} if known else set()
    )
    if known:
        assert (target["installed"]["commit"], target["installed"]["tree"]) == (commit, tree)
        assert (target["installed"]["distribution"], target["installed"]["version"]) == ("demo", "1.0")
    first, *reasons = repository.freshvenv("explain").stdout.splitlines()
    assert first == f"freshvenv: .venv: {row.state}"
    assert [reason.strip() for reason in reasons[: len(target["reasons"])]] == target["reasons"]
    assert content(repository.path) == before


def test_status_where_nothing_is_to_be_kept_fresh(world: World) -> None:
    repository = project(world, settings="")

    assert repository.freshvenv("status").stdout == "freshvenv: no venv here holds the project\n"
    assert json.loads(repository.freshvenv("status", "--json", "--exit-code").stdout) == {"version": 1, "targets": []}


# explain


def test_explain_names_fields_and_files(world: World) -> None:
    repository = ready(world)
    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")
    repository.write("src/demo/new.py", "")
    repository.write("src/demo/a name with spaces.py", "")
    (repository.path / "src" / "demo" / "right.py").unlink()
    repository.git("add", "src/demo/new.py")
    repository.git("config", "freshvenv.editable", "true")
    repository.git("config", "freshvenv.extras", "test")

    lines = repository.freshvenv("explain").stdout.splitlines()

    assert lines[0] == "freshvenv: .venv: stale"
    assert re.fullmatch(f"  {TREES}", lines[1])
    [uncommitted] = (line for line in lines if line.startswith("  uncommitted: "))
    assert set(uncommitted.partition(": ")[2].split(", ")) == {
        "src/demo/right.py",
        "src/demo/new.py",
        "src/demo/a name with spaces.py",
    }
    assert {*lines[2:]} - {uncommitted} == {
        "  mode not editable -> editable",
        "  extras nothing -> test",
        "  M src/demo/left.py",
        "  A src/demo/new.py",
        "  A src/demo/a name with spaces.py",
        "  D src/demo/right.py",
    }


def test_explain_of_one_venv(world: World) -> None:
    repository = ready(world, 'venvs = [".venv", "envs/one"]')
    make_venv(world, repository.path / "envs" / "one")

    lines = repository.freshvenv("explain", "envs/one").stdout.splitlines()

    assert lines == ["freshvenv: envs/one: absent", "  not installed here"]


def test_explain_where_git_has_forgotten_the_tree(world: World) -> None:
    """What was installed was amended and pruned: the files cannot be named, and that is said."""
    repository = project(world)
    repository.edit("left", 8)
    repository.commit("eight")
    repository.freshvenv("init", "--hooks", "none")
    repository.edit("left", 9)
    repository.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")

    lines = repository.freshvenv("explain").stdout.splitlines()

    assert re.fullmatch(f"  {TREES}", lines[1])
    assert lines[2] == "  the tree that is installed is no longer known to git, so its files cannot be compared"
    repository.freshvenv("resync")
    assert_fresh(repository, 91)


# Switched off


def test_switched_off_once(world: World) -> None:
    repository = ready(world)
    before = content(repository.venv, repository.git_dir / "freshvenv")

    done = repository.with_environment(FRESHVENV="off").attempt("switch", "topic")

    assert own_lines(done.stderr) == []
    assert content(repository.venv, repository.git_dir / "freshvenv") == before
    assert repository.target().state == "stale"
    assert len(own_lines(repository.attempt("checkout", "-b", "same").stderr)) == 1
    assert_fresh(repository, 21)


def test_switched_off_does_not_stop_a_command(world: World) -> None:
    repository = ready(world).with_environment(FRESHVENV="off")
    repository.git("switch", "--quiet", "topic")

    repository.freshvenv("resync")

    assert_fresh(repository, 21)


NOISE = """

import os, sys, warnings
warnings.warn("the backend is old")
print("building")
print("building", file=sys.stderr)
os.system("echo building; echo building >&2")
"""


def test_hook_says_one_line_whatever_the_build_says(world: World) -> None:
    """Backends are talkative, and `build` hands their warnings on."""
    repository = ready(world)
    backend = repository.path / "backend" / "in_tree.py"
    backend.write_text(backend.read_text() + NOISE)
    repository.commit("a backend that talks")
    repository.git("switch", "--quiet", "--create", "talk")
    repository.edit("left", 4)
    repository.git("commit", "--quiet", "--all", "--message", "other code")
    repository.git("switch", "--quiet", "main")
    repository.freshvenv("resync")

    done = repository.attempt("switch", "--quiet", "talk")

    assert re.fullmatch(REINSTALLED.format(why=TREES) + "\n", done.stderr), done.stderr
    assert done.stdout == ""
    done = repository.freshvenv("resync", "--force")
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
    assert_fresh(repository, 41)


# Settings


def test_venvs_are_paths_and_globs(world: World) -> None:
    """A path is waited for; a glob takes what is there; what is excluded, or no venv, is left alone."""
    repository = project(world, 'venvs = ["later", "envs/*"]\nexclude = ["envs/skip*"]')
    for name in ("one", "two", "skipped"):
        make_venv(world, repository.path / "envs" / name)
    (repository.path / "envs" / "folder").mkdir()
    repository.freshvenv("init", "--hooks", "native")
    assert {(target.venv, target.state) for target in repository.targets()} == {
        ("later", "absent"),
        ("envs/one", "fresh"),
        ("envs/two", "fresh"),
    }

    repository.git("switch", "--quiet", "topic")

    assert values(repository, "envs/one", "envs/two") == [21, 21]
    for name in (".venv", "envs/skipped"):
        assert not [*(repository.path / name).glob("lib/python*/site-packages/demo*")]


def test_venvs_that_are_known_by_name(world: World) -> None:
    """Without settings: those that hold the project, from this checkout, and no other."""
    repository = project(world, settings="")
    holding = [".venv", "venv", ".nox/tests", ".tox/py"]
    for name in holding:
        install(repository, name)
    for name in (".nox/empty", "envs/other"):
        make_venv(world, repository.path / name)
    install(repository, "envs/other")
    repository.freshvenv("init", "--hooks", "native")

    done = repository.attempt("switch", "topic")

    assert [line.split(": ")[1] for line in own_lines(done.stderr)] == holding
    assert values(repository, *holding, "envs/other") == [21, 21, 21, 21, 11]
    assert {(target.venv, target.state) for target in repository.targets()} == {(name, "fresh") for name in holding}
    assert not [*(repository.path / ".nox/empty").glob("lib/python*/site-packages/demo*")]


@pytest.mark.parametrize("spelling", ["../outside", "{root}/outside", "~/outside"])
def test_personal_venvs(world: World, spelling: str) -> None:
    """Only the user's own configuration can name a venv outside of the repository."""
    repository = project(world)
    where = world.home if spelling.startswith("~") else world.root
    outside = make_venv(world, where / "outside")
    repository.git("config", "--add", "freshvenv.venvs", spelling.format(root=world.root))
    repository.freshvenv("init", "--hooks", "native")

    done = repository.attempt("switch", "topic")

    assert len(own_lines(done.stderr)) == 2
    assert [installed_value(venv, world) for venv in (repository.venv, outside)] == [21, 21]


@pytest.mark.parametrize("settings", ["", 'venvs = [".venv", "venv"]\nexclude = ["venv"]'], ids=["no others", "others"])
def test_personal_venvs_in_the_repository(world: World, settings: str) -> None:
    """Who names a venv wants the project in it, also where it is one that is known by name, or excluded by the tree."""
    repository = project(world, settings)
    make_venv(world, repository.path / "venv")
    for name in (".venv", "venv"):
        repository.git("config", "--add", "freshvenv.venvs", name)

    repository.freshvenv("init", "--hooks", "native")

    assert {(target.venv, target.state) for target in repository.targets()} == {(".venv", "fresh"), ("venv", "fresh")}
    repository.git("switch", "--quiet", "topic")
    assert values(repository, ".venv", "venv") == [21, 21]


@pytest.mark.parametrize("venvs", ['["../outside"]', '["/outside"]', '["~/outside"]', '["envs/../../outside"]'])
def test_the_tree_cannot_name_venvs_outside(world: World, venvs: str) -> None:
    repository = project(world, f"venvs = {venvs}")
    make_venv(world, world.root / "outside")
    before = content(world.root / "outside")

    done = repository.freshvenv("resync", check=False)

    assert done.returncode == 2
    assert "leaves the repository" in done.stderr
    assert "git config --add freshvenv.venvs" in done.stderr
    assert content(world.root / "outside") == before


@EDITABLE_LINE
@pytest.mark.parametrize("editable", [True, False], ids=["editable", "not editable"])
def test_mode_is_kept_as_found(world: World, *, editable: bool) -> None:
    repository = project(world)
    install(repository, ".venv", editable=editable)
    repository.freshvenv("init", "--hooks", "native")

    for branch, value in (("topic", 21), ("main", 11)):
        repository.git("switch", "--quiet", branch)
        assert repository.target().editable is editable
        forget_bytecode(repository)
        assert_fresh(repository, value)

    repository.edit("extra", 7)
    forget_bytecode(repository)
    assert installed_value(repository.venv, world) == (711 if editable else 11)


def forget_bytecode(repository: Repository) -> None:
    """Two sources of one size within a second are one to Python; in a work tree that is between it and git."""
    shutil.rmtree(repository.path / "src" / "demo" / "__pycache__", ignore_errors=True)


@EDITABLE_LINE
@pytest.mark.parametrize("editable", [True, False], ids=["editable", "not editable"])
def test_mode_as_configured(world: World, *, editable: bool) -> None:
    repository = project(world, f'venvs = [".venv"]\neditable = {str(editable).lower()}')
    install(repository, ".venv", editable=not editable)
    repository.freshvenv("init", "--hooks", "native")
    assert repository.target().editable is editable
    assert_fresh(repository, 11)

    repository.git("config", "freshvenv.editable", str(not editable).lower())
    assert len(own_lines(repository.attempt("switch", "topic").stderr)) == 1

    assert repository.target().editable is not editable
    assert_fresh(repository, 21)


def test_on_stale_warn(world: World) -> None:
    """The hook says so and does nothing; by hand it is done."""
    repository = ready(world, 'venvs = [".venv"]\non-stale = "warn"')

    [line] = own_lines(repository.attempt("switch", "topic").stderr)

    assert re.fullmatch(rf"freshvenv: \.venv: stale, left alone: {TREES}; on-stale is warn", line)
    assert installed_value(repository.venv, world) == 11
    repository.freshvenv("resync")
    assert_fresh(repository, 21)
    assert own_lines(repository.attempt("checkout", "-b", "same").stderr) == []


def test_on_stale_off(world: World) -> None:
    """The hook does nothing and keeps quiet; status and resync are as ever."""
    repository = ready(world)
    repository.git("config", "freshvenv.on-stale", "off")

    assert own_lines(repository.attempt("switch", "topic").stderr) == []

    assert installed_value(repository.venv, world) == 11
    assert repository.target().state == "stale"
    repository.freshvenv("resync")
    assert_fresh(repository, 21)


@pytest.mark.parametrize("where", ["the tree", "git's configuration"])
def test_on_commit(world: World, where: str) -> None:
    """A commit of one's own edits is installed only where that is wanted."""
    repository = ready(world, 'venvs = [".venv"]' + ("\non-commit = true" if where == "the tree" else ""))
    if where != "the tree":
        repository.edit("left", 5)
        assert own_lines(repository.attempt("commit", "--all", "--message", "five").stderr) == []
        assert repository.target().state == "stale"
        repository.git("config", "freshvenv.on-commit", "true")
    repository.edit("left", 6)

    done = repository.attempt("commit", "--all", "--message", "six")

    assert len(own_lines(done.stderr)) == 1
    assert_fresh(repository, 61)


def test_build_from_the_working_tree(world: World) -> None:
    """The way out for a project that needs a file which git ignores."""
    repository = ready(world)
    with (repository.path / ".gitignore").open("a") as file:
        file.write("generated.py\n")
    repository.commit("ignore what is generated")
    repository.write("src/demo/generated.py", "FROM = 'the working tree'\n")
    repository.freshvenv("resync")
    assert not [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]

    repository.git("config", "freshvenv.build-from", "working-tree")
    done = repository.freshvenv("resync")

    assert "build-from clean-checkout -> working-tree" in done.stdout
    assert [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]
    assert repository.target().state == "fresh"
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 21)
    assert [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]


BESIDE = """\
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["backend"]

[project]
name = "beside"
version = "1.0"
"""


def test_requirement_on_a_folder_beside_it(world: World) -> None:
    """Metadata names that of this clone, and not that of the clean checkout, which is gone when it is installed."""
    repository = project(world)
    shutil.copytree(repository.path / "backend", repository.path / "beside" / "backend")
    repository.write("beside/src/beside/__init__.py", "")
    repository.write("beside/pyproject.toml", BESIDE)
    for path, old, new in (
        ("pyproject.toml", "dependencies = []", 'dependencies = ["beside @ {root:uri}/beside"]'),
        (
            "backend/in_tree.py",
            'f"Requires-Dist: {requirement}"',
            '"Requires-Dist: " + requirement.replace("{root:uri}", Path.cwd().as_uri())',
        ),
    ):
        text = (repository.path / path).read_text()
        assert old in text
        repository.write(path, text.replace(old, new))
    repository.commit("require it")
    other = replace(repository, path=world.root / "other clone")
    world.git("clone", "--quiet", str(repository.path), str(other.path), cwd=world.root)
    make_venv(world, other.venv)

    for clone in (repository, other):
        clone.freshvenv("init", "--hooks", "none")
        [metadata] = clone.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/METADATA")
        assert f"Requires-Dist: beside @ {clone.path.as_uri()}/beside\n" in metadata.read_text()
        world.run(clone.venv / "bin" / "python", "-I", "-c", "import beside")
        assert next(it for it in clone.targets() if it.project == ".").state == "fresh"


def test_variable_that_was_set_once_stays_in_no_wheel(world: World) -> None:
    repository = ready(world)
    backend = repository.path / "backend" / "in_tree.py"
    text = backend.read_text()
    assert "Generator: in_tree 1" in text
    backend.write_text(
        text.replace('"Wheel-Version: 1.0\\nGenerator: in_tree 1', 'f"Wheel-Version: 1.0\\nGenerator: {FLAGS}').replace(
            "from typing import Any\n", "from typing import Any\nimport os\nFLAGS = os.environ.get('CFLAGS')\n"
        )
    )
    repository.commit("write the flags down")

    def flags() -> str:
        [file] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/WHEEL")
        return file.read_text().splitlines()[1]

    repository.with_environment(CFLAGS="-O0").freshvenv("resync")
    assert flags() == "Generator: -O0"
    repository.git("switch", "--quiet", "topic")
    repository.git("switch", "--quiet", "main")
    assert flags() == "Generator: None"


def test_personal_settings_go_before_those_of_the_tree(world: World) -> None:
    repository = ready(world, 'venvs = [".venv"]\non-stale = "warn"\neditable = true')
    assert repository.target().editable is True
    repository.git("config", "freshvenv.on-stale", "reinstall")
    repository.git("config", "freshvenv.editable", "false")

    repository.git("switch", "--quiet", "topic")

    assert repository.target().editable is False
    assert_fresh(repository, 21)


def test_another_python_at_the_same_place(world: World) -> None:
    """The venv was made anew with another version: the project is put into it, for that version."""
    other = next((version for version in interpreters() if version != RUNNING), RUNNING)
    repository = ready(world)
    shutil.rmtree(repository.venv)
    make_venv(world, repository.venv, str(interpreters()[other]))

    [line] = own_lines(repository.attempt("switch", "topic").stderr)

    assert "installed demo 1.0 (not installed here" in line
    assert_fresh(repository, 21)
    assert [*repository.venv.glob(f"lib/python{other}/site-packages/demo/left.py")]


# Projects in folders


def monorepo(world: World, settings: str) -> Repository:
    """Two projects, ``one`` (module demo) and ``two`` (module other), and a venv at the top."""
    repository = create(world, world.root / "demo", branches={})
    one, two = repository.path / "one", repository.path / "two"
    one.mkdir()
    for name in ("backend", "src", "pyproject.toml"):
        (repository.path / name).rename(one / name)
    shutil.copytree(one, two)
    (two / "src" / "demo").rename(two / "src" / "other")
    for file in (two / "pyproject.toml", *(two / "src" / "other").glob("*.py")):
        file.write_text(file.read_text().replace("demo", "other"))
    for folder in (one, two):
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().partition("[tool.freshvenv]")[0])
    if settings:
        repository.write("pyproject.toml", settings)
    repository.commit("two projects")
    make_venv(world, repository.venv)
    return repository


TWO_PROJECTS = """\
[tool.freshvenv]
venvs = [".venv"]

[[tool.freshvenv.projects]]
path = "one"

[[tool.freshvenv.projects]]
path = "two"
"""


def other_value(repository: Repository, venv: Path) -> int:
    code = "import other.value; print(other.value.value())"
    return int(repository.world.run(venv / "bin" / "python", "-I", "-c", code, cwd=repository.world.home).stdout)


def edit_and_commit(repository: Repository, project: str, number: int) -> None:
    package = {"one": "demo", "two": "other"}[project]
    repository.write(f"{project}/src/{package}/left.py", f"NUMBER = {number}\n")
    repository.commit(f"{project}: {number}")


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "found in the venv"])
def test_two_projects_in_one_venv(world: World, *, listed: bool) -> None:
    """Each has the hash of its own folder, so what happens in the other keeps it."""
    repository = monorepo(world, TWO_PROJECTS if listed else "")
    if not listed:
        python = repository.venv / "bin" / "python"
        world.run(TOOLS / "uv", "pip", "install", "--python", python, "./one", "./two", cwd=repository.path)
    done = repository.freshvenv("init", "--hooks", "native")
    assert {line.split(": ")[1] for line in done.stdout.splitlines()[1:]} == {".venv (one)", ".venv (two)"}
    for folder in ("one", "two"):
        repository.git("switch", "--quiet", "--create", f"topic-{folder}", "main")
        repository.with_environment(FRESHVENV="off").git("switch", "--quiet", f"topic-{folder}")
        edit_and_commit(repository, folder, 2)
    repository.git("switch", "--quiet", "main")
    answer = json.loads(repository.freshvenv("status", "--json").stdout)
    trees = {target["project"]: target["installed"]["tree"] for target in answer["targets"]}
    assert trees == {folder: repository.git("rev-parse", f"HEAD:{folder}") for folder in ("one", "two")}

    for branch, label, expected in (
        ("topic-one", ".venv (one)", (21, 11)),
        ("main", ".venv (one)", (11, 11)),
        ("topic-two", ".venv (two)", (11, 21)),
    ):
        [line] = own_lines(repository.attempt("switch", branch).stderr)
        assert line.startswith(f"freshvenv: {label}: reinstalled ")
        assert (installed_value(repository.venv, world), other_value(repository, repository.venv)) == expected
        assert {target.state for target in repository.targets()} == {"fresh"}


def test_uncommitted_edit_in_one_of_two_projects(world: World) -> None:
    repository = monorepo(world, TWO_PROJECTS)
    repository.freshvenv("init", "--hooks", "native")

    repository.write("two/src/other/left.py", "NUMBER = 5\n")

    assert {(target.project, target.state) for target in repository.targets()} == {("one", "fresh"), ("two", "stale")}
    done = repository.freshvenv("resync")
    assert [line.partition(" (tree")[0] for line in done.stdout.splitlines()] == [
        "freshvenv: .venv (one): fresh",
        "freshvenv: .venv (two): reinstalled other 1.0",
    ]
    assert other_value(repository, repository.venv) == 51


@EDITABLE_LINE
def test_projects_with_venvs_of_their_own(world: World) -> None:
    """Each project in its own venv, next to it; the settings of one are not those of the other."""
    settings = TWO_PROJECTS.replace('venvs = [".venv"]\n', "")
    settings = settings.replace('path = "one"', 'path = "one"\nvenvs = ["one/.venv"]')
    settings = settings.replace('path = "two"', 'path = "two"\nvenvs = ["two/.venv"]\neditable = true')
    repository = monorepo(world, settings)
    for name in ("one", "two"):
        make_venv(world, repository.path / name / ".venv")
    repository.freshvenv("init", "--hooks", "native")

    states = {(target.venv, target.project, target.state, target.editable) for target in repository.targets()}
    assert states == {("one/.venv", "one", "fresh", False), ("two/.venv", "two", "fresh", True)}
    assert installed_value(repository.path / "one" / ".venv", world) == 11
    assert other_value(repository, repository.path / "two" / ".venv") == 11


def by_a_link(repository: Repository) -> None:
    (repository.path / "one" / "src" / "demo" / "left.py").unlink()
    (repository.path / "one" / "src" / "demo" / "left.py").symlink_to("../../../shared/left.py")


def by_its_backend(repository: Repository) -> None:
    backend = repository.path / "one" / "backend" / "in_tree.py"
    statement = 'Path("src/demo/left.py").write_text(Path("../shared/left.py").read_text())'
    text = backend.read_text().replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1)
    backend.write_text(text)


TAKES = {"a link": by_a_link, "the backend": by_its_backend}


@pytest.mark.parametrize("how", TAKES.values(), ids=TAKES)
def test_project_that_takes_a_file_from_above(world: World, how: Callable[[Repository], None]) -> None:
    """What is installed of it depends on more than its own folder; the other project keeps to its own."""
    repository = monorepo(world, TWO_PROJECTS)
    repository.write("shared/left.py", "NUMBER = 1\n")
    how(repository)
    repository.commit("take a file from above")
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")
    repository.write("shared/left.py", "NUMBER = 2\n")
    assert {(target.project, target.state) for target in repository.targets()} == {("one", "stale"), ("two", "fresh")}
    assert "shared/left.py" in str(repository.targets())
    repository.commit("two")
    repository.git("switch", "--quiet", "main")

    for branch, value in (("topic", 21), ("main", 11)):
        [line] = own_lines(repository.attempt("switch", branch).stderr)
        assert line.startswith("freshvenv: .venv (one): reinstalled ")
        assert installed_value(repository.venv, world) == value
        assert {target.state for target in repository.targets()} == {"fresh"}


def test_editable_project_that_takes_its_readme_from_above(world: World) -> None:
    """It is in the metadata, which an editable install copies."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo", "sub")
    repository = Repository(world, history.root)
    pyproject = history.top / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("[project]", '[project]\nreadme = "README.md"'))
    (history.top / "README.md").symlink_to("../README.md")
    repository.write("README.md", "main")
    repository.commit("a readme above")
    repository.git("config", "freshvenv.editable", "true")
    make_venv(world, repository.venv)
    world.run("uv", "pip", "install", "--python", repository.venv / "bin" / "python", "-e", history.top)
    repository.freshvenv("resync")

    repository.write("README.md", "edited")

    assert [target.state for target in repository.targets()] == ["stale"]
    repository.freshvenv("resync")
    python = repository.venv / "bin" / "python"
    assert_exact(world, python, repository.path, history.project, editable=True, subdirectory="sub")


def test_two_projects_that_look_above_are_not_mixed_up(world: World) -> None:
    """What they depend on has one hash, and their wheels are two."""
    repository = monorepo(world, TWO_PROJECTS)
    for folder in ("one", "two"):
        (repository.path / folder / "README.md").symlink_to("../README.md")
    repository.write("README.md", "both")
    repository.commit("a readme for both")

    repository.freshvenv("init", "--hooks", "native")

    assert installed_value(repository.venv, world) == 11
    assert other_value(repository, repository.venv) == 11
    trees = {
        target["installed"]["tree"] for target in json.loads(repository.freshvenv("status", "--json").stdout)["targets"]
    }
    assert trees == {repository.git("rev-parse", "HEAD^{tree}")}


def in_packages(world: World, table: str) -> tuple[Repository, History]:
    """A project of hatchling in ``packages/demo`` that hooks keep in ``.venv``; ``table`` may say its version."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo", "packages/demo")
    repository = Repository(world, history.root)
    file = history.top / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.replace('version = "1.0.0"', 'dynamic = ["version"]') + table if table else text)
    settings = '[tool.freshvenv]\nvenvs = [".venv"]\n\n[[tool.freshvenv.projects]]\npath = "packages/demo"\n'
    repository.write("pyproject.toml", settings)
    repository.write("VERSION", "1.0.0\n")
    repository.commit("a project in a folder")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    return repository, history


ABOVE = {
    "a version": (
        '\n[tool.hatch.version]\npath = "../../VERSION"\npattern = "(?P<version>.+)"\n',
        "VERSION",
        "2.0.0\n",
        "tree ",
    ),
    "an ignore file at the top": (
        "",
        ".gitignore",
        ".venv/\n__pycache__/\nchanged.py\n",
        "beside the project .gitignore ",
    ),
    "an ignore file in between": (
        "",
        "packages/.gitignore",
        "changed.py\n",
        "beside the project nothing -> packages/.gitignore ",
    ),
}
"""A table that says the version, the file above the project that another branch changes, its content there, the reason."""


@pytest.mark.parametrize(("table", "path", "text", "reason"), ABOVE.values(), ids=ABOVE)
def test_hatchling_takes_what_is_above(world: World, table: str, path: str, text: str, reason: str) -> None:
    """Nothing in the project's own folder changes, and a fresh install is another one."""
    repository, history = in_packages(world, table)
    python = repository.venv / "bin" / "python"
    repository.git("switch", "--quiet", "--create", "topic")
    repository.write(path, text)
    assert [target.state for target in repository.targets()] == ["stale"]
    assert str(repository.target().reasons[0]).startswith(reason)
    repository.with_environment(FRESHVENV="off").git("add", "--all")
    repository.with_environment(FRESHVENV="off").git("commit", "--quiet", "--message", "above")
    files = {}
    for branch in ("main", "topic", "main"):
        said = own_lines(repository.attempt("switch", branch).stderr)
        assert_exact(world, python, repository.path, history.project, editable=False, subdirectory="packages/demo")
        assert repository.target().state == "fresh", said
        files[branch] = sorted(str(path) for path in repository.venv.glob("lib/*/site-packages/demo_hatchling*/*"))
    assert files["main"] != files["topic"]


LOCAL = """\
[build-system]
requires = ["{backend}"]
build-backend = "{module}"

[project]
name = "zz-app"
version = "1.0"
requires-python = ">=3.8"
{requires}
"""

BY_PATH = {
    "poetry": LOCAL.format(
        backend="poetry-core", module="poetry.core.masonry.api", requires='dynamic = ["dependencies"]'
    )
    + """
[tool.poetry]
packages = [{ include = "app" }]

[tool.poetry.dependencies]
demo = { path = "lib", develop = true }
""",
    "hatchling": LOCAL.format(
        backend="hatchling", module="hatchling.build", requires='dependencies = ["demo @ {root:uri}/lib"]'
    )
    + """
[tool.hatch.metadata]
allow-direct-references = true

[tool.hatch.build.targets.wheel]
packages = ["app"]
""",
}


@pytest.mark.parametrize("pyproject", BY_PATH.values(), ids=BY_PATH)
@pytest.mark.parametrize("where", ["lib", "../lib"], ids=["in the repository", "beside it"])
def test_dependency_by_its_path_with_real_backends(world: World, pyproject: str, where: str) -> None:
    """They write the folder that they build in into the metadata: it is the work tree's, in each clone its own."""
    repository = create(world, world.root / "a folder" / "demo", branches={})
    lib = repository.path / where
    lib.mkdir()
    for name in ("backend", "src", "pyproject.toml"):
        (repository.path / name).rename(lib / name)
    pyproject = pyproject.replace('path = "lib"', f'path = "{where}"').replace(
        "{root:uri}/lib", f"{{root:uri}}/{where}"
    )
    repository.write("pyproject.toml", pyproject + '\n[tool.freshvenv]\nvenvs = [".venv"]\n')
    repository.write("app/__init__.py", "")
    repository.commit("an app, and what it requires")
    other = world.root / "other folder" / "clone"
    world.git("clone", "--quiet", str(repository.path), str(other), cwd=world.root)
    if where != "lib":
        shutil.copytree(lib, other.parent / "lib")
    for clone in (repository, Repository(world, other)):
        python = make_venv(world, clone.venv) / "bin" / "python"

        done = clone.freshvenv("resync")

        assert "could not be installed" not in done.stdout
        assert installed_value(clone.venv, world) == 11
        [metadata] = clone.venv.glob("lib/python*/site-packages/zz_app-1.0.dist-info/METADATA")
        placed = metadata.read_bytes()
        world.run("uv", "pip", "install", "--python", python, "--reinstall-package", "zz-app", clone.path)
        assert metadata.read_bytes() == placed
