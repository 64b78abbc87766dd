"""Runs DAGs one after another in one process, as `airflow dags test` does.

Executed in an environment of Airflow, with AIRFLOW_HOME and the folder of DAGs set. Every line of standard input is a
step. {"dag": id, "conf": {...}} runs a DAG and is answered {"success", "states", "log"}, states being
task -> state. {"environment": {name: value}} sets variables from then on, or with an empty value takes them away.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

HOME = Path(os.environ["AIRFLOW_HOME"])

with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers, (HOME / "process.log").open("a+", encoding="utf-8") as log:
    # Airflow and what it runs write to both.
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    sys.path.insert(0, folder)

    try:
        from airflow.dag_processing.dagbag import DagBag

        # As of a run that assets start.
        when: dict[str, None] = {"logical_date": None}
    except ImportError:  # Airflow 2.11, where every run has a date
        from airflow.models.dagbag import DagBag

        when = {}

    bag = DagBag(folder)
    # A run would keep the parameters of the one before.
    defaults = {name: dag.params.dump() for name, dag in bag.dags.items()}
    database = sqlite3.connect(f"file:{HOME / 'airflow.db'}?mode=ro", uri=True)

    def states(run: Any) -> dict[str, str]:
        """Task -> state of a run."""
        sql = "select task_id, state from task_instance where dag_id = ? and run_id = ?"
        return dict(database.execute(sql, (run.dag_id, run.run_id)))

    for line in sys.stdin:
        step = json.loads(line)
        if "environment" in step:
            os.environ.update(step["environment"])
            for name in [name for name, value in step["environment"].items() if not value]:
                del os.environ[name]
            print("{}", file=answers, flush=True)
            continue
        log.truncate(0)
        try:
            conf = defaults[step["dag"]] | step["conf"]
            run = bag.dags[step["dag"]].test(run_conf=conf, **when)
            answer = {"success": str(run.state) == "success", "states": states(run)}
        except Exception as error:
            answer = {"success": False, "states": {}, "error": f"{type(error).__name__}: {error}"}
        sys.stdout.flush()
        sys.stderr.flush()
        log.seek(0)
        print(json.dumps(answer | {"log": log.read()}), file=answers, flush=True)
