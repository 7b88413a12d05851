"""Who wrote what is checked out, and whether the hooks run it: real repositories, and a canary that any build would leave.

``demo`` is the user's clone of ``origin.git``. ``fork`` is a stranger's, whose branch ``gift`` is one commit on top of
main; it is also ``refs/pull/7/head`` of origin. The gift is hostile: importing its backend, or nearly anything at the
top of its tree, makes the canary file.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.places import PLACE, Place, move
from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.shelf import Shelf, world_in
from support.world import World

PRELUDE = r"""
set -eu
canary() { printf 'import pathlib; pathlib.Path("%s").touch()\n' "$CANARY" >>backend/in_tree.py; }
digit() { printf 'NUMBER = %s\n' "$2" >"src/demo/$1.py"; }
own() { canary; digit extra "${1-5}"; record "own ${1-5}"; }
small() { digit extra "$1"; record "small $1"; }
minute=1500000000
record() { git commit --quiet --all --date="@$((minute += 60)) +0000" --message "$1"; }
gift() { git fetch --quiet "$FORK" gift; }
own_dir() { git rev-parse --absolute-git-dir; }
common_dir() { git rev-parse --path-format=absolute --git-common-dir; }
forget() { rm -rf "$(own_dir)/logs" "$(common_dir)/logs"; }
todo() { GIT_SEQUENCE_EDITOR="sed -i $1" git rebase --quiet --interactive "$2"; }
"""
"""Words for the steps below; each script stops at the first command that fails."""

TRIGGER = ("git", "checkout", "--quiet", "--detach")
"""Fires post-checkout and moves nothing: the hook judges HEAD as the steps left it."""

LINE = "freshvenv: nothing was installed: "


@dataclass(frozen=True)
class Scene:
    """The clone, and the things around it."""

    repository: Repository
    canary: Path
    environment: Mapping[str, str]

    @property
    def world(self) -> World:
        return self.repository.world

    def play(self, script: str) -> str:
        """Run the steps as the user; what the programs wrote to standard error comes back."""
        done = self.world.run("sh", "-c", PRELUDE + script, cwd=self.repository.path, env=self.environment)
        return done.stderr

    def trigger(self) -> list[str]:
        """What freshvenv writes when HEAD is judged once more; git must succeed."""
        done = self.world.run(*TRIGGER, cwd=self.repository.path)
        return own_lines(done.stderr)

    def assert_refused(self) -> str:
        """HEAD is not built, git succeeds, and one line says what to type; that line comes back."""
        lines = self.trigger()
        assert len(lines) == 1, lines
        assert lines[0].startswith(LINE)
        assert "freshvenv resync" in lines[0]
        assert not self.canary.exists()
        assert all(target.state != "fresh" for target in self.repository.targets())
        assert not self.canary.exists()
        return lines[0]

    def assert_built(self) -> None:
        """The venv holds what is checked out, and nothing was asked."""
        lines = self.trigger()
        assert not any(line.startswith(LINE) for line in lines), lines
        value = self.repository.value
        assert value is not None
        assert_fresh(self.repository, value)


def hostile(path: Path, canary: Path) -> None:
    """Files that somebody obeys who starts Python, pip or uv at the top of a tree, or who builds it."""
    shot = f'import pathlib; pathlib.Path("{canary}").touch()\n'
    with (path / "backend" / "in_tree.py").open("a") as backend:
        backend.write(shot)
    for name in ("argparse.py", "sitecustomize.py", "usercustomize.py", "tomllib.py", "freshvenv/__init__.py"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(shot)
    (path / "freshvenv" / "__main__.py").write_text(shot)
    (path / "setup.py").write_text(shot)
    (path / "src" / "demo" / "__init__.py").write_text(shot)
    (path / "src" / "demo" / "right.py").write_text("NUMBER = 9\n")
    (path / ".python-version").write_text("3.8.0\n")
    (path / "uv.toml").write_text('index-url = "http://127.0.0.1:9/hostile"\n')
    (path / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/hostile\n")
    (path / ".gitattributes").write_text("*.py filter=hostile diff=hostile\n")
    text = (path / "pyproject.toml").read_text()
    text = text.replace('venvs = [".venv"]', 'venvs = [".venv", "elsewhere"]\non-commit = true')
    (path / "pyproject.toml").write_text(f'{text}\n[tool.uv.pip]\ntarget = "{canary}"\n')


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The scene, made once; each test finds it as it was."""
    shelf = Shelf(world_in(tmp_path_factory.mktemp("world")))
    set_up(shelf.world)
    shelf.keep()
    return shelf


@pytest.fixture
def scene(world: World, request: pytest.FixtureRequest) -> Scene:
    if PLACE is not Place.ORDINARY:
        # Not every test can be in every place.
        return set_up(world)
    shelf: Shelf = request.getfixturevalue("shelf")
    shelf.restore()
    return scene_in(shelf.world_of(world))


def set_up(world: World) -> Scene:
    seed = create(
        world, world.root / "seed", branches={"topic": (("left", 2), ("left", 3)), "upstream": (("right", 4),)}
    )
    origin, fork, demo = (world.root / name for name in ("origin.git", "fork", "demo"))
    world.git("clone", "--quiet", "--bare", str(seed.path), str(origin), cwd=world.root)
    world.git("remote", "remove", "origin", cwd=origin)
    scene = scene_in(world)
    world.git("clone", "--quiet", str(origin), str(fork), cwd=world.root)
    stranger = replace(world, env={**world.env, "GIT_AUTHOR_NAME": "M Allory", "GIT_AUTHOR_EMAIL": "m@example.org"})
    stranger.git("switch", "--quiet", "--create", "gift", cwd=fork)
    hostile(fork, scene.canary)
    stranger.git("add", "--all", "--force", cwd=fork)
    stranger.git("commit", "--quiet", "--message", "commit: a gift", cwd=fork)
    stranger.git("push", "--quiet", "origin", "gift:refs/pull/7/head", cwd=fork)
    world.git("clone", "--quiet", str(origin), str(demo), cwd=world.root)
    move(world.git, demo, world.place)
    make_venv(world, scene.repository.venv)
    scene.repository.freshvenv("init")
    assert installed_value(scene.repository.venv, world) == 11
    return scene


