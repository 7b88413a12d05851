"""Files that a stranger brought, or a stopped command left, and nobody committed yet."""

from __future__ import annotations

import importlib.util
import shlex
import sys

import pytest

from support.repository import assert_fresh, installed_value, own_lines
from support.stranger import LINE, Scene

BROUGHT = {
    "checkout": "gift && git checkout --quiet FETCH_HEAD -- .",
    "checkout, while hooks were off": "gift && FRESHVENV=off git checkout --quiet FETCH_HEAD -- .",
    "checkout, and edited": "gift && git checkout --quiet FETCH_HEAD -- backend && canary",
    "checkout, and taken out of the index": "gift && git checkout --quiet FETCH_HEAD -- . && git reset --quiet",
    "checkout, and fetched something else": "gift && git checkout --quiet FETCH_HEAD -- . && git fetch --quiet origin",
    "checkout of one file, and of an own one after it": """
        gift && git checkout --quiet FETCH_HEAD -- backend && digit left 7 && git checkout --quiet -- src/demo/left.py
    """,
    "restore": "gift && git restore --source=FETCH_HEAD .",
    "restore of a file that is not in the index": """
        gift && git rm --quiet --cached backend/in_tree.py && git restore --source=FETCH_HEAD backend
    """,
    "merge --squash": "gift && git merge --quiet --squash FETCH_HEAD",
    "pull --squash": 'git pull --quiet --squash "$FORK" gift',
    "merge --squash into own work": """
        canary && git commit --quiet --all --message own && git revert --no-edit HEAD && rm -f "$CANARY"
        gift && git merge --quiet --squash FETCH_HEAD
    """,
    "merge --no-commit": "small 6 && gift && git merge --quiet --no-commit FETCH_HEAD",
    "cherry-pick --no-commit": "gift && git cherry-pick --no-commit FETCH_HEAD",
    "read-tree": "gift && git read-tree -u --reset FETCH_HEAD",
    "a stash": """
        gift && git cherry-pick --no-commit FETCH_HEAD && git stash push --quiet && git stash pop --quiet
    """,
    "a reset that keeps files": "gift && git checkout --quiet FETCH_HEAD && git reset --quiet --soft origin/main",
    "a reset after a look": "gift && git checkout --quiet FETCH_HEAD && git reset --quiet origin/main",
    "a remote's branch that was pushed anew since": """
        git remote add fork "$FORK" && git fetch --quiet fork && git cherry-pick --no-commit fork/gift
        git -C "$FORK" reset --quiet --hard origin/main
        git -C "$FORK" commit --quiet --allow-empty --message harmless && git fetch --quiet fork
    """,
    "a pull request in a namespace of another host": """
        git -C "$FORK" push --quiet "$ORIGIN" gift:refs/pull-requests/7/from
        git config --add remote.origin.fetch '+refs/pull-requests/*/from:refs/odd/*'
        git fetch --quiet && git checkout --quiet refs/odd/7 -- . && git fetch --quiet origin main
    """,
    "others than were accepted": """
        (cd "$FORK" && git switch --quiet --create nice origin/main && digit right 8 && git commit --quiet --all -m nice)
        git fetch --quiet "$FORK" nice && git checkout --quiet FETCH_HEAD -- src && freshvenv resync
        git reset --quiet --hard && gift && git cherry-pick --no-commit FETCH_HEAD
    """,
    "an amended commit of a stranger": """
        gift && git checkout --quiet --detach FETCH_HEAD && canary && git commit --quiet --all --amend --message mine
        git switch --quiet main && git checkout --quiet HEAD@{1} -- .
    """,
}


