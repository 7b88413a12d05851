"""The cache within bounds: what goes, what stays because it is used, and what is made anew when it is missed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.fingerprint import Fingerprint, Recipe
from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.lock import exclusive, shared
from freshvenv.payload import File, Payload, digest, dump
from freshvenv.wheels.cache import WheelCache, bucket
from freshvenv.wheels.environments import EnvironmentPool
from freshvenv.wheels.upkeep import Entry, entries, excess, keep_in_bounds, remove
from support.values import replace

FINGERPRINT = Fingerprint("1" * 40, "cpython", Recipe())
DAY = 24 * 3600.0


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return inspect_interpreter(Path(sys.executable), tmp_path_factory.mktemp("interpreters"))


@pytest.fixture
def wheels(tmp_path: Path) -> WheelCache:
    return WheelCache(tmp_path / "cache" / "wheels", tmp_path / "locks")


def make(folder: Path) -> Payload:
    content = b"x" * 1000
    file = File("purelib", "demo.py", digest(content), len(content), executable=False)
    target = folder / file.stored
    target.parent.mkdir(parents=True)
    target.write_bytes(content)
    payload = Payload(folder, "demo", "1.0", "demo-1.0.dist-info", "purelib", (file,), ())
    dump(payload)
    return payload


def fill(wheels: WheelCache, interpreter: Interpreter, count: int) -> list[Payload]:
    return [wheels.get(replace(FINGERPRINT, tree=f"{it:040}"), interpreter, make) for it in range(count)]


def entry(name: str, *, size: int, age: float, now: float = 1e9) -> Entry:
    return Entry("wheel", Path(name), name, size, now - age)


# What goes


def names(found: list[Entry]) -> str:
    return " ".join(it.title for it in found)


KEPT = [entry("a", size=5, age=0), entry("b", size=5, age=DAY), entry("c", size=5, age=10 * DAY)]

EXCESS = {
    "nothing": (20, 30.0, ""),
    "as much as there is room": (15, 30.0, ""),
    "too much": (14, 30.0, "c"),
    "much too much": (5, 30.0, "b c"),
    "no room": (0, 30.0, "a b c"),
    "too old": (20, 5.0, "c"),
    "older than nothing": (20, 0.0, "b c"),
    "too old, and too much": (9, 5.0, "b c"),
}


@pytest.mark.parametrize(("size", "days", "expected"), EXCESS.values(), ids=EXCESS)
def test_excess(size: int, days: float, expected: str) -> None:
    assert names(excess(KEPT, now=1e9, days=days, size=size)) == expected


ENTRIES = st.lists(st.builds(entry, st.just("x"), size=st.integers(0, 50), age=st.floats(0, 60 * DAY)), max_size=8)


@settings(database=None, deadline=None)
@given(ENTRIES, st.integers(0, 100), st.floats(0, 60))
def test_what_stays_is_within_bounds(found: list[Entry], size: int, days: float) -> None:
    found = sorted(found, key=lambda it: it.used, reverse=True)
    gone = excess(found, now=1e9, days=days, size=size)
    stays = [it for it in found if not any(it is other for other in gone)]
    assert sum(it.size for it in stays) <= size
    assert all(1e9 - it.used <= days * DAY for it in stays)


# What is there


def test_entries_of_nothing(tmp_path: Path) -> None:
    assert entries(tmp_path / "nothing") == []


def test_entries(tmp_path: Path, wheels: WheelCache, interpreter: Interpreter) -> None:
    old, new = fill(wheels, interpreter, 2)
    os.utime(old.manifest, (1e9, 1e9))
    environment = tmp_path / "cache" / "build-environments" / "abc"
    environment.mkdir(parents=True)
    (environment / "freshvenv.json").write_text('["/python", "cpython 3.11", "uv", ["a>=1", "b"], 1]')
    os.utime(environment / "freshvenv.json", (1.1e9, 1.1e9))
    found = entries(tmp_path / "cache")
    assert [it.path for it in found] == [new.directory, environment, old.directory]
    assert [it.kind for it in found] == ["wheel", "environment", "wheel"]
    assert found[0].title == f"demo 1.0 for {interpreter.abi_tag}"
    assert found[1].title == "a>=1, b for cpython 3.11"
    assert found[0].size > 1000


@pytest.mark.parametrize("content", ["", "[]", '{"distribution": 1}', "\0"])
def test_damaged_entry_is_listed_as_such(
    tmp_path: Path, wheels: WheelCache, interpreter: Interpreter, content: str
) -> None:
    (payload,) = fill(wheels, interpreter, 1)
    payload.manifest.write_text(content)
    assert [it.title for it in entries(tmp_path / "cache")] == ["damaged"]


def test_use_makes_an_entry_the_last_used(wheels: WheelCache, interpreter: Interpreter) -> None:
    first, second = fill(wheels, interpreter, 2)
    for payload in (first, second):
        os.utime(payload.manifest, (1e9, 1e9))
    fill(wheels, interpreter, 1)
    assert [it.path for it in entries(wheels.directory.parent)] == [first.directory, second.directory]
    assert time.time() - first.manifest.stat().st_mtime < DAY


# How it goes


def test_removed_entry_is_made_anew(wheels: WheelCache, interpreter: Interpreter) -> None:
    (payload,) = fill(wheels, interpreter, 1)
    found = entries(wheels.directory.parent)
    assert remove(found, wheels.locks) == found
    assert not wheels.directory.exists() or list(wheels.directory.iterdir()) == []
    assert fill(wheels, interpreter, 1) == [payload]


def test_entry_in_the_making_stays(wheels: WheelCache, interpreter: Interpreter) -> None:
    (payload,) = fill(wheels, interpreter, 1)
    with exclusive(bucket("wheel", payload.directory), wheels.locks):
        assert remove(entries(wheels.directory.parent), wheels.locks) == []
    assert payload.manifest.exists()


def test_environment_that_is_built_in_stays(tmp_path: Path) -> None:
    path = tmp_path / "build-environments" / "abc"
    path.mkdir(parents=True)
    (path / "freshvenv.json").write_text("[]")
    with shared(bucket("environment", path), tmp_path / "locks"):
        assert remove(entries(tmp_path), tmp_path / "locks") == []
    assert remove(entries(tmp_path), tmp_path / "locks")
    assert not path.exists()


def test_environment_is_held_while_it_is_used(tmp_path: Path, interpreter: Interpreter) -> None:
    class Nothing:
        name = "nothing"

        def create(self, environment: Path, *_: object) -> int:
            environment.mkdir(parents=True)
            return 0

        def install(self, *_: object) -> int:
            return 0

    pool = EnvironmentPool(tmp_path / "build-environments", tmp_path / "locks", Nothing())
    with pool.use(interpreter, ["a"], tmp_path / "log") as environment:
        os.utime(environment.mark, (1e9, 1e9))
        assert remove(entries(tmp_path), pool.locks) == []
    with pool.use(interpreter, ["a"], tmp_path / "log") as environment:
        assert time.time() - environment.mark.stat().st_mtime < DAY
    assert len(remove(entries(tmp_path), pool.locks)) == 1
    with pool.use(interpreter, ["a"], tmp_path / "log") as environment:
        assert environment.mark.exists()


def test_kept_in_bounds_without_being_asked(tmp_path: Path, wheels: WheelCache, interpreter: Interpreter) -> None:
    cache, logs = tmp_path / "cache", tmp_path / "logs"
    old, new = fill(wheels, interpreter, 2)
    long_ago = time.time() - 31 * DAY
    logs.mkdir()
    left = [cache / "work-abc", old.directory.parent / "new-abc", cache / "build-environments" / "begun"]
    for folder in left:
        (folder / "deep").mkdir(parents=True)
    for path in (logs / "old.log", logs / "new.log"):
        path.touch()
    for path in (old.manifest, logs / "old.log", *left):
        os.utime(path, (long_ago, long_ago))
    (cache / "work-new").mkdir()
    keep_in_bounds(cache, wheels.locks, logs)
    assert not old.directory.exists()
    assert new.manifest.exists()
    assert [path for path in left if path.exists()] == []
    assert (cache / "work-new").exists()
    assert [path.name for path in logs.iterdir()] == ["new.log"]


def test_not_looked_for_twice_in_an_hour(tmp_path: Path, wheels: WheelCache, interpreter: Interpreter) -> None:
    cache = tmp_path / "cache"
    keep_in_bounds(cache, wheels.locks, tmp_path / "logs")
    (payload,) = fill(wheels, interpreter, 1)
    os.utime(payload.manifest, (1e9, 1e9))
    cache.mkdir(exist_ok=True)
    (cache / "kept-in-bounds").touch()
    keep_in_bounds(cache, wheels.locks, tmp_path / "logs")
    assert payload.manifest.exists()
    # A clock that was set back does not keep it from being looked for.
    for date in (time.time() - 2 * 3600, time.time() + DAY):
        os.utime(payload.manifest, (1e9, 1e9))
        os.utime(cache / "kept-in-bounds", (date, date))
        keep_in_bounds(cache, wheels.locks, tmp_path / "logs")
        assert not payload.manifest.exists()
        fill(wheels, interpreter, 1)


def test_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    keep_in_bounds(tmp_path / "file", tmp_path / "locks", tmp_path / "logs")
    assert (tmp_path / "file").read_text() == "a file"
