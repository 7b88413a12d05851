"""Receipts, intents and failures in a venv's own folder, and whether files are still those that a receipt vouches for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.fingerprint import Fingerprint, Recipe
from freshvenv.payload import digest
from freshvenv.receipt import DamagedReceiptError, FileStamp, Receipt
from freshvenv.venvs.intent import Intent, read_intents, write_intent
from freshvenv.venvs.notes import Notes
from freshvenv.venvs.witness import altered, stamps
from support.receipts import receipt_of

PROJECT, OTHER = Path("/place/demo"), Path("/place/demo/sub")


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    (tmp_path / "pyvenv.cfg").touch()
    return Notes(tmp_path / ".freshvenv", PROJECT)


def receipt(tree: str = "1" * 40) -> Receipt:
    return receipt_of(Fingerprint(tree, "cpython 3.11.7", Recipe()), project=os.fspath(PROJECT))


def names(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.iterdir())


def test_nothing_is_noted_in_what_is_no_venv(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "gone" / ".freshvenv", PROJECT)
    notes.write_failure("1" * 40, "the build failed")
    assert not notes.folder.parent.exists()


# Receipts


def test_no_receipt(notes: Notes) -> None:
    assert notes.receipt() is None
    assert not notes.folder.exists()


def test_receipt_is_read_back(notes: Notes) -> None:
    notes.write_receipt(receipt())
    assert notes.receipt() == receipt()
    notes.write_receipt(receipt("2" * 40))
    assert notes.receipt() == receipt("2" * 40)
    assert len(list(notes.folder.iterdir())) == 1


def test_receipt_dropped(notes: Notes) -> None:
    notes.drop_receipt()
    notes.write_receipt(receipt())
    notes.drop_receipt()
    assert notes.receipt() is None


def test_projects_have_receipts_of_their_own(notes: Notes) -> None:
    other = Notes(notes.folder, OTHER)
    notes.write_receipt(receipt())
    assert other.receipt() is None
    other.write_receipt(receipt("2" * 40))
    assert notes.receipt() == receipt()


def marked(mark: str) -> Receipt:
    return receipt()._replace(mark=mark)


def test_mark_is_there_as_long_as_its_receipt(notes: Notes) -> None:
    other = Notes(notes.folder, OTHER)
    other.write_receipt(marked("c"))
    for old, new in (("a", "b"), ("b", "a")):
        notes.write_receipt(marked(old))
        notes.write_receipt(marked(new))
        assert notes.mark_file(marked(new)).is_file()
        assert not notes.mark_file(marked(old)).exists()
    assert other.mark_file(marked("c")).is_file()


def test_mark_is_there_before_its_receipt(notes: Notes) -> None:
    """So that a receipt whose mark is missing was never one of this venv."""
    notes.write_receipt(marked("a"))
    notes.receipt_file.unlink()
    notes.receipt_file.mkdir()
    with pytest.raises(OSError, match="directory"):
        notes.write_receipt(marked("b"))
    assert notes.mark_file(marked("b")).is_file()
    notes.receipt_file.rmdir()
    notes.write_receipt(marked("c"))
    assert names(notes.folder) == [".json", ".mark"]


def test_receipt_that_cannot_be_written_leaves_the_old_one(notes: Notes) -> None:
    notes.write_receipt(receipt())
    blocked = Notes(notes.folder / "file", PROJECT)
    blocked.folder.touch()
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        blocked.write_receipt(receipt("2" * 40))
    assert notes.receipt() == receipt()


def emptied(notes: Notes) -> None:
    notes.receipt_file.write_bytes(b"")


def cut_off(notes: Notes) -> None:
    notes.receipt_file.write_bytes(notes.receipt_file.read_bytes()[:-10])


def zeros(notes: Notes) -> None:
    notes.receipt_file.write_bytes(bytes(len(notes.receipt_file.read_bytes())))


def a_folder(notes: Notes) -> None:
    notes.receipt_file.unlink()
    notes.receipt_file.mkdir()


def link_to_itself(notes: Notes) -> None:
    notes.receipt_file.unlink()
    notes.receipt_file.symlink_to(notes.receipt_file.name)


def folder_is_a_file(notes: Notes) -> None:
    shutil.rmtree(notes.folder)
    notes.folder.touch()


DAMAGES: list[Callable[[Notes], None]] = [emptied, cut_off, zeros, a_folder, link_to_itself, folder_is_a_file]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_receipt(notes: Notes, damage: Callable[[Notes], None]) -> None:
    notes.write_receipt(receipt())
    damage(notes)
    with pytest.raises(DamagedReceiptError):
        notes.receipt()


@pytest.mark.parametrize("damage", [emptied, cut_off, zeros, link_to_itself])
def test_damaged_receipt_is_replaced(notes: Notes, damage: Callable[[Notes], None]) -> None:
    notes.write_receipt(receipt())
    damage(notes)
    notes.write_receipt(receipt("2" * 40))
    assert notes.receipt() == receipt("2" * 40)


# Failures


def test_failure_that_was_ended(notes: Notes) -> None:
    assert notes.outlasted("1" * 40) == 0
    notes.write_failure("1" * 40, "too slow", 600)
    assert (notes.failure("1" * 40), notes.outlasted("1" * 40)) == ("too slow", 600)
    assert (notes.failure("2" * 40), notes.outlasted("2" * 40)) == ("", 0)
    notes.write_failure("1" * 40, "the build failed")
    assert (notes.failure("1" * 40), notes.outlasted("1" * 40)) == ("the build failed", 0)
    for seconds in ("soon", "9" * 5000, "6 0", "\0"):
        notes.failure_file.write_text(f"{'1' * 40} {seconds}\ntoo slow")
        assert (notes.failure("1" * 40), notes.outlasted("1" * 40)) == ("too slow", 0)


def test_failure_is_for_one_tree(notes: Notes) -> None:
    assert notes.failure("1" * 40) == ""
    notes.write_failure("1" * 40, "the build failed\nin two lines, é \udce9")
    assert notes.failure("1" * 40) == "the build failed\nin two lines, é \udce9"
    assert notes.failure("2" * 40) == ""


def test_failure_is_forgotten_when_an_install_is_finished(notes: Notes) -> None:
    notes.write_failure("1" * 40, "the build failed")
    notes.write_receipt(receipt())
    assert notes.failure("1" * 40) == ""


def test_failure_that_cannot_be_noted_is_no_failure(notes: Notes) -> None:
    notes.folder.touch()
    notes.write_failure("1" * 40, "the build failed")
    assert notes.failure("1" * 40) == ""


# Intents


def test_intent_is_read_back(notes: Notes) -> None:
    paths = {"a.py", "é", "a b", 'quo"te', "new\nline", os.fsdecode(b"caf\xe9")}
    intent = write_intent(notes.intent_file, os.fspath(PROJECT), paths)
    assert notes.interrupted() == [intent]
    assert intent == Intent(notes.intent_file, os.fspath(PROJECT), frozenset(paths))
    intent.drop()
    intent.drop()
    assert notes.interrupted() == []


def test_intents_of_other_projects_are_theirs(notes: Notes) -> None:
    other = Notes(notes.folder, OTHER)
    theirs = write_intent(other.intent_file, os.fspath(OTHER), ["b"])
    assert notes.interrupted() == []
    assert other.interrupted() == [theirs]


NO_INTENTS: dict[str, bytes] = {
    "empty": b"",
    "cut off": b'{"version": 1, "project": "/place/de',
    "zeros": bytes(50),
    "a list": b"[]",
    "a text": b'"x"',
    "nothing": b"null",
    "of another version": b'{"version": 2, "project": "/place/demo", "paths": []}',
    "no paths": b'{"version": 1, "project": "/place/demo"}',
    "paths are a number": b'{"version": 1, "project": "/place/demo", "paths": 1}',
    "project is a number": b'{"version": 1, "project": 1, "paths": []}',
    "not UTF-8": b'{"version": 1, "project": "\xff", "paths": []}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("text", NO_INTENTS.values(), ids=NO_INTENTS)
def test_damaged_intent_still_says_that_something_was_begun(notes: Notes, text: bytes) -> None:
    notes.folder.mkdir()
    notes.intent_file.write_bytes(text)
    [found] = notes.interrupted()
    assert found == Intent(notes.intent_file, "", frozenset(), readable=False)
    assert Notes(notes.folder, OTHER).interrupted() == [found]
    found.drop()
    assert notes.interrupted() == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("intents")


JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@settings(database=None, deadline=None, max_examples=150)
@given(
    st.binary(max_size=30)
    | st.fixed_dictionaries({"version": st.just(1), "project": JSON, "paths": JSON}).map(
        lambda data: json.dumps(data).encode()
    )
)
def test_any_intent(folder: Path, text: bytes) -> None:
    (folder / "x.intent.json").write_bytes(text)
    [found] = read_intents(folder)
    assert all(isinstance(path, str) for path in found.paths)


def test_no_folder(tmp_path: Path) -> None:
    assert read_intents(tmp_path / "nothing") == []


# The witness


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two files that were placed some time ago."""
    top = tmp_path / "venv"
    (top / "bin").mkdir(parents=True)
    (top / "a.py").write_bytes(b"VALUE = 1\n")
    (top / "bin" / "run").write_bytes(b"#!/bin/sh\n")
    (top / "bin" / "run").chmod(0o755)
    for path in (top / "a.py", top / "bin" / "run"):
        os.utime(path, ns=(10**18, 10**18))
    return top


