"""Projects in folders of a repository, what they take from above, and what they require beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.commands import EDITABLE_LINE
from support.oracle import assert_exact
from support.places import Place
from support.repository import Repository, create, installed_value, make_venv, own_lines
from support.world import TOOLS, World
from support.zoo import ZOO, History, make_history

# Projects in folders


def monorepo(world: World, settings: str) -> Repository:
    """Two projects, ``one`` (module demo) and ``two`` (module other), and a venv at the top."""
    repository = create(world, world.root / "demo", branches={})
    one, two = repository.path / "one", repository.path / "two"
    one.mkdir()
    for name in ("backend", "src", "pyproject.toml"):
        (repository.path / name).rename(one / name)
    shutil.copytree(one, two)
    (two / "src" / "demo").rename(two / "src" / "other")
    for file in (two / "pyproject.toml", *(two / "src" / "other").glob("*.py")):
        file.write_text(file.read_text().replace("demo", "other"))
    for folder in (one, two):
        pyproject = folder / "pyproject.toml"
        pyproject.write_text(pyproject.read_text().partition("[tool.freshvenv]")[0])
    if settings:
        repository.write("pyproject.toml", settings)
    repository.commit("two projects")
    make_venv(world, repository.venv)
    return repository


TWO_PROJECTS = """\
[tool.freshvenv]
venvs = [".venv"]

[[tool.freshvenv.projects]]
path = "one"

[[tool.freshvenv.projects]]
path = "two"
"""


def other_value(repository: Repository, venv: Path) -> int:
    code = "import other.value; print(other.value.value())"
    return int(repository.world.run(venv / "bin" / "python", "-I", "-c", code, cwd=repository.world.home).stdout)


def edit_and_commit(repository: Repository, project: str, number: int) -> None:
    package = {"one": "demo", "two": "other"}[project]
    repository.write(f"{project}/src/{package}/left.py", f"NUMBER = {number}\n")
    repository.commit(f"{project}: {number}")


def test_venv_that_is_not_named_and_not_ignored_is_no_part_of_a_project(world: World) -> None:
    """Else a run for one venv would undo what a run for all of them did."""
    repository = monorepo(world, TWO_PROJECTS.replace('".venv"', '".venv", "one/env"'))
    inner = repository.path / "one" / "env"
    make_venv(world, inner)
    (inner / ".gitignore").unlink(missing_ok=True)
    repository.freshvenv("resync")
    for command in (("resync", ".venv"), ("run", "--venv", "one/env", "--", "true")):
        assert "reinstalled" not in repository.freshvenv(*command).stdout
        assert [target.state for target in repository.targets()] == ["fresh"] * 4


def ignored(repository: Repository) -> None:
    repository.write(".gitignore", ".venv/\ntwo/\n")
    repository.git("rm", "-r", "--quiet", "--cached", "two")


def in_a_submodule(repository: Repository) -> None:
    repository.git("rm", "-r", "--quiet", "--cached", "two")
    two = replace(repository, path=repository.path / "two")
    two.git("init", "--quiet")
    two.commit("two")
    repository.git("add", "two")


@pytest.mark.one_line("uv knows no path with a line end")
@pytest.mark.parametrize("put_outside", [ignored, in_a_submodule])
def test_project_that_is_no_part_of_the_tree(world: World, put_outside: Callable[[Repository], None]) -> None:
    """Whoever put it there and installed it looks after it; those that are part of it go on being kept fresh."""
    repository = monorepo(world, "")
    put_outside(repository)
    repository.commit("one project")
    python = repository.venv / "bin" / "python"
    for project in ("one", "two"):
        world.run(
            "uv", "pip", "install", "--quiet", "--no-deps", "--python", python, f"./{project}", cwd=repository.path
        )
    repository.freshvenv("init", "--hooks", "native")
    assert [(it.project, it.state) for it in repository.targets()] == [("one", "fresh")]
    assert "two is not in the tree" in repository.freshvenv("doctor", check=False).stdout
    edit_and_commit(repository, "one", 5)
    repository.freshvenv("run", "--", "true")
    assert (installed_value(repository.venv, world), other_value(repository, repository.venv)) == (51, 11)
    # Named, it is expected to be part of it.
    repository.write("pyproject.toml", TWO_PROJECTS)
    assert [(it.project, it.state) for it in repository.targets()] == [("one", "fresh"), ("two", "broken")]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "found in the venv"])
def test_two_projects_in_one_venv(world: World, *, listed: bool) -> None:
    """Each has the hash of its own folder, so what happens in the other keeps it."""
    repository = monorepo(world, TWO_PROJECTS if listed else "")
    if not listed:
        python = repository.venv / "bin" / "python"
        world.run(TOOLS / "uv", "pip", "install", "--python", python, "./one", "./two", cwd=repository.path)
    done = repository.freshvenv("init", "--hooks", "native")
    assert {line.split(": ")[1] for line in done.stdout.splitlines()[1:]} == {".venv (one)", ".venv (two)"}
    for folder in ("one", "two"):
        repository.git("switch", "--quiet", "--create", f"topic-{folder}", "main")
        repository.with_environment(FRESHVENV="off").git("switch", "--quiet", f"topic-{folder}")
        edit_and_commit(repository, folder, 2)
    repository.git("switch", "--quiet", "main")
    answer = json.loads(repository.freshvenv("status", "--json").stdout)
    trees = {target["project"]: target["installed"]["tree"] for target in answer["targets"]}
    assert trees == {folder: repository.git("rev-parse", f"HEAD:{folder}") for folder in ("one", "two")}

    for branch, label, expected in (
        ("topic-one", ".venv (one)", (21, 11)),
        ("main", ".venv (one)", (11, 11)),
        ("topic-two", ".venv (two)", (11, 21)),
    ):
        [line] = own_lines(repository.attempt("switch", branch).stderr)
        assert line.startswith(f"freshvenv: {label}: reinstalled ")
        assert (installed_value(repository.venv, world), other_value(repository, repository.venv)) == expected
        assert {target.state for target in repository.targets()} == {"fresh"}


NAMESPACE = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "ns-{name}"
version = "1.0"

[tool.hatch.build.targets.wheel]
packages = ["src/ns"]
"""


