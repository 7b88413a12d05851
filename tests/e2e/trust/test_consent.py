"""What the user allows: by a resync, a preset, a trusted remote; and how it is remembered and withdrawn."""

from __future__ import annotations

import json
import os

import pytest

from support.repository import own_lines
from support.stranger import LINE, Scene


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


def test_the_preset_always_asks_about_no_file(scene: Scene) -> None:
    """Not even about a stranger's mail that git stopped at."""
    scene.play("""
        git config freshvenv.trust always && digit right 6 && git commit --quiet --all --message mine
        gift && git format-patch --quiet -1 --stdout FETCH_HEAD >../patch
        git am --quiet --3way ../patch >../said 2>&1 && false || git checkout --quiet --ours . && git add --all
        test -d "$(own_dir)/rebase-apply"
    """)
    assert scene.repository.freshvenv("run", "--", "true").returncode == 0


def test_the_preset_never_calls_nothing_a_strangers(scene: Scene) -> None:
    scene.play("""
        git config freshvenv.trust never && digit left 8 && git commit --quiet --all --message own
        git checkout --quiet --detach HEAD~1 && git checkout --quiet main -- src
    """)
    shown = scene.repository.freshvenv("resync", "--dry-run", check=False).stdout
    assert "uncommitted: src/demo/left.py" in shown
    assert "not trusted" not in shown


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


def test_remote_that_stays_named_is_not_said_to_be_removed(scene: Scene) -> None:
    repository = scene.repository
    scene.play('git remote add friend "$FORK"')
    repository.freshvenv("trust", "remote", "add", "friend")
    lock = repository.common_dir / "config.lock"
    lock.touch()
    for command in (("trust", "remote", "remove", "friend"), ("hooks", "uninstall")):
        done = repository.freshvenv(*command, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert "could not lock config file" in done.stderr
    lock.unlink()
    assert "friend: trusted" in repository.freshvenv("trust", "remote").stdout


def test_hooks_uninstall_leaves_no_trace_of_trust(scene: Scene) -> None:
    scene.repository.freshvenv("hooks", "uninstall")
    assert "freshvenv" not in (scene.repository.common_dir / "config").read_text()


def test_what_lies_uncommitted_is_shown_before_it_is_approved(scene: Scene) -> None:
    """Once, by its path and the commit that it is of; a dry run shows the same and approves nothing."""
    scene.play("gift && git checkout --quiet FETCH_HEAD -- backend/in_tree.py src/demo/right.py")
    commit = scene.repository.git("rev-parse", "FETCH_HEAD")[:10]
    files = [f"  {path} of {commit}" for path in ("backend/in_tree.py", "src/demo/right.py")]
    heading = "freshvenv: uncommitted files of commits that are not trusted; {}:"
    planned = scene.repository.freshvenv("resync", "--dry-run").stdout.splitlines()
    assert planned[0] == heading.format("would be approved in their present content")
    assert sorted(planned[1:3]) == files
    assert scene.repository.freshvenv("resync", "--dry-run").stdout.splitlines() == planned
    assert not scene.canary.exists()
    shown = scene.repository.freshvenv("resync").stdout.splitlines()
    assert shown[0] == heading.format("approved in their present content")
    assert sorted(shown[1:3]) == files
    assert "approved" not in scene.repository.freshvenv("resync", "--force").stdout


def test_a_merge_that_stands_still_is_shown_before_it_is_approved(scene: Scene) -> None:
    scene.play("small 6 && gift && git merge --quiet --no-commit FETCH_HEAD")
    commit = scene.repository.git("rev-parse", "FETCH_HEAD")[:10]
    shown = scene.repository.freshvenv("resync").stdout
    assert f"  a part of {commit}, which is not trusted" in shown


def test_commits_that_cannot_be_listed_are_not_approved(scene: Scene) -> None:
    """Nobody can be shown what they are."""
    scene.play(
        'digit extra 7 && git commit --quiet --all -m "one" && digit extra 8 && git commit --quiet --all -m "two"'
    )
    broken = scene.repository.git("rev-parse", "HEAD~1")
    (scene.repository.common_dir / "objects" / broken[:2] / broken[2:]).unlink()
    done = scene.repository.freshvenv("resync", check=False)
    assert done.returncode == 1
    assert "git cannot list the commits at HEAD" in done.stderr


BUILD_FILES = {
    "hook that pdm-backend takes unasked": ("pdm_build.py", ""),
    "tables of hatchling": ("hatch.toml", ""),
    "backend of a project in a folder": (
        "packages/core/tools/backend.py",
        "printf '[build-system]\\nrequires = []\\nbackend-path = [\"tools\"]\\n' >packages/core/pyproject.toml",
    ),
}


@pytest.mark.parametrize(("path", "more"), BUILD_FILES.values(), ids=BUILD_FILES)
def test_what_a_build_would_run_is_shown(scene: Scene, path: str, more: str) -> None:
    scene.play(f"""
        (cd "$FORK" && mkdir -p packages/core/tools && touch {path} && {more or ":"} && git add --all &&
            git commit --quiet --message more)
        gift && git checkout --quiet FETCH_HEAD
    """)
    assert path in scene.repository.freshvenv("resync", "--dry-run").stdout


def test_what_wrote_into_a_trusted_namespace_is_noted_by_a_resync(scene: Scene) -> None:
    """Thousands at once by a pattern; the reflogs that tell are gone one day."""
    scene.play("""
        (cd "$ORIGIN" && for number in $(seq 300); do echo "create refs/pull/$number/tip refs/pull/7/head"; done |
            git update-ref --stdin)
        git fetch --quiet origin '+refs/pull/*/tip:refs/remotes/origin/pr-*'
        FRESHVENV=off git checkout --quiet --detach origin/pr-9
    """)
    planned = scene.repository.freshvenv("resync", "--dry-run").stdout
    assert "1 commit is not trusted" in planned
    assert scene.repository.attempt("config", "--get-all", "freshvenv.strangeRefs").stdout == ""
    scene.play("FRESHVENV=off git checkout --quiet --detach origin/topic")
    scene.repository.freshvenv("resync")
    assert scene.repository.git("config", "--get-all", "freshvenv.strangeRefs") == "refs/remotes/origin/pr-*"
    scene.play("forget && git checkout --quiet --detach origin/pr-9")
    assert "1 commit is not trusted" in scene.assert_refused()
    scene.play("git checkout --quiet --detach origin/topic")
    scene.assert_built()
