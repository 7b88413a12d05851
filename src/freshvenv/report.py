"""Turns outcomes and states into the lines and the JSON that people and scripts read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from freshvenv.fingerprint import Fingerprint, short
from freshvenv.plan import Action, Decision, Observation, State, judge
from freshvenv.receipt import Receipt


class Outcome(NamedTuple):
    """What became of one target. ``installed`` is absent unless it was reinstalled; ``failure`` says why not.

    Of a project that was installed it says why what it requires is not there.

    ``settled`` is when the reinstall was finished, in nanoseconds since the epoch.
    """

    label: str
    decision: Decision
    observation: Observation
    installed: Receipt | None = None
    files: int = 0
    seconds: float = 0.0
    failure: str = ""
    settled: int = 0

    @property
    def is_fresh(self) -> bool:
        """Whether the venv is in step now."""
        if self.installed is not None:
            return not self.installed.unmet
        return self.decision.action is Action.KEEP


def outcome_line(outcome: Outcome, *, planned: bool = False) -> str:
    """One line for one target; ``planned`` for a run that only says what it would do."""
    reasons = "; ".join(outcome.decision.reasons)
    match outcome.decision.action:
        case Action.KEEP:
            return _line(f"{outcome.label}: fresh ({reasons})")
        case Action.SKIP:
            return _line(f"{outcome.label}: {outcome.decision.state.value}, left alone: {reasons}")
        case Action.REINSTALL if planned:
            return _line(f"{outcome.label}: would be reinstalled: {reasons}")
        case Action.REINSTALL:
            return _line(f"{outcome.label}: {_done(outcome)}")


def _done(outcome: Outcome) -> str:
    if outcome.installed is None:
        return f"{outcome.decision.state.value}, not reinstalled: {outcome.failure}"
    receipt = outcome.installed
    verb = "installed" if outcome.decision.state is State.ABSENT else "reinstalled"
    text = f"{verb} {receipt.distribution} {receipt.version}"
    if receipt.fingerprint.recipe.editable:
        text += ", editable"
    count = f"{outcome.files} file{'' if outcome.files == 1 else 's'}"
    text += f" ({_why(outcome, receipt)}, {count}) in {outcome.seconds:.1f} s"
    if receipt.unmet:
        text += f"; dependencies could not be installed: {', '.join(receipt.unmet)}"
        text += f" ({outcome.failure})" if outcome.failure else ""
    return text


def _why(outcome: Outcome, receipt: Receipt) -> str:
    old = outcome.observation.receipt
    new = short(receipt.fingerprint.tree)
    if outcome.decision.state is State.STALE and old and not old.fingerprint.has_tree_of(receipt.fingerprint):
        return f"tree {short(old.fingerprint.tree)} -> {new}"
    return f"{'; '.join(outcome.decision.reasons)}, tree {new}"


def status_line(label: str, observation: Observation) -> str:
    """One line for the state of one target."""
    state, reasons = judge(observation)
    return _line(f"{label}: {state.value}: {'; '.join(reasons)}")


def status_json(venv: str, project: str, observation: Observation) -> dict[str, object]:
    """The state of one target as scripts read it."""
    state, reasons = judge(observation)
    current, receipt = observation.current, observation.receipt
    editable = current.recipe.editable if current else None
    return {
        "venv": venv,
        "project": project,
        "state": state.value,
        "reasons": list(reasons),
        "editable": editable,
        "installed": _installed(receipt) if receipt else {},
        "current": _fields(current) if current else {},
    }


def _installed(receipt: Receipt) -> dict[str, object]:
    return {
        "distribution": receipt.distribution,
        "version": receipt.version,
        "commit": receipt.commit,
        "time": receipt.time,
        **_fields(receipt.fingerprint),
    }


def _fields(fingerprint: Fingerprint) -> dict[str, object]:
    recipe = fingerprint.recipe
    return {
        "tree": fingerprint.tree,
        "interpreter": fingerprint.interpreter,
        "extras": list(recipe.extras),
        "groups": list(recipe.groups),
        "config-settings": dict(recipe.config_settings),
        "build-from": recipe.build_from.value,
        "version-control": fingerprint.version_control,
        "submodules": list(fingerprint.submodules),
        "folder": fingerprint.folder,
        "beside": list(fingerprint.beside),
        "git-config": list(fingerprint.conversions),
        "environment": list(fingerprint.variables),
    }


def explanation(label: str, observation: Observation, changes: Mapping[str, str] | None) -> list[str]:
    """Why a target is in its state, a line a reason, with the files that differ (path: git's letter)."""
    state, reasons = judge(observation)
    lines = [_line(f"{label}: {state.value}")]
    lines += [printable(f"  {reason}") for reason in reasons]
    if changes is None:
        lines.append("  the tree that is installed is no longer known to git, so its files cannot be compared")
    else:
        lines += [printable(f"  {kind} {path}") for path, kind in changes.items()]
    return lines


def error_line(message: str, hint: str = "") -> str:
    """One line for trouble, with what to do about it."""
    return _line(f"{message} ({hint})" if hint else message)


def _line(text: str) -> str:
    return printable(f"freshvenv: {text}")


def printable(text: str) -> str:
    """Text of others (paths, branch names, output of builds) without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape", "replace").decode() for sign in text)
