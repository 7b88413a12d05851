"""A world kept in several states, for tests that change it: a venv is good at one path only, and making one takes long."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from support.places import ODD_LINE, ODD_NAME, PLACE, Place
from support.values import replace
from support.world import World, sterile_environment

_ALWAYS = frozenset({"home", "templates"})
_PREFIX = "kept-"


def world_in(folder: Path, *, one_line: bool = False, place: Place = PLACE) -> World:
    """A world for several tests, mostly in the place of this run; with ``one_line``, no line end is in its path."""
    name = ODD_LINE if one_line else ODD_NAME
    root = folder / name if place is Place.ODD_PATH else folder
    return World(root, sterile_environment(root, os.environ), place=place)


@dataclass(frozen=True)
class Shelf:
    """``shared`` names what all states and tests have together, as the cache."""

    world: World
    shared: frozenset[str] = frozenset()

    def keep(self, state: str = "made") -> None:
        """Remember everything as it is now."""
        folder = self.world.root / f"{_PREFIX}{state}"
        folder.mkdir()
        self.world.run("cp", "-a", *self._moving(), folder)

    def restore(self, state: str = "made") -> None:
        """Make everything as it was."""
        for path in self._moving():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        self.world.run("cp", "-a", *(self.world.root / f"{_PREFIX}{state}").iterdir(), self.world.root)

    def world_of(self, test: World) -> World:
        """This world for one test, which may be one that is not poisoned."""
        return replace(self.world, poisoned=test.poisoned)

    def _moving(self) -> list[Path]:
        stays = _ALWAYS | self.shared
        return [it for it in self.world.root.iterdir() if it.name not in stays and not it.name.startswith(_PREFIX)]
