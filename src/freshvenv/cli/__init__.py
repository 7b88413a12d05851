"""The door for people: each command parses its words, calls one use case, prints its report and exits once."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import ClassVar

import click

from freshvenv import __version__, run_entry, status_entry
from freshvenv.cli.consent import Consent
from freshvenv.cli.place import here
from freshvenv.environment import scrub
from freshvenv.errors import StoppedError
from freshvenv.hooks import framework, native
from freshvenv.observe import Sighting, look
from freshvenv.plan import Action, State
from freshvenv.report import Outcome, explanation, outcome_line
from freshvenv.signals import stop_on_termination
from freshvenv.source.changes import changed_files
from freshvenv.source.git import Repository
from freshvenv.sync import Request, sync
from freshvenv.trouble import EXPECTED, tell
from freshvenv.workshop import Workshop


def main(arguments: list[str]) -> int:
    """Run a command and return the exit status."""
    removed = scrub()
    stop_on_termination()
    try:
        status = group.main(args=arguments, prog_name="freshvenv", standalone_mode=False, obj=removed)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except EXPECTED as error:
        return tell(error)
    return status if isinstance(status, int) else 0


class _Group(click.Group):
    """Commands of this module, and of others that are loaded when they are asked for."""

    modules: ClassVar = ("hooks", "cache", "trust", "doctor")
    """Each holds the command of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, in the order of the help text."""
        return sorted({*super().list_commands(ctx), *self.modules})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """A command by its name; the module of a group is loaded when it is asked for."""
        if name not in self.modules:
            return super().get_command(ctx, name)
        command: click.Command = getattr(import_module(f"freshvenv.cli.{name}"), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; click itself would print an empty line when it is interrupted."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError("interrupted; the next run repairs it") from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="freshvenv")
def group() -> None:
    """Keep virtual environments in step with the checked-out tree."""


@group.command()
@click.option(
    "--hooks",
    "kind",
    type=click.Choice(["native", "pre-commit", "none"]),
    help="Which hooks to install. Default: pre-commit where its configuration names the hook, else native.",
)
def init(kind: str | None) -> int:
    """Find project and venvs, install the hooks, and bring every venv in step.

    Whoever runs it wants what is checked out to be installed now, so that is taken as consent to it.
    """
    repository = here()
    chosen = kind or ("pre-commit" if framework.names_our_hook(repository.top) else "native")
    match chosen:
        case "native":
            changed = native.install(repository)
            click.echo(f"hooks: {', '.join(changed)} installed" if changed else "hooks: installed already")
        case "pre-commit":
            click.echo(f"hooks: installed by {framework.install(repository)}")
            if not framework.names_our_hook(repository.top):
                click.echo("hooks: .pre-commit-config.yaml does not name the hook freshvenv yet, so it is not called")
            native.opt_in(repository)
        case _:
            native.opt_in(repository)
            click.echo("hooks: none installed")
    return _synchronize(repository, Request())


@group.command()
@click.argument("venv", nargs=-1, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Build anew, whatever is cached, and reinstall what is fresh, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def resync(venv: tuple[Path, ...], *, force: bool, dry_run: bool) -> int:
    """Bring the venvs, or the named ones, in step with the working tree.

    Where commits at HEAD are not trusted, they are shown and, without --dry-run, approved from now on.
    """
    return _synchronize(here(), Request(named=venv, force=force, dry_run=dry_run))


def _synchronize(repository: Repository, request: Request) -> int:
    consent = Consent(repository, dry_run=request.dry_run)
    outcomes = sync(
        repository,
        Workshop.of_user(),
        request._replace(by_hand=True),
        lambda outcome: click.echo(outcome_line(outcome, planned=request.dry_run)),
        consent,
    )
    if not outcomes:
        click.echo("freshvenv: no venv here holds the project; install it into one, or name one: freshvenv resync VENV")
    return 0 if request.dry_run or all(map(_is_settled, outcomes)) else 1


def _is_settled(outcome: Outcome) -> bool:
    return outcome.is_fresh or (outcome.decision.action is Action.SKIP and outcome.decision.state is State.ABSENT)


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when any venv is not fresh.")
def status(*, as_json: bool, exit_code: bool) -> int:
    """Say of every venv whether it is fresh, and why not."""
    # Mostly this is not reached: see __main__.py.
    return status_entry.run(as_json=as_json, exit_code=exit_code)


@group.command()
@click.argument("venv", required=False, type=click.Path(path_type=Path))
def explain(venv: Path | None) -> int:
    """Say which facts differ, and which files changed since the install."""
    repository = here()
    for sighting in look(repository, Workshop.of_user().interpreters, [venv] if venv else []).sightings:
        for line in explanation(sighting.label, sighting.observation, _changes(repository, sighting)):
            click.echo(line)
    return 0


@group.command(context_settings={"allow_interspersed_args": False})
@click.option("--venv", metavar="VENV", default="", help="The venv. Default: .venv, venv, or the only one there is.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(venv: str, command: tuple[str, ...]) -> int:
    """Bring a venv in step with the working tree, and become COMMAND, run in it.

    Uncommitted edits are included. Where the venv cannot be brought in step, COMMAND is not run.
    """
    # Mostly this is not reached: see __main__.py.
    return run_entry.run(venv, command)


def _changes(repository: Repository, sighting: Sighting) -> dict[str, str] | None:
    receipt, current = sighting.observation.receipt, sighting.observation.current
    if receipt is None or current is None or receipt.fingerprint.tree == current.tree:
        return {}
    found = changed_files(repository, receipt.fingerprint.tree, current.tree)
    return None if found is None else {change.path: change.kind for change in found}
