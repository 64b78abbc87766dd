"""What all tasks have in common."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from clinical_mesh.airflow_versions import VARIABLE_DEFAULT, Variable
from clinical_mesh.alerts import alert

# Runs before the mesh existed make no sense, and none is caught up with: a run loads all that landed since the last.
START = datetime(2026, 1, 1, tzinfo=UTC)

DEFAULTS: dict[str, Any] = {
    "depends_on_past": False,
    "execution_timeout": timedelta(hours=1),
    "max_retry_delay": timedelta(minutes=30),
    "on_failure_callback": alert,
    "owner": "platform",
    "retries": 3,
    "retry_delay": timedelta(minutes=2),
    "retry_exponential_backoff": True,
}


def optional_variable(name: str) -> str:
    """Value of an Airflow variable, empty if there is none. Only for tasks that run."""
    return str(Variable.get(name, **{VARIABLE_DEFAULT: ""}))
