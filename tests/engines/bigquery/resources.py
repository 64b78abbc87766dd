"""The resources `datasets` and `tables` of the API.

https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets
https://cloud.google.com/bigquery/docs/reference/rest/v2/tables
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.external_data import ExternalData
from tests.engines.bigquery.locations import Locations
from tests.engines.bigquery.schemas import changed, check_policy_tags, taken, widened
from tests.engines.bigquery.storage import Resource, Storage, Table, TableId

NAME = re.compile(r"\w{1,1024}")
# Names of tables may have these too: https://cloud.google.com/bigquery/docs/tables#table_naming
TABLE_NAME = re.compile(r"[\w\- ]{1,1024}")

# What the service writes; in a request it is passed over.
OUTPUT = frozenset(
    {"kind", "id", "etag", "selfLink", "creationTime", "lastModifiedTime", "numRows", "numBytes", "numLongTermBytes"}
)
IMMUTABLE_DATASET = ("datasetReference", "location")
IMMUTABLE_TABLE = ("tableReference", "location", "type", "rangePartitioning")
# A change of partitioning needs a new table; how long partitions live and whether they must be filtered does not.
IMMUTABLE_PARTITIONING = ("type", "field")

DATASET_SETTINGS = frozenset(
    {
        "access",
        "datasetReference",
        "defaultCollation",
        "defaultEncryptionConfiguration",
        "defaultPartitionExpirationMs",
        "defaultTableExpirationMs",
        "description",
        "friendlyName",
        "isCaseInsensitive",
        "labels",
        "location",
        "maxTimeTravelHours",
        "resourceTags",
        "storageBillingModel",
        "type",
    }
)
TABLE_SETTINGS = frozenset(
    {
        "clustering",
        "description",
        "encryptionConfiguration",
        "expirationTime",
        "externalDataConfiguration",
        "friendlyName",
        "labels",
        "location",
        "maxStaleness",
        "rangePartitioning",
        "requirePartitionFilter",
        "resourceTags",
        "schema",
        "tableConstraints",
        "tableReference",
        "timePartitioning",
        "type",
        "view",
    }
)

LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")


class Resources:
    """Reads and changes datasets and tables.

    schema_of_view: the fields of the result of a query, as seen from a dataset; set by whoever has the SQL engine.
    """

    def __init__(
        self,
        storage: Storage,
        external: ExternalData,
        locations: Locations,
        schema_of_view: Callable[[str, TableId], list[Resource]],
    ) -> None:
        self.storage = storage
        self._external = external
        self._locations = locations
        self._schema_of_view = schema_of_view

    # Datasets

    def insert_dataset(self, project: str, body: Resource) -> Resource:
        """Raises BigQueryError (duplicate, invalid)."""
        name = body.get("datasetReference", {}).get("datasetId")
        if not name:
            raise BigQueryError("required", "Required parameter is missing: datasetId")
        if not NAME.fullmatch(name):
            message = f'Invalid dataset ID "{name}". Dataset IDs must be alphanumeric (plus underscores).'
            raise BigQueryError("invalid", message)
        resource = _given(body, DATASET_SETTINGS)
        resource["datasetReference"] = {"projectId": project, "datasetId": name}
        with self.storage.lock:
            if (project, name) in self.storage.datasets:
                raise BigQueryError("duplicate", f"Already Exists: Dataset {project}:{name}")
            self._check_dataset(resource)
            return self.storage.put_dataset(resource)

    def datasets(self, project: str) -> list[Resource]:
        """As datasets.list has them."""
        shown = ("kind", "id", "datasetReference", "labels", "friendlyName", "location")
        with self.storage.lock:
            found = [resource for key, resource in sorted(self.storage.datasets.items()) if key[0] == project]
        return [{key: resource[key] for key in shown if key in resource} for resource in found]

    def change_dataset(
        self, project: str, name: str, body: Resource, if_match: str | None, whole: bool = False
    ) -> Resource:
        """datasets.patch, or datasets.update if `whole`.

        Raises BigQueryError (notFound, conditionNotMet, invalid).
        """
        with self.storage.lock:
            old = self.storage.dataset(project, name)
            _check_etag(old, if_match)
            new = _changed(old, _given(body, DATASET_SETTINGS), IMMUTABLE_DATASET, whole)
            self._check_dataset(new)
            return self.storage.put_dataset(new)

    def delete_dataset(self, project: str, name: str, contents: bool) -> None:
        """Raises BigQueryError (notFound, resourceInUse)."""
        with self.storage.lock:
            tables = list(self.storage.of_dataset(project, name))
            if tables and not contents:
                raise BigQueryError("resourceInUse", f"Dataset {project}:{name} is still in use")
            for table in tables:
                self.storage.drop(table.id)
            del self.storage.datasets[project, name]

    def _check_dataset(self, resource: Resource) -> None:
        _check_labels(resource)
        if self._locations.is_omni(resource.get("location", "US")) and "defaultEncryptionConfiguration" in resource:
            # https://cloud.google.com/bigquery/docs/omni-introduction#limitations
            message = f"Customer-managed encryption keys are not supported in location {resource['location']}"
            raise BigQueryError("invalid", message)

    # Tables

    def insert_table(self, project: str, dataset: str, body: Resource) -> Resource:
        """Raises BigQueryError (notFound, duplicate, invalid)."""
        name = body.get("tableReference", {}).get("tableId")
        if not name:
            raise BigQueryError("required", "Required parameter is missing: tableId")
        if not TABLE_NAME.fullmatch(name):
            raise BigQueryError("invalid", f'Invalid table ID "{name}".')
        id = TableId(project, dataset, name)
        resource = _given(body, TABLE_SETTINGS)
        with self.storage.lock:
            location = self.storage.location(id)
            if id in self.storage.tables:
                raise BigQueryError("duplicate", f"Already Exists: Table {project}:{dataset}.{name}")
            _check_labels(resource)
            if "externalDataConfiguration" in resource:
                self._complete_external(resource, location)
            elif "view" in resource:
                self._complete_view(resource, id)
            else:
                self._complete_native(resource, location)
            check_policy_tags(resource.get("schema", {}).get("fields", []), location)
            return self.storage.put(Table(id, resource)).resource

    def tables(self, project: str, dataset: str) -> list[Resource]:
        """As tables.list has them."""
        shown = (
            *("kind", "id", "tableReference", "type", "labels", "creationTime", "friendlyName", "expirationTime"),
            *("timePartitioning", "rangePartitioning", "clustering", "requirePartitionFilter"),
        )
        with self.storage.lock:
            found = [table.resource for table in self.storage.of_dataset(project, dataset)]
        return [
            {key: resource[key] for key in shown if key in resource}
            | ({"view": {"useLegacySql": False}} if resource["type"] == "VIEW" else {})
            for resource in found
        ]

    def change_table(self, id: TableId, body: Resource, if_match: str | None, whole: bool = False) -> Resource:
        """tables.patch, or tables.update if `whole`.

        Raises BigQueryError (notFound, conditionNotMet, invalid).
        """
        with self.storage.lock:
            table = self.storage.table(id)
            _check_etag(table.resource, if_match)
            given = _given(body, TABLE_SETTINGS)
            new = _changed(table.resource, given, IMMUTABLE_TABLE, whole)
            for kind in ("view", "externalDataConfiguration"):
                if (kind in new) != (kind in table.resource):
                    raise BigQueryError("invalid", f"{kind} cannot be added to or removed from a table of another type")
            before, after = (
                [resource.get("timePartitioning", {}).get(key) for key in IMMUTABLE_PARTITIONING]
                for resource in (table.resource, new)
            )
            if before != after or self._partition_keys(table.resource) != self._partition_keys(new):
                raise BigQueryError("invalid", f"Cannot change partitioning of table {id}")
            _check_labels(new)
            if "view" in given and new["view"]["query"] != table.view:
                self._complete_view(new, id)
            fields = self._changed_fields(table, given, new)
            check_policy_tags(fields, self.storage.location(id))
            # Rows of a table end with its new columns.
            rows = [widened(row, table.fields, fields) for row in table.rows] if given.get("schema") else table.rows
            return self.storage.put(replace(table, resource=new, rows=rows)).resource

    def delete_table(self, id: TableId) -> None:
        """Raises BigQueryError (notFound)."""
        with self.storage.lock:
            self.storage.drop(id)

    def _complete_native(self, resource: Resource, location: str) -> None:
        if self._locations.is_omni(location):
            # https://cloud.google.com/bigquery/docs/omni-introduction#limitations
            raise BigQueryError("invalid", f"Tables with data in BigQuery are not supported in location {location}")
        if "schema" in resource:
            resource["schema"] = {"fields": taken(resource["schema"].get("fields", []))}
        resource["type"] = "TABLE"
        partitioning = resource.get("timePartitioning", {}).get("field")
        names = [field["name"] for field in resource.get("schema", {}).get("fields", [])]
        for column in [partitioning, *resource.get("clustering", {}).get("fields", [])]:
            if column is not None and column not in names:
                raise BigQueryError("invalid", f"The field {column} of partitioning or clustering is not in the schema")

    def _complete_view(self, resource: Resource, id: TableId) -> None:
        view = resource["view"]
        if view.get("useLegacySql", True):
            # The API's default: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#ViewDefinition
            raise NotEmulated("views in legacy SQL")
        resource["schema"] = {"fields": self._schema_of_view(view["query"], id)}
        resource["type"] = "VIEW"

    def _complete_external(self, resource: Resource, location: str) -> None:
        configuration = resource["externalDataConfiguration"]
        uris = configuration.get("sourceUris")
        if not uris or not configuration.get("sourceFormat"):
            raise BigQueryError("required", "externalDataConfiguration needs sourceUris and sourceFormat")
        omni = self._locations.is_omni(location)
        if any(uri.startswith("s3://") for uri in uris):
            if not configuration.get("connectionId"):
                raise BigQueryError("invalid", "A connection is required for a table over Amazon S3: connectionId")
            if not omni:
                raise BigQueryError("invalid", f"Location {location} of the dataset cannot hold tables over Amazon S3")
        elif omni:
            raise BigQueryError("invalid", f"Source URI {uris[0]} is not in the cloud of location {location}")
        if omni and "encryptionConfiguration" in resource:
            message = f"Customer-managed encryption keys are not supported in location {location}"
            raise BigQueryError("invalid", message)
        inner = configuration.pop("schema", None)
        fields = (resource.get("schema") or inner or {}).get("fields")
        if not fields:
            # Parquet too would say its schema itself.
            raise NotEmulated("an external table without a schema")
        # As the API returns them: the partition columns are in the schema, and named in the options.
        keys = self._external.partition_fields(configuration)
        resource["schema"] = {"fields": [*_without(keys, taken(fields)), *keys]}
        if keys:
            configuration["hivePartitioningOptions"]["fields"] = [key["name"] for key in keys]
        resource["type"] = "EXTERNAL"

    def _partition_keys(self, resource: Resource) -> list[Resource]:
        """The keys of hive partitions, which cannot change.

        https://cloud.google.com/bigquery/docs/hive-partitioned-queries
        """
        return self._external.partition_fields(resource.get("externalDataConfiguration", {}))

    def _changed_fields(self, table: Table, given: Resource, new: Resource) -> list[Resource]:
        """The columns after a change, which end up in `new`."""
        if not given.get("schema"):
            if "schema" in table.resource:
                new["schema"] = table.resource["schema"]
            return table.fields
        # The partition columns of an external table stay its last, whether the request names them or not.
        keys = self._external.partition_fields(new["externalDataConfiguration"]) if table.is_external else []
        before, after = (_without(keys, fields) for fields in (table.fields, given["schema"].get("fields", [])))
        fields = [*changed(table.id, before, after), *keys]
        new["schema"] = {"fields": fields}
        return fields


def _without(keys: Iterable[Resource], fields: Iterable[Resource]) -> list[Resource]:
    """The columns that are no partition columns."""
    names = {key["name"].lower() for key in keys}
    return [field for field in fields if field["name"].lower() not in names]


def _given(body: Resource, settings: frozenset[str]) -> Resource:
    """What a request sets.

    Raises NotEmulated for what the engine would have to act on and does not know.
    """
    if unknown := sorted(set(body) - settings - OUTPUT):
        raise NotEmulated(f"the setting {', '.join(unknown)}")
    return {key: copy.deepcopy(value) for key, value in body.items() if key in settings}


def _changed(old: Resource, given: Resource, immutable: tuple[str, ...], whole: bool) -> Resource:
    """A resource after a request to change it.

    Raises BigQueryError (invalid) for what cannot change.
    """
    for key in immutable:
        if given.get(key) is not None and key in old and given[key] != old[key]:
            raise BigQueryError("invalid", f"Cannot change {key} of {old['id']} from {old[key]} to {given[key]}")
    kept = {*OUTPUT, *immutable, "externalDataConfiguration", "schema", "timePartitioning", "view"}
    start = {key: value for key, value in old.items() if key in kept} if whole else old
    return _merged(start, given)


def _merged(old: Mapping[str, Any], given: Mapping[str, Any]) -> Resource:
    """Objects key by key, anything else as a whole; null removes."""
    result = copy.deepcopy(dict(old))
    for key, value in given.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = _merged(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def _check_etag(resource: Resource, if_match: str | None) -> None:
    if if_match not in (None, "*", resource["etag"]):
        raise BigQueryError("conditionNotMet", f"Precondition Failed: the etag of {resource['id']} is not {if_match}")


def _check_labels(resource: Resource) -> None:
    """https://cloud.google.com/bigquery/docs/labels-intro#requirements"""
    labels = resource.get("labels") or {}
    if len(labels) > 64:
        raise BigQueryError("invalid", f"{len(labels)} labels; a resource can have at most 64")
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            raise BigQueryError("invalid", f'Label key "{key}" has invalid characters.')
        if not LABEL_VALUE.fullmatch(value):
            raise BigQueryError("invalid", f'Label value "{value}" has invalid characters.')
