"""Whether files that lie uncommitted in the working tree are those of somebody's commit, byte for byte."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from freshvenv.source.git import Repository
from freshvenv.trust.history import WITHOUT_REPLACEMENTS

_LARGEST = 64 * 1024 * 1024
"""More bytes than are read of one file; git is asked about those that have more."""


class Copy(NamedTuple):
    """A file that is as a commit made it; ``blob`` is its name as an object, all zeros for one that is gone."""

    path: str
    blob: str
    commit: str


def files_of(repository: Repository, commits: Collection[str], paths: Collection[str]) -> Iterator[Copy]:
    """Those of the paths at which there is, in the working tree or in the index, what one of the commits put there.

    That is also nothing, where it removed the file.
    """
    made = _made_by(repository, commits, frozenset(paths))
    there, unclear = _there(repository, made)
    for path, blobs in made.items():
        # The index may have one that was accepted, and the disk another.
        for blob in dict.fromkeys(there.get(path, ())):
            if blob in blobs or path in unclear:
                yield Copy(path, blob, blobs.get(blob, next(iter(blobs.values()))))


def _made_by(repository: Repository, commits: Collection[str], paths: Collection[str]) -> dict[str, dict[str, str]]:
    """By path, the objects that commits put there, each with its commit. Of merges, what neither parent has."""
    words = ("diff-tree", "--stdin", "-r", "-c", "--root", "-z", "--raw", "--no-abbrev", "--no-renames")
    listing = "".join(f"{each}\n" for each in commits).encode()
    done = repository.git(*words, env=WITHOUT_REPLACEMENTS, input=listing)
    made: dict[str, dict[str, str]] = {}
    commit, meta = "", ""
    for word in done.text.split("\0"):
        if meta:
            if word in paths:
                # ":MODES... OBJECTS... STATUS", one of each for every parent and one for the result.
                count = len(meta) - len(meta.lstrip(":")) + 1
                made.setdefault(word, {})[meta.lstrip(":").split(" ")[2 * count - 1]] = commit
            meta = ""
        elif word.startswith(":"):
            meta = word
        else:
            commit = word.strip()
    return made


def _there(repository: Repository, paths: Iterable[str]) -> tuple[Mapping[str, Collection[str]], frozenset[str]]:
    """By path, the names that what is there has as an object of git: in the index; on disk, filtered and as it is.

    And the paths of those that git could not filter, whose names may be others.
    """
    found: dict[str, list[str]] = {path: [] for path in paths}
    if not found:
        return found, frozenset()
    staged = repository.git("ls-files", "-z", "--stage").text.split("\0")
    for row in staged:
        facts, _, path = row.partition("\t")
        if path in found:
            found[path].append(facts.split(" ")[1])
    width = next((len(row.partition("\t")[0].split(" ")[1]) for row in staged if row), 40)
    for path, names in found.items():
        if not names and not os.path.lexists(repository.top / path):
            names.append("0" * width)
        names.extend(_as_it_is(repository.top / path, width))
    # A line of input cannot hold every name of a file; one that begins with a quote would have to be quoted.
    plain = [path for path in found if "\n" not in path and path[0] != '"' and _is_regular(repository.top / path)]
    filtered = _filtered(repository, plain)
    for path, name in filtered.items():
        found[path].append(name)
    return found, frozenset(plain).difference(filtered)


def _filtered(repository: Repository, paths: Collection[str]) -> dict[str, str]:
    """By path, the names of files as git would store them; those are left out that it cannot filter."""
    if not paths:
        return {}
    text = "".join(f"{path}\n" for path in paths).encode(errors="surrogateescape")
    done = repository.git("hash-object", "--stdin-paths", input=text)
    if done.status == 0:
        return dict(zip(paths, done.text.split("\n"), strict=True))
    # A filter may be a program, and one that fails ends the whole answer.
    each = {path: repository.git("hash-object", "--", path) for path in paths}
    return {path: done.text for path, done in each.items() if done.status == 0}


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _as_it_is(path: Path, width: int) -> list[str]:
    """The name of a file as an object, no filter applied; a link is what it leads to."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            content = os.fsencode(os.readlink(path))
        elif stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
            content = path.read_bytes()
        else:
            return []
    except OSError:
        return []
    digest = hashlib.sha256() if width == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(content) + content)
    return [digest.hexdigest()]
