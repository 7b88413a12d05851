"""The ledger of a clone: which commits its user approved, in ``freshvenv/ledger`` of the common git directory.

One JSON object: ``version`` (1), ``commits`` (approved by themselves), ``histories`` (approved with everything before
them: ``trust add --history``, or a resync that approves more than a thousand commits). A file that is damaged, huge, a
symbolic link, somebody else's, or of a newer version counts as absent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from freshvenv.files import write_atomically
from freshvenv.own import read_own
from freshvenv.trust.reflog import is_id

VERSION = 1
LARGEST = 4 * 1024 * 1024
"""More bytes than any ledger has; no more than that is ever read."""


class DamagedLedgerError(Exception):
    """What is in the file is no ledger that can be believed; the message says why, in a few words."""


class Ledger(NamedTuple):
    """The approvals. ``trouble`` says why the file that is there is not believed."""

    commits: frozenset[str] = frozenset()
    histories: frozenset[str] = frozenset()
    trouble: str = ""

    def with_commits(self, *ids: str) -> Ledger:
        """These approved by themselves, too. What is written anew is believed."""
        return self._replace(trouble="", commits=self.commits.union(ids))

    def with_history(self, id: str) -> Ledger:
        """A commit approved with everything before it, too."""
        return self._replace(trouble="", histories=self.histories | {id})

    def without(self, *ids: str) -> Ledger:
        """The rest, when these approvals are withdrawn."""
        return self._replace(trouble="", commits=self.commits.difference(ids), histories=self.histories.difference(ids))


def parse_ledger(content: bytes) -> Ledger:
    """The ledger in a file. Raises :class:`DamagedLedgerError`."""
    if len(content) > LARGEST:
        raise DamagedLedgerError("it is too large")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DamagedLedgerError("it is no JSON") from error
    if not isinstance(data, dict) or not isinstance(data.get("version"), int):
        raise DamagedLedgerError("it is no ledger")
    if data["version"] != VERSION:
        raise DamagedLedgerError(f"it is of version {data['version']}")
    return Ledger(_ids(data, "commits"), _ids(data, "histories"))


def _ids(data: dict[str, object], key: str) -> frozenset[str]:
    ids = data.get(key, [])
    if not isinstance(ids, list) or not all(isinstance(each, str) and is_id(each) for each in ids):
        raise DamagedLedgerError(f"{key!r} is no list of commits")
    return frozenset(ids)


def render_ledger(ledger: Ledger) -> bytes:
    data = {"version": VERSION, "commits": sorted(ledger.commits), "histories": sorted(ledger.histories)}
    return json.dumps(data, indent=1).encode() + b"\n"


def read_ledger(path: Path) -> Ledger:
    """The ledger as it is on disk; an empty one, with ``trouble``, where that cannot be believed."""
    try:
        return parse_ledger(read_own(path, LARGEST))
    except FileNotFoundError:
        return Ledger()
    except (OSError, DamagedLedgerError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        return Ledger(trouble=f"the ledger of approved commits is not believed: {why}")


def write_ledger(path: Path, ledger: Ledger) -> None:
    """Put the ledger in its place, whatever was there. Raises ``OSError``."""
    write_atomically(path, render_ledger(ledger))
