"""What this clone's own configuration says about trust. What the user's global configuration says counts for nothing.

Neither does a file that the local one includes: that may lie in the working tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from freshvenv.source.git import Repository
from freshvenv.trust.remotes import Remote, Rewrites, without_secrets
from freshvenv.trust.verdict import Preset

DEFAULT_REMOTES = ("origin",)

STRANGE_KEY = "freshvenv.strangeRefs"
"""The key that holds what was seen to be written into a trusted namespace otherwise.

The refspec may be gone tomorrow, and the line of the reflog in 90 days; what it fetched stays.
"""


class TrustSettings(NamedTuple):
    """The preset, the named remotes, and what their URLs were when they were first seen.

    ``unknown`` is a preset that there is not. ``changed`` are the named remotes with another URL than was pinned.
    ``strange`` are refs and patterns of refs in the namespace of a named remote that something else was seen to write.
    """

    preset: Preset = Preset.PROVENANCE
    unknown: str = ""
    named: tuple[str, ...] = DEFAULT_REMOTES
    remotes: tuple[Remote, ...] = ()
    pins: tuple[tuple[str, str], ...] = ()
    own_refs: bool = True
    strange: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(remote.name for remote in self.remotes if self._pin(remote) not in {"", urls(remote)})

    @property
    def unpinned(self) -> tuple[Remote, ...]:
        """Named remotes that were not seen before."""
        return tuple(
            remote for remote in self.remotes if remote.name in self.named and remote.urls and not self._pin(remote)
        )

    @property
    def trusted_remotes(self) -> tuple[str, ...]:
        """The remotes whose branches are trusted."""
        names = [remote.name for remote in self.remotes if remote.urls]
        return tuple(name for name in names if name in self.named and name not in self.changed)

    def _pin(self, remote: Remote) -> str:
        return dict(self.pins).get(remote.name, "")


def urls(remote: Remote) -> str:
    """All URLs of a remote as one line, without secrets."""
    return " ".join(without_secrets(url) for url in remote.urls)


def pin_key(remote: str) -> str:
    """The key in git's configuration that holds the URL of a remote."""
    return f"freshvenv.{remote}.pinned"


def read_trust_settings(repository: Repository) -> TrustSettings:
    """What git's configuration says of remotes, and this clone's own part of it of trust."""
    own = {repository.common_dir / "config", repository.git_dir / "config.worktree"}
    preset = ""
    named: list[str] = []
    pins: dict[str, str] = {}
    remotes: dict[str, dict[str, list[str]]] = {}
    rewrites: dict[str, list[tuple[str, str]]] = {"insteadof": [], "pushinsteadof": []}
    strange: list[str] = []
    own_refs = True
    for scope, file, key, value in repository.configuration:
        section, _, rest = key.partition(".")
        name, _, variable = rest.rpartition(".")
        if section == "remote" and name:
            remotes.setdefault(name, {}).setdefault(variable, []).append(value)
        elif section == "url" and variable in rewrites:
            rewrites[variable].append((value, name))
        elif key == "extensions.refstorage":
            own_refs = value == "files"
        elif section != "freshvenv" or scope not in {"local", "worktree"} or not _is_one_of(file, own, repository.top):
            continue
        elif key == "freshvenv.trust":
            preset = value
        elif key == "freshvenv.trustedremotes":
            named.append(value)
        elif key == STRANGE_KEY.lower():
            strange.append(value)
        elif name and variable == "pinned":
            pins[name] = value
    try:
        chosen, unknown = Preset(preset or Preset.PROVENANCE.value), ""
    except ValueError:
        chosen, unknown = Preset.NEVER, preset
    rewriting = Rewrites(tuple(rewrites["insteadof"]), tuple(rewrites["pushinsteadof"]))
    return TrustSettings(
        preset=chosen,
        unknown=unknown,
        named=tuple(filter(None, dict.fromkeys(named))) if named else DEFAULT_REMOTES,
        remotes=(
            *(
                rewriting.remote(name, it.get("url", ()), it.get("pushurl", ()), it.get("fetch", ()))
                for name, it in remotes.items()
            ),
            *_legacy(repository),
        ),
        pins=tuple(pins.items()),
        own_refs=own_refs,
        strange=tuple(dict.fromkeys(strange)),
    )


def _is_one_of(file: str, own: set[Path], top: Path) -> bool:
    path = top / file
    return path in own or any(os.path.realpath(path) == os.path.realpath(each) for each in own)


def _legacy(repository: Repository) -> Iterator[Remote]:
    """Remotes in the old form (git-fetch(1), "Named file in $GIT_DIR/remotes"): never trusted, but they write refs."""
    try:
        files = sorted((repository.common_dir / "remotes").iterdir())
    except OSError:
        return
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError:
            continue
        yield Remote(f"remotes/{file.name}", (), tuple(line[5:].strip() for line in lines if line.startswith("Pull:")))
