"""The wheel cache: the same tree, interpreter, settings and surroundings are never built twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import new_directory, remove_tree
from freshvenv.fingerprint import Fingerprint
from freshvenv.interpreter import Interpreter
from freshvenv.lock import exclusive
from freshvenv.payload import DamagedPayloadError, Payload, load

FOLDER = "wheels"
"""The cache's name in the folder that it shares with others."""

KIND = "wheel"
"""What an entry of it is called, by whoever locks it and whoever lists it."""


class WheelCache(NamedTuple):
    """Payloads by what they were built from.

    An entry is a folder ``<key>/<tag>``: ``tag`` names version and ABI of the interpreter that it was built for.
    That goes for pure wheels, too: what a backend writes may depend on the Python that runs it, and on which release
    of the backend supports that Python. Entries are made aside and renamed into place, so a reader sees a whole one or
    none. ``surroundings`` are the variables that builds of now see: what was built under other ones is another wheel.
    ``renewed``, where there is such a set, holds the entries that were made since it was: no others are believed.
    """

    directory: Path
    locks: Path
    surroundings: tuple[tuple[str, str], ...] = ()
    renewed: set[Path] | None = None

    def get(self, fingerprint: Fingerprint, interpreter: Interpreter, make: Callable[[Path], Payload]) -> Payload:
        """The payload for a fingerprint; when there is none, or a damaged one, ``make`` fills a new folder.

        Two processes that want the same entry build it once. The old entry stays when ``make`` fails.
        """
        slot = self.directory / self._key(fingerprint)
        found = self._find(slot, interpreter)
        if found is not None:
            return found
        with exclusive(bucket(KIND, slot / interpreter.abi_tag), self.locks):
            found = self._find(slot, interpreter)
            if found is not None:
                return found
            slot.mkdir(parents=True, exist_ok=True)
            aside = new_directory(slot, "new-")
            try:
                make(aside)
                place = slot / interpreter.abi_tag
                remove_tree(place)
                os.rename(aside, place)
                if self.renewed is not None:
                    self.renewed.add(place)
                return load(place)
            finally:
                remove_tree(aside)

    def of(self, name: str, interpreter: Interpreter) -> Iterator[Payload]:
        """Every wheel of a distribution that is kept for such an interpreter, whatever it was built from."""
        for place in self.directory.glob(f"*/{interpreter.abi_tag}"):
            with suppress(DamagedPayloadError):
                payload = load(place)
                if payload.name == name:
                    yield payload

    def discard(self, payload: Payload) -> None:
        """Drop an entry that turned out to be damaged."""
        if payload.directory.is_relative_to(self.directory):
            remove_tree(payload.directory)

    def _key(self, fingerprint: Fingerprint) -> str:
        """Everything that can change a wheel, but for the interpreter, which is in the tag.

        Other surroundings make no install stale: a terminal and an editor differ in them.
        """
        facts = [
            fingerprint.tree,
            fingerprint.recipe.config_settings,
            fingerprint.version_control,
            fingerprint.submodules,
            fingerprint.beside,
            fingerprint.folder,
            fingerprint.conversions,
            fingerprint.variables,
            self.surroundings,
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    def _find(self, slot: Path, interpreter: Interpreter) -> Payload | None:
        if self.renewed is not None and slot / interpreter.abi_tag not in self.renewed:
            return None
        with suppress(DamagedPayloadError):
            payload = load(slot / interpreter.abi_tag)
            # What was used last goes last.
            with suppress(OSError):
                os.utime(payload.manifest)
            return payload
        return None


def bucket(kind: str, entry: Path) -> Path:
    """What is locked for an entry of the cache: one of 256 names a kind, since a lock file is never removed."""
    return Path("/freshvenv", kind, hashlib.sha256(os.fsencode(entry)).hexdigest()[:2])