@pytest.mark.parametrize("steps", BROUGHT.values(), ids=BROUGHT.keys())
def test_files_of_a_stranger_are_not_built_from_the_working_tree(scene: Scene, steps: str) -> None:
    """HEAD stays where it is, or moves on to what is trusted, and takes the files along."""
    scene.play(steps)
    scene.play("grep --quiet canary backend/in_tree.py")
    if (scene.repository.git_dir / "MERGE_HEAD").exists():
        scene.play("git checkout --quiet --detach")
    scene.play("git update-ref --no-deref HEAD origin/topic")
    for _ in range(2):
        [line] = scene.trigger()
        assert line.startswith(LINE)
        assert "uncommitted" in line
        assert not scene.canary.exists()
        done = scene.repository.freshvenv("run", "--", "true", check=False)
        assert "uncommitted" in done.stderr
        assert not scene.canary.exists()
    shown = scene.repository.freshvenv("trust", "show", "--exit-code", check=False)
    assert shown.returncode == 1
    assert "lie uncommitted in the working tree" in shown.stdout.splitlines()[-1]
    scene.repository.freshvenv("resync")
    assert scene.repository.freshvenv("trust", "show", "--exit-code").returncode == 0
    assert scene.canary.exists(), "consent is for what lies in the working tree, too"
    scene.play("git reset --quiet --hard && git clean --quiet -d --force")
    scene.assert_built()


@pytest.mark.parametrize(
    "damage",
    [
        "printf '\\377\\0' >accepted",
        "echo '[]' >accepted",
        "echo '{\"files\": [1]}' >accepted",
        "rm accepted; mkdir accepted",
    ],
    ids=["garbage", "another form", "another form inside", "a folder"],
)
def test_a_damaged_consent_to_files_counts_as_absent(scene: Scene, damage: str) -> None:
    scene.play("gift && git checkout --quiet FETCH_HEAD -- src && freshvenv resync")
    scene.play(f'(cd "$(own_dir)/freshvenv" && {damage}) && git update-ref --no-deref HEAD origin/topic')
    done = scene.repository.freshvenv("run", "--", "true", check=False)
    assert "uncommitted" in done.stderr
    assert "Traceback" not in done.stderr
    scene.repository.freshvenv("resync")
    scene.repository.freshvenv("run", "--", "true")


def test_a_consent_to_what_is_staged_is_none_to_what_is_on_disk(scene: Scene) -> None:
    scene.play("""
        gift && git checkout --quiet FETCH_HEAD -- src/demo/right.py && freshvenv resync
        (cd "$FORK" && git checkout --quiet --force gift && digit right 8 && git commit --quiet --all --message more)
        gift && digit right 8
    """)
    before = installed_value(scene.repository.venv, scene.world)
    done = scene.repository.freshvenv("run", "--", "true", check=False)
    assert "src/demo/right.py of " in done.stderr
    assert installed_value(scene.repository.venv, scene.world) == before


PYC = """
    (cd "$FORK" && git switch --quiet --create pyc origin/main && mkdir -p backend/__pycache__
    cp backend/in_tree.py evil.py && printf 'import pathlib; pathlib.Path("%s").touch()\\n' "$CANARY" >>evil.py
    {python} -c 'import py_compile as p; p.compile("evil.py", "{cached}", invalidation_mode=p.PycInvalidationMode(2))'
    rm evil.py && git add --all --force && git commit --quiet --message tidy)
"""
"""Bytecode that Python runs without a look at the source."""

WAYS = {
    "in the index": "git checkout --quiet FETCH_HEAD -- backend && digit left 7",
    "ignored": "git checkout --quiet FETCH_HEAD && git reset --quiet main && digit left 7",
}


