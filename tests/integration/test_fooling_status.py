"""``freshvenv status`` never says fresh of a stale venv, whoever changed it and however; and not stale of a fresh one."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from freshvenv.cli import group
from support.commands import EDITABLE_LINE
from support.interpreters import RUNNING, available, interpreters
from support.places import Place
from support.repository import PROJECT, Repository, Target, create, installed_value, make_venv
from support.shelf import Shelf, world_in
from support.snapshot import installed_files
from support.world import TOOLS, World
from support.zoo import ZOO, make_history

MAIN, TOPIC = 11, 21
"""What ``main`` answers, and ``topic`` (its first commit)."""

BASE = interpreters()[RUNNING]
OTHERS = [interpreters()[version] for version in available("3.8", "3.12", "3.13") if version != RUNNING]


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool, Place], Shelf]:
    """The demo project, installed by freshvenv into ``.venv``; a venv in ``copy`` would be ours too.

    There is one for all tests, and others for those that are marked ``one_line`` or ``ordinary_place``.
    """

    @functools.cache
    def shelf(one_line: bool, place: Place) -> Shelf:
        world = world_in(tmp_path_factory.mktemp("world"), one_line=one_line, place=place)
        shelf = Shelf(world, frozenset({"cache", "state"}))
        made = create(shelf.world, shelf.world.root / "demo", branches={"topic": (("left", 2),)})
        for branch in ("topic", "main"):
            made.git("switch", "--quiet", branch)
            add_settings(made, 'venvs = [".venv", "copy*"]')
        make_venv(made.world, made.venv)
        made.freshvenv("resync")
        shelf.keep()
        return shelf

    return shelf


@pytest.fixture
def repository(sterile: World, shelves: Callable[[bool, Place], Shelf]) -> Repository:
    """What was prepared, always at the same path: what is installed is fresh there and nowhere else."""
    shelf = shelves("\n" not in sterile.root.name, sterile.place)
    shelf.restore()
    return Repository(shelf.world_of(sterile), shelf.world.root / "demo")


def freshvenv(repository: Repository, *argv: str, status: int = 0) -> str:
    """Run a command as :func:`Repository.freshvenv` does, in this process, which is faster."""
    with contextlib.chdir(repository.path):
        done = CliRunner(env=repository.world.env).invoke(group, argv, standalone_mode=False)
    if done.exception:
        raise done.exception
    assert (done.return_value or 0) == status, done.output
    return done.output


def resync(repository: Repository, *argv: str) -> None:
    freshvenv(repository, "resync", *argv)


def add_settings(repository: Repository, line: str, ignored: tuple[str, ...] = (".venv/", "copy*/")) -> None:
    """Put other settings in the place of the project's, and commit them."""
    file = repository.path / "pyproject.toml"
    text = file.read_text()
    file.write_text(text[: text.index("[tool.freshvenv]")] + f"[tool.freshvenv]\n{line}\n")
    (repository.path / ".gitignore").write_text("\n".join([*ignored, "__pycache__/", ""]))
    repository.commit("settings")


def of(repository: Repository, venv: str = ".venv") -> Target:
    """What status says of one venv."""
    answer = json.loads(freshvenv(repository, "status", "--json"))
    [each] = [target for target in answer["targets"] if target["venv"] == venv]
    return Target(venv, each["project"], each["state"], tuple(each["reasons"]), each["editable"])


def site(repository: Repository, venv: str = ".venv") -> Path:
    [found] = (repository.path / venv).glob("lib/python*/site-packages")
    return found


def metadata(repository: Repository) -> Path:
    [found] = site(repository).glob("demo-*.dist-info")
    return found


def rewrite(path: Path, text: str) -> None:
    """Write a file and put its times back, so that nothing but its content tells."""
    status = path.stat()
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def uv(repository: Repository, *words: str | Path) -> None:
    repository.world.run(TOOLS / "uv", *words, cwd=repository.path)


def edit_json(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def receipt_of(repository: Repository) -> Path:
    [found] = (repository.venv / ".freshvenv").glob("*.receipt.json")
    return found


# What another program installed


def foreign_reinstall_of_other_content(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".")
    repository.git("switch", "--quiet", "main")


def foreign_reinstall_of_the_same(repository: Repository) -> None:
    """Nothing but the notes of the installer differs: who it was can be told, what it did cannot."""
    uv(repository, "pip", "install", "--quiet", "--reinstall", "--python", repository.venv / "bin" / "python", ".")


def made_editable(repository: Repository) -> None:
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", "-e", ".")


def uninstalled(repository: Repository) -> None:
    uv(repository, "pip", "uninstall", "--quiet", "--python", repository.venv / "bin" / "python", "demo")


def wheel_from_elsewhere(repository: Repository) -> None:
    """A release, as from an index: no directory is its origin."""
    repository.git("switch", "--quiet", "topic")
    uv(repository, "build", "--quiet", "--wheel", "--out-dir", "../dist", ".")
    repository.git("switch", "--quiet", "main")
    [wheel] = (repository.world.root / "dist").glob("*.whl")
    python = repository.venv / "bin" / "python"
    # uv reads a path with a line end as something else.
    relative = f"../dist/{wheel.name}"
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--reinstall", "--python", python, relative)


def second_metadata(repository: Repository) -> None:
    shutil.copytree(metadata(repository), site(repository) / "demo-0.9.dist-info")


def second_metadata_without_origin(repository: Repository) -> None:
    """Another version, which an interpreter may find first, of unknown origin."""
    second_metadata(repository)
    (site(repository) / "demo-0.9.dist-info" / "direct_url.json").unlink()


# What a person did to the files


def edited(repository: Repository) -> None:
    (site(repository) / "demo" / "left.py").write_text("NUMBER = 99\n")


def edited_of_the_same_size(repository: Repository) -> None:
    (site(repository) / "demo" / "left.py").write_text("NUMBER = 9\n")


def edited_with_its_time_put_back(repository: Repository) -> None:
    rewrite(site(repository) / "demo" / "left.py", "NUMBER = 9\n")


def exchanged_with_its_time_put_back(repository: Repository) -> None:
    file = site(repository) / "demo" / "left.py"
    other = file.with_name("other.py")
    other.write_text("NUMBER = 9\n")
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))
    other.rename(file)


