"""The full example after its demo: everything built, and as much of it as the contracts ask for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import yaml

from tests.answers import PATIENTS
from tests.contracts.test_contracts import columns, custom_properties
from tests.mesh import Mesh
from tests.render import ROOT


def staging_columns(mesh: Mesh) -> Iterator[dict[str, Any]]:
    """Every column of every contract."""
    for contract in mesh.contracts().values():
        for _, column in columns(contract):
            yield column


def entity_of(mesh: Mesh, domain: str, entity: str) -> dict[str, Any]:
    """An entity as its contract describes it."""
    described: dict[str, Any] = next(item for item in mesh.contracts()[domain]["schema"] if item["name"] == entity)
    return described


def staging_models(mesh: Mesh) -> dict[str, tuple[str, str]]:
    """Staging model -> its domain and entity, by the contracts."""
    return {
        f"stg_{domain}__{entity['name']}": (domain, entity["name"])
        for domain, contract in mesh.contracts().items()
        for entity in contract["schema"]
    }


def checked_code_systems() -> set[str]:
    """Code systems whose codes can be proved by check digit or shape."""
    files = (ROOT / "extensions" / "code_systems").glob("*.yml")
    return {path.stem for path in files if "check" in yaml.safe_load(path.read_text())}


def ways_that_must_agree(mesh: Mesh) -> Iterator[tuple[str, str, str]]:
    """entity, reference and sibling reference that lead to one record of a patient, by the contracts alone."""
    references: dict[str, dict[str, str]] = {}
    for domain, contract in mesh.contracts().items():
        for name, column in columns(contract):
            entity, _, field = name.partition(".")
            for relationship in column.get("relationships", []):
                path = re.split(r"\.odcs\.yaml#/schema/|/properties/|\.", relationship["to"])
                target = f"{domain}.{path[0]}" if len(path) == 2 else f"{path[0]}.{path[1]}"
                references.setdefault(f"{domain}.{entity}", {})[field] = target
    for entity, fields in references.items():
        for field, target in fields.items():
            if target != "patients.patients" and "patients.patients" not in references.get(target, {}).values():
                continue
            for sibling, parent in fields.items():
                for shared in references.get(parent, {}).values():
                    if sibling != field and shared == target:
                        yield entity, field, sibling


def test_everything_is_built_and_every_test_passes(built: Mesh) -> None:
    # An exposure has nothing to run.
    statuses = Counter(status for node, status in built.results().items() if not node.startswith("exposure."))
    assert statuses.keys() == {"success", "pass"}, statuses


def test_every_entity_has_its_model_and_every_mart_is_there(built: Mesh) -> None:
    names = {unique_id.split(".")[2] for unique_id in built.results() if unique_id.startswith("model.")}
    folders = (built.root / "dbt" / "models" / "marts").iterdir()
    marts = {folder.name for folder in folders if folder.is_dir()}
    assert marts
    assert names == staging_models(built).keys() | marts


def test_tests_are_as_many_as_the_contracts_ask_for(built: Mesh) -> None:
    tests = Counter(
        node["test_metadata"]["name"]
        for node in built.manifest()["nodes"].values()
        if node["resource_type"] == "test" and "/staging/" in node["original_file_path"]
    )
    described = list(staging_columns(built))
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
    assert tests["no_landing_defects"] == len(staging_models(built))
    checked = checked_code_systems()
    assert tests["valid_code"] == sum(
        column["logicalType"] == "string" and custom_properties(column).get("codeSystem") in checked
        for column in described
    )
    assert tests["agrees_with_parent"] == len(list(ways_that_must_agree(built)))


def test_staging_holds_each_landed_key_once(built: Mesh) -> None:
    statements = {}
    for model, (domain, entity) in staging_models(built).items():
        key = next(
            column["name"] for column in entity_of(built, domain, entity)["properties"] if column.get("primaryKey")
        )
        files = f"{built.landing}/{domain}/{entity}/*/*.parquet"
        statements[model] = (
            f"select (select count(distinct {key}) from read_parquet('{files}')), "
            f"(select count(distinct {key}) from {domain}__local.{model}), "
            f"(select count(*) from {domain}__local.{model})"
        )
    for model, ((landed, staged, rows),) in built.queries(statements).items():
        assert landed == staged == rows > 0, model


def test_rows_follow_the_volumes_of_the_contracts(built: Mesh) -> None:
    counts = built.queries(
        {model: f"select count(*) from {domain}__local.{model}" for model, (domain, _) in staging_models(built).items()}
    )
    for model, (domain, entity) in staging_models(built).items():
        asked = custom_properties(entity_of(built, domain, entity))["rowsPerPatient"] * PATIENTS
        # Exactly so many, a half row rounded, at least one.
        assert abs(counts[model][0][0] - max(1, asked)) <= 0.5, model


def test_marts_have_rows(built: Mesh) -> None:
    tables = built.query("select table_name from information_schema.tables where table_schema = 'marts__local'")
    assert tables
    counts = built.queries({table: f"select count(*) from marts__local.{table}" for (table,) in tables})
    assert [table for table, rows in counts.items() if rows == [[0]]] == []


def test_example_query_of_every_mart_runs(built_northwind: Mesh) -> None:
    statements = {
        node["name"]: node["config"]["meta"]["example_query"].replace(node["name"], f"marts__local.{node['name']}", 1)
        for node in built_northwind.manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["path"].startswith("marts/")
    }
    for mart, rows in built_northwind.queries(statements).items():
        assert rows, mart


def test_most_rows_hold_a_typical_code(built: Mesh) -> None:
    statements = {}
    for model, (domain, entity) in staging_models(built).items():
        for column in entity_of(built, domain, entity)["properties"]:
            if codes := custom_properties(column).get("typicalCodes"):
                field, listed = column["name"], ", ".join(f"'{code}'" for code in codes)
                statements[f"{model}.{field}"] = (
                    f"select count(*) filter ({field} in ({listed})), count({field}) from {domain}__local.{model}"
                )
    counts = [rows[0] for rows in built.queries(statements).values()]
    # Four of five, and what chance adds.
    assert 0.75 < sum(count for count, _ in counts) / sum(rows for _, rows in counts) < 0.95
