"""The decision: which commits may be run without asking, and why not the others. Pure, apart from the history it asks.

A commit is good when a trusted ref holds it or the user approved it; when it was made here by commit, merge or revert,
as a reflog shows; when it amends a good commit; when it rewrites commits that are *all* good. Names and addresses in a
commit prove nothing: anybody can write them. Where evidence is missing, a commit is not good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from freshvenv.errors import FreshvenvError
from freshvenv.trust.reflog import Entry, Rebase, Reflog, ReflogAction, rebases_in

_DEPTH = 40
"""How many rewrites of rewrites are followed at once. Each takes up to eight frames of Python's stack."""

_MAKING = frozenset(
    {
        ReflogAction.COMMIT,
        ReflogAction.MERGE,
        ReflogAction.REVERT,
        ReflogAction.AMEND,
        ReflogAction.CHERRY_PICK,
        ReflogAction.RESOLVED_PICK,
        ReflogAction.REBASE_STEP,
        ReflogAction.APPLY,
    }
)
"""What makes a new commit, of whatever."""


class Preset(Enum):
    """How much is trusted (``freshvenv.trust``)."""

    PROVENANCE = "provenance"
    REMOTES_ONLY = "remotes-only"
    ALWAYS = "always"
    NEVER = "never"


class Commit(NamedTuple):
    """A commit. ``author`` is the whole author line: name, address, time and zone; empty where it was not asked for."""

    id: str
    parents: tuple[str, ...] = ()
    author: str = ""


class Patch(NamedTuple):
    """What a commit changes: a digest of the change, one of its lines without those around them, and the paths."""

    digest: str
    paths: frozenset[str]
    lines: str


