"""Tells that a task failed, and whose it is."""

from __future__ import annotations

import json
import logging
from typing import Any

# Terraform raises an alert on lines that hold this word (modules/gcp/audit/alerts.tf).
MARK = "clinical_mesh_alert"

_log = logging.getLogger(__name__)


def alert(context: dict[str, Any]) -> None:
    """Failure callback of every task. Writes no exception: its text may hold values of a column."""
    instance = context["task_instance"]
    said = {
        "dag": instance.dag_id,
        "owner": context["task"].owner,
        "run": context["run_id"],
        "task": instance.task_id,
    }
    _log.error("%s %s", MARK, json.dumps(said, sort_keys=True))
