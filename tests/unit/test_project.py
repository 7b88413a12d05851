"""What a project says of itself: its name, whether it can be built, and what may change an install of it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from freshvenv import scripts
from freshvenv.project import Project
from support.projects import built_by, static


def project(pyproject: dict[str, Any], *, setup_py: bool = False) -> Project:
    return Project(".", Path("/repository"), pyproject, has_setup_py=setup_py)


NAMES = {
    "project table": ({"project": {"name": "demo"}}, "demo"),
    "as it is spelled": ({"project": {"name": "De.mo_x"}}, "De.mo_x"),
    "poetry": ({"tool": {"poetry": {"name": "demo"}}}, "demo"),
    "flit": ({"tool": {"flit": {"metadata": {"module": "demo"}}}}, "demo"),
    "project table first": ({"project": {"name": "one"}, "tool": {"poetry": {"name": "two"}}}, "one"),
    "only a build can tell": ({"build-system": {"requires": ["setuptools"]}}, ""),
    "no file": ({}, ""),
    "name is a number": ({"project": {"name": 1}}, ""),
    "project is a list": ({"project": []}, ""),
    "tool is a text": ({"tool": "poetry"}, ""),
}


@pytest.mark.parametrize(("pyproject", "expected"), NAMES.values(), ids=NAMES)
def test_name(pyproject: dict[str, Any], expected: str) -> None:
    assert project(pyproject).name == expected


BUILDABLE = {
    "project table": ({"project": {"name": "demo"}}, False, True),
    "build-system table": ({"build-system": {}}, False, True),
    "setup.py alone": ({}, True, True),
    "settings of tools only": ({"tool": {"ruff": {}}}, False, False),
    "settings of tools, and setup.py": ({"tool": {"ruff": {}}}, True, True),
    "nothing": ({}, False, False),
}


@pytest.mark.parametrize(("pyproject", "setup_py", "expected"), BUILDABLE.values(), ids=BUILDABLE)
def test_is_buildable(pyproject: dict[str, Any], setup_py: bool, expected: bool) -> None:
    assert project(pyproject, setup_py=setup_py).is_buildable is expected


MAY_READ_GIT = {
    "hatch-vcs": built_by("hatchling", "hatch-vcs"),
    "setuptools-scm": built_by("setuptools>=64", "setuptools_scm[toml]>=8"),
    "setuptools-scm, spelled otherwise": built_by("setuptools", "Setuptools.SCM"),
    "versioneer": built_by("setuptools", "versioneer"),
    "setuptools-git-versioning": built_by("setuptools", "setuptools-git-versioning"),
    "flit-scm": built_by("flit_scm"),
    "poetry-dynamic-versioning": built_by("poetry-core", "poetry-dynamic-versioning"),
    "pdm, version from scm": built_by("pdm-backend", tool={"pdm": {"version": {"source": "scm"}}}),
    "pdm, version from a function": built_by("pdm-backend", tool={"pdm": {"version": {"source": "call"}}}),
    "pdm with a plugin": built_by("pdm-backend", "pdm-build-locked"),
    "pdm with a build hook": built_by("pdm-backend", tool={"pdm": {"build": {"custom-hook": "hook.py"}}}),
    "hatchling, version from the project's code": built_by(
        "hatchling", tool={"hatch": {"version": {"source": "code"}}}
    ),
    "hatchling, metadata from the project's code": built_by(
        "hatchling", tool={"hatch": {"metadata": {"hooks": {"custom": {}}}}}
    ),
    "hatchling, build hook of the project": built_by(
        "hatchling", tool={"hatch": {"version": {"path": "a.py"}, "build": {"hooks": {"custom": {}}}}}
    ),
    "hatchling, build hook for wheels": built_by(
        "hatchling", tool={"hatch": {"build": {"targets": {"wheel": {"hooks": {"custom": {}}}}}}}
    ),
    "poetry with a build script": {
        "build-system": {"requires": ["poetry-core"]},
        "tool": {"poetry": {"name": "demo", "version": "1.0", "build": {"script": "build.py"}}},
    },
    "backend in the tree": {
        "build-system": {"requires": [], "build-backend": "mine", "backend-path": ["backend"]},
        "project": {"name": "demo", "dynamic": ["version"]},
    },
    "files that git knows, version in the project table": {
        "build-system": {"requires": ["setuptools", "setuptools_scm>=8"]},
        "project": {"name": "demo", "version": "1.0"},
    },
    "backend that is not known": built_by("somebody-elses-backend"),
    "meson-python": built_by("meson-python"),
    "requirement that is not understood": built_by("./local"),
}


@pytest.mark.parametrize("pyproject", MAY_READ_GIT.values(), ids=MAY_READ_GIT)
def test_may_read_git(pyproject: dict[str, Any]) -> None:
    assert project(pyproject).may_read_git


@pytest.mark.parametrize(
    "pyproject", [{}, built_by("setuptools"), {"build-system": {}}], ids=["alone", "with requires", "without"]
)
def test_setup_py_may_read_git(pyproject: dict[str, Any]) -> None:
    assert project(pyproject, setup_py=True).may_read_git


NEVER_READS_GIT = {
    "version in the project table": {
        "build-system": {"requires": ["hatchling", "hatch-vcs"]},
        "project": {"name": "demo", "version": "1.0"},
    },
    "version in the project table, backend in the tree": {
        "build-system": {"requires": [], "backend-path": ["backend"]},
        "project": {"name": "demo", "version": "1.0"},
    },
    "hatchling": built_by("hatchling", tool={"hatch": {"version": {"path": "demo/__init__.py"}}}),
    "hatchling with a range": built_by("hatchling>=1.26,<2"),
    "flit-core": built_by("flit_core >=3.2,<4"),
    "poetry-core": {"build-system": {"requires": ["poetry-core"]}, "tool": {"poetry": {"version": "1.0"}}},
    "uv_build": built_by("uv_build>=0.5"),
    "pdm-backend, version in a file": built_by("pdm-backend", tool={"pdm": {"version": {"source": "file"}}}),
    "setuptools without setup.py": built_by("setuptools>=64", "wheel"),
}


@pytest.mark.parametrize("pyproject", NEVER_READS_GIT.values(), ids=NEVER_READS_GIT)
def test_never_reads_git(pyproject: dict[str, Any]) -> None:
    assert not project(pyproject).may_read_git


WRITTEN_DOWN: dict[str, tuple[dict[str, Any], dict[str, str], bool]] = {
    "backend that is not known": (static("mine"), {}, True),
    "meson that asks git": (static("meson-python"), {"meson.build": "vcs_tag(input: 'v.in', output: 'v.h')"}, True),
    "meson that asks git in a folder": (
        static("meson-python"),
        {"src/meson.build": "run_command('git', 'describe')"},
        True,
    ),
    "meson that asks nothing": (static("meson-python", "numpy"), {"meson.build": "project('demo', 'c')"}, False),
    "cmake that looks for git": (static("scikit-build-core"), {"CMakeLists.txt": "find_package(Git REQUIRED)"}, True),
    "rust that asks git": (static("maturin"), {"build.rs": 'Command::new("git")'}, True),
    "setup.py that knows a library": (static("setuptools"), {"setup.py": "from git import Repo"}, True),
    "setup.py that asks nothing": (static("setuptools"), {"setup.py": "from setuptools import setup"}, False),
}
"""Projects whose version is in the project table."""


@pytest.mark.parametrize(("pyproject", "files", "expected"), WRITTEN_DOWN.values(), ids=WRITTEN_DOWN)
def test_build_of_a_version_that_is_written_down(
    tmp_path: Path, pyproject: dict[str, Any], files: dict[str, str], *, expected: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert Project(".", tmp_path, pyproject, "setup.py" in files).may_read_git is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("__version__ = subprocess.run(['git', 'describe'])", True),
        ("import git\n__version__ = '1.0'", True),
        ("__version__ = '1'", False),
    ],
)
def test_version_of_a_module_that_asks_git(tmp_path: Path, text: str, *, expected: bool) -> None:
    (tmp_path / "src" / "demo").mkdir(parents=True)
    (tmp_path / "src" / "demo" / "version.py").write_text(text)
    attr = {"dynamic": {"version": {"attr": "demo.version.__version__"}}}
    made = Project(".", tmp_path, built_by("setuptools", tool={"setuptools": attr}), has_setup_py=False)
    assert made.may_read_git is expected
    assert made.takes_nearest_tag is not expected


def test_name_in_a_program_of_which_python_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert scripts._name_in_program(b"PATTERN = '\\d'\nsetup(name='demo')") == "demo"


def scm(tool: str = "setuptools_scm", **rules: Any) -> dict[str, Any]:
    return built_by("setuptools>=64", "setuptools-scm>=8", tool={tool: rules})


def hatch_vcs(**rules: Any) -> dict[str, Any]:
    return built_by("hatchling", "hatch-vcs", tool={"hatch": {"version": {"source": "vcs", **rules}}})


NEAREST_TAG = {
    "setuptools-scm": scm(),
    "setuptools-scm, no table": built_by("setuptools", "setuptools_scm[toml]", "wheel"),
    "setuptools-scm, a file for the version": scm(version_file="src/demo/_version.py", fallback_version="0"),
    "setuptools-scm, known schemes": scm(version_scheme="post-release", local_scheme="no-local-version"),
    "hatch-vcs": hatch_vcs(),
    "hatch-vcs, known schemes": hatch_vcs(**{"raw-options": {"local_scheme": "no-local-version"}}),
    "hatch-vcs, a file for the version": built_by(
        "hatchling",
        "hatch-vcs",
        tool={"hatch": {"version": {"source": "vcs"}, "build": {"hooks": {"vcs": {"version-file": "_version.py"}}}}},
    ),
    "pdm": built_by("pdm-backend", tool={"pdm": {"version": {"source": "scm", "write_to": "demo/_version.py"}}}),
}


@pytest.mark.parametrize("pyproject", NEAREST_TAG.values(), ids=NEAREST_TAG)
def test_takes_nearest_tag(pyproject: dict[str, Any]) -> None:
    assert project(pyproject).may_read_git
    assert project(pyproject).takes_nearest_tag
    assert not project(pyproject, setup_py=True).takes_nearest_tag


ANY_TAG = {
    "tags of a form": scm(tag_regex="^core-(.*)$"),
    "tags of a form, in a newer table": scm("vcs-versioning", tag={"prefix": "core-"}),
    "a command of its own": scm(git_describe_command="git describe --match core-*"),
    "a scheme that looks at the branch": scm(version_scheme="release-branch-semver"),
    "another scheme that looks at the branch": scm(version_scheme="python-simplified-semver"),
    "a file of a form that may name the branch": scm(version_file="v.py", version_file_template="{scm_version.branch}"),
    "a scheme that is code": scm("setuptools-scm", version_scheme="versions:scheme"),
    "a local scheme that is code": scm(local_scheme={"x": 1}),
    "hatch-vcs, tags of a form": hatch_vcs(**{"tag-pattern": "core-(.*)"}),
    "hatch-vcs, a scheme that looks at the branch": hatch_vcs(**{"raw-options": {"version_scheme": "calver-by-date"}}),
    "hatchling, version from code": built_by("hatchling", tool={"hatch": {"version": {"source": "code"}}}),
    "hatch-vcs, and code": built_by(
        "hatchling", "hatch-vcs", tool={"hatch": {"build": {"hooks": {"vcs": {}, "custom": {}}}}}
    ),
    "hatch-vcs, and code for the metadata": built_by(
        "hatchling",
        "hatch-vcs",
        tool={"hatch": {"build": {"hooks": {"vcs": {}}}, "metadata": {"hooks": {"custom": {}}}}},
    ),
    "pdm, tags of a form": built_by("pdm-backend", tool={"pdm": {"version": {"source": "scm", "tag_filter": "v*"}}}),
    "pdm, version from a function": built_by("pdm-backend", tool={"pdm": {"version": {"source": "call"}}}),
    "versioneer": built_by("setuptools", "versioneer"),
    "dunamai": built_by("poetry-core", "poetry-dynamic-versioning"),
    "backend in the tree": {"build-system": {"requires": [], "backend-path": ["."]}},
    "no backend": {},
}


@pytest.mark.parametrize("pyproject", ANY_TAG.values(), ids=ANY_TAG)
def test_takes_any_tag(pyproject: dict[str, Any]) -> None:
    assert not project(pyproject).takes_nearest_tag


def test_hook_of_pdm_that_is_found_by_its_name(tmp_path: Path) -> None:
    assert Project(".", tmp_path, static("pdm-backend"), has_setup_py=False).editable_sees_names_only
    (tmp_path / "pdm_build.py").touch()
    found = Project(".", tmp_path, static("pdm-backend"), has_setup_py=False)
    assert not found.editable_sees_names_only
    assert not found.plain_backend
    assert not found.takes_nearest_tag


DECLARED: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "none": ({}, ()),
    "one": ({"tool": {"uv": {"cache-keys": ["pyproject.toml", {"env": "X"}, {"file": "a"}]}}}, ("X",)),
    "a text": ({"tool": {"uv": {"cache-keys": "X"}}}, ()),
    "a number": ({"tool": {"uv": {"cache-keys": [{"env": 1}]}}}, ()),
}


@pytest.mark.parametrize(("pyproject", "expected"), DECLARED.values(), ids=DECLARED)
def test_variables_that_a_project_declares(pyproject: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert project(pyproject).variables == expected


NAMES_ONLY = {
    "hatchling": static("hatchling"),
    "setuptools": static("setuptools>=64", "wheel"),
    "flit-core": static("flit_core<4"),
    "poetry-core": static("poetry-core"),
    "pdm-backend": static("pdm-backend"),
    "uv_build": static("uv_build"),
    "hatchling, with folders to pack": static(
        "hatchling", tool={"hatch": {"build": {"targets": {"wheel": {"packages": ["src/demo"]}}}}}
    ),
    "setuptools, with packages to find": static("setuptools", tool={"setuptools": {"packages": {"find": {}}}}),
}


@pytest.mark.parametrize("pyproject", NAMES_ONLY.values(), ids=NAMES_ONLY)
def test_editable_sees_names_only(pyproject: dict[str, Any]) -> None:
    assert project(pyproject).editable_sees_names_only


LOOKS_INTO_MODULES = {
    "version from a module": built_by("hatchling", tool={"hatch": {"version": {"path": "demo/__init__.py"}}}),
    "description from a module": static("flit_core") | {"project": {"version": "1.0", "dynamic": ["description"]}},
    "version in poetry's own table": {
        "build-system": {"requires": ["poetry-core"]},
        "tool": {"poetry": {"name": "demo", "version": "1.0"}},
    },
    "no requirements": static(),
    "no build system": {"project": {"name": "demo", "version": "1.0"}},
    "backend in the tree": {
        "build-system": {"requires": ["hatchling"], "backend-path": ["backend"]},
        "project": {"name": "demo", "version": "1.0"},
    },
    "backend with a plugin": static("hatchling", "hatch-cython"),
    "backend that is not known": static("scikit-build-core"),
    "build hook": static("hatchling", tool={"hatch": {"build": {"hooks": {"custom": {}}}}}),
    "build hook for wheels": static(
        "hatchling", tool={"hatch": {"build": {"targets": {"wheel": {"hooks": {"custom": {}}}}}}}
    ),
    "extension modules": static("setuptools", tool={"setuptools": {"ext-modules": [{"name": "demo._x"}]}}),
    "scripts that are copied (setuptools)": static("setuptools", tool={"setuptools": {"script-files": ["bin/run.py"]}}),
    "data files that are copied (setuptools)": static(
        "setuptools", tool={"setuptools": {"data-files": {"share/demo": ["share/example.py"]}}}
    ),
    "scripts that are copied (hatchling)": static(
        "hatchling", tool={"hatch": {"build": {"targets": {"wheel": {"shared-scripts": {"bin/run.py": "run"}}}}}}
    ),
    "data files that are copied (hatchling)": static(
        "hatchling", tool={"hatch": {"build": {"targets": {"wheel": {"shared-data": {"share": "share"}}}}}}
    ),
    "scripts that are copied (poetry)": static(
        "poetry-core", tool={"poetry": {"scripts": {"run": {"reference": "bin/run.py", "type": "file"}}}}
    ),
    "data files that are copied (flit)": static("flit_core", tool={"flit": {"external-data": {"directory": "data"}}}),
    "scripts that are copied (uv)": static("uv_build", tool={"uv": {"build-backend": {"data": {"scripts": "bin"}}}}),
}


@pytest.mark.parametrize("pyproject", LOOKS_INTO_MODULES.values(), ids=LOOKS_INTO_MODULES)
def test_editable_may_see_more(pyproject: dict[str, Any]) -> None:
    assert not project(pyproject).editable_sees_names_only


def test_setup_py_may_see_more() -> None:
    assert not project(static("setuptools"), setup_py=True).editable_sees_names_only


def poetry(**dependencies: Any) -> dict[str, Any]:
    return {"tool": {"poetry": {"name": "demo", "dependencies": dependencies}}}


NAMES_ITS_PLACE = {
    "hatchling": {"project": {"dependencies": ["click", "other @ {root:uri}/../other"]}},
    "hatchling, an extra": {"project": {"optional-dependencies": {"a": [], "b": ["other @ {root:parent:uri}/other"]}}},
    "pdm": {"project": {"dependencies": ["other @ file:///${PROJECT_ROOT}/../other"]}},
    "poetry": poetry(python="^3.8", other={"path": "../other", "develop": True}),
    "poetry, one for each Python": poetry(other=[{"version": "1", "python": "<3.9"}, {"path": "../other"}]),
}


NAMES_NO_PLACE = {
    "nothing": {},
    "requirements": {"project": {"dependencies": ["click>=8", "a @ https://example.com/a.whl"]}},
    "no list": {"project": {"dependencies": "{root:uri}", "optional-dependencies": {"a": 1}}},
    "poetry": poetry(python="^3.8", other={"version": "1", "optional": True}, more=[{"git": "x"}]),
    "poetry, no table": {"tool": {"poetry": {"dependencies": ["path"]}}},
}


@pytest.mark.parametrize("pyproject", NAMES_ITS_PLACE.values(), ids=NAMES_ITS_PLACE)
def test_names_its_place(pyproject: dict[str, Any]) -> None:
    assert project(pyproject).names_its_place


@pytest.mark.parametrize("pyproject", NAMES_NO_PLACE.values(), ids=NAMES_NO_PLACE)
def test_names_no_place(pyproject: dict[str, Any]) -> None:
    assert not project(pyproject).names_its_place


def with_script(top: Path, name: str, text: str) -> Project:
    (top / name).write_text(text)
    return Project(".", top, static("setuptools"), has_setup_py=name == "setup.py")


@pytest.mark.parametrize("text", ["f'depa @ file://{here}/libs/depa'", "(here / 'libs').as_uri()"])
def test_script_that_names_its_place(tmp_path: Path, text: str) -> None:
    assert with_script(tmp_path, "setup.py", f"setup(install_requires=[{text}])").names_its_place


HARMLESS = {
    "URLs": ("setup.py", "setup(name='demo', url='https://github.com/demo.git')  # git clone, or git@host\n"),
    "files that setup.cfg reads": ("setup.cfg", "[metadata]\nlong_description = file: README.md\n"),
    "folders that are left out": ("setup.cfg", "[flake8]\nexclude = .git,build\n"),
}


@pytest.mark.parametrize(("name", "text"), HARMLESS.values(), ids=HARMLESS)
def test_script_that_asks_for_nothing(tmp_path: Path, name: str, text: str) -> None:
    found = with_script(tmp_path, name, text)
    assert (found.names_its_place, found.may_read_git) == (False, False)


@pytest.mark.parametrize("name", ["setup.py", "hatch_build.py", "pdm_build.py"])
def test_script_that_asks_git_and_a_version_that_is_written_down(tmp_path: Path, name: str) -> None:
    """It may note the commit in a module."""
    for text in ("run(['git', 'describe'])", "os.popen('git log')", "import git", "COMMAND = f'{env} git rev-parse'"):
        assert with_script(tmp_path, name, text).may_read_git


WRITTEN_NAMES = {
    "setup.cfg": ("setup.cfg", "[metadata]\nname = demo\n", "demo"),
    "setup.cfg with a sign": ("setup.cfg", "[metadata]\nname = demo\n[tool]\nx = 100%\n", "demo"),
    "setup.cfg without": ("setup.cfg", "[options]\npackages = x\n", ""),
    "setup.cfg that is none": ("setup.cfg", "name = demo", ""),
    "setup.py": ("setup.py", "from setuptools import setup\nsetup(version='1', name='demo')", "demo"),
    "setup.py by the module": ("setup.py", "import setuptools\nsetuptools.setup(name='demo')", "demo"),
    "setup.py that works it out": ("setup.py", "setup(name=NAME)", ""),
    "setup.py that names something else": ("setup.py", "Extension(name='demo')\nsetup()", ""),
    "setup.py that is broken": ("setup.py", "setup(name='demo'", ""),
}


@pytest.mark.parametrize(("name", "text", "expected"), WRITTEN_NAMES.values(), ids=WRITTEN_NAMES)
def test_name_beside_pyproject(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    assert Project(".", tmp_path, {}, has_setup_py=name == "setup.py").name == expected


def plain(backend: str, *requires: str, **tables: Any) -> dict[str, Any]:
    return {
        "build-system": {"requires": list(requires), "build-backend": backend},
        "project": {"name": "demo"},
        **tables,
    }


PLAIN_BACKENDS = {
    "hatchling": (plain("hatchling.build", "hatchling>=1.20"), "hatchling.build"),
    "flit": (plain("flit_core.buildapi", "flit_core <4"), "flit_core.buildapi"),
    "poetry": (plain("poetry.core.masonry.api", "poetry-core"), "poetry.core.masonry.api"),
    "pdm": (plain("pdm.backend", "pdm-backend"), "pdm.backend"),
    "uv": (plain("uv_build", "uv_build>=0.7,<0.8"), "uv_build"),
    "setuptools": (plain("setuptools.build_meta", "setuptools"), ""),
    "a plugin beside it": (plain("hatchling.build", "hatchling", "hatch-vcs"), ""),
    "another distribution": (plain("hatchling.build", "flit_core"), ""),
    "no backend": ({"build-system": {"requires": ["hatchling"]}}, ""),
    "no requirements": (plain("hatchling.build"), ""),
    "requirements that are a text": (
        {"build-system": {"requires": "hatchling", "build-backend": "hatchling.build"}},
        "",
    ),
    "backend that is a list": ({"build-system": {"requires": ["hatchling"], "build-backend": []}}, ""),
    "backend in the tree": (
        {"build-system": {"requires": ["hatchling"], "build-backend": "hatchling.build", "backend-path": ["."]}},
        "",
    ),
    "a build hook": (plain("hatchling.build", "hatchling", tool={"hatch": {"build": {"hooks": {"custom": {}}}}}), ""),
    "a build hook of pdm": (plain("pdm.backend", "pdm-backend", tool={"pdm": {"build": {"custom-hook": "x"}}}), ""),
    "a build script of poetry": (
        plain("poetry.core.masonry.api", "poetry-core", tool={"poetry": {"build": "b.py"}}),
        "",
    ),
}


@pytest.mark.parametrize(("pyproject", "expected"), PLAIN_BACKENDS.values(), ids=PLAIN_BACKENDS)
def test_plain_backend(pyproject: dict[str, Any], expected: str) -> None:
    assert project(pyproject).plain_backend == expected
    assert project(pyproject, setup_py=True).plain_backend == ""


def test_tables_of_hatchling_in_a_file_of_their_own(tmp_path: Path) -> None:
    found = Project(".", tmp_path, plain("hatchling.build", "hatchling"), has_setup_py=False)
    assert found.plain_backend
    assert not found.may_read_git
    (tmp_path / "hatch.toml").write_text('[version]\nsource = "vcs"\n')
    assert not found.plain_backend
    assert found.may_read_git


def test_hook_that_pdm_backend_takes_unasked(tmp_path: Path) -> None:
    """``pdm_build.py`` may set the version, write modules and copy files, without a table that says so."""
    dynamic = Project(".", tmp_path, built_by("pdm-backend"), has_setup_py=False)
    fixed = Project(".", tmp_path, static("pdm-backend"), has_setup_py=False)
    simple = Project(".", tmp_path, plain("pdm.backend", "pdm-backend"), has_setup_py=False)
    assert (dynamic.may_read_git, fixed.editable_sees_names_only, bool(simple.plain_backend)) == (False, True, True)
    (tmp_path / "pdm_build.py").touch()
    assert (dynamic.may_read_git, fixed.editable_sees_names_only, bool(simple.plain_backend)) == (True, False, False)


SETUP_CFG = {
    "tools only": ("[flake8]\nmax-line-length = 120\n", False, True),
    "copied scripts": ("[options]\nscripts = bin/run.py\n", False, False),
    "copied files": ("[options.data_files]\nshare = share/example.py\n", False, False),
    "classes of its own": ("[options]\ncmdclass =\n    build_py = demo.build.Build\n", True, False),
    "indented": ("[options]\n  cmdclass = build_py = demo.build.Build\n", True, False),
}


@pytest.mark.parametrize(("text", "may_read_git", "names_only"), SETUP_CFG.values(), ids=SETUP_CFG)
def test_what_setuptools_reads_beside_pyproject(
    tmp_path: Path, text: str, may_read_git: bool, names_only: bool
) -> None:
    (tmp_path / "setup.cfg").write_text(text)
    assert Project(".", tmp_path, built_by("setuptools"), has_setup_py=False).may_read_git is may_read_git
    assert Project(".", tmp_path, static("setuptools"), has_setup_py=False).editable_sees_names_only is names_only
