"""The external tables that the contracts ask for, as resources of BigQuery's REST API.

https://cloud.google.com/bigquery/docs/reference/rest/v2/tables
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from clinical_mesh.mesh import MESH, deployment

Resource = dict[str, Any]

PARTITION = "landed_date"
# Whoever registers a table signs it with this label, and touches no table that lacks it.
OWNER_LABEL = "managed-by"
OWNER = "biglake-register-external-tables"

_FORMATS = {"csv": "CSV", "json": "NEWLINE_DELIMITED_JSON", "parquet": "PARQUET"}


@dataclass(frozen=True)
class Landing:
    """Where a domain lands in an environment and cell, as the Airflow variables tell.

    dataset: its id. connection: project.location.id. uri: s3://bucket. tag_ids: policy tag -> id in the Omni location.
    max_staleness_minutes: how old cached metadata of files may be; 0 is no cache.
    """

    environment: str
    project: str
    dataset: str
    connection: str
    uri: str
    tag_ids: Mapping[str, str]
    max_staleness_minutes: int = 0


def contract_of(domain: str) -> Resource:
    """The contract of a domain. Raises FileNotFoundError."""
    path = deployment() / "contracts" / f"{domain}.odcs.yaml"
    contract: Resource = yaml.safe_load(path.read_text(encoding="utf-8"))
    return contract


def policy_tags_of(contract: Resource) -> set[str]:
    """The policy tags that the columns of a contract bear."""
    columns = (column for entity in contract["schema"] for column in entity["properties"])
    return {tag for column in columns if (tag := _policy_tag(column))}


def landing_tables(contract: Resource, landing: Landing) -> list[Resource]:
    """One external table per entity of the contract."""
    server = next(server for server in contract["servers"] if server["type"] == "s3")
    return [_landing_table(contract, entity, server["format"], landing) for entity in contract["schema"]]


def _landing_table(contract: Resource, entity: Resource, format: str, landing: Landing) -> Resource:
    prefix = f"{landing.uri.rstrip('/')}/{entity['name']}/"
    external: Resource = {
        "connectionId": landing.connection,
        "hivePartitioningOptions": {
            "mode": "CUSTOM",
            "requirePartitionFilter": True,
            "sourceUriPrefix": f"{prefix}{{{PARTITION}:DATE}}",
        },
        "sourceFormat": _FORMATS[format],
        "sourceUris": [f"{prefix}*"],
    }
    if format == "csv":
        external["csvOptions"] = {"allowQuotedNewlines": True, "skipLeadingRows": "1"}
    elif format == "parquet":
        # Else an array is a record `list` of records `element`.
        external["parquetOptions"] = {"enableListInference": True}
    table: Resource = {
        "tableReference": {"projectId": landing.project, "datasetId": landing.dataset, "tableId": entity["name"]},
        "description": entity["description"],
        "labels": {
            OWNER_LABEL: OWNER,
            "domain": contract["domain"],
            "environment": landing.environment,
            "layer": "landing",
            "mesh": MESH,
        },
        # Of a table with a connection the schema stands here, not in externalDataConfiguration. BigQuery adds the
        # partition column by itself.
        "schema": {
            "fields": [
                _field(column, format, landing.tag_ids)
                for column in entity["properties"]
                if column["name"] != PARTITION
            ]
        },
        "externalDataConfiguration": external,
    }
    if landing.max_staleness_minutes:
        # As an interval: years-months days hours:minutes:seconds.
        # https://cloud.google.com/bigquery/docs/biglake-intro#metadata_caching_for_performance
        hours, minutes = divmod(landing.max_staleness_minutes, 60)
        external["metadataCacheMode"] = "MANUAL"
        table["maxStaleness"] = f"0-0 0 {hours}:{minutes}:0"
    return table


def _field(column: Resource, format: str, tag_ids: Mapping[str, str], parent_tag: str | None = None) -> Resource:
    """A column as files of the format hold it.

    What is text in a file stays text, so that a malformed value fails no query: dbt converts it, and counts defects.
    """
    tag = _policy_tag(column) or parent_tag
    field: Resource = {"name": column.get("physicalName", column["name"]), "mode": "NULLABLE"}
    if "description" in column:
        field["description"] = column["description"]
    type = column["physicalType"]
    if format == "csv":
        field["type"] = "STRING"
    elif type.startswith("ARRAY<"):
        field |= {"type": column["items"]["physicalType"], "mode": "REPEATED"}
    elif type.startswith("STRUCT<"):
        # JSON has types of its own inside records. A record bears no tag, its fields do.
        fields = [_field(part, "parquet", tag_ids, tag) for part in column["properties"]]
        return field | {"type": "RECORD", "fields": fields}
    else:
        field["type"] = "STRING" if format == "json" else type
    if tag in tag_ids:
        field["policyTags"] = {"names": [tag_ids[tag]]}
    return field


def _policy_tag(column: Resource) -> str | None:
    return next((item["value"] for item in column.get("customProperties", []) if item["property"] == "policyTag"), None)