def removed(repository: Repository) -> None:
    (site(repository) / "demo" / "left.py").unlink()


def package_removed(repository: Repository) -> None:
    shutil.rmtree(site(repository) / "demo")


def replaced_by_a_link(repository: Repository) -> None:
    file = site(repository) / "demo" / "left.py"
    file.unlink()
    file.symlink_to(repository.path / "src" / "demo" / "right.py")


def script_edited(repository: Repository) -> None:
    rewrite(repository.venv / "bin" / "demo", "#!/bin/sh\n")


def script_removed(repository: Repository) -> None:
    (repository.venv / "bin" / "demo").unlink()


def script_no_longer_executable(repository: Repository) -> None:
    (repository.venv / "bin" / "demo").chmod(0o644)


def metadata_edited(repository: Repository) -> None:
    file = metadata(repository) / "METADATA"
    rewrite(file, file.read_text().replace("1.0", "9.0"))


def metadata_removed(repository: Repository) -> None:
    shutil.rmtree(metadata(repository))


def record_edited(repository: Repository) -> None:
    file = metadata(repository) / "RECORD"
    rewrite(file, file.read_text().replace("demo/left.py", "demo/lost.py"))


def origin_edited(repository: Repository) -> None:
    edit_json(metadata(repository) / "direct_url.json", lambda data: data.update(url="file:///elsewhere"))


def record_removed(repository: Repository) -> None:
    (metadata(repository) / "RECORD").unlink()


# What happened to the receipt


def receipt_removed(repository: Repository) -> None:
    receipt_of(repository).unlink()


def receipt_says_another_tree(repository: Repository) -> None:
    """The install is of the old tree, and the receipt is made to say the new one."""
    repository.git("switch", "--quiet", "topic")
    tree = repository.git("rev-parse", "HEAD^{tree}")
    edit_json(receipt_of(repository), lambda data: data.update(tree=tree))


def receipt_vouches_for_nothing(repository: Repository) -> None:
    edited(repository)
    edit_json(receipt_of(repository), lambda data: data.update(witness={}))


def receipt_does_not_mention_the_file(repository: Repository) -> None:
    edited(repository)
    edit_json(
        receipt_of(repository),
        lambda data: [data["witness"].pop(path) for path in list(data["witness"]) if path.endswith("left.py")],
    )


def receipt_is_damaged(repository: Repository) -> None:
    receipt_of(repository).write_bytes(receipt_of(repository).read_bytes()[:-100])


def receipt_survives_another_install(repository: Repository) -> None:
    """Its copy is put back after a reinstall that is not ours."""
    aside = repository.world.root / "aside"
    shutil.copytree(repository.venv / ".freshvenv", aside)
    foreign_reinstall_of_other_content(repository)
    shutil.rmtree(repository.venv / ".freshvenv")
    shutil.copytree(aside, repository.venv / ".freshvenv")


def intent_is_left(repository: Repository) -> None:
    (repository.venv / ".freshvenv" / "x.intent.json").write_text("")


# What happened to the venv


def made_anew(repository: Repository) -> None:
    shutil.rmtree(repository.venv)
    make_venv(repository.world, repository.venv)


def made_anew_by_the_standard_library(repository: Repository) -> None:
    repository.world.run(BASE, "-m", "venv", "--clear", "--without-pip", repository.venv)


def made_anew_and_installed_by_uv(repository: Repository) -> None:
    made_anew(repository)
    foreign_reinstall_of_other_content(repository)


def interpreter_exchanged(repository: Repository) -> None:
    if not OTHERS:
        pytest.skip("there is no other interpreter")
    uv(repository, "venv", "--quiet", "--allow-existing", "--no-project", "--python", OTHERS[0], ".venv")


def interpreter_gone(repository: Repository) -> None:
    python = repository.venv / "bin" / "python"
    python.unlink()
    python.symlink_to("/opt/gone/python")


# What happened to the work tree


def other_branch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")


def reset(repository: Repository) -> None:
    """No hook is fired by it."""
    repository.git("reset", "--quiet", "--hard", "topic")


