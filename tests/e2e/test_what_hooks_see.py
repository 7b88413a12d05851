"""What changes while HEAD does not, or beside it, and must not be missed by the fast path."""

from __future__ import annotations

import pytest

from support.repository import (
    assert_fresh,
    create,
    installed_value,
    make_venv,
    own_lines,
    watch_interpreter,
)
from support.values import replace
from support.world import World


@pytest.mark.parametrize("command", [("hook", "post-checkout"), ("run", "--", "true")], ids=lambda it: it[0])
@pytest.mark.parametrize("scope", ["--global", "--worktree"])
def test_a_setting_that_is_not_the_clones_own_is_seen(world: World, scope: str, command: tuple[str, ...]) -> None:
    """Nothing of the tree or of the clone's own configuration has changed; a filter's settings are mostly global."""
    world = replace(world, env={**world.env, "GIT_CONFIG_GLOBAL": str(world.home / ".gitconfig")})
    repository = create(world, world.root / "demo", branches={})
    repository.write(".gitattributes", "src/demo/left.py filter=numbers\n")
    repository.commit("attributes")
    repository.git("config", "extensions.worktreeConfig", "true")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    repository.freshvenv("run", "--", "true")
    assert installed_value(repository.venv, world) == 11
    repository.git("config", scope, "filter.numbers.smudge", "sed s/1/3/")
    repository.freshvenv(*command)
    assert installed_value(repository.venv, world) == 31


def test_venv_below_a_pattern_of_two_levels_is_seen(world: World) -> None:
    repository = create(world, world.root / "demo")
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace('[".venv"]', '["services/*/.venv"]'))
    repository.write(".gitignore", ".venv/\n__pycache__/\n")
    for name in ("a", "b"):
        repository.write(f"services/{name}/x", "")
    repository.commit("services")
    make_venv(world, repository.path / "services" / "a" / ".venv")
    repository.freshvenv("init", "--hooks", "native")
    canary = watch_interpreter(repository)
    repository.git("switch", "--quiet", "--create", "same")
    assert not canary.exists()
    inner = make_venv(world, repository.path / "services" / "b" / ".venv")
    repository.git("switch", "--quiet", "--create", "other")
    assert installed_value(inner, world) == 11


def test_configuration_of_one_branch_is_seen(world: World) -> None:
    repository = create(world, world.root / "demo")
    venvs = [make_venv(world, repository.path / name) for name in (".venv", "other")]
    (repository.common_dir / "of-topic").write_text("[freshvenv]\n\tvenvs = other\n")
    repository.git("config", "includeIf.onbranch:same.path", "of-topic")
    repository.freshvenv("init", "--hooks", "native")
    repository.freshvenv("run", "--venv", ".venv", "--", "true")
    repository.git("switch", "--quiet", "--create", "same")
    assert [installed_value(venv, world) for venv in venvs] == [11, 11]


@pytest.mark.unpoisoned("the user's own git is told not to follow replace refs")
def test_what_was_noted_of_a_commit_ends_with_a_replace_ref(world: World) -> None:
    repository = create(world, world.root / "demo")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "empty")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "empty")
    for branch in ("main", "empty", "main"):
        repository.git("checkout", "--quiet", branch)
    repository.git("replace", "empty", "topic")
    repository.git("checkout", "--quiet", "main")
    assert "1 commit is not trusted" in repository.attempt("checkout", "empty").stderr


@pytest.mark.unpoisoned("the user's own git is told not to follow replace refs")
@pytest.mark.parametrize("is_packed", [False, True], ids=["loose", "packed"])
def test_other_files_of_the_same_commit_are_seen(world: World, *, is_packed: bool) -> None:
    """With a replace ref, git checks out something else under the name of the commit that is installed."""
    repository = create(world, world.root / "demo")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    repository.freshvenv("run", "--", "true")
    repository.git("replace", "HEAD", "topic")
    if is_packed:
        repository.git("pack-refs", "--all")
    repository.git("reset", "--quiet", "--hard")
    assert "1 commit is not trusted" in repository.attempt("checkout", "main").stderr
    assert "1 commit is not trusted" in repository.freshvenv("run", "--", "true", check=False).stderr
    assert repository.target().state == "stale"
    repository.freshvenv("resync")
    assert_fresh(repository, 31)
    repository.freshvenv("run", "--", "true")
    repository.git("replace", "--delete", "HEAD")
    repository.git("reset", "--quiet", "--hard")
    repository.git("checkout", "main")
    assert_fresh(repository, 11)


@pytest.mark.ordinary_place("moves the clone itself")
@pytest.mark.parametrize("argv", [("mv",), ("cp", "-a")], ids=" ".join)
def test_clone_that_was_moved_or_copied(world: World, argv: tuple[str, ...]) -> None:
    """A venv knows its place, so it is of no use in another one, although nothing in it is newer."""
    repository = create(world, world.root / "demo")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    elsewhere = replace(repository, path=world.root / "else" / "where")
    elsewhere.path.parent.mkdir()
    world.run(*argv, repository.path, elsewhere.path)
    assert own_lines(elsewhere.attempt("checkout", "--quiet", "main").stderr) != []
