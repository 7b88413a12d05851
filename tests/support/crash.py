"""Runs freshvenv in children that end, as by SIGKILL, before their n-th change to the disk; a script for an interpreter of its own.

A line of JSON on standard input is one run: ``moment`` (0 for the first change, -1 for none), ``argv``, ``cwd``, ``files``
(how many may be open, 0 for as many as usual). A line on
standard output is how it ended: ``killed`` (what was about to happen, or nothing), ``status``, ``printed``. The modules
are imported once and each run is a fork, so a run costs what git and the build cost.

A file that is opened for writing is two moments: before it, and when it is there and empty.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import cast

sys.dont_write_bytecode = True

_CHANGES = frozenset(
    {
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "shutil.rmtree",
    }
)
_WRITING = os.O_WRONLY | os.O_RDWR


class Killer:
    """An audit hook (PEP 578) that counts changes and ends the process at the n-th; what it was goes to ``note``."""

    def __init__(self, moment: int, note: int) -> None:
        self.left = moment
        self.note = note
        self.is_deaf = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_deaf:
            return
        if event in _CHANGES:
            self._count(f"{event} {arguments[0]}")
        elif event == "subprocess.Popen":
            words = [os.fsdecode(word) for word in cast("list[str]", arguments[1])]
            if words[0] != "git" or "update-index" in words or "read-tree" in words:
                self._count(f"start of {Path(words[0]).name}")
        elif event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path, _, flags = arguments
            assert isinstance(flags, int)
            name = os.fsdecode(cast("str", path))
            if flags & _WRITING and name != os.devnull:
                self._count(f"open {name}")
                if self.left == 0:
                    self.is_deaf = True
                    os.close(os.open(name, flags | os.O_CREAT, 0o666))
                self._count(f"first byte of {name}")

    def _count(self, what: str) -> None:
        if self.left == 0:
            self.is_deaf = True
            os.write(self.note, what.encode(errors="replace"))
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def run(order: dict[str, object]) -> dict[str, object]:
    """One run in a child."""
    from freshvenv.__main__ import main

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as note:
        child = os.fork()
        if child == 0:
            status = 99
            try:
                signal.alarm(120)  # what hangs is ended by a signal, and its status says so
                os.chdir(str(order["cwd"]))
                for number in (1, 2):
                    os.dup2(output.fileno(), number)
                if order["files"]:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (int(str(order["files"])),) * 2)
                sys.argv = ["freshvenv", *order["argv"]]  # type: ignore[misc]
                if int(str(order["moment"])) >= 0:
                    sys.addaudithook(Killer(int(str(order["moment"])), note.fileno()))
                status = main()
            except BaseException:  # noqa: BLE001 - the output says it
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        output.seek(0)
        note.seek(0)
        return {
            "killed": note.read().decode(),
            "status": os.waitstatus_to_exitcode(ended),
            "printed": output.read().decode(errors="replace"),
        }


def serve() -> None:
    """Load what a run needs, and do what is asked until standard input ends."""
    import build
    import installer
    import pyproject_hooks

    import freshvenv.cli
    import freshvenv.hook_entry
    import freshvenv.wheels.make

    assert all((build, installer, pyproject_hooks, freshvenv.cli, freshvenv.hook_entry, freshvenv.wheels.make))
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve()
