"""What ``status`` says once more: only while everything that it rested on is as it was."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv import status_entry
from freshvenv.answer import answer_file
from support.answers import recall_answer
from support.places import Place
from support.repository import Repository, create, make_venv
from support.values import replace
from support.world import World, sterile_environment

pytestmark = pytest.mark.ordinary_place("a clone is laid anew for each test")

Change = Callable[[Repository], object]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Path]:
    """A clone with a venv that holds it and another one that does not, and a copy of it."""
    root = tmp_path_factory.mktemp("answer")
    world = World(root, sterile_environment(root, os.environ), poisoned=False, place=Place.ORDINARY)
    repository = create(world, root / "demo", branches={})
    pyproject = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", pyproject.replace('venvs = [".venv"]', ""))
    repository.commit("venvs are found")
    repository.branch("topic", ("left", 2))
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "same")
    for name in (".venv", ".nox/lint"):
        make_venv(world, repository.path / name)
    (repository.path / ".nox" / "begun").mkdir()
    repository.write(".git/info/exclude", ".nox/\n.venv/\n/versions/\n*.log\n")
    repository.git("config", "include.path", "included")
    link_by_way_of_a_folder(repository.venv / "bin" / "python")
    repository.freshvenv("resync", ".venv")
    shutil.copytree(repository.path, root / "copy", symlinks=True)
    return repository, root / "copy"


@pytest.fixture
def repository(kept: tuple[Repository, Path], world: World) -> Repository:
    made, copy = kept
    shutil.rmtree(made.path)
    world.run("cp", "-a", copy, made.path)
    return replace(made, world=world)


def site(repository: Repository) -> Path:
    return next(repository.venv.glob("lib/*/site-packages"))


def say(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Ask the door, after what was changed has become old enough."""
    time.sleep(0.03)
    capsys.readouterr()
    assert status_entry.main([]) == 0
    return capsys.readouterr().out.splitlines()


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def rewrite_in_place(path: Path) -> None:
    """Other content of the same size, dated to when the old one was."""
    status = path.stat()
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def copy_of(path: Path) -> None:
    """The same files, as old as they were, in the place of the others."""
    path.rename(path.with_name("aside"))
    shutil.copytree(path.with_name("aside"), path, symlinks=True)


def another_interpreter(path: Path) -> None:
    path.unlink()
    path.symlink_to("/bin/sh")


def link_by_way_of_a_folder(python: Path) -> None:
    """As uv's Pythons are linked to by a folder that is named for the minor version."""
    real = Path(os.path.realpath(python))
    versions = python.parents[2] / "versions"
    versions.mkdir()
    (versions / "minor").symlink_to(real.parents[1])
    python.unlink()
    python.symlink_to(versions / "minor" / "bin" / real.name)


def another_version(python: Path) -> None:
    folder = Path(os.readlink(python)).parents[1]
    real = os.readlink(folder)
    folder.unlink()
    folder.symlink_to(folder.with_name("patch"))
    (folder.with_name("patch") / "bin").mkdir(parents=True)
    (folder.with_name("patch") / "bin" / Path(os.readlink(python)).name).symlink_to("/bin/sh")
    assert real


def receipt(repository: Repository) -> Path:
    return next(repository.venv.glob(".freshvenv/*.receipt.json"))


def note(repository: Repository) -> Path:
    return Path(answer_file(os.fspath(repository.git_dir)))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


MODULE = "demo/left.py"

