"""A project: a directory with a ``pyproject.toml`` or ``setup.py`` that can be built."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from freshvenv.backends import (
    BACKENDS,
    COPIED,
    HATCH_HOOKS,
    NATIVE_FILES,
    OWN_CODE,
    OWN_FILES,
    SCRIPTS,
    TABLES,
    VERSION_RULES,
    are_blind_to_git,
    are_known,
    are_told_what_to_ask,
    find_files,
    keeps_nearest_tag,
    see_names_only,
)
from freshvenv.files import read_file
from freshvenv.pyproject import dig, folders_upwards, normalized
from freshvenv.scripts import Imported, Scripts, build_files_ask_git, sources_go_up, written_name

# Keys in its tables that no build looks at, or whose paths are only handed on.
_NOT_BUILT = frozenset({"dependencies", "dev-dependencies", "envs", "group"})

# What setuptools reads in setup.cfg beside pyproject.toml: classes of the project's own, and files that are copied even
# into an editable install (https://setuptools.pypa.io/en/latest/userguide/declarative_config.html).
_OWN_CLASSES = rb"(?mi)^\s*cmdclass\s*[=:]"
_OPTIONS = rb"(?mi)^\[options[].]"


class Project(NamedTuple):
    """``path`` is relative to the top of the working tree (``.`` for the top itself), ``directory`` is absolute.

    ``pyproject`` is the parsed ``pyproject.toml``, empty where there is none.
    """

    path: str
    directory: Path
    pyproject: Mapping[str, Any]
    has_setup_py: bool

    @property
    def top(self) -> Path:
        """The top of the working tree."""
        return self.directory if self.path == "." else self.directory.parents[self.path.count("/")]

    def has_uv_lock(self) -> bool:
        """Whether uv manages it: a lockfile is there, or further up to the repository's top (a workspace)."""
        return any((folder / "uv.lock").is_file() for folder in folders_upwards(self.directory))

    @property
    def name(self) -> str:
        """The declared name; empty when only a build can tell, as where ``setup.py`` works it out."""
        for keys in (("project", "name"), ("tool", "poetry", "name"), ("tool", "flit", "metadata", "module")):
            value = dig(self.pyproject, *keys)
            if isinstance(value, str):
                return value
        return written_name(self.directory)

    @property
    def is_buildable(self) -> bool:
        """Whether pip would take the directory for a project."""
        return self.has_setup_py or "build-system" in self.pyproject or "project" in self.pyproject

    @property
    def may_read_git(self) -> bool:
        """Whether a build may give another version, or other files, when what git knows changes and no file does.

        In doubt it may: the price is a build that gives the same wheel again.
        """
        names = self._build_requirements
        if isinstance(dig(self.pyproject, "project", "version"), str):
            # Scripts may note the commit. Most of those of extensions do not, and their builds are dear.
            if names is not None and not are_told_what_to_ask(names):
                return True
            is_told = names is not None and not are_known(names)
            asks_git = self._scripts.ask_git() or (is_told and build_files_ask_git(self.directory, NATIVE_FILES))
            return asks_git or find_files(names or ())
        if names is None:
            return self.has_setup_py
        if self.has_setup_py and "setuptools" in names:
            return True
        if self._runs_own_code or dig(self.pyproject, "tool", "hatch", "version", "source") not in {None, "regex"}:
            return True
        if names == {"pdm-backend"}:
            return dig(self.pyproject, "tool", "pdm", "version", "source") in {"scm", "call"}
        return not are_blind_to_git(names) or any(value.asks_git() for value in self._imported_values)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the environment that the project declares to decide a build (uv's ``cache-keys``)."""
        keys = dig(self.pyproject, "tool", "uv", "cache-keys")
        names = (dig(key, "env") for key in keys) if isinstance(keys, list) else ()
        return tuple(name for name in names if isinstance(name, str))

    @property
    def takes_nearest_tag(self) -> bool:
        """Whether a version from git is made of the nearest tag and the distance to it, as the usual tools do it.

        Others look at tags of a certain form, which may be any, or at the branch. In doubt this is false, which costs a
        walk through the history.
        """
        names = self._build_requirements
        hooks = dig(self.pyproject, *HATCH_HOOKS)
        # It only writes the version down.
        harmless = {HATCH_HOOKS} if isinstance(hooks, Mapping) and hooks.keys() == {"vcs"} else set()
        if self.has_setup_py or not names or not are_known(names) or self._own_code - harmless:
            return False
        if any(value.asks_git() for value in self._imported_values):
            return False
        tables = [dig(self.pyproject, *keys) for keys in VERSION_RULES]
        rules = [rule for table in tables if isinstance(table, Mapping) for rule in table.items()]
        return all(keeps_nearest_tag(key, value) for key, value in rules)

    @property
    def editable_sees_names_only(self) -> bool:
        """Whether an editable install is the same for every content of the project's modules.

        True where all metadata is static and the backend, alone and without build hooks, is one that then looks at
        which modules there are and not into them. In doubt it is false, which costs a build.
        """
        table = dig(self.pyproject, "project")
        if not isinstance(table, Mapping) or not isinstance(table.get("version"), str) or table.get("dynamic"):
            return False
        names = self._build_requirements
        if not names or not see_names_only(names) or self.has_setup_py:
            return False
        if self._runs_own_code or dig(self.pyproject, "tool", "pdm", "build") is not None:
            return False
        if "setuptools" in names and self._setup_cfg_has(_OPTIONS):
            return False
        scripts = dig(self.pyproject, "tool", "poetry", "scripts")
        if isinstance(scripts, Mapping) and any(isinstance(script, Mapping) for script in scripts.values()):
            return False
        return all(dig(self.pyproject, *keys) is None for keys in COPIED)

    @property
    def names_its_place(self) -> bool:
        """Whether its metadata says where on this machine it was built: it requires what lies in folders beside it.

        hatchling fills in ``{root:uri}``, pdm-backend ``${PROJECT_ROOT}``, poetry-core makes paths absolute. Scripts
        may make a URL of where they are.
        """
        if self._scripts.make_urls():
            return True
        optional = _values(dig(self.pyproject, "project", "optional-dependencies"))
        lists = [
            found for found in (dig(self.pyproject, "project", "dependencies"), *optional) if isinstance(found, list)
        ]
        if any("{root" in str(line) or "${PROJECT_ROOT}" in str(line) for found in lists for line in found):
            return True
        for found in _values(dig(self.pyproject, "tool", "poetry", "dependencies")):
            choices = found if isinstance(found, list) else [found]
            if any(isinstance(choice, Mapping) and "path" in choice for choice in choices):
                return True
        return False

    @property
    def may_look_above(self) -> bool:
        """Whether a build may take files that are not below the project, but elsewhere in the repository.

        It is told by what the files of the build name. Of a backend that is not known it is supposed: the price is a
        build that gives the same wheel again.
        """
        names = self._build_requirements
        if names is not None and not are_known(names):
            return True
        texts = self._texts_of_tables
        if any(".." in re.split(r"[/\\]", text) for text in texts) or self._scripts.go_up():
            return True
        if any(value.goes_up() for value in self._imported_values):
            return True
        makes_extensions = dig(self.pyproject, "tool", "setuptools", "ext-modules") or self._scripts.make_extensions()
        return bool(makes_extensions) and sources_go_up(self.directory)

    @property
    def _texts_of_tables(self) -> list[str]:
        return [text for keys in TABLES for text in _texts(dig(self.pyproject, *keys))]

    @property
    def _scripts(self) -> Scripts:
        """What runs in a build, or is read by it, and comes with the project."""
        files = [
            self.directory / name for name in (*SCRIPTS, *(it for it in self._texts_of_tables if it.endswith(".py")))
        ]
        for folder in _texts(dig(self.pyproject, "build-system", "backend-path")):
            files += (self.directory / folder).glob("*.py")
        return Scripts(tuple(files))

    @property
    def _imported_values(self) -> tuple[Imported, ...]:
        """The values, such as the version, that a backend takes from modules of the project."""
        setuptools = dig(self.pyproject, "tool", "setuptools")
        named = (dig(setuptools, "package-dir"), dig(setuptools, "packages", "find", "where"))
        below = {"", "src", *(text for value in named for text in _texts(value))}
        folders = tuple(dict.fromkeys(self.directory / name for name in sorted(below)))
        return tuple(Imported(folders, value) for value in sorted(self._names_of_values))

    @property
    def _names_of_values(self) -> set[str]:
        tables = dig(self.pyproject, "tool", "setuptools", "dynamic")
        found = {dig(table, "attr") for table in _values(tables)} | {
            dig(self.pyproject, "tool", "pdm", "version", "getter")
        }
        try:
            text = read_file(self.directory / "setup.cfg").decode(errors="replace")
        except OSError:
            text = ""
        found.update(re.findall(r"\battr:\s*([\w.]+)", text))
        return {name.replace(":", ".") for name in found if isinstance(name, str)}

    @property
    def plain_backend(self) -> str:
        """The backend, where what it asks for before a build depends on ``pyproject.toml`` alone; empty in doubt.

        That is so for the backends that know nothing but tables, alone and without plugins or build hooks.
        """
        backend = dig(self.pyproject, "build-system", "build-backend")
        if not isinstance(backend, str) or not backend:
            return ""
        [name, *more] = self._build_requirements or {""}
        if more or name not in BACKENDS or BACKENDS[name].entry != backend:
            return ""
        if self.has_setup_py or self._runs_own_code or dig(self.pyproject, "tool", "pdm", "build") is not None:
            return ""
        return backend

    @property
    def _build_requirements(self) -> frozenset[str] | None:
        """The normalized names of what a build requires; none where that is not said."""
        requires = dig(self.pyproject, "build-system", "requires")
        return frozenset(map(_leading_name, requires)) if isinstance(requires, list) else None

    @property
    def _runs_own_code(self) -> bool:
        return bool(self._own_code)

    @property
    def _own_code(self) -> set[tuple[str, ...]]:
        """The tables and the files by which the project hands its own code to a backend."""
        found: set[tuple[str, ...]] = {keys for keys in OWN_CODE if dig(self.pyproject, *keys) is not None}
        found |= {(name,) for name in OWN_FILES if (self.directory / name).is_file()}
        return found | {("setup.cfg",)} if self._setup_cfg_has(_OWN_CLASSES) else found

    def _setup_cfg_has(self, line: bytes) -> bool:
        """Whether ``setup.cfg`` has such a line; in doubt it has."""
        try:
            return re.search(line, read_file(self.directory / "setup.cfg")) is not None
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, keys of tables included."""
    match value:
        case str():
            yield value
        case Mapping():
            for key, inner in value.items():
                if key not in _NOT_BUILT:
                    yield key
                    yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _leading_name(requirement: object) -> str:
    """The normalized name that a requirement starts with."""
    match = re.match(r"[A-Za-z0-9._-]+", str(requirement))
    return normalized(match[0]) if match else ""


def _values(table: object) -> tuple[object, ...]:
    return tuple(table.values()) if isinstance(table, Mapping) else ()
