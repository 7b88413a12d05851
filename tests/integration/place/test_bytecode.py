"""Bytecode of a source that is gone is never run, and that of one that stays is kept."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from support.bench import MODULE, OLD, Bench, Wheel
from support.values import replace


def with_value(number: int) -> Wheel:
    return replace(OLD, files={**OLD.files, MODULE: f"VALUE = {number}\n"})


def test_bytecode_of_the_old_source_is_not_run(bench: Bench) -> None:
    """The new source has the same size and comes within the same second."""
    bench.install(with_value(1))
    question = "import demo.changed; print(demo.changed.VALUE)"
    assert bench.ask(question) == "1"
    assert list((bench.site / "demo" / "__pycache__").glob("changed.*.pyc"))
    bench.install(with_value(2))
    assert bench.ask(question) == "2"
    bench.install(with_value(1))
    assert bench.ask(question) == "1"


def test_bytecode_that_lies_elsewhere_is_not_run(bench: Bench) -> None:
    question = "import demo.changed; print(demo.changed.VALUE)"
    elsewhere = str(bench.root / "bytecode")
    for number in (1, 2, 1, 3):
        bench.install(with_value(number))
        assert bench.ask(question, PYTHONPYCACHEPREFIX=elsewhere) == str(number)


@pytest.mark.parametrize("optimize", [0, 1, 2])
def test_all_bytecode_of_a_changed_file_goes(bench: Bench, optimize: int) -> None:
    bench.install(with_value(1))
    source = bench.site / MODULE
    compiled = [py_compile.compile(str(source), optimize=optimize)]
    other = bench.site / "demo" / "__pycache__" / "changed.cpython-38.pyc"
    other.touch()
    bench.install(with_value(2))
    assert not any(Path(path).exists() for path in compiled if path)
    assert not other.exists()


def test_bytecode_of_what_stays_stays(bench: Bench) -> None:
    bench.install(with_value(1))
    kept = py_compile.compile(str(bench.site / "demo" / "kept.py"))
    like = bench.site / "demo" / "__pycache__" / "changed_too.cpython-311.pyc"
    like.touch()
    bench.install(with_value(2))
    assert kept is not None
    assert Path(kept).exists()
    assert like.exists()


def test_bytecode_of_what_is_removed_goes_with_its_folder(bench: Bench) -> None:
    bench.install(OLD)
    for path in bench.site.rglob("*.py"):
        py_compile.compile(str(path))
    new = replace(OLD, files={})
    bench.install(new)
    assert bench.content() == bench.expected(new)
    assert bench.empty_folders() == []


def test_bytecode_that_pip_lists(bench: Bench) -> None:
    """pip compiles, and lists what it compiled in RECORD."""
    bench.install(OLD)
    site, record = bench.site, bench.site / "demo-1.0.dist-info" / "RECORD"
    compiled = [Path(str(py_compile.compile(str(path)))).relative_to(site) for path in site.rglob("*.py")]
    record.write_text("".join(f"{path.as_posix()},,\n" for path in compiled) + record.read_text())
    kept = site / "demo" / "__pycache__" / f"kept.{sys.implementation.cache_tag}.pyc"
    new = replace(OLD, files={k: v for k, v in OLD.files.items() if k != "demo/removed.py"}, version="2.0")
    bench.install(new)
    assert kept.exists()
    assert not list(site.glob("demo/__pycache__/removed.*"))
    assert bench.ask("import demo.changed; print(demo.changed.VALUE)") == "1"
