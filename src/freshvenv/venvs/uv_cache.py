"""What uv would write to ``uv_cache.json`` for a project directory: the state of its cache keys.

Sources, all in astral-sh/uv (read at 0.12.5, checked against the 0.13.9 binary):
``crates/uv-cache-info/src/{cache_info,timestamp,git_info,glob}.rs``, ``uv_fs::created_time``,
``uv_fs::find_git_repository_root``; the globs are those of the crates ``globwalk`` 0.9.1,
``ignore`` (``overrides.rs``, ``gitignore.rs``) and ``globset`` (``glob.rs``).
"""

from __future__ import annotations

import ctypes
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
Time: TypeAlias = "dict[str, int]"

DEFAULT_KEYS: Final[tuple[Json, ...]] = ("pyproject.toml", "setup.py", "setup.cfg", {"dir": "src"})
GLOB_CHARACTERS: Final = frozenset("*?[{")  # what makes a key a glob
GLOB_PART_CHARACTERS: Final = frozenset("*{}?[]")  # where the walked base of a glob ends
FULL_SHA: Final = re.compile(r"[0-9A-Fa-f]{40}")


class InvalidGlobError(ValueError):
    """A cache key is a glob which uv cannot parse; ``uv sync`` fails on such a project too."""


def cache_info(project: Path, pyproject: Mapping[str, Json], environ: Mapping[str, str]) -> dict[str, Json]:
    """Return the content of ``uv_cache.json`` for *project*, keys in uv's order.

    *project* is absolute; *pyproject* is its parsed ``pyproject.toml`` (empty when missing or invalid);
    *environ* is the environment the user's uv will see. Reads file metadata and git's files, runs nothing.

    Raises ``InvalidGlobError``. Source: ``CacheInfo::from_directory``.
    """
    newest: int | None = None
    commit: str | None = None
    tags: dict[str, str] | None = None
    env: dict[str, str | None] = {}
    directories: dict[str, Time | int | None] = {}
    globs: list[str] = []

    for key in cache_keys(pyproject):
        match key:
            case str(file) | {"file": str(file)}:
                if GLOB_CHARACTERS.isdisjoint(file):
                    newest = latest(newest, changed(os.path.join(project, file)))
                else:
                    globs.append(file)
            case {"dir": str(name)}:
                path = os.path.join(project, name)
                try:
                    found = os.stat(path)
                except FileNotFoundError:
                    directories[name] = None
                except OSError:
                    continue
                else:
                    if stat.S_ISDIR(found.st_mode):
                        birth = birth_ns(path)
                        directories[name] = found.st_ino if birth is None else time(birth)
            case {"git": True}:
                commit = head_commit(project) or commit
            case {"git": {**wanted}}:
                if wanted.get("commit"):
                    commit = head_commit(project) or commit
                if wanted.get("tags"):
                    found_tags = all_tags(project)
                    tags = tags if found_tags is None else found_tags
            case {"env": str(name)}:
                env[name] = environ.get(name)

    for base, patterns in cluster(globs):
        for path in walk(os.path.join(project, base), patterns):
            newest = latest(newest, changed(path))

    return {
        "timestamp": None if newest is None else time(newest),
        "commit": commit,
        "tags": tags,
        "env": dict(sorted(env.items())),
        "directories": dict(sorted(directories.items())),
    }


def is_empty(info: Mapping[str, Json]) -> bool:
    """Tell whether uv would write no ``uv_cache.json`` at all (``CacheInfo::is_empty``): ``tags = {}`` counts."""
    return (
        info["timestamp"] is None
        and info["commit"] is None
        and info["tags"] is None
        and not info["env"]
        and not info["directories"]
    )


# --- the keys ---------------------------------------------------------------------------------------------


def cache_keys(pyproject: Mapping[str, Json]) -> Sequence[Json]:
    """Return ``tool.uv.cache-keys``, or uv's defaults where it is unset or one item is not valid.

    One bad item makes uv drop the whole list (the enum is untagged and denies unknown fields).
    ``uv.toml`` is not read for it.
    """
    tool = pyproject.get("tool")
    uv = tool.get("uv") if isinstance(tool, Mapping) else None
    keys = uv.get("cache-keys") if isinstance(uv, Mapping) else None
    if not isinstance(keys, list) or not all(map(is_cache_key, keys)):
        return DEFAULT_KEYS
    return keys


def is_cache_key(key: Json) -> bool:
    match key:
        case str():
            return True
        case {"file": str(), **rest} | {"dir": str(), **rest} | {"env": str(), **rest} | {"git": bool(), **rest}:
            return not rest
        case {"git": {**fields}, **rest}:
            return not rest and all(
                name in ("commit", "tags") and isinstance(value, bool) for name, value in fields.items()
            )
    return False


