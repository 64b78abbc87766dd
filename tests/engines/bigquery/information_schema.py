"""INFORMATION_SCHEMA and __TABLES__: https://cloud.google.com/bigquery/docs/information-schema-intro

The columns are those that dbt-bigquery and checks of governance ask for, not all that BigQuery has; an unknown column
is an error of analysis. JOBS and the other views of what happened are not emulated.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engines.bigquery import partitions
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource, Table
from tests.engines.bigquery.values import Row, row, sql_type

if TYPE_CHECKING:
    from tests.engines.bigquery.queries import Scope, Warehouse

Record = dict[str, Any]
TABLE_TYPES = {"TABLE": "BASE TABLE"}
# Omni locations do not have these: https://cloud.google.com/bigquery/docs/omni-introduction#limitations
NOT_IN_OMNI = {"OBJECT_PRIVILEGES", "PARTITIONS", "TABLE_STORAGE"}
OPTION_TYPES = {
    "description": "STRING",
    "friendly_name": "STRING",
    "kms_key_name": "STRING",
    "labels": "ARRAY<STRUCT<STRING, STRING>>",
    "expiration_timestamp": "TIMESTAMP",
    "partition_expiration_days": "FLOAT64",
    "require_partition_filter": "BOOL",
}


@dataclass(frozen=True)
class View:
    """columns: `name TYPE` or `name ARRAY<TYPE>`, separated by commas."""

    columns: str
    rows: Callable[[Warehouse, Table], Iterable[Record]]

    @property
    def fields(self) -> list[Resource]:
        result = []
        for column in self.columns.split(","):
            name, type = column.split()
            mode = "REPEATED" if type.startswith("ARRAY<") else "NULLABLE"
            result.append({"name": name, "type": type.removeprefix("ARRAY<").rstrip(">"), "mode": mode})
        return result


def is_virtual(parts: Sequence[str]) -> bool:
    """Whether a path names a view of the system's."""
    return parts[-1] == "__TABLES__" or any(part.upper() == "INFORMATION_SCHEMA" for part in parts)


def read(
    warehouse: Warehouse, parts: Sequence[str], scope: Scope
) -> tuple[list[Resource], list[Row], list[tuple[str, str]] | str]:
    """Fields and rows of such a view, and where it is: its datasets, or the location of a region-qualified one.

    Raises BigQueryError (notFound, invalid), NotEmulated.
    """
    name = parts[-1].upper()
    qualifier = list(parts[:-1]) if name == "__TABLES__" else list(parts[:-2])
    storage = warehouse.storage
    last = qualifier[-1].lower() if qualifier else ""
    region = last.removeprefix("region-") if last.startswith("region-") else None
    if region is not None:
        project = qualifier[0] if len(qualifier) == 2 else scope.project
        places = [key for key, dataset in storage.datasets.items() if dataset["location"].lower() == region]
        datasets = sorted(key for key in places if key[0] == project)
    else:
        if not qualifier and scope.default_dataset:
            datasets = [scope.default_dataset]
        elif name == "SCHEMATA" and len(qualifier) < 2:
            project = qualifier[0] if qualifier else scope.project
            datasets = sorted(key for key in storage.datasets if key[0] == project)
        elif len(qualifier) in (1, 2):
            datasets = [(qualifier[0] if len(qualifier) == 2 else scope.project, qualifier[-1])]
        else:
            raise BigQueryError("invalid", f"{'.'.join(parts)} must be qualified with a dataset or a region")
        for key in datasets:
            storage.dataset(*key)
    if name == "SCHEMATA":
        records: Iterable[Record] = (_schema(key, storage.datasets[key]) for key in datasets)
        fields = View(SCHEMATA, lambda warehouse, table: ()).fields
    else:
        if name not in VIEWS:
            raise NotEmulated(f"INFORMATION_SCHEMA.{name}")
        omni = [key for key in datasets if warehouse.locations.is_omni(storage.datasets[key]["location"])]
        if omni and name in NOT_IN_OMNI:
            message = f"INFORMATION_SCHEMA.{name} is not supported in Omni locations"
            raise BigQueryError("invalidQuery", message, "query")
        view = VIEWS[name]
        fields = view.fields
        tables = (table for key in datasets for table in storage.of_dataset(*key))
        records = (record for table in tables for record in view.rows(warehouse, table))
    return fields, [row(record, fields) for record in records], region if region is not None else datasets


