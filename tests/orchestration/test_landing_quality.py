"""The DAG that watches the landing zone, run by Airflow against the emulated BigQuery."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.landing import land_until_today
from tests.engines.bigquery import Emulator
from tests.engines.environments import Environment
from tests.mesh import Mesh
from tests.orchestration.local_airflow import bigquery_settings, opened

# Days before today -> records; what is said of them, with 50 hours allowed and half of the usual volume.
CASES: list[tuple[dict[int, int], list[str]]] = [
    ({0: 1, 1: 100, 2: 100, 3: 100, 4: 100}, []),
    ({1: 100}, []),
    ({}, ["nothing landed in the days looked at"]),
    ({3: 100, 4: 100}, ["the newest day is {3}, more than 50 hours ago"]),
    ({1: 49, 2: 100, 3: 100, 4: 100}, ["49 records on {1}, 100 are usual"]),
    ({1: 50, 2: 100, 3: 100, 4: 100}, []),
    # The first load is no measure of a day.
    ({1: 90, 2: 100, 3: 110, 4: 90000}, []),
]
WRONG = """
import datetime as dt, json, sys
from clinical_mesh.landing_quality import wrong
now = dt.datetime.fromisoformat(sys.argv[1])
for counts in json.loads(sys.argv[2]):
    days = {now.date() - dt.timedelta(days=int(days)): records for days, records in counts.items()}
    print(json.dumps(wrong(days, now, 50, 0.5)))
"""


def test_it_tells_what_is_late_or_small(
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
) -> None:
    mesh = open_mesh(render(**CUSTOM), tmp_path / "mesh")
    land_until_today(mesh, 10)
    airflow = opened(line, airflow_environment, migrated, tmp_path / "home", mesh)

    now = dt.datetime(2026, 3, 10, 8, tzinfo=dt.UTC)
    said = airflow.python(WRONG, now.isoformat(), json.dumps([counts for counts, _ in CASES])).stdout.splitlines()
    for answer, (counts, complaints) in zip(said[-len(CASES) :], CASES, strict=True):
        days = [str(now.date() - dt.timedelta(days=days)) for days in range(5)]
        assert json.loads(answer) == [complaint.format(*days) for complaint in complaints], counts

    with Emulator(mesh=mesh.root) as emulator:
        airflow.settings.update(bigquery_settings(mesh, emulator.endpoint))
        with airflow.process() as process:
            run = process.run("landing_quality")
            assert run.success, run.log
            assert "lab_results: 3 days, newest" in run.log
            jobs = emulator.client().call("GET", "jobs?projection=full&maxResults=100")["jobs"]
            assert {job["configuration"]["labels"]["domain"] for job in jobs} == set(mesh.contracts())
            # Numbers leave the landing zone, and no record: the queries run where it lies.
            assert {job["jobReference"]["location"] for job in jobs} == {"aws-us-east-1"}

            # Nothing but the first day landed of one domain: it is as old as the contract allows, or older.
            for day in sorted((mesh.landing / "labs" / "lab_results").iterdir())[1:]:
                shutil.rmtree(day)
            old = next((mesh.landing / "labs" / "lab_results").iterdir())
            before = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=6)
            old.rename(old.with_name(f"landed_date={before}"))
            run = process.run("landing_quality")
            assert run.of("failed") == {"aws_us_east_1.labs"}
            assert (
                f"Owner: laboratory-medicine. lab_results: the newest day is {before}, more than 50 hours ago"
                in run.log
            )
            assert '"owner": "laboratory-medicine"' in run.log
