"""What would keep the hooks of a clone from running, or make them unsafe; each check finds something or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from freshvenv import process
from freshvenv.errors import FreshvenvError
from freshvenv.hooks import framework, native
from freshvenv.hooks.native import HookState
from freshvenv.installers import find_uv, has_pip
from freshvenv.observe import look
from freshvenv.plan import State, judge
from freshvenv.source.git import Repository, git, truth
from freshvenv.trust.gate import look_at_gate
from freshvenv.trust.verdict import Preset
from freshvenv.workshop import Workshop

OLDEST_GIT = (2, 31)
"""``rev-parse --path-format`` came with it."""

OLDEST_UV = (0, 8, 14)
"""``sync --no-install-local`` came with it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was found: what it is, and what to do. ``harmless`` ones are only good to know."""

    text: str
    hint: str = ""
    harmless: bool = False


_HINTS = {
    State.FOREIGN: "install this checkout's project into it once, or exclude it",
    State.BROKEN: "freshvenv explain; make it anew",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined. ``removed`` are the variables that had to be taken out of the environment."""

    repository: Repository
    workshop: Workshop
    removed: frozenset[str] = frozenset()
    switched_off: bool = False


def examine(subject: Subject) -> Iterator[Problem]:
    """Everything that is found, check after check."""
    for check in (
        _environment,
        _git,
        _owner,
        _opted_in,
        _interpreter,
        _hooks,
        _hooks_path,
        _installer,
        _lockfile,
        _folders,
        _trust,
        _venvs,
    ):
        yield from check(subject)


def _environment(subject: Subject) -> Iterator[Problem]:
    if subject.switched_off:
        yield Problem("FRESHVENV=off is set, so no hook does anything", "unset FRESHVENV")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        if name in subject.removed:
            yield Problem(
                f"{name} is set, so git may work on another repository than the one you are in", f"unset {name}"
            )


def _git(subject: Subject) -> Iterator[Problem]:
    said = git("version", cwd=subject.repository.top).text
    if _is_older(said, OLDEST_GIT):
        yield Problem(f"{said} is too old", f"install git {_dotted(OLDEST_GIT)} or newer")


def _is_older(said: str, oldest: tuple[int, ...]) -> bool:
    """Whether what a program says of its version is older than what is needed; in doubt it is not."""
    found = re.search(r"\d+(\.\d+)+", said)
    return found is not None and tuple(map(int, found[0].split("."))) < oldest


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _owner(subject: Subject) -> Iterator[Problem]:
    repository = subject.repository
    for path in dict.fromkeys((repository.top, repository.git_dir, repository.common_dir)):
        if path.stat().st_uid != os.geteuid():
            yield Problem(f"{path} belongs to somebody else, who can change what its hooks run", "clone it yourself")
    if any(value == "*" for _, value in repository.settings(r"^safe\.directory$")):
        yield Problem("safe.directory is *, so git runs hooks in anybody's repository", "name directories instead")


def _opted_in(subject: Subject) -> Iterator[Problem]:
    if not subject.repository.is_opted_in():
        yield Problem("this clone is not opted in, so no hook acts here", "freshvenv init")


def _interpreter(subject: Subject) -> Iterator[Problem]:
    repository = subject.repository
    python = native.noted_interpreter(repository)
    if python is None:
        if repository.is_opted_in():
            yield Problem("no interpreter is recorded for the hooks", "freshvenv init")
        return
    if not os.access(python, os.X_OK):
        yield Problem(f"the interpreter of the hooks is gone: {python}", "freshvenv init")
        return
    if python.is_relative_to(repository.top):
        inside = python.relative_to(repository.top).as_posix()
        if repository.git("ls-files", "--error-unmatch", "--", inside).status == 0:
            yield Problem(f"the interpreter of the hooks, {inside}, comes with the tree", "install freshvenv elsewhere")
            return
    if process.run([python, "-I", "-c", "import freshvenv"], cwd=Path(os.sep)).status != 0:
        yield Problem(f"the interpreter of the hooks no longer finds freshvenv: {python}", "freshvenv init")


def _hooks(subject: Subject) -> Iterator[Problem]:
    managed = framework.names_our_hook(subject.repository.top)
    for hook in native.find_hooks(subject.repository):
        state = hook.state()
        if state is HookState.ABSENT:
            hint = "pre-commit install, or freshvenv init" if managed else "freshvenv hooks install"
            yield Problem(f"the hook {hook.kind} is not installed", hint)
        elif state is HookState.FOREIGN and not (managed and _is_managers(hook.path)):
            yield Problem(
                f"the hook {hook.kind} is another one, which does not call freshvenv", "freshvenv hooks install"
            )
        elif state is HookState.OUTDATED and os.access(hook.path, os.X_OK):
            yield Problem(f"the hook {hook.kind} was installed by another version", "freshvenv hooks install")
        if state is not HookState.ABSENT and not os.access(hook.path, os.X_OK):
            yield Problem(f"the hook {hook.kind} cannot be executed", f"chmod +x {hook.path}")


