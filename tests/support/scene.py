"""One venv that is to be brought from branch to branch in a world where something goes wrong, and the oracle for each branch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from support.oracle import Snapshot, differences, fresh_install, installed_files
from support.repository import Repository, create, make_venv
from support.runner import Ended, Runner
from support.world import World

BRANCHES = ("main", "topic")


@dataclass(frozen=True)
class Scene:
    """A repository with native opt-in and no hooks: they are run by hand. HEAD is at ``main``, which is installed."""

    repository: Repository
    runner: Runner
    expected: Mapping[str, Snapshot]

    @property
    def world(self) -> World:
        return self.repository.world

    @property
    def branch(self) -> str:
        return self.repository.git("branch", "--show-current")

    def switch(self) -> None:
        """Check the other branch out."""
        self.repository.git("switch", "--quiet", "topic" if self.branch == "main" else "main")

    def run(self, *argv: str, files: int = 0) -> Ended:
        return self.runner.run(*argv, cwd=self.repository.path, files=files)

    def wrong(self) -> list[str]:
        """In which ways the venv is not as a fresh install of HEAD would be."""
        if len(list(self.repository.venv.glob("lib/python*/site-packages/demo-*.dist-info/RECORD"))) != 1:
            return ["there is not one RECORD"]
        return differences(installed_files(self.repository.venv / "bin" / "python", "demo"), self.expected[self.branch])

    def state(self) -> str:
        told = self.run("status", "--json")
        assert told.status == 0, told
        [row] = json.loads(told.printed)["targets"]
        return str(row["state"])

    def assert_honest(self, context: object = "") -> None:
        """Fresh is said only where it is true."""
        if self.state() == "fresh":
            assert self.wrong() == [], f"falsely fresh: {context}"

    def assert_polite(self, *, files: int = 0) -> str:
        """A hook ends with 0 and says at most one line, which comes back; what it leaves is not falsely fresh."""
        hook = self.run("hook", "post-checkout", files=files)
        assert hook.status == 0, hook
        lines = hook.printed.splitlines()
        assert len(lines) <= 1, hook.printed
        assert all(line.startswith("freshvenv: ") and "a bug" not in line for line in lines), lines
        self.assert_honest(hook)
        return "".join(lines)

    def assert_repaired(self, context: object = "") -> None:
        """One run with all faults gone makes it exact."""
        again = self.run("resync")
        assert again.status == 0, (context, again)
        assert self.wrong() == [], context
        assert self.state() == "fresh", context


def stage(world: World, runner: Runner) -> Scene:
    """Both branches were built and installed before; ``main`` last."""
    repository = create(world, world.root / "work", branches={})
    repository.git("config", "freshvenv.enabled", "true")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.edit("left", 2)
    repository.write("src/demo/more/added.py", "")
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace('version = "1.0"', 'version = "2.0"'))
    repository.commit("topic")
    make_venv(world, repository.venv)
    expected: dict[str, Snapshot] = {}
    scene = Scene(repository, runner, expected)
    python = repository.venv / "bin" / "python"
    for _ in BRANCHES:
        expected[scene.branch] = fresh_install(world, repository.path, "HEAD", python, editable=False)
        scene.assert_repaired()
        scene.switch()
    scene.switch()
    scene.assert_repaired()
    return scene
