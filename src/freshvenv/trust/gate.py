"""The gate: gathers what the decision rests on with as few git processes as can be, and keeps the user's approvals.

It is asked before anything of the checked-out tree is read. What it reads is the clone's own configuration, refs,
reflogs and commits; none of that comes with a tree.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from freshvenv.errors import FreshvenvError, GitError
from freshvenv.source.git import Listing, Repository
from freshvenv.trust.brought import (
    Accepted,
    Brought,
    being_applied,
    brought,
    note_brought,
    read_accepted,
    write_accepted,
)
from freshvenv.trust.history import (
    LIMIT,
    WITHOUT_REPLACEMENTS,
    GitHistory,
    branch_logs,
    head_logs,
    logs_below,
    rev_list,
)
from freshvenv.trust.ledger import Ledger, read_ledger, write_ledger
from freshvenv.trust.reflog import Reflog, is_id
from freshvenv.trust.remotes import (
    TrustedRefs,
    as_glob,
    came_otherwise,
    is_rename,
    matcher,
    matches,
    split_refspec,
    trusted_refs,
)
from freshvenv.trust.settings import STRANGE_KEY, TrustSettings, pin_key, read_trust_settings, urls
from freshvenv.trust.uncommitted import Copy, files_of
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
        if cut := _cut_off(self.repository.common_dir).intersection(it.id for it in pending):
            findings = tuple(self._hidden(it) if it.commit in cut else it for it in findings)
        strange = [finding for finding in findings if not finding.good]
        reason = self._why(strange) if strange else "every commit at HEAD is trusted"
        return Verdict(head, not strange, reason, findings, notes)

    def _hidden(self, finding: Finding) -> Finding:
        """What is to be found of a commit whose parents git hides, whoever made it: they may be a stranger's."""
        if finding.commit in self.ledger.commits:
            return finding
        return finding._replace(good=False, reason="what came before it was cut off (git fetch --depth)")

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
        # There can be thousands of refs, and few things are said of them; a refspec in it may be about one of them.
        answers: dict[tuple[str, ...], bool] = {}
        for pattern in patterns:
            for ref, messages in _last_messages(logs, pattern):
                silent.discard(ref)
                key = (*messages, ref if ":" in messages[-1].rpartition(": ")[0] else "")
                if key not in answers:
                    answers[key] = came_otherwise(ref, messages, trusted, pushed_elsewhere=elsewhere)
                if answers[key]:
                    yield ref
        # What has no line any more is still what it was.
        yield from (ref for ref in silent if "*" not in ref)

    def remember(self, verdict: Verdict) -> None:
        """Note what was seen to write into a trusted namespace, for when the evidence is gone.

        A ref that was fetched as configured since is forgotten.
        """
        if self.settings.preset in {Preset.ALWAYS, Preset.NEVER}:
            return
        known = self.settings.strange
        new = [ref for ref in verdict.strange_refs if ref not in known]
        # In a clone that cannot be written to, it is seen again.
        with suppress(GitError):
            for ref in new if len(new) <= _MANY else ():
                self.repository.add_local(STRANGE_KEY, ref)
            for ref in known:
                if "*" not in ref and ref not in verdict.strange_refs:
                    self.repository.unset_local(STRANGE_KEY, ref)

    def _replacements(self, head: str) -> tuple[Finding, ...]:
        """The replace refs that change which files a commit has (git-replace(1)).

        git checks out the replacement, and what stands in for that, so it is the replacement that must be trusted: of
        HEAD's commit, and of any tree or blob. Grafts, which give a commit other parents and the same tree, change no
        file.
        """
        if not _has_replacements(self.repository.common_dir):
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
        what = brought(self.repository)
        if what is Brought.NEW:
            what = self.look_at_what_was_brought()
        if what is Brought.STRANGE and self._tidy():
            raise UntrustedError(f"{_FILES} lie uncommitted in the work tree", verdict)
        if not self._is_accepted(what):
            self._refuse_what_is_applied(verdict)
        return verdict.head

    def vet(self, more: Collection[str] = ()) -> Listing:
        """See that none of the uncommitted files is a stranger's, nor of those named; return what git says of them.

        Raises :class:`UntrustedError`.

        How they came may have left no trace (``git cherry-pick --no-commit``, a stash, ``git reset`` after a look at a
        branch). Those that were changed since, or merged with others, are not known again.
        """
        listing = self.repository.listing()
        uncommitted = listing.paths
        if not uncommitted:
            self._note(Brought.NOTHING)
        if self.settings.preset in {Preset.ALWAYS, Preset.NEVER}:
            return listing
        if found := self._strange_file({*uncommitted, *more}):
            self._note(Brought.STRANGE)
            verdict = Verdict(self.repository.head().commit, trusted=False, reason="")
            raise UntrustedError(f"{_FILES} lie uncommitted in the work tree ({found})", verdict)
        return listing

    def objection(self) -> str:
        """What is to be said against building what lies uncommitted, if anything is. Nothing is noted."""
        uncommitted = self.repository.uncommitted()
        what = brought(self.repository)
        if not uncommitted or self.settings.preset is Preset.ALWAYS:
            return ""
        if not self._is_accepted(what) and (applied := self._what_is_applied()):
            return f"{applied} lies uncommitted in the work tree"
        found = self._strange_file(uncommitted)
        if found or what is Brought.STRANGE:
            return f"{_FILES} lie uncommitted in the work tree" + (f" ({found})" if found else "")
        return ""

    def look_at_what_was_brought(self) -> Brought:
        """Find out whether files that were just brought into the work tree are a stranger's; that is noted."""
        known = brought(self.repository)
        if known is not Brought.NEW:
            return known
        uncommitted = self.repository.uncommitted()
        if self.settings.preset is not Preset.ALWAYS and uncommitted:
            squashed = _squashed(self.repository)
            if any(not it.good for it in self._findings(squashed)) or self._strange_file(uncommitted):
                self._note(Brought.STRANGE)
                return Brought.STRANGE
        self._note(Brought.NOTHING)
        return Brought.NOTHING

    def accept(self, more: Collection[str] = ()) -> Listing:
        """Take what lies in the work tree for the user's own, and those of the ignored files that are named.

        Returns what git says of the work tree. Raises ``OSError``.
        """
        listing = self.repository.listing()
        uncommitted = listing.paths
        if not uncommitted and not more:
            note_brought(self.repository, Brought.NOTHING)
            return listing
        found = self._strange_files({*uncommitted, *more})
        known = read_accepted(self.repository)
        is_strange = brought(self.repository) is not Brought.NOTHING or self._what_is_applied()
        if found is None or found or (uncommitted and is_strange):
            files = known.files | {(it.path, it.blob) for it in found or ()}
            write_accepted(self.repository, Accepted(files, self._applied(), found is None))
        note_brought(self.repository, Brought.ACCEPTED if uncommitted and (is_strange or found) else Brought.NOTHING)
        return listing

    def _tidy(self) -> bool:
        if self.repository.uncommitted():
            return True
        self._note(Brought.NOTHING)
        return False

    def _note(self, what: Brought) -> None:
        # Where it cannot be written, it is looked at again.
        with suppress(OSError):
            note_brought(self.repository, what)

    def _refuse_what_is_applied(self, verdict: Verdict) -> None:
        if (strange := self._what_is_applied()) and self.repository.uncommitted():
            raise UntrustedError(f"{strange} lies uncommitted in the work tree", verdict)

    def _is_accepted(self, what: Brought) -> bool:
        """Whether the user took for his own what is being applied now."""
        return what is Brought.ACCEPTED and read_accepted(self.repository).applied == self._applied()

    def _applied(self) -> tuple[str, ...]:
        """What a git command that stopped is in the midst of bringing in, as words to be compared."""
        merged, picked, mailed = being_applied(self.repository)
        return (*merged, *picked, *(["mails"] if mailed else []))

    def _what_is_applied(self) -> str:
        """What a git command that stopped is in the midst of bringing in, when that is a stranger's; else empty."""
        merged, picked, mailed = being_applied(self.repository)
        if mailed:
            return "a patch that am applies"
        findings = self._findings(picked)
        if merged:
            refs = self._trusted_words(self._written_otherwise())
            pending = rev_list(self.repository, f"--max-count={LIMIT}", *merged, "--not", "HEAD", *refs)
            findings = (*findings, *(self._judge(pending, refs) if pending is not None else [_UNKNOWN]))
        return next((f"a part of {it.commit[:10]}, which is not trusted," for it in findings if not it.good), "")

    def _findings(self, ids: Collection[str]) -> tuple[Finding, ...]:
        """What is found of commits, each by itself."""
        if not ids:
            return ()
        refs = self._trusted_words(self._written_otherwise())
        history = GitHistory(self.repository, refs)
        vouched = history.vouched(ids)
        return self._judge(tuple(it for it in history.known(ids).values() if it.id not in vouched), refs)

    def _strange_file(self, paths: Collection[str]) -> str:
        """A file that is as a stranger's commit has it, and that commit; empty when there is none but accepted ones."""
        found = self._strange_files(paths)
        accepted = read_accepted(self.repository) if found is None or found else Accepted()
        if found is None:
            return "" if accepted.unseen else "more commits touch them than are looked at"
        new = next((it for it in found if (it.path, it.blob) not in accepted.files), None)
        return f"{new.path} of {new.commit[:10]}" if new else ""

    def _strange_files(self, paths: Collection[str]) -> tuple[Copy, ...] | None:
        """The files that are as a stranger's commit has them; nothing when there are too many commits to look at."""
        if not paths:
            return ()
        refs = self._trusted_words(self._written_otherwise())
        touching = GitHistory(self.repository, refs).sources(paths, self._people(), self._once_fetched())
        if touching is None:
            return None
        strange = [finding.commit for finding in self._judge(touching, refs) if not finding.good]
        return tuple(files_of(self.repository, strange, paths)) if strange else ()

    def _once_fetched(self) -> tuple[Reflog, ...]:
        """What the branches of remotes were that are not trusted: they are pushed anew, and then nothing else tells."""
        try:
            names = sorted(os.listdir(self.repository.common_dir / "logs" / "refs" / "remotes"))
        except OSError:
            return ()
        strange = (name for name in names if name not in self.settings.trusted)
        return tuple(log for name in strange for log in logs_below(self.repository, f"refs/remotes/{name}"))

    def _people(self) -> tuple[str, ...]:
        """Patterns of refs that are fetched, by any remote, as words for git-rev-list(1)."""
        written = [split_refspec(refspec)[1] for remote in self.settings.remotes for refspec in remote.refspecs]
        return tuple(dict.fromkeys(f"--glob={as_glob(pattern)}" for pattern in written if pattern))


