"""Documentation built once: of the full example, by `make docs` after a demo, and of a small mesh to be broken."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.conftest import Render
from tests.docs.documentation import Documentation
from tests.engines import browser as engine
from tests.engines.environments import Environment
from tests.mesh import Mesh
from tests.render import example_answers


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def northwind_docs(
    with_cases: Path,
    built_northwind: Mesh,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path_factory: pytest.TempPathFactory,
) -> Documentation:
    """The full example after `make docs`, with the results of a demo. Read only."""
    mesh = open_mesh(with_cases, tmp_path_factory.mktemp("docs") / "northwind")
    target = mesh.root / "dbt" / "target"
    target.mkdir()
    shutil.copy(built_northwind.root / "dbt" / "target" / "run_results.json", target)
    result = subprocess.run(
        ["make", "docs", "ARGS="],
        cwd=mesh.root,
        env=os.environ | {"PYTHONNOUSERSITE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return Documentation(mesh.root, mesh.root / "build" / "docs")


@pytest.fixture(scope="session")
def small_mesh(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> Mesh:
    """The smallest example with the manifest of its dbt project. Read only."""
    mesh = open_mesh(render(**example_answers("minimal")), tmp_path_factory.mktemp("docs") / "minimal")
    mesh.dbt("parse", "--target", "local", "--target-path", "../build/dbt-docs")
    return mesh


@pytest.fixture
def small_copy(small_mesh: Mesh, tmp_path: Path) -> Path:
    """A copy of the smallest example, to be changed."""
    return shutil.copytree(small_mesh.root, tmp_path / "minimal")


@pytest.fixture(scope="session")
def build(dbt_environment: Environment) -> Callable[..., subprocess.CompletedProcess[str]]:
    """build(repository, *options): what build.py says."""

    def built(repository: Path, *options: str) -> subprocess.CompletedProcess[str]:
        # The links to the cases of the policies, which are left out of most renders.
        for folder in (repository / "infra/terraform/sentinel-policies/policies").iterdir():
            for policy in folder.glob("*.sentinel"):
                (folder / "test" / policy.stem).mkdir(parents=True, exist_ok=True)
        return dbt_environment.run(["python", "docs/site/build.py", *options], cwd=repository, check=False)

    return built


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    with engine.browser() as started:
        yield started


@pytest.fixture(scope="session")
def northwind_url(northwind_docs: Documentation) -> Iterator[str]:
    """Where the documentation of the full example is served."""
    handler = partial(Quiet, directory=str(northwind_docs.site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
