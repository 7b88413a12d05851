"""What git says of a commit, or does to what it checks out, can make an install stale."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from support.asking import MAIN, assert_fresh_here, of, resync, site
from support.repository import Repository, create, installed_value, make_venv
from support.world import TOOLS, World
from support.zoo import ZOO, make_history

# Versions that come from git


def test_tag_that_changes_the_version(world: World) -> None:
    history = make_history(world, ZOO["hatch_vcs"], world.root / "demo")
    repository = Repository(world, history.root)
    make_venv(world, repository.venv)
    resync(repository, ".venv")

    def version() -> str:
        code = "import importlib.metadata as m; print(m.version('demo-hatch-vcs'))"
        return world.run(repository.venv / "bin" / "python", "-Ic", code).stdout.strip()

    assert (version(), of(repository).state) == ("1.0.0", "fresh")
    repository.git("tag", "--annotate", "--message", "three", "v3.0.0")
    assert of(repository).state == "stale"
    resync(repository)
    assert (version(), of(repository).state) == ("3.0.0", "fresh")
    repository.git("tag", "--delete", "v3.0.0")
    assert of(repository).state == "stale"
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    resync(repository)
    assert (version()[:10], of(repository).state) == ("1.0.1.dev1", "fresh")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "and more")
    assert of(repository).state == "stale"


@dataclass(frozen=True)
class Rule:
    """How a project makes its version, and a git command after which it has another one; ``before`` comes first."""

    project: str
    table: str
    before: tuple[str, ...]
    command: str
    version: str


CORE = """\
[tool.setuptools_scm]
local_scheme = "no-local-version"
tag_regex = '^core-(?P<version>[0-9.]+)$'
git_describe_command = "git describe --dirty --tags --long --match core-*"
"""
BRANCH = """\
[tool.setuptools_scm]
version_scheme = "release-branch-semver"
local_scheme = "no-local-version"
"""
MORE = "git commit --allow-empty --message more"
WEB = ("git tag core-1.0", MORE, MORE, "git tag web-5.0")

RULES = {
    "tag of a form, behind another tag": Rule("setuptools_scm", CORE, WEB, "git tag core-2.0 HEAD~1", "2.1.dev1"),
    "tag of a form, removed": Rule(
        "setuptools_scm", CORE, (*WEB, "git tag core-0.5 HEAD~3"), "git tag --delete core-1.0", "0.6.dev3"
    ),
    "tag with a dot, behind another tag": Rule(
        "pdm", '[tool.pdm.version]\nsource = "scm"\n', (*WEB[:3], "git tag v5"), "git tag 2.0 HEAD~1", "2.1.dev1"
    ),
    "branch": Rule("setuptools_scm", BRANCH, (MORE,), "git checkout -b release-1.0", "1.0.1.dev2"),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_version_that_is_not_made_of_the_nearest_tag(world: World, rule: Rule) -> None:
    """No file changes, nor what ``git describe`` says, and a fresh install has another version."""
    history = make_history(world, ZOO[rule.project], world.root / "demo")
    repository = Repository(world, history.root)
    pyproject = repository.path / "pyproject.toml"
    text = pyproject.read_text().partition("[tool.setuptools_scm]")[0]
    pyproject.write_text(text.replace('version = "1.0.0"', 'dynamic = ["version"]') + "\n" + rule.table)
    repository.commit("another rule")
    for command in rule.before:
        repository.git(*command.split()[1:])
    python = make_venv(world, repository.venv) / "bin" / "python"
    resync(repository, ".venv")
    assert of(repository).state == "fresh"

    repository.git(*rule.command.split()[1:])

    assert of(repository).state == "stale"
    resync(repository)
    assert of(repository).state == "fresh"
    code = f"import importlib.metadata as m; print(m.version({history.project.distribution!r}))"
    assert world.run(python, "-Ic", code).stdout.partition("+")[0].strip() == rule.version


def test_version_that_the_environment_tells(world: World) -> None:
    """Neither the venv nor the cache of wheels remembers it when it is no longer told."""
    history = make_history(world, ZOO["hatch_vcs"], world.root / "demo")
    told = Repository(world, history.root).with_environment(SETUPTOOLS_SCM_PRETEND_VERSION="9.9")
    make_venv(world, told.venv)
    assert "installed demo_hatch_vcs 9.9 " in told.freshvenv("resync", ".venv").stdout
    assert told.target().state == "fresh"
    untold = Repository(world, history.root)
    assert untold.target().reasons == ("environment SETUPTOOLS_SCM_PRETEND_VERSION=9.9 -> nothing",)
    assert "reinstalled demo_hatch_vcs 1.0.0 " in untold.freshvenv("resync").stdout


def test_variable_that_the_project_declares(world: World) -> None:
    repository = create(world, world.root / "demo", branches={})
    pyproject = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", pyproject + '\n[tool.uv]\ncache-keys = [{ env = "DEMO_LEFT" }]\n')
    backend = (repository.path / "backend" / "in_tree.py").read_text()
    statement = 'import os; Path("src/demo/left.py").write_text(f"NUMBER = {os.environ.get(\'DEMO_LEFT\', 1)}\\n")'
    repository.write(
        "backend/in_tree.py",
        backend.replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1),
    )
    repository.commit("a variable decides")
    make_venv(world, repository.venv)
    for env, value in (({}, 11), ({"DEMO_LEFT": "2"}, 21), ({}, 11)):
        seen = repository.with_environment(**env)
        assert seen.target().state != "fresh"
        seen.freshvenv("resync")
        assert installed_value(repository.venv, world) == value
        assert seen.target().state == "fresh"
    repository.freshvenv("init", "--hooks", "native")
    code = "import demo.value; print(demo.value.value())"
    words = (TOOLS / "freshvenv", "run", "--", "python", "-I", "-c", code)
    for env, value in (({}, 11), ({"DEMO_LEFT": "2"}, 21), ({}, 11)):
        assert world.run(*words, cwd=repository.path, env=env).stdout == f"{value}\n"
    world.run("git", "checkout", "--quiet", "-b", "same", cwd=repository.path, env={"DEMO_LEFT": "2"})
    assert installed_value(repository.venv, world) == 21


# Settings of git that decide what is checked out


CONVERSIONS = {
    "line ends": ("core.autocrlf", "true", b"NUMBER = 1\r\n"),
    "filter": ("filter.number.smudge", "sed s/1/7/", b"NUMBER = 7\n"),
}


@pytest.mark.parametrize(("key", "value", "content"), CONVERSIONS.values(), ids=CONVERSIONS)
def test_setting_of_git_that_changes_what_is_checked_out(
    repository: Repository, key: str, value: str, content: bytes
) -> None:
    """As when git-lfs is installed after the clone: no tree changes, and a checkout writes other files."""
    repository.write(".gitattributes", "src/demo/left.py filter=number\n")
    repository.commit("attributes")
    resync(repository)
    assert_fresh_here(repository, MAIN)
    repository.git("config", "filter.number.clean", "sed s/7/1/")

    repository.git("config", key, value)
    (repository.path / "src" / "demo" / "left.py").unlink()
    repository.git("checkout", "--quiet", "--", "src/demo/left.py")
    assert repository.git("status", "--porcelain") == ""

    target = of(repository)
    assert (target.state, target.reasons) == ("stale", (f"git config nothing -> {key}={value}",))
    resync(repository)
    assert of(repository).state == "fresh"
    assert (site(repository) / "demo" / "left.py").read_bytes() == content
    repository.git("config", "--unset", key)
    resync(repository)
    assert_fresh_here(repository, MAIN)
