"""Deliveries as they come, day by day, into the emulated BigQuery: late, doubled, with a new column, and unreadable."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.landing import plant
from tests.dbt.warehouse import Warehouse, deliver, held_back, landed_days, local_rows, relation, warehouse
from tests.engines.bigquery.landing import fields
from tests.mesh import Mesh, contracts_of

STAGING = ["stg_genomics__variants", "stg_labs__lab_results"]
# A domain of the template and one of the user's own, which has a column more a day later.
[GENOMICS] = CUSTOM["custom_domains"]
[VARIANTS] = GENOMICS["entities"]
NEW = {"name": "zygosity", "required": True}
COLUMNS = [column for column in VARIANTS["columns"] if column["name"] != "patient_id"]


def answers(*more: dict[str, Any]) -> dict[str, Any]:
    """With these columns more."""
    return {
        "domains": ["labs"],
        "custom_domains": [GENOMICS | {"entities": [VARIANTS | {"columns": [*COLUMNS, *more]}]}],
    }


@dataclass(frozen=True)
class Deliveries:
    """A mesh in which everything is built of the first two days, but for what labs delivered on the second."""

    warehouse: Warehouse
    days: list[str]
    grown: Path

    def load(self, day: str, check: bool = True) -> str:
        """Run the staging models over a day, as the orchestration does; what dbt said."""
        bounds = f"{{landed_from: {day}, landed_to: {day}}}"
        return self.warehouse.dbt("run", "--select", "path:models/staging", "--vars", bounds, check=check)

    def count(self, model: str, where: str = "true") -> int:
        """Rows of a model."""
        domain = model.removeprefix("stg_").partition("__")[0]
        return int(self.warehouse.query(f"select count(*) from {domain}__us_east4.{model} where {where}")[0][0])


@pytest.fixture(scope="module")
def deliveries(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deliveries]:
    """The tests below are steps, in their order. The days end yesterday, so that freshness has something to say."""
    folder = tmp_path_factory.mktemp("deliveries")
    mesh, grown = open_mesh(render(**answers()), folder / "mesh"), open_mesh(render(**answers(NEW)), folder / "grown")
    first = datetime.now(UTC).date() - timedelta(days=4)
    for each in (mesh, grown):
        each.generate("--patients", "40", "--days", "4", "--first-day", first.isoformat())
    days = landed_days(mesh)
    held_back(mesh, days[1:])
    deliver(mesh, days[1], "[!l]*")
    with warehouse(mesh) as running:
        running.dbt("build", "--exclude-resource-type", "test")
        yield Deliveries(running, days, grown.root)


def freshness(deliveries: Deliveries) -> dict[str, str]:
    """Entity -> status."""
    mesh = deliveries.warehouse.mesh
    deliveries.warehouse.dbt("source", "freshness", check=False)
    found = json.loads((mesh.root / "dbt/target/sources.json").read_text())["results"]
    return {result["unique_id"].rpartition(".")[2]: result["status"] for result in found}


def test_what_did_not_land_for_days_is_stale(deliveries: Deliveries) -> None:
    """The user's own domain allows for 200 hours, the others for 50."""
    assert freshness(deliveries) == {"lab_results": "error", "variants": "pass"}


def test_a_run_over_a_day_loads_that_day(deliveries: Deliveries) -> None:
    third = deliveries.days[2]
    deliver(deliveries.warehouse.mesh, third)
    deliveries.load(third)
    assert all(deliveries.count(model, f"landed_date = '{third}'") for model in STAGING)


def test_a_late_partition_is_loaded_by_its_day(deliveries: Deliveries) -> None:
    """Late copies of what stands leave it where it is."""
    mesh, (_, second, third, _) = deliveries.warehouse.mesh, deliveries.days
    deliver(mesh, second)
    variants = mesh.landing / "genomics/variants"
    [newer] = (variants / f"landed_date={third}").iterdir()
    shutil.copy(newer, variants / f"landed_date={second}/late.parquet")
    stood = deliveries.count("stg_genomics__variants", f"landed_date = '{third}'")
    assert deliveries.count("stg_labs__lab_results", f"landed_date = '{second}'") == 0
    deliveries.load(second)
    assert deliveries.count("stg_labs__lab_results", f"landed_date = '{second}'") > 0
    assert deliveries.count("stg_genomics__variants", f"landed_date = '{third}'") == stood > 0


def test_a_day_delivered_twice_changes_nothing(deliveries: Deliveries) -> None:
    mesh, third = deliveries.warehouse.mesh, deliveries.days[2]
    before = deliveries.warehouse.rows(STAGING)
    doubled = [path for path in mesh.landing.glob(f"*/*/landed_date={third}/*") if path.is_file()]
    for path in doubled:
        shutil.copy(path, path.with_stem(f"{path.stem}_again"))
    deliveries.load(third)
    assert deliveries.warehouse.rows(STAGING) == before
    for path in doubled:
        path.with_stem(f"{path.stem}_again").unlink()


def test_what_came_in_parts_is_what_comes_at_once(deliveries: Deliveries) -> None:
    """On DuckDB, which reads all days in one run."""
    mesh = deliveries.warehouse.mesh
    mesh.dbt("run", "--select", "path:models/staging", "--target", "local", "--target-path", "../local")
    assert deliveries.warehouse.rows(STAGING) == local_rows(mesh, STAGING)