class History(Protocol):
    """What the decision may ask about commits that are not at HEAD (any more)."""

    def known(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """Those of the commits that are still there."""

    def vouched(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the commits that a trusted ref, or the history of an approved commit, holds."""

    def between(self, tip: str, base: str) -> tuple[Commit, ...] | None:
        """The commits of ``tip`` that ``base`` does not have; nothing when they cannot be told."""

    def lookalikes(self, commit: Commit) -> tuple[Commit, ...]:
        """Commits with the same author line, from a bounded search."""

    def rivals(self, author: str) -> tuple[Commit, ...] | None:
        """All known commits with an author line that no trusted ref holds; nothing when they cannot be told."""

    def touching(self, paths: Collection[str]) -> tuple[Commit, ...] | None:
        """All known commits that change any of the paths and that no trusted ref holds; nothing as before."""

    def patch(self, id: str, since: str = "") -> Patch | None:
        """What a commit changes, a merge as seen from its first parent; or what differs since another commit.

        Nothing when it cannot be told.
        """

    def branch_log(self, name: str) -> Reflog:
        """The reflog of a local branch, given by its full name."""


class Evidence(NamedTuple):
    """What is known without asking: the commits at HEAD that no trusted ref holds, reflogs, and approvals."""

    pending: tuple[Commit, ...]
    logs: tuple[Reflog, ...] = ()
    approved: frozenset[str] = frozenset()
    preset: Preset = Preset.PROVENANCE


class Finding(NamedTuple):
    """What was found about one commit."""

    commit: str
    good: bool
    reason: str


class Verdict(NamedTuple):
    """Whether HEAD may be built, and what was found about each commit of it that no trusted ref holds.

    ``reason`` says in a few words why nothing is built, or what HEAD is trusted for. ``notes`` are for the user.
    ``strange_refs`` are those in a trusted namespace that something else was seen to write.
    """

    head: str
    trusted: bool
    reason: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    strange_refs: tuple[str, ...] = ()

    @property
    def strange(self) -> tuple[Finding, ...]:
        """The commits that are not trusted."""
        return tuple(finding for finding in self.findings if not finding.good)


class UntrustedError(FreshvenvError):
    """What is checked out is not to be built unasked."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was installed: {reason}", hint="freshvenv resync shows it and installs it")


def judge(evidence: Evidence, history: History) -> tuple[Finding, ...]:
    """Find for each pending commit whether it is good, and why."""
    evaluation = _Evaluation(evidence, history)
    return tuple(evaluation.settled(commit.id) for commit in evidence.pending)


class _TooDeepError(Exception):
    """``commit`` has to be settled first: a stack holds only so many rewrites of rewrites."""

    def __init__(self, commit: str) -> None:
        super().__init__(commit)
        self.commit = commit


class _Evaluation:
    def __init__(self, evidence: Evidence, history: History) -> None:
        self.evidence = evidence
        self.history = history
        self.findings: dict[str, Finding] = {}
        self.commits = {commit.id: commit for commit in evidence.pending}
        self.asked = {commit.id for commit in evidence.pending}
        """Commits of which it is known whether a trusted ref holds them."""
        self.open: set[str] = set()
        self.depth = 0
        self.rebases: dict[int, dict[int, Rebase]] = {}
        self.rebased: dict[int, tuple[tuple[Commit, ...], str]] = {}
        self.origins: dict[int, str] = {}
        self.made_by: dict[str, list[tuple[Reflog, int]]] = {}
        for log in self.evidence.logs:
            for index, entry in enumerate(log.entries):
                # A line that goes nowhere made nothing.
                if entry.old != entry.new:
                    self.made_by.setdefault(entry.new, []).append((log, index))

    def settled(self, id: str) -> Finding:
        """The finding about a commit, however often it was rewritten."""
        waiting = [id]
        while True:
            self.open = set(waiting[:-1])
            try:
                finding = self.finding(waiting[-1])
            except _TooDeepError as error:
                waiting.append(error.commit)
                continue
            waiting.pop()
            if not waiting:
                return finding

    def finding(self, id: str) -> Finding:
        """The finding about a commit. Raises :class:`_TooDeepError`."""
        if id not in self.findings:
            if id in self.open:
                return Finding(id, good=False, reason="rewritten in a circle")
            if self.depth >= _DEPTH:
                raise _TooDeepError(id)
            self.depth += 1
            self.open.add(id)
            try:
                self.findings[id] = self._find(id)
            finally:
                self.open.discard(id)
                self.depth -= 1
        return self.findings[id]

    def is_good(self, id: str) -> bool:
        """Whether any commit is good, at HEAD or not."""
        self._ask_about([id])
        return self.finding(id).good

    def _amended(self, last: str) -> Iterable[str]:
        """The commits that became this one by amending, as far as nobody asked about them: there can be hundreds."""
        found: dict[str, None] = {}
        while last and last not in found and last not in self.asked:
            found[last] = None
            lines = (log.entries[index] for log, index in self.made_by.get(last, ()))
            last = next((line.old for line in lines if line.action is ReflogAction.AMEND), "")
        return found

    def _ask_about(self, ids: Iterable[str]) -> None:
        """Find which commits are vouched for, in one question."""
        new = [each for each in ids if each not in self.asked]
        self.asked.update(new)
        for each in self.history.vouched(new) if new else ():
            self.findings.setdefault(each, Finding(each, good=True, reason="a trusted ref holds it"))

    def _find(self, id: str) -> Finding:
        if id in self.evidence.approved:
            return Finding(id, good=True, reason="approved")
        if self.evidence.preset is Preset.REMOTES_ONLY:
            return Finding(id, good=False, reason="on no trusted ref")
        objection = "not made here, and on no trusted ref"
        for log, index in self.made_by.get(id, ()):
            good, reason = self._weigh(id, log, index)
            if good:
                return Finding(id, good=True, reason=reason)
            objection = reason or objection
        return Finding(id, good=False, reason=objection)

    def _weigh(self, id: str, log: Reflog, index: int) -> tuple[bool, str]:
        """What one line of a reflog says about the commit it leads to."""
        entry = log.entries[index]
        action = entry.action
        match action:
            case ReflogAction.COMMIT | ReflogAction.REVERT | ReflogAction.AMEND if (
                objection := self._objection_to_rebase(log, index)
            ):
                return False, objection
            case ReflogAction.COMMIT | ReflogAction.REVERT:
                return True, action.value
            case ReflogAction.MERGE:
                # One parent: a fast-forward, or a step of `pull --rebase` whose subject reads like a merge.
                commit = self.commits.get(id) or self._commit(id)
                return len(commit.parents) > 1, action.value
            case ReflogAction.AMEND:
                self._ask_about(self._amended(entry.old))
                good = self.is_good(entry.old)
                return good, f"amends {entry.old[:10]}" + ("" if good else ", which is not trusted")
            case ReflogAction.CHERRY_PICK | ReflogAction.RESOLVED_PICK:
                return self._weigh_pick(id, resolved=action is ReflogAction.RESOLVED_PICK)
            case ReflogAction.REBASE_STEP:
                return self._weigh_rebase(id, log, index)
            case ReflogAction.APPLY:
                # A patch of one's own comes back as what it was made from.
                good, reason = self._weigh_pick(id, resolved=False)
                return good, reason if good else "applied by am from a mail or a file"
            case (
                ReflogAction.REBASE_START
                | ReflogAction.REBASE_FINISH
                | ReflogAction.REBASE_ABORT
                | ReflogAction.NOTHING
            ):
                return False, ""

    def _objection_to_rebase(self, log: Reflog, index: int) -> str:
        """What is wrong with a rebase that was under way: where it stops at a conflict, what it picks is committed."""
        rebase = self._rebase(log, index)
        return self._sources(rebase)[1] if rebase else ""

    def _commit(self, id: str) -> Commit:
        """The commit with its author, which what is pending comes without: most verdicts need no authors."""
        if not self._has_author(id):
            bare = [each for each in self.commits if not self._has_author(each)]
            self.commits.update(self.history.known([*bare, id]))
        return self.commits.get(id, Commit(id))

    def _has_author(self, id: str) -> bool:
        return id in self.commits and bool(self.commits[id].author)

    def _weigh_pick(self, id: str, *, resolved: bool) -> tuple[bool, str]:
        """A reflog does not say what was picked, so a good commit is looked for that it can have been."""
        commit = self._commit(id)
        unknown = False, "cherry-picked from a commit that is not known to be trusted"
        if not commit.author:
            return unknown
        twins = [twin for twin in self.history.lookalikes(commit) if twin.id != id]
        self._take_in(twins)
        good = [twin for twin in twins if self.is_good(twin.id)]
        patch = self.history.patch(id)
        if patch is None or not good:
            return unknown
        sources = [(twin, source) for twin in good if (source := self.history.patch(twin.id))]
        for twin, source in sources:
            if source.digest == patch.digest:
                return True, f"cherry-picked from {twin.id[:10]}"
        # What stands around the lines differs from branch to branch, and with conflicts resolved by hand it is another
        # change. Such a one counts when nothing else can have been its source.
        if len(good) < len(twins) or self._has_rival(id, commit.author):
            return unknown
        for twin, source in sources:
            if source.lines == patch.lines:
                return True, f"cherry-picked from {twin.id[:10]}, to another place"
            if resolved and patch.paths <= source.paths:
                return True, f"cherry-picked from {twin.id[:10]}, with conflicts resolved here"
        return unknown

    def _has_rival(self, id: str, author: str) -> bool:
        """Whether a commit of somebody else says that it is by the same author, at the same time."""
        known = self.history.rivals(author)
        return known is None or any(it.id != id and self._is_foreign(it.id) for it in known)

    def _is_foreign(self, id: str) -> bool:
        """Whether a commit that no trusted ref holds was made elsewhere, as far as reflogs tell."""
        return id not in self.evidence.approved and not any(
            log.entries[index].action in _MAKING for log, index in self.made_by.get(id, ())
        )

    def _take_in(self, commits: Iterable[Commit]) -> None:
        """Remember commits, and which of them are vouched for."""
        new = {commit.id: commit for commit in commits if commit.id not in self.commits}
        self._ask_about(new)
        self.commits.update(new)

    def _weigh_rebase(self, id: str, log: Reflog, index: int) -> tuple[bool, str]:
        rebase = self._rebase(log, index)
        if rebase is None:
            return False, "rebased, and the reflog no longer says from where"
        sources, objection = self._sources(rebase)
        if objection:
            return False, objection
        entry = log.entries[index]
        amends = bool(self._origin(rebase)) and self._amends(id, entry.old)
        good = self._is_squashed(id, entry, rebase, sources) if amends else self._is_rewrite(id, rebase, sources)
        return good, "rebased from trusted commits" if good else "not a rewrite of the commits that were rebased"

    def _amends(self, id: str, old: str) -> bool:
        """Whether a commit replaces one with the same parents and author: ``squash``, ``fixup`` and ``reword`` do."""
        after, before = self._commit(id), self._commit(old)
        return bool(after.author) and (after.author, after.parents) == (before.author, before.parents)

    def _rebase(self, log: Reflog, index: int) -> Rebase | None:
        if id(log) not in self.rebases:
            self.rebases[id(log)] = rebases_in(log)
        return self.rebases[id(log)].get(index)

    def _sources(self, rebase: Rebase) -> tuple[tuple[Commit, ...], str]:
        """The commits that were rebased, and what is wrong with them."""
        key = id(rebase)
        if key not in self.rebased:
            self.rebased[key] = self._find_sources(rebase)
        return self.rebased[key]

    def _find_sources(self, rebase: Rebase) -> tuple[tuple[Commit, ...], str]:
        sources = self.history.between(self._origin(rebase) or rebase.started_at, rebase.onto)
        if sources is None:
            return (), "rebased from commits that are not known any more"
        self._take_in(sources)
        strange = [source.id for source in sources if not self.is_good(source.id)]
        return sources, f"rebased with {strange[0][:10]}, which is not trusted" if strange else ""

    def _origin(self, rebase: Rebase) -> str:
        """Where the rebase began; empty when only HEAD's reflog tells, which may name another place."""
        if id(rebase) not in self.origins:
            self.origins[id(rebase)] = rebase.original or self._branch_was_at(rebase)
        return self.origins[id(rebase)]

    def _branch_was_at(self, rebase: Rebase) -> str:
        """Where the branch was that was rebased, by its own reflog."""
        if not rebase.branch:
            return ""
        for entry in reversed(self.history.branch_log(rebase.branch).entries):
            if entry.new == rebase.result and entry.action is ReflogAction.REBASE_FINISH:
                return entry.old
        return ""

    def _is_squashed(self, id: str, entry: Entry, rebase: Rebase, sources: Collection[Commit]) -> bool:
        """Whether a ``squash`` or ``fixup`` folded one of the sources into the good commit that it replaces.

        git skips leading picks that change nothing, so that commit may be no step at all.
        """
        if _has_more_steps(rebase, sources) or not self.is_good(entry.old):
            return False
        return self._is_of_sources(self.history.patch(id, since=entry.old), sources)

    def _is_of_sources(self, change: Patch | None, sources: Collection[Commit]) -> bool:
        """Whether a change is one of the sources, and not that of a line which was put in the place of one of them."""
        if change is None:
            return True
        known = self.history.touching(change.paths)
        own = {source.id for source in sources}
        if known is not None and not any(it.id not in own and self._is_foreign(it.id) for it in known):
            return True
        patches = [self.history.patch(source.id) for source in sources]
        return any(it is not None and it.lines == change.lines for it in patches)

    def _is_rewrite(self, id: str, rebase: Rebase, sources: Collection[Commit]) -> bool:
        author = self._commit(id).author
        twins = [source for source in sources if source.author == author]
        if not author or not twins:
            return False
        if not self._origin(rebase):
            # `git rebase UPSTREAM COMMIT` notes where HEAD was, not COMMIT: then it must be the same change.
            return self._is_same(id, twins)
        if _has_more_steps(rebase, sources):
            return False
        weights = _weights(rebase)
        picked = [step.new for step in rebase.steps if step.new in weights and step.step not in {"squash", "fixup"}]
        self.commits.update(self.history.known([new for new in picked if not self._has_author(new)]))
        if sum(weights[new] for new in dict.fromkeys(picked) if self._commit(new).author == author) > len(twins):
            return False
        if not self._has_rival(id, author):
            return True
        # Its line may have been put in the place of one of the sources.
        return self._is_same(id, twins)

    def _is_same(self, id: str, twins: Iterable[Commit]) -> bool:
        """Whether a commit makes the change of one of its twins, at another place perhaps."""
        patch = self.history.patch(id)
        patches = [self.history.patch(twin.id) for twin in twins]
        return patch is not None and any(it is not None and it.lines == patch.lines for it in patches)


def _has_more_steps(rebase: Rebase, sources: Collection[Commit]) -> bool:
    """Whether a line was added to the list by hand, with a commit from elsewhere."""
    return sum(_weights(rebase).values()) > len(sources)


def _weights(rebase: Rebase) -> dict[str, float]:
    """How many commits each step took, by the commit that it made.

    ``reword`` takes two steps, where the commit cannot be fast-forwarded to.
    """
    return {step.new: 0.5 if step.step == "reword" else 1.0 for step in rebase.steps if step.old != step.new}
