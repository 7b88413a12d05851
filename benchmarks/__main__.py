"""The command: ``python -m benchmarks``, whose options ``--help`` lists."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.bench import Bench, Case
from benchmarks.cases import gate, nothing, scale, seen, unseen
from benchmarks.exact import Oracle
from benchmarks.machine import describe
from benchmarks.measure import take_turns
from benchmarks.table import Line, as_markdown, as_summary, lines_of
from benchmarks.world import FailedError, World

CASES: Mapping[str, Case] = {
    "P1": nothing.native_hook,
    "P2": nothing.frameworks,
    "RUN": nothing.runs,
    "P3": seen.one_venv,
    "P4": seen.five_venvs,
    "P5": unseen.one_venv,
    "P6": seen.large_package,
    "P7": scale.tracked_files,
    "P8": seen.compiled,
    "P9": unseen.several_venvs,
    "GATE": gate.decision,
}


def main(arguments: Sequence[str]) -> int:
    """Measure, and write the table. 0 even where a goal is missed; 1 where a row could not be made."""
    options = _parser().parse_args(arguments)
    rounds = options.rounds or (2 if options.quick else 11)
    lines: list[Line] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="freshvenv-benchmarks-", ignore_cleanup_errors=True) as root:
        world = World.at(Path(root).resolve())
        machine = describe(world)
        bench = Bench(world, Oracle(world.apart("oracle")), rounds, quick=options.quick)
        for row in options.only:
            try:
                for line in _measure(CASES[row], bench):
                    print(as_markdown([line]).splitlines()[-1], file=sys.stderr, flush=True)
                    lines.append(line)
            except FailedError as error:
                failed = True
                print(f"{row}: {error}", file=sys.stderr, flush=True)
    markdown = as_markdown(lines) + "\n" + "; ".join(f"{name} {value}" for name, value in machine.items()) + "\n"
    if options.json:
        found = {"version": 1, "machine": machine, "rounds": rounds, "quick": options.quick}
        options.json.write_text(json.dumps({**found, "lines": [line.as_json() for line in lines]}, indent=1) + "\n")
    if options.summary:
        options.summary.write_text(as_summary(lines))
    if options.markdown:
        options.markdown.write_text(markdown)
    else:
        print(markdown, end="")
    return 1 if failed else 0


def _measure(case: Case, bench: Bench) -> Iterator[Line]:
    for experiment in case(bench):
        rounds = bench.rounds if bench.quick else bench.rounds * experiment.effort
        yield from lines_of(experiment, take_turns(experiment.contenders, rounds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What freshvenv costs beside its peers.")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each is measured (default: 11)")
    parser.add_argument("--only", type=_rows, default=list(CASES), metavar="P1,P2", help="these rows of the table")
    parser.add_argument("--quick", action="store_true", help="small and few: to see that it works, not to measure")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="where to write the table (default: to stdout)")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="where to write what has a goal, a line each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write every number")
    return parser


def _rows(text: str) -> list[str]:
    rows = text.split(",")
    if unknown := [row for row in rows if row not in CASES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the rows are {', '.join(CASES)}")
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
