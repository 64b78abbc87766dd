"""dbt-bigquery, as it is, builds a mesh of two domains and one of the user's own on the service."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.engines.bigquery import Client, Emulator
from tests.mesh import Mesh

TARGET = ("--target", "dev")


@pytest.fixture(scope="module")
def mesh(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """The mesh, with data that landed today and yesterday."""
    mesh = open_mesh(render(**CUSTOM), tmp_path_factory.mktemp("bigquery") / "custom")
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    mesh.generate("--patients", "5", "--days", "2", "--first-day", yesterday.isoformat())
    return mesh


@pytest.fixture(scope="module")
def built(mesh: Mesh) -> Iterator[Client]:
    """A client of the service in which dbt built the mesh."""
    with Emulator(mesh=mesh.root) as emulator:
        path = mesh.root / "dbt" / "profiles.yml"
        profiles = yaml.safe_load(path.read_text())
        service = {"method": "oauth-secrets", "token": "dummy", "api_endpoint": emulator.endpoint}
        profiles["clinical_mesh"]["outputs"]["dev"].update(service)
        path.write_text(yaml.safe_dump(profiles))
        mesh.dbt("build", *TARGET)
        yield emulator.client()


def rows(client: Client) -> dict[str, str]:
    """Table -> number of its rows, of the domains' and marts' datasets."""
    return {
        f"{dataset}.{table['tableReference']['tableId']}": client.call(
            "GET", f"datasets/{dataset}/tables/{table['tableReference']['tableId']}"
        )["numRows"]
        for dataset in ("genomics__us_east4", "labs__us_east4", "patients__us_east4", "marts__us_east4")
        for table in client.call("GET", f"datasets/{dataset}/tables")["tables"]
        if table["type"] == "TABLE"
    }


def statuses(mesh: Mesh) -> set[str]:
    """Of the last build, but for the tests that warn of policy tags: their ids are not given here."""
    return {status for name, status in mesh.results().items() if "policy_tags_are_set" not in name}


def test_every_node_passes(built: Client, mesh: Mesh) -> None:
    assert statuses(mesh) <= {"success", "pass", "no-op"}
    assert len(mesh.results()) > 50


def test_data_lie_where_the_dataset_says(built: Client) -> None:
    assert int(rows(built)["labs__us_east4.stg_labs__lab_results"]) > 0
    found = built.query("select position_in_genome.base, genes from genomics__us_east4.stg_genomics__variants limit 1")
    assert [field["type"] for field in found.fields] == ["INTEGER", "STRING"]


def test_descriptions_are_kept(built: Client) -> None:
    table = built.call("GET", "datasets/labs__us_east4/tables/stg_labs__lab_results")
    assert table["description"]
    assert all(field["description"] for field in table["schema"]["fields"])


def test_data_cross_clouds_in_tables_as_select_only(built: Client) -> None:
    crossed = {
        job["statistics"]["query"]["statementType"]
        for job in built.call("GET", "jobs")["jobs"]
        if "transferredBytes" in job["statistics"].get("query", {})
    }
    assert "CREATE_TABLE_AS_SELECT" in crossed
    assert crossed <= {"CREATE_TABLE_AS_SELECT", "SELECT"}


def test_a_second_build_merges(built: Client, mesh: Mesh) -> None:
    before = rows(built)
    mesh.dbt("build", *TARGET)
    assert statuses(mesh) <= {"success", "pass", "no-op"}
    assert rows(built) == before
    statements = [job["statistics"].get("query", {}).get("statementType") for job in built.call("GET", "jobs")["jobs"]]
    assert "MERGE" in statements


def test_the_catalog_has_columns_and_sizes(built: Client, mesh: Mesh) -> None:
    mesh.dbt("docs", "generate", "--no-compile", *TARGET)
    catalog: dict[str, Any] = json.loads((mesh.root / "dbt" / "target" / "catalog.json").read_text())
    assert not catalog["errors"]
    node = catalog["nodes"]["model.clinical_mesh.stg_labs__lab_results"]
    assert node["columns"]["lab_result_id"]["type"] == "STRING"
    assert node["stats"]["num_rows"]["value"] > 0


def test_freshness_reads_the_newest_partition(built: Client, mesh: Mesh) -> None:
    mesh.dbt("source", "freshness", *TARGET)
    found = json.loads((mesh.root / "dbt" / "target" / "sources.json").read_text())["results"]
    loaded = {result["unique_id"].rpartition(".")[2]: result["max_loaded_at"][:10] for result in found}
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    # Older ones are behind the filter of the sources.
    assert set(loaded) == {"lab_results", "patients", "variants"}
    assert all(day >= yesterday.isoformat() for day in loaded.values())