NOTICED: dict[str, Change] = {
    "installed file edited": lambda it: put(site(it) / MODULE, "NUMBER = 9\n"),
    "installed file edited, size and time kept": lambda it: rewrite_in_place(site(it) / MODULE),
    "installed file gone": lambda it: (site(it) / MODULE).unlink(),
    "installed file is a link": lambda it: linked(site(it) / MODULE),
    "installed file made executable": lambda it: (site(it) / MODULE).chmod(0o755),
    "installed file dated back": lambda it: os.utime(site(it) / MODULE, (1e9, 1e9)),
    "script edited": lambda it: rewrite_in_place(it.venv / "bin" / "demo"),
    "RECORD edited": lambda it: rewrite_in_place(next(site(it).glob("demo-*/RECORD"))),
    "installed by somebody else": lambda it: put(site(it) / "demo-2.dist-info" / "METADATA", "Name: demo\n"),
    "receipt edited": lambda it: rewrite_in_place(receipt(it)),
    "receipt gone": lambda it: receipt(it).unlink(),
    "an intent": lambda it: put(receipt(it).with_name("x.intent.json"), "{}"),
    "venv gone": lambda it: shutil.rmtree(it.venv),
    "venv is a copy": lambda it: copy_of(it.venv),
    "venv of another Python": lambda it: put(it.venv / "pyvenv.cfg", "home = /nowhere\n"),
    "interpreter is another program": lambda it: another_interpreter(it.venv / "bin" / "python"),
    "a venv where one is looked for": lambda it: put(it.path / "venv" / "pyvenv.cfg", ""),
    "another venv beside one": lambda it: put(it.path / ".nox" / "tests" / "pyvenv.cfg", ""),
    "a folder has become a venv": lambda it: put(it.path / ".nox" / "begun" / "pyvenv.cfg", ""),
    "something in a venv that did not hold it": lambda it: put(
        next(it.path.glob(".nox/lint/lib/*/site-packages")) / "demo-1.0.dist-info" / "METADATA", "Name: demo\n"
    ),
    "edited": lambda it: it.edit("left", 7),
    "staged": lambda it: (it.edit("left", 7), it.git("add", "src")),
    "a file that git does not know": lambda it: it.write("src/demo/more.py", ""),
    "another branch": lambda it: it.git("switch", "--quiet", "topic"),
    "another branch of the same commit": lambda it: it.git("switch", "--quiet", "same"),
    "another commit": lambda it: it.git("commit", "--quiet", "--allow-empty", "--message", "more"),
    "detached": lambda it: it.git("switch", "--quiet", "--detach"),
    "a submodule": lambda it: it.write(".gitmodules", ""),
    "a setting": lambda it: it.git("config", "freshvenv.venvs", ".nox/*"),
    "a setting of the working tree": lambda it: put(it.git_dir / "config.worktree", "[user]\n"),
    "a person's setting": lambda it: put(it.world.home / ".gitconfig", "[user]\n"),
    "a person's setting, elsewhere": lambda it: put(it.world.home / ".config" / "git" / "config", "[user]\n"),
    "a file that the configuration includes": lambda it: put(it.git_dir / "included", "[user]\n"),
    "a link on the way to the interpreter leads elsewhere": lambda it: another_version(it.venv / "bin" / "python"),
    "a replace ref": lambda it: it.git("replace", "HEAD", "topic"),
    "no note": lambda it: note(it).unlink(),
    "note cut": lambda it: cut(note(it)),
    "note empty": lambda it: put(note(it), ""),
    "note of garbage": lambda it: note(it).write_bytes(b"\xff\0" * 1000),
    "note says more": lambda it: put(note(it), note(it).read_text().replace("end\n", "more x\nend\n")),
    "note names nothing": lambda it: put(note(it), note(it).read_text().replace("same ", "say ")),
    "note is a link": lambda it: linked(note(it)),
    "git is gone": lambda it: put(it.git_dir / "HEAD", "ref: refs/heads/none\n"),
}


MARKS = {"a replace ref": pytest.mark.unpoisoned("git is told to keep them elsewhere")}


@pytest.mark.parametrize(
    "change", [pytest.param(it, id=name, marks=MARKS.get(name, ())) for name, it in NOTICED.items()]
)
def test_noticed(answered: Repository, change: Change) -> None:
    change(answered)
    assert recall_answer(answered) is None


HARMLESS: dict[str, Change] = {
    "looked at": lambda it: it.targets(),
    "bytecode": lambda it: put(site(it) / "demo" / "__pycache__" / "left.cpython-311.pyc", ""),
    "a file that git ignores": lambda it: put(it.path / "a.log", ""),
    "the index is written anew": lambda it: (it.edit("left", 1), it.git("status")),
    "another branch moves": lambda it: it.git("branch", "--force", "same", "topic"),
    "something else in git's folder": lambda it: it.git("tag", "v1"),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_said_once_more(answered: Repository, change: Change) -> None:
    before = recall_answer(answered)
    change(answered)
    assert recall_answer(answered) == before


NOT_NOTED: dict[str, Change] = {
    "stale": lambda it: it.edit("left", 7),
    "not installed": lambda it: it.git("config", "freshvenv.venvs", ".nox/lint"),
    "a venv in trouble": lambda it: put(it.path / "venv" / "pyvenv.cfg", ""),
    "venvs in folders of any name": lambda it: it.git("config", "freshvenv.venvs", "*/lint"),
    "a repository within": lambda it: it.write(".gitmodules", ""),
    "settings in variables": lambda _: os.environ.update(
        GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="http.extraHeader", GIT_CONFIG_VALUE_0="secret"
    ),
    "run by a manager of hooks": lambda _: os.environ.update(PRE_COMMIT="1"),
}


@pytest.mark.parametrize("change", NOT_NOTED.values(), ids=NOT_NOTED)
def test_not_noted(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], change: Change
) -> None:
    monkeypatch.chdir(repository.path)
    for name in ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0", "PRE_COMMIT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    change(repository)
    say(capsys)
    assert not note(repository).exists()


def test_what_has_just_changed_is_not_noted(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may change once more within one tick of the clock that dates files."""
    monkeypatch.chdir(repository.path)
    say(capsys)
    assert note(repository).exists()
    note(repository).unlink()
    (site(repository) / MODULE).touch()
    assert status_entry.main([]) == 0
    assert not note(repository).exists()


def test_what_is_not_fresh_any_more_is_forgotten(answered: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    answered.edit("left", 7)
    assert ": stale: " in say(capsys)[0]
    answered.git("checkout", "--quiet", "--", "src")
    assert ": fresh: " in say(capsys)[0]


def test_edits_that_are_installed(answered: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    answered.edit("left", 7)
    answered.freshvenv("resync")
    say(capsys)
    lines = say(capsys)
    assert recall_answer(answered) == tuple(lines)
    answered.edit("left", 8)
    assert recall_answer(answered) is None


@pytest.fixture
def answered(repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Repository:
    monkeypatch.chdir(repository.path)
    lines = say(capsys)
    assert len(lines) == 1
    assert lines[0].startswith("freshvenv: .venv: fresh: tree ")
    assert recall_answer(repository) == tuple(lines)
    return repository
