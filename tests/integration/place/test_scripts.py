"""Entry points, scripts and headers are as pip makes them, and take nobody's place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from freshvenv.errors import VenvError
from freshvenv.interpreter import Interpreter
from freshvenv.venvs.venv import Venv
from support.bench import MODULE, OLD, Bench, Wheel
from support.values import replace

CALLED = replace(OLD, files={**OLD.files, MODULE: "def main():\n    print('called')\n"})


def output_of_demo(bench: Bench) -> str:
    env = {**os.environ, "PYTHONPATH": str(bench.site)}
    return subprocess.run([bench.bin / "demo"], env=env, capture_output=True, text=True, check=True).stdout


def test_entry_point_runs(bench: Bench) -> None:
    bench.install(CALLED)
    assert output_of_demo(bench) == "called\n"
    assert os.access(bench.bin / "demo", os.X_OK)


def test_script_starts_the_interpreter_of_the_venv(bench: Bench) -> None:
    name = "demo-1.0.data/scripts/run"
    bench.install(Wheel({name: "#!python\nprint('called')\n"}, executable=frozenset({name})))
    assert (bench.bin / "run").read_text() == f"#!{bench.venv.python}\nprint('called')\n"
    assert os.access(bench.bin / "run", os.X_OK)


SHEBANGS = {"other interpreter": "#!/bin/sh\necho 1\n", "none": "echo 1\n", "env": "#!/usr/bin/env python\n"}


@pytest.mark.parametrize("text", SHEBANGS.values(), ids=SHEBANGS)
def test_script_is_left_as_it_is(bench: Bench, text: str) -> None:
    bench.install(Wheel({"demo-1.0.data/scripts/run": text}))
    assert (bench.bin / "run").read_text() == text


def test_script_in_a_venv_at_an_odd_path(tmp_path: Path, interpreter: Interpreter) -> None:
    path = tmp_path / "a b 'c' \"d\""
    (path / interpreter.purelib).mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin" / "python").symlink_to(sys.executable)
    bench = Bench(tmp_path, Venv(path, path / "bin" / "python", interpreter))
    bench.install(CALLED)
    assert output_of_demo(bench) == "called\n"


def test_exec_bit_is_for_those_who_may_read(bench: Bench) -> None:
    old = os.umask(0o027)
    try:
        name = "demo-1.0.data/scripts/run"
        bench.install(Wheel({name: "#!/bin/sh\n", "demo/a.py": ""}, executable=frozenset({name})))
    finally:
        os.umask(old)
    assert (bench.bin / "run").stat().st_mode & 0o777 == 0o750
    assert (bench.site / "demo" / "a.py").stat().st_mode & 0o777 == 0o640


def test_headers_are_in_a_folder_of_the_name_that_is_declared(bench: Bench) -> None:
    """The name of the wheel's file is another one."""
    info = {"my_demo_pkg-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: My.demo-pkg\nVersion: 1.0\n\nName: x\n"}
    wheel = Wheel({"my_demo_pkg-1.0.data/headers/my.h": "x", **info}, name="my_demo_pkg", metadata=False)
    bench.install(wheel)
    assert (bench.venv.path / bench.venv.interpreter.headers / "My.demo-pkg" / "my.h").is_file()


def test_headers_are_where_pip_puts_them(bench: Bench) -> None:
    bench.install(Wheel({"demo-1.0.data/headers/deep/demo.h": "x"}))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (bench.venv.path / "include" / "site" / f"python{version}" / "demo" / "deep" / "demo.h").exists()


TAKES_OVER = {
    "python": Wheel(entry_points="[console_scripts]\npython = demo:main\n"),
    "python3": Wheel(entry_points="[console_scripts]\npython3 = demo:main\n"),
    "python3.11": Wheel(entry_points="[console_scripts]\npython3.11 = demo:main\n"),
    "Python, spelled otherwise": Wheel(entry_points="[console_scripts]\nPython = demo:main\n"),
    "pip": Wheel(entry_points="[console_scripts]\npip = demo:main\n"),
    "pip3.11": Wheel(entry_points="[gui_scripts]\npip3.11 = demo:main\n"),
    "git": Wheel(entry_points="[console_scripts]\ngit = demo:main\n"),
    "uv": Wheel(entry_points="[console_scripts]\nuv = demo:main\n"),
    "activate": Wheel({"demo-1.0.data/scripts/activate": "x"}),
    "activate of another shell": Wheel({"demo-1.0.data/scripts/activate.fish": "x"}),
    "by way of data": Wheel({"demo-1.0.data/data/bin/python": "x"}),
    "pyvenv.cfg": Wheel({"demo-1.0.data/data/pyvenv.cfg": "x"}),
    "our own folder": Wheel({"demo-1.0.data/data/.freshvenv/x.receipt.json": "x"}),
    "python, by its name": Wheel(entry_points="[console_scripts]\npython = demo:main\n", name="python"),
    "git, by its name": Wheel(entry_points="[console_scripts]\ngit = demo:main\n", name="git"),
    "activate_this": Wheel({"demo-1.0.data/scripts/activate_this.py": "x"}),
    "python, in a folder spelled otherwise": Wheel({"demo-1.0.data/data/BIN/python": "x"}),
    "pyvenv.cfg, spelled otherwise": Wheel({"demo-1.0.data/data/PyVenv.cfg": "x"}),
    "our own folder, spelled otherwise": Wheel({"demo-1.0.data/data/.Fre\u017fhvenv/x.receipt.json": "x"}),
    "python, by a name that begins alike": Wheel(entry_points="[console_scripts]\npython = py:main\n", name="py"),
    "git, by a name that begins alike": Wheel(entry_points="[console_scripts]\ngit = g:main\n", name="g"),
}


@pytest.mark.parametrize("wheel", TAKES_OVER.values(), ids=TAKES_OVER)
def test_program_of_the_venv_itself_is_refused(bench: Bench, wheel: Wheel) -> None:
    bench.install(OLD)
    before = bench.content()
    with pytest.raises(VenvError, match="which belongs to the venv itself"):
        bench.install(wheel)
    assert bench.content() == before
    assert os.readlink(bench.bin / "python") == sys.executable


TAKES_NOTHING_OVER = {
    "pythonic": Wheel(entry_points="[console_scripts]\npythonic = demo:main\n"),
    "pipx": Wheel(entry_points="[console_scripts]\npipx = demo:main\n"),
    "gitlint": Wheel(entry_points="[console_scripts]\ngitlint = demo:main\n"),
    "uvicorn": Wheel(entry_points="[console_scripts]\nuvicorn = demo:main\n"),
    "pip of pip": Wheel(entry_points="[console_scripts]\npip = pip:main\npip3 = pip:main\n", name="pip"),
    "uv of uv": Wheel({"uv-1.0.data/scripts/uv": "x"}, name="uv"),
    "module": Wheel({"python/__init__.py": "", "pip.py": ""}),
    "data in a folder bin": Wheel({"demo-1.0.data/data/share/bin/python": "x"}),
}


@pytest.mark.parametrize("wheel", TAKES_NOTHING_OVER.values(), ids=TAKES_NOTHING_OVER)
def test_other_programs_are_installed(bench: Bench, wheel: Wheel) -> None:
    bench.install(wheel)
    assert bench.content() == bench.expected(wheel)
