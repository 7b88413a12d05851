"""Notes, caches and installs that are damaged are repaired, and nothing else is touched."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from itertools import compress
from pathlib import Path

import pytest

from freshvenv.sealed import seal
from support.repository import Repository, assert_fresh
from support.spoiled import everything_in, own_notes, say


def receipt_of(repository: Repository) -> Path:
    [file] = (repository.venv / ".freshvenv").glob("*.receipt.json")
    return file


def edit_witness(repository: Repository, path: str) -> None:
    """Add a file to the receipt, and seal it as we do: what is in it must do no harm."""
    data = json.loads(receipt_of(repository).read_text())
    for column, value in zip(data["witness"].values(), (path, 1, 1, 1, False, "sha256=x"), strict=True):
        column.append(value)
    del data["seal"]
    receipt_of(repository).write_bytes(seal(data))


def intent(repository: Repository, *paths: str) -> None:
    name = receipt_of(repository).name.replace("receipt", "intent")
    data = {"version": 1, "project": str(repository.path), "paths": list(paths)}
    receipt_of(repository).with_name(name).write_text(json.dumps(data))


def empty_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(b"")


def cut_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(receipt_of(repository).read_bytes()[:100])


def zero_receipt(repository: Repository) -> None:
    receipt_of(repository).write_bytes(bytes(500))


def later_receipt(repository: Repository) -> None:
    receipt_of(repository).write_text(json.dumps({**json.loads(receipt_of(repository).read_text()), "version": 99}))


def receipt_with_null_bytes(repository: Repository) -> None:
    edit_witness(repository, "lib/\0.py")


def receipt_with_odd_letters(repository: Repository) -> None:
    edit_witness(repository, "lib/\ud800.py")
    edit_witness(repository, "lib/\ud800/a.py")


def receipt_that_points_outside(repository: Repository) -> None:
    edit_witness(repository, "../precious/demo-1.0.dist-info/RECORD")
    edit_witness(repository, "../precious/file")
    edit_witness(repository, f"{repository.path}/precious/file")


def empty_intent(repository: Repository) -> None:
    (repository.venv / ".freshvenv" / "x.intent.json").write_bytes(b"")


def intent_of_nothing(repository: Repository) -> None:
    intent(repository)


def intent_with_null_bytes(repository: Repository) -> None:
    intent(repository, "lib/\0.py")


def intent_with_odd_letters(repository: Repository) -> None:
    intent(repository, "lib/\ud800.py", "lib/\ud800/a.py")


def intent_that_points_outside(repository: Repository) -> None:
    intent(
        repository,
        "../precious/demo-1.0.dist-info/RECORD",
        "../precious/file",
        f"{repository.path}/precious/file",
        f"{repository.path}/precious/demo-1.0.dist-info/RECORD",
    )


def damaged_failure(repository: Repository) -> None:
    receipt_of(repository).with_name(receipt_of(repository).name.replace("receipt.json", "failure")).write_bytes(
        b"\xff\0"
    )


def wheels(repository: Repository) -> list[Path]:
    return sorted((repository.world.root / "cache" / "freshvenv" / "wheels").glob("*/*"))


def cache_without_manifests(repository: Repository) -> None:
    for folder in wheels(repository):
        (folder / "manifest.json").unlink()


def cache_with_empty_manifests(repository: Repository) -> None:
    for folder in wheels(repository):
        (folder / "manifest.json").write_text("{}")


def cache_with_other_files(repository: Repository) -> None:
    for folder in wheels(repository):
        for file in folder.glob("files/*/demo/*.py"):
            file.write_text("NUMBER = 9\n")


def cache_without_files(repository: Repository) -> None:
    for folder in wheels(repository):
        shutil.rmtree(folder / "files")


def cache_without_metadata(repository: Repository) -> None:
    for folder in wheels(repository):
        data = json.loads((folder / "manifest.json").read_text())
        del data["seal"]
        kept = [not path.endswith("METADATA") for path in data["files"]["path"]]
        data["files"] = {name: list(compress(column, kept)) for name, column in data["files"].items()}
        (folder / "manifest.json").write_bytes(seal(data))


def cache_of_interpreters_damaged(repository: Repository) -> None:
    for file in (repository.world.root / "cache" / "freshvenv" / "interpreters").iterdir():
        file.write_bytes(b"{}")


def cache_gone(repository: Repository) -> None:
    shutil.rmtree(repository.world.root / "cache" / "freshvenv")


def environments_half_made(repository: Repository) -> None:
    for folder in (repository.world.root / "cache" / "freshvenv" / "build-environments").iterdir():
        shutil.rmtree(folder / "bin")
        (folder / "freshvenv.json").unlink()


def objects_gone(repository: Repository) -> None:
    shutil.rmtree(repository.common_dir / "freshvenv" / "objects", ignore_errors=True)


def record_that_points_outside(repository: Repository) -> None:
    [record] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/RECORD")
    text = io.StringIO()
    paths = ("../../../../precious/file", f"{repository.path}/precious/file", "link/file")
    csv.writer(text, lineterminator="\n").writerows([path, "", ""] for path in paths)
    record.write_text(text.getvalue() + record.read_text())
    (record.parents[1] / "link").symlink_to(repository.path / "precious")


DAMAGES: list[Callable[[Repository], None]] = [
    empty_receipt,
    cut_receipt,
    zero_receipt,
    later_receipt,
    receipt_with_null_bytes,
    receipt_with_odd_letters,
    receipt_that_points_outside,
    empty_intent,
    intent_of_nothing,
    intent_with_null_bytes,
    intent_with_odd_letters,
    intent_that_points_outside,
    damaged_failure,
    cache_without_manifests,
    cache_with_empty_manifests,
    cache_with_other_files,
    cache_without_files,
    cache_without_metadata,
    cache_of_interpreters_damaged,
    cache_gone,
    environments_half_made,
    objects_gone,
    record_that_points_outside,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_repaired(installed_twice: Repository, damage: Callable[[Repository], None]) -> None:
    """Back on the first commit, with a note or the cache damaged meanwhile."""
    repository = installed_twice
    expected = everything_in(repository.path / "precious")
    damage(repository)
    repository.git("switch", "--quiet", "--detach", "HEAD~")
    assert say(repository.world, "status", "--exit-code", cwd=repository.path).status == 1
    said = say(repository.world, "resync", cwd=repository.path)
    assert said.status == 0, said.text
    assert everything_in(repository.path / "precious") == expected
    assert_fresh(repository, 11)
    # A voucher is of lines, and none is left where a path has a line end.
    voucher = [] if "\n" in str(repository.path) else ["voucher"]
    assert own_notes(repository.venv) == [".mark", ".receipt.json", *voucher]
