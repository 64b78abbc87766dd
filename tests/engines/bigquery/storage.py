"""What the emulated BigQuery holds: datasets, tables and their rows."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.engines.bigquery.errors import BigQueryError

Resource = dict[str, Any]


@dataclass(frozen=True, order=True)
class TableId:
    """project.dataset.table"""

    project: str
    dataset: str
    table: str

    @property
    def reference(self) -> Resource:
        """As a TableReference of the API."""
        return {"projectId": self.project, "datasetId": self.dataset, "tableId": self.table}

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"


@dataclass(frozen=True)
class State:
    """What readers could see of a table from some moment on. filled: the columns that hold a value in some row."""

    table: str
    rows: int
    fields: list[Resource]
    filled: list[str]


@dataclass
class Table:
    """A table, view or external table.

    resource: the Table resource of the API, `schema` with the canonical type names of the API (INTEGER, FLOAT,
        BOOLEAN, RECORD, ...) and the policy tags of its columns.
    rows: of a native table, one protobuf TableData.Row (of zetasql) per row, cells in the order of the schema.
    grants: of GRANT, role -> principals. Kept when the table is replaced.
    version: changes with every change of rows or schema; what is derived from a table is cached under it.
    """

    id: TableId
    resource: Resource
    rows: list[Any] = field(default_factory=list)
    version: int = 0
    grants: dict[str, list[str]] = field(default_factory=dict)

    @property
    def fields(self) -> list[Resource]:
        """The columns, as TableFieldSchema. Those of an external table end with its partition columns."""
        fields: list[Resource] = self.resource.get("schema", {}).get("fields", [])
        return fields

    @property
    def view(self) -> str | None:
        """The query of a view."""
        query: str | None = self.resource.get("view", {}).get("query")
        return query

    @property
    def is_external(self) -> bool:
        return "externalDataConfiguration" in self.resource


class Storage:
    """All projects. Hold `lock` around anything that reads and then writes.

    history: every state of a native table that readers could see, in order; not those inside a transaction.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.history: list[State] = []
        self.in_transaction = False
        self.datasets: dict[tuple[str, str], Resource] = {}
        self.tables: dict[TableId, Table] = {}
        self._version = 0

    def dataset(self, project: str, dataset: str) -> Resource:
        """Raises BigQueryError (notFound)."""
        try:
            return self.datasets[project, dataset]
        except KeyError:
            raise BigQueryError("notFound", f"Not found: Dataset {project}:{dataset}") from None

    def put_dataset(self, resource: Resource) -> Resource:
        """Store a new dataset, or a changed one: etag and times follow, the location is US unless given."""
        reference = resource["datasetReference"]
        project, name = reference["projectId"], reference["datasetId"]
        now = str(int(time.time() * 1000))
        resource.update(kind="bigquery#dataset", id=f"{project}:{name}", etag=uuid.uuid4().hex, lastModifiedTime=now)
        for key, value in (("creationTime", now), ("location", "US"), ("type", "DEFAULT")):
            resource.setdefault(key, value)
        self.datasets[project, name] = resource
        return resource

    def location(self, id: TableId) -> str:
        """Of the dataset of that table, as it was given (US, us-east4, aws-us-east-1)."""
        location: str = self.dataset(id.project, id.dataset)["location"]
        return location

    def table(self, id: TableId) -> Table:
        """Raises BigQueryError (notFound)."""
        location = self.location(id)
        try:
            return self.tables[id]
        except KeyError:
            message = f"Not found: Table {id.project}:{id.dataset}.{id.table} was not found in location {location}"
            raise BigQueryError("notFound", message) from None

    def put(self, table: Table) -> Table:
        """Store a new table, or a changed one: etag, lastModifiedTime, numRows and version follow."""
        self.location(table.id)
        self._version += 1
        table.version = self._version
        now = str(int(time.time() * 1000))
        id = table.id
        table.resource.update(
            kind="bigquery#table",
            id=f"{id.project}:{id.dataset}.{id.table}",
            tableReference=id.reference,
            location=self.location(id),
            etag=uuid.uuid4().hex,
            lastModifiedTime=now,
        )
        table.resource.setdefault("creationTime", now)
        table.resource.setdefault("type", "TABLE")
        if table.resource["type"] == "TABLE":
            table.resource["numRows"] = str(len(table.rows))
        self.tables[id] = table
        if not self.in_transaction:
            self.show(table)
        return table

    def show(self, table: Table) -> None:
        """Readers see the table as it is now."""
        if table.resource["type"] == "TABLE":
            filled = [
                field["name"]
                for position, field in enumerate(table.fields)
                if any(row.cell[position].WhichOneof("value") for row in table.rows)
            ]
            self.history.append(State(str(table.id), len(table.rows), deepcopy(table.fields), filled))

    def drop(self, id: TableId) -> None:
        """Raises BigQueryError (notFound)."""
        self.table(id)
        del self.tables[id]

    def of_dataset(self, project: str, dataset: str) -> Iterable[Table]:
        """The tables of a dataset, by name."""
        self.dataset(project, dataset)
        return [self.tables[id] for id in sorted(self.tables) if (id.project, id.dataset) == (project, dataset)]
