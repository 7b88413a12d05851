"""What is checked out, read once: the commit, the tree that would be installed, and what in it is not committed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from freshvenv.errors import GitError, OutsideError
from freshvenv.process import Finished
from freshvenv.source.git import Head, Listing, Repository, discover, paths_of
from freshvenv.source.picture import own_rows, pathspecs_without, picture_of
from freshvenv.source.snapshot import ObjectStore, write_snapshot

_CONVERTING = r"^(core\.(autocrlf|eol|symlinks)|filter\..*\.(smudge|process))$"
_HARMLESS = {"core.autocrlf": ("false", "input"), "core.eol": ("native",), "core.symlinks": ("true",)}
"""Values that stand for what is done without the setting."""


_RULES = (".gitattributes", ".gitignore")


class WorkingTree(NamedTuple):
    """A working tree at one moment. ``tree`` is HEAD's, or that of a snapshot where files are ``uncommitted``.

    ``read_at`` is the moment, in nanoseconds since the epoch. ``picture`` is what git said of ``pathspecs`` then (see
    :mod:`freshvenv.source.picture`), absent where that does not tell everything.
    """

    repository: Repository
    head: Head
    tree: str
    uncommitted: tuple[str, ...]
    read_at: int
    pathspecs: tuple[str, ...] = ()
    picture: tuple[str, ...] | None = None

    @property
    def is_clean(self) -> bool:
        """Whether what is on disk is what is committed."""
        return self.tree == self.head.tree

    def tree_of(self, path: str) -> str:
        """The hash of a directory's tree. Raises :class:`OutsideError` where that is no part of this one."""
        if path == ".":
            return self.tree
        # With a slash at its end it is a directory, and not a link to one.
        done = self._git("rev-parse", "--verify", "--quiet", f"{self.tree}:{path}/")
        if done.status != 0:
            raise OutsideError(f"{path} is not in the tree that is checked out")
        return done.text

    def conversions(self) -> tuple[str, ...]:
        """The settings of git that change which bytes a checkout writes, each as ``key=value``."""
        found = dict(self.repository.settings(_CONVERTING))
        return tuple(f"{key}={value}" for key, value in sorted(found.items()) if value not in _HARMLESS.get(key, ()))

    def links_lead_out_of(self, path: str) -> bool:
        """Whether a symbolic link below a directory leads out of it, so that its tree does not tell everything.

        Raises :class:`OutsideError` as :meth:`tree_of` does.
        """
        for row in self._git("ls-tree", "-r", "-z", self.tree_of(path)).stdout.split(b"\0"):
            facts, _, name = row.partition(b"\t")
            if facts.startswith(b"120000") and self._leads_out(path, os.fsdecode(name)):
                return True
        return False

    def _leads_out(self, path: str, name: str) -> bool:
        try:
            destination = os.readlink(self.repository.top / path / name)
        except OSError:
            return True  # links that git checks out as files (core.symlinks): in doubt it does
        leads_to = os.path.normpath(f"{path}/{os.path.dirname(name)}/{destination}")
        return destination.startswith("/") or not f"{leads_to}/".startswith(f"{path}/")

    def beside(self, path: str) -> tuple[str, ...]:
        """The files above a directory that rule over what is in it, a line ``path hash`` for each that is there.

        Where one of them is a link, its hash says nothing: then it is the whole tree, as the path ``.``. Raises
        :class:`GitError`.
        """
        if path == ".":
            return ()
        done = self._git("ls-tree", "-z", self.tree, "--", *_rules_above(path))
        if done.status != 0:
            raise GitError(f"git ls-tree: {done.complaint}")
        rows = [row.partition("\t") for row in os.fsdecode(done.stdout).split("\0") if row]
        if any(facts.startswith("120000") for facts, _, _ in rows):
            return (f". {self.tree}",)
        return tuple(f"{name} {facts.split()[2]}" for facts, _, name in rows)

    def outline_of(self, path: str) -> str:
        """A digest of a directory's tree that leaves out what is in the modules (``*.py``) below its top."""
        done = self._git("ls-tree", "-r", "-z", self.tree_of(path))
        if done.status != 0:
            raise GitError(f"git ls-tree: {done.complaint}")
        digest = hashlib.sha256()
        for row in done.stdout.split(b"\0"):
            facts, _, name = row.partition(b"\t")
            is_module = name.endswith(b".py") and b"/" in name
            digest.update((facts[:12] if is_module else facts) + b"\t" + name + b"\0")
        return digest.hexdigest()

    def _git(self, *words: str) -> Finished:
        return self.repository.git(*words, env=self._env())

    def _env(self) -> dict[str, str]:
        return {} if self.is_clean else ObjectStore(self.repository).environment()

    def version_control(self, *, by_any_rule: bool = False) -> str:
        """What a version scheme sees: ``git describe``, and whether anything is uncommitted.

        ``by_any_rule``: also what schemes see that do not take the nearest tag: all tags, and the branch.
        """
        described = self.repository.describe(self.head.commit)
        if by_any_rule:
            described += (
                f" tags {self.repository.tags(self.head.commit)[:7]} branch {self.repository.branch() or 'none'}"
            )
        if self.is_clean:
            return described
        untracked = self.untracked()
        if set(self.uncommitted) - set(untracked):
            described += " dirty"
        if untracked:
            # They make no version dirty, but file finders take only what git knows.
            described += f" untracked {hashlib.sha256(repr(untracked).encode()).hexdigest()[:7]}"
        return described

    def untracked(self) -> tuple[str, ...]:
        """Those of the uncommitted files that git does not know yet."""
        if self.is_clean:
            return ()
        unknown = set(self.repository.ask("ls-files", "-z", "--others", "--exclude-standard").split("\0"))
        return tuple(sorted(unknown.intersection(self.uncommitted)))

    def submodules(self, path: str) -> tuple[str, ...]:
        """A line for each submodule below ``path``: where it is, and the commit that is checked out in it."""
        found = self.repository.submodules(self.tree, path, self._env())
        return tuple(f"{name} {self._state_of(name) if commit else 'not populated'}" for name, commit in found)

    def _state_of(self, submodule: str) -> str:
        inner = read_working_tree(discover(self.repository.top / submodule), ())
        facts = [inner.head.commit, *([] if inner.is_clean else [inner.tree]), *inner.submodules(".")]
        return " ".join(facts)

    def changed_below(self, path: str) -> tuple[str, ...]:
        """The uncommitted files of one project."""
        if path == ".":
            return self.uncommitted
        return tuple(name for name in self.uncommitted if name.startswith(f"{path}/"))

    def is_current(self) -> bool:
        """Whether HEAD is still where it was when this was read."""
        return self.repository.is_at(self.head.commit)


