"""pre-commit and prek: whether they are to call us, and having them install their own hooks."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from freshvenv import process
from freshvenv.errors import FreshvenvError
from freshvenv.files import read_file
from freshvenv.hooks.native import HOOK_TYPES
from freshvenv.source.git import Repository

CONFIGS = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml")
_OUR_ID = re.compile(
    r"""^[^#\n]*?(?<![\w-])['"]?id['"]?\s*[:=]\s*(['"]?)freshvenv\1\s*(?=[,}\]\n#]|\Z)""", re.MULTILINE
)
_DEFAULT_TYPES = re.compile(r"^default_install_hook_types\s*[:=]", re.MULTILINE)


def names_our_hook(top: Path) -> bool:
    """Whether the hook manager's configuration has the hook ``freshvenv``."""
    return _configuration_has(top, _OUR_ID)


def _configuration_has(top: Path, pattern: re.Pattern[str]) -> bool:
    for name in CONFIGS:
        try:
            if pattern.search(read_file(top / name).decode(errors="replace")):
                return True
        except OSError:
            continue
    return False


def install(repository: Repository) -> str:
    """Let pre-commit or prek install its hooks for our hook types; returns the name of the one that did.

    The hook types that its configuration lists come with them: ``freshvenv-check`` is for one that is not ours.
    Raises :class:`FreshvenvError` when neither is there or it says no.
    """
    program = _program(repository)
    words = [word for kind in HOOK_TYPES for word in ("--hook-type", kind)]
    if program is None:
        raise FreshvenvError("neither pre-commit nor prek was found", hint=f"pre-commit install {' '.join(words)}")
    # Where types are asked for by name, the list is left out.
    for types in [[], words] if _configuration_has(repository.top, _DEFAULT_TYPES) else [words]:
        done = process.run([program, "install", *types], cwd=repository.top)
        if done.status != 0:
            raise FreshvenvError(f"{Path(program).name} install: {done.complaint or done.text}")
    return Path(program).name


def _program(repository: Repository) -> str | None:
    """The one whose hooks are there already, else the one that is there."""
    names = ["pre-commit", "prek"]
    for kind in HOOK_TYPES:
        try:
            text = (repository.hooks_directory() / kind).read_text(errors="replace")
        except OSError:
            continue
        if "prek" in text:
            names.reverse()
        break
    return next((found for found in map(shutil.which, names) if found), None)
