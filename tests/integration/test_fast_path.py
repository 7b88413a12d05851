"""The fast path of the shims: what is taken for done without Python, in whatever shell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from freshvenv.hooks import stamp
from freshvenv.hooks.native import HOOK_TYPES, shim
from freshvenv.source.git import Repository, discover
from support import repository as demo
from support.values import replace
from support.world import World

START = """import sys
try: import freshvenv.hook_entry as hook
except ImportError: sys.exit(f"freshvenv: {sys.executable} no longer has freshvenv (install it, then run freshvenv init)")
hook.main()"""
"""What the interpreter is given."""


@pytest.fixture
def repository(world: World) -> Repository:
    return discover(demo.create(world, world.root / "demo", branches={}).path)


WHEN = 1_700_000_000


@pytest.fixture
def fast(world: World, repository: Repository) -> Repository:
    """A clone whose recorded interpreter only notes that it was started, with a stamp that holds."""
    program = world.plain / "python"
    program.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(world.root))}/started\n')
    program.chmod(0o755)
    repository.shared_state.mkdir()
    (repository.shared_state / "python").write_text(f"{program}\n")
    (repository.top / "witness").touch()
    os.utime(repository.top / "witness", (WHEN, WHEN))
    write_stamp(repository)
    return repository


def write_stamp(
    repository: Repository, *, newer: tuple[str, ...] = ("witness",), absent: tuple[str, ...] = ("nothing",)
) -> bool:
    """Leave a stamp; whether the paths can be said in one."""
    head = repository.head()
    facts = stamp.facts(os.fspath(repository.top), head.commit, {".": head.tree}, newer, absent)
    if facts:
        stamp.write(stamp_of(repository), facts, WHEN * 1_000_000_000)
    else:
        stamp.remove(stamp_of(repository))
    return bool(facts)


def stamp_of(repository: Repository) -> Path:
    return repository.own_state / "stamp"


def empty(folder: Path) -> None:
    for fact in folder.iterdir():
        fact.unlink()


def be_a_file(folder: Path) -> None:
    stamp.remove(folder)
    folder.write_text("freshvenv 2\nend\n")


def lose(repository: Repository, pattern: str) -> None:
    """Lose a fact of the stamp."""
    [fact] = stamp_of(repository).glob(pattern)
    fact.unlink()


def fire(
    world: World,
    repository: Repository,
    kind: str = "post-checkout",
    *,
    shell: str = "/bin/sh",
    flag: str = "1",
    variables: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Run the shim as git does; whether it starts Python."""
    hook = world.root / kind
    hook.write_bytes(shim(kind).replace(b"#!/bin/sh", b"#!" + os.fsencode(shell), 1))
    hook.chmod(0o755)
    commit = repository.head().commit
    arguments = [commit, commit, flag] if kind == "post-checkout" else []
    # Where .git is a file, git tells its hooks where that leads.
    env = {"GIT_DIR": str(repository.git_dir)} if (repository.top / ".git").is_file() else {}
    done = world.run(hook, *arguments, cwd=repository.top, env={**env, **variables})
    assert (done.stdout, done.stderr) == ("", "")
    started = world.root / "started"
    if not started.exists():
        return False
    assert started.read_text() == " ".join(["-I -c", START, kind, *arguments]) + "\n"
    started.unlink()
    return True


@pytest.mark.parametrize("kind", HOOK_TYPES)
def test_stamp_that_holds_is_enough(world: World, fast: Repository, kind: str) -> None:
    assert not fire(world, fast, kind)


def amend(repository: Repository) -> None:
    (repository.top / "src/demo/left.py").write_text("NUMBER = 7\n")
    repository.ask("commit", "--quiet", "--all", "--message", "more")


Change = Callable[[Repository], object]

NEEDS_A_LOOK: dict[str, Change] = {
    "no stamp": lambda it: stamp.remove(stamp_of(it)),
    "stamp is empty": lambda it: empty(stamp_of(it)),
    "stamp without the witness": lambda it: lose(it, "newer%*"),
    "stamp without the place": lambda it: lose(it, "absent%*"),
    "stamp without the tree": lambda it: lose(it, "tree%*"),
    "stamp without the commit": lambda it: lose(it, "commit%*"),
    "stamp without its end": lambda it: lose(it, "end%*"),
    "stamp of another folder": lambda it: next(stamp_of(it).glob("top%*")).rename(stamp_of(it) / "top%%tmp"),
    "stamp with more than it should have": lambda it: (stamp_of(it) / "absent%more").touch(),
    "stamp with a word that is not known": lambda it: (stamp_of(it) / "newer%witness").rename(
        stamp_of(it) / "later%witness"
    ),
    "stamp is a file": lambda it: be_a_file(stamp_of(it)),
    "witness newer": lambda it: os.utime(it.top / "witness", (WHEN, WHEN + 1)),
    "witness gone": lambda it: (it.top / "witness").unlink(),
    "absent place is there": lambda it: (it.top / "nothing").mkdir(),
    "other tree": amend,
}


