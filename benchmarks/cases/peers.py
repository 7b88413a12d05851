"""What people would use instead: installers by hand, and hooks that other projects offer for post-checkout.

The repositories of these hooks are not cloned: a plain hook runs the command that their manifests name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.checkout import Checkout
from benchmarks.histories import History
from benchmarks.measure import Contender

UV_PIP = "uv pip install --no-deps ."
PIP = "pip install --no-deps ."
BARE = "bare checkout"


@dataclass(frozen=True)
class _Hook:
    """A command to run after each checkout, and what has to be done once before."""

    command: str
    once: tuple[tuple[str, ...], ...]


_HOOKS: Mapping[str, _Hook] = {
    # https://github.com/astral-sh/uv-pre-commit/blob/main/.pre-commit-hooks.yaml
    "uv-sync hook (uv sync --locked)": _Hook("uv sync --quiet --locked", (("uv", "lock", "--quiet"),)),
    "uv sync --locked --no-editable as a hook": _Hook(
        "uv sync --quiet --locked --no-editable", (("uv", "lock", "--quiet"),)
    ),
    # https://github.com/python-poetry/poetry/blob/main/.pre-commit-hooks.yaml
    "poetry-install hook (poetry install)": _Hook("poetry install --quiet", (("poetry", "lock", "--quiet"),)),
    # https://github.com/pdm-project/pdm/blob/main/.pre-commit-hooks.yaml
    "pdm-sync hook (pdm sync)": _Hook(
        "pdm sync --quiet", (("pdm", "use", "--quiet", "--first", ".venv/bin/python"), ("pdm", "lock", "--quiet"))
    ),
}

PEERS = (UV_PIP, PIP, BARE, *_HOOKS)


def peers(
    bench: Bench, row: str, history: History, branches: Callable[[], Iterator[str]], names: Sequence[str]
) -> Iterator[Contender]:
    """The peers of that name, each with a checkout of its own that visits the branches."""
    for number, name in enumerate(names):
        checkout = bench.bare(f"{row}-peer-{number}", history)
        if name in _HOOKS:
            yield bench.switching(name, _with(checkout, _HOOKS[name]), branches())
        elif name == BARE:
            yield bench.switching(name, checkout, branches())
        else:
            install = checkout.uv_pip_install if name == UV_PIP else checkout.pip_install
            yield bench.installing(name, checkout, branches(), install(checkout.venvs[0]))


def _with(checkout: Checkout, hook: _Hook) -> Checkout:
    for command in hook.once:
        checkout.world.run(*command, cwd=checkout.path)
    return checkout.with_hook(hook.command)
