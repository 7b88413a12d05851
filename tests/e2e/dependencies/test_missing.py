"""What a branch requires and the venv lacks: installed by the project's own manager, by uv or by pip, real ones.

All packages are tiny wheels from an index of our own on this machine, and the project builds itself, so that nothing
is downloaded from anywhere else.
"""

from __future__ import annotations

import shutil
import sys

import pytest

from support.shop import LOCKING, MAIN, MORE, PIP, UV_PIP, Manager, Workbench, assert_one_call
from support.world import World


def test_missing_is_installed(workbench: Workbench, world: World, manager: Manager) -> None:
    """By one call of the right program, which adds nothing that was not asked for and removes nothing.

    The user has one extra and one group in the venv, and neither the other extra nor the other group; no settings
    speak of any.
    """
    shop = workbench.shop(world, manager)
    shop.init()
    mine = {"tiny-dev": "1.0", "tiny-stranger": "1.0", "tiny-test": "1.0"}
    shop.put(*mine)

    [line] = shop.checkout("more")

    assert "reinstalled shop 1.0" in line
    assert shop.holds() == {**MORE, **mine}
    assert_one_call(shop, manager)
    shop.assert_fresh()


def test_nothing_missing_starts_nothing(workbench: Workbench, world: World, manager: Manager) -> None:
    """Not even to ask: other code is built and placed without uv, pip or any manager."""
    shop = workbench.shop(world, manager)
    shop.init()
    before = shop.holds()

    assert len(shop.checkout("code")) == 1
    assert len(shop.checkout("main")) == 1

    assert shop.calls() == []
    assert shop.holds() == before
    shop.assert_fresh()


@pytest.mark.parametrize(
    ("pip", "editable"), [(True, True), (False, False)], ids=["venv with pip, editable", "venv without pip"]
)
def test_without_uv(workbench: Workbench, world: World, *, pip: bool, editable: bool) -> None:
    """pip serves any venv, also one without pip, and puts none into it."""
    shop = workbench.shop(world, PIP, pip=pip)
    shop.repository.git("config", "freshvenv.editable", str(editable).lower())

    shop.init()
    shop.checkout("more")

    assert shop.holds() == MORE
    assert bool([*shop.venv.glob("lib/python*/site-packages/pip")]) == pip
    assert {target.editable for target in shop.repository.targets()} == {editable}
    shop.assert_fresh()


@pytest.mark.parametrize("manager", LOCKING.values(), ids=LOCKING.keys())
def test_lockfile_of_a_manager_that_is_not_there(workbench: Workbench, world: World, manager: Manager) -> None:
    """Then pip does it, and the lockfile is nothing but a file."""
    shop = workbench.shop(world, PIP)
    template = workbench.template(manager)
    for file in ("pyproject.toml", f"{manager.lock[0]}.lock"):
        shutil.copy(template / file, shop.repository.path / file)
    shop.repository.commit("with a lockfile")

    shop.freshvenv("resync")

    assert shop.holds() == MAIN
    shop.assert_fresh()


def test_package_that_only_the_base_interpreter_has(workbench: Workbench, world: World) -> None:
    """An environment that includes the packages of the system needs no second one, and pip would install none."""
    shop = workbench.shop(world, UV_PIP)
    workbench.write(shop.repository, UV_PIP, "pip")
    shop.repository.commit("requires pip, which the index does not have")
    made = ("-m", "venv", "--clear", "--without-pip")
    world.run(sys.executable, *made, shop.venv)
    assert shop.freshvenv("resync", check=False).returncode == 1
    assert [call for call in shop.calls() if call.startswith("uv pip install")] != []
    world.run(sys.executable, *made, "--system-site-packages", shop.venv)
    if world.run(shop.venv / "bin" / "python", "-I", "-c", "import pip", check=False).returncode != 0:
        pytest.skip("the base interpreter has no pip")

    shop.freshvenv("resync")

    assert [call for call in shop.calls() if call.startswith("uv pip install")] == []
    assert shop.holds() == {}
    shop.assert_fresh()
