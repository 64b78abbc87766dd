"""Watches the landing zone: did each domain land in time, and as much as usual?

### What it does
One task per domain and cell counts the records of the last days, in the landing zone itself, and fails if the newest
day is older than the contract's service level or if a day is far smaller than usual. The alert names the domain's
owner.

### Parameters
- `volume_ratio`: the part of the usual number of records (the median of the days before) that a day must have.

### When it fails
The log of the task says which entity and day. Ask the owner of the domain; the contract names the channel. A day that
came late or was completed is loaded with `landed_from` and `landed_to` of the dbt DAG.
"""

from __future__ import annotations

from datetime import timedelta

from clinical_mesh.airflow_versions import DAG, Param, PythonOperator, TaskGroup
from clinical_mesh.landing_quality import check
from clinical_mesh.mesh import CELLS, DOMAINS
from clinical_mesh.tasks import DEFAULTS, START

with DAG(
    dag_id="landing_quality",
    description="Watches arrival, freshness and volume of the landing zone",
    doc_md=__doc__,
    schedule="0 8 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    max_active_tasks=4,
    dagrun_timeout=timedelta(hours=2),
    default_args=DEFAULTS | {"execution_timeout": timedelta(minutes=20)},
    params={
        "volume_ratio": Param(0.5, type="number", minimum=0, maximum=1, description="Least part of the usual volume"),
    },
    tags=["landing"],
):
    for cell in CELLS:
        with TaskGroup(cell.landing_id):
            for name, domain in DOMAINS.items():
                PythonOperator(
                    task_id=name,
                    python_callable=check,
                    op_kwargs={"cell": cell.id, "domain": name},
                    owner=domain.owner,
                )
