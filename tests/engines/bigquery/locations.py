"""Where a job runs and what it may touch from there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.engines.bigquery.errors import BigQueryError

REGIONS = Path(__file__).parents[3] / "extensions" / "regions.yml"

# https://cloud.google.com/bigquery/docs/load-data-using-cross-cloud-transfer#limitations: per transfer.
TRANSFER_LIMIT = 60 * 2**30

# A query there may read the Omni regions of its continent as well as the colocated region may.
MULTI_REGIONS = {"us": "aws-us-", "eu": "aws-eu-"}

DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE_TABLE"})

# https://cloud.google.com/bigquery/docs/omni-introduction#limitations: "DML and DDL statements other than CREATE
# EXTERNAL TABLE, CREATE SCHEMA ... are not supported".
REFUSED_IN_OMNI = DML | {"CREATE_TABLE", "CREATE_TABLE_AS_SELECT", "CREATE_MATERIALIZED_VIEW"}


class Locations:
    """The rules between locations."""

    def __init__(self) -> None:
        regions = yaml.safe_load(REGIONS.read_text()).values()
        self._colocated: dict[str, str] = {row["omni_location"]: row["bigquery_region"] for row in regions}

    def is_omni(self, location: str) -> bool:
        """Whether data there lie in another cloud."""
        return location.lower() in self._colocated

    def of_job(
        self,
        requested: str | None,
        datasets: Mapping[tuple[str, str], str],
        statement_type: str,
        target: tuple[str, str] | None = None,
    ) -> str:
        """The location of a job, derived from its datasets unless requested.

        datasets: (project, dataset) -> location of all that a statement names, `target` (what it writes to) included.

        Raises BigQueryError (notFound, invalidQuery) if a job there may not touch all of them.
        """
        location = requested or self._derived(datasets, target)
        for (project, dataset), place in datasets.items():
            if place.lower() == location.lower():
                continue
            written = (project, dataset) == target
            if written or not self.readable_from(location, place):
                message = f"Not found: Dataset {project}:{dataset} was not found in location {location}"
                raise BigQueryError("notFound", message)
            # The documents allow INSERT ... SELECT in places; this project takes the stricter reading: data cross in
            # a SELECT or a CREATE TABLE AS SELECT.
            if statement_type in DML:
                message = f"{statement_type} that reads dataset {project}:{dataset} of location {place} is not allowed"
                raise BigQueryError("invalidQuery", message)
        if self.is_omni(location) and statement_type in REFUSED_IN_OMNI:
            raise BigQueryError("invalidQuery", f"{statement_type} is not supported in location {location}")
        return location

    def readable_from(self, location: str, place: str) -> bool:
        """Whether a job in `location` may read a dataset in `place`, another location."""
        if not self.is_omni(place):
            return False
        near = MULTI_REGIONS.get(location.lower())
        return location.lower() == self._colocated[place.lower()] or bool(near and place.lower().startswith(near))

    def check_transfer(self, bytes: int) -> None:
        """Raises BigQueryError (invalidQuery) if one statement transfers more than BigQuery does."""
        if bytes > TRANSFER_LIMIT:
            raise BigQueryError("invalidQuery", f"Cross-cloud transfer of {bytes} bytes exceeds the limit of 60 GB")

    def _derived(self, datasets: Mapping[tuple[str, str], str], target: tuple[str, str] | None) -> str:
        if target is not None and target in datasets:
            return datasets[target]
        places = sorted(datasets.values(), key=self.is_omni)
        return places[0] if places else "US"
