"""Wheels made by hand, and a venv that is only folders, to place them in."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from freshvenv.errors import VenvError
from freshvenv.payload import Payload
from freshvenv.venvs.delta import Delta
from freshvenv.venvs.intent import Intent, read_intents, write_intent
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.place import Outgoing, place
from freshvenv.venvs.record import owned_files
from freshvenv.venvs.venv import Venv, distributions
from freshvenv.wheels.unpack import unpack


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
        return {path: (layout.read(path), file.executable) for path, file in layout.files.items()}

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


MODULE = "demo/changed.py"

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
