"""What an install says of where it came from, so that pip and uv take it for one of their own."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from freshvenv.venvs.uv_cache import cache_info, is_empty
from freshvenv.venvs.uv_globs import InvalidGlobError


def provenance(
    project: Path, pyproject: Mapping[str, Any], environ: Mapping[str, str], *, editable: bool, requested: bool
) -> dict[str, bytes]:
    """The files for the dist-info folder that an installer adds, by name."""
    files = {
        "INSTALLER": b"freshvenv\n",
        "direct_url.json": direct_url(project, editable=editable),
    }
    if requested:
        files["REQUESTED"] = b""
    try:
        info = cache_info(project, pyproject, environ)
    except InvalidGlobError:
        return files  # uv does not work in this project
    if not is_empty(info):
        files["uv_cache.json"] = json.dumps(info, separators=(",", ":")).encode()
    return files


def direct_url(project: Path, *, editable: bool) -> bytes:
    """``direct_url.json`` for an install of a directory (PEP 610), as ``uv sync`` writes it.

    pip leaves ``editable`` out where it is false, and reads both forms alike; uv takes an install without it for one
    that ``uv sync --no-editable`` did not make, and replaces it.
    """
    url = "file://" + quote(os.fsencode(project))
    return json.dumps({"url": url, "dir_info": {"editable": editable}}, separators=(",", ":")).encode()
