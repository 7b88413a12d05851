"""``freshvenv doctor``: what would keep the hooks from running here, or make them unsafe."""

from __future__ import annotations

import click

from freshvenv.caller import is_switched_off
from freshvenv.cli.place import here
from freshvenv.doctor import Subject, examine
from freshvenv.report import printable
from freshvenv.workshop import Workshop


@click.command()
@click.pass_obj
def doctor(removed: frozenset[str] | None) -> int:
    """Say what would keep the hooks from running, or make them unsafe."""
    is_well = True
    for problem in examine(Subject(here(), Workshop.of_user(), removed or frozenset(), is_switched_off())):
        text = f"{problem.text} ({problem.hint})" if problem.hint else problem.text
        click.echo(printable(f"freshvenv: {'note: ' if problem.harmless else ''}{text}"))
        is_well = is_well and problem.harmless
    if is_well:
        click.echo("freshvenv: the hooks can run, and nothing makes them unsafe")
        return 0
    return 1
