"""What git says of a work tree, asked of real repositories of every kind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from freshvenv.errors import GitError, NothingHereError, UsageError
from freshvenv.source.git import Repository, discover
from freshvenv.source.worktree import read_work_tree
from support import repository as demo
from support.world import World

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


def commit(world: World, top: Path, message: str = "more") -> str:
    world.git("add", "--all", cwd=top)
    world.git("commit", "--quiet", "--allow-empty", "--message", message, cwd=top)
    return world.git("rev-parse", "HEAD", cwd=top)


@pytest.fixture
def top(world: World) -> Path:
    """A repository with one commit of the demo project."""
    return demo.create(world, world.root / "demo", branches={}).path


@pytest.fixture
def repository(top: Path) -> Repository:
    return discover(top)


# discover


def test_plain(top: Path) -> None:
    inner = top / ".git"
    assert discover(top) == Repository(top, inner, inner)


def test_subfolder(top: Path) -> None:
    assert discover(top / "src" / "demo").top == top


def test_linked_worktree(world: World, top: Path) -> None:
    world.git("worktree", "add", "--quiet", "--detach", "../linked", cwd=top)
    linked = top.parent / "linked"
    own = top / ".git" / "worktrees" / "linked"
    assert discover(linked / "src") == Repository(linked, own, top / ".git")
    assert discover(linked).own_state == own / "freshvenv"
    assert discover(linked).shared_state == discover(top).shared_state == top / ".git" / "freshvenv"


def test_linked_worktree_of_a_bare_repository(world: World, top: Path) -> None:
    world.git("clone", "--quiet", "--bare", ".", "../bare.git", cwd=top)
    bare = top.parent / "bare.git"
    world.git("worktree", "add", "--quiet", "../linked", "main", cwd=bare)
    assert discover(top.parent / "linked") == Repository(top.parent / "linked", bare / "worktrees" / "linked", bare)


def test_submodule(world: World, top: Path) -> None:
    world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", "inner", cwd=top)
    inner = top / ".git" / "modules" / "inner"
    assert discover(top / "inner" / "src") == Repository(top / "inner", inner, inner)


def test_separate_git_directory(world: World, top: Path) -> None:
    world.git("init", "--quiet", "--separate-git-dir", "../apart", cwd=top)
    assert discover(top) == Repository(top, top.parent / "apart", top.parent / "apart")


def test_through_a_link(world: World, top: Path) -> None:
    (world.root / "link").symlink_to(top)
    assert discover(world.root / "link").top == top


NAMES = {
    "spaces": "a path with  spaces ",
    "quotes": 'it\'s "quoted" `so`',
    "non-ASCII letters": "über/日本",
    "newline": "first\nsecond",
    "newline at the end": "first\n",
    "two newlines": "\na\n",
    "colon and backslash": "a:b\\c",
    "dash": "-n",
    "dollar": "$HOME",
    "bytes that are not UTF-8": os.fsdecode(b"caf\xe9"),
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_path(world: World, name: str) -> None:
    top = demo.create(world, world.root / name / "demo", branches={}).path
    inner = top / ".git"
    found = discover(top / "src")
    assert found == Repository(top, inner, inner)
    assert found.head().tree == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert found.hooks_directory() == inner / "hooks"


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_path_of_a_linked_worktree(world: World, top: Path, name: str) -> None:
    linked = world.root / name / "linked"
    world.git("worktree", "add", "--quiet", "--detach", str(linked), cwd=top)
    assert discover(linked) == Repository(linked, top / ".git" / "worktrees" / "linked", top / ".git")


def make_bare(world: World) -> Path:
    world.git("init", "--quiet", "--bare", "bare", cwd=world.root)
    return world.root / "bare"


def inside_git(world: World) -> Path:
    return demo.create(world, world.root / "demo", branches={}).path / ".git"


def inside_objects(world: World) -> Path:
    return inside_git(world) / "objects"


def no_repository(world: World) -> Path:
    return world.home


NOWHERE: dict[str, tuple[Callable[[World], Path], str, str]] = {
    "no repository": (no_repository, "is not in a git repository", "run it inside of one"),
    "bare repository": (make_bare, "is in a bare repository, where there is no work tree", "run it in a work tree"),
    "inside of .git": (
        inside_git,
        "is in the git directory of a repository, where there is no work tree",
        "run it in a work tree",
    ),
    "deep inside of .git": (
        inside_objects,
        "is in the git directory of a repository, where there is no work tree",
        "run it in a work tree",
    ),
}


@pytest.mark.parametrize(("make", "message", "hint"), NOWHERE.values(), ids=NOWHERE)
def test_no_work_tree(world: World, make: Callable[[World], Path], message: str, hint: str) -> None:
    start = make(world)
    with pytest.raises(UsageError) as caught:
        discover(start)
    assert (str(caught.value), caught.value.hint) == (f"{start} {message}", hint)


def test_repository_whose_head_is_gone_is_none(world: World, top: Path) -> None:
    (top / ".git" / "HEAD").unlink()
    with pytest.raises(UsageError, match="is not in a git repository"):
        discover(top)


def test_directory_that_is_gone(world: World) -> None:
    with pytest.raises(UsageError, match="is no directory"):
        discover(world.root / "nothing")


# head


def test_head(world: World, top: Path, repository: Repository) -> None:
    assert repository.head().commit == world.git("rev-parse", "HEAD", cwd=top)
    assert repository.head().tree == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert repository.branch() == "refs/heads/main"


def test_detached(world: World, top: Path, repository: Repository) -> None:
    world.git("checkout", "--quiet", "--detach", cwd=top)
    assert repository.branch() == ""
    assert repository.head().commit == world.git("rev-parse", "HEAD", cwd=top)


def unborn_repository(world: World, top: Path) -> None:
    world.git("checkout", "--quiet", "--orphan", "empty", cwd=top)


def new_repository(world: World, top: Path) -> None:
    world.run("rm", "-rf", top / ".git")
    world.git("init", "--quiet", cwd=top)


UNBORN = {"new repository": new_repository, "orphan branch": unborn_repository}


@pytest.mark.parametrize("make", UNBORN.values(), ids=UNBORN)
def test_unborn(world: World, top: Path, make: Callable[[World, Path], None]) -> None:
    make(world, top)
    with pytest.raises(NothingHereError, match="nothing is committed on this branch yet"):
        discover(top).head()


def test_file_that_is_named_like_head(world: World, top: Path) -> None:
    (top / "HEAD^{tree}").write_text("")
    (top / "HEAD").write_text("")
    made = commit(world, top)
    assert discover(top).head().commit == made


def test_branch_that_is_named_like_head(world: World, top: Path, repository: Repository) -> None:
    """``refs/heads/HEAD`` makes the name ambiguous."""
    before = repository.head()
    other = world.git("commit-tree", "-m", "other", "HEAD^{tree}", cwd=top)
    world.git("update-ref", "refs/heads/HEAD", other, cwd=top)
    assert repository.head() == before


# uncommitted


@dataclass(frozen=True)
class Edit:
    words: tuple[str, ...]
    """Shell commands, run at the top."""
    expected: tuple[str, ...]


UNCOMMITTED = {
    "nothing": Edit((), ()),
    "edited": Edit(("echo >> src/demo/left.py",), ("src/demo/left.py",)),
    "staged": Edit(("echo >> src/demo/left.py", "git add -A"), ("src/demo/left.py",)),
    "staged, and put back on disk": Edit(
        ("echo >> src/demo/left.py", "git add -A", "git show HEAD:src/demo/left.py > src/demo/left.py"),
        ("src/demo/left.py",),
    ),
    "untracked": Edit(("touch new.py",), ("new.py",)),
    "untracked in a new folder": Edit(("mkdir -p a/b", "touch a/b/new.py"), ("a/b/new.py",)),
    "deleted": Edit(("rm src/demo/left.py",), ("src/demo/left.py",)),
    "deleted and staged": Edit(("git rm -q src/demo/left.py",), ("src/demo/left.py",)),
    "renamed": Edit(("git mv src/demo/left.py src/demo/new.py",), ("src/demo/left.py", "src/demo/new.py")),
    "renamed, only announced": Edit(
        ("mv src/demo/value.py src/demo/new.py", "git add -N src/demo/new.py"),
        ("src/demo/new.py", "src/demo/value.py"),
    ),
    "renamed to where bytecode is": Edit(
        ("mkdir src/demo/__pycache__", "git mv src/demo/value.py src/demo/__pycache__/"), ("src/demo/value.py",)
    ),
    "copied": Edit(
        (
            "git config status.renames copies",
            "echo >> src/demo/value.py",
            "git show HEAD:src/demo/value.py > c.py",
            "git add -A",
        ),
        ("c.py", "src/demo/value.py"),
    ),
    "made executable": Edit(("chmod +x src/demo/left.py",), ("src/demo/left.py",)),
    "file became a link": Edit(("ln -sf right.py src/demo/left.py",), ("src/demo/left.py",)),
    "file became a folder": Edit(
        ("rm src/demo/left.py", "mkdir src/demo/left.py", "touch src/demo/left.py/x"),
        ("src/demo/left.py", "src/demo/left.py/x"),
    ),
    "odd names": Edit(
        ("touch 'a b' 'quo\"te' \"it's\" 'é'", "touch \"$(printf 'new\\nline')\"", "touch ' -> arrow'"),
        (" -> arrow", "a b", "it's", "new\nline", 'quo"te', "é"),
    ),
    "untracked ones hidden by configuration": Edit(
        ("git config status.showUntrackedFiles no", "touch new.py"), ("new.py",)
    ),
    "short format configured": Edit(
        (
            "git config status.short true",
            "git config status.branch true",
            "git config status.relativePaths false",
            "touch new.py",
        ),
        ("new.py",),
    ),
    "in conflict": Edit(
        (
            "git switch -qc other",
            "echo other > src/demo/left.py",
            "git commit -qam other",
            "git switch -q -",
            "echo mine > src/demo/left.py",
            "git commit -qam mine",
            "git merge -q other > /dev/null || true",
        ),
        ("src/demo/left.py",),
    ),
}


@pytest.mark.parametrize("edit", UNCOMMITTED.values(), ids=UNCOMMITTED)
def test_uncommitted(world: World, top: Path, repository: Repository, edit: Edit) -> None:
    for words in edit.words:
        world.run("sh", "-ec", words, cwd=top)
    assert tuple(sorted(set(repository.uncommitted()))) == edit.expected


LEFT_OUT = {
    "touched": ("touch src/demo/left.py",),
    "rewritten as it was": ("cp src/demo/left.py x", "mv x src/demo/left.py"),
    "ignored": ("mkdir -p .venv __pycache__", "touch .venv/x __pycache__/x"),
    "ignored by the clone alone": ("mkdir .git/info", "echo new.py > .git/info/exclude", "touch new.py"),
    "empty folder": ("mkdir empty",),
    "stashed": ("echo >> src/demo/left.py", "git stash -q"),
    "another repository below": ("git init -q inner", "touch inner/x"),
}


@pytest.mark.parametrize("words", LEFT_OUT.values(), ids=LEFT_OUT)
def test_not_uncommitted(world: World, top: Path, repository: Repository, words: tuple[str, ...]) -> None:
    for line in words:
        world.run("sh", "-ec", line, cwd=top)
    assert repository.uncommitted() == ()


def test_uncommitted_takes_no_lock(world: World, top: Path, repository: Repository) -> None:
    """The user's own git command may be about to take it."""
    index = top / ".git" / "index"
    (top / "src/demo/left.py").touch()
    before = index.read_bytes()
    (top / ".git" / "index.lock").touch()
    assert repository.uncommitted() == ()
    assert index.read_bytes() == before


