"""The door for hooks: silent when all is fresh, one line a venv otherwise, and never a failing git command.

Started by the native shims, by pre-commit and by prek, isolated (``-I``), so that nothing of the tree is imported, and
with ``-c``, since ``-m`` loads as much as all that follows when there is nothing to do. The type and the arguments are
hints and nothing more: whatever fired, HEAD's own tree is compared.
"""

from __future__ import annotations

import gc
import os
import sys

from freshvenv.caller import checkout_flag, hook_type, is_inside_of_one, is_switched_off, squash_flag
from freshvenv.environment import scrub
from freshvenv.hooks.stamp import holds
from freshvenv.leave import leave
from freshvenv.own import read_own
from freshvenv.source.refs import common_dir, find_git_dir, head_commit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import NoReturn

    from freshvenv.report import Outcome
    from freshvenv.source.git import BegunListing, Listing, Repository
    from freshvenv.trust.gate import Gate


def main(arguments: list[str] | None = None) -> NoReturn:
    """Bring the venvs of the working tree in step, and leave with 0: a hook spoils no command that fired it."""
    if not is_inside_of_one():
        _handle(sys.argv[1:] if arguments is None else arguments)
    leave(0)


def _handle(arguments: list[str]) -> None:
    kind = arguments[0] if arguments else hook_type()
    brings = _brings(kind, arguments[1:])
    try:
        if brings:
            _note_it()
        if is_switched_off():
            return
        scrub()
        if brings or not _nothing_to_do():
            _run(kind, brings=brings)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the promise of this door: git's command succeeds
        _explain(error)


def _brings(kind: str, arguments: list[str]) -> bool:
    """Whether files came into the working tree while HEAD stayed; pre-commit and prek tell it by variables."""
    match kind:
        case "post-checkout":
            return (arguments[2] if arguments[2:] else checkout_flag()) == "0"
        case "post-merge":
            return (arguments[0] if arguments else squash_flag()) == "1"
        case _:
            return False


def _note_it() -> None:
    """Note it in a clone that takes part, unless what is there is strange already; the shim has done that, too."""
    git_dir = find_git_dir(os.getcwd())
    if not git_dir or not os.path.isdir(os.path.join(common_dir(git_dir), "freshvenv")):
        return
    note = os.path.join(git_dir, "freshvenv", "brought")
    os.makedirs(os.path.dirname(note), exist_ok=True)
    try:
        known = read_own(note, 100)
    except FileNotFoundError:
        known = b"accepted\n"
    except OSError:
        return  # what is in its place is taken for the worst
    if known == b"accepted\n":
        with open(note, "wb") as file:
            file.write(b"new\n")


def _nothing_to_do() -> bool:
    top = os.getcwd()
    git_dir = find_git_dir(top)
    commit = head_commit(git_dir) if git_dir else ""
    return bool(commit) and holds(os.path.join(git_dir, "freshvenv", "stamp"), top, commit)


def _run(kind: str, *, brings: bool) -> None:
    # A hook is over before a collection would pay: it only walks again and again through what was just loaded.
    gc.disable()
    from freshvenv.signals import stop_on_termination

    stop_on_termination()
    from pathlib import Path

    from freshvenv.errors import UsageError
    from freshvenv.source.git import discover

    try:
        repository = discover(Path.cwd())
    except UsageError:
        return
    if not repository.is_opted_in() or repository.rebase_has_picks_left():
        return
    from freshvenv.trust.gate import open_gate
    from freshvenv.trust.verdict import UntrustedError

    gate = open_gate(repository)
    if brings:
        # Now, while it is as it came, although nothing may have to be done.
        gate.uncommitted.look_at_what_was_brought()
        if _nothing_to_do():
            return
    plain = kind == "post-commit" and not repository.brought_content_in()
    try:
        judged = gate.permit(_head(repository))
    except UntrustedError:
        if plain:
            # Whether a plain commit is acted on is a setting, and that lies in the tree: there is nothing to say yet.
            return
        raise
    if plain:
        from freshvenv.targets import read_settings

        if not read_settings(repository).on_commit:
            return

    # Imported only now: refusing should cost no more than the question. And git walks the working tree meanwhile.
    with repository.begin_listing() as listing:
        from freshvenv.sync import Request, sync
        from freshvenv.workshop import Workshop

        sync(repository, Workshop.of_user(), Request(automatic=True), _report, _Judged(gate, judged, listing))


class _Judged:
    """The gate, which is not asked again what it was asked already.

    It is asked again when HEAD has moved off the commit that was judged; ``begun`` is the first listing.
    """

    def __init__(self, gate: Gate, commit: str, begun: BegunListing) -> None:
        self._gate = gate
        self._commit = commit
        self._begun: BegunListing | None = begun

    def permit(self) -> str:
        head = _head(self._gate.repository)
        if head != self._commit:
            # What git is about to say may be of where HEAD was.
            self._begun = None
            return self._gate.permit(head)
        return self._commit

    def vet(self, more: Collection[str] = ()) -> Listing:
        begun, self._begun = self._begun, None
        return self._gate.vet(more, begun.finish() if begun else None)


def _head(repository: Repository) -> str:
    return head_commit(os.fspath(repository.git_dir))


def _report(outcome: Outcome) -> None:
    from freshvenv.plan import Action, State
    from freshvenv.report import outcome_line

    decision = outcome.decision
    unwanted = decision.action is Action.SKIP and decision.state is State.ABSENT
    if decision.action is not Action.KEEP and not unwanted:
        _say(outcome_line(outcome))


def _explain(error: BaseException) -> None:
    from freshvenv.errors import NothingHereError
    from freshvenv.report import error_line
    from freshvenv.trouble import EXPECTED, line_of

    if isinstance(error, NothingHereError):
        return
    if isinstance(error, EXPECTED):
        _say(line_of(error))
    else:
        import traceback

        where = traceback.extract_tb(error.__traceback__)[-1]
        _say(error_line(f"{type(error).__name__}: {error}", f"a bug, in {where.name} line {where.lineno}"))


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        # Nobody listens any more. What is left in the buffer would be tried again at the end, and change the status.
        sys.stderr = None
