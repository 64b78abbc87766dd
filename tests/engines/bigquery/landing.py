"""The landing zone of a rendered repository in the service: what Terraform makes there before dbt runs.

Per domain and region an Omni dataset with an external table for each entity, over the folder that stands for the
bucket, and the datasets that dbt writes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.engines.bigquery.client import Client, RefusedError
from tests.engines.environments import ROOT

Resource = dict[str, Any]

# Partition column of every landing table.
PARTITION = "landed_date"
FORMATS = {"parquet": "PARQUET", "csv": "CSV", "json": "NEWLINE_DELIMITED_JSON"}
# Of the datasets besides those of the domains: dbt's own, its marts and its seeds.
SCHEMAS = ("dbt", "marts", "reference")


@dataclass(frozen=True)
class Place:
    """A domain's landing zone in one AWS region."""

    domain: str
    contract: Mapping[str, Any]
    server: Mapping[str, Any]
    omni_location: str
    bigquery_region: str

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.prefix("").split("/")[2]

    @property
    def connection(self) -> str:
        """The name of the connection that reads the region's buckets."""
        return self.bucket.removesuffix(f"-{self.domain}")

    def prefix(self, entity: str) -> str:
        """The URI of an entity's folder."""
        location: str = self.server["location"]
        return location.replace("{model}", entity).partition(f"{PARTITION}=")[0]


class Mesh:
    """A rendered repository with landing data in demo/landing, seen as one environment of it."""

    def __init__(self, root: Path, environment: str | None = None) -> None:
        self.root = root
        contracts = {
            path.name.removesuffix(".odcs.yaml"): yaml.safe_load(path.read_text())
            for path in sorted((root / "contracts").glob("*.odcs.yaml"))
        }
        servers = next(iter(contracts.values()))["servers"]
        self.environment: str = environment or servers[0]["environment"]
        self.project: str = next(
            server["project"]
            for server in servers
            if server["type"] == "bigquery" and server["environment"] == self.environment
        )
        self.places = list(self._places(contracts))

    @property
    def location(self) -> str:
        """The BigQuery region of the first landing zone."""
        return self.places[0].bigquery_region

    @property
    def buckets(self) -> dict[str, Path]:
        """Name of each bucket -> the folder that stands for it."""
        landing = self.root / "demo" / "landing"
        return {place.bucket: landing / place.domain for place in self.places}

    def register(self, endpoint: str, with_tables: bool = True) -> list[str]:
        """Make the datasets and, with_tables, the landing tables in a service that has the buckets; their names.

        Raises RefusedError.
        """
        client = Client(endpoint, project=self.project)
        regions = sorted({place.bigquery_region for place in self.places})
        for schema, region in ((schema, region) for schema in SCHEMAS for region in regions):
            _dataset(client, schema, region)
        tables = []
        for place in self.places:
            _dataset(client, place.domain, place.bigquery_region)
            dataset = _dataset(client, place.domain, place.omni_location)
            for entity in place.contract["schema"] if with_tables else []:
                table = self._table(place, entity)
                client.call("POST", f"datasets/{dataset}/tables", table)
                tables.append(f"{dataset}.{entity['name']}")
        return tables

    def _places(self, contracts: Mapping[str, Any]) -> Iterator[Place]:
        regions = yaml.safe_load((ROOT / "extensions" / "regions.yml").read_text())
        for domain, contract in contracts.items():
            for server in contract["servers"]:
                if server["type"] == "s3" and server["environment"] == self.environment:
                    region = server["server"].removeprefix(f"{self.environment}-").removesuffix("-landing")
                    pair = regions[region]
                    yield Place(domain, contract, server, pair["omni_location"], pair["bigquery_region"])

    def _table(self, place: Place, entity: Mapping[str, Any]) -> Resource:
        prefix = place.prefix(entity["name"])
        format = place.server["format"]
        options: Resource = {}
        if format == "csv":
            options = {"csvOptions": {"skipLeadingRows": "1", "allowQuotedNewlines": True}}
        elif format == "parquet":
            # Else an array is a record `list` of records `element`.
            options = {"parquetOptions": {"enableListInference": True}}
        return {
            "tableReference": {"tableId": entity["name"]},
            "schema": {"fields": fields(entity["properties"], format)},
            "externalDataConfiguration": {
                "connectionId": f"{self.project}.{place.omni_location}.{place.connection}",
                "sourceFormat": FORMATS[format],
                "sourceUris": [f"{prefix}*"],
                "hivePartitioningOptions": {
                    "mode": "CUSTOM",
                    "sourceUriPrefix": f"{prefix}{{{PARTITION}:DATE}}",
                    "requirePartitionFilter": True,
                },
                **options,
            },
        }


def fields(properties: Sequence[Mapping[str, Any]], format: str) -> list[Resource]:
    """The columns of a contract as files of a format hold them, without the partition column and policy tags.

    What is text in a file stays text, so that a malformed value fails no query: dbt converts it, and counts defects.
    """
    return [_field(column, format) for column in properties if column["name"] != PARTITION]


def _field(column: Mapping[str, Any], format: str) -> Resource:
    field: Resource = {"name": column.get("physicalName", column["name"]), "mode": "NULLABLE"}
    if "description" in column:
        field["description"] = column["description"]
    type = column["physicalType"]
    if format == "csv":
        return field | {"type": "STRING"}
    if type.startswith("ARRAY<"):
        return field | {"type": column["items"]["physicalType"], "mode": "REPEATED"}
    if type.startswith("STRUCT<"):
        # JSON has types of its own inside records.
        return field | {"type": "RECORD", "fields": fields(column["properties"], "parquet")}
    return field | {"type": "STRING" if format == "json" else type}


def _dataset(client: Client, schema: str, location: str) -> str:
    """Make a dataset, unless it is there; its id tells schema and location."""
    id = f"{schema}__{location.replace('-', '_')}"
    try:
        client.call("POST", "datasets", {"datasetReference": {"datasetId": id}, "location": location})
    except RefusedError as refusal:
        if refusal.reason != "duplicate":
            raise
    return id
