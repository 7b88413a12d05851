"""The oracle must be able to fail, and must not fail for nothing: only then is its silence worth something."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.interpreters import RUNNING, interpreters
from support.oracle import assert_exact, differences, fresh_install, installed_files
from support.values import replace
from support.world import World
from support.zoo import ZOO, History, Project, make_history

pytestmark = [
    pytest.mark.ordinary_place("the oracle looks from there"),
    pytest.mark.unpoisoned("no program of ours is started"),
]

PYTHON = interpreters()[RUNNING]


@dataclass(frozen=True, slots=True)
class Installed:
    """A project of the zoo in state A, and a venv into which uv installed it; the venv is there to be spoiled."""

    world: World
    history: History
    python: Path
    editable: bool

    @property
    def project(self) -> Project:
        return self.history.project

    @property
    def venv(self) -> Path:
        return self.python.parent.parent

    @property
    def site(self) -> Path:
        [site] = self.venv.glob("lib/python*/site-packages")
        return site

    @property
    def package(self) -> Path:
        return self.site / self.project.package

    @property
    def dist_info(self) -> Path:
        [info] = self.site.glob(f"{self.project.package}-*.dist-info")
        return info

    @property
    def script(self) -> Path:
        return self.python.with_name(self.project.distribution)

    @property
    def record(self) -> Path:
        return self.dist_info / "RECORD"

    def run_python(self, code: str) -> str:
        return self.world.run(self.python, "-I", "-c", code).stdout.strip()

    def rows(self) -> list[list[str]]:
        return list(csv.reader(self.record.read_text().splitlines()))

    def write_rows(self, rows: list[list[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.record.write_text(text.getvalue())

    def rewrite(self, path: Path, content: bytes) -> None:
        """Give an installed file other content as an installer would, with its row in RECORD."""
        path.write_bytes(content)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        name = os.path.relpath(path, self.site)
        rows = self.rows()
        assert name in {row[0] for row in rows}
        self.write_rows([[name, f"sha256={digest}", str(len(content))] if row[0] == name else row for row in rows])

    def differences(self) -> list[str]:
        """In what the venv differs from a fresh install of state A."""
        expected = fresh_install(self.world, self.history.root, "main", self.python, editable=self.editable)
        return differences(installed_files(self.python, self.project.distribution), expected)


def install(world: World, project: Project, where: Path, *, editable: bool = False) -> Installed:
    """Install state A with uv; by copies, since what is linked to uv's cache must not be spoiled."""
    history = make_history(world, project, where)
    venv = history.root / ".venv"
    python = venv / "bin" / "python"
    world.run("uv", "venv", "--quiet", "--python", PYTHON, venv)
    target = ["--editable", history.root] if editable else [history.root]
    world.run(
        *("uv", "pip", "install", "--quiet", "--no-deps", "--link-mode", "copy", "--python", python),
        *target,
    )
    return Installed(world, history, python, editable)


@pytest.fixture
def installed(world: World) -> Installed:
    return install(world, ZOO["flit"], world.root / "work")


# What it must see


def edit_module(venv: Installed) -> None:
    path = venv.package / "changed.py"
    path.write_text(path.read_text().replace('"old"', '"new"'))


def edit_module_and_its_row(venv: Installed) -> None:
    path = venv.package / "changed.py"
    venv.rewrite(path, path.read_bytes().replace(b'"old"', b'"new"'))


def edit_data(venv: Installed) -> None:
    venv.rewrite(venv.package / "data" / "words.txt", b"omega\n")


def remove_module(venv: Installed) -> None:
    (venv.package / "changed.py").unlink()


def remove_module_and_its_row(venv: Installed) -> None:
    (venv.package / "changed.py").unlink()
    venv.write_rows([row for row in venv.rows() if not row[0].endswith("changed.py")])


def leave_module(venv: Installed) -> None:
    (venv.package / "leaked.py").write_text("")


def leave_other_package(venv: Installed) -> None:
    (venv.site / "demo_before_its_renaming").mkdir()
    (venv.site / "demo_before_its_renaming" / "__init__.py").write_text("")


def leave_folder(venv: Installed) -> None:
    (venv.site / "demo_before_its_renaming" / "data").mkdir(parents=True)


