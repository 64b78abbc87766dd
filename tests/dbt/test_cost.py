"""What a daily load reads on the emulated BigQuery after 5, 50 and 500 days: the day, and not the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figure, Render, Total
from tests.dbt.warehouse import Warehouse, deliver, held_back, landed_days, warehouse
from tests.mesh import Mesh

MODEL = "stg_labs__lab_results"
TABLE = f"labs__us_east4.{MODEL}"
HISTORIES = (5, 50, 500)
# The same results every day, under keys of their own. A day later a tenth of them changes.
DAYS = """
import datetime, pathlib, sys, duckdb
folder, first, last = pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:])
newest = datetime.date.fromisoformat(max(day.name for day in folder.iterdir()).partition("=")[2])
[template] = (folder / f"landed_date={newest}").glob("*.parquet")
connection = duckdb.connect()
connection.execute("set TimeZone = 'UTC'")
rows = f"read_parquet('{template}')"
for age in range(first, last):
    day = folder / f"landed_date={newest - datetime.timedelta(days=age)}"
    day.mkdir()
    connection.execute(f'''copy (
        select * replace (
            lab_result_id || '-{age:03}' as lab_result_id, updated_at - interval {age} day as updated_at
        )
        from {rows}
    ) to '{day}/part-0.parquet' ''')
if first == 1:
    connection.execute(f'''copy (
        from {rows} union all by name
        select * replace (lab_result_id || '-001' as lab_result_id) from {rows} where hash(lab_result_id) % 10 = 0
    ) to '{template}.new' (format parquet)''')
    pathlib.Path(f"{template}.new").rename(template)
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
            mesh.python("-c", DAYS, str(mesh.landing / "labs/lab_results"), str(first), str(days))
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
