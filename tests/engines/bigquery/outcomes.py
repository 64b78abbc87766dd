"""What goes into the execution of one statement and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.engines.bigquery.analyzer import Variable
from tests.engines.bigquery.errors import BigQueryError
from tests.engines.bigquery.queries import Reader, Scope, Warehouse
from tests.engines.bigquery.storage import Resource, TableId
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import Row


@dataclass(frozen=True)
class Context:
    """What a query job gives a statement besides its SQL."""

    project: str
    caller: str
    location: str | None = None
    default_dataset: tuple[str, str] | None = None
    dry_run: bool = False
    maximum_bytes_billed: int | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass
class Outcome:
    """Of a statement or a script: the parts of a query job's statistics, and the result."""

    statement_type: str
    location: str
    fields: list[Resource] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    referenced: list[TableId] = field(default_factory=list)
    bytes_processed: int = 0
    # Read from Omni tables by a job in a region of Google's.
    bytes_transferred: int = 0
    # Of every partitioned table that is read.
    partitions_read: dict[TableId, list[str]] = field(default_factory=dict)
    # What a definition or change was made to, and what happened: CREATE REPLACE SKIP DROP ALTER.
    target: TableId | None = None
    operation: str | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    children: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class Statement:
    """A statement to execute. sql: all of the script, in which the node's positions count."""

    warehouse: Warehouse
    sql: bytes
    node: Node
    scope: Scope
    context: Context
    variables: tuple[Variable, ...] = ()

    @property
    def dry_run(self) -> bool:
        return self.context.dry_run

    def reader(self) -> Reader:
        return Reader(self.warehouse, self.scope, self.variables)

    def outcome(
        self, statement_type: str, reader: Reader, location: str, target: TableId | None = None, rewritten: int = 0
    ) -> Outcome:
        """With what an analyzed statement reads. Raises BigQueryError if that is more than may be billed or moved.

        rewritten: bytes of the target that are charged because they may change.
        """
        limit, processed = self.context.maximum_bytes_billed, reader.bytes + rewritten
        if limit is not None and processed > limit and not self.dry_run:
            message = f"Query exceeded limit for bytes billed: {limit}. {processed} or higher required."
            raise BigQueryError("bytesBilledLimitExceeded", message)
        transferred = reader.transferred(location)
        self.warehouse.locations.check_transfer(transferred)
        return Outcome(
            statement_type,
            location,
            referenced=reader.referenced,
            bytes_processed=processed,
            bytes_transferred=transferred,
            partitions_read=reader.partitions,
            target=target,
        )
