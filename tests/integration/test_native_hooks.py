"""The shims as files: what stands where git looks for a hook, who opted in, and what the fast path takes for done."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.errors import FreshvenvError, UsageError
from freshvenv.hooks import native, stamp
from freshvenv.hooks.framework import names_our_hook
from freshvenv.hooks.native import HOOK_TYPES, Hook, HookState, find_hooks, opt_in, shim
from freshvenv.source.git import Repository, discover
from support import repository as demo
from support.values import replace
from support.world import World

START = """import sys
try: import freshvenv.hook_entry as hook
except ImportError: sys.exit(f"freshvenv: {sys.executable} has it no more (install it, then run freshvenv init)")
hook.main()"""
"""What the interpreter is given."""


FOREIGN = b"#!/bin/sh\nexit 0\n"
OUTDATED = b"#!/bin/sh\n# freshvenv: keeps virtual environments in step, as version 0.0.1 did\n"


@pytest.fixture
def repository(world: World) -> Repository:
    return discover(demo.create(world, world.root / "demo", branches={}).path)


# The text


@pytest.mark.parametrize("kind", HOOK_TYPES)
def test_one_text_for_every_type(kind: str) -> None:
    assert shim(kind) == shim("post-checkout")
    assert shim(kind).startswith(b"#!/bin/sh\n# freshvenv: keeps virtual environments in step")


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_text_is_understood_by(world: World, shell: str) -> None:
    if world.run("sh", "-c", f"command -v {shell}", check=False).returncode != 0:
        pytest.skip(f"there is no {shell}")
    world.run(shell, "-n", input=shim("post-checkout").decode())


# What stands where git looks

Files = dict[str, bytes]

STATES: dict[str, tuple[Files, HookState]] = {
    "nothing": ({}, HookState.ABSENT),
    "shim": ({"post-checkout": shim("post-checkout")}, HookState.INSTALLED),
    "shim of another version": ({"post-checkout": OUTDATED}, HookState.OUTDATED),
    "another hook": ({"post-checkout": FOREIGN}, HookState.FOREIGN),
    "another hook that speaks of us": ({"post-checkout": b"#!/bin/sh\nfreshvenv resync\n"}, HookState.FOREIGN),
    "empty file": ({"post-checkout": b""}, HookState.FOREIGN),
    "binary": ({"post-checkout": bytes(range(256))}, HookState.FOREIGN),
    "another hook that calls us": (
        {"post-checkout": FOREIGN, "post-checkout.legacy": shim("post-checkout")},
        HookState.BEHIND,
    ),
    "another hook that calls a third": ({"post-checkout": FOREIGN, "post-checkout.legacy": FOREIGN}, HookState.FOREIGN),
    "shim before another": (
        {"post-checkout": shim("post-checkout"), "post-checkout.before-freshvenv": FOREIGN},
        HookState.INSTALLED,
    ),
    "only what pre-commit renamed": ({"post-checkout.legacy": shim("post-checkout")}, HookState.ABSENT),
    "hook of another type": ({"post-merge": FOREIGN}, HookState.ABSENT),
    "sample": ({"post-checkout.sample": FOREIGN}, HookState.ABSENT),
}


@pytest.mark.parametrize(("files", "expected"), STATES.values(), ids=STATES)
def test_state(tmp_path: Path, files: Files, expected: HookState) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert Hook("post-checkout", tmp_path).state() is expected


def test_state_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "post-checkout").symlink_to("nowhere")
    assert Hook("post-checkout", tmp_path).state() is HookState.FOREIGN


def test_state_without_a_folder(tmp_path: Path) -> None:
    assert Hook("post-checkout", tmp_path / "nothing").state() is HookState.ABSENT


def test_hooks_are_where_git_looks(repository: Repository) -> None:
    assert [hook.path for hook in find_hooks(repository)] == [
        repository.common_dir / "hooks" / kind for kind in HOOK_TYPES
    ]


# Installing


def put(repository: Repository, files: Files) -> None:
    folder = repository.hooks_directory()
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o755)


def hooks_in(repository: Repository) -> Files:
    folder = repository.hooks_directory()
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.is_dir() else {}


@pytest.mark.parametrize(("files", "state"), STATES.values(), ids=STATES)
def test_installed_whatever_was_there(repository: Repository, files: Files, state: HookState) -> None:
    put(repository, files)
    changed = native.install(repository)
    assert ("post-checkout" in changed) is (state not in {HookState.INSTALLED, HookState.BEHIND})
    [hook] = [hook for hook in find_hooks(repository) if hook.kind == "post-checkout"]
    assert hook.state() in {HookState.INSTALLED, HookState.BEHIND}
    if state is HookState.FOREIGN:
        assert hook.foreign.read_bytes() == files["post-checkout"]
    assert native.install(repository) == []


@pytest.mark.parametrize(("files", "state"), STATES.values(), ids=STATES)
def test_uninstalled_as_it_was(repository: Repository, files: Files, state: HookState) -> None:
    put(repository, files)
    native.install(repository)
    native.uninstall(repository)
    own = {shim("post-checkout"), OUTDATED}
    expected = {name: content for name, content in files.items() if content not in own}
    if "post-checkout.before-freshvenv" in expected:
        expected["post-checkout"] = expected.pop("post-checkout.before-freshvenv")
    assert hooks_in(repository) == expected
    assert not repository.shared_state.exists()
    assert not repository.is_opted_in()


def test_installed_hooks_can_be_run(repository: Repository) -> None:
    old = os.umask(0o027)
    try:
        native.install(repository)
    finally:
        os.umask(old)
    for hook in find_hooks(repository):
        assert hook.path.stat().st_mode & 0o777 == 0o750


def test_two_hooks_in_the_way(repository: Repository) -> None:
    """A foreign hook, and one that an earlier install moved away: neither is lost."""
    put(repository, {"post-checkout": FOREIGN, "post-checkout.before-freshvenv": b"#!/bin/sh\nexit 1\n"})
    before = hooks_in(repository)
    with pytest.raises(FreshvenvError, match="is in the way") as caught:
        native.install(repository)
    assert caught.value.hint == "remove it or give it another name"
    assert {name: content for name, content in hooks_in(repository).items() if name in before} == before


def test_hooks_directory_that_is_a_file(repository: Repository) -> None:
    (repository.common_dir / "hooks").write_text("x")
    with pytest.raises(FreshvenvError, match="hooks cannot be installed"):
        native.install(repository)


# Opting in

OPTED_IN = {
    "true": (["true"], True),
    "yes": (["Yes"], True),
    "on": (["on"], True),
    "a number": (["2"], True),
    "zero": (["0"], False),
    "false": (["false"], False),
    "empty": ([""], False),
    "something": (["perhaps"], False),
    "nothing": ([], False),
    "the last one counts": (["true", "false"], False),
}


@pytest.mark.parametrize(("values", "expected"), OPTED_IN.values(), ids=OPTED_IN)
def test_is_opted_in(repository: Repository, values: list[str], expected: bool) -> None:
    for value in values:
        repository.ask("config", "--add", "freshvenv.enabled", value)
    assert repository.is_opted_in() is expected


def test_opting_in(repository: Repository) -> None:
    opt_in(repository)
    note = repository.shared_state / "python"
    assert repository.is_opted_in()
    assert note.read_text() == f"{sys.executable}\n"
    before = note.stat().st_ino
    opt_in(repository)
    assert note.stat().st_ino == before
    assert repository.ask("config", "--get-all", "freshvenv.enabled") == "true"


def test_opting_in_again_after_opting_out(repository: Repository) -> None:
    repository.set_local("freshvenv.enabled", "false")
    opt_in(repository)
    assert repository.is_opted_in()


UNFIT = {"bare": "-I does not find freshvenv", "two\nlines": "has a line end in its path"}


@pytest.mark.parametrize(("name", "message"), UNFIT.items(), ids=UNFIT)
def test_opting_in_with_an_interpreter_that_is_unfit(
    world: World, repository: Repository, name: str, message: str
) -> None:
    venv = demo.make_venv(world, world.plain / name)
    [site] = [path for path in map(Path, sys.path) if (path / "click").is_dir()]
    code = "import sys; sys.path += sys.argv[1:]; from pathlib import Path; from freshvenv.hooks.native import opt_in; "
    code += "from freshvenv.source.git import discover; opt_in(discover(Path.cwd()))"
    source = Path(native.__file__).parents[2]
    done = world.run(venv / "bin" / "python", "-c", code, site, source, cwd=repository.top, check=False)
    assert f"{UsageError.__name__}: {venv}/bin/python {message}" in done.stderr
    assert not repository.is_opted_in()


# The fast path

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
    facts = stamp.facts(head.commit, {".": head.tree}, newer, absent)
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


def fire(world: World, repository: Repository, kind: str = "post-checkout") -> bool:
    """Run the shim as git does; whether it starts Python."""
    hook = world.root / kind
    hook.write_bytes(shim(kind))
    hook.chmod(0o755)
    commit = repository.head().commit
    arguments = [commit, commit, "1"] if kind == "post-checkout" else []
    # Where .git is a file, git tells its hooks where that leads.
    env = {"GIT_DIR": str(repository.git_dir)} if (repository.top / ".git").is_file() else {}
    done = world.run(hook, *arguments, cwd=repository.top, env=env)
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


def test_witness_beside_the_work_tree_that_changes_is_seen(world: World, fast: Repository) -> None:
    for number, path in enumerate((world.plain / "a b", fast.top / ".." / "a b")):
        path.touch()
        os.utime(path, (WHEN, WHEN))
        assert write_stamp(fast, newer=(os.fspath(path) if number == 0 else "../a b",))
        assert not fire(world, fast)
        os.utime(path, (WHEN, WHEN + 1))
        assert fire(world, fast)


def test_clone_that_did_not_opt_in(world: World, fast: Repository) -> None:
    (fast.shared_state / "python").unlink()
    stamp.remove(stamp_of(fast))
    assert not fire(world, fast)


@pytest.mark.parametrize("wreck", ["", "/opt/gone/python\n", "/etc/passwd\n"], ids=["empty", "gone", "no program"])
def test_interpreter_that_cannot_be_started(world: World, fast: Repository, wreck: str) -> None:
    (fast.shared_state / "python").write_text(wreck)
    stamp.remove(stamp_of(fast))
    assert not fire(world, fast)


# Other hook managers

CONFIGURED = {
    "by its id": "repos:\n- repo: x\n  hooks:\n  - id: freshvenv\n",
    "quoted": "repos:\n- repo: x\n  hooks:\n  - id: 'freshvenv'\n",
    "in one line": "repos: [{repo: x, hooks: [{id: ruff},\n {id: freshvenv}]}]\n",
    "in a flow mapping with more keys": "  - {id: freshvenv, stages: [post-checkout]}\n",
    "with a comment": "  - id: freshvenv  # in step\n",
    "not the first key": "  - stages: [post-checkout]\n    id: freshvenv\n",
}
NOT_CONFIGURED = {
    "other hooks": "repos:\n- repo: x\n  hooks:\n  - id: ruff\n",
    "only the check": "  - id: freshvenv-check\n",
    "in a comment": "  # - id: freshvenv\n",
    "only the address": "- repo: https://example.com/freshvenv\n  hooks: []\n",
    "empty": "",
}


@pytest.mark.parametrize("text", CONFIGURED.values(), ids=CONFIGURED)
def test_names_our_hook(tmp_path: Path, text: str) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(text)
    assert names_our_hook(tmp_path)


@pytest.mark.parametrize("text", NOT_CONFIGURED.values(), ids=NOT_CONFIGURED)
def test_does_not_name_our_hook(tmp_path: Path, text: str) -> None:
    (tmp_path / ".pre-commit-config.yaml").write_text(text)
    assert not names_our_hook(tmp_path)


PREK = {
    "a table each": '[[repos.hooks]]\nid = "freshvenv"\n',
    "a line each": '[[repos]]\nrepo = "x"\nhooks = [\n  { id = "freshvenv" },\n]\n',
    "one line": '[[repos]]\nrepo = "x"\nhooks = [{ id = "ruff" }, { id = "freshvenv" }]\n',
}


@pytest.mark.parametrize("text", PREK.values(), ids=PREK)
def test_prek_has_its_own_form(tmp_path: Path, text: str) -> None:
    (tmp_path / "prek.toml").write_text(text)
    assert names_our_hook(tmp_path)
    (tmp_path / "prek.toml").write_text(text.replace("freshvenv", "freshvenv-check"))
    assert not names_our_hook(tmp_path)


def test_no_configuration(tmp_path: Path) -> None:
    assert not names_our_hook(tmp_path)
