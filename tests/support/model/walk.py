"""The walk: what a user, a teammate and a stranger do, and what must hold after each step."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from freshvenv.errors import NothingHereError, SettingsError
from freshvenv.hooks.stamp import holds
from freshvenv.observe import look
from freshvenv.plan import State, judge
from freshvenv.source.git import discover
from freshvenv.source.refs import head_commit
from support.answers import recall_answer
from support.model.scene import DifferenceError, Scene
from support.repository import Repository
from support.world import TOOLS, World

STEPS = 20
"""Steps of one walk."""

KILLER = """
import os, signal, sys
left = int(sys.argv.pop(1))
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
changes = {
    "fcntl.flock", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.utime",
    "shutil.rmtree", "subprocess.Popen",
}
def count(event, values):
    global left
    if event in changes or (event == "open" and isinstance(values[2], int) and values[2] & writing):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
if sys.argv[1] == "hook":
    from freshvenv.hook_entry import main
    main(["post-checkout", "x", "y", "1"])
else:
    from freshvenv.__main__ import main
    sys.exit(main())
"""
"""Runs freshvenv and ends it with SIGKILL right before its n-th change, so that a walk can be walked again."""

BRANCHES = st.sampled_from(["main", "topic", "rival", "mixed", "gift", "mine", "other"])
COMMITS = st.one_of(
    BRANCHES,
    st.sampled_from(
        [
            "FETCH_HEAD",
            "FETCH_HEAD",
            "HEAD~1",
            "HEAD~2",
            "ORIG_HEAD",
            "origin/main",
            "origin/topic",
            "origin/rival",
            "v1",
        ]
    ),
)
DIGITS = st.sampled_from(["extra", "left", "right"])
NUMBERS = st.integers(1, 9)
PLACES = st.sampled_from(["demo", "demo", "demo", "linked"])
STRATEGIES = st.sampled_from(["", "-Xours", "-Xtheirs"])


@dataclass
class Tally:
    """What walks came to, over as many of them as were walked."""

    counts: Counter[str] = field(default_factory=Counter)
    steps: int = 0


class Walk(RuleBasedStateMachine):
    """One walk. ``scene`` and ``tally`` are set by whoever walks it."""

    scene: Scene
    tally: Tally

    @initialize(on_commit=st.booleans(), autostash=st.booleans())
    def begin(self, *, on_commit: bool, autostash: bool) -> None:
        self.scene.restore()
        self.demo = self.scene.at("demo").with_environment(MODEL_LOG=str(self.scene.log))
        self.linked = Repository(self.demo.world, self.scene.world.root / "linked")
        self.number = 0
        self.stranger: dict[str, int] = {}
        """The stranger's commits, and the number of the gift that each brought."""
        self.consented: set[str] = set()
        self.accepted: set[str] = set()
        self.tampered: set[Path] = set()
        """Where files of the package were changed by hand, which the stamp does not look for."""
        self.read = 0
        self.demo.git("config", "freshvenv.on-commit", str(on_commit).lower())
        self.demo.git("config", "rebase.autoStash", str(autostash).lower())
        self.fork, self.mate = self.scene.at("fork"), self.scene.at("mate")
        self.give("origin/main", "left", 9)
        self.git(self.demo, "fetch", "--quiet", "../fork", "gift")

    # What the walker needs to know

    def place(self, name: str) -> Repository:
        """The clone, or its linked worktree where there is one."""
        return self.linked if name == "linked" and self.linked.path.exists() else self.demo

    def git(self, where: Repository, *argv: str) -> bool:
        """Type a git command; whether git was content."""
        done = where.attempt(*(word for word in argv if word))
        said = done.stdout + done.stderr
        if "Traceback" in said or "a bug, in" in said:
            raise DifferenceError(f"git {' '.join(argv)} printed: {said}")
        self.tally.counts["refusals"] += "freshvenv: nothing was installed" in said
        self.tally.counts["reinstalls by hooks"] += said.count(": reinstalled ") + said.count(": installed ")
        self.tally.counts[f"git {argv[0]}"] += 1
        return done.returncode == 0

    def uncommitted_gifts(self, where: Repository) -> set[str]:
        """Files of the stranger that lie in the working tree, or in the index, and not in HEAD."""
        index = set(where.git("ls-files", "gifts").split())
        tree = set(where.git("ls-tree", "--name-only", "HEAD", "gifts/").split())
        folder = where.path / "gifts"
        found = {f"gifts/{name}" for name in os.listdir(folder)} if folder.is_dir() else set()
        return {name.partition("/")[2] for name in (index | found) - tree}

    TAKING_OVER = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "rebase-merge", "rebase-apply")
    """What is there while git makes commits of somebody else's; a revert is one's own."""

    def in_progress(self, where: Repository) -> bool:
        return any((where.git_dir / name).exists() for name in (*self.TAKING_OVER, "REVERT_HEAD"))

    def takes_over(self, where: Repository) -> bool:
        return any((where.git_dir / name).exists() for name in self.TAKING_OVER)

    def commit_by_hand(self, where: Repository, *options: str) -> None:
        """``git commit``: what a user commits, he makes his own, whoever wrote it."""
        if not self.takes_over(where):
            self.accepted |= self.uncommitted_gifts(where)
        self.git(where, "add", "--all")
        self.git(where, "commit", "--quiet", *options)

    def consent(self, where: Repository) -> None:
        """The user types ``resync``: what is at HEAD, and what lies around there, is what he wants."""
        commits = set(where.git("rev-list", "HEAD").split())
        self.consented |= commits
        self.accepted |= {str(number) for commit, number in self.stranger.items() if commit in commits}
        self.accepted |= set(
            where.git("log", "--format=", "--name-only", "-m", "HEAD", "--", "gifts").replace("gifts/", "").split()
        )
        self.accepted |= self.uncommitted_gifts(where)
        self.tally.counts["consents"] += 1

    # Edits

    @rule(place=PLACES, digit=DIGITS, number=NUMBERS)
    def edit(self, place: str, digit: str, number: int) -> None:
        where = self.place(place)
        where.write(f"src/demo/{digit}.py", f"NUMBER = {number}\n")

    @rule(place=PLACES, shape=st.sampled_from(["module", "package", "nothing", "ignored"]), number=NUMBERS)
    def reshape(self, place: str, shape: str, number: int) -> None:
        where = self.place(place)
        module, package = where.path / "src/demo/shape.py", where.path / "src/demo/shape"
        if shape == "ignored":
            where.write("src/demo/junk.log", str(number))
            return
        module.unlink(missing_ok=True)
        shutil.rmtree(package, ignore_errors=True)
        if shape == "module":
            where.write("src/demo/shape.py", f"SHAPE = {number}\n")
        if shape == "package":
            where.write("src/demo/shape/__init__.py", f"SHAPE = {number}\n")

    # Git

    @rule(
        place=PLACES,
        commit=COMMITS,
        how=st.sampled_from(["plain", "plain", "--detach", "-B mine", "-B other", "--force"]),
    )
    def checkout(self, place: str, commit: str, how: str) -> None:
        words = how.split() if how != "plain" else []
        self.git(self.place(place), "checkout", "--quiet", *words, commit)

    @rule(place=PLACES, digit=DIGITS, number=NUMBERS)
    def commit(self, place: str, digit: str, number: int) -> None:
        where = self.place(place)
        where.write(f"src/demo/{digit}.py", f"NUMBER = {number}\n")
        self.commit_by_hand(where, "--message", f"{digit} {number}")

    @rule(
        place=PLACES,
        how=st.sampled_from(["--allow-empty --message=empty", "--amend --message=amended", "--amend --no-edit"]),
    )
    def commit_otherwise(self, place: str, how: str) -> None:
        self.commit_by_hand(self.place(place), *how.split())

    @rule(
        place=PLACES,
        commit=COMMITS,
        how=st.sampled_from(["--no-edit", "--no-ff --no-edit", "--squash", "--ff-only"]),
        strategy=STRATEGIES,
    )
    def merge(self, place: str, commit: str, how: str, strategy: str) -> None:
        self.git(self.place(place), "merge", "--quiet", *how.split(), strategy, commit)

    @rule(
        place=PLACES,
        onto=COMMITS,
        how=st.sampled_from(["", "--apply", "--force-rebase", "--root"]),
        strategy=STRATEGIES,
    )
    def rebase(self, place: str, onto: str, how: str, strategy: str) -> None:
        where = self.place(place)
        if self.uncommitted_gifts(where) <= self.accepted:  # what an autostash brings back counts as one's own edit
            words = ["--root"] if how == "--root" else [how, "" if how == "--apply" else strategy, onto]
            self.git(where, "rebase", "--quiet", *words)

    @rule(place=PLACES, commit=COMMITS, strategy=STRATEGIES)
    def cherry_pick(self, place: str, commit: str, strategy: str) -> None:
        self.git(self.place(place), "cherry-pick", strategy, commit)

    @rule(place=PLACES, commit=COMMITS)
    def revert(self, place: str, commit: str) -> None:
        self.git(self.place(place), "revert", "--no-edit", commit)

    @rule(place=PLACES, commit=COMMITS)
    def reset(self, place: str, commit: str) -> None:
        self.git(self.place(place), "reset", "--quiet", "--hard", commit)

    @rule(place=PLACES, commit=COMMITS, how=st.sampled_from(["--soft", "--mixed"]))
    def reset_otherwise(self, place: str, commit: str, how: str) -> None:
        """Only of what is one's own: what it leaves uncommitted of a stranger counts as an own edit."""
        where = self.place(place)
        if self.is_own(where) and not self.in_progress(where):
            self.git(where, "reset", "--quiet", how, commit)

    def is_own(self, where: Repository) -> bool:
        gifts = set(where.git("ls-tree", "--name-only", "HEAD", "gifts/").replace("gifts/", "").split())
        return (gifts | self.uncommitted_gifts(where)) <= self.accepted

    @rule(place=PLACES, how=st.sampled_from(["push", "push --include-untracked", "pop", "apply", "drop"]))
    def stash(self, place: str, how: str) -> None:
        where = self.place(place)
        if self.uncommitted_gifts(where) <= self.accepted:
            self.git(where, "stash", *how.split(), "--quiet")

    @rule(place=PLACES, commit=COMMITS)
    def take_files(self, place: str, commit: str) -> None:
        self.git(self.place(place), "checkout", "--quiet", commit, "--", ".")

    @rule(place=PLACES, word=st.sampled_from(["v1", "v2"]))
    def tag(self, place: str, word: str) -> None:
        self.git(self.place(place), "tag", "--force", word)

    @rule(place=PLACES, end=st.sampled_from(["--abort", "--abort", "--continue", "--continue", "--continue", "--quit"]))
    def end_what_is_in_progress(self, place: str, end: str) -> None:
        where = self.place(place)
        git_dir = where.git_dir
        for name, command in {
            "rebase-merge": "rebase",
            "rebase-apply": "rebase",
            "CHERRY_PICK_HEAD": "cherry-pick",
            "REVERT_HEAD": "revert",
            "MERGE_HEAD": "merge",
        }.items():
            if (git_dir / name).exists():
                if end == "--quit" and not self.is_own(where):
                    return
                if end == "--continue":
                    for path in where.git("diff", "--name-only", "--diff-filter=U").splitlines():
                        where.write(path, "NUMBER = 8\n")
                    self.git(where, "add", "--all")
                self.git(where, command, end)
                return

    @rule(place=PLACES, word=st.sampled_from(["start", "start", "good", "bad", "skip", "reset"]), good=COMMITS)
    def bisect(self, place: str, word: str, good: str) -> None:
        where = self.place(place)
        self.git(where, "bisect", word, *(("HEAD", good) if word == "start" else ()))

    @rule(commit=COMMITS, branch=st.sampled_from(["", "mine", "other"]))
    def add_worktree(self, commit: str, branch: str) -> None:
        words = ["-B", branch] if branch else ["--detach"]
        if not self.linked.path.exists() and self.git(
            self.demo, "worktree", "add", "--quiet", *words, "../linked", commit
        ):
            self.make_venv(self.linked)

    @rule()
    def remove_worktree(self) -> None:
        if self.linked.path.exists():
            self.git(self.demo, "worktree", "remove", "--force", "../linked")
            self.tampered.discard(self.linked.path)

    # Others

    @rule(branch=st.sampled_from(["main", "topic", "rival"]), digit=DIGITS, number=NUMBERS)
    def teammate_pushes(self, branch: str, digit: str, number: int) -> None:
        self.mate.git("fetch", "--quiet")
        self.mate.git("checkout", "--quiet", "-B", branch, f"origin/{branch}")
        self.number += 1
        self.mate.write("CHANGES", f"{self.number}\n")
        self.mate.write(f"src/demo/{digit}.py", f"NUMBER = {number}\n")
        self.mate.commit(f"of the team: {digit} {number}")
        self.mate.git("push", "--quiet", "origin", branch)

    @rule(
        place=PLACES,
        how=st.sampled_from(["--no-rebase --no-edit", "--rebase", "--ff-only"]),
        branch=st.sampled_from(["main", "topic", "rival"]),
    )
    def pull(self, place: str, how: str, branch: str) -> None:
        where = self.place(place)
        if self.uncommitted_gifts(where) <= self.accepted:
            self.git(where, "pull", "--quiet", *how.split(), "origin", branch)

    @rule(start=st.sampled_from(["origin/main", "origin/topic", "gift"]), digit=DIGITS, number=NUMBERS)
    def stranger_commits(self, start: str, digit: str, number: int) -> None:
        self.give(start, digit, number)

    def give(self, start: str, digit: str, number: int) -> None:
        """The stranger offers a commit that is named like anybody's; a new file says whose it is."""
        self.fork.attempt("fetch", "--quiet")
        if self.fork.attempt("checkout", "--quiet", "-B", "gift", start).returncode:
            self.fork.git("checkout", "--quiet", "-B", "gift", "origin/main")
        self.number += 1
        self.fork.write(f"gifts/{self.number}", "")
        self.fork.write(f"src/demo/{digit}.py", f"NUMBER = {number}\n")
        self.stranger[self.fork.commit(f"{digit} {number}")] = self.number
        self.fork.git("push", "--quiet", "--force", "origin", "gift:refs/pull/7/head")

    @rule(
        place=PLACES,
        source=st.sampled_from(["../fork gift", "origin pull/7/head"]),
        then=st.sampled_from(
            [
                "",
                "checkout --quiet -B gift FETCH_HEAD",
                "checkout --quiet --detach FETCH_HEAD",
                "reset --quiet --hard FETCH_HEAD",
                "merge --quiet --no-edit FETCH_HEAD",
                "merge --quiet --ff-only FETCH_HEAD",
                "merge --quiet --squash FETCH_HEAD",
                "cherry-pick FETCH_HEAD",
                "rebase --quiet FETCH_HEAD",
                "checkout --quiet FETCH_HEAD -- .",
            ]
        ),
    )
    def take_from_the_stranger(self, place: str, source: str, then: str) -> None:
        where = self.place(place)
        self.git(where, "fetch", "--quiet", *source.split())
        if then.startswith("rebase") and not self.uncommitted_gifts(where) <= self.accepted:
            return
        if then:
            self.git(where, *then.split())

    # The venv

    def make_venv(self, where: Repository) -> None:
        """As new: a copy, since every venv of one interpreter is the same but for its name."""
        shutil.rmtree(where.venv, ignore_errors=True)
        shutil.copytree(self.scene.world.root / "venv", where.venv, symlinks=True)

    @rule(place=PLACES)
    def venv_anew(self, place: str) -> None:
        self.make_venv(self.place(place))

    @rule(place=PLACES, what=st.sampled_from(["install .", "install --editable .", "uninstall demo"]))
    def foreign(self, place: str, what: str) -> None:
        """The user's own doing: what is built in the course of it is not asked about."""
        where = self.place(place)
        words = ("--no-deps", "--no-build-isolation") if what.startswith("install") else ()
        python = where.venv / "bin" / "python"
        pip = (TOOLS / "uv", "pip", *what.split(), "--quiet", "--offline", *words, "--python", python)
        self.scene.world.run(*pip, cwd=where.path, check=False)
        self.tally.counts["foreign installs"] += 1

    @rule(place=PLACES, what=st.sampled_from(["touch", "spoil", "remove"]), name=st.sampled_from(["left", "right"]))
    def tamper(self, place: str, what: str, name: str) -> None:
        where = self.place(place)
        self.tampered.add(where.path)
        for path in where.venv.glob(f"lib/python*/site-packages/demo/{name}.py"):
            match what:
                case "touch":
                    path.touch()
                case "spoil":
                    path.unlink()  # uv may have linked it to its cache
                    path.write_text("NUMBER = 0\n")
                case _:
                    path.unlink()

    @rule(place=PLACES)
    def status(self, place: str) -> None:
        self.ask(self.place(place))

    def ask(self, where: Repository) -> None:
        """The door itself, which notes what it said of what is fresh."""
        time.sleep(0.03)  # what was changed a moment ago is not noted
        where.freshvenv("status", check=False)
        self.tally.counts["answers"] += recall_answer(where) is not None

    @rule(place=PLACES, words=st.sampled_from(["", "", "--force", "--dry-run"]))
    def resync(self, place: str, words: str) -> None:
        where = self.place(place)
        if words != "--dry-run":
            self.consent(where)
        done = where.freshvenv("resync", *words.split(), check=False)
        if "Traceback" in done.stderr or "a bug, in" in done.stderr:
            raise DifferenceError(f"resync {words} printed: {done.stderr}")
        self.ask(where)

    @rule(
        place=PLACES,
        which=st.sampled_from(["hook", "resync", "resync --force"]),
        number=NUMBERS,
        change=st.integers(1, 40) | st.integers(1, 180),
    )
    def kill(self, place: str, which: str, number: int, change: int) -> None:
        """SIGKILL where something is to be done: an install out of the cache makes 25 changes, one with a build 150."""
        where = self.place(place)
        where.write("src/demo/left.py", f"NUMBER = {number}\n")
        if which != "hook":
            self.consent(where)
        words = (sys.executable, "-c", KILLER, str(change), *which.split())
        done = where.world.run(*words, cwd=where.path, check=False)
        self.tally.counts["kills"] += done.returncode == -9
        self.tally.counts["kills with an intent"] += any((where.venv / ".freshvenv").glob("*.intent.json"))

    # The promises

    @invariant()
    def promises(self) -> None:
        """One for both promises, so that a walk is printed a line a step."""
        self.tally.steps += 1
        self.fresh_is_true()
        self.no_stranger_is_built()

    def fresh_is_true(self) -> None:
        for where in (self.demo, self.linked):
            if where.path.exists():
                self.check(where)

    def check(self, where: Repository) -> None:
        root = where.world.root
        repository = discover(where.path)
        commit = head_commit(os.fspath(repository.git_dir))
        if not commit:
            return
        try:
            sight = look(repository, root / "cache" / "freshvenv" / "interpreters")
        except (NothingHereError, SettingsError):
            # There is none on this branch, or its file is in conflict.
            self.tally.counts["no project"] += 1
            if recall_answer(where) is not None:
                raise DifferenceError(f"{where.path.name}: status would answer as before of no project") from None
            return
        [sighting] = sight.sightings
        state, reasons = judge(sighting.observation)
        self.tally.counts[state.value] += 1
        vouched = holds(os.path.join(repository.git_dir, "freshvenv", "stamp"), os.fspath(where.path), commit)
        claims = [f"status says fresh: {reasons}"] if state is State.FRESH else []
        if state is State.FRESH:
            self.tampered.discard(where.path)
        if vouched and sight.tree.is_clean and where.path not in self.tampered:
            claims.append("the stamp vouches for HEAD")
        if recall_answer(where) is not None:
            claims.append("status would answer as before")
        if not claims:
            return
        assert sighting.observation.current
        editable = sighting.observation.current.recipe.editable
        found = self.scene.differences(where, editable=editable)
        if found:
            raise DifferenceError(f"{where.path.name}: {', '.join(claims)}, but: {'; '.join(found)}")

    def no_stranger_is_built(self) -> None:
        lines = self.scene.log.read_text().splitlines() if self.scene.log.exists() else []
        for line in lines[self.read :]:
            commit, gifts = json.loads(line)
            self.tally.counts["builds"] += 1
            known = self.demo.attempt("rev-list", commit) if commit else None
            history = set(known.stdout.split()) if known else set()
            strange = [one for one in history & self.stranger.keys() if one not in self.consented]
            unasked = [gift for gift in gifts if gift not in self.accepted]
            if strange or unasked:
                raise DifferenceError(f"built without consent: {commit}, of the stranger: {strange}, files {unasked}")
        self.read = len(lines)


def walk(world: World, seed: int, walks: int, tally: Tally) -> None:
    """Walk as often as told, each time from the same start; ``seed`` decides where to. Raises what goes wrong."""
    scene = Scene(world)
    kind = type("Walk", (Walk,), {"scene": scene, "tally": tally})
    chosen = settings(
        max_examples=walks,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    hypothesis.seed(seed)(kind)
    run_state_machine_as_test(kind, settings=chosen, _min_steps=STEPS)
