"""What became of processes that a test knows by their number."""

from __future__ import annotations

from pathlib import Path


def is_running(number: int) -> bool:
    """Whether a process is there and not just waiting to be buried."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
