"""The wheel cache: never the same build twice, never another build's wheel, never a damaged one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from freshvenv.environment import seen_by_builds
from freshvenv.errors import BuildError
from freshvenv.fingerprint import Fingerprint, Recipe
from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.payload import DamagedPayloadError, File, Payload, digest, dump
from freshvenv.sealed import seal
from freshvenv.wheels.cache import WheelCache
from support.values import replace

FINGERPRINT = Fingerprint("1" * 40, "cpython 3.11.7 abi", Recipe())


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return inspect_interpreter(Path(sys.executable), tmp_path_factory.mktemp("interpreters"))


@dataclass
class Builds:
    """Makes payloads, and counts them."""

    count: int = 0

    def __call__(self, folder: Path) -> Payload:
        self.count += 1
        return make(folder, f"BUILD = {self.count}\n")


def make(folder: Path, text: str) -> Payload:
    content = {"demo/__init__.py": text.encode(), "demo-1.0.dist-info/METADATA": b"Name: demo\n"}
    files = tuple(File("purelib", name, digest(data), len(data), executable=False) for name, data in content.items())
    for file in files:
        (folder / file.stored).parent.mkdir(parents=True)
        (folder / file.stored).write_bytes(content[file.path])
    payload = Payload(folder, "demo", "1.0", "demo-1.0.dist-info", "purelib", files, ())
    dump(payload)
    return payload


def text_of(payload: Payload) -> str:
    return payload.read(payload.files[0]).decode()


@pytest.fixture
def cache(tmp_path: Path) -> WheelCache:
    return WheelCache(tmp_path / "wheels", tmp_path / "locks")


def test_built_once(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    first = cache.get(FINGERPRINT, interpreter, builds)
    assert text_of(first) == "BUILD = 1\n"
    assert cache.get(FINGERPRINT, interpreter, builds) == first
    assert builds.count == 1
    assert first.directory.is_relative_to(cache.directory)


def other(interpreter: Interpreter) -> Interpreter:
    return replace(interpreter, version="3.8.18", abi="cpython-38-x86_64-linux-gnu")


def test_wheel_serves_its_own_interpreter(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    first = cache.get(FINGERPRINT, interpreter, builds)
    second = cache.get(FINGERPRINT, other(interpreter), builds)
    assert (text_of(first), text_of(second)) == ("BUILD = 1\n", "BUILD = 2\n")
    assert cache.get(FINGERPRINT, interpreter, builds) == first
    assert cache.get(FINGERPRINT, other(interpreter), builds) == second
    assert builds.count == 2


def test_patch_release_is_no_other_abi(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    cache.get(FINGERPRINT, interpreter, builds)
    newer = replace(interpreter, version=interpreter.version + "9")
    cache.get(FINGERPRINT, newer, builds)
    assert builds.count == 1


OTHER_WHEELS = {
    "tree": replace(FINGERPRINT, tree="2" * 40),
    "config settings": replace(FINGERPRINT, recipe=Recipe(config_settings=(("a", "b"),))),
    "git describe": replace(FINGERPRINT, version_control="v1"),
    "submodules": replace(FINGERPRINT, submodules=("lib abc",)),
    "beside": replace(FINGERPRINT, beside=(".gitignore abc",)),
    "folder": replace(FINGERPRINT, folder="sub"),
    "git config": replace(FINGERPRINT, conversions=("core.eol=crlf",)),
    "environment": replace(FINGERPRINT, variables=("PBR_VERSION=1",)),
}


def test_what_was_built_in_other_surroundings_is_another_wheel(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    plain = cache.get(FINGERPRINT, interpreter, builds)
    debug = cache._replace(surroundings=(("CFLAGS", "-O0"),))
    assert text_of(debug.get(FINGERPRINT, interpreter, builds)) == "BUILD = 2\n"
    assert cache.get(FINGERPRINT, interpreter, builds) == plain
    assert builds.count == 2


@pytest.mark.parametrize("fingerprint", OTHER_WHEELS.values(), ids=OTHER_WHEELS)
def test_what_may_give_another_wheel_is_built(
    cache: WheelCache, interpreter: Interpreter, fingerprint: Fingerprint
) -> None:
    builds = Builds()
    cache.get(FINGERPRINT, interpreter, builds)
    cache.get(fingerprint, interpreter, builds)
    assert builds.count == 2


@pytest.mark.parametrize("name", ["CFLAGS", "CC", "CMAKE_ARGS", "SOURCE_DATE_EPOCH"])
def test_what_compilers_obey_may_give_another_wheel(
    cache: WheelCache, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    builds = Builds()
    for value in ("1", "2", "1"):
        monkeypatch.setenv(name, value)
        cache._replace(surroundings=seen_by_builds()).get(FINGERPRINT, interpreter, builds)
    assert builds.count == 2


SAME_WHEELS = {
    "extras": replace(FINGERPRINT, recipe=Recipe(extras=("test",))),
    "groups": replace(FINGERPRINT, recipe=Recipe(groups=("dev",))),
}


@pytest.mark.parametrize("fingerprint", SAME_WHEELS.values(), ids=SAME_WHEELS)
def test_what_gives_the_same_wheel_is_not_built(
    cache: WheelCache, interpreter: Interpreter, fingerprint: Fingerprint
) -> None:
    builds = Builds()
    cache.get(FINGERPRINT, interpreter, builds)
    cache.get(fingerprint, interpreter, builds)
    assert builds.count == 1


# Building anew


def test_renewed_once(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    cache.get(FINGERPRINT, interpreter, builds)
    anew = replace(cache, renewed=set())
    assert [text_of(anew.get(FINGERPRINT, interpreter, builds)) for _ in range(2)] == ["BUILD = 2\n"] * 2
    assert text_of(anew.get(FINGERPRINT, other(interpreter), builds)) == "BUILD = 3\n"
    assert text_of(cache.get(FINGERPRINT, interpreter, builds)) == "BUILD = 2\n"


def test_renewal_that_fails_leaves_the_old_entry(cache: WheelCache, interpreter: Interpreter, tmp_path: Path) -> None:
    def fail(_: Path) -> Payload:
        raise BuildError("boom", log=tmp_path / "log")

    cache.get(FINGERPRINT, interpreter, Builds())
    with pytest.raises(BuildError):
        replace(cache, renewed=set()).get(FINGERPRINT, interpreter, fail)
    assert text_of(cache.get(FINGERPRINT, interpreter, Builds(count=1))) == "BUILD = 1\n"


# Failures


def test_build_that_fails_leaves_nothing(cache: WheelCache, interpreter: Interpreter, tmp_path: Path) -> None:
    def fail(folder: Path) -> Payload:
        (folder / "half").touch()
        raise BuildError("boom", log=tmp_path / "log")

    with pytest.raises(BuildError):
        cache.get(FINGERPRINT, interpreter, fail)
    assert [path for path in cache.directory.rglob("*") if path.is_file()] == []
    assert text_of(cache.get(FINGERPRINT, interpreter, Builds())) == "BUILD = 1\n"


def test_what_a_killed_build_left_is_in_nobodys_way(cache: WheelCache, interpreter: Interpreter) -> None:
    first = cache.get(FINGERPRINT, interpreter, Builds())
    shutil.copytree(first.directory, first.directory.with_name("new-abc"))
    shutil.rmtree(first.directory)
    assert text_of(cache.get(FINGERPRINT, interpreter, Builds(count=1))) == "BUILD = 2\n"


def edited_manifest(**changes: object) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        manifest = folder / "manifest.json"
        data = json.loads(manifest.read_text())
        del data["seal"]
        # Sealed anew: what is in it must do no harm, whoever wrote it.
        manifest.write_bytes(seal({**data, **changes}))

    return edit


DAMAGES: dict[str, Callable[[Path], object]] = {
    "manifest gone": lambda it: (it / "manifest.json").unlink(),
    "manifest empty": lambda it: (it / "manifest.json").write_text(""),
    "manifest cut off": lambda it: (it / "manifest.json").write_text((it / "manifest.json").read_text()[:-5]),
    "manifest is zeros": lambda it: (it / "manifest.json").write_bytes(bytes(100)),
    "manifest is a list": lambda it: (it / "manifest.json").write_text("[]"),
    "manifest is too deep": lambda it: (it / "manifest.json").write_text("[" * 100_000),
    "of another version": edited_manifest(version=1),
    "no files": edited_manifest(files=None),
    "row of four": edited_manifest(files=[["purelib", "a", "b", 1]]),
    "distribution of two": edited_manifest(distribution=["demo", "1.0"]),
    "edited and not sealed": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("demo", "deem")
    ),
    "everything gone": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_entry_is_built_anew(
    cache: WheelCache, interpreter: Interpreter, damage: Callable[[Path], object]
) -> None:
    builds = Builds()
    damage(cache.get(FINGERPRINT, interpreter, builds).directory)
    again = cache.get(FINGERPRINT, interpreter, builds)
    assert text_of(again) == "BUILD = 2\n"
    assert cache.get(FINGERPRINT, interpreter, builds) == again
    assert builds.count == 2


@pytest.mark.parametrize("content", [b"BUILD = 9\n", b""], ids=["edited", "emptied"])
def test_damaged_file_is_found_when_it_is_read(cache: WheelCache, interpreter: Interpreter, content: bytes) -> None:
    builds = Builds()
    payload = cache.get(FINGERPRINT, interpreter, builds)
    (payload.directory / payload.files[0].stored).write_bytes(content)
    with pytest.raises(DamagedPayloadError):
        text_of(payload)
    cache.discard(payload)
    assert text_of(cache.get(FINGERPRINT, interpreter, builds)) == "BUILD = 2\n"


def test_missing_metadata_is_damage(tmp_path: Path) -> None:
    payload = make(tmp_path, "x")
    with pytest.raises(DamagedPayloadError):
        replace(payload, files=payload.files[:1]).metadata()


def test_discard_leaves_other_places_alone(cache: WheelCache, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    cache.discard(make(folder, "x"))
    assert (folder / "manifest.json").exists()


def test_discard_leaves_other_entries_alone(cache: WheelCache, interpreter: Interpreter) -> None:
    builds = Builds()
    first = cache.get(FINGERPRINT, interpreter, builds)
    second = cache.get(FINGERPRINT, other(interpreter), builds)
    cache.discard(first)
    assert cache.get(FINGERPRINT, other(interpreter), builds) == second
    assert builds.count == 2


def test_cache_that_cannot_be_written(interpreter: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "wheels").touch()
    with pytest.raises(OSError, match=r"Not a directory|exists"):
        WheelCache(tmp_path / "wheels", tmp_path / "locks").get(FINGERPRINT, interpreter, Builds())


# Two at once

BUILDER = """
import sys, time
from pathlib import Path
from freshvenv.environment import seen_by_builds
from freshvenv.fingerprint import Fingerprint, Recipe
from freshvenv.interpreter import inspect_interpreter
from freshvenv.payload import Payload, dump
from freshvenv.wheels.cache import WheelCache

root = Path(sys.argv[1])

def make(folder):
    with (root / "builds").open("a") as log:
        log.write("built\\n")
    time.sleep(0.3)
    payload = Payload(folder, "demo", "1.0", "demo-1.0.dist-info", "purelib", (), ())
    dump(payload)
    return payload

(root / f"ready-{sys.argv[2]}").touch()
end = time.monotonic() + 600
while not (root / "go").exists() and time.monotonic() < end:
    time.sleep(0.005)
cache = WheelCache(root / "wheels", root / "locks")
interpreter = inspect_interpreter(Path(sys.executable), root / "interpreters")
print(cache.get(Fingerprint("1" * 40, "", Recipe()), interpreter, make).directory)
"""


def test_two_processes_build_once(tmp_path: Path) -> None:
    words: list[str | Path] = [sys.executable, "-c", BUILDER, tmp_path]
    processes = [subprocess.Popen([*words, str(number)], stdout=subprocess.PIPE, text=True) for number in range(2)]
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert all(process.poll() is None for process in processes)
    (tmp_path / "go").touch()
    places = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    assert (tmp_path / "builds").read_text() == "built\n"
    assert len(places) == 1
