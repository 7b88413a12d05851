"""The command that makes the README's table: whether it works, not how fast anything is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.world import World

ROOT = Path(__file__).parents[2]


def test_a_quick_run_writes_the_whole_table(world: World) -> None:
    markdown, numbers, short = (world.root / name for name in ("table.md", "table.json", "summary.md"))
    files = (f"--markdown={markdown}", f"--json={numbers}", f"--summary={short}")
    world.run(sys.executable, "-m", "benchmarks", "--quick", "--rounds=1", "--only=P1", *files, cwd=ROOT)
    lines = json.loads(numbers.read_text())["lines"]
    assert [(line["contender"], line["exact"], line["goal"]) for line in lines] == [
        ("bare checkout", "", None),
        ("a hook that does nothing", "", None),
        ("freshvenv", "yes", 1.5),
        ("bare checkout", "", None),
        ("a hook that does nothing", "", None),
        ("freshvenv", "yes", 2),
    ]
    assert all(line["median_ms"] > 0 and (line["reached"] is None) == (line["goal"] is None) for line in lines)
    header, rule, *rows = [row for row in markdown.read_text().splitlines() if row.startswith("|")]
    assert len(rows) == len(lines)
    assert {row.count("|") for row in (header, rule, *rows)} == {12}
    assert [row.count("|") for row in short.read_text().splitlines()] == [7] * 4
    assert short.read_text().count(" (bare checkout) | ") == 2
    for column in ("median", "spread", "ratio", "goal", "reached", "exact"):
        assert f" {column} " in header


def test_a_limit_in_seconds(world: World) -> None:
    numbers, short = world.root / "table.json", world.root / "summary.md"
    files = (f"--json={numbers}", f"--summary={short}")
    world.run(sys.executable, "-m", "benchmarks", "--quick", "--rounds=1", "--only=GATE", *files, cwd=ROOT)
    lines = [line for line in json.loads(numbers.read_text())["lines"] if line["contender"] == "freshvenv"]
    assert [line["limit_ms"] for line in lines] == [60] * 5
    assert [line["reached"] for line in lines] == [line["median_ms"] <= 60 for line in lines]
    assert short.read_text().count("| <= 60 ms |") == 5
