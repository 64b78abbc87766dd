"""Run the whole mesh under Airflow on this machine: synthetic landing data, then the DAG that builds the warehouse.

dbt builds on DuckDB, so no cloud is reached; the landing tables, which only BigQuery has, need no registration here.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import duckdb
import generate
from artifacts import DATABASE, clear
from landing import LANDING
from progress import Progress

from contracts import REPOSITORY

DAG = "dbt_orchestration__us_east4"
AIRFLOW = REPOSITORY / ".venv" / "airflow" / "bin"
HOME = REPOSITORY / "demo" / ".airflow"
LOG = HOME / "demo.log"

# Nobody waits at a terminal for the minutes between two tries.
LOCAL_SETTINGS = """\
def task_policy(task):
    task.retries = 0
"""

# `airflow dags test` says so of each task.
_ENDED = re.compile(r"\[DAG TEST\] end task task_id=(\S+)")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 0 only if every task of the DAG succeeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=generate.positive, default=200, help="default: %(default)s")
    parser.add_argument(
        "--days", type=generate.positive, default=4, help="the last is today, and not loaded yet (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    if not (AIRFLOW / "airflow").exists():
        print(f"run_airflow.py: there is no Airflow in {AIRFLOW}; `make demo-airflow` installs it", file=sys.stderr)
        return 1
    # Until today, or the sources would be stale.
    first_day = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=options.days - 1)
    size = ["--patients", str(options.patients), "--days", str(options.days), "--first-day", first_day.isoformat()]
    if failed := generate.main(size):
        return failed
    clear()
    (HOME / "airflow.db").unlink(missing_ok=True)
    settings = HOME / "config" / "airflow_local_settings.py"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(LOCAL_SETTINGS, encoding="utf-8")
    environment = _environment()
    print("Preparing Airflow's database ...", file=sys.stderr)
    with LOG.open("w", encoding="utf-8") as log:
        command = [str(AIRFLOW / "airflow"), "db", "migrate"]
        if subprocess.run(command, env=environment, stdout=log, stderr=log, check=False).returncode:
            print(f"run_airflow.py: Airflow could not make its database; see {LOG}", file=sys.stderr)
            return 1
    _run_dag(environment)
    return _print_summary()


def _environment() -> dict[str, str]:
    """Airflow with a home and variables of its own, and dbt's local target."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")}
    return inherited | {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "orchestration" / "composer" / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW_VAR_ENV": "local",
        "DBT_CACHE": str(HOME / "dbt"),
        "DBT_VENV": str(REPOSITORY / ".venv"),
        "LANDING_ROOT": str(LANDING),
        "MESH_DUCKDB": str(DATABASE),
        "PATH": f"{AIRFLOW}:{os.environ['PATH']}",
    }


def _run_dag(environment: Mapping[str, str]) -> None:
    """Run the DAG, its output going to LOG, and show how far it is."""
    progress = Progress("Airflow", 0)
    done: list[str] = []
    with (
        LOG.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            [str(AIRFLOW / "airflow"), "dags", "test", DAG],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            log.write(line)
            if ended := _ENDED.search(line):
                done.append(ended[1])
                progress.total = max(len(_tasks()), len(done))
                progress.step(len(done), ended[1])
    progress.finish(f"{len(done)} tasks done")


def _tasks() -> dict[str, str]:
    """Task -> state, from Airflow's database."""
    with sqlite3.connect(f"file:{HOME / 'airflow.db'}?mode=ro", uri=True) as database:
        return dict(database.execute("select task_id, coalesce(state, 'none') from task_instance"))


def _print_summary() -> int:
    """Print how tasks and nodes ended, and what was built. Returns the exit code."""
    tasks = _tasks()
    if not tasks:
        print(f"run_airflow.py: Airflow did not run the DAG; see {LOG}", file=sys.stderr)
        return 1
    print("\nTasks")
    for state, count in sorted(Counter(tasks.values()).items()):
        print(f"  {state:<16} {count:>5}")
    if DATABASE.exists():
        with duckdb.connect(str(DATABASE), read_only=True) as connection:
            print("\nNodes of dbt")
            stored = "select table_schema from information_schema.tables where table_name = 'run_results'"
            for (schema,) in connection.execute(stored).fetchall():
                counts = f"select resource_type, status, count(*) from {schema}.run_results group by all order by all"
                for type, status, count in connection.execute(counts).fetchall():
                    print(f"  {type:<10} {status:<8} {count:>5}")
            print("\nRows of the marts")
            named = "select table_name from information_schema.tables where table_schema = 'marts__local' order by all"
            for (name,) in connection.execute(named).fetchall():
                rows = connection.execute(f'select count(*) from marts__local."{name}"').fetchone()
                print(f"  {name:<28} {rows[0] if rows else 0:>10}")
    print(f"\nDatabase\n  {DATABASE}\nLog\n  {LOG}")
    failed = sorted(task for task, state in tasks.items() if state != "success")
    if failed:
        print(f"\nNot done: {', '.join(failed)}. The log says why.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
