"""Leaves what fast doors may take for done: stamps for the hooks, vouchers for ``run``, and answers for ``status``.

Stamp and vouchers are dated to the moment of the observation, or to the last install: whatever changes later is newer,
but for what changes within one tick of the file system's clock (some milliseconds), which lags behind. Changes between
our look and that moment are checked for when the file is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from freshvenv import answer
from freshvenv.files import write_atomically
from freshvenv.gitconfig import personal_settings
from freshvenv.hooks import stamp
from freshvenv.observe import Sight, Sighting
from freshvenv.report import Outcome
from freshvenv.source.git import Repository
from freshvenv.source.refs import head_text
from freshvenv.source.working_tree import WorkingTree
from freshvenv.venvs import voucher
from freshvenv.venvs.record import RECORD


def leave_stamp(sight: Sight, outcomes: Sequence[Outcome]) -> None:
    """Tell the hooks what they may take for done, or that they may take nothing for done. Raises ``OSError``."""
    place = sight.tree.repository.own_state / "stamp"
    # What the hooks have noted of commits may be older than the witnesses that this stamp names.
    place.with_name("alike").unlink(missing_ok=True)
    facts = _stamp_facts(sight, outcomes) if all(outcome.is_fresh for outcome in outcomes) else ()
    if facts:
        stamp.write(place, facts, _known_at(sight, outcomes))
    else:
        stamp.remove(place)


def leave_vouchers(sight: Sight, outcomes: Sequence[Outcome]) -> None:
    """Tell ``freshvenv run`` which venvs hold the working tree, edits included.

    Where a voucher cannot be written, ``run`` looks for itself.
    """
    for path in dict.fromkeys(sighting.target.candidate.path for sighting in sight.sightings):
        pairs = [pair for pair in zip(sight.sightings, outcomes, strict=True) if pair[0].target.candidate.path == path]
        own = [outcome for _, outcome in pairs]
        text = _voucher_text(sight, pairs) if all(outcome.is_fresh for outcome in own) else ""
        with suppress(OSError):
            file = Path(voucher.voucher_file(os.fspath(path)))
            if text:
                write_atomically(file, os.fsencode(text), durable=False)
                date = _known_at(sight, own)
                os.utime(file, ns=(date, date))
            else:
                file.unlink(missing_ok=True)


def _stamp_facts(sight: Sight, outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    repository = sight.tree.repository
    trees: dict[str, str] = {}
    newer, absent = _configured(sight.tree)
    for sighting, outcome in zip(sight.sightings, outcomes, strict=True):
        witnesses = _witnesses(sighting, outcome)
        if not witnesses:
            return ()
        trees.update(_tree(sighting, outcome))
        newer.update(dict.fromkeys(witnesses, _known_at(sight, [outcome])))
    places = sight.found.places(repository.top)
    if places is None or repository.is_configured_by_branch():
        return ()
    for place in places:
        if os.path.lexists(place):
            newer[place] = _known_at(sight, _outcomes_around(place, sight, outcomes))
        else:
            absent.append(place)
    if "." not in trees:
        # The settings are in a file that no project's tree holds, but that of the whole does.
        if not sight.tree.is_clean:
            return ()
        trees["."] = sight.tree.head.tree
    if _any_is_newer(newer):
        return ()
    return stamp.facts(
        os.fspath(repository.top),
        sight.tree.head.commit if sight.tree.is_clean else "",
        trees,
        (_relative(path, repository.top) for path in newer),
        (_relative(path, repository.top) for path in absent),
    )


def _voucher_text(sight: Sight, pairs: Sequence[tuple[Sighting, Outcome]]) -> str:
    tree = sight.tree
    newer, absent = _configured(tree)
    for sighting, outcome in pairs:
        witnesses = _witnesses(sighting, outcome)
        if not witnesses or sighting.venv is None or sighting.notes is None:
            return ""
        newer.update(dict.fromkeys((*witnesses, sighting.notes.receipt_file), _known_at(sight, [outcome])))
        around = [sighting.venv.path / name for name in (*sighting.venv.site_directories, "pyvenv.cfg")]
        newer.update(dict.fromkeys(around, _known_at(sight, [outcome for _, outcome in pairs])))
    if tree.picture is None or tree.repository.is_configured_by_branch() or _any_is_newer(newer):
        return ""
    return voucher.render(
        os.fspath(tree.repository.top),
        tree.head.commit,
        tree.pathspecs,
        tree.picture,
        map(os.fspath, newer),
        map(os.fspath, absent),
    )


_GRAIN = 20_000_000
"""Nanoseconds: Linux dates files by a clock that ticks every 1 to 10 ms."""


def leave_answer(sight: Sight, said: Iterable[str], began: int) -> None:
    """Note what ``status`` said of venvs that are all fresh, where everything that it rested on is known.

    ``began``: before anything was looked at, in nanoseconds since the epoch. What has changed since then, or shortly
    before, may not be what was seen. Where it cannot be written, ``status`` looks for itself.
    """
    repository = sight.tree.repository
    with suppress(OSError):
        text = _answer_text(sight, said, began - _GRAIN)
        file = Path(answer.answer_file(os.fspath(repository.git_dir)))
        if text:
            file.parent.mkdir(exist_ok=True)
            write_atomically(file, os.fsencode(text), durable=False)
        else:
            file.unlink(missing_ok=True)


def _answer_text(sight: Sight, said: Iterable[str], before: int) -> str:
    tree, repository = sight.tree, sight.tree.repository
    asked = answer.asked_from(os.fspath(repository.top), head_text(os.fspath(repository.git_dir)), tree.head.commit)
    places = _looked_at(sight)
    if not asked or tree.picture is None or not places:
        return ""
    same, absent, links = [], [], []
    for path in places:
        try:
            same.append(answer.state_of(path))
        except FileNotFoundError:
            absent.append(path)
            continue
        if os.path.islink(path):
            # A link on the way may come to lead elsewhere.
            links.append(path)
            same.append(answer.state_of(os.path.realpath(path)))
    if any(answer.changed_at(state) >= before for state in same):
        return ""
    return answer.render(asked, same, absent, links, tree.pathspecs, tree.picture, said)


def _looked_at(sight: Sight) -> list[str]:
    """Every path outside of the working tree's own files on which the states rest; none where that is not known."""
    repository, found = sight.tree.repository, sight.found
    places = found.places(repository.top)
    if places is None:
        return []
    gathered = [
        *places,
        *found.marks_of_venvs(repository.top),
        *_configuration(repository),
        repository.git_dir / "config.worktree",
    ]
    for candidate in found.candidates:
        if candidate.venv is None:
            return []
        gathered += [candidate.path, candidate.path / "pyvenv.cfg", candidate.venv.python]
    for sighting in sight.sightings:
        current, receipt, notes = sighting.observation.current, sighting.observation.receipt, sighting.notes
        project = sighting.target.project
        if current is None or receipt is None or notes is None:
            return []
        if current.version_control or current.submodules or project.variables:
            return []
        gathered += [notes.folder, notes.receipt_file, project.directory / "pyproject.toml"]
        gathered += (sighting.target.candidate.path / path for path in receipt.files)
        gathered += (project.directory / path for path in receipt.left)
    return list(dict.fromkeys(map(os.fspath, gathered)))


