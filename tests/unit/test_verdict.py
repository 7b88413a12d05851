"""The decision about commits, told what git would say: no repository, and one row for each way a commit can come about."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from freshvenv.trust.reflog import Entry, Reflog, rebases_in
from freshvenv.trust.verdict import Commit, Evidence, Patch, Preset, judge

A, B, C, D, E = ("0" * 39 + digit for digit in "12345")


@dataclass
class FakeHistory:
    """A history as values."""

    trusted: frozenset[str] = frozenset()
    commits: Mapping[str, Commit] = field(default_factory=dict)
    ranges: Mapping[tuple[str, str], tuple[Commit, ...]] = field(default_factory=dict)
    patches: Mapping[str, Patch] = field(default_factory=dict)
    branches: Mapping[str, Reflog] = field(default_factory=dict)

    def known(self, ids: Collection[str]) -> Mapping[str, Commit]:
        return {each: self.commits[each] for each in ids if each in self.commits}

    def vouched(self, ids: Collection[str]) -> frozenset[str]:
        return self.trusted.intersection(ids)

    def between(self, tip: str, base: str) -> tuple[Commit, ...] | None:
        return self.ranges.get((tip, base))

    def lookalikes(self, commit: Commit) -> tuple[Commit, ...]:
        return tuple(it for it in self.commits.values() if it.author == commit.author and it.id != commit.id)

    def rivals(self, author: str) -> tuple[Commit, ...] | None:
        return tuple(it for it in self.commits.values() if it.author == author and it.id not in self.trusted)

    def touching(self, paths: Collection[str]) -> tuple[Commit, ...] | None:
        touched = [
            self.commits[name] for name, it in self.patches.items() if name in self.commits and it.paths & {*paths}
        ]
        return tuple(it for it in touched if it.id not in self.trusted)

    def patch(self, id: str, since: str = "") -> Patch | None:
        return self.patches.get(f"{since}..{id}" if since else id)

    def branch_log(self, name: str) -> Reflog:
        return self.branches.get(name, Reflog(()))


def log(*entries: tuple[str, str, str], original: str = "") -> Reflog:
    return Reflog(tuple(Entry(*entry) for entry in entries), original)


def goods(evidence: Evidence, history: FakeHistory) -> list[bool]:
    return [finding.good for finding in judge(evidence, history)]


SAME, OTHER = (Patch(word, frozenset({"f"}), word) for word in ("same", "other"))


MOVED = Patch("same, between other lines", frozenset({"f"}), "same")


MINE, THEIRS = "me <m> 1 +0000", "they <t> 1 +0000"


NOTHING = FakeHistory()


TRUSTED = frozenset({A})


OURS = {A: Commit(A, (), MINE)}


ONE_REBASED = {(A, D): (Commit(A, (), MINE),)}


ONE_MELTED = {(A, C): (Commit(A, (C,), THEIRS),)}
MELTING = {A: Commit(A, (C,), THEIRS), C: Commit(C, (D,), MINE), B: Commit(B, (D,), MINE)}


PICKED = Evidence((Commit(B, (), MINE),), (log((C, B, "cherry-pick: x")),))


PICKED_WITH_CONFLICTS = Evidence((Commit(B, (), MINE),), (log((C, B, "commit (cherry-pick): x")),))


REBASE = log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A)


REBASED = Evidence((Commit(B, (), MINE),), (REBASE,))


REBASED_BY_THEM = Evidence((Commit(B, (), THEIRS),), (REBASE,))


MELTED = Evidence(
    (Commit(B, (D,), MINE),), (log((A, C, "rebase (start): x"), (C, B, "rebase (fixup): x"), original=A),)
)


VERDICTS: dict[str, tuple[Evidence, FakeHistory, list[bool]]] = {
    "nothing is known of it": (Evidence((Commit(A),)), NOTHING, [False]),
    "approved": (Evidence((Commit(A),), approved=TRUSTED), NOTHING, [True]),
    "committed here": (Evidence((Commit(B),), (log((A, B, "commit: x")),)), NOTHING, [True]),
    "committed here, but only remotes count": (
        Evidence((Commit(B),), (log((A, B, "commit: x")),), preset=Preset.REMOTES_ONLY),
        NOTHING,
        [False],
    ),
    "a line that goes nowhere": (Evidence((Commit(B),), (log((B, B, "commit: x")),)), NOTHING, [False]),
    "a merge": (Evidence((Commit(C, (A, B)),), (log((A, C, "commit (merge): x")),)), NOTHING, [True]),
    "a merge with one parent": (
        Evidence((Commit(C, (A,)),), (log((A, C, "pull: Merge made by the 'ort' strategy.")),)),
        NOTHING,
        [False],
    ),
    "amends a trusted commit": (
        Evidence((Commit(B),), (log((A, B, "commit (amend): x")),)),
        FakeHistory(trusted=TRUSTED),
        [True],
    ),
    "amends a stranger's": (Evidence((Commit(B),), (log((A, B, "commit (amend): x")),)), NOTHING, [False]),
    "amends an amended one": (
        Evidence((Commit(C),), (log((D, A, "commit: x"), (A, B, "commit (amend): x"), (B, C, "commit (amend): x")),)),
        NOTHING,
        [True],
    ),
    "amends in a circle": (
        Evidence((Commit(A),), (log((A, B, "commit (amend): x"), (B, A, "commit (amend): x")),)),
        NOTHING,
        [False],
    ),
    "picked from a trusted one": (
        PICKED,
        FakeHistory(TRUSTED, OURS, patches={A: SAME, B: SAME}),
        [True],
    ),
    "picked from a trusted one with another patch": (
        PICKED,
        FakeHistory(TRUSTED, OURS, patches={A: SAME, B: OTHER}),
        [False],
    ),
    "picked to another place": (
        PICKED,
        FakeHistory(TRUSTED, OURS, patches={A: SAME, B: MOVED}),
        [True],
    ),
    "picked to another place, where a stranger's commit has the same author": (
        PICKED,
        FakeHistory(TRUSTED, {**OURS, D: Commit(D, (), MINE)}, patches={A: SAME, B: MOVED, D: MOVED}),
        [False],
    ),
    "picked with conflicts": (
        PICKED_WITH_CONFLICTS,
        FakeHistory(TRUSTED, OURS, patches={A: SAME, B: OTHER}),
        [True],
    ),
    "picked with conflicts, where a stranger's commit has the same author": (
        PICKED_WITH_CONFLICTS,
        FakeHistory(TRUSTED, {**OURS, D: Commit(D, (), MINE)}, patches={A: SAME, B: OTHER, D: OTHER}),
        [False],
    ),
    "picked with conflicts, and with a file more": (
        PICKED_WITH_CONFLICTS,
        FakeHistory(
            TRUSTED,
            OURS,
            patches={A: SAME, B: Patch("other", frozenset({"f", "g"}), "other")},
        ),
        [False],
    ),
    "picked from a stranger's": (
        Evidence((Commit(B, (), THEIRS),), (log((C, B, "cherry-pick: x")),)),
        FakeHistory(commits={A: Commit(A, (), THEIRS)}, patches={A: SAME, B: SAME}),
        [False],
    ),
    "rebased from a trusted one": (
        REBASED,
        FakeHistory(TRUSTED, OURS, ONE_REBASED),
        [True],
    ),
    "rebased from a stranger's": (
        REBASED_BY_THEM,
        FakeHistory(commits={A: Commit(A, (), THEIRS)}, ranges={(A, D): (Commit(A, (), THEIRS),)}),
        [False],
    ),
    "rebased by somebody else": (
        REBASED_BY_THEM,
        FakeHistory(TRUSTED, OURS, ONE_REBASED),
        [False],
    ),
    "rebased with a line more": (
        Evidence(
            (Commit(B, (), MINE), Commit(C, (), MINE)),
            (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), (B, C, "rebase (pick): y"), original=A),),
        ),
        FakeHistory(TRUSTED, OURS, ONE_REBASED),
        [False, False],
    ),
    "rebased, with a stranger's line in the place of one": (
        REBASED,
        FakeHistory(
            TRUSTED,
            {**OURS, E: Commit(E, (), MINE)},
            ONE_REBASED,
            {A: SAME, B: OTHER},
        ),
        [False],
    ),
    "rebased, while a stranger's commit has the same author": (
        REBASED,
        FakeHistory(
            TRUSTED,
            {**OURS, E: Commit(E, (), MINE)},
            ONE_REBASED,
            {A: SAME, B: MOVED},
        ),
        [True],
    ),
    "melted": (
        MELTED,
        FakeHistory(
            frozenset({A, C}),
            MELTING,
            ONE_MELTED,
            {A: SAME, f"{C}..{B}": OTHER},
        ),
        [True],
    ),
    "melted, with a stranger's line in the place of one": (
        MELTED,
        FakeHistory(
            frozenset({A, C}),
            {**MELTING, E: Commit(E, (), THEIRS)},
            ONE_MELTED,
            {A: SAME, f"{C}..{B}": OTHER, E: OTHER},
        ),
        [False],
    ),
    "melted, while a stranger changes the same files": (
        MELTED,
        FakeHistory(
            frozenset({A, C}),
            {**MELTING, E: Commit(E, (), THEIRS)},
            ONE_MELTED,
            {A: SAME, f"{C}..{B}": MOVED, E: OTHER},
        ),
        [True],
    ),
    "rebased from where nobody knows": (
        Evidence((Commit(B, (), MINE),), (log((D, B, "rebase (pick): x")),)),
        FakeHistory(TRUSTED, OURS),
        [False],
    ),
    "committed by hand while a stranger's is rebased": (
        Evidence((Commit(B, (), MINE),), (log((A, D, "rebase (start): x"), (D, B, "commit: x"), original=A),)),
        FakeHistory(commits={A: Commit(A, (), THEIRS)}, ranges={(A, D): (Commit(A, (), THEIRS),)}),
        [False],
    ),
    "amended by hand while a stranger's is rebased": (
        Evidence((Commit(B),), (log((A, D, "rebase (start): x"), (D, B, "commit (amend): x"), original=A),)),
        FakeHistory(frozenset({D}), {A: Commit(A, (), THEIRS)}, {(A, D): (Commit(A, (), THEIRS),)}),
        [False],
    ),
    "amended by hand while a trusted one is rebased": (
        Evidence((Commit(B),), (log((A, D, "rebase (start): x"), (D, B, "commit (amend): x"), original=A),)),
        FakeHistory(frozenset({A, D}), OURS, ONE_REBASED),
        [True],
    ),
    "applied from a mail": (Evidence((Commit(B),), (log((A, B, "am: x")),)), NOTHING, [False]),
    "applied from a mail that was made of a trusted one": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "am: x")),)),
        FakeHistory(TRUSTED, OURS, patches={A: SAME, B: SAME}),
        [True],
    ),
    "a stranger's with an own one on top": (
        Evidence((Commit(B, (A,)), Commit(A)), (log((A, B, "commit: x")),)),
        NOTHING,
        [True, False],
    ),
}


@pytest.mark.parametrize(("evidence", "history", "expected"), VERDICTS.values(), ids=VERDICTS.keys())
def test_verdict(evidence: Evidence, history: FakeHistory, expected: list[bool]) -> None:
    assert goods(evidence, history) == expected


LONG = [f"{number:040x}" for number in range(1000, 4000)]
"""More rewrites of one commit than Python's stack holds."""


