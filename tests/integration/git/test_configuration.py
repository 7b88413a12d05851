"""Settings of git, and where its hooks are."""

from __future__ import annotations

from pathlib import Path

import pytest

from freshvenv.source.git import Repository, discover
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def test_settings(world: World, top: Path, repository: Repository) -> None:
    for key, value in (("venvs", "/a b"), ("venvs", "two\nlines"), ("on-stale", "warn"), ("Venvs", "é")):
        world.git("config", "--add", f"freshvenv.{key}", value, cwd=top)
    with (top / ".git" / "config").open("a") as config:
        config.write("[freshvenv]\n\ton-commit\n[other]\n\tkey = x\n")
    assert repository.settings(r"^freshvenv\.") == (
        ("freshvenv.venvs", "/a b"),
        ("freshvenv.venvs", "two\nlines"),
        ("freshvenv.on-stale", "warn"),
        ("freshvenv.venvs", "é"),
        ("freshvenv.on-commit", "true"),
    )
    assert repository.settings(r"^nothing\.") == ()


def test_local_setting(world: World, repository: Repository) -> None:
    repository.set_local("freshvenv.enabled", "true")
    assert repository.settings(r"^freshvenv\.enabled$") == (("freshvenv.enabled", "true"),)
    repository.unset_local("freshvenv.enabled")
    repository.unset_local("freshvenv.enabled")
    assert repository.settings(r"^freshvenv\.enabled$") == ()


HOOKS_PATHS = {
    "relative": (".hooks", ".hooks"),
    "absolute": ("/opt/hooks", "/opt/hooks"),
    "at home": ("~/hooks", None),
}


@pytest.mark.parametrize(("configured", "expected"), HOOKS_PATHS.values(), ids=HOOKS_PATHS)
def test_hooks_directory(
    world: World, top: Path, repository: Repository, configured: str, expected: str | None
) -> None:
    world.git("config", "core.hooksPath", configured, cwd=top)
    assert repository.hooks_directory() == (top / expected if expected else world.home / "hooks")


def test_hooks_directory_of_a_linked_worktree(world: World, top: Path) -> None:
    world.git("worktree", "add", "--quiet", "--detach", "../linked", cwd=top)
    assert discover(top.parent / "linked").hooks_directory() == top / ".git" / "hooks"


def test_our_own_commands_start_no_hooks(world: World, top: Path, repository: Repository) -> None:
    hook = top / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch fired\n")
    hook.chmod(0o755)
    assert repository.git("checkout", "--quiet", "--detach").status == 0
    assert not (top / "fired").exists()
