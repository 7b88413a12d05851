"""Only what differs is written, and nothing of others is touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.venvs.delta import Delta
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import Outgoing, place
from freshvenv.venvs.venv import distributions
from freshvenv.venvs.witness import stamps
from support.bench import OLD, Bench, Wheel
from support.values import replace


def test_only_what_differs_is_written(bench: Bench) -> None:
    bench.install(OLD)
    changed = {k: v for k, v in OLD.files.items() if k != "demo/removed.py"} | {
        "demo/changed.py": "VALUE = 2\n",
        "demo/added.py": "",
    }
    delta = bench.install(replace(OLD, files=changed))
    site = bench.venv.interpreter.purelib
    record = f"{site}/demo-1.0.dist-info/RECORD"
    assert set(delta.write) == {f"{site}/demo/changed.py", f"{site}/demo/added.py", record}
    assert delta.remove == (f"{site}/demo/removed.py",)


def test_unchanged_file_keeps_inode_and_time(bench: Bench) -> None:
    bench.install(OLD)
    kept = bench.site / "demo" / "kept.py"
    long_ago = 1_000_000_000_000_000_000
    os.utime(kept, ns=(long_ago, long_ago))
    before = kept.stat()
    bench.install(replace(OLD, version="2.0", files={**OLD.files, "demo/changed.py": "VALUE = 2\n"}))
    after = kept.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_ino,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )


def test_nothing_to_do_writes_nothing(bench: Bench) -> None:
    bench.install(OLD)
    bench.venv.state.rmdir()
    assert bench.install(OLD) == Delta((), ())
    assert not bench.venv.state.exists()


def test_file_whose_stamp_holds_is_not_read(bench: Bench) -> None:
    bench.install(OLD)
    layout = lay_out(bench.venv, bench.payload(OLD), {})
    known = stamps(bench.venv.path, layout.files, {})
    lie = {path: replace(stamp, digest="sha256=other") for path, stamp in known.items() if path.endswith("kept.py")}
    outgoing = replace(bench.outgoing(), stamps={**known, **lie})
    delta, intent, _ = place(bench.venv, layout, outgoing, bench.note)
    assert [path.rpartition("/")[2] for path in delta.write] == ["kept.py"]
    assert intent is not None


def test_file_that_was_edited_is_put_back(bench: Bench) -> None:
    bench.install(OLD)
    edited = bench.site / "demo" / "kept.py"
    before = edited.stat()
    edited.write_text("KEPT = 2\n")
    os.utime(edited, ns=(before.st_atime_ns, before.st_mtime_ns))
    delta = bench.install(OLD)
    assert delta.write == (f"{bench.venv.interpreter.purelib}/demo/kept.py",)
    assert bench.content() == bench.expected(OLD)


def test_file_that_is_missing_is_put_back(bench: Bench) -> None:
    bench.install(OLD)
    (bench.site / "demo" / "kept.py").unlink()
    (bench.bin / "demo").unlink()
    assert bench.install(OLD).size == 2
    assert bench.content() == bench.expected(OLD)


def link_elsewhere(path: Path) -> None:
    outside = path.parents[5] / "outside.py"
    outside.write_text("OUTSIDE = 1\n")
    path.unlink()
    path.symlink_to(outside)


def hard_link_elsewhere(path: Path) -> None:
    os.link(path, path.parents[5] / "outside.py")


@pytest.mark.parametrize("spoil", [link_elsewhere, hard_link_elsewhere])
def test_file_is_replaced_and_not_written_through(bench: Bench, spoil: Callable[[Path], None]) -> None:
    """uv hard-links installed files to its cache."""
    bench.install(OLD)
    changed = bench.site / "demo" / "changed.py"
    spoil(changed)
    outside = bench.root / "outside.py"
    before = outside.read_bytes()
    new = replace(OLD, files={**OLD.files, "demo/changed.py": "VALUE = 2\n"})
    bench.install(new)
    assert outside.read_bytes() == before
    assert not changed.is_symlink()
    assert changed.stat().st_nlink == 1
    assert bench.content() == bench.expected(new)


def test_file_that_is_removed_where_it_is_linked_from_elsewhere(bench: Bench) -> None:
    bench.install(OLD)
    outside = bench.root / "outside.py"
    os.link(bench.site / "demo" / "changed.py", outside)
    bench.install(replace(OLD, files={}))
    assert outside.read_text() == "VALUE = 1\n"


FOREIGN = {
    "file in the package": "demo/local.py",
    "file in a folder that goes": "demo/sub/local.py",
    "folder in a folder that goes": "demo/sub/deep/local.py",
    "beside it": "other/__init__.py",
    "at the top": "local.pth",
}


@pytest.mark.parametrize("path", FOREIGN.values(), ids=FOREIGN)
def test_files_of_others_are_left_alone(bench: Bench, path: str) -> None:
    bench.install(OLD)
    foreign = bench.site / path
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("FOREIGN = 1\n")
    before = foreign.stat()
    bench.install(replace(OLD, files={}, entry_points="", version="2.0"))
    after = foreign.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert foreign.read_text() == "FOREIGN = 1\n"


def test_other_distributions_are_left_alone(bench: Bench) -> None:
    other = Wheel({"other/__init__.py": ""}, name="other", entry_points="[console_scripts]\nother = other:main\n")
    bench.install(other)
    before = bench.content()
    mine = replace(OLD, version="2.0")
    for wheel in (OLD, mine):
        outgoing = bench.outgoing()
        own = frozenset(path for path in outgoing.paths if "other" not in path)
        folders = frozenset(folder for folder in outgoing.metadata if "other" not in folder)
        place(bench.venv, lay_out(bench.venv, bench.payload(wheel), {}), Outgoing(own, folders), bench.note)
    assert bench.content() == {**before, **bench.expected(mine)}


def test_ghosts_of_the_old_version_are_removed(bench: Bench) -> None:
    """What lies in the old folder of metadata and is not in RECORD."""
    bench.install(OLD)
    (bench.site / "demo-1.0.dist-info" / "marker").touch()
    (bench.site / "demo-1.0.dist-info" / "licenses").mkdir()
    bench.install(replace(OLD, version="2.0"))
    assert not (bench.site / "demo-1.0.dist-info").exists()
    assert [it.version for it in distributions(bench.venv)] == ["2.0"]


def test_two_installs_become_one(bench: Bench) -> None:
    bench.install(OLD)
    aside = bench.root / "aside"
    (bench.site / "demo-1.0.dist-info").rename(aside)
    bench.install(replace(OLD, version="2.0"))
    aside.rename(bench.site / "demo-1.0.dist-info")
    new = replace(OLD, version="3.0")
    bench.install(new)
    assert bench.content() == bench.expected(new)


def test_row_of_record_that_names_a_folder(bench: Bench) -> None:
    """Some wheels list folders; there is nothing to remove while they are in use."""
    bench.install(OLD)
    record = bench.site / "demo-1.0.dist-info" / "RECORD"
    record.write_text(f"demo/,,\n,,\n{record.read_text()}")
    new = replace(OLD, version="2.0")
    bench.install(new)
    assert bench.content() == bench.expected(new)
