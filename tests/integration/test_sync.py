"""What becomes of a run while HEAD moves under it, and when what it needs fails."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Never

import pytest

from freshvenv import install
from freshvenv.errors import GitError
from freshvenv.payload import DamagedPayloadError
from freshvenv.report import Outcome
from freshvenv.source.git import discover
from freshvenv.source.working_tree import WorkingTree
from freshvenv.sync import Request, sync
from freshvenv.venvs.place import Placed, place
from freshvenv.venvs.venv import Venv
from freshvenv.wheels import cache, make
from freshvenv.workshop import Workshop
from support.repository import Repository, assert_fresh, create, make_venv
from support.world import World


@pytest.fixture
def repository(world: World) -> Repository:
    made = create(world, world.root / "demo")
    make_venv(world, made.venv)
    made.freshvenv("resync")
    made.git("switch", "--quiet", "--create", "broken")
    made.write("backend/in_tree.py", "raise SystemExit('broken')\n")
    made.commit("broken")
    return made


def workshop_of(world: World) -> Workshop:
    return Workshop(world.root / "cache" / "freshvenv", world.root / "state" / "freshvenv")


@pytest.mark.parametrize(("branch", "value"), [("main", 11), ("topic", 31)], ids=["fresh there", "installed there"])
def test_failure_on_a_commit_that_head_has_left_is_none(
    world: World, repository: Repository, branch: str, value: int
) -> None:
    said: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        said.append(outcome)
        if len(said) == 1:
            repository.git("switch", "--quiet", branch)

    outcomes = sync(discover(repository.path), workshop_of(world), Request(), report)
    assert said[0].failure
    assert [outcome.is_fresh for outcome in said] == [False, True]
    assert [outcome.is_fresh for outcome in outcomes] == [True]
    assert_fresh(repository, value)


def test_venv_that_only_the_branch_has_that_head_left(world: World, repository: Repository) -> None:
    """Its failure is no longer anybody's."""
    make_venv(world, repository.path / "other")
    settings = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", settings.replace('venvs = [".venv"]', 'venvs = [".venv", "other"]'))
    repository.commit("another venv")
    said: list[Outcome] = []

    def report(outcome: Outcome) -> None:
        said.append(outcome)
        if outcome.label == "other":
            repository.git("switch", "--quiet", "main")

    outcomes = sync(discover(repository.path), workshop_of(world), Request(), report)
    assert any(outcome.label == "other" and outcome.failure for outcome in said)
    assert [outcome.label for outcome in outcomes] == [".venv"]
    assert_fresh(repository, 11)


def test_cache_that_cannot_be_read_is_done_without(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when no more files can be opened just then."""

    def fail(place: Path) -> Never:
        raise DamagedPayloadError(f"{place}: Too many open files")

    repository.git("switch", "--quiet", "topic")
    repository.edit("left", 7)
    monkeypatch.setattr(cache, "load", fail)
    [outcome] = sync(discover(repository.path), workshop_of(world), Request())
    assert outcome.is_fresh, outcome.failure


def test_head_that_never_comes_to_rest(world: World, repository: Repository) -> None:
    """What may be built is another commit each time than what is there when it is looked at."""

    class Late:
        def permit(self) -> str:
            return "1" * 40

        def vet(self, _: Collection[str] = ()) -> None:
            pass

    with pytest.raises(GitError, match="HEAD keeps moving"):
        sync(discover(repository.path), workshop_of(world), Request(), guard=Late())


def test_head_that_moves_after_each_look(world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is vouched for: what was installed last is not what is checked out now."""
    repository.git("switch", "--quiet", "main")
    found = discover(repository.path)
    stamp = found.own_state / "stamp"
    assert stamp.exists()
    stamp.rename(stamp.with_name("old"))
    monkeypatch.setattr(WorkingTree, "is_current", lambda _: False)
    with pytest.raises(GitError, match="HEAD keeps moving"):
        sync(found, workshop_of(world), Request())
    assert not stamp.exists()


def test_checkout_that_fails_is_remembered(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where an object of git-lfs is not to be had."""

    def fail(*_: object) -> Never:
        raise GitError("a clean checkout failed: git read-tree: no object")

    repository.git("switch", "--quiet", "topic")
    repository.edit("left", 7)
    monkeypatch.setattr(make, "clean_checkout", fail)
    [outcome] = sync(discover(repository.path), workshop_of(world), Request())
    assert outcome.failure == "a clean checkout failed: git read-tree: no object"
    assert outcome.failure in repository.target().reasons


def test_wheel_that_is_damaged_again_when_it_was_built_anew(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(*_: object) -> Never:
        raise DamagedPayloadError("left.py has another content")

    repository.git("switch", "--quiet", "topic")
    monkeypatch.setattr(install, "lay_out", spoiled)
    [outcome] = sync(discover(repository.path), workshop_of(world), Request(force=True))
    assert outcome.failure == "what was just built is damaged: left.py has another content"


def test_another_version_that_is_put_there_meanwhile(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pip or uv, where nothing was to be replaced: that there are two is not called done."""

    def beside(venv: Venv, *others: Any) -> Placed:
        (venv.path / venv.interpreter.purelib / "demo-9.9.dist-info").mkdir()
        return place(venv, *others)

    repository.git("switch", "--quiet", "topic")
    monkeypatch.setattr(install, "place", beside)
    [outcome] = sync(discover(repository.path), workshop_of(world), Request())
    assert "demo-9.9.dist-info was put there meanwhile: something else is installing into this venv" in outcome.failure
    assert repository.target().state != "fresh"