def leave_pth(venv: Installed) -> None:
    (venv.site / "demo_flit.pth").write_text(str(venv.history.root))


def leave_script(venv: Installed) -> None:
    shutil.copy2(venv.script, venv.script.with_name("demo-flit-added"))


def leave_data(venv: Installed) -> None:
    (venv.venv / "share" / "demo").mkdir(parents=True)
    (venv.venv / "share" / "demo" / "words.txt").write_text("")


def leave_bytecode(venv: Installed) -> None:
    cache = venv.package / "__pycache__"
    venv.run_python("import demo_flit.changed")
    [compiled] = cache.glob("changed.*.pyc")
    compiled.rename(cache / compiled.name.replace("changed", "gone"))


def lie_by_bytecode(venv: Installed) -> None:
    path = venv.package / "changed.py"
    honest, state = path.read_bytes(), path.stat()
    for content in (honest.replace(b'"old"', b'"new"'), honest):
        path.write_bytes(content)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert venv.run_python("import demo_flit.changed; print(demo_flit.changed.VALUE)") == "new"


def spoil_shebang(venv: Installed) -> None:
    text = venv.script.read_text()
    venv.rewrite(venv.script, text.replace(f"#!{venv.python}", f"#!{PYTHON}").encode())


def call_another(venv: Installed) -> None:
    venv.rewrite(venv.script, venv.script.read_bytes().replace(b"demo_flit.changed", b"demo_flit.gone"))


def do_more_than_call(venv: Installed) -> None:
    text = venv.script.read_text()
    venv.rewrite(venv.script, text.replace("import sys\n", "import sys\nsys.path.insert(0, '/elsewhere')\n").encode())


def call_with_more(venv: Installed) -> None:
    venv.rewrite(venv.script, venv.script.read_bytes().replace(b"main())", b"main('more'))"))


def call_never(venv: Installed) -> None:
    venv.rewrite(venv.script, venv.script.read_bytes().replace(b"    sys.exit(", b"    if not sys.argv: sys.exit("))


def link_module(venv: Installed) -> None:
    path = venv.package / "changed.py"
    path.rename(venv.world.root / "changed.py")
    path.symlink_to(venv.world.root / "changed.py")


def make_script_dull(venv: Installed) -> None:
    venv.script.chmod(0o644)


def make_module_executable(venv: Installed) -> None:
    (venv.package / "changed.py").chmod(0o755)


def copy_dist_info(venv: Installed) -> None:
    shutil.copytree(venv.dist_info, venv.site / "demo_flit-1.1.0.dist-info")


def leave_moved_away_package(venv: Installed) -> None:
    shutil.copytree(venv.package, venv.site / "~emo_flit")


def leave_moved_away_dist_info(venv: Installed) -> None:
    shutil.copytree(venv.dist_info, venv.site / "~emo_flit-1.0.0.dist-info")


def leave_marker(venv: Installed) -> None:
    (venv.dist_info / "marker.json").write_text("{}")


def forget_row(venv: Installed) -> None:
    venv.write_rows([row for row in venv.rows() if not row[0].endswith("words.txt")])


def repeat_row(venv: Installed) -> None:
    venv.write_rows([*venv.rows(), venv.rows()[-1]])


def forget_hash(venv: Installed) -> None:
    venv.write_rows([[row[0], "", ""] if row[0].endswith("changed.py") else row for row in venv.rows()])


def cut_row(venv: Installed) -> None:
    venv.record.write_text(venv.record.read_text() + "demo_flit/changed.py\n")


def remove_record(venv: Installed) -> None:
    venv.record.unlink()


def uninstall(venv: Installed) -> None:
    venv.world.run("uv", "pip", "uninstall", "--python", venv.python, venv.project.distribution)


