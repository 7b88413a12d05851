"""What every case is given: where to work, how often to measure, how large to make things."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.checkout import ONE, Checkout
from benchmarks.exact import Oracle
from benchmarks.histories import History
from benchmarks.measure import Command, Contender, Experiment
from benchmarks.world import World


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks. With ``quick`` everything is small: to see that it works, not to measure."""

    world: World
    oracle: Oracle
    rounds: int
    quick: bool

    @property
    def visits(self) -> int:
        """How many checkouts one contender makes: a warm-up, the rounds, and one to see whether it is exact."""
        return self.rounds + 2

    def bare(self, name: str, history: History, venvs: Sequence[str] = ONE) -> Checkout:
        """A checkout in a place of its own, without any hook."""
        return Checkout.create(self.world.apart(name), history, venvs)

    def hooked(self, name: str, history: History, venvs: Sequence[str] = ONE) -> Checkout:
        """The same with freshvenv's native hooks."""
        return self.bare(name, history, venvs).with_freshvenv()

    def switching(self, name: str, checkout: Checkout, branches: Iterator[str], *, judged: bool = True) -> Contender:
        """Times a checkout with what its hook does."""
        return self._contender(name, checkout, lambda: [checkout.switching(next(branches))], judged=judged)

    def installing(self, name: str, checkout: Checkout, branches: Iterator[str], *commands: Command) -> Contender:
        """Times an install after a checkout that is not timed."""

        def work() -> Sequence[Command]:
            checkout.switching(next(branches)).seconds()
            return commands

        return self._contender(name, checkout, work, judged=True)

    def installing_by_branch(
        self, name: str, checkout: Checkout, branches: Iterator[str], commands: Mapping[str, Command]
    ) -> Contender:
        """The same where each branch has an install of its own."""

        def work() -> Sequence[Command]:
            branch = next(branches)
            checkout.switching(branch).seconds()
            return [commands[branch]]

        return self._contender(name, checkout, work, judged=True)

    def _contender(
        self, name: str, checkout: Checkout, work: Callable[[], Sequence[Command]], *, judged: bool
    ) -> Contender:
        def exact() -> str:
            # On two branches: one of them may be the one that was installed all the time.
            before = self.oracle.verdict(checkout)
            for command in work():
                command.seconds()
            after = self.oracle.verdict(checkout)
            return before if before != "yes" else after

        return Contender(name, work, exact if judged else lambda: "")


Case = Callable[[Bench], Iterator[Experiment]]
"""Sets up experiments one after another; each is measured before the next is set up."""
