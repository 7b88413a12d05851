"""``python -m freshvenv`` and the console script: hooks go in by a door of their own, which opens faster."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return the exit status."""
    if sys.argv[1:2] == ["hook"]:
        from freshvenv.hook_entry import main as hook

        return hook(sys.argv[2:])
    from freshvenv.cli import main as command_line

    return command_line(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
