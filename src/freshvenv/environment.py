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

_FAMILIES = ("GIT_", "PIP_", "PYTHON", "UV_")
"""What programs of these names read. Any of it may point at another repository, interpreter or environment, change what
is built, or end the program, so only what is named below is handed on."""

_ALSO = frozenset({"CONDA_DEFAULT_ENV", "CONDA_PREFIX", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})

# What git needs to reach a network or to find a person's settings; all other GIT_* variables name a repository,
# an index or a running command, and are true only for the git process that started the hook. pre-commit keeps
# the same list: https://github.com/pre-commit/pre-commit/blob/main/pre_commit/git.py (no_git_env).
_GITS = """
GIT_ALLOW_PROTOCOL GIT_ASKPASS GIT_HTTP_PROXY_AUTHMETHOD GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO GIT_SSL_NO_VERIFY
GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_EXEC_PATH GIT_TERMINAL_PROMPT
"""

# Where an installer finds packages, and which of several it takes: the user's own `pip install .` would obey it, too.
# https://pip.pypa.io/en/stable/cli/pip_install/#options and https://docs.astral.sh/uv/reference/environment/
_INSTALLERS = """
PIP_CONFIG_FILE PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_INDEX_URL PIP_NO_INDEX PIP_PYPI_URL
PIP_CERT PIP_CLIENT_CERT PIP_DEFAULT_TIMEOUT PIP_KEYRING_PROVIDER PIP_PROXY PIP_RETRIES PIP_TIMEOUT PIP_TRUSTED_HOST
PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_USE_DEPRECATED PIP_USE_FEATURE
PIP_BUILD_CONSTRAINT PIP_CONSTRAINT PIP_NO_BINARY PIP_ONLY_BINARY PIP_PRE PIP_PREFER_BINARY PIP_UPLOADED_PRIOR_TO
UV_CONFIG_FILE UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX UV_NO_CONFIG UV_NO_INDEX
UV_CREDENTIALS_DIR UV_INSECURE_HOST UV_KEYRING_PROVIDER UV_NATIVE_TLS UV_OFFLINE UV_REQUEST_TIMEOUT UV_SYSTEM_CERTS
UV_CACHE_DIR UV_NO_CACHE
UV_BUILD_CONSTRAINT UV_CONSTRAINT UV_EXCLUDE_NEWER UV_OVERRIDE UV_PRERELEASE UV_RESOLUTION
UV_NO_BINARY UV_NO_BINARY_PACKAGE UV_NO_BUILD UV_NO_BUILD_PACKAGE
"""

_KEPT = frozenset((_GITS + _INSTALLERS).split())

_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "UV_CONCURRENT_", "UV_HTTP_", "UV_INDEX_")


PROGRESS = "FRESHVENV_PROGRESS"
"""``FRESHVENV_PROGRESS=off`` leaves only the lines that say what was done."""


def shows_progress(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether work that takes long is shown while it lasts."""
    return environ.get(PROGRESS, "").lower() != "off"


def is_inside_of_one(environ: MutableMapping[str, str] = os.environ) -> bool:
    """Whether one of our own processes started this one."""
    return bool(environ.get(GUARD))


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
    removed = frozenset(name for name in environ if name in _ALSO or (name.startswith(_FAMILIES) and not is_kept(name)))
    for name in removed:
        del environ[name]
    environ[GUARD] = "1"
    return removed


def is_kept(name: str) -> bool:
    """Whether a variable of git, pip, uv or Python is handed on."""
    return name in _KEPT or name.startswith(_KEPT_PREFIXES)


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
