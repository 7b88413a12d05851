"""Which requirements a venv does not meet: its own markers, extras, groups, and what is installed in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from freshvenv.errors import VenvError
from freshvenv.fingerprint import Recipe
from freshvenv.interpreter import inspect_interpreter
from freshvenv.venvs.requirements import Requirements
from freshvenv.venvs.venv import Venv, open_venv
from support.interpreters import RUNNING, interpreters
from support.values import replace
from support.world import World

BASE = interpreters()[RUNNING]


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    """An environment of Python 3.9.18 on Linux with some distributions."""
    path = tmp_path / "venv"
    found = inspect_interpreter(Path(sys.executable), tmp_path / "interpreters")
    markers = {**found.markers, "python_version": "3.9", "python_full_version": "3.9.18", "sys_platform": "linux"}
    venv = Venv(path, path / "bin" / "python", replace(found, version="3.9.18", markers=markers))
    install(venv, "attrs", "23.1.0")
    install(venv, "typing_extensions", "4.8.0")
    install(venv, "rich", "13.0b1")
    install(venv, "requests", "2.0", 'Provides-Extra: socks\nRequires-Dist: pysocks; extra == "socks"\n')
    install(venv, "coverage", "7.0", 'Provides-Extra: toml\nRequires-Dist: attrs; extra == "toml"\n')
    install(
        venv, "looping", "1.0", 'Requires-Dist: looping[all]; extra == "all"\nRequires-Dist: gone; extra == "all"\n'
    )
    return venv


def install(venv: Venv, name: str, version: str, more: str = "") -> None:
    info = venv.path / venv.interpreter.purelib / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")


def metadata(*lines: str) -> bytes:
    return "\n".join(["Metadata-Version: 2.1", "Name: demo", "Version: 1.0", *lines, "", "The description."]).encode()


def unmet(
    venv: Venv,
    *requirements: str,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    known: object = None,
    siblings: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """What is unmet; ``known`` is the table of dependency groups."""
    lines = [f"Requires-Dist: {requirement}" for requirement in requirements]
    pyproject = {} if known is None else {"dependency-groups": known}
    recipe = Recipe(extras=extras, groups=groups)
    return Requirements(venv, metadata(*lines), recipe, pyproject, frozenset(siblings)).unmet()


MET = {
    "nothing required": (),
    "there": ("attrs",),
    "version fits": ("attrs>=23,<24",),
    "other spelling": ("Typing.Extensions>=4",),
    "pre-release that is there": ("rich>=12",),
    "marker does not apply": ('tomli; python_version >= "3.11"',),
    "marker of another system": ('colorama; sys_platform == "win32"',),
    "extra that is not asked for": ('sphinx; extra == "docs"',),
    "address": ("attrs @ https://example.com/attrs.whl",),
    "extra of a requirement": ("coverage[toml]",),
    "extra that it does not have": ("attrs[unknown]",),
    "all at once": ("attrs", "typing-extensions", "coverage[toml]>=7"),
}


@pytest.mark.parametrize("requirements", MET.values(), ids=MET)
def test_met(venv: Venv, requirements: tuple[str, ...]) -> None:
    assert unmet(venv, *requirements) == ()


def test_extra_that_asks_for_another_of_the_project_itself(venv: Venv) -> None:
    """What the other one is, the new metadata says, and not that of the version which is still installed."""
    install(venv, "demo", "0.9", 'Requires-Dist: attrs; extra == "test"\n')
    lines = ('demo[test]; extra == "dev"', 'demo[dev,all]; extra == "all"', 'sphinx; extra == "test"')
    assert unmet(venv, *lines) == ()
    for extra in ("test", "dev", "all"):
        assert unmet(venv, *lines, extras=(extra,)) == ("sphinx",)


UNMET = {
    "missing": (("sphinx",), ("sphinx",)),
    "too old": (("attrs>=24",), ("attrs>=24",)),
    "excluded": (("attrs!=23.1.0",), ("attrs!=23.1.0",)),
    "one of several": (("attrs", "sphinx>=7", "rich"), ("sphinx>=7",)),
    "marker applies, and is done with": (('tomli>=1; python_version < "3.11"',), ("tomli>=1",)),
    "extra of a requirement is not met": (("requests[socks]",), ("requests[socks]",)),
    "twice": (("sphinx", "sphinx"), ("sphinx",)),
    "twice, differently": (("sphinx", "sphinx>=7"), ("sphinx", "sphinx>=7")),
    "address": (("sphinx @ https://example.com/s.whl",), ("sphinx@ https://example.com/s.whl",)),
    "extra that asks for itself": (("looping[all]",), ("looping[all]",)),
}


@pytest.mark.parametrize(("requirements", "expected"), UNMET.values(), ids=UNMET)
def test_unmet(venv: Venv, requirements: tuple[str, ...], expected: tuple[str, ...]) -> None:
    found = tuple(item.replace(" @", "@") for item in unmet(venv, *requirements))
    assert found == expected


EXTRAS = {
    "asked for": (("docs",), ("sphinx",)),
    "two of them": (("docs", "test"), ("sphinx", "pytest")),
    "spelled otherwise": (("Docs",), ("sphinx",)),
    "unknown": (("nothing",), ()),
    "none": ((), ()),
}


@pytest.mark.parametrize(("extras", "expected"), EXTRAS.values(), ids=EXTRAS)
def test_extras(venv: Venv, extras: tuple[str, ...], expected: tuple[str, ...]) -> None:
    lines = ('sphinx; extra == "docs"', 'pytest; extra == "test"', 'attrs; extra == "docs"')
    assert unmet(venv, *lines, extras=extras) == expected


def test_extra_and_marker(venv: Venv) -> None:
    line = 'tomli; python_version < "3.11" and extra == "test"'
    assert unmet(venv, line) == ()
    assert unmet(venv, line, extras=("test",)) == ("tomli",)


GROUPS = {"dev": ["attrs", "sphinx"], "all": [{"include-group": "dev"}, "pytest"], "fine": ["attrs"]}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [((), ()), (("fine",), ()), (("dev",), ("sphinx",)), (("all",), ("sphinx", "pytest"))],
    ids=["none", "met", "unmet", "included"],
)
def test_groups(venv: Venv, groups: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert unmet(venv, groups=groups, known=GROUPS) == expected


BROKEN_GROUPS: dict[str, object] = {
    "unknown": {"other": []},
    "includes itself": {"dev": [{"include-group": "dev"}]},
    "includes nothing that is there": {"dev": [{"include-group": "gone"}]},
    "is a text": {"dev": "attrs"},
    "holds a number": {"dev": [1]},
    "holds no requirement": {"dev": ["!!"]},
    "no table": None,
    "table is a list": [],
}


@pytest.mark.parametrize("groups", BROKEN_GROUPS.values(), ids=BROKEN_GROUPS)
def test_broken_groups(venv: Venv, groups: object) -> None:
    with pytest.raises(VenvError):
        unmet(venv, groups=("dev",), known=groups)


# Requires-Python


@pytest.mark.parametrize("supported", [">=3.8", ">=3.9,<4", "==3.9.*", ">3.9", ""])
def test_python_is_supported(venv: Venv, supported: str) -> None:
    assert Requirements(venv, metadata(f"Requires-Python: {supported}")).unmet() == ()


@pytest.mark.parametrize("supported", [">=3.10", "<3.9", "==3.11.*"])
def test_python_is_not_supported(venv: Venv, supported: str) -> None:
    with pytest.raises(VenvError, match=r"demo needs Python .*, this venv has 3\.9\.18"):
        Requirements(venv, metadata(f"Requires-Python: {supported}")).unmet()


def test_prerelease_of_python_is_supported(venv: Venv) -> None:
    venv = replace(venv, interpreter=replace(venv.interpreter, version="3.14.0rc1"))
    assert Requirements(venv, metadata("Requires-Python: >=3.9")).unmet() == ()


# Odd metadata

BROKEN = {
    "requirement": ("Requires-Dist: !!",),
    "marker": ("Requires-Dist: attrs; nonsense",),
    "specifier": ("Requires-Python: three",),
    "comparison": ("Requires-Dist: attrs; os_name ~= 'x'",),
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_broken_metadata(venv: Venv, lines: tuple[str, ...]) -> None:
    with pytest.raises(VenvError, match="the metadata of demo is broken"):
        Requirements(venv, metadata(*lines)).unmet()


def test_what_is_broken_is_said_in_a_line(venv: Venv) -> None:
    with pytest.raises(VenvError) as caught:
        Requirements(venv, metadata("Requires-Dist: pytz (>dev)")).unmet()
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(": pytz (>dev)")


@pytest.mark.parametrize("line", ["pytz (>dev)", "attrs; os_name ~= 'x'", "!!"])
def test_old_metadata_of_something_else_is_not_the_fault_of_the_project(venv: Venv, line: str) -> None:
    install(
        venv, "celery", "4.0", f'Provides-Extra: redis\nRequires-Dist: {line}\nRequires-Dist: redis; extra == "redis"\n'
    )
    assert unmet(venv, "celery[redis]>=3", "sphinx") == ("celery[redis]>=3", "sphinx")
    install(venv, "redis", "5.0")
    assert unmet(venv, "celery[redis]>=3", "sphinx") == ("sphinx",)


def test_version_that_is_none(venv: Venv) -> None:
    """Old distributions have versions that are no versions by today's rules (pytz 2004d)."""
    install(venv, "pytz", "2004d_x")
    assert unmet(venv, "pytz") == ()
    assert unmet(venv, "pytz>=2020") == ("pytz>=2020",)


