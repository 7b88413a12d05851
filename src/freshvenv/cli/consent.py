"""Consent by hand: what is not trusted is shown, and entered into the ledger, before it is built."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import click

from freshvenv.errors import FreshvenvError, GitError
from freshvenv.report import printable
from freshvenv.source.git import Listing, Repository
from freshvenv.trust.description import describe
from freshvenv.trust.gate import look_at_gate, open_gate
from freshvenv.trust.verdict import Preset, Verdict

_SHOWN = 20


class Consent:
    """The guard (:class:`freshvenv.sync.Guard`) where a person gave the command.

    The person consents to what is at HEAD now, and to the files that lie there. When HEAD moves meanwhile, what it
    moved to must be trusted by itself.
    """

    def __init__(self, repository: Repository, *, dry_run: bool) -> None:
        self._repository = repository
        self._dry_run = dry_run
        self._agreed = ""
        self._shown: set[str] = set()

    def permit(self) -> str:
        """The commit that may be built."""
        repository, dry_run = self._repository, self._dry_run
        gate = look_at_gate(repository) if dry_run else open_gate(repository)
        if self._agreed:
            return self._agreed if repository.is_at(self._agreed) else gate.permit()
        verdict = gate.provenance.verdict() if dry_run else gate.judge()
        if not verdict.trusted and not verdict.strange and gate.provenance.settings.preset is not Preset.NEVER:
            # What could not be looked at cannot be shown either.
            raise GitError(verdict.reason)
        for note in verdict.notes:
            click.echo(printable(f"freshvenv: {note}"), err=True)
        if verdict.strange:
            _show(repository, verdict, dry_run=dry_run)
        if verdict.strange and not dry_run:
            written(lambda: gate.approve(verdict))
        self._agreed = verdict.head
        return verdict.head

    def vet(self, more: Collection[str] = ()) -> Listing | None:
        """Take what lies uncommitted, and the ignored files that are named, for the person's own; it is shown.

        Returns what git says of the working tree, when it was asked.
        """
        gate = look_at_gate(self._repository)
        if not self._repository.is_at(self._agreed):
            return None if self._dry_run else gate.vet(more)
        seen = gate.uncommitted.look(more)
        new = [each for each in gate.uncommitted.unaccepted(seen) if each not in self._shown]
        self._shown.update(new)
        if new:
            _show_uncommitted(new, dry_run=self._dry_run)
        if not self._dry_run:
            written(lambda: gate.uncommitted.accept(seen))
        return seen.listing


_T = TypeVar("_T")


def written(note: Callable[[], _T]) -> _T:
    """What ``note`` returns when it has written an approval down. Raises :class:`FreshvenvError` when it cannot."""
    try:
        return note()
    except OSError as error:
        raise FreshvenvError(f"the approval cannot be written down: {error}") from error


def _show_uncommitted(new: Sequence[str], *, dry_run: bool) -> None:
    what = "would be approved in their present content" if dry_run else "approved in their present content"
    click.echo(printable(f"freshvenv: uncommitted files of commits that are not trusted; {what}:"))
    for each in new[:_SHOWN]:
        click.echo(printable(f"  {each}"))
    if len(new) > _SHOWN:
        click.echo(f"  and {len(new) - _SHOWN} more")


def _show(repository: Repository, verdict: Verdict, *, dry_run: bool) -> None:
    """One line a commit, and the build files that differ from what is trusted."""
    what = "would be approved" if dry_run else "approved from now on"
    click.echo(printable(f"freshvenv: {verdict.reason}; {what}:"))
    found = describe(repository, verdict)
    for finding in verdict.strange[:_SHOWN]:
        click.echo(printable(f"  {finding.commit[:10]} {found.titles.get(finding.commit, '')} ({finding.reason})"))
    if len(verdict.strange) > _SHOWN:
        click.echo(f"  and {len(verdict.strange) - _SHOWN} more: freshvenv trust show")
    since = f"since {found.base[:10]}, which is trusted" if found.base else "in a history of which nothing is trusted"
    names = ", ".join(found.build_files[:_SHOWN]) or "none"
    more = f" and {len(found.build_files) - _SHOWN} more" if len(found.build_files) > _SHOWN else ""
    click.echo(printable(f"  build files changed {since}: {names}{more}"))
