"""What simpler hooks leave behind, as the oracle sees it: the reason why freshvenv does more than they do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.interpreters import RUNNING, interpreters
from support.oracle import differences, fresh_install, installed_files
from support.world import World
from support.zoo import ZOO, make_history


def uv_pip_install(world: World, python: Path, top: Path) -> None:
    world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", python, ".", cwd=top)


def pip_force_reinstall(world: World, python: Path, top: Path) -> None:
    world.run(python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", ".", cwd=top)


def nothing(world: World, python: Path, top: Path) -> None:
    """What most people's checkout does."""


@pytest.mark.parametrize(
    ("reinstall", "stale"),
    [
        pytest.param(nothing, "other content: site-packages/demo_setuptools/changed.py", id="no-hook"),
        # build/lib in the working tree still has the other branch's module, and setuptools packs what lies there.
        pytest.param(uv_pip_install, "too much: site-packages/demo_setuptools/deleted.py", id="uv-pip-install"),
        pytest.param(
            pip_force_reinstall, "too much: site-packages/demo_setuptools/deleted.py", id="pip-force-reinstall"
        ),
    ],
)
def test_a_naive_hook_is_not_exact(world: World, reinstall: Callable[[World, Path, Path], None], stale: str) -> None:
    history = make_history(world, ZOO["setuptools"], world.root / "work")
    world.run(interpreters()[RUNNING], "-m", "venv", history.root / ".venv")
    python = history.root / ".venv" / "bin" / "python"
    uv_pip_install(world, python, history.root)
    reinstall(world, python, history.root)
    world.git("checkout", "--quiet", "feature", cwd=history.root)
    reinstall(world, python, history.root)
    expected = fresh_install(world, history.root, None, python, editable=False)
    found = differences(installed_files(python, history.project.distribution), expected)
    assert [line for line in found if line.startswith(stale)]