def test_distribution_without_metadata(venv: Venv) -> None:
    (venv.path / venv.interpreter.purelib / "bare-1.0.dist-info").mkdir()
    assert unmet(venv, "bare[extra]>=1") == ()


def test_description_that_speaks_of_requirements(venv: Venv) -> None:
    text = metadata() + b"\n\nRequires-Dist: sphinx\nRequires-Python: >=4\n"
    assert Requirements(venv, text).unmet() == ()


def test_header_in_another_spelling(venv: Venv) -> None:
    assert Requirements(venv, metadata("requires-dist: sphinx")).unmet() == ("sphinx",)


# What the base interpreter has


def made(world: World, *options: str) -> Venv:
    """A venv as the standard library makes it, of an interpreter that has pip of its own."""
    path = world.root / "made"
    world.run(BASE, "-m", "venv", "--without-pip", *options, path)
    return open_venv(path, world.root / "interpreters")


def test_base_has_it(world: World) -> None:
    venv = made(world, "--system-site-packages")
    assert world.run(venv.python, "-I", "-c", "import pip").returncode == 0
    assert unmet(venv, "pip", "pip>=1") == ()
    assert unmet(venv, "pip>=1000", "sphinx") == ("pip>=1000", "sphinx")


def test_base_is_not_seen(world: World) -> None:
    assert unmet(made(world), "pip") == ("pip",)


