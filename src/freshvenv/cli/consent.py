"""Consent by hand: what is not trusted is shown, and entered into the ledger, before it is built."""

from __future__ import annotations

from collections.abc import Callable

import click

from freshvenv.errors import FreshvenvError
from freshvenv.report import printable
from freshvenv.source.git import Repository
from freshvenv.trust.description import describe
from freshvenv.trust.gate import look_at_gate, open_gate
from freshvenv.trust.verdict import Verdict

_SHOWN = 20


def consent(repository: Repository, *, dry_run: bool) -> Callable[[], str]:
    """What :func:`freshvenv.sync.sync` asks before it builds, when a person gave the command.

    The person consents to what is at HEAD now. When HEAD moves meanwhile, what it moved to must be trusted by itself.
    """
    agreed: list[str] = []

    def permit() -> str:
        gate = look_at_gate(repository) if dry_run else open_gate(repository)
        if agreed:
            head = repository.head().commit
            return head if head == agreed[0] else gate.permit()
        verdict = gate.judge_head()
        for note in verdict.notes:
            click.echo(printable(f"freshvenv: {note}"), err=True)
        if verdict.strange:
            _show(repository, verdict, dry_run=dry_run)
        if not dry_run:
            if verdict.strange:
                _enter(lambda: gate.approve(verdict))
            _enter(gate.accept)
        agreed.append(verdict.head)
        return verdict.head

    return permit


def _enter(note: Callable[[], None]) -> None:
    try:
        note()
    except OSError as error:
        raise FreshvenvError(f"the approval cannot be written down: {error}") from error


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
