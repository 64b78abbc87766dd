"""The full example after its demo: everything built, and as much of it as the contracts ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.contracts.test_contracts import columns
from tests.mesh import Mesh


def staging_columns(mesh: Mesh) -> Iterator[dict[str, Any]]:
    """Every column of every contract."""
    for contract in mesh.contracts().values():
        for _, column in columns(contract):
            yield column


def staging_models(mesh: Mesh) -> dict[str, tuple[str, str]]:
    """Staging model -> its domain and entity, by the contracts."""
    return {
        f"stg_{domain}__{entity['name']}": (domain, entity["name"])
        for domain, contract in mesh.contracts().items()
        for entity in contract["schema"]
    }


def test_everything_is_built_and_every_test_passes(built_northwind: Mesh) -> None:
    # An exposure has nothing to run.
    statuses = Counter(status for node, status in built_northwind.results().items() if not node.startswith("exposure."))
    assert statuses.keys() == {"success", "pass"}, statuses


def test_every_entity_has_its_model_and_every_mart_is_there(built_northwind: Mesh) -> None:
    built = {unique_id.split(".")[2] for unique_id in built_northwind.results() if unique_id.startswith("model.")}
    folders = (built_northwind.root / "dbt" / "models" / "marts").iterdir()
    marts = {folder.name for folder in folders if folder.is_dir()}
    assert len(marts) >= 6
    assert built == staging_models(built_northwind).keys() | marts


def test_tests_are_as_many_as_the_contracts_ask_for(built_northwind: Mesh) -> None:
    tests = Counter(
        node["test_metadata"]["name"]
        for node in built_northwind.manifest()["nodes"].values()
        if node["resource_type"] == "test" and "/staging/" in node["original_file_path"]
    )
    described = list(staging_columns(built_northwind))
    assert tests["not_null"] == sum(column.get("required", False) for column in described)
    assert tests["unique"] == sum(column.get("unique", False) for column in described)
    assert tests["relationships"] == sum(len(column.get("relationships", [])) for column in described)
    assert tests["accepted_values"] == sum(
        column["logicalType"] == "string" and "quality" in column for column in described
    )
    assert tests["matches_pattern"] == sum("pattern" in column.get("logicalTypeOptions", {}) for column in described)
    assert tests["accepted_range"] == sum(
        not {"minimum", "maximum"}.isdisjoint(column.get("logicalTypeOptions", {})) for column in described
    )
    assert tests["no_landing_defects"] == len(staging_models(built_northwind))
    assert tests["valid_code"] > 10
    assert tests["agrees_with_parent"] > 10


def test_staging_holds_each_landed_key_once(built_northwind: Mesh) -> None:
    for model, (domain, entity) in staging_models(built_northwind).items():
        contract = built_northwind.contracts()[domain]
        described = next(item for item in contract["schema"] if item["name"] == entity)
        key = next(column["name"] for column in described["properties"] if column.get("primaryKey"))
        files = f"{built_northwind.landing}/{domain}/{entity}/*/*.parquet"
        ((landed, staged, rows),) = built_northwind.query(
            f"select (select count(distinct {key}) from read_parquet('{files}')), "
            f"(select count(distinct {key}) from {domain}__local.{model}), "
            f"(select count(*) from {domain}__local.{model})"
        )
        assert landed == staged == rows > 0, model


def test_rows_follow_the_volumes_of_the_contracts(built_northwind: Mesh) -> None:
    patients = 60
    for model, (domain, entity) in staging_models(built_northwind).items():
        described = next(item for item in built_northwind.contracts()[domain]["schema"] if item["name"] == entity)
        per_patient = described["customProperties"][0]["value"]
        ((rows,),) = built_northwind.query(f"select count(*) from {domain}__local.{model}")
        # New rows of later days come on top.
        assert 0.8 * per_patient * patients - 1 <= rows <= 1.3 * per_patient * patients + 1, model


def test_marts_have_rows(built_northwind: Mesh) -> None:
    tables = built_northwind.query(
        "select table_name from information_schema.tables where table_schema = 'marts__local'"
    )
    assert tables
    for (table,) in tables:
        ((rows,),) = built_northwind.query(f"select count(*) from marts__local.{table}")
        assert rows > 0, table


def test_example_query_of_every_mart_runs(built_northwind: Mesh) -> None:
    marts = [
        node
        for node in built_northwind.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["path"].startswith("marts/")
    ]
    for mart in marts:
        query = mart["config"]["meta"]["example_query"]
        assert built_northwind.query(query.replace(mart["name"], f"marts__local.{mart['name']}", 1)), mart["name"]
