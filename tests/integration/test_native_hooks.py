"""The shims as files: what stands where git looks for a hook, and who opted in."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from freshvenv.errors import FreshvenvError, UsageError
from freshvenv.hooks import native
from freshvenv.hooks.framework import names_our_hook
from freshvenv.hooks.native import HOOK_TYPES, Hook, HookState, find_hooks, opt_in, shim
from freshvenv.source.git import Repository, discover
from support import repository as demo
from support.world import World

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
        (tmp_path / name).chmod(0o755)
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
    assert not repository.is_opted_in()
    assert {name: content for name, content in hooks_in(repository).items() if name in before} == before


def test_hook_that_was_there_stays_where_ours_cannot_be_written(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    put(repository, {"post-checkout": FOREIGN})
    opt_in(repository)
    monkeypatch.setattr(native, "write_atomically", full)
    with pytest.raises(FreshvenvError, match=r"hooks cannot be installed: .*No space left"):
        native.install(repository)
    assert hooks_in(repository) == {"post-checkout": FOREIGN}


@pytest.mark.parametrize("again", [native.install, native.uninstall])
def test_install_that_was_killed_lost_no_hook(repository: Repository, again: Callable[[Repository], list[str]]) -> None:
    put(repository, {"post-checkout.before-freshvenv": FOREIGN})
    assert "post-checkout" in again(repository)
    where = "post-checkout.before-freshvenv" if again is native.install else "post-checkout"
    assert hooks_in(repository)[where] == FOREIGN
    assert (repository.hooks_directory() / where).stat().st_mode & 0o100


def test_shim_that_git_would_not_run_is_put_right(repository: Repository) -> None:
    native.install(repository)
    [hook, *_] = find_hooks(repository)
    hook.path.chmod(0o600)
    assert hook.state() is HookState.OUTDATED
    assert native.install(repository) == [hook.kind]
    assert os.access(hook.path, os.X_OK)


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


def test_what_is_set_for_all_clones_opts_none_in(
    world: World, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = world.plain / "everywhere"
    everywhere.write_text("[freshvenv]\n\tenabled = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(everywhere))
    assert repository.settings("freshvenv") == (("freshvenv.enabled", "true"),)
    assert not repository.is_opted_in()


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