# describe


def test_describe(world: World, top: Path, repository: Repository) -> None:
    first = repository.head().commit
    assert repository.describe(first) == first
    world.git("tag", "v1", cwd=top)
    assert repository.describe(first) == f"v1-0-g{first}"
    second = commit(world, top)
    assert repository.describe(second) == f"v1-1-g{second}"
    world.git("tag", "nightly", cwd=top)
    # A version scheme that asks for tags with a number in them sees another one.
    assert repository.describe(second) == f"nightly-0-g{second} v1-1-g{second}"


def test_dotted_tag_behind_another(world: World, top: Path, repository: Repository) -> None:
    """pdm takes the nearest tag that has a dot."""
    first = repository.head().commit
    second = commit(world, top)
    world.git("tag", "v5", second, cwd=top)
    before = repository.describe(second)
    world.git("tag", "1.0", first, cwd=top)
    assert repository.describe(second) == f"{before} 1.0-1-g{second}"


def test_tags_that_lead_to_a_commit(world: World, top: Path, repository: Repository) -> None:
    first = repository.head().commit
    second = commit(world, top)
    world.git("tag", "web-1", second, cwd=top)
    before = repository.tags(first), repository.tags(second)
    assert before[0] != before[1]
    world.git("tag", "core-1", first, cwd=top)
    tagged = repository.tags(first), repository.tags(second)
    assert tagged[0] != before[0]
    assert tagged[1] != before[1]
    world.git("tag", "web-2", second, cwd=top)
    assert repository.tags(first) == tagged[0]
    world.git("tag", "--force", "core-1", second, cwd=top)
    assert repository.tags(first) == before[0]


