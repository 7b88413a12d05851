"""Looks at one target, everything it says of itself and everything that is really there, and changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from freshvenv.environment import named_variables, version_variables
from freshvenv.errors import GitError, OutsideError, VenvError
from freshvenv.files import read_file
from freshvenv.fingerprint import Fingerprint, Recipe, compare
from freshvenv.plan import Observation
from freshvenv.project import Project
from freshvenv.pyproject import normalized
from freshvenv.receipt import DamagedReceiptError, Receipt
from freshvenv.source.git import Listing, Repository
from freshvenv.source.working_tree import WorkingTree, read_working_tree
from freshvenv.targets import Found, Target, find_targets
from freshvenv.venvs.intent import Intent
from freshvenv.venvs.notes import Notes
from freshvenv.venvs.place import Outgoing
from freshvenv.venvs.record import metadata_in, owned_files, record_states
from freshvenv.venvs.venv import Distribution, Venv, installed_by
from freshvenv.venvs.witness import altered


class Sighting(NamedTuple):
    """A target as it was seen: what the decision rests on, and what carrying it out needs.

    ``venv`` and ``notes`` are absent exactly when ``observation.current`` is. ``is_outside``: the project is no part of
    the tree that is checked out. ``records`` are the states of RECORD by the folders of metadata that an install
    replaces.
    """

    target: Target
    observation: Observation
    venv: Venv | None = None
    notes: Notes | None = None
    receipt: Receipt | None = None
    intents: tuple[Intent, ...] = ()
    is_outside: bool = False
    records: Mapping[str, str] = MappingProxyType({})

    @property
    def label(self) -> str:
        """How messages name the target."""
        project = self.target.project.path
        return self.target.candidate.label if project == "." else f"{self.target.candidate.label} ({project})"

    @property
    def is_disturbed(self) -> bool:
        """Whether an install was changed by somebody else, or not finished."""
        return bool(self.observation.altered or self.observation.distrust or self.observation.interrupted)


def fingerprint_of(target: Target, venv: Venv, tree: WorkingTree, receipt: Receipt | None) -> Fingerprint:
    """What an install of the project as it is checked out would be made from."""
    project, recipe = target.project, _recipe(target, receipt)
    scope = _scope(project, tree)
    has_outline = recipe.editable and scope == project.path and project.editable_sees_names_only
    return Fingerprint(
        tree=tree.tree_of(scope),
        interpreter=venv.interpreter.identity,
        recipe=recipe,
        version_control=_version_control(project, tree),
        submodules=tree.submodules(scope),
        beside=tree.beside(scope),
        outline=tree.outline_of(project.path) if has_outline else "",
        folder=project.path if scope != project.path else "",
        conversions=tree.conversions() if recipe.is_cacheable else (),
        variables=_variables(project),
    )


def _variables(project: Project) -> tuple[str, ...]:
    named = named_variables(project.variables)
    return tuple(sorted({*named, *version_variables()})) if project.may_read_git else named


def _version_control(project: Project, tree: WorkingTree) -> str:
    if not project.may_read_git:
        return ""
    return tree.version_control(by_any_rule=not project.takes_nearest_tag)


def _scope(project: Project, tree: WorkingTree) -> str:
    """The directory of which everything counts: the project's, or the top where a build may look above it."""
    if project.path == "." or not (project.may_look_above or tree.links_lead_out_of(project.path)):
        return project.path
    # It has to be in the tree all the same.
    tree.tree_of(project.path)
    return "."


def _recipe(target: Target, receipt: Receipt | None) -> Recipe:
    known = [it for it in target.installed if it.origin]
    if known:
        found = any(_is_editable(it, target) for it in known)
    else:
        found = receipt is not None and receipt.fingerprint.recipe.editable
    return target.settings.recipe(editable=found)


def _is_editable(distribution: Distribution, target: Target) -> bool:
    """Whether an install leads into the working tree. tox makes an editable wheel, and installs that as a file."""
    origin, venv = distribution.origin, target.candidate.venv
    if origin is None or venv is None or not origin.archive:
        return origin is not None and origin.editable
    with suppress(VenvError, OSError):
        links = [path for path in owned_files(venv, distribution).paths if path.endswith(".pth")]
        texts = [read_file(venv.path / path) for path in links]
        return any(os.fsencode(target.project.directory) in text or b"__editable__" in text for text in texts)
    return False


def observe(target: Target, tree: WorkingTree, *, quick: bool = False) -> Sighting:
    """See a target for what it is.

    ``quick``: where the fingerprint differs already, altered files are not looked for.
    """
    candidate = target.candidate
    venv = candidate.venv
    if venv is None:
        nothing = Observation(None, configured=target.configured, missing=candidate.missing, trouble=candidate.trouble)
        return Sighting(target, nothing)
    notes = Notes(venv.state, target.project.directory)
    intents = tuple(notes.interrupted())
    receipt, distrust = _receipt(notes)
    known = [it.metadata for it in target.installed] + metadata_in(venv, receipt.files if receipt else ())
    records = record_states(venv, known)
    try:
        current = fingerprint_of(target, venv, tree, receipt)
    except GitError as error:
        seen = Sighting(target, Observation(None, configured=target.configured, trouble=str(error)))
        return seen._replace(is_outside=isinstance(error, OutsideError))
    distrust = distrust or _distrust(target, venv, receipt)
    believed = receipt if receipt and not distrust else None
    is_stale = quick and believed is not None and bool(compare(believed.fingerprint, current))
    failure = notes.failure(current.tree)
    observation = Observation(
        current=current,
        receipt=receipt,
        installed=bool(target.installed),
        configured=target.configured,
        trouble=target.in_the_way or _trouble(venv, target.installed, believed, interrupted=bool(intents)),
        other_checkout=_other_checkout(target),
        interrupted=bool(intents),
        distrust=distrust,
        altered=altered(venv.path, believed.files) if believed and not is_stale else (),
        left=altered(target.project.directory, believed.left) if believed and not is_stale else (),
        uncommitted=tree.changed_below("." if current.folder else target.project.path),
        failure=failure,
        outlasted=notes.outlasted(current.tree) if failure else 0,
    )
    return Sighting(target, observation, venv, notes, receipt, intents, records=records)


