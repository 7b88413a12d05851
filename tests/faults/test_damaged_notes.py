"""Whatever becomes of a file of our own, it counts as absent: no hang, no traceback, nothing falsely fresh, all exact after the next run."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.hooks import stamp
from freshvenv.wheels.environments import BuildEnvironment
from support.oracle import Snapshot, differences, fresh_install, installed_files
from support.repository import Repository, create, installed_value, make_venv
from support.runner import Ended, Runner
from support.world import World

HUGE = 100 * 1024 * 1024


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garbage(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 8)


def zeros(file: Path) -> None:
    os.truncate(file, 0)
    os.truncate(file, HUGE)


def padded(file: Path) -> None:
    """As it was, and 100 MB of white space."""
    with file.open("r+b") as sink:
        sink.seek(HUGE)
        sink.write(b" ")


def link(file: Path) -> None:
    """The content is right, but the file is elsewhere."""
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def link_to_nothing(file: Path) -> None:
    file.unlink()
    file.symlink_to("nothing")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def another_owner(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(file, 12345, 12345)


def newer(file: Path) -> None:
    text = file.read_text(errors="replace")
    file.write_text(re.sub(r'("version": |freshvenv )\d', r"\g<1>9", text))


DAMAGES = [cut, empty, garbage, zeros, padded, link, link_to_nothing, pipe, device, another_owner, newer]


def receipt(repository: Repository) -> list[Path]:
    return list((repository.venv / ".freshvenv").glob("*.receipt.json"))


def intent(repository: Repository) -> list[Path]:
    file = receipt(repository)[0].with_name("x.intent.json")
    file.write_text(json.dumps({"version": 1, "project": str(repository.path), "paths": ["lib/a.py"]}))
    return [file]


def failure(repository: Repository) -> list[Path]:
    [known] = receipt(repository)
    file = known.with_name(known.name.replace("receipt.json", "failure"))
    file.write_text(f"{repository.git('rev-parse', 'HEAD^{tree}')}\nno reason\n")
    return [file]


def stamp_of(repository: Repository) -> Path:
    return repository.git_dir / "freshvenv" / "stamp"


def in_place_of_the_stamp(repository: Repository) -> list[Path]:
    """A file where a folder should be: the stamps of old versions were files."""
    file = stamp_of(repository)
    stamp.remove(file)
    file.write_text("freshvenv 2\nend\n")
    return [file]


def in_the_stamp(repository: Repository) -> list[Path]:
    """The file that all facts are names of, by the one that counts the others."""
    return list(stamp_of(repository).glob("end%*"))


def in_cache(pattern: str) -> Callable[[Repository], list[Path]]:
    return lambda repository: [
        path for path in (repository.world.root / "cache" / "freshvenv").glob(pattern) if path.is_file()
    ]


NOTES: dict[str, Callable[[Repository], list[Path]]] = {
    "receipt": receipt,
    "intent": intent,
    "failure": failure,
    "stamp": in_place_of_the_stamp,
    "file of the stamp": in_the_stamp,
    "cache entry": in_cache("wheels/*/*/manifest.json"),
    "content of a cache entry": in_cache("wheels/*/*/files/*/demo/left.py"),
    "interpreter": in_cache("interpreters/*.json"),
    "build environment": in_cache("build-environments/*/freshvenv.json"),
}


def assert_quiet(ended: Ended, lines: int) -> None:
    assert "Traceback" not in ended.printed
    assert "bug" not in ended.printed
    assert len(ended.printed.splitlines()) <= lines, ended.printed


@pytest.mark.parametrize("kind", NOTES)
def test_damaged_note_counts_as_absent(world: World, runner: Runner, kind: str) -> None:
    repository = create(world, world.root / "work", branches={"topic": (("left", 2),)})
    make_venv(world, repository.venv)
    repository.git("config", "freshvenv.enabled", "true")
    expected: dict[str, Snapshot] = {}
    for branch in ("topic", "main"):
        repository.git("switch", "--quiet", branch)
        assert runner.run("resync", cwd=repository.path).status == 0
        expected[branch] = fresh_install(
            world, repository.path, "HEAD", repository.venv / "bin" / "python", editable=False
        )

    def wrong(branch: str) -> list[str]:
        return differences(installed_files(repository.venv / "bin" / "python", "demo"), expected[branch])

    branch = "main"
    for damage in DAMAGES:
        files = NOTES[kind](repository)
        assert files
        for file in files:
            damage(file)
        told = runner.run("status", "--json", cwd=repository.path)
        assert told.status == 0, (damage.__name__, told)
        [row] = json.loads(told.printed)["targets"]
        assert row["state"] != "fresh" or not wrong(branch)
        if kind == "receipt":
            assert row["state"] == "unknown", damage.__name__
        if kind == "build environment":
            shutil.rmtree(world.root / "cache" / "freshvenv" / "wheels")
        branch = "topic" if branch == "main" else "main"
        repository.git("switch", "--quiet", branch)
        hook = runner.run("hook", "post-checkout", cwd=repository.path)
        assert_quiet(hook, 1)
        assert wrong(branch) == [], (damage.__name__, hook)
        again = runner.run("resync", cwd=repository.path)
        assert again.status == 0, (damage.__name__, again)
        assert_quiet(again, 1)
        assert runner.run("status", "--exit-code", cwd=repository.path).status == 0
        for file in {file.with_name("elsewhere") for file in files}:
            file.unlink(missing_ok=True)


@pytest.mark.parametrize("damage", [it for it in DAMAGES if it is not newer])
def test_damaged_note_of_what_a_backend_asked_for(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    environment = BuildEnvironment(tmp_path)
    environment.note("question", ["answer"])
    assert environment.recall("question") == ["answer"]
    damage(tmp_path / "freshvenv-requires" / "question")
    assert environment.recall("question") is None


def lose(folder: Path) -> None:
    next(folder.glob("newer%*")).unlink()


def lose_all(folder: Path) -> None:
    for fact in folder.iterdir():
        fact.unlink()


def add(folder: Path) -> None:
    (folder / "\x1b[31m%*").touch()


def is_a_file(folder: Path) -> None:
    stamp.remove(folder)
    garbage(folder)


def is_a_pipe(folder: Path) -> None:
    stamp.remove(folder)
    os.mkfifo(folder)


def leads_to_nothing(folder: Path) -> None:
    stamp.remove(folder)
    folder.symlink_to("nothing")


def leads_to_itself(folder: Path) -> None:
    stamp.remove(folder)
    folder.symlink_to("stamp")


def many(folder: Path) -> None:
    for number in range(20_000):
        (folder / f"absent%nothing-{number}").touch()


@pytest.mark.parametrize(
    "damage", [lose, lose_all, add, is_a_file, is_a_pipe, leads_to_nothing, leads_to_itself, another_owner, many]
)
def test_damaged_stamp_in_the_way_of_the_shim(world: World, damage: Callable[[Path], None]) -> None:
    repository = create(world, world.root / "work", branches={"topic": (("left", 2),)})
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    damage(stamp_of(repository))
    done = repository.attempt("switch", "--quiet", "topic")
    assert done.returncode == 0
    assert installed_value(repository.venv, world) == 21
    assert len(done.stderr.splitlines()) == 1, done.stderr
