"""``freshvenv run``: a command never runs against code that is not there any more."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from support.repository import Repository, create, make_venv
from support.world import TOOLS, World

pytestmark = [
    pytest.mark.unpoisoned("the command gets the environment as it is"),
    pytest.mark.one_line("a voucher is of lines, and not left there"),
]

ASK = ("python", "-c", "import demo.value; print(demo.value.value())")


@pytest.fixture
def repository(world: World) -> Repository:
    """A checkout with one venv that holds it, and no hooks."""
    made = create(world, world.root / "demo", branches={"topic": (("left", 2),)})
    make_venv(world, made.venv)
    made.freshvenv("init", "--hooks", "none")
    return made


def run(
    repository: Repository, *words: str, cwd: str = ".", check: bool = True, **env: str
) -> subprocess.CompletedProcess[str]:
    return repository.world.run(
        TOOLS / "freshvenv", "run", *words, cwd=repository.path / cwd, check=check, env={"PYTHONPATH": "", **env}
    )


def answer(repository: Repository, *words: str, cwd: str = ".") -> int:
    return int(run(repository, *words, "--", *ASK, cwd=cwd).stdout)


def modules(repository: Repository) -> set[str]:
    """What is loaded until the command takes over; a console script of an old installer would load more."""
    enter = "from freshvenv.__main__ import main; main()"
    words = (TOOLS / "python", "-X", "importtime", "-I", "-c", enter, "run", "--", "true")
    done = repository.world.run(*words, cwd=repository.path)
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_fresh(repository: Repository) -> None:
    done = run(repository, "--", *ASK)
    assert (done.stdout, done.stderr) == ("11\n", "")


def test_after_a_switch(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    done = run(repository, *ASK)
    assert done.stdout == "21\n"
    assert done.stderr.startswith("freshvenv: .venv: reinstalled demo 1.0 (tree ")
    assert run(repository, *ASK).stderr == ""


def test_after_what_no_hook_sees(repository: Repository) -> None:
    repository.git("reset", "--quiet", "--hard", "topic")
    assert answer(repository) == 21


def test_edits_are_included(repository: Repository) -> None:
    for number in (5, 6, 5):
        repository.edit("right", number)
        assert answer(repository) == 10 + number
    repository.write("src/demo/right.py", "NUMBER = 7\n")
    repository.git("add", "--all")
    assert answer(repository) == 17
    repository.git("checkout", "--quiet", "HEAD", "--", ".")
    assert answer(repository) == 11


def test_untracked_and_removed_files(repository: Repository) -> None:
    ask = ("python", "-c", "import demo.more; print(demo.more.__name__)")
    repository.write("src/demo/more.py", "")
    assert run(repository, *ask).stdout == "demo.more\n"
    (repository.path / "src/demo/more.py").unlink()
    assert "No module named 'demo.more'" in run(repository, *ask, check=False).stderr


def test_edit_that_keeps_size_and_time(repository: Repository) -> None:
    path = repository.path / repository.edit("right", 5)
    assert answer(repository) == 15
    status = path.stat()
    repository.edit("right", 6)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert answer(repository) == 16


LIGHT = ("subprocess", "pathlib", "json", "re", "hashlib", "click", "git", "build", "dataclasses", "freshvenv.sync")


def test_loads_next_to_nothing_when_fresh(repository: Repository) -> None:
    assert answer(repository) == 11
    assert not modules(repository) & set(LIGHT)


def test_loads_next_to_nothing_when_edits_are_installed(repository: Repository) -> None:
    repository.edit("right", 5)
    assert answer(repository) == 15
    assert not modules(repository) & set(LIGHT)
    repository.edit("right", 6)
    assert "freshvenv.sync" in modules(repository)


def reinstall(repository: Repository) -> None:
    repository.world.run(
        TOOLS / "uv", "pip", "install", "--quiet", "--no-deps", "--python", repository.venv / "bin" / "python", ".",
        cwd=repository.path,
    )  # fmt: skip


def spoil(repository: Repository) -> None:
    file = next(repository.venv.glob("lib/*/site-packages/demo-1.0.dist-info/RECORD"))
    file.write_text(file.read_text() + "x,,\n")


def drop_receipt(repository: Repository) -> None:
    for file in (repository.venv / ".freshvenv").glob("*.receipt.json"):
        file.unlink()


def cut_voucher(repository: Repository) -> None:
    file = repository.venv / ".freshvenv" / "voucher"
    file.write_text(file.read_text().removesuffix("end\n"))


def spoil_voucher(repository: Repository) -> None:
    (repository.venv / ".freshvenv" / "voucher").write_bytes(b"\xff\0")


def set_option(repository: Repository) -> None:
    repository.git("config", "freshvenv.on-stale", "warn")


NOT_VOUCHED = {
    "reinstalled by another": reinstall,
    "RECORD changed": spoil,
    "no receipt": drop_receipt,
    "voucher cut": cut_voucher,
    "voucher damaged": spoil_voucher,
    "settings changed": set_option,
}


@pytest.mark.parametrize("change", NOT_VOUCHED.values(), ids=NOT_VOUCHED)
def test_looks_again(repository: Repository, change: object) -> None:
    assert answer(repository) == 11
    assert callable(change)
    change(repository)
    assert "freshvenv.sync" in modules(repository)
    assert answer(repository) == 11


def test_venv_that_is_named(repository: Repository, world: World) -> None:
    other = make_venv(world, repository.path / "other")
    for words in (("--venv", "other"), ("--venv=other",)):
        assert answer(repository, *words) == 11
    shown = run(repository, "--venv", "other", "--", "python", "-c", "import sys; print(sys.prefix)").stdout
    assert shown == f"{other}\n"


def test_venv_that_is_not_usual(repository: Repository) -> None:
    """The only one there is, by the settings."""
    shutil.rmtree(repository.venv)
    repository.git("config", "--add", "freshvenv.venvs", "envs/dev")
    make_venv(repository.world, repository.path / "envs" / "dev")
    repository.write(
        "pyproject.toml", (repository.path / "pyproject.toml").read_text().replace('venvs = [".venv"]', "")
    )
    assert answer(repository) == 11


def test_several_venvs_and_none_usual(repository: Repository) -> None:
    shutil.rmtree(repository.venv)
    text = (repository.path / "pyproject.toml").read_text()
    repository.write("pyproject.toml", text.replace('venvs = [".venv"]', 'venvs = ["one", "two"]'))
    for name in ("one", "two"):
        make_venv(repository.world, repository.path / name)
    done = run(repository, "--", *ASK, check=False)
    assert done.returncode == 2
    assert done.stderr == "freshvenv: which venv is not clear (there is one, two) (name one: --venv VENV)\n"


def test_from_a_folder_below(repository: Repository) -> None:
    repository.git("switch", "--quiet", "topic")
    for _ in range(2):
        assert answer(repository, cwd="src/demo") == 21


def test_environment_of_the_command(repository: Repository) -> None:
    code = "import os; print(os.environ['VIRTUAL_ENV'], os.environ['PATH'].split(':')[0], os.environ.get('UV_PYTHON'))"
    done = run(repository, "python", "-c", f"{code}; print('FRESHVENV_ACTIVE' in os.environ)", UV_PYTHON="3.9")
    assert done.stdout == f"{repository.venv} {repository.venv / 'bin'} 3.9\nFalse\n"


def test_arguments_are_handed_on(repository: Repository) -> None:
    words = ("-c", "import sys; print(sys.argv[1:])", "--venv", "--help", "a b", "", "--", "$HOME", "\n")
    assert run(repository, "python", *words).stdout == f"{list(words[2:])}\n"


def test_status_of_the_command(repository: Repository) -> None:
    assert run(repository, "python", "-c", "raise SystemExit(7)", check=False).returncode == 7


def test_command_takes_the_place_of_the_process(repository: Repository) -> None:
    process = subprocess.Popen(
        [TOOLS / "freshvenv", "run", "python", "-c", "import os; print(os.getpid(), flush=True); os.kill(os.getpid(), 9)"],
        cwd=repository.path, env=dict(repository.world.env), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    printed, _ = process.communicate(timeout=60)
    assert int(printed) == process.pid
    assert process.returncode == -signal.SIGKILL


def test_command_is_ended_by_a_pipe_that_nobody_reads(repository: Repository) -> None:
    """Python ignores SIGPIPE, and a program that takes its place would, too."""
    for _ in range(2):
        done = run(repository, "sh", "-c", "yes | head -n 1")
        assert done.stdout == "y\n"
        assert "yes:" not in done.stderr


def test_fault_of_the_disk(repository: Repository) -> None:
    repository.edit("right", 5)
    state = repository.common_dir / "freshvenv"
    # A linked worktree has had no need of what it shares.
    state.mkdir(exist_ok=True)
    (state / "objects").write_text("in the way")
    done = run(repository, *ASK, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("freshvenv: File exists: ")
    assert line.endswith("(run freshvenv resync once that is fixed)")


def test_from_a_folder_that_is_gone(repository: Repository) -> None:
    words = f"mkdir gone && cd gone && rmdir ../gone && exec {TOOLS / 'freshvenv'} run true"
    done = repository.world.run("sh", "-c", words, cwd=repository.path, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("freshvenv: No such file or directory")
    assert "Traceback" not in done.stderr


def test_no_such_command(repository: Repository) -> None:
    done = run(repository, "no-such-program", check=False)
    assert (done.returncode, done.stderr) == (127, "freshvenv: 'no-such-program': No such file or directory\n")


def test_command_without_a_name(repository: Repository) -> None:
    done = run(repository, "", check=False)
    assert done.returncode == 127
    assert done.stderr == "freshvenv: '': execve: argv first element cannot be empty\n"


def test_command_that_may_not_be_run(repository: Repository) -> None:
    repository.write("plain", "")
    answer(repository)
    done = run(repository, "./plain", check=False)
    assert (done.returncode, done.stderr) == (126, "freshvenv: './plain': Permission denied\n")


def test_build_that_fails(repository: Repository) -> None:
    """The command is not run, whatever is installed."""
    backend = repository.path / "backend" / "in_tree.py"
    backend.write_text(backend.read_text() + "\nraise ValueError('no way')\n")
    done = run(repository, "touch", "ran", check=False)
    assert done.returncode == 1
    assert "no way" in done.stderr
    assert done.stderr.endswith("does not hold the working tree, so the command was not run\n")
    assert not (repository.path / "ran").exists()


def test_stranger_s_commit_is_not_built(repository: Repository, world: World) -> None:
    """Programs call it, unasked: it is no consent."""
    other = create(world, world.root / "fork", branches={})
    other.edit("left", 9)
    other.commit("strange")
    repository.git("fetch", "--quiet", str(other.path), "main")
    repository.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    done = run(repository, *ASK, check=False)
    assert done.returncode == 1
    assert "freshvenv: nothing was installed: " in done.stderr
    repository.git("switch", "--quiet", "main")
    assert answer(repository) == 11


def test_not_a_repository(world: World) -> None:
    (world.root / "empty").mkdir()
    done = world.run(TOOLS / "freshvenv", "run", "true", cwd=world.root / "empty", check=False)
    assert done.returncode == 2
    assert "is not in a git repository" in done.stderr


@pytest.mark.parametrize("words", [(), ("--",), ("--venv",), ("--nonsense", "x"), ("--venv", "a")])
def test_wrong_words(repository: Repository, words: tuple[str, ...]) -> None:
    done = run(repository, *words, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(("Usage: freshvenv run", "Error: "))


def test_help(repository: Repository) -> None:
    assert "become COMMAND" in run(repository, "--help").stdout


def test_on_stale_does_not_keep_it_back(repository: Repository) -> None:
    """What hooks are told to do is no answer to a command that asks."""
    repository.git("config", "freshvenv.on-stale", "off")
    repository.git("switch", "--quiet", "topic")
    assert answer(repository) == 21


def test_another_worktree_with_the_same_venv(repository: Repository) -> None:
    """A voucher is for one working tree."""
    linked = repository.path.parent / "linked"
    repository.git("worktree", "add", "--quiet", str(linked), "topic")
    assert answer(repository) == 11
    done = repository.world.run(
        TOOLS / "freshvenv", "run", "--venv", repository.venv, "--", *ASK, cwd=linked, check=False
    )
    assert done.returncode == 1
    assert "installed from" in done.stderr
    assert Path(repository.venv / ".freshvenv").exists()
