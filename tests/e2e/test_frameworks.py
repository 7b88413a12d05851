"""freshvenv as a hook of pre-commit and prek, the real ones, built from a git repository like any hook."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.repository import BRANCHES, Repository, assert_fresh, create, installed_value, make_venv
from support.values import replace
from support.world import TOOLS, World, sterile_environment

pytestmark = pytest.mark.unpoisoned("pre-commit, prek and the pip and uv that they start stand between git and us")

CHECKOUT = Path(__file__).parents[2]
"""The freshvenv that is tested: the working tree that these tests are part of."""

HOOK_TYPES = ("post-checkout", "post-merge", "post-rewrite", "post-commit")


@dataclass(frozen=True)
class HookRepository:
    """A git repository of freshvenv as it is now, for frameworks to clone."""

    path: Path
    revision: str

    @property
    def configuration(self) -> str:
        """What a project adds to its repository."""
        return textwrap.dedent(f"""\
            repos:
            -   repo: {self.path}
                rev: {self.revision}
                hooks:
                -   id: freshvenv
                -   id: freshvenv-check
            """)


@dataclass(frozen=True)
class Framework:
    """A program that runs hooks, with a folder of its own for the environments that it builds."""

    program: Path
    home: Path
    hooks: HookRepository

    @property
    def environment(self) -> Mapping[str, str]:
        return {"PRE_COMMIT_HOME": str(self.home), "PREK_HOME": str(self.home)}

    def install(self, repository: Repository, *hook_types: str) -> None:
        options = [f"--hook-type={each}" for each in hook_types]
        repository.world.run(self.program, "install", *options, cwd=repository.path)


def session_world(root: Path) -> World:
    return World(root, sterile_environment(root, os.environ))


@pytest.fixture(scope="session")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> HookRepository:
    world = session_world(tmp_path_factory.mktemp("hooks"))
    path = world.root / "freshvenv"
    files = world.git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=CHECKOUT)
    for name in filter(None, files.split("\0")):
        if (CHECKOUT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKOUT / name, path / name)
    world.git("init", "--quiet", cwd=path)
    world.git("add", "--all", cwd=path)
    world.git("commit", "--quiet", "--message", "as it is", cwd=path)
    return HookRepository(path, world.git("rev-parse", "HEAD", cwd=path))


def with_hooks_built(program: Path, root: Path, hooks: HookRepository) -> Framework:
    """Let the framework build the hook's environment now, so that no test waits for it."""
    framework = Framework(program, root / "framework", hooks)
    world = session_world(root)
    world = replace(world, env={**world.env, **framework.environment})
    project = root / "project"
    project.mkdir()
    (project / ".pre-commit-config.yaml").write_text(hooks.configuration)
    world.git("init", "--quiet", cwd=project)
    world.git("add", "--all", cwd=project)
    world.run(program, "install-hooks", cwd=project)
    return framework


@pytest.fixture(scope="session", params=["pre-commit", "prek"])
def framework(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, hook_repository: HookRepository
) -> Framework:
    return with_hooks_built(TOOLS / request.param, tmp_path_factory.mktemp(request.param), hook_repository)


@pytest.fixture(scope="session")
def oldest_pre_commit(tmp_path_factory: pytest.TempPathFactory, hook_repository: HookRepository) -> Framework:
    """pre-commit in the version that the manifest calls enough."""
    manifest = (hook_repository.path / ".pre-commit-hooks.yaml").read_text()
    named = set(re.findall(r"^ *minimum_pre_commit_version: *[\"']?([\d.]+)", manifest, re.MULTILINE))
    newest = max(named, key=lambda version: [int(part) for part in version.split(".")])
    root = tmp_path_factory.mktemp("oldest-pre-commit")
    world = session_world(root)
    venv = make_venv(world, root / "venv")
    python = venv / "bin" / "python"
    world.run(TOOLS / "uv", "pip", "install", "--quiet", "--python", python, f"pre-commit=={newest}")
    return with_hooks_built(venv / "bin" / "pre-commit", root, hook_repository)


def configured(world: World, framework: Framework) -> Repository:
    """A clone of a project that uses the hooks, with the framework's hooks installed and an empty venv."""
    path = os.pathsep.join([str(framework.program.parent), world.env["PATH"]])
    repository = create(world, world.root / "demo", branches={})
    repository = repository.with_environment(**framework.environment, PATH=path)
    repository.write(".pre-commit-config.yaml", framework.hooks.configuration)
    repository.commit("use freshvenv")
    for name, changes in BRANCHES.items():
        repository.branch(name, *changes)
    repository.git("switch", "--quiet", "main")
    make_venv(world, repository.venv)
    framework.install(repository, *HOOK_TYPES)
    return repository


