"""Runs a program and takes what it prints, without what ``subprocess`` takes to be imported.

For doors that are through in some milliseconds; everything else goes through :mod:`freshvenv.process`.
"""

from __future__ import annotations

import os


def output_of(argv: list[str]) -> bytes | None:
    """What a program prints; nothing when it cannot be started or exits with another status than 0."""
    reading, writing = os.pipe()
    try:
        actions = [
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        child = os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
    with open(reading, "rb") as pipe:
        printed = pipe.read()
    return printed if os.waitpid(child, 0)[1] == 0 else None
