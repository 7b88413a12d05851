"""Wheels that leave the venv, take over its programs, or are none."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from support.hostile import INFO, Wheel, bring, say, site
from support.repository import Repository, assert_fresh
from support.spoiled import everything_in

INVALID = r"the build made an invalid wheel: {} \(the build log is /.*\)"


TAKES_OVER = "demo wants to install bin/{}, which belongs to the venv itself"


REFUSED: dict[str, tuple[Callable[[], Wheel], str]] = {
    "path up": (
        lambda: Wheel((("../evil.py", b""),)),
        INVALID.format(r"'\.\./evil\.py' leaves the place it is for"),
    ),
    "path down and up": (
        lambda: Wheel((("demo/../../evil.py", b""),)),
        INVALID.format(r"'demo/\.\./\.\./evil\.py' leaves the place it is for"),
    ),
    "path up in the data folder": (
        lambda: Wheel((("demo-1.0.data/data/../../../evil", b""),)),
        INVALID.format(r"'\.\./\.\./\.\./evil' leaves the place it is for"),
    ),
    # What the library that reads wheels says of it.
    "absolute path": (lambda: Wheel((("/evil.py", b""),)), INVALID.format(".*absolute.*")),
    "zip bomb": (
        lambda: Wheel((("demo/bomb", bytes(300 * 1024 * 1024)),)),
        INVALID.format(r"\d{6} bytes unpack to 31457\d{4}"),
    ),
    "name twice": (
        lambda: Wheel((("demo/a.py", b"1"), ("demo/a.py", b"2"))),
        INVALID.format(".*demo/a.py didn't match RECORD.*"),
    ),
    "compressed in a way that there is not": (
        lambda: Wheel(spoil=b"\x63\x00"),
        INVALID.format(".*compression.*"),
    ),
    "encrypted": (lambda: Wheel(flags=1), INVALID.format(".*encrypted.*")),
    "row of RECORD of a megabyte": (
        lambda: Wheel(rows=(("a" * 1024**2, "", ""),)),
        INVALID.format(".*field.*limit.*"),
    ),
    "entry point python": (lambda: Wheel(entry_points="python = demo:main"), TAKES_OVER.format("python")),
    "entry point pip": (lambda: Wheel(entry_points="pip = demo:main"), TAKES_OVER.format("pip")),
    "entry point git": (lambda: Wheel(entry_points="git = demo:main"), TAKES_OVER.format("git")),
    "entry point up": (
        lambda: Wheel(entry_points="../evil = demo:main"),
        INVALID.format(r"entry point '\.\./evil' is no file name"),
    ),
    "entry point with escape sequences": (
        lambda: Wheel(entry_points="\x1b[2Jx/ = demo:main"),
        INVALID.format(r"entry point '\\x1b\[2Jx/' is no file name"),
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_wheel_is_refused(installed: Repository, make: Callable[[], Wheel], message: str) -> None:
    bring(installed, make())
    before = everything_in(installed.path), everything_in(installed.venv)
    said = say(installed, "resync")
    assert said.status == 1
    assert re.fullmatch(rf"freshvenv: \.venv: stale, not reinstalled: {message}\n", said.text), said.text
    assert (everything_in(installed.path), everything_in(installed.venv)) == before
    assert list(installed.world.root.rglob("evil*")) == []


def test_link_in_a_wheel_is_a_plain_file(installed: Repository) -> None:
    """As pip has it: what a link would lead to is the content of the file, and nothing is followed."""
    secret = installed.world.root / "secret"
    secret.write_text("precious")
    bring(installed, Wheel((("demo/link", str(secret).encode()), ("demo/link/under", b"x")), link="demo/link"))
    said = say(installed, "resync")
    assert said.status == 1, said
    bring(installed, Wheel((("demo/link", str(secret).encode()),), link="demo/link"))
    assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(.*\) in .* s\n", say(installed, "resync").text)
    placed = site(installed) / "demo" / "link"
    assert not placed.is_symlink()
    assert placed.read_text() == str(secret)
    assert secret.read_text() == "precious"


def test_record_of_a_wheel_proves_nothing(installed: Repository) -> None:
    """Rows without a file in the wheel claim files of others; those stay when the wheel goes."""
    victim = installed.path / "victim"
    victim.write_text("precious")
    (site(installed) / "of_others.py").write_text("precious")
    rows = (
        ("../../../../victim", "", ""),
        (str(victim), "", ""),
        ("of_others.py", "", ""),
        ("../../../pyvenv.cfg", "", ""),
    )
    bring(installed, Wheel(rows=rows))
    assert say(installed, "resync").status == 0
    placed = (site(installed) / INFO / "RECORD").read_text()
    assert "victim" not in placed
    assert "of_others" not in placed
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert say(installed, "resync").status == 0
    assert_fresh(installed, 11)
    assert (site(installed) / "of_others.py").read_text() == "precious"
    assert (installed.venv / "pyvenv.cfg").exists()


def test_names_that_differ_only_in_case(installed: Repository) -> None:
    """Two files where the file system knows two; where it does not, they cannot both be as they should, and it is said."""
    bring(installed, Wheel((("demo/name.py", b"A = 1\n"), ("demo/NAME.py", b"A = 2\n"), ("Demo/name.py", b"A = 3\n"))))
    folder = site(installed)
    (folder / "case").touch()
    knows_two = not (folder / "CASE").exists()
    said = say(installed, "resync")
    if knows_two:
        assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(.*\) in .* s\n", said.text)
        found = [(folder / name).read_text() for name in ("demo/name.py", "demo/NAME.py", "Demo/name.py")]
        assert found == ["A = 1\n", "A = 2\n", "A = 3\n"]
    else:
        assert "is not what was placed" in said.text
        assert installed.target().state != "fresh"
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert say(installed, "resync").status == 0
    assert_fresh(installed, 11)


def test_pth_file_goes_with_its_wheel(installed: Repository) -> None:
    """It runs at each start of the venv's interpreter, as any install of it would have it; nothing of ours starts that."""
    canary = installed.world.root / "canary"
    bring(installed, Wheel((("evil.pth", f"import pathlib; pathlib.Path({str(canary)!r}).touch()\n".encode()),)))
    assert say(installed, "resync").status == 0
    assert (site(installed) / "evil.pth").exists()
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert say(installed, "status").status == 0
    assert say(installed, "resync").status == 0
    assert not (site(installed) / "evil.pth").exists()
    assert not canary.exists()
    assert_fresh(installed, 11)
