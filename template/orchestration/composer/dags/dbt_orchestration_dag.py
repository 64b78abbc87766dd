"""Builds the warehouse: what landed, domain by domain, then the marts. One DAG per region, since data stays in its own.

### What it does
`dbt_deps` makes sure that dbt, its packages and the project are in order. Then, each in one process of dbt: the code
systems, every domain with its tests as soon as the domains that its tests read are there, and every mart as soon as
its domains are. `source_freshness` tells which landing zone is stale, and holds nothing back: what is stale has
nothing new.

It starts once every landing table was seen (`biglake_register_external_tables`), and daily in any case.

### Parameters
- `landed_from`, `landed_to`: days to load again, such as 2026-01-06, both inclusive. Without them a run loads what is
  newer than what is there, until yesterday (UTC).
- `full_refresh`: build every table anew from all that ever landed.

### When it fails
What depends on a failed domain or mart is held, all else goes on. Mend the cause and clear the failed task: what was
held runs too. What failed stands in the log of the task, without values of columns, and the result of every node in
the table `run_results` of dbt's dataset.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clinical_mesh.airflow_versions import DAG, BaseOperator, Param, TaskGroup, when_all_or_daily
from clinical_mesh.dbt_tasks import dbt_task
from clinical_mesh.mesh import CELLS, DOMAINS, MARTS, Cell, curated_asset, landing_asset
from clinical_mesh.tasks import DEFAULTS, START

DAY = {"type": ["null", "string"], "format": "date"}


def dbt_orchestration(cell: Cell) -> DAG:
    """The DAG of a cell."""
    with DAG(
        dag_id=f"dbt_orchestration__{cell.curated_id}",
        description=f"Builds the warehouse in {cell.bigquery_region}",
        doc_md=__doc__,
        schedule=when_all_or_daily(
            [landing_asset(cell, name, entity) for name, domain in DOMAINS.items() for entity in domain.entities],
            "0 6 * * *",
        ),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        max_active_tasks=4,
        dagrun_timeout=timedelta(hours=12),
        default_args=DEFAULTS | {"execution_timeout": timedelta(hours=3), "retries": 2},
        params={
            "landed_from": Param(None, **DAY, description="First landing day to load, if not all that is new"),
            "landed_to": Param(None, **DAY, description="Last landing day to load, if not yesterday"),
            "full_refresh": Param(False, type="boolean", description="Build everything anew"),
        },
        tags=["dbt"],
    ) as dag:
        deps = dbt_task("dbt_deps", cell, ["parse"], builds=False)
        deps >> dbt_task("source_freshness", cell, ["source", "freshness"], builds=False, retries=0)
        seeds = dbt_task("code_systems", cell, ["build", "--select", "path:seeds", "--indirect-selection", "empty"])
        deps >> seeds
        built = {}
        with TaskGroup("domains"):
            for name, domain in DOMAINS.items():
                built[name] = build(name, cell, f"models/staging/{name}", owner=domain.owner)
        for name, domain in DOMAINS.items():
            [seeds, *(built[other] for other in domain.depends_on)] >> built[name]
        with TaskGroup("marts"):
            for name, inputs in MARTS.items():
                built[name] = build(name, cell, f"models/marts/{name}")
                [built[other] for other in inputs] >> built[name]
    return dag


def build(name: str, cell: Cell, folder: str, **options: Any) -> BaseOperator:
    """Models, tests and unit tests of a folder of the project: not the tests of others that only read what is here."""
    selection = ["--select", f"path:{folder}", "--indirect-selection", "empty"]
    return dbt_task(name, cell, ["build", *selection], outlets=[curated_asset(cell, name)], **options)


for cell in CELLS:
    dbt_orchestration(cell)