def scene_in(world: World) -> Scene:
    """The things by their names, be they there or not."""
    canary = world.plain / "canary"
    names = {"CANARY": canary, "FORK": world.root / "fork", "ORIGIN": world.root / "origin.git"}
    repository = Repository(world, world.root / "demo")
    return Scene(repository, canary, {name: str(path) for name, path in names.items()})


TRUSTED = {
    "a branch of origin": "git switch --quiet topic",
    "a detached commit of origin": "git checkout --quiet --detach origin/topic~1",
    "a pulled branch of origin": """
        git -C "$FORK" switch --quiet --create next origin/main
        git -C "$FORK" commit --quiet --allow-empty --message next
        git -C "$FORK" push --quiet origin next:main
        git pull --quiet
    """,
    "a branch of origin named on the command line": """
        git fetch --quiet origin +refs/heads/topic:refs/remotes/origin/topic
        git switch --quiet topic
    """,
    "a branch of origin fetched with the option before its name": """
        git update-ref -d refs/remotes/origin/topic
        git fetch --quiet --jobs 2 origin +refs/heads/topic:refs/remotes/origin/topic && git switch --quiet topic
    """,
    "a branch of origin fetched with all remotes": """
        git remote add fork "$FORK" && git update-ref -d refs/remotes/origin/topic && git fetch --quiet --all
        git checkout --quiet origin/topic
    """,
    "a branch of origin pushed from here to the same place by another protocol": """
        git config remote.origin.pushurl "file://$ORIGIN" && git switch --quiet topic && own && git push --quiet
    """,
    "a tag on a branch of origin": "git tag one origin/topic && git checkout --quiet one",
    "an own commit": "own",
    "own commits on a branch of origin": "git switch --quiet topic && own 5 && own 6",
    "an own commit, amended": "own && git commit --quiet --amend --message other",
    "an own commit, amended twice": """
        own
        git commit --quiet --amend --message other
        digit extra 7
        git commit --quiet --all --amend --message 'and other'
    """,
    "a commit of origin, amended": "git switch --quiet topic && git commit --quiet --amend --message mine",
    "own commits, rebased": "own && small 6 && git rebase --quiet origin/topic",
    "own commits, rebased by the apply backend": "own && small 6 && git rebase --quiet --apply origin/topic",
    "own commits, rebased on a detached HEAD": "own && git checkout --quiet --detach && git rebase --quiet origin/topic",
    "own commits, rebased from another branch": """
        git switch --quiet --create mine && own && small 6
        git switch --quiet main && git rebase --quiet origin/topic mine
    """,
    "own commits, rebased and their branch removed": """
        git switch --quiet --create mine && own
        git rebase --quiet origin/topic
        git switch --quiet main && git merge --quiet mine && git branch --quiet --delete mine
    """,
    "own commits, rebased with a conflict": """
        digit left 8 && git commit --quiet --all --message left
        git rebase --quiet origin/topic || true
        digit left 9 && git add src && git -c core.editor=true rebase --continue
    """,
    "own commits, rebased and amended": "own && git rebase --quiet origin/topic && git commit --quiet --amend -m other",
    "own commits, rebased twice": "own && small 6 && git rebase --quiet origin/topic && git rebase --quiet origin/upstream",
    "own commits, reworded": "own && small 6 && todo 1,2s/^pick/reword/ origin/upstream",
    "own commits, squashed": "own && small 6 && small 7 && todo 2,3s/^pick/squash/ origin/upstream",
    "own commits, fixed up": "own && small 6 && todo 2s/^pick/fixup/ origin/main",
    "own commits, fixed up and rebased": "own && small 6 && small 7 && todo 2,3s/^pick/fixup/ origin/upstream",
    "own commits, fixed up with a conflict": """
        own && small 6 && small 7 && (todo "'2d;3s/^pick/fixup/'" origin/main || true)
        digit extra 8 && git add src && git rebase --continue
    """,
    "own commits, reordered": """
        own && digit left 8 && git commit --quiet --all --message left
        todo "'1{h;d};2G'" origin/main
    """,
    "own commits, pulled with --rebase": "own && git pull --quiet --rebase origin topic",
    "commits of origin, rebased": "git switch --quiet topic && git rebase --quiet origin/upstream",
    "a merge": "own && git merge --quiet --no-edit origin/topic",
    "a merge that was pulled": "own && git pull --quiet --no-rebase --no-edit origin topic",
    "a merge of several": "own && git merge --quiet --no-edit origin/topic origin/upstream",
    "a merge with a conflict": """
        digit left 8 && git commit --quiet --all --message left
        git merge --quiet origin/topic || true
        digit left 9 && git commit --quiet --all --no-edit
    """,
    "a revert": "git switch --quiet topic && git revert --no-edit HEAD",
    "a cherry-pick of an own commit": """
        git switch --quiet --create mine && own && git switch --quiet main && git cherry-pick mine
    """,
    "a cherry-pick of a commit of origin": "git cherry-pick origin/upstream",
    "cherry-picks of commits of origin": "small 6 && git cherry-pick origin/topic~1 origin/topic",
    "a cherry-pick with a conflict": """
        digit left 8 && git commit --quiet --all --message left
        git cherry-pick origin/topic~1 || true
        digit left 9 && git commit --quiet --all --no-edit
    """,
    "a cherry-pick between other lines": """
        seq 9 >notes && git add notes && record notes && git switch --quiet --create mine
        sed -i s/5/five/ notes && record five && git switch --quiet main && sed -i s/4/four/ notes && record four
        git cherry-pick mine || { printf '1\n2\n3\nfour\nfive\n6\n7\n8\n9\n' >notes && git add notes && git cherry-pick --continue; }
    """,
    "a cherry-pick near other lines": """
        seq 9 >notes && git add notes && record notes && git switch --quiet --create mine
        sed -i s/5/five/ notes && record five && git switch --quiet main && sed -i s/3/three/ notes && record three
        git cherry-pick mine
    """,
    "a cherry-pick of a merge": """
        git switch --quiet --create mine && small 6 && git merge --quiet --no-ff --no-edit origin/topic
        git switch --quiet main && digit right 3 && record right && git cherry-pick --mainline 1 mine
    """,
    "an own patch, applied by am": """
        git switch --quiet --create mine && small 6 && git format-patch --quiet --stdout -1 >../patch
        git switch --quiet main && digit right 3 && record right && git am --quiet ../patch
    """,
    "a cherry-pick, amended": "git cherry-pick origin/upstream && git commit --quiet --amend --message mine",
    "an own commit whose worktree is gone": """
        git worktree add --quiet -b mine ../other && (cd ../other && own) && git worktree remove --force ../other
        git switch --quiet mine
    """,
    "an own commit after packing and pruning": "own && git gc --quiet --prune=now",
    "an own commit whose subject is a trap": "own && git commit --quiet --amend --message 'checkout: moving from a to b'",
}


