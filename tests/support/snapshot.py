"""What a venv holds of one distribution, in a form in which two venvs can be compared."""

from __future__ import annotations

import ast
import base64
import configparser
import csv
import hashlib
import json
import os
import re
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

_PROBE = Path(__file__).with_name("probe.py")
_SHOWN = 8192
"""Files up to this size in bytes are kept, so that a message can show what differs in them."""

_ABOUT_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_*.json")
_OF_THE_VENV = (
    *("pyvenv.cfg", ".gitignore", "CACHEDIR.TAG", ".lock", ".freshvenv/*"),
    *("bin/activate*", "bin/Activate.ps1", "bin/deactivate*", "bin/pydoc.bat"),
    *("bin/python", "bin/python[23]", "bin/python3.*", "bin/\N{MATHEMATICAL ITALIC SMALL PI}thon"),
    *("site-packages/_virtualenv.py", "site-packages/_virtualenv.pth"),
)
"""Files that belong to the venv itself (venv, uv, virtualenv) or to freshvenv, and so to no distribution."""
_MODULES = (".py", ".so", ".pyd")
_NORMALISED = "normalised"


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it is compared; venv and project paths in it are written ``<venv>`` and ``<project>``."""

    digest: str
    executable: bool
    content: bytes | None = field(compare=False, repr=False)
    """The bytes of a small file, for messages."""

    @classmethod
    def of(cls, path: Path, content: bytes) -> FileState:
        digest = hashlib.sha256(content).hexdigest()
        executable = bool(path.stat().st_mode & 0o111)
        return cls(digest, executable, content if len(content) <= _SHOWN else None)


@dataclass(frozen=True, slots=True)
class Wrapper:
    """The script of an entry point, which every installer words differently."""

    interpreter: str
    """``<venv>`` for this venv's own, else what the script says."""
    call: str
    """``module:attribute``, as in entry_points.txt."""
    executable: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a venv holds of a distribution, by paths that read ``site-packages/...``, ``bin/...`` in all."""

    files: Mapping[str, FileState]
    """What RECORD lists and is there."""
    wrappers: Mapping[str, Wrapper]
    """The scripts of the entry points that entry_points.txt names, by path."""
    rows: frozenset[tuple[str, ...]]
    """The rows of RECORD."""
    generated: Mapping[str, FileState]
    """Of an editable install: the modules that its build left in the project and that git ignores."""
    problems: frozenset[str]
    """What is wrong without any comparison: leftovers, rows that do not hold, bytecode that lies."""


def installed_files(python: Path, distribution: str) -> Snapshot:
    """What the venv of this interpreter holds of a distribution; not to be there is a problem, no error."""
    venv = _Venv.of(python)
    mine, others = _dist_infos(venv, distribution)
    owned = {path for info in others for path in _owned(info)}
    if not mine:
        problems = [f"{distribution} is not installed", *_leftovers(venv, owned)]
        return Snapshot({}, {}, frozenset(), {}, frozenset(problems))
    problems = [f"a second {info.name}" for info in mine[1:]]
    reading = _Reading.of(venv, mine[0])
    problems += reading.problems
    problems += _leftovers(venv, owned | set(reading.paths))
    problems += [f"lying bytecode: {venv.name(Path(path))}" for path in venv.lying_bytecode(reading.compiled_sources())]
    generated = _generated(reading.editable_project) if reading.editable_project else {}
    return Snapshot(reading.files, reading.wrappers, frozenset(reading.rows), generated, frozenset(problems))


@dataclass(frozen=True, slots=True)
class _Venv:
    """Where things belong in a venv; all directories are real paths."""

    python: Path
    base: Path
    """The interpreter that the venv was made from."""
    prefix: Path
    sites: tuple[Path, ...]
    scripts: Path

    @classmethod
    def of(cls, python: Path) -> _Venv:
        answer = _ask(python, [])
        sites = dict.fromkeys(Path(os.path.realpath(site)) for site in answer["sites"])
        prefix, scripts = os.path.realpath(answer["prefix"]), os.path.realpath(answer["scripts"])
        return cls(python, Path(answer["base"]), Path(prefix), tuple(sites), Path(scripts))

    def lying_bytecode(self, sources: Sequence[Path]) -> list[str]:
        if not sources:
            return []
        lying: list[str] = _ask(self.python, [os.fspath(source) for source in sources])["lying"]
        return lying

    def name(self, path: Path) -> str:
        """The path as snapshots spell it, the same in every venv."""
        for site in self.sites:
            if path.is_relative_to(site):
                return f"site-packages/{path.relative_to(site).as_posix()}"
        if path.is_relative_to(self.scripts):
            return f"bin/{path.relative_to(self.scripts).as_posix()}"
        return path.relative_to(self.prefix).as_posix() if path.is_relative_to(self.prefix) else str(path)

    def interpreter(self, said: str) -> str:
        """``<venv>`` if a script that says this starts the venv's interpreter, else what it says."""
        path = Path(said)
        own = re.fullmatch(r"python[\d.]*", path.name) and Path(os.path.realpath(path.parent)) == self.scripts
        return "<venv>" if own and path.exists() else said


