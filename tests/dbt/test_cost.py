"""What a daily run reads on the emulated BigQuery: a load after 5, 50 and 500 days the day, and not the history; and
everything that the documentation's page on cost reckons.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figure, Render, Total
from tests.dbt.landing import land_history
from tests.dbt.warehouse import Warehouse, deliver, held_back, landed_days, models, relation, warehouse
from tests.mesh import Mesh

MODEL = "stg_labs__lab_results"
TABLE = f"labs__us_east4.{MODEL}"
HISTORIES = (5, 50, 500)
# A mesh in which every day brings as much, under keys of its own, and nothing that was there changes.
STEADY = {"domains": ["patients", "encounters", "labs"]}
PATIENTS_PER_DAY = 20
STEADY_DAYS = 10
# The page's own reckoning, with other volumes: bytes.
RECKONED = """
import json, pathlib, sys
sys.path.insert(0, "docs/site")
import cost, mesh
found = mesh.read(pathlib.Path("dbt/target/manifest.json"))
found.cost["volumes"].update(json.loads(sys.argv[1]))
days = cost.days(found)
print(json.dumps({
    "landed": sum(day.landed for day in days),
    "curated": sum(day.curated for day in days),
    "moved": sum(day.moved for day in days),
    "read_by_dbt": cost.read_by_dbt(found, int(sys.argv[2])),
}))
"""


@dataclass(frozen=True)
class Bytes:
    """Of one daily load: what crossed the clouds, the MERGE, and everything else that was read of the staging table."""

    transferred: int
    merged: int
    looked_up: int
    # Rows of the staging table before the load, and the bytes of their keys.
    rows: int
    keys: int
    # What the load of all the history transferred.
    history: int


def daily_load(service: Warehouse) -> Bytes:
    """Load the history at once, and then the day after it."""
    mesh, newest = service.mesh, landed_days(service.mesh)[-1]
    held_back(mesh, [newest])
    before = len(service.jobs())
    service.dbt("run", "--select", MODEL, "--full-refresh")
    history = sum(map(transferred, service.jobs()[before:]))
    [[rows, keys]] = service.query(f"select count(*), sum(byte_length(lab_result_id) + 2) from {TABLE}")
    deliver(mesh, newest)
    before = len(service.jobs())
    service.dbt("run", "--select", MODEL, "--vars", f"{{landed_from: {newest}}}")
    jobs = service.jobs()[before:]
    merges = [job for job in jobs if job["statistics"]["query"]["statementType"] == "MERGE"]
    crossed = sum(map(transferred, jobs))
    return Bytes(
        crossed,
        sum(map(processed, merges)),
        sum(map(processed, jobs)) - sum(map(processed, merges)) - crossed,
        int(rows),
        int(keys),
        history,
    )


def transferred(job: dict[str, Any]) -> int:
    """Bytes that a job read of the landing zone."""
    return int(job["statistics"]["query"].get("transferredBytes", 0))


def processed(job: dict[str, Any]) -> int:
    """Bytes that a job is charged for."""
    return int(job["statistics"]["totalBytesProcessed"])


@pytest.fixture(scope="module")
def loads(
    render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Bytes]:
    """Days of history -> the load of the day after."""
    mesh = open_mesh(render(domains=["labs"]), tmp_path_factory.mktemp("cost") / "mesh")
    mesh.generate("--patients", "1", "--days", "1")
    found, first = {}, 1
    with warehouse(mesh) as service:
        for days in HISTORIES:
            # Keys of their own every day, but for a tenth of the records, which change a day later.
            land_history(mesh, first, days, corrected=first == 1)
            first = days
            found[days] = daily_load(service)
    return found


def test_what_crosses_the_clouds_is_the_day(loads: dict[int, Bytes], total: Total, figure: Figure) -> None:
    assert len({load.transferred for load in loads.values()}) == 1
    # The engine can count: a load of everything transfers everything.
    assert loads[50].history > 8 * loads[5].history
    assert loads[500].history > 8 * loads[50].history
    figure("days_of_history", max(loads))
    total(
        "BigQuery, a daily load after "
        + "; ".join(
            f"{days} days ({load.rows} rows): {load.transferred} bytes cross clouds, "
            f"{load.merged} for the MERGE, {load.looked_up} looked up"
            for days, load in loads.items()
        )
    )


def test_merge_costs_the_partitions_that_change(loads: dict[int, Bytes]) -> None:
    assert len({load.merged for load in loads.values()}) == 1


def test_only_keys_and_times_are_looked_up_in_the_history(loads: dict[int, Bytes]) -> None:
    """What is stored of a record, then once more in dbt's check of the contract, and in which partition it stands."""
    for load in loads.values():
        assert load.looked_up <= 3 * load.keys + 5 * 8 * load.rows + load.transferred