def opted_in(world: World, framework: Framework) -> Repository:
    repository = configured(world, framework)
    repository.freshvenv("init", "--hooks", "pre-commit")
    assert installed_value(repository.venv, world) == 11
    return repository


def hooks(repository: Repository) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (repository.common_dir / "hooks").iterdir()}


JOURNEYS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "checkout": (
        ("git checkout topic", 31),
        ("git checkout topic~1", 21),
        ("git switch main", 11),
        ("git switch --create same", 11),
    ),
    "merge": (
        ("git merge topic", 31),
        ("git merge --no-edit upstream", 34),
        ("git merge rival", 34),
        ("edit left 8", 34),
        ("git commit --all --no-edit", 84),
    ),
    "rebase": (
        ("git switch topic", 31),
        ("git rebase upstream", 34),
        ("git switch main", 11),
        ("git rebase topic", 34),
        ("git switch mixed", 67),
        ("git rebase rival", 67),
        ("edit left 8", 67),
        ("git add src", 67),
        ("git rebase --continue", 87),
        ("git switch --create other upstream", 14),
        ("git rebase --apply rival", 94),
    ),
    "pull": (
        ("git init --quiet --bare ../origin.git", 11),
        ("git push --quiet ../origin.git topic:main", 11),
        ("git remote add origin ../origin.git", 11),
        ("git pull origin main", 31),
        ("git switch upstream", 14),
        ("git pull --no-rebase --no-edit origin main", 34),
        ("git switch --create other mixed~1", 17),
        ("git pull --rebase origin main", 37),
    ),
    "cherry-pick and revert": (("git cherry-pick rival", 91), ("git revert --no-edit HEAD", 11)),
}
"""What is done in one clone after the other, and what the installed code answers after each."""

STOPS = ("git merge rival", "git rebase rival")
"""What git itself does not finish, since there are conflicts."""


@pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS.keys())
def test_journey(world: World, framework: Framework, journey: tuple[tuple[str, int], ...]) -> None:
    repository = opted_in(world, framework)
    value = 11
    for command, value in journey:
        done = repository.step(command)
        assert done is None or (done.returncode != 0) == (command in STOPS), f"{command}\n{done.stderr}"
        assert installed_value(repository.venv, world) == value, command
    assert_fresh(repository, value)


def test_init_leaves_hooking_to_the_framework(world: World, framework: Framework) -> None:
    """Its configuration names our hook, so hooks of our own would do everything twice."""
    repository = configured(world, framework)
    before = hooks(repository)

    repository.freshvenv("init")

    assert hooks(repository) == before
    assert_fresh(repository, 11)


def test_init_installs_what_the_configuration_lists(world: World, framework: Framework) -> None:
    """As in the README: the check before a push is for a hook type that is not ours."""
    repository = configured(world, framework)
    types = "default_install_hook_types: [post-checkout, pre-push]\n"
    repository.write(".pre-commit-config.yaml", types + framework.hooks.configuration)
    assert "pre-push" not in hooks(repository)

    repository.freshvenv("init")

    installed = hooks(repository)
    assert {"pre-push", *HOOK_TYPES} <= installed.keys()
    assert "pre-commit" not in installed


MOVES = {
    "checkout topic": ("main", 31),
    "merge topic": ("main", 31),
    "merge --no-edit upstream": ("topic", 34),
    "pull --no-rebase --no-edit . topic": ("main", 31),
    "rebase --autostash topic": ("upstream", 34),
}
"""From which branch each sets out, and what the installed code answers after it."""


def test_unstaged_edits_are_kept_and_told(world: World, framework: Framework) -> None:
    """The frameworks put unstaged edits away while hooks run: what is installed is what the index holds."""
    repository = opted_in(world, framework)
    for command, (start, value) in MOVES.items():
        repository.git("reset", "--quiet", "--hard")
        repository.git("switch", "--quiet", "--force-create", "work", start)
        edited = repository.edit("extra", 7)

        done = repository.attempt(*command.split())

        assert done.returncode == 0, done.stderr
        assert repository.git("status", "--porcelain") == f" M {edited}"
        assert repository.value == 700 + value
        assert installed_value(repository.venv, world) == value, command
        target = repository.target()
        assert target.state == "stale"
        assert edited in " ".join(target.reasons)
    repository.freshvenv("resync")
    assert_fresh(repository, 700 + value)


def test_staged_edits_are_installed(world: World, framework: Framework) -> None:
    repository = opted_in(world, framework)
    edited = repository.edit("extra", 7)
    repository.git("add", edited)

    assert repository.attempt("checkout", "topic").returncode == 0

    assert repository.git("status", "--porcelain") == f"M  {edited}"
    assert_fresh(repository, 731)


