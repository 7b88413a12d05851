"""RECORD is read without trust: no row of it is ever followed out of the venv."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshvenv.errors import VenvError
from freshvenv.interpreter import inspect_interpreter
from freshvenv.venvs.record import Containment, Owned, owned_files
from freshvenv.venvs.venv import Distribution, Venv

OWN = "demo-1.0.dist-info/RECORD,,\n"
"""The row without which a RECORD is taken to be cut off."""


def make_venv(path: Path) -> Venv:
    interpreter = inspect_interpreter(Path(sys.executable), path.parent / "interpreters")
    (path / interpreter.purelib / "demo-1.0.dist-info").mkdir(parents=True)
    return Venv(path, path / "bin" / "python", interpreter)


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return make_venv(tmp_path / "venv")


def read(venv: Venv, text: str) -> Owned:
    distribution = Distribution("demo", "1.0", venv.interpreter.purelib, "demo-1.0.dist-info", None)
    record = venv.path / distribution.metadata / "RECORD"
    record.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
    return owned_files(venv, distribution)


OWNED = {
    "module": ("demo/a.py,sha256=x,1\n", "{site}/demo/a.py"),
    "without digest and size": ("demo/a.py,,\n", "{site}/demo/a.py"),
    "script": ("../../../bin/demo,,\n", "bin/demo"),
    "data": ("../../../share/demo/x,,\n", "share/demo/x"),
    "absolute path in the venv": ("{venv}/bin/demo,,\n", "bin/demo"),
    "absolute path that goes round": ("{venv}/share/../bin/demo,,\n", "bin/demo"),
    "path that goes round": ("demo/../other/./a.py,,\n", "{site}/other/a.py"),
    "comma": ('"a,b.py",,\n', "{site}/a,b.py"),
    "quote": ('"a""b.py",,\n', '{site}/a"b.py'),
    "newline": ('"a\nb.py",,\n', "{site}/a\nb.py"),
    "non-ASCII": ("é.py,,\n", "{site}/é.py"),
    "bytes that are not UTF-8": (
        os.fsdecode(b"caf\xe9.py,,\n"),
        f"{{site}}/{os.fsdecode(bytes([99, 97, 102, 233]))}.py",
    ),
    "line end of Windows": ("demo/a.py,,\r\n", "{site}/demo/a.py"),
    "file that is not there": ("gone.py,,\n", "{site}/gone.py"),
    "file whose name begins with dots": ("..a.py,,\n", "{site}/..a.py"),
}


@pytest.mark.parametrize(("row", "path"), OWNED.values(), ids=OWNED)
def test_owned(venv: Venv, row: str, path: str) -> None:
    site = venv.interpreter.purelib
    owned = read(venv, row.format(venv=venv.path) + OWN)
    assert owned == Owned(frozenset({path.format(site=site), f"{site}/demo-1.0.dist-info/RECORD"}), ())


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_signs_that_end_no_line_of_csv(venv: Venv, sign: str) -> None:
    found = read(venv, f"demo/a{sign}b.txt,,\n{OWN}").paths
    assert f"{venv.interpreter.purelib}/demo/a{sign}b.txt" in found


def test_link_within_the_venv_is_owned(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib / "demo").symlink_to("demo-1.0.dist-info")
    assert f"{venv.interpreter.purelib}/demo/a.py" in read(venv, f"demo/a.py,,\n{OWN}").paths


def test_link_itself_is_owned(venv: Venv, tmp_path: Path) -> None:
    """It is what would be removed; where it leads to is nobody's business."""
    (venv.path / venv.interpreter.purelib / "link.py").symlink_to(tmp_path / "outside.py")
    assert f"{venv.interpreter.purelib}/link.py" in read(venv, f"link.py,,\n{OWN}").paths


OUTSIDE = {
    "absolute": "{outside}/a.py",
    "absolute, beside the venv": "{venv}-other/a.py",
    "up and out": "../../../../outside/a.py",
    "up and out, and in again": "../../../../venv-other/a.py",
    "up to the root": "/".join([".."] * 40) + "/etc/passwd",
    "down and up again": "demo/../../../../../outside/a.py",
    "absolute, that goes round": "{venv}/bin/../../outside/a.py",
    "venv itself": "../../..",
    "venv itself, absolute": "{venv}",
    "folder above": "../../../..",
    "through a link": "link/a.py",
    "through a link, deeper": "link/b/c/a.py",
    "through a link, and back by words": "link/../demo/../link/a.py",
    "through a link to the folder above": "up/outside/a.py",
    "null byte": "a\0b.py",
    "root": "/",
    "empty": "",
}


