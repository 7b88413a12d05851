"""A placing that fails or is killed leaves the old install whole, or is repaired by the next."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterable

import pytest

from freshvenv.errors import VenvError
from freshvenv.payload import DamagedPayloadError
from freshvenv.venvs.intent import Intent, read_intents
from freshvenv.venvs.layout import Layout, lay_out
from freshvenv.venvs.place import place, sweep
from support.bench import OLD, Bench, Wheel
from support.values import replace


def failing(layout: Layout, error: BaseException) -> Layout:
    """The same layout, in which the last file but RECORD cannot be read."""
    *_, last, _ = layout.files

    class Failing(Layout):
        def read(self, path: str) -> bytes:
            if path == last:
                raise error
            return super().read(path)

    return Failing(
        {**layout.files, last: replace(layout.files[last], digest="sha256=new")}, layout.made, layout.payload
    )


FAILURES = {
    "disk full": OSError(errno.ENOSPC, "No space left on device"),
    "damaged payload": DamagedPayloadError("demo/kept.py has another content"),
    "interrupted": KeyboardInterrupt(),
}


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_failure_while_staging_leaves_the_old_install_whole(bench: Bench, error: BaseException) -> None:
    bench.install(OLD)
    before = bench.content()
    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0", files={"demo/__init__.py": "x"})), {})
    with pytest.raises(type(error)):
        place(bench.venv, failing(layout, error), bench.outgoing(), bench.note)
    assert bench.content() == before
    assert list(bench.venv.state.iterdir()) == []
    assert bench.install(OLD).is_empty


def test_failure_while_noting_leaves_the_old_install_whole(bench: Bench) -> None:
    bench.install(OLD)
    before = bench.content()

    def note(_: Iterable[str]) -> Intent:
        raise OSError(errno.ENOSPC, "No space left on device")

    layout = lay_out(bench.venv, bench.payload(replace(OLD, version="2.0")), {})
    with pytest.raises(OSError, match="No space left"):
        place(bench.venv, layout, bench.outgoing(), note)
    assert bench.content() == before


def test_something_in_the_way_stays_and_the_next_run_repairs(bench: Bench) -> None:
    """A folder of somebody else where a file is to be: it is no loss to wait until it is gone."""
    bench.install(OLD)
    foreign = bench.site / "demo" / "added.py" / "precious"
    foreign.parent.mkdir()
    foreign.write_text("precious")
    new = replace(OLD, files={**OLD.files, "demo/added.py": ""}, version="2.0")
    with pytest.raises(OSError, match=r"not empty|is a directory"):
        bench.install(new)
    assert foreign.read_text() == "precious"
    assert len(read_intents(bench.venv.state)) == 1
    foreign.unlink()
    foreign.parent.rmdir()
    bench.install(new)
    assert bench.content() == bench.expected(new)
    assert read_intents(bench.venv.state) == []


def test_other_content_than_was_placed_is_noticed(bench: Bench) -> None:
    layout = lay_out(bench.venv, bench.payload(OLD), {})
    path = f"{bench.venv.interpreter.purelib}/demo/kept.py"
    wrong = layout._replace(made={**layout.made, path: b"KEPT = 2\n"})
    with pytest.raises(VenvError, match=r"demo/kept\.py is not what was placed"):
        place(bench.venv, wrong, bench.outgoing(), bench.note)
    assert len(read_intents(bench.venv.state)) == 1


def test_what_killed_runs_left_is_swept(bench: Bench) -> None:
    bench.install(OLD)
    before = bench.content()
    kept = {"other", ".hidden", ".by-hand", "stage-left", ".dir-0123456789abcdef"}
    for name in kept - {".dir-0123456789abcdef"}:
        (bench.venv.state / name).touch()
    (bench.venv.state / ".dir-0123456789abcdef").mkdir()
    (bench.venv.state / "stage-0123456789abcdef").mkdir()
    (bench.venv.state / "stage-0123456789abcdef" / "0").touch()
    (bench.venv.state / ".x.intent.json-0123456789abcdef").touch()
    sweep(bench.venv)
    assert {path.name for path in bench.venv.state.iterdir()} == kept
    assert bench.content() == before


NEW = Wheel(
    {
        "demo/__init__.py": "NEW = 1\n",
        "demo/kept.py": "KEPT = 1\n",
        "demo/changed.py": "VALUE = 2\n",
        "demo/added.py": "",
        "demo/deep/er/added.py": "",
    },
    entry_points="[console_scripts]\nother = demo.changed:main\n",
    version="2.0",
)


TURNED_ROUND = replace(NEW, files={**NEW.files, "demo/sub": "a file now", "demo/words.txt/deep": "a folder now"})


_MOVES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "shutil.rmtree", "open"}


def killed_at(moment: int, bench: Bench, wheel: Wheel) -> bool:
    """Install in a child that is killed before its n-th change to the disk; whether it was."""
    payload = bench.payload(wheel)
    child = os.fork()
    if child == 0:
        seen = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in _MOVES and (event != "open" or "w" in str(arguments[1])):
                if seen == moment:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1

        status = 1
        try:
            layout = lay_out(bench.venv, payload, {})
            outgoing = bench.outgoing()
            sys.addaudithook(hook)
            _, intent, _ = place(bench.venv, layout, outgoing, bench.note)
            if intent:
                intent.drop()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.parametrize("new", [NEW, TURNED_ROUND], ids=["files", "files and folders turned round"])
def test_killed_at_any_moment_the_next_run_repairs(bench: Bench, new: Wheel) -> None:
    """Before every single change to the disk: the old install is whole, or the new one, or an intent says neither is."""
    expected = bench.expected(new)
    bench.install(OLD)
    before = bench.content()
    states = []
    for moment in range(1000):
        killed = killed_at(moment, bench, new)
        begun = bool(read_intents(bench.venv.state))
        state = "old" if bench.content() == before else "new" if bench.content() == expected else "neither"
        states.append((state, begun))
        assert begun or state != "neither"
        sweep(bench.venv)
        bench.install(new)
        assert bench.content() == expected
        assert bench.empty_folders() == []
        assert read_intents(bench.venv.state) == []
        bench.install(OLD)
        assert bench.content() == before
        if not killed:
            break
    assert ("neither", True) in states
    assert states[0] == ("old", False)
    assert states[-1] == ("new", False)


def test_killed_while_it_goes_back(bench: Bench) -> None:
    """The run after a kill need not want what the killed one wanted."""
    bench.install(OLD)
    before = bench.content()
    third = replace(OLD, version="3.0", files={"demo/third.py": ""})
    expected = bench.expected(third)
    moment = 0
    while killed_at(moment, bench, NEW):
        sweep(bench.venv)
        bench.install(third)
        assert bench.content() == expected
        bench.install(OLD)
        assert bench.content() == before
        moment += 5
