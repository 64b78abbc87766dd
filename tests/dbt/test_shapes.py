"""Other answers than the full example's, built on the emulated BigQuery: every statement that they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.warehouse import of_landing, partitions_read, warehouse
from tests.engines.environments import ROOT
from tests.mesh import Mesh

PAIRS = yaml.safe_load((ROOT / "extensions/regions.yml").read_text())
REGIONS = {"regions": ["us-east-1", "eu-west-1", "ap-southeast-2"], "environments": ["dev"]}
# Answers, target of dbt, and its region.
CASES = {
    "CSV": (CUSTOM | {"landing_format": "csv"}, "dev", "us-east-1"),
    "JSON": (CUSTOM | REGIONS | {"landing_format": "json"}, "dev_eu_west_1", "eu-west-1"),
    "one domain": (REGIONS | {"domains": ["labs"]}, "dev_ap_southeast_2", "ap-southeast-2"),
}


@pytest.mark.parametrize("case", CASES)
def test_everything_builds(case: str, render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    answers, target, region = CASES[case]
    mesh = open_mesh(render(**answers), tmp_path / "mesh")
    mesh.generate("--patients", "5", "--days", "2")
    with warehouse(mesh, target) as service:
        service.dbt("build")
        jobs = service.jobs()
    assert set(mesh.results().values()) <= {"success", "pass", "no-op"}
    assert len(mesh.results()) > 40
    assert {job["jobReference"]["location"] for job in jobs} == {PAIRS[region]["bigquery_region"]}
    read = {table.split(".")[1] for job in jobs for table in filter(of_landing, partitions_read(job))}
    landing = PAIRS[region]["omni_location"].replace("-", "_")
    assert read == {f"{domain}__{landing}" for domain in mesh.contracts()}
