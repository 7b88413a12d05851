"""Projects of the same repository are not to be had from an index."""

from __future__ import annotations

import shutil

import pytest

from support.repository import PROJECT
from support.shop import MAIN, PLAIN, Manager, Workbench
from support.world import World

CORE = """\
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["backend"]

[project]
name = "tinycore"
version = "1.0"
dependencies = []
"""


LISTED = """

[[tool.freshvenv.projects]]
path = "."

[[tool.freshvenv.projects]]
path = "packages/core"
"""


WORKSPACE = """

[tool.uv.workspace]
members = ["packages/*"]

[tool.uv.sources]
tinycore = { workspace = true }
"""


@pytest.mark.parametrize("manager", PLAIN.values(), ids=PLAIN.keys())
@pytest.mark.parametrize(("tables", "calls"), [(LISTED, 0), (WORKSPACE, 1)], ids=["listed", "member of a workspace"])
def test_project_of_the_same_repository_is_not_had_from_an_index(
    workbench: Workbench, world: World, manager: Manager, tables: str, calls: int
) -> None:
    """Whoever owns the name there: what the branch requires is the project beside it, which the branch brings."""
    workbench.index.publish("tinycore", "9.0")
    shop = workbench.shop(world, manager)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "core", "code")
    workbench.write(shop.repository, manager, "tiny-one==1.0", "tinycore>=1")
    core = shop.repository.path / "packages" / "core"
    shutil.copytree(PROJECT, core, ignore=shutil.ignore_patterns("__pycache__"))
    shop.repository.write("packages/core/pyproject.toml", CORE)
    pyproject = shop.repository.path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + tables)
    shop.repository.commit("a project beside it")
    shop.repository.git("checkout", "--quiet", "main")

    lines = shop.checkout("core")

    assert "could not be installed" not in str(lines)
    assert shop.holds() == {**MAIN, "tinycore": "1.0"}
    assert len([call for call in shop.calls() if call.startswith(manager.call)]) == calls
    shop.freshvenv("resync")
    shop.assert_fresh()
