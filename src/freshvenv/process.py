"""The only place that starts programs: run to the end, captured or logged, with nothing left running behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self


class Finished(NamedTuple):
    """How a program ended, and what it printed."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output, without the line end that closes it; bytes that are not UTF-8 survive a round trip."""
        return os.fsdecode(self.stdout).removesuffix("\n")

    @property
    def complaint(self) -> str:
        """The last line of standard error, which is where most programs say what is wrong."""
        lines = [line.strip() for line in os.fsdecode(self.stderr).splitlines() if line.strip()]
        return lines[-1] if lines else f"exit status {self.status}"


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
) -> Finished:
    """Run a program to its end and capture what it prints.

    ``env`` is added to the environment. Raises ``OSError`` when the program cannot be started.
    """
    with start(argv, cwd=cwd, env=env, input=input) as child:
        return child.finish()


class Running:
    """A program that runs while we go on. It does not outlast the ``with`` block that it is used in."""

    def __init__(self, child: subprocess.Popen[bytes], input: bytes | None) -> None:
        self._child = child
        self._input = input

    def finish(self) -> Finished:
        """Wait for its end."""
        stdout, stderr = self._child.communicate(self._input)
        return Finished(self._child.returncode, stdout, stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._child.returncode is None:
            self._child.kill()
        self._child.__exit__(None, None, None)


def start(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: bytes | None = None,
) -> Running:
    """Start a program that :meth:`Running.finish` runs to its end. Parameters and errors are those of :func:`run`."""
    child = subprocess.Popen(
        [os.fspath(word) for word in argv],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return Running(child, input)


def run_logged(argv: Sequence[str | Path], *, log: Path, cwd: Path, env: Mapping[str, str] | None = None) -> int:
    """Run a program that may take long or start others, append all that it prints to ``log``, return its status.

    It gets a session of its own, and no terminal to read from. When we are stopped, so is its whole process group.
    """
    with log.open("ab") as sink:
        child = subprocess.Popen(
            [os.fspath(word) for word in argv],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return child.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise


@contextmanager
def limited(seconds: int, error: Exception) -> Iterator[None]:
    """Raise ``error`` in the midst of what is done here when it takes longer; 0 seconds are no limit.

    A program that :func:`run_logged` waits for is ended then, with its process group. For the main thread only.
    """

    def end(_number: int, _frame: object) -> None:
        raise _Late

    if not seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    except _Late:
        raise error from None


class _Late(BaseException):
    """No ``Exception``: libraries on the way would take it for trouble of their own."""