DESCRIBES_DIFFERENTLY = {
    "a tag": "git tag v2",
    "an annotated tag over a plain one": "git tag v2 && git tag -a -m x v3",
    "a tag moved": "git tag -f v1",
    "the tag removed": "git tag -d v1",
    "an empty commit": "git commit -q --allow-empty -m more",
}


@pytest.mark.parametrize("words", DESCRIBES_DIFFERENTLY.values(), ids=DESCRIBES_DIFFERENTLY)
def test_described_differently(world: World, top: Path, repository: Repository, words: str) -> None:
    world.git("tag", "v1", cwd=top)
    commit(world, top)
    before = repository.describe(repository.head().commit)
    world.run("sh", "-ec", words, cwd=top)
    assert repository.describe(repository.head().commit) != before


def test_tags_beside_one_another_in_columns(world: World, top: Path, repository: Repository) -> None:
    """What is printed for people depends on their settings."""
    for tag in ("v1", "v2"):
        world.git("tag", tag, cwd=top)
    before = repository.describe(repository.head().commit)
    world.git("config", "column.ui", "always", cwd=top)
    assert repository.describe(repository.head().commit) == before
    world.git("tag", "v3", cwd=top)
    assert repository.describe(repository.head().commit) != before


def test_plain_tag_beside_an_annotated_one(world: World, top: Path, repository: Repository) -> None:
    """dunamai (poetry-dynamic-versioning, uv-dynamic-versioning) takes the plain one, ``git describe`` the other."""
    world.git("tag", "--annotate", "--message", "two", "v2.0.0", cwd=top)
    before = repository.describe(repository.head().commit)
    world.git("tag", "v1.0.0", cwd=top)
    assert repository.describe(repository.head().commit) != before


