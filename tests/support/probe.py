"""What only an interpreter itself can say about its venv; the oracle runs this with CPython 3.8 or later.

It reads a list of source files from standard input (JSON) and prints where things belong, and which bytecode
beside these sources would be run in their place though it was compiled from something else.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import os
import re
import sys
import sysconfig

_OPTIMIZED = re.compile(r"\.opt-([12])\.pyc$")


def is_believed(pyc: bytes, source: str) -> bool:
    """Whether this interpreter would run the bytecode without a look at the source's text (PEP 552)."""
    if pyc[:4] != importlib.util.MAGIC_NUMBER:
        return False
    flags, time, size = (int.from_bytes(pyc[at : at + 4], "little") for at in (4, 8, 12))
    if flags & 0b1:
        with open(source, "rb") as file:
            return not flags & 0b10 or pyc[8:16] == importlib.util.source_hash(file.read())
    state = os.stat(source)
    return time == int(state.st_mtime) & 0xFFFFFFFF and size == state.st_size & 0xFFFFFFFF


def lies(pyc_path: str, source: str) -> bool:
    """Whether the bytecode is believed and comes from another text than the source's."""
    with open(pyc_path, "rb") as file:
        pyc = file.read()
    if not is_believed(pyc, source):
        return False
    optimized = _OPTIMIZED.search(pyc_path)
    with open(source, "rb") as file:
        text = file.read()
    honest = compile(text, source, "exec", dont_inherit=True, optimize=int(optimized[1]) if optimized else 0)
    try:
        return bool(marshal.loads(pyc[16:]) != honest)
    except (EOFError, TypeError, ValueError):
        return True


def lying_bytecode(sources: list[str]) -> list[str]:
    """The cached bytecode of these sources that lies, for every level of optimisation."""
    found = []
    for source in sources:
        for level in ("", "1", "2"):
            path = importlib.util.cache_from_source(source, optimization=level)
            if os.path.exists(path) and lies(path, source):
                found.append(path)
    return found


def main() -> None:
    """Answer on standard output."""
    paths = sysconfig.get_paths()
    answer = {
        "prefix": sys.prefix,
        "base": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
        "sites": [paths["purelib"], paths["platlib"]],
        "scripts": paths["scripts"],
        "lying": lying_bytecode(json.load(sys.stdin)),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
