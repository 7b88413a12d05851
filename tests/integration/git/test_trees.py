"""Trees of folders: what is in them, beside them, and linked out of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from freshvenv.source.git import Repository
from freshvenv.source.working_tree import read_working_tree
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def test_submodules(world: World, top: Path, repository: Repository) -> None:
    assert repository.submodules("HEAD", ".") == ()
    for path in ("one", "sub/two"):
        world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", path, cwd=top)
    world.commit(top)
    inside = world.git("rev-parse", "HEAD", cwd=top / "one")
    assert repository.submodules("HEAD", ".") == (("one", inside), ("sub/two", inside))
    assert repository.submodules("HEAD", "sub") == (("sub/two", inside),)

    moved = world.commit(top / "one")
    world.git("submodule", "--quiet", "deinit", "--force", "sub/two", cwd=top)
    assert repository.submodules("HEAD", ".") == (("one", moved), ("sub/two", ""))


def test_tree_of_a_folder(world: World, top: Path, repository: Repository) -> None:
    tree = read_working_tree(repository, [])
    assert tree.tree_of(".") == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert tree.tree_of("src/demo") == world.git("rev-parse", "HEAD:src/demo", cwd=top)
    (top / "new.txt").touch()
    assert read_working_tree(repository, []).tree_of("src/demo") == tree.tree_of("src/demo")
    (top / "src/demo/left.py").write_text("x")
    edited = read_working_tree(repository, [])
    assert edited.tree_of("src/demo") != tree.tree_of("src/demo")
    assert edited.changed_below("src/demo") == ("src/demo/left.py",)
    assert edited.changed_below("src/dem") == ()


def test_ignored(top: Path, repository: Repository) -> None:
    (top / ".gitignore").write_text("*.so\nmade/\n")
    for name in ("x.so", "src/demo/y z.so", "src/demo/made/é.py", "src/new.py", "src2/x.so"):
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).touch()
    assert repository.ignored("src") == ("demo/made/é.py", "demo/y z.so")
    assert repository.ignored(".") == ("src/demo/made/é.py", "src/demo/y z.so", "src2/x.so", "x.so")


LINKS = {
    "none": ((), False),
    "within": (("ln -s left.py src/demo/other.py", "ln -s ../src/demo src/more"), False),
    "to a file above": (("ln -s ../../pyproject.toml src/demo/other.py",), True),
    "to a folder above": (("ln -s ../../../backend src/demo/deep/other",), True),
    "to its own folder": (("ln -s . src/demo/other",), False),
    "to a folder of a name that begins alike": (("ln -s ../../src2 src/demo/other",), True),
    "absolute": (("ln -s /etc/hosts src/demo/other.py",), True),
    "that git has as a file": (
        (
            "git config core.symlinks false",
            "ln -s ../../x src/demo/o",
            "git add -A",
            "rm src/demo/o",
            "echo -n ../../x > src/demo/o",
        ),
        True,
    ),
}


@pytest.mark.parametrize(("lines", "expected"), LINKS.values(), ids=LINKS)
def test_links_that_lead_out(
    world: World, top: Path, repository: Repository, lines: tuple[str, ...], expected: bool
) -> None:
    (top / "src" / "demo" / "deep").mkdir()
    for line in lines:
        world.run("sh", "-ec", line, cwd=top)
    assert read_working_tree(repository, []).links_lead_out_of("src") is expected


RULES_ABOVE = {
    "none": ((), set()),
    "at the top": (("echo x > .gitignore",), {".gitignore"}),
    "in every folder above, uncommitted": (
        ("echo x > src/.gitignore", "echo x > .gitattributes", "git add -A", "git commit -qm x", "echo y > .gitignore"),
        {"src/.gitignore", ".gitattributes", ".gitignore"},
    ),
    "in it and beside it": (("echo x > src/demo/.gitignore", "echo x > backend/.gitignore"), set()),
    "a link": (("echo x > shared", "ln -s shared .gitignore"), {"."}),
}


@pytest.mark.parametrize(("lines", "expected"), RULES_ABOVE.values(), ids=RULES_ABOVE)
def test_rules_above_a_folder(
    world: World, top: Path, repository: Repository, lines: tuple[str, ...], expected: set[str]
) -> None:
    world.git("rm", "--quiet", "--force", "--ignore-unmatch", ".gitignore", ".gitattributes", cwd=top)
    world.commit(top)
    for line in lines:
        world.run("sh", "-ec", line, cwd=top)
    tree = read_working_tree(repository, [])
    found = [line.rpartition(" ") for line in tree.beside("src/demo")]
    assert {path for path, _, _ in found} == expected
    for path, _, content in found:
        assert content == (tree.tree if path == "." else world.git("hash-object", path, cwd=top))
    assert tree.beside(".") == ()


def test_is_current(world: World, top: Path, repository: Repository) -> None:
    tree = read_working_tree(repository, [])
    assert tree.is_current()
    world.commit(top)
    assert not tree.is_current()


SAME_OUTLINE = {
    "nothing": (),
    "content of a module": ("echo >> src/demo/left.py",),
}


OTHER_OUTLINE = {
    "new module": ("touch src/demo/new.py",),
    "module gone": ("rm src/demo/left.py",),
    "module renamed": ("mv src/demo/left.py src/demo/other.py",),
    "module became executable": ("chmod +x src/demo/left.py",),
    "module became a link": ("ln -sf right.py src/demo/left.py",),
    "other file": ("echo >> pyproject.toml",),
    "module at the top": ("touch setup.py",),
    "data": ("touch src/demo/data.txt",),
}


@pytest.mark.parametrize(
    ("words", "same"),
    [*((words, True) for words in SAME_OUTLINE.values()), *((words, False) for words in OTHER_OUTLINE.values())],
    ids=[*SAME_OUTLINE, *OTHER_OUTLINE],
)
def test_outline(world: World, top: Path, repository: Repository, words: tuple[str, ...], same: bool) -> None:
    before = read_working_tree(repository, []).outline_of(".")
    for line in words:
        world.run("sh", "-ec", line, cwd=top)
    assert (read_working_tree(repository, []).outline_of(".") == before) is same
