"""What interpreters say of themselves: right for every version, asked once, and asked again when they change."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from freshvenv.errors import VenvError
from freshvenv.interpreter import inspect_interpreter
from support.interpreters import available, interpreters
from support.repository import make_venv
from support.world import World

VERSIONS = {version: interpreters()[version] for version in available("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")}

_ASK = """
import json, platform, sysconfig
paths = sysconfig.get_paths()
print(json.dumps([paths["purelib"], paths["platlib"], paths["scripts"], platform.python_version(),
                  sysconfig.get_config_var("SOABI")]))
"""


@pytest.mark.parametrize("python", VERSIONS.values(), ids=VERSIONS)
def test_says_what_a_venv_of_it_says(world: World, python: Path) -> None:
    venv = make_venv(world, world.root / "venv", str(python))
    found = inspect_interpreter(venv / "bin" / "python", world.root / "interpreters")
    said = json.loads(world.run(venv / "bin" / "python", "-I", "-c", _ASK).stdout)
    placed = [str(venv / path) for path in (found.purelib, found.platlib, found.scripts)]
    assert [*placed, found.version, found.abi] == said
    assert found.name == "cpython"
    assert found.identity == f"cpython {found.version} {found.abi}"
    minor = ".".join(found.version.split(".")[:2])
    assert found.abi_tag == f"cpython-{minor}-{found.abi}"
    assert found.headers == f"include/site/python{minor}"
    assert "/" not in found.abi_tag


@pytest.mark.parametrize("python", VERSIONS.values(), ids=VERSIONS)
def test_markers(world: World, python: Path) -> None:
    """What ``packaging`` of that interpreter would say, which is what pip goes by."""
    found = inspect_interpreter(python, world.root / "interpreters")
    assert found.markers["python_full_version"] == found.version
    assert found.markers["python_version"] == ".".join(found.version.split(".")[:2])
    assert found.markers["implementation_version"] == found.version
    assert found.markers["sys_platform"] == sys.platform
    assert found.markers["platform_python_implementation"] == "CPython"
    assert set(found.markers) == {
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    }


def test_machines_are_told_apart(world: World) -> None:
    """An x86-64 Python runs beside an arm64 one on the same Mac, and both call their ABI the same."""
    found = inspect_interpreter(Path(sys.executable), world.root / "interpreters")
    intel, arm = (
        found._replace(abi="cpython-311-darwin", markers={**found.markers, "platform_machine": machine})
        for machine in ("x86_64", "arm64")
    )
    assert arm.abi_tag.endswith("-cpython-311-darwin-arm64")
    assert arm.abi_tag != intel.abi_tag
    assert arm.identity != intel.identity


def test_venvs_of_one_interpreter_are_alike(world: World) -> None:
    interpreters = world.root / "interpreters"
    found = [
        inspect_interpreter(make_venv(world, world.root / name) / "bin" / "python", interpreters)
        for name in ("one", "two")
    ]
    assert found[0] == found[1]
    assert len(list(interpreters.iterdir())) == 1


@pytest.mark.parametrize("python", VERSIONS.values(), ids=VERSIONS)
def test_says_where_the_base_has_its_distributions(world: World, python: Path) -> None:
    """What a venv that sees them has on its path beyond its own."""
    path = world.root / "venv"
    world.run(python, "-m", "venv", "--without-pip", "--system-site-packages", path)
    shown = world.run(path / "bin" / "python", "-I", "-c", "import json, sys; print(json.dumps(sys.path))").stdout
    found = inspect_interpreter(path / "bin" / "python", world.root / "interpreters")
    sites = {word for word in json.loads(shown) if word.endswith("-packages")}
    assert {site for site in found.base_sites if Path(site).is_dir()} == {
        site for site in sites if not site.startswith(str(path))
    }
    assert found.base_sites


COUNTING = """#!/bin/sh
echo x >> '{count}'
exec '{python}' "$@"
"""


@pytest.fixture
def counting(tmp_path: Path) -> tuple[Path, Path]:
    """An interpreter that notes how often it is started, and the note."""
    program, count = tmp_path / "python", tmp_path / "count"
    program.write_text(COUNTING.format(count=count, python=sys.executable))
    program.chmod(0o755)
    count.touch()
    return program, count


def test_asked_once(tmp_path: Path, counting: tuple[Path, Path]) -> None:
    program, count = counting
    first = inspect_interpreter(program, tmp_path / "interpreters")
    assert inspect_interpreter(program, tmp_path / "interpreters") == first
    assert count.read_text() == "x\n"


def test_asked_again_when_it_changed(tmp_path: Path, counting: tuple[Path, Path]) -> None:
    program, count = counting
    inspect_interpreter(program, tmp_path / "interpreters")
    program.write_text(program.read_text() + "\n")
    inspect_interpreter(program, tmp_path / "interpreters")
    assert count.read_text() == "x\nx\n"


_OLDER = {
    **dict.fromkeys(("executable", "name", "version", "abi", "purelib", "platlib", "scripts", "headers"), "x"),
    "markers": {},
}

DAMAGES = {
    "empty": b"",
    "cut off": b'{"executable": "/usr',
    "a list": b"[]",
    "a text": b'"x"',
    "what an older version asked": json.dumps(_OLDER).encode(),
    "base sites are a text": json.dumps({**_OLDER, "base_sites": "/usr"}).encode(),
    "base site is a number": json.dumps({**_OLDER, "base_sites": [1]}).encode(),
    "other fields": b'{"executable": "/usr/bin/python3"}',
    "zeros": bytes(20),
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_damaged_memory_is_asked_anew(tmp_path: Path, counting: tuple[Path, Path], content: bytes) -> None:
    program, count = counting
    interpreters = tmp_path / "interpreters"
    first = inspect_interpreter(program, interpreters)
    [remembered] = interpreters.iterdir()
    remembered.write_bytes(content)
    assert inspect_interpreter(program, interpreters) == first
    assert inspect_interpreter(program, interpreters) == first
    assert count.read_text() == "x\nx\n"


def test_memory_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    (tmp_path / "interpreters").touch()
    assert inspect_interpreter(Path(sys.executable), tmp_path / "interpreters").name == "cpython"


def test_environment_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor has a module of the tree that happens to have the name of one of the standard library."""
    before = inspect_interpreter(Path(sys.executable), tmp_path / "one")
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONHOME", str(tmp_path))
    assert inspect_interpreter(Path(sys.executable), tmp_path / "two") == before


def test_gone(tmp_path: Path) -> None:
    with pytest.raises(VenvError, match=r"its interpreter .*python is gone"):
        inspect_interpreter(tmp_path / "python", tmp_path / "interpreters")


def test_does_not_run(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'no libpython' >&2; exit 1\n")
    program.chmod(0o755)
    with pytest.raises(VenvError, match=r"does not run: no libpython"):
        inspect_interpreter(program, tmp_path / "interpreters")
    assert not (tmp_path / "interpreters").exists()
