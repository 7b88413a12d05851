"""Clean checkouts: what a build finds in one is what it would find in a fresh clone."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from freshvenv.source.checkout import clean_checkout
from freshvenv.source.git import discover
from freshvenv.source.working_tree import read_working_tree
from support.repository import Repository, create
from support.world import World

ALLOWED = ("-c", "protocol.file.allow=always")


@pytest.fixture
def repository(world: World) -> Repository:
    return create(world, world.root / "demo", branches={})


@contextmanager
def checked_out(repository: Repository) -> Iterator[Path]:
    """A clean checkout of the working tree as it is."""
    found = discover(repository.path)
    tree = read_working_tree(found, [".venv"])
    with clean_checkout(found, tree.head, tree.tree, repository.world.root / "scratch", tree.untracked()) as top:
        yield top


def describe(repository: Repository, top: Path) -> str:
    return repository.world.git("describe", "--always", "--dirty", "--tags", "--long", "--abbrev=40", cwd=top)


def files_in(top: Path) -> dict[str, bytes]:
    found = (Path(where, name) for where, _, names in os.walk(top) for name in names)
    return {
        path.relative_to(top).as_posix(): os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        for path in found
        if ".git" not in path.relative_to(top).parts
    }


def fresh_clone(repository: Repository, *options: str) -> dict[str, bytes]:
    clone = repository.world.root / "clone"
    repository.world.git(
        *ALLOWED,
        *options,
        "clone",
        "--quiet",
        "--recurse-submodules",
        str(repository.path),
        str(clone),
        cwd=clone.parent,
    )
    return files_in(clone)


# The files


def test_files_are_those_of_a_clone(repository: Repository) -> None:
    repository.write("run.sh", "#!/bin/sh\n")
    (repository.path / "run.sh").chmod(0o755)
    (repository.path / "link").symlink_to("run.sh")
    (repository.path / "dangling").symlink_to("nowhere")
    repository.write("a b/é/quo'te.txt", "x")
    repository.commit("all kinds of files")
    repository.write("build/lib/leak.py", "leak")
    repository.write(".venv/leak.py", "leak")
    (repository.common_dir / "info").mkdir()
    (repository.common_dir / "info" / "exclude").write_text("build\n")
    with checked_out(repository) as top:
        assert files_in(top) == fresh_clone(repository)
        assert os.access(top / "run.sh", os.X_OK)
        assert not os.access(top / "pyproject.toml", os.X_OK)
        assert (top / "link").is_symlink()


def test_export_ignore_is_ignored(repository: Repository) -> None:
    """``git archive`` would leave such files out, and put the commit's id into others."""
    repository.write(".gitattributes", "src/demo/left.py export-ignore\nid.txt export-subst\n")
    repository.write("id.txt", "$Format:%H$\n")
    repository.commit("attributes of archives")
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").exists()
        assert (top / "id.txt").read_text() == "$Format:%H$\n"


@pytest.mark.parametrize("scope", ["--local", "--global"])
def test_line_ends_are_those_of_the_clone(repository: Repository, monkeypatch: pytest.MonkeyPatch, scope: str) -> None:
    home = repository.world.home / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home))
    repository = repository.with_environment(GIT_CONFIG_GLOBAL=str(home))
    repository.git("config", scope, "core.autocrlf", "true")
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").read_bytes() == b"NUMBER = 1\r\n"
        assert not describe(repository, top).endswith("-dirty")


def test_line_ends_are_left_alone(repository: Repository) -> None:
    repository.write("crlf.txt", "one\r\n")
    repository.commit("line ends of another system")
    with checked_out(repository) as top:
        assert (top / "crlf.txt").read_bytes() == b"one\r\n"
        assert (top / "src/demo/left.py").read_bytes() == b"NUMBER = 1\n"


def test_filters_are_run(repository: Repository) -> None:
    """As git-lfs does it: what is committed is not what is checked out."""
    repository.git("config", "filter.shout.smudge", "tr a-z A-Z")
    repository.git("config", "filter.shout.clean", "tr A-Z a-z")
    repository.git("config", "filter.shout.required", "true")
    repository.write(".gitattributes", "*.shout filter=shout\n")
    repository.write("a.shout", "LOUD\n")
    repository.commit("a filter")
    assert repository.git("show", "HEAD:a.shout") == "loud"
    with checked_out(repository) as top:
        assert (top / "a.shout").read_text() == "LOUD\n"
        assert not describe(repository, top).endswith("-dirty")


# What git says in it