@pytest.mark.parametrize(
    ("tamper", "seen"),
    [
        pytest.param(edit_module, "other content: site-packages/demo_flit/changed.py", id="module-edited"),
        pytest.param(
            edit_module_and_its_row, "other content: site-packages/demo_flit/changed.py", id="module-and-row-edited"
        ),
        pytest.param(edit_data, "other content: site-packages/demo_flit/data/words.txt", id="data-edited"),
        pytest.param(remove_module, "missing: site-packages/demo_flit/changed.py", id="module-removed"),
        pytest.param(
            remove_module_and_its_row, "missing: site-packages/demo_flit/changed.py", id="module-and-row-removed"
        ),
        pytest.param(leave_module, "leftover: site-packages/demo_flit/leaked.py", id="module-left"),
        pytest.param(
            leave_other_package,
            "leftover: site-packages/demo_before_its_renaming/__init__.py",
            id="package-left",
        ),
        pytest.param(leave_folder, "leftover folder: site-packages/demo_before_its_renaming", id="empty-folder-left"),
        pytest.param(leave_pth, "leftover: site-packages/demo_flit.pth", id="pth-left"),
        pytest.param(leave_script, "leftover: bin/demo-flit-added", id="script-left"),
        pytest.param(leave_data, "leftover: share/demo/words.txt", id="shared-data-left"),
        pytest.param(leave_bytecode, "leftover bytecode: site-packages/demo_flit/__pycache__/gone", id="bytecode-left"),
        pytest.param(
            lie_by_bytecode, "lying bytecode: site-packages/demo_flit/__pycache__/changed", id="bytecode-lies"
        ),
        pytest.param(spoil_shebang, "entry point: bin/demo-flit", id="script-starts-another-python"),
        pytest.param(call_another, "entry point: bin/demo-flit", id="script-calls-another-function"),
        pytest.param(do_more_than_call, "more than a call: sys.path.insert(0, '/elsewhere')", id="script-does-more"),
        pytest.param(call_with_more, "more than a call: sys.exit(main('more'))", id="script-calls-with-more"),
        pytest.param(call_never, "more than a call: if not sys.argv", id="script-calls-on-a-condition"),
        pytest.param(link_module, "link: site-packages/demo_flit/changed.py", id="module-linked"),
        pytest.param(make_script_dull, "entry point: bin/demo-flit", id="script-not-executable"),
        pytest.param(make_module_executable, "executable: site-packages/demo_flit/changed.py", id="module-executable"),
        pytest.param(copy_dist_info, "a second demo_flit-1.1.0.dist-info", id="second-dist-info"),
        pytest.param(leave_moved_away_package, "leftover: site-packages/~emo_flit/changed.py", id="tilde-package-left"),
        pytest.param(
            leave_moved_away_dist_info,
            "leftover: site-packages/~emo_flit-1.0.0.dist-info/METADATA",
            id="tilde-dist-info-left",
        ),
        pytest.param(leave_marker, "leftover: site-packages/demo_flit-1.0.0.dist-info/marker.json", id="marker-left"),
        pytest.param(forget_row, "leftover: site-packages/demo_flit/data/words.txt", id="row-removed"),
        pytest.param(repeat_row, "RECORD lists site-packages/demo_flit/deleted.py 2 times", id="row-twice"),
        pytest.param(forget_hash, "RECORD: row too much: site-packages/demo_flit/changed.py,,", id="row-without-hash"),
        pytest.param(edit_module, "RECORD gives another hash or size", id="row-with-wrong-hash"),
        pytest.param(cut_row, "RECORD has a row of 1 fields", id="row-cut-short"),
        pytest.param(remove_record, "RECORD is missing", id="record-removed"),
        pytest.param(uninstall, "is not installed", id="uninstalled"),
    ],
)
def test_it_sees(installed: Installed, tamper: Callable[[Installed], None], seen: str) -> None:
    assert installed.differences() == []
    tamper(installed)
    assert [line for line in installed.differences() if seen in line]


def redirect_finder(venv: Installed) -> None:
    [finder] = venv.site.glob("__editable___*_finder.py")
    venv.rewrite(finder, finder.read_bytes().replace(os.fsencode(venv.history.root), b"/elsewhere"))


def keep_stale_extension(venv: Installed) -> None:
    [module] = venv.history.package_dir.glob("_speed.*.so")
    module.write_bytes(b"stale")


def lose_extension(venv: Installed) -> None:
    [module] = venv.history.package_dir.glob("_speed.*.so")
    module.unlink()


