"""Whether a rebase goes on, and whether a command brought in what was not here."""

from __future__ import annotations

import sys

import pytest

from freshvenv.source.git import Repository, discover
from support import repository as demo

pytestmark = pytest.mark.ordinary_place("each kind of place is made here")


PICKS = {
    "no rebase": ({}, False),
    "picks left": ({"rebase-merge/git-rebase-todo": "pick abc one\n"}, True),
    "picks left after comments": ({"rebase-merge/git-rebase-todo": "# a\n\npick abc one\n"}, True),
    "nothing but comments left": ({"rebase-merge/git-rebase-todo": "\n# Rebase a..b onto c\n#\n   # x\n"}, False),
    "other comments left": ({"rebase-merge/git-rebase-todo": "; Rebase a..b onto c\n"}, False),
    "a program and a pause left": ({"rebase-merge/git-rebase-todo": "exec make\nx make\nbreak\nb\n"}, False),
    "what is dropped and named left": (
        {"rebase-merge/git-rebase-todo": "drop abc one\nd abc\nnoop\nlabel onto\nl onto\nupdate-ref refs/heads/x\n"},
        False,
    ),
    "a short pick left": ({"rebase-merge/git-rebase-todo": "exec make\n  p abc one\n"}, True),
    "a merge left": ({"rebase-merge/git-rebase-todo": "label onto\nreset onto\nmerge -C abc topic\n"}, True),
    "a fixup left": ({"rebase-merge/git-rebase-todo": "fixup -C abc one\n"}, True),
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
