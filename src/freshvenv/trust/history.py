"""What git knows of commits beyond HEAD: asked only when a commit was rewritten, with bounds on every search."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from freshvenv.source.git import Repository
from freshvenv.trust.reflog import Reflog, parse_reflog
from freshvenv.trust.verdict import Commit, Patch

LIMIT = 10_000
"""The most commits that are looked at one by one."""

WITHOUT_REPLACEMENTS = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull, "GIT_NO_LAZY_FETCH": "1"}
"""Replace refs and grafts show other commits than there are; a partial clone is not to be completed for a decision."""

_AS_IT_IS = {**WITHOUT_REPLACEMENTS, "GIT_LITERAL_PATHSPECS": "1"}

_MADE_BY_PEOPLE = (
    *("--branches", "--remotes", "--tags"),
    *(f"--glob=refs/{name}/*" for name in ("pull", "pull-requests", "pr", "merge-requests", "mr", "changes", "review")),
)
"""Refs that hold somebody's work (``--all`` but for what tools keep), as words for git-rev-list(1)."""

_LARGEST_LOG = 16 * 1024 * 1024
_ROW = "--format=%x00%H%x00%P%x00%an <%ae> %ad"
_HUNK = rb"^@@ -[0-9,]+ \+[0-9,]+ @@.*$"


