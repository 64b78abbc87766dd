"""The copy matrix through pytest-copier: every kind of answer renders from a git repository with a tag.

pytest-copier renders with trust, so what needs proof of being trust-free is tested through copier's own API.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pytest_copier.plugin import CopierFixture

# Beside the defaults one domain is enough: each renders the same files.
MATRIX: dict[str, dict[str, Any]] = {
    "defaults": {},
    "one domain": {"domains": ["labs"]},
    "custom domain": {
        "domains": ["patients"],
        "custom_domains": [{"name": "genomics", "columns": ["variant_id"]}],
    },
    "parquet": {"landing_format": "parquet"},
    "csv": {"landing_format": "csv"},
    "json": {"landing_format": "json"},
    "one environment": {"environments": ["prod"]},
    "three environments": {"environments": ["dev", "test", "prod"]},
    "one region": {"regions": ["eu-central-1"]},
    "three regions": {"regions": ["us-east-1", "us-west-2", "ap-northeast-2"]},
    "Airflow 2": {"airflow_version": "2.11"},
    "dbt in pods": {"dbt_runner": "kubernetes_pod"},
    "dbt in Cloud Run": {"dbt_runner": "cloud_run_job"},
    "longer retention": {"retention_days": 3653},
    "switches turned": {"threat_detection": False, "service_perimeter": True, "replication": True},
}


@pytest.mark.parametrize("case", MATRIX)
def test_copy(case: str, copier: CopierFixture, tmp_path: Path) -> None:
    answers = MATRIX[case] if case == "defaults" else {"domains": ["labs"], **MATRIX[case]}
    copier.copy(tmp_path / "mesh", **answers)
    recorded = yaml.safe_load((tmp_path / "mesh/.copier-answers.yml").read_text())
    assert {name: recorded[name] for name in answers} == answers
    assert recorded["_commit"] == "99.99.99"

    contracts = {path.name.removesuffix(".odcs.yaml") for path in (tmp_path / "mesh/contracts").iterdir()}
    assert contracts == {*recorded["domains"], *(domain["name"] for domain in recorded["custom_domains"])}

    contract = yaml.safe_load((tmp_path / f"mesh/contracts/{min(contracts)}.odcs.yaml").read_text())
    assert {server["environment"] for server in contract["servers"]} == {*recorded["environments"], "local"}
    landings = [server for server in contract["servers"] if server["type"] == "s3"]
    assert len(landings) == len(recorded["environments"]) * len(recorded["regions"])
    assert {server["format"] for server in landings} == {recorded["landing_format"]}
    retention = {item["property"]: item["value"] for item in contract["slaProperties"]}["retention"]
    assert retention == recorded["retention_days"]
