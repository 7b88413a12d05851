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
from freshvenv.hooks.stamp import HEADER, holds
from freshvenv.interpreter import Interpreter
from freshvenv.trust.ledger import DamagedLedgerError, Ledger, parse_ledger
from freshvenv.trust.reflog import Deed, is_id, parse_reflog
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
    HEADER,
    f"commit {COMMIT}",
    "end",
    "newer a",
    "absent a",
    "newer \0",
    f"absent {'x' * 300}",
    "",
    "tree",
    "\udce9",
)


@thoroughly
@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=6).map("\n".join) | st.binary(max_size=40))
def test_stamp(folder: Path, text: str | bytes) -> None:
    """It vouches only where it is whole and names the commit."""
    content = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    (folder / "stamp").write_bytes(content)
    if holds(str(folder / "stamp"), str(folder), COMMIT):
        lines = content.split(b"\n")
        assert lines[0] == HEADER.encode()
        assert lines[-2:] == [b"end", b""]
        assert f"commit {COMMIT}".encode() in lines


def test_stamp_that_is_whole_is_among_those(folder: Path) -> None:
    (folder / "stamp").write_text(f"{HEADER}\ncommit {COMMIT}\nend\n")
    assert holds(str(folder / "stamp"), str(folder), COMMIT)


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
        assert isinstance(entry.deed, Deed)
        assert isinstance(entry.step, str)
        assert isinstance(entry.returns_to, str)


@thoroughly
@given(st.text(max_size=30))
def test_what_a_commit_calls_itself_proves_nothing(subject: str) -> None:
    """A fast-forward to a stranger's commit notes its own words, and they may be anything but a new line."""
    line = subject.replace("\n", "").replace("\r", "")
    [entry] = parse_reflog(f"{COMMIT} {'2' * 40} A <a@b> 1 +0000\tcheckout: moving from a to {line}\n")
    assert entry.deed is Deed.NOTHING
