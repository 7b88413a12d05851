"""Installs the shims as git's own hooks, beside whatever hooks are there, and takes them away without a trace."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from freshvenv import process
from freshvenv.errors import FreshvenvError, UsageError
from freshvenv.files import remove_tree, write_atomically
from freshvenv.source.git import Repository

HOOK_TYPES = ("post-checkout", "post-merge", "post-rewrite", "post-commit")

_MARK = b"\n# freshvenv: keeps virtual environments in step"
_FOREIGN = ".before-freshvenv"
_INTERPRETER = "python"
_LEGACY = ".legacy"
"""What pre-commit renames a hook to that it finds in its place, and then calls."""


class HookState(Enum):
    """What stands where git looks for a hook."""

    INSTALLED = "installed"
    OUTDATED = "installed by another version, or not executable"
    BEHIND = "called by another hook"
    FOREIGN = "another hook"
    ABSENT = "not installed"


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook type in one hooks directory."""

    kind: str
    directory: Path

    @property
    def path(self) -> Path:
        return self.directory / self.kind

    @property
    def foreign(self) -> Path:
        """Where the hook is that was there before."""
        return self.directory / f"{self.kind}{_FOREIGN}"

    @property
    def legacy(self) -> Path:
        return self.directory / f"{self.kind}{_LEGACY}"

    def state(self) -> HookState:
        """What is there now."""
        if not os.path.lexists(self.path):
            return HookState.ABSENT
        if _is_ours(self.path):
            current = self.path.read_bytes() == shim(self.kind) and os.access(self.path, os.X_OK)
            return HookState.INSTALLED if current else HookState.OUTDATED
        return HookState.BEHIND if _is_ours(self.legacy) else HookState.FOREIGN


def shim(kind: str) -> bytes:
    """The text of the hook: packed into the wheel from ``hooks/`` at the top of the sources."""
    packed = Path(__file__).parent / "shims" / kind
    source = Path(__file__).parents[3] / "hooks" / kind
    return (packed if packed.is_file() else source).read_bytes()


def find_hooks(repository: Repository) -> list[Hook]:
    """The hooks of a repository, where git looks for them."""
    directory = repository.hooks_directory()
    return [Hook(kind, directory) for kind in HOOK_TYPES]


def opt_in(repository: Repository) -> None:
    """Allow hooks to act in this clone, and note the interpreter that they are to start.

    Raises :class:`UsageError` when that interpreter, started isolated as hooks start it, does not find freshvenv, and
    when its path is not one line.
    """
    if "\n" in sys.executable:
        raise UsageError(
            f"{sys.executable} has a line end in its path, and the hooks read that path as one line",
            hint="install freshvenv elsewhere",
        )
    probe = process.run([sys.executable, "-I", "-c", "import freshvenv"], cwd=Path(os.sep))
    if probe.status != 0:
        raise UsageError(
            f"{sys.executable} -I does not find freshvenv",
            hint="install it into an environment of its own: uv tool install freshvenv, or pipx install freshvenv",
        )
    if noted_interpreter(repository) != Path(sys.executable):
        write_atomically(repository.shared_state / _INTERPRETER, os.fsencode(sys.executable) + b"\n")
    if not repository.is_opted_in():
        repository.set_local("freshvenv.enabled", "true")


def noted_interpreter(repository: Repository) -> Path | None:
    """The interpreter that the hooks of a clone are to start, when one is noted."""
    note = repository.shared_state / _INTERPRETER
    return Path(os.fsdecode(note.read_bytes()).removesuffix("\n")) if note.is_file() else None


def install(repository: Repository) -> list[str]:
    """Opt in, put the shims in place, and return the hook types that were changed.

    A hook that is there is kept and called. Raises :class:`FreshvenvError` when the hooks directory cannot be written.
    """
    hooks = find_hooks(repository)
    for hook in hooks:
        if hook.state() is HookState.FOREIGN and os.path.lexists(hook.foreign):
            raise FreshvenvError(f"{hook.foreign} is in the way", hint="remove it or give it another name")
    opt_in(repository)
    changed: list[str] = []
    try:
        changed += [hook.kind for hook in hooks if _install(repository, hook)]
    except OSError as error:
        raise FreshvenvError(f"hooks cannot be installed: {error}") from error
    return changed


def _install(repository: Repository, hook: Hook) -> bool:
    state = hook.state()
    if state in {HookState.INSTALLED, HookState.BEHIND}:
        return False
    if not hook.directory.is_dir():
        hook.directory.mkdir(parents=True)
        write_atomically(repository.shared_state / "made-hooks", os.fsencode(hook.directory))
    if state is HookState.FOREIGN:
        hook.path.rename(hook.foreign)
    try:
        write_atomically(hook.path, shim(hook.kind), mode=0o777)
    except BaseException:
        _bring_back(hook, hook.path)
        raise
    return True


def _bring_back(hook: Hook, place: Path) -> bool:
    """Put the hook back that was there before, where nothing stands in its place now; whether there was one."""
    if os.path.lexists(place) or not os.path.lexists(hook.foreign):
        return False
    hook.foreign.rename(place)
    return True


def uninstall(repository: Repository) -> list[str]:
    """Remove the shims, put the hooks back that were there before, and forget what this clone trusts.

    What its user set by hand stays, and so does what is in the venvs. Returns the hook types that were changed.
    """
    changed = []
    for hook in find_hooks(repository):
        ours = [place for place in (hook.path, hook.legacy) if _is_ours(place)]
        for place in ours:
            place.unlink()
        # An install that did not end may have left only that one.
        if _bring_back(hook, ours[0] if ours else hook.path) or ours:
            changed.append(hook.kind)
    note = repository.shared_state / "made-hooks"
    if note.is_file():
        made = Path(os.fsdecode(note.read_bytes()))
        if made.is_dir() and not any(made.iterdir()):
            made.rmdir()
    repository.unset_local("freshvenv.enabled")
    for key, _ in repository.settings(r"^freshvenv\.(.*\.pinned|strangerefs|trustedremotes)$"):
        repository.unset_local(key)
    for state in (repository.shared_state, *repository.common_dir.glob("worktrees/*/freshvenv")):
        remove_tree(state)
    return changed


def _is_ours(path: Path) -> bool:
    try:
        return _MARK in path.read_bytes()[:200]
    except OSError:
        return False