# rebase_has_picks_left

PICKS = {
    "no rebase": ({}, False),
    "picks left": ({"rebase-merge/git-rebase-todo": "pick abc one\n"}, True),
    "picks left after comments": ({"rebase-merge/git-rebase-todo": "# a\n\npick abc one\n"}, True),
    "nothing but comments left": ({"rebase-merge/git-rebase-todo": "\n# Rebase a..b onto c\n#\n   # x\n"}, False),
    "empty": ({"rebase-merge/git-rebase-todo": ""}, False),
    "patches left": ({"rebase-apply/next": "1\n", "rebase-apply/last": "2\n"}, True),
    "last patch": ({"rebase-apply/next": "2\n", "rebase-apply/last": "2\n"}, True),
    "patches done": ({"rebase-apply/next": "3\n", "rebase-apply/last": "2\n"}, False),
    "not begun": ({"rebase-apply/next": "", "rebase-apply/last": ""}, False),
}


@pytest.mark.parametrize(("files", "expected"), PICKS.values(), ids=PICKS)
def test_rebase_has_picks_left(repository: Repository, files: dict[str, str], expected: bool) -> None:
    for name, text in files.items():
        path = repository.git_dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert repository.rebase_has_picks_left() is expected


@pytest.fixture
def diverged(world: World) -> demo.Repository:
    """On ``topic``, two commits that are not in ``upstream``, which has one more than they."""
    made = demo.create(
        world, world.root / "demo", branches={"topic": (("left", 2), ("left", 3)), "upstream": (("right", 4),)}
    )
    made.git("switch", "--quiet", "topic")
    return made


@pytest.mark.unpoisoned("its hook starts Python as it is")
@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_real_rebase(diverged: demo.Repository, backend: str) -> None:
    """Asked by a post-rewrite hook, when the folder of the rebase is still there."""
    hook = diverged.git_dir / "hooks" / "post-rewrite"
    hook.parent.mkdir(exist_ok=True)
    code = "from pathlib import Path; from freshvenv.source.git import discover; "
    code += "print(discover(Path.cwd()).rebase_has_picks_left(), file=open('../answers', 'a'))"
    hook.write_text(f'#!/bin/sh\nunset GIT_DIR\nexec {sys.executable} -c "{code}"\n')
    hook.chmod(0o755)
    diverged.git("rebase", "--quiet", backend, "upstream")
    assert (diverged.path.parent / "answers").read_text() == "False\n"
    assert not discover(diverged.path).rebase_has_picks_left()


