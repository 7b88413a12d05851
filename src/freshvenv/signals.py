"""What is made of the signals that end a program."""

from __future__ import annotations

import signal


def stop_on_termination() -> None:
    """Let SIGTERM, and SIGHUP of a terminal that was closed, end the program as Ctrl-C does.

    What is under way is undone or noted, and no build is left behind. What was to be ignored (nohup(1)) still is.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
