"""What installs of other trees left lying in a venv when several installers were at it at once, and nothing lists."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress

from freshvenv.errors import VenvError
from freshvenv.payload import DamagedPayloadError, Payload
from freshvenv.venvs.layout import lay_out
from freshvenv.venvs.record import Containment, owned_files
from freshvenv.venvs.venv import Distribution, Venv
from freshvenv.venvs.witness import stamps


def orphans(
    venv: Venv, wanted: Collection[str], wheels: Iterable[Payload], others: Iterable[Distribution]
) -> frozenset[str]:
    """The files that are, byte for byte, what one of these wheels would put there, and nobody's.

    pip and uv take no lock of ours. Where they place files while we remove those of the same install, some come after
    we looked, and their RECORD goes. ``wanted`` are the paths that stay, ``others`` may own some.
    """
    known: dict[str, set[str]] = {}
    guard, folded = Containment(venv.path), {path.casefold() for path in wanted}
    for wheel in wheels:
        with suppress(VenvError, DamagedPayloadError, OSError):
            for path, file in lay_out(venv, wheel, {}).files.items():
                # What is not ours to remove is nobody's orphan, nor is what some file systems take for a wanted file.
                if path.casefold() not in folded and os.path.lexists(venv.path / path) and guard.holds(path):
                    known.setdefault(path, set()).add(file.digest)
    if not known:
        return frozenset()
    try:
        owned = frozenset[str]().union(*(owned_files(venv, other).paths for other in others))
    except VenvError:
        return frozenset()  # nobody can tell which files are that one's
    known = {path: digests for path, digests in known.items() if path not in owned}
    return frozenset(path for path, found in stamps(venv.path, known, {}).items() if found.digest in known[path])