def test_rebase_that_stops(diverged: demo.Repository) -> None:
    diverged.git("branch", "other", "main")
    diverged.git("switch", "--quiet", "other")
    diverged.edit("left", 9)
    diverged.commit("in conflict with topic")
    assert diverged.attempt("rebase", "topic").returncode != 0
    # The only pick is being made: HEAD moves when the user continues.
    assert not discover(diverged.path).rebase_has_picks_left()
    diverged.git("rebase", "--abort")
    assert not discover(diverged.path).rebase_has_picks_left()


# brought_content_in

BROUGHT_IN = {
    "merge": ("git merge -q upstream",),
    "merge with another message": ("git merge -q -m whatever upstream",),
    "merge that was finished by hand": ("git merge -q --no-commit upstream", "git commit -q -m mine"),
    "cherry-pick": ("git cherry-pick upstream",),
    "cherry-pick that was finished by hand": (
        "git cherry-pick -n upstream",
        "git update-ref CHERRY_PICK_HEAD upstream",
        "git commit -q -m picked",
    ),
    "revert": ("git revert --no-edit HEAD",),
}


@pytest.mark.parametrize("words", BROUGHT_IN.values(), ids=BROUGHT_IN)
def test_brought_content_in(diverged: demo.Repository, words: tuple[str, ...]) -> None:
    for line in words:
        diverged.world.run("sh", "-ec", line, cwd=diverged.path)
    assert discover(diverged.path).brought_content_in()


SIGNER = """\
#!/bin/sh
# As much of gpg(1) as git needs.
cat >/dev/null
case " $* " in
*" --verify "*) echo "[GNUPG:] GOODSIG 0 A U Thor"; echo "gpg: Good signature" >&2 ;;
*)
    echo "[GNUPG:] SIG_CREATED " >&2
    printf '%s\\n' '-----BEGIN PGP SIGNATURE-----' '' x '-----END PGP SIGNATURE-----'
    ;;
esac
"""


def test_brought_content_in_where_signatures_are_shown(diverged: demo.Repository) -> None:
    signer = diverged.world.root / "signer"
    signer.write_text(SIGNER)
    signer.chmod(0o755)
    for key, value in (("gpg.program", str(signer)), ("commit.gpgSign", "true"), ("log.showSignature", "true")):
        diverged.git("config", key, value)
    diverged.git("cherry-pick", "upstream")
    assert diverged.git("log", "-n", "1", "--format=%gs", "--walk-reflogs").startswith("gpg: Good signature\n")
    assert discover(diverged.path).brought_content_in()


MADE_HERE = {
    "commit": ("echo NUMBER = 9 > src/demo/left.py", "git commit -qam 'merge the two digits'"),
    "commit that speaks of a cherry-pick": ("git commit -q --allow-empty -m 'cherry-pick: nothing'",),
    "commit that begins with the word": ("git commit -q --allow-empty -m 'revert: never'",),
    "amended": ("git commit -q --amend -m other",),
    "first commit": ("git checkout -q --orphan new", "git commit -q -m first"),
    "switched": ("git switch -q main",),
    "after a merge": ("git merge -q upstream", "git commit -q --allow-empty -m mine"),
}


@pytest.mark.parametrize("words", MADE_HERE.values(), ids=MADE_HERE)
def test_brought_nothing_in(diverged: demo.Repository, words: tuple[str, ...]) -> None:
    for line in words:
        diverged.world.run("sh", "-ec", line, cwd=diverged.path)
    assert not discover(diverged.path).brought_content_in()


# configuration