@pytest.fixture
def links(venv: Venv, tmp_path: Path) -> Venv:
    """A venv with links that lead out of it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "venv-other").mkdir()
    site = venv.path / venv.interpreter.purelib
    (site / "link").symlink_to(tmp_path / "outside")
    (site / "up").symlink_to("../../../..")
    return venv


@pytest.mark.parametrize("row", OUTSIDE.values(), ids=OUTSIDE)
def test_row_that_points_outside_is_refused(links: Venv, tmp_path: Path, row: str) -> None:
    row = row.format(venv=links.path, outside=tmp_path / "outside")
    owned = read(links, f'"{row}",,\n{OWN}')
    assert owned.paths == {f"{links.interpreter.purelib}/demo-1.0.dist-info/RECORD"}
    assert owned.refused == (row,)


def test_good_rows_beside_bad_ones_are_kept(links: Venv) -> None:
    owned = read(links, f"/etc/passwd,,\ndemo/a.py,,\n../../../../x,,\n{OWN}")
    assert f"{links.interpreter.purelib}/demo/a.py" in owned.paths
    assert owned.refused == ("/etc/passwd", "../../../../x")


DAMAGED = {
    "empty": "",
    "cut off": "demo/a.py,sha256=x,1\ndemo/b.p",
    "does not list itself": "demo/a.py,,\n",
    "row of two": f"demo/a.py,sha256=x\n{OWN}",
    "row of four": f"demo/a.py,sha256=x,1,2\n{OWN}",
    "zeros": "\0" * 100,
    "binary": f"\x7fELF\x02\x01\x01\n{OWN}",
    "one column": f"demo/a.py\n{OWN}",
    "quote without an end": f'{OWN}"demo/a.py,,\n',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged(venv: Venv, text: str) -> None:
    with pytest.raises(VenvError, match=r"demo-1\.0\.dist-info/RECORD is damaged: "):
        read(venv, text)


def without_record(venv: Venv) -> None:
    pass


def record_is_a_folder(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib / "demo-1.0.dist-info" / "RECORD").mkdir()


def without_metadata(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib / "demo-1.0.dist-info").rmdir()


UNREADABLE: dict[str, tuple[Callable[[Venv], None], str]] = {
    "missing": (without_record, "No such file or directory"),
    "folder": (record_is_a_folder, "Is a directory"),
    "metadata gone": (without_metadata, "No such file or directory"),
}


@pytest.mark.parametrize(("make", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(venv: Venv, make: Callable[[Venv], None], message: str) -> None:
    make(venv)
    distribution = Distribution("demo", "1.0", venv.interpreter.purelib, "demo-1.0.dist-info", None)
    with pytest.raises(VenvError, match=rf"demo-1\.0\.dist-info/RECORD: {message}"):
        owned_files(venv, distribution)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """A venv for many texts, with a link that leads out of it."""
    root = tmp_path_factory.mktemp("root")
    venv = make_venv(root / "venv")
    (venv.path / venv.interpreter.purelib / "link").symlink_to(root)
    return venv


PIECES = st.lists(st.sampled_from(["..", "/", "a", ".", "link", ",", '"', "\n", "\0"])).map("".join)


@settings(database=None, deadline=None, max_examples=150)
@given(st.text(max_size=60) | PIECES)
def test_any_text_gives_paths_inside_or_a_venv_error(shared: Venv, text: str) -> None:
    try:
        owned = read(shared, text + OWN)
    except VenvError:
        return
    for path in owned.paths:
        assert not path.startswith("/")
        real = os.path.realpath(shared.path / os.path.dirname(path))
        assert Path(real).is_relative_to(shared.path)


# Containment


def test_venv_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "venv").symlink_to("real")
    guard = Containment(tmp_path / "venv")
    assert guard.holds("bin/demo")
    assert guard.holds("pyvenv.cfg")
    assert not guard.holds("../other/demo")


def test_folder_of_a_longer_name_is_outside(tmp_path: Path) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv2").mkdir()
    assert not Containment(tmp_path / "venv").holds("../venv2/a")


def test_links_on_the_way_are_followed(tmp_path: Path) -> None:
    (tmp_path / "venv" / "real" / "deep").mkdir(parents=True)
    (tmp_path / "venv" / "inner").symlink_to("real")
    (tmp_path / "venv" / "outer").symlink_to("..")
    (tmp_path / "venv" / "real" / "up").symlink_to("../..")
    (tmp_path / "venv" / "loop").symlink_to("loop")
    guard = Containment(tmp_path / "venv")
    assert guard.holds("inner/deep/a")
    assert guard.holds("outer/venv/real/a")
    assert guard.holds("not/there/yet/a")
    assert not guard.holds("outer/a")
    assert not guard.holds("outer/deep/not/there/a")
    assert not guard.holds("real/up/a")
    assert not guard.holds("inner/up/venv2/a")
    assert not guard.holds("/etc/passwd")
    assert not guard.holds("/a")
    assert not guard.holds("real/../../a")
    assert guard.holds("outer")
    assert guard.holds("loop/a")


def test_path_of_more_folders_than_there_can_be(tmp_path: Path) -> None:
    assert Containment(tmp_path).holds("a/" * 5000)


@settings(database=None, deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(["..", "", "a", ".", "link", "lib", "/"])).map("/".join))
def test_any_path_is_judged_by_where_its_folder_really_lies(shared: Venv, path: str) -> None:
    top = os.path.realpath(shared.path)
    real = os.path.realpath(os.path.join(top, os.path.dirname(path)))
    assert Containment(shared.path).holds(path) == (real == top or real.startswith(f"{top}/"))
