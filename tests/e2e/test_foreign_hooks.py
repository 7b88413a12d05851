"""Hooks that were there before, and go on working."""

from __future__ import annotations

import json
import shlex
import textwrap
from pathlib import Path

import pytest

from freshvenv.hooks.native import HOOK_TYPES
from support.foreign_hooks import FOREIGN, Foreign
from support.repository import Repository, assert_fresh, create_with_venv
from support.world import TOOLS, World


@pytest.fixture
def repository(world: World) -> Repository:
    return create_with_venv(world)


_ENDS_ITSELF = pytest.mark.unpoisoned("the hook that was there before ends of it")


@pytest.fixture(params=["sh", pytest.param("python", marks=_ENDS_ITSELF)])
def foreign(request: pytest.FixtureRequest) -> Foreign:
    return FOREIGN[request.param]


def test_foreign_hook_goes_on_working(repository: Repository, foreign: Foreign) -> None:
    log = repository.world.root / "log"
    hook = repository.hooks / "post-checkout"
    before = foreign.put(hook, log)
    repository.freshvenv("init", "--hooks", "native")
    assert hook.with_name("post-checkout.before-freshvenv").read_bytes() == before

    old, new = repository.git("rev-parse", "main", "topic").split()
    repository.git("switch", "topic")

    assert log.read_text() == f"post-checkout {old} {new} 1\n"
    assert_fresh(repository, 31)


def test_foreign_hook_reads_its_standard_input(repository: Repository, foreign: Foreign) -> None:
    """git tells post-rewrite on standard input which commits became which."""
    log = repository.world.root / "log"
    foreign.put(repository.hooks / "post-rewrite", log)
    repository.git("switch", "--quiet", "topic")
    repository.freshvenv("init", "--hooks", "native")
    old = repository.git("rev-list", "--reverse", "main..topic").split()

    repository.git("rebase", "upstream")

    new = repository.git("rev-list", "--reverse", "upstream..topic").split()
    pairs = "".join(f"{before} {after}\n" for before, after in zip(old, new, strict=True))
    assert log.read_text() == f"post-rewrite rebase\n{pairs}"
    assert_fresh(repository, 34)


def test_foreign_hook_that_reads_no_input(repository: Repository) -> None:
    """The pairs of a long rebase fill a pipe; nobody may wait for a reader that never comes, or die of it."""
    hook = repository.hooks / "post-rewrite"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o755)
    repository.freshvenv("init", "--hooks", "native")
    zeros = f"{'0' * 40} {'0' * 40}\n" * 2000

    done = repository.world.run(hook, "rebase", cwd=repository.path, input=zeros, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_failing_foreign_post_checkout_still_fails_the_checkout(repository: Repository, foreign: Foreign) -> None:
    foreign.put(repository.hooks / "post-checkout", repository.world.root / "log", status=3)
    without = repository.attempt("switch", "topic").returncode
    repository.attempt("switch", "main")
    repository.freshvenv("init", "--hooks", "native")

    assert repository.attempt("switch", "topic").returncode == without != 0

    assert_fresh(repository, 31)


def test_foreign_hook_that_is_not_executable_stays_off(repository: Repository) -> None:
    """git ignores such a hook, and so must the shim."""
    log = repository.world.root / "log"
    hook = repository.hooks / "post-checkout"
    FOREIGN["sh"].put(hook, log)
    hook.chmod(0o644)
    repository.freshvenv("init", "--hooks", "native")

    assert repository.attempt("switch", "topic").returncode == 0

    assert not log.exists()
    assert_fresh(repository, 31)


@_ENDS_ITSELF
@pytest.mark.parametrize("order", ["pre-commit first", "freshvenv first"])
def test_beside_the_hooks_of_pre_commit(repository: Repository, order: str) -> None:
    """Both tools move a hook that they find out of the way and call it, whoever comes last."""
    canary = repository.world.root / "canary"
    entry = f"touch {shlex.quote(str(canary))}"
    repository.write(
        ".pre-commit-config.yaml",
        textwrap.dedent(f"""\
            repos:
            -   repo: local
                hooks:
                -   id: canary
                    name: canary
                    entry: {json.dumps(entry)}
                    language: system
                    stages: [post-checkout, post-merge, post-rewrite, post-commit]
                    always_run: true
                    pass_filenames: false
            """),
    )
    repository.commit("configure pre-commit")
    repository.branch("next", ("left", 5))
    repository.git("switch", "--quiet", "main")
    theirs: tuple[str | Path, ...] = (
        TOOLS / "pre-commit",
        "install",
        *(f"--hook-type={each}" for each in HOOK_TYPES),
    )
    ours: tuple[str | Path, ...] = (TOOLS / "freshvenv", "init", "--hooks", "native")
    for install in (theirs, ours) if order == "pre-commit first" else (ours, theirs):
        repository.world.run(*install, cwd=repository.path)
    assert_fresh(repository, 11)
    canary.unlink(missing_ok=True)

    repository.git("switch", "next")
    assert canary.exists()
    assert_fresh(repository, 51)

    canary.unlink()
    repository.git("merge", "--no-edit", "upstream")
    assert canary.exists()
    assert_fresh(repository, 54)
