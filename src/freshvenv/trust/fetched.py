"""Which refs of a clone nothing but a trusted remote wrote: what is configured, and what the refs' reflogs tell."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from freshvenv.errors import GitError
from freshvenv.source.git import Repository
from freshvenv.trust.history import logs_below
from freshvenv.trust.reflog import Reflog
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
from freshvenv.trust.settings import STRANGE_KEY, TrustSettings

_MANY = 200
"""More refs that came otherwise are told by patterns rather than each by its name."""


class FetchedRefs(NamedTuple):
    """The refs that a clone's remotes are fetched into, as configured at one moment."""

    repository: Repository
    settings: TrustSettings

    def trusted_words(self, otherwise: Collection[str]) -> tuple[str, ...]:
        """Words for git-rev-list(1) that name the refs that only trusted remotes write.

        ``otherwise`` are refs and patterns among those that something else wrote (:meth:`written_otherwise`).
        """
        refs = trusted_refs(self.settings.remotes, self.settings.trusted_remotes)
        return tuple(refs._replace(excluded=(*refs.excluded, *_summed_up(otherwise))).options())

    def written_otherwise(self) -> tuple[str, ...]:
        """Refs and patterns of refs in a trusted namespace that something else writes, wrote, or once was seen to."""
        refs = trusted_refs(self.settings.remotes, self.settings.trusted_remotes)
        known = self.settings.strange
        patterns = [pattern for pattern in (*refs.excluded, *known) if "*" in pattern and _is_part(pattern, refs)]
        return tuple(dict.fromkeys([*patterns, *self._came_otherwise(refs.included, known)]))

    def _came_otherwise(self, patterns: Iterable[str], known: Iterable[str]) -> Iterator[str]:
        logs = os.path.join(self.repository.common_dir, "logs")
        trusted = self.settings.trusted_remotes
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

    def remember(self, otherwise: Collection[str]) -> None:
        """Note what was seen to write into a trusted namespace, for when the evidence is gone.

        A ref that was fetched as configured since is forgotten; a pattern, which stands for many of them, is not.
        """
        known = self.settings.strange
        new = [ref for ref in _summed_up(otherwise) if ref not in known]
        # In a clone that cannot be written to, it is seen again.
        with suppress(GitError):
            for ref in new if len(new) <= _MANY else ():
                self.repository.add_local(STRANGE_KEY, ref)
            for ref in known:
                if "*" not in ref and ref not in otherwise:
                    self.repository.unset_local(STRANGE_KEY, ref)

    def logs_of_strangers(self) -> tuple[Reflog, ...]:
        """What the branches of remotes were that are not trusted: they are pushed anew, and then nothing else tells."""
        try:
            names = sorted(os.listdir(self.repository.common_dir / "logs" / "refs" / "remotes"))
        except OSError:
            return ()
        strange = (name for name in names if name not in self.settings.trusted_remotes)
        return tuple(log for name in strange for log in logs_below(self.repository, f"refs/remotes/{name}"))

    def destinations(self) -> tuple[str, ...]:
        """Patterns of refs that are fetched, by any remote, as words for git-rev-list(1)."""
        written = [split_refspec(refspec)[1] for remote in self.settings.remotes for refspec in remote.refspecs]
        return tuple(dict.fromkeys(f"--glob={as_glob(pattern)}" for pattern in written if pattern))


def _summed_up(refs: Collection[str]) -> tuple[str, ...]:
    """The refs, or, where they are many, patterns of them: one for each folder of refs, as narrow as can be."""
    if len(refs) <= _MANY:
        return tuple(refs)
    folders: dict[str, list[str]] = {}
    for ref in refs:
        folders.setdefault(ref.rpartition("/")[0], []).append(ref)
    # By characters: refs of pull requests may be told from others by no more than how they begin (pr-1, pr-2).
    prefixes = ((os.path.commonprefix(found), len(found)) for found in folders.values())  # noqa: RUF071
    return tuple(f"{prefix}*" if count > 1 else prefix for prefix, count in prefixes)


def _is_part(pattern: str, refs: TrustedRefs) -> bool:
    return any(pattern != included and matches(included, pattern) for included in refs.included)


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
