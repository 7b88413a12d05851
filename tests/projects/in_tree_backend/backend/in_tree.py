"""A build backend (PEP 517 and 660) that lies in the project's own tree and is done in milliseconds.

It needs nothing, and reads the few keys of ``pyproject.toml`` by itself, because ``tomllib`` is missing
before Python 3.11: each value must be a Python literal on one line.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def build_wheel(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """A wheel of everything under ``src``."""
    source = Path("src")
    files = [
        (path.relative_to(source).as_posix(), path.read_bytes())
        for path in sorted(source.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return _write_wheel(Path(wheel_directory), files)


def build_editable(
    wheel_directory: str,
    config_settings: Mapping[str, object] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """A wheel that holds one line: where ``src`` is."""
    name = _section("project")["name"]
    path = f"{Path('src').resolve()}\n".encode()
    return _write_wheel(Path(wheel_directory), [(f"__editable__.{name}.pth", path)])


def build_sdist(sdist_directory: str, config_settings: Mapping[str, object] | None = None) -> str:
    """What a wheel can be built from again."""
    project = _section("project")
    top = f"{project['name']}-{project['version']}"
    with tarfile.open(Path(sdist_directory) / f"{top}.tar.gz", "w:gz") as archive:
        for folder in ("pyproject.toml", "backend", "src"):
            archive.add(folder, f"{top}/{folder}")
        info = tarfile.TarInfo(f"{top}/PKG-INFO")
        info.size = len(_metadata())
        archive.addfile(info, io.BytesIO(_metadata()))
    return f"{top}.tar.gz"


def _section(header: str) -> dict[str, Any]:
    """The keys of one table, each value as its literal says."""
    text = Path("pyproject.toml").read_text(encoding="utf-8")
    found = re.search(rf"^\[{re.escape(header)}\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL)
    lines = found.group(1).splitlines() if found else []
    pairs = [line.split("=", 1) for line in lines if "=" in line]
    return {key.strip().strip('"'): ast.literal_eval(value.strip()) for key, value in pairs}


def _metadata() -> bytes:
    project = _section("project")
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in project.get("dependencies", ())]
    return "\n".join([*lines, ""]).encode()


def _write_wheel(directory: Path, files: list[tuple[str, bytes]]) -> str:
    project = _section("project")
    stem = f"{project['name']}-{project['version']}"
    info = f"{stem}.dist-info"
    scripts = "".join(f"{name} = {target}\n" for name, target in _section("project.scripts").items())
    wheel = "Wheel-Version: 1.0\nGenerator: in_tree 1\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members = [
        *files,
        (f"{info}/METADATA", _metadata()),
        (f"{info}/WHEEL", wheel.encode()),
        (f"{info}/entry_points.txt", f"[console_scripts]\n{scripts}".encode()),
    ]
    rows = [f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in members]
    record = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    with zipfile.ZipFile(directory / f"{stem}-py3-none-any.whl", "w") as archive:
        for name, content in [*members, (f"{info}/RECORD", record)]:
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o100644 << 16
            archive.writestr(member, content)
    return f"{stem}-py3-none-any.whl"


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