@pytest.mark.parametrize("kind", ["post-checkout", "post-merge"])
@pytest.mark.parametrize("change", NEEDS_A_LOOK.values(), ids=NEEDS_A_LOOK)
def test_python_is_started(world: World, fast: Repository, change: Change, kind: str) -> None:
    change(fast)
    assert fire(world, fast, kind)


def test_stamp_that_names_no_commit(world: World, fast: Repository) -> None:
    """A hook that is told no commit does not take none for the same."""
    stamp.write(stamp_of(fast), ("commit%", "end%1"), WHEN * 1_000_000_000)
    assert fire(world, fast, "post-merge")


def empty_commit(repository: Repository) -> None:
    repository.ask("commit", "--quiet", "--allow-empty", "--message", "more")


HARMLESS: dict[str, Change] = {
    "same tree in another commit": empty_commit,
    "other branch": lambda it: it.ask("switch", "--quiet", "--create", "other"),
    "uncommitted edits": lambda it: (it.top / "src/demo/left.py").write_text("NUMBER = 7\n"),
    "witness older": lambda it: os.utime(it.top / "witness", (WHEN, WHEN - 1)),
    "hidden file in the stamp": lambda it: (stamp_of(it) / ".nfs01").touch(),
    "folder of the stamp of another date": lambda it: os.utime(stamp_of(it), (0, 0)),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_python_is_not_started(world: World, fast: Repository, change: Change) -> None:
    change(fast)
    assert not fire(world, fast)


def git_calls(world: World, repository: Repository) -> int:
    """How often the shim asks git, with nothing to do for Python."""
    log = world.plain / "asked"
    log.write_text("")
    folder = world.plain / "watched"
    folder.mkdir(exist_ok=True)
    real = world.run("sh", "-c", "command -v git").stdout.strip()
    (folder / "git").write_text(f'#!/bin/sh\necho >>{shlex.quote(str(log))}\nexec "{real}" "$@"\n')
    (folder / "git").chmod(0o755)
    watched = replace(world, env={**world.env, "PATH": f"{folder}{os.pathsep}{world.env['PATH']}"})
    assert not fire(watched, repository)
    return len(log.read_text().splitlines())


def test_git_is_asked_once_for_each_commit(world: World, fast: Repository) -> None:
    assert git_calls(world, fast) == 0
    for _ in range(12):
        empty_commit(fast)
        assert [git_calls(world, fast), git_calls(world, fast)] == [1, 0]
    assert len((fast.own_state / "alike").read_text().splitlines()) <= 8


def test_what_git_said_of_a_commit_is_about_its_trees(world: World, fast: Repository) -> None:
    """Another stamp has other trees, and the commit is not taken for one that has them."""
    empty_commit(fast)
    assert git_calls(world, fast) == 1
    before = fast.head()
    amend(fast)
    write_stamp(fast)
    fast.ask("checkout", "--quiet", "--detach", before.commit)
    assert fire(world, fast)


@pytest.mark.parametrize("damage", ["x\n", "\0", "", "a b c\n" * 100], ids=["text", "null", "empty", "long"])
def test_damaged_note_of_what_git_said(world: World, fast: Repository, damage: str) -> None:
    empty_commit(fast)
    (fast.own_state / "alike").write_text(damage)
    assert [git_calls(world, fast), git_calls(world, fast)] == [1, 0]


def test_note_of_what_git_said_is_no_link(world: World, fast: Repository) -> None:
    (fast.own_state / "alike").symlink_to(world.root / "elsewhere")
    empty_commit(fast)
    assert git_calls(world, fast) == 1
    assert not (world.root / "elsewhere").exists()


ODD = [
    "a b",
    "a  b",
    "a\tb",
    " a",
    "vénv",
    "$HOME",
    "*",
    "back\\slash",
    "quo'te",
    'quo"te',
    "-n",
    "a\rb",
    "a\nb",
    "a\n",
    "a%b",
    "a/b/c d",
    "a/*",
    f"{'é' * 60}/{'é' * 70}",
    "!",
    "(",
    "=",
    "-a",
]


def make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.mark.parametrize("name", ODD)
def test_place_of_an_odd_name_that_appears_is_seen(world: World, fast: Repository, name: str) -> None:
    can_be_said = write_stamp(fast, absent=(name,))
    assert fire(world, fast) is not can_be_said
    make(fast.top / name)
    assert fire(world, fast)


@pytest.mark.parametrize("name", ODD)
def test_witness_of_an_odd_name_that_changes_is_seen(world: World, fast: Repository, name: str) -> None:
    make(fast.top / name)
    os.utime(fast.top / name, (WHEN, WHEN))
    can_be_said = write_stamp(fast, newer=(name,))
    assert fire(world, fast) is not can_be_said
    os.utime(fast.top / name, (WHEN, WHEN + 1))
    assert fire(world, fast)


@pytest.mark.parametrize("program", ["bash", "busybox", "dash", "mksh", "yash", "zsh"])
def test_whatever_shell_is_called_sh(world: World, fast: Repository, program: str) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program}")
    shell = world.plain / "sh"
    shell.symlink_to(found)
    for number, name in enumerate(ODD):
        witness, place = f"{name} {number}", f"other {number}/{name}"
        make(fast.top / witness)
        os.utime(fast.top / witness, (WHEN, WHEN))
        if not write_stamp(fast, newer=(witness,), absent=(place, f"{fast.top}/{place}")):
            continue
        for kind in ("post-checkout", "post-merge"):
            assert not fire(world, fast, kind, shell=str(shell)), (name, kind)
        make(fast.top / place)
        assert fire(world, fast, shell=str(shell)), name
        write_stamp(fast, newer=(witness,), absent=())
        os.utime(fast.top / witness, (WHEN, WHEN + 1))
        assert fire(world, fast, shell=str(shell)), name
    write_stamp(fast)
    empty_commit(fast)
    assert not fire(world, fast, shell=str(shell))
    lose(fast, "absent%*")
    assert fire(world, fast, shell=str(shell))
    stamp.remove(stamp_of(fast))
    assert fire(world, fast, shell=str(shell))


