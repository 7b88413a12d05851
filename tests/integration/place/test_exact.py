"""From what a venv holds to what it should hold, and nothing more."""

from __future__ import annotations

import pytest

from support.bench import OLD, Bench, Wheel
from support.values import replace

STEPS = {
    "nothing there": (Wheel(), OLD),
    "the same again": (OLD, OLD),
    "file added": (OLD, replace(OLD, files={**OLD.files, "demo/added.py": ""})),
    "file changed": (OLD, replace(OLD, files={**OLD.files, "demo/changed.py": "VALUE = 22\n"})),
    "file changed, of the same size": (OLD, replace(OLD, files={**OLD.files, "demo/changed.py": "VALUE = 2\n"})),
    "file removed": (OLD, replace(OLD, files={k: v for k, v in OLD.files.items() if k != "demo/removed.py"})),
    "folder removed": (OLD, replace(OLD, files={k: v for k, v in OLD.files.items() if "/sub/" not in k})),
    "everything removed": (OLD, replace(OLD, files={}, entry_points="")),
    "package renamed": (OLD, replace(OLD, files={k.replace("demo/", "other/"): v for k, v in OLD.files.items()})),
    "version bumped": (OLD, replace(OLD, version="1.1")),
    "other distribution name": (OLD, replace(OLD, name="Demo")),
    "file becomes a folder": (
        OLD,
        replace(OLD, files={k: v for k, v in OLD.files.items() if k != "demo/words.txt"} | {"demo/words.txt/a": "x"}),
    ),
    "folder becomes a file": (
        OLD,
        replace(OLD, files={k: v for k, v in OLD.files.items() if "/sub/" not in k} | {"demo/sub": "x"}),
    ),
    "module becomes a package": (
        OLD,
        replace(
            OLD,
            files={k: v for k, v in OLD.files.items() if k != "demo/changed.py"} | {"demo/changed/__init__.py": ""},
        ),
    ),
    "package becomes a module": (Wheel({"demo/__init__.py": ""}), Wheel({"demo.py": ""})),
    "deep folder becomes a file": (Wheel({"demo/a/b/c/d.py": ""}), Wheel({"demo/a": "x"})),
    "file becomes a deep folder": (Wheel({"demo/a": "x"}), Wheel({"demo/a/b/c/d.py": ""})),
    "file and folder change places": (
        Wheel({"demo/a": "x", "demo/b/c": "y"}),
        Wheel({"demo/a/c": "x", "demo/b": "y"}),
    ),
    "made executable": (OLD, replace(OLD, executable=frozenset({"demo/kept.py"}))),
    "no longer executable": (replace(OLD, executable=frozenset({"demo/kept.py"})), OLD),
    "entry point added": (OLD, replace(OLD, entry_points=OLD.entry_points + "more = demo.kept:main\n")),
    "entry point changed": (OLD, replace(OLD, entry_points="[console_scripts]\ndemo = demo.kept:main\n")),
    "entry point removed": (OLD, replace(OLD, entry_points="")),
    "gui script": (OLD, replace(OLD, entry_points="[gui_scripts]\ndemo = demo.kept:main\n")),
    "data": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/data/share/demo/x.txt": "x"})),
    "data removed": (replace(OLD, files={**OLD.files, "demo-1.0.data/data/share/demo/x.txt": "x"}), OLD),
    "headers": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/headers/demo.h": "x"})),
    "headers removed": (replace(OLD, files={**OLD.files, "demo-1.0.data/headers/demo.h": "x"}), OLD),
    "script": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/scripts/run": "#!python\nprint(1)\n"})),
    "script removed": (
        replace(OLD, files={**OLD.files, "demo-1.0.data/scripts/run": "#!python\nprint(1)\n"}),
        OLD,
    ),
    "modules in the data folder": (OLD, replace(OLD, files={**OLD.files, "demo-1.0.data/purelib/more.py": "x"})),
    "bound to an interpreter": (OLD, replace(OLD, tag="cp311-cp311-linux_x86_64")),
    "odd names": (OLD, replace(OLD, files={**OLD.files, 'demo/a b,"c".txt': "x", "demo/é.py": "y"})),
    "package of folders that every venv has": (
        Wheel({"demo/__init__.py": "", "demo/bin/tool.py": "", "demo/lib/code.py": ""}),
        Wheel({"demo/__init__.py": ""}),
    ),
    "package that is named like one": (
        Wheel({"demo/__init__.py": "", "demo/my-site-packages/a.py": ""}),
        Wheel({"demo/__init__.py": ""}),
    ),
}


@pytest.mark.parametrize(("old", "new"), STEPS.values(), ids=STEPS)
def test_venv_holds_what_it_should_and_nothing_more(bench: Bench, old: Wheel, new: Wheel) -> None:
    bench.install(old)
    bench.install(new)
    assert bench.content() == bench.expected(new)
    assert bench.empty_folders() == []
    assert list(bench.venv.state.iterdir()) == []


@pytest.mark.parametrize(("old", "new"), STEPS.values(), ids=STEPS)
def test_idempotent_and_back_again(bench: Bench, old: Wheel, new: Wheel) -> None:
    bench.install(old)
    before = bench.content()
    bench.install(new)
    assert bench.install(new).is_empty
    bench.install(old)
    assert bench.content() == before
    assert bench.empty_folders() == []
