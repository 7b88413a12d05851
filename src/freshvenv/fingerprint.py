"""What an install was made from: every fact that makes it stale when it changes, kept apart to explain a difference."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class BuildFrom(Enum):
    """Where a wheel is built."""

    CLEAN_CHECKOUT = "clean-checkout"
    WORKING_TREE = "working-tree"


class Recipe(NamedTuple):
    """How the project is to be built and installed."""

    editable: bool = False
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    config_settings: tuple[tuple[str, str], ...] = ()
    build_from: BuildFrom = BuildFrom.CLEAN_CHECKOUT

    @property
    def is_cacheable(self) -> bool:
        """Whether the tree alone decides what a build gives: it does not where the build sees more than the tree."""
        return not self.editable and self.build_from is BuildFrom.CLEAN_CHECKOUT


class Fingerprint(NamedTuple):
    """Everything that an install depends on.

    ``tree`` is the hash of the git tree of the project's directory; ``interpreter`` names implementation, version
    and ABI; ``version_control`` is what ``git describe`` says, empty where the version does not come from git;
    ``submodules`` has a line for each submodule below the project with the commit that is checked out in it.
    ``outline`` is the digest of the tree without the content of modules, empty unless the install is editable and
    depends on no more than that. ``folder`` is the project's directory where a build may look at what lies above it:
    then ``tree`` is that of the whole repository. ``conversions`` are the settings of git that change which bytes a
    checkout writes, ``variables`` those of the environment that a build is known to obey, each as ``name=value``.
    ``beside`` has a line ``path hash`` for each file above the project's directory that rules over what is in it; the
    path ``.`` stands for everything.
    """

    tree: str
    interpreter: str
    recipe: Recipe
    version_control: str = ""
    submodules: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    outline: str = ""
    folder: str = ""
    conversions: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()

    def has_tree_of(self, other: Fingerprint) -> bool:
        """Whether both trees install the same: for editable installs with an outline, that is what decides."""
        if self.recipe.editable and other.recipe.editable and self.outline and other.outline:
            return self.outline == other.outline
        return self.tree == other.tree


class Difference(NamedTuple):
    """One field in which what is installed and what is checked out disagree."""

    field: str
    installed: str
    current: str

    def __str__(self) -> str:
        return f"{self.field} {self.installed or 'nothing'} -> {self.current or 'nothing'}"


def short(hash: str) -> str:
    """A hash as people read it."""
    return hash[:7]


def compare(installed: Fingerprint, current: Fingerprint) -> tuple[Difference, ...]:
    """The fields that differ, the most telling first; empty when a fresh install would be the same."""
    pairs = (
        ("tree", short(installed.tree), short(current.tree), not installed.has_tree_of(current)),
        ("tree of", _scope(installed), _scope(current), installed.folder != current.folder),
        (
            "interpreter",
            installed.interpreter,
            current.interpreter,
            installed.interpreter != current.interpreter,
        ),
        *_compare_recipes(installed.recipe, current.recipe),
        (
            "git describe",
            installed.version_control,
            current.version_control,
            installed.version_control != current.version_control,
        ),
        _listed("submodules", installed.submodules, current.submodules),
        (
            "beside the project",
            _only_in(installed.beside, current.beside),
            _only_in(current.beside, installed.beside),
            installed.beside != current.beside,
        ),
        _listed("git config", installed.conversions, current.conversions),
        _listed("environment", installed.variables, current.variables),
    )
    return tuple(Difference(field, old, new) for field, old, new, differs in pairs if differs)


def _compare_recipes(installed: Recipe, current: Recipe) -> tuple[tuple[str, str, str, bool], ...]:
    return (
        ("mode", _mode(installed), _mode(current), installed.editable != current.editable),
        _listed("extras", installed.extras, current.extras),
        _listed("groups", installed.groups, current.groups),
        (
            "config settings",
            _settings(installed),
            _settings(current),
            installed.config_settings != current.config_settings,
        ),
        (
            "build-from",
            installed.build_from.value,
            current.build_from.value,
            installed.build_from is not current.build_from,
        ),
    )


def _listed(field: str, installed: tuple[str, ...], current: tuple[str, ...]) -> tuple[str, str, str, bool]:
    return field, ", ".join(installed), ", ".join(current), installed != current


def _scope(fingerprint: Fingerprint) -> str:
    return "the repository" if fingerprint.folder else "its folder"


def _only_in(lines: tuple[str, ...], others: tuple[str, ...]) -> str:
    """The lines of ``beside`` that the other one does not have, as people read them."""
    pairs = [line.rpartition(" ") for line in lines if line not in others]
    return ", ".join(f"{'the repository' if path == '.' else path} {short(found)}" for path, _, found in pairs)


def _mode(recipe: Recipe) -> str:
    return "editable" if recipe.editable else "not editable"


def _settings(recipe: Recipe) -> str:
    return ", ".join(f"{key}={value}" for key, value in recipe.config_settings)
