"""Settings as values, from ``[tool.freshvenv]`` in ``pyproject.toml`` and from ``freshvenv.*`` in git's configuration.

The tree says what it would like, for everybody. Git's configuration is personal and never versioned: only it can name
venvs outside of the repository.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from freshvenv.errors import SettingsError
from freshvenv.files import read_file
from freshvenv.fingerprint import BuildFrom, Recipe
from freshvenv.plan import OnStale
from freshvenv.source.git import truth

DEFAULT_VENVS = (".venv", "venv", ".nox/*", ".tox/*")

DEFAULT_TIMEOUT = 600
"""Seconds: git's command waits for the hook."""


_KEYS = (
    "venvs",
    "exclude",
    "editable",
    "extras",
    "groups",
    "config-settings",
    "build-from",
    "on-stale",
    "on-commit",
    "projects",
)
_PROJECT_KEYS = ("path", *(key for key in _KEYS if key not in {"projects", "on-commit", "on-stale"}))
_OF_OTHERS = frozenset({"enabled", "strangerefs", "trust", "trustedremotes"})
"""Personal keys that are read elsewhere: opting in, and trust."""

_PERSONAL_KEYS = (*(key for key in _KEYS if key not in {"projects", "config-settings"}), "timeout")


class ProjectSettings(NamedTuple):
    """What is wanted of one project. ``path`` is relative to the repository, ``.`` for its top.

    ``venvs`` is empty when none are configured. ``editable`` is absent when the mode is to be kept as it is found.
    ``personal_venvs`` has the venvs that the user's own configuration names, wherever they are.
    """

    path: str = "."
    venvs: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    editable: bool | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    config_settings: tuple[tuple[str, str], ...] = ()
    build_from: BuildFrom = BuildFrom.CLEAN_CHECKOUT
    personal_venvs: tuple[str, ...] = ()

    def recipe(self, *, editable: bool) -> Recipe:
        """How to install, where ``editable`` is the mode that was found."""
        return Recipe(
            editable=editable if self.editable is None else self.editable,
            extras=self.extras,
            groups=self.groups,
            config_settings=self.config_settings,
            build_from=self.build_from,
        )


