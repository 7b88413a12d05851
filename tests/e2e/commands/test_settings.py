"""What the settings decide: which venvs, in which mode, when, and from what they are built."""

from __future__ import annotations

import re
import shutil

import pytest

from support.commands import EDITABLE_LINE, TREES, content, install, project, ready, values
from support.interpreters import RUNNING, interpreters
from support.repository import Repository, assert_fresh, installed_value, make_venv, own_lines
from support.values import replace
from support.world import World

# Settings


def test_venvs_are_paths_and_globs(world: World) -> None:
    """A path is waited for; a glob takes what is there; what is excluded, or no venv, is left alone."""
    repository = project(world, 'venvs = ["later", "envs/*"]\nexclude = ["envs/skip*"]')
    for name in ("one", "two", "skipped"):
        make_venv(world, repository.path / "envs" / name)
    (repository.path / "envs" / "folder").mkdir()
    repository.freshvenv("init", "--hooks", "native")
    assert {(target.venv, target.state) for target in repository.targets()} == {
        ("later", "absent"),
        ("envs/one", "fresh"),
        ("envs/two", "fresh"),
    }

    repository.git("switch", "--quiet", "topic")

    assert values(repository, "envs/one", "envs/two") == [21, 21]
    for name in (".venv", "envs/skipped"):
        assert not [*(repository.path / name).glob("lib/python*/site-packages/demo*")]


def test_venvs_that_are_known_by_name(world: World) -> None:
    """Without settings: those that hold the project, from this checkout, and no other."""
    repository = project(world, settings="")
    holding = [".venv", "venv", ".nox/tests", ".tox/py"]
    for name in holding:
        install(repository, name)
    for name in (".nox/empty", "envs/other"):
        make_venv(world, repository.path / name)
    install(repository, "envs/other")
    repository.freshvenv("init", "--hooks", "native")

    done = repository.attempt("switch", "topic")

    assert [line.split(": ")[1] for line in own_lines(done.stderr)] == holding
    assert values(repository, *holding, "envs/other") == [21, 21, 21, 21, 11]
    assert {(target.venv, target.state) for target in repository.targets()} == {(name, "fresh") for name in holding}
    assert not [*(repository.path / ".nox/empty").glob("lib/python*/site-packages/demo*")]


@pytest.mark.parametrize("spelling", ["../outside", "{root}/outside", "~/outside"])
def test_personal_venvs(world: World, spelling: str) -> None:
    """Only the user's own configuration can name a venv outside of the repository."""
    repository = project(world)
    where = world.home if spelling.startswith("~") else world.root
    outside = make_venv(world, where / "outside")
    repository.git("config", "--add", "freshvenv.venvs", spelling.format(root=world.root))
    repository.freshvenv("init", "--hooks", "native")

    done = repository.attempt("switch", "topic")

    assert len(own_lines(done.stderr)) == 2
    assert [installed_value(venv, world) for venv in (repository.venv, outside)] == [21, 21]


@pytest.mark.parametrize("spelling", ["envs/*", "{root}/demo/envs/*", "{root}/*/envs/[ot]*"])
def test_personal_venvs_by_a_pattern(world: World, spelling: str) -> None:
    """What is no venv is left alone, and one that is made later is found."""
    repository = project(world, "")
    (repository.path / "envs" / "folder").mkdir(parents=True)
    make_venv(world, repository.path / "envs" / "one")
    repository.git("config", "freshvenv.venvs", spelling.format(root=world.root))
    repository.freshvenv("init", "--hooks", "native")
    assert {(target.venv, target.state) for target in repository.targets()} == {("envs/one", "fresh")}

    make_venv(world, repository.path / "envs" / "two")
    repository.git("switch", "--quiet", "topic")

    assert values(repository, "envs/one", "envs/two") == [21, 21]


def test_personal_venv_whose_path_reads_like_a_pattern(world: World) -> None:
    repository = project(world)
    outside = make_venv(world, world.root / "[work]" / "env*")
    repository.git("config", "freshvenv.venvs", str(outside))
    repository.freshvenv("init", "--hooks", "native")
    repository.git("switch", "--quiet", "topic")
    assert installed_value(outside, world) == 21


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            "~nobody-at-all/venv",
            "freshvenv.venvs in git's configuration is '~nobody-at-all/venv': there is no such user",
        ),
        ("envs/**py", "venvs: 'envs/**py' is no pattern: "),
    ],
)
def test_personal_venvs_that_cannot_be(world: World, value: str, said: str) -> None:
    repository = project(world)
    (repository.path / "envs").mkdir()
    repository.git("config", "freshvenv.venvs", value)
    done = repository.freshvenv("status", check=False)
    [line] = done.stderr.splitlines()
    assert (done.returncode, line[: len(said) + 11]) == (2, f"freshvenv: {said}")