@pytest.mark.parametrize(("source", "destination"), [("one", "two"), ("two", "one")])
def test_module_that_moves_from_one_project_to_another(world: World, source: str, destination: str) -> None:
    """Whichever is installed first, the other takes nothing away that is not its own any more."""
    repository = monorepo(world, TWO_PROJECTS)
    for name in ("one", "two"):
        repository.git("rm", "--quiet", "-r", name)
        repository.write(f"{name}/pyproject.toml", NAMESPACE.format(name=name))
        repository.write(f"{name}/src/ns/{name}.py", "")
    repository.write(f"{source}/src/ns/moved.py", "MOVED = 1\n")
    repository.commit("one namespace")
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "moved")
    repository.git("mv", f"{source}/src/ns/moved.py", f"{destination}/src/ns/moved.py")
    repository.commit("moved")
    for branch in ("main", "moved", "main"):
        repository.git("switch", "--quiet", branch)
        world.run(repository.venv / "bin" / "python", "-I", "-c", "import ns.moved, ns.one, ns.two")
        assert {target.state for target in repository.targets()} == {"fresh"}


def test_project_that_another_branch_has_in_another_folder(world: World) -> None:
    """No setting says where it is, and the old folder is gone."""
    repository = monorepo(world, "")
    for name in ("one", "two"):
        world.run(
            "uv",
            "pip",
            "install",
            "--quiet",
            "--python",
            repository.venv / "bin" / "python",
            f"./{name}",
            cwd=repository.path,
        )
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "moved")
    (repository.path / "packages").mkdir()
    repository.git("mv", "two", "packages/two")
    repository.write("packages/two/src/other/left.py", "NUMBER = 5\n")
    repository.commit("moved")
    shutil.rmtree(repository.path / "two", ignore_errors=True)
    repository.git("switch", "--quiet", "main")
    repository.git("switch", "--quiet", "moved")
    shutil.rmtree(repository.path / "two", ignore_errors=True)
    assert {(it.project, it.state) for it in repository.targets()} == {("one", "fresh"), ("packages/two", "fresh")}
    assert other_value(repository, repository.venv) == 51
    repository.git("switch", "--quiet", "main")
    assert {(it.project, it.state) for it in repository.targets()} == {("one", "fresh"), ("two", "fresh")}
    assert other_value(repository, repository.venv) == 11


