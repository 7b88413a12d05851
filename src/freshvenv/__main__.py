"""``python -m freshvenv`` and the console script: hooks, ``run`` and ``status`` have doors that open faster."""

from __future__ import annotations

import sys

from freshvenv.leave import leave


def main() -> int:
    """Run the command line and return the exit status."""
    if sys.argv[1:2] == ["hook"]:
        from freshvenv.hook_entry import main as hook

        hook(sys.argv[2:])
    if sys.argv[1:2] == ["run"]:
        from freshvenv.run_entry import main as run

        status = run(sys.argv[2:])
        if status is not None:
            return status
    if sys.argv[1:2] == ["status"]:
        from freshvenv.status_entry import main as report

        status = report(sys.argv[2:])
        if status is not None:
            leave(status)
    from freshvenv.cli import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