@pytest.mark.parametrize(
    ("tamper", "seen"),
    [
        pytest.param(redirect_finder, "other content: site-packages/__editable___", id="finder-names-other-project"),
        pytest.param(keep_stale_extension, "other content: <project>/demo_c_extension/_speed", id="stale-extension"),
        pytest.param(lose_extension, "missing: <project>/demo_c_extension/_speed", id="no-extension"),
    ],
)
def test_it_sees_in_an_editable_install(world: World, tamper: Callable[[Installed], None], seen: str) -> None:
    venv = install(world, ZOO["c_extension"], world.root / "work", editable=True)
    assert venv.differences() == []
    tamper(venv)
    assert [line for line in venv.differences() if seen in line]


def test_it_sees_an_editable_install_where_a_copy_should_be(world: World) -> None:
    venv = install(world, ZOO["flit"], world.root / "work", editable=True)
    assert venv.differences() == []
    assert replace(venv, editable=False).differences()


# What it must leave alone


def import_everything(venv: Installed) -> None:
    venv.run_python("import demo_flit.changed, demo_flit.deleted")
    assert list(venv.package.glob("__pycache__/*.pyc"))


def reverse_record(venv: Installed) -> None:
    venv.write_rows(venv.rows()[::-1])


def forget_who_installed(venv: Installed) -> None:
    notes = [venv.dist_info / name for name in ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")]
    for path in (*notes, *venv.dist_info.glob("uv_*.json")):
        path.unlink(missing_ok=True)
    venv.write_rows([row for row in venv.rows() if (venv.site / row[0]).exists()])


def leave_receipt(venv: Installed) -> None:
    (venv.venv / ".freshvenv").mkdir()
    (venv.venv / ".freshvenv" / "demo-flit.json").write_text("{}")


def install_another(venv: Installed) -> None:
    other = make_history(venv.world, ZOO["uv_build"], venv.world.root / "other")
    venv.world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", venv.python, other.root)


def word_as_pip(venv: Installed) -> None:
    venv.rewrite(
        venv.script,
        f"""\
#!{venv.python}
# -*- coding: utf-8 -*-
import re
import sys
from demo_flit.changed import main
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(main())
""".encode(),
    )


def word_as_installer(venv: Installed) -> None:
    venv.rewrite(
        venv.script,
        f"""\
#!{venv.python.with_name("python3")}
import sys
from demo_flit.changed import main
if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix(".exe")
    sys.exit(main())
""".encode(),
    )


def word_for_a_shell(venv: Installed) -> None:
    venv.rewrite(
        venv.script,
        f"""\
#!/bin/sh
'''exec' "{venv.python}" "$0" "$@"
' '''
import sys
from demo_flit.changed import main
sys.exit(main())
""".encode(),
    )


@pytest.mark.parametrize(
    "touch",
    [
        pytest.param(import_everything, id="imported-once"),
        pytest.param(reverse_record, id="record-in-another-order"),
        pytest.param(forget_who_installed, id="notes-of-the-installer"),
        pytest.param(leave_receipt, id="receipt-of-freshvenv"),
        pytest.param(install_another, id="another-distribution"),
        pytest.param(word_as_pip, id="script-in-the-words-of-pip"),
        pytest.param(word_as_installer, id="script-in-the-words-of-installer"),
        pytest.param(word_for_a_shell, id="script-that-a-shell-starts"),
    ],
)
def test_it_leaves_alone(installed: Installed, touch: Callable[[Installed], None]) -> None:
    touch(installed)
    assert installed.differences() == []
    assert installed.world.run(installed.script).stdout == "old\n"


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("with a space", id="space"),
        pytest.param("/".join(["long" * 20] * 2), id="longer-than-a-shebang"),
        pytest.param("größe", id="not-ascii"),
    ],
)
@pytest.mark.parametrize("editable", [pytest.param(False, id="plain"), pytest.param(True, id="editable")])
def test_it_reads_odd_paths(world: World, folder: str, *, editable: bool) -> None:
    (world.root / folder).mkdir(parents=True)
    assert install(world, ZOO["flit"], world.root / folder / "work", editable=editable).differences() == []


# That it is the same for everybody


# Editable only where a build leaves something of its own in the project; test_exact has all of them.
EDITABLE = ("pdm", "hatch_vcs", "c_extension", "setuptools_legacy")