class GitHistory:
    """Answers for one repository; ``trusted_words`` are those that name all trusted refs to git-rev-list(1)."""

    def __init__(self, repository: Repository, trusted_words: tuple[str, ...]) -> None:
        self.repository = repository
        self.trusted_words = trusted_words
        self._patches: dict[tuple[str, str], Patch | None] = {}
        self._rivals: dict[str, tuple[Commit, ...] | None] = {}

    def known(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """Those of the commits that are still there."""
        if not ids:
            return {}
        rows = self._rows("--no-walk=unsorted", "--ignore-missing", "--stdin", input=_lines(ids))
        return {commit.id: commit for commit in rows or ()}

    def vouched(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the commits that are there, and held by a trusted ref."""
        there = self.known(ids)
        if not there:
            return frozenset()
        rows = self._rows(
            f"--max-count={LIMIT}", "--ignore-missing", "--stdin", "--not", *self.trusted_words, input=_lines(there)
        )
        if rows is None or len(rows) >= LIMIT:
            return frozenset()
        return frozenset(there).difference(commit.id for commit in rows)

    def between(self, tip: str, base: str) -> tuple[Commit, ...] | None:
        """The commits of ``tip`` that ``base`` does not have; nothing when they cannot be told."""
        rows = self._rows(f"--max-count={LIMIT}", tip, f"^{base}")
        return rows if rows is not None and len(rows) < LIMIT else None

    def lookalikes(self, commit: Commit) -> tuple[Commit, ...]:
        """Commits with the same author line, among those since its author's date that any ref or reflog holds."""
        found = re.search(r" (\d+) [+-]\d+\Z", commit.author)
        if not found:
            return ()
        since = max(0, int(found[1]) - 86_400)
        rows = self._rows(
            f"--since=@{since}",
            f"--max-count={2 * LIMIT}",
            "--ignore-missing",
            "--stdin",
            "--all",
            "--reflog",
            input=_lines(self._fetched()),
        )
        return tuple(row for row in rows or () if row.author == commit.author and row.id != commit.id)

    def rivals(self, author: str) -> tuple[Commit, ...] | None:
        """Commits with an author line that no trusted ref holds, however old they say they are."""
        if author not in self._rivals:
            name = author.rpartition("> ")[0] + ">"
            rows = self._unvouched("--fixed-strings", f"--author={name}")
            self._rivals[author] = None if rows is None else tuple(row for row in rows if row.author == author)
        return self._rivals[author]

    def touching(self, paths: Collection[str]) -> tuple[Commit, ...] | None:
        """Commits that change any of the paths and that no trusted ref holds."""
        if any("\n" in path for path in paths):
            return None  # no line of input can say that
        return self._unvouched("--full-history", more="".join(f"{line}\n" for line in ("--", *paths)))

    def sources(
        self, paths: Collection[str], people: Collection[str] = (), fetched: Collection[Reflog] = ()
    ) -> tuple[Commit, ...] | None:
        """Where files can have been brought from: commits that no trusted ref holds and that change any of the paths.

        What HEAD was, what was fetched, now and as the reflogs ``fetched`` tell, and the refs that people make
        (``people`` are more words for those): stashes and the copies of the working tree that tools keep are the user's
        own. Nothing when there are too many.
        """
        heads = dict.fromkeys(entry.new for log in (*head_logs(self.repository), *fetched) for entry in log.entries)
        names = [path for path in paths if "\n" not in path]
        asked = _lines([*self._fetched(), *heads])
        if len(names) == len(paths):
            asked += "".join(f"{line}\n" for line in ("--", *names)).encode(errors="surrogateescape")
        words = (f"--max-count={LIMIT}", "--full-history", "--ignore-missing", "--stdin", *_MADE_BY_PEOPLE, *people)
        rows = rev_list(self.repository, "--parents", *words, "--not", *self.trusted_words, input=asked)
        return rows if rows is not None and len(rows) < LIMIT else None

    def _unvouched(self, *words: str, more: str = "") -> tuple[Commit, ...] | None:
        asked = _lines(self._fetched()) + more.encode(errors="surrogateescape")
        every = (f"--max-count={LIMIT}", "--ignore-missing", "--stdin", "--all", "--reflog")
        rows = self._rows(*words, *every, "--not", *self.trusted_words, input=asked)
        return rows if rows is not None and len(rows) < LIMIT else None

    def _fetched(self) -> tuple[str, ...]:
        """What the last ``git fetch`` brought in any worktree, which no ref may hold."""
        return tuple(dict.fromkeys(each for git_dir in _git_dirs(self.repository) for each in _fetch_heads(git_dir)))

    def patch(self, id: str, since: str = "") -> Patch | None:
        """What a commit changes. Unlike git-patch-id(1) it minds white space and the content of binary files."""
        if (id, since) not in self._patches:
            self._patches[id, since] = self._patch([since, id] if since else ["--diff-merges=first-parent", id])
        return self._patches[id, since]

    def _patch(self, what: list[str]) -> Patch | None:
        plain = ("--no-ext-diff", "--no-textconv", "--no-renames", "--no-color", "--root", "--no-commit-id", "-r")
        done = self.repository.git(
            "diff-tree", *plain, "--full-index", "--text", "--unified=3", "-p", *what, env=WITHOUT_REPLACEMENTS
        )
        names = self.repository.git("diff-tree", *plain, "--name-only", "-z", *what, env=WITHOUT_REPLACEMENTS)
        if done.status != 0 or names.status != 0 or not done.stdout:
            return None
        digest, lines = hashlib.sha256(), hashlib.sha256()
        for line in done.stdout.split(b"\n"):
            # Where in the file, and which blobs: that differs between a commit and its pick. A line of content starts
            # with a sign, so it is never taken for one of these.
            if line.startswith(b"index "):
                continue
            plain_line = re.sub(_HUNK, b"@@", line) + b"\n"
            digest.update(plain_line)
            if line and not line.startswith((b" ", b"@@")):
                lines.update(plain_line)
        return Patch(digest.hexdigest(), frozenset(names.text.rstrip("\0").split("\0")), lines.hexdigest())

    def branch_log(self, name: str) -> Reflog:
        """The reflog of a local branch, given by its full name."""
        if ".." in name or not name.startswith("refs/heads/"):
            return Reflog(())
        return Reflog(parse_reflog(read_log(self.repository.common_dir / "logs" / name)))

    def _rows(self, *words: str, input: bytes | None = None) -> tuple[Commit, ...] | None:
        return rev_list(self.repository, _ROW, "--date=raw", *words, input=input)


def rev_list(repository: Repository, *words: str, input: bytes | None = None) -> tuple[Commit, ...] | None:
    """What git-rev-list(1) lists; nothing when it says no. A row is made by ``--parents`` or by our own format."""
    done = repository.git("rev-list", *words, env=_AS_IT_IS, input=input)
    return tuple(_commits(done.text)) if done.status == 0 else None


def _commits(listing: str) -> Iterator[Commit]:
    for line in listing.split("\n"):
        if line.startswith("\0"):
            name, parents, author = line[1:].split("\0", 2)
            yield Commit(name, tuple(parents.split()), author)
        elif line and not line.startswith("commit "):
            name, *found = line.split(" ")
            yield Commit(name, tuple(found))


def head_logs(repository: Repository) -> tuple[Reflog, ...]:
    """The reflogs of HEAD in this and in all linked worktrees (gitrepository-layout(5))."""
    logs = []
    for git_dir in _git_dirs(repository):
        entries = parse_reflog(read_log(git_dir / "logs" / "HEAD"))
        if entries:
            logs.append(Reflog(entries, _original(git_dir)))
    return tuple(logs)


def branch_logs(repository: Repository) -> tuple[Reflog, ...]:
    """The reflogs of all local branches: what is left of a worktree that was removed."""
    return logs_below(repository, "refs/heads")


def logs_below(repository: Repository, folder: str) -> tuple[Reflog, ...]:
    """The reflogs of all refs in a folder of them."""
    top = repository.common_dir / "logs" / folder
    files = sorted(path for path in top.rglob("*") if path.is_file())
    return tuple(Reflog(parse_reflog(read_log(path))) for path in files[:LIMIT])


def _git_dirs(repository: Repository) -> list[Path]:
    linked = sorted(repository.common_dir.glob("worktrees/*"))
    return list(dict.fromkeys([repository.git_dir, repository.common_dir, *linked]))


def _fetch_heads(git_dir: Path) -> tuple[str, ...]:
    try:
        text = (git_dir / "FETCH_HEAD").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(line.partition("\t")[0] for line in text.splitlines() if re.match(r"[0-9a-f]{40,64}\t", line))


def _original(git_dir: Path) -> str:
    """Where a rebase began that is under way: the tip of what is being rebased."""
    for folder in ("rebase-merge", "rebase-apply"):
        try:
            return (git_dir / folder / "orig-head").read_text().strip()
        except OSError:
            continue
    return ""


def read_log(path: Path) -> str:
    """A reflog's text, empty where there is none, or where it is no file of any sane size."""
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST_LOG:
            return ""
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _lines(ids: Collection[str]) -> bytes:
    return "".join(f"{each}\n" for each in ids).encode()