def test_settings(world: World, top: Path, repository: Repository) -> None:
    for key, value in (("venvs", "/a b"), ("venvs", "two\nlines"), ("on-stale", "warn"), ("Venvs", "é")):
        world.git("config", "--add", f"freshvenv.{key}", value, cwd=top)
    with (top / ".git" / "config").open("a") as config:
        config.write("[freshvenv]\n\ton-commit\n[other]\n\tkey = x\n")
    assert repository.settings(r"^freshvenv\.") == (
        ("freshvenv.venvs", "/a b"),
        ("freshvenv.venvs", "two\nlines"),
        ("freshvenv.on-stale", "warn"),
        ("freshvenv.venvs", "é"),
        ("freshvenv.on-commit", "true"),
    )
    assert repository.settings(r"^nothing\.") == ()


def test_local_setting(world: World, repository: Repository) -> None:
    repository.set_local("freshvenv.enabled", "true")
    assert repository.settings(r"^freshvenv\.enabled$") == (("freshvenv.enabled", "true"),)
    repository.unset_local("freshvenv.enabled")
    repository.unset_local("freshvenv.enabled")
    assert repository.settings(r"^freshvenv\.enabled$") == ()


HOOKS_PATHS = {
    "relative": (".hooks", ".hooks"),
    "absolute": ("/opt/hooks", "/opt/hooks"),
    "at home": ("~/hooks", None),
}


@pytest.mark.parametrize(("configured", "expected"), HOOKS_PATHS.values(), ids=HOOKS_PATHS)
def test_hooks_directory(
    world: World, top: Path, repository: Repository, configured: str, expected: str | None
) -> None:
    world.git("config", "core.hooksPath", configured, cwd=top)
    assert repository.hooks_directory() == (top / expected if expected else world.home / "hooks")


def test_hooks_directory_of_a_linked_worktree(world: World, top: Path) -> None:
    world.git("worktree", "add", "--quiet", "--detach", "../linked", cwd=top)
    assert discover(top.parent / "linked").hooks_directory() == top / ".git" / "hooks"


def test_our_own_commands_start_no_hooks(world: World, top: Path, repository: Repository) -> None:
    hook = top / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch fired\n")
    hook.chmod(0o755)
    assert repository.git("checkout", "--quiet", "--detach").status == 0
    assert not (top / "fired").exists()


# submodules and the tree of a folder


def test_submodules(world: World, top: Path, repository: Repository) -> None:
    assert repository.submodules("HEAD", ".") == ()
    for path in ("one", "sub/two"):
        world.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", path, cwd=top)
    commit(world, top)
    inside = world.git("rev-parse", "HEAD", cwd=top / "one")
    assert repository.submodules("HEAD", ".") == (("one", inside), ("sub/two", inside))
    assert repository.submodules("HEAD", "sub") == (("sub/two", inside),)

    moved = commit(world, top / "one")
    world.git("submodule", "--quiet", "deinit", "--force", "sub/two", cwd=top)
    assert repository.submodules("HEAD", ".") == (("one", moved), ("sub/two", ""))


def test_tree_of_a_folder(world: World, top: Path, repository: Repository) -> None:
    tree = read_work_tree(repository, [])
    assert tree.tree_of(".") == world.git("rev-parse", "HEAD^{tree}", cwd=top)
    assert tree.tree_of("src/demo") == world.git("rev-parse", "HEAD:src/demo", cwd=top)
    (top / "new.txt").touch()
    assert read_work_tree(repository, []).tree_of("src/demo") == tree.tree_of("src/demo")
    (top / "src/demo/left.py").write_text("x")
    edited = read_work_tree(repository, [])
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
    assert read_work_tree(repository, []).links_lead_out_of("src") is expected


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
    commit(world, top)
    for line in lines:
        world.run("sh", "-ec", line, cwd=top)
    tree = read_work_tree(repository, [])
    found = [line.rpartition(" ") for line in tree.beside("src/demo")]
    assert {path for path, _, _ in found} == expected
    for path, _, content in found:
        assert content == (tree.tree if path == "." else world.git("hash-object", path, cwd=top))
    assert tree.beside(".") == ()


def test_is_current(world: World, top: Path, repository: Repository) -> None:
    tree = read_work_tree(repository, [])
    assert tree.is_current()
    commit(world, top)
    assert not tree.is_current()


# outlines

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
    before = read_work_tree(repository, []).outline_of(".")
    for line in words:
        world.run("sh", "-ec", line, cwd=top)
    assert (read_work_tree(repository, []).outline_of(".") == before) is same


def test_git_is_missing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(GitError, match="git is not to be found") as caught:
        discover(world.root)
    assert caught.value.hint == "install git, or put it on PATH"
