"""Hooks of others, which log how they were called."""

from __future__ import annotations

import shlex
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Foreign:
    """A hook of somebody else: writes its arguments and its standard input down, and exits with a status."""

    interpreter: str
    text: str

    def put(self, hook: Path, log: Path, status: int = 0) -> bytes:
        text = textwrap.dedent(self.text).format(
            interpreter=self.interpreter, log=str(log), quoted=shlex.quote(str(log)), status=status
        )
        hook.parent.mkdir(parents=True, exist_ok=True)
        hook.write_text(text, encoding="utf-8")
        hook.chmod(0o755)
        return hook.read_bytes()


FOREIGN = {
    "sh": Foreign(
        "/bin/sh",
        """\
        #!{interpreter}
        echo "$(basename "$0" .before-freshvenv) $*" >> {quoted}
        cat >> {quoted}
        exit {status}
        """,
    ),
    "python": Foreign(
        sys.executable,
        """\
        #!{interpreter}
        import sys
        from pathlib import Path

        with open({log!r}, "a") as log:
            print(Path(sys.argv[0]).name.replace(".before-freshvenv", ""), *sys.argv[1:], file=log)
            log.write(sys.stdin.read())
        sys.exit({status})
        """,
    ),
}