def _moment(milliseconds: str | None) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(int(milliseconds) / 1000, dt.UTC) if milliseconds else None


def _names(table: Table) -> Record:
    id = table.id
    return {"table_catalog": id.project, "table_schema": id.dataset, "table_name": id.table}


def _yes(value: object) -> str:
    return "YES" if value else "NO"


SCHEMATA = """catalog_name STRING, schema_name STRING, schema_owner STRING, creation_time TIMESTAMP,
    last_modified_time TIMESTAMP, location STRING"""


def _schema(key: tuple[str, str], dataset: Resource) -> Record:
    return {
        "catalog_name": key[0],
        "schema_name": key[1],
        "creation_time": _moment(dataset.get("creationTime")),
        "last_modified_time": _moment(dataset.get("lastModifiedTime")),
        "location": dataset["location"],
    }


def _tables(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    kind = table.resource["type"]
    yield _names(table) | {
        "table_type": TABLE_TYPES.get(kind, kind),
        "is_insertable_into": _yes(kind == "TABLE"),
        "is_typed": "NO",
        "creation_time": _moment(table.resource.get("creationTime")),
    }


def _columns(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    keys = partitions.key_columns(table)
    clustering = (table.resource.get("clustering") or {}).get("fields", [])
    for number, field in enumerate(table.fields, 1):
        name = field["name"]
        yield _names(table) | {
            "column_name": name,
            "ordinal_position": number,
            "is_nullable": _yes(field.get("mode") != "REQUIRED"),
            "data_type": sql_type(field),
            "is_generated": "NEVER",
            "is_hidden": "NO",
            "is_system_defined": "NO",
            "is_partitioning_column": _yes(name in keys),
            "clustering_ordinal_position": clustering.index(name) + 1 if name in clustering else None,
            "collation_name": "NULL",
            "column_default": "NULL",
        }


def _field_paths(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    # External tables are not in this view (dbt-bigquery's macros/catalog says so too).
    if table.is_external:
        return
    for field in table.fields:
        for path, leaf in _paths(field, ""):
            yield _names(table) | {
                "column_name": field["name"],
                "field_path": path,
                "data_type": sql_type(leaf),
                "description": leaf.get("description"),
                "collation_name": "NULL",
                "policy_tags": (leaf.get("policyTags") or {}).get("names", []),
            }


def _paths(field: Resource, prefix: str) -> Iterator[tuple[str, Resource]]:
    path = prefix + field["name"]
    yield path, field
    for child in field.get("fields", ()):
        yield from _paths(child, f"{path}.")


def _options(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    resource = table.resource
    quoted: dict[str, Callable[[Any], str]] = {
        "labels": lambda labels: "[" + ", ".join(f"STRUCT({_text(k)}, {_text(v)})" for k, v in labels.items()) + "]",
        "expiration_timestamp": lambda text: f'TIMESTAMP "{_moment(text):%Y-%m-%dT%H:%M:%S}.{int(text) % 1000:03}Z"',
        "partition_expiration_days": lambda text: str(int(text) / 86_400_000),
        "require_partition_filter": lambda value: str(bool(value)).lower(),
    }
    values = {
        "description": resource.get("description"),
        "expiration_timestamp": resource.get("expirationTime"),
        "friendly_name": resource.get("friendlyName"),
        "kms_key_name": (resource.get("encryptionConfiguration") or {}).get("kmsKeyName"),
        "labels": resource.get("labels"),
        "partition_expiration_days": (resource.get("timePartitioning") or {}).get("expirationMs"),
        "require_partition_filter": partitions.filter_required(table) or None,
    }
    for name, value in values.items():
        if value:
            text = quoted.get(name, _text)(value)
            yield _names(table) | {"option_name": name, "option_type": OPTION_TYPES[name], "option_value": text}


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _bytes(warehouse: Warehouse, table: Table) -> int:
    if table.resource["type"] != "TABLE":
        return 0
    return warehouse.bytes_read(table, range(len(table.fields)), None)


def _partitions(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    if table.resource["type"] != "TABLE":
        return
    ids = warehouse.partition_ids(table) if partitions.key_columns(table) else None
    everything = range(len(table.fields))
    for id in sorted(set(ids)) if ids is not None else [None]:
        size = warehouse.bytes_read(table, everything, None if id is None else [id])
        yield _names(table) | {
            "partition_id": id,
            "total_rows": len(table.rows) if ids is None else ids.count(id or ""),
            "total_logical_bytes": size,
            "total_billable_bytes": size,
            "last_modified_time": _moment(table.resource.get("lastModifiedTime")),
            "storage_tier": "ACTIVE",
        }


def _storage(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    if table.resource["type"] != "TABLE":
        return
    size = _bytes(warehouse, table)
    ids = warehouse.partition_ids(table) if partitions.key_columns(table) else []
    yield _names(table) | {
        "project_id": table.id.project,
        "creation_time": _moment(table.resource.get("creationTime")),
        "storage_last_modified_time": _moment(table.resource.get("lastModifiedTime")),
        "deleted": False,
        "total_rows": len(table.rows),
        "total_partitions": len(set(ids)),
        "total_logical_bytes": size,
        "active_logical_bytes": size,
        "long_term_logical_bytes": 0,
        "table_type": "BASE TABLE",
    }


def _privileges(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    for role, grantees in table.grants.items():
        for grantee in grantees:
            yield {
                "object_catalog": table.id.project,
                "object_schema": table.id.dataset,
                "object_name": table.id.table,
                "object_type": table.resource["type"],
                "privilege_type": role,
                "grantee": grantee,
            }


def _views(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    if table.view is not None:
        yield _names(table) | {"view_definition": table.view, "use_standard_sql": "YES"}


def _legacy(warehouse: Warehouse, table: Table) -> Iterator[Record]:
    resource = table.resource
    yield {
        "project_id": table.id.project,
        "dataset_id": table.id.dataset,
        "table_id": table.id.table,
        "creation_time": resource.get("creationTime"),
        "last_modified_time": resource.get("lastModifiedTime"),
        "row_count": len(table.rows),
        "size_bytes": _bytes(warehouse, table),
        "type": {"TABLE": 1, "VIEW": 2}.get(resource["type"], 3),
    }


NAMES = "table_catalog STRING, table_schema STRING, table_name STRING, "
VIEWS: Mapping[str, View] = {
    "TABLES": View(
        NAMES + "table_type STRING, is_insertable_into STRING, is_typed STRING, creation_time TIMESTAMP", _tables
    ),
    "COLUMNS": View(
        NAMES + "column_name STRING, ordinal_position INTEGER, is_nullable STRING, data_type STRING, "
        "is_generated STRING, is_hidden STRING, is_system_defined STRING, is_partitioning_column STRING, "
        "clustering_ordinal_position INTEGER, collation_name STRING, column_default STRING",
        _columns,
    ),
    "COLUMN_FIELD_PATHS": View(
        NAMES + "column_name STRING, field_path STRING, data_type STRING, description STRING, "
        "collation_name STRING, policy_tags ARRAY<STRING>",
        _field_paths,
    ),
    "TABLE_OPTIONS": View(NAMES + "option_name STRING, option_type STRING, option_value STRING", _options),
    "PARTITIONS": View(
        NAMES + "partition_id STRING, total_rows INTEGER, total_logical_bytes INTEGER, "
        "total_billable_bytes INTEGER, last_modified_time TIMESTAMP, storage_tier STRING",
        _partitions,
    ),
    "TABLE_STORAGE": View(
        NAMES + "project_id STRING, creation_time TIMESTAMP, storage_last_modified_time TIMESTAMP, deleted BOOLEAN, "
        "total_rows INTEGER, total_partitions INTEGER, total_logical_bytes INTEGER, active_logical_bytes INTEGER, "
        "long_term_logical_bytes INTEGER, table_type STRING",
        _storage,
    ),
    "OBJECT_PRIVILEGES": View(
        "object_catalog STRING, object_schema STRING, object_name STRING, object_type STRING, "
        "privilege_type STRING, grantee STRING",
        _privileges,
    ),
    "VIEWS": View(NAMES + "view_definition STRING, use_standard_sql STRING", _views),
    # Materialized views are not emulated, so there are none.
    "MATERIALIZED_VIEWS": View(NAMES + "last_refresh_time TIMESTAMP", lambda warehouse, table: ()),
    "__TABLES__": View(
        "project_id STRING, dataset_id STRING, table_id STRING, creation_time INTEGER, last_modified_time INTEGER, "
        "row_count INTEGER, size_bytes INTEGER, type INTEGER",
        _legacy,
    ),
}