def edited_in_the_work_tree(repository: Repository) -> None:
    repository.edit("left", 7)


def edited_in_the_work_tree_with_its_time_put_back(repository: Repository) -> None:
    rewrite(repository.path / "src" / "demo" / "left.py", "NUMBER = 7\n")


def staged(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.git("add", "--all")


def new_file_in_the_work_tree(repository: Repository) -> None:
    repository.write("src/demo/new.py", "")


def settings_ask_for_an_editable_install(repository: Repository) -> None:
    repository.git("config", "freshvenv.editable", "true")


FOOLED: dict[str, tuple[Callable[[Repository], None], str]] = {
    "reinstalled by uv, other content": (foreign_reinstall_of_other_content, "unknown"),
    "reinstalled by uv, same content": (foreign_reinstall_of_the_same, "unknown"),
    "made editable by uv": (made_editable, "unknown"),
    "uninstalled by uv": (uninstalled, "absent"),
    "release put in its place": (wheel_from_elsewhere, "unknown"),
    "second metadata": (second_metadata, "unknown"),
    "second metadata without origin": (second_metadata_without_origin, "unknown"),
    "edited": (edited, "stale"),
    "edited, of the same size": (edited_of_the_same_size, "stale"),
    "edited, its time put back": (edited_with_its_time_put_back, "stale"),
    "exchanged, its time put back": (exchanged_with_its_time_put_back, "stale"),
    "removed": (removed, "stale"),
    "package removed": (package_removed, "stale"),
    "replaced by a link": (replaced_by_a_link, "stale"),
    "script edited": (script_edited, "stale"),
    "script removed": (script_removed, "stale"),
    "script no longer executable": (script_no_longer_executable, "stale"),
    "metadata edited": (metadata_edited, "stale"),
    "metadata removed": (metadata_removed, "absent"),
    "RECORD edited": (record_edited, "unknown"),
    "RECORD removed": (record_removed, "broken"),
    "origin edited": (origin_edited, "unknown"),
    "receipt removed": (receipt_removed, "unknown"),
    "receipt says another tree": (receipt_says_another_tree, "unknown"),
    "receipt vouches for nothing": (receipt_vouches_for_nothing, "unknown"),
    "receipt does not mention the file": (receipt_does_not_mention_the_file, "unknown"),
    "receipt damaged": (receipt_is_damaged, "unknown"),
    "receipt put back after another install": (receipt_survives_another_install, "unknown"),
    "intent left": (intent_is_left, "unknown"),
    "venv made anew": (made_anew, "absent"),
    "venv made anew by the standard library": (made_anew_by_the_standard_library, "absent"),
    "venv made anew, installed by uv": (made_anew_and_installed_by_uv, "unknown"),
    "interpreter exchanged": (interpreter_exchanged, "absent"),
    "interpreter gone": (interpreter_gone, "broken"),
    "other branch": (other_branch, "stale"),
    "reset": (reset, "stale"),
    "edited in the work tree": (edited_in_the_work_tree, "stale"),
    "edited in the work tree, its time put back": (edited_in_the_work_tree_with_its_time_put_back, "stale"),
    "staged": (staged, "stale"),
    "new file in the work tree": (new_file_in_the_work_tree, "stale"),
    "settings ask for an editable install": (settings_ask_for_an_editable_install, "stale"),
}


EDITABLE_LINES = dict.fromkeys(("made editable by uv", "settings ask for an editable install"), EDITABLE_LINE)


@pytest.mark.parametrize(
    ("fool", "state"),
    [pytest.param(*row, id=name, marks=EDITABLE_LINES.get(name, ())) for name, row in FOOLED.items()],
)
def test_not_fresh_and_set_right_by_a_resync(
    repository: Repository, fool: Callable[[Repository], None], state: str
) -> None:
    fool(repository)
    target = of(repository)
    assert target.state == state, target.reasons
    freshvenv(repository, "status", "--exit-code", status=1)
    if state != "broken":
        resync(repository)
        assert of(repository).state == "fresh"
        assert installed_value(repository.venv, repository.world) == repository.value
        found = list(repository.venv.glob("lib/python*/site-packages/demo-*.dist-info"))
        assert len({path.parent for path in found}) == len(found)


def test_pip(repository: Repository) -> None:
    """What pip does to others is nothing to us; what it does to our install is."""
    python = repository.venv / "bin" / "python"

    def pip(*words: str | Path) -> None:
        repository.world.run(python, "-I", "-m", "pip", "--quiet", "--no-input", *words, cwd=repository.path)

    repository.world.run(python, "-I", "-m", "ensurepip")
    pip("install", "--no-index", other_distribution(repository))
    assert_fresh_here(repository, MAIN)
    repository.git("switch", "--quiet", "topic")
    pip("install", "--no-deps", "--no-index", "--force-reinstall", ".")
    repository.git("switch", "--quiet", "main")
    assert installed_value(repository.venv, repository.world) == TOPIC
    assert (of(repository).state, of(repository).reasons) == ("unknown", ("reinstalled by pip",))
    resync(repository)
    assert_fresh_here(repository, MAIN)
    pip("uninstall", "--yes", "demo")
    assert of(repository).state == "absent"


EXIT_CODES = {"fresh": (None, 0), "stale": ("topic", 1)}


@pytest.mark.parametrize(("branch", "status"), EXIT_CODES.values(), ids=EXIT_CODES)
def test_exit_code_of_the_program(repository: Repository, branch: str | None, status: int) -> None:
    if branch:
        repository.git("switch", "--quiet", branch)
    assert repository.freshvenv("status", "--exit-code", check=False).returncode == status
    assert repository.freshvenv("status").returncode == 0


def assert_fresh_here(repository: Repository, value: int, venv: str = ".venv") -> None:
    assert installed_value(repository.path / venv, repository.world) == value
    assert of(repository, venv).state == "fresh"


# Venvs that are copied, moved and mistaken for one another


def test_whole_venv_copied(repository: Repository) -> None:
    repository.world.run("cp", "-a", repository.venv, repository.path / "copy")
    target = of(repository, "copy")
    assert (target.state, target.reasons) == ("unknown", (f"the receipt is that of {repository.venv}",))
    assert of(repository).state == "fresh"
    resync(repository)
    assert_fresh_here(repository, MAIN, "copy")
    # Its programs start its own interpreter now.
    wrappers = installed_files(repository.path / "copy" / "bin" / "python", "demo").wrappers
    assert {wrapper.interpreter for wrapper in wrappers.values()} == {"<venv>"}


def test_venv_moved(repository: Repository) -> None:
    repository.venv.rename(repository.path / "copy")
    assert of(repository, "copy").state == "unknown"
    assert of(repository).state == "absent"


def test_venv_moved_and_moved_back(repository: Repository) -> None:
    repository.venv.rename(repository.path / "aside")
    (repository.path / "aside").rename(repository.venv)
    assert_fresh_here(repository, MAIN)


@pytest.mark.ordinary_place("a submodule that is moved or copied is for git still the one that it was")
def test_repository_moved(repository: Repository) -> None:
    moved = Repository(repository.world, repository.world.root / "moved")
    repository.path.rename(moved.path)
    assert of(moved).state == "unknown"
    resync(moved)
    assert_fresh_here(moved, MAIN)


@pytest.mark.ordinary_place("a submodule that is moved or copied is for git still the one that it was")
def test_repository_copied_with_its_venv(repository: Repository) -> None:
    """The copied venv still holds an install of the first checkout, which must not be taken for one of the copy."""
    copied = Repository(repository.world, repository.world.root / "copied")
    repository.world.run("cp", "-a", repository.path, copied.path)
    assert of(copied).state == "foreign"
    assert_fresh_here(repository, MAIN)


def test_receipt_copied_from_another_venv(repository: Repository) -> None:
    copy = make_venv(repository.world, repository.path / "copy")
    repository.git("switch", "--quiet", "topic")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", copy / "bin" / "python", ".")
    repository.git("switch", "--quiet", "main")
    shutil.copytree(repository.venv / ".freshvenv", copy / ".freshvenv")
    assert installed_value(copy, repository.world) == TOPIC
    assert of(repository, "copy").state == "unknown"


def test_receipt_of_another_venv_with_its_metadata(repository: Repository) -> None:
    """Receipt and metadata are those of a fresh install; only the code is not."""
    copy = make_venv(repository.world, repository.path / "copy")
    for path in (".freshvenv", metadata(repository).relative_to(repository.venv)):
        shutil.copytree(repository.venv / path, copy / path)
    assert of(repository, "copy").state == "unknown"


def test_link_to_another_venv(repository: Repository) -> None:
    other = create(repository.world, repository.world.root / "other", branches={})
    other.edit("left", 5)
    other.commit("five")
    make_venv(repository.world, other.venv)
    resync(other)
    shutil.rmtree(repository.venv)
    repository.venv.symlink_to(other.venv)
    assert of(repository).state == "broken"
    assert "leads out of the repository" in of(repository).reasons[0]


def test_link_to_a_venv_of_this_repository(repository: Repository) -> None:
    repository.venv.rename(repository.path / "copy")
    repository.venv.symlink_to("copy")
    assert_fresh_here(repository, MAIN)
    assert of(repository, "copy").state != "stale"


def test_worktrees_that_share_a_venv(repository: Repository) -> None:
    """The last reinstall wins: the other work tree must not be told that its code is installed."""
    linked = Repository(repository.world, repository.world.root / "linked")
    repository.git("worktree", "add", "--quiet", str(linked.path), "topic")
    for checkout in (repository, linked):
        checkout.git("config", "freshvenv.venvs", str(repository.world.root / "shared"))
    shared = make_venv(repository.world, repository.world.root / "shared")
    resync(repository)
    assert of(repository, str(shared)).state == "fresh"
    assert of(linked, str(shared)).state == "foreign"


# Venvs that are named in other ways


@pytest.mark.parametrize("spelling", ["./.venv", "src/../.venv", ".venv/", "{absolute}", "{link}/.venv"])
def test_venv_is_the_same_however_it_is_spelled(repository: Repository, spelling: str) -> None:
    link = repository.world.root / "link"
    link.symlink_to(repository.path)
    repository.edit("left", 7)
    repository.commit("seven")
    resync(repository, spelling.format(absolute=repository.venv, link=link))
    assert_fresh_here(repository, 71)


def test_venv_is_the_same_from_a_folder_below(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.commit("seven")
    repository.world.freshvenv("resync", "../.venv", cwd=repository.path / "src")
    assert_fresh_here(repository, 71)


def test_venv_that_the_user_names_is_configured(world: World) -> None:
    """Also where it is one of those that are looked at anyway: it gets what is not yet installed."""
    history = make_history(world, ZOO["hatchling"], world.root / "demo")
    repository = Repository(world, history.root)
    make_venv(world, repository.venv)
    repository.git("config", "freshvenv.venvs", ".venv")
    resync(repository)
    assert of(repository).state == "fresh"


# Folders that are named as venvs and are none


@pytest.mark.parametrize("folder", ["src", "src/demo", "."])
def test_edits_in_a_folder_that_is_no_venv(repository: Repository, folder: str) -> None:
    """What is named as a venv by mistake is not hidden from git's eyes."""
    add_settings(repository, f'venvs = [".venv", "{folder}"]')
    freshvenv(repository, "resync", status=1)
    assert of(repository).state == "fresh"
    repository.edit("left", 7)
    assert of(repository).state == "stale"


def test_repository_that_is_a_venv_itself(world: World) -> None:
    repository = create(world, world.root / "demo", branches={})
    add_settings(repository, 'venvs = ["."]', ("bin/", "include/", "lib/", "lib64", "pyvenv.cfg", ".freshvenv/"))
    world.run(BASE, "-m", "venv", "--without-pip", repository.path)
    resync(repository)
    assert of(repository, ".").state == "fresh"
    repository.edit("left", 7)
    assert of(repository, ".").state == "stale"
    resync(repository)
    assert_fresh_here(repository, 71, ".")


def test_edits_in_a_submodule_of_a_submodule(repository: Repository) -> None:
    deep = create(repository.world, repository.world.root / "deep", branches={})
    library = create(repository.world, repository.world.root / "library", branches={})
    allowed = ("-c", "protocol.file.allow=always")
    library.git(*allowed, "submodule", "--quiet", "add", str(deep.path), "deep")
    library.commit("a submodule")
    repository.git(*allowed, "submodule", "--quiet", "add", str(library.path), "src/demo/vendored")
    repository.git(*allowed, "submodule", "--quiet", "update", "--init", "--recursive")
    repository.commit("a submodule with a submodule")
    resync(repository)
    assert of(repository).state == "fresh"
    inner = Repository(repository.world, repository.path / "src" / "demo" / "vendored" / "deep")
    inner.edit("left", 7)
    assert of(repository).state == "stale"
    resync(repository)
    assert of(repository).state == "fresh"
    placed = site(repository) / "demo" / "vendored" / "deep" / "src" / "demo" / "left.py"
    assert placed.read_text() == "NUMBER = 7\n"


def test_edits_in_a_submodule(repository: Repository) -> None:
    """Its commit is the same, and what would be built is not."""
    library = create(repository.world, repository.world.root / "library", branches={})
    allowed = ("-c", "protocol.file.allow=always")
    repository.git(*allowed, "submodule", "--quiet", "add", str(library.path), "src/demo/vendored")
    repository.commit("a submodule")
    resync(repository)
    assert_fresh_here(repository, MAIN)
    inner = Repository(repository.world, repository.path / "src" / "demo" / "vendored")
    inner.edit("left", 7)
    assert of(repository).state == "stale"
    assert "src/demo/vendored" in str(of(repository).reasons)


# Versions that come from git


def test_tag_that_changes_the_version(world: World) -> None:
    history = make_history(world, ZOO["hatch_vcs"], world.root / "demo")
    repository = Repository(world, history.root)
    make_venv(world, repository.venv)
    resync(repository, ".venv")

    def version() -> str:
        code = "import importlib.metadata as m; print(m.version('demo-hatch-vcs'))"
        return world.run(repository.venv / "bin" / "python", "-Ic", code).stdout.strip()

    assert (version(), of(repository).state) == ("1.0.0", "fresh")
    repository.git("tag", "--annotate", "--message", "three", "v3.0.0")
    assert of(repository).state == "stale"
    resync(repository)
    assert (version(), of(repository).state) == ("3.0.0", "fresh")
    repository.git("tag", "--delete", "v3.0.0")
    assert of(repository).state == "stale"
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    resync(repository)
    assert (version()[:10], of(repository).state) == ("1.0.1.dev1", "fresh")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "and more")
    assert of(repository).state == "stale"


@dataclass(frozen=True)
class Rule:
    """How a project makes its version, and a git command after which it has another one; ``before`` comes first."""

    project: str
    table: str
    before: tuple[str, ...]
    command: str
    version: str


CORE = """\
[tool.setuptools_scm]
local_scheme = "no-local-version"
tag_regex = '^core-(?P<version>[0-9.]+)$'
git_describe_command = "git describe --dirty --tags --long --match core-*"
"""
BRANCH = """\
[tool.setuptools_scm]
version_scheme = "release-branch-semver"
local_scheme = "no-local-version"
"""
MORE = "git commit --allow-empty --message more"
WEB = ("git tag core-1.0", MORE, MORE, "git tag web-5.0")

RULES = {
    "tag of a form, behind another tag": Rule("setuptools_scm", CORE, WEB, "git tag core-2.0 HEAD~1", "2.1.dev1"),
    "tag of a form, removed": Rule(
        "setuptools_scm", CORE, (*WEB, "git tag core-0.5 HEAD~3"), "git tag --delete core-1.0", "0.6.dev3"
    ),
    "tag with a dot, behind another tag": Rule(
        "pdm", '[tool.pdm.version]\nsource = "scm"\n', (*WEB[:3], "git tag v5"), "git tag 2.0 HEAD~1", "2.1.dev1"
    ),
    "branch": Rule("setuptools_scm", BRANCH, (MORE,), "git checkout -b release-1.0", "1.0.1.dev2"),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_version_that_is_not_made_of_the_nearest_tag(world: World, rule: Rule) -> None:
    """No file changes, nor what ``git describe`` says, and a fresh install has another version."""
    history = make_history(world, ZOO[rule.project], world.root / "demo")
    repository = Repository(world, history.root)
    pyproject = repository.path / "pyproject.toml"
    text = pyproject.read_text().partition("[tool.setuptools_scm]")[0]
    pyproject.write_text(text.replace('version = "1.0.0"', 'dynamic = ["version"]') + "\n" + rule.table)
    repository.commit("another rule")
    for command in rule.before:
        repository.git(*command.split()[1:])
    python = make_venv(world, repository.venv) / "bin" / "python"
    resync(repository, ".venv")
    assert of(repository).state == "fresh"

    repository.git(*rule.command.split()[1:])

    assert of(repository).state == "stale"
    resync(repository)
    assert of(repository).state == "fresh"
    code = f"import importlib.metadata as m; print(m.version({history.project.distribution!r}))"
    assert world.run(python, "-Ic", code).stdout.partition("+")[0].strip() == rule.version


def test_version_that_the_environment_tells(world: World) -> None:
    """Neither the venv nor the cache of wheels remembers it when it is no longer told."""
    history = make_history(world, ZOO["hatch_vcs"], world.root / "demo")
    told = Repository(world, history.root).with_environment(SETUPTOOLS_SCM_PRETEND_VERSION="9.9")
    make_venv(world, told.venv)
    assert "installed demo_hatch_vcs 9.9 " in told.freshvenv("resync", ".venv").stdout
    assert told.target().state == "fresh"
    untold = Repository(world, history.root)
    assert untold.target().reasons == ("environment SETUPTOOLS_SCM_PRETEND_VERSION=9.9 -> nothing",)
    assert "reinstalled demo_hatch_vcs 1.0.0 " in untold.freshvenv("resync").stdout


def test_variable_that_the_project_declares(world: World) -> None:
    repository = create(world, world.root / "demo", branches={})
    pyproject = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", pyproject + '\n[tool.uv]\ncache-keys = [{ env = "DEMO_LEFT" }]\n')
    backend = (repository.path / "backend" / "in_tree.py").read_text()
    statement = 'import os; Path("src/demo/left.py").write_text(f"NUMBER = {os.environ.get(\'DEMO_LEFT\', 1)}\\n")'
    repository.write(
        "backend/in_tree.py",
        backend.replace('    source = Path("src")\n', f'    {statement}\n    source = Path("src")\n', 1),
    )
    repository.commit("a variable decides")
    make_venv(world, repository.venv)
    for env, value in (({}, 11), ({"DEMO_LEFT": "2"}, 21), ({}, 11)):
        seen = repository.with_environment(**env)
        assert seen.target().state != "fresh"
        seen.freshvenv("resync")
        assert installed_value(repository.venv, world) == value
        assert seen.target().state == "fresh"
    repository.freshvenv("init", "--hooks", "native")
    code = "import demo.value; print(demo.value.value())"
    words = (TOOLS / "freshvenv", "run", "--", "python", "-I", "-c", code)
    for env, value in (({}, 11), ({"DEMO_LEFT": "2"}, 21), ({}, 11)):
        assert world.run(*words, cwd=repository.path, env=env).stdout == f"{value}\n"
    world.run("git", "checkout", "--quiet", "-b", "same", cwd=repository.path, env={"DEMO_LEFT": "2"})
    assert installed_value(repository.venv, world) == 21


# Settings of git that decide what is checked out


CONVERSIONS = {
    "line ends": ("core.autocrlf", "true", b"NUMBER = 1\r\n"),
    "filter": ("filter.number.smudge", "sed s/1/7/", b"NUMBER = 7\n"),
}


@pytest.mark.parametrize(("key", "value", "content"), CONVERSIONS.values(), ids=CONVERSIONS)
def test_setting_of_git_that_changes_what_is_checked_out(
    repository: Repository, key: str, value: str, content: bytes
) -> None:
    """As when git-lfs is installed after the clone: no tree changes, and a checkout writes other files."""
    repository.write(".gitattributes", "src/demo/left.py filter=number\n")
    repository.commit("attributes")
    resync(repository)
    assert_fresh_here(repository, MAIN)
    repository.git("config", "filter.number.clean", "sed s/7/1/")

    repository.git("config", key, value)
    (repository.path / "src" / "demo" / "left.py").unlink()
    repository.git("checkout", "--quiet", "--", "src/demo/left.py")
    assert repository.git("status", "--porcelain") == ""

    target = of(repository)
    assert (target.state, target.reasons) == ("stale", (f"git config nothing -> {key}={value}",))
    resync(repository)
    assert of(repository).state == "fresh"
    assert (site(repository) / "demo" / "left.py").read_bytes() == content
    repository.git("config", "--unset", key)
    resync(repository)
    assert_fresh_here(repository, MAIN)


# Editable installs


@pytest.fixture
def editable(repository: Repository) -> Repository:
    repository.git("config", "freshvenv.editable", "true")
    resync(repository)
    assert of(repository).editable
    return repository


def link_edited(repository: Repository) -> None:
    [file] = site(repository).glob("__editable__.*.pth")
    file.write_text("/elsewhere\n")


def link_removed(repository: Repository) -> None:
    [file] = site(repository).glob("__editable__.*.pth")
    file.unlink()


def made_plain(repository: Repository) -> None:
    repository.git("config", "--unset", "freshvenv.editable")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".")


def entry_point_added(repository: Repository) -> None:
    file = repository.path / "pyproject.toml"
    file.write_text(
        file.read_text().replace('demo = "demo.value:main"', 'demo = "demo.value:main"\nmore = "demo.value:main"')
    )


EDITABLE: dict[str, tuple[Callable[[Repository], None], str]] = {
    "link edited": (link_edited, "stale"),
    "link removed": (link_removed, "stale"),
    "made plain by uv": (made_plain, "unknown"),
    "entry point added": (entry_point_added, "stale"),
    "reinstalled by uv": (made_editable, "unknown"),
}


@EDITABLE_LINE
@pytest.mark.parametrize(("fool", "state"), EDITABLE.values(), ids=EDITABLE)
def test_editable_install_is_not_fresh(editable: Repository, fool: Callable[[Repository], None], state: str) -> None:
    fool(editable)
    assert of(editable).state == state, of(editable).reasons
    resync(editable)
    assert_fresh_here(editable, MAIN)


# The converse: what is fresh stays fresh


def touched(repository: Repository) -> None:
    for path in (*site(repository).glob("demo*/**/*"), repository.venv / "bin" / "demo"):
        path.touch()


def mode_changed_and_back(repository: Repository) -> None:
    for mode in (0o755, 0o644):
        (site(repository) / "demo" / "left.py").chmod(mode)


def written_again(repository: Repository) -> None:
    file = site(repository) / "demo" / "left.py"
    file.write_bytes(file.read_bytes())


def copied_to_itself(repository: Repository) -> None:
    """As a backup that is restored in the same place."""
    repository.world.run("cp", "-a", repository.venv, repository.path / "aside")
    shutil.rmtree(repository.venv)
    (repository.path / "aside").rename(repository.venv)


def other_distribution(repository: Repository) -> Path:
    folder = repository.world.root / "unrelated"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "src" / "demo").rename(folder / "src" / "unrelated")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(
        text.replace('name = "demo"', 'name = "unrelated"').replace('demo = "demo', 'unrelated = "unrelated')
    )
    return folder