def base_interpreter(python: Path) -> Path:
    """The interpreter that a venv was made from, or the interpreter itself."""
    return _Venv.of(python).base


def _ask(python: Path, sources: list[str]) -> dict[str, Any]:
    done = subprocess.run(
        [python, "-I", "-B", _PROBE],
        input=json.dumps(sources),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssertionError(f"{python} does not run:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _dist_infos(venv: _Venv, distribution: str) -> tuple[list[Path], list[Path]]:
    """The folders with the metadata of the distribution, and all others; pip's ``~`` folders are neither."""
    mine, others = [], []
    for info in sorted(path for site in venv.sites for path in site.glob("*.dist-info")):
        name = info.name.partition("-")[0]
        if _same_name(name, distribution):
            mine.append(info)
        elif not info.name.startswith("~"):
            others.append(info)
    return mine, others


def _same_name(one: str, other: str) -> bool:
    """Whether two spellings name one distribution (PEP 503)."""
    first, second = (re.sub(r"[-_.]+", "-", name).lower() for name in (one, other))
    return first == second


def _record(info: Path) -> list[list[str]]:
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))
    except FileNotFoundError:
        return []


def _absolute(info: Path, row: Sequence[str]) -> Path:
    """The file that a row of RECORD means, with the folder's real path; the file itself may be a link."""
    path = Path(os.path.normpath(info.parent / row[0]))
    return Path(os.path.realpath(path.parent), path.name)


def _owned(info: Path) -> Iterator[Path]:
    return (_absolute(info, row) for row in _record(info) if row)


@dataclass(slots=True)
class _Reading:
    """One distribution as it is being read from its RECORD."""

    venv: _Venv
    info: Path
    scripts: frozenset[str]
    replaced: tuple[tuple[bytes, bytes], ...]
    editable_project: Path | None
    files: dict[str, FileState] = field(default_factory=dict)
    wrappers: dict[str, Wrapper] = field(default_factory=dict)
    rows: set[tuple[str, ...]] = field(default_factory=set)
    paths: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, venv: _Venv, info: Path) -> _Reading:
        project = _editable_project(info)
        replaced: list[tuple[bytes, bytes]] = []
        if project is not None:
            # The venv first: it is often inside of the project.
            for place, word in ((venv.prefix, b"<venv>"), (project, b"<project>")):
                paths = {os.fspath(place), os.path.realpath(place)}
                # As they are, and as Python source has them.
                spellings = sorted({*paths, *(repr(path)[1:-1] for path in paths)}, key=len, reverse=True)
                replaced += [(os.fsencode(spelling), word) for spelling in spellings]
        reading = cls(venv, info, _entry_points(info), tuple(replaced), project)
        rows = _record(info)
        if not rows:
            reading.problems.append("RECORD is missing or empty")
        for path, count in Counter(_absolute(info, row) for row in rows if row).items():
            if count > 1:
                reading.problems.append(f"RECORD lists {venv.name(path)} {count} times")
        for row in rows:
            reading._add(row)
        return reading

    def compiled_sources(self) -> list[Path]:
        """The modules beside which there may be bytecode."""
        modules = [path for path in self.paths if path.suffix == ".py" and path.is_file()]
        return [path for path in modules if (path.parent / "__pycache__").exists()]

    def _add(self, row: list[str]) -> None:
        if len(row) != 3:
            self.problems.append(f"RECORD has a row of {len(row)} fields: {row}")
            return
        path = _absolute(self.info, row)
        name = self.venv.name(path)
        self.paths.append(path)
        if path.parent.name == "__pycache__":
            return
        if not path.is_file():
            self.problems.append(f"RECORD lists {name}, which is not there")
            return
        if path.is_symlink():
            self.problems.append(f"link: {name}")
        content = path.read_bytes()
        if not _holds(row, content):
            self.problems.append(f"RECORD gives another hash or size for {name}")
        if path.parent == self.info and any(fnmatch(path.name, pattern) for pattern in _ABOUT_INSTALLERS):
            return
        if name in self.scripts:
            self.wrappers[name] = _wrapper(self.venv, path, content)
            return
        normal = self._normalised(name, content)
        self.rows.add((name, *row[1:]) if normal == content else (name, _NORMALISED))
        if path != self.info / "RECORD":
            self.files[name] = FileState.of(path, normal)

    def _normalised(self, name: str, content: bytes) -> bytes:
        for path, word in self.replaced:
            content = content.replace(path, word)
        if name.startswith("bin/") and content.startswith(b"#!"):
            said, rest = _shebang(content)
            return f"#!{self.venv.interpreter(said)}\n".encode() + rest
        return content


