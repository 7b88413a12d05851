"""Names of folders, files, branches and commits that a terminal would obey."""

from __future__ import annotations

import os
import re

import pytest

from support.hostile import hook, say, site
from support.repository import Repository, assert_fresh, create, make_venv
from support.spoiled import Said
from support.world import World


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "line\nbreak", "$(touch evil)"], ids=ascii)
def test_odd_path_is_escaped(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    make_venv(world, repository.venv)
    repository.git("config", "freshvenv.enabled", "true")
    assert say(repository, "resync").status == 0
    assert_fresh(repository, 11)
    (repository.venv / "bin" / "python").unlink()
    assert say(repository, "status", "--exit-code").status == 1
    assert list(world.root.rglob("evil")) == []
    outside = say(Repository(world, repository.path.parent), "status")
    assert outside.status == 2
    assert len(outside.text.splitlines()) == 1


@pytest.mark.ordinary_place("a submodule cannot be renamed in that way")
def test_path_that_is_not_utf8(world: World) -> None:
    """Nothing makes a venv at such a path, but a folder can be renamed."""
    made = create(world, world.root / "plain", branches={})
    make_venv(world, made.venv)
    repository = Repository(world, world.root / os.fsdecode(b"caf\xe9"))
    made.path.rename(repository.path)
    repository.git("config", "freshvenv.enabled", "true")
    message = "freshvenv: .venv: broken, left alone: its path is not UTF-8\n"
    assert say(repository, "resync") == Said(1, message)
    assert hook(repository) == message
    for command in (("init",), ("status",), ("explain",), ("doctor",), ("trust", "show"), ("resync", "nothing")):
        say(repository, *command)


FILES = (
    "a  b",
    "a'b\"c",
    "$(touch evil)`touch evil`;&|",
    "a\nb",
    "-rf",
    "\x1b[2J\x07",
    os.fsdecode(b"caf\xe9"),
    "a\\b",
)


def test_odd_names_of_files(installed: Repository) -> None:
    """One line a venv, whatever files are called; and what is built has them."""
    folder = installed.path / "src" / "demo"
    modules = {"a  b", "$(touch evil)`touch evil`;&|", "-rf", "\x1b[2J\x07"}
    for name in modules:
        (folder / name).write_text("x")
    for name in FILES:
        (installed.path / name).write_text("x")
    said = say(installed, "explain")
    assert said.status == 0
    assert r"a\nb" in said.text
    assert r"\x1b[2J\x07" in said.text
    assert len(say(installed, "status").text.splitlines()) == 1
    assert len(say(installed, "resync").text.splitlines()) == 1
    assert modules < {*os.listdir(site(installed) / "demo")}
    assert_fresh(installed, 11)
    (folder / "left.py").write_text("NUMBER = 7\n")
    installed.commit("odd")
    assert say(installed, "resync").status == 0
    assert_fresh(installed, 71)
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert len(hook(installed).splitlines()) == 1
    assert_fresh(installed, 11)
    assert list(installed.world.root.rglob("evil")) == []


BRANCHES = {
    "quotes": "a'b\"c",
    "shell": "$(touch${IFS}evil)`touch${IFS}evil`;&|",
    "leading dash": "-rf",
    "not UTF-8": os.fsdecode(b"caf\xe9"),
    "non-ASCII": "über/日本",
    "HEAD": "HEAD",
}


@pytest.mark.parametrize("name", BRANCHES.values(), ids=BRANCHES)
def test_odd_name_of_a_branch(installed: Repository, name: str) -> None:
    say(installed, "hooks", "install", "--hooks", "native")
    installed.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
    installed.git("update-ref", f"refs/heads/{name}", "refs/heads/main")
    (installed.path / "src" / "demo" / "left.py").write_text("NUMBER = 7\n")
    installed.commit("left 7")
    assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(.*\) in .* s\n", hook(installed))
    assert_fresh(installed, 71)
    say(installed, "trust", "show")
    say(installed, "doctor")
    assert list(installed.world.root.rglob("evil")) == []


def test_commit_with_escape_sequences(installed: Repository) -> None:
    evil = {"GIT_AUTHOR_NAME": "\x1b[2JM \x07Allory", "GIT_COMMITTER_NAME": "\x1b]0;x\x07"}
    done = installed.attempt("commit-tree", "-p", "HEAD", "-m", "\x1b[31msubject\x9b2J", "HEAD^{tree}", env=evil)
    installed.git("checkout", "--quiet", "--detach", done.stdout.strip())
    for command in (("trust", "show"), ("resync", "--dry-run"), ("resync",), ("status",), ("explain",)):
        said = say(installed, *command)
        if command[0] in {"trust", "resync"}:
            assert r"\x1b[31msubject" in said.text, command
