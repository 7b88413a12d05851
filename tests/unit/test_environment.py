"""What of the environment reaches a child: nothing that points git, Python, pip or uv elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from freshvenv.caller import is_inside_of_one, is_switched_off
from freshvenv.environment import (
    GUARD,
    named_variables,
    scrub,
    seen_by_builds,
    seen_by_installers,
    version_variables,
)

GOES = [
    # git: a repository, an index or a running command
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CEILING_DIRECTORIES",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_QUARANTINE_PATH",
    "GIT_REFLOG_ACTION",
    "GIT_CHERRY_PICK_HELP",
    "GIT_SEQUENCE_EDITOR",
    "GIT_EDITOR",
    "GIT_AUTHOR_DATE",
    "GIT_TEMPLATE_DIR",
    "GIT_LITERAL_PATHSPECS",
    "GIT_INTERNAL_SUPER_PREFIX",
    # Python
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "__PYVENV_LAUNCHER__",
    # pip
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_PYTHON",
    # uv
    "UV_PROJECT",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_SYSTEM_PYTHON",
    "UV_WORKING_DIR",
    "UV_WORKING_DIRECTORY",
    "UV_FROZEN",
    "UV_LOCKED",
    "UV_NO_SYNC",
    # what ends a program, or makes it do something else
    "PIP_DRY_RUN",
    "PIP_NO_DEPS",
    "PIP_REPORT",
    "PYTHONHASHSEED",
    "PYTHONINSPECT",
    "PYTHONMALLOC",
    "PYTHONPLATLIBDIR",
    "PYTHONUTF8",
    "PYTHON_GIL",
    "UV_LINK_MODE",
    "UV_NO_BUILD_ISOLATION",
    "UV_PYTHON_DOWNLOADS",
]


@pytest.mark.parametrize("name", GOES)
def test_goes(name: str) -> None:
    environ = {name: "x"}
    scrub(environ)
    assert environ == {GUARD: "1"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("UV_CONSTRAINT", "one.txt sub/two.txt", "{}/one.txt {}/sub/two.txt"),
        (
            "PIP_CONSTRAINT",
            "https://example.com/one.txt /two.txt ~/three.txt",
            "https://example.com/one.txt /two.txt ~/three.txt",
        ),
        ("PIP_FIND_LINKS", "file:wheels wheels", "file:wheels {}/wheels"),
        ("UV_CONFIG_FILE", "a folder/uv.toml", "{}/a folder/uv.toml"),
        ("PIP_CONFIG_FILE", "", ""),
        ("UV_INDEX_URL", "relative", "relative"),
    ],
)
def test_relative_paths_become_absolute(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {name: value}
    scrub(environ)
    assert environ[name] == expected.replace("{}", str(tmp_path))


STAYS = [
    # what git needs to reach a network, and to find a person's settings
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "GIT_TERMINAL_PROMPT",
    "GIT_EXEC_PATH",
    "GIT_SSL_CAINFO",
    "GIT_SSL_NO_VERIFY",
    "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_KEY_0",
    "GIT_CONFIG_VALUE_0",
    # large files that somebody does not want
    "GIT_LFS_SKIP_SMUDGE",
    # what an installer needs to reach an index
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_CONFIG_FILE",
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_CACHE_DIR",
    "UV_OFFLINE",
    "UV_KEYRING_PROVIDER",
    "UV_INDEX_INTERNAL_PASSWORD",
    "UV_HTTP_TIMEOUT",
    "UV_EXCLUDE_NEWER",
    "UV_CONCURRENT_BUILDS",
    "PIP_CONSTRAINT",
    "PIP_TRUSTED_HOST",
    "SSL_CERT_FILE",
    "https_proxy",
    "HTTPS_PROXY",
    # everything else
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "CFLAGS",
    "CC",
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "SOURCE_DATE_EPOCH",
    "GITHUB_ACTIONS",
    "MY_GIT_DIR",
    "git_dir",
]


@pytest.mark.parametrize("name", STAYS)
def test_stays(name: str) -> None:
    environ = {name: "/x"}
    scrub(environ)
    assert environ == {name: "/x", GUARD: "1"}


def test_scrubbing_twice_changes_nothing() -> None:
    environ = {"GIT_DIR": "x", "PATH": "y"}
    scrub(environ)
    once = dict(environ)
    scrub(environ)
    assert environ == once


SWITCHES = {
    "nothing set": ({}, False),
    "off": ({"FRESHVENV": "off"}, True),
    "OFF": ({"FRESHVENV": "OFF"}, True),
    "on": ({"FRESHVENV": "on"}, False),
    "empty": ({"FRESHVENV": ""}, False),
    "0": ({"FRESHVENV": "0"}, False),
    "guard": ({GUARD: "1"}, True),
    "empty guard": ({GUARD: ""}, False),
    "guard, though on": ({GUARD: "1", "FRESHVENV": "on"}, True),
}


@pytest.mark.parametrize(("environ", "expected"), SWITCHES.values(), ids=SWITCHES)
def test_is_switched_off(environ: dict[str, str], expected: bool) -> None:
    assert (is_switched_off(environ) or is_inside_of_one(environ)) is expected


def test_what_we_start_does_nothing() -> None:
    """A git command of ours fires the hooks again; they see the guard."""
    environ = {"PATH": "/bin"}
    scrub(environ)
    assert is_inside_of_one(environ)


# What of it a build depends on

OF_BUILDS = [
    "CC",
    "CFLAGS",
    "GIT_LFS_SKIP_SMUDGE",
    "MACOSX_DEPLOYMENT_TARGET",
    "RUSTFLAGS",
    "SOURCE_DATE_EPOCH",
    "SETUPTOOLS_SCM_PRETEND_VERSION",
    "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO",
    "HATCH_BUILD_NO_HOOKS",
    "PDM_BUILD_SCM_VERSION",
    "PBR_VERSION",
]
OF_INSTALLERS = [
    "PIP_BUILD_CONSTRAINT",
    "PIP_CONSTRAINT",
    "PIP_PRE",
    "UV_EXCLUDE_NEWER",
    "UV_NO_BINARY",
    "UV_RESOLUTION",
]
OF_NEITHER = [
    *("PATH", "HOME", "LANG", "TERM", "HATCH_ENV_ACTIVE", "RUST_LOG", "PIP_CACHE_DIR", "UV_CACHE_DIR"),
    # An address with a token in it that is another one tomorrow.
    *("PIP_INDEX_URL", "UV_INDEX_URL", "UV_INDEX_INTERNAL_PASSWORD"),
]


@pytest.mark.parametrize("name", [*OF_BUILDS, *OF_INSTALLERS, *OF_NEITHER])
def test_seen(name: str) -> None:
    pairs = ((name, "x"),)
    assert seen_by_builds({name: "x"})[:1] == (() if name in OF_NEITHER else pairs)
    assert seen_by_installers({name: "x"})[:1] == (pairs if name in OF_INSTALLERS else ())
    assert seen_by_builds({name: ""}) == seen_by_installers({name: ""}) == ()


@pytest.mark.parametrize("name", OF_INSTALLERS)
def test_what_is_seen_reaches_an_installer(name: str) -> None:
    environ = {name: "/x"}
    scrub(environ)
    assert seen_by_installers(environ)[:1] == ((name, "/x"),)


def test_files_of_constraints_are_read(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    environ = {"PIP_CONSTRAINT": f"{one} {two}", "UV_PRERELEASE": str(two)}
    one.write_text("setuptools<70\n")
    assert seen_by_installers(environ) == (*sorted(environ.items()), (str(one), "setuptools<70\n"), (str(two), ""))
    before = seen_by_builds(environ)
    (tmp_path / "shared").write_text("wheel<1\n")
    two.symlink_to(tmp_path / "shared")
    assert seen_by_builds(environ) != before


# What decides a build

SET = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "9",
    "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO": "8",
    "PDM_BUILD_SCM_VERSION": "7",
    "CFLAGS": "-O0",
    "CMAKE_ARGS": "-DX=1",
    "DEMO_FAST": "1",
    "HOME": "/home",
}


def test_variables_that_decide_a_version() -> None:
    assert version_variables(SET) == (
        "PDM_BUILD_SCM_VERSION=7",
        "SETUPTOOLS_SCM_PRETEND_VERSION=9",
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_DEMO=8",
    )
    assert version_variables({}) == ()


def test_variables_that_are_named() -> None:
    assert named_variables(("DEMO_SLOW", "DEMO_FAST", "DEMO_FAST"), SET) == ("DEMO_FAST=1",)
