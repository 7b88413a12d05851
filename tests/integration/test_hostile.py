"""Hostile input, by the command line as users run it: what is said, and that nothing outside of the venv is touched."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from freshvenv.report import printable
from support.repository import Repository, assert_fresh, create, make_venv, own_lines
from support.shelf import Shelf, world_in
from support.world import World

HERE = Path(__file__)
TESTS = HERE.parents[1]

COVERED: Mapping[str, tuple[str, ...]] = {
    "wheels whose paths leave the venv": (
        "integration/test_hostile.py::test_wheel_is_refused",
        "integration/place/test_nothing_outside.py::test_invalid_wheel_is_refused",
    ),
    "wheels whose RECORD leaves the venv": ("integration/test_hostile.py::test_record_of_a_wheel_proves_nothing",),
    "symlinks in wheels": ("integration/test_hostile.py::test_link_in_a_wheel_is_a_plain_file",),
    "absolute paths in wheels": ("integration/test_hostile.py::test_wheel_is_refused",),
    "zip bombs": ("integration/test_hostile.py::test_wheel_is_refused",),
    "names that differ only in case": ("integration/test_hostile.py::test_names_that_differ_only_in_case",),
    "entry points called python, pip, git": (
        "integration/test_hostile.py::test_wheel_is_refused",
        "integration/place/test_scripts.py::test_program_of_the_venv_itself_is_refused",
    ),
    "top-level .pth files": ("integration/test_hostile.py::test_pth_file_goes_with_its_wheel",),
    "a venv that is a symlink to somewhere else": (
        "integration/bad_input/test_venvs.py::test_unusable_venv_is_left_alone",
    ),
    "a pyvenv.cfg that lies": ("integration/test_hostile.py::test_pyvenv_cfg_that_lies",),
    "an interpreter that lies": ("integration/test_hostile.py::test_interpreter_that_lies",),
    "RECORD rows that point outside": (
        "integration/test_record.py::test_row_that_points_outside_is_refused",
        "integration/bad_input/test_damages.py::test_damage_is_repaired",
        "integration/place/test_nothing_outside.py::test_nothing_outside_is_removed",
    ),
    "odd paths": (
        "integration/bad_input/test_paths.py::test_odd_path",
        "integration/bad_input/test_paths.py::test_odd_name_of_a_venv",
        "integration/test_hostile.py::test_odd_path_is_escaped",
        "integration/test_hostile.py::test_path_that_is_not_utf8",
    ),
    "odd names of files": ("integration/test_hostile.py::test_odd_names_of_files",),
    "odd names of branches": ("integration/test_hostile.py::test_odd_name_of_a_branch",),
    "escape sequences in what commits say of themselves": (
        "integration/test_hostile.py::test_commit_with_escape_sequences",
    ),
    "a repository of another owner": ("integration/test_hostile.py::test_repository_of_another_owner",),
    "sha256 repositories": (
        "integration/test_hostile.py::test_sha256_repository",
        "integration/test_checkout.py::test_sha256_repository",
    ),
    "a pyproject.toml of 100 MB": (
        "integration/test_hostile.py::test_pyproject_that_is_no_text_of_a_sane_size",
        "integration/test_hostile.py::test_huge_pyproject_of_a_stranger",
    ),
    "ten thousand venvs matched by a glob": ("integration/test_hostile.py::test_pattern_that_finds_too_many",),
    "garbage where we read: receipt": (
        "unit/test_receipt.py::test_any_bytes",
        "unit/test_receipt.py::test_any_value_anywhere",
        "unit/test_receipt.py::test_any_byte_flipped",
    ),
    "garbage where we read: intent": ("integration/test_receipts.py::test_any_intent",),
    "garbage where we read: stamp": ("unit/test_fuzz.py::test_stamp",),
    "garbage where we read: RECORD": (
        "integration/test_record.py::test_any_text_gives_paths_inside_or_a_venv_error",
        "unit/test_fuzz.py::test_record",
    ),
    "garbage where we read: settings": ("unit/test_fuzz.py::test_settings", "unit/test_fuzz.py::test_toml"),
    "garbage where we read: direct_url.json": ("integration/test_venv.py::test_any_origin",),
    "garbage where we read: ledger": ("unit/test_fuzz.py::test_ledger",),
    "garbage where we read: reflog": ("unit/test_fuzz.py::test_reflog",),
}
"""Each kind of hostile input, and the tests that stand for it, wherever they are."""


@pytest.mark.parametrize("name", sorted({name for names in COVERED.values() for name in names}))
def test_the_table_names_tests_that_there_are(name: str) -> None:
    file, _, function = name.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


# The scene


@dataclass(frozen=True)
class Said:
    """What a command answered; both streams in ``text``."""

    status: int
    text: str


def say(repository: Repository, *argv: str) -> Said:
    done = repository.freshvenv(*argv, check=False)
    text = done.stdout + done.stderr
    assert "Traceback" not in text
    assert "a bug" not in text
    assert all(sign.isprintable() or sign == "\n" for sign in text), text
    return Said(done.returncode, text)


def hook(repository: Repository) -> str:
    """What the hook says; it never fails."""
    said = say(repository, "hook", "post-checkout")
    assert said.status == 0
    assert all(line.startswith("freshvenv: ") for line in said.text.splitlines())
    return said.text


def everything_in(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below a folder with its mode and content; our own notes left out."""
    found = {}
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in {".freshvenv", "freshvenv", "__pycache__"}]
        for path in (Path(where, name) for name in names):
            content = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
            found[os.path.relpath(path, folder)] = (path.lstat().st_mode, content)
    return found


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The demo project, installed."""
    shelf = Shelf(world_in(tmp_path_factory.mktemp("world")))
    made = create(shelf.world, shelf.world.root / "demo", branches={})
    made.git("config", "freshvenv.enabled", "true")
    make_venv(made.world, made.venv)
    made.freshvenv("resync")
    shelf.keep()
    return shelf


@pytest.fixture
def installed(sterile: World, shelf: Shelf) -> Repository:
    """The project, installed as it is committed."""
    shelf.restore()
    return Repository(shelf.world_of(sterile), shelf.world.root / "demo")


def site(repository: Repository) -> Path:
    [found] = repository.venv.glob("lib/python*/site-packages")
    return found


# Wheels

INFO = "demo-1.0.dist-info"
BACKEND = """

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    import shutil
    return Path(shutil.copy("hostile", Path(wheel_directory) / "demo-1.0-py3-none-any.whl")).name