DESCRIBED = {
    "no tag": (),
    "tag": ("git tag v1",),
    "annotated tag": ("git tag -a -m one v1",),
    "tag and more commits": (
        "git tag v1",
        "git commit -q --allow-empty -m more",
        "git commit -q --allow-empty -m more",
    ),
    "packed tags": ("git tag v1", "git pack-refs --all --prune"),
    "tag in a folder": ("git tag release/v1",),
    "tag on a merged branch": (
        "git switch -qc side",
        "git commit -q --allow-empty -m side",
        "git tag v2",
        "git switch -q main",
        "git merge -q --no-ff -m merge side",
    ),
    "detached": ("git tag v1", "git checkout -q --detach"),
    "branch with a slash": ("git switch -qc feature/one",),
    "branch that is named like a tag": ("git tag main", "git tag v1"),
    "packed objects": ("git gc --quiet",),
}


@pytest.mark.parametrize("lines", DESCRIBED.values(), ids=DESCRIBED)
def test_git_says_what_it_says_in_the_working_tree(repository: Repository, lines: tuple[str, ...]) -> None:
    for line in lines:
        repository.world.run("sh", "-ec", line, cwd=repository.path)
    git = repository.world.git
    with checked_out(repository) as top:
        assert describe(repository, top) == describe(repository, repository.path)
        for question in (
            ("rev-parse", "HEAD"),
            ("rev-parse", "--abbrev-ref", "HEAD"),
            ("tag", "--points-at", "HEAD"),
            ("for-each-ref", "refs/tags"),
            ("status", "--porcelain"),
            ("ls-files", "--stage"),
            ("log", "--format=%H %an %ad"),
            ("rev-list", "--count", "HEAD"),
            ("rev-parse", "--is-inside-work-tree"),
            ("rev-parse", "--is-shallow-repository"),
        ):
            assert git(*question, cwd=top) == git(*question, cwd=repository.path), question
        assert git("rev-parse", "--show-toplevel", cwd=top / "src") == str(top)


def test_remote_branches_are_known(repository: Repository) -> None:
    clone = Repository(repository.world, repository.world.root / "clone")
    repository.world.git("clone", "--quiet", str(repository.path), str(clone.path), cwd=repository.world.root)
    with checked_out(clone) as top:
        for question in (("branch", "--remotes", "--contains", "HEAD"), ("config", "remote.origin.url")):
            assert clone.world.git(*question, cwd=top).splitlines()[-1] == clone.git(*question).splitlines()[-1]