@pytest.mark.parametrize("allowed", [False, True], ids=["an error", "allowed"])
def test_branch_without_the_configuration(world: World, framework: Framework, *, allowed: bool) -> None:
    repository = opted_in(world, framework)
    repository.git("switch", "--quiet", "--create", "without", "topic")
    repository.git("rm", "--quiet", ".pre-commit-config.yaml")
    repository.attempt("commit", "--message", "no hooks here")
    repository.git("switch", "main")
    assert_fresh(repository, 11)
    allowing = {"PRE_COMMIT_ALLOW_NO_CONFIG": "1", "PREK_ALLOW_NO_CONFIG": "1"} if allowed else {}

    done = repository.attempt("switch", "without", env=allowing)

    assert done.returncode == (0 if allowed else 1)
    assert repository.git("branch", "--show-current") == "without"
    assert installed_value(repository.venv, world) == 11
    target = repository.target()
    assert target.state == "stale", target

    repository.git("switch", "main")
    assert_fresh(repository, 11)
    repository.git("switch", "upstream")
    assert_fresh(repository, 14)


def test_linked_worktree(world: World, framework: Framework) -> None:
    repository = opted_in(world, framework)
    repository.git("worktree", "add", "../linked", "topic")
    linked = replace(repository, path=world.root / "linked")
    make_venv(world, linked.venv)
    linked.freshvenv("resync")
    assert_fresh(linked, 31)

    linked.git("switch", "upstream")
    assert_fresh(linked, 14)
    linked.git("rebase", "topic")
    assert_fresh(linked, 34)
    linked.git("switch", "--detach", "topic~1")
    linked.git("merge", "topic")
    assert_fresh(linked, 31)
    linked.git("pull", "--no-rebase", "--no-edit", ".", "upstream")
    assert_fresh(linked, 34)

    assert_fresh(repository, 11)


def test_check_stands_before_a_push(world: World, framework: Framework) -> None:
    repository = opted_in(world, framework)
    framework.install(repository, "pre-push")
    repository.git("init", "--quiet", "--bare", "../origin.git")
    repository.git("remote", "add", "origin", "../origin.git")
    repository.git("push", "origin", "main")
    repository.git("reset", "--quiet", "--hard", "topic")

    stale = repository.attempt("push", "origin", "main")
    assert stale.returncode == 1
    assert ".venv" in stale.stdout + stale.stderr
    assert repository.git("ls-remote", "origin", "main").split()[0] == repository.git("rev-parse", "upstream~1")

    repository.freshvenv("resync")
    fresh = repository.attempt("push", "origin", "main")
    assert fresh.returncode == 0, fresh.stderr
    assert repository.git("ls-remote", "origin", "main").split()[0] == repository.git("rev-parse", "topic")


def test_check_by_hand(world: World, framework: Framework) -> None:
    repository = opted_in(world, framework)

    def check() -> int:
        command = ("run", "--hook-stage", "manual", "freshvenv-check")
        return repository.world.run(framework.program, *command, cwd=repository.path, check=False).returncode

    assert check() == 0
    repository.git("reset", "--quiet", "--hard", "topic")
    assert check() == 1
    repository.freshvenv("resync")
    assert check() == 0


def test_check_on_a_branch_without_the_project(world: World, framework: Framework) -> None:
    """There is nothing that could be stale. By hand, that is said."""
    repository = opted_in(world, framework)
    repository.git("switch", "--quiet", "--create", "pages")
    repository.git("rm", "--quiet", "pyproject.toml")
    repository.git("commit", "--quiet", "--message", "no project", "--no-verify")
    words = ("run", "--hook-stage", "manual", "freshvenv-check")
    assert repository.world.run(framework.program, *words, cwd=repository.path, check=False).returncode == 0
    assert repository.freshvenv("status", "--exit-code", check=False).returncode == 2


def test_check_of_venvs_that_were_never_made(world: World, framework: Framework) -> None:
    """They hold no old code. By hand, absent is not fresh."""
    repository = opted_in(world, framework)
    repository.git("config", "--add", "freshvenv.venvs", "later")
    words = ("run", "--hook-stage", "manual", "--verbose", "freshvenv-check")

    def check() -> tuple[int, bool]:
        done = repository.world.run(framework.program, *words, cwd=repository.path, check=False)
        return done.returncode, "later: absent: no such venv" in done.stdout

    assert check() == (0, True)
    assert repository.freshvenv("status", "--exit-code", check=False).returncode == 1
    repository.git("reset", "--quiet", "--hard", "topic")
    assert check() == (1, True)
    shutil.rmtree(repository.venv)
    assert check() == (0, True)
    make_venv(world, repository.path / "later")
    assert check() == (1, False)


