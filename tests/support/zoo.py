"""The zoo: one tiny real project for each build backend, and what happens to it from one branch to the next.

The files in ``tests/projects`` are state A. The edits that make state B of them are made here, so that
both states cannot drift apart and a test can say what it expects by name.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from support.places import move
from support.world import World

PROJECTS = Path(__file__).parent.parent / "projects"

IGNORED = """\
.venv*/
venv*/
build/
dist/
*.egg-info/
__pycache__/
*.so
*.pyd
_version.py
"""
"""What such a repository ignores: everything that building, installing and importing leave in a working tree."""

_ADDED = """\
\"\"\"Only on the feature branch.\"\"\"

VALUE = "added"


def main() -> None:
    print(VALUE)
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a text that stands once in a file of the project."""

    file: str
    old: str
    new: str

    def apply(self, top: Path) -> None:
        path = top / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise AssertionError(f"{path} does not hold {self.old!r} once")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True, slots=True)
class Project:
    """One project of the zoo, in state A."""

    name: str
    """The folder in ``tests/projects``; mostly the backend's name."""
    source: str = "."
    """Where the import package lies: ``.`` or ``src``."""
    build_file: str = "pyproject.toml"
    """Where version and entry points stand."""
    version_from_git: bool = False
    """The version comes from a tag, and no file holds it."""
    compiled: bool = False
    """It has an extension module, so that its wheels are bound to an interpreter."""

    @property
    def distribution(self) -> str:
        return f"demo-{self.name.replace('_', '-')}"

    @property
    def package(self) -> str:
        return f"demo_{self.name}"

    @property
    def base(self) -> Path:
        """The directory that holds state A."""
        return PROJECTS / self.name

    @property
    def package_path(self) -> str:
        """Where the import package lies, seen from the top of the project."""
        return (Path(self.source) / self.package).as_posix()

    def edits(self) -> list[Edit]:
        """The edits of files that are in A and in B."""
        edits = [
            Edit(f"{self.package_path}/changed.py", '"old"', '"new"'),
            Edit(f"{self.package_path}/data/words.txt", "alpha\n", "alpha\nbeta\n"),
            self._entry_point(),
        ]
        if not self.version_from_git:
            edits.append(Edit(self.build_file, '"1.0.0"', '"1.1.0"'))
        if self.compiled:
            edits.append(Edit(f"{self.package_path}/_speed.c", "FromLong(1)", "FromLong(2)"))
        return edits

    def _entry_point(self) -> Edit:
        name, main = self.distribution, f"{self.package}.changed:main"
        line = f'"{name} = {main}",\n' if self.build_file == "setup.py" else f'{name} = "{main}"\n'
        added = line.replace(name, f"{name}-added").replace("changed", "added")
        indent = " " * 12 if self.build_file == "setup.py" else ""
        return Edit(self.build_file, line, f"{line}{indent}{added}")


ZOO = {
    project.name: project
    for project in (
        Project("hatchling"),
        Project("setuptools", source="src"),
        Project("flit"),
        Project("poetry"),
        Project("pdm", source="src"),
        Project("uv_build", source="src"),
        Project("hatch_vcs", source="src", version_from_git=True),
        Project("setuptools_scm", source="src", version_from_git=True),
        Project("c_extension", compiled=True),
        Project("setuptools_legacy", build_file="setup.py"),
    )
}
"""Every project of the zoo by its name."""


@dataclass(frozen=True, slots=True)
class History:
    """A git repository that holds a project in several states; ``main`` is checked out."""

    root: Path
    """The top of the working tree."""
    top: Path
    """The top of the project in it."""
    project: Project
    main: str
    """The commit of state A."""
    feature: str
    """The commit of state B: a module added, one deleted, one changed but as long as before, other package
    data, one more entry point, the version 1.1.0; in a compiled project also another number from C."""
    renamed: str
    """The commit of a third branch: A with its import package renamed to `renamed_package`."""

    @property
    def package_dir(self) -> Path:
        return self.top / self.project.package_path

    @property
    def renamed_package(self) -> str:
        return self.project.package.replace("demo_", "renamed_")


def make_history(world: World, project: Project, where: Path, subdirectory: str = ".") -> History:
    """Make a new repository at ``where`` with the branches ``main``, ``feature`` and ``renamed``.

    The dates are fixed: the same project gives the same commits in every test, so that what is expected of
    them has to be found out only once. Projects whose version comes from git belong at the top.
    """
    top = where / subdirectory
    shutil.copytree(project.base, top, ignore=shutil.ignore_patterns("__pycache__"))
    (where / ".gitignore").write_text(IGNORED)
    world.git("init", "--quiet", "--initial-branch=main", cwd=where)
    main = _commit(world, where, "state A", hour=1)
    if project.version_from_git:
        world.git("tag", "v1.0.0", cwd=where)

    world.git("checkout", "--quiet", "-b", "feature", cwd=where)
    package = top / project.package_path
    (package / "added.py").write_text(_ADDED)
    (package / "deleted.py").unlink()
    for edit in project.edits():
        edit.apply(top)
    feature = _commit(world, where, "state B", hour=2)
    if project.version_from_git:
        world.git("tag", "v1.1.0", cwd=where)

    world.git("checkout", "--quiet", "-b", "renamed", "main", cwd=where)
    new_name = project.package.replace("demo_", "renamed_")
    package.rename(package.with_name(new_name))
    for path in sorted(path for path in top.rglob("*") if path.is_file() and ".git" not in path.parts):
        text = path.read_text()
        if project.package in text:
            path.write_text(text.replace(project.package, new_name))
    renamed = _commit(world, where, "another name for the package", hour=3)

    world.git("checkout", "--quiet", "main", cwd=where)
    move(world.git, where, world.place)
    return History(where, top, project, main, feature, renamed)


def _commit(world: World, where: Path, message: str, *, hour: int) -> str:
    date = f"2024-01-01T{hour:02}:00:00+0000"
    world.git("add", "--all", cwd=where)
    world.run(
        *("git", "commit", "--quiet", "--message", message),
        cwd=where,
        env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
    )
    return world.git("rev-parse", "HEAD", cwd=where)
