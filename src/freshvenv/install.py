"""Carries out one reinstall: build, place, bring in what is missing, vouch for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from freshvenv.errors import BuildError, DependencyError, FreshvenvError, SlowBuildError, VenvError, describe_os_error
from freshvenv.fingerprint import Fingerprint
from freshvenv.observe import Sighting, fingerprint_of, outgoing
from freshvenv.payload import DamagedPayloadError, Payload
from freshvenv.process import limited
from freshvenv.pyproject import normalized
from freshvenv.receipt import FileStamp, Receipt
from freshvenv.source.working_tree import WorkingTree
from freshvenv.venvs.intent import Intent, write_intent
from freshvenv.venvs.layout import Layout, lay_out
from freshvenv.venvs.notes import Notes
from freshvenv.venvs.origin import installer_metadata, outdate_uv_cache
from freshvenv.venvs.place import Outgoing, place, sweep
from freshvenv.venvs.record import owned_files
from freshvenv.venvs.requirements import Requirements
from freshvenv.venvs.venv import Distribution, Venv, metadata_of, open_venv
from freshvenv.workshop import Workshop

if TYPE_CHECKING:
    from freshvenv.wheels.cache import WheelCache


class Installed(NamedTuple):
    """What a reinstall came to. ``files`` is how many were written or removed.

    ``trouble`` says why what the project requires could not be brought in, empty where it was.
    """

    receipt: Receipt
    files: int
    trouble: str = ""


Reread = Callable[[], WorkingTree]


def reinstall(workshop: Workshop, tree: WorkingTree, sighting: Sighting, reread: Reread, limit: int = 0) -> Installed:
    """Bring one target in step with the working tree. The caller holds the venv's lock.

    ``reread`` looks at the working tree again: a build in place may change it. ``limit`` is how many seconds the build
    may take, 0 for as long as it likes. Raises :class:`BuildError`, :class:`VenvError`, ``OSError``; the last good
    install stays unless files were already being replaced, and then an intent stays that makes the next run repair it.
    """
    venv, notes = sighting.venv, sighting.notes
    fingerprint = sighting.observation.current
    if venv is None or notes is None or fingerprint is None:
        raise VenvError("the venv cannot be used")
    log = workshop.logs / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.urandom(4).hex()}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as stack:
            job = _Job(workshop, tree, sighting, venv, notes, fingerprint, stack, log, limit)
            installed = job.run(reread)
    except BuildError as error:
        outlasted = limit if isinstance(error, SlowBuildError) else 0
        notes.write_failure(fingerprint.tree, f"{error}; {error.hint}", outlasted)
        raise
    except FreshvenvError as error:
        notes.write_failure(fingerprint.tree, str(error))
        raise
    except OSError as error:
        notes.write_failure(fingerprint.tree, describe_os_error(error))
        raise
    if not installed.receipt.unmet:
        log.unlink(missing_ok=True)
    return installed


class _Job(NamedTuple):
    workshop: Workshop
    tree: WorkingTree
    sighting: Sighting
    venv: Venv
    notes: Notes
    fingerprint: Fingerprint
    stack: ExitStack
    log: Path
    limit: int

    def run(self, reread: Reread) -> Installed:
        target = self.sighting.target
        if outdate_uv_cache(self.venv, target.project, target.installed, self.tree.read_at):
            self.tree.repository.refresh_index()
        editable = self.fingerprint.recipe.editable
        extra = installer_metadata(self.venv, target.project, target.installed, editable=editable)
        begun = time.time_ns()
        payload = self._payload()
        fingerprint, tree = self.fingerprint, self.tree
        left: dict[str, FileStamp] = {}
        if not fingerprint.recipe.is_cacheable:
            # Imported here: only builds in the working tree leave anything there.
            from freshvenv.byproducts import byproducts

            # It may be an egg-info, or a version file.
            now = reread()
            if now.head.commit == tree.head.commit:
                tree = now
                fingerprint = fingerprint_of(self.sighting.target, self.venv, tree, self.sighting.receipt)
            before = self.sighting.receipt.left if self.sighting.receipt else {}
            left = byproducts(
                tree.repository, target.project, payload, before, begun, sees_names_only=bool(fingerprint.outline)
            )
        try:
            return self._place(payload, extra, fingerprint, tree, left)
        except DamagedPayloadError:
            self.workshop.wheels.discard(payload)
        try:
            return self._place(self._payload(), extra, fingerprint, tree, left)
        except DamagedPayloadError as error:
            raise VenvError(f"what was just built is damaged: {error}") from error

    def _place(
        self,
        payload: Payload,
        extra: dict[str, bytes],
        fingerprint: Fingerprint,
        tree: WorkingTree,
        left: dict[str, FileStamp],
    ) -> Installed:
        if open_venv(self.venv.path, self.workshop.interpreters) != self.venv:
            raise VenvError("another venv was made in its place meanwhile")
        target, recipe = self.sighting.target, self.fingerprint.recipe
        requirements = Requirements(self.venv, payload.metadata(), recipe, target.project.pyproject, target.siblings)
        wanted = self._unmet(requirements)
        sweep(self.venv)
        layout = lay_out(self.venv, payload, extra)
        self.workshop.progress.step("placing files")
        going = self._outgoing(payload, layout)
        placed = place(self.venv, layout, going, self._note)
        for folder in {*metadata_of(self.venv, payload.name)} - self._seen() - {layout.metadata}:
            raise VenvError(f"{folder} was put there meanwhile: something else is installing into this venv")
        if going.is_disturbed and (more := self._orphans(payload, layout)):
            # Whoever was at it still is. The intent stays, and the next run clears them away.
            raise VenvError(f"{min(more)} was put there meanwhile: something else is changing this venv")
        missing, trouble = self._bring_in(wanted, requirements)
        receipt = self._vouch(payload, fingerprint, tree, placed.files, missing)._replace(
            left=left, requirements="" if missing else requirements.digest
        )
        self.notes.write_receipt(receipt)
        for begun in (*self.sighting.intents, *([placed.intent] if placed.intent else [])):
            begun.drop()
        return Installed(receipt, placed.delta.size, trouble)

    def _outgoing(self, payload: Payload, layout: Layout) -> Outgoing:
        going = outgoing(self.sighting)
        paths, metadata = going.paths - self._of_siblings(), going.metadata
        for same in self._of_the_same_name(payload):
            metadata |= {same.metadata}
            with suppress(VenvError):
                paths |= owned_files(self.venv, same).paths
        records = going.records
        if layout.metadata not in self._seen():
            records = {layout.metadata: "", **records}
        going = going._replace(paths=paths, metadata=metadata, records=records)
        if not self.sighting.is_disturbed:
            return going
        return going._replace(paths=going.paths | self._orphans(payload, layout), is_disturbed=True)

    def _orphans(self, payload: Payload, layout: Layout) -> frozenset[str]:
        """What installs of other trees left lying."""
        # Imported here: it looks through the cache, and mostly nobody else was at it.
        from freshvenv.venvs.orphans import orphans

        target = self.sighting.target
        others = (it for it in target.candidate.contents if it not in target.installed)
        return orphans(self.venv, layout.files, self.workshop.wheels.of(payload.name, self.venv.interpreter), others)

    def _seen(self) -> frozenset[str]:
        """The folders of metadata that were there at the look."""
        return frozenset(it.metadata for it in self.sighting.target.candidate.contents)

    def _of_the_same_name(self, payload: Payload) -> Iterator[Distribution]:
        """What is installed under the name that the build gave, where no file had told that name before."""
        target = self.sighting.target
        for distribution in target.candidate.contents:
            if distribution not in target.installed and normalized(distribution.name) == normalized(payload.name):
                yield distribution

    def _of_siblings(self) -> frozenset[str]:
        """The files that the other projects have in this venv: a module may have moved from one to another."""
        target = self.sighting.target
        found: set[str] = set()
        for distribution in target.candidate.contents if target.siblings else ():
            if normalized(distribution.name) in target.siblings:
                with suppress(VenvError):
                    found |= owned_files(self.venv, distribution).paths
        return frozenset(found)

    def _payload(self) -> Payload:
        with limited(self.limit, SlowBuildError(self._late("the build"), log=self.log)):
            if self.fingerprint.recipe.is_cacheable:
                # A cache that is full, or cannot be written or read, is done without.
                with suppress(OSError, DamagedPayloadError):
                    return self._wheels.get(self.fingerprint, self.venv.interpreter, self._build)
            return self._build(self._scratch())

    @property
    def _wheels(self) -> WheelCache:
        """The cache, and where a wheel says for which place it was built, that of this place."""
        wheels = self.workshop.wheels
        if not self.sighting.target.project.names_its_place:
            return wheels
        return wheels._replace(surroundings=(*wheels.surroundings, ("", os.fspath(self.tree.repository.top))))

    def _late(self, what: str) -> str:
        return f"{what} took longer than {self.limit} s (git config freshvenv.timeout) and was ended"

    def _build(self, folder: Path) -> Payload:
        # Imported here: it brings in all that builds, and a wheel that is in the cache needs none of it.
        from freshvenv.wheels.make import make_payload

        scratch, pool = self._scratch(), self.workshop.pool
        if self.workshop.is_cramped:
            pool = pool._replace(directory=scratch / pool.directory.name)
        payload = make_payload(
            self.tree,
            self.sighting.target.project,
            self.venv.interpreter,
            self.fingerprint.recipe,
            folder,
            pool=pool,
            scratch=scratch,
            log=self.log,
        )
        self.workshop.keep_in_bounds()
        return payload

    def _scratch(self) -> Path:
        """A new folder that is there until the job is done."""
        return self.stack.enter_context(self.workshop.scratch())

    def _unmet(self, requirements: Requirements) -> tuple[str, ...]:
        """What has to be brought in. Raises :class:`VenvError` when the project does not run on this Python."""
        receipt = self.sighting.receipt
        if receipt and receipt.requirements and receipt.requirements == requirements.digest:
            return ()
        return requirements.unmet()

    def _note(self, paths: Iterable[str]) -> Intent:
        intent = write_intent(self.notes.intent_file, os.fspath(self.notes.project), paths)
        self.notes.drop_receipt()
        return intent

    def _bring_in(self, wanted: tuple[str, ...], requirements: Requirements) -> tuple[tuple[str, ...], str]:
        """What is still missing afterwards, and why."""
        if not wanted:
            return (), ""
        # Imported here: an environment mostly has all that a new tree asks for.
        from freshvenv.venvs.dependencies import Tools, install_dependencies

        self.workshop.progress.step(f"installing {', '.join(wanted)}")
        target, recipe = self.sighting.target, self.fingerprint.recipe
        tools = Tools(self.workshop.installer, self.log, lambda: self._unmet(requirements))
        late = DependencyError(self._late("installing what it requires"), hint=f"see {self.log}")
        trouble = ""
        try:
            with limited(self.limit, late):
                install_dependencies(self.venv, target.project, recipe, wanted, tools)
        except DependencyError as error:
            trouble = f"{error}; {error.hint}"
        missing = self._unmet(requirements)
        return missing, trouble if missing else ""

    def _vouch(
        self,
        payload: Payload,
        fingerprint: Fingerprint,
        tree: WorkingTree,
        files: dict[str, FileStamp],
        missing: tuple[str, ...],
    ) -> Receipt:
        return Receipt(
            project=os.fspath(self.notes.project),
            venv=os.fspath(self.venv.path),
            distribution=payload.name,
            version=payload.version,
            dist_info=payload.dist_info,
            commit=tree.head.commit,
            time=time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            fingerprint=fingerprint,
            files=files,
            unmet=missing,
            mark=os.urandom(8).hex(),
        )
