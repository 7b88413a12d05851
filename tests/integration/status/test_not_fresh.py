"""``freshvenv status`` never says fresh of a stale venv, whoever changed it and however."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from itertools import compress
from pathlib import Path
from typing import Any

import pytest

from support.asking import (
    MAIN,
    TOPIC,
    assert_fresh_here,
    edit_json,
    freshvenv,
    made_editable,
    metadata,
    of,
    other_distribution,
    receipt_of,
    resync,
    rewrite,
    site,
    uv,
)
from support.commands import EDITABLE_LINE
from support.interpreters import RUNNING, available, interpreters
from support.repository import Repository, installed_value, make_venv

BASE = interpreters()[RUNNING]
OTHERS = [interpreters()[version] for version in available("3.8", "3.12", "3.13") if version != RUNNING]


# What another program installed


def foreign_reinstall_of_other_content(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    uv(repository, "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".")
    repository.git("switch", "--quiet", "main")


def foreign_reinstall_of_the_same(repository: Repository) -> None:
    """Nothing but the notes of the installer differs: who it was can be told, what it did cannot."""
    uv(repository, "pip", "install", "--quiet", "--reinstall", "--python", repository.venv / "bin" / "python", ".")


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
    mention_only(repository, lambda _: False)


def mention_only(repository: Repository, keeps: Callable[[str], bool]) -> None:
    """Take the files out of the receipt that are not kept."""

    def edit(data: dict[str, Any]) -> None:
        kept = [keeps(path) for path in data["witness"]["path"]]
        data["witness"] = {name: list(compress(column, kept)) for name, column in data["witness"].items()}

    edit_json(receipt_of(repository), edit)


def receipt_does_not_mention_the_file(repository: Repository) -> None:
    edited(repository)
    mention_only(repository, lambda path: not path.endswith("left.py"))


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


# What happened to the working tree


def other_branch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")


def reset(repository: Repository) -> None:
    """No hook is fired by it."""
    repository.git("reset", "--quiet", "--hard", "topic")


def edited_in_the_working_tree(repository: Repository) -> None:
    repository.edit("left", 7)


def edited_in_the_working_tree_with_its_time_put_back(repository: Repository) -> None:
    rewrite(repository.path / "src" / "demo" / "left.py", "NUMBER = 7\n")


def staged(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.git("add", "--all")


def new_file_in_the_working_tree(repository: Repository) -> None:
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
    "edited in the working tree": (edited_in_the_working_tree, "stale"),
    "edited in the working tree, its time put back": (edited_in_the_working_tree_with_its_time_put_back, "stale"),
    "staged": (staged, "stale"),
    "new file in the working tree": (new_file_in_the_working_tree, "stale"),
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
