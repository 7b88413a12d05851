"""No program, interpreter or setting that comes with a tree is obeyed before the tree is trusted."""

from __future__ import annotations

import shlex

import pytest

from support.repository import installed_value, make_venv
from support.stranger import LINE, Scene


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
    """The configuration may include a file of the working tree; what is ours does not count there."""
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