def test_witness_beside_the_working_tree_that_changes_is_seen(world: World, fast: Repository) -> None:
    for number, path in enumerate((world.plain / "a b", fast.top / ".." / "a b")):
        path.touch()
        os.utime(path, (WHEN, WHEN))
        assert write_stamp(fast, newer=(os.fspath(path) if number == 0 else "../a b",))
        assert not fire(world, fast)
        os.utime(path, (WHEN, WHEN + 1))
        assert fire(world, fast)


OWN = frozenset(re.findall(r"(?m)^ *([a-z_]+)=", shim("post-checkout").decode())) - {"git_dir"}
"""The variables of the script itself."""


@pytest.mark.parametrize("value", ["yes", "yesyes", ""])
def test_variables_of_the_same_names_are_nothing_to_it(world: World, fast: Repository, value: str) -> None:
    assert {"same", "trees", "stamp", "brings"} <= OWN
    variables = dict.fromkeys(OWN, value)
    assert not fire(world, fast, variables=variables)
    (fast.top / "src/demo/left.py").write_text("NUMBER = 7\n")
    assert fire(world, fast, flag="0", variables=variables)
    amend(fast)
    assert fire(world, fast, variables=variables)
    stamp.remove(stamp_of(fast))
    assert fire(world, fast, variables=variables)


@pytest.mark.parametrize(
    "options", [{"SHELLOPTS": "nounset"}, {"SHELLOPTS": "errexit"}, {"BASHOPTS": "failglob"}], ids=str
)
def test_options_that_the_shell_inherits(world: World, fast: Repository, options: dict[str, str]) -> None:
    """bash takes them from its environment. :func:`fire` sees to the exit status, and that nothing is printed."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    shell = world.plain / "sh"
    shell.symlink_to(bash)
    assert not fire(world, fast, shell=str(shell), variables=options)
    empty_commit(fast)
    assert not fire(world, fast, shell=str(shell), variables=options)
    (fast.top / "src/demo/left.py").write_text("NUMBER = 7\n")
    assert fire(world, fast, shell=str(shell), flag="0", variables=options)
    amend(fast)
    assert fire(world, fast, shell=str(shell), variables=options)
    stamp.remove(stamp_of(fast))
    assert fire(world, fast, shell=str(shell), variables=options)


@pytest.mark.parametrize("folder", ["my project", "a+b"])
def test_folder_whose_name_would_need_quoting(world: World, fast: Repository, folder: str) -> None:
    """Where the commit is the same, nothing has to be asked about it."""
    head = fast.head()
    facts = stamp.facts(os.fspath(fast.top), head.commit, {".": head.tree, folder: head.tree}, ["witness"], [])
    stamp.write(stamp_of(fast), facts, WHEN * 1_000_000_000)
    assert not fire(world, fast)
    assert fire(world, fast, "post-merge")


def test_clone_that_did_not_opt_in(world: World, fast: Repository) -> None:
    (fast.shared_state / "python").unlink()
    stamp.remove(stamp_of(fast))
    assert not fire(world, fast)


@pytest.mark.parametrize("wreck", ["", "/opt/gone/python\n", "/etc/passwd\n"], ids=["empty", "gone", "no program"])
def test_interpreter_that_cannot_be_started(world: World, fast: Repository, wreck: str) -> None:
    (fast.shared_state / "python").write_text(wreck)
    stamp.remove(stamp_of(fast))
    assert not fire(world, fast)