# --- times ------------------------------------------------------------------------------------------------


def time(nanoseconds: int) -> Time:
    """Return serde's form of a ``SystemTime``."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return {"secs_since_epoch": seconds, "nanos_since_epoch": rest}


def latest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)


def changed(path: str) -> int | None:
    """Return the change time (ctime; mtime on Windows) of the regular file at *path*, links followed, else None."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns if sys.platform == "win32" else found.st_ctime_ns


class _Statx(ctypes.Structure):
    """``struct statx`` of linux/stat.h up to ``stx_btime``; the kernel's is 256 bytes."""

    _fields_ = [
        ("mask", ctypes.c_uint32),
        ("_until_btime", ctypes.c_byte * 76),
        ("btime_sec", ctypes.c_int64),
        ("btime_nsec", ctypes.c_uint32),
        ("_rest", ctypes.c_byte * 164),
    ]


class _DarwinStat(ctypes.Structure):
    """``struct stat`` with 64-bit inodes of macOS up to ``st_birthtimespec``; the whole is 144 bytes."""

    _fields_ = [
        ("_until_birthtime", ctypes.c_byte * 80),
        ("birth_sec", ctypes.c_int64),
        ("birth_nsec", ctypes.c_int64),
        ("_rest", ctypes.c_byte * 48),
    ]


def birth_ns(path: str) -> int | None:
    """Return the birth time of *path* in nanoseconds, links followed; None where it cannot be had.

    ``os.stat`` has none on Linux in any Python, and only a float on macOS; ``os.statx`` comes with Python 3.15.
    """
    try:
        if sys.platform == "linux":
            return _birth_linux(path)
        if sys.platform == "darwin":
            return _birth_darwin(path)
    except (AttributeError, OSError):  # a libc without statx, or no ctypes.CDLL(None)
        return None
    found = os.stat(path)
    birth: int | None = getattr(found, "st_birthtime_ns", None)
    return found.st_ctime_ns if birth is None and sys.platform == "win32" else birth


def _birth_linux(path: str) -> int | None:
    at_fdcwd, basic_stats, btime = -100, 0x7FF, 0x800  # linux/fcntl.h, linux/stat.h
    found = _Statx()
    statx = ctypes.CDLL(None).statx
    statx.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    statx.restype = ctypes.c_int
    if statx(at_fdcwd, os.fsencode(path), 0, basic_stats | btime, ctypes.byref(found)) or not found.mask & btime:
        return None
    return int(found.btime_sec) * 1_000_000_000 + int(found.btime_nsec)


def _birth_darwin(path: str) -> int | None:
    found = _DarwinStat()
    libc = ctypes.CDLL(None)
    function = libc["stat" if os.uname().machine == "arm64" else "stat$INODE64"]
    function.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    if function(os.fsencode(path), ctypes.byref(found)):
        return None
    return int(found.birth_sec) * 1_000_000_000 + int(found.birth_nsec)


# --- git --------------------------------------------------------------------------------------------------


def git_folders(project: Path) -> tuple[Path, Path] | None:
    """Return the git directory and the common directory of *project*'s repository.

    uv reads the files itself and does not look at ``GIT_DIR``. Source: ``GitRepository::find``.
    """
    for folder in (project, *project.parents):
        dot_git = folder / ".git"
        if dot_git.exists():
            break
    else:
        return None
    git_dir = dot_git
    if not dot_git.is_dir():
        try:
            content = dot_git.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        if not content.startswith("gitdir:"):
            return None
        git_dir = folder / content.removeprefix("gitdir:").strip()
    try:
        common = git_dir / (git_dir / "commondir").read_text("utf-8").strip()
    except FileNotFoundError:
        common = git_dir
    except (OSError, UnicodeDecodeError):
        return None
    return git_dir, common


def head_commit(project: Path) -> str | None:
    """Return the commit at HEAD, None on an unborn branch, in a SHA-256 or reftable repository, or without one."""
    folders = git_folders(project)
    if folders is None:
        return None
    git_dir, common = folders
    try:
        words = (git_dir / "HEAD").read_text("utf-8").split()
        if len(words) < 2:
            return full_sha(words[0])
        name = words[1]
        return read_ref(git_dir / name) or read_ref(common / name) or packed_refs(common)[name]
    except (OSError, ValueError, LookupError):
        return None


def all_tags(project: Path) -> dict[str, str] | None:
    """Return every tag and the object it names, not peeled (an annotated tag: the tag object); None without git."""
    folders = git_folders(project)
    if folders is None:
        return None
    _, common = folders
    top = common / "refs" / "tags"
    try:
        prefix = "refs/tags/"
        found = {name.removeprefix(prefix): sha for name, sha in packed_refs(common).items() if name.startswith(prefix)}
        for folder, _, files in os.walk(top):
            for file in files:
                path = Path(folder, file)
                sha = None if path.is_symlink() else read_ref(path)
                if sha is not None:
                    found[path.relative_to(top).as_posix()] = sha
    except (OSError, ValueError):
        return None
    return dict(sorted(found.items()))


