"""Registers the landing zone: one external table in BigQuery for each entity of each contract, over its files in S3.

### What it does
Per domain and cell it reads the tables, compares them with the contract and writes only what differs. A run over what
is as it should be writes nothing.

| it finds | it does |
|---|---|
| no table | makes it |
| another bucket, connection, description, policy tag or label | patches the table |
| a new column in the contract | adds it, with a warning |
| another type, format or partitioning, or a column that the contract dropped | fails this domain, says how to go on |
| a table that it did not make | fails this domain, says how to hand the table over |

### Parameters
- `mode`: `apply`, or `plan` to report what differs and write nothing.
- `allow_recreate`: make tables anew that cannot be changed in place. Files in S3 stay as they are.

### When it fails
The task `report` sums up. Tasks of other domains are not touched by one that fails. Each task can be cleared and run
again at any time.
"""

from __future__ import annotations

from datetime import timedelta

from clinical_mesh.airflow_versions import DAG, Param, PythonOperator, TaskGroup
from clinical_mesh.mesh import CELLS, DOMAINS, landing_asset
from clinical_mesh.registration import register, report
from clinical_mesh.tasks import DEFAULTS, START

with DAG(
    dag_id="biglake_register_external_tables",
    description="Registers the external tables over the landing zone",
    doc_md=__doc__,
    schedule="0 4 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=8,
    dagrun_timeout=timedelta(hours=2),
    default_args=DEFAULTS | {"execution_timeout": timedelta(minutes=20)},
    params={
        "mode": Param("apply", enum=["apply", "plan"], description="plan reports what differs and writes nothing"),
        "allow_recreate": Param(False, type="boolean", description="Make tables anew that cannot be changed in place"),
    },
    tags=["landing"],
):
    registrations = []
    for cell in CELLS:
        with TaskGroup(cell.landing_id):
            for name, domain in DOMAINS.items():
                registrations.append(
                    PythonOperator(
                        task_id=name,
                        python_callable=register,
                        op_kwargs={"cell": cell.id, "domain": name},
                        owner=domain.owner,
                        outlets=[landing_asset(cell, name, entity) for entity in domain.entities],
                    )
                )
    registrations >> PythonOperator(
        task_id="report",
        python_callable=report,
        op_kwargs={"tasks": [task.task_id for task in registrations]},
        trigger_rule="all_done",
    )
