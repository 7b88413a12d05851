"""Every git operation that moves the tree, with native hooks: what the venv then holds, and what status says.

Numbers as in ``support.repository``: main 11, topic 21 and 31, upstream 14, rival 91, mixed 17 and 67.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.places import Place
from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.values import replace
from support.world import World

LINE = re.compile(
    r"freshvenv: \.venv: reinstalled demo 1\.0"
    r" \(tree [0-9a-f]{7,} -> [0-9a-f]{7,}, \d+ files?\) in \d+\.\d s"
)
"""What a hook writes when it has done something."""


@dataclass(frozen=True)
class Operation:
    """One row: git commands (or ``edit <digit> <number>``), and what is true afterwards.

    ``value`` is what the installed code answers, ``lines`` how many lines the hooks wrote over all steps, and
    ``names`` a file that the reasons must name. ``prepare`` is done before freshvenv is set up in the clone.
    """

    steps: tuple[str, ...]
    value: int | None = None
    state: str = "fresh"
    lines: int = 0
    start: str = "main"
    prepare: tuple[str, ...] = ()
    names: str | None = None


PUBLISHED = (
    "git init --quiet --bare ../origin.git",
    "git push --quiet ../origin.git topic:main",
    "git remote add origin ../origin.git",
)
"""A remote whose main is two commits (31) ahead of main here."""

EDIT_LAST = "git -c sequence.editor='sed -i 2s/^pick/edit/' rebase --interactive upstream"

STASHED = ("edit extra 7", "git stash push")

HOOKED = {
    # post-checkout
    "checkout of another branch": Operation(("git checkout topic",), 31, lines=1),
    "switch to another branch": Operation(("git switch topic",), 31, lines=1),
    "there and back": Operation(("git switch topic", "git switch main"), 11, lines=2),
    "checkout of a detached commit": Operation(("git checkout --detach topic~1",), 21, lines=1),
    "checkout of the same branch": Operation(("git checkout main",), 11),
    "checkout -b at the same commit": Operation(("git checkout -b new",), 11),
    "switch -C to another commit": Operation(("git switch -C main topic",), 31, lines=1),
    "switch with an uncommitted edit": Operation(("edit extra 7", "git switch topic"), 731, lines=1),
    "there and back with an uncommitted edit": Operation(
        ("edit extra 7", "git switch topic", "git switch main"), 711, lines=2
    ),
    "switch and drop what was installed from an edit": Operation(
        ("git switch --force topic",), 31, prepare=("edit extra 7",), lines=1
    ),
    "checkout of a file whose edit was installed": Operation(
        ("git checkout -- src/demo/left.py",), 11, prepare=("edit left 7",), lines=1
    ),
    "restore of a file whose edit was installed": Operation(
        ("git restore src/demo/left.py",), 11, prepare=("edit left 7",), lines=1
    ),
    "restore of a file whose edit was not installed": Operation(("edit left 7", "git restore src/demo/left.py"), 11),
    "switch to another name of a branch": Operation(
        ("git symbolic-ref refs/heads/also refs/heads/topic", "git switch also"), 31, lines=1
    ),
    "switch --orphan and on": Operation(("git switch --orphan empty", "git switch topic"), 31, lines=1),
    # post-merge
    "merge that fast-forwards": Operation(("git merge topic",), 31, lines=1),
    "real merge": Operation(("git merge --no-edit topic",), 34, start="upstream", lines=1),
    "merge that is up to date": Operation(("git merge main",), 31, start="topic"),
    "merge with autostash": Operation(
        ("edit extra 7", "git merge --autostash topic"),
        31,
        state="stale",
        lines=1,
        names="src/demo/extra.py",
    ),
    "pull that fast-forwards": Operation(("git pull origin main",), 31, prepare=PUBLISHED, lines=1),
    "pull that merges": Operation(
        ("git pull --no-rebase --no-edit origin main",), 34, start="upstream", prepare=PUBLISHED, lines=1
    ),
    "pull --rebase that only fast-forwards": Operation(
        ("git pull --rebase origin main",), 31, prepare=PUBLISHED, lines=1
    ),
    # post-commit
    "merge with conflicts, then commit": Operation(
        ("git merge rival", "edit left 8", "git commit --all --no-edit"), 81, start="topic", lines=1
    ),
    "merge with conflicts, then merge --continue": Operation(
        ("git merge rival", "edit left 8", "git add src", "git merge --continue"), 81, start="topic", lines=1
    ),
    "merge --no-commit, then commit": Operation(
        ("git merge --no-commit topic", "git commit --no-edit"), 34, start="upstream", lines=1
    ),
    "cherry-pick": Operation(("git cherry-pick rival",), 91, lines=1),
    "cherry-pick of two commits": Operation(("git cherry-pick topic~1 topic",), 31, lines=2),
    "cherry-pick with conflicts, then --continue": Operation(
        ("git cherry-pick rival", "edit left 8", "git add src", "git cherry-pick --continue"),
        81,
        start="topic",
        lines=1,
    ),
    "revert": Operation(("git revert --no-edit HEAD",), 21, start="topic", lines=1),
    "revert with conflicts, then --continue": Operation(
        ("git revert HEAD~1", "edit left 8", "git add src", "git revert --continue"),
        81,
        start="topic",
        lines=1,
    ),
    "commit that changes nothing": Operation(("git commit --allow-empty --message nothing",), 11),
    # post-rewrite
    "commit --amend": Operation(("edit left 7", "git commit --all --amend --no-edit"), 71, start="topic", lines=1),
    "commit --amend of the message": Operation(("git commit --amend --message other",), 31, start="topic"),
    "rebase of two picks": Operation(("git rebase upstream",), 34, start="topic", lines=1),
    "rebase that squashes": Operation(
        ("git -c sequence.editor='sed -i 2s/^pick/squash/' rebase --interactive upstream",),
        34,
        start="topic",
        lines=1,
    ),
    "rebase that runs a command after each pick": Operation(
        ("git rebase --exec true upstream",), 34, start="topic", lines=1
    ),
    "rebase with the apply backend": Operation(("git rebase --apply upstream",), 34, start="topic", lines=2),
    "rebase with the apply backend that only fast-forwards": Operation(("git rebase --apply topic",), 31, lines=1),
    "rebase that only fast-forwards": Operation(("git rebase topic",), 31, lines=1),
    "rebase --interactive that only fast-forwards": Operation(("git rebase --interactive topic",), 31, lines=1),
    "rebase that drops what it would pick": Operation(
        ("git -c sequence.editor='sed -i 1,2s/^pick/drop/' rebase --interactive upstream",),
        14,
        start="topic",
        lines=1,
    ),
    "rebase with autostash": Operation(
        ("edit extra 7", "git rebase --autostash upstream"),
        34,
        state="stale",
        start="topic",
        lines=1,
        names="src/demo/extra.py",
    ),
    "rebase with autostash that only fast-forwards": Operation(
        ("edit extra 7", "git rebase --autostash topic"),
        31,
        state="stale",
        lines=1,
        names="src/demo/extra.py",
    ),
    "pull --rebase of one pick": Operation(
        ("git pull --rebase origin main",), 34, start="upstream", prepare=PUBLISHED, lines=1
    ),
    "rebase that stops at a conflict": Operation(("git rebase rival",), 67, state="stale", start="mixed"),
    "rebase that stops at a conflict, then goes on": Operation(
        ("git rebase rival", "edit left 8", "git add src", "git rebase --continue"),
        87,
        start="mixed",
        lines=1,
    ),
    "rebase that stops at a conflict, then skips": Operation(
        ("git rebase rival", "git rebase --skip"), 97, start="mixed", lines=1
    ),
    "rebase that stops at a break": Operation(
        ("git -c sequence.editor='sed -i 1abreak' rebase --interactive upstream",),
        31,
        state="stale",
        start="topic",
    ),
    "rebase that stops at a break, then goes on": Operation(
        ("git -c sequence.editor='sed -i 1abreak' rebase --interactive upstream", "git rebase --continue"),
        34,
        start="topic",
        lines=1,
    ),
    # bisect and stash branch: post-checkout again
    "bisect step": Operation(
        ("git bisect start", "git bisect bad", "git bisect good main"), 21, start="topic", lines=1
    ),
    "bisect reset": Operation(
        ("git bisect start", "git bisect bad", "git bisect good main", "git bisect good", "git bisect reset"),
        31,
        start="topic",
        lines=2,
    ),
    "bisect run": Operation(
        ("git bisect start topic main", "git bisect run grep -q 1 src/demo/left.py", "git bisect reset"),
        11,
        lines=2,
    ),
    "stash branch": Operation(
        ("git stash branch salvage",),
        11,
        state="stale",
        prepare=(*STASHED, "git switch --quiet topic"),
        lines=1,
        names="src/demo/extra.py",
    ),
}

SILENT = {
    "reset --hard": Operation(("git reset --hard topic",), 11, state="stale"),
    "reset --keep": Operation(("git reset --keep topic",), 11, state="stale"),
    "reset --merge": Operation(("git reset --merge topic",), 11, state="stale"),
    # The files stay what they were, and so does what a fresh install of them would be.
    "reset --soft": Operation(("git reset --soft topic",), 11),
    "reset --mixed": Operation(("git reset --mixed topic",), 11),
    "update-ref": Operation(("git update-ref refs/heads/main topic",), 11),
    "symbolic-ref": Operation(("git symbolic-ref HEAD refs/heads/topic",), 11),
    "rebase --abort": Operation(("git rebase rival", "git rebase --abort"), 67, start="mixed"),
    "rebase --quit": Operation(
        ("git rebase rival", "git rebase --quit", "git reset --hard"), 67, state="stale", start="mixed"
    ),
    "merge --abort": Operation(("git merge rival", "git merge --abort"), 31, start="topic"),
    "stash push of an edit that was installed": Operation(
        ("git stash push",), 711, state="stale", prepare=("edit extra 7",)
    ),
    "stash push of an edit that was not installed": Operation(("edit extra 7", "git stash push"), 11),
    "stash pop": Operation(("git stash pop",), 11, state="stale", prepare=STASHED, names="src/demo/extra.py"),
    "stash push and pop": Operation(("git stash push", "git stash pop"), 711, prepare=("edit extra 7",)),
    "fetch": Operation(("git fetch origin",), 11, prepare=PUBLISHED),
    "am": Operation(
        ("git am ../topic.mbox",),
        11,
        state="stale",
        prepare=("git format-patch --quiet --output=../topic.mbox main..topic",),
    ),
    "cherry-pick --no-commit": Operation(
        ("git cherry-pick --no-commit rival",), 11, state="stale", names="src/demo/left.py"
    ),
    "commit of an edit": Operation(("edit left 7", "git commit --all --message edit"), 11, state="stale"),
    "edit": Operation(("edit left 7",), 11, state="stale", names="src/demo/left.py"),
}


HONEST = {
    "merge --squash": Operation(("git merge --squash topic",)),
    "checkout -b with an uncommitted edit": Operation(("edit left 7", "git checkout -b new")),
    "restore from another branch": Operation(("git restore --source topic src",)),
    "rebase that stops to edit the last pick": Operation((EDIT_LAST,), start="topic"),
    "rebase that stops to edit the last pick, then --abort": Operation(
        (EDIT_LAST, "git rebase --abort"), start="topic"
    ),
    "rebase with the apply backend that stops": Operation(("git rebase --apply rival",), start="mixed"),
    "rebase with the apply backend that stops, then --abort": Operation(
        ("git rebase --apply rival", "git rebase --abort"), start="mixed"
    ),
}
"""Where old and new code would both be right, as long as status tells which it is."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of wheels that the rows share, as the clones of one user do: the same few trees come back in each."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def user(world: World, built: Path) -> World:
    return replace(world, env={**world.env, "XDG_CACHE_HOME": str(built)})


