"""An unpacked wheel: its files by where they go, each with its digest, ready to be placed into any venv it fits."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from freshvenv.columns import from_columns, to_columns
from freshvenv.own import read_own
from freshvenv.sealed import seal, unseal

FORMAT = 3
MANIFEST = "manifest.json"
"""The file that says what is in a payload's folder."""

_FILES = {"scheme": str, "path": str, "digest": str, "size": int, "executable": bool}
_ENTRY_POINTS = {"name": str, "module": str, "attr": str, "section": str, "body": str}


_NOT_OURS = {0, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO}
"""What reading says of something else than the file that was written; 0 is by :func:`~freshvenv.own.read_own`."""


class DamagedPayloadError(ValueError):
    """A folder does not hold what its manifest says."""


class File(NamedTuple):
    """A file of a wheel: where it goes (scheme and path within it), ``sha256=...`` as in RECORD, bytes, exec bit."""

    scheme: str
    path: str
    digest: str
    size: int
    executable: bool

    @property
    def stored(self) -> str:
        """Where its content lies below the payload's folder."""
        return f"files/{self.scheme}/{self.path}"


class EntryPoint(NamedTuple):
    """A console or GUI script that the installer generates; ``body`` is all of it but the shebang line."""

    name: str
    module: str
    attr: str
    section: str
    body: str


class Payload(NamedTuple):
    """A wheel's content. ``scheme`` is where its root goes (``purelib`` or ``platlib``)."""

    directory: Path
    name: str
    version: str
    dist_info: str
    scheme: str
    files: tuple[File, ...]
    entry_points: tuple[EntryPoint, ...]

    @property
    def manifest(self) -> Path:
        """The file that says what is in it."""
        return self.directory / MANIFEST

    def read(self, file: File) -> bytes:
        """The content of a file, checked. Raises :class:`DamagedPayloadError`, and ``OSError`` for a fault."""
        try:
            content = read_own(self.directory / file.stored, file.size)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise
            raise DamagedPayloadError(f"{file.path}: {error.strerror}") from error
        if digest(content) != file.digest:
            raise DamagedPayloadError(f"{file.path} has another content than when it was stored")
        return content

    def metadata(self) -> bytes:
        """The METADATA file (core metadata). Raises :class:`DamagedPayloadError`."""
        wanted = f"{self.dist_info}/METADATA"
        found = next((file for file in self.files if file.path == wanted), None)
        if found is None:
            raise DamagedPayloadError(f"there is no {wanted}")
        return self.read(found)


def digest(content: bytes) -> str:
    """A digest as RECORD has it: ``sha256=`` and URL-safe base64 without padding (PEP 427)."""
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"


def dump(payload: Payload) -> None:
    """Write the manifest beside the files, so that :func:`load` finds the payload whole."""
    manifest = {
        "version": FORMAT,
        "distribution": [payload.name, payload.version, payload.dist_info],
        "scheme": payload.scheme,
        "files": to_columns(_FILES, payload.files),
        "entry-points": to_columns(_ENTRY_POINTS, payload.entry_points),
    }
    payload.manifest.write_bytes(seal(manifest))


def load(directory: Path) -> Payload:
    """Read a payload back. Raises :class:`DamagedPayloadError`; the content of each file is checked when it is read."""
    try:
        data = json.loads(unseal(read_own(directory / MANIFEST)))
        if data["version"] != FORMAT:
            raise DamagedPayloadError(f"a payload of version {data['version']!r}")
        name, version, dist_info = data["distribution"]
        return Payload(
            directory=directory,
            name=name,
            version=version,
            dist_info=dist_info,
            scheme=data["scheme"],
            files=tuple(map(File._make, zip(*from_columns(data["files"], _FILES), strict=True))),
            entry_points=tuple(
                map(EntryPoint._make, zip(*from_columns(data["entry-points"], _ENTRY_POINTS), strict=True))
            ),
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedPayloadError(f"{directory}: {error}") from error
