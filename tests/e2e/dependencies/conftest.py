"""The index, and a project to each manager."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import ThreadingHTTPServer

import pytest

from support.repository import make_venv
from support.shop import CHECKOUT, MANAGERS, PUBLISHED, Index, Manager, Workbench, _Quiet
from support.world import World, sterile_environment


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("index")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        made = Index(folder, f"http://127.0.0.1:{server.server_port}/simple")
        for name, versions in PUBLISHED.items():
            for version in versions:
                made.publish(name, version)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory, index: Index) -> Workbench:
    root = tmp_path_factory.mktemp("workbench")
    world = World(root, sterile_environment(root, os.environ))
    lone = make_venv(world, root / "lone")
    world.run("uv", "pip", "install", "--quiet", "--python", lone / "bin" / "python", CHECKOUT)
    assert not (lone / "bin" / "uv").exists()
    return Workbench(root, index, lone)


@pytest.fixture(params=MANAGERS)
def manager(request: pytest.FixtureRequest) -> Manager:
    return MANAGERS[request.param]
