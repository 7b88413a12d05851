"""The table: what was measured, as Markdown for people and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Experiment, Sample

COLUMNS = ("row", "work", "contender", "median", "spread", "ratio", "goal", "reached", "exact", "rounds", "remark")
"""``spread`` is the interquartile range, ``ratio`` that to the median of the row's reference."""

SUMMARY = ("", "work", "freshvenv", "beside", "ratio", "goal")
"""The columns of the short table: medians."""


@dataclass(frozen=True)
class Line:
    """What one contender did in one experiment; times in seconds. ``ratio`` is None for the reference itself.

    ``goal`` is the greatest ratio, ``limit`` the greatest median; one of them, or none.
    """

    row: str
    work: str
    contender: str
    reference: str
    sample: Sample
    ratio: float | None
    goal: float | None
    limit: float | None
    exact: str
    remark: str

    @property
    def reached(self) -> bool | None:
        """Whether the goal was reached; None where there is none."""
        if self.limit is not None:
            return self.sample.median <= self.limit
        return None if self.goal is None or self.ratio is None else self.ratio <= self.goal

    def as_json(self) -> dict[str, object]:
        """Times in milliseconds."""
        return {
            "row": self.row,
            "work": self.work,
            "contender": self.contender,
            "reference": self.reference,
            "median_ms": self.sample.median * 1000,
            "spread_ms": self.sample.spread * 1000,
            "quartiles_ms": [each * 1000 for each in self.sample.quartiles],
            "ratio": self.ratio,
            "goal": self.goal,
            "limit_ms": None if self.limit is None else self.limit * 1000,
            "reached": self.reached,
            "exact": self.exact,
            "rounds": len(self.sample.seconds),
            "remark": self.remark,
            "all_ms": [each * 1000 for each in self.sample.seconds],
        }

    def as_cells(self) -> tuple[str, ...]:
        return (
            self.row,
            self.work,
            self.contender,
            _milliseconds(self.sample.median),
            _milliseconds(self.sample.spread),
            "reference" if self.ratio is None else f"{self.ratio:.2g}x" if self.ratio < 1 else f"{self.ratio:.2f}x",
            self._aim(),
            {None: "", True: "yes", False: "no"}[self.reached],
            self.exact,
            str(len(self.sample.seconds)),
            self.remark,
        )

    def _aim(self) -> str:
        if self.limit is not None:
            return f"<= {self.limit * 1000:g} ms"
        return "" if self.goal is None else f"<= {self.goal:g}x"


def lines_of(experiment: Experiment, samples: Sequence[Sample]) -> list[Line]:
    """The part of the table that one experiment makes."""
    by_name = dict(zip((it.name for it in experiment.contenders), samples, strict=True))
    reference = by_name[experiment.reference]
    return [
        Line(
            row=experiment.row,
            work=experiment.work,
            contender=it.name,
            reference=experiment.reference,
            sample=by_name[it.name],
            ratio=None if it.name == experiment.reference else by_name[it.name].median / reference.median,
            goal=experiment.goals.get(it.name),
            limit=experiment.limits.get(it.name),
            exact=it.exact(),
            remark=it.remark(),
        )
        for it in experiment.contenders
    ]


def as_markdown(lines: Iterable[Line]) -> str:
    """A table of GitHub's kind, with a header even where there is no line."""
    return _table(COLUMNS, (line.as_cells() for line in lines))


def as_summary(lines: Sequence[Line]) -> str:
    """What has a goal, a line each, beside its reference; the table of the README."""
    references = {(line.row, line.work): line for line in lines if line.ratio is None}
    judged = [line for line in lines if line.reached is not None]
    counts = Counter((line.row, line.work) for line in judged)
    rows = []
    for line in judged:
        reference = references[line.row, line.work]
        beside = f"{_milliseconds(reference.sample.median)} ({reference.contender})"
        work = line.work if counts[line.row, line.work] == 1 else f"{line.work}: {line.contender}"
        _, _, _, median, _, ratio, goal, *_ = line.as_cells()
        rows.append((line.row, work, median, beside, ratio, goal))
    return _table(SUMMARY, rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines)


def _milliseconds(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"
