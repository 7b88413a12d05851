"""What is kept ready to be placed is read back, and noticed where it was spoiled."""

from __future__ import annotations

import pytest

from freshvenv.payload import DamagedPayloadError, load
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import place
from support.bench import OLD, Bench
from support.values import replace


def test_payload_is_read_back(bench: Bench) -> None:
    payload = bench.payload(replace(OLD, executable=frozenset({"demo/kept.py"})))
    assert load(payload.directory) == payload
    assert payload.metadata().startswith(b"Metadata-Version")


def test_payload_that_was_spoiled_is_noticed(bench: Bench) -> None:
    payload = bench.payload(OLD)
    (payload.directory / "files" / "purelib" / "demo" / "kept.py").write_text("KEPT = 2\n")
    layout = lay_out(bench.venv, payload, {})
    with pytest.raises(DamagedPayloadError, match=r"demo/kept\.py has another content"):
        place(bench.venv, layout, bench.outgoing(), bench.note)
    assert bench.content() == {}
