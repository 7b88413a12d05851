"""``freshvenv doctor``: what would keep the hooks from running here, or make them unsafe."""

from __future__ import annotations

import click


@click.command()
def doctor() -> int:
    """Say what would keep the hooks from running, or make them unsafe."""
    return 0