def test_several_projects_of_the_name_of_one_that_is_gone(world: World) -> None:
    """None of them is installed in its stead."""
    repository = monorepo(world, "")
    world.run(
        "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        repository.venv / "bin" / "python",
        "./one",
        "./two",
        cwd=repository.path,
    )
    repository.freshvenv("init", "--hooks", "native")
    for place in ("examples/two", "packages/two"):
        shutil.copytree(repository.path / "two", repository.path / place)
    repository.git("rm", "-r", "--quiet", "two")
    repository.commit("which of them")
    shutil.rmtree(repository.path / "two", ignore_errors=True)
    assert [(it.project, it.state) for it in repository.targets()] == [("one", "fresh")]


def test_project_that_was_installed_by_a_path_with_a_link(world: World) -> None:
    repository = monorepo(world, "")
    (world.root / "link").symlink_to(repository.path)
    where = f"{world.root}/link/one"
    world.run("uv", "pip", "install", "--quiet", "--python", repository.venv / "bin" / "python", where, cwd=world.root)
    repository.freshvenv("init", "--hooks", "native")
    assert [(it.project, it.state) for it in repository.targets()] == [("one", "fresh")]


def test_project_behind_a_link(world: World) -> None:
    """What the link leads to is compared, not the link."""
    repository = monorepo(world, TWO_PROJECTS.replace('path = "one"', 'path = "link"'))
    (repository.path / "link").symlink_to("one")
    repository.commit("a link")
    repository.freshvenv("init", "--hooks", "native")
    edit_and_commit(repository, "one", 7)
    assert {(target.project, target.state) for target in repository.targets()} == {("one", "stale"), ("two", "fresh")}
    repository.freshvenv("resync")
    assert installed_value(repository.venv, world) == 71


def test_uncommitted_edit_in_one_of_two_projects(world: World) -> None:
    repository = monorepo(world, TWO_PROJECTS)
    repository.freshvenv("init", "--hooks", "native")

    repository.write("two/src/other/left.py", "NUMBER = 5\n")

    assert {(target.project, target.state) for target in repository.targets()} == {("one", "fresh"), ("two", "stale")}
    done = repository.freshvenv("resync")
    assert [line.partition(" (tree")[0] for line in done.stdout.splitlines()] == [
        "freshvenv: .venv (one): fresh",
        "freshvenv: .venv (two): reinstalled other 1.0",
    ]
    assert other_value(repository, repository.venv) == 51


OF_THEIR_OWN = (
    TWO_PROJECTS.replace('venvs = [".venv"]\n', "")
    .replace('path = "one"', 'path = "one"\nvenvs = ["one/.venv"]')
    .replace('path = "two"', 'path = "two"\nvenvs = ["two/.venv"]')
)


def test_venv_that_is_named_is_for_the_projects_whose_venv_it_is(world: World) -> None:
    """Hooks would never look at what else was installed there."""
    repository = monorepo(world, OF_THEIR_OWN)
    for name in ("one/.venv", "two/.venv", "another"):
        make_venv(world, repository.path / name)

    repository.freshvenv("resync", "one/.venv")
    assert {(it.venv, it.project, it.state) for it in repository.targets()} == {
        ("one/.venv", "one", "fresh"),
        ("two/.venv", "two", "absent"),
    }
    assert not [*(repository.path / "one" / ".venv").glob("lib/python*/site-packages/other*")]

    repository.freshvenv("resync", "another")
    assert installed_value(repository.path / "another", world) == 11
    assert other_value(repository, repository.path / "another") == 11


