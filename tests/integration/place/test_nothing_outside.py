"""Nothing outside of the venv, nor of the venv itself, is written or removed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from freshvenv.errors import BuildError, VenvError
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import Outgoing, place
from freshvenv.wheels.unpack import unpack
from support.bench import OLD, Bench, Wheel
from support.values import replace


@pytest.fixture
def outside(bench: Bench) -> Path:
    """A folder beside the venv, with what looks like an install in it, and a link to it in the venv."""
    folder = bench.root / "outside"
    (folder / "demo-1.0.dist-info").mkdir(parents=True)
    for name in ("victim.py", "demo-1.0.dist-info/RECORD", "demo-1.0.dist-info/METADATA"):
        (folder / name).write_text("precious")
    (bench.site / "link").symlink_to(folder)
    return folder


def what_is_in(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


WAYS_OUT = {
    "up": "../outside/victim.py",
    "absolute": "{outside}/victim.py",
    "through a link": "{site}/link/victim.py",
    "up, metadata": "../outside/demo-1.0.dist-info/RECORD",
    "absolute, metadata": "{outside}/demo-1.0.dist-info/RECORD",
    "through a link, metadata": "{site}/link/demo-1.0.dist-info/RECORD",
}


@pytest.mark.parametrize("path", WAYS_OUT.values(), ids=WAYS_OUT)
def test_nothing_outside_is_removed(bench: Bench, outside: Path, path: str) -> None:
    """Whatever a receipt, an intent or a RECORD says."""
    bench.install(OLD)
    before = what_is_in(outside)
    path = path.format(outside=outside, site=bench.venv.interpreter.purelib)
    old = bench.outgoing()
    folder = path.rpartition("/")[0]
    metadata = old.metadata | ({folder} if folder.endswith(".dist-info") else set())
    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0")), {})
    place(bench.venv, layout, Outgoing(old.paths | {path}, frozenset(metadata)), bench.note)
    assert what_is_in(outside) == before


def test_nothing_of_the_venv_itself_is_removed(bench: Bench) -> None:
    bench.install(OLD)
    own = {"pyvenv.cfg", "bin/python", "bin/activate", ".freshvenv/other.receipt.json"}
    (bench.bin / "activate").touch()
    bench.venv.state.mkdir(exist_ok=True)
    (bench.venv.state / "other.receipt.json").touch()
    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0")), {})
    old = bench.outgoing()
    place(bench.venv, layout, Outgoing(old.paths | own, old.metadata), bench.note)
    assert all(os.path.lexists(bench.venv.path / path) for path in own)


INTO = {
    "through a link": Wheel({"link/new.py": "x"}),
    "over a file behind a link": Wheel({"link/victim.py": "x"}),
}


@pytest.mark.parametrize("wheel", INTO.values(), ids=INTO)
def test_nothing_outside_is_written(bench: Bench, outside: Path, wheel: Wheel) -> None:
    before = what_is_in(outside)
    with pytest.raises(VenvError, match="leads out of the venv"):
        bench.install(wheel)
    assert what_is_in(outside) == before
    assert not bench.venv.state.exists()


INVALID = {
    "up": Wheel({"../evil.py": "x"}),
    "up and out of the data folder": Wheel({"demo-1.0.data/data/../../evil": "x"}),
    "absolute": Wheel({"/tmp/evil.py": "x"}),
    "no metadata": replace(OLD, metadata=False),
    "entry point with a slash": Wheel(entry_points="[console_scripts]\n../evil = demo:main\n"),
    "entry point that is no function": Wheel(entry_points="[console_scripts]\ndemo = \n"),
    "unknown place": Wheel({"demo-1.0.data/elsewhere/x": "x"}),
}


@pytest.mark.parametrize("wheel", INVALID.values(), ids=INVALID)
def test_invalid_wheel_is_refused(bench: Bench, wheel: Wheel) -> None:
    with pytest.raises(BuildError, match="the build made an invalid wheel: "):
        bench.payload(wheel)
    assert not (bench.root / "evil.py").exists()


def test_wheel_whose_files_are_not_those_of_its_record(bench: Bench) -> None:
    wheel = OLD.write(bench.root / "wheels")
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["demo/kept.py"] = b"KEPT = 666\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BuildError, match="the build made an invalid wheel: "):
        unpack(wheel, bench.root, bench.root / "log")


def test_no_wheel_at_all(bench: Bench) -> None:
    (bench.root / "demo-1.0-py3-none-any.whl").write_bytes(b"no archive")
    with pytest.raises(BuildError):
        unpack(bench.root / "demo-1.0-py3-none-any.whl", bench.root, bench.root / "log")
