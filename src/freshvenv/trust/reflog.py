"""What a line of a reflog proves about the commit it leads to.

A reflog message is text, and what a commit calls itself lands in it. So what counts is only what git itself puts before
the first colon, or, after ``merge`` and ``pull``, whose arguments the user typed, what git puts at the very end.
The words are those of builtin/commit.c, builtin/merge.c, sequencer.c and builtin/rebase.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

_HEX = frozenset("0123456789abcdef")


def is_id(text: str) -> bool:
    """Whether a text is the id of an object, in either of git's formats."""
    return len(text) in {40, 64} and _HEX.issuperset(text)


class ReflogAction(Enum):
    """What was done here that made, or only moved to, a commit."""

    COMMIT = "committed here"
    MERGE = "merged here"
    REVERT = "reverted here"
    AMEND = "amended here"
    CHERRY_PICK = "cherry-picked here"
    RESOLVED_PICK = "cherry-picked here, with conflicts resolved"
    REBASE_START = "a rebase began"
    REBASE_STEP = "rebased here"
    REBASE_FINISH = "a rebase ended"
    REBASE_ABORT = "a rebase was given up"
    APPLY = "applied by am"
    NOTHING = "moved to"


class Entry(NamedTuple):
    """One line of a reflog: where the ref was, where it went, and what git noted."""

    old: str
    new: str
    message: str

    @property
    def action(self) -> ReflogAction:
        """What this line proves; :attr:`ReflogAction.NOTHING` whenever in doubt."""
        return _action(self.message)

    @property
    def step(self) -> str:
        """The step of a rebase, as ``pick``; empty for everything else."""
        found = re.match(_REBASE, self.message)
        return found["step"] if found else ""

    @property
    def returns_to(self) -> str:
        """The branch that a finished rebase returned to, as a full name; empty when HEAD stayed detached."""
        found = re.search(_RETURNS, self.message)
        return found[1] if found and self.action is ReflogAction.REBASE_FINISH else ""


# `git pull --rebase` notes the words of its command line where `git rebase` notes itself. The shortest match ends
# before anything that a commit says of itself.
_REBASE = (
    r"(?:rebase(?: -i)?|pull(?: .*?)?) "
    r"\((?P<step>start|pick|continue|reword|edit|squash|fixup|merge|finish|abort)\):"
)
_RETURNS = r" \(finish\): returning to (refs/heads/\S+)\Z"
_MADE = r"(?:merge|pull)\b.*: (?:Merge made by the '[\w-]+' strategy\.?|Merge made by [\w-]+\.|In-index merge)\Z"
_PLAIN = {
    "commit": ReflogAction.COMMIT,
    "commit (initial)": ReflogAction.COMMIT,
    "commit (merge)": ReflogAction.MERGE,
    "commit (amend)": ReflogAction.AMEND,
    "commit (cherry-pick)": ReflogAction.RESOLVED_PICK,
    "commit (rebase)": ReflogAction.REBASE_STEP,
    "commit (revert)": ReflogAction.REVERT,
    "cherry-pick": ReflogAction.CHERRY_PICK,
    "revert": ReflogAction.REVERT,
    "am": ReflogAction.APPLY,
}
_REBASE_ENDS = {
    "start": ReflogAction.REBASE_START,
    "finish": ReflogAction.REBASE_FINISH,
    "abort": ReflogAction.REBASE_ABORT,
}


def _action(message: str) -> ReflogAction:
    word, colon, _ = message.partition(":")
    if not colon:
        return ReflogAction.NOTHING
    if word in _PLAIN:
        return _PLAIN[word]
    if found := re.match(_REBASE, message):
        return _REBASE_ENDS.get(found["step"], ReflogAction.REBASE_STEP)
    return ReflogAction.MERGE if re.match(_MADE, message) else ReflogAction.NOTHING


class Reflog(NamedTuple):
    """The lines of one ref, the oldest first. ``original`` is where a rebase began that is under way in it."""

    entries: tuple[Entry, ...]
    original: str = ""


def parse_reflog(text: str) -> tuple[Entry, ...]:
    """The entries of a reflog file (gitrepository-layout(5)); lines that are none are left out."""
    return tuple(_entries(text.split("\n")))


def _entries(lines: Iterable[str]) -> Iterable[Entry]:
    for line in lines:
        facts, tab, message = line.partition("\t")
        words = facts.split(" ", 2)
        if tab and len(words) == 3 and is_id(words[0]) and is_id(words[1]):
            yield Entry(words[0], words[1], message)


class Rebase(NamedTuple):
    """One rebase, as HEAD's reflog tells it: from where, onto what, and each step that it took.

    ``branch`` and ``result`` are empty when it did not end on a branch.
    """

    started_at: str
    onto: str
    steps: tuple[Entry, ...]
    branch: str = ""
    result: str = ""
    original: str = ""


def rebases_in(log: Reflog) -> dict[int, Rebase]:
    """For each entry that was made while a rebase was under way, by its index, that rebase."""
    found: dict[int, Rebase] = {}
    entries = log.entries
    first = -1
    for index, entry in enumerate([*entries, Entry("", "", "rebase (start):")]):
        action = entry.action
        # On a detached HEAD nothing notes the end of a rebase; whoever goes elsewhere has ended it.
        ends = action in {ReflogAction.REBASE_START, ReflogAction.REBASE_FINISH, ReflogAction.REBASE_ABORT} or _leaves(
            entry
        )
        if ends and first >= 0:
            steps = tuple(each for each in entries[first + 1 : index] if each.action is ReflogAction.REBASE_STEP)
            finished = action is ReflogAction.REBASE_FINISH
            rebase = Rebase(
                entries[first].old,
                entries[first].new,
                steps,
                branch=entry.returns_to if finished else "",
                result=entry.new if finished else "",
                original=log.original if index == len(entries) else "",
            )
            found.update(dict.fromkeys(range(first + 1, index), rebase))
        if ends:
            first = index if action is ReflogAction.REBASE_START else -1
    return found


def _leaves(entry: Entry) -> bool:
    return entry.message.startswith("checkout: moving ")
