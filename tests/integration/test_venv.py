"""Virtual environments as they are found: usable or not, and what in them came from where."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.errors import VenvError
from freshvenv.interpreter import inspect_interpreter
from freshvenv.pyproject import normalized
from freshvenv.venvs import venv as venv_module
from freshvenv.venvs.venv import (
    Distribution,
    Origin,
    Venv,
    distributions,
    egg_links,
    installed_by,
    is_venv,
    open_venv,
)
from support.interpreters import available, interpreters
from support.repository import make_venv
from support.world import World

VERSIONS = {version: interpreters()[version] for version in available("3.8", "3.11", "3.13")}


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return make_layout(tmp_path / "venv")


def make_layout(path: Path) -> Venv:
    """A folder with the layout of a venv; nobody starts its interpreter."""
    interpreter = inspect_interpreter(Path(sys.executable), path.parent / "interpreters")
    (path / interpreter.purelib).mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").touch()
    return Venv(path, path / "bin" / "python", interpreter)


def add(venv: Venv, folder: str, **files: str) -> Path:
    """A folder of metadata with some files; ``direct_url`` is JSON."""
    info = venv.path / venv.interpreter.purelib / folder
    info.mkdir(parents=True)
    for name, text in files.items():
        (info / {"direct_url": "direct_url.json"}.get(name, name)).write_text(text, errors="surrogateescape")
    return info


def test_link_to_what_is_no_path(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib / "demo.egg-link").write_bytes(b"/a\0b\n")
    assert egg_links(venv) == {}


# open_venv


@pytest.mark.parametrize("python", VERSIONS.values(), ids=VERSIONS)
def test_venv_of_uv(world: World, python: Path) -> None:
    path = make_venv(world, world.root / "venv", str(python))
    opened = open_venv(path, world.root / "interpreters")
    assert (opened.path, opened.python) == (path, path / "bin" / "python")
    said = world.run(opened.python, "-Ic", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    assert said == str(path / opened.interpreter.purelib)
    assert opened.state == path / ".freshvenv"
    assert not opened.state.exists()


def test_venv_of_the_standard_library(world: World) -> None:
    path = world.root / "venv"
    world.run(sys.executable, "-m", "venv", "--without-pip", path)
    assert open_venv(path, world.root / "interpreters").interpreter.name == "cpython"


def test_venv_at_an_odd_path(world: World) -> None:
    path = make_venv(world, world.root / "a b 'c' \"d\" é\nf")
    assert open_venv(path, world.root / "interpreters").path == path


def a_file(path: Path) -> None:
    path.touch()


def an_empty_folder(path: Path) -> None:
    path.mkdir()


def a_folder_with_python(path: Path) -> None:
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").symlink_to(sys.executable)


def no_interpreter(path: Path) -> None:
    path.mkdir()
    (path / "pyvenv.cfg").touch()


def dangling_interpreter(path: Path) -> None:
    no_interpreter(path)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to("/opt/gone/bin/python3")


def program_that_fails(path: Path) -> None:
    no_interpreter(path)
    (path / "bin").mkdir()
    (path / "bin" / "python").write_text("#!/bin/sh\necho 'libpython is missing' >&2\nexit 127\n")
    (path / "bin" / "python").chmod(0o755)


def program_that_says_something_else(path: Path) -> None:
    program_that_fails(path)
    (path / "bin" / "python").write_text("#!/bin/sh\necho hello\n")


def no_program(path: Path) -> None:
    program_that_fails(path)
    (path / "bin" / "python").chmod(0o644)


def link_to_itself(path: Path) -> None:
    no_interpreter(path)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to("python")


UNUSABLE: dict[str, tuple[Callable[[Path], None], str]] = {
    "file": (a_file, "not a directory"),
    "empty folder": (an_empty_folder, r"not a virtual environment \(it has no pyvenv\.cfg\)"),
    "no pyvenv.cfg": (a_folder_with_python, r"not a virtual environment \(it has no pyvenv\.cfg\)"),
    "no interpreter": (no_interpreter, "its interpreter is gone"),
    "interpreter removed": (dangling_interpreter, r"its interpreter \(/opt/gone/bin/python3\) is gone"),
    "interpreter does not run": (program_that_fails, "its interpreter .* does not run: libpython is missing"),
    "interpreter is something else": (program_that_says_something_else, "its interpreter .* does not run: "),
    "interpreter is not executable": (no_program, "its interpreter .* does not run: .*Permission denied"),
    "interpreter is a link to itself": (link_to_itself, "its interpreter .*is gone"),
}


@pytest.mark.parametrize(("make", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    make(tmp_path / "venv")
    with pytest.raises(VenvError, match=message):
        open_venv(tmp_path / "venv", tmp_path / "interpreters")


def test_is_venv(venv: Venv, tmp_path: Path) -> None:
    assert is_venv(venv.path)
    assert not is_venv(tmp_path)
    assert not is_venv(tmp_path / "nothing")


# distributions


def names(venv: Venv) -> list[tuple[str, str]]:
    return [(it.name, it.version) for it in distributions(venv)]


def test_distribution(venv: Venv) -> None:
    site = venv.interpreter.purelib
    add(venv, "demo-1.0.dist-info", direct_url='{"url": "file:///a%20b/demo", "dir_info": {"editable": true}}')
    origin = Origin(Path("/a b/demo"), editable=True, archive=False)
    [found] = distributions(venv)
    assert found == Distribution("demo", "1.0", site, "demo-1.0.dist-info", origin)
    assert found.metadata == f"{site}/demo-1.0.dist-info"


FOLDERS = {
    "plain": ("demo-1.0.dist-info", [("demo", "1.0")]),
    "local version": ("demo-1.0+g123.d2024.dist-info", [("demo", "1.0+g123.d2024")]),
    "epoch": ("demo-1!2.0.dist-info", [("demo", "1!2.0")]),
    "dots in the name": ("zope.interface-5.0.dist-info", [("zope.interface", "5.0")]),
    "what pip left": ("~emo-1.0.dist-info", []),
    "no version": ("demo.dist-info", []),
    "no name": ("-1.0.dist-info", []),
    "three parts": ("my-demo-1.0.dist-info", []),
    "egg": ("demo-1.0.egg-info", []),
    "something in its place": ("demo-1.0.dist-info.bak", []),
}


@pytest.mark.parametrize(("folder", "expected"), FOLDERS.values(), ids=FOLDERS)
def test_name_of_the_folder(venv: Venv, folder: str, expected: list[tuple[str, str]]) -> None:
    add(venv, folder)
    assert names(venv) == expected


def test_every_one_is_listed(venv: Venv) -> None:
    for folder in ("demo-2.0.dist-info", "demo-1.0.dist-info", "attrs-1.dist-info"):
        add(venv, folder)
    assert names(venv) == [("attrs", "1"), ("demo", "1.0"), ("demo", "2.0")]


def test_no_site_packages(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib).rmdir()
    assert names(venv) == []


ORIGINS: dict[str, tuple[object, Origin | None]] = {
    "directory": (
        {"url": "file:///place/demo", "dir_info": {}},
        Origin(Path("/place/demo"), editable=False, archive=False),
    ),
    "editable": (
        {"url": "file:///place/demo", "dir_info": {"editable": True}},
        Origin(Path("/place/demo"), editable=True, archive=False),
    ),
    "not editable, and said so": (
        {"url": "file:///place/demo", "dir_info": {"editable": False}},
        Origin(Path("/place/demo"), editable=False, archive=False),
    ),
    "editable as a text": (
        {"url": "file:///place/demo", "dir_info": {"editable": "true"}},
        Origin(Path("/place/demo"), editable=False, archive=False),
    ),
    "wheel": (
        {"url": "file:///place/demo/dist/demo-1.0-py3-none-any.whl", "archive_info": {}},
        Origin(Path("/place/demo/dist/demo-1.0-py3-none-any.whl"), editable=False, archive=True),
    ),
    "odd path": (
        {"url": "file:///a%20b/%C3%A9%0A%27%22%25", "dir_info": {}},
        Origin(Path("/a b/é\n'\"%"), editable=False, archive=False),
    ),
    "path that is not UTF-8": (
        {"url": "file:///caf%E9", "dir_info": {}},
        Origin(Path(os.fsdecode(b"/caf\xe9")), editable=False, archive=False),
    ),
    "localhost": (
        {"url": "file://localhost/place/demo", "dir_info": {}},
        Origin(Path("/place/demo"), editable=False, archive=False),
    ),
    "index": ({"url": "https://example.com/demo.whl", "archive_info": {}}, None),
    "git": ({"url": "https://example.com/demo.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}, None),
    "no path": ({"url": "file:///a%00b", "dir_info": {}}, None),
    "no url": ({"dir_info": {}}, None),
    "url is a number": ({"url": 1, "dir_info": {}}, None),
    "url is broken": ({"url": "file://[", "dir_info": {}}, None),
    "dir_info is nothing": ({"url": "file:///place/demo", "dir_info": None}, None),
    "a list": ([], None),
    "a text": ("file:///place/demo", None),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("data", "expected"), ORIGINS.values(), ids=ORIGINS)
def test_origin(venv: Venv, data: object, expected: Origin | None) -> None:
    add(venv, "demo-1.0.dist-info", direct_url=json.dumps(data))
    [found] = distributions(venv)
    assert found.origin == expected


@pytest.mark.parametrize("text", ["", "{", "\0", "[" * 100_000], ids=["empty", "cut off", "zeros", "deep"])
def test_damaged_origin(venv: Venv, text: str) -> None:
    add(venv, "demo-1.0.dist-info", direct_url=text)
    [found] = distributions(venv)
    assert found.origin is None


def test_origin_is_a_folder(venv: Venv) -> None:
    (add(venv, "demo-1.0.dist-info") / "direct_url.json").mkdir()
    [found] = distributions(venv)
    assert found.origin is None


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["url", "dir_info", "editable"]), inner)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    venv = make_layout(tmp_path_factory.mktemp("shared") / "venv")
    add(venv, "demo-1.0.dist-info")
    return venv


@settings(database=None, deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["url", "dir_info", "archive_info"]), VALUES))
def test_any_origin(shared: Venv, data: dict[str, object]) -> None:
    """Whatever a file says, it makes no crash."""
    [info] = (shared.path / shared.interpreter.purelib).iterdir()
    (info / "direct_url.json").write_text(json.dumps(data))
    [found] = distributions(shared)
    assert found.origin is None or isinstance(found.origin.path, Path)


INSTALLERS = {"pip": ("pip\n", "pip"), "uv, without a line end": ("uv", "uv"), "empty": ("", "something")}


@pytest.mark.parametrize(("text", "expected"), INSTALLERS.values(), ids=INSTALLERS)
def test_installed_by(venv: Venv, text: str, expected: str) -> None:
    add(venv, "demo-1.0.dist-info", INSTALLER=text)
    [found] = distributions(venv)
    assert installed_by(venv, found) == expected


def test_installed_by_nobody_knows_whom(venv: Venv) -> None:
    add(venv, "demo-1.0.dist-info")
    [found] = distributions(venv)
    assert installed_by(venv, found) == "something"


@pytest.mark.parametrize(
    ("one", "other"), [("My.Demo_x", "my-demo-x"), ("a__b", "a-b"), ("a-_.b", "a-b"), ("DEMO", "demo")]
)
def test_normalized(one: str, other: str) -> None:
    assert normalized(one) == normalized(other) == other


def test_lib64_is_not_listed_twice(venv: Venv) -> None:
    assert venv.site_directories == (venv.interpreter.purelib,)


def test_lib64_that_is_a_link_is_one_place(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with the Python of Fedora: each distribution would be found twice, and its files under two names."""
    path = make_venv(world, world.root / "venv")
    found = open_venv(path, world.root / "interpreters").interpreter
    platlib = found.platlib.replace("lib/", "lib64/", 1)
    (path / "lib64").unlink(missing_ok=True)
    (path / "lib64").symlink_to("lib")
    monkeypatch.setattr(venv_module, "inspect_interpreter", lambda *_: found._replace(platlib=platlib))
    assert open_venv(path, world.root / "interpreters").site_directories == (found.purelib,)
    (path / "lib64").unlink()
    (path / platlib).mkdir(parents=True)
    assert open_venv(path, world.root / "interpreters").site_directories == (found.purelib, platlib)