def test_files_of_another_type_fail_and_change_nothing(deliveries: Deliveries) -> None:
    """A column that the table has as a date holds text: BigQuery can read no row of the file."""
    mesh, third = deliveries.warehouse.mesh, deliveries.days[2]
    before = deliveries.warehouse.rows(STAGING)
    plant(mesh, "genomics/variants", "'soon' as called_on", landed_date=third, from_date=deliveries.days[0])
    said = deliveries.load(third, check=False)
    assert "stg_genomics__variants" in said
    assert "called_on" in said
    assert deliveries.warehouse.rows(STAGING) == before
    (mesh.landing / f"genomics/variants/landed_date={third}/planted.parquet").unlink()


def adopt(deliveries: Deliveries, *replacements: tuple[str, str]) -> None:
    """Take over the contracts and the models with the new column, and register its table anew, as the DAG does."""
    mesh = deliveries.warehouse.mesh
    for folder in ("contracts", "dbt/models"):
        shutil.copytree(deliveries.grown / folder, mesh.root / folder, dirs_exist_ok=True)
    for path in (mesh.root / "dbt/models/staging/genomics").iterdir():
        text = path.read_text()
        for old, new in replacements:
            text = text.replace(old, new, 1)
        path.write_text(text)
    schema = {"fields": fields(contracts_of(deliveries.grown)["genomics"]["schema"][0]["properties"], "parquet")}
    deliveries.warehouse.client().call("PATCH", "datasets/genomics__aws_us_east_1/tables/variants", {"schema": schema})


def test_a_column_of_another_type_fails_and_changes_nothing(deliveries: Deliveries) -> None:
    """The contract turns a text into a number: what is stored cannot, so a person has to decide."""
    fourth = deliveries.days[3]
    deliver(deliveries.warehouse.mesh, fourth)
    before = deliveries.count("stg_genomics__variants")
    adopt(deliveries, ("        allele,\n", "        length(allele) as allele,\n"))
    models = deliveries.warehouse.mesh.root / "dbt/models/staging/genomics/_genomics__models.yml"
    text = models.read_text()
    name = "      - name: allele\n"
    at = text.index(name)
    models.write_text(text[:at] + text[at:].replace("data_type: string", "data_type: int64", 1))
    said = deliveries.load(fourth, check=False)
    assert "allele" in said
    assert "INT64" in said
    assert deliveries.count("stg_genomics__variants") == before


def test_a_new_column_is_added(deliveries: Deliveries) -> None:
    """Null where it had not landed yet."""
    fourth = deliveries.days[3]
    mesh = deliveries.warehouse.mesh
    adopt(deliveries)
    name = f"genomics/variants/landed_date={fourth}"
    shutil.copytree(deliveries.grown / "demo/landing" / name, mesh.landing / name, dirs_exist_ok=True)
    deliveries.load(fourth)
    assert deliveries.count("stg_genomics__variants", f"landed_date = '{fourth}' and zygosity is not null") > 0
    assert deliveries.count("stg_genomics__variants", f"landed_date = '{fourth}' and zygosity is null") == 0
    assert deliveries.count("stg_genomics__variants", f"landed_date < '{fourth}' and zygosity is null") > 0


def test_what_landed_yesterday_is_fresh_enough(deliveries: Deliveries) -> None:
    assert not {"error", "runtime error"} & set(freshness(deliveries).values())


def test_pull_request_builds_what_it_changes_beside_what_is_there(deliveries: Deliveries) -> None:
    """state:modified+ and --defer, against the manifest of what is there."""
    service, mesh = deliveries.warehouse, deliveries.warehouse.mesh
    service.dbt("build", "--select", "lab_turnaround", "--exclude-resource-type", "test")
    (mesh.root / "state").mkdir()
    service.dbt("parse")
    shutil.copy(mesh.root / "dbt/target/manifest.json", mesh.root / "state")
    model = mesh.root / "dbt/models/marts/lab_turnaround/lab_turnaround.sql"
    model.write_text(model.read_text().replace("not in ('cancelled', ", "not in ('preliminary', 'cancelled', "))

    tables = "select table_schema, table_name from `northwind-dev`.`region-us-east4`.INFORMATION_SCHEMA.TABLES"
    before = service.query(tables)
    slim = ("--select", "state:modified+", "--state", "../state", "--defer", "--exclude-resource-type", "unit_test")
    jobs = len(service.jobs())
    service.dbt("build", *slim, "--vars", "{rehearsal: pr_42}")
    assert [table for table in service.query(tables) if table not in before] == [
        ["dbt__us_east4", "pr_42__lab_turnaround"]
    ]
    written = {
        "{datasetId}.{tableId}".format(**table)
        for job in service.jobs()[jobs:]
        if (table := job["statistics"]["query"].get("ddlTargetTable"))
    }
    assert {table.partition(".")[0] for table in written} == {"dbt__us_east4"}
    [mart] = [node for node in mesh.manifest()["nodes"].values() if node["name"] == "lab_turnaround"]
    assert relation(mart) == "dbt__us_east4.pr_42__lab_turnaround"
    preliminary = "select countif(status = 'preliminary'), count(*) > 0 from {}"
    assert service.query(preliminary.format(relation(mart))) == [["0", "true"]]
    assert service.query(preliminary.format("marts__us_east4.lab_turnaround")) != [["0", "true"]]

    service.dbt("run-operation", "drop_rehearsal", "--vars", "{rehearsal: pr_42}")
    assert service.query(tables) == before