def full_sha(text: str) -> str:
    if FULL_SHA.fullmatch(text) is None:
        raise ValueError(text)
    return text


def read_ref(path: Path) -> str | None:
    try:
        return full_sha(path.read_text("utf-8").strip())
    except FileNotFoundError:
        return None


def packed_refs(common: Path) -> dict[str, str]:
    try:
        lines = (common / "packed-refs").read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    refs: dict[str, str] = {}
    for line in map(str.strip, lines):
        if line and not line.startswith(("#", "^")):
            sha, _, name = line.partition(" ")
            refs[name] = full_sha(sha)
    return refs


# --- globs ------------------------------------------------------------------------------------------------


def split_glob(glob: str) -> tuple[list[str], list[str]]:
    """Split a glob into the parts of the folder to walk and those of the pattern beneath it.

    Parts are those of Rust's ``Path::components``: a leading "/", ".." and names; the last name is always pattern.
    """
    parts = ["/"] * glob.startswith("/") + [part for part in glob.split("/") if part not in ("", ".")]
    at = len(parts) - (parts[-1:] not in ([], ["/"], [".."]))
    for index, part in enumerate(parts):
        if not GLOB_PART_CHARACTERS.isdisjoint(part):
            at = index
            break
    return parts[:at], parts[at:]


class _Node:
    """A folder in the trie of glob bases."""

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.patterns: list[str] = []

    def sorted_children(self) -> list[tuple[str, _Node]]:
        order = {"/": 0, "..": 1}  # the order of Rust's Component
        return sorted(self.children.items(), key=lambda item: (order.get(item[0], 2), os.fsencode(item[0])))


Group: TypeAlias = "tuple[str, list[str]]"


def cluster(globs: Iterable[str]) -> list[Group]:
    """Group globs by common base, as ``cluster_globs`` does.

    This is more than speed: a pattern without a slash matches at any depth, so ``src/*.py`` alone also finds
    ``src/a/b.py``, and beside ``*.toml`` (base "") it does not.
    """
    root = _Node()
    for glob in globs:
        base, pattern = split_glob(glob)
        node = root
        for part in base:
            node = node.children.setdefault(part, _Node())
        node.patterns.append("/".join(pattern))
    groups: list[Group] = []
    _collect_groups(root, "", groups)
    return groups


def _collect_groups(node: _Node, prefix: str, groups: list[Group]) -> None:
    if node.patterns:
        patterns: list[str] = []
        _collect_patterns(node, "", prefix, patterns, groups)
        groups.append((prefix, patterns))
        return
    for part, child in node.sorted_children():
        _collect_groups(child, os.path.join(prefix, part), groups)


def _collect_patterns(node: _Node, within: str, prefix: str, patterns: list[str], groups: list[Group]) -> None:
    patterns.extend(os.path.join(within, pattern) for pattern in node.patterns)
    for part, child in node.sorted_children():
        deeper = os.path.join(prefix, part)
        if part in ("/", ".."):
            _collect_groups(child, deeper, groups)
        else:
            _collect_patterns(child, os.path.join(within, part), deeper, patterns, groups)


def walk(base: str, patterns: Iterable[str]) -> Iterator[str]:
    """Yield the files and links beneath *base* that the patterns select, with the semantics of ``globwalk``.

    The patterns are gitignore lines with the meaning of "!" inverted; the last one that matches decides.
    Hidden files and what git ignores are walked too, ``.venv`` included; links to folders are not entered.
    """
    rules = [rule for rule in map(_rule, patterns) if rule is not None]
    pending = [(base, b"")]
    while pending:
        folder, within = pending.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            relative = within + os.fsencode(entry.name)
            is_dir = entry.is_dir(follow_symlinks=False)
            verdict = next(
                (
                    selects
                    for matches, selects, only_dir in reversed(rules)
                    if (is_dir or not only_dir) and matches(relative)
                ),
                None,
            )
            if not is_dir:
                if verdict:
                    yield entry.path
            elif verdict is not False:
                pending.append((entry.path, relative + b"/"))