def test_venv_that_is_named_on_a_branch_without_its_project(world: World) -> None:
    settings = OF_THEIR_OWN.replace("one/.venv", "env-one").replace("two/.venv", "env-two")
    repository = monorepo(world, settings)
    for name in ("env-one", "env-two"):
        make_venv(world, repository.path / name)
    (repository.path / "link").symlink_to("env-one")
    repository.git("switch", "--quiet", "--create", "two-only")
    repository.git("rm", "-r", "--quiet", "one")
    repository.git("commit", "--quiet", "--message", "two only")
    shutil.rmtree(repository.path / "one", ignore_errors=True)

    for name in ("env-one", "link"):
        repository.freshvenv("resync", name)
    assert not [*(repository.path / "env-one").glob("lib/python*/site-packages/other*")]

    (repository.path / "link").unlink()
    repository.freshvenv("init", "--hooks", "native")
    # It may come while the tree stays: git-sparse-checkout(1).
    assert "absent%one" in {path.name for path in (repository.git_dir / "freshvenv" / "stamp").iterdir()}


def test_projects_in_folders_have_a_stamp(world: World) -> None:
    """Which is of the whole tree, since that holds the settings; with an edit in the working tree there is none."""
    repository = monorepo(world, TWO_PROJECTS)
    repository.freshvenv("init", "--hooks", "native")
    stamp = repository.git_dir / "freshvenv" / "stamp"
    tree = repository.git("rev-parse", "HEAD^{tree}")
    assert f"tree%{tree}%." in {path.name for path in stamp.iterdir()}

    repository.git("switch", "--quiet", "--create", "settings")
    repository.write("pyproject.toml", TWO_PROJECTS.replace("[tool.freshvenv]", '[tool.freshvenv]\non-stale = "warn"'))
    repository.commit("warn only")
    edit_and_commit(repository, "one", 7)
    done = repository.attempt("checkout", "--quiet", "--detach")
    assert "on-stale is warn" in done.stderr
    repository.git("switch", "--quiet", "main")
    assert installed_value(repository.venv, world) == 11

    repository.write("one/src/demo/left.py", "NUMBER = 9\n")
    repository.freshvenv("resync")
    assert not stamp.exists()


@EDITABLE_LINE
def test_projects_with_venvs_of_their_own(world: World) -> None:
    """Each project in its own venv, next to it; the settings of one are not those of the other."""
    repository = monorepo(world, OF_THEIR_OWN + "editable = true\n")
    for name in ("one", "two"):
        make_venv(world, repository.path / name / ".venv")
    repository.freshvenv("init", "--hooks", "native")

    states = {(target.venv, target.project, target.state, target.editable) for target in repository.targets()}
    assert states == {("one/.venv", "one", "fresh", False), ("two/.venv", "two", "fresh", True)}
    assert installed_value(repository.path / "one" / ".venv", world) == 11
    assert other_value(repository, repository.path / "two" / ".venv") == 11


def by_a_link(repository: Repository) -> None:
    (repository.path / "one" / "src" / "demo" / "left.py").unlink()
    (repository.path / "one" / "src" / "demo" / "left.py").symlink_to("../../../shared/left.py")


def by_its_backend(repository: Repository) -> None:
    backend = repository.path / "one" / "backend" / "in_tree.py"
    statement = 'Path("src/demo/left.py").write_text(Path("../shared/left.py").read_text())'
    text = backend.read_text().replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1)
    backend.write_text(text)


TAKES = {"a link": by_a_link, "the backend": by_its_backend}


