"""The tasks that register the landing tables of one domain in one cell, and their report."""

from __future__ import annotations

import json
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from clinical_mesh.airflow_versions import AirflowFailException, AirflowSkipException, Variable
from clinical_mesh.contracts import Landing, Resource, contract_of, policy_tags_of
from clinical_mesh.contracts import landing_tables as tables_of
from clinical_mesh.mesh import PROTECTED_ENVIRONMENTS, Cell, cell_of
from clinical_mesh.tasks import optional_variable

# Google's client takes seconds to load, and Airflow parses the DAGs every half minute: tasks import it when they run.
if TYPE_CHECKING:
    from google.cloud.bigquery import Client

    from clinical_mesh.landing_tables import Change

CHANGES = "changes"

_log = logging.getLogger(__name__)


def register(cell: str, domain: str, **context: Any) -> None:
    """Bring a domain's external tables to its contract; with mode=plan only tell what that would take.

    Raises AirflowFailException where trying again would not help, AirflowSkipException after a plan: what is skipped
    updates no asset.
    """
    from clinical_mesh import landing_tables

    place = cell_of(cell)
    params, instance = context["params"], context["task_instance"]
    contract = contract_of(domain)
    landing = _landing(place, domain)
    _check_policy_tags(landing, contract)
    wanted = tables_of(contract, landing)
    client = _client(landing.project)
    if params["mode"] == "plan":
        changes = landing_tables.plan(client, wanted, params["allow_recreate"])
        _tell(instance, changes)
        raise AirflowSkipException("Planned only, nothing was written.")
    try:
        changes = landing_tables.apply(client, wanted, params["allow_recreate"])
    except landing_tables.RefusedError as error:
        _tell(instance, error.changes)
        raise AirflowFailException(str(error)) from error
    _tell(instance, changes)
    if landing.max_staleness_minutes:
        for table in wanted:
            _refresh_metadata_cache(client, place, table)


def report(tasks: list[str], **context: Any) -> dict[str, int]:
    """Sum up what the tasks did, in the log and as the number of tables per action.

    Raises AirflowFailException if a domain failed, so that the run counts as failed: its last task decides.
    """
    told = context["task_instance"].xcom_pull(task_ids=tasks, key=CHANGES) or []
    changes = [change for changes in told if changes for change in changes]
    for change in sorted(changes, key=lambda change: (change["action"], change["table"])):
        _log.info("%-9s %s  %s", change["action"], change["table"], "; ".join(change["reasons"]))
    counts = Counter(change["action"] for change in changes)
    _log.info("%d tables: %s", len(changes), ", ".join(f"{count} {action}" for action, count in sorted(counts.items())))
    silent = len(tasks) - len([changes for changes in told if changes])
    if context["params"]["mode"] == "apply" and (counts["refused"] or silent):
        raise AirflowFailException(f"{counts['refused']} tables refused, {silent} domains compared none: see above")
    return dict(counts)


def _landing(cell: Cell, domain: str) -> Landing:
    return Landing(
        environment=Variable.get("ENV"),
        project=Variable.get("GCP_PROJECT_ID"),
        dataset=f"{domain}__{cell.landing_id}",
        connection=Variable.get(cell.variable("BQ_AWS_CONNECTION")),
        uri=Variable.get(cell.variable(f"S3_URI_{domain.upper()}")),
        tag_ids=json.loads(optional_variable(cell.variable("LANDING_POLICY_TAG_IDS")) or "{}"),
        max_staleness_minutes=int(optional_variable("LANDING_MAX_STALENESS_MINUTES") or 0),
    )


def _check_policy_tags(landing: Landing, contract: Resource) -> None:
    """A table must not lose its tags because a variable is gone."""
    missing = sorted(policy_tags_of(contract) - landing.tag_ids.keys())
    if missing and landing.environment in PROTECTED_ENVIRONMENTS:
        raise AirflowFailException(
            f"LANDING_POLICY_TAG_IDS has no id of {', '.join(missing)}. Terraform sets this variable: apply it first."
        )
    if missing:
        _log.warning("LANDING_POLICY_TAG_IDS has no id of %s: these columns stay untagged", ", ".join(missing))


def _client(project: str) -> Client:
    """BigQuery as the service account that may register tables, if one is named."""
    from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook

    account = optional_variable("REGISTRATION_SERVICE_ACCOUNT") or None
    return BigQueryHook(impersonation_chain=account).get_client(project_id=project)


def _refresh_metadata_cache(client: Client, cell: Cell, table: Resource) -> None:
    """Let queries see the files that landed since.

    https://cloud.google.com/bigquery/docs/biglake-intro#metadata_caching_for_performance
    """
    from google.cloud.bigquery import QueryJobConfig

    name = ".".join(table["tableReference"][key] for key in ("projectId", "datasetId", "tableId"))
    labels = QueryJobConfig(labels={"domain": table["labels"]["domain"]})
    client.query_and_wait(
        f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('{name}')", job_config=labels, location=cell.omni_location
    )


def _tell(instance: Any, changes: list[Change]) -> None:
    for change in changes:
        level = logging.WARNING if change.action == "patch" else logging.INFO
        _log.log(level, "%s: %s", change.table, "; ".join((change.action, *change.reasons)))
    instance.xcom_push(key=CHANGES, value=[change.report() for change in changes])
