"""``freshvenv doctor``: what would keep the hooks from running here, or make them unsafe."""

from __future__ import annotations

import click

from freshvenv.cli.place import here
from freshvenv.doctor import Patient, examine
from freshvenv.environment import is_told_off
from freshvenv.report import printable
from freshvenv.workshop import Workshop


@click.command()
@click.pass_obj
def doctor(removed: frozenset[str] | None) -> int:
    """Say what would keep the hooks from running, or make them unsafe."""
    found = list(examine(Patient(here(), Workshop.of_user(), removed or frozenset(), is_told_off())))
    for ailment in found:
        text = f"{ailment.text} ({ailment.hint})" if ailment.hint else ailment.text
        click.echo(printable(f"freshvenv: {'note: ' if ailment.harmless else ''}{text}"))
    if all(ailment.harmless for ailment in found):
        click.echo("freshvenv: the hooks can run, and nothing makes them unsafe")
        return 0
    return 1
