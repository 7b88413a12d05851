"""What is kept ready to be placed is read back, and noticed where it was spoiled."""

from __future__ import annotations

import errno
import os

import pytest

from freshvenv import payload
from freshvenv.payload import DamagedPayloadError, load
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