def stamps_of(root: Path) -> dict[str, FileStamp]:
    return stamps(root, ["a.py", "bin/run"], {})


def rewrite(path: Path, content: bytes) -> None:
    """Write a file and put its time back."""
    status = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_by_link(root: Path) -> None:
    (root / "a.py").rename(root / "elsewhere.py")
    (root / "a.py").symlink_to("elsewhere.py")


def replace_by_folder(root: Path) -> None:
    (root / "a.py").unlink()
    (root / "a.py").mkdir()


def swap(root: Path) -> None:
    (root / "b.py").write_bytes(b"VALUE = 2\n")
    os.utime(root / "b.py", ns=(10**18, 10**18))
    (root / "b.py").rename(root / "a.py")


ALTERATIONS: dict[str, Callable[[Path], object]] = {
    "edited": lambda root: (root / "a.py").write_bytes(b"VALUE = 22\n"),
    "edited, of the same size": lambda root: (root / "a.py").write_bytes(b"VALUE = 2\n"),
    "edited, its time put back": lambda root: rewrite(root / "a.py", b"VALUE = 22\n"),
    "edited, of the same size, its time put back": lambda root: rewrite(root / "a.py", b"VALUE = 2\n"),
    "replaced by another of the same size and time": swap,
    "emptied": lambda root: (root / "a.py").write_bytes(b""),
    "removed": lambda root: (root / "a.py").unlink(),
    "replaced by a link to the same content": replace_by_link,
    "replaced by a folder": replace_by_folder,
    "made executable": lambda root: (root / "a.py").chmod(0o755),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS)
