"""The DAG that builds the warehouse, run by Airflow: on DuckDB, and on the emulated BigQuery after the registration."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.dbt.landing import land_until_today, plant
from tests.dbt.warehouse import profiles_for
from tests.engines.bigquery import Emulator
from tests.engines.environments import Environment, environment
from tests.mesh import Mesh
from tests.orchestration.local_airflow import DBT, REGISTER, Airflow, Process, bigquery_settings, dbt_settings, opened

# Stands in landed records, and may stand in no log.
MARKER = "Quixotic7351"
PASSED = {"success", "pass", "warn", "no-op"}


def run_results(mesh: Mesh, emulator: Emulator | None) -> list[list[Any]]:
    """Run, node, resource type, status, failures and domain of every node that ran, oldest first."""
    columns = "run_id, node, resource_type, status, failures, domain"
    if emulator is None:
        return mesh.query(f"select {columns} from dev__local.run_results order by completed_at")
    return emulator.client().query(f"select {columns} from dbt__us_east4.run_results order by completed_at").rows


def all_logs(airflow: Airflow) -> str:
    """What Airflow and dbt left in files."""
    return "\n".join(path.read_text(errors="replace") for path in airflow.home.rglob("*.log"))


def test_a_failing_domain_holds_what_depends_on_it(
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
) -> None:
    """On Airflow 2.11 over BigQuery, on Airflow 3.3 over DuckDB. No log quotes a record, failed or not."""
    mesh = open_mesh(render(**CUSTOM, landing_format="csv"), tmp_path / "mesh")
    first, yesterday = land_until_today(mesh, 10)
    # A patient whom nobody knows, and values of the wrong type.
    result = f"'{MARKER}L' as lab_result_id, '{MARKER}P' as patient_id, '{MARKER}N' as value_numeric"
    plant(
        mesh,
        "labs/lab_results",
        f"{result}, '{MARKER}' as display",
        name="orphan",
        landed_date=yesterday,
        from_date=first,
    )
    plant(mesh, "patients/patients", f"'{MARKER}' as family_name", name="name", landed_date=yesterday, from_date=first)
    airflow = opened(line, airflow_environment, migrated, tmp_path / "home", mesh)
    airflow.settings.update(dbt_settings(airflow.home))
    if line == "3.3":
        variables = {"LANDING_ROOT": str(mesh.landing), "MESH_DUCKDB": str(mesh.database), "AIRFLOW_VAR_ENV": "local"}
        airflow.settings.update(variables)
        with airflow.process() as process:
            _fail_and_mend(airflow, process, mesh, None, yesterday)
    else:
        with Emulator(mesh=mesh.root, tables=False) as emulator:
            airflow.settings.update(bigquery_settings(mesh, emulator.endpoint))
            airflow.settings["DBT_PROFILES_DIR"] = str(profiles_for(mesh, emulator.endpoint))
            with airflow.process() as process:
                assert process.run(REGISTER).success
                _fail_and_mend(airflow, process, mesh, emulator, yesterday)


def _fail_and_mend(airflow: Airflow, process: Process, mesh: Mesh, emulator: Emulator | None, yesterday: str) -> None:
    run = process.run(DBT)
    logs = [run.log]
    assert not run.success
    assert run.of("failed") == {"domains.labs"}, run.log
    held = {"domains.genomics", "marts.lab_turnaround", "marts.patient_360", "marts.patient_360_policy_tag"}
    assert run.of("upstream_failed") == held
    assert run.of("success") == run.states.keys() - held - {"domains.labs"}
    assert {"source_freshness", "code_systems", "domains.patients"} <= run.of("success")
    assert f"landed_from: null, landed_to: {yesterday}" in run.log
    assert "--full-refresh" not in run.log
    assert '"owner": "laboratory-medicine"' in run.log
    rows = run_results(mesh, emulator)
    failed = [row for row in rows if row[3] not in PASSED and row[2] == "test"]
    assert {row[5] for row in failed} == {"labs"}
    assert any("relationships" in row[1] for row in failed)
    assert all(int(row[4]) >= 1 for row in failed if row[3] == "fail")

    # The domain lands anew without what was wrong. What it left in the tables goes with a full refresh.
    for path in mesh.landing.rglob("*orphan*"):
        path.unlink()
    conf = {"landed_to": yesterday, "landed_from": "2000-01-01", "full_refresh": True}
    run = process.run(DBT, conf)
    logs.append(run.log)
    assert run.success, run.log
    assert set(run.states.values()) == {"success"}
    assert f"landed_from: 2000-01-01, landed_to: {yesterday}" in run.log
    assert "--full-refresh" in run.log
    again = [row for row in run_results(mesh, emulator) if row[0] not in {row[0] for row in rows}]
    assert {row[3] for row in again} <= PASSED
    counts = "select count(*) from {}.stg_labs__lab_results where landed_date <= date '{}'"
    today = "select count(*) from {}.stg_labs__lab_results where landed_date > date '{}'"
    schema = "labs__local" if emulator is None else "labs__us_east4"
    query = mesh.query if emulator is None else lambda sql: emulator.client().query(sql).rows
    assert int(query(counts.format(schema, yesterday))[0][0]) > 0
    assert int(query(today.format(schema, yesterday))[0][0]) == 0

    assert MARKER in "".join(path.read_text() for path in mesh.landing.rglob("*.csv"))
    assert MARKER not in "".join(logs)
    assert MARKER not in all_logs(airflow)
    assert MARKER.encode() not in (airflow.home / "airflow.db").read_bytes()


# -- dbt.sh ------------------------------------------------------------------------------------------------------------

SCRIPT = "orchestration/composer/dags/clinical_mesh/dbt.sh"


@pytest.fixture(scope="module")
def mesh(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory) -> Mesh:
    """One domain."""
    return open_mesh(render(domains=["patients"]), tmp_path_factory.mktemp("dbt_sh") / "mesh")


def script(mesh: Mesh, variables: dict[str, str], *arguments: str, check: bool = True) -> str:
    """Run dbt.sh; what it printed."""
    lines = environment("airflow-3.3")
    command = ["bash", str(mesh.root / SCRIPT), str(mesh.root), *arguments]
    return run_shell(command, lines, variables, check)


def run_shell(command: list[str], lines: Environment, variables: dict[str, str], check: bool) -> str:
    """Run a command with the Python of an environment first on the path."""
    surroundings = os.environ | {"PATH": f"{lines.directory / 'bin'}:{os.environ['PATH']}"} | variables
    result = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    assert (result.returncode == 0) == check, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_dbt_is_installed_once_from_its_lock(mesh: Mesh, tmp_path: Path) -> None:
    """By pip, as on a worker of Composer, with the hash of every file."""
    variables = {"DBT_CACHE": str(tmp_path / "cache")}
    said = script(mesh, variables, "--version")
    assert "Installing dbt" in said
    assert re.search(r"bigquery: +1\.", said)
    assert "Installing dbt" not in script(mesh, variables, "--version")


def test_the_token_of_the_package_index_is_not_told(mesh: Mesh, tmp_path: Path) -> None:
    gcloud = tmp_path / "bin" / "gcloud"
    gcloud.parent.mkdir()
    gcloud.write_text("#!/bin/sh\necho ya29.secret\n")
    gcloud.chmod(0o755)
    lines = environment("airflow-3.3")
    command = ["bash", "-c", f'PATH="{gcloud.parent}:$PATH" bash {mesh.root / SCRIPT} {mesh.root} --version']
    variables = {"DBT_CACHE": str(tmp_path / "cache"), "PACKAGE_INDEX": "https://127.0.0.1:9/pypi/simple/"}
    variables |= {"PIP_RETRIES": "0", "PIP_CONFIG_FILE": "/dev/null", "PIP_EXTRA_INDEX_URL": ""}
    said = run_shell(command, lines, variables, check=False)
    assert "No matching distribution" in said
    assert "ya29.secret" not in said


def test_nothing_is_written_where_the_project_lies(mesh: Mesh, tmp_path: Path) -> None:
    """Composer's folders are copies of the bucket. A project that changed is parsed anew, an old one not twice."""
    before = {path: path.stat().st_mtime_ns for path in mesh.root.rglob("*")}
    cache = tmp_path / "cache"
    variables = {"DBT_CACHE": str(cache), "DBT_VENV": str(mesh.environment.directory)}
    assert "Starting full parse" in script(mesh, variables, "parse", "--target", "local")
    assert "Starting full parse" not in script(mesh, variables, "parse", "--target", "local")
    assert "Running with dbt" in script(mesh, variables, "parse", "--target", "nowhere", check=False)
    assert {path: path.stat().st_mtime_ns for path in mesh.root.rglob("*")} == before
    assert [path.name for path in cache.iterdir() if path.name.startswith("run-")] == []
    (mesh.root / "dbt" / "models" / "marts" / "more.sql").write_text("select 1 as one")
    assert "Starting full parse" in script(mesh, variables, "parse", "--target", "local")
