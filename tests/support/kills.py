"""The kill loop: installs that are ended by signals at random moments, by freshvenv and by its peers, counted.

``python -m support.kills --count 1000 --peers 100`` prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from support.oracle import Snapshot, differences, fresh_install, installed_files
from support.repository import Repository, create, make_venv
from support.world import TOOLS, World, sterile_environment

SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
BRANCHES = ("main", "next")
VERSIONS = {"main": "1.0", "next": "2.0"}
_LEFT_OUT = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json")


@dataclass(frozen=True)
class Arena:
    """A project of some hundred modules that all differ between two branches, and what a fresh install of each holds."""

    repository: Repository
    expected: Mapping[str, Snapshot]
    wheels: Mapping[str, Path]

    @property
    def world(self) -> World:
        return self.repository.world

    @property
    def python(self) -> Path:
        return self.repository.venv / "bin" / "python"

    def command(self, contender: str, branch: str) -> list[str | Path]:
        """What brings the venv to a branch, wherever it is."""
        wheel = self.wheels[branch]
        match contender:
            case "pip":
                words: list[str | Path] = [self.python, "-m", "pip", "install", "--quiet", "--no-index"]
                return [*words, "--force-reinstall", "--no-deps", wheel]
            case "uv":
                words = [TOOLS / "uv", "pip", "install", "--quiet", "--offline", "--python", self.python]
                return [*words, "--reinstall", "--no-deps", wheel]
            case _:
                return [TOOLS / "freshvenv", "resync"]

    def differences(self, branch: str) -> list[str]:
        """In which ways the venv is not as a fresh install of the branch would be."""
        if len(list(self.repository.venv.glob("lib/python*/site-packages/demo-*.dist-info/RECORD"))) != 1:
            return ["there is not one RECORD"]
        return differences(installed_files(self.python, "demo"), self.expected[branch])

    def content(self) -> str:
        """A digest of all that may belong to the project."""
        [site] = self.repository.venv.glob("lib/python*/site-packages")
        whole = hashlib.sha256()
        for path in sorted([*site.glob("*demo*"), *site.glob("*demo*/**/*"), *site.glob("~*")]):
            if path.is_file() and path.name not in _LEFT_OUT and "__pycache__" not in path.parts:
                whole.update(f"{path.relative_to(site)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        wrapper = self.repository.venv / "bin" / "demo"
        whole.update(str(wrapper.exists()).encode())
        return whole.hexdigest()

    def looks_whole(self, branch: str) -> bool:
        """Whether pip and uv would take the version for installed."""
        found = list(self.repository.venv.glob("lib/python*/site-packages/demo-*.dist-info"))
        return len(found) == 1 and VERSIONS[branch] in found[0].name and (found[0] / "METADATA").exists()


def build_arena(world: World, modules: int, *, with_pip: bool = False) -> Arena:
    """Make project and venv; HEAD is at ``main``, which is installed."""
    repository = create(world, world.root / "work", branches={})
    text = (repository.path / "pyproject.toml").read_text()
    expected, wheels = {}, {}
    make_venv(world, repository.venv)
    for branch in BRANCHES:
        if branch != "main":
            repository.git("switch", "--quiet", "--create", branch)
            shutil.rmtree(repository.path / "src" / "demo" / "only_main")
        repository.write("pyproject.toml", text.replace('"1.0"', f'"{VERSIONS[branch]}"'))
        for number in range(modules):
            repository.write(f"src/demo/part{number % 10}/m{number}.py", f"NAME = {branch!r}\n")
        for number in range(modules // 10):
            repository.write(f"src/demo/only_{branch}/m{number}.py", "")
        repository.commit(branch)
        python = repository.venv / "bin" / "python"
        expected[branch] = fresh_install(world, repository.path, "HEAD", python, editable=False)
        out = world.root / f"wheel-{branch}"
        world.run("uv", "build", "--quiet", "--wheel", "--out-dir", out, repository.path)
        [wheels[branch]] = out.glob("*.whl")
    if with_pip:
        shutil.rmtree(repository.venv)
        world.run(sys.executable, "-m", "venv", repository.venv)
    arena = Arena(repository, expected, wheels)
    for branch in reversed(BRANCHES):
        repository.git("switch", "--quiet", branch)
        repository.freshvenv("resync")
    return arena


@dataclass
class Tally:
    """What was counted: the three that have to be 0, and how many rounds there were of which kind.

    ``between``: right after the signal the venv held neither the old install nor the new. ``damaged``: and nothing
    notes it. ``false``: it is called fresh (of pip and uv: the version looks installed) and is not. ``left``: the same
    command again did not make it exact.
    """

    contender: str
    rounds: int = 0
    between: int = 0
    damaged: int = 0
    false: int = 0
    left: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    stories: list[str] = field(default_factory=list)

    def row(self) -> str:
        kinds = ", ".join(f"{self.outcomes[kind]} {kind}" for kind in ("old", "new", "between"))
        cells = (self.contender, self.rounds, kinds, self.damaged, self.false, self.left)
        return f"| {' | '.join(map(str, cells))} |"


def fight(arena: Arena, contender: str, rounds: int, chance: random.Random) -> Tally:
    """Switch and install, again and again, each time ended by a signal; look; run again; look again."""
    tally = Tally(contender)
    known: dict[str, str] = {}
    spans = []
    for branch in (*BRANCHES, *BRANCHES):
        arena.repository.git("switch", "--quiet", branch)
        begun = time.monotonic()
        arena.world.run(*arena.command(contender, branch), cwd=arena.repository.path)
        spans.append(time.monotonic() - begun)
        known[branch] = arena.content()
        assert arena.differences(branch) == [], contender
    span = statistics.median(spans)
    for number in range(rounds):
        old, branch = BRANCHES[(number + 1) % 2], BRANCHES[number % 2]
        arena.repository.git("switch", "--quiet", branch)
        if contender == "freshvenv" and chance.random() < 0.2:
            # This one has to build, which takes a while.
            shutil.rmtree(arena.world.root / "cache" / "freshvenv" / "wheels", ignore_errors=True)
        wait, which, to_group = chance.uniform(0, 1.1 * span), chance.choice(SIGNALS), chance.random() < 0.5
        aimed = contender == "freshvenv" and chance.random() < 0.5
        end_after(arena, arena.command(contender, branch), wait, which, to_group=to_group, aimed=aimed)
        story = f"round {number}: {which.name} after {wait:.3f} s, group: {to_group}, aimed: {aimed}"
        content = arena.content()
        outcome = "new" if content == known[branch] else "old" if content == known[old] else "between"
        tally.rounds += 1
        tally.outcomes[outcome] += 1
        judge(arena, tally, branch, outcome, story)
        begun = time.monotonic()
        again = arena.world.run(*arena.command(contender, branch), cwd=arena.repository.path, check=False)
        # How long it takes depends on what else the machine does.
        span = time.monotonic() - begun
        wrong = arena.differences(branch)
        if again.returncode or wrong or (contender == "freshvenv" and not says_fresh(arena)):
            tally.left += 1
            tally.stories.append(f"{story}: not repaired: {again.stdout}{again.stderr}{wrong[:3]}")
            start_over(arena, contender, branch)
        if tally.rounds % 50 == 0:
            print(f"{contender}: {tally.rounds} of {rounds}", file=sys.stderr, flush=True)
    return tally


def judge(arena: Arena, tally: Tally, branch: str, outcome: str, story: str) -> None:
    """Count what is to be seen right after the signal."""
    if tally.contender != "freshvenv":
        tally.damaged += outcome == "between"
        tally.false += outcome == "between" and arena.looks_whole(branch)
        return
    if outcome == "between" and not list((arena.repository.venv / ".freshvenv").glob("*.intent.json")):
        tally.damaged += 1
        tally.stories.append(f"{story}: damaged, and nothing notes it")
    if says_fresh(arena) and (wrong := arena.differences(branch)):
        tally.false += 1
        tally.stories.append(f"{story}: falsely fresh: {wrong[:3]}")


def says_fresh(arena: Arena) -> bool:
    said = arena.world.run(TOOLS / "freshvenv", "status", "--json", cwd=arena.repository.path)
    return [row["state"] for row in json.loads(said.stdout)["targets"]] == ["fresh"]


def end_after(
    arena: Arena, argv: Sequence[str | Path], wait: float, which: int, *, to_group: bool, aimed: bool
) -> None:
    """Start a program, send it or its process group a signal, and return when all of the group are gone."""
    child = subprocess.Popen(
        [os.fspath(word) for word in argv],
        cwd=arena.repository.path,
        env=dict(arena.world.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if aimed:
        # Most of a run's time is spent before it touches the venv: wait until it does.
        while child.poll() is None and not list((arena.repository.venv / ".freshvenv").glob("stage-*")):
            time.sleep(0.001)
        wait /= 2
    time.sleep(wait)
    with suppress(ProcessLookupError):
        (os.killpg if to_group else os.kill)(child.pid, which)
    child.wait()
    with suppress(ProcessLookupError):
        while True:
            os.killpg(child.pid, 0)
            time.sleep(0.005)


def start_over(arena: Arena, contender: str, branch: str) -> None:
    """Remove all that is there of the project and install it."""
    [site] = arena.repository.venv.glob("lib/python*/site-packages")
    for path in [*site.glob("*demo*"), *site.glob("~*"), arena.repository.venv / ".freshvenv"]:
        shutil.rmtree(path, ignore_errors=True)
    arena.world.run(*arena.command(contender, branch), cwd=arena.repository.path)


HEAD = """\
| who | signals | the venv held right after | damaged | falsely fresh | not repaired |
| --- | --- | --- | --- | --- | --- |"""


def main() -> int:
    """Run the loop, print the table, and fail when freshvenv's figures are not 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--peers", type=int, default=100)
    parser.add_argument("--modules", type=int, default=400)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    wanted = parser.parse_args()
    print(f"seed {wanted.seed}, {wanted.modules} modules", flush=True)
    lines, bad = [HEAD], 0
    for contender, rounds in (("freshvenv", wanted.count), ("pip", wanted.peers), ("uv", wanted.peers)):
        if not rounds:
            continue
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            world = World(Path(folder), sterile_environment(Path(folder), os.environ))
            arena = build_arena(world, wanted.modules, with_pip=contender == "pip")
            tally = fight(arena, contender, rounds, random.Random(wanted.seed))
        lines.append(tally.row())
        print(tally.row(), *tally.stories[:20], sep="\n", flush=True)
        if contender == "freshvenv":
            bad = tally.damaged + tally.false + tally.left
    print("", *lines, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
