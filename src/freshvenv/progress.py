"""Shows work that takes long: on a terminal one line that changes, elsewhere a line a step.

The line is drawn by a thread, since the work itself waits for other programs and cannot tell that time passes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from freshvenv.report import printable

PATIENCE = 0.5
"""Seconds in which nothing is shown."""

_INTERVAL = 0.1


class Progress:
    """The progress of one piece of work at a time, shown on a stream; on none where there is no stream."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._label = ""
        self._step = ""
        self._shown = ""

    @contextmanager
    def of(self, label: str) -> Iterator[None]:
        """Show what is done for ``label`` while this is open, and leave nothing on a terminal afterwards."""
        if self._stream is None:
            yield
            return
        self._label, self._step, self._shown = label, "", ""
        done = threading.Event()
        thread = threading.Thread(target=self._draw, args=(self._stream, done, time.monotonic()), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def step(self, text: str) -> None:
        """Say what is done now."""
        self._step = text

    def _draw(self, stream: TextIO, done: threading.Event, begun: float) -> None:
        # Nobody may listen any more, and that is no reason to stop working.
        with suppress(OSError, ValueError):
            is_terminal = stream.isatty()
            if done.wait(PATIENCE):
                return
            while True:
                if is_terminal:
                    self._redraw(stream, time.monotonic() - begun)
                elif self._step not in {"", self._shown}:
                    self._shown = self._step
                    print(self._text(), file=stream, flush=True)
                if done.wait(_INTERVAL):
                    break
            if is_terminal:
                stream.write("\r\x1b[K")
                stream.flush()

    def _redraw(self, stream: TextIO, seconds: float) -> None:
        width = os.get_terminal_size(stream.fileno()).columns
        text = f"{self._text()}, {seconds:.1f} s"
        # A line that wraps cannot be taken back.
        stream.write(f"\r\x1b[K{text[: max(width - 1, 1)] if width else text}")
        stream.flush()

    def _text(self) -> str:
        return printable(f"freshvenv: {self._label}: {self._step or 'working'}")