def _is_managers(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except OSError:
        return False
    return b"pre-commit" in text or b"prek" in text


def _hooks_path(subject: Subject) -> Iterator[Problem]:
    repository = subject.repository
    directory = Path(os.path.realpath(repository.hooks_directory()))
    if directory.is_relative_to(os.path.realpath(repository.common_dir)):
        return
    if directory.is_relative_to(os.path.realpath(repository.top)):
        text = f"core.hooksPath leads into the working tree, to {directory}: git runs what any branch puts there"
        yield Problem(text, "git config --unset core.hooksPath")
    else:
        yield Problem(f"core.hooksPath leads to {directory}, which other repositories may share", harmless=True)


def _installer(subject: Subject) -> Iterator[Problem]:
    if find_uv() is None:
        python = native.noted_interpreter(subject.repository)
        if python is None or not has_pip(python):
            yield Problem("neither uv nor pip was found, so no dependency can be installed", "install uv")


def _lockfile(subject: Subject) -> Iterator[Problem]:
    uv = find_uv()
    if uv is None or not (subject.repository.top / "uv.lock").is_file():
        return
    said = process.run([uv, "--version"], cwd=Path(os.sep)).text
    if _is_older(said, OLDEST_UV):
        text = f"{said} is too old to install what uv.lock says, so what is missing is installed without it"
        yield Problem(text, f"install uv {_dotted(OLDEST_UV)} or newer", harmless=True)


def _folders(subject: Subject) -> Iterator[Problem]:
    folders = {
        "cache": subject.workshop.cache,
        "state": subject.workshop.state,
        "git": subject.repository.git_dir,
    }
    for name, folder in folders.items():
        there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Problem(f"the {name} folder cannot be written: {folder}", f"look at {there}")


def _trust(subject: Subject) -> Iterator[Problem]:
    provenance = look_at_gate(subject.repository).provenance
    settings = provenance.settings
    match settings.preset:
        case Preset.ALWAYS:
            text = "freshvenv.trust is always: hooks run whatever is checked out, whoever wrote it"
            yield Problem(text, "git config --unset freshvenv.trust")
        case Preset.NEVER:
            said = settings.unknown or "never"
            yield Problem(f"freshvenv.trust is {said}, so hooks install nothing", "git config --unset freshvenv.trust")
        case Preset.PROVENANCE if not settings.own_refs:
            yield Problem(
                "the reflogs are in a reftable, so what was committed here cannot be told", "freshvenv resync"
            )
        case _:
            pass
    logged = [value for _, value in subject.repository.settings(r"^core\.logallrefupdates$")]
    if logged and truth(logged[-1]) is False:
        text = "core.logAllRefUpdates is off, so what was committed here cannot be told"
        yield Problem(text, "git config core.logAllRefUpdates true")
    for key, value in subject.repository.settings(r"^freshvenv\.trust$"):
        if settings.preset is Preset.PROVENANCE and value != Preset.PROVENANCE.value:
            yield Problem(
                f"{key} = {value} is not in this clone's own configuration, so it counts for nothing", "", True
            )
    for note in provenance.notes():
        yield Problem(note, "freshvenv trust remote, freshvenv trust show")


def _venvs(subject: Subject) -> Iterator[Problem]:
    try:
        verdict = look_at_gate(subject.repository).provenance.verdict()
        if not verdict.trusted:
            yield Problem(f"HEAD is not trusted ({verdict.reason}), so its venvs were not looked at", "", harmless=True)
            return
        sight = look(subject.repository, subject.workshop.interpreters)
    except FreshvenvError as error:
        yield Problem(str(error), error.hint)
        return
    for sighting in sight.outside:
        where = sighting.target.candidate.label
        text = f"{sighting.observation.trouble}, so its install in {where} is not kept fresh"
        yield Problem(text, "run freshvenv init in it, if it is a repository", harmless=True)
    for sighting in sight.sightings:
        state, reasons = judge(sighting.observation)
        if state in _HINTS:
            yield Problem(f"{sighting.label} is {state.value}: {'; '.join(reasons)}", _HINTS[state])
