"""Which refs only a trusted remote writes: the branches of the named remotes, and of no other refspec. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Remote(NamedTuple):
    """A remote as configured: where it is fetched from, and by which refspecs (gitglossary(7))."""

    name: str
    urls: tuple[str, ...] = ()
    refspecs: tuple[str, ...] = ()


class TrustedRefs(NamedTuple):
    """Patterns of the refs that are trusted, and of those among them that are not; ``*`` spans slashes."""

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The refs as words for git-rev-list(1)."""
        words = []
        for pattern in self.included:
            if "*" in pattern:
                words += [f"--exclude={each}" for each in self.excluded]
                words.append(f"--glob={pattern}")
            elif not any(matches(each, pattern) for each in self.excluded):
                words.append(pattern)
        return words


def trusted_refs(remotes: Iterable[Remote], trusted: Sequence[str]) -> TrustedRefs:
    """The refs that refspecs sourced from ``refs/heads/*`` of the named remotes write, and nothing else writes too."""
    included: list[str] = []
    excluded: list[str] = []
    for remote in remotes:
        for refspec in remote.refspecs:
            source, destination = split_refspec(refspec)
            if not destination:
                continue
            # Local branches are never among them: whatever the user makes of a stranger's commit lies there.
            good = source.startswith("refs/heads/") and destination.startswith("refs/remotes/")
            (included if good and remote.name in trusted else excluded).append(destination)
    return TrustedRefs(tuple(dict.fromkeys(included)), tuple(dict.fromkeys(excluded)))


def split_refspec(refspec: str) -> tuple[str, str]:
    """Source and destination, in full; a refspec that writes nothing has no destination (git-fetch(1))."""
    if refspec.startswith("^"):
        return "", ""
    source, _, destination = refspec.removeprefix("+").partition(":")
    if destination.startswith(("heads/", "tags/", "remotes/")):
        destination = f"refs/{destination}"
    elif destination and not destination.startswith("refs/"):
        destination = f"refs/heads/{destination}"
    return source, destination


def matches(pattern: str, ref: str) -> bool:
    """Whether a ref is one that a pattern means."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), ref) is not None


def came_otherwise(message: str, trusted: Sequence[str]) -> bool:
    """Whether the last line of a remote-tracking ref's reflog says that it holds something else than a branch.

    ``git fetch origin refs/pull/1/head:refs/remotes/origin/pr/1`` writes into origin's namespace by a refspec that no
    configuration shows. So does ``git update-ref``, which leaves no message at all.
    """
    command = message.rpartition(": ")[0] or message
    words = command.split(" ")
    if not message:
        return True
    if words[0] not in {"fetch", "pull"}:
        return False
    if any(word.startswith("--refmap") for word in words):
        return True
    explicit = [word for word in words[1:] if ":" in word]
    if not explicit:
        return False
    # Any refspec on the command line: all must be branches, of a remote that is named and trusted.
    named = [word for word in words[1:] if ":" not in word and not word.startswith("-")]
    if not named or named[0] not in trusted:
        return True
    return not all(split_refspec(word)[0].startswith("refs/heads/") for word in explicit)


def without_secrets(url: str) -> str:
    """A URL without the user and the password in it: they may change, and are not to be written down."""
    return re.sub(r"\A([a-z][a-z0-9+.-]*://)[^/@]*@", r"\1", url, flags=re.IGNORECASE)
