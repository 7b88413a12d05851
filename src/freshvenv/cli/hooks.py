"""``freshvenv hooks``: the native hooks, installed, removed and inspected."""

from __future__ import annotations

import click

from freshvenv.cli.place import here
from freshvenv.hooks import native


@click.group()
def hooks() -> None:
    """Install, remove and inspect the native hooks."""


@hooks.command("install")
def hooks_install() -> int:
    """Opt the clone in, and put the hooks in place; hooks that are there are kept and called."""
    changed = native.install(here())
    click.echo(f"{', '.join(changed)} installed" if changed else "installed already")
    return 0


@hooks.command("uninstall")
def hooks_uninstall() -> int:
    """Remove the hooks, put back what was there before, and forget what this clone trusts."""
    changed = native.uninstall(here())
    click.echo(f"{', '.join(changed)} removed" if changed else "no hooks of freshvenv were there")
    return 0


@hooks.command("status")
def hooks_status() -> int:
    """Say of every hook type what stands where git looks for it."""
    repository = here()
    for hook in native.find_hooks(repository):
        click.echo(f"{hook.kind}: {hook.state().value}")
    if not repository.is_opted_in():
        click.echo("this clone is not opted in, so no hook acts here: freshvenv init")
    return 0
