"""Changes a venv from what it holds to what it should hold, in an order that a kill at any point leaves repairable.

Stage on the venv's own file system; note the intent; replace and remove files; check. The receipt is written by the
caller, after everything else, and the intent dropped after that.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from freshvenv.errors import VenvError
from freshvenv.files import is_new_name, new_directory, remove_tree
from freshvenv.payload import digest
from freshvenv.receipt import FileStamp
from freshvenv.venvs.delta import Content, Delta, bytecode_of, is_unwanted, subtract
from freshvenv.venvs.intent import Intent
from freshvenv.venvs.layout import Layout, is_of_venv_itself
from freshvenv.venvs.record import Containment, record_states
from freshvenv.venvs.venv import Venv
from freshvenv.venvs.witness import stamp_of, stamps

_STAGE = "stage-"


class Outgoing(NamedTuple):
    """The install that goes: its files, its folders of metadata, and what is known of files from the last receipt.

    ``records`` are the states of RECORD by the folders of metadata, as they were seen. ``is_disturbed``: somebody else
    was at it, so bytecode may be of files that were there in between.
    """

    paths: frozenset[str] = frozenset()
    metadata: frozenset[str] = frozenset()
    stamps: Mapping[str, FileStamp] = MappingProxyType({})
    records: Mapping[str, str] = MappingProxyType({})
    is_disturbed: bool = False


class Placed(NamedTuple):
    """What was changed, the intent that was noted before (none where nothing had to change), and the new witness."""

    delta: Delta
    intent: Intent | None
    files: dict[str, FileStamp]


def place(venv: Venv, layout: Layout, outgoing: Outgoing, note: Callable[[Iterable[str]], Intent]) -> Placed:
    """Make the venv hold ``layout``, and nothing of the outgoing install that is not in it.

    ``note`` writes the intent, which the caller drops when the receipt is written. A file whose stamp still holds is
    not even read. Raises :class:`VenvError` when the venv does not hold afterwards what it should, ``OSError`` for a
    fault of the disk.
    """
    wanted = layout.files
    _refuse_outside(venv, wanted)
    _refuse_company(venv, outgoing.records)
    outgoing = _believable(venv, wanted, outgoing)
    if outgoing.is_disturbed:
        # A second and a size are all that Python compares, and another installer may have written both.
        for path in wanted:
            _drop_bytecode(venv.path, path)
    owned = _there(venv.path, outgoing.paths)
    present = stamps(venv.path, wanted, outgoing.stamps)
    delta = subtract(wanted, present, owned)
    retired = {
        folder
        for folder in outgoing.metadata
        if f"{folder}/RECORD" not in wanted and os.path.lexists(venv.path / folder)
    }
    if delta.is_empty and not retired:
        _prune(venv, outgoing.paths)
        return Placed(delta, None, present)
    venv.state.mkdir(exist_ok=True)
    stage = new_directory(venv.state, _STAGE)
    try:
        staged = _stage(stage, layout, delta.write)
        intent = note({*outgoing.paths, *wanted})
        _clear_the_way(venv.path, delta)
        for path, source in zip(delta.write, staged, strict=True):
            if path == layout.record:
                _refuse_company(venv, outgoing.records)
            _replace(venv.path, path, source)
        _refuse_company(venv, {folder: seen for folder, seen in outgoing.records.items() if folder in retired})
        # Another installer may have removed some of these, and then placed them, since we looked: all that goes, goes.
        going = _going(wanted, outgoing, delta)
        _remove(venv.path, going)
        for folder in retired:
            # Files that RECORD does not list would keep a ghost of the old version alive.
            remove_tree(venv.path / folder)
        _prune(venv, outgoing.paths)
    finally:
        remove_tree(stage)
    for path in _there(venv.path, going):
        raise VenvError(f"{path} was put there meanwhile: something else is changing this venv")
    return Placed(delta, intent, _verified(venv, wanted, delta, present))


def sweep(venv: Venv) -> None:
    """Remove what killed runs left of their staging. Called with the venv's lock held."""
    for left in venv.state.glob(f"{_STAGE}*"):
        if is_new_name(left.name, _STAGE):
            remove_tree(left)
    for left in venv.state.glob(".*-*"):
        if is_new_name(left.name) and not left.is_dir():
            left.unlink(missing_ok=True)


def _going(wanted: Collection[str], outgoing: Outgoing, delta: Delta) -> list[str]:
    """The paths that are to be gone. Of what was not there at the look, not what differs from a wanted one in case."""
    unwanted = [path for path in outgoing.paths if is_unwanted(path, wanted)]
    removed = frozenset(delta.remove)
    folded = {path.casefold() for path in wanted} if len(removed) < len(unwanted) else set()
    return [path for path in unwanted if path in removed or path.casefold() not in folded]


def _refuse_company(venv: Venv, records: Mapping[str, str]) -> None:
    """See that nobody has installed since the install that goes was looked at: pip and uv take no lock of ours."""
    now = record_states(venv, records)
    for folder, seen in records.items():
        if now[folder] != seen:
            raise VenvError(f"{folder} has changed meanwhile: something else is installing into this venv")


def _there(root: Path, paths: Iterable[str]) -> list[str]:
    return [path for path in paths if _is_file(root / path)]


