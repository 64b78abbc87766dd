"""Writes the landing zone of the demo: <root>/<domain>/<entity>/landed_date=<day>/part-0.<format>."""

from __future__ import annotations

import datetime
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import duckdb
from duckdb_types import LANDING_TYPES

from contracts import PARTITION, Column, Entity

FORMATS = ("parquet", "csv", "json")
LANDING = Path(__file__).resolve().parent / "landing"
MARKER = ".demo-landing"

_OPTIONS = {"parquet": "format parquet", "csv": "format csv, header true", "json": "format json"}
_ISO = "%Y-%m-%dT%H:%M:%SZ"


class LandingError(Exception):
    """A directory that must not be replaced. The message says how to mend it."""


class Landing:
    """Context manager that collects files in a directory of its own and puts it in the place of `root` at the end.

    When the block raises, `root` stays as it was. Raises LandingError for a directory that has contents and was not
    written by this class.
    """

    def __init__(self, root: Path, format: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.root = root.resolve()
        self.format = format
        self._connection = connection
        self._check()

    def __enter__(self) -> Landing:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        self._work = Path(tempfile.mkdtemp(prefix=f".{self.root.name}-", dir=self.root.parent))
        self._staged = self._work / "new"
        self._staged.mkdir()
        (self._staged / MARKER).write_text("Written by the demo, which may replace this directory.\n", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._check()
                if self.root.exists():
                    self.root.rename(self._work / "old")
                self._staged.rename(self.root)
        finally:
            shutil.rmtree(self._work, ignore_errors=True)

    def write(self, entity: Entity, day: datetime.date, rows: str) -> int:
        """Write one partition of an entity from an SQL query that yields the contract's columns; the number of rows."""
        directory = self._staged / entity.domain / entity.name / f"{PARTITION}={day.isoformat()}"
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / f"part-0.{self.format}"
        columns = ",\n    ".join(
            f"{landed_value(column, self.format)} as {identifier(column.physical_name)}" for column in entity.columns
        )
        self._connection.execute(
            f"copy (select\n    {columns}\nfrom ({rows})) to {literal(str(file))} ({_OPTIONS[self.format]})"
        )
        row = self._connection.fetchone()
        # DuckDB writes no file for a JSON copy of nothing in some versions; a partition is always there.
        file.touch()
        return int(row[0]) if row else 0

    def _check(self) -> None:
        if not self.root.exists():
            return
        if not self.root.is_dir():
            raise LandingError(f"{self.root} is a file; name a directory with --output")
        if any(self.root.iterdir()) and not (self.root / MARKER).exists():
            raise LandingError(
                f"{self.root} has contents that the demo did not write, and stays as it is; "
                "name another directory with --output, or empty this one"
            )


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in which a timestamp without an offset is UTC."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    return connection


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def landing_type(column: Column) -> str:
    """The DuckDB type in which the column lands."""
    if column.type == "array":
        return LANDING_TYPES[column.item_type or "string"] + "[]"
    if column.type == "object":
        fields = ", ".join(f"{identifier(name)} {LANDING_TYPES[type]}" for name, type in column.fields)
        return f"struct({fields})"
    return LANDING_TYPES[column.type]


def landed_value(column: Column, format: str) -> str:
    """The SQL expression that gives the column as a file of that format holds it."""
    name = identifier(column.name)
    if format == "parquet":
        # What a cast to timestamptz gives in UTC, without a calendar for each value.
        if column.type == "timestamp":
            return f"make_timestamptz(epoch_us(cast({name} as timestamp)))"
        # Text may be an enum, and is written as text all the same.
        if column.type == "string" and not column.transform:
            return name
        return f"cast({name} as {landing_type(column)})"
    if column.type == "array":
        value = f"[{_text_value('item', column.item_type or 'string')} for item in {name}]"
    elif column.type == "object":
        fields = ", ".join(
            f"{identifier(field)} := {_text_value(f'{name}.{identifier(field)}', type)}"
            for field, type in column.fields
        )
        value = f"case when {name} is not null then struct_pack({fields}) end"
    else:
        value = _text_value(name, column.type)
        # A number of JSON keeps its digits when it is handed over as JSON text, and would be a double otherwise.
        return value if format == "json" or column.type != "number" else f"cast({value} as varchar)"
    return f"cast(to_json({value}) as varchar)" if format == "csv" else value


def _text_value(value: str, type: str) -> str:
    if type == "timestamp":
        return f"strftime(cast({value} as timestamp), '{_ISO}')"
    if type == "number":
        return f"cast(rtrim(rtrim(cast(cast({value} as {LANDING_TYPES[type]}) as varchar), '0'), '.') as json)"
    return f"cast({value} as {LANDING_TYPES[type]})"
