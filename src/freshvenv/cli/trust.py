"""``freshvenv trust``: what is trusted here and why, approvals given and withdrawn, and the remotes that count."""

from __future__ import annotations

from collections.abc import Iterable

import click

from freshvenv.cli.consent import written
from freshvenv.cli.place import here
from freshvenv.errors import UsageError
from freshvenv.report import printable
from freshvenv.source.git import Repository
from freshvenv.trust.description import titles
from freshvenv.trust.gate import ledger_path, look_at_gate
from freshvenv.trust.ledger import Ledger, read_ledger, write_ledger
from freshvenv.trust.remotes import Remote
from freshvenv.trust.settings import DEFAULT_REMOTES, STRANGE_KEY, TrustSettings, pin_key, read_trust_settings, urls


@click.group()
def trust() -> None:
    """Say what is trusted and why, approve commits, and name the remotes whose branches are trusted."""


@trust.command()
@click.option("--exit-code", is_flag=True, help="Exit with 1 when HEAD, or what is uncommitted, is not trusted.")
def show(*, exit_code: bool) -> int:
    """Explain the verdict for HEAD, commit by commit."""
    repository = here()
    gate = look_at_gate(repository)
    verdict = gate.provenance.verdict()
    for note in verdict.notes:
        click.echo(printable(f"freshvenv: {note}"), err=True)
    word = "trusted" if verdict.trusted else "not trusted"
    click.echo(printable(f"freshvenv: HEAD, {verdict.head[:10]}, is {word}: {verdict.reason}"))
    names = titles(repository, verdict.findings)
    for finding in verdict.findings:
        word = "trusted" if finding.good else "not trusted"
        click.echo(printable(f"  {finding.commit[:10]} {word}: {finding.reason}; {names.get(finding.commit, '')}"))
    objection = gate.uncommitted.objection()
    if objection:
        click.echo(printable(f"freshvenv: {objection}"))
    return 1 if exit_code and (objection or not verdict.trusted) else 0


@trust.command()
@click.argument("commit", nargs=-1, required=True)
@click.option("--history", is_flag=True, help="Approve everything before it, too.")
def add(commit: tuple[str, ...], *, history: bool) -> int:
    """Approve commits: what is built from them is built without asking."""
    repository = here()
    ids = _resolve(repository, commit)
    ledger = _ledger(repository)
    for each in ids:
        ledger = ledger.with_history(each) if history else ledger.with_commits(each)
    _write(repository, ledger)
    _say(f"{', '.join(each[:10] for each in ids)} approved")
    return 0


@trust.command()
@click.argument("commit", nargs=-1, required=True)
def remove(commit: tuple[str, ...]) -> int:
    """Withdraw the approval of commits, and that of every history that holds one of them."""
    repository = here()
    ids = _resolve(repository, commit)
    ledger = _ledger(repository)
    covering = [top for top in ledger.histories if any(_holds(repository, top, each) for each in ids)]
    rest = ledger.without(*ids, *covering)
    if rest == ledger:
        _say("none of them is approved")
        return 0
    _write(repository, rest)
    gone = (ledger.commits - rest.commits) | (ledger.histories - rest.histories)
    _say(f"{', '.join(sorted(each[:10] for each in gone))} not approved any more")
    return 0


@trust.group(invoke_without_command=True)
@click.pass_context
def remote(context: click.Context) -> None:
    """List the remotes whose branches are trusted, with the URL that each is pinned to."""
    if context.invoked_subcommand is None:
        settings = look_at_gate(here()).provenance.settings
        for name in settings.named:
            click.echo(printable(_line(settings, name)))
        for pattern in settings.strange:
            click.echo(printable(f"{pattern}: not trusted: something else wrote it (git config --edit, {STRANGE_KEY})"))
        if not settings.named:
            _say("no remote is trusted")


def _line(settings: TrustSettings, name: str) -> str:
    pinned = dict(settings.pins).get(name, "")
    if name in settings.trusted_remotes:
        return f"{name}: trusted, at {pinned or 'any URL, since none was noted yet'}"
    if name in settings.changed:
        now = next(urls(it) for it in settings.remotes if it.name == name)
        return f"{name}: not trusted: was at {pinned}, is at {now} (freshvenv trust remote add {name} trusts it)"
    return f"{name}: no such remote"


@remote.command("add")
@click.argument("name")
def remote_add(name: str) -> int:
    """Trust the branches of a remote, at the URL that it has now."""
    repository = here()
    settings = read_trust_settings(repository)
    found: Remote | None = next((it for it in settings.remotes if it.name == name and it.urls), None)
    if found is None:
        raise UsageError(f"there is no remote {name!r} with a URL", hint="git remote -v lists them")
    _name(repository, dict.fromkeys([*settings.named, name]))
    repository.set_local(pin_key(name), urls(found))
    _say(f"the branches of {name} are trusted, at {urls(found)}")
    return 0


@remote.command("remove")
@click.argument("name")
def remote_remove(name: str) -> int:
    """Trust the branches of a remote no more."""
    repository = here()
    settings = read_trust_settings(repository)
    if name not in settings.named:
        raise UsageError(f"{name!r} is not trusted", hint="freshvenv trust remote lists those that are")
    _name(repository, [it for it in settings.named if it != name])
    repository.unset_local(pin_key(name))
    _say(f"the branches of {name} are not trusted any more")
    return 0


def _name(repository: Repository, names: Iterable[str]) -> None:
    """Write the list of named remotes; an empty value stands for none at all."""
    chosen = tuple(names)
    repository.unset_local("freshvenv.trustedRemotes")
    if chosen != DEFAULT_REMOTES:
        for each in chosen or ("",):
            repository.add_local("freshvenv.trustedRemotes", each)


def _resolve(repository: Repository, commits: Iterable[str]) -> list[str]:
    ids = []
    for commit in commits:
        done = repository.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
        if done.status != 0:
            raise UsageError(f"there is no commit {commit!r}")
        ids.append(done.text.rpartition("\n")[2])
    return ids


def _holds(repository: Repository, top: str, id: str) -> bool:
    return repository.git("merge-base", "--is-ancestor", id, top).status == 0


def _ledger(repository: Repository) -> Ledger:
    ledger = read_ledger(ledger_path(repository))
    if ledger.trouble:
        click.echo(printable(f"freshvenv: {ledger.trouble}; it is made anew"), err=True)
    return ledger


def _write(repository: Repository, ledger: Ledger) -> None:
    written(lambda: write_ledger(ledger_path(repository), ledger))


def _say(text: str) -> None:
    click.echo(printable(f"freshvenv: {text}"))
