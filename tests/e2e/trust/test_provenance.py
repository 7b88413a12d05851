"""Who wrote what is checked out, and whether the hooks run it."""

from __future__ import annotations

import pytest

from support.repository import Repository, assert_fresh, create, installed_value, make_venv, own_lines
from support.stranger import LINE, Scene
from support.world import World

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
    "a branch that a fetch by name moved, and origin's with it": """
        git -C "$FORK" switch --quiet --create next origin/main
        (cd "$FORK" && digit left 6 && git commit --quiet --all --message next && git push --quiet origin next:main)
        git switch --quiet --create other origin/topic && git fetch --quiet origin main:main && git switch --quiet main
    """,
    "fetched together with a pull request": """
        (cd "$FORK" && git switch --quiet --create next origin/main && digit left 6 && git commit --quiet --all -m next
        git push --quiet origin next:main)
        git fetch --quiet origin main pull/7/head:pr-7 && git merge --quiet --ff-only origin/main
    """,
    "fetched by a short name into origin's namespace": """
        (cd "$FORK" && git push --quiet origin origin/topic:refs/heads/short)
        git fetch --quiet origin short:refs/remotes/origin/short && git checkout --quiet origin/short
    """,
    "of a remote that was renamed": """
        git fetch --quiet && git remote rename origin upstream && freshvenv trust remote add upstream
        git checkout --quiet upstream/topic
    """,
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
    "rebased, with a conflict that is amended into what it is rebased onto": """
        gift && git checkout --quiet -b gift FETCH_HEAD && git rebase --quiet origin/upstream || true
        git add --all && git commit --quiet --amend --message mine
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
    "pushed to origin and to another place, of which only one took it": """
        git clone --quiet --bare "$ORIGIN" ../own.git && git config --add remote.origin.pushurl "$ORIGIN"
        git config --add remote.origin.pushurl ../own.git
        mkdir -p "$ORIGIN/hooks" && printf '#!/bin/sh\nexit 1\n' >"$ORIGIN/hooks/pre-receive"
        chmod +x "$ORIGIN/hooks/pre-receive"
        gift && git branch gift FETCH_HEAD && git push --quiet origin gift || true
        git checkout --quiet gift
    """,
    "fetched by hand into origin's namespace, and the remote renamed there and back": """
        git fetch --quiet origin '+refs/pull/*/head:refs/remotes/origin/pr/*' && git checkout --quiet origin/pr/7
        git checkout --quiet main && git remote rename origin other && git checkout --quiet --detach
        git remote rename other origin && git checkout --quiet origin/pr/7
    """,
    "fetched by hand into origin's namespace, and the remote trusted by another name": """
        git fetch --quiet origin '+refs/pull/*/head:refs/remotes/origin/pr/*'
        git remote rename origin other && freshvenv trust remote add other && git checkout --quiet other/pr/7
    """,
    "fetched by hand into origin's namespace, with an option cut short": """
        git fetch --quiet origin '--refma=+refs/pull/*/head:refs/remotes/origin/pr/*' pull/7/head
        git checkout --quiet origin/pr/7
    """,
    "an own commit on it, cut off by a fetch of little depth": """
        git remote add fork "$FORK" && git fetch --quiet fork && git checkout --quiet gift && small 6
        git push --quiet fork gift:more && git fetch --quiet --depth 1 fork more && git checkout --quiet --detach gift
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
