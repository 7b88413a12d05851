"""What a venv is to hold after an install: every file of the distribution, wrappers and metadata included."""

from __future__ import annotations

import io
import os
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from freshvenv.errors import VenvError
from freshvenv.payload import EntryPoint, File, Payload, digest
from freshvenv.venvs.venv import STATE, Venv

_SHEBANG_LIMIT = 127
"""Bytes that a shebang line may have on every system."""

_LIBRARIES = frozenset({"purelib", "platlib"})

# Programs that belong to the environment itself; a wheel that brings one of these would take it over.
_RESERVED = r"(python|pip|activate|activate_this|git|uv)([\d.]*)(\.\w+)?"

_OF_EVERY_VENV = ("pyvenv.cfg", STATE)

_OF_THEIR_OWN = frozenset({"pip", "uv"})
"""Distributions whose own program is one of these."""


_SPECIAL = ',"\r\n'
"""What a field of CSV is quoted for."""


class Layout(NamedTuple):
    """What a venv is to hold of a distribution: every file by its path relative to the venv, RECORD last.

    ``made`` has the content of those that are made for this very venv; that of all others lies in the ``payload``.
    """

    files: dict[str, File]
    made: Mapping[str, bytes]
    payload: Payload

    @property
    def record(self) -> str:
        """The path of RECORD."""
        return next(reversed(self.files))

    @property
    def metadata(self) -> str:
        """The folder of metadata."""
        return posixpath.dirname(self.record)

    def read(self, path: str) -> bytes:
        """The content of a file, checked. Raises :class:`~freshvenv.payload.DamagedPayloadError`, ``OSError``."""
        made = self.made.get(path)
        return self.payload.read(self.files[path]) if made is None else made


def lay_out(venv: Venv, payload: Payload, extra: Mapping[str, bytes]) -> Layout:
    """Where every file goes; ``extra`` are more files for the dist-info folder.

    Raises :class:`VenvError` when the wheel claims a program of the environment itself, and
    :class:`~freshvenv.payload.DamagedPayloadError` when the payload cannot be read.
    """
    places = {
        "purelib": venv.interpreter.purelib,
        "platlib": venv.interpreter.platlib,
        "scripts": venv.interpreter.scripts,
        "data": ".",
    }
    if any(file.scheme == "headers" for file in payload.files):
        places["headers"] = f"{venv.interpreter.headers}/{_declared_name(payload)}"
    files: dict[str, File] = {}
    made: dict[str, bytes] = {}

    def make(scheme: str, name: str, content: bytes, *, executable: bool = False) -> None:
        path = _join(places[scheme], name)
        files[path], made[path] = File(scheme, name, digest(content), len(content), executable), content

    for file in payload.files:
        place = places[file.scheme]
        if file.scheme in _LIBRARIES:
            # Most files go this way, and there can be thousands: what was unpacked has no `..` in its path.
            files[f"{place}/{file.path}"] = file
        elif file.scheme == "scripts" and (content := payload.read(file)).startswith(b"#!python"):
            make(file.scheme, file.path, _own_shebang(venv, content), executable=file.executable)
        else:
            path = _join(place, file.path)
            files[path] = file
            made.pop(path, None)
    for entry_point in payload.entry_points:
        make("scripts", entry_point.name, _wrapper(venv, entry_point), executable=True)
    _refuse_reserved(venv, payload, files)
    for name, content in extra.items():
        make(payload.scheme, f"{payload.dist_info}/{name}", content)
    site, record = places[payload.scheme], f"{payload.dist_info}/RECORD"
    files.pop(_join(site, record), None)
    make(payload.scheme, record, _record(files, site, record))
    return Layout(files, made, payload)


def _declared_name(payload: Payload) -> str:
    """The name as METADATA has it, after which pip names the folder of headers."""
    name = re.search(rb"(?mi)^Name:[ \t]*(\S+)", payload.metadata().partition(b"\n\n")[0])
    return name[1].decode(errors="replace") if name else payload.name


def _join(place: str, path: str) -> str:
    return posixpath.normpath(f"{place}/{path}")


def _own_shebang(venv: Venv, content: bytes) -> bytes:
    from installer.utils import fix_shebang

    with fix_shebang(io.BytesIO(content), os.fspath(venv.python)) as fixed:
        return fixed.read()


def _wrapper(venv: Venv, entry_point: EntryPoint) -> bytes:
    executable = os.fspath(venv.python)
    shebang = f"#!{executable}"
    if " " not in executable and len(os.fsencode(shebang)) < _SHEBANG_LIMIT:
        return os.fsencode(f"{shebang}\n{entry_point.body}")
    # Imported here: hardly any path needs the library's way around the limits of a shebang line.
    from installer.scripts import Script

    section = "gui" if entry_point.section == "gui" else "console"
    script = Script(entry_point.name, entry_point.module, entry_point.attr, section)  # type: ignore[arg-type]
    return script.generate(executable, "posix")[1]


def is_of_venv_itself(venv: Venv, path: str) -> bool:
    """Whether a path is one that makes the environment what it is: no distribution put it there, none takes it away."""
    plain = path.casefold()
    program = _program(venv, plain)
    is_program = program is not None and program[1] in {"python", "activate", "activate_this"}
    return is_program or plain in _OF_EVERY_VENV or plain.startswith(f"{STATE}/")


def _scripts(venv: Venv) -> str:
    return f"{venv.interpreter.scripts}/".casefold()


def _program(venv: Venv, plain: str) -> re.Match[str] | None:
    scripts = _scripts(venv)
    return re.fullmatch(_RESERVED, plain.removeprefix(scripts)) if plain.startswith(scripts) else None


def _refuse_reserved(venv: Venv, payload: Payload, paths: Iterable[str]) -> None:
    beginnings = (_scripts(venv), *_OF_EVERY_VENV)
    for path in paths:
        # Where the file system does not tell upper case from lower case, each of these has many names. There can be
        # thousands of paths, and hardly any begins so.
        plain = path.casefold()
        if not plain.startswith(beginnings):
            continue
        program = _program(venv, plain)
        is_own = program is not None and program[1] == payload.name.casefold() and program[1] in _OF_THEIR_OWN
        if is_of_venv_itself(venv, path) or (program and not is_own):
            raise VenvError(f"{payload.name} wants to install {path}, which belongs to the venv itself")


def _record(files: Mapping[str, File], site: str, record: str) -> bytes:
    """RECORD as https://packaging.python.org/specifications/recording-installed-packages/ has it."""
    prefix = f"{site}/"
    names = [path[len(prefix) :] if path.startswith(prefix) else posixpath.relpath(path, site) for path in files]
    names.append(record)
    # Hardly any name has to be quoted, and to look at each of thousands takes long.
    if any(mark in "".join(names) for mark in _SPECIAL):
        names = [_quoted(name) for name in names]
    *others, own = names
    rows = [f"{name},{file.digest},{file.size}\n" for name, file in zip(others, files.values(), strict=True)]
    return "".join((*rows, f"{own},,\n")).encode("utf-8", errors="surrogateescape")


def _quoted(name: str) -> str:
    """A name as a field of CSV (RFC 4180). :mod:`csv` takes longer, and there can be thousands of names."""
    return '"{}"'.format(name.replace('"', '""')) if any(mark in name for mark in _SPECIAL) else name