def _refuse_outside(venv: Venv, paths: Iterable[str]) -> None:
    guard = Containment(venv.path)
    for folder, path in {path.rpartition("/")[0]: path for path in paths}.items():
        if not guard.holds(path):
            raise VenvError(f"{folder} leads out of the venv")


def _stage(stage: Path, layout: Layout, paths: Iterable[str]) -> list[Path]:
    staged = []
    for number, path in enumerate(paths):
        file = stage / str(number)
        file.write_bytes(layout.read(path))
        if layout.files[path].executable:
            # As pip and installer do: execution for whoever may read it.
            mode = file.stat().st_mode
            file.chmod(mode | (mode & 0o444) >> 2)
        staged.append(file)
    return staged


def _clear_the_way(root: Path, delta: Delta) -> None:
    """Remove old files first where a folder is to be, or whose folder is to be a file."""
    folders = {parent for path in delta.write for parent in _parents(path)}
    written = set(delta.write)
    for path in delta.remove:
        if path in folders or any(parent in written for parent in _parents(path)):
            _remove(root, (path,))


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _replace(root: Path, path: str, source: Path) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".py"):
        _set_apart(source, target)
    if target.is_dir() and not target.is_symlink():
        _remove_if_hollow(target)
    _drop_bytecode(root, path)
    os.replace(source, target)


def _set_apart(source: Path, target: Path) -> None:
    """Give a module another time than the one it replaces.

    Bytecode is believed when size and whole second of the source match, and it may lie where we do not see it
    (``PYTHONPYCACHEPREFIX``). A second of difference makes it disbelieved everywhere.
    """
    with suppress(FileNotFoundError):
        old, new = target.lstat(), source.stat()
        if old.st_size == new.st_size and int(old.st_mtime) == int(new.st_mtime):
            os.utime(source, (time.time(), int(old.st_mtime) + 1))


def _believable(venv: Venv, wanted: Collection[str], outgoing: Outgoing) -> Outgoing:
    """Only what goes, and really lies in the venv: notes can be damaged or forged, and what they name is removed."""
    guard = Containment(venv.path)
    gone = outgoing.paths.difference(wanted)
    paths = frozenset(
        path for path in gone if _is_plain(path) and guard.holds(path) and not is_of_venv_itself(venv, path)
    )
    metadata = frozenset(
        folder
        for folder in outgoing.metadata
        if folder.rpartition("/")[0] in venv.site_directories
        and folder.endswith(".dist-info")
        and _is_plain(folder)
        and guard.holds(f"{folder}/RECORD")
    )
    return outgoing._replace(paths=paths, metadata=metadata)


def _is_plain(path: str) -> bool:
    """Whether a path is one that a file can have, is relative, and goes only down."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return "\0" not in path and not {"", ".", ".."} & set(path.split("/"))


def _is_file(path: Path) -> bool:
    try:
        return not stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _remove(root: Path, paths: Iterable[str]) -> None:
    for path in paths:
        if _is_file(root / path):
            (root / path).unlink(missing_ok=True)
        _drop_bytecode(root, path)


def _prune(venv: Venv, paths: Iterable[str]) -> None:
    """Remove the folders of removed files that hold nothing more, short of those that every venv has."""
    kept = {parent for site in venv.site_directories for parent in (*_parents(site), site)}
    kept |= {*_parents(venv.interpreter.scripts), venv.interpreter.scripts}
    folders = {parent for path in paths for parent in _parents(path)}
    for folder in sorted(folders - kept, key=len, reverse=True):
        where = venv.path / folder
        if "/" in folder and where.is_dir() and not where.is_symlink():
            with suppress(OSError):
                (where / "__pycache__").rmdir()
            with suppress(OSError):
                where.rmdir()


def _drop_bytecode(root: Path, path: str) -> None:
    place = bytecode_of(path)
    if place is None:
        return
    folder, prefix = place
    try:
        names = os.listdir(root / folder)
    except OSError:
        return
    for name in names:
        if name.startswith(prefix) and name.endswith(".pyc"):
            with suppress(OSError):
                (root / folder / name).unlink()


def _remove_if_hollow(folder: Path) -> None:
    """Remove a folder in which only bytecode is left, so that a file can take its name."""
    for cache in folder.rglob("__pycache__"):
        remove_tree(cache)
    for where, _, _ in os.walk(folder, topdown=False):
        os.rmdir(where)


def _verified(
    venv: Venv, wanted: Mapping[str, Content], delta: Delta, present: Mapping[str, FileStamp]
) -> dict[str, FileStamp]:
    """The witness: what was written, once it is seen to be there, and the rest as it was seen before.

    Who changes a file that stays, after it was looked at, changes it from its stamp, too.
    """
    files = {}
    for path in wanted.keys() & {*delta.write, *_twins(wanted, delta.remove)}:
        try:
            status = os.lstat(venv.path / path)
            right = digest((venv.path / path).read_bytes()) == wanted[path].digest
        except OSError:
            right = False
        if not right:
            raise VenvError(f"{path} is not what was placed: something else is changing this venv")
        files[path] = stamp_of(status, wanted[path].digest)
    return {**present, **files}


def _twins(paths: Iterable[str], removed: Collection[str]) -> Iterable[str]:
    """What some file systems take for one of the removed files: names that differ in case only."""
    folded = {path.casefold() for path in removed}
    return (path for path in paths if path.casefold() in folded) if folded else ()