@pytest.mark.parametrize("settings", ["", 'venvs = [".venv", "venv"]\nexclude = ["venv"]'], ids=["no others", "others"])
def test_personal_venvs_in_the_repository(world: World, settings: str) -> None:
    """Who names a venv wants the project in it, also where it is one that is known by name, or excluded by the tree."""
    repository = project(world, settings)
    make_venv(world, repository.path / "venv")
    for name in (".venv", "venv"):
        repository.git("config", "--add", "freshvenv.venvs", name)

    repository.freshvenv("init", "--hooks", "native")

    assert {(target.venv, target.state) for target in repository.targets()} == {(".venv", "fresh"), ("venv", "fresh")}
    repository.git("switch", "--quiet", "topic")
    assert values(repository, ".venv", "venv") == [21, 21]


@pytest.mark.parametrize("venvs", ['["../outside"]', '["/outside"]', '["~/outside"]', '["envs/../../outside"]'])
def test_the_tree_cannot_name_venvs_outside(world: World, venvs: str) -> None:
    repository = project(world, f"venvs = {venvs}")
    make_venv(world, world.root / "outside")
    before = content(world.root / "outside")

    done = repository.freshvenv("resync", check=False)

    assert done.returncode == 2
    assert "leaves the repository" in done.stderr
    assert "git config --add freshvenv.venvs" in done.stderr
    assert content(world.root / "outside") == before


@EDITABLE_LINE
@pytest.mark.parametrize("editable", [True, False], ids=["editable", "not editable"])
def test_mode_is_kept_as_found(world: World, *, editable: bool) -> None:
    repository = project(world)
    install(repository, ".venv", editable=editable)
    repository.freshvenv("init", "--hooks", "native")

    for branch, value in (("topic", 21), ("main", 11)):
        repository.git("switch", "--quiet", branch)
        assert repository.target().editable is editable
        forget_bytecode(repository)
        assert_fresh(repository, value)

    repository.edit("extra", 7)
    forget_bytecode(repository)
    assert installed_value(repository.venv, world) == (711 if editable else 11)


def forget_bytecode(repository: Repository) -> None:
    """Two sources of one size within a second are one to Python; in a working tree that is between it and git."""
    shutil.rmtree(repository.path / "src" / "demo" / "__pycache__", ignore_errors=True)


@EDITABLE_LINE
@pytest.mark.parametrize("editable", [True, False], ids=["editable", "not editable"])
def test_mode_as_configured(world: World, *, editable: bool) -> None:
    repository = project(world, f'venvs = [".venv"]\neditable = {str(editable).lower()}')
    install(repository, ".venv", editable=not editable)
    repository.freshvenv("init", "--hooks", "native")
    assert repository.target().editable is editable
    assert_fresh(repository, 11)

    repository.git("config", "freshvenv.editable", str(not editable).lower())
    assert len(own_lines(repository.attempt("switch", "topic").stderr)) == 1

    assert repository.target().editable is not editable
    assert_fresh(repository, 21)


def test_on_stale_warn(world: World) -> None:
    """The hook says so and does nothing; by hand it is done."""
    repository = ready(world, 'venvs = [".venv"]\non-stale = "warn"')

    [line] = own_lines(repository.attempt("switch", "topic").stderr)

    assert re.fullmatch(rf"freshvenv: \.venv: stale, left alone: {TREES}; on-stale is warn", line)
    assert installed_value(repository.venv, world) == 11
    repository.freshvenv("resync")
    assert_fresh(repository, 21)
    assert own_lines(repository.attempt("checkout", "-b", "same").stderr) == []


def test_on_stale_off(world: World) -> None:
    """The hook does nothing and keeps quiet; status and resync are as ever."""
    repository = ready(world)
    repository.git("config", "freshvenv.on-stale", "off")

    assert own_lines(repository.attempt("switch", "topic").stderr) == []

    assert installed_value(repository.venv, world) == 11
    assert repository.target().state == "stale"
    repository.freshvenv("resync")
    assert_fresh(repository, 21)


@pytest.mark.parametrize("where", ["the tree", "git's configuration"])
def test_on_commit(world: World, where: str) -> None:
    """A commit of one's own edits is installed only where that is wanted."""
    repository = ready(world, 'venvs = [".venv"]' + ("\non-commit = true" if where == "the tree" else ""))
    if where != "the tree":
        repository.edit("left", 5)
        assert own_lines(repository.attempt("commit", "--all", "--message", "five").stderr) == []
        assert repository.target().state == "stale"
        repository.git("config", "freshvenv.on-commit", "true")
    repository.edit("left", 6)

    done = repository.attempt("commit", "--all", "--message", "six")

    assert len(own_lines(done.stderr)) == 1
    assert_fresh(repository, 61)


