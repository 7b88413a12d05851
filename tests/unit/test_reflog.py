"""What a line of a reflog proves, whatever the subject of a commit says."""

from __future__ import annotations

import pytest

from freshvenv.trust.reflog import Entry, ReflogAction, parse_reflog

MADE = {
    "commit: a subject": ReflogAction.COMMIT,
    "commit (initial): a subject": ReflogAction.COMMIT,
    "commit (merge): Merge branch x": ReflogAction.MERGE,
    "commit (amend): x": ReflogAction.AMEND,
    "commit (cherry-pick): x": ReflogAction.RESOLVED_PICK,
    "commit (rebase): x": ReflogAction.REBASE_STEP,
    "cherry-pick: x": ReflogAction.CHERRY_PICK,
    "revert: Revert x": ReflogAction.REVERT,
    "merge topic: Merge made by the 'ort' strategy.": ReflogAction.MERGE,
    "pull: Merge made by the 'recursive' strategy.": ReflogAction.MERGE,
    "pull https://host/x.git main: Merge made by the 'ort' strategy.": ReflogAction.MERGE,
    "am: x": ReflogAction.APPLY,
    "rebase (start): checkout main": ReflogAction.REBASE_START,
    "rebase -i (pick): x": ReflogAction.REBASE_STEP,
    "rebase (fixup): x": ReflogAction.REBASE_STEP,
    "pull --rebase origin main (pick): x": ReflogAction.REBASE_STEP,
    "pull -q https://host/x main (pick): x": ReflogAction.REBASE_STEP,
    "rebase (finish): returning to refs/heads/x": ReflogAction.REBASE_FINISH,
}


PROVES_NOTHING = [
    "",
    "commit",
    "merge topic: Fast-forward",
    "pull: Fast-forward",
    "pull origin main: Fast-forward",
    "checkout: moving from commit: x to y",
    "checkout: moving from main to topic",
    "reset: moving to commit: x",
    "clone: from commit: x",
    "branch: Created from FETCH_HEAD",
    "fetch origin pull/1/head:pr: storing head",
    "am : commit: x",
    "commit (else): x",
    " commit: x",
    "Commit: x",
    "rebase (nonsense): x",
    "rebase: checkout HEAD",
    "filter-branch: rewrite",
    "mergers: Merge made by the 'ort' strategy.",
]


@pytest.mark.parametrize(("message", "action"), MADE.items())
def test_a_reflog_message_proves(message: str, action: ReflogAction) -> None:
    assert Entry("", "", message).action is action


@pytest.mark.parametrize("message", PROVES_NOTHING)
def test_a_reflog_message_proves_nothing(message: str) -> None:
    assert Entry("", "", message).action is ReflogAction.NOTHING


@pytest.mark.parametrize("subject", [*MADE, *PROVES_NOTHING])
@pytest.mark.parametrize("prefix", ["cherry-pick: ", "am: ", "rebase (pick): ", "pull --rebase o m (pick): "])
def test_a_subject_never_changes_what_a_message_proves(prefix: str, subject: str) -> None:
    assert Entry("", "", prefix + subject).action is Entry("", "", prefix + "x").action


A, B = ("0" * 39 + digit for digit in "12")


def test_a_reflog_is_parsed_and_what_is_no_line_is_left_out() -> None:
    text = f"{A} {B} A U Thor <a@b> 1 +0000\tcommit: x\ty\nnonsense\n{A} {B} no message\n{A} x y\tcommit: x\n"
    assert parse_reflog(text) == (Entry(A, B, "commit: x\ty"),)