def _configured(tree: WorkingTree) -> tuple[dict[Path, int], list[Path]]:
    """The files of git's configuration: those that are there, with the moment when they were read, and the others."""
    files = _configuration(tree.repository)
    newer = {file: tree.read_at for file in files if os.path.lexists(file)}
    return newer, [file for file in files if file not in newer]


def _configuration(repository: Repository) -> list[Path]:
    """The files that decide what git makes of a commit: those that say something, and those that might.

    That is its configuration, and the replace refs.
    """
    named = {it.file for it in repository.configuration if not it.file.startswith(("command line", "blob:"))}
    usual: list[str | Path] = [*personal_settings(), *repository.included(), *repository.places_of_replacements()]
    if dict(repository.settings(r"^extensions\.worktreeconfig$")):
        usual.append(os.path.join(repository.git_dir, "config.worktree"))
    return list(dict.fromkeys(repository.top / file for file in (*usual, *sorted(named))))


def _known_at(sight: Sight, outcomes: Iterable[Outcome]) -> int:
    """The moment up to which we know what became of something: when it was observed, or when we were done with it."""
    return max([sight.tree.read_at, *(outcome.settled for outcome in outcomes)])


def _outcomes_around(place: Path, sight: Sight, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """What was done in the venv that a place is, or lies in."""
    pairs = zip(sight.sightings, outcomes, strict=True)
    return [outcome for sighting, outcome in pairs if place.is_relative_to(sighting.target.candidate.path)]


def _any_is_newer(moments: Mapping[Path, int]) -> bool:
    """Whether anything was changed after its moment; it may be older than the last one, to which the whole is dated."""
    try:
        return any(os.stat(path).st_mtime_ns > moment for path, moment in moments.items())
    except OSError:
        return True


def _witnesses(sighting: Sighting, outcome: Outcome) -> list[Path]:
    """The files whose change says that something else was installed; none where no file tells all."""
    current = outcome.installed.fingerprint if outcome.installed else sighting.observation.current
    receipt = outcome.installed or sighting.observation.receipt
    if current is None or receipt is None or sighting.notes is None:
        return []
    # A tag, a submodule or a variable can be another one while no file of the working tree is.
    if current.version_control or current.submodules or sighting.target.project.variables:
        return []
    root, notes = sighting.target.candidate.path, sighting.notes
    # The mark goes before the first file does: without it, an install was begun and not finished. And what was moved or
    # copied into the venv's place is as old as it was there, but its mark is another.
    left = (sighting.target.project.directory / path for path in receipt.left)
    return [notes.mark_file(receipt), *left, *(root / path for path in receipt.files if path.endswith(RECORD))]


def _tree(sighting: Sighting, outcome: Outcome) -> dict[str, str]:
    """The path and the hash of the tree that the install depends on."""
    current = outcome.installed.fingerprint if outcome.installed else sighting.observation.current
    if current is None:
        return {}
    return {"." if current.folder else sighting.target.project.path: current.tree}


def _relative(path: Path, top: Path) -> str:
    """A path as the stamp has it: as short as can be, since the name of a file holds few bytes."""
    if ".." in path.parts:
        # What comes before it may be a link, and then it leads elsewhere than to the folder above that.
        return os.fspath(path)
    relative = os.path.relpath(path, top)
    # Above a top that is reached by a link there is another folder than its path says.
    is_clear = path.is_relative_to(top) or os.path.realpath(top) == os.fspath(top)
    return relative if is_clear and len(relative) < len(os.fspath(path)) else os.fspath(path)
