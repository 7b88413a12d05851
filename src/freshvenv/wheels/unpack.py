"""Takes a wheel apart into a payload, with the ``installer`` library as its reader.

Import it only where a wheel was just built: the library takes longer to import than a small install takes.
"""

from __future__ import annotations

import csv
import errno
import os
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from zipfile import BadZipFile, ZipFile

from installer import install
from installer.destinations import WheelDestination
from installer.exceptions import InstallerError
from installer.records import RecordEntry
from installer.scripts import Script
from installer.sources import WheelFile
from installer.utils import Scheme

from freshvenv.errors import BuildError
from freshvenv.payload import EntryPoint, File, Payload, digest, dump

if TYPE_CHECKING:
    from installer.scripts import ScriptSection

_SMALL = 256 * 1024 * 1024
_RATIO = 200
"""A wheel that unpacks to more than ``_SMALL`` bytes, and to this many times its own size, is refused as a zip bomb."""

# RuntimeError: zipfile refuses what is encrypted, or compressed in a way it does not know.
_INVALID = (
    InstallerError,
    ValueError,
    AssertionError,
    KeyError,
    BadZipFile,
    RuntimeError,
    EOFError,
    csv.Error,
    zlib.error,
)


_FAULTS = frozenset({errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EROFS})
"""What the disk or the system says, whatever the wheel is."""


class Move(NamedTuple):
    """Where a source tree was built, and where it belongs."""

    built: Path
    place: Path

    def undo(self, metadata: bytes) -> bytes:
        """Metadata that names the place of the build (``demo @ file:///...``), with the right one in its stead.

        What lies beside that place (a path that goes up, made absolute) was looked for beside the build.
        """
        for built in (self.built, Path(os.path.realpath(self.built))):
            for old, new in ((built, self.place), (built.parent, self.place.parent)):
                metadata = _url(old).sub(new.as_uri().encode(), metadata)
                metadata = metadata.replace(os.fsencode(old), os.fsencode(new))
        return metadata


def _url(path: Path) -> re.Pattern[bytes]:
    """The URL of a path, whichever signs are quoted in it: hatchling does so with blanks alone."""
    signs = (b"(?:%s|(?i:%%%02X))" % (re.escape(bytes((sign,))), sign) for sign in os.fsencode(path))
    return re.compile(b"file://" + b"".join(signs))


def unpack(wheel: Path, directory: Path, log: Path, move: Move | None = None) -> Payload:
    """Unpack a wheel that was just built into a new folder, for the place where its source belongs.

    Raises :class:`BuildError` when it is no valid wheel, when a path in it leaves the place it is for, or when its
    files are not those of its RECORD; ``OSError`` for a fault of the disk.
    """
    destination = PayloadDestination(directory, move)
    try:
        with ZipFile(wheel) as archive:
            _refuse_bomb(archive, wheel.stat().st_size)
            source = WheelFile(archive)
            source.validate_record(validate_contents=True)
            install(source, destination, {})
            payload = Payload(
                directory=directory,
                name=source.distribution,
                version=source.version,
                dist_info=source.dist_info_dir,
                scheme=destination.scheme,
                files=tuple(destination.files),
                entry_points=tuple(destination.entry_points),
            )
    except OSError as error:
        if error.errno in _FAULTS:
            raise
        raise BuildError(f"the build made an invalid wheel: {error}", log=log) from error
    except _INVALID as error:
        # The library writes several issues as Python writes a list, with quotes and escapes.
        issues = "; ".join(getattr(error, "issues", ())) or error
        raise BuildError(f"the build made an invalid wheel: {issues}", log=log) from error
    if not any(file.path == f"{payload.dist_info}/METADATA" for file in payload.files):
        raise BuildError("the build made an invalid wheel: it has no METADATA", log=log)
    dump(payload)
    return payload


def _refuse_bomb(archive: ZipFile, size: int) -> None:
    """Refuse before anything is read: no member gives more bytes than its header says."""
    unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > max(_SMALL, _RATIO * size):
        raise ValueError(f"{size} bytes unpack to {unpacked}")


@dataclass
class PayloadDestination(WheelDestination):
    """Keeps files as they are instead of installing them.

    What depends on the venv (wrappers, shebangs, RECORD) is left for the time of placement.
    """

    directory: Path
    move: Move | None = None
    scheme: str = ""
    files: list[File] = field(default_factory=list)
    entry_points: list[EntryPoint] = field(default_factory=list)

    def write_script(self, name: str, module: str, attr: str, section: ScriptSection) -> RecordEntry:
        if "/" in name or name in {"", ".", ".."}:
            raise ValueError(f"entry point {name!r} is no file name")
        # What the library writes differs from venv to venv in its first line only.
        _, script = Script(name, module, attr, section).generate("/python", "posix")
        body = script.removeprefix(b"#!/python\n").decode()
        self.entry_points.append(EntryPoint(name, module, attr, section, body))
        return RecordEntry(name, None, None)

    def write_file(
        self, scheme: Scheme, path: str | os.PathLike[str], stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        name = os.fspath(path)
        if not _inside(name):
            raise ValueError(f"{name!r} leaves the place it is for")
        content = stream.read()
        if self.move and name.endswith(".dist-info/METADATA"):
            content = self.move.undo(content)
        file = File(scheme, name, digest(content), len(content), is_executable)
        target = self.directory / file.stored
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self.files.append(file)
        return RecordEntry(name, None, None)

    def finalize_installation(
        self,
        scheme: Scheme,
        record_file_path: str,  # noqa: ARG002 - the protocol of the library
        records: Iterable[tuple[Scheme, RecordEntry]],  # noqa: ARG002
    ) -> None:
        self.scheme = scheme


def _inside(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and "\0" not in path and not {"", ".", ".."} & set(parts)
