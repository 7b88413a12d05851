"""The oracle: what a fresh install would put into a venv, and in which ways a venv differs from it.

"Exactly" means: the same files with the same bytes and the same executable bit, entry points that start
this venv's interpreter and call the same function, the same rows in RECORD, and nothing besides. Left out is
what installers write about themselves (INSTALLER, REQUESTED, direct_url.json, uv_*.json) and ``__pycache__``;
but bytecode that would be run in place of other source, or whose source is gone, counts as a difference.
"""

from __future__ import annotations

import difflib
import functools
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.snapshot import FileState, Snapshot, base_interpreter, installed_files
from support.values import replace
from support.world import World
from support.zoo import Project

__all__ = ["Snapshot", "assert_exact", "differences", "fresh_install", "installed_files"]


def fresh_install(
    world: World,
    repository: Path,
    commit: str | None,
    python: Path,
    *,
    editable: bool,
    subdirectory: str = ".",
    with_uv: bool = True,
) -> Snapshot:
    """What a new venv holds after an install from a clean clone, by uv or by the interpreter's own pip.

    ``commit`` is anything that names one; with None it is the working tree as it is: HEAD, what is staged,
    what is edited and what is untracked, but nothing ignored. ``python`` is an interpreter, or a venv's made
    from it. The answer is kept for the session: the place of the repository does not decide it, but commit,
    tags, uncommitted changes and interpreter do.
    """
    named = commit if commit is not None else "HEAD"
    wanted = _Wanted(
        commit=world.git("rev-parse", "--verify", f"{named}^{{commit}}", cwd=repository),
        tags=world.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/tags", cwd=repository),
        changes=_Changes.of(world, repository) if commit is None else None,
        python=base_interpreter(python),
        editable=editable,
        subdirectory=subdirectory,
        with_uv=with_uv,
        # Who judges is not to be poisoned.
        world=replace(world, poisoned=False),
        repository=repository,
    )
    return _fresh_install(wanted)


def differences(actual: Snapshot, expected: Snapshot) -> list[str]:
    """Every way in which one snapshot is not the other, a line each, for a person to read."""
    found = [f"problem: {problem}" for problem in sorted(actual.problems - expected.problems)]
    found += _file_differences(actual.files, expected.files)
    for name in sorted(actual.wrappers.keys() | expected.wrappers.keys()):
        is_, should = actual.wrappers.get(name), expected.wrappers.get(name)
        if is_ != should:
            found.append(f"entry point: {name}: is {is_}, should be {should}")
    told = {
        name
        for name in actual.files.keys() | expected.files.keys()
        if actual.files.get(name) != expected.files.get(name)
    }
    found += [
        f"RECORD: row too much: {','.join(row)}" for row in sorted(actual.rows - expected.rows) if row[0] not in told
    ]
    found += [
        f"RECORD: row missing: {','.join(row)}" for row in sorted(expected.rows - actual.rows) if row[0] not in told
    ]
    # The project may hold more that is ignored, for instance the extension modules for another venv.
    generated = {name: actual.generated[name] for name in expected.generated if name in actual.generated}
    return found + _file_differences(generated, expected.generated)


def assert_exact(
    world: World,
    venv_python: Path,
    repository: Path,
    project: Project | str,
    *,
    editable: bool,
    subdirectory: str = ".",
) -> None:
    """Fail unless the venv holds exactly what a fresh install of the working tree would put there.

    ``project`` is one of the zoo or the name of a distribution.
    """
    distribution = project if isinstance(project, str) else project.distribution
    expected = fresh_install(world, repository, None, venv_python, editable=editable, subdirectory=subdirectory)
    found = differences(installed_files(venv_python, distribution), expected)
    if found:
        raise AssertionError(f"{distribution} is not as a fresh install would be:\n  " + "\n  ".join(found))


