"""Tasks that run dbt, each in a process of its own: in a virtual environment on Composer's workers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from clinical_mesh.airflow_versions import BashOperator
from clinical_mesh.dbt_arguments import VARS, surroundings, target
from clinical_mesh.mesh import Cell, deployment

SCRIPT = Path(__file__).with_name("dbt.sh")
FULL_REFRESH = "{{ '--full-refresh' if params.full_refresh else '' }}"


def dbt_task(task_id: str, cell: Cell, arguments: Sequence[str], builds: bool = True, **options: Any) -> BashOperator:
    """A task that runs dbt for a cell. arguments: without target and variables. builds: whether a full refresh may."""
    command = ["bash", quote(str(SCRIPT)), quote(str(deployment())), *arguments]
    command += ["--target", target(cell), "--vars", f"'{VARS}'"]
    return BashOperator(
        task_id=task_id,
        bash_command=" ".join([*command, FULL_REFRESH] if builds else command),
        env={
            **surroundings(cell),
            "DBT_IMPERSONATE_SERVICE_ACCOUNT": "{{ var.value.get('DBT_SERVICE_ACCOUNT', '') }}",
            "PACKAGE_INDEX": "{{ var.value.get('PACKAGE_INDEX', '') }}",
        },
        append_env=True,
        # XCom would keep the last line of the output.
        do_xcom_push=False,
        **options,
    )
