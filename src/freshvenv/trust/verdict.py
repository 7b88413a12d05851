"""The decision: which commits may be run without asking, and why not the others. Pure but for what it is told to ask.

A commit is good when a trusted ref holds it or the user approved it; when it was made here by commit, merge or revert,
as a reflog shows; when it amends a good commit; when it rewrites commits that are *all* good. Names and addresses in a
commit prove nothing: anybody can write them. Where evidence is missing, a commit is not good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from freshvenv.trust.reflog import Deed, Entry, Rebase, Reflog, rebases_in

_DEPTH = 200
"""How many rewrites of rewrites are followed."""


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
    """What a commit changes: a digest of the change itself, and the paths it touches."""

    digest: str
    paths: frozenset[str]


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

    def patch(self, id: str) -> Patch | None:
        """What a commit changes; nothing for a merge, or when it cannot be told."""

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


def judge(evidence: Evidence, history: History) -> tuple[Finding, ...]:
    """Find for each pending commit whether it is good, and why."""
    court = _Court(evidence, history)
    return tuple(court.finding(commit.id) for commit in evidence.pending)


class _Court:
    def __init__(self, evidence: Evidence, history: History) -> None:
        self.evidence = evidence
        self.history = history
        self.findings: dict[str, Finding] = {}
        self.commits = {commit.id: commit for commit in evidence.pending}
        self.open: set[str] = set()
        self.rebases: dict[int, dict[int, Rebase]] = {}
        self.rebased: dict[int, tuple[tuple[Commit, ...], str]] = {}
        self.origins: dict[int, str] = {}
        self.made_by: dict[str, list[tuple[Reflog, int]]] = {}
        for log in self.evidence.logs:
            for index, entry in enumerate(log.entries):
                # A line that goes nowhere made nothing.
                if entry.old != entry.new:
                    self.made_by.setdefault(entry.new, []).append((log, index))

    def finding(self, id: str) -> Finding:
        if id not in self.findings:
            if id in self.open or len(self.open) >= _DEPTH:
                return Finding(id, good=False, reason="rewritten in a circle, or too often to be followed")
            self.open.add(id)
            try:
                self.findings[id] = self._find(id)
            finally:
                self.open.discard(id)
        return self.findings[id]

    def is_good(self, id: str) -> bool:
        """Whether any commit is good, at HEAD or not."""
        if id not in self.commits and id not in self.findings and id in self.history.vouched([id]):
            self.findings[id] = Finding(id, good=True, reason="a trusted ref holds it")
        return self.finding(id).good

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
        deed = entry.deed
        match deed:
            case Deed.COMMIT | Deed.REVERT:
                # `git commit` in a rebase that stopped at a conflict commits what was being picked.
                rebase = self._rebase(log, index)
                objection = self._sources(rebase)[1] if rebase else ""
                return not objection, objection or deed.value
            case Deed.MERGE:
                # One parent: a fast-forward, or a step of `pull --rebase` whose subject reads like a merge.
                commit = self.commits.get(id) or self._commit(id)
                return len(commit.parents) > 1, deed.value
            case Deed.AMEND:
                good = self.is_good(entry.old)
                return good, f"amends {entry.old[:10]}" + ("" if good else ", which is not trusted")
            case Deed.CHERRY_PICK | Deed.RESOLVED_PICK:
                return self._weigh_pick(id, resolved=deed is Deed.RESOLVED_PICK)
            case Deed.REBASE_STEP:
                return self._weigh_rebase(id, log, index)
            case Deed.APPLY:
                return False, "applied by am from a mail or a file"
            case Deed.REBASE_START | Deed.REBASE_FINISH | Deed.REBASE_ABORT | Deed.NOTHING:
                return False, ""

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
        for twin in good:
            source = self.history.patch(twin.id)
            if source and source.digest == patch.digest:
                return True, f"cherry-picked from {twin.id[:10]}"
        # With conflicts resolved by hand it is another change. It counts when nothing else can have been its source.
        if resolved and len(good) == len(twins):
            for twin in good:
                source = self.history.patch(twin.id)
                if source and patch.paths <= source.paths:
                    return True, f"cherry-picked from {twin.id[:10]}, with conflicts resolved here"
        return unknown

    def _take_in(self, commits: Iterable[Commit]) -> None:
        """Remember commits, and which of them are vouched for, in one question."""
        new = {commit.id: commit for commit in commits if commit.id not in self.commits}
        vouched = self.history.vouched(tuple(new)) if new else frozenset()
        for each in vouched:
            self.findings.setdefault(each, Finding(each, good=True, reason="a trusted ref holds it"))
        self.commits.update(new)

    def _weigh_rebase(self, id: str, log: Reflog, index: int) -> tuple[bool, str]:
        rebase = self._rebase(log, index)
        if rebase is None:
            return False, "rebased, and the reflog no longer says from where"
        sources, objection = self._sources(rebase)
        if objection:
            return False, objection
        entry = log.entries[index]
        if self._is_melted(id, entry, rebase, sources) or self._is_rewrite(id, rebase, sources):
            return True, "rebased from trusted commits"
        return False, "not a rewrite of the commits that were rebased"

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
            if entry.new == rebase.result and entry.deed is Deed.REBASE_FINISH:
                return entry.old
        return ""

    def _is_melted(self, id: str, entry: Entry, rebase: Rebase, sources: Collection[Commit]) -> bool:
        """Whether a ``squash`` or ``fixup`` melted one of the sources into the good commit that it replaces.

        git moves over the picks at the top of the list that change nothing, so that commit may be no step at all.
        """
        if entry.step not in {"squash", "fixup", "continue"} or not self._origin(rebase):
            return False
        after, before = self._commit(id), self._commit(entry.old)
        amends = bool(after.author) and (after.author, after.parents) == (before.author, before.parents)
        return amends and not _has_more_steps(rebase, sources) and self.is_good(entry.old)

    def _is_rewrite(self, id: str, rebase: Rebase, sources: Collection[Commit]) -> bool:
        author = self._commit(id).author
        twins = [source for source in sources if source.author == author]
        if not author or not twins:
            return False
        if not self._origin(rebase):
            # `git rebase UPSTREAM COMMIT` notes where HEAD was, not COMMIT: then it must be the same change.
            patch = self.history.patch(id)
            patches = [self.history.patch(twin.id) for twin in twins]
            return patch is not None and any(it is not None and it.digest == patch.digest for it in patches)
        if _has_more_steps(rebase, sources):
            return False
        weights = _weights(rebase)
        picked = [step.new for step in rebase.steps if step.new in weights and step.step not in {"squash", "fixup"}]
        self.commits.update(self.history.known([new for new in picked if not self._has_author(new)]))
        return sum(weights[new] for new in dict.fromkeys(picked) if self._commit(new).author == author) <= len(twins)


def _has_more_steps(rebase: Rebase, sources: Collection[Commit]) -> bool:
    """Whether a line was added to the list by hand, with a commit from elsewhere."""
    return sum(_weights(rebase).values()) > len(sources)


def _weights(rebase: Rebase) -> dict[str, float]:
    """How many commits each step took, by the commit that it made.

    ``reword`` takes two steps, where the commit cannot be fast-forwarded to.
    """
    return {step.new: 0.5 if step.step == "reword" else 1.0 for step in rebase.steps if step.old != step.new}
