"""The decision about commits, told what git would say: no repository, and one row for each way a commit can come about."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from freshvenv.trust.ledger import DamagedLedgerError, Ledger, parse_ledger, render_ledger
from freshvenv.trust.reflog import Deed, Entry, Reflog, parse_reflog, rebases_in
from freshvenv.trust.remotes import (
    Remote,
    Rewrites,
    TrustedRefs,
    came_otherwise,
    matches,
    trusted_refs,
    without_secrets,
)
from freshvenv.trust.verdict import Commit, Evidence, Patch, Preset, judge

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


A, B, C, D, E = ("0" * 39 + digit for digit in "12345")


def test_a_reflog_is_parsed_and_what_is_no_line_is_left_out() -> None:
    text = f"{A} {B} A U Thor <a@b> 1 +0000\tcommit: x\ty\nnonsense\n{A} {B} no message\n{A} x y\tcommit: x\n"
    assert parse_reflog(text) == (Entry(A, B, "commit: x\ty"),)


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

VERDICTS: dict[str, tuple[Evidence, FakeHistory, list[bool]]] = {
    "nothing is known of it": (Evidence((Commit(A),)), NOTHING, [False]),
    "approved": (Evidence((Commit(A),), approved=frozenset({A})), NOTHING, [True]),
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
        FakeHistory(trusted=frozenset({A})),
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
        Evidence((Commit(B, (), MINE),), (log((C, B, "cherry-pick: x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, patches={A: SAME, B: SAME}),
        [True],
    ),
    "picked from a trusted one with another patch": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "cherry-pick: x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, patches={A: SAME, B: OTHER}),
        [False],
    ),
    "picked to another place": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "cherry-pick: x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, patches={A: SAME, B: MOVED}),
        [True],
    ),
    "picked to another place, where a stranger's commit has the same author": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "cherry-pick: x")),)),
        FakeHistory(
            frozenset({A}), {A: Commit(A, (), MINE), D: Commit(D, (), MINE)}, patches={A: SAME, B: MOVED, D: MOVED}
        ),
        [False],
    ),
    "picked with conflicts": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "commit (cherry-pick): x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, patches={A: SAME, B: OTHER}),
        [True],
    ),
    "picked with conflicts, where a stranger's commit has the same author": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "commit (cherry-pick): x")),)),
        FakeHistory(
            frozenset({A}), {A: Commit(A, (), MINE), D: Commit(D, (), MINE)}, patches={A: SAME, B: OTHER, D: OTHER}
        ),
        [False],
    ),
    "picked with conflicts, and with a file more": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "commit (cherry-pick): x")),)),
        FakeHistory(
            frozenset({A}),
            {A: Commit(A, (), MINE)},
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
        Evidence((Commit(B, (), MINE),), (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, {(A, D): (Commit(A, (), MINE),)}),
        [True],
    ),
    "rebased from a stranger's": (
        Evidence((Commit(B, (), THEIRS),), (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A),)),
        FakeHistory(commits={A: Commit(A, (), THEIRS)}, ranges={(A, D): (Commit(A, (), THEIRS),)}),
        [False],
    ),
    "rebased by somebody else": (
        Evidence((Commit(B, (), THEIRS),), (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, {(A, D): (Commit(A, (), MINE),)}),
        [False],
    ),
    "rebased with a line more": (
        Evidence(
            (Commit(B, (), MINE), Commit(C, (), MINE)),
            (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), (B, C, "rebase (pick): y"), original=A),),
        ),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, {(A, D): (Commit(A, (), MINE),)}),
        [False, False],
    ),
    "rebased, with a stranger's line in the place of one": (
        Evidence((Commit(B, (), MINE),), (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A),)),
        FakeHistory(
            frozenset({A}),
            {A: Commit(A, (), MINE), E: Commit(E, (), MINE)},
            {(A, D): (Commit(A, (), MINE),)},
            {A: SAME, B: OTHER},
        ),
        [False],
    ),
    "rebased, while a stranger's commit has the same author": (
        Evidence((Commit(B, (), MINE),), (log((A, D, "rebase (start): x"), (D, B, "rebase (pick): x"), original=A),)),
        FakeHistory(
            frozenset({A}),
            {A: Commit(A, (), MINE), E: Commit(E, (), MINE)},
            {(A, D): (Commit(A, (), MINE),)},
            {A: SAME, B: MOVED},
        ),
        [True],
    ),
    "melted": (
        Evidence(
            (Commit(B, (D,), MINE),), (log((A, C, "rebase (start): x"), (C, B, "rebase (fixup): x"), original=A),)
        ),
        FakeHistory(
            frozenset({A, C}),
            {A: Commit(A, (C,), THEIRS), C: Commit(C, (D,), MINE), B: Commit(B, (D,), MINE)},
            {(A, C): (Commit(A, (C,), THEIRS),)},
            {A: SAME, f"{C}..{B}": OTHER},
        ),
        [True],
    ),
    "melted, with a stranger's line in the place of one": (
        Evidence(
            (Commit(B, (D,), MINE),), (log((A, C, "rebase (start): x"), (C, B, "rebase (fixup): x"), original=A),)
        ),
        FakeHistory(
            frozenset({A, C}),
            {A: Commit(A, (C,), THEIRS), C: Commit(C, (D,), MINE), B: Commit(B, (D,), MINE), E: Commit(E, (), THEIRS)},
            {(A, C): (Commit(A, (C,), THEIRS),)},
            {A: SAME, f"{C}..{B}": OTHER, E: OTHER},
        ),
        [False],
    ),
    "melted, while a stranger changes the same files": (
        Evidence(
            (Commit(B, (D,), MINE),), (log((A, C, "rebase (start): x"), (C, B, "rebase (fixup): x"), original=A),)
        ),
        FakeHistory(
            frozenset({A, C}),
            {A: Commit(A, (C,), THEIRS), C: Commit(C, (D,), MINE), B: Commit(B, (D,), MINE), E: Commit(E, (), THEIRS)},
            {(A, C): (Commit(A, (C,), THEIRS),)},
            {A: SAME, f"{C}..{B}": MOVED, E: OTHER},
        ),
        [True],
    ),
    "rebased from where nobody knows": (
        Evidence((Commit(B, (), MINE),), (log((D, B, "rebase (pick): x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}),
        [False],
    ),
    "committed by hand while a stranger's is rebased": (
        Evidence((Commit(B, (), MINE),), (log((A, D, "rebase (start): x"), (D, B, "commit: x"), original=A),)),
        FakeHistory(commits={A: Commit(A, (), THEIRS)}, ranges={(A, D): (Commit(A, (), THEIRS),)}),
        [False],
    ),
    "applied from a mail": (Evidence((Commit(B),), (log((A, B, "am: x")),)), NOTHING, [False]),
    "applied from a mail that was made of a trusted one": (
        Evidence((Commit(B, (), MINE),), (log((C, B, "am: x")),)),
        FakeHistory(frozenset({A}), {A: Commit(A, (), MINE)}, patches={A: SAME, B: SAME}),
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


def test_a_long_chain_of_amends_is_given_up_and_not_a_traceback() -> None:
    ids = [f"{number:040x}" for number in range(1, 3000)]
    entries = [
        ("0" * 40, ids[0], "commit: x"),
        *((a, b, "commit (amend): x") for a, b in itertools.pairwise(ids)),
    ]
    assert goods(Evidence((Commit(ids[-1]),), (log(*entries),)), NOTHING) == [False]
    assert goods(Evidence((Commit(ids[100]),), (log(*entries),)), NOTHING) == [True]


def test_a_rebase_on_a_detached_head_ends_where_head_goes_elsewhere() -> None:
    entries = log(
        (A, B, "rebase (start): x"),
        (B, C, "rebase (pick): x"),
        (C, D, "checkout: moving from C to main"),
        (D, E, "commit: x"),
    )
    assert set(rebases_in(entries)) == {1}


HEADS = "+refs/heads/*:refs/remotes/origin/*"

REFS = {
    "a plain clone": (
        [Remote("origin", ("u",), (HEADS,))],
        ["--exclude=refs/remotes/origin/HEAD", "--glob=refs/remotes/origin/*"],
    ),
    "one branch": (
        [Remote("origin", ("u",), ("+refs/heads/main:refs/remotes/origin/main",))],
        ["--glob=refs/remotes/origin/mai[n]"],
    ),
    "another remote": ([Remote("fork", ("u",), ("+refs/heads/*:refs/remotes/fork/*",))], []),
    "pull requests": (
        [Remote("origin", ("u",), (HEADS, "+refs/pull/*/head:refs/remotes/origin/pr/*"))],
        ["--exclude=refs/remotes/origin/HEAD", "--exclude=refs/remotes/origin/pr/*", "--glob=refs/remotes/origin/*"],
    ),
    "another remote writes one branch": (
        [
            Remote("origin", ("u",), ("refs/heads/main:refs/remotes/origin/main",)),
            Remote("fork", ("u",), ("refs/heads/x:refs/remotes/origin/*",)),
        ],
        [],
    ),
    "a mirror": ([Remote("origin", ("u",), ("+refs/*:refs/*",))], []),
    "into local branches": ([Remote("origin", ("u",), ("+refs/heads/*:refs/heads/*",))], []),
    "no refspec": ([Remote("origin", ("u",), ())], []),
    "a negative refspec": (
        [Remote("origin", ("u",), (HEADS, "^refs/heads/x"))],
        ["--exclude=refs/remotes/origin/HEAD", "--glob=refs/remotes/origin/*"],
    ),
}


@pytest.mark.parametrize(("remotes", "words"), REFS.values(), ids=REFS.keys())
def test_trusted_refs(remotes: list[Remote], words: list[str]) -> None:
    assert trusted_refs(remotes, ["origin"]).options() == words


def test_a_remote_that_is_not_trusted_takes_its_refs_away() -> None:
    assert trusted_refs([Remote("origin", ("u",), (HEADS,))], []) == TrustedRefs((), ("refs/remotes/origin/*",))


@pytest.mark.parametrize(
    ("message", "otherwise"),
    [
        ("fetch: storing head", False),
        ("fetch origin: fast-forward", False),
        ("fetch --all --prune: forced-update", False),
        ("pull: fast-forward", False),
        ("update by push", False),
        ("clone: from https://host/x", False),
        ("fetch origin +refs/heads/x:refs/remotes/origin/x: storing head", False),
        ("fetch origin x:x: fast-forward", False),
        ("fetch origin x pull/7/head:pr-7: fast-forward", False),
        ("fetch origin x:refs/remotes/origin/x: storing head", False),
        ("fetch origin feature/x:refs/remotes/origin/x: storing head", True),
        ("fetch origin 0123456789012345678901234567890123456789:refs/remotes/origin/x: storing head", True),
        ("fetch origin +refs/pull/*/head:refs/remotes/origin/*: storing head", True),
        ("fetch origin +refs/pull/*/head:refs/remotes/origin/pr/*: storing head", False),
        ("fetch --refma=refs/pull/*/head:refs/remotes/origin/* origin: storing head", True),
        ("fetch origin refs/pull/1/head:refs/remotes/origin/x: storing head", True),
        ("fetch origin pull/1/head:remotes/origin/x: storing head", True),
        ("fetch fork refs/heads/x:refs/remotes/origin/x: storing head", True),
        ("fetch https://host/x refs/heads/x:refs/remotes/origin/x: storing head", True),
        ("fetch --refmap=refs/pull/*/head:refs/remotes/origin/* origin refs/pull/1/head: storing head", True),
        ("pull origin pull/1/head:refs/remotes/origin/x: storing head", True),
        ("fetch --append --no-auto-gc --prune origin: storing head", False),
        ("fetch fork: storing head", True),
        ("fetch --append --no-auto-gc --no-write-commit-graph -q fork: storing head", True),
        ("fetch --depth 1 origin +refs/heads/x:refs/remotes/origin/x: storing head", False),
        ("fetch -q -j 2 --upload-pack x origin: storing head", False),
        ("fetch -j 2 fork: storing head", True),
        ("fetch --depth=1 origin topic: storing head", False),
        ("pull -q -s ort --ff-only: fast-forward", False),
        ("pull -X ours fork main: fast-forward", True),
        ("push", True),
        ("update-ref: x", True),
        ("remote: renamed refs/remotes/x/y to refs/remotes/origin/y", False),
        ("", True),
    ],
)
def test_how_a_ref_came(message: str, *, otherwise: bool) -> None:
    assert came_otherwise("refs/remotes/origin/x", [message], ["origin"]) == otherwise


def test_a_push_proves_nothing_where_it_goes_elsewhere() -> None:
    assert came_otherwise("refs/remotes/origin/x", ["update by push"], ["origin"], pushed_elsewhere=True)


RENAMED = "remote: renamed refs/remotes/old/x to refs/remotes/origin/x"


@pytest.mark.parametrize(
    ("before", "otherwise"),
    [
        ("fetch old: storing head", False),
        ("fetch fork: storing head", True),
        ("fetch old +refs/pull/*/head:refs/remotes/old/*: storing head", True),
        ("remote: renamed refs/remotes/first/x to refs/remotes/old/x", False),
    ],
)
def test_another_name_changes_nothing(before: str, *, otherwise: bool) -> None:
    assert came_otherwise("refs/remotes/origin/x", [RENAMED, before], ["origin"]) == otherwise


REWRITES = Rewrites(
    plain=(("https://host/", "ssh://git@host/"), ("https://host/a", "https://mirror/a"), ("gh:", "https://host/")),
    of_pushes=(("https://host/", "git@host:"),),
)


@pytest.mark.parametrize(
    ("urls", "push_urls", "remote"),
    [
        (["https://else/x"], [], Remote("o", ("https://else/x",), (), ("https://else/x",))),
        (["https://host/x"], [], Remote("o", ("ssh://git@host/x",), (), ("git@host:x",))),
        (["https://host/abc"], [], Remote("o", ("https://mirror/abc",), (), ("git@host:abc",))),
        (["gh:x"], [], Remote("o", ("https://host/x",), (), ("https://host/x",))),
        (["x"], ["https://host/x"], Remote("o", ("x",), (), ("ssh://git@host/x",))),
        ([], ["x"], Remote("o")),
    ],
)
def test_urls_are_those_that_git_takes(urls: list[str], push_urls: list[str], remote: Remote) -> None:
    assert REWRITES.remote("o", urls, push_urls, ()) == remote


@pytest.mark.parametrize(
    ("url", "pushed_to", "elsewhere"),
    [
        ("https://host/a/b", ("git@host:a/b.git",), False),
        ("https://user@host/a/b/", ("ssh://git@host:22/a/b",), False),
        ("https://host/a/b", ("https://host/c/b",), True),
        ("https://host/a/b", ("https://other/a/b",), True),
        ("https://host/a/b", ("https://other/a/b", "https://host/a/b"), True),
        ("/a/b", ("/a/b",), False),
        ("/a/b", ("/a/c",), True),
        ("file:///a/b", ("/c/b",), True),
        ("file:///a/b", ("/a/b",), False),
    ],
)
def test_where_a_push_goes(url: str, pushed_to: tuple[str, ...], *, elsewhere: bool) -> None:
    assert Remote("o", (url,), (), pushed_to).is_pushed_elsewhere == elsewhere


def test_a_star_spans_slashes_and_nothing_else_is_special() -> None:
    assert matches("refs/remotes/origin/*", "refs/remotes/origin/a/b")
    assert not matches("refs/remotes/origin.x", "refs/remotes/originyx")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://user:token@host/x", "https://host/x"),
        ("https://host/x@y", "https://host/x@y"),
        ("git@host:x/y", "git@host:x/y"),
        ("/a/path", "/a/path"),
    ],
)
def test_no_secret_is_written_down(url: str, kept: str) -> None:
    assert without_secrets(url) == kept


def test_a_ledger_survives_a_round_trip() -> None:
    ledger = Ledger().with_commits(A, B).with_history(C)
    assert parse_ledger(render_ledger(ledger)) == ledger
    assert ledger.without(A, C) == Ledger(frozenset({B}))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        b"null",
        b'{"version": "1"}',
        b'{"version": 2}',
        b'{"version": 1, "commits": {}}',
        b'{"version": 1, "commits": ["--all"]}',
        b'{"version": 1, "histories": ["HEAD"]}',
        b" " * (4 * 1024 * 1024 + 1),
    ],
    ids=["empty", "bytes", "deep", "null", "text", "newer", "table", "option", "name", "huge"],
)
def test_a_damaged_ledger_is_refused(content: bytes) -> None:
    with pytest.raises(DamagedLedgerError):
        parse_ledger(content)