def rows(table: dict[str, Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", table.values(), ids=table.keys())


@rows(HOOKED)
def test_hook_brings_the_venv_in_step(user: World, operation: Operation) -> None:
    check(user, operation)


@rows(SILENT)
def test_status_is_honest_where_no_hook_acts(user: World, operation: Operation) -> None:
    check(user, operation)


@rows(HONEST)
def test_status_is_honest_where_a_hook_may_act(user: World, operation: Operation) -> None:
    repository, _ = carried_out(user, operation)
    told = repository.target().state
    assert (told == "fresh") == (installed_value(repository.venv, user) == repository.value)
    if repository.value is not None:
        mend(repository)


@pytest.mark.parametrize("where", ["pyproject.toml", "git's configuration"])
def test_every_commit_counts_where_that_is_asked_for(world: World, where: str) -> None:
    repository = create(world, world.root / "demo", branches={})
    if where == "pyproject.toml":
        repository.write("pyproject.toml", (repository.path / "pyproject.toml").read_text() + "on-commit = true\n")
        repository.commit("every commit")
    else:
        repository.git("config", "freshvenv.on-commit", "true")
    opted_in(repository)

    repository.edit("left", 7)
    done = repository.attempt("commit", "--all", "--message", "seven")

    assert done.returncode == 0
    assert_fresh(repository, 71)
    [line] = own_lines(done.stderr)
    assert LINE.fullmatch(line)


@pytest.mark.parametrize("command", ["checkout", "switch"])
def test_orphan_branch_leaves_the_venv_alone(world: World, command: str) -> None:
    """HEAD names no commit there, so there is nothing that the venv could be in step with."""
    repository = opted_in(create(world, world.root / "demo"))

    assert repository.attempt(command, "--orphan", "empty").returncode == 0

    assert installed_value(repository.venv, world) == 11
    done = repository.freshvenv("status", check=False)
    assert "Traceback" not in done.stderr
    assert "fresh\n" not in done.stdout
    repository.git("switch", "--force", "topic")
    assert_fresh(repository, 31)


def test_branch_without_the_project_and_back(world: World) -> None:
    repository = create(world, world.root / "demo")
    repository.git("switch", "--quiet", "--create", "bare")
    repository.git("rm", "--quiet", "-r", "pyproject.toml", "backend", "src")
    repository.commit("no project")
    repository.git("switch", "--quiet", "main")
    opted_in(repository)

    done = repository.attempt("switch", "bare")
    assert done.returncode == 0
    assert len(own_lines(done.stderr)) <= 1
    assert installed_value(repository.venv, world) == 11
    assert "fresh\n" not in repository.freshvenv("status", check=False).stdout

    repository.git("switch", "topic")
    assert_fresh(repository, 31)


def test_branch_from_before_the_settings_were_there(world: World) -> None:
    """With no settings, the venvs that the tool knows by name are served as long as they hold the project."""
    repository = create(world, world.root / "demo")
    settings = (repository.path / "pyproject.toml").read_text()
    repository.git("switch", "--quiet", "--create", "early", "topic")
    repository.write("pyproject.toml", settings[: settings.index("[tool.freshvenv]")])
    repository.commit("no settings")
    repository.git("switch", "--quiet", "main")
    opted_in(repository)

    repository.git("switch", "early")

    assert_fresh(repository, 31)


def test_branch_that_does_not_build_leaves_the_last_good_install(world: World) -> None:
    repository = create(world, world.root / "demo")
    repository.git("switch", "--quiet", "--create", "broken")
    repository.write("backend/in_tree.py", "raise SystemExit('does not build')\n")
    repository.commit("broken backend")
    repository.git("switch", "--quiet", "main")
    opted_in(repository)

    done = repository.attempt("switch", "broken")
    assert done.returncode == 0
    assert len(own_lines(done.stderr)) == 1, done.stderr
    assert installed_value(repository.venv, world) == 11
    assert repository.target().state != "fresh"

    assert own_lines(repository.attempt("switch", "main").stderr) == []
    assert_fresh(repository, 11)


@pytest.mark.parametrize("configured", ["false", "true"])
def test_clone_with_the_hooks_in_its_template(world: World, configured: str) -> None:
    """The hooks arrive in a clone that has no venv, and whose owner may not have asked for anything."""
    repository = opted_in(create(world, world.root / "demo"))
    template = world.root / "template"
    shutil.copytree(repository.common_dir / "hooks", template / "hooks")
    (template / "config").write_text(f"[freshvenv]\n\tenabled = {configured}\n")

    done = repository.attempt("clone", "--template", str(template), ".", "../clone")

    assert done.returncode == 0
    assert own_lines(done.stderr) == []
    clone = Repository(world, world.root / "clone")
    assert (clone.git_dir / "hooks" / "post-checkout").exists()
    assert not clone.venv.exists()
    assert clone.git("status", "--porcelain") == ""
    assert clone.attempt("switch", "topic").returncode == 0
    assert not clone.venv.exists()
    assert_fresh(repository, 11)


def test_linked_worktree_keeps_a_venv_of_its_own(world: World) -> None:
    repository = opted_in(create(world, world.root / "demo"))

    done = repository.attempt("worktree", "add", "../linked", "topic")
    assert done.returncode == 0
    assert own_lines(done.stderr) == []
    linked = Repository(world, world.root / "linked")
    assert not linked.venv.exists()
    assert_fresh(repository, 11)

    make_venv(world, linked.venv)
    linked.freshvenv("resync")
    assert_fresh(linked, 31)

    linked.git("switch", "upstream")
    assert_fresh(linked, 14)
    assert_fresh(repository, 11)

    repository.git("switch", "rival")
    assert_fresh(linked, 14)
    assert_fresh(repository, 91)

    linked.git("rebase", "topic")
    assert linked.value == 34
    assert_fresh(linked, 34)


def test_submodule_update(world: World) -> None:
    """git runs the submodule's own hooks, with ``GIT_DIR`` set."""
    create(world, world.root / "origin")
    outer = Repository(world, world.root / "outer")
    outer.path.mkdir()
    outer.git("init", "--quiet", "--initial-branch", "main")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../origin", "lib")
    outer.commit("main of lib")
    lib = opted_in(Repository(world, outer.path / "lib"))
    lib.git("checkout", "--quiet", "origin/topic")
    assert_fresh(lib, 31)
    outer.commit("topic of lib")

    outer.git("checkout", "--quiet", "HEAD~1")
    assert_fresh(lib, 31)
    done = outer.attempt("submodule", "update")

    assert done.returncode == 0
    assert_fresh(lib, 11)
    assert len(own_lines(done.stderr)) == 1
    assert outer.git("status", "--porcelain") == ""


def check(world: World, operation: Operation) -> None:
    """Carry out one row, and compare what it leaves with what the row says."""
    repository, said = carried_out(world, operation)
    assert installed_value(repository.venv, world) == operation.value
    assert all(LINE.fullmatch(line) for line in said), said
    assert len(said) == operation.lines, said
    target = repository.target()
    assert target.state == operation.state, target.reasons
    assert target.reasons or target.state == "fresh"
    assert operation.names is None or operation.names in " ".join(target.reasons)
    if target.state == "fresh":
        assert repository.value == operation.value
    elif repository.value is not None:
        mend(repository)


def carried_out(world: World, operation: Operation) -> tuple[Repository, list[str]]:
    """Do a row's steps beside a twin without hooks, where git must do the same; and what the hooks wrote."""
    twin = started(world, world.root / "twin" / "demo", operation)
    if world.place is Place.WORKTREE:
        # The copy of a linked worktree would be the same one, for git.
        repository = started(world, world.root / "hooked" / "demo", operation)
    else:
        shutil.copytree(world.root / "twin", world.root / "hooked", symlinks=True)
        repository = Repository(world, world.root / "hooked" / "demo")
        repository.git("update-index", "-q", "--refresh")  # the copies are new files
    opted_in(repository)

    said: list[str] = []
    for command in operation.steps:
        expected, done = twin.step(command), repository.step(command)
        if done and expected:
            assert done.returncode == expected.returncode, f"{command}\n{done.stderr}"
            said += own_lines(done.stderr)
    assert moved(repository) == moved(twin)
    return repository, said


def started(world: World, path: Path, operation: Operation) -> Repository:
    """A repository in which a row's steps can begin."""
    made = create(world, path)
    made.git("switch", "--quiet", operation.start)
    for command in operation.prepare:
        made.step(command)
    return made


def opted_in(repository: Repository) -> Repository:
    """A venv that holds what the working tree says, and native hooks that keep it so."""
    make_venv(repository.world, repository.venv)
    repository.freshvenv("init", "--hooks", "native")
    assert installed_value(repository.venv, repository.world) == repository.value
    return repository


def moved(repository: Repository) -> tuple[str, str, str]:
    """Where git went: the branch, the tree at HEAD, and what differs from it."""
    return (
        repository.attempt("symbolic-ref", "--short", "HEAD").stdout,
        repository.attempt("rev-parse", "HEAD^{tree}").stdout,
        repository.git("status", "--porcelain"),
    )


def mend(repository: Repository) -> None:
    assert repository.value is not None
    repository.freshvenv("resync")
    assert_fresh(repository, repository.value)
