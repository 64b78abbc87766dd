"""The task that watches a domain's landing zone in one cell."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from clinical_mesh.airflow_versions import AirflowFailException, Variable
from clinical_mesh.contracts import PARTITION, Resource, contract_of
from clinical_mesh.mesh import cell_of
from clinical_mesh.tasks import optional_variable

# Days that are compared.
WINDOW = 14

_log = logging.getLogger(__name__)


def check(cell: str, domain: str, **context: Any) -> None:
    """Count what landed and compare it with the contract.

    Counts come from the landing zone itself: numbers of records leave it, records do not.
    Raises AirflowFailException with all that is wrong.
    """
    # Slow to load, and Airflow parses the DAGs every half minute.
    from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
    from google.cloud.bigquery import QueryJobConfig

    place, contract = cell_of(cell), contract_of(domain)
    project = Variable.get("GCP_PROJECT_ID")
    hook = BigQueryHook(impersonation_chain=optional_variable("DBT_SERVICE_ACCOUNT") or None)
    client = hook.get_client(project_id=project, location=place.omni_location)
    now = datetime.now(UTC)
    complaints = []
    for entity in contract["schema"]:
        hours = allowed_hours(contract, entity["name"])
        since = now.date() - timedelta(days=max(WINDOW, hours // 24 + 1))
        rows = client.query_and_wait(
            f"select {PARTITION}, count(*) from `{project}.{domain}__{place.landing_id}.{entity['name']}` "
            f"where {PARTITION} >= date '{since}' group by {PARTITION}",
            job_config=QueryJobConfig(labels={"domain": domain}),
        )
        counts = dict(row.values() for row in rows)
        _log.info("%s: %d days, newest %s", entity["name"], len(counts), max(counts, default=None))
        found = wrong(counts, now, hours, context["params"]["volume_ratio"])
        complaints += [f"{entity['name']}: {text}" for text in found]
    if complaints:
        raise AirflowFailException(f"Owner: {contract['team']['name']}. " + "; ".join(complaints))


def allowed_hours(contract: Resource, entity: str) -> int:
    """Hours after which the contract calls an entity stale."""
    return next(
        int(level["value"])
        for level in contract["slaProperties"]
        if level["property"] == "freshness" and level["element"].partition(".")[0] == entity
    )


def wrong(counts: Mapping[date, int], now: datetime, allowed_hours: int, volume_ratio: float) -> list[str]:
    """What is wrong with days -> numbers of records. A day's age counts from its start, as in dbt's sources."""
    if not counts:
        return ["nothing landed in the days looked at"]
    complaints = []
    newest = max(counts)
    age = now - datetime(newest.year, newest.month, newest.day, tzinfo=UTC)
    if age > timedelta(hours=allowed_hours):
        complaints.append(f"the newest day is {newest}, more than {allowed_hours} hours ago")
    # Today is still landing.
    complete = sorted(day for day in counts if day < now.date())
    if len(complete) > 3:
        *before, last = complete
        usual = median(counts[day] for day in before)
        if counts[last] < volume_ratio * usual:
            complaints.append(f"{counts[last]} records on {last}, {usual:.0f} are usual")
    return complaints
