"""Snapshots of uncommitted work: they hold what is on disk, and leave nothing in the user's repository."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freshvenv.source import snapshot
from freshvenv.source.git import discover
from freshvenv.source.snapshot import ObjectStore
from freshvenv.source.working_tree import WorkingTree, read_working_tree
from support.repository import IN_CONFLICT, Repository, create
from support.world import World

VENVS = (".venv", "envs/one")


@pytest.fixture
def repository(world: World) -> Repository:
    return create(world, world.root / "demo", branches={})


def read(repository: Repository) -> WorkingTree:
    return read_working_tree(discover(repository.path), VENVS)


def listing(repository: Repository, tree: str) -> set[str]:
    """The paths in a tree, read from both stores."""
    store = ObjectStore(discover(repository.path))
    done = repository.world.run(
        "git", "ls-tree", "-r", "-z", "--name-only", tree, cwd=repository.path, env=store.environment()
    )
    return {name for name in done.stdout.split("\0") if name}


def content(repository: Repository, tree: str, path: str) -> str:
    store = ObjectStore(discover(repository.path))
    return repository.world.run("git", "show", f"{tree}:{path}", cwd=repository.path, env=store.environment()).stdout


def everything_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, byte for byte; our own folder left out."""
    return {path: Path(folder, path).read_bytes() for path in _files(folder)}


def _files(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "freshvenv"]
        yield from (os.path.relpath(os.path.join(where, name), folder) for name in names)


def shell(repository: Repository, *lines: str) -> None:
    for line in lines:
        repository.world.run("sh", "-ec", line, cwd=repository.path)


# What is in it


def test_clean_tree_is_that_of_head(repository: Repository) -> None:
    tree = read(repository)
    assert tree.tree == repository.git("rev-parse", "HEAD^{tree}")
    assert tree.is_clean
    assert not ObjectStore(discover(repository.path)).path.exists()


EDITS = {
    "edited": ("echo 'NUMBER = 7' > src/demo/left.py",),
    "edited after it was staged": ("echo x > src/demo/left.py", "git add -A", "echo 'NUMBER = 7' > src/demo/left.py"),
    "staged": ("echo 'NUMBER = 7' > src/demo/left.py", "git add -A"),
    "staged, and put back on disk": (
        "echo 'NUMBER = 7' > src/demo/left.py",
        "git add -A",
        "git show HEAD:src/demo/left.py > src/demo/left.py",
        "echo > more",
    ),
    "untracked": ("touch new.py", "mkdir -p a/b", "echo x > a/b/c.txt"),
    "deleted": ("rm src/demo/left.py",),
    "deleted with its folder": ("rm -r src",),
    "deleted in the index alone": ("git rm -q --cached src/demo/left.py",),
    "renamed": ("mv src/demo/value.py src/demo/moved.py",),
    "renamed and staged": ("git mv src/demo/value.py src/demo/moved.py",),
    "renamed, only announced": ("mv src/demo/value.py src/demo/moved.py", "git add -N src/demo/moved.py"),
    "announced": ("echo x > new.py", "git add -N new.py"),
    "file became a folder": ("rm src/demo/left.py", "mkdir src/demo/left.py", "touch src/demo/left.py/x"),
    "folder became a file": ("rm -r src", "touch src"),
    "file became a link": ("ln -sf right.py src/demo/left.py",),
    "link that dangles": ("ln -s nowhere link",),
    "made executable": ("chmod +x src/demo/left.py",),
    "odd names": ("touch 'a b' 'quo\"te' 'é' ' -> arrow'", "touch \"$(printf 'new\\nline')\"", "touch -- -n"),
    "bytes that are not UTF-8": ("touch \"$(printf 'caf\\351')\"",),
    "in conflict": IN_CONFLICT,
    "conflict with a deletion": (
        "git switch -qc other",
        "git rm -q src/demo/left.py",
        "git commit -qm other",
        "git switch -q -",
        "echo mine > src/demo/left.py",
        "git commit -qam mine",
        "git merge -q other > /dev/null || true",
    ),
    "index gone": ('rm "$(git rev-parse --git-path index)"',),
    "empty file": ("true > src/demo/left.py",),
    "sparse checkout": ("git sparse-checkout set --no-cone /pyproject.toml /src", "echo x > new.py"),
    "split index": ("git update-index --split-index", "echo x > new.py"),
}


