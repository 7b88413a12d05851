"""A stranger's hostile branch, the clone that it comes to, and a canary that any build of it would leave.

``demo`` is the user's clone of ``origin.git``. ``fork`` is a stranger's, whose branch ``gift`` is one commit on top of
main; it is also ``refs/pull/7/head`` of origin. The gift is hostile: importing its backend, or nearly anything at the
top of its tree, makes the canary file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from support.places import move
from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.world import World

PRELUDE = r"""
set -eu
canary() { printf 'import pathlib; pathlib.Path("%s").touch()\n' "$CANARY" >>backend/in_tree.py; }
digit() { printf 'NUMBER = %s\n' "$2" >"src/demo/$1.py"; }
own() { canary; digit extra "${1-5}"; record "own ${1-5}"; }
small() { digit extra "$1"; record "small $1"; }
minute=1500000000
record() { git commit --quiet --all --date="@$((minute += 60)) +0000" --message "$1"; }
gift() { git fetch --quiet "$FORK" gift; }
own_dir() { git rev-parse --absolute-git-dir; }
common_dir() { git rev-parse --path-format=absolute --git-common-dir; }
forget() { rm -rf "$(own_dir)/logs" "$(common_dir)/logs"; }
todo() { GIT_SEQUENCE_EDITOR="sed -i $1" git rebase --quiet --interactive "$2"; }
"""
"""Words for the steps below; each script stops at the first command that fails."""


TRIGGER = ("git", "checkout", "--quiet", "--detach")
"""Fires post-checkout and moves nothing: the hook judges HEAD as the steps left it."""


LINE = "freshvenv: nothing was installed: "


@dataclass(frozen=True)
class Scene:
    """The clone, and the things around it."""

    repository: Repository
    canary: Path
    environment: Mapping[str, str]

    @property
    def world(self) -> World:
        return self.repository.world

    def play(self, script: str) -> str:
        """Run the steps as the user; what the programs wrote to standard error comes back."""
        done = self.world.run("sh", "-c", PRELUDE + script, cwd=self.repository.path, env=self.environment)
        return done.stderr

    def trigger(self) -> list[str]:
        """What freshvenv writes when HEAD is judged once more; git must succeed."""
        done = self.world.run(*TRIGGER, cwd=self.repository.path)
        return own_lines(done.stderr)

    def assert_refused(self) -> str:
        """HEAD is not built, git succeeds, and one line says what to type; that line comes back."""
        lines = self.trigger()
        assert len(lines) == 1, lines
        assert lines[0].startswith(LINE)
        assert "freshvenv resync" in lines[0]
        assert not self.canary.exists()
        assert all(target.state != "fresh" for target in self.repository.targets())
        assert not self.canary.exists()
        return lines[0]

    def assert_built(self) -> None:
        """The venv holds what is checked out, and nothing was asked."""
        lines = self.trigger()
        assert not any(line.startswith(LINE) for line in lines), lines
        value = self.repository.value
        assert value is not None
        assert_fresh(self.repository, value)


def hostile(path: Path, canary: Path) -> None:
    """Files that somebody obeys who starts Python, pip or uv at the top of a tree, or who builds it."""
    shot = f'import pathlib; pathlib.Path("{canary}").touch()\n'
    with (path / "backend" / "in_tree.py").open("a") as backend:
        backend.write(shot)
    for name in ("argparse.py", "sitecustomize.py", "usercustomize.py", "tomllib.py", "freshvenv/__init__.py"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(shot)
    (path / "freshvenv" / "__main__.py").write_text(shot)
    (path / "setup.py").write_text(shot)
    (path / "src" / "demo" / "__init__.py").write_text(shot)
    (path / "src" / "demo" / "right.py").write_text("NUMBER = 9\n")
    (path / ".python-version").write_text("3.8.0\n")
    (path / "uv.toml").write_text('index-url = "http://127.0.0.1:9/hostile"\n')
    (path / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/hostile\n")
    (path / ".gitattributes").write_text("*.py filter=hostile diff=hostile\n")
    text = (path / "pyproject.toml").read_text()
    text = text.replace('venvs = [".venv"]', 'venvs = [".venv", "elsewhere"]\non-commit = true')
    (path / "pyproject.toml").write_text(f'{text}\n[tool.uv.pip]\ntarget = "{canary}"\n')


def set_up(world: World) -> Scene:
    seed = create(
        world, world.root / "seed", branches={"topic": (("left", 2), ("left", 3)), "upstream": (("right", 4),)}
    )
    origin, fork, demo = (world.root / name for name in ("origin.git", "fork", "demo"))
    world.git("clone", "--quiet", "--bare", str(seed.path), str(origin), cwd=world.root)
    world.git("remote", "remove", "origin", cwd=origin)
    scene = scene_in(world)
    world.git("clone", "--quiet", str(origin), str(fork), cwd=world.root)
    stranger = replace(world, env={**world.env, "GIT_AUTHOR_NAME": "M Allory", "GIT_AUTHOR_EMAIL": "m@example.org"})
    stranger.git("switch", "--quiet", "--create", "gift", cwd=fork)
    hostile(fork, scene.canary)
    stranger.git("add", "--all", "--force", cwd=fork)
    stranger.git("commit", "--quiet", "--message", "commit: a gift", cwd=fork)
    stranger.git("push", "--quiet", "origin", "gift:refs/pull/7/head", cwd=fork)
    world.git("clone", "--quiet", str(origin), str(demo), cwd=world.root)
    move(world.git, demo, world.place)
    make_venv(world, scene.repository.venv)
    scene.repository.freshvenv("init")
    assert installed_value(scene.repository.venv, world) == 11
    return scene


def scene_in(world: World) -> Scene:
    """The things by their names, be they there or not."""
    canary = world.plain / "canary"
    names = {"CANARY": canary, "FORK": world.root / "fork", "ORIGIN": world.root / "origin.git"}
    repository = Repository(world, world.root / "demo")
    return Scene(repository, canary, {name: str(path) for name, path in names.items()})
