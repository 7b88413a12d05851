"""Whether a project in a folder takes files from above it, as far as its own files tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from freshvenv.project import Project
from support.projects import built_by, static


def in_a_folder(top: Path, pyproject: dict[str, Any], files: Mapping[str, str] = MappingProxyType({})) -> Project:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Project("folder", top, pyproject, has_setup_py="setup.py" in files)


def hatch(**tables: Any) -> dict[str, Any]:
    return static("hatchling", tool={"hatch": tables})


STAYS_BELOW = {
    "hatchling": static("hatchling"),
    "setuptools": static("setuptools", "wheel"),
    "setuptools-scm": built_by("setuptools", "setuptools-scm"),
    "pdm-backend": static("pdm-backend"),
    "no build system": {"project": {"name": "demo"}},
    "a dependency above": static("hatchling", tool={"uv": {"sources": {"core": {"path": "../core"}}}}),
    "a dependency above (poetry)": static(
        "poetry-core", tool={"poetry": {"dependencies": {"core": {"path": "../core"}}}}
    ),
    "an environment of hatch": hatch(envs={"test": {"dependencies": ["core @ ../core"], "scripts": {"x": "../x"}}}),
    "settings of others": static("hatchling", tool={"ruff": {"extend": "../ruff.toml"}}),
    "dots that lead nowhere": static("hatchling") | {"project": {"description": "more...", "version": "1..2"}},
}


@pytest.mark.parametrize("pyproject", STAYS_BELOW.values(), ids=STAYS_BELOW)
def test_stays_below(tmp_path: Path, pyproject: dict[str, Any]) -> None:
    assert not in_a_folder(tmp_path, pyproject).may_look_above


LOOKS_ABOVE = {
    "readme": static("hatchling") | {"project": {"readme": "../README.md"}},
    "readme with a type": static("hatchling") | {"project": {"readme": {"file": "../../README.md"}}},
    "license": static("hatchling") | {"project": {"license-files": ["../LICENSE"]}},
    "version": hatch(version={"path": "../version.py"}),
    "forced file": hatch(build={"targets": {"wheel": {"force-include": {"../shared": "shared"}}}}),
    "packages (poetry)": static("poetry-core", tool={"poetry": {"packages": [{"include": "x", "from": "../lib"}]}}),
    "folder of packages": static("setuptools", tool={"setuptools": {"package-dir": {"": "../src"}}}),
    "root of the modules (uv)": static("uv_build", tool={"uv": {"build-backend": {"module-root": ".."}}}),
    "files that uv is told of": static("hatchling", tool={"uv": {"cache-keys": [{"file": "../shared/*.py"}]}}),
    "backend above": {"build-system": {"requires": [], "build-backend": "mine", "backend-path": ["../backend"]}},
    "backend that is not known": static("maturin"),
    "plugin that is not known": static("hatchling", "hatch-fancy-pypi-readme"),
}


@pytest.mark.parametrize("pyproject", LOOKS_ABOVE.values(), ids=LOOKS_ABOVE)
def test_may_look_above(tmp_path: Path, pyproject: dict[str, Any]) -> None:
    assert in_a_folder(tmp_path, pyproject).may_look_above


SCRIPTS = {
    "setup.py": (static("setuptools"), {"setup.py": "from setuptools import setup; setup()"}, False),
    "setup.py that reads beside itself": (
        static("setuptools"),
        {"setup.py": "here = os.path.dirname(os.path.abspath(__file__)); open(Path(__file__).parent / 'x')"},
        False,
    ),
    "setup.py that goes up": (static("setuptools"), {"setup.py": "open('../VERSION')"}, True),
    "setup.py that goes up by its path": (static("setuptools"), {"setup.py": "Path(__file__).parents[1]"}, True),
    "setup.py that goes up by names": (
        static("setuptools"),
        {"setup.py": "os.path.dirname(os.path.dirname(__file__))"},
        True,
    ),
    "setup.py that goes up in two steps": (
        static("setuptools"),
        {"setup.py": "here = Path(__file__).resolve().parent\nopen(here.parent / 'VERSION')"},
        True,
    ),
    "setup.py that goes up in two steps by names": (
        static("setuptools"),
        {"setup.py": "here = dirname(realpath(__file__))\nopen(join(os.path.dirname(here), 'VERSION'))"},
        True,
    ),
    "setup.py that asks git for the top": (
        static("setuptools"),
        {"setup.py": "run(['git', 'rev-parse', '--show-toplevel'])"},
        True,
    ),
    "setup.py that has it done": (
        static("setuptools"),
        {"setup.py": "import re, tools as t\nfrom setuptools import setup", "tools.py": "open('../VERSION')"},
        True,
    ),
    "setup.py that has it done by a package": (
        static("setuptools"),
        {"setup.py": "from tools.versions import version", "tools/__init__.py": "open('../VERSION')"},
        True,
    ),
    "setup.py that has it done by a module of a package": (
        static("setuptools"),
        {"setup.py": "from tools.assets import copy", "tools/__init__.py": "", "tools/assets.py": "Path('..')"},
        True,
    ),
    "setup.py that has it done by a module which it imports from a package": (
        static("setuptools"),
        {"setup.py": "from tools import assets", "tools/assets.py": "Path('..')"},
        True,
    ),
    "version of a module that goes up": (
        built_by("setuptools", tool={"setuptools": {"dynamic": {"version": {"attr": "core.about.__version__"}}}}),
        {"core/__init__.py": "", "core/about.py": "Path(__file__).parents[2]"},
        True,
    ),
    "version of a module that stays": (
        built_by("setuptools", tool={"setuptools": {"dynamic": {"version": {"attr": "core.about.__version__"}}}}),
        {"core/__init__.py": "from ..x import y\ndef f(): ...", "core/about.py": "__version__ = '1'"},
        False,
    ),
    "version that a module of the package reads above it": (
        built_by("setuptools", tool={"setuptools": {"dynamic": {"version": {"attr": "core.__version__"}}}}),
        {
            "core/__init__.py": "from ._version import (\n __version__)",
            "core/_version.py": "open(f'{here}/../../VERSION')",
        },
        True,
    ),
    "version that is written down beside what goes up": (
        built_by("setuptools", tool={"setuptools": {"dynamic": {"version": {"attr": "core.__version__"}}}}),
        {"core/__init__.py": "from .x import y\n__version__: str = '1'", "core/x.py": "Path(__file__).parents[3]"},
        False,
    ),
    "version of a module in a folder of packages": (
        built_by(
            "setuptools",
            tool={"setuptools": {"package-dir": {"": "lib"}, "dynamic": {"version": {"attr": "core.v.version"}}}},
        ),
        {"lib/x": "", "lib/core/v.py": "version = open(f'{here}/../../VERSION').read()"},
        True,
    ),
    "header above the project": (
        static("setuptools", tool={"setuptools": {"ext-modules": [{"name": "x", "sources": ["src/x.c"]}]}}),
        {"src/x.c": '#include <stdio.h>\n#  include "../../include/answer.h"\n'},
        True,
    ),
    "header in the project": (
        static("setuptools", tool={"setuptools": {"ext-modules": [{"name": "x", "sources": ["src/x.c"]}]}}),
        {"src/x.c": '#include "../include/answer.h"\n', "include/answer.h": ""},
        False,
    ),
    "header above the project, of an extension that setup.py builds": (
        static("setuptools"),
        {"setup.py": "setup(ext_modules=[Extension('x', ['x.c'])])", "x.c": '#include "../answer.h"'},
        True,
    ),
    "version that setup.cfg looks for": (
        static("setuptools"),
        {"setup.cfg": "[metadata]\nversion = attr: core.version\n", "core/__init__.py": "open('../VERSION')"},
        True,
    ),
    "version that pdm asks a function for": (
        built_by("pdm-backend", tool={"pdm": {"version": {"source": "call", "getter": "core:version"}}}),
        {"core/__init__.py": "open(f'{here}/../VERSION')"},
        True,
    ),
    "setup.py that has something else done": (
        static("setuptools"),
        {"setup.py": "import tools", "tools.py": "import setup\nopen(os.path.dirname(os.path.abspath(__file__)))"},
        False,
    ),
    "setup.cfg": (static("setuptools"), {"setup.cfg": "[metadata]\nversion = file: ../VERSION\n"}, True),
    "build hook": (hatch(build={"hooks": {"custom": {}}}), {"hatch_build.py": "Path('..')"}, True),
    "build hook elsewhere": (
        hatch(build={"hooks": {"custom": {"path": "tools/hook.py"}}}),
        {"tools/hook.py": "Path(__file__).parent.parent"},
        True,
    ),
    "build hook that stays": (hatch(build={"hooks": {"custom": {}}}), {"hatch_build.py": "Path('.')"}, False),
    "backend in the tree": (
        {"build-system": {"requires": [], "backend-path": ["backend"]}},
        {"backend/mine.py": "open('../x')"},
        True,
    ),
    "backend in the tree that stays": (
        {"build-system": {"requires": [], "backend-path": ["backend"]}},
        {"backend/mine.py": "open('x')"},
        False,
    ),
    "hook of pdm": (static("pdm-backend"), {"pdm_build.py": "open('../x')"}, True),
}


@pytest.mark.parametrize(("pyproject", "files", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_that_look_above(
    tmp_path: Path, pyproject: dict[str, Any], files: dict[str, str], expected: bool
) -> None:
    assert in_a_folder(tmp_path, pyproject, files).may_look_above is expected
