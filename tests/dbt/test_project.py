"""The dbt project as dbt itself understands it, and its rendering for any selection of domains."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.mesh import DBT_UTILS, Mesh

OFFLINE_BIGQUERY = """\
clinical_mesh:
  target: dev
  outputs:
    dev:
      type: bigquery
      method: oauth-secrets
      token: none
      project: northwind-dev
      dataset: dbt
      location: us-east4
"""


def models(mesh: Mesh) -> list[dict[str, Any]]:
    """All models of the project."""
    return [node for node in mesh.manifest()["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_is_described_owned_and_under_contract(built_northwind: Mesh) -> None:
    groups = built_northwind.manifest()["groups"]
    for model in models(built_northwind):
        name = model["name"]
        assert model["description"], name
        assert model["contract"]["enforced"], name
        assert f"group.clinical_mesh.{model['config']['group']}" in groups, name
        domain = model["path"].split("/")[1]
        expected = ("marts", "public") if model["path"].startswith("marts/") else (domain, "protected")
        assert (model["config"]["group"], model["config"]["access"]) == expected, name
        for column in model["columns"].values():
            assert column["description"], f"{name}.{column['name']}"
            assert column["data_type"], f"{name}.{column['name']}"


def test_every_column_is_classified_and_identifiers_are_tagged(built_northwind: Mesh) -> None:
    for model in models(built_northwind):
        for column in model["columns"].values():
            meta = column["config"]["meta"]
            where = f"{model['name']}.{column['name']}"
            assert meta["classification"] in {"direct_identifier", "quasi_identifier", "sensitive", "none"}, where
            if meta["classification"] != "none":
                assert meta["policy_tag"].startswith(meta["classification"]), where
            else:
                assert "policy_tag" not in meta, where


def test_tables_are_laid_out_by_no_masked_column(built_northwind: Mesh) -> None:
    """BigQuery refuses masked readers any query over a masked column that its table is clustered or partitioned by."""
    clustered = 0
    for model in models(built_northwind):
        for name in [*(model["config"].get("cluster_by") or []), "landed_date"]:
            meta = model["columns"].get(name, {"config": {"meta": {}}})["config"]["meta"]
            assert meta.get("policy_tag", "sensitive") == "sensitive", f"{model['name']}.{name}"
            clustered += name != "landed_date"
    assert clustered


def test_every_mart_has_a_unit_test_an_exposure_and_a_key(built_northwind: Mesh) -> None:
    manifest = built_northwind.manifest()
    unit_tested = {unit_test["model"] for unit_test in manifest["unit_tests"].values()}
    exposed = {
        node.rpartition(".")[2]
        for exposure in manifest["exposures"].values()
        for node in exposure["depends_on"]["nodes"]
    }
    keyed = {
        node["attached_node"].rpartition(".")[2]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and node["test_metadata"]["name"] in ("unique", "unique_combination_of_columns")
    }
    marts = {model["name"] for model in models(built_northwind) if model["path"].startswith("marts/")}
    assert marts
    assert marts <= unit_tested
    assert marts <= exposed
    assert marts <= keyed


def test_sources_say_how_fresh_they_must_be(built_northwind: Mesh) -> None:
    contracts = built_northwind.contracts()
    sources = built_northwind.manifest()["sources"].values()
    assert len(sources) == sum(len(contract["schema"]) for contract in contracts.values())
    for source in sources:
        agreed = {item["property"]: item["value"] for item in contracts[source["source_name"]]["slaProperties"]}
        assert source["freshness"]["error_after"]["count"] == agreed["freshness"]
        # An external table refuses a query without a partition filter; the filter must not hide what is only late.
        days = re.fullmatch(r"landed_date >= current_date - (\d+)", source["freshness"]["filter"])
        assert days
        assert int(days[1]) * 24 >= agreed["freshness"] + 24
        assert source["loaded_at_field"]


def test_first_hop_lands_in_a_temporary_table(built_northwind: Mesh) -> None:
    for model in models(built_northwind):
        if model["name"].startswith("stg_"):
            assert model["config"]["incremental_strategy"] == "merge"
            assert model["config"]["on_schema_change"] != "ignore"


def test_stand_in_of_dbt_utils_holds_what_the_project_calls(northwind: Path) -> None:
    sources = "\n".join(path.read_text() for path in (northwind / "dbt").rglob("*") if path.suffix in (".sql", ".yml"))
    called = set(re.findall(r"dbt_utils\.(\w+)", sources))
    stand_in = "\n".join(path.read_text() for path in (DBT_UTILS / "macros").glob("*.sql"))
    assert called == set(re.findall(r"{% (?:test|macro) (\w+)", stand_in))
    packages = yaml.safe_load((northwind / "dbt/packages.yml").read_text())
    assert [package["package"] for package in packages["packages"]] == ["dbt-labs/dbt_utils"]


def test_marts_name_what_they_cannot_do_without(northwind: Path) -> None:
    """extensions/marts.yml lists the staging models and marts that a mart refers to when nothing else is there."""
    root = Path(__file__).parents[2]
    declared = yaml.safe_load((root / "extensions" / "marts.yml").read_text())
    folders = {path.name for path in (northwind / "dbt/models/marts").iterdir() if path.is_dir()}
    assert declared.keys() == folders
    for mart, inputs in declared.items():
        sql = (northwind / f"dbt/models/marts/{mart}/{mart}.sql").read_text()
        referred = {name for name in re.findall(r"ref\('(\w+)'\)", sql) if name.startswith("stg_") or name in declared}
        if mart == "patient_360":
            assert set(inputs) <= referred
        else:
            assert set(inputs) == referred, mart


@pytest.mark.parametrize("domains", [["labs"], ["patients"], ["patients", "encounters"], ["labs", "claims", "vitals"]])
def test_nothing_refers_to_what_was_not_chosen(
    domains: list[str], render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    mesh = open_mesh(render(domains=domains), tmp_path / "mesh")
    mesh.dbt("parse", "--no-partial-parse")
    chosen = {model["name"] for model in models(mesh)}
    assert {name for name in chosen if name.startswith("stg_")} == {
        f"stg_{domain}__{entity['name']}"
        for domain, contract in mesh.contracts().items()
        for entity in contract["schema"]
    }
    assert ("patient_360" in chosen) == ("patients" in domains)


def test_credentials_are_nowhere(northwind: Path) -> None:
    profiles = yaml.safe_load((northwind / "dbt/profiles.yml").read_text())["clinical_mesh"]
    assert profiles["target"] == "local"
    for name, output in profiles["outputs"].items():
        assert output.get("method", "oauth") == "oauth", name
        assert not {"keyfile", "keyfile_json", "token", "refresh_token", "client_secret", "password"} & set(output)


def test_project_compiles_for_bigquery_without_a_connection(
    northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path
) -> None:
    mesh = open_mesh(northwind, tmp_path / "mesh")
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "profiles.yml").write_text(OFFLINE_BIGQUERY)
    mesh.dbt("compile", "--no-populate-cache", "--no-introspect", DBT_PROFILES_DIR=str(tmp_path / "profiles"))
    compiled = mesh.root / "dbt/target/compiled/clinical_mesh/models"
    labs = (compiled / "staging/labs/stg_labs__lab_results.sql").read_text()
    assert "from `northwind-dev`.`labs__aws_us_east_1`.`lab_results`" in labs
    assert "safe_cast(value_numeric as numeric)" in labs
    assert "landed_date >= date '2000-01-01'" in labs
    manifest = json.loads((mesh.root / "dbt/target/manifest.json").read_text())
    assert {node["schema"] for node in manifest["nodes"].values() if node["name"] == "patient_360"} == {
        "marts__us_east4"
    }
    for path in compiled.rglob("*.sql"):
        assert "duckdb" not in path.read_text().lower(), path
