"""A process that ends before any one of its changes to the disk: nothing is lost, and nothing is called fresh that is not.

After each such end ``status`` may say fresh only of a venv that is exact, and the next run must make it exact. In the
usual run of the tests some of the moments are tried, and with ``FRESHVENV_TEST_EVERY`` all of them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import crash
from support.oracle import Snapshot, differences, fresh_install, installed_files
from support.repository import Repository, create, make_venv
from support.runner import Ended, Runner, every
from support.world import TOOLS, World

pytestmark = pytest.mark.one_line("a voucher is of lines, and not left there")


@dataclass(frozen=True)
class Scene:
    """A repository whose venvs are to be brought to the branch that is checked out; and what they then hold."""

    repository: Repository
    runner: Runner
    venvs: tuple[Path, ...]
    expected: Mapping[Path, Snapshot]
    kept: Path
    volatile: tuple[Path, ...] = field(default=())

    def freshvenv(self, *argv: str, moment: int = -1) -> Ended:
        return self.runner.run(*argv, cwd=self.repository.path, moment=moment)

    def states(self) -> dict[Path, str]:
        ended = self.freshvenv("status", "--json")
        assert ended.status == 0, ended.printed
        rows = json.loads(ended.printed)["targets"]
        return {self.repository.path / row["venv"]: row["state"] for row in rows}

    def wrong(self, venv: Path) -> list[str]:
        """In which ways a venv is not as a fresh install would be."""
        if not list(venv.glob("lib/python*/site-packages/demo-*.dist-info/RECORD")):
            return ["demo is not installed"]
        return differences(installed_files(venv / "bin" / "python", "demo"), self.expected[venv])

    def keep(self) -> None:
        """Remember all that a run may change."""
        for number, path in enumerate(self.volatile):
            if path.exists():
                shutil.copytree(path, self.kept / str(number), symlinks=True)

    def restore(self) -> None:
        for number, path in enumerate(self.volatile):
            shutil.rmtree(path, ignore_errors=True)
            if (self.kept / str(number)).exists():
                shutil.copytree(self.kept / str(number), path, symlinks=True)

    def assert_honest(self, context: str) -> None:
        for venv, state in self.states().items():
            if state == "fresh":
                assert self.wrong(venv) == [], f"{context}: falsely fresh"

    def assert_repaired(self, context: str) -> None:
        again = self.freshvenv("resync")
        assert again.status == 0, f"{context}: {again.printed}"
        for venv in self.venvs:
            assert self.wrong(venv) == [], context
        assert self.states() == dict.fromkeys(self.venvs, "fresh"), context
        for venv in self.venvs:
            # What was left of writing a voucher goes with the next install.
            names = (path.name for path in (venv / ".freshvenv").iterdir())
            left = sorted(name for name in names if not name.startswith(".voucher-"))
            [mark] = (name for name in left if name.endswith(".mark"))
            assert left == [mark, self.receipt_name, "voucher"], f"{context}: something was left"

    @property
    def receipt_name(self) -> str:
        [receipt] = (self.venvs[0] / ".freshvenv").glob("*.receipt.json")
        return receipt.name


def stage(
    world: World,
    runner: Runner,
    *,
    editable: bool = False,
    venvs: tuple[str, ...] = (".venv",),
    first: bool = False,
    cached: bool = True,
) -> Scene:
    """``main`` is installed (but for a ``first`` install), and ``next`` is checked out: it adds, changes and removes."""
    repository = create(world, world.root / "work", branches={})
    pyproject = repository.path / "pyproject.toml"
    settings = f"venvs = {list(venvs)}\neditable = {str(editable).lower()}\n"
    text = pyproject.read_text().replace('venvs = [".venv"]\n', settings.replace("'", '"'))
    repository.write("pyproject.toml", text)
    repository.write(".gitignore", "*venv*/\n__pycache__/\n")
    repository.write("src/demo/gone/deep.py", "")
    repository.write("src/demo/turned", "a file")
    repository.commit("settings")
    repository.git("switch", "--quiet", "--create", "next")
    repository.write("pyproject.toml", text.replace('version = "1.0"', 'version = "2.0"'))
    shutil.rmtree(repository.path / "src" / "demo" / "gone")
    (repository.path / "src" / "demo" / "turned").unlink()
    repository.write("src/demo/turned/added.py", "")
    repository.edit("left", 2)
    repository.commit("next")
    places = tuple(make_venv(world, repository.path / name) for name in venvs)
    python = places[0] / "bin" / "python"
    expected = fresh_install(world, repository.path, "HEAD", python, editable=editable)
    state = (world.root / "cache" / "freshvenv", world.root / "state" / "freshvenv")
    own = repository.git_dir / "freshvenv"
    kept = world.root / "kept"
    kept.mkdir()
    scene = Scene(repository, runner, places, dict.fromkeys(places, expected), kept, (*places, *state, own))
    if cached:
        assert scene.freshvenv("resync").status == 0
    if not first:
        repository.git("switch", "--quiet", "main")
        assert scene.freshvenv("resync").status == 0
        repository.git("switch", "--quiet", "next")
    elif cached:
        for place in places:
            shutil.rmtree(place)
            make_venv(world, place)
    scene.keep()
    return scene


def assert_survives_every_moment(scene: Scene, stride: int, *argv: str) -> list[str]:
    """End a run before each of its changes, from the same start; what it was about to do, in order, comes back."""
    step = 1 if every() else stride
    seen: list[str] = []
    for moment in range(0, 10_000, step):
        scene.restore()
        ended = scene.freshvenv(*argv, moment=moment)
        if not ended.killed:
            assert ended.status == 0, ended.printed
            scene.assert_honest("it was not killed")
            return seen
        seen.append(ended.killed)
        context = f"killed before change {moment}, {ended.killed}"
        scene.assert_honest(context)
        scene.assert_repaired(context)
    raise AssertionError("it never came to an end")


def test_delta(world: World, runner: Runner) -> None:
    seen = assert_survives_every_moment(stage(world, runner), 1, "resync")
    last = [line.partition(" ")[2] for line in seen]
    assert any(line.endswith("RECORD") for line in last), seen
    assert any(".intent.json" in line for line in last), seen


def test_delta_that_has_to_be_built(world: World, runner: Runner) -> None:
    seen = assert_survives_every_moment(stage(world, runner, cached=False), 12, "resync")
    assert len(seen) > 5, seen


def test_first_install(world: World, runner: Runner) -> None:
    assert len(assert_survives_every_moment(stage(world, runner, first=True), 6, "resync")) > 3


def test_editable(world: World, runner: Runner) -> None:
    assert len(assert_survives_every_moment(stage(world, runner, editable=True), 12, "resync")) > 3


def test_several_venvs(world: World, runner: Runner) -> None:
    scene = stage(world, runner, venvs=(".venv", "other-venv", "venv3"))
    assert len(assert_survives_every_moment(scene, 25, "resync")) > 3


DEPTHS = range(128)


@pytest.mark.parametrize("depth", DEPTHS[:: 1 if every() else 32])
def test_recovery(world: World, runner: Runner, depth: int) -> None:
    """The run that repairs is ended, too."""
    scene = stage(world, runner)
    first = scene.freshvenv("resync", moment=depth)
    assert depth != DEPTHS[-1] or not first.killed, "it has more moments than are tried"
    shutil.rmtree(scene.kept)
    scene.kept.mkdir()
    scene.keep()
    seen = assert_survives_every_moment(scene, 9, "resync")
    assert seen or not first.killed


def test_the_killer_kills(world: World) -> None:
    """And what it says was about to happen had not happened."""
    code = f"""
import sys
sys.path.insert(0, {str(Path(crash.__file__).parent)!r})
import crash, os
sys.addaudithook(crash.Killer(2, 1))
os.mkdir("a")
open("b", "w").close()
os.mkdir("c")
"""
    done = world.run(TOOLS / "python", "-c", code, check=False, cwd=world.home)
    assert done.returncode == -9
    assert done.stdout.startswith("first byte of b")
    assert (world.home / "b").read_bytes() == b""
    assert not (world.home / "c").exists()
