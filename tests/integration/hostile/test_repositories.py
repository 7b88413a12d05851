"""Repositories of other owners, and of other hashes."""

from __future__ import annotations

import json
import shutil

from freshvenv.report import printable
from support.hostile import say
from support.repository import Repository, assert_fresh, own_lines
from support.spoiled import everything_in


def test_repository_of_another_owner(installed: Repository) -> None:
    """git decides whose repositories it obeys; nothing is read or run where it declines."""
    folder = installed.world.root / "bin"
    folder.mkdir()
    git = shutil.which("git")
    (folder / "git").write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git} "$@"\n')
    (folder / "git").chmod(0o755)
    other = installed.with_environment(PATH=f"{folder}:{installed.world.env['PATH']}")
    before = everything_in(installed.path)
    for command in (("init",), ("resync",), ("status",), ("explain",), ("doctor",)):
        said = say(other, *command)
        assert said.status == 2
        # Signs that a terminal would obey are printed as escapes.
        assert said.text == (
            f"freshvenv: {printable(str(installed.path))} is in a repository of somebody else, "
            "and git does not work there (see safe.directory in git-config(1))\n"
        )
    assert everything_in(installed.path) == before
    say(other, "hook", "post-checkout")
    assert everything_in(installed.path) == before


def test_sha256_repository(installed: Repository) -> None:
    world = installed.world
    git = installed.path / ".git"  # it is a file in some places
    shutil.rmtree(git) if git.is_dir() else git.unlink()
    world.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256", cwd=installed.path)
    installed.commit("base")
    installed.freshvenv("init", "--hooks", "native")
    assert_fresh(installed, 11)
    installed.branch("topic", ("left", 2))
    lines = own_lines(installed.attempt("switch", "--detach", "topic").stderr)
    assert len(lines) == 1
    assert lines[0].startswith("freshvenv: .venv: reinstalled demo 1.0 ")
    assert_fresh(installed, 21)
    assert len(json.loads(installed.freshvenv("status", "--json").stdout)["targets"][0]["current"]["tree"]) == 64
    commit = installed.git("commit-tree", "-p", "HEAD", "-m", "strange", "HEAD~^{tree}")
    assert "1 commit is not trusted" in installed.attempt("checkout", "--detach", commit).stderr
    assert "approved from now on" in say(installed, "resync").text
    assert_fresh(installed, 11)
