"""What cannot be had is said once, and what the user brings in counts."""

from __future__ import annotations

import pytest

from support.repository import own_lines
from support.shop import MAIN, PLAIN, UV_PIP, Manager, Workbench
from support.world import World


@pytest.mark.parametrize("manager", PLAIN.values(), ids=PLAIN.keys())
def test_what_cannot_be_had(workbench: Workbench, world: World, manager: Manager) -> None:
    """The project is installed all the same, everybody is told what it lacks, and the next run tries again."""
    name = f"tiny-late-{manager.name}"
    shop = workbench.shop(world, manager)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "beyond", "code")
    workbench.write(shop.repository, manager, "tiny-one==1.0", name)
    shop.repository.commit("beyond")
    shop.repository.git("checkout", "--quiet", "main")

    [line] = shop.checkout("beyond")

    assert "reinstalled shop 1.0" in line
    assert name in line
    installed = world.run(shop.venv / "bin" / "python", "-I", "-c", "import shop; print(shop.BRANCH)")
    assert installed.stdout == "code\n"
    assert shop.holds() == MAIN
    target = shop.repository.target()
    assert target.state == "stale"
    assert name in " ".join(target.reasons)
    done = shop.freshvenv("resync", check=False)
    assert done.returncode == 1
    assert name in done.stdout

    [line] = own_lines(shop.repository.attempt("checkout", "-b", "again").stderr)
    assert name in line, "tried again"
    workbench.index.publish(name, "1.0")
    shop.freshvenv("resync")

    assert shop.holds() == {**MAIN, name: "1.0"}
    shop.assert_fresh()
    assert shop.checkout("beyond") == []


def test_what_the_user_brings_in(workbench: Workbench, world: World) -> None:
    """What could not be had is there by hand now: nothing more is to be done."""
    shop = workbench.shop(world, UV_PIP)
    shop.init()
    shop.repository.git("switch", "--quiet", "--create", "beyond")
    workbench.write(shop.repository, UV_PIP, "tiny-one==1.0", "tiny-by-hand")
    shop.repository.commit("beyond")
    shop.freshvenv("resync", check=False)
    assert shop.repository.target().state == "stale"
    workbench.index.publish("tiny-by-hand", "1.0")
    shop.put("tiny-by-hand")
    shop.calls()

    shop.freshvenv("resync")

    assert shop.calls() == []
    shop.assert_fresh()
