"""Rows of files: Parquet, CSV and newline-delimited JSON, by the schema of a table.

What fits where: https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#parquet_conversions,
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv,
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource
from tests.engines.bigquery.values import Row, row

Values = Mapping[str, object]


def rows(format: str, data: bytes, name: str, fields: Sequence[Resource], options: Resource) -> list[Row]:
    """The rows of a file.

    format: CSV, NEWLINE_DELIMITED_JSON or PARQUET.
    options: the load configuration or externalDataConfiguration, the options of CSV beside the others.

    Raises BigQueryError (invalid) that names the file.
    """
    try:
        reader = _READERS[format]
    except KeyError:
        raise NotEmulated(f"files of format {format}") from None
    try:
        return [row(values, fields) for values in reader(data, fields, options)]
    except NotEmulated:
        raise
    except BigQueryError as error:
        message = f"Error while reading data, error message: {error.message}; File: {name}"
        raise BigQueryError(error.reason, message) from error


def _csv(data: bytes, fields: Sequence[Resource], options: Resource) -> Iterator[Values]:
    nested = [field["name"] for field in fields if field["type"] == "RECORD" or field["mode"] == "REPEATED"]
    if nested:
        raise BigQueryError("invalid", f"CSV cannot hold nested or repeated fields: {', '.join(nested)}")
    if options.get("encoding", "UTF-8") != "UTF-8":
        raise NotEmulated(f"encoding {options['encoding']} of CSV")
    names = [field["name"] for field in fields]
    # An empty value is null, a quoted one an empty text. Every row is looked at, so that one of another width is seen.
    wide: list[str] = []

    def refuse(invalid: Any) -> str:
        if invalid.actual_columns < invalid.expected_columns and options.get("allowJaggedRows"):
            raise NotEmulated("allowJaggedRows")
        wide.append(f"Expected {invalid.expected_columns} values, got {invalid.actual_columns}: {invalid.text}")
        return "skip"

    skipped = int(options.get("skipLeadingRows") or 0)
    if not data.strip() or data.count(b"\n") + (not data.endswith(b"\n")) <= skipped:
        return
    try:
        table = pa.csv.read_csv(
            io.BytesIO(data),
            read_options=pa.csv.ReadOptions(column_names=names, skip_rows_after_names=0, skip_rows=skipped),
            parse_options=pa.csv.ParseOptions(
                delimiter=options.get("fieldDelimiter") or ",",
                quote_char=options.get("quote", '"') or False,
                newlines_in_values=bool(options.get("allowQuotedNewlines")),
                invalid_row_handler=refuse,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                null_values=[options.get("nullMarker") or ""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise BigQueryError("invalid", str(error)) from error
    if wide:
        raise BigQueryError("invalid", wide[0])
    yield from table.to_pylist()


def _json(data: bytes, fields: Sequence[Resource], options: Resource) -> Iterator[Values]:
    ignored = bool(options.get("ignoreUnknownValues"))
    for number, line in enumerate(data.decode().splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line, parse_float=Decimal)
        except ValueError as error:
            raise BigQueryError("invalid", f"JSON parsing error in row {number}: {error}") from error
        if not isinstance(value, dict):
            raise BigQueryError("invalid", f"JSON parsing error in row {number}: a row is an object")
        yield _named(value, fields, ignored)


def _named(value: Mapping[str, Any], fields: Sequence[Resource], unknown_ignored: bool, path: str = "") -> Values:
    """The values under the names of the schema, which BigQuery takes in any case of letters."""
    by_name = {field["name"].lower(): field for field in fields}
    result: dict[str, object] = {}
    for name, item in value.items():
        field = by_name.get(name.lower())
        if field is not None:
            result[field["name"]] = _renamed(item, field, unknown_ignored, f"{path}{field['name']}.")
        elif not unknown_ignored:
            raise BigQueryError("invalid", f"No such field: {path}{name}.")
    return result


def _renamed(value: Any, field: Resource, unknown_ignored: bool, path: str) -> object:
    if field["type"] != "RECORD" or value is None:
        return value
    if isinstance(value, list):
        return [_renamed(item, field, unknown_ignored, path) for item in value]
    if not isinstance(value, Mapping):
        return value
    return _named(value, field["fields"], unknown_ignored, path)


def _parquet(data: bytes, fields: Sequence[Resource], options: Resource) -> Iterator[Values]:
    try:
        table = pa.parquet.read_table(pa.BufferReader(data))
    except pa.ArrowInvalid as error:
        raise BigQueryError("invalid", f"Input file is not in Parquet format: {error}") from error
    wanted = {field["name"].lower(): field for field in fields}
    columns = [column for column in table.schema if column.name.lower() in wanted]
    lists = bool(options.get("parquetOptions", {}).get("enableListInference"))
    for column in columns:
        _check(column.name, column.type, wanted[column.name.lower()], lists)
    # Columns that the schema does not name are left out, those that the file does not have are null.
    for values in table.select([column.name for column in columns]).to_pylist():
        yield _named(values, fields, True)


def _check(name: str, type: pa.DataType, field: Resource, lists: bool) -> None:
    """Raises BigQueryError if a Parquet column cannot be read as that field."""
    if pa.types.is_list(type) and field["mode"] == "REPEATED":
        # Without it BigQuery reads a record `list` of records `element`.
        if not lists:
            raise NotEmulated(f"parquetOptions.enableListInference is off, and column {name} is a list")
        _check(name, type.value_type, {**field, "mode": "NULLABLE"}, lists)
        return
    if field["mode"] != "REPEATED" and pa.types.is_struct(type) and field["type"] == "RECORD":
        wanted = {child["name"].lower(): child for child in field["fields"]}
        for child in type:
            if child.name.lower() in wanted:
                _check(f"{name}.{child.name}", child.type, wanted[child.name.lower()], lists)
        return
    if field["mode"] == "REPEATED" or not any(test(type) for test in _PARQUET.get(field["type"], ())):
        target = f"{field['mode']} {field['type']}" if field["mode"] == "REPEATED" else field["type"]
        message = f"Parquet column '{name}' has type {type} which does not match the target type {target}"
        raise BigQueryError("invalid", message)


def _timestamp(with_zone: bool) -> Callable[[pa.DataType], bool]:
    return lambda type: pa.types.is_timestamp(type) and (type.tz is not None) == with_zone


_PARQUET: Mapping[str, Iterable[Callable[[Any], bool]]] = {
    "STRING": (pa.types.is_string, pa.types.is_large_string),
    "BYTES": (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary),
    "INTEGER": (pa.types.is_integer,),
    "FLOAT": (pa.types.is_floating,),
    "NUMERIC": (pa.types.is_decimal,),
    "BIGNUMERIC": (pa.types.is_decimal,),
    "BOOLEAN": (pa.types.is_boolean,),
    "DATE": (pa.types.is_date,),
    "DATETIME": (_timestamp(with_zone=False),),
    "TIME": (pa.types.is_time,),
    "TIMESTAMP": (_timestamp(with_zone=True),),
    "JSON": (pa.types.is_string, pa.types.is_large_string),
}

_READERS: Mapping[str, Callable[[bytes, Sequence[Resource], Resource], Iterator[Values]]] = {
    "CSV": _csv,
    "NEWLINE_DELIMITED_JSON": _json,
    "PARQUET": _parquet,
}
