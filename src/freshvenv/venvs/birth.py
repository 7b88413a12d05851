"""When a file was made (its birth time), which Python does not tell in nanoseconds, and on Linux not at all."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Mapping
from typing import Final


class _Statx(ctypes.Structure):
    """``struct statx`` of linux/stat.h up to ``stx_btime``; the kernel's is 256 bytes."""

    _fields_ = [
        ("mask", ctypes.c_uint32),
        ("_until_btime", ctypes.c_byte * 76),
        ("btime_sec", ctypes.c_int64),
        ("btime_nsec", ctypes.c_uint32),
        ("_rest", ctypes.c_byte * 164),
    ]


class _DarwinStat(ctypes.Structure):
    """``struct stat`` with 64-bit inodes of macOS up to ``st_birthtimespec``; the whole is 144 bytes."""

    _fields_ = [
        ("_until_birthtime", ctypes.c_byte * 80),
        ("birth_sec", ctypes.c_int64),
        ("birth_nsec", ctypes.c_int64),
        ("_rest", ctypes.c_byte * 48),
    ]


def birth_ns(path: str) -> int | None:
    """Return the birth time of *path* in nanoseconds, links followed; None where it cannot be had.

    ``os.stat`` has none on Linux in any Python, and only a float on macOS; ``os.statx`` comes with Python 3.15.
    """
    measure = _BIRTH.get(sys.platform)
    try:
        return measure(path) if measure else None
    except (AttributeError, OSError):  # a libc without statx, or no ctypes.CDLL(None)
        return None


def _birth_linux(path: str) -> int | None:
    at_fdcwd, basic_stats, btime = -100, 0x7FF, 0x800  # linux/fcntl.h, linux/stat.h
    found = _Statx()
    statx = ctypes.CDLL(None).statx
    statx.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    statx.restype = ctypes.c_int
    if statx(at_fdcwd, os.fsencode(path), 0, basic_stats | btime, ctypes.byref(found)) or not found.mask & btime:
        return None
    return int(found.btime_sec) * 1_000_000_000 + int(found.btime_nsec)


def _birth_darwin(path: str) -> int | None:
    found = _DarwinStat()
    libc = ctypes.CDLL(None)
    function = libc["stat" if os.uname().machine == "arm64" else "stat$INODE64"]
    function.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    if function(os.fsencode(path), ctypes.byref(found)):
        return None
    return int(found.birth_sec) * 1_000_000_000 + int(found.birth_nsec)


_BIRTH: Final[Mapping[str, Callable[[str], int | None]]] = {"linux": _birth_linux, "darwin": _birth_darwin}
