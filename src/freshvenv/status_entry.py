"""The door for ``freshvenv status``, which is typed often and asked before every push: it loads what looks at venvs.

Where nothing has changed since all of them were fresh, hardly more is loaded than Python itself.
"""

from __future__ import annotations

import io
import sys
import time

from freshvenv.answer import asked_from, recall
from freshvenv.caller import is_run_by_a_manager
from freshvenv.environment import scrub
from freshvenv.source.picture import take_picture
from freshvenv.source.refs import find_git_dir, find_top, head_commit, head_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from freshvenv.observe import Sight
    from freshvenv.source.git import Repository

_OPTIONS = frozenset({"--json", "--exit-code"})


def main(arguments: list[str]) -> int | None:
    """Run ``[--json] [--exit-code]`` and return the exit status; nothing when the arguments say something else."""
    if not _OPTIONS.issuperset(arguments):
        return None
    scrub()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that this terminal has no signs for is shown all the same.
        sys.stdout.reconfigure(errors="backslashreplace")
    said = None if "--json" in arguments or is_run_by_a_manager() else _said_before()
    if said is not None and _print(said):
        return 0
    from freshvenv.signals import stop_on_termination
    from freshvenv.trouble import EXPECTED, tell

    stop_on_termination()
    try:
        return run(as_json="--json" in arguments, exit_code="--exit-code" in arguments)
    except EXPECTED as error:
        return tell(error)


def _said_before() -> tuple[str, ...] | None:
    """What is to be said once more, since all was fresh and nothing has changed."""
    try:
        top = find_top()
        git_dir = find_git_dir(top) if top else ""
        commit = head_commit(git_dir) if git_dir else ""
        if not commit:
            return None
        asked = asked_from(top, head_text(git_dir), commit)
    except OSError:
        return None
    return recall(git_dir, asked, lambda pathspecs: take_picture(top, pathspecs))


def _print(lines: tuple[str, ...]) -> bool:
    """Whether it was taken; else the long way says what is to be said of that."""
    try:
        print("\n".join(lines), flush=True)
    except OSError:
        return False
    return True


def run(*, as_json: bool, exit_code: bool) -> int:
    """Print the state of every venv, and return 1 when ``exit_code`` is wanted and any is not fresh.

    A venv that was never made is not fresh, but holds no old code either, and on some branches there is no project: a
    manager of hooks stops nothing for that. Raises :class:`FreshvenvError`.
    """
    from pathlib import Path

    from freshvenv.source.git import discover

    began = time.time_ns()
    repository = discover(Path.cwd())
    is_managed = is_run_by_a_manager()
    if is_managed and not repository.is_opted_in():
        # The configuration is somebody's, and nobody here has asked for venvs to be kept fresh.
        print("freshvenv: this clone is not opted in, so nothing was looked at (freshvenv init)")
        return 0
    sight = _look(repository, is_managed=is_managed)
    if sight is None:
        return 0
    from freshvenv.plan import State, judge
    from freshvenv.report import status_json, status_line
    from freshvenv.vouch import leave_answer

    sightings = sight.sightings
    if as_json:
        import json

        rows = [status_json(it.target.candidate.label, it.target.project.path, it.observation) for it in sightings]
        print(json.dumps({"version": 1, "targets": rows}, indent=2))
    else:
        lines = [status_line(sighting.label, sighting.observation) for sighting in sightings]
        print("\n".join(lines or ["freshvenv: no venv here holds the project"]))
    asked = [sighting.observation for sighting in sightings if not (is_managed and sighting.observation.missing)]
    fresh = all(judge(observation)[0] is State.FRESH for observation in asked)
    if fresh and asked and not as_json and not is_managed:
        leave_answer(sight, lines, began)
    return 1 if exit_code and not fresh else 0


def _look(repository: Repository, *, is_managed: bool) -> Sight | None:
    """What there is; nothing where that is nothing, for a manager of hooks, to which only trusted trees are shown."""
    gate = None
    if is_managed:
        from freshvenv.trust.gate import look_at_gate

        # The settings of the tree would be read, and the interpreters of venvs started that may lie in it.
        gate = look_at_gate(repository)
        gate.permit()
    # git walks the working tree while that is loaded which looks at venvs.
    with repository.begin_listing() as begun:
        from freshvenv.errors import NothingHereError
        from freshvenv.observe import look
        from freshvenv.workshop import Workshop

        listing = begun.finish()
    if gate:
        gate.vet(listing=listing)
    try:
        return look(repository, Workshop.of_user().interpreters, listing=listing)
    except NothingHereError:
        if is_managed:
            return None
        raise