@dataclass(frozen=True, slots=True)
class _Changes:
    """What a working tree has that its HEAD has not."""

    staged: bytes
    """A patch from HEAD to the index."""
    unstaged: bytes
    """A patch from the index to the files."""
    untracked: tuple[tuple[str, FileState], ...]

    @classmethod
    def of(cls, world: World, repository: Path) -> _Changes | None:
        """The changes, or None in a clean tree, which then is as good as its commit."""
        listed = world.git("ls-files", "-z", "--others", "--exclude-standard", cwd=repository)
        paths = [(name, repository / name) for name in listed.split("\0") if name]
        untracked = tuple((name, FileState.of(path, path.read_bytes())) for name, path in paths)
        changes = cls(_patch(world, repository, "--cached"), _patch(world, repository), untracked)
        return changes if changes.staged or changes.unstaged or untracked else None


def _patch(world: World, repository: Path, *options: str) -> bytes:
    with tempfile.NamedTemporaryFile(dir=world.plain, suffix=".patch") as file:
        plain = ("--binary", "--no-ext-diff", "--no-textconv", "--ignore-submodules", f"--output={file.name}")
        world.git("diff", *plain, *options, cwd=repository)
        return Path(file.name).read_bytes()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a fresh install is made of. Equal ones give equal snapshots, so where it is made does not count."""

    commit: str
    tags: str
    changes: _Changes | None
    python: Path
    editable: bool
    subdirectory: str
    with_uv: bool
    world: World = field(compare=False)
    repository: Path = field(compare=False)


@functools.cache
def _fresh_install(wanted: _Wanted) -> Snapshot:
    world = wanted.world
    place = Path(tempfile.mkdtemp(prefix="fresh-", dir=world.plain))
    project = _clone(wanted, place / "clone") / wanted.subdirectory
    venv = place / "venv"
    python = venv / "bin" / "python"
    target = ["--editable", project] if wanted.editable else [project]
    if wanted.with_uv:
        world.run("uv", "venv", "--quiet", "--python", wanted.python, venv)
        world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", python, *target)
    else:
        world.run(wanted.python, "-m", "venv", venv)
        # Without a pyproject.toml an older pip would run setup.py itself.
        world.run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--use-pep517", *target)
    [direct_url] = venv.glob("lib/python*/site-packages/*.dist-info/direct_url.json")
    snapshot = installed_files(python, direct_url.parent.name.partition("-")[0])
    shutil.rmtree(place)
    return snapshot


def _clone(wanted: _Wanted, clone: Path) -> Path:
    """A clean clone with all tags, and with the uncommitted changes if they are wanted."""
    world, repository, changes = wanted.world, wanted.repository, wanted.changes
    world.git("clone", "--quiet", "--no-local", "--no-checkout", str(repository), str(clone), cwd=world.root)
    world.git("fetch", "--quiet", "--tags", "origin", wanted.commit, cwd=clone)
    world.git("checkout", "--quiet", "--detach", wanted.commit, cwd=clone)
    if (clone / ".gitmodules").exists():
        allowed = ("-c", "protocol.file.allow=always")
        world.git(*allowed, "submodule", "--quiet", "update", "--init", "--recursive", cwd=clone)
    if changes is None:
        return clone
    for patch, options in ((changes.staged, ["--index"]), (changes.unstaged, [])):
        if patch:
            file = clone.with_name("changes.patch")
            file.write_bytes(patch)
            world.git("apply", "--whitespace=nowarn", *options, str(file), cwd=clone)
    for name, _ in changes.untracked:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(repository / name, clone / name, follow_symlinks=False)
    return clone


def _file_differences(actual: Mapping[str, FileState], expected: Mapping[str, FileState]) -> list[str]:
    found = []
    for name in sorted(actual.keys() | expected.keys()):
        is_, should = actual.get(name), expected.get(name)
        if is_ is None:
            found.append(f"missing: {name}")
        elif should is None:
            found.append(f"too much: {name}")
        else:
            if is_.digest != should.digest:
                found.append(f"other content: {name}{_diff(is_, should)}")
            if is_.executable != should.executable:
                found.append(f"executable: {name}: is {is_.executable}, should be {should.executable}")
    return found


def _diff(actual: FileState, expected: FileState) -> str:
    """The lines that differ, or nothing where the files are large."""
    if actual.content is None or expected.content is None:
        return ""
    one, other = (
        content.decode(errors="backslashreplace").splitlines() for content in (expected.content, actual.content)
    )
    lines = list(difflib.unified_diff(one, other, "fresh install", "this venv", lineterm="", n=0))
    return "".join(f"\n    {line}" for line in lines[:20])
