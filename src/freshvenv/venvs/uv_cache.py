"""What uv would write to ``uv_cache.json`` for a project directory: the state of its cache keys.

Sources, all in astral-sh/uv (read at 0.12.5, checked against the 0.13.9 binary):
``crates/uv-cache-info/src/{cache_info,timestamp,git_info,glob}.rs``, ``uv_fs::created_time``,
``uv_fs::find_git_repository_root``; the globs are those of the crates ``globwalk`` 0.9.1,
``ignore`` (``overrides.rs``, ``gitignore.rs``) and ``globset`` (``glob.rs``).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
Time: TypeAlias = "dict[str, int]"

DEFAULT_KEYS: Final[tuple[Json, ...]] = ("pyproject.toml", "setup.py", "setup.cfg", {"dir": "src"})
GLOB_CHARACTERS: Final = frozenset("*?[{")  # what makes a key a glob
HEX_DIGITS: Final = frozenset("0123456789ABCDEFabcdef")


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
                        # Imported here, as the globs are: what a project has no use for costs it nothing.
                        from freshvenv.venvs.birth import birth_ns

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

    if globs:
        from freshvenv.venvs.uv_globs import cluster, walk

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
    """Return the change time of the regular file at *path*, links followed, else None."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_ctime_ns


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
    if len(text) != 40 or not HEX_DIGITS.issuperset(text):
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
