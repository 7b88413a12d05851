"""The gate: gathers what the decision rests on with as few git processes as can be, and keeps the user's approvals.

It is asked before anything of the checked-out tree is read. What it reads is the clone's own configuration, refs,
reflogs and commits; none of that comes with a tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import FreshvenvError, GitError
from freshvenv.source.git import Repository
from freshvenv.trust.brought import lies_about
from freshvenv.trust.history import LIMIT, WITHOUT_REPLACEMENTS, GitHistory, branch_logs, head_logs, rev_list
from freshvenv.trust.ledger import Ledger, read_ledger, write_ledger
from freshvenv.trust.remotes import TrustedRefs, came_otherwise, matches, trusted_refs
from freshvenv.trust.settings import STRANGE_KEY, TrustSettings, pin_key, read_trust_settings, urls
from freshvenv.trust.verdict import Commit, Evidence, Finding, Preset, Verdict, judge

_LONG = 1_000
"""So many commits are approved one by one; more are approved as a history."""

_MANY = 200
"""From so many refs on that came otherwise, their folders are left out rather than each of them."""


class UntrustedError(FreshvenvError):
    """What is checked out is not to be built unasked."""

    def __init__(self, reason: str, verdict: Verdict) -> None:
        hint = "freshvenv resync shows it and installs it"
        super().__init__(f"nothing was installed: {reason}", hint=hint)
        self.verdict = verdict


class Gate(NamedTuple):
    """What this clone trusts, as configured and approved at one moment."""

    repository: Repository
    settings: TrustSettings
    ledger: Ledger

    @property
    def ledger_path(self) -> Path:
        return ledger_path(self.repository)

    def judge_head(self, commit: str = "") -> Verdict:
        """Find whether HEAD, at ``commit``, may be built. Raises :class:`NothingHereError` while it is unborn."""
        head = commit or self.repository.head().commit
        notes = self.notes()
        preset = self.settings.preset
        if preset is Preset.ALWAYS:
            return Verdict(head, trusted=True, reason="freshvenv.trust is always", notes=notes)
        if preset is Preset.NEVER:
            said = f"{self.settings.unknown!r}, which is no preset" if self.settings.unknown else "never"
            return Verdict(head, trusted=False, reason=f"freshvenv.trust is {said}", notes=notes)
        otherwise = self._written_otherwise()
        refs = self._trusted_words(otherwise)
        verdict = self._judge_by(head, refs, notes)
        return verdict._replace(strange_refs=otherwise)

    def _judge_by(self, head: str, refs: tuple[str, ...], notes: tuple[str, ...]) -> Verdict:
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
        findings = (*replaced, *self._judge(pending, refs))
        strange = [finding for finding in findings if not finding.good]
        reason = self._why(strange) if strange else "every commit at HEAD is trusted"
        return Verdict(head, not strange, reason, findings, notes)

    def _judge(self, pending: tuple[Commit, ...], refs: tuple[str, ...]) -> tuple[Finding, ...]:
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
        return f"a branch of {' or '.join(self.settings.trusted) or 'no remote'}, or an approval, holds it"

    def _trusted_words(self, otherwise: Iterable[str]) -> tuple[str, ...]:
        """Words for git-rev-list(1) that name all that is trusted: refs that only trusted remotes write, and approvals.

        ``otherwise`` are refs and patterns among those that something else wrote.
        """
        refs = trusted_refs(self.settings.remotes, self.settings.trusted)
        found = list(otherwise)
        if len(found) > _MANY:
            found = list(dict.fromkeys(f"{ref.rpartition('/')[0]}/*" for ref in found))
        refs = refs._replace(excluded=(*refs.excluded, *found))
        return (*refs.options(), *sorted(self.ledger.histories))

    def _written_otherwise(self) -> tuple[str, ...]:
        """Refs and patterns of refs in a trusted namespace that something else writes, wrote, or once was seen to."""
        refs = trusted_refs(self.settings.remotes, self.settings.trusted)
        known = self.settings.strange
        patterns = [pattern for pattern in (*refs.excluded, *known) if "*" in pattern and _is_part(pattern, refs)]
        return tuple(dict.fromkeys([*patterns, *self._came_otherwise(refs.included, known)]))

    def _came_otherwise(self, patterns: Iterable[str], known: Iterable[str]) -> Iterator[str]:
        logs = os.path.join(self.repository.common_dir, "logs")
        trusted = self.settings.trusted
        elsewhere = any(it.is_pushed_elsewhere for it in self.settings.remotes if it.name in trusted)
        silent = set(known)
        for pattern in patterns:
            for ref, message in _last_messages(logs, pattern):
                silent.discard(ref)
                if came_otherwise(message, trusted, pushed_elsewhere=elsewhere):
                    yield ref
        # What has no line any more is still what it was.
        yield from (ref for ref in silent if "*" not in ref)

    def remember(self, verdict: Verdict) -> None:
        """Note what was seen to write into a trusted namespace, for when the evidence is gone."""
        new = [ref for ref in verdict.strange_refs if ref not in self.settings.strange]
        for ref in new if len(new) <= _MANY else ():
            # In a clone that cannot be written to, it is seen again.
            with suppress(GitError):
                self.repository.add_local(STRANGE_KEY, ref)

    def _replacements(self, head: str) -> tuple[Finding, ...]:
        """The replace refs that change which files a commit has (git-replace(1)).

        git checks out the replacement, so it is the replacement that must be trusted: of HEAD's commit, and of any tree
        or blob. Grafts, which give a commit other parents and the same tree, change no file.
        """
        if not _has_replacements(self.repository.common_dir):
            return ()
        done = self.repository.git("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/replace")
        pairs = [line.split(" ", 1) for line in done.text.split("\n") if line]
        findings = []
        for new, old in pairs[:LIMIT]:
            trees = self.repository.git(
                "rev-parse", "--quiet", "--revs-only", f"{new}^{{tree}}", f"{old}^{{tree}}", env=WITHOUT_REPLACEMENTS
            ).text.split("\n")
            if len(trees) == 2 and (old != head or trees[0] == trees[1]):
                continue
            good = new in self.ledger.commits
            findings.append(Finding(new, good, "approved" if good else f"stands in for {old[:10]} by a replace ref"))
        return tuple(findings)

    def approve(self, verdict: Verdict) -> None:
        """Enter what is strange at HEAD into the ledger, its ids or, where they are many, its whole history.

        A ledger that is not believed is replaced. Raises ``OSError``.
        """
        ids = [finding.commit for finding in verdict.strange]
        ledger = self.ledger.with_commits(*ids) if len(ids) <= _LONG else self.ledger.with_history(verdict.head)
        write_ledger(self.ledger_path, ledger)

    def permit(self, commit: str = "") -> str:
        """The commit at HEAD, when it and what lies uncommitted on it may be built.

        Raises :class:`UntrustedError` with the one line that a hook prints.
        """
        verdict = self.judge_head(commit)
        self.remember(verdict)
        if not verdict.trusted:
            raise UntrustedError("; ".join((verdict.reason, *verdict.notes)), verdict)
        if lies_about(self.repository):
            raise UntrustedError("what was checked out of another commit lies uncommitted in the work tree", verdict)
        return verdict.head


def _is_part(pattern: str, refs: TrustedRefs) -> bool:
    return any(pattern != included and matches(included, pattern) for included in refs.included)


def ledger_path(repository: Repository) -> Path:
    """Where the ledger of a clone is: with what all its worktrees share."""
    return repository.shared_state / "ledger"


def look_at_gate(repository: Repository) -> Gate:
    """What the clone trusts, as it is."""
    return Gate(repository, read_trust_settings(repository), read_ledger(ledger_path(repository)))


def open_gate(repository: Repository) -> Gate:
    """What the clone trusts; a named remote that is seen for the first time is pinned to the URL that it has."""
    gate = look_at_gate(repository)
    pinned = []
    for remote in gate.settings.unpinned:
        # In a clone that cannot be written to, it is seen for the first time again.
        with suppress(GitError):
            repository.set_local(pin_key(remote.name), urls(remote))
            pinned.append((remote.name, urls(remote)))
    return gate._replace(settings=gate.settings._replace(pins=(*gate.settings.pins, *pinned))) if pinned else gate


def _has_replacements(common_dir: Path) -> bool:
    try:
        if any(os.scandir(common_dir / "refs" / "replace")):
            return True
    except OSError:
        pass
    try:
        return b" refs/replace/" in (common_dir / "packed-refs").read_bytes()
    except OSError:
        return False


def _last_messages(logs: str, pattern: str) -> Iterator[tuple[str, str]]:
    """The refs that a pattern means and that have a reflog with a line in it, each with the message of the last one."""
    prefix = pattern.partition("*")[0]
    folders = [prefix.rpartition("/")[0]]
    while folders:
        folder = folders.pop()
        try:
            entries = list(os.scandir(os.path.join(logs, folder)))
        except OSError:
            continue
        for entry in entries:
            ref = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                folders.append(ref)
            elif matches(pattern, ref):
                message = _last_message(entry.path)
                if message is not None:
                    yield ref, message


def _last_message(path: str) -> str | None:
    """The message of the last line of a reflog, if it has any: those of a branch that rests are gone after a while."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            text = os.pread(descriptor, 8192, max(0, size - 8192))
        finally:
            os.close(descriptor)
    except OSError:
        return "unreadable"
    last = text.rstrip(b"\n").rpartition(b"\n")[2]
    if not last:
        return None
    return os.fsdecode(last.partition(b"\t")[2])
