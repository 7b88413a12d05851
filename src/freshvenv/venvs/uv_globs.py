"""The globs of uv's ``cache-keys``: which files they select, with the semantics of the crates that uv uses.

Those are ``globwalk`` 0.9.1, ``ignore`` (``overrides.rs``, ``gitignore.rs``) and ``globset`` (``glob.rs``): gitignore's
rules with the meaning of ``!`` turned round, ``*`` that stops at a slash, and brace alternatives.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

GLOB_PART_CHARACTERS: Final = frozenset("*{}?[]")  # where the walked base of a glob ends


class InvalidGlobError(ValueError):
    """A cache key is a glob which uv cannot parse; ``uv sync`` fails on such a project too."""


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
