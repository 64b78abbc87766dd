"""Tasks that run dbt, each in a process of its own: in a virtual environment on Composer's workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clinical_mesh.airflow_versions import BashOperator
from clinical_mesh.mesh import Cell, deployment

SCRIPT = Path(__file__).with_name("dbt.sh")

# Days landed until yesterday (UTC): a day that is still landing would be taken for complete, and its rest be passed
# over. Not the logical date: runs that assets start have none.
LANDED_TO = "{{ params.landed_to or macros.ds_add(dag_run.start_date | ds, -1) }}"
VARS = "{landed_from: {{ params.landed_from or 'null' }}, landed_to: " + LANDED_TO + "}"
FULL_REFRESH = "{{ '--full-refresh' if params.full_refresh else '' }}"


def dbt_task(task_id: str, cell: Cell, arguments: Sequence[str], builds: bool = True, **options: Any) -> BashOperator:
    """A task that runs dbt for a cell. arguments: without target and variables. builds: whether a full refresh may."""
    command = ["bash", str(SCRIPT), str(deployment()), *arguments]
    command += ["--target", cell.target("{{ var.value.ENV }}"), "--vars", f"'{VARS}'"]
    return BashOperator(
        task_id=task_id,
        bash_command=" ".join([*command, FULL_REFRESH] if builds else command),
        env={
            "AIRFLOW_RUN_ID": "{{ run_id }}",
            "DBT_IMPERSONATE_SERVICE_ACCOUNT": "{{ var.value.get('DBT_SERVICE_ACCOUNT', '') }}",
            "PACKAGE_INDEX": "{{ var.value.get('PACKAGE_INDEX', '') }}",
            "POLICY_TAG_IDS": f"{{{{ var.value.get('{cell.variable('POLICY_TAG_IDS')}', '') }}}}",
        },
        append_env=True,
        # XCom would keep the last line of the output.
        do_xcom_push=False,
        **options,
    )