@pytest.mark.parametrize("script", TRUSTED.values(), ids=TRUSTED.keys())
def test_builds(scene: Scene, script: str) -> None:
    scene.play(script)
    scene.assert_built()


UNTRUSTED = {
    "a pull-request ref": "git fetch --quiet origin pull/7/head && git checkout --quiet --detach FETCH_HEAD",
    "a pull-request ref as a branch": "git fetch --quiet origin pull/7/head:pr-7 && git switch --quiet pr-7",
    "FETCH_HEAD": "gift && git checkout --quiet -b gift FETCH_HEAD",
    "a branch of a fork": 'git remote add fork "$FORK" && git fetch --quiet fork && git switch --quiet gift',
    "a fork, fast-forwarded to": "gift && git merge --quiet --ff-only FETCH_HEAD",
    "a fork, fast-forwarded to with a subject that looks like a merge": """
        git -C "$FORK" commit --quiet --amend --message "x: Merge made by the 'ort' strategy."
        gift && git merge --quiet --ff-only FETCH_HEAD
    """,
    "a fork, merged": "small 6 && gift && git merge --quiet --no-edit FETCH_HEAD",
    "a pull from a contributor": 'git pull --quiet "$FORK" gift',
    "a pull from a contributor that merges": 'small 6 && git pull --quiet --no-rebase --no-edit "$FORK" gift',
    "a pull from a contributor that rebases": 'small 6 && git pull --quiet --rebase "$FORK" gift',
    "amended": "gift && git checkout --quiet FETCH_HEAD && git commit --quiet --amend --message mine",
    "amended twice": """
        gift && git checkout --quiet FETCH_HEAD
        git commit --quiet --amend --message mine
        git commit --quiet --amend --reset-author --message 'really mine'
    """,
    "with own commits on top": "gift && git checkout --quiet FETCH_HEAD && small 6 && small 7",
    "rebased": "gift && git checkout --quiet -b gift FETCH_HEAD && git rebase --quiet origin/topic",
    "rebased by the apply backend": """
        gift && git checkout --quiet -b gift FETCH_HEAD && git rebase --quiet --apply origin/topic
    """,
    "rebased while detached": "gift && git checkout --quiet FETCH_HEAD && git rebase --quiet origin/topic",
    "rebased by its name, from an own branch": "small 6 && gift && git rebase --quiet origin/topic FETCH_HEAD",
    "rebased by the name of its branch": """
        gift && git branch gift FETCH_HEAD && small 6 && git rebase --quiet origin/topic gift
    """,
    "rebased with an own commit": """
        gift && git checkout --quiet -b gift FETCH_HEAD && small 6 && git rebase --quiet origin/topic
    """,
    "rebased, with a conflict that is committed by hand": """
        gift && git checkout --quiet -b gift FETCH_HEAD && git rebase --quiet origin/upstream || true
        digit right 5 && git add src && git commit --quiet --message mine && git rebase --continue
    """,
    "rebased twice": """
        gift && git checkout --quiet -b gift FETCH_HEAD
        git rebase --quiet origin/topic && git rebase --quiet --force-rebase origin/topic
    """,
    "rebased and amended": """
        gift && git checkout --quiet -b gift FETCH_HEAD
        git rebase --quiet origin/topic && git commit --quiet --amend --reset-author --message mine
    """,
    "own commits rebased onto it": "small 6 && gift && git rebase --quiet FETCH_HEAD",
    "cherry-picked": "gift && git cherry-pick FETCH_HEAD",
    "cherry-picked and amended": "gift && git cherry-pick FETCH_HEAD && git commit --quiet --amend --message mine",
    "cherry-picked by fast-forward": "gift && git cherry-pick --ff FETCH_HEAD",
    "cherry-picked with a conflict": """
        digit right 3 && git commit --quiet --all --message right
        gift && git cherry-pick FETCH_HEAD || true
        digit right 5 && git add src && git commit --quiet --no-edit
    """,
    "cherry-picked and rebased": """
        gift && git cherry-pick FETCH_HEAD && git rebase --quiet origin/topic
    """,
    "fixed up into an own commit": """
        small 6 && gift && git cherry-pick FETCH_HEAD && todo 2s/^pick/fixup/ origin/main
    """,
    "fixed up into an own commit, with a conflict": """
        digit right 3 && record "right 3" && digit right 4 && record "right 4"
        gift && (git cherry-pick FETCH_HEAD || true)
        digit right 9 && git add . && git cherry-pick --continue
        (todo "'2d;3s/^pick/fixup/'" origin/main || true)
        digit right 9 && git add . && git rebase --continue
    """,
    "squashed into an own commit": """
        small 6 && gift && git cherry-pick FETCH_HEAD && todo 2s/^pick/squash/ origin/main
    """,
    "an own commit fixed up into it": """
        gift && git checkout --quiet -b gift FETCH_HEAD && small 6 && todo 2s/^pick/fixup/ origin/main
    """,
    "picked by a line that was added to the list of a rebase": """
        small 6 && gift && todo "1a\\pick\\ $(git rev-parse FETCH_HEAD)" origin/upstream || true
        digit right 5 && git add src && git rebase --continue
    """,
    "fixed up by a line that was added to the list of a rebase": """
        small 6 && small 7 && gift && todo "2a\\fixup\\ $(git rev-parse FETCH_HEAD)" origin/topic
    """,
    "picked by a line in the place of an own one, whose author it copies": """
        small 6 && cd "$FORK"
        GIT_AUTHOR_DATE=$(git -C ../demo log -1 --format=%ad --date=raw main)
        export GIT_AUTHOR_DATE
        git commit --quiet --amend --reset-author --message 'small 6'
        cd ../demo && gift && todo "1c\\pick\\ $(git rev-parse FETCH_HEAD)" origin/topic
    """,
    "fixed up by a line in the place of an own one": """
        small 6 && small 7 && gift && todo "2c\\fixup\\ $(git rev-parse FETCH_HEAD)" origin/topic
    """,
    "fixed up into an own commit where that is, by a line in the place of an own one": """
        small 6 && small 7 && gift && todo "2c\\fixup\\ $(git rev-parse FETCH_HEAD)" origin/main
    """,
    "cherry-picked by a command in the list of a rebase": """
        small 6 && gift
        GIT_SEQUENCE_EDITOR=true git rebase --quiet --interactive --exec 'git cherry-pick FETCH_HEAD' origin/topic
    """,
    "cherry-picked with a conflict, with an own commit's author and an old date of its own": """
        digit right 3 && record right && date=$(git log -1 --format=%ad --date=raw) && git switch --quiet --detach origin/main
        digit right 2 && git commit --quiet --all --message base && cd "$FORK" && git switch --quiet --create other origin/main
        canary && cp backend/in_tree.py ../theirs && git checkout --quiet backend && digit right 9
        GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=@1000000000 git commit --quiet --all --message right && cd ../demo
        git fetch --quiet "$FORK" other && git cherry-pick FETCH_HEAD || true
        digit right 9 && git add src && git -c core.editor=true cherry-pick --continue
        cp ../theirs backend/in_tree.py && git commit --quiet --all --amend --no-edit
    """,
    "applied by am": """
        gift && git format-patch --quiet --stdout -1 FETCH_HEAD >../patch && git am --quiet ../patch
    """,
    "pull requests fetched into origin's namespace by configuration": """
        git config --add remote.origin.fetch '+refs/pull/*/head:refs/remotes/origin/pr/*'
        git fetch --quiet && git checkout --quiet origin/pr/7
    """,
    "a pull request fetched into origin's namespace by hand": """
        git fetch --quiet origin '+refs/pull/*/head:refs/remotes/origin/pr/*' && git checkout --quiet origin/pr/7
    """,
    "pull requests fetched into origin's namespace by a configuration that is gone": """
        git config --add remote.origin.fetch '+refs/pull/*/head:refs/remotes/origin/pr/*'
        git fetch --quiet && git checkout --quiet origin/pr/7 && git checkout --quiet main
        git config --unset remote.origin.fetch refs/pull && git checkout --quiet origin/pr/7
    """,
    "a pull request fetched into origin's namespace by hand, and its reflog expired": """
        git fetch --quiet origin pull/7/head:refs/remotes/origin/seven && git checkout --quiet origin/seven
        git checkout --quiet main && git reflog expire --expire=now --all && git checkout --quiet origin/seven
    """,
    "a pull request fetched into origin's namespace by hand, and its reflog gone": """
        git fetch --quiet origin pull/7/head:refs/remotes/origin/seven && git checkout --quiet origin/seven
        git checkout --quiet main && forget && git checkout --quiet origin/seven
    """,
    "a pull request put into origin's namespace by update-ref": """
        gift && git update-ref refs/remotes/origin/gift FETCH_HEAD && git checkout --quiet origin/gift
    """,
    "put over a branch of origin that its HEAD names": """
        gift && git update-ref refs/remotes/origin/main FETCH_HEAD && git checkout --quiet origin/main
    """,
    "a remote that writes into origin's namespace": """
        git remote add fork "$FORK"
        git config remote.fork.fetch '+refs/heads/*:refs/remotes/origin/*'
        git fetch --quiet fork && git checkout --quiet origin/gift
    """,
    "a remote that mirrors into local branches": """
        git config --replace-all remote.origin.fetch '+refs/heads/*:refs/heads/mirror/*'
        gift && git branch --no-track mirror/gift FETCH_HEAD && git switch --quiet mirror/gift
    """,
    "another remote of an old form": """
        mkdir -p "$(common_dir)/remotes"
        printf 'URL: %s\nPull: refs/heads/gift:refs/remotes/origin/gift\n' "$FORK" >"$(common_dir)/remotes/old"
        git fetch --quiet old && git checkout --quiet origin/gift
    """,
    "a tag of a fork": """
        git -C "$FORK" tag release gift && git fetch --quiet "$FORK" tag release && git checkout --quiet release
    """,
    "a remote whose URL changed": """
        git remote set-url origin "$FORK" && git fetch --quiet && git checkout --quiet origin/gift
    """,
    "a remote that was removed and made anew": """
        git remote remove origin && git remote add origin "$FORK"
        git fetch --quiet && git checkout --quiet origin/gift
    """,
    "a remote whose URL is read as another": """
        git config "url.$FORK.insteadOf" "$ORIGIN" && git fetch --quiet && git checkout --quiet origin/gift
    """,
    "a remote that wrote into origin's namespace and is gone": """
        git remote add fork "$FORK"
        git config remote.fork.fetch '+refs/heads/*:refs/remotes/origin/*'
        git fetch --quiet fork && git config --remove-section remote.fork && git checkout --quiet origin/gift
    """,
    "pushed into origin's namespace": """
        gift && git push --quiet . FETCH_HEAD:refs/remotes/origin/gift && git checkout --quiet origin/gift
    """,
    "pushed to where origin is not fetched from": """
        git clone --quiet --bare "$ORIGIN" ../own.git && git config remote.origin.pushurl ../own.git
        gift && git push --quiet origin FETCH_HEAD:refs/heads/gift && git checkout --quiet origin/gift
    """,
    "pushed to where a URL is read as another for pushes": """
        git clone --quiet --bare "$ORIGIN" ../own.git && git config url.../own.git.pushInsteadOf "$ORIGIN"
        gift && git push --quiet origin FETCH_HEAD:refs/heads/gift && git checkout --quiet origin/gift
    """,
    "a tag of a fork that is named like a branch of origin": """
        git config remote.origin.fetch +refs/heads/old:refs/remotes/origin/old
        git -C "$FORK" tag refs/remotes/origin/old gift && git fetch --quiet "$FORK" 'refs/tags/*:refs/tags/*'
        git checkout --quiet refs/tags/refs/remotes/origin/old
    """,
    "grafted before a commit of origin": """
        gift && mkdir -p "$(common_dir)/info"
        echo "$(git rev-parse origin/topic) $(git rev-parse FETCH_HEAD)" >"$(common_dir)/info/grafts"
        git checkout --quiet FETCH_HEAD
    """,
    "put before a commit of origin by a replace ref": """
        gift && git replace --graft origin/topic FETCH_HEAD && git checkout --quiet FETCH_HEAD
    """,
    "an own branch reset to it": "gift && git reset --quiet --hard FETCH_HEAD",
    "a worktree of it": """
        gift && git branch gift FETCH_HEAD && git worktree add --quiet --detach ../other gift
        git checkout --quiet --detach gift
    """,
    "committed by somebody else, with a preset that trusts in the global configuration": """
        git config --file ../gitconfig freshvenv.trust always
        gift && GIT_CONFIG_GLOBAL=$PWD/../gitconfig git checkout --quiet FETCH_HEAD
    """,
    "with a preset that trusts in a file of its tree which the configuration includes": """
        git config include.path ../settings
        (cd "$FORK" && git config --file settings freshvenv.trust always && git add settings && git commit -qm settings)
        gift && git checkout --quiet FETCH_HEAD
    """,
    "with a preset that there is not": "gift && git config freshvenv.trust allways && git checkout --quiet FETCH_HEAD",
}


