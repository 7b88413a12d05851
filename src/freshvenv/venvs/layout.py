"""What a venv is to hold after an install: every file of the distribution, wrappers and metadata included."""

from __future__ import annotations

import io
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from freshvenv.errors import VenvError
from freshvenv.payload import EntryPoint, File, Payload, digest
from freshvenv.venvs.venv import Venv

_SHEBANG_LIMIT = 127
"""Bytes that a shebang line may have on every system."""

_LIBRARIES = frozenset({"purelib", "platlib"})

# Programs that belong to the environment itself; a wheel that brings one of these would take it over.
_RESERVED = r"(python|pip|activate|activate_this|git|uv)([\d.]*)(\.\w+)?"

_OF_EVERY_VENV = ("pyvenv.cfg", ".freshvenv")

_OF_THEIR_OWN = frozenset({"pip", "uv"})
"""Distributions whose own program is one of these."""


_SPECIAL = frozenset(',"\r\n')
"""What a field of CSV is quoted for."""


class Desired(NamedTuple):
    """A file as it is to be: digest as in RECORD, bytes, exec bit; ``read`` gives its content, checked."""

    digest: str
    size: int
    executable: bool
    read: Callable[[], bytes]


def lay_out(venv: Venv, payload: Payload, extra: Mapping[str, bytes]) -> dict[str, Desired]:
    """Every file by its path relative to the venv, RECORD last; ``extra`` are more files for the dist-info folder.

    Raises :class:`VenvError` when the wheel claims a program of the environment itself, and
    :class:`~freshvenv.payload.DamagedPayloadError` when the payload cannot be read.
    """
    places = {
        "purelib": venv.interpreter.purelib,
        "platlib": venv.interpreter.platlib,
        "scripts": venv.interpreter.scripts,
        "headers": f"{venv.interpreter.headers}/{payload.name}",
        "data": ".",
    }
    layout: dict[str, Desired] = {}
    for file in payload.files:
        place = places[file.scheme]
        # Most files go this way, and there can be thousands: what was unpacked has no `..` in its path.
        path = f"{place}/{file.path}" if file.scheme in _LIBRARIES else _join(place, file.path)
        layout[path] = _desired(venv, payload, file)
    for entry_point in payload.entry_points:
        layout[_join(places["scripts"], entry_point.name)] = _wrapper(venv, entry_point)
    _refuse_reserved(venv, payload, layout)
    site = places[payload.scheme]
    for name, content in extra.items():
        layout[_join(site, f"{payload.dist_info}/{name}")] = _given(content)
    record = _join(site, f"{payload.dist_info}/RECORD")
    layout.pop(record, None)
    layout[record] = _given(_record(layout, site, record))
    return layout


def record_of(layout: Iterable[str]) -> str:
    """The path of the RECORD of what is laid out: the last one."""
    *_, record = layout
    return record


def _join(place: str, path: str) -> str:
    return posixpath.normpath(f"{place}/{path}")


def _given(content: bytes, *, executable: bool = False) -> Desired:
    return Desired(digest(content), len(content), executable, lambda: content)


def _desired(venv: Venv, payload: Payload, file: File) -> Desired:
    if file.scheme == "scripts":
        content = payload.read(file)
        if content.startswith(b"#!python"):
            return _given(_own_shebang(venv, content), executable=file.executable)
    return Desired(file.digest, file.size, file.executable, lambda: payload.read(file))


def _own_shebang(venv: Venv, content: bytes) -> bytes:
    from installer.utils import fix_shebang

    with fix_shebang(io.BytesIO(content), os.fspath(venv.python)) as fixed:
        return fixed.read()


def _wrapper(venv: Venv, entry_point: EntryPoint) -> Desired:
    executable = os.fspath(venv.python)
    shebang = f"#!{executable}"
    if " " not in executable and len(os.fsencode(shebang)) < _SHEBANG_LIMIT:
        return _given(os.fsencode(f"{shebang}\n{entry_point.body}"), executable=True)
    # Imported here: hardly any path needs the library's way around the limits of a shebang line.
    from installer.scripts import Script

    section = "gui" if entry_point.section == "gui" else "console"
    script = Script(entry_point.name, entry_point.module, entry_point.attr, section)  # type: ignore[arg-type]
    _, content = script.generate(executable, "posix")
    return _given(content, executable=True)


def is_of_venv_itself(venv: Venv, path: str) -> bool:
    """Whether a path is one that makes the environment what it is: no distribution put it there, none takes it away."""
    plain = path.casefold()
    program = _program(venv, plain)
    is_program = program is not None and program[1] in {"python", "activate", "activate_this"}
    return is_program or plain in _OF_EVERY_VENV or plain.startswith(".freshvenv/")


def _scripts(venv: Venv) -> str:
    return f"{venv.interpreter.scripts}/".casefold()


def _program(venv: Venv, plain: str) -> re.Match[str] | None:
    scripts = _scripts(venv)
    return re.fullmatch(_RESERVED, plain.removeprefix(scripts)) if plain.startswith(scripts) else None


def _refuse_reserved(venv: Venv, payload: Payload, layout: Iterable[str]) -> None:
    beginnings = (_scripts(venv), *_OF_EVERY_VENV)
    for path in layout:
        # Where the file system does not tell upper case from lower case, each of these has many names. There can be
        # thousands of paths, and hardly any begins so.
        plain = path.casefold()
        if not plain.startswith(beginnings):
            continue
        program = _program(venv, plain)
        is_own = program is not None and program[1] == payload.name.casefold() and program[1] in _OF_THEIR_OWN
        if is_of_venv_itself(venv, path) or (program and not is_own):
            raise VenvError(f"{payload.name} wants to install {path}, which belongs to the venv itself")


def _record(layout: Mapping[str, Desired], site: str, record: str) -> bytes:
    """RECORD as https://packaging.python.org/specifications/recording-installed-packages/ has it."""
    prefix = f"{site}/"
    names = (path[len(prefix) :] if path.startswith(prefix) else posixpath.relpath(path, site) for path in layout)
    rows = [f"{_quoted(name)},{file.digest},{file.size}\n" for name, file in zip(names, layout.values(), strict=True)]
    rows.append(f"{_quoted(posixpath.relpath(record, site))},,\n")
    return "".join(rows).encode("utf-8", errors="surrogateescape")


def _quoted(name: str) -> str:
    """A name as a field of CSV (RFC 4180). :mod:`csv` takes longer, and there can be thousands of names."""
    return name if _SPECIAL.isdisjoint(name) else '"{}"'.format(name.replace('"', '""'))
