"""Measures whole processes, one contender after another, so that the noise of a shared machine falls on all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.world import FailedError


@dataclass(frozen=True)
class Command:
    """A program to be timed from start to end."""

    argv: tuple[str | Path, ...]
    cwd: Path
    env: Mapping[str, str]

    def seconds(self) -> float:
        """Run it and say how long it took by the clock on the wall. Raises :class:`FailedError` when it fails."""
        return self._run()[0]

    def _run(self) -> tuple[float, str]:
        """The seconds that it took, and what it printed."""
        words = [os.fspath(word) for word in self.argv]
        with tempfile.TemporaryFile() as said:
            begun = time.perf_counter()
            child = subprocess.Popen(
                words, cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            status = child.wait()
            taken = time.perf_counter() - begun
            said.seek(0)
            printed = said.read().decode(errors="replace")
            if status != 0:
                raise FailedError(f"{' '.join(words)}: exit status {status}\n{printed}")
        return taken, printed


class SelfTimed(Command):
    """A program that times a part of its work itself, and prints the seconds."""

    def seconds(self) -> float:
        """Run it and say what it says. Raises :class:`FailedError` when it fails, or says something else."""
        _, printed = self._run()
        try:
            return float(printed)
        except ValueError as error:
            raise FailedError(f"no number of seconds: {printed!r}") from error


@dataclass(frozen=True)
class Contender:
    """One of those that are compared.

    ``work`` is called before each round, and not timed; it makes ready and returns what to time, one program after
    another. ``remark`` is asked after the last round.
    """

    name: str
    work: Callable[[], Sequence[Command]]
    exact: Callable[[], str] = lambda: ""
    remark: Callable[[], str] = lambda: ""

    @classmethod
    def always(cls, name: str, *commands: Command) -> Contender:
        """One that has nothing to make ready."""
        return cls(name, lambda: commands)


@dataclass(frozen=True)
class Experiment:
    """Contenders that do the same work.

    ``goals`` holds the greatest ratio to the reference, ``limits`` the greatest number of seconds, by contender.
    """

    row: str
    work: str
    reference: str
    contenders: tuple[Contender, ...]
    goals: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    effort: int = 1
    """How many times the usual number of rounds: cheap work is measured more often."""


@dataclass(frozen=True)
class Sample:
    """The seconds that one contender took, a number for each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between these two lies the middle half."""
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0]
        lower, _, upper = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return lower, upper

    @property
    def spread(self) -> float:
        """The interquartile range."""
        lower, upper = self.quartiles
        return upper - lower


def take_turns(contenders: Sequence[Contender], rounds: int) -> list[Sample]:
    """Time all contenders in each round, each time starting with another one, after a round that does not count."""
    taken: list[list[float]] = [[] for _ in contenders]
    for number in range(-1, rounds):
        for index in _rotated(len(contenders), number):
            seconds = sum(command.seconds() for command in contenders[index].work())
            if number >= 0:
                taken[index].append(seconds)
    return [Sample(tuple(each)) for each in taken]


def _rotated(count: int, by: int) -> Iterable[int]:
    return ((index + by) % count for index in range(count))