def unrelated_install_by_uv(repository: Repository) -> None:
    python = repository.venv / "bin" / "python"
    # uv reads a path with a line end as something else.
    relative = os.path.relpath(other_distribution(repository), repository.path)
    uv(repository, "pip", "install", "--quiet", "--python", python, relative)


def unrelated_install_and_uninstall(repository: Repository) -> None:
    unrelated_install_by_uv(repository)
    uv(repository, "pip", "uninstall", "--quiet", "--python", repository.venv / "bin" / "python", "unrelated")


def run(repository: Repository) -> None:
    """Which leaves bytecode."""
    repository.world.run(repository.venv / "bin" / "demo")
    repository.world.run(repository.venv / "bin" / "python", "-m", "compileall", "-q", site(repository))


def local_file(repository: Repository) -> None:
    (site(repository) / "local.pth").write_text("")
    (site(repository) / "local.py").write_text("")


def touched_in_the_work_tree(repository: Repository) -> None:
    for path in repository.path.glob("src/**/*.py"):
        path.touch()


def ignored_files(repository: Repository) -> None:
    repository.write("src/demo/__pycache__/left.cpython-311.pyc", "x")
    repository.write("demo.egg-info/PKG-INFO", "x")
    repository.write("copy/x", "x")


def there_and_back(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    repository.git("switch", "--quiet", "main")


def stashed(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.git("stash", "--quiet")


def other_branch_of_the_same_tree(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "same")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    repository.git("tag", "v7")


def packed(repository: Repository) -> None:
    repository.git("gc", "--quiet", "--prune=now")


def notes_of_a_failure(repository: Repository) -> None:
    repository.edit("left", 7)
    text = (repository.path / "backend" / "in_tree.py").read_text()
    (repository.path / "backend" / "in_tree.py").write_text("raise ValueError")
    freshvenv(repository, "resync", status=1)
    (repository.path / "backend" / "in_tree.py").write_text(text)
    repository.edit("left", 1)


HARMLESS: list[Callable[[Repository], None]] = [
    touched,
    mode_changed_and_back,
    written_again,
    copied_to_itself,
    unrelated_install_by_uv,
    unrelated_install_and_uninstall,
    run,
    local_file,
    touched_in_the_work_tree,
    ignored_files,
    there_and_back,
    stashed,
    other_branch_of_the_same_tree,
    packed,
    notes_of_a_failure,
]


@pytest.mark.parametrize("act", HARMLESS)
def test_stays_fresh(repository: Repository, act: Callable[[Repository], None]) -> None:
    act(repository)
    assert of(repository).state == "fresh", of(repository).reasons
    assert freshvenv(repository, "resync").startswith("freshvenv: .venv: fresh (tree ")
    assert installed_value(repository.venv, repository.world) == MAIN


def test_uncommitted_work_that_is_installed_is_fresh(repository: Repository) -> None:
    repository.edit("left", 7)
    resync(repository)
    assert_fresh_here(repository, 71)
    repository.edit("left", 8)
    assert of(repository).state == "stale"
    assert "uncommitted: src/demo/left.py" in of(repository).reasons
    repository.edit("left", 7)
    assert_fresh_here(repository, 71)
    repository.commit("seven")
    assert_fresh_here(repository, 71)


def test_content_of_modules_is_no_matter_to_an_editable_install_of_static_metadata(world: World) -> None:
    history = make_history(world, ZOO["hatchling"], world.root / "demo")
    repository = Repository(world, history.root)
    repository.git("config", "freshvenv.editable", "true")
    make_venv(world, repository.venv)
    resync(repository, ".venv")
    module = history.package_dir / "changed.py"
    module.write_text(module.read_text() + "\n")
    assert of(repository).state == "fresh"
    (history.package_dir / "more.py").touch()
    assert of(repository).state == "stale"


# What a build leaves in the work tree, or takes from there, and git ignores


@pytest.fixture
def compiled(world: World) -> Repository:
    """An editable install of an extension module, which lies in the work tree."""
    history = make_history(world, ZOO["c_extension"], world.root / "demo")
    repository = Repository(world, history.root)
    repository.git("config", "freshvenv.editable", "true")
    repository.git("config", "freshvenv.venvs", ".venv")
    make_venv(world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    assert answer(repository) == "1"
    return repository


def answer(repository: Repository) -> str:
    code = "import demo_c_extension._speed as s; print(s.answer())"
    done = repository.world.run(repository.venv / "bin" / "python", "-Ic", code, check=False)
    return done.stdout.strip()


def extension(repository: Repository) -> Path:
    [module] = repository.path.glob("demo_c_extension/_speed.*.so")
    return module


def extension_removed(repository: Repository) -> None:
    """As ``git clean -X`` does it."""
    extension(repository).unlink()


def extension_of_other_code(repository: Repository) -> None:
    """Built by hand from an edit that was taken back."""
    source = repository.path / "demo_c_extension" / "_speed.c"
    text = source.read_text()
    source.write_text(text.replace("FromLong(1)", "FromLong(7)"))
    python = repository.venv / "bin" / "python"
    repository.world.run("uv", "pip", "install", "--quiet", "--python", python, "setuptools")
    repository.world.run(python, "setup.py", "--quiet", "build_ext", "--inplace", "--force", cwd=repository.path)
    source.write_text(text)
    assert answer(repository) == "7"


@pytest.mark.parametrize("spoil", [extension_removed, extension_of_other_code])
@pytest.mark.parametrize("mend", ["resync", "hook", "run"])
def test_extension_that_is_not_what_was_built(
    compiled: Repository, spoil: Callable[[Repository], None], mend: str
) -> None:
    spoil(compiled)

    target = of(compiled)
    assert target.state == "stale"
    assert "changed in the work tree: demo_c_extension/_speed." in str(target.reasons)
    match mend:
        case "resync":
            compiled.freshvenv("resync")
        case "hook":
            compiled.git("checkout", "--quiet", "-b", "same")
        case _:
            compiled.world.run(TOOLS / "freshvenv", "run", "--", "true", cwd=compiled.path)
    assert of(compiled).state == "fresh"
    assert answer(compiled) == "1"


def test_ignored_file_that_was_packed(repository: Repository) -> None:
    """Which is what building from the working tree is for; other ignored files are nobody's business."""
    repository.write(".gitignore", ".venv/\ncopy*/\n__pycache__/\nmade.py\n*.log\n")
    repository.commit("ignore what is made")
    repository.git("config", "freshvenv.build-from", "working-tree")
    repository.write("src/demo/made.py", "NUMBER = 1\n")
    repository.write("app.log", "one")
    resync(repository)
    assert (site(repository) / "demo" / "made.py").exists()
    repository.write("app.log", "two")
    assert of(repository).state == "fresh"

    repository.write("src/demo/made.py", "NUMBER = 2\n")

    assert of(repository).reasons == ("changed in the work tree: src/demo/made.py",)
    resync(repository)
    assert of(repository).state == "fresh"
    assert (site(repository) / "demo" / "made.py").read_text() == "NUMBER = 2\n"