@pytest.mark.one_line("git's files of remotes, and its own URLs, are lines")
@pytest.mark.parametrize("script", UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_does_not_build(scene: Scene, script: str) -> None:
    printed = own_lines(scene.play(script))
    assert all(line.startswith(LINE) or "reinstalled demo" in line for line in printed), printed
    assert str(scene.canary) in scene.repository.git("show", "HEAD:backend/in_tree.py")
    scene.assert_refused()
    assert installed_value(scene.repository.venv, scene.world) != 19


def test_an_expired_reflog_proves_nothing(scene: Scene) -> None:
    scene.play("small 6 && git reflog expire --expire=now --all")
    assert "1 commit is not trusted" in scene.assert_refused()


def test_a_missing_reflog_proves_nothing(scene: Scene) -> None:
    scene.play("git -c core.logAllRefUpdates=false commit --quiet --allow-empty -m x; forget; small 6")
    scene.play("forget")
    assert "2 commits are not trusted" in scene.assert_refused()


def test_what_was_fetched_by_hand_counts_again_when_it_is_fetched_as_configured(scene: Scene) -> None:
    scene.play("""
        git fetch --quiet origin pull/7/head:refs/remotes/origin/seven && git checkout --quiet origin/seven
        freshvenv trust remote | grep --quiet seven
        git -C "$FORK" push --quiet origin origin/topic:refs/heads/seven && git fetch --quiet
        git checkout --quiet origin/topic
    """)
    # Only by this ref is it known.
    scene.play("git update-ref -d refs/remotes/origin/topic && git checkout --quiet origin/seven")
    scene.assert_built()
    assert "seven" not in scene.repository.freshvenv("trust", "remote").stdout
    scene.play("git fetch --quiet origin pull/7/head:refs/remotes/origin/eight && git checkout --quiet origin/eight")
    assert "eight" in scene.repository.freshvenv("trust", "remote").stdout
    scene.repository.freshvenv("hooks", "uninstall")
    assert "strange" not in scene.repository.git("config", "--local", "--list")


def test_a_spoofed_address_proves_nothing(scene: Scene) -> None:
    """The stranger copies an own commit's author, date and subject, and the commit is picked."""
    scene.play("""
        git switch --quiet --create mine && small 6 && git switch --quiet main
        cd "$FORK"
        GIT_AUTHOR_DATE=$(git -C ../demo log -1 --format=%ad --date=raw mine)
        export GIT_AUTHOR_DATE
        GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE git commit --quiet --amend --reset-author --message 'small 6'
        cd ../demo && gift
        git log -1 --format='%an %ae %ad' mine >../mine && git log -1 --format='%an %ae %ad' FETCH_HEAD >../theirs
        cmp ../mine ../theirs
        git cherry-pick FETCH_HEAD
    """)
    scene.assert_refused()


def test_a_spoofed_commit_does_not_take_the_place_of_an_own_one_in_a_rebase(scene: Scene) -> None:
    scene.play("""
        small 6 && small 7
        cd "$FORK"
        GIT_AUTHOR_DATE=$(git -C ../demo log -1 --format=%ad --date=raw main)
        export GIT_AUTHOR_DATE
        git commit --quiet --amend --reset-author --message 'small 7'
        cd ../demo && gift
        todo "2a\\pick\\ $(git rev-parse FETCH_HEAD)" origin/topic
    """)
    scene.assert_refused()


def test_a_replace_ref_does_not_change_what_is_judged(scene: Scene) -> None:
    scene.play("""
        gift && git replace origin/topic FETCH_HEAD && git checkout --quiet --detach origin/topic
        grep --quiet 9 src/demo/right.py
    """)
    scene.assert_refused()
    scene.play("git checkout --quiet --detach origin/upstream")
    scene.assert_built()


def test_a_replaced_file_is_not_built(scene: Scene) -> None:
    scene.play("""
        gift && git replace origin/topic:src/demo/left.py FETCH_HEAD:backend/in_tree.py
        git checkout --quiet --detach origin/topic
        grep --quiet canary src/demo/left.py
    """)
    scene.assert_refused()


def test_no_replaced_file_hides_behind_many(scene: Scene) -> None:
    """Ten thousand replace refs, which a fetch can bring at once, are not looked at one by one."""
    scene.play("""
        git fetch --quiet origin topic && main=$(git rev-parse origin/main) && git pack-refs --all --prune
        seq --format="$main refs/replace/%040.0f" 10001 >>"$(common_dir)/packed-refs"
        git -c core.useReplaceRefs=false checkout --quiet --detach origin/topic
    """)
    assert "replace refs" in scene.repository.freshvenv("trust", "show").stdout
    scene.assert_refused()


def test_a_graft_is_no_obstacle(scene: Scene) -> None:
    scene.play("git replace --graft origin/topic origin/upstream && git checkout --quiet origin/topic")
    scene.assert_built()


def test_consent_is_shown_and_remembered_until_the_next_push(scene: Scene) -> None:
    scene.play("gift && git checkout --quiet -B gift FETCH_HEAD")
    planned = scene.repository.freshvenv("resync", "--dry-run").stdout
    assert "would be approved" in planned
    scene.assert_refused()

    shown = scene.repository.freshvenv("resync", check=False).stdout
    [commit] = scene.repository.git("rev-parse", "gift").splitlines()
    assert f"{commit[:10]} M Allory: commit: a gift" in shown
    assert "pyproject.toml" in shown
    assert "backend/in_tree.py" in shown
    assert scene.canary.exists(), "consent builds it"

    scene.canary.unlink()
    assert own_lines(scene.play("git switch --quiet main"))[0].startswith("freshvenv: .venv: reinstalled")
    assert not any(line.startswith(LINE) for line in own_lines(scene.play("git switch --quiet gift")))
    scene.play('git -C "$FORK" commit --quiet --allow-empty --message again && gift && git merge --quiet FETCH_HEAD')
    assert "1 commit is not trusted" in scene.trigger()[0]


def test_consent_is_for_what_is_at_head_and_not_for_other_work_of_its_author(scene: Scene) -> None:
    scene.play('git -C "$FORK" branch second && gift && git checkout --quiet FETCH_HEAD')
    scene.repository.freshvenv("resync", check=False)
    scene.canary.unlink(missing_ok=True)
    scene.play("""
        git -C "$FORK" switch --quiet --create third origin/main
        git -C "$FORK" commit --quiet --allow-empty --message third
        git fetch --quiet "$FORK" third && git checkout --quiet FETCH_HEAD
    """)
    assert scene.trigger()[0].startswith(LINE)


def test_init_is_consent(scene: Scene) -> None:
    scene.play("gift && git checkout --quiet FETCH_HEAD")
    assert "approved from now on" in scene.repository.freshvenv("init", check=False).stdout
    assert scene.canary.exists()


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
    "an amended commit of a stranger": """
        gift && git checkout --quiet --detach FETCH_HEAD && canary && git commit --quiet --all --amend --message mine
        git switch --quiet main && git checkout --quiet HEAD@{1} -- .
    """,
}


