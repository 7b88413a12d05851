"""The way out of a door that is opened all the time: at once."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def leave(status: int) -> NoReturn:
    """End the process, and leave its memory to the system.

    Python takes apart all that was loaded, thing by thing, which takes longer than many a run. What is to be undone at
    the end has been undone by then: no function waits for it (:mod:`atexit`), and no thread.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream:
                stream.flush()
    except BrokenPipeError:
        # Whoever read us has gone away, and there is nobody to be told.
        os._exit(status or 1)
    except (OSError, ValueError):
        # Python says so, as of every other program.
        sys.exit(status)
    os._exit(status)
