"""P7: repositories of very different sizes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.checkout import Checkout
from benchmarks.histories import MAIN, many_tracked
from benchmarks.measure import Command, Contender, Experiment


def tracked_files(bench: Bench) -> Iterator[Experiment]:
    """P7: the cost of nothing must not grow with the repository, and status not faster than git's own."""
    sizes = (100, 400) if bench.quick else (100, 10_000, 100_000)
    hooked = {size: bench.hooked(f"p7-{size}", many_tracked(size)) for size in sizes}
    yield _flat("the hook alone, nothing to do", _Contest(hooked, _hook_alone), goal=1.2)
    yield _flat("git checkout with the hook (grows with git's own work)", _Contest(hooked, _checking_out), goal=None)
    for size, checkout in hooked.items():
        status = checkout.command("freshvenv", "status")
        for work, contender in (
            ("status", Contender.always("freshvenv status", status)),
            ("status, the first one after a change", _first(checkout, status)),
        ):
            yield Experiment(
                row="P7",
                work=f"{work}, {size:,} tracked files",
                reference="git status",
                contenders=(Contender.always("git status", checkout.command("git", "status")), contender),
                goals={contender.name: 2},
            )


@dataclass(frozen=True)
class _Contest:
    """The same thing done in each of the repositories."""

    hooked: Mapping[int, Checkout]
    command: Callable[[Checkout, str], Command]

    def contender(self, size: int) -> Contender:
        branches = itertools.cycle(("same", MAIN))
        return Contender(_files(size), lambda: [self.command(self.hooked[size], next(branches))])


def _flat(work: str, contest: _Contest, goal: float | None) -> Experiment:
    smallest, *larger = contest.hooked
    return Experiment(
        row="P7",
        work=work,
        reference=_files(smallest),
        contenders=tuple(map(contest.contender, contest.hooked)),
        goals={} if goal is None else {_files(size): goal for size in larger},
        effort=4,
    )


def _hook_alone(checkout: Checkout, branch: str) -> Command:
    """The script as git starts it: at the top, with the commits before and after, and 1 for a switch of branches."""
    del branch  # all names stand for one commit
    head = checkout.head
    return checkout.command(checkout.path / ".git" / "hooks" / "post-checkout", head, head, "1")


def _checking_out(checkout: Checkout, branch: str) -> Command:
    return checkout.switching(branch)


def _files(size: int) -> str:
    return f"{size:,} tracked files"


def _first(checkout: Checkout, status: Command) -> Contender:
    """Nothing is there that was said before."""
    answer = checkout.path / ".git" / "freshvenv" / "answer"

    def work() -> list[Command]:
        answer.unlink(missing_ok=True)
        return [status]

    return Contender("freshvenv status", work)
