"""What a stranger can write into a commit, or beside it, proves nothing."""

from __future__ import annotations

import pytest

from support.stranger import Scene


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


@pytest.mark.parametrize(
    "refs",
    [
        'git update-ref "refs/replace/$(echo $victim | tr a-f A-F)" gift',
        """
        twin=$(git commit-tree -m twin "$victim^{tree}"); git update-ref refs/replace/$victim $twin
        git update-ref refs/replace/$twin gift
        """,
    ],
    ids=["in capital letters", "one after another"],
)
def test_no_replace_ref_is_missed(scene: Scene, refs: str) -> None:
    scene.play(f"""
        victim=$(git rev-parse origin/topic)
        (cd "$FORK" && git fetch --quiet origin && {refs})
        git fetch --quiet "$FORK" '+refs/replace/*:refs/replace/*' gift && git checkout --quiet --detach origin/topic
        grep --quiet 9 src/demo/right.py
    """)
    scene.assert_refused()


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
