"""Many runs of freshvenv at the price of few: children of a process that has loaded it already, see :mod:`support.crash`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support import crash
from support.poison import poison_for
from support.world import World


@dataclass(frozen=True)
class Ended:
    """How a run ended: what it was about to do when it was killed (empty: it was not), status, all it printed."""

    killed: str
    status: int
    printed: str


def every() -> bool:
    """Whether nothing is to be left out, however long it takes."""
    return bool(_EVERY)


_EVERY = os.environ.get("FRESHVENV_TEST_EVERY", "")


class Runner:
    """freshvenv in children of a process that has loaded it already."""

    def __init__(self, world: World) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", crash.__file__],
            env={**(poison_for("freshvenv") if world.poisoned else {}), **world.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *argv: str, cwd: Path, moment: int = -1, files: int = 0) -> Ended:
        assert self.process.stdin
        assert self.process.stdout
        order = {"moment": moment, "argv": argv, "cwd": os.fspath(cwd), "files": files}
        self.process.stdin.write(f"{json.dumps(order)}\n")
        self.process.stdin.flush()
        return Ended(**json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        assert self.process.wait(60) == 0
        self.process.stdout.close()


@contextmanager
def running(world: World) -> Iterator[Runner]:
    runner = Runner(world)
    yield runner
    runner.close()
