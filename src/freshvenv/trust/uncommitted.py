"""What lies uncommitted in the work tree, and whether it is a stranger's: no commit at HEAD tells of that."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

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
from freshvenv.trust.copies import Copy, files_of
from freshvenv.trust.history import LIMIT, GitHistory, rev_list
from freshvenv.trust.provenance import Provenance
from freshvenv.trust.verdict import Finding, Preset, UntrustedError, Verdict

_FILES = "files of a commit that is not trusted"

_UNKNOWN = Finding("", good=False, reason="")


class Uncommitted(NamedTuple):
    """The files of a work tree that no commit at HEAD has, and whether a stranger made them."""

    provenance: Provenance

    @property
    def repository(self) -> Repository:
        return self.provenance.repository

    def permit(self, verdict: Verdict) -> None:
        """See that nothing which git, or its user, is just bringing into the work tree is a stranger's.

        Raises :class:`UntrustedError`. ``verdict`` is that about HEAD.
        """
        what = self.look_at_what_was_brought()
        if what is Brought.STRANGE and self._tidy():
            raise UntrustedError(f"{_FILES} lie uncommitted in the work tree", verdict)
        if not self._is_accepted(what):
            self._refuse_what_is_applied(verdict)

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
        if self.provenance.settings.preset in {Preset.ALWAYS, Preset.NEVER}:
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
        if not uncommitted or self.provenance.settings.preset is Preset.ALWAYS:
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
        if self.provenance.settings.preset is not Preset.ALWAYS and uncommitted:
            squashed = _squashed(self.repository)
            if any(not it.good for it in self.provenance.each(squashed)) or self._strange_file(uncommitted):
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
        findings = self.provenance.each(picked)
        if merged:
            refs = self.provenance.trusted
            pending = rev_list(self.repository, f"--max-count={LIMIT}", *merged, "--not", "HEAD", *refs)
            findings = (*findings, *(self.provenance.of(pending, refs) if pending is not None else [_UNKNOWN]))
        return next((f"a part of {it.commit[:10]}, which is not trusted," for it in findings if not it.good), "")

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
        refs, fetched = self.provenance.trusted, self.provenance.fetched
        history = GitHistory(self.repository, refs)
        touching = history.sources(paths, fetched.destinations(), fetched.logs_of_strangers())
        if touching is None:
            return None
        strange = [finding.commit for finding in self.provenance.of(touching, refs) if not finding.good]
        return tuple(files_of(self.repository, strange, paths)) if strange else ()


def _squashed(repository: Repository) -> tuple[str, ...]:
    """The commits that ``git merge --squash`` brought; what they say of themselves stands indented."""
    try:
        text = (repository.git_dir / "SQUASH_MSG").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(re.findall(r"(?m)^commit ([0-9a-f]{40,64})$", text))
