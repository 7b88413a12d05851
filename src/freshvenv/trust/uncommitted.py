"""What lies uncommitted in the working tree, and whether it is a stranger's: no commit at HEAD tells of that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from freshvenv.source.git import Listing, Repository
from freshvenv.trust.brought import (
    Accepted,
    Brought,
    brought,
    in_progress,
    note_brought,
    read_accepted,
    write_accepted,
)
from freshvenv.trust.copies import Copy, files_of
from freshvenv.trust.history import LIMIT, GitHistory, rev_list
from freshvenv.trust.provenance import Provenance
from freshvenv.trust.verdict import Preset, UntrustedError

_FILES = "files of a commit that is not trusted"
_TOO_MANY = f"uncommitted files could not be looked at (more than {LIMIT:,} commits touch them)"


class Seen(NamedTuple):
    """What lies uncommitted: what git says of it, and which of it is as a commit made it that is not trusted.

    ``copies`` are absent when more commits touch the files than are looked at. ``applied`` says what a git command that
    stopped is in the midst of bringing in, when that is a stranger's.
    """

    listing: Listing
    copies: tuple[Copy, ...] | None
    applied: str = ""


class Uncommitted(NamedTuple):
    """The files of a working tree that no commit at HEAD has, and whether a stranger made them."""

    provenance: Provenance

    @property
    def repository(self) -> Repository:
        return self.provenance.repository

    @property
    def _asks_about_files(self) -> bool:
        """Whether files are weighed one by one; else all of what is checked out is trusted, or nothing of it."""
        return self.provenance.settings.preset not in {Preset.ALWAYS, Preset.NEVER}

    def permit(self) -> None:
        """See that nothing which git, or its user, is just bringing into the working tree is a stranger's.

        What was found is noted. Raises :class:`UntrustedError`.
        """
        what = self.look_at_what_was_brought()
        if not self._asks_about_files:
            return
        if what is Brought.STRANGE and self._is_anything_left():
            raise UntrustedError(f"{_FILES} lie uncommitted in the working tree")
        if not self._is_accepted(what) and (strange := self._what_is_applied()) and self.repository.uncommitted():
            raise UntrustedError(f"{strange} lies uncommitted in the working tree")

    def vet(self, more: Collection[str] = (), listing: Listing | None = None) -> Listing:
        """See that none of the uncommitted files is a stranger's, nor of those named; return what git says of them.

        ``listing`` is what git said a moment ago, when that is known already. What was found is noted. Raises
        :class:`UntrustedError`.

        How they came may have left no trace (``git cherry-pick --no-commit``, a stash, ``git reset`` after a look at a
        branch). Those that were changed since, or merged with others, are not known again.
        """
        listing = listing or self.repository.listing()
        if not listing.paths:
            self._note(Brought.NOTHING)
        if not self._asks_about_files:
            return listing
        if found := self._objection_to({*listing.paths, *more}):
            self._note(Brought.STRANGE)
            raise UntrustedError(found)
        return listing

    def objection(self) -> str:
        """What is to be said against building what lies uncommitted, if anything is. Nothing is noted."""
        uncommitted = self.repository.uncommitted()
        what = brought(self.repository)
        if not uncommitted or not self._asks_about_files:
            return ""
        if not self._is_accepted(what) and (applied := self._what_is_applied()):
            return f"{applied} lies uncommitted in the working tree"
        found = self._objection_to(uncommitted)
        return found or (f"{_FILES} lie uncommitted in the working tree" if what is Brought.STRANGE else "")

    def look_at_what_was_brought(self) -> Brought:
        """Find out whether files that were just brought into the working tree are a stranger's; that is noted."""
        known = brought(self.repository)
        if known is not Brought.NEW:
            return known
        uncommitted = self.repository.uncommitted()
        if self._asks_about_files and uncommitted:
            squashed = _squashed(self.repository)
            if any(not it.good for it in self.provenance.judge_each(squashed)) or self._objection_to(uncommitted):
                self._note(Brought.STRANGE)
                return Brought.STRANGE
        self._note(Brought.NOTHING)
        return Brought.NOTHING

    def look(self, more: Collection[str] = ()) -> Seen:
        """What lies uncommitted, and those of the ignored files that are named. Nothing is noted."""
        listing = self.repository.listing()
        if not self._asks_about_files:
            return Seen(listing, ())
        paths = {*listing.paths, *more}
        return Seen(listing, self._copies(paths), self._what_is_applied() if listing.paths else "")

    def unaccepted(self, seen: Seen) -> tuple[str, ...]:
        """What of it was not accepted before, one text each."""
        accepted = read_accepted(self.repository)
        applied = (seen.applied,) if seen.applied and accepted.applied != in_progress(self.repository).words else ()
        return (*applied, *_unaccepted(seen.copies, accepted))

    def accept(self, seen: Seen) -> None:
        """Take it for the user's own. Raises ``OSError``."""
        uncommitted, found = seen.listing.paths, seen.copies
        is_strange = brought(self.repository) is not Brought.NOTHING or bool(seen.applied)
        if found is None or found or (uncommitted and is_strange):
            files = read_accepted(self.repository).files | {(it.path, it.blob) for it in found or ()}
            write_accepted(self.repository, Accepted(files, in_progress(self.repository).words, found is None))
        is_accepted = uncommitted and (is_strange or found or found is None)
        note_brought(self.repository, Brought.ACCEPTED if is_accepted else Brought.NOTHING)

    def _is_anything_left(self) -> bool:
        """Whether anything is uncommitted any more; that nothing is, is noted."""
        if self.repository.uncommitted():
            return True
        self._note(Brought.NOTHING)
        return False

    def _note(self, what: Brought) -> None:
        # Where it cannot be written, it is looked at again.
        with suppress(OSError):
            note_brought(self.repository, what)

    def _is_accepted(self, what: Brought) -> bool:
        """Whether the user took for his own what is being applied now."""
        return what is Brought.ACCEPTED and read_accepted(self.repository).applied == in_progress(self.repository).words

    def _what_is_applied(self) -> str:
        """What a git command that stopped is in the midst of bringing in, when that is a stranger's; else empty."""
        now = in_progress(self.repository)
        if now.is_mail:
            return "a patch that am applies"
        findings = self.provenance.judge_each(now.picked)
        if now.merged:
            refs = self.provenance.trusted_words()
            pending = rev_list(self.repository, f"--max-count={LIMIT}", *now.merged, "--not", "HEAD", *refs)
            if pending is None or len(pending) >= LIMIT:
                return "a merge of more than git can list"
            findings = (*findings, *self.provenance.judge_pending(pending, refs))
        return next((f"a part of {it.commit[:10]}, which is not trusted," for it in findings if not it.good), "")

    def _objection_to(self, paths: Collection[str]) -> str:
        """What is to be said against files, but for those that were accepted, if anything is."""
        found = self._copies(paths)
        accepted = read_accepted(self.repository) if found is None or found else Accepted()
        first = next(_unaccepted(found, accepted), "")
        return f"{_FILES} lie uncommitted in the working tree ({first})" if found and first else first

    def _copies(self, paths: Collection[str]) -> tuple[Copy, ...] | None:
        """The files that are as a stranger's commit has them; nothing when there are too many commits to look at."""
        if not paths:
            return ()
        refs, fetched = self.provenance.trusted_words(), self.provenance.fetched
        history = GitHistory(self.repository, refs)
        touching = history.sources(paths, fetched.destinations(), fetched.logs_of_strangers())
        if touching is None:
            return None
        strange = [finding.commit for finding in self.provenance.judge_pending(touching, refs) if not finding.good]
        return tuple(files_of(self.repository, strange, paths)) if strange else ()


def _unaccepted(copies: Iterable[Copy] | None, accepted: Accepted) -> Iterator[str]:
    """What was not accepted before, one text each."""
    if copies is None and not accepted.unseen:
        yield _TOO_MANY
    for it in copies or ():
        if (it.path, it.blob) not in accepted.files:
            yield f"{it.path} of {it.commit[:10]}"


def _squashed(repository: Repository) -> tuple[str, ...]:
    """The commits that ``git merge --squash`` brought; what they say of themselves stands indented."""
    try:
        text = (repository.git_dir / "SQUASH_MSG").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(re.findall(r"(?m)^commit ([0-9a-f]{40,64})$", text))