_FILES = "files of a commit that is not trusted"

_UNKNOWN = Finding("", good=False, reason="")


def _squashed(repository: Repository) -> tuple[str, ...]:
    """The commits that ``git merge --squash`` brought; what they say of themselves stands indented."""
    try:
        text = (repository.git_dir / "SQUASH_MSG").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(re.findall(r"(?m)^commit ([0-9a-f]{40,64})$", text))


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


def _cut_off(common_dir: Path) -> frozenset[str]:
    """The commits whose parents git hides (gitrepository-layout(5), ``shallow``)."""
    try:
        return frozenset((common_dir / "shallow").read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return frozenset()


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


def _last_messages(logs: str, pattern: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The refs that a pattern means and that have a reflog with a line in it, each with the messages that count."""
    prefix = pattern.partition("*")[0]
    means = matcher(pattern)
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
            elif means(ref):
                messages = _messages_at_the_end(entry.path)
                if messages:
                    yield ref, messages


def _messages_at_the_end(path: str) -> tuple[str, ...]:
    """The messages at the end of a reflog, the latest first, up to one that tells what the ref holds.

    None where there is no line: those of a branch that rests are gone after a while.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            text = os.pread(descriptor, 8192, max(0, size - 8192))
        finally:
            os.close(descriptor)
    except OSError:
        return ("unreadable",)
    messages: list[str] = []
    for line in reversed(text.rstrip(b"\n").split(b"\n") if text.strip() else []):
        messages.append(os.fsdecode(line.partition(b"\t")[2]))
        if not is_rename(messages[-1]):
            break
    return tuple(messages)
