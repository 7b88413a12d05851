"""Requirements whose source the project tells to uv: an installer is told it, too, and nobody asks an index for them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from freshvenv.installers import Index
from freshvenv.project import Project
from freshvenv.venvs.sources import declared_indexes, from_their_sources

APP = """\
[project]
name = "app"

[tool.uv.sources]
Beside = { path = "../beside", editable = true }
core = { workspace = true }
lost = { workspace = true }
torch = { index = "other" }
plain-git = { git = "https://example.com/plain" }
full-git = { git = "ssh://git@example.com/full.git", tag = "v1", subdirectory = "python" }
short-git = { git = "git@example.com:short.git" }
archive = { url = "https://example.com/archive-1.0.tar.gz" }
many = [{ index = "one", marker = "sys_platform == 'linux'" }, { index = "two" }]
"""

ROOT = """\
[tool.uv.workspace]
members = ["packages/*", "/absolute"]

[tool.uv.sources]
core = { path = "elsewhere" }
shared = { path = "shared" }
"""

TOLD = {
    "no source": ("attrs>=23", "attrs>=23"),
    "member of the workspace": ("core", "core @ {root}/packages/core"),
    "member of the workspace, with an extra and a version": ("Core[fast]>=2", "Core[fast] @ {root}/packages/core"),
    "no such member": ("lost", None),
    "path": ("beside==1.0", "beside @ {root}/packages/beside"),
    "path in the workspace": ("shared", "shared @ {root}/shared"),
    "another index": ("torch>=2", None),
    "git": ("plain-git", "plain-git @ git+https://example.com/plain"),
    "git, with all": ("full-git", "full-git @ git+ssh://git@example.com/full.git@v1#subdirectory=python"),
    "git, as scp writes it": ("short-git", None),
    "archive": ("archive", "archive @ https://example.com/archive-1.0.tar.gz"),
    "several": ("many", None),
    "a URL of its own": ("core @ https://example.com/core.whl", "core @ https://example.com/core.whl"),
}


def project(top: Path, pyproject: str) -> Project:
    folder = top / "packages" / "app"
    for name in ("app", "core", "empty"):
        (top / "packages" / name).mkdir(parents=True)
    (top / ".git").mkdir()
    (top / "pyproject.toml").write_text(ROOT)
    (top / "packages" / "core" / "pyproject.toml").write_text('[project]\nname = "CORE"\n')
    (folder / "pyproject.toml").write_text(pyproject)
    return Project("packages/app", folder, tomllib.loads(pyproject), has_setup_py=False)


@pytest.mark.parametrize(("requirement", "expected"), TOLD.values(), ids=TOLD)
def test_what_an_installer_is_told(tmp_path: Path, requirement: str, expected: str | None) -> None:
    told = from_their_sources([requirement], project(tmp_path, APP))
    assert told == (() if expected is None else (expected.format(root=tmp_path.as_uri()),))


@pytest.mark.parametrize("sources", ["", "[tool.uv]\nsources = 1", "[tool.uv.sources]\ncore = 1", "[tool]\nuv = []"])
def test_sources_that_are_none(tmp_path: Path, sources: str) -> None:
    told = from_their_sources(["attrs"], project(tmp_path, f'{sources}\n[project]\nname = "app"\n'))
    assert told == ("attrs",)


def test_workspace_that_cannot_be_read(tmp_path: Path) -> None:
    app = project(tmp_path, APP)
    (tmp_path / "pyproject.toml").write_text("[tool")
    (tmp_path / "packages" / "core" / "pyproject.toml").write_bytes(b"\xff")
    assert from_their_sources(["core", "attrs"], app) == ("attrs",)


DECLARED: dict[str, tuple[str, tuple[Index, ...]]] = {
    "none": ("", ()),
    "with a name": (
        '[[tool.uv.index]]\nname = "ours"\nurl = "https://example.com/a"',
        (Index("https://example.com/a", "ours"),),
    ),
    "in the stead of PyPI": (
        '[[tool.uv.index]]\nurl = "https://example.com/a"\ndefault = true',
        (Index("https://example.com/a", is_default=True),),
    ),
    "for those that ask for it": ('[[tool.uv.index]]\nurl = "https://example.com/a"\nexplicit = true', ()),
    "a folder": ('[[tool.uv.index]]\nurl = "wheels"', (Index("{root}/wheels"),)),
    "as it was written before": (
        '[tool.uv]\nindex-url = "https://example.com/a"\nextra-index-url = ["https://example.com/b"]',
        (Index("https://example.com/b"), Index("https://example.com/a", is_default=True)),
    ),
    "a text": ('[tool.uv]\nindex = "https://example.com/a"', ()),
    "without a place": ('[[tool.uv.index]]\nname = "ours"', ()),
}


@pytest.mark.parametrize(("text", "expected"), DECLARED.values(), ids=DECLARED)
def test_indexes_that_are_declared(tmp_path: Path, text: str, expected: tuple[Index, ...]) -> None:
    (tmp_path / ".git").mkdir()
    made = Project(".", tmp_path, tomllib.loads(text), has_setup_py=False)
    root = tmp_path.as_uri()
    assert declared_indexes(made) == tuple(it._replace(url=it.url.replace("{root}", root)) for it in expected)


def test_indexes_of_a_workspace_are_those_of_its_members(tmp_path: Path) -> None:
    made = project(tmp_path, '[[tool.uv.index]]\nurl = "https://example.com/member"')
    assert declared_indexes(made) == ()
    with (tmp_path / "pyproject.toml").open("a") as root:
        root.write('\n[[tool.uv.index]]\nurl = "https://example.com/root"\n')
    assert declared_indexes(made) == (Index("https://example.com/root"),)
