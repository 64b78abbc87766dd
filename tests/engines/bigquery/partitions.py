"""Partition elimination."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engines.bigquery.queries import Source, Warehouse
    from tests.engines.bigquery.trees import Node


def eliminate(warehouse: Warehouse, statement: Node, sources: dict[str, Source]) -> None:
    """Settle which partitions of each table are read."""
    for source in sources.values():
        if source.table.is_external:
            source.rows = [
                row
                for partition in warehouse.external.partitions(source.table)
                for row in warehouse.external.rows(source.table, partition)
            ]
