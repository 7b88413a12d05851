"""A receipt as an install leaves it, for tests that mind one thing of it."""

from __future__ import annotations

from typing import Any

from freshvenv.fingerprint import Fingerprint
from freshvenv.receipt import FileStamp, Receipt

FILES = {"lib/demo.py": FileStamp(1, 2, 3, executable=False, digest="sha256=abc")}


def receipt_of(fingerprint: Fingerprint, **facts: Any) -> Receipt:
    """The receipt of an install of demo 1.0 that was made from this; ``facts`` are other fields of it."""
    usual = Receipt(
        project="/repository",
        venv="/repository/.venv",
        distribution="demo",
        version="1.0",
        dist_info="demo-1.0.dist-info",
        commit="c" * 40,
        time="2024-01-01T00:00:00+00:00",
        fingerprint=fingerprint,
        files=FILES,
    )
    return usual._replace(**facts)
