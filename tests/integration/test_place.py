"""Placing real files: from what a venv holds to what it should hold, by the smallest change, whatever happens meanwhile."""

from __future__ import annotations

import base64
import csv
import errno
import hashlib
import io
import os
import py_compile
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from freshvenv.errors import BuildError, VenvError
from freshvenv.interpreter import Interpreter, inspect_interpreter
from freshvenv.payload import DamagedPayloadError, Payload, load
from freshvenv.venvs.delta import Delta
from freshvenv.venvs.intent import Intent, read_intents, write_intent
from freshvenv.venvs.layout import Desired, lay_out
from freshvenv.venvs.place import Outgoing, place, sweep
from freshvenv.venvs.record import owned_files
from freshvenv.venvs.venv import Venv, distributions
from freshvenv.venvs.witness import stamps
from freshvenv.wheels.unpack import unpack
from support.values import replace


@dataclass(frozen=True)
class Wheel:
    """What goes into a wheel; ``files`` are by their names in it, ``executable`` those with an exec bit."""

    files: Mapping[str, str] = field(default_factory=dict)
    entry_points: str = ""
    version: str = "1.0"
    name: str = "demo"
    executable: frozenset[str] = frozenset()
    tag: str = "py3-none-any"
    metadata: bool = True

    def write(self, folder: Path) -> Path:
        stem = f"{self.name}-{self.version}"
        info = f"{stem}.dist-info"
        pure = "true" if self.tag.endswith("-none-any") else "false"
        members = dict(self.files)
        if self.metadata:
            members[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        members[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {self.tag}\n"
        if self.entry_points:
            members[f"{info}/entry_points.txt"] = self.entry_points
        record = io.StringIO()
        rows = [[name, digest(text), len(text.encode())] for name, text in members.items()]
        csv.writer(record, lineterminator="\n").writerows([*rows, [f"{info}/RECORD", "", ""]])
        members[f"{info}/RECORD"] = record.getvalue()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{stem}-{self.tag}.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members.items():
                member = zipfile.ZipInfo(name)
                member.external_attr = (0o100755 if name in self.executable else 0o100644) << 16
                archive.writestr(member, text)
        return path


def digest(text: str) -> str:
    value = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(value).rstrip(b'=').decode()}"


@dataclass(frozen=True)
class Bench:
    """A folder with the layout of a venv, and what it takes to place wheels into it."""

    root: Path
    venv: Venv

    @property
    def site(self) -> Path:
        return self.venv.path / self.venv.interpreter.purelib

    @property
    def bin(self) -> Path:
        return self.venv.path / "bin"

    def payload(self, wheel: Wheel) -> Payload:
        number = len(list(self.root.glob("payload-*")))
        folder = self.root / f"payload-{number}"
        folder.mkdir()
        return unpack(wheel.write(self.root / f"wheels-{number}"), folder, self.root / "log")

    def outgoing(self) -> Outgoing:
        """Everything that is installed, and what interrupted installs noted."""
        paths = {path for intent in read_intents(self.venv.state) for path in intent.paths}
        metadata: set[str] = set()
        for distribution in distributions(self.venv):
            metadata.add(distribution.metadata)
            try:
                paths |= owned_files(self.venv, distribution).paths
            except VenvError:
                assert paths, "RECORD may be missing only after an install that was interrupted"
        metadata |= {path.rpartition("/")[0] for path in paths if path.endswith(".dist-info/RECORD")}
        return Outgoing(frozenset(paths), frozenset(metadata))

    def note(self, paths: Iterable[str]) -> Intent:
        return write_intent(self.venv.state / "x.intent.json", "/project", paths)

    def install(self, wheel: Wheel) -> Delta:
        """Place a wheel over whatever is there, to the end."""
        before = read_intents(self.venv.state)
        delta, intent, _ = place(self.venv, lay_out(self.venv, self.payload(wheel), {}), self.outgoing(), self.note)
        for begun in (*before, *([intent] if intent else [])):
            begun.drop()
        return delta

    def content(self) -> dict[str, tuple[bytes, bool]]:
        """Every file with its bytes and its exec bit, our own folder and what a venv has anyway left out."""
        found = {}
        for where, folders, names in os.walk(self.venv.path):
            folders[:] = [name for name in folders if name != ".freshvenv"]
            for path in (Path(where, name) for name in names):
                name = path.relative_to(self.venv.path).as_posix()
                if name not in {"pyvenv.cfg", "bin/python"}:
                    found[name] = (path.read_bytes(), os.access(path, os.X_OK))
        return found

    def expected(self, wheel: Wheel) -> dict[str, tuple[bytes, bool]]:
        layout = lay_out(self.venv, self.payload(wheel), {})
        return {path: (file.read(), file.executable) for path, file in layout.items()}

    def empty_folders(self) -> list[str]:
        """Folders below the top of the venv that hold nothing."""
        walked = [(where, bool(folders or names)) for where, folders, names in os.walk(self.venv.path)]
        empty = [os.path.relpath(where, self.venv.path) for where, filled in walked if not filled]
        return [name for name in empty if "/" in name and name != self.venv.interpreter.purelib]

    def ask(self, code: str, **env: str) -> str:
        """What an interpreter says that finds its modules in the venv."""
        words = [sys.executable, "-s", "-c", f"import sys; sys.path.insert(0, {str(self.site)!r}); {code}"]
        done = subprocess.run(
            words, cwd=self.root, env={**os.environ, **env}, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    return inspect_interpreter(Path(sys.executable), tmp_path_factory.mktemp("memory"))


@pytest.fixture
def bench(tmp_path: Path, interpreter: Interpreter) -> Bench:
    path = tmp_path / "venv"
    (path / interpreter.purelib).mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    (path / "pyvenv.cfg").touch()
    return Bench(tmp_path, Venv(path, path / "bin" / "python", interpreter))


OLD = Wheel(
    {
        "demo/__init__.py": "",
        "demo/kept.py": "KEPT = 1\n",
        "demo/changed.py": "VALUE = 1\n",
        "demo/removed.py": "",
        "demo/sub/only.py": "",
        "demo/words.txt": "alpha\n",
    },
    entry_points="[console_scripts]\ndemo = demo.changed:main\n",
)


STEPS = {
    "nothing there": (Wheel(), OLD),
    "the same again": (OLD, OLD),
    "file added": (OLD, replace(OLD, files={**OLD.files, "demo/added.py": ""})),
    "file changed": (OLD, replace(OLD, files={**OLD.files, "demo/changed.py": "VALUE = 22\n"})),
    "file changed, of the same size": (OLD, replace(OLD, files={**OLD.files, "demo/changed.py": "VALUE = 2\n"})),
    "file removed": (OLD, replace(OLD, files={k: v for k, v in OLD.files.items() if k != "demo/removed.py"})),
    "folder removed": (OLD, replace(OLD, files={k: v for k, v in OLD.files.items() if "/sub/" not in k})),
    "everything removed": (OLD, replace(OLD, files={}, entry_points="")),
    "package renamed": (OLD, replace(OLD, files={k.replace("demo/", "other/"): v for k, v in OLD.files.items()})),
    "version bumped": (OLD, replace(OLD, version="1.1")),
    "other distribution name": (OLD, replace(OLD, name="Demo")),
    "file becomes a folder": (
        OLD,
        replace(OLD, files={k: v for k, v in OLD.files.items() if k != "demo/words.txt"} | {"demo/words.txt/a": "x"}),
    ),
    "folder becomes a file": (
        OLD,
        replace(OLD, files={k: v for k, v in OLD.files.items() if "/sub/" not in k} | {"demo/sub": "x"}),
    ),
    "module becomes a package": (
        OLD,
        replace(
            OLD,
            files={k: v for k, v in OLD.files.items() if k != "demo/changed.py"} | {"demo/changed/__init__.py": ""},
        ),
    ),
    "package becomes a module": (Wheel({"demo/__init__.py": ""}), Wheel({"demo.py": ""})),
    "deep folder becomes a file": (Wheel({"demo/a/b/c/d.py": ""}), Wheel({"demo/a": "x"})),
    "file becomes a deep folder": (Wheel({"demo/a": "x"}), Wheel({"demo/a/b/c/d.py": ""})),
    "file and folder change places": (
        Wheel({"demo/a": "x", "demo/b/c": "y"}),
        Wheel({"demo/a/c": "x", "demo/b": "y"}),
    ),
    "made executable": (OLD, replace(OLD, executable=frozenset({"demo/kept.py"}))),
    "no longer executable": (replace(OLD, executable=frozenset({"demo/kept.py"})), OLD),
    "entry point added": (OLD, replace(OLD, entry_points=OLD.entry_points + "more = demo.kept:main\n")),
    "entry point changed": (OLD, replace(OLD, entry_points="[console_scripts]\ndemo = demo.kept:main\n")),
    "entry point removed": (OLD, replace(OLD, entry_points="")),
    "gui script": (OLD, replace(OLD, entry_points="[gui_scripts]\ndemo = demo.kept:main\n")),
    "data": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/data/share/demo/x.txt": "x"})),
    "data removed": (replace(OLD, files={**OLD.files, "demo-1.0.data/data/share/demo/x.txt": "x"}), OLD),
    "headers": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/headers/demo.h": "x"})),
    "headers removed": (replace(OLD, files={**OLD.files, "demo-1.0.data/headers/demo.h": "x"}), OLD),
    "script": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/scripts/run": "#!python\nprint(1)\n"})),
    "script removed": (
        replace(OLD, files={**OLD.files, "demo-1.0.data/scripts/run": "#!python\nprint(1)\n"}),
        OLD,
    ),
    "modules in the data folder": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/purelib/more.py": "x"})),
    "bound to an interpreter": (OLD, replace(OLD, tag="cp311-cp311-linux_x86_64")),
    "odd names": (OLD, replace(OLD, files={**OLD.files, 'demo/a b,"c".txt': "x", "demo/é.py": "y"})),
    "package of folders that every venv has": (
        Wheel({"demo/__init__.py": "", "demo/bin/tool.py": "", "demo/lib/code.py": ""}),
        Wheel({"demo/__init__.py": ""}),
    ),
    "package that is named like one": (
        Wheel({"demo/__init__.py": "", "demo/my-site-packages/a.py": ""}),
        Wheel({"demo/__init__.py": ""}),
    ),
}


@pytest.mark.parametrize(("old", "new"), STEPS.values(), ids=STEPS)
def test_venv_holds_what_it_should_and_nothing_more(bench: Bench, old: Wheel, new: Wheel) -> None:
    bench.install(old)
    bench.install(new)
    assert bench.content() == bench.expected(new)
    assert bench.empty_folders() == []
    assert list(bench.venv.state.iterdir()) == []


@pytest.mark.parametrize(("old", "new"), STEPS.values(), ids=STEPS)
def test_idempotent_and_back_again(bench: Bench, old: Wheel, new: Wheel) -> None:
    bench.install(old)
    before = bench.content()
    bench.install(new)
    assert bench.install(new).is_empty
    bench.install(old)
    assert bench.content() == before
    assert bench.empty_folders() == []


# Which files are touched


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
    known = stamps(bench.venv.path, layout, {})
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


# Bytecode

MODULE = "demo/changed.py"


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


# Scripts


def test_entry_point_runs(bench: Bench) -> None:
    new = replace(OLD, files={**OLD.files, MODULE: "def main():\n    print('called')\n"})
    bench.install(new)
    done = subprocess.run(
        [bench.bin / "demo"],
        env={**os.environ, "PYTHONPATH": str(bench.site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "called\n"
    assert os.access(bench.bin / "demo", os.X_OK)


def test_script_starts_the_interpreter_of_the_venv(bench: Bench) -> None:
    name = "demo-1.0.data/scripts/run"
    bench.install(Wheel({name: "#!python\nprint('called')\n"}, executable=frozenset({name})))
    assert (bench.bin / "run").read_text() == f"#!{bench.venv.python}\nprint('called')\n"
    assert os.access(bench.bin / "run", os.X_OK)


SHEBANGS = {"other interpreter": "#!/bin/sh\necho 1\n", "none": "echo 1\n", "env": "#!/usr/bin/env python\n"}


@pytest.mark.parametrize("text", SHEBANGS.values(), ids=SHEBANGS)
def test_script_is_left_as_it_is(bench: Bench, text: str) -> None:
    bench.install(Wheel({"demo-1.0.data/scripts/run": text}))
    assert (bench.bin / "run").read_text() == text


def test_script_in_a_venv_at_an_odd_path(tmp_path: Path, interpreter: Interpreter) -> None:
    path = tmp_path / "a b 'c' \"d\""
    (path / interpreter.purelib).mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    bench = Bench(tmp_path, Venv(path, path / "bin" / "python", interpreter))
    bench.install(replace(OLD, files={**OLD.files, MODULE: "def main():\n    print('called')\n"}))
    done = subprocess.run(
        [bench.bin / "demo"],
        env={**os.environ, "PYTHONPATH": str(bench.site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "called\n"


def test_exec_bit_is_for_those_who_may_read(bench: Bench) -> None:
    old = os.umask(0o027)
    try:
        name = "demo-1.0.data/scripts/run"
        bench.install(Wheel({name: "#!/bin/sh\n", "demo/a.py": ""}, executable=frozenset({name})))
    finally:
        os.umask(old)
    assert (bench.bin / "run").stat().st_mode & 0o777 == 0o750
    assert (bench.site / "demo" / "a.py").stat().st_mode & 0o777 == 0o640


def test_headers_are_where_pip_puts_them(bench: Bench) -> None:
    bench.install(Wheel({"demo-1.0.data/headers/deep/demo.h": "x"}))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (bench.venv.path / "include" / "site" / f"python{version}" / "demo" / "deep" / "demo.h").exists()


TAKES_OVER = {
    "python": Wheel(entry_points="[console_scripts]\npython = demo:main\n"),
    "python3": Wheel(entry_points="[console_scripts]\npython3 = demo:main\n"),
    "python3.11": Wheel(entry_points="[console_scripts]\npython3.11 = demo:main\n"),
    "Python, spelled otherwise": Wheel(entry_points="[console_scripts]\nPython = demo:main\n"),
    "pip": Wheel(entry_points="[console_scripts]\npip = demo:main\n"),
    "pip3.11": Wheel(entry_points="[gui_scripts]\npip3.11 = demo:main\n"),
    "git": Wheel(entry_points="[console_scripts]\ngit = demo:main\n"),
    "uv": Wheel(entry_points="[console_scripts]\nuv = demo:main\n"),
    "activate": Wheel({"demo-1.0.data/scripts/activate": "x"}),
    "activate of another shell": Wheel({"demo-1.0.data/scripts/activate.fish": "x"}),
    "by way of data": Wheel({"demo-1.0.data/data/bin/python": "x"}),
    "pyvenv.cfg": Wheel({"demo-1.0.data/data/pyvenv.cfg": "x"}),
    "our own folder": Wheel({"demo-1.0.data/data/.freshvenv/x.receipt.json": "x"}),
    "python, by its name": Wheel(entry_points="[console_scripts]\npython = demo:main\n", name="python"),
    "git, by its name": Wheel(entry_points="[console_scripts]\ngit = demo:main\n", name="git"),
    "activate_this": Wheel({"demo-1.0.data/scripts/activate_this.py": "x"}),
    "python, in a folder spelled otherwise": Wheel({"demo-1.0.data/data/BIN/python": "x"}),
    "pyvenv.cfg, spelled otherwise": Wheel({"demo-1.0.data/data/PyVenv.cfg": "x"}),
    "our own folder, spelled otherwise": Wheel({"demo-1.0.data/data/.Fre\u017fhvenv/x.receipt.json": "x"}),
    "python, by a name that begins alike": Wheel(entry_points="[console_scripts]\npython = py:main\n", name="py"),
    "git, by a name that begins alike": Wheel(entry_points="[console_scripts]\ngit = g:main\n", name="g"),
}


@pytest.mark.parametrize("wheel", TAKES_OVER.values(), ids=TAKES_OVER)
def test_program_of_the_venv_itself_is_refused(bench: Bench, wheel: Wheel) -> None:
    bench.install(OLD)
    before = bench.content()
    with pytest.raises(VenvError, match="which belongs to the venv itself"):
        bench.install(wheel)
    assert bench.content() == before
    assert os.readlink(bench.bin / "python") == sys.executable


TAKES_NOTHING_OVER = {
    "pythonic": Wheel(entry_points="[console_scripts]\npythonic = demo:main\n"),
    "pipx": Wheel(entry_points="[console_scripts]\npipx = demo:main\n"),
    "gitlint": Wheel(entry_points="[console_scripts]\ngitlint = demo:main\n"),
    "uvicorn": Wheel(entry_points="[console_scripts]\nuvicorn = demo:main\n"),
    "pip of pip": Wheel(entry_points="[console_scripts]\npip = pip:main\npip3 = pip:main\n", name="pip"),
    "uv of uv": Wheel({"uv-1.0.data/scripts/uv": "x"}, name="uv"),
    "module": Wheel({"python/__init__.py": "", "pip.py": ""}),
    "data in a folder bin": Wheel({"demo-1.0.data/data/share/bin/python": "x"}),
}


@pytest.mark.parametrize("wheel", TAKES_NOTHING_OVER.values(), ids=TAKES_NOTHING_OVER)
def test_other_programs_are_installed(bench: Bench, wheel: Wheel) -> None:
    bench.install(wheel)
    assert bench.content() == bench.expected(wheel)


# Nothing outside of the venv


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


# When something goes wrong


def failing(layout: Mapping[str, Desired], error: BaseException) -> dict[str, Desired]:
    """The same layout, in which the last file but RECORD cannot be read."""

    def read() -> bytes:
        raise error

    *_, last, _ = layout
    return {**layout, last: replace(layout[last], digest="sha256=new", read=read)}


FAILURES = {
    "disk full": OSError(errno.ENOSPC, "No space left on device"),
    "damaged payload": DamagedPayloadError("demo/kept.py has another content"),
    "interrupted": KeyboardInterrupt(),
}


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_failure_while_staging_leaves_the_old_install_whole(bench: Bench, error: BaseException) -> None:
    bench.install(OLD)
    before = bench.content()
    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0", files={"demo/__init__.py": "x"})), {})
    with pytest.raises(type(error)):
        place(bench.venv, failing(layout, error), bench.outgoing(), bench.note)
    assert bench.content() == before
    assert list(bench.venv.state.iterdir()) == []
    assert bench.install(OLD).is_empty


def test_failure_while_noting_leaves_the_old_install_whole(bench: Bench) -> None:
    bench.install(OLD)
    before = bench.content()

    def note(_: Iterable[str]) -> Intent:
        raise OSError(errno.ENOSPC, "No space left on device")

    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0")), {})
    with pytest.raises(OSError, match="No space left"):
        place(bench.venv, layout, bench.outgoing(), note)
    assert bench.content() == before


def test_something_in_the_way_stays_and_the_next_run_repairs(bench: Bench) -> None:
    """A folder of somebody else where a file is to be: it is no loss to wait until it is gone."""
    bench.install(OLD)
    foreign = bench.site / "demo" / "added.py" / "precious"
    foreign.parent.mkdir()
    foreign.write_text("precious")
    new = replace(OLD, files={**OLD.files, "demo/added.py": ""}, version="2.0")
    with pytest.raises(OSError, match=r"not empty|is a directory"):
        bench.install(new)
    assert foreign.read_text() == "precious"
    assert len(read_intents(bench.venv.state)) == 1
    foreign.unlink()
    foreign.parent.rmdir()
    bench.install(new)
    assert bench.content() == bench.expected(new)
    assert read_intents(bench.venv.state) == []


def test_other_content_than_was_placed_is_noticed(bench: Bench) -> None:
    layout = lay_out(bench.venv, bench.payload(OLD), {})
    path = f"{bench.venv.interpreter.purelib}/demo/kept.py"
    wrong = {**layout, path: replace(layout[path], read=lambda: b"KEPT = 2\n")}
    with pytest.raises(VenvError, match=r"demo/kept\.py is not what was placed"):
        place(bench.venv, wrong, bench.outgoing(), bench.note)
    assert len(read_intents(bench.venv.state)) == 1


def test_what_killed_runs_left_is_swept(bench: Bench) -> None:
    bench.install(OLD)
    before = bench.content()
    (bench.venv.state / "stage-abc").mkdir()
    (bench.venv.state / "stage-abc" / "0").touch()
    (bench.venv.state / ".x.intent.json-w26lxa5j").touch()
    (bench.venv.state / "other").touch()
    sweep(bench.venv)
    assert [path.name for path in bench.venv.state.iterdir()] == ["other"]
    assert bench.content() == before


NEW = Wheel(
    {
        "demo/__init__.py": "NEW = 1\n",
        "demo/kept.py": "KEPT = 1\n",
        "demo/changed.py": "VALUE = 2\n",
        "demo/added.py": "",
        "demo/deep/er/added.py": "",
    },
    entry_points="[console_scripts]\nother = demo.changed:main\n",
    version="2.0",
)

TURNED_ROUND = replace(NEW, files={**NEW.files, "demo/sub": "a file now", "demo/words.txt/deep": "a folder now"})

_MOVES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "open"}


def killed_at(moment: int, bench: Bench, wheel: Wheel) -> bool:
    """Install in a child that is killed before its n-th change to the disk; whether it was."""
    payload = bench.payload(wheel)
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _MOVES and (event != "open" or "w" in str(arguments[1])):
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1

        status = 1
        try:
            layout = lay_out(bench.venv, payload, {})
            outgoing = bench.outgoing()
            sys.addaudithook(hook)
            _, intent, _ = place(bench.venv, layout, outgoing, bench.note)
            if intent:
                intent.drop()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("new", [NEW, TURNED_ROUND], ids=["files", "files and folders turned round"])
def test_killed_at_any_moment_the_next_run_repairs(bench: Bench, new: Wheel) -> None:
    """Before every single change to the disk: the old install is whole, or the new one, or an intent says neither is."""
    expected = bench.expected(new)
    bench.install(OLD)
    before = bench.content()
    states = []
    for moment in range(1000):
        killed = killed_at(moment, bench, new)
        begun = bool(read_intents(bench.venv.state))
        state = "old" if bench.content() == before else "new" if bench.content() == expected else "neither"
        states.append((state, begun))
        assert begun or state != "neither"
        sweep(bench.venv)
        bench.install(new)
        assert bench.content() == expected
        assert bench.empty_folders() == []
        assert read_intents(bench.venv.state) == []
        bench.install(OLD)
        assert bench.content() == before
        if not killed:
            break
    assert ("neither", True) in states
    assert states[0] == ("old", False)
    assert states[-1] == ("new", False)


def test_killed_while_it_goes_back(bench: Bench) -> None:
    """The run after a kill need not want what the killed one wanted."""
    bench.install(OLD)
    before = bench.content()
    third = replace(OLD, version="3.0", files={"demo/third.py": ""})
    expected = bench.expected(third)
    moment = 0
    while killed_at(moment, bench, NEW):
        sweep(bench.venv)
        bench.install(third)
        assert bench.content() == expected
        bench.install(OLD)
        assert bench.content() == before
        moment += 5


# Payloads


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
