"""The sterile world: the environment of the program that runs the suite does not reach a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.world import sterile_environment


@pytest.mark.parametrize(
    "name", ["UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "GIT_DIR"]
)
def test_drops_what_names_an_environment(tmp_path: Path, name: str) -> None:
    assert name not in sterile_environment(tmp_path, {name: "elsewhere"})


@pytest.mark.parametrize("name", ["UV_DEFAULT_INDEX", "PIP_INDEX_URL", "SSL_CERT_FILE", "https_proxy"])
def test_keeps_the_way_to_an_index(tmp_path: Path, name: str) -> None:
    assert sterile_environment(tmp_path, {name: "index"})[name] == "index"
