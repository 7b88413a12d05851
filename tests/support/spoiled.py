"""What the tests of bad input ask for: what a command said, what is left on disk, and a project to spoil."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from freshvenv.report import printable
from support.repository import Repository, create, make_venv
from support.world import World

ENOUGH = 60
"""Seconds after which something that should happen at once is taken not to happen."""

COMMANDS = (("init",), ("resync",), ("status",), ("status", "--json"), ("explain",))
HOOK_COMMANDS = (("hooks", "install"), ("hooks", "uninstall"), ("hooks", "status"))


def own_notes(venv: Path) -> list[str]:
    """Our files in a venv, without the digest and the random digits in their names."""
    names = sorted(path.name for path in (venv / ".freshvenv").iterdir())
    return [re.sub(r"^[0-9a-f]{16}(\.[0-9a-f]{16})?(?=\.)", "", name) for name in names]


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its mode, byte for byte; our own notes left out."""
    found = {}
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in {".freshvenv", "freshvenv", "__pycache__"}]
        for path in (Path(where, name) for name in names):
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            found[os.path.relpath(path, folder)] = (path.lstat().st_mode, content)
    return found


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    text: str
    """Both streams."""


def say(world: World, *argv: str, cwd: Path) -> Said:
    done = world.freshvenv(*argv, cwd=cwd, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    assert "a bug" not in done.stderr
    return Said(done.returncode, done.stdout + done.stderr)


def shown(path: Path) -> str:
    """How a path is printed: signs that a terminal would obey are escapes."""
    return printable(str(path))


def assert_hook_is_polite(repository: Repository, *, silent: bool = False) -> None:
    """Whatever is wrong, git's command succeeds, and is told in lines of ours or not at all."""
    said = say(repository.world, "hook", "post-checkout", cwd=repository.path)
    assert said.status == 0
    assert all(line.startswith("freshvenv: ") for line in said.text.splitlines())
    assert not (silent and said.text)


def prepare(world: World) -> Repository:
    made = create(world, world.root / "demo", branches={})
    for name in ("file", "demo-1.0.dist-info/RECORD", "demo-1.0.dist-info/METADATA"):
        made.write(f"precious/{name}", "precious")
    made.commit("precious things")
    made.git("config", "freshvenv.enabled", "true")
    make_venv(world, made.venv)
    return made


def change(repository: Repository, digit: int = 7) -> None:
    """Commit something, so that the venv is stale."""
    repository.edit("left", digit)
    repository.commit(f"left {digit}")


def settings(repository: Repository, *lines: str) -> None:
    file = repository.path / "pyproject.toml"
    text = file.read_text()
    file.write_text("\n".join([text[: text.index("[tool.freshvenv]")] + "[tool.freshvenv]", *lines, ""]))
    repository.commit("settings")


def break_build(repository: Repository, statement: str) -> None:
    file = repository.path / "backend" / "in_tree.py"
    file.write_text(
        file.read_text().replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1)
    )


def logs(world: World) -> list[Path]:
    return sorted((world.root / "state" / "freshvenv" / "logs").glob("*"))
