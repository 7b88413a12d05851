"""Where a project's tables for uv say that requirements come from, instead of PyPI.

https://docs.astral.sh/uv/concepts/projects/dependencies/#dependency-sources
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from freshvenv.files import read_file
from freshvenv.installers import Index
from freshvenv.project import Project
from freshvenv.pyproject import dig, folders_upwards, normalized


def from_their_sources(requirements: Iterable[str], project: Project) -> tuple[str, ...]:
    """The requirements as an installer has to be told, each with its source where it has one.

    Those whose source cannot be said in a requirement (another index, a workspace that has no such member) are left
    out: an index that happens to have the name has something else.
    """
    # Imported here: only what is missing is installed.
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    found = dict(_sources(project))
    told = []
    for line in requirements:
        requirement = Requirement(line)
        source = found.get(normalized(requirement.name))
        if source and requirement.url is None:
            requirement.url, requirement.specifier = source, SpecifierSet()
        if source != "":
            told.append(str(requirement))
    return tuple(told)


def declared_indexes(project: Project) -> tuple[Index, ...]:
    """The indexes that a project, or the workspace that it is in, declares for all of its requirements.

    https://docs.astral.sh/uv/concepts/indexes/
    """
    root = _workspace_of(project)
    folder, pyproject = (root, _read(root)) if root else (project.directory, project.pyproject)
    rows = dig(pyproject, "tool", "uv", "index")
    found = [
        Index(_place(folder, row["url"]), str(row.get("name", "")), row.get("default") is True)
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping) and isinstance(row.get("url"), str) and row.get("explicit") is not True
    ]
    found += [Index(_place(folder, url)) for url in _strings(dig(pyproject, "tool", "uv", "extra-index-url"))]
    if isinstance(url := dig(pyproject, "tool", "uv", "index-url"), str):
        found.append(Index(_place(folder, url), is_default=True))
    return tuple(found)


def _place(folder: Path, url: str) -> str:
    return url if "://" in url else (folder / url).as_uri()


def _workspace_of(project: Project) -> Path | None:
    folders = folders_upwards(project.directory)
    return next((it for it in folders if dig(_read(it), "tool", "uv", "workspace")), None)


def _sources(project: Project) -> Iterator[tuple[str, str]]:
    """Normalized names and where they come from, as the URL of a direct reference (PEP 508), or empty."""
    root = _workspace_of(project)
    members = dict(_members(root)) if root else {}
    tables = [(root, _read(root))] if root and root != project.directory else []
    for folder, pyproject in (*tables, (project.directory, project.pyproject)):
        sources = dig(pyproject, "tool", "uv", "sources")
        for name, source in sources.items() if isinstance(sources, Mapping) else ():
            yield normalized(name), _reference(folder, source, members.get(normalized(name)))


def _reference(folder: Path, source: object, member: Path | None) -> str:
    match source:
        case {"workspace": True} if member:
            return member.as_uri()
        case {"path": str(path)}:
            return Path(os.path.normpath(folder / path)).as_uri()
        case {"url": str(url)}:
            return url
        case {"git": str(url), **rest} if re.match(r"[a-z+]+://", url):
            revision = next((rest[key] for key in ("rev", "tag", "branch") if key in rest), "")
            place = f"#subdirectory={rest['subdirectory']}" if "subdirectory" in rest else ""
            return f"git+{url}{f'@{revision}' if revision else ''}{place}"
    return ""


def _members(root: Path) -> Iterator[tuple[str, Path]]:
    folders = [root]
    for pattern in _strings(dig(_read(root), "tool", "uv", "workspace", "members")):
        with suppress(ValueError, NotImplementedError, IndexError):  # a pattern that is none, for pathlib
            folders += sorted(root.glob(pattern))
    for folder in folders:
        name = dig(_read(folder), "project", "name")
        if isinstance(name, str):
            yield normalized(name), folder


def _read(folder: Path) -> Mapping[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        return tomllib.loads(read_file(folder / "pyproject.toml").decode())
    return {}


def _strings(value: object) -> list[str]:
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []
