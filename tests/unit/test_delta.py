"""The delta between what a venv holds and what it should: right, and no larger than it must be."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.venvs.delta import Delta, bytecode_of, source_of, subtract


@dataclass(frozen=True)
class File:
    digest: str
    executable: bool = False


OLD, NEW = File("old"), File("new")

DELTAS = {
    "nothing anywhere": ({}, {}, (), Delta((), ())),
    "new file": ({"a.py": NEW}, {}, (), Delta(("a.py",), ())),
    "changed file": ({"a.py": NEW}, {"a.py": OLD}, ("a.py",), Delta(("a.py",), ())),
    "changed exec bit": ({"a": File("new", executable=True)}, {"a": NEW}, ("a",), Delta(("a",), ())),
    "removed file": ({}, {}, ("a.py",), Delta((), ("a.py",))),
    "all at once": (
        {"kept.py": NEW, "changed.py": NEW, "added.py": NEW},
        {"kept.py": NEW, "changed.py": OLD},
        ("kept.py", "changed.py", "removed.py"),
        Delta(("changed.py", "added.py"), ("removed.py",)),
    ),
    "owned, wanted and gone": ({"a.py": NEW}, {}, ("a.py",), Delta(("a.py",), ())),
    "somebody else's file of that name": ({"a.py": NEW}, {"a.py": OLD}, (), Delta(("a.py",), ())),
    "bytecode without its source": (
        {},
        {},
        ("__pycache__/a.cpython-311.pyc",),
        Delta((), ("__pycache__/a.cpython-311.pyc",)),
    ),
}


@pytest.mark.parametrize(("wanted", "present", "owned", "expected"), DELTAS.values(), ids=DELTAS)
def test_delta(wanted: dict[str, File], present: dict[str, File], owned: tuple[str, ...], expected: Delta) -> None:
    assert subtract(wanted, present, owned) == expected


LEFT_ALONE = {
    "same file": ({"a.py": NEW}, {"a.py": NEW}, ("a.py",)),
    "same file, owned by nobody": ({"a.py": NEW}, {"a.py": NEW}, ()),
    "bytecode of a file that stays": ({"a.py": NEW}, {"a.py": NEW}, ("a.py", "__pycache__/a.cpython-311.pyc")),
    "bytecode in a folder": ({"d/a.py": NEW}, {"d/a.py": NEW}, ("d/__pycache__/a.cpython-311.opt-1.pyc",)),
}


@pytest.mark.parametrize(("wanted", "present", "owned"), LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_leaves_alone(wanted: dict[str, File], present: dict[str, File], owned: tuple[str, ...]) -> None:
    delta = subtract(wanted, present, owned)
    assert delta == Delta((), ())
    assert delta.is_empty


PATHS = st.sampled_from(
    [
        "a.py",
        "b.py",
        "c",
        "d/a.py",
        "d/c",
        "__pycache__/a.cpython-311.pyc",
        "d/__pycache__/a.cpython-38.opt-2.pyc",
        "x.pyc",
    ]
)
FILES = st.builds(File, st.sampled_from(["1", "2"]), st.booleans())
TREES = st.dictionaries(PATHS, FILES)


@settings(database=None, deadline=None, max_examples=300)
@given(wanted=TREES, disk=TREES, foreign=st.frozensets(PATHS))
def test_applied_it_gives_what_is_wanted(
    wanted: dict[str, File], disk: dict[str, File], foreign: frozenset[str]
) -> None:
    """What is on the disk and belongs to others (``foreign``) stays, unless it is in the way."""
    owned = disk.keys() - foreign
    present = {path: disk[path] for path in wanted if path in disk}
    delta = subtract(wanted, present, owned)

    after = dict(disk)
    for path in delta.remove:
        del after[path]
    for path in delta.write:
        after[path] = wanted[path]

    bystanders = {path: file for path, file in disk.items() if path not in owned and path not in wanted}
    cached = {path: disk[path] for path in owned if path not in wanted and source_of(path) in wanted}
    assert after == {**wanted, **bystanders, **cached}


@settings(database=None, deadline=None, max_examples=300)
@given(wanted=TREES, disk=TREES)
def test_smallest(wanted: dict[str, File], disk: dict[str, File]) -> None:
    present = {path: disk[path] for path in wanted if path in disk}
    delta = subtract(wanted, present, disk.keys())
    assert all(disk.get(path) != wanted[path] for path in delta.write)
    assert not set(delta.remove) & wanted.keys()
    assert set(delta.remove) <= disk.keys()
    assert len(set(delta.write)) == len(delta.write)
    assert delta.size == len(delta.write) + len(delta.remove)
    after = {**{path: file for path, file in disk.items() if path not in delta.remove}, **wanted}
    again = subtract(wanted, {path: after[path] for path in wanted}, after.keys())
    assert again.is_empty


BYTECODE = {
    "module": ("a/b.py", ("a/__pycache__", "b.")),
    "module at the top": ("b.py", ("__pycache__", "b.")),
    "name with dots": ("a/b.c.py", ("a/__pycache__", "b.c.")),
    "other file": ("a/b.txt", None),
    "extension module": ("a/b.so", None),
    "bytecode": ("a/__pycache__/b.cpython-311.pyc", None),
}


@pytest.mark.parametrize(("path", "expected"), BYTECODE.values(), ids=BYTECODE)
def test_bytecode_of(path: str, expected: tuple[str, str] | None) -> None:
    assert bytecode_of(path) == expected


SOURCES = {
    "bytecode": ("a/__pycache__/b.cpython-311.pyc", "a/b.py"),
    "optimized bytecode": ("a/__pycache__/b.cpython-311.opt-2.pyc", "a/b.py"),
    "bytecode at the top": ("__pycache__/b.cpython-38.pyc", "b.py"),
    "beside its source": ("a/b.pyc", ""),
    "source": ("a/b.py", ""),
    "folder of a like name": ("a/my__pycache__/b.cpython-311.pyc", ""),
    "other file in the cache": ("a/__pycache__/b.nbi", ""),
}


@pytest.mark.parametrize(("path", "expected"), SOURCES.values(), ids=SOURCES)
def test_source_of(path: str, expected: str) -> None:
    assert source_of(path) == expected
