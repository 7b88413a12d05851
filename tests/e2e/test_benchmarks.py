"""The command that makes the README's table: whether it works, not how fast anything is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.world import World

ROOT = Path(__file__).parents[2]


def test_a_quick_run_writes_the_whole_table(world: World) -> None:
    markdown, numbers = world.root / "table.md", world.root / "table.json"
    options = ("--quick", "--rounds=1", "--only=P1", f"--markdown={markdown}", f"--json={numbers}")
    world.run(sys.executable, "-m", "benchmarks", *options, cwd=ROOT)
    lines = json.loads(numbers.read_text())["lines"]
    assert [(line["contender"], line["exact"], line["goal"]) for line in lines] == [
        ("bare checkout", "", None),
        ("freshvenv", "yes", 1.5),
        ("bare checkout", "", None),
        ("freshvenv", "yes", 2),
    ]
    assert all(line["median_ms"] > 0 and (line["reached"] is None) == (line["ratio"] is None) for line in lines)
    header, rule, *rows = [row for row in markdown.read_text().splitlines() if row.startswith("|")]
    assert len(rows) == len(lines)
    assert {row.count("|") for row in (header, rule, *rows)} == {12}
    for column in ("median", "spread", "ratio", "goal", "reached", "exact"):
        assert f" {column} " in header