def _rule(line: str) -> tuple[Any, bool, bool] | None:
    """Translate one line (``GitignoreBuilder::add_line``) to: a matcher, whether it selects, folders only."""
    if line == "*":  # globwalk's own exception
        line = "/*"
    if line.startswith("#"):
        return None
    if not line.endswith("\\ "):
        line = line.rstrip()
    if not line:
        return None
    selects, anchored, only_dir = True, False, False
    if line.startswith(("\\!", "\\#")):
        line = line[1:]
    else:
        if line.startswith("!"):
            line, selects = line[1:], False
        if line.startswith("/"):
            line, anchored = line[1:], True
    if line.endswith("/"):
        line, only_dir = line[:-1].removesuffix("\\"), True
    if not anchored and "/" not in line and line != "**":
        line = f"**/{line}"
    if line.endswith("/**"):
        line = f"{line}/*"
    try:
        return re.compile(_GlobParser(line).regex(), re.DOTALL).fullmatch, selects, only_dir
    except re.error as error:
        raise InvalidGlobError(line) from error


ANY: Final = b"[^/]"
ZERO_OR_MORE: Final = b"[^/]*"
RECURSIVE_PREFIX: Final = b"(?:/?|.*/)"
RECURSIVE_SUFFIX: Final = b"/.*"
RECURSIVE_BETWEEN: Final = b"(?:/|/.*/)"


class _GlobParser:
    """A glob as a regular expression over bytes: globset's parser with literal_separator and backslash_escape."""

    def __init__(self, glob: str) -> None:
        self.glob = glob
        self.at = 0
        self.branches: list[list[bytes]] = [[]]
        self.open: list[int] = []

    def regex(self) -> bytes:
        while self.at < len(self.glob):
            character = self.glob[self.at]
            self.at += 1
            match character:
                case "?":
                    self.push(ANY)
                case "*":
                    self.star()
                case "[":
                    self.character_class()
                case "{":
                    self.open.append(len(self.branches))
                    self.branches.append([])
                case "}":
                    self.close()
                case "," if self.open:
                    self.branches.append([])
                case "\\":
                    if self.at == len(self.glob):
                        raise InvalidGlobError(self.glob)
                    self.push(literal(self.glob[self.at]))
                    self.at += 1
                case _:
                    self.push(literal(character))
        if self.open:
            raise InvalidGlobError(self.glob)
        [tokens] = self.branches
        return b".*" if tokens == [RECURSIVE_PREFIX] else b"".join(tokens)

    def push(self, token: bytes) -> None:
        self.branches[-1].append(token)

    def peek(self) -> str | None:
        return self.glob[self.at] if self.at < len(self.glob) else None

    def close(self) -> None:
        if not self.open:
            raise InvalidGlobError(self.glob)
        start = self.open.pop()
        alternatives = [alternative for alternative in map(b"".join, self.branches[start:]) if alternative]
        del self.branches[start:]
        self.push(b"(?:" + b"|".join(alternatives) + b")" if alternatives else b"")

    def star(self) -> None:
        previous = self.glob[self.at - 2] if self.at > 1 else None
        if self.peek() != "*":
            self.push(ZERO_OR_MORE)
            return
        self.at += 1
        after = self.peek()
        in_branch = len(self.branches) > 1
        if not self.branches[-1] and after in (None, "/"):
            self.at += 1
            self.push(RECURSIVE_PREFIX)
        elif not self.branches[-1] or not (previous == "/" or (in_branch and previous in (",", "{"))):
            self.push(ZERO_OR_MORE * 2)
        elif after == "/":
            self.at += 1
            self.recursive(RECURSIVE_BETWEEN)
        elif after is None or (in_branch and after in ",}"):
            self.recursive(RECURSIVE_SUFFIX)
        else:
            self.push(ZERO_OR_MORE * 2)

    def recursive(self, token: bytes) -> None:
        """Let a token take the place of the "/" before it."""
        last = self.branches[-1].pop()
        self.push(last if last in (RECURSIVE_PREFIX, RECURSIVE_SUFFIX) else token)

    def character_class(self) -> None:
        negated = self.peek() in ("!", "^")
        self.at += negated
        end = self.glob.find("]", self.at + 1)
        if end < 0:
            raise InvalidGlobError(self.glob)
        content, self.at = self.glob[self.at : end], end + 1
        ranges: list[list[str]] = []
        in_range = False
        for character in content:
            if in_range:
                ranges[-1][1] = character
                in_range = False
                if ranges[-1][1] < ranges[-1][0]:
                    raise InvalidGlobError(self.glob)
            elif character == "-" and ranges:
                in_range = True
            else:
                ranges.append([character, character])
        if in_range:
            ranges.append(["-", "-"])
        body = b"".join(literal(a) if a == b else literal(a) + b"-" + literal(b) for a, b in ranges)
        self.push((b"[^" if negated else b"[") + body + b"]")


def literal(character: str) -> bytes:
    """Escape a character for a pattern over bytes; outside ASCII it is its UTF-8 bytes, also within a class."""
    return b"".join(b"\\x%02x" % byte for byte in character.encode("utf-8"))
