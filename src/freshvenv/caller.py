"""Who started this process, and what they said of it: one of our own, a manager of hooks, or a person."""

from __future__ import annotations

import os

from freshvenv.environment import GUARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SWITCH = "FRESHVENV"
"""``FRESHVENV=off`` skips every hook once."""

PROGRESS = "FRESHVENV_PROGRESS"
"""``FRESHVENV_PROGRESS=off`` leaves only the lines that say what was done."""


def is_inside_of_one(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether one of our own processes started this one."""
    return bool(environ.get(GUARD))


def is_switched_off(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the user said that hooks should do nothing."""
    return environ.get(SWITCH, "").lower() == "off"


def is_run_by_a_manager(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether pre-commit or prek runs us: then nobody gave the command by hand."""
    return bool(environ.get("PRE_COMMIT") or environ.get("PREK_HOOK_STAGE"))


def hook_type(environ: Mapping[str, str] = os.environ) -> str:
    """The hook type: prek names it, and pre-commit gives it away by what it says of the hook's arguments."""
    if stage := environ.get("PREK_HOOK_STAGE"):
        return stage
    for variable, kind in (
        ("PRE_COMMIT_CHECKOUT_TYPE", "post-checkout"),
        ("PRE_COMMIT_IS_SQUASH_MERGE", "post-merge"),
        ("PRE_COMMIT_REWRITE_COMMAND", "post-rewrite"),
    ):
        if variable in environ:
            return kind
    return "post-commit"


def checkout_flag(environ: Mapping[str, str] = os.environ) -> str:
    """The third argument of post-checkout, as pre-commit and prek tell it."""
    return environ.get("PRE_COMMIT_CHECKOUT_TYPE", "")


def squash_flag(environ: Mapping[str, str] = os.environ) -> str:
    """The argument of post-merge, as pre-commit and prek tell it."""
    return environ.get("PRE_COMMIT_IS_SQUASH_MERGE", "")


def shows_progress(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether work that takes long is shown while it lasts."""
    return environ.get(PROGRESS, "").lower() != "off"