"""


@dataclass(frozen=True)
class Wheel:
    """What a hostile backend makes: files, entry points, and rows for RECORD that are not those of its files."""

    files: tuple[tuple[str, bytes], ...] = (("demo/__init__.py", b""),)
    entry_points: str = ""
    rows: tuple[tuple[str, str, str], ...] = ()
    link: str = ""
    spoil: bytes = b""
    """How the first file claims to be compressed."""
    flags: int = 0
    """What the first file says of itself otherwise."""

    def write(self, path: Path) -> None:
        members = [
            *self.files,
            (f"{INFO}/METADATA", b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"),
            (f"{INFO}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
        ]
        if self.entry_points:
            members.append((f"{INFO}/entry_points.txt", f"[console_scripts]\n{self.entry_points}\n".encode()))
        text = io.StringIO()
        rows = [(name, _digest(content), str(len(content))) for name, content in members]
        csv.writer(text, lineterminator="\n").writerows([*rows, *self.rows, (f"{INFO}/RECORD", "", "")])
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in [*members, (f"{INFO}/RECORD", text.getvalue().encode())]:
                member = zipfile.ZipInfo(name)
                member.compress_type = zipfile.ZIP_DEFLATED
                kind = stat.S_IFLNK | 0o777 if name == self.link else stat.S_IFREG | 0o644
                member.external_attr = kind << 16
                archive.writestr(member, content)
        # Flags and method of the first file: where it begins, and in the directory at the end.
        data = bytearray(path.read_bytes())
        for at in (6, data.index(b"PK\x01\x02") + 8):
            data[at] |= self.flags
            data[at + 2 : at + 2 + len(self.spoil)] = self.spoil
        path.write_bytes(data)


def _digest(content: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"


def bring(repository: Repository, wheel: Wheel) -> None:
    """Commit a project whose backend makes the wheel."""
    wheel.write(repository.path / "hostile")
    with (repository.path / "backend" / "in_tree.py").open("a") as backend:
        backend.write(BACKEND)
    repository.commit("a hostile wheel")


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


# Venvs


def test_pyvenv_cfg_that_lies(installed: Repository) -> None:
    """What counts is what the interpreter says."""
    cfg = installed.venv / "pyvenv.cfg"
    cfg.write_text("home = /nowhere\nversion = 2.7.18\nversion_info = 2.7.18\nprompt = \x1b[2J\n" + "x" * 10_000)
    (installed.path / "src" / "demo" / "left.py").write_text("NUMBER = 7\n")
    installed.commit("left 7")
    assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(tree .*\) in .* s\n", hook(installed))
    assert "NUMBER = 7" in (site(installed) / "demo" / "left.py").read_text()


LIES: dict[str, tuple[str, Mapping[str, object], str]] = {
    "no answer": ("true", {}, "it does not answer as Python does: Expecting value.*"),
    "garbage with escape sequences": (r"printf '\033[2J\377' >&2; exit 3", {}, r"\\x1b\[2J.*"),
    "no such key": ("cat answer", {"more": 1}, "it does not answer as Python does: .*'more'"),
    "number": ("cat answer", {"version": 3}, "it does not answer as Python does: a value is no text"),
    "markers that are none": ("cat answer", {"markers": []}, "it does not answer as Python does: .*"),
    "place outside": (
        "cat answer",
        {"purelib": "../outside"},
        r"it does not answer as Python does: '\.\./outside' is no place in an environment",
    ),
    "absolute place": (
        "cat answer",
        {"scripts": "/outside"},
        "it does not answer as Python does: '/outside' is no place in an environment",
    ),
}


@pytest.mark.parametrize(("script", "changes", "complaint"), LIES.values(), ids=LIES)
def test_interpreter_that_lies(
    installed: Repository, script: str, changes: Mapping[str, object], complaint: str
) -> None:
    [memory] = (installed.world.root / "cache" / "freshvenv" / "interpreters").iterdir()
    answer = {**json.loads(memory.read_text()), **changes}
    del answer["executable"]
    (installed.world.root / "answer").write_text(json.dumps(answer))
    python = installed.venv / "bin" / "python"
    python.unlink()
    python.write_text(f"#!/bin/sh\ncd {shlex.quote(str(installed.world.root))}\n{script}\n")
    python.chmod(0o755)
    before = everything_in(installed.path)
    said = say(installed, "resync")
    assert said.status == 1
    line = rf"freshvenv: \.venv: broken, left alone: its interpreter .* does not run: {complaint}\n"
    assert re.fullmatch(line, said.text), said.text
    assert everything_in(installed.path) == before
    hook(installed)


def test_pattern_that_finds_too_many(installed: Repository) -> None:
    for number in range(10_000):
        folder = installed.path / "envs" / str(number)
        folder.mkdir(parents=True)
        (folder / "pyvenv.cfg").touch()
    (installed.path / ".gitignore").write_text("envs\n")
    text = (installed.path / "pyproject.toml").read_text()
    (installed.path / "pyproject.toml").write_text(text.replace('[".venv"]', '["envs/*"]'))
    installed.commit("many")
    message = "freshvenv: venvs: 'envs/*' finds more than 1000 environments (name those that count)\n"
    assert say(installed, "resync") == Said(2, message)
    assert say(installed, "status") == Said(2, message)
    assert hook(installed) == message


# Settings


def large(file: Path) -> None:
    with file.open("a") as sink:
        for number in range(100):
            sink.write(f"\n[t{number}]\na = [{'1,' * (512 * 1024)}]\n")


def endless(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


HUGE = {
    "100 MB": (large, "it has more than 4 MB"),
    "link to a device": (endless, "it is no regular file"),
    "pipe": (pipe, "it is no regular file"),
}


@pytest.mark.parametrize(("spoil", "why"), HUGE.values(), ids=HUGE)
def test_pyproject_that_is_no_text_of_a_sane_size(
    installed: Repository, spoil: Callable[[Path], None], why: str
) -> None:
    spoil(installed.path / "pyproject.toml")
    message = f"freshvenv: pyproject.toml cannot be read: {why}\n"
    for command in ("resync", "status", "explain"):
        assert say(installed, command) == Said(2, message)
    (installed.git_dir / "freshvenv" / "stamp").unlink()
    assert hook(installed) == message
    say(installed, "doctor")


def test_huge_pyproject_of_a_stranger(installed: Repository) -> None:
    """Consent shows the build files of a commit; not even that takes it apart, which would take minutes."""
    installed.git("commit", "--quiet", "--allow-empty", "--message", "own")
    large(installed.path / "pyproject.toml")
    installed.git("add", "--all")
    tree = installed.git("write-tree")
    commit = installed.git("commit-tree", "-p", "HEAD", "-m", "huge", tree)
    installed.git("reset", "--quiet", "--hard")
    installed.git("checkout", "--quiet", "--detach", commit)
    assert "1 commit is not trusted" in hook(installed)
    limited = ("sh", "-c", "ulimit -v 1000000; exec freshvenv resync")
    done = installed.world.run(*limited, cwd=installed.path, check=False)
    assert done.returncode == 2
    assert "build files changed" in done.stdout
    assert done.stderr == ("freshvenv: pyproject.toml cannot be read: it has more than 4 MB\n")


# Names


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "line\nbreak", "$(touch evil)"], ids=ascii)
def test_odd_path_is_escaped(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    make_venv(world, repository.venv)
    repository.git("config", "freshvenv.enabled", "true")
    assert say(repository, "resync").status == 0
    assert_fresh(repository, 11)
    (repository.venv / "bin" / "python").unlink()
    assert say(repository, "status", "--exit-code").status == 1
    assert list(world.root.rglob("evil")) == []
    outside = say(Repository(world, repository.path.parent), "status")
    assert outside.status == 2
    assert len(outside.text.splitlines()) == 1


@pytest.mark.ordinary_place("a submodule cannot be renamed in that way")
def test_path_that_is_not_utf8(world: World) -> None:
    """Nothing makes a venv at such a path, but a folder can be renamed."""
    made = create(world, world.root / "plain", branches={})
    make_venv(world, made.venv)
    repository = Repository(world, world.root / os.fsdecode(b"caf\xe9"))
    made.path.rename(repository.path)
    repository.git("config", "freshvenv.enabled", "true")
    message = "freshvenv: .venv: broken, left alone: its path is not UTF-8\n"
    assert say(repository, "resync") == Said(1, message)
    assert hook(repository) == message
    for command in (("init",), ("status",), ("explain",), ("doctor",), ("trust", "show"), ("resync", "nothing")):
        say(repository, *command)


FILES = (
    "a  b",
    "a'b\"c",
    "$(touch evil)`touch evil`;&|",
    "a\nb",
    "-rf",
    "\x1b[2J\x07",
    os.fsdecode(b"caf\xe9"),
    "a\\b",
)


def test_odd_names_of_files(installed: Repository) -> None:
    """One line a venv, whatever files are called; and what is built has them."""
    folder = installed.path / "src" / "demo"
    modules = {"a  b", "$(touch evil)`touch evil`;&|", "-rf", "\x1b[2J\x07"}
    for name in modules:
        (folder / name).write_text("x")
    for name in FILES:
        (installed.path / name).write_text("x")
    said = say(installed, "explain")
    assert said.status == 0
    assert r"a\nb" in said.text
    assert r"\x1b[2J\x07" in said.text
    assert len(say(installed, "status").text.splitlines()) == 1
    assert len(say(installed, "resync").text.splitlines()) == 1
    assert modules < {*os.listdir(site(installed) / "demo")}
    assert_fresh(installed, 11)
    (folder / "left.py").write_text("NUMBER = 7\n")
    installed.commit("odd")
    assert say(installed, "resync").status == 0
    assert_fresh(installed, 71)
    installed.git("reset", "--quiet", "--hard", "HEAD~")
    assert len(hook(installed).splitlines()) == 1
    assert_fresh(installed, 11)
    assert list(installed.world.root.rglob("evil")) == []


BRANCHES = {
    "quotes": "a'b\"c",
    "shell": "$(touch${IFS}evil)`touch${IFS}evil`;&|",
    "leading dash": "-rf",
    "not UTF-8": os.fsdecode(b"caf\xe9"),
    "non-ASCII": "über/日本",
    "HEAD": "HEAD",
}


@pytest.mark.parametrize("name", BRANCHES.values(), ids=BRANCHES)
def test_odd_name_of_a_branch(installed: Repository, name: str) -> None:
    say(installed, "hooks", "install", "--hooks", "native")
    installed.git("symbolic-ref", "HEAD", f"refs/heads/{name}")
    installed.git("update-ref", f"refs/heads/{name}", "refs/heads/main")
    (installed.path / "src" / "demo" / "left.py").write_text("NUMBER = 7\n")
    installed.commit("left 7")
    assert re.fullmatch(r"freshvenv: \.venv: reinstalled demo 1\.0 \(.*\) in .* s\n", hook(installed))
    assert_fresh(installed, 71)
    say(installed, "trust", "show")
    say(installed, "doctor")
    assert list(installed.world.root.rglob("evil")) == []


def test_commit_with_escape_sequences(installed: Repository) -> None:
    evil = {"GIT_AUTHOR_NAME": "\x1b[2JM \x07Allory", "GIT_COMMITTER_NAME": "\x1b]0;x\x07"}
    done = installed.attempt("commit-tree", "-p", "HEAD", "-m", "\x1b[31msubject\x9b2J", "HEAD^{tree}", env=evil)
    installed.git("checkout", "--quiet", "--detach", done.stdout.strip())
    for command in (("trust", "show"), ("resync", "--dry-run"), ("resync",), ("status",), ("explain",)):
        said = say(installed, *command)
        if command[0] in {"trust", "resync"}:
            assert r"\x1b[31msubject" in said.text, command


# Repositories


def test_repository_of_another_owner(installed: Repository) -> None:
    """git decides whose repositories it obeys; nothing is read or run where it declines."""
    folder = installed.world.root / "bin"
    folder.mkdir()
    git = shutil.which("git")
    (folder / "git").write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {git} "$@"\n')
    (folder / "git").chmod(0o755)
    other = installed.with_environment(PATH=f"{folder}:{installed.world.env['PATH']}")
    before = everything_in(installed.path)
    for command in (("init",), ("resync",), ("status",), ("explain",), ("doctor",)):
        said = say(other, *command)
        assert said.status == 2
        # Signs that a terminal would obey are printed as escapes.
        assert said.text == (
            f"freshvenv: {printable(str(installed.path))} is in a repository of somebody else, "
            "and git does not work there (see safe.directory in git-config(1))\n"
        )
    assert everything_in(installed.path) == before
    say(other, "hook", "post-checkout")
    assert everything_in(installed.path) == before


def test_sha256_repository(installed: Repository) -> None:
    world = installed.world
    git = installed.path / ".git"  # it is a file in some places
    shutil.rmtree(git) if git.is_dir() else git.unlink()
    world.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256", cwd=installed.path)
    installed.commit("base")
    installed.freshvenv("init", "--hooks", "native")
    assert_fresh(installed, 11)
    installed.branch("topic", ("left", 2))
    lines = own_lines(installed.attempt("switch", "--detach", "topic").stderr)
    assert len(lines) == 1
    assert lines[0].startswith("freshvenv: .venv: reinstalled demo 1.0 ")
    assert_fresh(installed, 21)
    assert len(json.loads(installed.freshvenv("status", "--json").stdout)["targets"][0]["current"]["tree"]) == 64
    commit = installed.git("commit-tree", "-p", "HEAD", "-m", "strange", "HEAD~^{tree}")
    assert "1 commit is not trusted" in installed.attempt("checkout", "--detach", commit).stderr
    assert "approved from now on" in say(installed, "resync").text
    assert_fresh(installed, 11)
