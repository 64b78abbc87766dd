"""The project is ready for dbt 2, whose parser takes no deprecated spelling."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.conftest import Render
from tests.dbt.test_project import OFFLINE_BIGQUERY
from tests.engines.environments import Environment, environment
from tests.mesh import DBT_UTILS, Mesh
from tests.render import example_answers

SHAPES = {"northwind": example_answers("northwind"), "one domain": {"domains": ["labs"]}}


@pytest.fixture(scope="module")
def dbt_v2() -> Environment:
    """The parser of dbt 2."""
    return environment("dbt_v2")


def parse(dbt_v2: Environment, mesh: Mesh) -> CompletedProcess[str]:
    """Parse the project for BigQuery, which needs no connection. dbt_utils comes from here, not from dbt Hub."""
    project = mesh.root / "dbt"
    (project / "packages.yml").write_text(f"packages:\n  - local: {DBT_UTILS}\n")
    (project / "profiles.yml").write_text(OFFLINE_BIGQUERY)
    return dbt_v2.run(["dbt-core-experimental-parser", "parse", "--profiles-dir", "."], cwd=project, check=False)


@pytest.mark.parametrize("shape", SHAPES)
def test_project_parses(
    shape: str, dbt_v2: Environment, render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    result = parse(dbt_v2, open_mesh(render(**SHAPES[shape]), tmp_path / "mesh"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert not re.search("warn|error|deprecat", result.stdout, re.IGNORECASE), result.stdout


def test_old_spelling_is_seen(
    dbt_v2: Environment, render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    mesh = open_mesh(render(domains=["labs"]), tmp_path / "mesh")
    described = mesh.root / "dbt/models/staging/labs/_labs__models.yml"
    described.write_text(
        described.read_text().replace("              arguments:\n                kind", "              kind", 1)
    )
    result = parse(dbt_v2, mesh)
    assert result.returncode != 0 or re.search("warn|deprecat", result.stdout, re.IGNORECASE), result.stdout