@pytest.mark.parametrize("editable", ["false", "true"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_bytecode_of_a_stranger_is_not_run(scene: Scene, way: str, editable: str) -> None:
    cached = importlib.util.cache_from_source("backend/in_tree.py")
    scene.play(f"git config freshvenv.editable {editable} && freshvenv resync")
    scene.play(
        PYC.format(python=shlex.quote(sys.executable), cached=cached) + f'git fetch --quiet "$FORK" pyc && {way}'
    )
    assert (scene.repository.path / cached).exists()
    scene.repository.freshvenv("run", "--", "true", check=False)
    scene.trigger()
    assert not scene.canary.exists()


def test_the_interpreter_of_a_stranger_is_not_started(scene: Scene) -> None:
    """git overwrites what is ignored, and after a reset it does not show what lies there."""
    scene.play("""
        cd "$FORK" && mkdir -p .venv/bin && printf '#!/bin/sh\ntouch "%s"\n' "$CANARY" >.venv/bin/python
        chmod +x .venv/bin/python && git add --all --force .venv && git commit --quiet --message venv && cd ../demo
        gift && git checkout --quiet FETCH_HEAD && git reset --quiet main && git checkout --quiet -- .
        git clean --quiet -d --force && rm -rf "$(own_dir)/freshvenv/stamp"
    """)
    assert not scene.repository.git("status", "--porcelain")
    for command in (
        ("status",),
        ("explain",),
        ("run", "--", "true"),
        ("resync", "--dry-run"),
        ("hook", "post-checkout"),
    ):
        scene.repository.freshvenv(*command, check=False)
        assert not scene.canary.exists(), command
    [line] = scene.trigger()
    assert "its interpreter is a file in the working tree that was never started before" in line
    assert not scene.canary.exists()


def test_an_interpreter_in_the_working_tree_is_taken_by_a_resync(scene: Scene) -> None:
    python = scene.repository.venv / "bin" / "python"
    real = python.resolve()
    python.unlink()
    python.write_text(f'#!/bin/sh\nexec -a "$0" "{real}" "$@"\n'.replace("/bin/sh", "/bin/bash"))
    python.chmod(0o755)
    scene.play('rm -r "$(own_dir)/freshvenv/stamp"')
    assert "never started before" in scene.trigger()[0]
    scene.repository.freshvenv("resync")
    scene.play("git checkout --quiet origin/topic")
    scene.assert_built()


def test_a_deletion_of_a_stranger_is_not_built(scene: Scene) -> None:
    scene.play("""
        (cd "$FORK" && git switch --quiet --create less origin/main && git rm --quiet src/demo/right.py
        git commit --quiet --message less)
        git fetch --quiet "$FORK" less && git cherry-pick --no-commit FETCH_HEAD && git checkout --quiet origin/topic
    """)
    [line] = scene.trigger()
    assert "uncommitted" in line
    assert installed_value(scene.repository.venv, scene.world) == 11


@pytest.mark.parametrize("command", ["merge --quiet", "cherry-pick", "rebase --quiet --onto HEAD FETCH_HEAD~1"])
def test_what_stopped_with_a_conflict_is_not_built(scene: Scene, command: str) -> None:
    scene.play(f"digit right 3 && record right && gift && git {command} FETCH_HEAD || true")
    scene.play('grep --quiet canary backend/in_tree.py && rm -rf "$(own_dir)/freshvenv/stamp" .venv/.freshvenv/voucher')
    done = scene.repository.freshvenv("run", "--", "true", check=False)
    assert "uncommitted" in done.stderr
    assert not scene.canary.exists()


def test_a_patch_of_somebody_that_stopped_is_not_built(scene: Scene) -> None:
    scene.play("""
        digit right 3 && record right && gift && git format-patch --quiet --stdout -1 FETCH_HEAD >../patch
        git am --quiet --3way ../patch || true
        rm -rf "$(own_dir)/FETCH_HEAD" "$(own_dir)/freshvenv/stamp" .venv/.freshvenv/voucher
    """)
    done = scene.repository.freshvenv("run", "--", "true", check=False)
    assert "a patch that am applies lies uncommitted" in done.stderr
    assert not scene.canary.exists()


OWN_FILES = {
    "an edit, and another one thrown away by checkout": "digit left 8; digit right 7; git checkout -q -- src/demo/left.py",
    "an edit, and another one thrown away by restore": "digit left 8; digit right 7; git restore src/demo/left.py",
    "an edit, and another one taken back": """
        digit left 8; digit right 7; git add --all; git restore --staged --worktree src/demo/left.py
    """,
    "a file that is staged in part, put aside as pre-commit does": """
        digit right 7; git add --all; digit right 8; git diff --binary >../patch
        git -c submodule.recurse=0 checkout --quiet -- .; git apply ../patch
    """,
    "a file of an own branch": """
        git switch --quiet --create mine; digit right 7; record right; git switch --quiet main
        git checkout --quiet mine -- src/demo/right.py
    """,
    "a file of a branch of origin": "git checkout --quiet origin/upstream -- src/demo/right.py",
    "an own branch, merged by --squash": """
        git switch --quiet --create mine; digit right 7; record right; git switch --quiet main
        git merge --quiet --squash mine
    """,
    "a stash that is kept": "digit right 7; git stash push --quiet; git stash apply --quiet; git restore src/demo/left.py",
    "an edit, while a merge of an own branch waits": """
        git switch --quiet --create mine; digit right 7; record right; git switch --quiet main; small 6
        git merge --quiet --no-commit mine
    """,
    "an edit in a file that a stranger changes, too": """
        digit right 7; digit left 8; gift; git restore src/demo/left.py
    """,
    "files of a stranger that were accepted": """
        git checkout --quiet topic~1; gift; git checkout --quiet FETCH_HEAD -- src/demo/right.py; freshvenv resync
    """,
}


@pytest.mark.parametrize("steps", OWN_FILES.values(), ids=OWN_FILES.keys())
def test_own_files_are_built_from_the_working_tree(scene: Scene, steps: str) -> None:
    scene.play("git branch --quiet topic origin/topic")
    scene.play(steps)
    assert scene.repository.git("status", "--porcelain")
    lines = own_lines(scene.repository.attempt("checkout", "--detach", "topic").stderr)
    assert [line.split(" (")[0] for line in lines] == ["freshvenv: .venv: reinstalled demo 1.0"]
    value = scene.repository.value
    assert value is not None
    assert_fresh(scene.repository, value)
    scene.play("git reset --quiet --hard && git checkout --quiet main")
    assert not (scene.repository.git_dir / "freshvenv" / "brought").exists()


@pytest.mark.parametrize(
    "damage",
    [
        "rm brought; mkfifo brought",
        "rm brought; mkdir brought",
        'rm brought; ln -s "$OLDPWD/precious" brought',
        ">brought",
        "echo garbage >brought",
    ],
    ids=["a pipe", "a folder", "a link", "empty", "garbage"],
)
def test_a_damaged_note_of_files_is_taken_for_the_worst(scene: Scene, damage: str) -> None:
    scene.play(f"""
        echo precious >precious && gift && git checkout --quiet FETCH_HEAD -- .
        (cd "$(own_dir)/freshvenv" && {damage})
        digit left 8 && git checkout --quiet -- src/demo/left.py && git reset --quiet --soft origin/topic
    """)
    assert "uncommitted" in scene.trigger()[0]
    assert not scene.canary.exists()
    assert (scene.repository.path / "precious").read_text() == "precious\n"
    scene.repository.freshvenv("resync")
    assert scene.canary.exists()
    scene.play("git reset --quiet --hard && git clean --quiet -d --force")
    scene.assert_built()


def test_a_copy_is_known_where_a_filter_fails(scene: Scene) -> None:
    """git says nothing of the files after the first that it cannot filter; those may be copies, too."""
    scene.play("""
        (cd "$FORK" && git reset --quiet --hard origin/main && digit right 8 && touch a.txt && git add --all &&
            git commit --quiet --message more)
        gift && git checkout --quiet FETCH_HEAD -- src a.txt && git reset --quiet
        mkdir -p "$(common_dir)/info" && printf 'a.txt filter=broken\\n*.py text\\n' >"$(common_dir)/info/attributes"
        git config filter.broken.clean false && git config filter.broken.required true
        echo mine >a.txt && printf 'NUMBER = 8\\r\\n' >src/demo/right.py
        rm -rf "$(own_dir)/freshvenv/brought" "$(own_dir)/freshvenv/stamp"
    """)
    assert "files of a commit that is not trusted" in scene.trigger()[0]
    shown = scene.repository.freshvenv("resync", "--dry-run", check=False).stdout
    assert "  a.txt of " in shown
    assert "  src/demo/right.py of " in shown
