"""Finds what is to be kept fresh: every project of the working tree in every venv that holds it."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from freshvenv.config.settings import DEFAULT_VENVS, ProjectSettings, Settings, parse_settings, read_toml
from freshvenv.errors import NothingHereError, SettingsError, UsageError, VenvError, describe_os_error
from freshvenv.project import Project
from freshvenv.pyproject import normalized
from freshvenv.source.git import Repository
from freshvenv.venvs.venv import Distribution, Venv, distributions, egg_links, is_venv, open_venv

MOST = 1000
"""More environments than anybody keeps; a pattern that finds more of them is a mistake, or a trap."""


_MANY = 100
"""More places than a hook is to look at each time, when it has nothing to do."""


class Candidate(NamedTuple):
    """A directory that may be a venv of ours, and what is in it; ``trouble`` says why it cannot be used.

    ``label`` is how messages name it: relative to the working tree where it lies in it. ``links`` are what
    :func:`egg_links` says.
    """

    path: Path
    label: str
    venv: Venv | None = None
    contents: tuple[Distribution, ...] = ()
    links: Mapping[str, Path] = MappingProxyType({})
    trouble: str = ""
    missing: bool = False


class Target(NamedTuple):
    """One project in one venv. ``installed`` are the distributions that an install of the project replaces.

    ``in_the_way`` is what would be found before or beside an install, and is nobody's to replace. ``siblings`` are the
    normalized names of the other projects that are kept fresh in the same venv.
    """

    project: Project
    settings: ProjectSettings
    candidate: Candidate
    configured: bool
    installed: tuple[Distribution, ...] = ()
    in_the_way: str = ""
    siblings: frozenset[str] = frozenset()


class Found(NamedTuple):
    """What is to be kept fresh in a working tree, and where else was looked: at ``candidates``, by ``patterns``."""

    settings: Settings
    targets: tuple[Target, ...]
    candidates: tuple[Candidate, ...]
    patterns: tuple[Path, ...]

    def places(self, top: Path) -> list[Path] | None:
        """What tells, by its date or by being there at all, that other venvs may be found or other things in them.

        Nothing where that is too much to be looked at each time.
        """
        found: list[Path] = []
        for pattern in self.patterns:
            fixed = _fixed_part(pattern)
            found.append(top / fixed)
            rest = pattern.parts[len(fixed.parts) :]
            if "**" in rest:
                return None
            for count in range(1, len(rest)):
                found += (path for path in islice((top / fixed).glob("/".join(rest[:count])), MOST) if path.is_dir())
        if len(found) > _MANY:
            return None
        # The folder of a project may come while the tree stays (git-sparse-checkout(1)).
        found += (top / row.path for row in self.settings.projects if not (top / row.path).is_dir())
        for candidate in self.candidates:
            if candidate.venv is not None:
                found += [candidate.path / site for site in candidate.venv.site_directories]
        return list(dict.fromkeys(found))

    def marks_of_venvs(self, top: Path) -> list[Path]:
        """The files that would make venvs of what else the patterns match."""
        found: list[Path] = []
        for pattern in self.patterns:
            fixed = _fixed_part(pattern)
            rest = pattern.parts[len(fixed.parts) :]
            if rest:
                found += (path / "pyvenv.cfg" for path in islice((top / fixed).glob("/".join(rest)), MOST))
        return found

    def venv_paths(self, top: Path) -> tuple[str, ...]:
        """The venvs that lie in the working tree, relative to it."""
        inside = (it.path for it in self.candidates if top in it.path.parents and is_venv(it.path))
        return tuple(dict.fromkeys(path.relative_to(top).as_posix() for path in inside))


def find_targets(repository: Repository, cache: Path, named: Iterable[Path] = (), *, trusting: bool = False) -> Found:
    """Find projects and venvs by the settings, or by looking where there are none.

    With ``named`` venvs, only those, each taken as configured for the projects whose venv it is, or for all where it is
    none's. ``trusting``: an interpreter that lies in the working tree may be started, although it never was before.
    Raises :class:`SettingsError`, and :class:`UsageError` when there is no project or a named path is no venv.
    """
    top = repository.top
    settings = read_settings(repository)
    lookup = _Lookup(repository, cache, trusting=trusting)
    chosen = [lookup.at(Path(os.path.abspath(path))) for path in named]
    for candidate in chosen:
        if candidate.missing or candidate.venv is None:
            raise UsageError(f"{candidate.label}: {candidate.trouble or 'no such venv'}")
    projects = _projects(top, settings, lookup)
    if not projects:
        raise NothingHereError(
            f"{top} has no project (no pyproject.toml with a [project] or [build-system] table, no setup.py)",
            hint="projects in folders are listed in [[tool.freshvenv.projects]]",
        )
    targets: list[Target] = []
    # Named or not, they are no part of the project: its tree is the same for all of them.
    found = [list(lookup.candidates(wanted)) for _, wanted in projects]
    # Those of projects that are not on this branch are theirs, too.
    claimed = _configured(pair for row in settings.projects for pair in lookup.candidates(row)) if chosen else set()
    for (project, wanted), own in zip(projects, found, strict=True):
        others = claimed - _configured(own)
        pairs = [(it, os.path.realpath(it.path) not in others) for it in chosen] if chosen else own
        for candidate, configured in pairs:
            target = _target(top, project, wanted, candidate, configured=configured)
            if target is not None:
                targets.append(target)
    return Found(settings, tuple(_with_siblings(targets)), tuple(lookup.seen.values()), tuple(lookup.patterns))


def _configured(pairs: Iterable[tuple[Candidate, bool]]) -> set[str]:
    """The places of those that are configured, links resolved."""
    return {os.path.realpath(candidate.path) for candidate, configured in pairs if configured}


def look_again(target: Target, repository: Repository, cache: Path, *, trusting: bool = False) -> Target:
    """The same target as it is now."""
    lookup = _Lookup(repository, cache, trusting=trusting)
    candidate = lookup.at(target.candidate.path)._replace(label=target.candidate.label)
    again = _target(repository.top, target.project, target.settings, candidate, configured=target.configured)
    return (again or target._replace(candidate=candidate, installed=()))._replace(siblings=target.siblings)


def read_settings(repository: Repository) -> Settings:
    """The settings that are in force in a working tree. Raises :class:`SettingsError`."""
    return parse_settings(read_toml(repository.top / "pyproject.toml"), repository.settings(r"^freshvenv\."))


class _Lookup:
    """Opens each directory once."""

    def __init__(self, repository: Repository, cache: Path, *, trusting: bool) -> None:
        self._trusting = trusting
        self.repository = repository
        self._top = repository.top
        self._cache = cache
        self.seen: dict[Path, Candidate] = {}
        self.patterns: dict[Path, None] = {}
        """What was looked by, in order."""

    def candidates(self, settings: ProjectSettings) -> Iterator[tuple[Candidate, bool]]:
        """The venvs of a project, and whether each is configured."""
        done: set[Path] = set()
        for pattern in map(_at_home, settings.personal_venvs):
            for found in self._expand(pattern, keep_missing=True):
                path = Path(os.path.abspath(found))
                if path not in done:
                    done.add(path)
                    yield self.at(path), True
        configured = bool(settings.venvs)
        for pattern in map(Path, settings.venvs or _default_patterns(settings.path)):
            for path in self._expand(pattern, keep_missing=configured):
                if path not in done and not _is_excluded(path.relative_to(self._top).as_posix(), settings.exclude):
                    done.add(path)
                    yield self._contained(path), configured

    def _expand(self, pattern: Path, *, keep_missing: bool) -> Iterator[Path]:
        self.patterns[pattern] = None
        fixed = _fixed_part(pattern)
        rest = pattern.parts[len(fixed.parts) :]
        # A folder above it may have a bracket in its name.
        if rest and not is_venv(self._top / pattern):
            try:
                matching = (self._top / fixed).glob("/".join(rest))
                found = list(islice((path for path in matching if is_venv(path)), MOST + 1))
            except ValueError as error:
                raise SettingsError(f"venvs: {str(pattern)!r} is no pattern: {error}") from error
            if len(found) > MOST:
                raise SettingsError(
                    f"venvs: {str(pattern)!r} finds more than {MOST} environments", hint="name those that count"
                )
            yield from sorted(found)
        elif keep_missing or is_venv(self._top / pattern):
            yield self._top / pattern

    def _contained(self, path: Path) -> Candidate:
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(self._top)):
            label = path.relative_to(self._top).as_posix()
            trouble = f"leads out of the repository, to {real}; git config --add freshvenv.venvs {label} allows it"
            candidate = Candidate(path, label, trouble=trouble)
            return self.seen.setdefault(path, candidate)
        return self.at(path)

    def at(self, path: Path) -> Candidate:
        """What is at a path."""
        if path not in self.seen:
            self.seen[path] = self._open(path)
        return self.seen[path]

    def _open(self, path: Path) -> Candidate:
        label = path.relative_to(self._top).as_posix() if path.is_relative_to(self._top) else str(path)
        if not os.path.lexists(path):
            return Candidate(path, label, missing=True)
        if self.repository.tracks(path / "bin" / "python"):
            return Candidate(
                path, label, trouble="its interpreter is a file of the repository, which any branch can change"
            )
        try:
            venv = open_venv(path, self._cache, None if self._trusting else self._top)
            return Candidate(path, label, venv, tuple(distributions(venv)), egg_links(venv))
        except VenvError as error:
            return Candidate(path, label, trouble=str(error))
        except OSError as error:
            return Candidate(path, label, trouble=describe_os_error(error))


def _at_home(pattern: str) -> Path:
    """What a user wrote, ``~`` and ``~user`` replaced. Raises :class:`SettingsError` where there is no such user."""
    try:
        return Path(pattern).expanduser()
    except RuntimeError as error:
        raise SettingsError(f"freshvenv.venvs in git's configuration is {pattern!r}: there is no such user") from error


def _fixed_part(pattern: Path) -> Path:
    """The part of a pattern before its first wildcard."""
    parts: list[str] = []
    for part in pattern.parts:
        if any(sign in part for sign in "*?["):
            break
        parts.append(part)
    return Path(*parts)


def _default_patterns(path: str) -> tuple[str, ...]:
    if path == ".":
        return DEFAULT_VENVS
    return (*DEFAULT_VENVS, *(f"{path}/{pattern}" for pattern in DEFAULT_VENVS))


def _is_excluded(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def _projects(top: Path, settings: Settings, lookup: _Lookup) -> list[tuple[Project, ProjectSettings]]:
    if settings.projects:
        # A project may be missing on this branch; a folder that is there and is none is a mistake.
        listed = [wanted for wanted in settings.projects if (top / wanted.path).is_dir()]
        pairs = [(load_project(top, wanted.path), wanted) for wanted in listed]
        for project, wanted in pairs:
            if not project.is_buildable:
                raise SettingsError(f"[[tool.freshvenv.projects]]: {wanted.path!r} is no project")
        return pairs
    names: dict[str, set[str]] = {".": set()}
    for candidate, _ in lookup.candidates(settings.default):
        for distribution in candidate.contents:
            origin = distribution.origin
            if origin and not origin.archive and (path := _below(origin.path, top)):
                names.setdefault(path, set()).add(normalized(distribution.name))
    loaded = {path: load_project(top, path) for path in names}
    found = {project.path: project for project in loaded.values() if project.is_buildable}
    if gone := {name for path, project in loaded.items() if not project.is_buildable for name in names[path]}:
        # Another branch may have them in other folders; of several that have the name, nobody can say which it is.
        moved = [it for it in _tracked_projects(lookup.repository) if normalized(it.name) in gone]
        count = Counter(normalized(it.name) for it in moved)
        found |= {it.path: it for it in moved if count[normalized(it.name)] == 1}
    return [(project, settings.of(project.path)) for project in found.values()]


def _below(path: Path, top: Path) -> str:
    """A path relative to the working tree, links resolved on both sides; empty where it is not in it."""
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    return "" if relative == ".." or relative.startswith("../") else relative


def _tracked_projects(repository: Repository) -> Iterator[Project]:
    """The projects that git knows anywhere in the working tree; those that cannot be read are left out."""
    patterns = (f":(top,glob)**/{name}" for name in ("pyproject.toml", "setup.py"))
    names = repository.ask("ls-files", "-z", "--", *patterns).split("\0")
    for folder in islice(dict.fromkeys(os.path.dirname(name) or "." for name in names if name), MOST):
        with suppress(SettingsError, OSError):
            yield load_project(repository.top, folder)


def load_project(top: Path, path: str) -> Project:
    """The project in a directory below the working tree; where a link leads to it, the one that it leads to.

    Raises :class:`SettingsError` for a broken pyproject.toml.
    """
    path = _below(top / path, top) or path
    directory = top / path if path != "." else top
    return Project(path, directory, read_toml(directory / "pyproject.toml"), (directory / "setup.py").is_file())


def _target(
    top: Path,
    project: Project,
    settings: ProjectSettings,
    candidate: Candidate,
    *,
    configured: bool,
) -> Target | None:
    """The target, unless the venv is neither configured nor holds the project."""
    target = Target(project, settings, candidate, configured)
    if candidate.venv is None:
        return target
    # Where only setup.py tells the name, that is parsed for it: once, and not for each distribution.
    name = normalized(project.name)
    link = candidate.links.get(name) if name else None
    if link is not None:
        target = target._replace(in_the_way=f"setup.py develop has linked {link}; uninstall that first")
    own = tuple(it for it in candidate.contents if _is_of(it, name, project.directory, top))
    named = tuple(it for it in candidate.contents if name and normalized(it.name) == name)
    if own or configured or (link is not None and _same(link, project.directory)):
        return target._replace(installed=tuple(dict.fromkeys((*own, *named))))
    if any(it.origin and not it.origin.archive for it in named):
        return target._replace(installed=named)
    return None


def _with_siblings(targets: Iterable[Target]) -> Iterator[Target]:
    targets = tuple(targets)
    for target in targets:
        beside = (it.project for it in targets if it.candidate.path == target.candidate.path)
        names = {normalized(it.name) for it in beside if it.name} - {normalized(target.project.name)}
        yield target._replace(siblings=frozenset(names))


def _is_of(distribution: Distribution, name: str, directory: Path, top: Path) -> bool:
    """Whether a distribution was installed from this very project, or from an archive that was made of it.

    ``name`` is the project's, normalized.
    """
    origin = distribution.origin
    if origin is None:
        return False
    if not origin.archive:
        return _same(origin.path, directory)
    # Of a project whose name only a build tells, the archive may be that of anything.
    return normalized(distribution.name) == name and bool(_below(origin.path, top))


def _same(one: Path, other: Path) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
