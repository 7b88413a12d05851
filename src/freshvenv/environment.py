"""The only reader of the process environment: what it says to freshvenv, and what of it must not reach a child."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from pathlib import Path

GUARD = "FRESHVENV_ACTIVE"
"""Set for every child process, so that a git command of ours, or of a build, does not start the hooks again."""

QUIET_GIT = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "gc.auto=0")
"""Words for git: our own commands start no hooks, no file system monitor, and no collection of garbage."""

SWITCH = "FRESHVENV"
"""``FRESHVENV=off`` skips every hook once."""

# What git needs to reach a network or to find a person's settings; all other GIT_* variables name a repository,
# an index or a running command, and are true only for the git process that started the hook. pre-commit keeps
# the same list: https://github.com/pre-commit/pre-commit/blob/main/pre_commit/git.py (no_git_env).
_GIT_KEPT = frozenset(
    {
        "GIT_ALLOW_PROTOCOL",
        "GIT_ASKPASS",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_HTTP_PROXY_AUTHMETHOD",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSL_CAINFO",
        "GIT_SSL_NO_VERIFY",
        "GIT_TERMINAL_PROMPT",
    }
)
_GIT_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")

# Each of these points an installer, a build or an interpreter at another environment than the one it is given.
_REDIRECTING = frozenset(
    {
        "CONDA_DEFAULT_ENV",
        "CONDA_PREFIX",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "UV_FROZEN",
        "UV_LOCKED",
        "UV_MANAGED_PYTHON",
        "UV_NO_MANAGED_PYTHON",
        "UV_NO_SYNC",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIR",
        "UV_WORKING_DIRECTORY",
        "VIRTUAL_ENV",
        "__PYVENV_LAUNCHER__",
    }
)


PROGRESS = "FRESHVENV_PROGRESS"
"""``FRESHVENV_PROGRESS=off`` leaves only the lines that say what was done."""


def shows_progress(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether work that takes long is shown while it lasts."""
    return environ.get(PROGRESS, "").lower() != "off"


def is_switched_off(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether hooks should do nothing: the user said so, or one of our own processes started them."""
    return is_told_off(environ) or bool(environ.get(GUARD))


def is_told_off(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether the user said that hooks should do nothing."""
    return environ.get(SWITCH, "").lower() == "off"


def is_run_by_a_manager(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether pre-commit or prek runs us: then nobody gave the command by hand."""
    return bool(environ.get("PRE_COMMIT") or environ.get("PREK_HOOK_STAGE"))


def scrub(environ: MutableMapping[str, str] = os.environ) -> frozenset[str]:
    """Make the environment safe to hand on: remove what redirects git, Python, pip or uv, and set the guard.

    Called once by each door, before anything else is started, so that no call site can forget it. Returns the names of
    the variables that were removed.
    """
    removed = frozenset(name for name in environ if name in _REDIRECTING or _is_gits(name))
    for name in removed:
        del environ[name]
    environ[GUARD] = "1"
    return removed


def _is_gits(name: str) -> bool:
    return name.startswith("GIT_") and name not in _GIT_KEPT and not name.startswith(_GIT_KEPT_PREFIXES)


def stop_on_termination() -> None:
    """Let SIGTERM end the program as Ctrl-C does: what is under way is undone or noted, and no build is left behind."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)


def cache_directory() -> Path:
    """Where wheels and build environments are kept; losing it costs time and nothing else."""
    return _user_directory("cache", "XDG_CACHE_HOME", ".cache")


def state_directory() -> Path:
    """Where locks and build logs are kept."""
    return _user_directory("state", "XDG_STATE_HOME", ".local/state")


def _user_directory(kind: str, variable: str, default: str) -> Path:
    """Our directory of a kind, by the XDG Base Directory Specification, and elsewhere by what is usual there.

    https://specifications.freedesktop.org/basedir-spec/latest/ comes to two lines, and importing the library that knows
    all systems takes a tenth of the time of a hook for a branch that was seen before.
    """
    from pathlib import Path

    system: str = sys.platform
    if system == "linux":
        base = os.environ.get(variable, "")
        return (Path(base) if base.startswith("/") else Path.home() / default) / "freshvenv"
    from platformdirs import user_cache_path, user_state_path

    return {"cache": user_cache_path, "state": user_state_path}[kind]("freshvenv", appauthor=False)
