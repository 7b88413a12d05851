"""RECORD is read back by others with the names that the files have."""

from __future__ import annotations

import csv
import io

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from freshvenv.payload import File, Payload
from freshvenv.venvs.layout import lay_out
from support.bench import Bench

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in {".", ".."}
)


def rows_for(bench: Bench, *files: File) -> list[list[str]]:
    """What is read from the RECORD of an install of these files, without the row of RECORD itself."""
    payload = Payload(bench.root, "demo", "1.0", "demo-1.0.dist-info", "purelib", files, ())
    layout = lay_out(bench.venv, payload, {})
    *rows, last = csv.reader(io.StringIO(layout.read(layout.record).decode(), newline=""))
    assert last == ["demo-1.0.dist-info/RECORD", "", ""]
    assert len(rows) + 1 == len(layout.files)
    return rows


@settings(database=None, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(NAMES))
@example({"a,b.py", 'a"b.py', '"', "a\nb.py", "a\rb.py", "a\r\nb", " a ", "ä.py", "a'b"})
def test_names_are_read_as_they_are(bench: Bench, names: set[str]) -> None:
    files = [File("purelib", f"demo/{name}", "sha256=x", 1, executable=False) for name in sorted(names)]
    assert rows_for(bench, *files) == [[file.path, "sha256=x", "1"] for file in files]


def test_what_lies_elsewhere_is_named_from_where_record_lies(bench: Bench) -> None:
    up = "/".join(".." for _ in bench.venv.interpreter.purelib.split("/"))
    rows = rows_for(bench, File("data", "share/a,b", "sha256=x", 1, executable=False))
    assert rows == [[f"{up}/share/a,b", "sha256=x", "1"]]
