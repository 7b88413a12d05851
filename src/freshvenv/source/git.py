"""The git commands that hooks wait for: plumbing only, each asked about ids that were read once.

GitPython answers where a person waits (:mod:`freshvenv.source.changes`); importing it takes longer than all that a
hook has to do, so it is not used here.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

from freshvenv import process
from freshvenv.errors import GitError, NothingHereError, UsageError
from freshvenv.source.picture import QUIET_GIT, STATUS, rows_of
from freshvenv.source.refs import head_branch, head_commit

_PICK = rb"(?m)^\s*(?:pick|p|reword|r|edit|e|squash|s|fixup|f|merge|m|reset|t)\s"
"""What of a todo list moves HEAD (git-rebase(1)); all else is a comment, a name, a pause, or a program."""

_NO_SUCH_KEY = 5
"""The exit status of git-config(1) where what is to be unset is not there."""


class Head(NamedTuple):
    """The commit that is checked out, and its tree."""

    commit: str
    tree: str


class Setting(NamedTuple):
    """A line of git's configuration: its scope (git-config(1)), the file it is in, key and value."""

    scope: str
    file: str
    key: str
    value: str


class Repository:
    """A working tree and the git directories that belong to it, all absolute.

    ``common_dir`` is shared by all linked worktrees, ``git_dir`` is this working tree's own. ``first_head`` is what
    HEAD was when the repository was found.
    """

    def __init__(self, top: Path, git_dir: Path, common_dir: Path, first_head: Head | None = None) -> None:
        self.top = top
        self.git_dir = git_dir
        self.common_dir = common_dir
        self._first_head = first_head

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Repository) and self._places == other._places

    def __hash__(self) -> int:
        return hash(self._places)

    def __repr__(self) -> str:
        return f"Repository{self._places}"

    @property
    def _places(self) -> tuple[Path, Path, Path]:
        return self.top, self.git_dir, self.common_dir

    @property
    def own_state(self) -> Path:
        """Our folder for what belongs to this working tree."""
        return self.git_dir / "freshvenv"

    @property
    def shared_state(self) -> Path:
        """Our folder for what belongs to the clone."""
        return self.common_dir / "freshvenv"

    def git(
        self, *words: str | Path, env: Mapping[str, str] | None = None, input: bytes | None = None
    ) -> process.Finished:
        """Run git in this working tree, whatever its status will be."""
        return git(*words, cwd=self.top, env=env, input=input)

    def ask(self, *words: str | Path, env: Mapping[str, str] | None = None, input: bytes | None = None) -> str:
        """What git answers. Raises :class:`GitError` when it exits with another status than 0."""
        return _answer(words, self.git(*words, env=env, input=input))

    def head(self) -> Head:
        """The commit that is checked out. Raises :class:`NothingHereError` while there is none (an unborn branch)."""
        if self._first_head and self._is_known_at(self._first_head.commit):
            return self._first_head
        done = self.git("rev-parse", "--revs-only", "HEAD^{commit}", "HEAD^{tree}")
        if done.status != 0 or not done.text:
            raise NothingHereError("nothing is committed on this branch yet", hint="commit something first")
        commit, tree = done.text.split("\n")
        return Head(commit, tree)

    def is_at(self, commit: str) -> bool:
        """Whether HEAD is at a commit. git is asked only where its files do not say so."""
        return self._is_known_at(commit) or self.head().commit == commit

    def _is_known_at(self, commit: str) -> bool:
        return head_commit(os.fspath(self.git_dir)) == commit

    def branch(self) -> str:
        """The full name of the branch that is checked out, empty when HEAD is detached."""
        if branch := head_branch(os.fspath(self.git_dir)):
            return branch
        done = self.git("symbolic-ref", "--quiet", "HEAD")
        return done.text if done.status == 0 else ""

    def status(self, pathspecs: Iterable[str] = ()) -> str:
        """What git says differs from HEAD, untracked files included, ignored ones not; only some where given."""
        return self.ask(*STATUS, *pathspecs)

    def listing(self) -> Listing:
        """What git says of the whole working tree now."""
        with self.begin_listing() as begun:
            return begun.finish()

    def begin_listing(self) -> BegunListing:
        """Let git begin to look through the whole working tree."""
        return BegunListing(time.time_ns(), start_git(*STATUS, cwd=self.top))

    def uncommitted(self) -> tuple[str, ...]:
        """Paths in the working tree that differ from HEAD, be they part of a project or not."""
        return self.listing().paths

    def tracks(self, path: Path) -> bool:
        """Whether a file, links resolved, is one that git brings along. Nothing is asked about what lies elsewhere."""
        top, real = os.path.realpath(self.top), os.path.realpath(path)
        if not _is_in(real, top):
            return False
        words = ("--literal-pathspecs", "ls-files", "--error-unmatch", "--", os.path.relpath(real, top))
        return self.git(*words).status == 0

    def describe(self, commit: str) -> str:
        """What version schemes see of a commit: its nearest tag, the distance to it, and the commit itself."""
        words = ("describe", "--tags", "--long", "--always", "--abbrev=40")
        # The nearest tag at all, and the nearest that setuptools-scm and pdm take for a version.
        answers = [self.git(*words, *match, commit) for match in ((), ("--match", "*[0-9]*"), ("--match", "*.*"))]
        said = [answer.text for answer in answers if answer.status == 0 and answer.text != commit] or [commit]
        for text in list(said):
            # Of several tags on one commit a version scheme may prefer another one than git.
            tag = text.rsplit("-", 2)[0]
            where = f"--points-at=refs/tags/{tag}^{{commit}}"
            beside = self.git("for-each-ref", where, "--format=%(refname:strip=2)", "refs/tags").text.split("\n")
            said += beside if len(beside) > 1 else []
        return " ".join(dict.fromkeys(filter(None, said)))

    def ignored(self, path: str) -> tuple[str, ...]:
        """Files below a directory that git ignores, relative to it."""
        prefix = "" if path == "." else f"{path}/"
        listed = self.ask(
            "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", f":(top,literal){prefix}"
        )
        return tuple(name.removeprefix(prefix) for name in listed.split("\0") if name)

    def tags(self, commit: str) -> str:
        """A digest of all tags that lead to a commit or to what came before it."""
        listed = self.ask("for-each-ref", f"--merged={commit}", "--format=%(objectname) %(refname)", "refs/tags")
        return hashlib.sha256(os.fsencode(listed)).hexdigest()

    def submodules(self, tree: str, path: str, env: Mapping[str, str] | None = None) -> tuple[tuple[str, str], ...]:
        """Every submodule below ``path`` that ``tree`` records, with the commit that is checked out in it.

        ``env`` tells git where the objects of the tree are. The commit is empty where the submodule is not populated.
        """
        if not (self.top / ".gitmodules").exists():
            return ()
        words = ["ls-tree", "-r", "-z", tree] + ([] if path == "." else ["--", path])
        entries = [row.split("\t", 1) for row in self.ask(*words, env=env).split("\0") if row]
        paths = [name for meta, name in entries if meta.startswith("160000")]
        return tuple((name, self._submodule_head(name)) for name in paths)

    def _submodule_head(self, path: str) -> str:
        where = self.top / path
        if not (where / ".git").exists():
            return ""
        done = git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", cwd=where)
        return done.text if done.status == 0 else ""

    @cached_property
    def configuration(self) -> tuple[Setting, ...]:
        """All of git's configuration that is in force here, in the order of its precedence.

        It is read once: what was decided by it stays decided.
        """
        done = self.git("config", "-z", "--list", "--show-scope", "--show-origin")
        words = os.fsdecode(done.stdout).split("\0")
        pairs = (pair.partition("\n") for pair in words[2::3])
        return tuple(
            Setting(scope, origin.removeprefix("file:"), key, value if newline else "true")
            for scope, origin, (key, newline, value) in zip(words[::3], words[1::3], pairs, strict=False)
        )

    def is_configured_by_branch(self) -> bool:
        """Whether another branch may have another configuration (git-config(1), ``includeIf.onbranch``)."""
        return any(it.key.startswith("includeif.onbranch:") for it in self.configuration)

    def included(self) -> tuple[Path, ...]:
        """The files that the configuration includes, or would if they were there, whatever the condition."""
        pairs = ((it.file, it.value) for it in self.configuration if re.fullmatch(r"include(if\..*)?\.path", it.key))
        return tuple(self.top / os.path.dirname(file) / os.path.expanduser(value) for file, value in pairs)

    def places_of_replacements(self) -> tuple[Path, ...]:
        """Where replace refs are, or would be: with them, git shows other files in a commit (git-replace(1))."""
        loose, packed = self.common_dir / "refs" / "replace", self.common_dir / "packed-refs"
        try:
            is_packed = b" refs/replace/" in packed.read_bytes()
        except OSError:
            is_packed = False
        return (loose, packed) if is_packed else (loose,)

    def settings(self, pattern: str) -> tuple[tuple[str, str], ...]:
        """Keys and values of git's configuration whose key matches, in the order of their precedence.

        What is ours does not count where it stands in a file of the working tree, which the configuration may include.
        """
        return tuple(
            (it.key, it.value)
            for it in self.configuration
            if re.search(pattern, it.key) and not (it.key.startswith("freshvenv.") and self._comes_with_tree(it.file))
        )

    def _comes_with_tree(self, file: str) -> bool:
        if not file or file.startswith(("command line", "standard input", "blob:")):
            return False
        real = os.path.realpath(self.top / file)
        inner = (os.path.realpath(self.git_dir), os.path.realpath(self.common_dir))
        return _is_in(real, os.path.realpath(self.top)) and not any(_is_in(real, each) for each in inner)

    def is_opted_in(self) -> bool:
        """Whether this clone's user wants automatic reinstalls here: what is set for all clones does not count."""
        own = [it for it in self.configuration if it.key == "freshvenv.enabled" and it.scope in {"local", "worktree"}]
        values = [it.value for it in own if not self._comes_with_tree(it.file)]
        return bool(values) and truth(values[-1]) is True

    def set_local(self, key: str, value: str) -> None:
        """Set a key in this clone's own configuration."""
        self.ask("config", "--local", key, value)
        self.__dict__.pop("configuration", None)

    def add_local(self, key: str, value: str) -> None:
        """Give a key in this clone's own configuration one value more."""
        self.ask("config", "--local", "--add", key, value)
        self.__dict__.pop("configuration", None)

    def unset_local(self, key: str, value: str = "") -> None:
        """Remove a key, or one value of it, from this clone's own configuration; it may not be there.

        Raises :class:`GitError` when it is there and stays.
        """
        which = ("--fixed-value", "--unset-all", key, value) if value else ("--unset-all", key)
        done = self.git("config", "--local", *which)
        if done.status not in {0, _NO_SUCH_KEY}:
            raise GitError(f"git config: {done.complaint}")
        self.__dict__.pop("configuration", None)

    def refresh_index(self) -> None:
        """Let git take note of files whose times changed and whose content did not; not being able to is no harm."""
        self.git("update-index", "-q", "--refresh")

    def hooks_directory(self) -> Path:
        """Where git looks for hooks here: ``core.hooksPath`` is honoured (githooks(5))."""
        return self.top / self.ask_plain("rev-parse", "--git-path", "hooks")

    def ask_plain(self, *words: str) -> str:
        """Like :meth:`ask`, but with the user's own ``core.hooksPath`` in force."""
        return _answer(words, process.run(["git", *words], cwd=self.top))

    def rebase_has_picks_left(self) -> bool:
        """Whether a rebase is under way that has still to move HEAD.

        At the end of a rebase its folder is still there, with an empty todo list, and the tree is final: a rebase
        that only fast-forwards fires nothing but that one post-checkout.
        """
        todo = self.git_dir / "rebase-merge" / "git-rebase-todo"
        if todo.exists():
            return re.search(_PICK, todo.read_bytes()) is not None
        apply = self.git_dir / "rebase-apply"
        try:
            return int((apply / "next").read_text()) <= int((apply / "last").read_text())
        except (OSError, ValueError):
            return False

    def brought_content_in(self) -> bool:
        """Whether the last commit carried changes that were made elsewhere: a merge, cherry-pick or revert."""
        parents = self.git("rev-list", "--parents", "-n", "1", "HEAD").text.split()
        if len(parents) > 2:
            return True
        # Whoever signs commits may have set log.showSignature, whose lines come before those of the format.
        reflog = self.git("log", "--no-show-signature", "--walk-reflogs", "-n", "1", "--format=%gs", "HEAD")
        action, _, subject = reflog.text.partition(":")
        return action in {"cherry-pick", "revert", "commit (cherry-pick)", "commit (merge)"} or (
            # `git revert` was recorded as a plain commit before git 2.40, with nothing but its subject to tell.
            action == "commit" and subject.startswith(' Revert "')
        )