def _editable_project(info: Path) -> Path | None:
    """The project of an editable install (PEP 610)."""
    try:
        direct_url = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    url = urlsplit(direct_url.get("url", ""))
    editable = direct_url.get("dir_info", {}).get("editable", False)
    return Path(unquote(url.path)) if editable and url.scheme == "file" else None


def _entry_points(info: Path) -> frozenset[str]:
    """The names of the scripts that installers make for a distribution."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string((info / "entry_points.txt").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return frozenset()
    groups = [parser[group] for group in ("console_scripts", "gui_scripts") if group in parser]
    return frozenset(f"bin/{name}" for group in groups for name in group)


def _holds(row: Sequence[str], content: bytes) -> bool:
    """Whether a row of RECORD is true of the file; it need not say anything (PEP 376)."""
    algorithm, _, said = row[1].partition("=")
    if row[1]:
        digest = base64.urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=").decode()
        if digest != said:
            return False
    return not row[2] or row[2] == str(len(content))


def _wrapper(venv: _Venv, path: Path, content: bytes) -> Wrapper:
    said, _ = _shebang(content)
    executable = bool(path.stat().st_mode & 0o111)
    return Wrapper(venv.interpreter(said), called(content), executable)


def _shebang(script: bytes) -> tuple[str, bytes]:
    """The interpreter that a script starts, and what follows the lines that say so.

    Where the path is too long for the kernel, or has a space, a script starts a shell that starts it::

        #!/bin/sh
        '''exec' "/a path/python" "$0" "$@"
        ' '''
    """
    first, _, rest = script.partition(b"\n")
    # The path may have line ends of its own.
    start, _, after = rest.partition(b"\n' '''\n")
    if first == b"#!/bin/sh" and start.startswith(b"'''exec' "):
        return shlex.split(start.decode())[1], after
    return first.removeprefix(b"#!").strip().decode(errors="replace"), rest


def called(script: bytes) -> str:
    """The ``module:attribute`` that the script of an entry point calls, however it is worded.

    It may do nothing else, but for what installers do with the program's name.
    """
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError):
        return "not python"
    nodes = list(ast.walk(tree))
    if more := [ast.unparse(statement) for statement in _flat(tree.body) if not _is_usual(statement)]:
        return f"more than a call: {'; '.join(more)}"
    modules = {
        alias.asname or alias.name: node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"), args=[ast.Call(func=function)]):
                attribute = ast.unparse(function)
                return f"{modules.get(attribute.partition('.')[0])}:{attribute}"
            case _:
                pass
    return "nothing"


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, those below ``if __name__ == "__main__"`` in its stead."""
    for statement in body:
        match statement:
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__")), body=inner, orelse=[]):
                yield from _flat(inner)
            case _:
                yield statement


def _is_usual(statement: ast.stmt) -> bool:
    """Whether installers write such a statement into every script: pip (distlib), uv and ``installer``."""
    match statement:
        case ast.Import(names=names):
            return {alias.name for alias in names} <= {"re", "sys"}
        case ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):  # the lines of a shell that starts the interpreter
            return True
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit"), args=[ast.Call(args=[])])
        ):
            return True
        case ast.Assign(targets=[target]):
            return ast.unparse(target) == "sys.argv[0]"
        case ast.If(body=body, orelse=orelse):  # uv: by the end of the program's name
            names_program = "sys.argv[0].endswith" in ast.unparse(statement.test)
            return names_program and all(map(_is_usual, (*body, *orelse)))
    return False


def _leftovers(venv: _Venv, owned: set[Path]) -> list[str]:
    """What lies in a venv and belongs to no distribution and not to the venv itself."""
    found: list[str] = []
    folders: set[Path] = set()
    filled: set[Path] = set()
    for place, _, names in os.walk(venv.prefix):
        folder = Path(place)
        if folder.name != "__pycache__" and any(folder.is_relative_to(site) for site in venv.sites):
            folders.add(folder)
        for path in (folder / name for name in names):
            filled.update(path.parents)
            name = venv.name(path)
            if path in owned or any(fnmatch(name, pattern) for pattern in _OF_THE_VENV):
                continue
            if folder.name != "__pycache__" or path.suffix != ".pyc":
                found.append(f"leftover: {name}")
            elif not (folder.parent / f"{path.name.partition('.')[0]}.py").exists():
                found.append(f"leftover bytecode: {name}")
    empty = folders - filled - set(venv.sites)
    found += [f"leftover folder: {venv.name(folder)}" for folder in empty if folder.parent not in empty]
    return found


def _generated(project: Path) -> dict[str, FileState]:
    """The modules that git ignores in an editable project; none of a folder that is ignored as a whole."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = {name: project / name for name in done.stdout.split("\0") if Path(name).suffix in _MODULES}
    return {f"<project>/{name}": FileState.of(path, path.read_bytes()) for name, path in paths.items()}
