"""What a person wants to see of commits before they are built: who wrote what, and which build files differ."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from freshvenv.backends import SCRIPTS
from freshvenv.source.git import Repository
from freshvenv.trust.history import WITHOUT_REPLACEMENTS
from freshvenv.trust.verdict import Finding, Verdict

_BUILD_FILES = (
    "pyproject.toml",
    *SCRIPTS,
    "MANIFEST.in",
    "build.py",
    "build.rs",
    "Cargo.toml",
    "CMakeLists.txt",
    "meson.build",
    "Makefile",
    "uv.toml",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "*requirements*.txt",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    ".gitattributes",
    ".gitmodules",
    ".pre-commit-config.yaml",
    "prek.toml",
)
"""What runs, or decides what runs, when a project is built, installed or opened by its tools."""

_LARGEST = 4 * 1024 * 1024
"""More bytes than any ``pyproject.toml`` has; a larger one is not built."""


_PROJECTS = 20
"""So many projects in folders are asked where their backend lies."""


class Description(NamedTuple):
    """Commits with the line that names each, and the build files that differ from what is trusted."""

    titles: Mapping[str, str]
    build_files: tuple[str, ...]
    base: str


def titles(repository: Repository, findings: Iterable[Finding]) -> dict[str, str]:
    """For each commit its author and subject, as the commit itself says: they prove nothing."""
    ids = "".join(f"{finding.commit}\n" for finding in findings).encode()
    if not ids:
        return {}
    words = ("rev-list", "--no-walk=unsorted", "--ignore-missing", "--format=%x00%H%x00%an: %s", "--stdin")
    done = repository.git(*words, env=WITHOUT_REPLACEMENTS, input=ids)
    rows = (line[1:].split("\0", 1) for line in done.text.split("\n") if line.startswith("\0"))
    return {row[0]: row[1] for row in rows}


def describe(repository: Repository, verdict: Verdict) -> Description:
    """What to show of the commits that are not trusted."""
    strange = verdict.strange
    base = _base(repository, verdict)
    return Description(titles(repository, strange[:50]), tuple(_build_files(repository, base, verdict.head)), base)


def _base(repository: Repository, verdict: Verdict) -> str:
    """The newest trusted commit before those that are not; empty when there is none."""
    ids = {finding.commit for finding in verdict.strange}
    words = ("rev-list", "--parents", "--no-walk=unsorted", "--ignore-missing", "--stdin")
    listing = "".join(f"{each}\n" for each in ids).encode()
    done = repository.git(*words, env=WITHOUT_REPLACEMENTS, input=listing)
    parents = {parent for line in done.text.split("\n") for parent in line.split(" ")[1:]} - ids
    if not parents:
        return ""
    newest = repository.git("rev-list", "--max-count=1", *sorted(parents), env=WITHOUT_REPLACEMENTS)
    return newest.text if newest.status == 0 else ""


def _build_files(repository: Repository, base: str, head: str) -> Iterable[str]:
    compare = ["diff-tree", "--no-renames", base] if base else ["ls-tree"]
    words = [compare[0], "-r", "-z", "--name-only", *compare[1:], head]
    paths = [path for path in repository.git(*words, env=WITHOUT_REPLACEMENTS).text.split("\0") if path]
    changed = {PurePosixPath(path).parent for path in paths if PurePosixPath(path).name == "pyproject.toml"}
    projects = sorted({PurePosixPath(), *changed})[:_PROJECTS]
    backends = tuple(folder for project in projects for folder in _backend_paths(repository, head, project))
    for path in paths:
        name = PurePosixPath(path).name
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in _BUILD_FILES) or any(
            path.startswith(f"{folder}/") or folder == "." for folder in backends
        ):
            yield path


def _backend_paths(repository: Repository, head: str, project: PurePosixPath) -> tuple[str, ...]:
    """Where a backend in a project's own tree lies (PEP 517, ``backend-path``)."""
    name = f"{head}:{project / 'pyproject.toml'}"
    text = repository.git("cat-file", "blob", name, env=WITHOUT_REPLACEMENTS)
    if len(text.stdout) > _LARGEST:
        return ()
    try:
        found = tomllib.loads(text.stdout.decode())["build-system"]["backend-path"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ()
    if not isinstance(found, list):
        return ()
    return tuple((project / each).as_posix() for each in found if isinstance(each, str))
