"""What of the process environment reaches our children, and what of it decides what they make."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

GUARD = "FRESHVENV_ACTIVE"
"""Set for every child process, so that a git command of ours, or of a build, does not start the hooks again."""

_FAMILIES = ("GIT_", "PIP_", "PYTHON", "UV_")
"""What programs of these names read. Any of it may point at another repository, interpreter or environment, change what
is built, or end the program, so only what is named below is handed on."""

_ALSO = frozenset({"CONDA_DEFAULT_ENV", "CONDA_PREFIX", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})

# What git needs to reach a network or to find a person's settings, and whether it fetches large files; all other
# GIT_* variables name a repository, an index or a running command, and are true only for the git process that started
# the hook. pre-commit has a list like it: https://github.com/pre-commit/pre-commit/blob/main/pre_commit/git.py
_GITS = """
GIT_ALLOW_PROTOCOL GIT_ASKPASS GIT_HTTP_PROXY_AUTHMETHOD GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO GIT_SSL_NO_VERIFY
GIT_CONFIG_COUNT GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM GIT_CONFIG_SYSTEM GIT_EXEC_PATH GIT_TERMINAL_PROMPT
GIT_LFS_SKIP_SMUDGE
"""

# Where an installer finds packages, and how it gets there: the user's own `pip install .` would obey it, too.
# https://pip.pypa.io/en/stable/cli/pip_install/#options and https://docs.astral.sh/uv/reference/environment/
_INSTALLERS = """
PIP_CONFIG_FILE PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_INDEX_URL PIP_NO_INDEX PIP_PYPI_URL
PIP_CERT PIP_CLIENT_CERT PIP_DEFAULT_TIMEOUT PIP_KEYRING_PROVIDER PIP_PROXY PIP_RETRIES PIP_TIMEOUT PIP_TRUSTED_HOST
PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_USE_DEPRECATED PIP_USE_FEATURE
UV_CONFIG_FILE UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_INDEX UV_NO_CONFIG UV_NO_INDEX
UV_CREDENTIALS_DIR UV_INSECURE_HOST UV_KEYRING_PROVIDER UV_NATIVE_TLS UV_OFFLINE UV_REQUEST_TIMEOUT UV_SYSTEM_CERTS
UV_CACHE_DIR UV_NO_CACHE
"""

# Which of several releases it takes. Where they come from is left out: an address often has a token that changes.
_CHOICES = """
PIP_BUILD_CONSTRAINT PIP_CONSTRAINT PIP_NO_BINARY PIP_ONLY_BINARY PIP_PRE PIP_PREFER_BINARY PIP_UPLOADED_PRIOR_TO
UV_BUILD_CONSTRAINT UV_CONSTRAINT UV_EXCLUDE_NEWER UV_INDEX_STRATEGY UV_OVERRIDE UV_PRERELEASE UV_RESOLUTION
UV_NO_BINARY UV_NO_BINARY_PACKAGE UV_NO_BUILD UV_NO_BUILD_PACKAGE
"""

_FILES = frozenset({"PIP_BUILD_CONSTRAINT", "PIP_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_OVERRIDE"})
"""Those whose value is a list of files."""

_LISTS = _FILES | {"PIP_FIND_LINKS"}
_PATHS = frozenset(
    {
        *("PIP_CACHE_DIR", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_CONFIG_FILE"),
        *("UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_CREDENTIALS_DIR"),
    }
)
"""Those whose value is a list of paths, with blanks between them, and those whose value is one path."""

# What compilers and backends read. They reach a build as they would reach that of `pip install .`.
_BUILDS = """
AR ARCHFLAGS CC CFLAGS CMAKE_ARGS CMAKE_GENERATOR CPATH CPP CPPFLAGS CXX CXXFLAGS C_INCLUDE_PATH DIST_EXTRA_CONFIG FC
FFLAGS GIT_LFS_SKIP_SMUDGE LD LDFLAGS LDSHARED LIBRARY_PATH MACOSX_DEPLOYMENT_TARGET PKG_CONFIG_PATH RUSTC RUSTFLAGS
SDKROOT SOURCE_DATE_EPOCH _PYTHON_HOST_PLATFORM
"""

_BUILD_PREFIXES = (
    *("CARGO_BUILD_", "CARGO_PROFILE_", "CMAKE_", "CYTHON_", "HATCH_BUILD_", "HATCH_METADATA_", "MATURIN_"),
    *("MYPYC_", "PBR_", "PDM_BUILD_", "POETRY_DYNAMIC_VERSIONING_", "PYO3_", "SETUPTOOLS_", "SKBUILD_"),
    *("VCS_VERSIONING_", "VERSIONEER_"),
)

_KEPT = frozenset((_GITS + _INSTALLERS + _CHOICES).split())

_KEPT_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_", "UV_CONCURRENT_", "UV_HTTP_", "UV_INDEX_")


_VERSIONS = (
    "PBR_",
    "PDM_BUILD_SCM_",
    "POETRY_DYNAMIC_VERSIONING_",
    "SETUPTOOLS_SCM_",
    "VCS_VERSIONING_",
    "VERSIONEER_",
)
"""Families of variables by which people tell a tool which version a project has, or how to find it."""


def version_variables(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Variables that may decide which version a build gives, as ``NAME=value``; those that are not set are left out."""
    return _set_of((name for name in environ if name.startswith(_VERSIONS)), environ)


def named_variables(names: Iterable[str], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Variables by their names, likewise."""
    return _set_of(names, environ)


def _set_of(names: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}={environ[name]}" for name in sorted(set(names)) if name in environ)


def scrub(environ: MutableMapping[str, str] = os.environ) -> frozenset[str]:
    """Make the environment safe to hand on: remove what redirects git, Python, pip or uv, and set the guard.

    Relative paths in what stays become absolute.

    Called once by each door, before anything else is started, so that no call site can forget it. Returns the names of
    the variables that were removed.
    """
    removed = frozenset(name for name in environ if name in _ALSO or (name.startswith(_FAMILIES) and not is_kept(name)))
    for name in removed:
        del environ[name]
    for name in (_LISTS | _PATHS) & environ.keys():
        # Our children run elsewhere, where a relative path leads to something else.
        words = environ[name].split() if name in _LISTS else [environ[name]]
        environ[name] = " ".join(map(_absolute, words))
    environ[GUARD] = "1"
    return removed


def _absolute(path: str) -> str:
    return path if not path or path.startswith(("/", "~", "file:")) or "://" in path else os.path.abspath(path)


def is_kept(name: str) -> bool:
    """Whether a variable of git, pip, uv or Python is handed on."""
    return name in _KEPT or name.startswith(_KEPT_PREFIXES)


def seen_by_installers(environ: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """What decides which releases an installer takes: names and values, and names and contents of files of constraints.

    An environment that was filled under other ones may hold other releases.
    """
    chosen = sorted((name, environ[name]) for name in _CHOICES.split() if environ.get(name))
    files = dict.fromkeys(file for name, value in chosen if name in _FILES for file in value.split())
    return (*chosen, *((file, _content(file)) for file in files))


def seen_by_builds(environ: Mapping[str, str] = os.environ) -> tuple[tuple[str, str], ...]:
    """What of the environment may change what a build gives, as far as it is known by name."""
    names = {name for name in environ if name.startswith(_BUILD_PREFIXES)}.union(_BUILDS.split())
    return (*sorted((name, environ[name]) for name in names if environ.get(name)), *seen_by_installers(environ))


def _content(file: str) -> str:
    from pathlib import Path

    from freshvenv.files import read_file

    try:
        return os.fsdecode(read_file(Path(file)))
    except OSError:
        return ""