def truth(value: str) -> bool | None:
    """What a value of git's configuration says as one of truth (git-config(1), "boolean"); nothing where it is none."""
    word = value.lower()
    if word in {"true", "yes", "on"} or (word.isascii() and word.isdigit() and int(word) != 0):
        return True
    return False if word in {"", "false", "no", "off", "0"} else None


def _answer(words: Sequence[str | Path], done: process.Finished) -> str:
    """What git said. Raises :class:`GitError` when it exited with another status than 0."""
    if done.status != 0:
        raise GitError(f"git {words[0]}: {done.complaint}")
    return done.text


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}{os.sep}")


def git(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, input: bytes | None = None
) -> process.Finished:
    """Run git in a directory. Raises :class:`GitError` when there is no git."""
    with start_git(*words, cwd=cwd, env=env, input=input) as child:
        return child.finish()


def start_git(
    *words: str | Path, cwd: Path, env: Mapping[str, str] | None = None, input: bytes | None = None
) -> process.Running:
    """Start git in a directory. Raises :class:`GitError` when there is no git."""
    try:
        return process.start(["git", *QUIET_GIT, *words], cwd=cwd, env=env, input=input)
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise UsageError(f"{cwd} is no directory") from error
        raise GitError("git was not found", hint="install git, or put it on PATH") from error


