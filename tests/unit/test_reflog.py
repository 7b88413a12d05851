"""What a line of a reflog proves, whatever the subject of a commit says."""

from __future__ import annotations

import pytest

from freshvenv.trust.reflog import Deed, Entry, parse_reflog

MADE = {
    "commit: a subject": Deed.COMMIT,
    "commit (initial): a subject": Deed.COMMIT,
    "commit (merge): Merge branch x": Deed.MERGE,
    "commit (amend): x": Deed.AMEND,
    "commit (cherry-pick): x": Deed.RESOLVED_PICK,
    "commit (rebase): x": Deed.REBASE_STEP,
    "cherry-pick: x": Deed.CHERRY_PICK,
    "revert: Revert x": Deed.REVERT,
    "merge topic: Merge made by the 'ort' strategy.": Deed.MERGE,
    "pull: Merge made by the 'recursive' strategy.": Deed.MERGE,
    "pull https://host/x.git main: Merge made by the 'ort' strategy.": Deed.MERGE,
    "am: x": Deed.APPLY,
    "rebase (start): checkout main": Deed.REBASE_START,
    "rebase -i (pick): x": Deed.REBASE_STEP,
    "rebase (fixup): x": Deed.REBASE_STEP,
    "pull --rebase origin main (pick): x": Deed.REBASE_STEP,
    "pull -q https://host/x main (pick): x": Deed.REBASE_STEP,
    "rebase (finish): returning to refs/heads/x": Deed.REBASE_FINISH,
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


@pytest.mark.parametrize(("message", "deed"), MADE.items())
def test_a_reflog_message_proves(message: str, deed: Deed) -> None:
    assert Entry("", "", message).deed is deed


@pytest.mark.parametrize("message", PROVES_NOTHING)
def test_a_reflog_message_proves_nothing(message: str) -> None:
    assert Entry("", "", message).deed is Deed.NOTHING


@pytest.mark.parametrize("subject", [*MADE, *PROVES_NOTHING])
@pytest.mark.parametrize("prefix", ["cherry-pick: ", "am: ", "rebase (pick): ", "pull --rebase o m (pick): "])
def test_a_subject_never_changes_what_a_message_proves(prefix: str, subject: str) -> None:
    assert Entry("", "", prefix + subject).deed is Entry("", "", prefix + "x").deed


A, B = ("0" * 39 + digit for digit in "12")


def test_a_reflog_is_parsed_and_what_is_no_line_is_left_out() -> None:
    text = f"{A} {B} A U Thor <a@b> 1 +0000\tcommit: x\ty\nnonsense\n{A} {B} no message\n{A} x y\tcommit: x\n"
    assert parse_reflog(text) == (Entry(A, B, "commit: x\ty"),)
