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
    """``direct_url.json`` as ``pip install .`` or ``pip install -e .`` leaves it (PEP 610)."""
    url = "file://" + quote(os.fsencode(project))
    info = {"editable": True} if editable else {}
    return json.dumps({"dir_info": info, "url": url}).encode()
