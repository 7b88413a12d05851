"""Python interpreters: what one says of itself, asked once and remembered for as long as its file is the same."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from freshvenv import process
from freshvenv.errors import VenvError
from freshvenv.files import write_atomically
from freshvenv.own import read_own

# Started with -I -S: neither site-packages nor the current directory has a say. The paths are those of an
# environment (PEP 405), whatever a distributor made of the system's own: sysconfig's "venv" scheme, which
# interpreters before 3.11 lack.
_QUESTION = """
import json, os, platform, site, sys, sysconfig
scheme = "venv" if "venv" in sysconfig.get_scheme_names() else "posix_prefix"
bases = ("base", "platbase", "installed_base", "installed_platbase")
paths = sysconfig.get_paths(scheme, vars=dict.fromkeys(bases, "/"))
info = sys.implementation.version
full = "{0.major}.{0.minor}.{0.micro}".format(info)
if info.releaselevel != "final":
    full += info.releaselevel[0] + str(info.serial)
print(json.dumps({
    "name": sys.implementation.name,
    "version": platform.python_version(),
    "abi": sysconfig.get_config_var("SOABI") or sysconfig.get_config_var("EXT_SUFFIX") or "",
    "purelib": paths["purelib"].lstrip("/"),
    "platlib": paths["platlib"].lstrip("/"),
    "scripts": paths["scripts"].lstrip("/"),
    "headers": "include/site/python" + sysconfig.get_python_version(),
    "base_sites": site.getsitepackages([sys.base_prefix, sys.base_exec_prefix]),
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
"""


class Interpreter(NamedTuple):
    """A base interpreter. The install paths are relative to the prefix of an environment made with it.

    ``markers`` is the environment for PEP 508 markers. ``base_sites`` are absolute: where the interpreter itself,
    outside of any environment, has its distributions.
    """

    executable: str
    name: str
    version: str
    abi: str
    purelib: str
    platlib: str
    scripts: str
    headers: str
    markers: Mapping[str, str]
    base_sites: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Names everything that decides which wheels fit and what a build gives: implementation, version, platform."""
        return f"{self.name} {self.version} {self._platform}".rstrip()

    @property
    def abi_tag(self) -> str:
        """A file name for wheels that are bound to this platform."""
        minor = ".".join(self.version.split(".")[:2])
        return f"{self.name}-{minor}-{self._platform}"

    @property
    def _platform(self) -> str:
        """The ABI, and the machine where it does not name that: on macOS it is ``cpython-311-darwin`` on each."""
        machine = self.markers.get("platform_machine", "")
        return self.abi if machine in self.abi else f"{self.abi}-{machine}"


def inspect_interpreter(executable: Path, cache: Path, wary_of: Path | None = None) -> Interpreter:
    """Ask an interpreter about itself; ``cache`` is the folder in which answers are kept.

    ``wary_of`` is a directory: what lies in there, and was never asked before, is not started. Raises
    :class:`VenvError` for that, and when an interpreter does not run.
    """
    real = executable.resolve()
    try:
        status = real.stat()
    except OSError as error:
        raise VenvError(f"its interpreter {executable} is gone") from error
    key = hashlib.sha256(f"{real}\0{status.st_mtime_ns}\0{status.st_size}".encode(errors="surrogateescape"))
    remembered = cache / f"{key.hexdigest()[:32]}.json"
    try:
        return _understood(json.loads(read_own(remembered)))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        if wary_of is not None and real.is_relative_to(wary_of.resolve()):
            raise VenvError(
                "its interpreter is a file in the working tree that was never started before; "
                "freshvenv resync starts it"
            ) from None
        interpreter = _ask(real)
    with suppress(OSError):  # remembering only saves time
        cache.mkdir(parents=True, exist_ok=True)
        write_atomically(remembered, json.dumps(interpreter._asdict()).encode(), durable=False)
    return interpreter


def _ask(executable: Path) -> Interpreter:
    try:
        done = process.run([executable, "-I", "-S", "-c", _QUESTION], cwd=Path(os.sep))
        if done.status == 0:
            return _understood({**json.loads(done.stdout), "executable": str(executable)})
        complaint = done.complaint
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        complaint = f"it does not answer as Python does: {error}"
    raise VenvError(f"its interpreter {executable} does not run: {complaint}")


def _understood(data: Mapping[str, Any]) -> Interpreter:
    """An answer as a value. Raises ``TypeError`` or ``ValueError`` for one that no interpreter gives."""
    if not isinstance(data["base_sites"], list):
        raise TypeError("base_sites is no list")
    answer = Interpreter(**{**data, "base_sites": tuple(data["base_sites"])})
    texts = [value for value in answer if value not in (answer.markers, answer.base_sites)]
    texts += [*answer.markers, *answer.markers.values(), *answer.base_sites]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a value is no text")
    for path in (answer.purelib, answer.platlib, answer.scripts, answer.headers):
        if {"", ".", ".."} & set(path.split("/")):
            raise ValueError(f"{path!r} is no place in an environment")
    if "/" in answer.abi_tag:
        raise ValueError(f"{answer.abi_tag!r} is no ABI")
    return answer
