"""What dbt is told, wherever it runs. Airflow fills in the templates when a task starts."""

from __future__ import annotations

from clinical_mesh.mesh import Cell

# Days landed until yesterday (UTC): a day that is still landing would be taken for complete, and its rest be passed
# over. Not the logical date: runs that assets start have none.
LANDED_TO = "{{ params.landed_to or macros.ds_add(dag_run.start_date | ds, -1) }}"
VARS = "{landed_from: {{ params.landed_from or 'null' }}, landed_to: " + LANDED_TO + "}"


def target(cell: Cell) -> str:
    """dbt's target for a cell, in the environment that Airflow runs in."""
    return cell.target("{{ var.value.ENV }}")


def surroundings(cell: Cell) -> dict[str, str]:
    """The environment variables that the project reads."""
    return {
        "AIRFLOW_RUN_ID": "{{ run_id }}",
        "POLICY_TAG_IDS": f"{{{{ var.value.get('{cell.variable('POLICY_TAG_IDS')}', '') }}}}",
    }
