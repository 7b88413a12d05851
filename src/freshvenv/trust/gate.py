"""The gate: asked before anything of the checked-out tree is read, and keeps the user's approvals."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import GitError
from freshvenv.source.git import Listing, Repository
from freshvenv.trust.ledger import read_ledger, write_ledger
from freshvenv.trust.provenance import Provenance
from freshvenv.trust.settings import pin_key, read_trust_settings, urls
from freshvenv.trust.uncommitted import Uncommitted
from freshvenv.trust.verdict import Preset, UntrustedError, Verdict

_LONG = 1_000
"""So many commits are approved one by one; more are approved as a history."""


class Gate(NamedTuple):
    """What may be built in a clone: its commits, by their provenance, and what lies uncommitted."""

    provenance: Provenance

    @property
    def repository(self) -> Repository:
        return self.provenance.repository

    @property
    def uncommitted(self) -> Uncommitted:
        return Uncommitted(self.provenance)

    def judge(self, commit: str = "") -> Verdict:
        """Whether HEAD, at ``commit``, may be built. What was seen to write where trusted refs are is noted."""
        verdict = self.provenance.verdict(commit)
        # Where no ref was asked about, nothing is known to have been forgotten.
        if self.provenance.settings.preset not in {Preset.ALWAYS, Preset.NEVER}:
            self.provenance.fetched.remember(verdict.strange_refs)
        return verdict

    def permit(self, commit: str = "") -> str:
        """The commit at HEAD, when it and what is being brought into the working tree may be built.

        What was found is noted, as by :meth:`judge` and :meth:`Uncommitted.permit`. Raises :class:`UntrustedError` with
        the one line that a hook prints.
        """
        verdict = self.judge(commit)
        if not verdict.trusted:
            raise UntrustedError("; ".join((verdict.reason, *verdict.notes)))
        self.uncommitted.permit()
        return verdict.head

    def vet(self, more: Collection[str] = (), listing: Listing | None = None) -> Listing:
        """See that none of the uncommitted files is a stranger's: :meth:`Uncommitted.vet`."""
        return self.uncommitted.vet(more, listing)

    def approve(self, verdict: Verdict) -> None:
        """Enter what is strange at HEAD into the ledger, its ids or, where they are many, its whole history.

        A ledger that is not believed is replaced. Raises ``OSError``.
        """
        known, ids = self.provenance.ledger, [finding.commit for finding in verdict.strange]
        ledger = known.with_commits(*ids) if len(ids) <= _LONG else known.with_history(verdict.head)
        write_ledger(ledger_path(self.repository), ledger)


def ledger_path(repository: Repository) -> Path:
    """Where the ledger of a clone is: with what all its worktrees share."""
    return repository.shared_state / "ledger"


def look_at_gate(repository: Repository) -> Gate:
    """What the clone trusts, as it is. No remote is pinned."""
    provenance = Provenance(repository, read_trust_settings(repository), read_ledger(ledger_path(repository)))
    return Gate(provenance)


def open_gate(repository: Repository) -> Gate:
    """What the clone trusts; a named remote that is seen for the first time is pinned to the URL that it has."""
    provenance = look_at_gate(repository).provenance
    pinned = []
    for remote in provenance.settings.unpinned:
        # In a clone that cannot be written to, it is seen for the first time again.
        with suppress(GitError):
            repository.set_local(pin_key(remote.name), urls(remote))
            pinned.append((remote.name, urls(remote)))
    settings = provenance.settings._replace(pins=(*provenance.settings.pins, *pinned))
    return Gate(provenance._replace(settings=settings))