class Settings(NamedTuple):
    """All settings. ``projects`` is empty when none are listed: then they are found.

    ``timeout`` is how many seconds a build may take that nobody asked for by name; 0 for as long as it likes.
    """

    default: ProjectSettings = ProjectSettings()
    projects: tuple[ProjectSettings, ...] = ()
    on_stale: OnStale = OnStale.REINSTALL
    on_commit: bool = False
    timeout: int = DEFAULT_TIMEOUT

    def of(self, path: str) -> ProjectSettings:
        """The settings of the project at a path relative to the repository."""
        for project in self.projects:
            if project.path == path:
                return project
        return self.default._replace(path=path)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a table; empty when there is no such file. Raises :class:`SettingsError`, which names the line."""
    try:
        return tomllib.loads(read_file(path).decode())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SettingsError(
            f"{path.name} is broken: {error.reason} (at line {line})", hint="it is not UTF-8"
        ) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path.name} is broken: {error}", hint="nothing was changed") from error


def parse_settings(pyproject: Mapping[str, Any], personal: Iterable[tuple[str, str]] = ()) -> Settings:
    """Settings from a parsed ``pyproject.toml`` and from keys and values of git's configuration (``freshvenv.*``).

    Raises :class:`SettingsError` for an unknown key, with the nearest known one, and for a value of the wrong kind.
    """
    tool = pyproject.get("tool", {})
    table = tool.get("freshvenv", {}) if isinstance(tool, Mapping) else {}
    if not isinstance(table, Mapping):
        raise SettingsError("[tool.freshvenv] is not a table")
    _refuse_unknown(table, _KEYS, "[tool.freshvenv]")
    settings = _general(Settings(default=_project(table, ProjectSettings(), "[tool.freshvenv]")), table)
    rows = table.get("projects", [])
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise SettingsError("[[tool.freshvenv.projects]] is not an array of tables")
    projects = []
    for row in rows:
        where = "[[tool.freshvenv.projects]]"
        _refuse_unknown(row, _PROJECT_KEYS, where)
        if not isinstance(row.get("path"), str):
            raise SettingsError(f"{where} needs a path")
        path = posixpath.normpath(row["path"])
        if "\0" in path:
            raise SettingsError(f"{where}: {path!r} is not a path")
        if path == ".." or path.startswith(("/", "../")):
            raise SettingsError(f"{where}: path {row['path']!r} leaves the repository")
        projects.append(_project(row, settings.default._replace(path=path), where))
    return _personal(settings._replace(projects=tuple(projects)), personal)


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            import difflib

            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise SettingsError(f"{where} has no setting {key!r}", hint=f"did you mean {nearest[0]!r}?")


def _general(settings: Settings, table: Mapping[str, Any]) -> Settings:
    where = "[tool.freshvenv]"
    if "on-stale" in table:
        settings = settings._replace(on_stale=_member(OnStale, table["on-stale"], f"{where} on-stale"))
    if "on-commit" in table:
        settings = settings._replace(on_commit=_flag(table["on-commit"], f"{where} on-commit"))
    return settings


def _project(table: Mapping[str, Any], base: ProjectSettings, where: str) -> ProjectSettings:
    changes: dict[str, Any] = {}
    for key, name in (("venvs", "venvs"), ("exclude", "exclude")):
        if key in table:
            changes[name] = tuple(_inside(path, f"{where} {key}") for path in _texts(table[key], f"{where} {key}"))
    for key in ("extras", "groups"):
        if key in table:
            changes[key] = tuple(sorted(set(_texts(table[key], f"{where} {key}"))))
    if "editable" in table:
        changes["editable"] = _flag(table["editable"], f"{where} editable")
    if "build-from" in table:
        changes["build_from"] = _member(BuildFrom, table["build-from"], f"{where} build-from")
    if "config-settings" in table:
        pairs = table["config-settings"]
        if not isinstance(pairs, Mapping) or not all(isinstance(value, str) for value in pairs.values()):
            raise SettingsError(f"{where} config-settings is not a table of strings")
        changes["config_settings"] = tuple(sorted(pairs.items()))
    return base._replace(**changes)


def _personal(settings: Settings, pairs: Iterable[tuple[str, str]]) -> Settings:
    lists: dict[str, list[str]] = {}
    for full, value in pairs:
        key = full.partition(".")[2].lower()
        if key in _OF_OTHERS or key.endswith(".pinned"):
            continue
        if key not in _PERSONAL_KEYS:
            import difflib

            nearest = difflib.get_close_matches(key, _PERSONAL_KEYS, n=1, cutoff=0.0)
            raise SettingsError(
                f"git's configuration has an unknown setting {full!r}", hint=f"did you mean 'freshvenv.{nearest[0]}'?"
            )
        lists.setdefault(key, []).append(value)
    changes: dict[str, Any] = {}
    for key, values in lists.items():
        where = f"freshvenv.{key} in git's configuration"
        match key:
            case "venvs":
                changes["personal_venvs"] = tuple(values)
            case "extras" | "groups":
                changes[key] = tuple(sorted(set(values)))
            case "editable":
                changes["editable"] = _git_flag(values[-1], where)
            case "build-from":
                changes["build_from"] = _member(BuildFrom, values[-1], where)
            case "on-stale":
                settings = settings._replace(on_stale=_member(OnStale, values[-1], where))
            case "on-commit":
                settings = settings._replace(on_commit=_git_flag(values[-1], where))
            case "timeout":
                settings = settings._replace(timeout=_seconds(values[-1], where))
    excluded = lists.get("exclude", [])

    def mine(project: ProjectSettings) -> ProjectSettings:
        return project._replace(**changes, exclude=(*project.exclude, *excluded))

    return settings._replace(default=mine(settings.default), projects=tuple(map(mine, settings.projects)))


def _inside(path: str, where: str) -> str:
    if "\0" in path:
        raise SettingsError(f"{where}: {path!r} is not a path")
    normal = posixpath.normpath(path)
    if path.startswith(("/", "~")) or normal == ".." or normal.startswith("../"):
        raise SettingsError(
            f"{where}: {path!r} leaves the repository",
            hint=f"a venv elsewhere is named in your own configuration: git config --add freshvenv.venvs {path}",
        )
    return normal


def _texts(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise SettingsError(f"{where} is not a list of strings")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{where} is neither true nor false")
    return value


def _git_flag(value: str, where: str) -> bool:
    """A truth value as git-config(1) writes it."""
    found = truth(value)
    if found is None:
        raise SettingsError(f"{where} is neither true nor false: {value!r}")
    return found


def _seconds(value: str, where: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise SettingsError(f"{where} is not a number of seconds: {value!r}", hint="0 is no limit")
    return int(value)


_Choice = TypeVar("_Choice", OnStale, BuildFrom)


def _member(kind: type[_Choice], value: object, where: str) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(repr(member.value) for member in kind)
        raise SettingsError(f"{where} is {value!r}", hint=f"it can be {known}") from None