def discover(start: Path) -> Repository:
    """The working tree that ``start`` lies in. Raises :class:`UsageError` when it lies in none."""
    wanted = ("--show-toplevel", "--git-dir", "--git-common-dir")
    # HEAD is asked for in the same breath; while it is unborn, git complains of that only after the paths.
    done = git("rev-parse", "--path-format=absolute", *wanted, "HEAD^{commit}", "HEAD^{tree}", cwd=start)
    lines = done.text.split("\n")
    if done.status == 0 and len(lines) == len(wanted) + 2:
        top, git_dir, common_dir = map(Path, lines[:3])
        return Repository(top, git_dir, common_dir, Head(*lines[3:]))
    # An unborn HEAD, or a newline in a path: one question at a time.
    answers = [git("rev-parse", "--path-format=absolute", word, cwd=start) for word in wanted]
    if any(answer.status != 0 for answer in answers):
        raise _why_no_working_tree(start, answers[0])
    top, git_dir, common_dir = (Path(answer.text) for answer in answers)
    return Repository(top, git_dir, common_dir)


def _why_no_working_tree(start: Path, done: process.Finished) -> UsageError:
    if b"dubious ownership" in done.stderr:
        return UsageError(
            f"{start} is in a repository of somebody else, and git does not work there",
            hint="see safe.directory in git-config(1)",
        )
    bare = git("rev-parse", "--is-bare-repository", cwd=start)
    if bare.status != 0:
        return UsageError(f"{start} is not in a git repository", hint="run it inside of one")
    where = "a bare repository" if bare.text == "true" else "the git directory of a repository"
    return UsageError(f"{start} is in {where}, where there is no working tree", hint="run it in a working tree")


class Listing(NamedTuple):
    """What git said differs from HEAD, and the moment, in nanoseconds since the epoch, just before it was asked."""

    moment: int
    text: str

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in it, be they part of a project or not."""
        return paths_of(rows_of(self.text))


class BegunListing(NamedTuple):
    """What git is about to say, and the moment before it began. It is used in a ``with`` block."""

    moment: int
    child: process.Running

    def finish(self) -> Listing:
        """Wait for it. Raises :class:`GitError`."""
        return Listing(self.moment, _answer(STATUS, self.child.finish()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.__exit__()


def paths_of(rows: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The paths in rows of what :meth:`Repository.status` says."""
    # A path that ends with a slash is a repository of its own, which is not part of this one.
    return tuple(path for _, path in rows if path and not path.endswith("/"))