def test_altered(root: Path, alter: Callable[[Path], object]) -> None:
    before = stamps_of(root)
    alter(root)
    assert altered(root, before) == ("a.py",)


def test_exec_bit_lost(root: Path) -> None:
    before = stamps_of(root)
    (root / "bin" / "run").chmod(0o644)
    assert altered(root, before) == ("bin/run",)


def test_everything_gone(root: Path) -> None:
    before = stamps_of(root)
    shutil.rmtree(root)
    assert altered(root, before) == ("a.py", "bin/run")


def to_and_fro(root: Path) -> None:
    (root / "a.py").chmod(0o755)
    (root / "a.py").chmod(0o644)


def copy_over(root: Path) -> None:
    shutil.copy2(root / "a.py", root / "b.py")
    (root / "b.py").rename(root / "a.py")


HARMLESS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "touched": lambda root: (root / "a.py").touch(),
    "written with what it had": lambda root: (root / "a.py").write_bytes(b"VALUE = 1\n"),
    "mode changed and put back": to_and_fro,
    "read by fewer": lambda root: (root / "a.py").chmod(0o600),
    "copied and put in its place": copy_over,
    "linked from elsewhere": lambda root: os.link(root / "a.py", root / "b.py"),
    "file beside it": lambda root: (root / "b.py").touch(),
    "bytecode": lambda root: (root / "__pycache__").mkdir(),
}


@pytest.mark.parametrize("touch", HARMLESS.values(), ids=HARMLESS)
def test_not_altered(root: Path, touch: Callable[[Path], object]) -> None:
    before = stamps_of(root)
    touch(root)
    assert altered(root, before) == ()


def facts(found: Mapping[str, FileStamp]) -> dict[str, tuple[str, bool]]:
    return {path: (stamp.digest, stamp.executable) for path, stamp in found.items()}


def read(root: Path, paths: Iterable[str]) -> dict[str, tuple[str, bool]]:
    return {path: (digest((root / path).read_bytes()), os.access(root / path, os.X_OK)) for path in paths}


def test_stamps(root: Path) -> None:
    wanted = ["a.py", "bin/run", "gone", "bin", "a.py/x"]
    assert facts(stamps(root, wanted, {})) == read(root, ["a.py", "bin/run"])


def test_stamp_of_a_link_is_of_where_it_leads(root: Path) -> None:
    """A link with the name that the content of a file has is no such file."""
    link = root / "link"
    link.symlink_to("a.py")
    (root / "name").write_text("a.py")
    found = stamps(root, ["link", "name"], {})
    assert found["link"].digest != found["name"].digest
    rewrite(root / "a.py", b"VALUE = 2\n")
    assert altered(root, found) == ()
    link.unlink()
    link.symlink_to("./a.py")
    assert altered(root, found) == ("link",)
    link.unlink()
    link.write_text("a.py")
    assert altered(root, found) == ("link",)


def test_stamps_of_edited_files(root: Path) -> None:
    before = stamps_of(root)
    rewrite(root / "a.py", b"VALUE = 2\n")
    after = stamps(root, ["a.py", "bin/run"], before)
    assert facts(after) == read(root, ["a.py", "bin/run"])
    assert after["bin/run"] is before["bin/run"]


ODD = ["a\0b", "\ud800"]


@pytest.mark.parametrize("path", ODD, ids=["null byte", "no text of a file system"])
def test_path_that_no_file_can_have(root: Path, path: str) -> None:
    """Only a damaged receipt names one; it is a file that is gone."""
    assert altered(root, {path: FileStamp(1, 2, 3, executable=False, digest="sha256=x")}) == (path,)
    assert stamps(root, [path], {}) == {}