def _receipt(notes: Notes) -> tuple[Receipt | None, str]:
    try:
        return notes.receipt(), ""
    except DamagedReceiptError as error:
        return None, f"the receipt is damaged ({error})"


def _distrust(target: Target, venv: Venv, receipt: Receipt | None) -> str:
    """Why a receipt that can be read is not to be believed."""
    if receipt is None or not target.installed:
        return ""
    if not _is_of(receipt, venv):
        return f"the receipt is that of {receipt.venv}"
    if len(target.installed) > 1:
        return f"installed more than once: {', '.join(it.dist_info for it in target.installed)}"
    metadata = target.installed[0].metadata
    named = (f"{metadata}/RECORD", f"{metadata}/direct_url.json")
    witnesses = {path: receipt.files[path] for path in named if path in receipt.files}
    if not witnesses or altered(venv.path, witnesses):
        return f"reinstalled by {installed_by(venv, target.installed[0])}"
    return ""


def _is_of(receipt: Receipt, venv: Venv) -> bool:
    """Whether a receipt was written for this venv, however its path is spelled."""
    return receipt.venv == os.fspath(venv.path) or os.path.realpath(receipt.venv) == os.path.realpath(venv.path)


def _trouble(venv: Venv, installed: tuple[Distribution, ...], believed: Receipt | None, *, interrupted: bool) -> str:
    """Why an install that is there could not be replaced."""
    if believed or interrupted:
        return ""
    try:
        for distribution in installed:
            owned_files(venv, distribution)
    except VenvError as error:
        return f"{error}; the files of the old install are not known, so make the venv anew"
    return ""


def _other_checkout(target: Target) -> str:
    """The directory that an install came from, when that is another checkout which is still there."""
    top = target.project.directory
    name = normalized(target.project.name)
    for distribution in target.installed:
        origin = distribution.origin
        if origin is None or origin.archive or (name and normalized(distribution.name) != name):
            continue
        if os.path.realpath(origin.path) != os.path.realpath(top) and _may_be_checkout(origin.path, target):
            return os.fspath(origin.path)
    return ""


def _may_be_checkout(path: Path, target: Target) -> bool:
    """Whether a project may be there. In a folder of our own working tree, ignored files may be all that is left."""
    if not path.is_relative_to(target.project.top):
        return path.is_dir()
    return any((path / name).is_file() for name in ("pyproject.toml", "setup.py"))


def outgoing(sighting: Sighting) -> Outgoing:
    """What an install of this target replaces: by its receipt, by RECORD, and by what interrupted installs noted.

    Raises :class:`VenvError` when the files of an install are not known.
    """
    venv, receipt = sighting.venv, sighting.receipt
    if venv is None:
        return Outgoing()
    paths = {path for intent in sighting.intents for path in intent.paths}
    stamps = receipt.files if receipt and _is_of(receipt, venv) else {}
    paths.update(stamps)
    if sighting.target.installed and stamps and not paths - stamps.keys() and not sighting.observation.distrust:
        # The receipt vouches for RECORD, which says the same once more.
        metadata = {it.metadata for it in sighting.target.installed}
        return Outgoing(frozenset(paths), frozenset(metadata), stamps, sighting.records)
    for distribution in sighting.target.installed:
        try:
            paths |= owned_files(venv, distribution).paths
        except VenvError:
            if not paths:
                raise
    metadata = {it.metadata for it in sighting.target.installed} | {*metadata_in(venv, paths)}
    return Outgoing(frozenset(paths), frozenset(metadata), stamps, sighting.records)


class Sight(NamedTuple):
    """Everything that was observed at one moment.

    ``outside`` are the sightings of projects that are no part of the tree, and that no setting names: they were only
    found in a venv, and whoever installed them looks after them.
    """

    found: Found
    tree: WorkingTree
    sightings: tuple[Sighting, ...]
    outside: tuple[Sighting, ...] = ()


def look(
    repository: Repository,
    cache: Path,
    named: Iterable[Path] = (),
    *,
    quick: bool = False,
    trusting: bool = False,
    listing: Listing | None = None,
) -> Sight:
    """Observe every target, and change nothing.

    ``quick``: see :func:`observe`; ``trusting``: see :func:`find_targets`; ``listing``: see
    :func:`read_working_tree`.

    ``cache`` is where what interpreters say is kept. Raises :class:`FreshvenvError`.
    """
    found = find_targets(repository, cache, named, trusting=trusting)
    tree = read_working_tree(repository, found.venv_paths(repository.top), listing)
    every = tuple(observe(target, tree, quick=quick) for target in found.targets)
    outside = () if found.settings.projects else tuple(it for it in every if it.is_outside)
    return Sight(found, tree, tuple(it for it in every if it not in outside), outside)