@pytest.mark.parametrize("how", TAKES.values(), ids=TAKES)
def test_project_that_takes_a_file_from_above(world: World, how: Callable[[Repository], None]) -> None:
    """What is installed of it depends on more than its own folder; the other project keeps to its own."""
    repository = monorepo(world, TWO_PROJECTS)
    repository.write("shared/left.py", "NUMBER = 1\n")
    how(repository)
    repository.commit("take a file from above")
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "--create", "topic")
    repository.with_environment(FRESHVENV="off").git("switch", "--quiet", "topic")
    repository.write("shared/left.py", "NUMBER = 2\n")
    assert {(target.project, target.state) for target in repository.targets()} == {("one", "stale"), ("two", "fresh")}
    assert "shared/left.py" in str(repository.targets())
    repository.commit("two")
    repository.git("switch", "--quiet", "main")

    for branch, value in (("topic", 21), ("main", 11)):
        [line] = own_lines(repository.attempt("switch", branch).stderr)
        assert line.startswith("freshvenv: .venv (one): reinstalled ")
        assert installed_value(repository.venv, world) == value
        assert {target.state for target in repository.targets()} == {"fresh"}


@EDITABLE_LINE
def test_editable_project_that_takes_its_readme_from_above(world: World) -> None:
    """It is in the metadata, which an editable install copies."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo", "sub")
    repository = Repository(world, history.root)
    pyproject = history.top / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("[project]", '[project]\nreadme = "README.md"'))
    (history.top / "README.md").symlink_to("../README.md")
    repository.write("README.md", "main")
    repository.commit("a readme above")
    repository.git("config", "freshvenv.editable", "true")
    make_venv(world, repository.venv)
    world.run("uv", "pip", "install", "--python", repository.venv / "bin" / "python", "-e", history.top)
    repository.freshvenv("resync")

    repository.write("README.md", "edited")

    assert [target.state for target in repository.targets()] == ["stale"]
    repository.freshvenv("resync")
    python = repository.venv / "bin" / "python"
    assert_exact(world, python, repository.path, history.project, editable=True, subdirectory="sub")


def test_two_projects_that_look_above_are_not_mixed_up(world: World) -> None:
    """What they depend on has one hash, and their wheels are two."""
    repository = monorepo(world, TWO_PROJECTS)
    for folder in ("one", "two"):
        (repository.path / folder / "README.md").symlink_to("../README.md")
    repository.write("README.md", "both")
    repository.commit("a readme for both")

    repository.freshvenv("init", "--hooks", "native")

    assert installed_value(repository.venv, world) == 11
    assert other_value(repository, repository.venv) == 11
    trees = {
        target["installed"]["tree"] for target in json.loads(repository.freshvenv("status", "--json").stdout)["targets"]
    }
    assert trees == {repository.git("rev-parse", "HEAD^{tree}")}


def in_packages(world: World, table: str) -> tuple[Repository, History]:
    """A project of hatchling in ``packages/demo`` that hooks keep in ``.venv``; ``table`` may say its version."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo", "packages/demo")
    repository = Repository(world, history.root)
    file = history.top / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.replace('version = "1.0.0"', 'dynamic = ["version"]') + table if table else text)
    settings = '[tool.freshvenv]\nvenvs = [".venv"]\n\n[[tool.freshvenv.projects]]\npath = "packages/demo"\n'
    repository.write("pyproject.toml", settings)
    repository.write("VERSION", "1.0.0\n")
    repository.commit("a project in a folder")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    return repository, history


ABOVE = {
    "a version": (
        '\n[tool.hatch.version]\npath = "../../VERSION"\npattern = "(?P<version>.+)"\n',
        "VERSION",
        "2.0.0\n",
        "tree ",
    ),
    "an ignore file at the top": (
        "",
        ".gitignore",
        ".venv/\n__pycache__/\nchanged.py\n",
        "beside the project .gitignore ",
    ),
    "an ignore file in between": (
        "",
        "packages/.gitignore",
        "changed.py\n",
        "beside the project nothing -> packages/.gitignore ",
    ),
}
"""A table that says the version, the file above the project that another branch changes, its content there, the reason."""


