"""Decides, from what was observed of one target, whether to keep, reinstall or skip it, and says why."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from freshvenv.fingerprint import Fingerprint, compare
from freshvenv.receipt import Receipt


class State(Enum):
    """What a target is, in the words of the documentation."""

    FRESH = "fresh"
    STALE = "stale"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    BROKEN = "broken"
    ABSENT = "absent"


class Action(Enum):
    """What is done about it."""

    KEEP = "keep"
    REINSTALL = "reinstall"
    SKIP = "skip"


class OnStale(Enum):
    """What the user wants to happen to a stale venv when nobody is asked."""

    REINSTALL = "reinstall"
    WARN = "warn"
    OFF = "off"


class Observation(NamedTuple):
    """All that the decision about one target rests on.

    ``missing``: there is no such venv. ``trouble``: why this target cannot be reinstalled, be it for the venv, for the
    old install or for git; empty when it can.
    ``other_checkout``: the directory the distribution was installed from, when it is not this project and still there.
    ``distrust``: why the receipt is not to be believed, empty when it is. ``altered``: files of the distribution that
    are not what was installed, ``left`` files in the working tree that are not what the build left or packed there.
    ``uncommitted``: changed files that HEAD's tree does not have. ``failure``: what the last try to install this very
    tree ended with, ``outlasted`` the seconds after which that try was ended, 0 when it ended by itself. ``current`` is
    absent when there was no venv to look into, or git could not tell what would be installed.
    """

    current: Fingerprint | None
    receipt: Receipt | None = None
    installed: bool = False
    configured: bool = False
    missing: bool = False
    trouble: str = ""
    other_checkout: str = ""
    interrupted: bool = False
    distrust: str = ""
    altered: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    failure: str = ""
    outlasted: int = 0


class Wish(NamedTuple):
    """What the caller asked for beyond bringing stale venvs in step.

    ``limit`` is how many seconds a build may take, 0 for as long as it likes.
    """

    force: bool = False
    on_stale: OnStale = OnStale.REINSTALL
    limit: int = 0


class Decision(NamedTuple):
    """A state, what to do about it, and why; ``reasons`` is never empty."""

    state: State
    action: Action
    reasons: tuple[str, ...]


def judge(observation: Observation) -> tuple[State, tuple[str, ...]]:
    """The state of a target and the reasons for it. Answers every observation."""
    if observation.missing:
        return State.ABSENT, ("no such venv",)
    if observation.trouble:
        return State.BROKEN, (observation.trouble,)
    if observation.interrupted:
        return State.UNKNOWN, _with_failure(observation, "an install was interrupted")
    if not observation.installed:
        return State.ABSENT, _with_failure(observation, "not installed here")
    if observation.other_checkout:
        return State.FOREIGN, (f"installed from {observation.other_checkout}",)
    if observation.receipt is None or observation.distrust or observation.current is None:
        return State.UNKNOWN, _with_failure(observation, observation.distrust or "not installed by freshvenv")
    reasons = _staleness(observation, observation.receipt, observation.current)
    if reasons:
        return State.STALE, _with_failure(observation, *reasons)
    return State.FRESH, (f"tree {observation.current.tree[:7]}",)


def decide(observation: Observation, wish: Wish) -> Decision:
    """What is to be done about a target."""
    state, reasons = judge(observation)
    match state:
        case State.FRESH:
            if wish.force:
                return Decision(state, Action.REINSTALL, ("forced",))
            return Decision(state, Action.KEEP, reasons)
        case State.STALE | State.UNKNOWN:
            return _unless_unwanted(state, reasons, observation, wish)
        case State.ABSENT:
            if observation.configured and not observation.missing:
                return _unless_unwanted(state, reasons, observation, wish)
            return Decision(state, Action.SKIP, reasons)
        case State.FOREIGN | State.BROKEN:
            return Decision(state, Action.SKIP, reasons)


def _unless_unwanted(state: State, reasons: tuple[str, ...], observation: Observation, wish: Wish) -> Decision:
    match wish.on_stale:
        case OnStale.REINSTALL:
            if 0 < wish.limit <= observation.outlasted:
                # It would take as long again, and come to nothing again, after every git command.
                return Decision(state, Action.SKIP, (*reasons, "not tried again until you run freshvenv resync"))
            return Decision(state, Action.REINSTALL, reasons)
        case OnStale.WARN | OnStale.OFF:
            return Decision(state, Action.SKIP, (*reasons, f"on-stale is {wish.on_stale.value}"))


def _staleness(observation: Observation, receipt: Receipt, current: Fingerprint) -> tuple[str, ...]:
    reasons = [str(difference) for difference in compare(receipt.fingerprint, current)]
    if not receipt.fingerprint.has_tree_of(current) and observation.uncommitted:
        reasons.append(f"uncommitted: {_named(observation.uncommitted)}")
    if observation.altered:
        reasons.append(f"changed in the venv: {_named(observation.altered)}")
    if observation.left:
        reasons.append(f"changed in the working tree: {_named(observation.left)}")
    if receipt.unmet:
        reasons.append(f"dependencies missing: {_named(receipt.unmet)}")
    return tuple(reasons)


def _with_failure(observation: Observation, *reasons: str) -> tuple[str, ...]:
    return (*reasons, observation.failure) if observation.failure else reasons


def _named(names: tuple[str, ...], most: int = 5) -> str:
    listed = ", ".join(names[:most])
    return listed if len(names) <= most else f"{listed} and {len(names) - most} more"
