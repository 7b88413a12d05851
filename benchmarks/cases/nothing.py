"""P1 and P2: nothing has to be done."""

from __future__ import annotations

import itertools
import json
import shlex
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.checkout import Checkout
from benchmarks.histories import MAIN, History, one_module
from benchmarks.measure import Command, Contender, Experiment
from benchmarks.world import FailedError, World


def native_hook(bench: Bench) -> Iterator[Experiment]:
    """P1: git checkout with the native hook, against the same checkout without one."""
    # Two empty commits, and none of them is the one that was there when the venv was installed: the hook knows that one
    # by its name, and only the tree of the others.
    history = one_module({"same": None, "empty-1": {}, "empty-2": {}})
    # All in one repository: in another one, the file system may take half as long again to make git's lock files.
    checkout = bench.hooked("p1", history)
    hook = checkout.path / ".git" / "hooks" / "post-checkout"
    ours = hook.read_bytes()
    for work, names, goal in (
        ("another name for the commit", ("same", MAIN), 1.5),
        ("another commit, same tree", ("empty-1", "empty-2"), 2),
    ):
        branches = itertools.cycle(names)  # each contender in turn gets both, since there are three
        yield Experiment(
            row="P1",
            work=f"git checkout, nothing to do: {work}",
            reference="bare checkout",
            contenders=(
                _with_hook(bench.switching("bare checkout", checkout, branches, judged=False), hook, None),
                _with_hook(bench.switching("a hook that does nothing", checkout, branches, judged=False), hook, EMPTY),
                _with_hook(bench.switching("freshvenv", checkout, branches), hook, ours),
            ),
            goals={"freshvenv": goal},
            effort=10,
        )


EMPTY = b"#!/bin/sh\nexit 0\n"
"""A hook that costs what any does: git starts it, and a shell reads it."""


def _with_hook(contender: Contender, hook: Path, script: bytes | None) -> Contender:
    """The same with this script as the hook, or with none, put there before the time is taken."""

    def put() -> None:
        if script is None:
            hook.unlink(missing_ok=True)
        else:
            hook.write_bytes(script)
            hook.chmod(0o755)

    def work() -> Sequence[Command]:
        put()
        return contender.work()

    def exact() -> str:
        put()
        return contender.exact()

    return replace(contender, work=work, exact=exact)


def frameworks(bench: Bench) -> Iterator[Experiment]:
    """P2: the hook's entry as pre-commit and prek start it, and whole checkouts through them."""
    hooks = _HookRepository.of_this_working_tree(bench.world.apart("p2-hooks"))
    bare = bench.bare("p2-bare", one_module({"same": None}))
    through = [bench.switching("bare checkout", bare, itertools.cycle(("same", MAIN)), judged=False)]
    entry_name = f"the manifest's: {shlex.join(hooks.entry)}"
    for program in ("pre-commit", "prek"):
        checkout = hooks.checkout(bench, program)
        entry = hooks.entry_as_started(checkout, program)
        yield Experiment(
            row="P2",
            work=f"entry as {program} starts it, nothing to do",
            reference="python -c pass",
            contenders=(
                _repeated("python -c pass", Command((entry.python, "-c", "pass"), checkout.path, entry.env)),
                _repeated(entry_name, Command(entry.argv, checkout.path, entry.env)),
                _repeated("console script: freshvenv hook", Command((entry.script, "hook"), checkout.path, entry.env)),
            ),
            goals={entry_name: 1.5},
            effort=4,
        )
        branches = itertools.cycle(("same", MAIN))
        through.append(bench.switching(f"freshvenv through {program}", checkout, branches))
    yield Experiment(
        row="P2",
        work="git checkout through a framework, nothing to do (for information)",
        reference="bare checkout",
        contenders=tuple(through),
        goals={},
        effort=2,
    )