@pytest.mark.parametrize("lines", EDITS.values(), ids=EDITS)
def test_it_is_the_tree_that_committing_everything_gives(repository: Repository, lines: tuple[str, ...]) -> None:
    shell(repository, *lines)
    snapshot = read(repository).tree
    repository.git("add", "--all", "--sparse")
    assert snapshot == repository.git("write-tree")


def test_same_work_is_the_same_snapshot(repository: Repository) -> None:
    repository.edit("left", 7)
    first = read(repository).tree
    repository.edit("left", 8)
    assert read(repository).tree != first
    repository.edit("left", 7)
    assert read(repository).tree == first


def test_untracked_files_are_in_it(repository: Repository) -> None:
    repository.write("src/demo/new.py", "NEW = 1\n")
    tree = read(repository)
    assert "src/demo/new.py" in listing(repository, tree.tree)
    assert content(repository, tree.tree, "src/demo/new.py") == "NEW = 1\n"
    assert tree.uncommitted == ("src/demo/new.py",)


LEFT_OUT = {
    "ignored": ".venv/x",
    "ignored by the clone alone": "secret.txt",
    "venv that is not ignored": "envs/one/lib/x.py",
    "bytecode that is not ignored": "src/demo/__pycache__/value.cpython-311.pyc",
    "metadata that setuptools leaves": "src/demo.egg-info/PKG-INFO",
    "modules that setuptools leaves": "build/lib/demo/value.py",
    "extensions that setuptools leaves": "build/lib.linux-x86_64-cpython-311/demo/fast.so",
    "an image that setuptools leaves": "build/bdist.linux-x86_64/wheel/demo/value.py",
    "objects that setuptools leaves, in a folder": "packages/build/temp.linux-x86_64/fast.o",
    "metadata at the top": "demo.egg-info/PKG-INFO",
}


@pytest.mark.parametrize("path", LEFT_OUT.values(), ids=LEFT_OUT)
def test_left_out(repository: Repository, path: str) -> None:
    (repository.common_dir / "info").mkdir()
    (repository.common_dir / "info" / "exclude").write_text("secret.txt\n")
    repository.write(".gitignore", ".venv/\n")
    repository.commit("bytecode is not ignored")
    repository.write(path, "x")
    tree = read(repository)
    assert tree.is_clean
    repository.edit("left", 7)
    assert path not in listing(repository, read(repository).tree)


TAKEN = [
    "build/lib.py",
    "build/x.py",
    "build/library/x.py",
    "rebuild/lib/x.py",
    "envs/two/x.py",
    "envs/one.py",
    "src/demo/egg-info/x",
    "src/demo/cache/x.py",
    "src/envs/one/x.py",
]


@pytest.mark.parametrize("path", TAKEN)
def test_what_only_looks_like_that_is_in_it(repository: Repository, path: str) -> None:
    repository.write(path, "x")
    assert path in listing(repository, read(repository).tree)


def test_committed_files_of_such_names_stay(repository: Repository) -> None:
    repository.write("demo.egg-info/PKG-INFO", "x")
    repository.git("add", "--force", "demo.egg-info")
    repository.commit("odd, but committed")
    repository.edit("left", 7)
    assert "demo.egg-info/PKG-INFO" in listing(repository, read(repository).tree)