@pytest.mark.parametrize(
    ("project", "editable"),
    [
        *(pytest.param(project, False, id=f"{name}-plain") for name, project in ZOO.items()),
        *(pytest.param(ZOO[name], True, id=f"{name}-editable") for name in EDITABLE),
    ],
)
def test_two_installs_of_a_commit_are_equal(world: World, project: Project, *, editable: bool) -> None:
    venv = install(world, project, world.root / "work", editable=editable)
    assert venv.differences() == []
    assert_exact(world, venv.python, venv.history.root, project, editable=editable)


@pytest.mark.parametrize(
    ("project", "editable"),
    [
        pytest.param(ZOO["hatchling"], False, id="hatchling-plain"),
        pytest.param(ZOO["c_extension"], False, id="c_extension-plain"),
        pytest.param(ZOO["setuptools_legacy"], True, id="setuptools_legacy-editable"),
    ],
)
def test_pip_and_uv_agree(world: World, project: Project, *, editable: bool) -> None:
    history = make_history(world, project, world.root / "work")
    by_pip, by_uv = (
        fresh_install(world, history.root, "main", PYTHON, editable=editable, with_uv=with_uv)
        for with_uv in (False, True)
    )
    assert differences(by_pip, by_uv) == []
    assert by_pip.problems == frozenset()


# What is expected of a working tree


def test_uncommitted_changes_are_expected(world: World) -> None:
    """Staged, edited and untracked; the file finder of setuptools-scm sees which of them git tracks."""
    venv = install(world, ZOO["setuptools_scm"], world.root / "work")
    top, package = venv.history.root, venv.history.package_dir
    (package / "data" / "staged.txt").write_text("staged\n")
    world.git("add", "--all", cwd=top)
    (package / "data" / "untracked.txt").write_text("untracked\n")
    (package / "changed.py").write_text("VALUE = 'edited'\r\n")
    (package / "untracked.py").write_text("")
    world.git("rm", "--quiet", str(package / "deleted.py"), cwd=top)

    with pytest.raises(AssertionError, match=r"missing: .*/data/staged\.txt"):
        assert_exact(world, venv.python, top, venv.project, editable=False)
    # In a working tree setuptools would take the deleted module from the folder that its last build left.
    shutil.rmtree(top / "build")
    world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", venv.python, top)
    assert_exact(world, venv.python, top, venv.project, editable=False)
    assert {path.name for path in (venv.package / "data").iterdir()} == {"words.txt", "staged.txt"}


def test_a_project_in_a_subdirectory_is_expected(world: World) -> None:
    history = make_history(world, ZOO["pdm"], world.root / "work", subdirectory="packages/demo")
    python = world.root / "venv" / "bin" / "python"
    world.run("uv", "venv", "--quiet", "--python", PYTHON, world.root / "venv")
    world.run("uv", "pip", "install", "--quiet", "--no-deps", "--python", python, "--editable", history.top)
    assert_exact(world, python, history.root, history.project, editable=True, subdirectory="packages/demo")


# The zoo


@pytest.mark.parametrize("project", [pytest.param(project, id=project.name) for project in ZOO.values()])
def test_the_branches_of_the_zoo_differ_as_told(world: World, project: Project) -> None:
    history = make_history(world, project, world.root / "work")
    listed = world.git("diff", "--name-status", "--no-renames", "main", "feature", cwd=history.root).splitlines()
    changes = {path: status for status, path in (line.split("\t") for line in listed)}
    package = project.package_path
    assert changes.pop(f"{package}/added.py") == "A"
    assert changes.pop(f"{package}/deleted.py") == "D"
    expected = {f"{package}/changed.py", f"{package}/data/words.txt", project.build_file}
    assert set(changes) == expected | ({f"{package}/_speed.c"} if project.compiled else set())
    assert set(changes.values()) == {"M"}
    sizes = {
        world.git("cat-file", "-s", f"{branch}:{package}/changed.py", cwd=history.root)
        for branch in ("main", "feature")
    }
    assert len(sizes) == 1
    tags = world.git("tag", "--points-at", "feature", cwd=history.root)
    assert tags == ("v1.1.0" if project.version_from_git else "")
    names = world.git("ls-tree", "-r", "--name-only", "renamed", cwd=history.root).splitlines()
    assert [name for name in names if history.renamed_package in name]
    assert not [name for name in names if project.package in name]
    assert world.git("status", "--porcelain", cwd=history.root) == ""
