"""What the tests of hostile input ask: what is said, and a wheel as a hostile backend makes it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from support import spoiled
from support.repository import Repository
from support.spoiled import Said


def say(repository: Repository, *argv: str) -> Said:
    """Run a command; whatever it says, no terminal obeys it."""
    said = spoiled.say(repository.world, *argv, cwd=repository.path)
    assert all(sign.isprintable() or sign == "\n" for sign in said.text), said.text
    return said


def hook(repository: Repository) -> str:
    """What the hook says; it never fails."""
    said = say(repository, "hook", "post-checkout")
    assert said.status == 0
    assert all(line.startswith("freshvenv: ") for line in said.text.splitlines())
    return said.text


def site(repository: Repository) -> Path:
    [found] = repository.venv.glob("lib/python*/site-packages")
    return found


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