@pytest.mark.parametrize(("before", "good"), [("0" * 40, True), (LONG[-1], False)], ids=["one's own", "in a circle"])
def test_commit_that_was_amended_very_often(before: str, good: bool) -> None:
    first = "commit: x" if good else "commit (amend): x"
    entries = [(before, LONG[0], first), *((a, b, "commit (amend): x") for a, b in itertools.pairwise(LONG))]
    history = FakeHistory()
    assert goods(Evidence((Commit(LONG[-1]),), (log(*entries),)), history) == [good]


def test_amended_commits_are_asked_about_at_once() -> None:
    asked: list[Collection[str]] = []

    class Counted(FakeHistory):
        def vouched(self, ids: Collection[str]) -> frozenset[str]:
            asked.append(ids)
            return super().vouched(ids)

    entries = [(a, b, "commit (amend): x") for a, b in itertools.pairwise(LONG)]
    history = Counted(trusted=frozenset(LONG[:1]))
    assert goods(Evidence((Commit(LONG[-1]),), (log(*entries),)), history) == [True]
    assert len(asked) == 1


@pytest.mark.parametrize("good", [True, False])
def test_commit_that_was_rebased_very_often(good: bool) -> None:
    entries = [(D, LONG[0], "commit: x" if good else "checkout: moving from x to y")]
    for a, b in itertools.pairwise(LONG):
        entries += [(a, D, "rebase (start): x"), (D, b, "rebase (pick): x")]
    commits = {each: Commit(each, (D,), MINE) for each in LONG}
    history = FakeHistory(
        commits=commits, ranges={(each, D): (commits[each],) for each in LONG}, patches=dict.fromkeys(LONG, SAME)
    )
    assert goods(Evidence((commits[LONG[-1]],), (log(*entries),)), history) == [good]


def test_a_rebase_on_a_detached_head_ends_where_head_goes_elsewhere() -> None:
    entries = log(
        (A, B, "rebase (start): x"),
        (B, C, "rebase (pick): x"),
        (C, D, "checkout: moving from C to main"),
        (D, E, "commit: x"),
    )
    assert set(rebases_in(entries)) == {1}
