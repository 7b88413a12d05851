"""Another installer is at work in the venv while we place: pip and uv take no lock of ours."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from freshvenv.errors import VenvError
from freshvenv.venvs.intent import Intent, read_intents
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import Outgoing, place
from freshvenv.venvs.record import metadata_in, record_states
from support.bench import OLD, Bench, Wheel
from support.values import replace

NEXT = replace(OLD, version="2.0", files={"demo/kept.py": "KEPT = 2\n"})
"""It has not all modules that the old one has."""


def seen(bench: Bench) -> Outgoing:
    """What is installed, and its RECORD as it is now."""
    going = bench.outgoing()
    return going._replace(records=record_states(bench.venv, going.metadata))


def gone(bench: Bench, outgoing: Outgoing, new: Wheel) -> list[str]:
    """The modules that the old install had and the new one has not."""
    layout = lay_out(bench.venv, bench.payload(new), {})
    return sorted(path for path in outgoing.paths.difference(layout.files) if path.endswith(".py"))


def reinstall_old(bench: Bench) -> None:
    """As uv does it: RECORD comes last, and is another file."""
    record = bench.site / "demo-1.0.dist-info" / "RECORD"
    text = record.read_bytes()
    record.unlink()
    (record.parent / "aside").write_bytes(text)
    (record.parent / "aside").rename(record)


def test_install_since_it_was_looked_at(bench: Bench) -> None:
    bench.install(OLD)
    outgoing = seen(bench)
    reinstall_old(bench)
    before = bench.content()
    with pytest.raises(VenvError, match=r"demo-1\.0\.dist-info has changed meanwhile: something else is installing"):
        place(bench.venv, lay_out(bench.venv, bench.payload(NEXT), {}), outgoing, bench.note)
    assert bench.content() == before
    assert read_intents(bench.venv.state) == []


def test_install_where_none_was_seen(bench: Bench) -> None:
    bench.install(OLD)
    outgoing = seen(bench)
    outgoing = outgoing._replace(records=dict.fromkeys(outgoing.records, ""))
    with pytest.raises(VenvError, match="something else is installing"):
        place(bench.venv, lay_out(bench.venv, bench.payload(NEXT), {}), outgoing, bench.note)


@pytest.mark.parametrize("version", ["2.0", "1.0"], ids=["another version", "the same version"])
def test_install_in_the_midst_of_ours(bench: Bench, version: str) -> None:
    """Its RECORD is not taken away, be it at the place of ours or not, and ours is an install that was begun."""
    new = replace(NEXT, version=version)
    bench.install(OLD)
    outgoing = seen(bench)

    def note(paths: Iterable[str]) -> Intent:
        reinstall_old(bench)
        return bench.note(paths)

    with pytest.raises(VenvError, match="something else is installing"):
        place(bench.venv, lay_out(bench.venv, bench.payload(new), {}), outgoing, note)
    assert (bench.site / "demo-1.0.dist-info" / "RECORD").exists()
    assert len(read_intents(bench.venv.state)) == 1
    bench.install(new)
    assert bench.content() == bench.expected(new)


def test_files_that_another_installer_had_taken_away_when_we_looked(bench: Bench) -> None:
    """It places them anew before we are done; its RECORD will have no place to go."""
    bench.install(OLD)
    outgoing = seen(bench)
    modules = [bench.venv.path / path for path in gone(bench, outgoing, NEXT)]
    texts = [module.read_bytes() for module in modules]
    assert modules
    for module in modules:
        module.unlink()

    def note(paths: Iterable[str]) -> Intent:
        for module, text in zip(modules, texts, strict=True):
            module.write_bytes(text)
        return bench.note(paths)

    _, intent, _ = place(bench.venv, lay_out(bench.venv, bench.payload(NEXT), {}), outgoing, note)
    assert intent is not None
    intent.drop()
    assert bench.content() == bench.expected(NEXT)


def test_path_that_differs_from_a_wanted_one_in_case(bench: Bench) -> None:
    """Some file systems take it for the same file, which was just placed."""
    bench.install(OLD)
    outgoing = seen(bench)
    twin = f"{bench.venv.interpreter.purelib}/demo/KEPT.py"
    outgoing = outgoing._replace(paths=outgoing.paths | {twin})

    def note(paths: Iterable[str]) -> Intent:
        (bench.venv.path / twin).write_text("KEPT = 2\n")
        return bench.note(paths)

    place(bench.venv, lay_out(bench.venv, bench.payload(NEXT), {}), outgoing, note)
    assert (bench.venv.path / twin).exists()


def test_metadata_that_a_package_has_among_its_files_tells_of_nobody(bench: Bench) -> None:
    """As tools for packages have them for their tests: it changes with every other file."""
    inner = "demo/data/inner-1.0.dist-info/RECORD"
    old = replace(OLD, files={**OLD.files, inner: "old"})
    new = replace(OLD, files={**OLD.files, inner: "new", "demo/more.py": ""})
    bench.install(old)
    going = bench.outgoing()
    known = metadata_in(bench.venv, going.paths)
    assert known == [f"{bench.venv.interpreter.purelib}/demo-1.0.dist-info"]
    outgoing = going._replace(records=record_states(bench.venv, known))
    _, intent, _ = place(bench.venv, lay_out(bench.venv, bench.payload(new), {}), outgoing, bench.note)
    assert intent is not None
    intent.drop()
    assert bench.content() == bench.expected(new)
