"""What is known of build backends: which tables and files of a project decide what they build.

One record for each distribution that a project may name in ``build-system.requires``. What is not in here is not known,
and everything is supposed of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

Keys = tuple[str, ...]
"""The path of a table or a value in ``pyproject.toml``."""


class Backend(NamedTuple):
    """A build backend, or a plugin of one.

    ``entry`` is ``build-system.build-backend``, where what it asks for before a build depends on ``pyproject.toml``
    alone. ``reads_git``: it may make a version of tags and commits, of the nearest tag where ``version_rules`` do not
    say otherwise. ``finds_files``: it packs files by what git knows of them, whatever the version. ``sees_names_only``:
    an editable install of it looks at which modules there are and not into them. ``tables`` are what it reads beside
    ``[build-system]`` and ``[project]``; ``own_code`` are those in which a project hands it code of its own, and
    ``own_files`` files that do the same without being named; ``copied`` name files that are copied even into an
    editable install.
    """

    entry: str = ""
    reads_git: bool = False
    finds_files: bool = False
    sees_names_only: bool = True
    tables: tuple[Keys, ...] = ()
    version_rules: tuple[Keys, ...] = ()
    own_code: tuple[Keys, ...] = ()
    own_files: tuple[str, ...] = ()
    copied: tuple[Keys, ...] = ()


HATCH_HOOKS: Keys = ("tool", "hatch", "build", "hooks")

BACKENDS: Mapping[str, Backend] = MappingProxyType(
    {
        "flit-core": Backend(
            "flit_core.buildapi",
            tables=(("tool", "flit"),),
            copied=(("tool", "flit", "external-data"),),
        ),
        "hatch-vcs": Backend(
            reads_git=True,
            sees_names_only=False,
            version_rules=(("tool", "hatch", "version"), ("tool", "hatch", "version", "raw-options")),
        ),
        "hatchling": Backend(
            "hatchling.build",
            tables=(("tool", "hatch"),),
            own_code=(
                HATCH_HOOKS,
                ("tool", "hatch", "build", "targets", "wheel", "hooks"),
                ("tool", "hatch", "metadata", "hooks"),
            ),
            # Its tables in a file of their own, which is not read here.
            own_files=("hatch.toml",),
            copied=(
                ("tool", "hatch", "build", "force-include"),
                ("tool", "hatch", "build", "targets", "wheel", "extra-metadata"),
                ("tool", "hatch", "build", "targets", "wheel", "force-include"),
                ("tool", "hatch", "build", "targets", "wheel", "shared-data"),
                ("tool", "hatch", "build", "targets", "wheel", "shared-scripts"),
            ),
        ),
        "pdm-backend": Backend(
            "pdm.backend",
            reads_git=True,
            tables=(("tool", "pdm"),),
            version_rules=(("tool", "pdm", "version"),),
            own_code=(("tool", "pdm", "build", "custom-hook"),),
            # It takes this for its hook wherever it is (https://backend.pdm-project.org/hooks/).
            own_files=("pdm_build.py",),
        ),
        "poetry-core": Backend(
            "poetry.core.masonry.api",
            tables=(("tool", "poetry"),),
            own_code=(("tool", "poetry", "build"),),
        ),
        "setuptools": Backend(
            tables=(("tool", "distutils"), ("tool", "setuptools")),
            own_code=(("tool", "setuptools", "ext-modules"), ("tool", "setuptools", "cmdclass")),
            copied=(("tool", "setuptools", "data-files"), ("tool", "setuptools", "script-files")),
        ),
        "setuptools-git": Backend(reads_git=True, finds_files=True, sees_names_only=False),
        "setuptools-scm": Backend(
            reads_git=True,
            finds_files=True,
            sees_names_only=False,
            version_rules=(("tool", "setuptools-scm"), ("tool", "setuptools_scm"), ("tool", "vcs-versioning")),
        ),
        "uv-build": Backend(
            "uv_build",
            tables=(("tool", "uv", "build-backend"), ("tool", "uv", "cache-keys")),
            copied=(("tool", "uv", "build-backend", "data"),),
        ),
        "wheel": Backend(),
    }
)

TABLES: tuple[Keys, ...] = (("build-system",), ("project",), *(it for each in BACKENDS.values() for it in each.tables))
VERSION_RULES: tuple[Keys, ...] = tuple(it for each in BACKENDS.values() for it in each.version_rules)
OWN_CODE: tuple[Keys, ...] = (
    ("build-system", "backend-path"),
    *(it for each in BACKENDS.values() for it in each.own_code),
)
OWN_FILES: tuple[str, ...] = tuple(it for each in BACKENDS.values() for it in each.own_files)
SCRIPTS: tuple[str, ...] = ("setup.py", "setup.cfg", "hatch_build.py", *OWN_FILES)
"""Files that backends run or read beside ``pyproject.toml``."""

_TOLD = frozenset(
    {
        *("cffi", "cmake", "cython", "maturin", "meson", "meson-python", "mypy", "nanobind", "ninja", "numpy"),
        *("oldest-supported-numpy", "pkgconfig", "py-build-cmake", "pybind11", "scikit-build", "scikit-build-core"),
        *("setuptools-rust", "torch"),  # what builds extensions
        *("hatch-fancy-pypi-readme", "hatch-jupyter-builder", "hatch-requirements-txt", "jupyter-packaging"),
        *("packaging", "tomli", "tomlkit", "types-setuptools", "typing-extensions"),
    }
)
"""What asks git for nothing by itself, although the files of another build system may tell it to."""

NATIVE_FILES = ("meson.build", "CMakeLists.txt", "build.rs", "Makefile", "*.cmake")
"""Files of such build systems, in which they are told to ask git."""

COPIED: tuple[Keys, ...] = tuple(it for each in BACKENDS.values() for it in each.copied)


# What in the version rules says nothing about tags, and what of the rest takes the nearest.
_NO_RULE = frozenset(
    {
        *("fallback-version", "fallback_root", "fallback_version", "parentdir_prefix_version", "raw-options"),
        *("relative_to", "root", "search_parent_directories", "version_file", "write_template", "write_to"),
    }
)
_SCHEMES = ("guess-next-dev", "no-guess-dev", "only-version", "post-release")
_LOCAL_SCHEMES = ("dirty-tag", "no-local-version", "node-and-date", "node-and-timestamp")
_NEAREST_TAG_SCHEMES = {"source": ("scm", "vcs"), "local_scheme": _LOCAL_SCHEMES, "version_scheme": _SCHEMES}


def are_known(names: Iterable[str]) -> bool:
    """Whether all of these look no further up than they are told, and at no other tag than the nearest."""
    return BACKENDS.keys() >= set(names)


def are_told_what_to_ask(names: Iterable[str]) -> bool:
    """Whether all of these are known, or ask git for nothing but what the files of a build tell them to."""
    return BACKENDS.keys() | _TOLD >= set(names)


def are_blind_to_git(names: Iterable[str]) -> bool:
    """Whether what they build depends on nothing but files."""
    return all(name in BACKENDS and not BACKENDS[name].reads_git for name in names)


def find_files(names: Iterable[str]) -> bool:
    """Whether any of these packs files by what git knows of them."""
    return any(name in BACKENDS and BACKENDS[name].finds_files for name in names)


def see_names_only(names: Iterable[str]) -> bool:
    """Whether an editable install by these is the same for every content of the modules."""
    return all(name in BACKENDS and BACKENDS[name].sees_names_only for name in names)


def keeps_nearest_tag(key: str, value: object) -> bool:
    """Whether a version is still made of the nearest tag with this in one of the version rules."""
    return key in _NO_RULE or value in _NEAREST_TAG_SCHEMES.get(key, ())