def test_own_one_comes_before_that_of_the_base(world: World) -> None:
    venv = made(world, "--system-site-packages")
    before = Requirements(venv, metadata("Requires-Dist: pip")).digest
    install(venv, "pip", "0.1")
    assert unmet(venv, "pip>=1") == ("pip>=1",)
    assert Requirements(venv, metadata("Requires-Dist: pip")).digest != before


CONFIGURATIONS = {
    "as venv writes it": ("include-system-site-packages = true\n", True),
    "as virtualenv may": ("INCLUDE-system-site-packages=True", True),
    "the last one counts": ("include-system-site-packages = true\ninclude-system-site-packages = false\n", False),
    "another word": ("include-system-site-packages = yes\n", False),
    "no such line": ("home = /usr/bin\n", False),
    "empty": ("", False),
}


@pytest.mark.parametrize(("text", "seen"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_packages_of_the_system(venv: Venv, tmp_path: Path, text: str, *, seen: bool) -> None:
    """Many that come with a system have metadata in the old form."""
    site = tmp_path / "dist-packages"
    for name in ("PyGObject-3.42.2.egg-info", "old_one-1.0-py3.11.egg-info", "Pillow-9.0.dist-info", "none.egg-info"):
        (site / name).mkdir(parents=True)
    (venv.path / "pyvenv.cfg").write_text(text)
    venv = replace(venv, interpreter=replace(venv.interpreter, base_sites=(str(tmp_path / "no"), str(site))))
    wanted = ("pygobject>=3", "old-one==1.0", "pillow")
    assert unmet(venv, *wanted) == (() if seen else wanted)
    assert unmet(venv, "none", "attrs") == ("none",)


# Projects that are kept fresh in the same venv


SIBLINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "not there yet": (("Core_Lib>=2", "gone"), ("gone",)),
    "of another version": (("attrs>=99",), ()),
    "an extra of it that is met": (("coverage[toml]",), ()),
    "an extra of it that is not met": (("requests[socks]>=99",), ("pysocks",)),
    "an extra of it, not there yet": (("core-lib[all]",), ()),
    "required by others": (("looping[all]",), ("looping[all]",)),
}


@pytest.mark.parametrize(("requirements", "expected"), SIBLINGS.values(), ids=SIBLINGS)
def test_siblings_come_by_themselves(venv: Venv, requirements: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert unmet(venv, *requirements, siblings=("core-lib", "attrs", "coverage", "requests")) == expected
