"""Where git looks for the settings of a person (git-config(1))."""

from __future__ import annotations

import os

from freshvenv.environment import named_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_PERSON = ("HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")


def personal_variables(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The variables that tell git where a person's settings are, each as ``NAME=value``.

    Empty where there are settings in variables themselves: those may hold what should be written nowhere.
    """
    return () if "GIT_CONFIG_COUNT" in environ else named_variables(_PERSON, environ)


def personal_settings(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The files in which git looks for a person's settings (git-config(1)); they need not be there."""
    named = environ.get("GIT_CONFIG_GLOBAL", "")
    home = environ.get("HOME", "")
    folder = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    usual = os.path.join(home, ".gitconfig"), os.path.join(folder, "git", "config")
    # Another shell may not have the variable.
    return usual if named in {"", os.devnull} else (named, *usual)
