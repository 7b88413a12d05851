"""What is kept ready to be placed is read back, and noticed where it was spoiled."""

from __future__ import annotations

import errno
import os

import pytest

from freshvenv import payload
from freshvenv.payload import DamagedPayloadError, File, digest, load
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import place
from support.bench import OLD, Bench
from support.values import replace


def test_payload_is_read_back(bench: Bench) -> None:
    made = bench.payload(replace(OLD, executable=frozenset({"demo/kept.py"})))
    assert load(made.directory) == made
    assert made.metadata().startswith(b"Metadata-Version")


def test_payload_that_was_spoiled_is_noticed(bench: Bench) -> None:
    made = bench.payload(OLD)
    (made.directory / "files" / "purelib" / "demo" / "kept.py").write_text("KEPT = 2\n")
    layout = lay_out(bench.venv, made, {})
    with pytest.raises(DamagedPayloadError, match=r"demo/kept\.py has another content"):
        place(bench.venv, layout, bench.outgoing(), bench.note)
    assert bench.content() == {}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOENT, DamagedPayloadError),
        (errno.ELOOP, DamagedPayloadError),
        (errno.EMFILE, OSError),
        (errno.EIO, OSError),
    ],
    ids=errno.errorcode.get,
)
def test_fault_of_the_machine_is_no_damage(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    """What is kept is not thrown away for it."""

    def fail(*_: object) -> bytes:
        raise OSError(number, os.strerror(number))

    found = bench.payload(OLD)
    monkeypatch.setattr(payload, "read_own", fail)
    with pytest.raises(expected):
        found.read(found.files[0])


def test_data_at_the_top_of_the_venv(bench: Bench) -> None:
    """As ``data_files=[("", ["LICENSE"])]`` of setuptools has it."""
    wheel = replace(OLD, files={**OLD.files, "demo-1.0.data/data/LICENSE": "free"})
    bench.install(wheel)
    assert (bench.venv.path / "LICENSE").read_text() == "free"
    bench.install(OLD)
    assert not (bench.venv.path / "LICENSE").exists()


def test_two_files_for_one_path(bench: Bench) -> None:
    """The later one counts, whichever of the two is made for the venv."""
    made = bench.payload(replace(OLD, files={**OLD.files, "demo-1.0.data/data/bin/tool": "data"}))
    [data] = (file for file in made.files if file.scheme == "data")
    script = File("scripts", "tool", digest(b"#!python"), len(b"#!python"), executable=True)
    (made.directory / "files/scripts").mkdir(exist_ok=True)
    (made.directory / "files/scripts/tool").write_bytes(b"#!python")
    for files, expected in (((script, data), b"data"), ((data, script), f"#!{bench.venv.python}\n".encode())):
        layout = lay_out(bench.venv, made._replace(files=files), {})
        assert layout.read("bin/tool") == expected
        assert layout.files["bin/tool"].digest == digest(expected)