def test_edits_of_committed_files_of_such_names_count(repository: Repository) -> None:
    for name in ("one", "two"):
        repository.write(f"src/demo/{name}.egg-info/PKG-INFO", name)
    repository.git("add", "--force", "--all")
    repository.commit("odd, but committed")
    repository.write("src/demo/one.egg-info/PKG-INFO", "edited")
    (repository.path / "src/demo/two.egg-info/PKG-INFO").unlink()
    tree = read(repository)
    assert content(repository, tree.tree, "src/demo/one.egg-info/PKG-INFO") == "edited"
    assert "src/demo/two.egg-info/PKG-INFO" not in listing(repository, tree.tree)


def test_conflict_in_a_file_of_such_a_name(repository: Repository) -> None:
    for branch in ("mine", "other"):
        repository.git("switch", "--quiet", "--create", branch, "main")
        repository.write("demo.egg-info/PKG-INFO", branch)
        repository.git("add", "--force", "demo.egg-info")
        repository.commit(branch)
    repository.world.git("merge", "--quiet", "mine", cwd=repository.path, check=False)
    assert content(repository, read(repository).tree, "demo.egg-info/PKG-INFO").startswith("<<<<<<<")


def test_folder_that_became_a_link_to_another(repository: Repository) -> None:
    repository.write("data/x.txt", "x")
    repository.commit("data")
    (repository.path / "data").rename(repository.path / "real")
    (repository.path / "data").symlink_to("real")
    found = listing(repository, read(repository).tree)
    assert {"data", "real/x.txt"} <= found
    assert "data/x.txt" not in found


def test_index_in_two_parts_stays_as_it_is(repository: Repository) -> None:
    """Its shared part lies in the git directory, and is removed when another one is written."""
    repository.git("config", "core.splitIndex", "true")
    repository.git("config", "splitIndex.sharedIndexExpire", "now")
    repository.git("update-index", "--split-index")
    repository.write("src/demo/staged.py", "")
    repository.git("add", "src/demo/staged.py")
    shared = set(repository.git_dir.glob("sharedindex.*"))
    for digit in (5, 6, 7):
        repository.edit("left", digit)
        assert "src/demo/staged.py" in listing(repository, read(repository).tree)
    assert set(repository.git_dir.glob("sharedindex.*")) == shared
    assert "A  src/demo/staged.py" in repository.git("status", "--porcelain")


def test_other_repository_below_is_left_out(repository: Repository) -> None:
    shell(repository, "git init -q inner", "touch inner/x", "echo > new.py")
    tree = listing(repository, read(repository).tree)
    assert "new.py" in tree
    assert not any(path.startswith("inner") for path in tree)


def test_submodule_that_moved(repository: Repository) -> None:
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", "inner")
    repository.commit("a submodule")
    inner = repository.path / "inner"
    repository.world.git("commit", "--quiet", "--allow-empty", "-m", "more", cwd=inner)
    moved = repository.world.git("rev-parse", "HEAD", cwd=inner)
    tree = read(repository)
    store = ObjectStore(discover(repository.path))
    done = repository.world.run("git", "ls-tree", tree.tree, "inner", cwd=repository.path, env=store.environment())
    assert moved in done.stdout


# What is left alone


@pytest.mark.parametrize("lines", EDITS.values(), ids=EDITS)
def test_repository_is_untouched_byte_for_byte(repository: Repository, lines: tuple[str, ...]) -> None:
    """The index, the objects, the references: all that is in ``.git`` but our own folder."""
    shell(repository, *lines)
    before = everything_in(repository.common_dir)
    status = repository.git("--no-optional-locks", "status", "--porcelain")
    read(repository)
    assert everything_in(repository.common_dir) == before
    assert repository.git("--no-optional-locks", "status", "--porcelain") == status


def test_working_tree_is_untouched(repository: Repository) -> None:
    repository.edit("left", 7)
    repository.write("new.py", "x")
    before = everything_in(repository.path)
    read(repository)
    assert everything_in(repository.path) == before