@pytest.mark.parametrize("steps", BROUGHT.values(), ids=BROUGHT.keys())
def test_files_of_a_stranger_are_not_built_from_the_work_tree(scene: Scene, steps: str) -> None:
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
    assert "lie uncommitted in the work tree" in shown.stdout.splitlines()[-1]
    scene.repository.freshvenv("resync")
    assert scene.repository.freshvenv("trust", "show", "--exit-code").returncode == 0
    assert scene.canary.exists(), "consent is for what lies in the work tree, too"
    scene.play("git reset --quiet --hard && git clean --quiet -d --force")
    scene.assert_built()


@pytest.mark.parametrize("command", ["merge --quiet", "cherry-pick", "rebase --quiet --onto HEAD FETCH_HEAD~1"])
def test_what_stopped_with_a_conflict_is_not_built(scene: Scene, command: str) -> None:
    scene.play(f"digit right 3 && record right && gift && git {command} FETCH_HEAD || true")
    scene.play('grep --quiet canary backend/in_tree.py && rm -f "$(own_dir)/freshvenv/stamp" .venv/.freshvenv/voucher')
    done = scene.repository.freshvenv("run", "--", "true", check=False)
    assert "uncommitted" in done.stderr
    assert not scene.canary.exists()


def test_a_patch_of_somebody_that_stopped_is_not_built(scene: Scene) -> None:
    scene.play("""
        digit right 3 && record right && gift && git format-patch --quiet --stdout -1 FETCH_HEAD >../patch
        git am --quiet --3way ../patch || true
        rm -f "$(own_dir)/FETCH_HEAD" "$(own_dir)/freshvenv/stamp" .venv/.freshvenv/voucher
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
def test_own_files_are_built_from_the_work_tree(scene: Scene, steps: str) -> None:
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
    ],
    ids=["a pipe", "a folder", "a link", "empty"],
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


def test_a_repository_without_a_remote(world: World) -> None:
    repository = create(world, world.root / "alone")
    make_venv(world, repository.venv)
    assert "approved" not in repository.freshvenv("init").stdout
    repository.git("switch", "--quiet", "topic")
    assert_fresh(repository, 31)
    assert not (repository.common_dir / "freshvenv" / "ledger").exists()


def test_a_linked_worktree(scene: Scene) -> None:
    scene.play("git worktree add --quiet -b mine ../other && cd ../other && small 6")
    other = Repository(scene.world, scene.world.root / "other")
    make_venv(scene.world, other.venv)
    other.freshvenv("resync")
    assert installed_value(other.venv, scene.world) == 611
    scene.play("cd ../other && small 7 && git checkout --quiet --detach")
    assert installed_value(other.venv, scene.world) == 711
    scene.play("cd ../other && gift && git checkout --quiet FETCH_HEAD")
    assert installed_value(other.venv, scene.world) == 711
    assert not scene.canary.exists()


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        ("printf '{' >ledger", "no JSON"),
        ("printf '[]' >ledger", "no ledger"),
        ("""printf '{"version": 2}' >ledger""", "version 2"),
        ("""printf '{"version": 1, "commits": [7]}' >ledger""", "no list of commits"),
        ("head -c 5000000 /dev/zero >ledger", "too large"),
        ("mv ledger elsewhere && ln -s elsewhere ledger", ""),
        ("rm ledger && mkfifo ledger", "no file"),
        ("chmod 0 ledger", ""),
    ],
    ids=["broken", "another thing", "newer", "no ids", "huge", "a symbolic link", "a pipe", "unreadable"],
)
def test_a_damaged_ledger_counts_as_absent(scene: Scene, damage: str, word: str) -> None:
    if damage.startswith("chmod") and os.geteuid() == 0:
        damage, word = "rm ledger && mkdir ledger", ""
    scene.play("gift && git checkout --quiet -B gift FETCH_HEAD")
    scene.repository.freshvenv("resync", check=False)
    scene.canary.unlink()
    scene.play(f'git switch --quiet main; cd "$(common_dir)/freshvenv"; {damage}')
    scene.play("git switch --quiet gift")
    [line] = scene.trigger()
    assert line.startswith(LINE)
    assert "ledger of approved commits is not believed" in line
    assert word in line
    scene.play("git switch --quiet topic")
    scene.assert_built()


PRESETS = {
    "remotes-only, own commit": ("git config freshvenv.trust remotes-only && small 6", False),
    "remotes-only, branch of origin": ("git config freshvenv.trust remotes-only && git switch --quiet topic", True),
    "never, branch of origin": ("git config freshvenv.trust never && git switch --quiet topic", False),
    "provenance, own commit": ("git config freshvenv.trust provenance && small 6", True),
}


@pytest.mark.parametrize(("script", "built"), PRESETS.values(), ids=PRESETS.keys())
def test_presets(scene: Scene, script: str, *, built: bool) -> None:
    scene.play(script)
    if built:
        scene.assert_built()
    else:
        scene.assert_refused()


def test_the_preset_always_builds_everything(scene: Scene) -> None:
    scene.play("git config freshvenv.trust always && gift && git checkout --quiet FETCH_HEAD")
    assert scene.canary.exists()


def test_trust_is_shown_given_and_withdrawn(scene: Scene) -> None:
    repository = scene.repository
    scene.play("small 6 && gift && git merge --quiet --no-edit FETCH_HEAD")
    gift = repository.git("rev-parse", "FETCH_HEAD")
    shown = repository.freshvenv("trust", "show").stdout.splitlines()
    assert "is not trusted: 1 commit is not trusted" in shown[0]
    assert sorted(line.split(": ")[0].split(" ", 3)[3] for line in shown[1:]) == ["not trusted", "trusted", "trusted"]
    assert any(line.startswith(f"  {gift[:10]} not trusted: not made here") for line in shown)
    assert repository.freshvenv("trust", "show", "--exit-code", check=False).returncode == 1
    repository.freshvenv("trust", "add", gift)
    assert repository.freshvenv("trust", "show", "--exit-code").returncode == 0
    repository.freshvenv("trust", "remove", gift)
    assert repository.freshvenv("trust", "show", "--exit-code", check=False).returncode == 1
    repository.freshvenv("trust", "add", "--history", "HEAD")
    assert json.loads((repository.common_dir / "freshvenv" / "ledger").read_text())["histories"] == [
        repository.git("rev-parse", "HEAD")
    ]
    assert repository.freshvenv("trust", "show", "--exit-code").returncode == 0
    repository.freshvenv("trust", "remove", gift)
    assert repository.freshvenv("trust", "show", "--exit-code", check=False).returncode == 1
    assert repository.freshvenv("trust", "add", "nonsense", check=False).returncode == 2


@pytest.mark.one_line("what git prints of a URL is a line")
def test_remotes_are_named_and_pinned(scene: Scene) -> None:
    repository = scene.repository
    origin, fork = scene.environment["ORIGIN"], scene.environment["FORK"]
    assert repository.freshvenv("trust", "remote").stdout == f"origin: trusted, at {origin}\n"
    scene.play('git remote set-url origin "$FORK" && git fetch --quiet')
    assert f"was at {origin}, is at {fork}" in repository.freshvenv("trust", "remote").stdout
    repository.freshvenv("trust", "remote", "add", "origin")
    assert repository.freshvenv("trust", "remote").stdout == f"origin: trusted, at {fork}\n"
    scene.play('git remote set-url origin "$ORIGIN"')
    repository.freshvenv("trust", "remote", "add", "origin")
    scene.play(
        'git update-ref -d refs/remotes/origin/gift && git remote add friend "$FORK" && git fetch --quiet friend'
    )
    scene.play("git checkout --quiet friend/gift")
    scene.assert_refused()
    repository.freshvenv("trust", "remote", "add", "friend")
    scene.trigger()
    assert scene.canary.exists()
    repository.freshvenv("trust", "remote", "remove", "friend")
    assert repository.freshvenv("trust", "show", "--exit-code", check=False).returncode == 1
    assert repository.freshvenv("trust", "remote", "remove", "friend", check=False).returncode == 2


def test_hooks_uninstall_leaves_no_trace_of_trust(scene: Scene) -> None:
    scene.repository.freshvenv("hooks", "uninstall")
    assert "freshvenv" not in (scene.repository.common_dir / "config").read_text()


def test_no_program_that_the_tree_chooses_is_started(scene: Scene) -> None:
    """What the user's configuration has for some files, the attributes of the tree ask for others; and hooks of the tree."""
    scene.play("""
        shot='touch "$CANARY"; cat'
        git config filter.hostile.clean "$shot" && git config filter.hostile.smudge cat
        git config diff.hostile.textconv "$shot" && git config diff.hostile.command "$shot"
        cd "$FORK" && mkdir .hooks
        for each in post-index-change post-checkout reference-transaction fsmonitor-watchman; do
            printf '#!/bin/sh\\ntouch "%s"\\n' "$CANARY" >.hooks/$each && chmod +x .hooks/$each
        done
        git add --all --force && git commit --quiet --message hooks && cd ../demo
        gift && git checkout --quiet FETCH_HEAD
        git config core.hooksPath .hooks && git config core.fsmonitor "$PWD/.hooks/fsmonitor-watchman"
    """)
    assert not scene.canary.exists()
    assert scene.repository.freshvenv("hook", "post-checkout", "x", "y", "1").stderr.startswith(LINE)
    assert not scene.canary.exists()
    for command in (("trust", "show"), ("trust", "remote"), ("doctor",), ("hooks", "status"), ("status",)):
        scene.repository.freshvenv(*command, check=False)
        assert not scene.canary.exists(), command
    scene.repository.git("-c", "core.fsmonitor=false", "status")
    scene.repository.git("diff", "HEAD~", "HEAD", "--", "backend")
    assert scene.canary.exists(), "git itself does start them"


@pytest.mark.parametrize("link", ["", "ln -s ../../../run evil/bin/python && mv ../run ."], ids=["a file", "a link"])
def test_an_interpreter_that_comes_with_the_tree_is_not_started(scene: Scene, link: str) -> None:
    """Nor where somebody asks, before he has consented, what there is."""
    scene.play(f"""
        cd "$FORK" && mkdir -p evil/bin && touch evil/pyvenv.cfg
        printf '#!/bin/sh\\ntouch "%s"\\n' "$CANARY" >../run && chmod +x ../run
        {link.replace("../../../run", "../../run") or "mv ../run evil/bin/python"}
        sed -i 's/"elsewhere"/"evil"/' pyproject.toml && git add --all --force && git commit --quiet --message venv
        cd ../demo && gift && git checkout --quiet FETCH_HEAD && test -x evil/bin/python
    """)
    for command in (("status",), ("explain",), ("resync", "--dry-run"), ("doctor",), ("hook", "post-checkout")):
        said = scene.repository.freshvenv(*command, check=False).stdout
        assert not scene.canary.exists(), command
        if command[0] in {"status", "resync"}:
            assert "evil: broken" in said
            assert "its interpreter is a file of the repository, which any branch can change" in said


def test_a_file_of_the_tree_opts_nobody_in_and_names_no_venv(scene: Scene) -> None:
    """The configuration may include a file of the work tree; what is ours does not count there."""
    elsewhere = shlex.quote(str(make_venv(scene.world, scene.world.root / "elsewhere")))
    scene.play(f"""
        git config --file settings freshvenv.venvs {elsewhere} && git config --file settings freshvenv.enabled true
        git add settings && git commit --quiet --message settings && git config include.path ../settings
        digit left 8 && git commit --quiet --all --message left
    """)
    scene.assert_built()
    assert "elsewhere" not in scene.repository.freshvenv("status").stdout
    scene.play("git config --unset freshvenv.enabled && git checkout --quiet origin/topic")
    assert installed_value(scene.repository.venv, scene.world) == 81


@pytest.mark.ordinary_place("a path is written into source code by hand")
def test_a_head_that_moves_while_the_hook_works_is_judged_anew(scene: Scene) -> None:
    """The build of a trusted commit moves HEAD to a stranger's; that must not be built in its wake."""
    scene.play("""
        gift
        cat >>backend/in_tree.py <<EOF
import subprocess
subprocess.run(["git", "-C", "$PWD", "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"], check=True)
EOF
        digit extra 4 && git commit --quiet --all --message moves
    """)
    lines = scene.trigger()
    assert any(line.startswith(LINE) for line in lines), lines
    assert not scene.canary.exists()
