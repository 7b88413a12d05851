"""What went wrong, as the line that a person reads and the exit status that a script reads."""

from __future__ import annotations

import sys

from freshvenv.errors import FAULT, FreshvenvError, StoppedError, describe_os_error
from freshvenv.report import error_line

EXPECTED = (FreshvenvError, OSError, KeyboardInterrupt)
"""What a door may find on its way; everything else is a bug."""


def line_of(error: BaseException) -> str:
    """The line for one of :data:`EXPECTED`."""
    match error:
        case FreshvenvError():
            return error_line(str(error), error.hint)
        case OSError():
            return error_line(describe_os_error(error), FAULT)
        case _:
            return error_line("interrupted; the next run repairs it")


def tell(error: BaseException) -> int:
    """Print the line on standard error and return the exit status; nothing where whoever reads us has gone away."""
    if not isinstance(error, BrokenPipeError):
        print(line_of(error), file=sys.stderr, flush=True)
    match error:
        case FreshvenvError():
            return error.exit_code
        case KeyboardInterrupt():
            return StoppedError.exit_code
        case _:
            return FreshvenvError.exit_code
