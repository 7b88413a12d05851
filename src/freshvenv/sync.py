"""The use case behind every door: observe, decide, apply, record, and say what became of each target."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from freshvenv.errors import FreshvenvError, GitError, VenvError, describe_os_error
from freshvenv.install import reinstall
from freshvenv.lock import exclusive
from freshvenv.observe import Sight, Sighting, look, observe
from freshvenv.plan import Action, OnStale, State, Wish, decide
from freshvenv.process import limited
from freshvenv.report import Outcome
from freshvenv.source.git import Listing, Repository
from freshvenv.source.working_tree import WorkingTree, read_working_tree
from freshvenv.targets import look_again
from freshvenv.vouch import leave_stamp, leave_vouchers
from freshvenv.workshop import Workshop

_ROUNDS = 5
"""How often to start over when HEAD moves while we work."""


class Request(NamedTuple):
    """What is wanted: which venvs (none: all), and how.

    ``force``: what is fresh is reinstalled, too, and wheels are built anew, whatever the cache has.
    ``automatic``: a hook or a program started this, so ``on-stale`` applies. ``by_hand``: a person gave
    the command, and answers for what is in the working tree.
    """

    named: tuple[Path, ...] = ()
    force: bool = False
    dry_run: bool = False
    automatic: bool = False
    by_hand: bool = False

    @property
    def is_trusting(self) -> bool:
        """Whether an interpreter that lies in the working tree may be started, although it never was before."""
        return self.by_hand and not self.dry_run


class Guard(Protocol):
    """What is asked whether it may be built: commits, and what lies uncommitted on them."""

    def permit(self) -> str:
        """The commit at HEAD, when that may be built. Raises :class:`FreshvenvError`."""

    def vet(self, more: Collection[str] = ()) -> Listing | None:
        """What git says of the working tree, when it was asked, and what is uncommitted may be built.

        ``more`` are files that git ignores. Raises :class:`FreshvenvError`.
        """


def sync(
    repository: Repository,
    workshop: Workshop,
    request: Request,
    report: Callable[[Outcome], None] = lambda _: None,
    guard: Guard | None = None,
) -> list[Outcome]:
    """Bring the venvs in step with the working tree, and report each as soon as it is done.

    One broken venv does not stop the others. When HEAD moves meanwhile, what it moved to is brought in too. ``guard``
    is asked before anything of the tree is read, each time anew, and before a build in the working tree itself about
    the files there that git ignores. Raises :class:`FreshvenvError` when nothing can be observed at all, or HEAD does
    not come to rest, and what ``guard`` raises.
    """
    run = _Run(repository, workshop.building_anew() if request.force else workshop, request)
    done: dict[str, Outcome] = {}
    settled: tuple[Sight, list[Outcome]] | None = None
    for _ in range(_ROUNDS):
        permitted = guard.permit() if guard else ""
        listing = guard.vet() if guard else None
        sight = look(
            repository,
            workshop.interpreters,
            request.named,
            quick=True,
            trusting=request.is_trusting,
            listing=listing,
        )
        if permitted and sight.tree.head.commit != permitted:
            # HEAD moved between the question and the look: what is there now was not asked about.
            continue
        if request.automatic and sight.found.settings.on_stale is OnStale.OFF:
            return []
        if guard and (ignored := run.ignored_by_git(sight)):
            guard.vet(ignored)
        outcomes = []
        for sighting in sight.sightings:
            outcome = run.settle(sight, sighting)
            outcomes.append(outcome)
            before = done.get(sighting.label)
            if before is None or not before.is_fresh or outcome.decision.action is not Action.KEEP:
                report(outcome)
                done[sighting.label] = outcome
        if request.dry_run or sight.tree.is_current():
            settled = sight, outcomes
            break
    if settled is None:
        raise GitError("HEAD keeps moving", hint="freshvenv resync, when whatever moves it is done")
    sight, outcomes = settled
    if not request.dry_run:
        leave_vouchers(sight, outcomes)
        if not request.named:
            # Without a new one the fast path is not taken; an old one vouches for what it names and nothing newer.
            with suppress(OSError):
                leave_stamp(sight, outcomes)
    # Those that HEAD has left behind meanwhile count no more.
    return [done[outcome.label] for outcome in outcomes]


class _Run(NamedTuple):
    repository: Repository
    workshop: Workshop
    request: Request

    def ignored_by_git(self, sight: Sight) -> tuple[str, ...]:
        """The ignored files that builds would find which are to be made in the working tree itself."""
        wanted = (it for it in sight.sightings if self.decide(sight, it).decision.action is Action.REINSTALL)
        current = ((it.target.project.path, it.observation.current) for it in wanted)
        paths = {path for path, found in current if found and not found.recipe.is_cacheable}
        venvs = tuple(f"{path}/" for path in sight.found.venv_paths(self.repository.top))
        named = (f"{path}/{name}" if path != "." else name for path in paths for name in self.repository.ignored(path))
        return tuple(name for name in named if not name.startswith(venvs))

    def decide(self, sight: Sight, sighting: Sighting) -> Outcome:
        """Decide about one target as it was seen."""
        return Outcome(sighting.label, decide(sighting.observation, self._wish(sight)), sighting.observation)

    def _wish(self, sight: Sight) -> Wish:
        settings, force = sight.found.settings, self.request.force
        return Wish(force, settings.on_stale, settings.timeout) if self.request.automatic else Wish(force)

    def settle(self, sight: Sight, sighting: Sighting) -> Outcome:
        """Decide about one target, and carry it out."""
        request = self.request
        wish = self._wish(sight)
        outcome = self.decide(sight, sighting)
        # What looks broken may be in the midst of another run's install, so that is looked at with the lock, too.
        is_final = outcome.decision.action is not Action.REINSTALL and outcome.decision.state is not State.BROKEN
        if is_final or request.dry_run or sighting.venv is None:
            return outcome
        limit = wish.limit
        late = VenvError(f"another run is still at work on it after {limit} s", hint="git config freshvenv.timeout")
        begun = time.monotonic()
        try:
            progress = self.workshop.progress
            with progress.of(sighting.label), ExitStack() as held:
                # Whoever has the lock may have begun by hand, with no limit of its own; git waits for a hook.
                with limited(limit, late):
                    held.enter_context(exclusive(sighting.venv.path, self.workshop.locks, progress.step))
                # Somebody else may have done it while we waited for the lock.
                again = self._observe_again(sight, sighting)
                outcome = outcome._replace(decision=decide(again.observation, wish), observation=again.observation)
                if outcome.decision.action is not Action.REINSTALL:
                    return outcome
                installed = reinstall(self.workshop, sight.tree, again, lambda: self._reread(sight), limit)
        except FreshvenvError as error:
            return outcome._replace(failure=f"{error} ({error.hint})" if error.hint else str(error))
        except OSError as error:
            return outcome._replace(failure=describe_os_error(error))
        return outcome._replace(
            installed=installed.receipt,
            files=installed.files,
            failure=installed.trouble,
            seconds=time.monotonic() - begun,
            settled=time.time_ns(),
        )

    def _observe_again(self, sight: Sight, sighting: Sighting) -> Sighting:
        again = look_again(
            sighting.target, self.repository, self.workshop.interpreters, trusting=self.request.is_trusting
        )
        return observe(again, sight.tree, quick=True)

    def _reread(self, sight: Sight) -> WorkingTree:
        return read_working_tree(self.repository, sight.found.venv_paths(self.repository.top))