def _rules_above(path: str) -> tuple[str, ...]:
    """The files above a directory by which its content is judged, there or not.

    hatchling leaves out what the ``.gitignore`` above it says; a checkout, and file finders that ask ``git archive``,
    obey gitattributes(5) of all directories above.
    """
    return tuple(str(folder / name) for folder in PurePosixPath(path).parents for name in _RULES)


def read_working_tree(repository: Repository, venvs: Iterable[str], listing: Listing | None = None) -> WorkingTree:
    """Read HEAD once, and the working tree where it differs; ``venvs`` (relative paths) are not part of it.

    ``listing`` is what git said a moment ago, when that is known already. Raises :class:`NothingHereError` while
    nothing is committed, :class:`GitError` when git says no.
    """
    moment = listing.moment if listing else time.time_ns()
    head = repository.head()
    venvs = tuple(venvs)
    pathspecs = pathspecs_without(venvs)
    rows = tuple(own_rows(listing.text if listing else repository.status(pathspecs)))
    if listing:
        inside = tuple(f"{path}/" for path in venvs)
        rows = tuple(row for row in rows if row[1] not in venvs and not row[1].startswith(inside))
    uncommitted = paths_of(rows)
    # The picture comes before the snapshot: what is edited in between makes it a picture of something else.
    picture = picture_of(str(repository.top), rows)
    tree = write_snapshot(repository, uncommitted) if uncommitted else head.tree
    return WorkingTree(repository, head, tree, uncommitted, moment, pathspecs, picture)
