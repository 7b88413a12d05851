"""What uv notes of a project: a small table of cache keys and globs; the whole is compared with uv itself elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from freshvenv.venvs.birth import birth_ns
from freshvenv.venvs.uv_cache import cache_info, cache_keys, is_empty, time
from freshvenv.venvs.uv_globs import InvalidGlobError, cluster, walk
from support.repository import create
from support.world import World

NOTHING: dict[str, Any] = {"timestamp": None, "commit": None, "tags": None, "env": {}, "directories": {}}


def keyed(*keys: object) -> dict[str, Any]:
    return {"tool": {"uv": {"cache-keys": list(keys)}}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with files in several folders, made one after the other."""
    top = tmp_path / "project"
    for name in (
        "pyproject.toml",
        "setup.cfg",
        "src/demo/__init__.py",
        "src/demo/data.txt",
        "native/a.c",
        "native/b/c.c",
    ):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return top


def changed(path: Path) -> dict[str, int]:
    return time(path.stat().st_ctime_ns)


def born(path: Path) -> dict[str, int] | int:
    moment = birth_ns(os.fspath(path))
    return path.stat().st_ino if moment is None else time(moment)


def test_defaults(project: Path) -> None:
    newest = max((project / name for name in ("pyproject.toml", "setup.cfg")), key=lambda it: it.stat().st_ctime_ns)
    info = cache_info(project, {}, {})
    assert info == {**NOTHING, "timestamp": changed(newest), "directories": {"src": born(project / "src")}}
    assert not is_empty(info)


FILES: dict[str, tuple[object, str | None]] = {
    "file": ("native/a.c", "native/a.c"),
    "file in a table": ({"file": "native/a.c"}, "native/a.c"),
    "file that is not there": ("nothing", None),
    "folder is no file": ("native", None),
    "glob": ("native/*.c", "native/b/c.c"),
    "glob at any depth": ("**/*.txt", "src/demo/data.txt"),
    "glob with alternatives": ("{setup.cfg,nothing}", "setup.cfg"),
    "glob that finds nothing": ("*.rs", None),
}


@pytest.mark.parametrize(("key", "newest"), FILES.values(), ids=FILES)
def test_files(project: Path, key: object, newest: str | None) -> None:
    expected = {**NOTHING, "timestamp": changed(project / newest) if newest else None}
    assert cache_info(project, keyed(key), {}) == expected


def test_newest_file_counts(project: Path) -> None:
    (project / "setup.cfg").chmod(0o600)
    info = cache_info(project, keyed("pyproject.toml", "setup.cfg"), {})
    assert info["timestamp"] == changed(project / "setup.cfg")


def test_environment(project: Path) -> None:
    info = cache_info(project, keyed({"env": "SET"}, {"env": "UNSET"}), {"SET": "x", "OTHER": "y"})
    assert info == {**NOTHING, "env": {"SET": "x", "UNSET": None}}


def test_directories(project: Path) -> None:
    info = cache_info(project, keyed({"dir": "native"}, {"dir": "nothing"}, {"dir": "setup.cfg"}), {})
    assert info == {**NOTHING, "directories": {"native": born(project / "native"), "nothing": None}}


def test_git(world: World) -> None:
    repository = create(world, world.root / "demo", branches={})
    commit = repository.git("rev-parse", "HEAD")
    repository.git("tag", "v1")
    repository.git("tag", "--annotate", "--message", "two", "v2")
    repository.git("pack-refs", "--all")
    repository.git("tag", "loose")
    tags = {name: repository.git("rev-parse", name) for name in ("loose", "v1", "v2")}
    key = {"git": {"commit": True, "tags": True}}
    assert cache_info(repository.path, keyed(key), {}) == {**NOTHING, "commit": commit, "tags": tags}
    assert cache_info(repository.path, keyed({"git": True}), {}) == {**NOTHING, "commit": commit}
    assert cache_info(repository.path, keyed({"git": {"commit": False}}), {}) == NOTHING


def test_no_git(project: Path) -> None:
    assert cache_info(project, keyed({"git": {"commit": True, "tags": True}}), {}) == NOTHING


def test_empty_keys_note_nothing(project: Path) -> None:
    assert is_empty(cache_info(project, keyed(), {}))


DEFAULT = cache_keys({})

KEYS: dict[str, tuple[list[object], Sequence[object]]] = {
    "valid": (["a", {"env": "B"}], ["a", {"env": "B"}]),
    "one is not valid": (["a", {"unknown": "B"}], DEFAULT),
    "one has a field too much": ([{"env": "B", "dir": "c"}], DEFAULT),
    "number": ([1], DEFAULT),
    "git with an unknown field": ([{"git": {"branch": True}}], DEFAULT),
    "git with a text": ([{"git": {"tags": "yes"}}], DEFAULT),
}


@pytest.mark.parametrize(("keys", "expected"), KEYS.values(), ids=KEYS)
def test_cache_keys(keys: list[object], expected: Sequence[object]) -> None:
    assert cache_keys(keyed(*keys)) == expected


TREE = ["a.py", "b.txt", ".hidden.py", "src/a.py", "src/deep/c.py", "build/d.py"]

GLOBS: dict[str, tuple[list[str], list[str]]] = {
    "star stops at a slash": (["src/*"], ["src/a.py"]),
    "suffix": (["*.txt"], ["b.txt"]),
    "hidden ones too": (["*.py"], [".hidden.py", "a.py", "build/d.py", "src/a.py", "src/deep/c.py"]),
    "any depth": (["**/*.py"], [".hidden.py", "a.py", "build/d.py", "src/a.py", "src/deep/c.py"]),
    "question mark": (["?.py"], ["a.py", "build/d.py", "src/a.py", "src/deep/c.py"]),
    "class": (["[ab].*"], ["a.py", "b.txt", "src/a.py"]),
    "negated class": (["[!ab.].py"], ["build/d.py", "src/deep/c.py"]),
    "alternatives": (["{b,c}.*"], ["b.txt", "src/deep/c.py"]),
    "turned round": (["**/*.py", "!build/*"], [".hidden.py", "a.py", "src/a.py", "src/deep/c.py"]),
}


@pytest.mark.parametrize(("globs", "expected"), GLOBS.values(), ids=GLOBS)
def test_globs(tmp_path: Path, globs: list[str], expected: list[str]) -> None:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {path for base, patterns in cluster(globs) for path in walk(os.path.join(tmp_path, base), patterns)}
    assert sorted(os.path.relpath(path, tmp_path) for path in found) == expected


@pytest.mark.parametrize("glob", ["[a", "{a", "a}", "[b-a]", "a\\"])
def test_invalid_glob(tmp_path: Path, glob: str) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InvalidGlobError):
        cache_info(tmp_path, keyed(f"*{glob}"), {})


def test_links_to_folders_are_not_entered(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.py").touch()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/link").symlink_to("../outside")
    assert list(walk(os.fspath(tmp_path / "inside"), ["**/*.py"])) == []
