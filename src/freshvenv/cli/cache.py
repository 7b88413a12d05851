"""``freshvenv cache``: where it is, what is in it, and how it gets smaller. Losing it costs time and nothing else."""

from __future__ import annotations

import time

import click

from freshvenv.report import printable
from freshvenv.wheels.upkeep import DAYS, SIZE, Entry, entries, excess, remove, sweep
from freshvenv.workshop import Workshop


@click.group()
def cache() -> None:
    """Show and shrink the cache of wheels and build environments."""


@cache.command("dir")
def cache_dir() -> int:
    """Print the folder."""
    click.echo(str(Workshop.of_user().cache))
    return 0


@cache.command("list")
def cache_list() -> int:
    """Print a line an entry: size, days since it was used, kind, and what it holds."""
    kept = entries(Workshop.of_user().cache)
    for entry in kept:
        days = max(0.0, time.time() - entry.used) / 86_400
        click.echo(printable(f"{_amount(entry.size):>9}  {days:5.1f} d  {entry.kind:11}  {entry.title}"))
    click.echo(_sum(kept))
    return 0


@cache.command("prune")
@click.option("--days", type=click.FloatRange(min=0), default=DAYS, show_default=True, help="Keep what was used since.")
@click.option(
    "--size", type=click.IntRange(min=0), default=SIZE // 1024**2, show_default=True, help="Keep so many megabytes."
)
def cache_prune(days: float, size: int) -> int:
    """Remove entries unused for a long time, and the oldest above the size limit.

    This is done now and then without being asked for.
    """
    return _remove(days, size * 1024**2)


@cache.command("clear")
def cache_clear() -> int:
    """Remove every wheel and every build environment that nobody uses at the moment."""
    return _remove(0, 0)


def _remove(days: float, size: int) -> int:
    place = Workshop.of_user()
    now = time.time()
    gone = excess(entries(place.cache), now=now, days=days, size=size)
    removed = remove(gone, place.locks)
    if place.cache.is_dir():
        sweep(place.cache, now)
    click.echo(f"removed: {_sum(removed)}")
    if len(removed) < len(gone):
        click.echo(f"in use, and left: {len(gone) - len(removed)}")
    return 0


def _sum(found: list[Entry]) -> str:
    return f"{len(found)} entr{'y' if len(found) == 1 else 'ies'}, {_amount(sum(entry.size for entry in found))}"


def _amount(size: int) -> str:
    return f"{size / 1024**2:.1f} MB"
