"""Which refs only a trusted remote writes: the branches of the named remotes, and of no other refspec. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from freshvenv.trust.reflog import is_id


class Remote(NamedTuple):
    """A remote as configured: where it is fetched from, by which refspecs (gitglossary(7)), and where it is pushed to.

    URLs are those that git takes, ``url.*.insteadOf`` applied.
    """

    name: str
    urls: tuple[str, ...] = ()
    refspecs: tuple[str, ...] = ()
    pushed_to: tuple[str, ...] = ()

    @property
    def is_pushed_elsewhere(self) -> bool:
        """Whether a push goes to another repository than the one that is fetched from, were it only one of several.

        What one of them takes is noted as if all had.
        """
        own = self.urls[0] if self.urls else ""
        return any(url != own and _place(url) != _place(own) for url in self.pushed_to)


class Rewrites(NamedTuple):
    """Prefixes of URLs and what stands instead of each (git-config(1), ``url.<base>.insteadOf``)."""

    plain: tuple[tuple[str, str], ...] = ()
    of_pushes: tuple[tuple[str, str], ...] = ()

    def remote(self, name: str, urls: Sequence[str], push_urls: Sequence[str], refspecs: Sequence[str]) -> Remote:
        """A remote with the URLs that git takes for it."""
        if push_urls:
            pushed_to = [_rewritten(url, self.plain) for url in push_urls]
        else:
            pushed_to = [_rewritten(url, self.of_pushes, _rewritten(url, self.plain)) for url in urls]
        fetched_from = tuple(_rewritten(url, self.plain) for url in urls)
        return Remote(name, fetched_from, tuple(refspecs), tuple(pushed_to) if fetched_from else ())


def _rewritten(url: str, rewrites: Iterable[tuple[str, str]], otherwise: str = "") -> str:
    """A URL with its longest known prefix replaced."""
    known = [(prefix, base) for prefix, base in rewrites if url.startswith(prefix)]
    if not known:
        return otherwise or url
    prefix, base = max(known, key=lambda pair: len(pair[0]))
    return base + url.removeprefix(prefix)


def _place(url: str) -> str:
    """Host and path of a URL: the same for ``https://host/a/b``, ``git@host:a/b.git`` and ``ssh://git@host/a/b``."""
    if url.lower().startswith("file://"):
        return url[7:]
    found = re.match(r"(?i)(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?([^/:@]+)(?::\d+(?=/)|:)?/*(.*?)(?:\.git)?/*\Z", url)
    return f"{found[1].lower()}/{found[2]}" if found else url


class TrustedRefs(NamedTuple):
    """Patterns of the refs that are trusted, and of those among them that are not; ``*`` spans slashes."""

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The refs as words for git-rev-list(1)."""
        words = []
        for pattern in self.included:
            if "*" in pattern:
                # HEAD is another name of one of the others, which may be excluded.
                words += [f"--exclude={each}" for each in (pattern.replace("*", "HEAD"), *self.excluded)]
                words.append(f"--glob={pattern}")
            elif not any(matches(each, pattern) for each in self.excluded):
                # As a word, the name of a ref that is gone could mean a tag that somebody gave that name.
                words.append(f"--glob={as_glob(pattern)}")
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


def as_glob(pattern: str) -> str:
    """A pattern, or the name of one ref, as git's options take it: what has no wildcard would mean a folder of refs."""
    return pattern if "*" in pattern else f"{pattern[:-1]}[{pattern[-1]}]"


def matches(pattern: str, ref: str) -> bool:
    """Whether a ref is one that a pattern means."""
    return matcher(pattern)(ref) is not None


def matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    """What finds whether a ref is one that a pattern means, for many refs."""
    return re.compile(".*".join(map(re.escape, pattern.split("*")))).fullmatch


_VALUED = """
--bundle-uri --cleanup --deepen --depth --filter --jobs --negotiation-tip --server-option --shallow-exclude
--shallow-since --strategy --strategy-option --submodule-prefix --upload-pack
"""
_WITH_VALUE = frozenset(_VALUED.split())
"""Options of git-fetch(1) and git-pull(1) whose value may be the next word."""

_SHORT_WITH_VALUE = r"-[A-Za-z]*[joXs]"


def came_otherwise(
    ref: str, messages: Sequence[str], trusted: Sequence[str], *, pushed_elsewhere: bool = False
) -> bool:
    """Whether the reflog of a remote-tracking ref says that the ref holds something else than a branch of a remote.

    ``messages`` are its last lines, the latest first: as many as tell that the ref was renamed, and one more.

    ``git fetch origin refs/pull/1/head:refs/remotes/origin/pr/1`` writes into origin's namespace by a refspec that no
    configuration shows, and so does another remote whose configuration is gone since. ``git update-ref`` leaves no
    message at all, ``git push .`` one of its own. ``pushed_elsewhere`` is for remotes that are not pushed to where they
    are fetched from: a push notes what it sent as if that had been fetched.
    """
    names = list(trusted)
    for message in messages:
        # What a ref holds does not change by another name, so it is still what was fetched under the old one.
        if found := re.fullmatch(_RENAMED, message):
            ref = found[1]
            names += _prefixes(ref.removeprefix("refs/remotes/"))
            continue
        command = message.rpartition(": ")[0] or message
        words = command.split(" ")
        match words[0]:
            case "fetch" | "pull":
                return _fetched_otherwise(ref, words[1:], names)
            case "update":
                return pushed_elsewhere or message != "update by push"
            case "clone" | "clone:" | "remote" | "remote:":
                return False
            case _:
                return True
    return False


_RENAMED = r"remote: renamed (refs/remotes/[^ ]+) to refs/remotes/[^ ]+"
"""What ``git remote rename`` notes."""


def is_rename(message: str) -> bool:
    """Whether a line of a reflog tells that a remote was renamed, and not what the ref holds."""
    return re.fullmatch(_RENAMED, message) is not None


def _prefixes(path: str) -> Iterator[str]:
    """The names that a remote can have had whose ref this was: they may have slashes in them."""
    parts = path.split("/")
    yield from ("/".join(parts[:count]) for count in range(1, len(parts)))


def _fetched_otherwise(ref: str, words: Sequence[str], trusted: Sequence[str]) -> bool:
    # git takes what is left of an option's name, as long as it is clear.
    if any(word.startswith("--refm") for word in words):
        return True
    plain = list(_positional(words))
    # Where several remotes are fetched, each is noted by a process of its own, with its name.
    if plain and plain[0] not in trusted:
        return True
    # A refspec on the command line that says to write here must be of a branch. Where none does, it was written by the
    # configured one (git-fetch(1), "opportunistic").
    refspecs = (split_refspec(word) for word in plain[1:] if ":" in word)
    return not all(_is_branch(source) for source, written in refspecs if matches(written, ref))


def _is_branch(source: str) -> bool:
    """Whether a source means a branch of the remote. A name without a slash does, or a tag; an id may mean anything."""
    return source.startswith(("refs/heads/", "heads/")) or ("/" not in source and not is_id(source))


def _positional(words: Iterable[str]) -> Iterator[str]:
    """The words that are no options and no values of options."""
    is_value = False
    for word in words:
        if is_value or not word or word.startswith("-"):
            is_value = not is_value and (word in _WITH_VALUE or re.fullmatch(_SHORT_WITH_VALUE, word) is not None)
        else:
            yield word


def without_secrets(url: str) -> str:
    """A URL without the user and the password in it: they may change, and are not to be written down."""
    return re.sub(r"\A([a-z][a-z0-9+.-]*://)[^/@]*@", r"\1", url, flags=re.IGNORECASE)