def runs(bench: Bench) -> Iterator[Experiment]:
    """RUN: ``freshvenv run``, in step already; the command is one that ends at once."""
    history = one_module({"same": None})
    for work, edited in (("nothing edited", False), ("edits that are installed", True)):
        checkout = bench.hooked(f"run-{edited}", history)
        if edited:
            module = next(checkout.path.glob("*/__init__.py"))
            module.write_text(module.read_text(encoding="utf-8") + "EDITED = 1\n", encoding="utf-8")
        env = checkout.world.env
        program = shutil.which("freshvenv", path=env["PATH"]) or "freshvenv"
        python = Path(program).with_name("python")
        run = Command((program, "run", "--", "true"), checkout.path, env)
        run.seconds()
        yield Experiment(
            row="RUN",
            work=f"freshvenv run -- true, fresh: {work}",
            reference="python -c pass",
            contenders=(
                _repeated("python -c pass", Command((python, "-c", "pass"), checkout.path, env)),
                _repeated("freshvenv run", run),
            ),
            goals={"freshvenv run": 2},
            effort=4,
        )


def _repeated(name: str, command: Command) -> Contender:
    return Contender(name, lambda: [command])


@dataclass(frozen=True)
class _Started:
    """A hook's entry with the environment that a framework gives it."""

    argv: tuple[str, ...]
    env: dict[str, str]

    @property
    def python(self) -> str:
        return self.program("python")

    @property
    def script(self) -> str:
        """The console script, for information."""
        return self.program("freshvenv")

    def program(self, name: str) -> str:
        """Where the framework's environment has a program. Raises :class:`FailedError` when it has none."""
        found = shutil.which(name, path=self.env["PATH"])
        if found is None:
            raise FailedError(f"{name}: not in the hook's environment")
        return found


@dataclass(frozen=True)
class _HookRepository:
    """A git repository of freshvenv as it is in the working tree, for frameworks to clone."""

    path: Path
    revision: str
    entry: tuple[str, ...]

    @classmethod
    def of_this_working_tree(cls, world: World) -> _HookRepository:
        source, path = Path(__file__).parents[2], world.root / "freshvenv"
        names = world.run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=source)
        for name in filter(None, names.split("\0")):
            if (source / name).is_file():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / name, path / name)
        world.run("git", "init", "--quiet", cwd=path)
        world.run("git", "add", "--all", cwd=path)
        world.run("git", "commit", "--quiet", "--message", "as it is", cwd=path)
        manifest = (path / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
        entry = manifest.partition("  entry: ")[2].partition("\n")[0]
        return cls(path, world.run("git", "rev-parse", "HEAD", cwd=path), tuple(shlex.split(entry)))

    def configuration(self, entry: Sequence[str] = ()) -> str:
        """The framework's configuration; ``entry`` replaces what the hook would start."""
        text = textwrap.dedent(f"""\
            repos:
            -   repo: {self.path}
                rev: {self.revision}
                hooks:
                -   id: freshvenv
            """)
        return text + (f"        entry: {shlex.join(entry)}\n" if entry else "")

    def checkout(self, bench: Bench, program: str) -> Checkout:
        """A project that uses the hook, opted in, with the framework's hooks installed."""
        history = one_module({"same": None})
        history = History({**history.files, ".pre-commit-config.yaml": self.configuration()}, history.branches)
        world = bench.world.apart(f"p2-{program}")
        home = str(world.root / "framework")
        world = world.adding(PRE_COMMIT_HOME=home, PREK_HOME=home)
        checkout = Checkout.create(world, history)
        world.run(program, "install", "--install-hooks", "--hook-type", "post-checkout", cwd=checkout.path)
        world.run("freshvenv", "init", "--hooks", "pre-commit", cwd=checkout.path)
        return checkout

    def entry_as_started(self, checkout: Checkout, program: str) -> _Started:
        """Have the framework start another program in the same way, and that one tell its environment."""
        told = checkout.world.root / "environment.json"
        code = f"import json, os; json.dump(dict(os.environ), open({str(told)!r}, 'w'))"
        file = checkout.path / "telling.yaml"
        file.write_text(self.configuration(("python", "-I", "-c", code)), encoding="utf-8")
        refs = ("--from-ref", "HEAD", "--to-ref", "HEAD", "--checkout-type", "1")
        options = ("--config", file, "--hook-stage", "post-checkout", *refs)
        checkout.world.run(program, "run", *options, "freshvenv", cwd=checkout.path)
        file.unlink()
        env: dict[str, str] = json.loads(told.read_bytes())
        started = _Started(self.entry, env)
        return replace(started, argv=(started.program(self.entry[0]), *self.entry[1:]))
