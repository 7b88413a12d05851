"""The wheel cache: the same tree, interpreter, build requirements and settings are never built twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.environment import build_variables
from freshvenv.files import new_directory, remove_tree
from freshvenv.fingerprint import Fingerprint
from freshvenv.interpreter import Interpreter
from freshvenv.lock import exclusive
from freshvenv.payload import DamagedPayloadError, Payload, load


class WheelCache(NamedTuple):
    """Payloads by what they were built from.

    An entry is a folder ``<key>/<tag>``: ``tag`` names version and ABI of the interpreter that it was built for.
    That goes for pure wheels, too: what a backend writes may depend on the Python that runs it, and on which release
    of the backend supports that Python. Entries are made aside and renamed into place, so a reader sees a whole one or
    none.
    """

    directory: Path
    locks: Path

    def get(self, fingerprint: Fingerprint, interpreter: Interpreter, make: Callable[[Path], Payload]) -> Payload:
        """The payload for a fingerprint; when there is none, or a damaged one, ``make`` fills a new folder.

        Two processes that want the same entry build it once.
        """
        slot = self.directory / _key(fingerprint)
        found = self._find(slot, interpreter)
        if found is not None:
            return found
        with exclusive(bucket("wheel", slot / interpreter.abi_tag), self.locks):
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
                return load(place)
            finally:
                remove_tree(aside)

    def discard(self, payload: Payload) -> None:
        """Drop an entry that turned out to be damaged."""
        if payload.directory.is_relative_to(self.directory):
            remove_tree(payload.directory)

    def _find(self, slot: Path, interpreter: Interpreter) -> Payload | None:
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


def _key(fingerprint: Fingerprint) -> str:
    """Everything that can change a wheel, but for the interpreter, which is in the tag.

    Another value of a variable that compilers read makes no install stale: a terminal and an editor differ in them.
    """
    recipe = fingerprint.recipe
    facts = [
        fingerprint.tree,
        recipe.config_settings,
        fingerprint.version_control,
        fingerprint.submodules,
        fingerprint.folder,
        fingerprint.conversions,
        fingerprint.variables,
        build_variables(),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