def test_uncommitted_work_is_there_and_dirty(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.edit("left", 7)
    repository.write("src/demo/new.py", "NEW = 1\n")
    (repository.path / "src/demo/right.py").unlink()
    repository.git("add", "src/demo/new.py")
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 7\n"
        assert (top / "src/demo/new.py").read_text() == "NEW = 1\n"
        assert not (top / "src/demo/right.py").exists()
        assert describe(repository, top) == describe(repository, repository.path)
        assert describe(repository, top).endswith("-dirty")
        assert set(repository.world.git("ls-files", cwd=top).splitlines()) >= {"src/demo/new.py", "src/demo/left.py"}


def test_untracked_files_are_there_and_untracked(repository: Repository) -> None:
    """They make no version dirty, and a file finder that asks git does not see them, as in the working tree."""
    repository.git("tag", "v1")
    names = ["src/demo/new.py", "a b\nc", "-rf"]
    for name in names:
        repository.write(name, "NEW = 1\n")
    with checked_out(repository) as top:
        assert all((top / name).read_text() == "NEW = 1\n" for name in names)
        assert describe(repository, top) == describe(repository, repository.path)
        assert not describe(repository, top).endswith("-dirty")
        assert repository.world.git("ls-files", "-z", cwd=top) == repository.git("ls-files", "-z")


def test_version_control_tells_what_git_knows(repository: Repository) -> None:
    """The same tree, once with a file that is untracked and once with the file staged, gives other versions."""

    def seen() -> str:
        return read_working_tree(discover(repository.path), [".venv"]).version_control()

    clean = seen()
    repository.write("new.py", "NEW = 1\n")
    untracked = seen()
    repository.git("add", "new.py")
    staged = seen()
    assert staged == f"{clean} dirty"
    assert untracked.startswith(f"{clean} untracked ")
    repository.write("other.py", "NEW = 1\n")
    assert seen().startswith(f"{clean} dirty untracked ")
    assert seen() != f"{clean} dirty{untracked.removeprefix(clean)}"


def test_commit_is_dirty_in_no_checkout(repository: Repository) -> None:
    with checked_out(repository) as top:
        assert repository.world.git("status", "--porcelain", "--ignored", cwd=top) == ""


# Other kinds of clones


@pytest.mark.one_line("git's own clone cannot")
def test_shallow_clone(repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.git("commit", "--quiet", "--allow-empty", "-m", "more")
    shallow = Repository(repository.world, repository.world.root / "shallow")
    url = f"file://{repository.path}"
    repository.world.git("clone", "--quiet", "--depth=1", url, str(shallow.path), cwd=repository.world.root)
    with checked_out(shallow) as top:
        git = shallow.world.git
        assert git("rev-parse", "--is-shallow-repository", cwd=top) == "true"
        assert git("rev-list", "--count", "HEAD", cwd=top) == "1"
        assert describe(shallow, top) == describe(shallow, shallow.path)


@pytest.mark.one_line("git's own clone cannot")
def test_clone_that_borrows_its_objects(repository: Repository) -> None:
    shared = Repository(repository.world, repository.world.root / "shared")
    repository.world.git("clone", "--quiet", "--shared", str(repository.path), str(shared.path), cwd=shared.path.parent)
    shared.edit("left", 7)
    with checked_out(shared) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 7\n"


def test_partial_clone(repository: Repository) -> None:
    """Content that was never fetched comes from the remote."""
    repository.edit("left", 2)
    repository.commit("more")
    repository.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{repository.path}"
    partial = Repository(repository.world, repository.world.root / "partial")
    repository.world.git(
        "clone", "--quiet", "--filter=blob:none", "--no-checkout", url, str(partial.path), cwd=partial.path.parent
    )
    found = discover(partial.path)
    with clean_checkout(found, found.head(), found.head().tree, repository.world.root / "scratch") as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 2\n"


def test_partial_clone_whose_origin_is_found_from_here_alone(repository: Repository) -> None:
    """By a path relative to it, or by a name that its own configuration explains."""
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = Repository(repository.world, repository.world.root / "partial")
    url = repository.path.as_uri()
    for setting in (("remote.origin.url", "../demo"), (f"url.{url}.insteadOf", "mine:demo")):
        shutil.rmtree(partial.path, ignore_errors=True)
        repository.world.git(
            "clone", "--quiet", "--filter=blob:none", "--no-checkout", url, str(partial.path), cwd=partial.path.parent
        )
        partial.git("config", *setting)
        if setting[0].startswith("url."):
            partial.git("config", "remote.origin.url", "mine:demo")
        found = discover(partial.path)
        head = found.head()
        with clean_checkout(found, head, head.tree, partial.world.root / "scratch") as top:
            assert files_in(top) == fresh_clone(repository)
        shutil.rmtree(repository.world.root / "clone")


def test_sparse_clone_is_built_whole(repository: Repository) -> None:
    repository.git("sparse-checkout", "set", "--no-cone", "/pyproject.toml")
    assert not (repository.path / "src").exists()
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").exists()


def test_linked_worktree(repository: Repository) -> None:
    repository.git("worktree", "add", "--quiet", "-b", "other", "../linked")
    linked = Repository(repository.world, repository.path.parent / "linked")
    linked.edit("left", 7)
    linked.commit("seven")
    linked.edit("right", 8)
    with checked_out(linked) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 7\n"
        assert (top / "src/demo/right.py").read_text() == "NUMBER = 8\n"
        assert linked.world.git("rev-parse", "--abbrev-ref", "HEAD", cwd=top) == "other"


def test_sha256_repository(repository: Repository) -> None:
    other = Repository(repository.world, repository.world.root / "sha256")
    repository.world.git("init", "--quiet", "--object-format=sha256", str(other.path), cwd=repository.world.root)
    other.write("a.txt", "one\n")
    other.commit("first")
    other.write("b.txt", "two\n")
    with checked_out(other) as top:
        assert files_in(top) == {"a.txt": b"one\n", "b.txt": b"two\n"}


ODD = {"spaces and quotes": "a \"b\" 'c'", "newline": "a\nb", "colon": "a:b", "non-ASCII": "日本", "hash": "#a"}


@pytest.mark.parametrize("name", ODD.values(), ids=ODD)
def test_odd_path(world: World, name: str) -> None:
    repository = create(world, world.root / name / "demo", branches={})
    repository.git("tag", "v1")
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 1\n"
    repository.edit("left", 7)
    with checked_out(repository) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 7\n"
        assert describe(repository, top) == describe(repository, repository.path)


# Submodules


@pytest.fixture
def with_submodule(repository: Repository) -> Repository:
    library = create(repository.world, repository.world.root / "library", branches={})
    library.git("tag", "v3")
    repository.git(*ALLOWED, "submodule", "--quiet", "add", str(library.path), "vendor/library")
    repository.commit("with a submodule")
    return repository


def test_submodule_is_populated(with_submodule: Repository) -> None:
    with checked_out(with_submodule) as top:
        assert (top / "vendor/library/src/demo/left.py").read_text() == "NUMBER = 1\n"
        assert describe(with_submodule, top / "vendor/library").startswith("v3-0-")
        assert with_submodule.world.git("status", "--porcelain", cwd=top) == ""


def test_submodule_at_another_commit(with_submodule: Repository) -> None:
    """The one that is checked out in it, as the user's own build sees it."""
    inner = Repository(with_submodule.world, with_submodule.path / "vendor/library")
    inner.edit("left", 7)
    inner.commit("more")
    with checked_out(with_submodule) as top:
        assert (top / "vendor/library/src/demo/left.py").read_text() == "NUMBER = 7\n"


def test_submodule_beside_uncommitted_work(with_submodule: Repository) -> None:
    with_submodule.edit("left", 7)
    with checked_out(with_submodule) as top:
        assert (top / "src/demo/left.py").read_text() == "NUMBER = 7\n"
        assert (top / "vendor/library/src/demo/left.py").read_text() == "NUMBER = 1\n"


def test_submodule_of_a_submodule(with_submodule: Repository) -> None:
    inner = Repository(with_submodule.world, with_submodule.path / "vendor/library")
    inner.git(*ALLOWED, "submodule", "--quiet", "add", str(with_submodule.world.root / "library"), "deep")
    inner.commit("deeper")
    with_submodule.commit("deeper")
    with checked_out(with_submodule) as top:
        assert (top / "vendor/library/deep/src/demo/left.py").read_text() == "NUMBER = 1\n"


def test_submodule_that_is_not_populated(with_submodule: Repository) -> None:
    with_submodule.git("submodule", "--quiet", "deinit", "--force", "--all")
    with checked_out(with_submodule) as top:
        assert list((top / "vendor/library").iterdir()) == []


# What is left alone


def state_of(repository: Repository) -> dict[str, bytes]:
    found = (Path(where, name) for where, _, names in os.walk(repository.common_dir) for name in names)
    return {str(path): path.read_bytes() for path in found if "freshvenv" not in path.parts}


@pytest.mark.parametrize("edited", [False, True], ids=["clean", "uncommitted work"])
def test_nothing_is_registered_in_the_repository(with_submodule: Repository, edited: bool) -> None:
    if edited:
        with_submodule.write("new.py", "x")
    before = state_of(with_submodule), with_submodule.git("worktree", "list")
    with checked_out(with_submodule) as top:
        with_submodule.world.git("commit", "--quiet", "--allow-empty", "-m", "by a build", cwd=top)
        with_submodule.world.git("tag", "by-a-build", cwd=top)
    assert (state_of(with_submodule), with_submodule.git("worktree", "list")) == before


def test_hooks_of_the_user_are_not_run(repository: Repository) -> None:
    fired = repository.world.root / "fired"
    hooks = repository.world.root / "hooks"
    hooks.mkdir()
    for kind in ("post-checkout", "post-index-change", "reference-transaction"):
        (hooks / kind).write_text(f"#!/bin/sh\ntouch {shlex.quote(str(fired))}\n")
        (hooks / kind).chmod(0o755)
    repository.git("config", "core.hooksPath", str(hooks))
    repository.edit("left", 7)
    with checked_out(repository):
        pass
    assert not fired.exists()


def test_template_of_the_user_is_not_used(repository: Repository) -> None:
    (repository.world.root / "templates" / "hooks").mkdir()
    (repository.world.root / "templates" / "hooks" / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    with checked_out(repository) as top:
        assert not (top / ".git" / "hooks" / "pre-commit").exists()


@pytest.mark.parametrize("failing", [False, True], ids=["after a build", "after a build that fails"])
def test_removed_afterwards(repository: Repository, failing: bool) -> None:
    scratch = repository.world.root / "scratch"
    try:
        with checked_out(repository) as top:
            (top / "build").mkdir()
            (top / "build" / "x").touch()
            if failing:
                raise RuntimeError
    except RuntimeError:
        pass
    assert list(scratch.iterdir()) == []


def test_two_at_once(repository: Repository) -> None:
    with checked_out(repository) as one, checked_out(repository) as other:
        assert one != other
        assert files_in(one) == files_in(other)
