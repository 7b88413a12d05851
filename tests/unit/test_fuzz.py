"""Whatever lies where we read gives a value, or the one error that the reader promises, and nothing else.

Receipts, intents and ``direct_url.json`` have such tests beside their others.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import settings as quietly
from hypothesis import strategies as st

from freshvenv.config.settings import Settings, parse_settings, read_toml
from freshvenv.errors import SettingsError, VenvError
from freshvenv.hooks.stamp import holds
from freshvenv.interpreter import Interpreter
from freshvenv.trust.ledger import DamagedLedgerError, Ledger, parse_ledger
from freshvenv.trust.reflog import ReflogAction, is_id, parse_reflog
from freshvenv.venvs.record import owned_files
from freshvenv.venvs.venv import Distribution, Venv

_Test = TypeVar("_Test", bound=Callable[..., None])

COMMIT = "1" * 40


def thoroughly(test: _Test) -> _Test:
    return quietly(database=None, deadline=None, derandomize=True, max_examples=200)(test)


def values(*words: str) -> st.SearchStrategy[Any]:
    """Anything that JSON or TOML can say, mostly in the words of the format."""
    texts = st.sampled_from(words) | st.text(max_size=5)
    plain = st.none() | st.booleans() | st.integers() | st.floats() | texts
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# The stamp

WORDS = (
    f"commit%{COMMIT}",
    *(f"end%{count}" for count in range(-1, 5)),
    "end",
    "newer%a",
    "newer%%dev%null",
    "absent%a",
    f"absent%{'x' * 200}",
    "tree",
    "%",
    ".hidden",
    "\udce9",
)
NAMES = st.sampled_from(WORDS) | st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=8)


@thoroughly
@given(st.sets(NAMES.filter(lambda name: name not in {"", ".", ".."}), max_size=6))
def test_stamp(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    """It vouches only where it is whole and names the commit."""
    folder = tmp_path_factory.mktemp("stamp", numbered=True)
    for name in names:
        (folder / name).touch()
    shown = {name for name in names if not name.startswith(".")}
    if holds(str(folder), str(folder.parent), COMMIT):
        assert {f"commit%{COMMIT}", f"end%{len(shown) - 1}"} <= shown
        assert not any(name.startswith("newer%") and name != "newer%%dev%null" for name in shown)
        assert {name.partition("%")[0] for name in shown} <= {"commit", "end", "newer", "absent", "tree"}


def test_stamp_that_is_whole_is_among_those(tmp_path: Path) -> None:
    (tmp_path / "stamp").mkdir()
    for name in (f"commit%{COMMIT}", "absent%a", "tree", "end%3"):
        (tmp_path / "stamp" / name).touch()
    assert holds(str(tmp_path / "stamp"), str(tmp_path), COMMIT)


# RECORD

PIECES = st.sampled_from(["a", "/", "..", ",", '"', "\n", "\r", "\0", "\x1c", "\u2028", "\udce9", "é", "=", "LONG"])
OWN = "demo-1.0.dist-info/RECORD,,\n"


@thoroughly
@given(st.lists(PIECES, max_size=12).map("".join))
def test_record(folder: Path, text: str) -> None:
    """Also one with a field that is longer than the csv module takes."""
    interpreter = Interpreter("", "cpython", "3.11.0", "", "lib", "lib", "bin", "include", {})
    distribution = Distribution("demo", "1.0", "lib", "demo-1.0.dist-info", None)
    metadata = folder / "venv" / distribution.metadata
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "RECORD").write_bytes((text.replace("LONG", "x" * 140_000) + OWN).encode(errors="surrogateescape"))
    try:
        owned = owned_files(Venv(folder / "venv", folder / "venv" / "bin" / "python", interpreter), distribution)
    except VenvError:
        return
    assert not any(path.startswith(("/", "../")) or path == ".." for path in owned.paths)


# Settings

KEYS = (
    "venvs",
    "exclude",
    "editable",
    "extras",
    "config-settings",
    "build-from",
    "on-stale",
    "on-commit",
    "projects",
    "path",
)


@thoroughly
@given(
    values("tool", "freshvenv", *KEYS, "/x", "../x", "~", "\0"),
    st.lists(
        st.tuples(st.sampled_from([f"freshvenv.{key}" for key in KEYS]) | st.text(max_size=5), st.text(max_size=5))
    ),
)
def test_settings(table: Any, personal: list[tuple[str, str]]) -> None:
    """What a tree asks for stays within it."""
    for pyproject in ({"tool": {"freshvenv": table}}, {"tool": table}, table if isinstance(table, dict) else {}):
        try:
            found = parse_settings(pyproject, personal)
        except SettingsError:
            continue
        assert isinstance(found, Settings)
        for project in (found.default, *found.projects):
            assert not any(path.startswith(("/", "../", "~")) or path == ".." for path in project.venvs)


@thoroughly
@given(st.binary(max_size=60) | st.text("[]{}=\"'.\n\\#abu0-9_ \0é", max_size=60).map(str.encode))
def test_toml(folder: Path, text: bytes) -> None:
    (folder / "pyproject.toml").write_bytes(text)
    try:
        assert isinstance(read_toml(folder / "pyproject.toml"), dict)
    except SettingsError as error:
        assert str(error).startswith("pyproject.toml is broken: ")  # noqa: PT017 - either is right


# Trust


@thoroughly
@given(
    st.binary(max_size=60)
    | values("version", "commits", "histories", COMMIT).map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"version": st.just(1), "commits": values(COMMIT), "histories": values(COMMIT)}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_ledger(content: bytes) -> None:
    """What it approves are ids, since they become words of a command."""
    try:
        ledger = parse_ledger(content)
    except DamagedLedgerError:
        return
    assert isinstance(ledger, Ledger)
    assert all(is_id(each) for each in ledger.commits | ledger.histories)


LINE = st.lists(
    st.sampled_from(
        [
            COMMIT,
            "0" * 40,
            "a" * 64,
            " ",
            "\t",
            "A U <a@b>",
            " 1 +0000",
            "commit",
            " (amend)",
            " (merge)",
            ": ",
            "rebase",
        ]
    )
    | st.text(max_size=4),
    max_size=10,
).map("".join)


@thoroughly
@given(st.lists(LINE, max_size=5).map("\n".join))
def test_reflog(text: str) -> None:
    """Every entry has ids, and says what it proves."""
    for entry in parse_reflog(text):
        assert is_id(entry.old)
        assert is_id(entry.new)
        assert isinstance(entry.action, ReflogAction)
        assert isinstance(entry.step, str)
        assert isinstance(entry.returns_to, str)


@thoroughly
@given(st.text(max_size=30))
def test_what_a_commit_calls_itself_proves_nothing(subject: str) -> None:
    """A fast-forward to a stranger's commit notes its own words, and they may be anything but a new line."""
    line = subject.replace("\n", "").replace("\r", "")
    [entry] = parse_reflog(f"{COMMIT} {'2' * 40} A <a@b> 1 +0000\tcheckout: moving from a to {line}\n")
    assert entry.action is ReflogAction.NOTHING
