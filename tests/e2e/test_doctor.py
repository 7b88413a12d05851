"""What ``freshvenv doctor`` finds in a real clone, one thing a row, and that it finds nothing where nothing is."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from support.repository import Repository, create, make_venv
from support.world import World

pytestmark = pytest.mark.unpoisoned("the doctor says so")


@dataclass(frozen=True)
class Case:
    """Steps that make a clone ill, and what the doctor says of it; ``harmless`` leaves the exit status at 0."""

    steps: str
    says: str
    harmless: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)


ILL = {
    "not opted in": Case("git config --unset freshvenv.enabled", "not opted in"),
    "switched off": Case("true", "FRESHVENV=off", environment={"FRESHVENV": "off"}),
    "GIT_DIR": Case("true", "GIT_DIR is set", environment={"GIT_DIR": "/nowhere"}),
    "no hook": Case("rm .git/hooks/post-merge", "post-merge is not installed"),
    "another hook": Case("echo true >.git/hooks/post-merge", "post-merge is another one"),
    "an old hook": Case("echo '# x' >>.git/hooks/post-merge", "post-merge was installed by another version"),
    "not executable": Case("chmod -x .git/hooks/post-merge", "post-merge cannot be executed"),
    "hooks in the working tree": Case("git config core.hooksPath .husky", "leads into the working tree"),
    "hooks elsewhere": Case("mv .git/hooks ../hooks && git config core.hooksPath ../hooks", "may share", harmless=True),
    "no interpreter": Case("rm .git/freshvenv/python", "no interpreter is recorded"),
    "interpreter gone": Case("echo /gone/python >.git/freshvenv/python", "interpreter of the hooks is gone: /gone"),
    "interpreter without freshvenv": Case(
        "echo $PWD/.venv/bin/python >.git/freshvenv/python", "no longer finds freshvenv"
    ),
    "interpreter that comes with the tree": Case(
        'printf "#!/bin/sh" >python; chmod +x python; git add python; git commit -qm x;'
        " echo $PWD/python >.git/freshvenv/python",
        "comes with the tree",
    ),
    "a file for a cache": Case(
        "touch ../file", "cache folder cannot be written", environment={"XDG_CACHE_HOME": "../file"}
    ),
    "trust everything": Case("git config freshvenv.trust always", "freshvenv.trust is always"),
    "trust nothing": Case("git config freshvenv.trust never", "trust is never, so hooks install nothing"),
    "trust nonsense": Case("git config freshvenv.trust alway", "freshvenv.trust is alway"),
    "no reflogs": Case("git config core.logAllRefUpdates false", "core.logAllRefUpdates is off"),
    "another URL": Case(
        "git remote add origin a; git config freshvenv.origin.pinned b", "the URL of origin was b and is a"
    ),
    "a broken ledger": Case("echo x >.git/freshvenv/ledger", "ledger of approved commits is not believed"),
    "everybody's repositories": Case("git config safe.directory '*'", "safe.directory is *"),
    "a venv of another checkout": Case(
        "mkdir ../other; for each in .venv/lib/*/site-packages/demo-*/direct_url.json; do"
        """ printf '{"url": "file://%s", "dir_info": {}}' "$(cd ../other; pwd)" >$each; done""",
        ".venv is foreign",
    ),
    "a stranger's commit": Case(
        "git commit -q --allow-empty -m x; git reflog expire --expire=now --all", "HEAD is not trusted", harmless=True
    ),
}


@pytest.fixture
def repository(world: World) -> Repository:
    repository = create(world, world.root / "demo", branches={})
    make_venv(world, repository.venv)
    repository.freshvenv("init")
    return repository


def test_finds_nothing_in_a_healthy_clone(repository: Repository) -> None:
    done = repository.freshvenv("doctor")
    assert done.stdout == "freshvenv: the hooks can run, and nothing makes them unsafe\n"


PLACES = {
    "interpreter without freshvenv": pytest.mark.one_line("the interpreter's path is a line"),
    "interpreter that comes with the tree": pytest.mark.one_line("the interpreter's path is a line"),
    "a venv of another checkout": pytest.mark.ordinary_place("a URL is written by hand"),
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name, marks=PLACES.get(name, ())) for name, case in ILL.items()]
)
def test_finds(repository: Repository, case: Case) -> None:
    world = repository.world
    steps = case.steps.replace(" .git/", f" {shlex.quote(str(repository.common_dir))}/")
    steps = steps.replace(">.git/", f">{shlex.quote(str(repository.common_dir))}/")
    world.run("sh", "-ec", steps, cwd=repository.path)
    environment = {
        name: str(repository.path / value) if value.startswith("../") else value
        for name, value in case.environment.items()
    }
    done = repository.with_environment(**environment).freshvenv("doctor", check=False)
    found = [line for line in done.stdout.splitlines() if case.says in line]
    assert len(found) == 1, done.stdout
    assert found[0].startswith("freshvenv: note: ") == case.harmless
    assert done.returncode == (0 if case.harmless else 1), done.stdout
    assert "Traceback" not in done.stderr, shlex.quote(case.steps)


def test_neither_uv_nor_the_interpreter_is_there(repository: Repository) -> None:
    """What was found before is said all the same."""
    (repository.common_dir / "freshvenv" / "python").write_text("/gone/python\n")
    program = (
        "import sys; from freshvenv import cli, doctor; doctor.find_uv = lambda: None; sys.exit(cli.main(['doctor']))"
    )
    done = repository.world.run(sys.executable, "-c", program, cwd=repository.path, check=False)
    assert done.returncode == 1
    assert "interpreter of the hooks is gone: /gone/python" in done.stdout
    assert "neither uv nor pip was found" in done.stdout


@pytest.mark.parametrize(("version", "found"), [("0.8.13", True), ("0.8.14 (x 2025-08-28)", False), ("1.0", False)])
def test_uv_that_cannot_install_what_is_locked(repository: Repository, version: str, *, found: bool) -> None:
    tools = repository.world.root / "tools"
    tools.mkdir()
    (tools / "uv").write_text(f"#!/bin/sh\necho 'uv {version}'\n")
    (tools / "uv").chmod(0o755)
    older = repository.with_environment(PATH=f"{tools}{os.pathsep}{repository.world.env['PATH']}")
    assert "uv.lock" not in older.freshvenv("doctor").stdout
    repository.write("uv.lock", "version = 1\n")
    assert ("is too old to install what uv.lock says" in older.freshvenv("doctor").stdout) is found
