"""Which extras, groups and indexes are asked for, and which are not."""

from __future__ import annotations

from support.repository import make_venv
from support.shop import MAIN, MORE, UV_PIP, Manager, Workbench, assert_one_call
from support.values import replace
from support.world import World


def test_declared_extras_and_groups_are_installed(workbench: Workbench, world: World, manager: Manager) -> None:
    shop = workbench.shop(world, manager)
    shop.init()
    for key, value in (("extras", "test"), ("groups", "dev")):
        shop.repository.git("config", f"freshvenv.{key}", value)
    assert "extras nothing -> test" in shop.repository.target().reasons

    shop.checkout("more")

    assert shop.holds() == {**MORE, "tiny-test": "1.0", "tiny-dev": "1.0"}
    assert_one_call(shop, manager)
    shop.assert_fresh()


def test_each_venv_gets_its_own(workbench: Workbench, world: World, manager: Manager) -> None:
    """A manager has opinions about which venv is the project's; all of them are served, and no other."""
    shop = workbench.shop(world, manager)
    second = make_venv(world, shop.repository.path / "envs" / "second")
    stranger = make_venv(world, shop.repository.path / "venv")
    info = shop.repository.common_dir / "info"
    info.mkdir(exist_ok=True)
    (info / "exclude").write_text("/venv/\n")
    before = sorted(path.relative_to(stranger) for path in stranger.rglob("*"))
    shop.init()

    shop.checkout("more")

    assert shop.holds() == MORE
    assert shop.holds(second) == MORE
    assert sorted(path.relative_to(stranger) for path in stranger.rglob("*")) == before
    shop.assert_fresh()


def test_settings_of_uv_in_the_tree_do_not_lead_elsewhere(workbench: Workbench, world: World) -> None:
    """``uv pip`` obeys ``[tool.uv.pip]`` of the tree that it stands in."""
    shop = workbench.shop(world, UV_PIP)
    shop = replace(shop, repository=shop.repository.with_environment(UV_NO_CONFIG="false"))
    pyproject = shop.repository.path / "pyproject.toml"
    with pyproject.open("a") as file:
        file.write('\n[tool.uv.pip]\ntarget = "elsewhere"\n')
    shop.repository.commit("settings of uv")

    shop.freshvenv("resync", check=False)

    assert shop.holds() == MAIN
    assert [*shop.repository.path.rglob("elsewhere")] == []
    shop.assert_fresh()
