"""What load and copy jobs, and queries with a destination, write to tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.engines.bigquery import files
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.external_data import ExternalData
from tests.engines.bigquery.locations import Locations
from tests.engines.bigquery.schemas import check_policy_tags, taken
from tests.engines.bigquery.storage import Resource, Storage, Table, TableId
from tests.engines.bigquery.values import Row, cell, new_row

LOAD_SETTINGS = frozenset(
    {
        "allowQuotedNewlines",
        "clustering",
        "createDisposition",
        "destinationTable",
        "destinationTableProperties",
        "encoding",
        "fieldDelimiter",
        "ignoreUnknownValues",
        "nullMarker",
        "parquetOptions",
        "quote",
        "schema",
        "skipLeadingRows",
        "sourceFormat",
        "sourceUris",
        "timePartitioning",
        "writeDisposition",
    }
)
COPY_SETTINGS = frozenset({"createDisposition", "destinationTable", "sourceTable", "sourceTables", "writeDisposition"})


@dataclass(frozen=True)
class Written:
    """What a load or copy job did."""

    target: TableId
    location: str
    rows: int
    bytes_read: int = 0


class Loads:
    """Writes tables from files and tables."""

    def __init__(self, storage: Storage, external: ExternalData, locations: Locations) -> None:
        self._storage = storage
        self._external = external
        self._locations = locations

    def load(self, configuration: Resource, location: str | None, media: bytes | None) -> Written:
        """A load job, of the uploaded data or of the source URIs.

        Raises BigQueryError (notFound, duplicate, invalid), NotEmulated.
        """
        check_settings("load", configuration, LOAD_SETTINGS)
        id = table_id(configuration["destinationTable"])
        format = configuration.get("sourceFormat", "CSV")
        with self._storage.lock:
            place = self._place([id], location)
            fields = taken((configuration.get("schema") or {}).get("fields", []))
            existing = self._storage.tables.get(id)
            if not fields and existing is not None:
                fields = existing.fields
            if not fields:
                raise NotEmulated("a load job without a schema")
            if media is None:
                rows = self._external.read(configuration.get("sourceUris", []), configuration, fields)
            else:
                rows = files.rows(format, media, "the uploaded data", fields, configuration)
            properties = dict(configuration.get("destinationTableProperties") or {})
            properties |= {
                key: configuration[key] for key in ("clustering", "timePartitioning") if key in configuration
            }
            # https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfigurationLoad: appends unless told.
            self.write(id, fields, rows, configuration, "WRITE_APPEND", properties)
            return Written(id, place, len(rows), len(media or b""))

    def copy(self, configuration: Resource, location: str | None) -> Written:
        """A copy job. The columns keep their policy tags.

        Raises BigQueryError (notFound, duplicate, invalid), NotEmulated.
        """
        check_settings("copy", configuration, COPY_SETTINGS)
        references = configuration.get("sourceTables") or [configuration["sourceTable"]]
        id = table_id(configuration["destinationTable"])
        with self._storage.lock:
            sources = [self._storage.table(table_id(reference)) for reference in references]
            place = self._place([id, *(source.id for source in sources)], location)
            for source in sources:
                if source.resource["type"] != "TABLE":
                    raise BigQueryError("invalid", f"{source.id} is not allowed for this operation: it is no table")
                if source.fields != sources[0].fields:
                    raise BigQueryError("invalid", f"The schemas of {sources[0].id} and {source.id} differ")
            kept = ("clustering", "description", "labels", "rangePartitioning", "requirePartitionFilter")
            first = sources[0].resource
            properties = {key: first[key] for key in (*kept, "timePartitioning") if key in first}
            rows = [row for source in sources for row in source.rows]
            self.write(id, sources[0].fields, rows, configuration, "WRITE_EMPTY", properties)
            return Written(id, place, len(rows))

    def write(
        self,
        id: TableId,
        fields: Sequence[Resource],
        rows: Sequence[Row],
        dispositions: Resource,
        default: str,
        properties: Resource,
    ) -> None:
        """Write rows to a table by createDisposition and writeDisposition (`default` if absent).

        properties: what a new table has besides its schema.

        Raises BigQueryError (notFound, duplicate, invalid).
        """
        disposition = dispositions.get("writeDisposition") or default
        existing = self._storage.tables.get(id)
        location = self._storage.location(id)
        if self._locations.is_omni(location):
            raise BigQueryError("invalid", f"Tables with data in BigQuery are not supported in location {location}")
        if existing is None:
            if dispositions.get("createDisposition") == "CREATE_NEVER":
                self._storage.table(id)
            check_policy_tags(fields, location)
            self._storage.put(Table(id, {**properties, "schema": {"fields": list(fields)}}, list(rows)))
        elif existing.resource["type"] != "TABLE":
            raise BigQueryError("invalid", f"{id} is not allowed for this operation because it is not a table")
        elif disposition == "WRITE_TRUNCATE":
            # The schema is replaced, and with it the policy tags.
            check_policy_tags(fields, location)
            resource = {**existing.resource, **properties, "schema": {"fields": list(fields)}}
            self._storage.put(replace(existing, resource=resource, rows=list(rows)))
        elif disposition == "WRITE_EMPTY":
            if existing.rows:
                raise BigQueryError("duplicate", f"Already Exists: Table {id.project}:{id.dataset}.{id.table}")
            self._extend(existing, fields, rows)
        elif disposition == "WRITE_APPEND":
            self._extend(existing, fields, rows)
        else:
            raise BigQueryError("invalid", f"Invalid value for writeDisposition: {disposition}")

    def _extend(self, table: Table, fields: Sequence[Resource], rows: Sequence[Row]) -> None:
        extended = [*table.rows, *fitted(table, fields, rows)]
        self._storage.put(replace(table, resource=dict(table.resource), rows=extended))

    def _place(self, ids: Sequence[TableId], location: str | None) -> str:
        """The location of the job, that of all tables."""
        datasets = {(id.project, id.dataset): self._storage.location(id) for id in ids}
        target = (ids[0].project, ids[0].dataset)
        place = self._locations.of_job(location, datasets, "LOAD", target)
        for (project, dataset), other in datasets.items():
            if other.lower() != place.lower():
                message = f"Not found: Dataset {project}:{dataset} was not found in location {place}"
                raise BigQueryError("notFound", message)
        return place


def fitted(table: Table, fields: Sequence[Resource], rows: Sequence[Row]) -> list[Row]:
    """Rows of columns `fields` in the columns of a table that they are added to.

    Raises BigQueryError (invalid).
    """
    prefix = f"Provided Schema does not match Table {table.id.project}:{table.id.dataset}.{table.id.table}. "
    positions = {field["name"].lower(): number for number, field in enumerate(fields)}
    own = {field["name"].lower() for field in table.fields}
    for field in fields:
        if field["name"].lower() not in own:
            raise BigQueryError("invalid", f"{prefix}Cannot add fields (field: {field['name']})")
    order: list[tuple[Resource, int | None]] = []
    for field in table.fields:
        position = positions.get(field["name"].lower())
        if position is not None and _shape(fields[position]) != _shape(field):
            other = fields[position]
            message = f"{prefix}Field {field['name']} has changed type from {field['type']} to {other['type']}"
            raise BigQueryError("invalid", message)
        order.append((field, position))
    return [new_row(cell=[cell(None, field) if at is None else row.cell[at] for field, at in order]) for row in rows]


def _shape(field: Resource) -> object:
    return (field["type"], field["mode"] == "REPEATED", [_shape(child) for child in field.get("fields", [])])


def table_id(reference: Resource) -> TableId:
    """Of a TableReference.

    Raises BigQueryError (required).
    """
    try:
        return TableId(reference["projectId"], reference["datasetId"], reference["tableId"])
    except KeyError as error:
        raise BigQueryError("required", f"Required parameter is missing: {error.args[0]}") from error


def check_settings(kind: str, configuration: Resource, settings: frozenset[str]) -> None:
    """Raises NotEmulated for settings that are not known; null, false, zero and what is empty set nothing."""
    unknown = sorted(key for key, value in configuration.items() if key not in settings and value not in _NOTHING)
    if unknown:
        raise NotEmulated(f"the setting {', '.join(unknown)} of a {kind} job")


_NOTHING: tuple[object, ...] = (None, False, "", "0", [], {})
