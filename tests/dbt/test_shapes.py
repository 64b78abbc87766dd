"""Other answers than the full example's, built on the emulated BigQuery: every statement that they change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.warehouse import of_landing, partitions_read, warehouse
from tests.mesh import Mesh

REGIONS = {"regions": ["us-east-1", "eu-west-1", "ap-southeast-2"], "environments": ["dev"]}
# Answers, target of dbt, and the locations of its warehouse and of its landing zone.
CASES = {
    "CSV": (CUSTOM | {"landing_format": "csv"}, "dev", "us-east4", "aws_us_east_1"),
    "JSON": (CUSTOM | REGIONS | {"landing_format": "json"}, "dev_eu_west_1", "europe-west1", "aws_eu_west_1"),
    "one domain": (
        REGIONS | {"domains": ["labs"]},
        "dev_ap_southeast_2",
        "australia-southeast1",
        "aws_ap_southeast_2",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_everything_builds(case: str, render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    answers, target, location, landing = CASES[case]
    mesh = open_mesh(render(**answers), tmp_path / "mesh")
    mesh.generate("--patients", "5", "--days", "2")
    with warehouse(mesh, target) as service:
        service.dbt("build")
        jobs = service.jobs()
    assert set(mesh.results().values()) <= {"success", "pass", "no-op"}
    assert len(mesh.results()) > 40
    assert {job["jobReference"]["location"] for job in jobs} == {location}
    read = {table.split(".")[1] for job in jobs for table in filter(of_landing, partitions_read(job))}
    assert read == {f"{domain}__{landing}" for domain in mesh.contracts()}
