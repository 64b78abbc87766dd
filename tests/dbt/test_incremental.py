"""Daily loads: only the new partition's files are read, the latest version wins, one load or several end alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.landing import plant
from tests.mesh import Mesh

MODELS = {
    "stg_patients__patients": ("patients", "patients", "patient_id"),
    "stg_labs__lab_results": ("labs", "lab_results", "lab_result_id"),
    "stg_genomics__variants": ("genomics", "variants", "variant_number"),
}
EXPLAIN = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set TimeZone = 'UTC'")
print("\\n".join(row[1] for row in connection.execute("explain analyze " + open(sys.argv[2]).read()).fetchall()))
"""


@dataclass(frozen=True)
class Loads:
    """The same landing data, loaded day by day and all at once."""

    daily: Mesh
    at_once: Mesh
    # Files that the daily mesh read on its second day, by model; and how many files lay there.
    files_read: dict[str, int]
    files_landed: dict[str, int]


def files_read(mesh: Mesh, model: str) -> int:
    """Files that DuckDB opens for the model's SQL as dbt compiled it last, by DuckDB's own count."""
    domain = MODELS[model][0]
    compiled = mesh.root / f"dbt/target/compiled/clinical_mesh/models/staging/{domain}/{model}.sql"
    plan = mesh.python("-c", EXPLAIN, str(mesh.database), str(compiled)).stdout
    counts = re.findall(r"Total Files Read: (\d+)", plan)
    assert len(counts) == 1, plan
    return int(counts[0])


@pytest.fixture(scope="module")
def loads(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory) -> Loads:
    """Three days of landing data."""
    folder = tmp_path_factory.mktemp("loads")
    rendered = render(**CUSTOM)
    at_once = open_mesh(rendered, folder / "at_once")
    at_once.generate("--patients", "40", "--days", "3")
    at_once.dbt("build", "--select", "path:models/staging", "--indirect-selection", "cautious")

    daily = open_mesh(rendered, folder / "daily")
    daily.generate("--patients", "40", "--days", "3")
    later_days = sorted(path for path in daily.landing.rglob("landed_date=*") if "2026-01-05" not in path.name)
    assert len(later_days) == 2 * len(MODELS)
    held_back = folder / "held_back"
    for partition in later_days:
        held = held_back / partition.relative_to(daily.landing)
        held.parent.mkdir(parents=True, exist_ok=True)
        partition.rename(held)
    read: dict[str, int] = {}
    landed: dict[str, int] = {}
    for day in ("2026-01-05", "2026-01-06", "2026-01-07"):
        for held in sorted(held_back.rglob(f"landed_date={day}")):
            held.rename(daily.landing / held.relative_to(held_back))
        daily.dbt("build", "--select", "path:models/staging", "--indirect-selection", "cautious")
        if day == "2026-01-06":
            # The SQL of that day's run once more: its bounds are literals, so it reads the same files.
            read = {model: files_read(daily, model) for model in MODELS}
            landed = {
                model: len(list((daily.landing / domain / entity).rglob("*.parquet")))
                for model, (domain, entity, _) in MODELS.items()
            }
    return Loads(daily, at_once, read, landed)


def test_second_day_reads_the_new_partition_alone(loads: Loads) -> None:
    assert set(loads.files_landed.values()) == {2}
    assert set(loads.files_read.values()) == {1}


def test_daily_load_opens_no_file_between_the_first_and_its_own(loads: Loads) -> None:
    """Not for its columns either."""
    [file] = (loads.daily.landing / "labs/lab_results/landed_date=2026-01-06").iterdir()
    content = file.read_bytes()
    file.write_bytes(b"no Parquet")
    loads.daily.dbt("run", "--select", "stg_labs__lab_results", "--vars", "{landed_from: 2026-01-07}")
    file.write_bytes(content)


def test_first_load_reads_all_files(loads: Loads) -> None:
    # The counter can count: without a newer partition to start from, every file is read.
    assert files_read(loads.at_once, "stg_labs__lab_results") == 3


def test_daily_loads_end_where_one_load_ends(loads: Loads) -> None:
    for model, (domain, _, _) in MODELS.items():
        table = f"select * from {domain}__local.{model} order by all"
        assert loads.daily.query(table) == loads.at_once.query(table), model


def test_latest_version_of_every_record_won(loads: Loads) -> None:
    updated = late = 0
    for model, (domain, entity, key) in MODELS.items():
        files = f"{loads.daily.landing}/{domain}/{entity}/*/*.parquet"
        rows = loads.daily.query(
            f"select {key}, max(updated_at) at time zone 'UTC', count(distinct updated_at), "
            "arg_max(updated_at, landed_date) < max(updated_at) "
            f"from read_parquet('{files}', hive_partitioning = true) group by {key} order by {key}"
        )
        staged = loads.daily.query(f"select {key}, updated_at from {domain}__local.{model} order by {key}")
        assert [row[:2] for row in rows] == staged, model
        updated += sum(row[2] > 1 for row in rows)
        late += sum(row[3] for row in rows)
    assert updated > 5, "the landing data holds no updates: nothing was proved"
    assert late > 0, "the landing data holds no late records: nothing was proved"


def test_one_day_can_be_loaded_again(loads: Loads) -> None:
    """landed_from and landed_to bound a run: a delivery that was completed after its day is loaded once more."""
    plant(
        loads.daily,
        "patients/patients",
        "'P1' as patient_id, 'MRN-P1' as mrn",
        name="completed",
        landed_date="2026-01-06",
    )
    select = ("--select", "stg_patients__patients")
    count = "select count(*) from patients__local.stg_patients__patients where patient_id = 'P1'"
    loads.daily.dbt("run", *select)
    assert loads.daily.query(count) == [[0]]
    loads.daily.dbt("run", *select, "--vars", "{landed_from: 2026-01-06, landed_to: 2026-01-06}")
    assert loads.daily.query(count) == [[1]]
    assert files_read(loads.daily, "stg_patients__patients") == 2


def test_bounded_run_tests_what_landed_since(loads: Loads) -> None:
    """The planted patient landed on the second day: tested from then on, no more from the third."""
    plant(loads.daily, "labs/lab_results", "'L1' as lab_result_id, 'nobody' as patient_id", landed_date="2026-01-06")
    loads.daily.dbt("run", "--select", "stg_labs__lab_results", "--vars", "{landed_from: 2026-01-06}")

    def failed(landed_from: str) -> list[str]:
        select = ("--select", "path:models/staging", "--indirect-selection", "cautious")
        loads.daily.dbt("test", *select, "--vars", f"{{landed_from: {landed_from}}}", check=False)
        results = loads.daily.results()
        assert len(results) > 40
        return [name.split(".")[2] for name, status in results.items() if status not in ("pass", "success")]

    assert [name[:38] for name in failed("2026-01-06")] == ["relationships_stg_labs__lab_results_pa"]
    assert failed("2026-01-07") == []
