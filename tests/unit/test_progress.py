"""Progress: nothing for what is quick, plain lines without a terminal, one line on one."""

from __future__ import annotations

import io
import os
import pty
import threading
import time

import pytest

from freshvenv import progress
from freshvenv.progress import Progress


class Told(io.StringIO):
    """A stream that says when a text was written to it."""

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 20
        while text not in self.getvalue():
            assert time.monotonic() < deadline, self.getvalue()
            time.sleep(0.005)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)


def test_quick_work_is_not_shown() -> None:
    stream = Told()
    shown = Progress(stream)
    with shown.of("venv"):
        shown.step("building")
    assert stream.getvalue() == ""


def test_no_stream() -> None:
    before = threading.active_count()
    with Progress().of("venv"):
        assert threading.active_count() == before


@pytest.mark.usefixtures("impatient")
def test_a_line_a_step() -> None:
    stream = Told()
    shown = Progress(stream)
    with shown.of("venv"):
        shown.step("building")
        stream.wait_for("freshvenv: venv: building\n")
        shown.step("placing \x1b[2J")
        stream.wait_for("placing")
    assert stream.getvalue() == "freshvenv: venv: building\nfreshvenv: venv: placing \\x1b[2J\n"
    with shown.of("other"):
        shown.step("building")
        stream.wait_for("freshvenv: other: building\n")


@pytest.mark.usefixtures("impatient")
def test_one_line_on_a_terminal() -> None:
    controller, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, os.fdopen(controller, "rb", buffering=0) as screen:
        shown = Progress(stream)
        with shown.of("venv"):
            shown.step("building")
            seen = b""
            while seen.count(b"\r\x1b[Kfreshvenv: venv: building, ") < 2:
                seen += screen.read(100)
        while not seen.endswith(b"\r\x1b[K"):
            seen += screen.read(100)
    assert b"\n" not in seen


@pytest.mark.usefixtures("impatient")
def test_stream_that_is_closed_does_not_stop_the_work() -> None:
    stream = io.StringIO()
    stream.close()
    with Progress(stream).of("venv"):
        done = True
    assert done


@pytest.mark.usefixtures("impatient")
def test_work_that_fails_is_shown_no_longer() -> None:
    stream = Told()
    shown = Progress(stream)

    def fail() -> None:
        with shown.of("venv"):
            shown.step("building")
            stream.wait_for("building")
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        fail()
    assert not [thread for thread in threading.enumerate() if thread.name.endswith("(_draw)")]