@pytest.mark.parametrize(("table", "path", "text", "reason"), ABOVE.values(), ids=ABOVE)
def test_hatchling_takes_what_is_above(world: World, table: str, path: str, text: str, reason: str) -> None:
    """Nothing in the project's own folder changes, and a fresh install is another one."""
    repository, history = in_packages(world, table)
    python = repository.venv / "bin" / "python"
    repository.git("switch", "--quiet", "--create", "topic")
    repository.write(path, text)
    assert [target.state for target in repository.targets()] == ["stale"]
    assert str(repository.target().reasons[0]).startswith(reason)
    repository.with_environment(FRESHVENV="off").git("add", "--all")
    repository.with_environment(FRESHVENV="off").git("commit", "--quiet", "--message", "above")
    files = {}
    for branch in ("main", "topic", "main"):
        said = own_lines(repository.attempt("switch", branch).stderr)
        assert_exact(world, python, repository.path, history.project, editable=False, subdirectory="packages/demo")
        assert repository.target().state == "fresh", said
        files[branch] = sorted(str(path) for path in repository.venv.glob("lib/*/site-packages/demo_hatchling*/*"))
    assert files["main"] != files["topic"]


LOCAL = """\
[build-system]
requires = ["{backend}"]
build-backend = "{module}"

[project]
name = "zz-app"
version = "1.0"
requires-python = ">=3.8"
{requires}
"""

BY_PATH = {
    "poetry": LOCAL.format(
        backend="poetry-core", module="poetry.core.masonry.api", requires='dynamic = ["dependencies"]'
    )
    + """
[tool.poetry]
packages = [{ include = "app" }]

[tool.poetry.dependencies]
demo = { path = "lib", develop = true }
""",
    "hatchling": LOCAL.format(
        backend="hatchling", module="hatchling.build", requires='dependencies = ["demo @ {root:uri}/lib"]'
    )
    + """
[tool.hatch.metadata]
allow-direct-references = true

[tool.hatch.build.targets.wheel]
packages = ["app"]
""",
}


@pytest.mark.parametrize("pyproject", BY_PATH.values(), ids=BY_PATH)
@pytest.mark.parametrize("where", ["lib", "../lib"], ids=["in the repository", "beside it"])
def test_dependency_by_its_path_with_real_backends(world: World, pyproject: str, where: str) -> None:
    """They write the folder that they build in into the metadata: it is the working tree's, in each clone its own."""
    repository = create(world, world.root / "a folder" / "demo", branches={})
    lib = repository.path / where
    lib.mkdir()
    for name in ("backend", "src", "pyproject.toml"):
        (repository.path / name).rename(lib / name)
    pyproject = pyproject.replace('path = "lib"', f'path = "{where}"').replace(
        "{root:uri}/lib", f"{{root:uri}}/{where}"
    )
    repository.write("pyproject.toml", pyproject + '\n[tool.freshvenv]\nvenvs = [".venv"]\n')
    repository.write("app/__init__.py", "")
    repository.commit("an app, and what it requires")
    other = world.root / "other folder" / "clone"
    world.git("clone", "--quiet", str(repository.path), str(other), cwd=world.root)
    if where != "lib":
        shutil.copytree(lib, other.parent / "lib")
    for clone in (repository, Repository(world, other)):
        python = make_venv(world, clone.venv) / "bin" / "python"

        done = clone.freshvenv("resync")

        assert "could not be installed" not in done.stdout
        assert installed_value(clone.venv, world) == 11
        [metadata] = clone.venv.glob("lib/python*/site-packages/zz_app-1.0.dist-info/METADATA")
        placed = metadata.read_bytes()
        if "hatchling" in pyproject and world.place is Place.ODD_PATH:
            # hatchling itself does not build there: it quotes nothing but blanks in a URL.
            assert f"Requires-Dist: demo @ {clone.path.as_uri()}/{where}\n".encode() in placed
            continue
        world.run("uv", "pip", "install", "--python", python, "--reinstall-package", "zz-app", ".", cwd=clone.path)
        assert metadata.read_bytes() == placed