def test_build_from_the_working_tree(world: World) -> None:
    """The way out for a project that needs a file which git ignores."""
    repository = ready(world)
    with (repository.path / ".gitignore").open("a") as file:
        file.write("generated.py\n")
    repository.commit("ignore what is generated")
    repository.write("src/demo/generated.py", "FROM = 'the working tree'\n")
    repository.freshvenv("resync")
    assert not [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]

    repository.git("config", "freshvenv.build-from", "working-tree")
    done = repository.freshvenv("resync")

    assert "build-from clean-checkout -> working-tree" in done.stdout
    assert [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]
    assert repository.target().state == "fresh"
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 21)
    assert [*repository.venv.glob("lib/python*/site-packages/demo/generated.py")]


BESIDE = """\
[build-system]
requires = []
build-backend = "in_tree"
backend-path = ["backend"]

[project]
name = "beside"
version = "1.0"
"""


def test_requirement_on_a_folder_beside_it(world: World) -> None:
    """Metadata names that of this clone, and not that of the clean checkout, which is gone when it is installed."""
    repository = project(world)
    shutil.copytree(repository.path / "backend", repository.path / "beside" / "backend")
    repository.write("beside/src/beside/__init__.py", "")
    repository.write("beside/pyproject.toml", BESIDE)
    for path, old, new in (
        ("pyproject.toml", "dependencies = []", 'dependencies = ["beside @ {root:uri}/beside"]'),
        (
            "backend/in_tree.py",
            'f"Requires-Dist: {requirement}"',
            '"Requires-Dist: " + requirement.replace("{root:uri}", Path.cwd().as_uri())',
        ),
    ):
        text = (repository.path / path).read_text()
        assert old in text
        repository.write(path, text.replace(old, new))
    repository.commit("require it")
    other = replace(repository, path=world.root / "other clone")
    world.git("clone", "--quiet", str(repository.path), str(other.path), cwd=world.root)
    make_venv(world, other.venv)

    for clone in (repository, other):
        clone.freshvenv("init", "--hooks", "none")
        [metadata] = clone.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/METADATA")
        assert f"Requires-Dist: beside @ {clone.path.as_uri()}/beside\n" in metadata.read_text()
        world.run(clone.venv / "bin" / "python", "-I", "-c", "import beside")
        assert next(it for it in clone.targets() if it.project == ".").state == "fresh"


def test_variable_that_was_set_once_stays_in_no_wheel(world: World) -> None:
    repository = ready(world)
    backend = repository.path / "backend" / "in_tree.py"
    text = backend.read_text()
    assert "Generator: in_tree 1" in text
    backend.write_text(
        text.replace('"Wheel-Version: 1.0\\nGenerator: in_tree 1', 'f"Wheel-Version: 1.0\\nGenerator: {FLAGS}').replace(
            "from typing import Any\n", "from typing import Any\nimport os\nFLAGS = os.environ.get('CFLAGS')\n"
        )
    )
    repository.commit("write the flags down")

    def flags() -> str:
        [file] = repository.venv.glob("lib/python*/site-packages/demo-1.0.dist-info/WHEEL")
        return file.read_text().splitlines()[1]

    repository.with_environment(CFLAGS="-O0").freshvenv("resync")
    assert flags() == "Generator: -O0"
    repository.git("switch", "--quiet", "topic")
    repository.git("switch", "--quiet", "main")
    assert flags() == "Generator: None"


def test_personal_settings_go_before_those_of_the_tree(world: World) -> None:
    repository = ready(world, 'venvs = [".venv"]\non-stale = "warn"\neditable = true')
    assert repository.target().editable is True
    repository.git("config", "freshvenv.on-stale", "reinstall")
    repository.git("config", "freshvenv.editable", "false")

    repository.git("switch", "--quiet", "topic")

    assert repository.target().editable is False
    assert_fresh(repository, 21)


def test_another_python_at_the_same_place(world: World) -> None:
    """The venv was made anew with another version: the project is put into it, for that version."""
    other = next((version for version in interpreters() if version != RUNNING), RUNNING)
    repository = ready(world)
    shutil.rmtree(repository.venv)
    make_venv(world, repository.venv, str(interpreters()[other]))

    [line] = own_lines(repository.attempt("switch", "topic").stderr)

    assert "installed demo 1.0 (not installed here" in line
    assert_fresh(repository, 21)
    assert [*repository.venv.glob(f"lib/python{other}/site-packages/demo/left.py")]
