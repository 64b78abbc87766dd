"""Files under external tables: Parquet, CSV and newline-delimited JSON, in hive partitions, in buckets that are folders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.engines.bigquery.storage import Table

@dataclass(frozen=True)
class Partition:
    """The files of one combination of hive partition keys; no keys if the table has none."""

    values: Mapping[str, date | str | int]
    files: tuple[Path, ...]
    bytes: int


class ExternalData:
    """Reads external tables. `buckets`: name -> folder that stands for the bucket."""

    def __init__(self, buckets: Mapping[str, Path]) -> None:
        self.buckets = dict(buckets)

    def partitions(self, table: Table) -> list[Partition]:
        """The partitions that exist, by their keys."""
        raise NotImplementedError

    def rows(self, table: Table, partition: Partition) -> list[Any]:
        """TableData.Row of all files of a partition; cells in the order of table.fields, partition columns last."""
        raise NotImplementedError
