"""The rendered contracts, under the standard's own schema and its linter."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.engines.environments import Environment
from tests.mesh import contracts_of
from tests.terraform.retain import retain
from tests.workflows.repository import copied


def columns(contract: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """entity.column and the column, for all entities."""
    for entity in contract["schema"]:
        for column in entity["properties"]:
            yield f"{entity['name']}.{column['name']}", column


def custom_properties(element: dict[str, Any]) -> dict[str, Any]:
    """The custom properties as a mapping."""
    return {item["property"]: item["value"] for item in element.get("customProperties", [])}


@pytest.mark.parametrize("shape", ["northwind", "custom"])
def test_contracts_obey_the_standard(
    shape: str, northwind: Path, render: Render, contracts_environment: Environment
) -> None:
    root = northwind if shape == "northwind" else render(**CUSTOM)
    files = sorted(str(path) for path in (root / "contracts").iterdir())
    result = contracts_environment.run(["python", "delivery/contract_lint.py", *files], cwd=root)
    assert result.stdout.splitlines()[-1] == f"{len(files)} contracts keep Open Data Contract Standard 3.1.0"


def test_linter_sees_a_broken_contract(northwind: Path, contracts_environment: Environment, tmp_path: Path) -> None:
    contract = deepcopy(contracts_of(northwind)["labs"])
    contract["schema"][0]["properties"][0]["logicalType"] = "varchar"
    (tmp_path / "labs.odcs.yaml").write_text(yaml.safe_dump(contract))
    (tmp_path / "vitals.odcs.yaml").write_text("id: [")
    command = ["python", str(northwind / "delivery" / "contract_lint.py"), "labs.odcs.yaml", "vitals.odcs.yaml"]
    result = contracts_environment.run(command, cwd=tmp_path, check=False)
    assert result.returncode == 1
    assert "labs.odcs.yaml: lint: " in result.stderr
    assert "labs.odcs.yaml: schema: schema/0/properties/0/logicalType: 'varchar' is not one of" in result.stderr
    assert "vitals.odcs.yaml: cannot be read: " in result.stderr


def test_retired_contract_is_checked_and_feeds_nothing(
    northwind: Path, contracts_environment: Environment, tmp_path: Path
) -> None:
    """The demo takes the contracts that are in use; the standard holds for all."""
    root = copied(
        northwind, tmp_path / "mesh", "Makefile", "constraints", "contracts", "delivery", "demo", "pyproject.toml"
    )
    (root / "contracts/patients.odcs.yaml").unlink()
    used = sorted(f"contracts/{path.name}" for path in (root / "contracts").iterdir())
    retired = retain().retire_contract(root, "patients", (northwind / "contracts/patients.odcs.yaml").read_text())
    read = "from contracts import load_entities; print(*sorted({entity.domain for entity in load_entities()}))"
    said = subprocess.run([sys.executable, "-c", read], cwd=root / "demo", check=True, capture_output=True, text=True)
    assert [f"contracts/{domain}.odcs.yaml" for domain in said.stdout.split()] == used

    lint = subprocess.run(["make", "-n", "contracts-lint"], cwd=root, check=True, capture_output=True, text=True)
    [command] = [line for line in lint.stdout.splitlines() if "delivery/contract_lint.py" in line]
    script, *files = command.split()[1:]
    assert sorted(files) == sorted([*used, "contracts/retired/patients.odcs.yaml"])
    result = contracts_environment.run(["python", script, str(retired)], cwd=root)
    assert result.stdout.splitlines()[-1] == "1 contracts keep Open Data Contract Standard 3.1.0"


def test_every_relationship_leads_to_a_key(northwind: Path) -> None:
    mesh = contracts_of(northwind)
    followed = 0
    for domain, contract in mesh.items():
        for name, column in columns(contract):
            for relationship in column.get("relationships", []):
                target = relationship["to"]
                if "#" in target:
                    file, _, path = target.partition("#/schema/")
                    entity, _, field = path.partition("/properties/")
                    other = mesh[file.removesuffix(".odcs.yaml")]
                else:
                    entity, _, field = target.partition(".")
                    other = contract
                key = dict(columns(other))[f"{entity}.{field}"]
                assert key.get("primaryKey"), f"{domain}.{name}"
                assert key["logicalType"] == column["logicalType"], f"{domain}.{name}"
                followed += 1
    assert followed > 50


def test_every_identifier_is_masked_and_tagged(northwind: Path) -> None:
    for domain, contract in contracts_of(northwind).items():
        for name, column in columns(contract):
            properties = custom_properties(column)
            classification = column["classification"]
            if classification in ("direct_identifier", "quasi_identifier"):
                assert properties["hipaaIdentifier"], f"{domain}.{name}"
                assert properties["policyTag"] == f"{classification}_{properties['masking']}"
            elif classification == "none":
                assert "policyTag" not in properties, f"{domain}.{name}"
            else:
                assert properties["policyTag"].startswith("sensitive"), f"{domain}.{name}"


def test_relationship_to_a_domain_that_is_not_there_is_left_out(render: Render) -> None:
    contract = contracts_of(render(domains=["labs"]))["labs"]
    assert not [name for name, column in columns(contract) if "relationships" in column]


def test_custom_domain_is_described_in_full(render: Render) -> None:
    contract = contracts_of(render(**CUSTOM))["genomics"]
    assert contract["description"]["purpose"] == CUSTOM["custom_domains"][0]["description"]
    assert {item["property"]: item["value"] for item in contract["slaProperties"]} == {
        "freshness": 400,
        "retention": 9999,
    }
    described = dict(columns(contract))
    assert described["variants.variant_number"]["primaryKey"]
    assert described["variants.patient_id"]["physicalName"] == "PAT"
    assert described["variants.patient_id"]["classification"] == "direct_identifier"
    assert described["variants.result_id"]["classification"] == "direct_identifier"
    assert described["variants.genes"]["physicalType"] == "ARRAY<STRING>"
    assert described["variants.position_in_genome"]["physicalType"] == "STRUCT<chromosome STRING, base INT64>"
    assert [field["name"] for field in described["variants.position_in_genome"]["properties"]] == [
        "chromosome",
        "base",
    ]
    # Nothing is open by omission.
    assert described["variants.allele"]["classification"] == "sensitive"


def test_short_form_gets_its_defaults(render: Render) -> None:
    root = render(domains=["patients"], custom_domains=[{"name": "genomics", "columns": ["variant_id", "gene"]}])
    contract = contracts_of(root)["genomics"]
    assert [entity["name"] for entity in contract["schema"]] == ["genomics"]
    described = dict(columns(contract))
    assert list(described) == [
        f"genomics.{name}" for name in ("variant_id", "gene", "source_system", "updated_at", "landed_date")
    ]
    assert described["genomics.variant_id"]["primaryKey"]
    assert described["genomics.gene"]["logicalType"] == "string"
    assert contract["team"]["name"] == "genomics-owners"


def test_no_domain_is_kept_for_less_than_the_mesh(render: Render) -> None:
    genomics = {"name": "genomics", "columns": ["variant_id"], "retention_days": 2192}
    contract = contracts_of(render(domains=["labs"], custom_domains=[genomics], retention_days=3653))["genomics"]
    assert {item["property"]: item["value"] for item in contract["slaProperties"]}["retention"] == 3653


def test_expected_completeness_is_said_whenever_it_is_given(render: Render) -> None:
    always, usual = {"name": "gene", "completeness": 1}, "allele"
    genomics = {"name": "genomics", "columns": ["variant_id", always, usual]}
    described = dict(columns(contracts_of(render(domains=["labs"], custom_domains=[genomics]))["genomics"]))
    assert custom_properties(described["genomics.gene"])["completeness"] == 1
    assert "completeness" not in custom_properties(described["genomics.allele"])
