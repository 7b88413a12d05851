"""The provenance of commits: gathers what a verdict rests on, with as few git processes as can be.

What it reads is the clone's own configuration, refs, reflogs and commits; none of that comes with a tree.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from freshvenv.source.git import Repository
from freshvenv.trust.fetched import FetchedRefs
from freshvenv.trust.history import LIMIT, WITHOUT_REPLACEMENTS, GitHistory, branch_logs, head_logs, rev_list
from freshvenv.trust.ledger import Ledger
from freshvenv.trust.reflog import is_id
from freshvenv.trust.settings import TrustSettings, urls
from freshvenv.trust.verdict import Commit, Evidence, Finding, Preset, Verdict, judge


class Provenance(NamedTuple):
    """Who made the commits of a clone, in the light of what it trusts, as configured and approved at one moment."""

    repository: Repository
    settings: TrustSettings
    ledger: Ledger

    @property
    def fetched(self) -> FetchedRefs:
        return FetchedRefs(self.repository, self.settings)

    def trusted_words(self) -> tuple[str, ...]:
        """Words for git-rev-list(1) that name all that is trusted: refs that only trusted remotes write, and approvals.

        The reflogs of all of those refs are read for it, each time.
        """
        return self._words(self.fetched.written_otherwise())

    def _words(self, otherwise: Collection[str]) -> tuple[str, ...]:
        return (*self.fetched.trusted_words(otherwise), *sorted(self.ledger.histories))

    def verdict(self, commit: str = "") -> Verdict:
        """Find whether HEAD, at ``commit``, may be built. Raises :class:`NothingHereError` while it is unborn."""
        head = commit or self.repository.head().commit
        notes = self.notes()
        preset = self.settings.preset
        if preset is Preset.ALWAYS:
            return Verdict(head, trusted=True, reason="freshvenv.trust is always", notes=notes)
        if preset is Preset.NEVER:
            said = f"{self.settings.unknown!r}, which is no preset" if self.settings.unknown else "never"
            return Verdict(head, trusted=False, reason=f"freshvenv.trust is {said}", notes=notes)
        otherwise = self.fetched.written_otherwise()
        return self._verdict_against(head, self._words(otherwise), notes)._replace(strange_refs=otherwise)

    def _verdict_against(self, head: str, refs: tuple[str, ...], notes: tuple[str, ...]) -> Verdict:
        pending = rev_list(
            self.repository, "--parents", f"--max-count={LIMIT + 1}", "--ignore-missing", head, "--not", *refs
        )
        if pending is None:
            return Verdict(head, trusted=False, reason="git cannot list the commits at HEAD", notes=notes)
        replaced = self._replacements(head)
        if not pending and not replaced:
            return Verdict(head, trusted=True, reason=self._held_by(), notes=notes)
        if len(pending) > LIMIT:
            findings = tuple(Finding(it.id, good=False, reason="one of too many") for it in pending)
            return Verdict(head, trusted=False, reason=f"more than {LIMIT} commits", findings=findings, notes=notes)
        findings = (*replaced, *self.judge_pending(pending, refs))
        if cut := _cut_off(self.repository.common_dir).intersection(it.id for it in pending):
            findings = tuple(self._of_unknown_origin(it) if it.commit in cut else it for it in findings)
        strange = [finding for finding in findings if not finding.good]
        reason = self._why(strange) if strange else "every commit at HEAD is trusted"
        return Verdict(head, not strange, reason, findings, notes)

    def _of_unknown_origin(self, finding: Finding) -> Finding:
        """What is to be found of a commit whose parents git hides, whoever made it: they may be a stranger's."""
        if finding.commit in self.ledger.commits:
            return finding
        return finding._replace(good=False, reason="what came before it was cut off (git fetch --depth)")

    def judge_pending(self, pending: tuple[Commit, ...], refs: tuple[str, ...]) -> tuple[Finding, ...]:
        """What is found of commits that none of the trusted ``refs`` holds."""
        if not pending:
            return ()
        history = GitHistory(self.repository, refs)
        evidence = Evidence(pending, approved=self.ledger.commits, preset=self.settings.preset)
        if self.settings.preset is Preset.PROVENANCE and self.settings.own_refs:
            evidence = evidence._replace(logs=head_logs(self.repository))
        findings = judge(evidence, history)
        if all(finding.good for finding in findings) or not evidence.logs:
            return findings
        # What was made in a worktree that is gone is only in the logs of branches.
        return judge(evidence._replace(logs=(*evidence.logs, *branch_logs(self.repository))), history)

    def notes(self) -> tuple[str, ...]:
        """What the user should know of the ledger and of the remotes."""
        changed = {remote.name: remote for remote in self.settings.remotes if remote.name in self.settings.changed}
        notes = [self.ledger.trouble] if self.ledger.trouble else []
        for name in self.settings.named:
            if name in changed:
                pin = dict(self.settings.pins)[name]
                notes.append(f"the URL of {name} was {pin} and is {urls(changed[name])}, so {name} is not trusted")
        return tuple(notes)

    def _why(self, strange: Iterable[Finding]) -> str:
        count = len(tuple(strange))
        return f"{count} commit{' is' if count == 1 else 's are'} not trusted"

    def _held_by(self) -> str:
        return f"a branch of {' or '.join(self.settings.trusted_remotes) or 'no remote'}, or an approval, holds it"

    def judge_each(self, ids: Collection[str]) -> tuple[Finding, ...]:
        """What is found of commits, each by itself."""
        if not ids:
            return ()
        refs = self.trusted_words()
        history = GitHistory(self.repository, refs)
        vouched = history.vouched(ids)
        return self.judge_pending(tuple(it for it in history.known(ids).values() if it.id not in vouched), refs)

    def _replacements(self, head: str) -> tuple[Finding, ...]:
        """The replace refs that change which files a commit has (git-replace(1)).

        git checks out the replacement, and what stands in for that, so it is the replacement that must be trusted: of
        HEAD's commit, and of any tree or blob. Grafts, which give a commit other parents and the same tree, change no
        file.
        """
        loose, *packed = self.repository.places_of_replacements()
        if not packed and not _has_entries(loose):
            return ()
        done = self.repository.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/replace")
        pairs = [line.split(" ", 1) for line in done.text.split("\n") if line]
        if len(pairs) > LIMIT:
            return (Finding(head, good=False, reason=f"there are more than {LIMIT} replace refs"),)
        own, shown = (
            self.repository.git("rev-parse", f"{head}^{{tree}}", env=env).text for env in (WITHOUT_REPLACEMENTS, {})
        )
        findings = []
        for (new, old), (tree, replaced) in zip(pairs, self._trees(pairs), strict=True):
            is_commit = is_id(tree) and is_id(replaced)
            if is_commit and (own == shown or tree != shown):
                continue
            good = new in self.ledger.commits
            findings.append(Finding(new, good, "approved" if good else f"stands in for {old[:10]} by a replace ref"))
        if own != shown and not findings:
            return (Finding(head, good=False, reason="other files than its own stand in for it by a replace ref"),)
        return tuple(findings)

    def _trees(self, pairs: Collection[list[str]]) -> Iterator[tuple[str, str]]:
        """The trees of both commits of each pair, in one question; something else where there is no tree."""
        names = "".join(f"{each}^{{tree}}\n" for pair in pairs for each in pair).encode()
        done = self.repository.git("cat-file", "--batch-check=%(objectname)", env=WITHOUT_REPLACEMENTS, input=names)
        answers = done.text.split("\n")
        answers += [""] * (2 * len(pairs) - len(answers))
        return zip(answers[::2], answers[1::2], strict=True)


def _cut_off(common_dir: Path) -> frozenset[str]:
    """The commits whose parents git hides (gitrepository-layout(5), ``shallow``)."""
    try:
        return frozenset((common_dir / "shallow").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return frozenset()


def _has_entries(folder: Path) -> bool:
    try:
        return any(os.scandir(folder))
    except OSError:
        return False