def test_clone_that_is_not_opted_in_is_left_alone(world: World, framework: Framework) -> None:
    """Whoever runs ``pre-commit install`` has not asked for code of other branches to be built."""
    repository = configured(world, framework)
    before = contents(repository.venv)

    for command in ("git switch topic", "git rebase upstream", "git switch main", "git merge topic"):
        done = repository.step(command)
        assert done is not None
        assert done.returncode == 0, done.stderr

    assert contents(repository.venv) == before


def test_check_in_a_clone_that_is_not_opted_in(world: World, framework: Framework) -> None:
    """Who never heard of it can push: nothing here was installed by freshvenv, and nobody wants it to be."""
    repository = configured(world, framework)
    framework.install(repository, "pre-push")
    repository.git("init", "--quiet", "--bare", "../origin.git")
    uv = (TOOLS / "uv", "pip", "install", "--quiet", "--python", repository.venv, "--no-deps", ".")
    world.run(*uv, cwd=repository.path)
    assert repository.target().state == "unknown"

    done = repository.attempt("push", "../origin.git", "main")

    assert done.returncode == 0, done.stderr


def test_no_other_environment_is_touched(world: World, framework: Framework) -> None:
    """The frameworks put the hook's own environment first on ``PATH`` and into ``VIRTUAL_ENV``."""
    repository = opted_in(world, framework)
    active = make_venv(world, world.root / "active")
    before = contents(active)

    done = repository.attempt("switch", "topic", env={"VIRTUAL_ENV": str(active)})

    assert done.returncode == 0, done.stderr
    assert_fresh(repository, 31)
    assert list(framework.home.rglob("site-packages/demo*")) == []
    assert list(framework.home.rglob("site-packages/freshvenv")) != []
    assert contents(active) == before


def test_oldest_pre_commit_that_the_manifest_names(world: World, oldest_pre_commit: Framework) -> None:
    repository = opted_in(world, oldest_pre_commit)
    assert str(oldest_pre_commit.program.parent) in hooks(repository)["post-checkout"].decode()
    for command, value in {"git switch topic": 31, "git rebase upstream": 34, "git merge rival": 34}.items():
        repository.step(command)
        assert installed_value(repository.venv, world) == value
    repository.edit("left", 8)
    repository.git("commit", "--all", "--no-edit")
    assert_fresh(repository, 84)


def contents(venv: Path) -> set[str]:
    """The names of all files in a venv, apart from what an interpreter writes by itself."""
    return {str(path.relative_to(venv)) for path in venv.rglob("*") if "__pycache__" not in path.parts}


def test_a_strangers_commit_is_not_built(world: World, framework: Framework) -> None:
    repository = opted_in(world, framework)
    canary = world.plain / "canary"
    fork = Repository(world, world.root / "fork")
    world.git("clone", "--quiet", str(repository.path), str(fork.path), cwd=world.root)
    if framework.program.name == "prek":
        # The script that pre-commit installs starts `python -mpre_commit` at the top of the tree, and so imports this
        # by itself; docs/design.md says so.
        fork.write("argparse.py", f'import pathlib; pathlib.Path("{canary}").touch()\n')
    backend = (fork.path / "backend" / "in_tree.py").read_text()
    fork.write("backend/in_tree.py", f'{backend}\nPath("{canary}").touch()\n')
    fork.edit("right", 9)
    fork.commit("gift")
    repository.git("fetch", "--quiet", str(fork.path), "main")

    assert repository.attempt("checkout", "--quiet", "FETCH_HEAD").returncode == 0
    assert not canary.exists()
    assert installed_value(repository.venv, world) == 11
    words = ("run", "--hook-stage", "manual", "freshvenv-check")
    done = repository.world.run(framework.program, *words, cwd=repository.path, check=False)
    assert done.returncode == 1
    assert "1 commit is not trusted" in done.stdout
    assert not canary.exists()
    assert repository.attempt("switch", "--quiet", "topic").returncode == 0
    assert installed_value(repository.venv, world) == 31

    # Its files alone, taken along to the next branch.
    repository.git("checkout", "FETCH_HEAD", "--", "backend", "src/demo/right.py")
    assert repository.attempt("checkout", "--quiet", "topic~1").returncode == 0
    assert not canary.exists()
    assert installed_value(repository.venv, world) == 31

    repository.git("reset", "--quiet", "--hard")
    repository.git("checkout", "--quiet", "FETCH_HEAD")
    repository.freshvenv("resync")
    assert canary.exists()
    assert_fresh(repository, 19)