def test_no_index_is_left_behind(repository: Repository) -> None:
    repository.edit("left", 7)
    read(repository)
    assert [path.name for path in (repository.common_dir / "freshvenv").iterdir()] == ["objects"]


def test_snapshot_in_a_linked_worktree(repository: Repository) -> None:
    repository.git("worktree", "add", "--quiet", "--detach", "../linked")
    linked = Repository(repository.world, repository.path.parent / "linked")
    linked.edit("left", 7)
    before = everything_in(repository.common_dir)
    tree = read(linked)
    assert everything_in(repository.common_dir) == before
    assert content(repository, tree.tree, "src/demo/left.py") == "NUMBER = 7\n"
    assert read(repository).is_clean


ODD = {"quotes": "a \"b\" 'c'", "newline": "a\nb", "colon": "a:b", "non-ASCII": "日本", "backslash": "a\\n:b"}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_snapshot_at_an_odd_path(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    repository.edit("left", 7)
    before = everything_in(repository.common_dir)
    tree = read(repository)
    assert everything_in(repository.common_dir) == before
    assert content(repository, tree.tree, "src/demo/left.py") == "NUMBER = 7\n"


def test_locked_index(repository: Repository) -> None:
    """Another git command is under way: it has the lock, and we need none."""
    repository.edit("left", 7)
    (repository.git_dir / "index.lock").touch()
    assert read(repository).uncommitted == ("src/demo/left.py",)


# What is left of it


def age(store: ObjectStore, days: float) -> None:
    then = time.time() - days * 24 * 3600
    for path in [*store.path.glob("??/*"), store.path / "pruned", *store.repository.shared_state.glob("*")]:
        os.utime(path, (then, then))


def objects(store: ObjectStore) -> set[Path]:
    return set(store.path.glob("??/*"))


def test_objects_go_that_no_snapshot_had_for_a_month(repository: Repository) -> None:
    store = ObjectStore(discover(repository.path))
    repository.edit("left", 5)
    read(repository)
    kept = objects(store)
    repository.edit("right", 6)
    read(repository)
    both = objects(store)
    assert kept < both
    age(store, 31)
    repository.edit("right", 1)
    tree = read(repository).tree
    assert objects(store) == kept
    assert content(repository, tree, "src/demo/left.py") == "NUMBER = 5\n"


def later_snapshot(repository: Repository, days: float) -> tuple[str, bool]:
    """The tree of a snapshot so many days after another one, and whether all objects of that one are still there."""
    store = ObjectStore(discover(repository.path))
    repository.edit("left", 5)
    read(repository)
    before = objects(store)
    age(store, days)
    repository.edit("left", 6)
    return read(repository).tree, before <= objects(store)


@pytest.mark.parametrize(("days", "stays"), [(0.5, True), (2, True), (29, True), (31, False)])
def test_objects_stay_for_a_month(repository: Repository, days: float, *, stays: bool) -> None:
    assert later_snapshot(repository, days)[1] is stays


@pytest.mark.parametrize(("size", "days", "stays"), [(0, 0.01, True), (0, 0.1, False), (10**6, 0.1, True)])
def test_objects_beyond_a_size_stay_for_an_hour(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, size: int, days: float, *, stays: bool
) -> None:
    monkeypatch.setattr(snapshot, "SIZE", size)
    tree, are_there = later_snapshot(repository, days)
    assert are_there is stays
    assert content(repository, tree, "src/demo/left.py") == "NUMBER = 6\n"


def test_what_a_killed_run_left_goes_after_a_day(repository: Repository) -> None:
    store = ObjectStore(discover(repository.path))
    repository.edit("left", 5)
    read(repository)
    left = store.repository.shared_state / "index-killed"
    left.mkdir()
    (left / "index").touch()
    age(store, 0.5)
    read(repository)
    assert left.exists()
    age(store, 2)
    read(repository)
    assert not left.exists()
