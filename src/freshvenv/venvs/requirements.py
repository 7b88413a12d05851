"""Which requirements of a distribution its venv does not meet."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from freshvenv.errors import VenvError
from freshvenv.fingerprint import Recipe
from freshvenv.pyproject import normalized
from freshvenv.venvs.venv import Distribution, Venv, distributions, shared_distributions

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_MENTIONED = rb"(?im)^requires-(?:dist|python):.*(?:\n[ \t].*)*"


class Requirements(NamedTuple):
    """What an install requires of its venv: by its METADATA file, and by the recipe's extras and dependency groups.

    ``siblings`` are the normalized names of projects that are kept fresh in this venv by themselves: whatever version
    is there, and whether it is there yet, they are not to be had from elsewhere.
    """

    venv: Venv
    metadata: bytes
    recipe: Recipe = Recipe()
    pyproject: Mapping[str, Any] = MappingProxyType({})
    siblings: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """A digest of all that :meth:`unmet` decides by, but for what a distribution says of its extras.

        Where it is the same as when nothing was missing, nothing is: that spares reading it all again.
        """
        venv, recipe = self.venv, self.recipe
        facts = [
            venv.interpreter._asdict(),
            [os.fsdecode(line) for line in re.findall(_MENTIONED, self.metadata)],
            recipe.extras,
            recipe.groups,
            self.pyproject.get("dependency-groups") if recipe.groups else None,
            sorted(f"{it.site}/{it.dist_info}" for it in (*distributions(venv), *shared_distributions(venv))),
            sorted(self.siblings),
        ]
        return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()

    def unmet(self) -> tuple[str, ...]:
        """Those that are not met.

        Markers are evaluated for the venv's interpreter (PEP 508). Raises :class:`VenvError` when the distribution does
        not run on that interpreter at all (``Requires-Python``), or when its metadata cannot be understood.
        """
        if not self.recipe.groups and not re.search(_MENTIONED, self.metadata):
            return ()
        # Imported here: most small projects require nothing, and then it is not needed.
        from packaging.metadata import parse_email
        from packaging.specifiers import SpecifierSet

        raw, _ = parse_email(self.metadata)
        venv = self.venv
        try:
            supported = SpecifierSet(raw.get("requires_python", ""))
            version = venv.interpreter.version
            if not supported.contains(version, prereleases=True):
                raise VenvError(f"{raw.get('name')} needs Python {supported}, this venv has {version}")
            # What the venv has itself is found first by an import.
            installed = {
                normalized(it.name): it for it in (*shared_distributions(self.venv), *distributions(self.venv))
            }
            check = _Check(venv, installed, self.siblings, normalized(raw.get("name", "")))
            lines = [*raw.get("requires_dist", []), *_of_groups(self.pyproject, self.recipe.groups)]
            return tuple(dict.fromkeys(check.unmet(lines, self.recipe.extras)))
        except ValueError as error:  # packaging has a class for each thing that can be wrong, and markers have more
            said = ": ".join(line.strip() for line in str(error).splitlines()[:2])
            raise VenvError(f"the metadata of {raw.get('name')} is broken: {said}") from error


def _of_groups(pyproject: Mapping[str, Any], groups: tuple[str, ...]) -> list[str]:
    """The requirements in dependency groups (PEP 735)."""
    if not groups:
        return []
    from packaging.dependency_groups import resolve_dependency_groups

    try:
        return [str(line) for line in resolve_dependency_groups(pyproject.get("dependency-groups", {}), *groups)]
    except (LookupError, ValueError, TypeError, AttributeError, ExceptionGroup) as error:
        raise VenvError(f"dependency groups: {error}") from error


class _Check:
    def __init__(self, venv: Venv, installed: dict[str, Distribution], siblings: frozenset[str], own: str) -> None:
        self._venv = venv
        self._installed = installed
        self._siblings = siblings
        self._own = own
        self._seen: set[tuple[str, str]] = set()

    def unmet(self, lines: Collection[str], extras: Iterable[str]) -> Iterator[str]:
        from packaging.requirements import Requirement

        for line in lines:
            requirement = Requirement(line)
            if not self._applies(requirement, extras):
                continue
            name = normalized(requirement.name)
            found = self._installed.get(name)
            if name == self._own:
                # One extra of it asks for another: what that is, these lines say, and not what is installed.
                new = [extra for extra in sorted(requirement.extras) if (name, extra) not in self._seen]
                self._seen.update((name, extra) for extra in new)
                if new:
                    yield from self.unmet(lines, new)
            elif name in self._siblings:
                if found and requirement.extras:
                    yield from self._unmet_of_extras(requirement, found)
            elif (
                found is None
                or not self._satisfies(requirement, found)
                or (requirement.extras and self._lacks_extras(requirement, found))
            ):
                yield _without_marker(requirement)

    def _applies(self, requirement: Requirement, extras: Iterable[str]) -> bool:
        if requirement.marker is None:
            return True
        markers = dict(self._venv.interpreter.markers)
        return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in ("", *extras))

    def _satisfies(self, requirement: Requirement, found: Distribution) -> bool:
        # A requirement with a URL names one origin; that something of this name is there is all that can be said.
        return requirement.url is not None or requirement.specifier.contains(found.version, prereleases=True)

    def _lacks_extras(self, requirement: Requirement, found: Distribution) -> bool:
        return next(self._unmet_of_extras(requirement, found), None) is not None

    def _unmet_of_extras(self, requirement: Requirement, found: Distribution) -> Iterator[str]:
        from packaging.metadata import parse_email

        todo = [extra for extra in sorted(requirement.extras) if (found.name, extra) not in self._seen]
        if not todo:
            return
        self._seen.update((found.name, extra) for extra in todo)
        try:
            raw, _ = parse_email((self._venv.path / found.metadata / "METADATA").read_bytes())
        except OSError:
            return
        for line in raw.get("requires_dist", []):
            # There are releases with lines that nobody understands any more; that is not the project's fault.
            with suppress(ValueError):
                yield from tuple(self.unmet([line], todo))


def _without_marker(requirement: Requirement) -> str:
    """The requirement as an installer is given it: its marker was evaluated already, for this very venv."""
    requirement.marker = None
    return str(requirement)
