"""Receipts: what is written is read back, and nothing else is ever believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from freshvenv.fingerprint import BuildFrom, Fingerprint, Recipe
from freshvenv.receipt import DamagedReceiptError, FileStamp, Receipt, dump, load
from freshvenv.sealed import seal
from support.receipts import receipt_of

RECEIPT = receipt_of(
    Fingerprint(
        tree="1" * 40,
        interpreter="cpython 3.11.7 abi",
        recipe=Recipe(True, ("test",), ("dev",), (("jobs", "2"),), BuildFrom.WORKING_TREE),
        version_control="v1",
        submodules=("lib abc",),
        beside=(".gitignore abc",),
        folder="sub",
        conversions=("core.eol=lf",),
        variables=("X=1",),
    ),
    files={"lib/demo.py": FileStamp(3, 1_700_000_000_123_456_789, 1_700_000_000_987_654_321, False, "sha256=abc")},
    unmet=("attrs",),
)

# What os.fsdecode can give: text, with a lone surrogate for each byte that is not UTF-8.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF), max_size=12
)
LINES = st.lists(TEXTS, max_size=3).map(tuple)
STAMPS = st.builds(
    FileStamp,
    size=st.integers(min_value=0),
    mtime_ns=st.integers(),
    ctime_ns=st.integers(),
    executable=st.booleans(),
    digest=TEXTS,
)
RECEIPTS = st.builds(
    Receipt,
    project=TEXTS,
    venv=TEXTS,
    distribution=TEXTS,
    version=TEXTS,
    dist_info=TEXTS,
    commit=TEXTS,
    time=TEXTS,
    fingerprint=st.builds(
        Fingerprint,
        tree=TEXTS,
        interpreter=TEXTS,
        recipe=st.builds(
            Recipe,
            editable=st.booleans(),
            extras=LINES,
            groups=LINES,
            config_settings=st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
            build_from=st.sampled_from(BuildFrom),
        ),
        version_control=TEXTS,
        submodules=LINES,
        beside=LINES,
        outline=TEXTS,
        folder=TEXTS,
        conversions=LINES,
        variables=LINES,
    ),
    files=st.dictionaries(TEXTS, STAMPS, max_size=3),
    unmet=LINES,
    requirements=TEXTS,
    left=st.dictionaries(TEXTS, STAMPS, max_size=3),
    mark=st.text("0123456789abcdef", max_size=4),
)

quietly = settings(database=None, deadline=None, max_examples=200)


@quietly
@given(RECEIPTS)
@example(RECEIPT)
def test_round_trip(receipt: Receipt) -> None:
    assert load(dump(receipt)) == receipt


def test_form() -> None:
    """What other programs may rely on; the least that the issue asks of a receipt."""
    data = json.loads(dump(RECEIPT))
    assert data["version"] == 2
    assert data["project"] == "/repository"
    assert data["tree"] == "1" * 40
    assert data["commit"] == "c" * 40
    assert data["interpreter"] == "cpython 3.11.7 abi"
    assert data["recipe"] == {
        "editable": True,
        "extras": ["test"],
        "groups": ["dev"],
        "config-settings": [["jobs", "2"]],
        "build-from": "working-tree",
    }
    assert data["witness"] == {
        "path": ["lib/demo.py"],
        "size": [3],
        "mtime-ns": [1_700_000_000_123_456_789],
        "ctime-ns": [1_700_000_000_987_654_321],
        "executable": [False],
        "digest": ["sha256=abc"],
    }
    assert data["time"] == "2024-01-01T00:00:00+00:00"


Edit = Callable[[dict[str, Any]], object]


def fields() -> dict[str, Any]:
    """What is in a receipt, without its seal."""
    data: dict[str, Any] = json.loads(dump(RECEIPT))
    del data["seal"]
    return data


DAMAGED: dict[str, Edit] = {
    "no version": lambda data: data.pop("version"),
    "of a later version": lambda data: data.update(version=3),
    "of an earlier version": lambda data: data.update(version=1),
    "version as text": lambda data: data.update(version="2"),
    "version as yes": lambda data: data.update(version=True),
    "no project": lambda data: data.pop("project"),
    "project is a number": lambda data: data.update(project=7),
    "venv is nothing": lambda data: data.update(venv=None),
    "distribution is a text": lambda data: data.update(distribution="demo"),
    "distribution without a name": lambda data: data["distribution"].pop("name"),
    "no tree": lambda data: data.pop("tree"),
    "tree is a list": lambda data: data.update(tree=[]),
    "no interpreter": lambda data: data.pop("interpreter"),
    "recipe is a list": lambda data: data.update(recipe=[]),
    "recipe is nothing": lambda data: data.update(recipe=None),
    "mode is a text": lambda data: data["recipe"].update(editable="no"),
    "extras is a text": lambda data: data["recipe"].update(extras="test"),
    "extras holds a number": lambda data: data["recipe"].update(extras=[1]),
    "config settings of three columns": lambda data: data["recipe"].update({"config-settings": [["a", "b", "c"]]}),
    "config settings is a table": lambda data: data["recipe"].update({"config-settings": {"a": "b"}}),
    "unknown build-from": lambda data: data["recipe"].update({"build-from": "elsewhere"}),
    "build-from is a list": lambda data: data["recipe"].update({"build-from": []}),
    "submodules is a text": lambda data: data.update(submodules="lib"),
    "beside is a text": lambda data: data.update(beside=".gitignore"),
    "nothing of what is beside": lambda data: data.pop("beside"),
    "outline is a number": lambda data: data.update(outline=1),
    "no witness": lambda data: data.pop("witness"),
    "witness is a list": lambda data: data.update(witness=[]),
    "witness without a column": lambda data: data["witness"].pop("size"),
    "column that is shorter": lambda data: data["witness"].update(size=[]),
    "column that is a table": lambda data: data["witness"].update(size={}),
    "column that is a text": lambda data: data["witness"].update(path="x"),
    "path is a number": lambda data: data["witness"].update(path=[1]),
    "size is a fraction": lambda data: data["witness"].update(size=[3.5]),
    "time is a truth value": lambda data: data["witness"].update({"mtime-ns": [True]}),
    "exec bit is a number": lambda data: data["witness"].update(executable=[0]),
    "digest is nothing": lambda data: data["witness"].update(digest=[None]),
    "no requirements": lambda data: data.pop("requirements"),
    "no mark": lambda data: data.pop("mark"),
    "mark is a number": lambda data: data.update(mark=1),
    "mark that leads elsewhere": lambda data: data.update(mark="../a"),
    "mark with a null byte": lambda data: data.update(mark="a\0"),
    "unmet is nothing": lambda data: data.update(unmet=None),
    "no time": lambda data: data.pop("time"),
}


@pytest.mark.parametrize("edit", DAMAGED.values(), ids=DAMAGED)
def test_damaged(edit: Edit) -> None:
    """Even where somebody sealed it."""
    data = fields()
    edit(data)
    with pytest.raises(DamagedReceiptError):
        load(seal(data))


HARMLESS: dict[str, Edit] = {
    "nothing changed": lambda _: None,
    "a key that a later version may add": lambda data: data.update(later=1),
    "no files": lambda data: data.update(witness={name: [] for name in data["witness"]}),
}


@pytest.mark.parametrize("edit", HARMLESS.values(), ids=HARMLESS)
def test_not_damaged(edit: Edit) -> None:
    data = fields()
    edit(data)
    assert load(seal(data)).fingerprint == RECEIPT.fingerprint


BROKEN_SEALS: dict[str, Edit] = {
    "another tree": lambda data: data.update(tree="2" * 40),
    "another version": lambda data: data.update(version=3),
    "a file less": lambda data: data["witness"].update({name: [] for name in data["witness"]}),
    "a file more": lambda data: data["witness"].update({name: it * 2 for name, it in data["witness"].items()}),
    "another time of a file": lambda data: data["witness"].update({"mtime-ns": [1]}),
    "another key": lambda data: data.update(later=1),
    "no seal": lambda data: data.pop("seal"),
    "seal is nothing": lambda data: data.update(seal=None),
    "seal is another": lambda data: data.update(seal="0" * 64),
}


@pytest.mark.parametrize("edit", BROKEN_SEALS.values(), ids=BROKEN_SEALS)
def test_broken_seal(edit: Edit) -> None:
    data = json.loads(dump(RECEIPT))
    edit(data)
    with pytest.raises(DamagedReceiptError):
        load(json.dumps(data).encode())


def test_seal_is_on_every_byte() -> None:
    with pytest.raises(DamagedReceiptError):
        load(json.dumps(json.loads(dump(RECEIPT)), indent=2).encode())


GARBAGE = {
    "empty": b"",
    "zero bytes": b"\0" * 64,
    "not UTF-8": b'{"version": 1, "project": "\xff\xfe"}',
    "a list": b"[]",
    "a text": b'"receipt"',
    "a number": b"1",
    "nothing": b"null",
    "cut off": dump(RECEIPT)[:-20],
    "two receipts": dump(RECEIPT) * 2,
    "deep": b"[" * 100_000,
    "deep table": b'{"version":' * 50_000,
    "a number with too many digits": b'{"version": ' + b"9" * 5000 + b"}",
    "infinite": b'{"version": Infinity}',
    "utf-16": dump(RECEIPT).decode().encode("utf-16")[:-1],
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage(text: bytes) -> None:
    with pytest.raises(DamagedReceiptError):
        load(text)


def survives(text: bytes) -> None:
    try:
        found = load(text)
    except DamagedReceiptError:
        return
    assert isinstance(found, Receipt)


@quietly
@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    survives(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@quietly
@given(st.data())
def test_any_value_anywhere(data: st.DataObject) -> None:
    """A receipt in which one value, however deep, is another."""
    receipt = fields()
    at: Any = receipt
    while True:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = data.draw(st.sampled_from(keys))
        inner = at[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            at[key] = data.draw(JSON)
            break
        at = inner
    survives(seal(receipt))
    survives(json.dumps(receipt).encode())


@quietly
@given(st.data())
def test_any_byte_flipped(data: st.DataObject) -> None:
    text = bytearray(dump(RECEIPT))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(text))
