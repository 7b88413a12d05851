"""Walks for as long as it is told, and prints what it found as Markdown."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.model.walk import Tally, walk
from support.world import World, sterile_environment


def report(tally: Tally, seeds: list[int], found: dict[int, str]) -> str:
    """The result as Markdown."""
    lines = [
        "| steps | seeds | differences |",
        "| --- | --- | --- |",
        f"| {tally.steps} | {seeds[0]} to {seeds[-1]} | {len(found)} |",
        "",
        "| what happened | times |",
        "| --- | --- |",
        *(f"| {what} | {count} |" for what, count in tally.counts.most_common()),
    ]
    for seed, what in found.items():
        lines += ["", f"Seed {seed}:", "", *(f"    {line}" for line in what.splitlines())]
    return "\n".join(lines)


def _told(error: BaseException) -> Iterator[str]:
    """What an error says, and what those say that it is a group of: what did not happen twice is in one of them."""
    yield f"{type(error).__name__}: {error}"
    yield from getattr(error, "__notes__", [])
    for inner in getattr(error, "exceptions", ()):
        yield from _told(inner)


def main() -> int:
    """Walk, and print the result; 1 when something was found."""
    parser = argparse.ArgumentParser(description="Random walks through git, and what they found, as Markdown.")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    tally, found, seeds = Tally(), {}, []
    seed = options.seed
    while tally.steps < options.steps:
        with tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True) as folder:
            root = Path(folder)
            world = World(root, sterile_environment(root, os.environ))
            os.environ.clear()
            os.environ.update(world.env)
            seeds.append(seed)
            try:
                walk(world, seed, 10, tally)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                found[seed] = "\n".join(_told(error))
            print(f"seed {seed}: {tally.steps} steps, {len(found)} differences", file=sys.stderr, flush=True)
        seed += 1
    print(report(tally, seeds, found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
