"""The door for programs: bring a venv in step with the working tree, then become a command that runs in it.

What nox, tox, Makefiles and editors call instead of the command itself, so that nothing runs against code that is not
there any more. Where a voucher says that the venv is fresh, hardly more is loaded than Python itself.
"""

from __future__ import annotations

import os
import sys

from freshvenv.environment import scrub
from freshvenv.source.picture import take_picture
from freshvenv.source.refs import find_git_dir, find_top, head_commit
from freshvenv.venvs.voucher import vouches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from freshvenv.report import Outcome
    from freshvenv.source.git import Repository

_USUAL = (".venv", "venv")


def main(arguments: list[str]) -> int | None:
    """Run ``[--venv VENV] [--] COMMAND ...``, and return only when the command was not run.

    Then it is an exit status, or nothing when the arguments say something else.
    """
    words = list(arguments)
    venv = ""
    if words[:1] == ["--venv"] and len(words) > 1:
        venv, words = words[1], words[2:]
    elif words and words[0].startswith("--venv="):
        venv, words = words[0].removeprefix("--venv="), words[1:]
    if words[:1] == ["--"]:
        words = words[1:]
    elif words and words[0].startswith("-"):
        return None
    return run(venv, words) if words else None


def run(venv: str, command: Sequence[str]) -> int:
    """Bring a venv in step and become ``command``; an exit status when that was not possible."""
    environ = dict(os.environ)
    scrub()
    try:
        status, chosen = _in_step(venv)
    except (OSError, KeyboardInterrupt) as error:
        from freshvenv.trouble import tell

        return tell(error)
    return status or _become(command, chosen, environ)


def _in_step(venv: str) -> tuple[int, str]:
    """A venv that holds the working tree, or the exit status that says that there is none."""
    top = find_top()
    chosen = os.path.abspath(venv) if venv else _usual(top)
    return (0, chosen) if top and chosen and _is_fresh(chosen, top) else _bring_in_step(chosen)


def _usual(top: str) -> str:
    paths = (os.path.join(top, name) for name in _USUAL)
    return next((path for path in paths if top and os.path.exists(os.path.join(path, "pyvenv.cfg"))), "")


def _is_fresh(venv: str, top: str) -> bool:
    git_dir = find_git_dir(top)
    commit = head_commit(git_dir) if git_dir else ""
    return bool(commit) and vouches(venv, top, commit, lambda pathspecs: take_picture(top, pathspecs))


def _bring_in_step(chosen: str) -> tuple[int, str]:
    from pathlib import Path

    from freshvenv.signals import stop_on_termination
    from freshvenv.source.git import discover
    from freshvenv.trouble import EXPECTED, tell

    stop_on_termination()
    try:
        repository = discover(Path.cwd())
        return 0, _synchronize(repository, Path(chosen) if chosen else None)
    except EXPECTED as error:
        return tell(error), ""


def _synchronize(repository: Repository, venv: Path | None) -> str:
    """Bring one venv in step and return its path. Raises :class:`FreshvenvError` when it is not fresh afterwards."""
    from freshvenv.errors import UsageError, VenvError
    from freshvenv.observe import look
    from freshvenv.plan import Action
    from freshvenv.report import outcome_line
    from freshvenv.sync import Request, sync
    from freshvenv.trust.gate import open_gate
    from freshvenv.workshop import Workshop

    # Programs call this, unasked: what is checked out must be trusted as a hook would trust it.
    gate = open_gate(repository)
    workshop = Workshop.of_user()
    if venv is None:
        gate.permit()
        gate.vet()
        targets = look(repository, workshop.interpreters, quick=True).found.targets
        paths = list(dict.fromkeys(target.candidate.path for target in targets))
        if len(paths) != 1:
            found = ", ".join(dict.fromkeys(target.candidate.label for target in targets)) or "none"
            raise UsageError(f"which venv is not clear (there is {found})", hint="name one: --venv VENV")
        venv = paths[0]

    def report(outcome: Outcome) -> None:
        if outcome.decision.action is not Action.KEEP:
            print(outcome_line(outcome), file=sys.stderr, flush=True)

    outcomes = sync(repository, workshop, Request(named=(venv,)), report, gate)
    if not outcomes or not all(outcome.is_fresh for outcome in outcomes):
        raise VenvError(f"{venv} does not hold the working tree, so the command was not run")
    return os.fspath(venv)


def _become(command: Sequence[str], venv: str, environ: Mapping[str, str]) -> int:
    """Replace this process; an exit status, as a shell has it, when there is no such command."""
    env = {name: value for name, value in environ.items() if name not in {"PYTHONHOME", "__PYVENV_LAUNCHER__"}}
    env["VIRTUAL_ENV"] = venv
    env["PATH"] = os.pathsep.join([os.path.join(venv, "bin"), environ.get("PATH", os.defpath)])
    _restore_signals()
    try:
        os.execvpe(command[0], list(command), env)  # noqa: S606 - a shell would take its words apart
    except ValueError as error:
        print(f"freshvenv: {command[0]!r}: {error}", file=sys.stderr)
        return 127
    except OSError as error:
        print(f"freshvenv: {command[0]!r}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126


def _restore_signals() -> None:
    """Undo what Python does when it starts, since what is ignored stays ignored in a program that takes its place."""
    # The module signal is this one with names, which take as long to load as all else here.
    import _signal  # type: ignore[import-not-found]

    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