@dataclass(frozen=True)
class Steady:
    """A daily run in which every day is as large: what was counted, and what is reckoned of the same volumes.

    landed: bytes of the day's files. curated: bytes of the staging tables, all days. transferred, read: by the run.
    """

    landed: int
    curated: int
    transferred: int
    read: int
    reckoned: dict[str, float]


@pytest.fixture(scope="module")
def steady(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory) -> Steady:
    """Everything built, and built again a day later."""
    mesh = open_mesh(render(**STEADY), tmp_path_factory.mktemp("cost") / "steady")
    mesh.generate("--patients", str(PATIENTS_PER_DAY), "--days", "1")
    land_history(mesh, 1, STEADY_DAYS)
    newest = landed_days(mesh)[-1]
    store = held_back(mesh, [newest])
    landed = sum(path.stat().st_size for path in store.rglob("*.parquet"))
    with warehouse(mesh) as service:
        service.dbt("build", "--exclude-resource-type", "unit_test")
        deliver(mesh, newest)
        before = len(service.jobs())
        service.dbt("build", "--exclude-resource-type", "unit_test")
        jobs = service.jobs()[before:]
        staged = [model for model in models(mesh) if model["name"].startswith("stg_")]
        curated = sum(int(service.table(relation(model))["numBytes"]) for model in staged)
        texts = [text_in(service, model) for model in staged]
    volumes = {
        "patients_per_day": PATIENTS_PER_DAY,
        "text_bytes": sum(length for length, _ in texts) / sum(count for _, count in texts),
        "compression": landed * STEADY_DAYS / curated,
        "days_corrected": 0,
    }
    output = mesh.python("-c", RECKONED, json.dumps(volumes), str(STEADY_DAYS)).stdout
    crossed = sum(map(transferred, jobs))
    return Steady(landed, curated, crossed, sum(map(processed, jobs)) - crossed, json.loads(output))


def text_in(service: Warehouse, model: dict[str, Any]) -> tuple[int, int]:
    """Bytes of all texts of a table, and how many there can be."""
    texts = [field["name"] for field in service.table(relation(model))["schema"]["fields"] if field["type"] == "STRING"]
    lengths = " + ".join(f"ifnull(byte_length({name}), 0)" for name in texts)
    [[length, rows]] = service.query(f"select sum({lengths}), count(*) from {relation(model)}")
    return int(length), int(rows) * len(texts)


def test_page_on_cost_reckons_what_crosses_the_clouds(steady: Steady) -> None:
    """Files of the day, as often as they are read. BigQuery counts values where the emulator counts files."""
    assert steady.reckoned["landed"] == pytest.approx(steady.landed, rel=0.1)
    assert steady.reckoned["moved"] / steady.reckoned["curated"] == steady.transferred / steady.landed


def test_page_on_cost_reckons_what_is_stored(steady: Steady) -> None:
    assert steady.reckoned["curated"] * STEADY_DAYS == pytest.approx(steady.curated, rel=0.1)


def test_page_on_cost_reckons_what_dbt_reads(steady: Steady, total: Total) -> None:
    """Never less, and little more: of the marts it takes every column that they could use."""
    ratio = steady.reckoned["read_by_dbt"] / steady.read
    assert 1 <= ratio <= 1.5, steady
    total(f"page on cost: {ratio:.2f} of the {steady.read} bytes that a daily run read on BigQuery")
