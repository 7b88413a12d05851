"""The projects that are measured: what is in their ``main``, and what their other branches change."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MAIN = "main"

Changes = Mapping[str, str | None]
"""New texts of files by path; None deletes the file."""


@dataclass(frozen=True)
class History:
    """A repository before it is made: the files of ``main``, and of each branch what one commit on top changes.

    A branch whose changes are None is another name for ``main``'s commit. Dates are fixed, so the same history has the
    same commits wherever it is made.
    """

    files: Mapping[str, str]
    branches: Mapping[str, Changes | None]

    def fast_import(self) -> bytes:
        """The history as git-fast-import(1) reads it."""
        return b"".join(self._stream())

    def _stream(self) -> Iterator[bytes]:
        yield _commit(MAIN, "", self.files)
        for name, changes in self.branches.items():
            if changes is None:
                yield f"reset refs/heads/{name}\nfrom refs/heads/{MAIN}\n\n".encode()
            else:
                yield _commit(name, MAIN, changes)


def _commit(branch: str, parent: str, changes: Changes) -> bytes:
    parts = [f"commit refs/heads/{branch}\ncommitter Bench <bench@example.com> 1700000000 +0000\n".encode()]
    parts.append(_data(f"make {branch}"))
    if parent:
        parts.append(f"from refs/heads/{parent}\n".encode())
    for path, text in changes.items():
        parts.append(f"D {path}\n".encode() if text is None else f"M 100644 inline {path}\n".encode() + _data(text))
    return b"".join((*parts, b"\n"))


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%b\n" % (len(content), content)


IGNORED = ".venv/\n.nox/\nbuild/\n*.egg-info/\n__pycache__/\n*.lock\n.pdm-python\n"

_PYPROJECT = """\
    [build-system]
    requires = [{requires}]
    build-backend = "{backend}"
    {more}
    [project]
    name = "demo"
    version = "1.0"
    requires-python = ">=3.11"
"""


def _pyproject(requires: str, backend: str, more: str = "") -> str:
    return textwrap.dedent(_PYPROJECT).format(requires=f'"{requires}"', backend=backend, more=more)


_HATCHLING = {".gitignore": IGNORED, "pyproject.toml": _pyproject("hatchling", "hatchling.build")}


def one_module(branches: Mapping[str, Changes | None]) -> History:
    """A hatchling project of one module."""
    return History({**_HATCHLING, "demo/__init__.py": "ANSWER = 0\n"}, branches)


def edits(count: int) -> dict[str, Changes]:
    """Branches ``edit-1``, ``edit-2``, ...: each changes the module of :func:`one_module` in a way of its own."""
    return {f"edit-{number}": {"demo/__init__.py": f"ANSWER = {number}\n"} for number in range(1, count + 1)}


BUILD_LOG = "BENCHMARK_BUILD_LOG"
"""The environment variable that names the file to which the backend of :func:`counting` adds a line a build."""

_COUNTING_BACKEND = f'''\
"""hatchling, and a line in a file for each wheel that it builds."""

import os

from hatchling import build as hatchling
from hatchling.build import *


def build_wheel(directory, settings=None, metadata=None):
    with open(os.environ.get("{BUILD_LOG}", os.devnull), "a") as log:
        log.write("wheel\\n")
    return hatchling.build_wheel(directory, settings, metadata)
'''


def counting(branches: Mapping[str, Changes | None]) -> History:
    """The project of :func:`one_module` with a backend that counts."""
    files = {
        **one_module({}).files,
        "pyproject.toml": _pyproject("hatchling", "counting", 'backend-path = ["backend"]'),
        "backend/counting.py": _COUNTING_BACKEND,
    }
    return History(files, branches)


def many_files(count: int, differing: int) -> History:
    """A package of ``count`` files of about 2 kB, of which the branch ``other`` changes some."""
    files = {f"demo/part_{number // 100:03}/module_{number:05}.py": _module(number, 0) for number in range(count)}
    step = max(1, count // differing)
    changed = {path: _module(number, 1) for number, path in enumerate(files) if number % step == 0}
    other = dict(list(changed.items())[:differing])
    return History({**_HATCHLING, "demo/__init__.py": "", **files}, {"other": other})


def _module(number: int, version: int) -> str:
    return f"VERSION = {version}\n" + "".join(f"VALUE_{line} = {number * line}  # a line\n" for line in range(70))


def many_tracked(count: int) -> History:
    """The project of :func:`one_module` among so many files that git tracks; ``same`` is another name for ``main``."""
    files = dict(one_module({}).files)
    data = {f"data/{number // 250:04}/{number:06}.txt": f"{number}\n" for number in range(count - len(files))}
    return History({**files, **data}, {"same": None})


def c_extension(functions: int) -> History:
    """A setuptools project with an extension module of so many functions; ``other`` changes one and drops a module."""
    setup = textwrap.dedent("""\
        from setuptools import Extension, setup

        # Without debugging information, which would name the folder that it was built in.
        setup(ext_modules=[Extension("demo._speed", ["demo/_speed.c"], extra_compile_args=["-O2", "-g0"])])
    """)
    files = {
        ".gitignore": IGNORED,
        "pyproject.toml": _pyproject("setuptools", "setuptools.build_meta")
        + '\n[tool.setuptools]\npackages = ["demo"]\n',
        "setup.py": setup,
        "demo/__init__.py": "",
        "demo/dropped.py": "",
        "demo/_speed.c": _c_source(functions, 0),
    }
    return History(files, {"other": {"demo/_speed.c": _c_source(functions, 1), "demo/dropped.py": None}})


def _c_source(functions: int, version: int) -> str:
    parts = ["#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n"]
    parts += [
        textwrap.dedent(f"""\
            double work_{number}(double *a, double *b, int n) {{
                double s = {number + version};
                for (int i = 0; i < n; i++)
                    for (int j = 0; j < i; j++) {{
                        if (a[i] > b[j]) s += a[i] * b[j] + {number};
                        else if (a[j] < s) b[i] -= s / (a[j] + {number + 1});
                        else a[j] = a[i] * s - b[j];
                        switch ((i ^ j) & 7) {{
                            case 0: s *= 1.5; break;
                            case 1: s -= a[i]; break;
                            case 2: b[j] += s; break;
                            case 5: a[i] = b[j]; break;
                        }}
                    }}
                return s;
            }}
            """)
        for number in range(functions)
    ]
    parts.append(
        textwrap.dedent("""\
            static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_speed", NULL, -1, NULL};
            PyMODINIT_FUNC PyInit__speed(void) { return PyModule_Create(&module); }
        """)
    )
    return "".join(parts)


def long_history(commits: int, branches: int) -> bytes:
    """So many commits in a row on ``main``, and branches of one commit more, spread over it; for git-fast-import(1)."""
    return b"".join(_long(commits, branches))


def _long(commits: int, branches: int) -> Iterator[bytes]:
    for number in range(1, commits + 1):
        yield f"commit refs/heads/{MAIN}\nmark :{number}\n".encode() + _change(number)
    for branch in range(branches):
        start = 1 + branch * commits // branches
        yield f"commit refs/heads/branch-{branch}\n".encode() + _change(branch, after=start)


def _change(number: int, after: int = 0) -> bytes:
    who = f"committer Bench <bench@example.com> {1_400_000_000 + (after or number) * 600 + bool(after)} +0000\n"
    start = f"from :{after}\n" if after else ""
    return (
        who.encode()
        + _data(f"change {number}")
        + f"{start}M 100644 inline file-{number % 100}\n".encode()
        + _data(f"{number}\n")
    )
