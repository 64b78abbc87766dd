"""Values: between Python, the API's JSON and the ValueProto of the SQL engine, by the fields of a table schema.

A field is a TableFieldSchema of the API with canonical type names. Text forms are those of CSV and JSON loads:
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-csv#data_types
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.public import type_pb2, value_pb2

from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource

# The generated protobuf modules have no types that mypy sees.
Row = Any
Cell = Any
TypeProto = Any

new_row: Callable[..., Row] = local_service_pb2.TableData.Row
new_cell: Callable[..., Cell] = value_pb2.ValueProto

KINDS: dict[str, int] = {
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "INTEGER": type_pb2.TYPE_INT64,
    "FLOAT": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "BIGNUMERIC": type_pb2.TYPE_BIGNUMERIC,
    "BOOLEAN": type_pb2.TYPE_BOOL,
    "DATE": type_pb2.TYPE_DATE,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "TIME": type_pb2.TYPE_TIME,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "JSON": type_pb2.TYPE_JSON,
}
TYPES = {kind: name for name, kind in KINDS.items()}
# Other names of the API and of SQL for a type, by the canonical one.
ALIASES = {
    "INT64": "INTEGER",
    "FLOAT64": "FLOAT",
    "BOOL": "BOOLEAN",
    "STRUCT": "RECORD",
    "DECIMAL": "NUMERIC",
    "BIGDECIMAL": "BIGNUMERIC",
    **dict.fromkeys(("INT", "SMALLINT", "BIGINT", "TINYINT", "BYTEINT"), "INTEGER"),
}
SQL_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
SCALES = {"NUMERIC": 9, "BIGNUMERIC": 38}
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}
EPOCH = dt.date(1970, 1, 1)
EPOCH_TIME = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)


def canonical(fields: Iterable[Resource]) -> list[Resource]:
    """The fields of a request, with canonical type names and modes. Raises BigQueryError (invalid), NotEmulated."""
    result = []
    for field in fields:
        for parameter in ("precision", "scale", "maxLength", "collation", "defaultValueExpression", "rangeElementType"):
            if field.get(parameter):
                raise NotEmulated(f"{parameter} of column {field['name']}")
        name = str(field.get("type", "")).upper()
        name = ALIASES.get(name, name)
        mode = str(field.get("mode") or "NULLABLE").upper()
        if not field.get("name"):
            raise BigQueryError("invalid", "Field name is required")
        if mode not in ("NULLABLE", "REQUIRED", "REPEATED"):
            raise BigQueryError("invalid", f"Invalid value for mode: {mode} is not a valid value")
        if name == "RECORD":
            if not field.get("fields"):
                raise BigQueryError("invalid", f"Field {field['name']} is type RECORD but has no schema")
            result.append({**field, "type": name, "mode": mode, "fields": canonical(field["fields"])})
        elif name in KINDS:
            result.append({**field, "type": name, "mode": mode})
        elif name in ("GEOGRAPHY", "INTERVAL", "RANGE"):
            raise NotEmulated(f"columns of type {name}")
        else:
            raise BigQueryError("invalid", f"Invalid value for type: {field.get('type')} is not a valid value")
    return result


def type_of(field: Resource) -> TypeProto:
    """The engine's type of a field."""
    if field.get("mode") == "REPEATED":
        array = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
        array.array_type.element_type.CopyFrom(type_of({**field, "mode": "NULLABLE"}))
        return array
    if field["type"] != "RECORD":
        return type_pb2.TypeProto(type_kind=KINDS[field["type"]])
    struct = type_pb2.TypeProto(type_kind=type_pb2.TYPE_STRUCT)
    for child in field["fields"]:
        struct.struct_type.field.add(field_name=child["name"]).field_type.CopyFrom(type_of(child))
    return struct


def field_of(name: str, type: TypeProto) -> Resource:
    """The field of a result column. Raises BigQueryError (invalidQuery) for what a column cannot be."""
    if type.type_kind == type_pb2.TYPE_ARRAY:
        element = type.array_type.element_type
        return {**field_of(name, element), "mode": "REPEATED"}
    if type.type_kind == type_pb2.TYPE_STRUCT:
        children = [
            field_of(child.field_name or f"_field_{number}", child.field_type)
            for number, child in enumerate(type.struct_type.field, 1)
        ]
        return {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": children}
    if type.type_kind not in TYPES:
        kind = type_pb2.TypeKind.Name(type.type_kind).removeprefix("TYPE_")
        raise NotEmulated(f"a column of type {kind} ({name})")
    return {"name": name, "type": TYPES[type.type_kind], "mode": "NULLABLE"}


def sql_type(field: Resource) -> str:
    """As INFORMATION_SCHEMA writes it: ARRAY<STRUCT<a INT64>>."""
    if field.get("mode") == "REPEATED":
        return f"ARRAY<{sql_type({**field, 'mode': 'NULLABLE'})}>"
    if field["type"] == "RECORD":
        children = (f"{child['name']} {sql_type(child)}" for child in field["fields"])
        return f"STRUCT<{', '.join(children)}>"
    return SQL_NAMES.get(field["type"], str(field["type"]))


# From Python


def cell(value: object, field: Resource) -> Cell:
    """The cell that holds a value: what CSV, JSON and Parquet files give, or a Python object of the type.

    Raises BigQueryError (invalid) that names value and column.
    """
    if field.get("mode") == "REPEATED":
        repeated = new_cell()
        repeated.array_value.SetInParent()
        if value is None:
            return repeated
        if not isinstance(value, list | tuple):
            raise _misfit(value, field, "an array was expected")
        element = {**field, "mode": "NULLABLE"}
        for item in value:
            if item is None:
                raise _misfit(value, field, "an array may not hold null")
            repeated.array_value.element.append(cell(item, element))
        return repeated
    if value is None:
        if field.get("mode") == "REQUIRED":
            raise BigQueryError("invalid", f"Required field {field['name']} cannot be null")
        return new_cell()
    if field["type"] == "RECORD":
        return _record(value, field)
    try:
        return _ENCODERS[field["type"]](value)
    except (ValueError, TypeError, OverflowError, InvalidOperation, KeyError) as error:
        raise _misfit(value, field, str(error)) from error


def row(values: Mapping[str, object], fields: Sequence[Resource]) -> Row:
    """A row from values by column name; what is missing is null."""
    return new_row(cell=[cell(values.get(field["name"]), field) for field in fields])


def _misfit(value: object, field: Resource, why: str) -> BigQueryError:
    wanted = sql_type(field)
    return BigQueryError("invalid", f"Could not convert {value!r} to {wanted} (column {field['name']}): {why}")


def _record(value: object, field: Resource) -> Cell:
    if not isinstance(value, Mapping):
        raise _misfit(value, field, "a record was expected")
    names = {child["name"] for child in field["fields"]}
    if unknown := sorted(set(value) - names):
        raise _misfit(value, field, f"no such field: {', '.join(map(str, unknown))}")
    record = new_cell()
    record.struct_value.SetInParent()
    record.struct_value.field.extend([cell(value.get(child["name"]), child) for child in field["fields"]])
    return record


def _integer(value: object) -> Cell:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("not an integer")
    number = int(value) if isinstance(value, float) else int(str(value))
    return new_cell(int64_value=number)


def _float(value: object) -> Cell:
    if isinstance(value, bool):
        raise ValueError("not a number")
    return new_cell(double_value=float(value if isinstance(value, int | float) else str(value)))


def _boolean(value: object) -> Cell:
    if isinstance(value, bool):
        return new_cell(bool_value=value)
    text = str(value).lower()
    if text not in BOOLEANS:
        raise ValueError("not a boolean")
    return new_cell(bool_value=BOOLEANS[text])


def _string(value: object) -> Cell:
    if isinstance(value, bool):
        return new_cell(string_value=str(value).lower())
    if not isinstance(value, str | int | float | Decimal):
        raise ValueError("not a string")
    return new_cell(string_value=str(value))


def _bytes(value: object) -> Cell:
    if isinstance(value, bytes):
        return new_cell(bytes_value=value)
    try:
        return new_cell(bytes_value=base64.b64decode(str(value), validate=True))
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _decimal(scale: int) -> Callable[[object], Cell]:
    # NUMERIC holds 38 digits, 9 after the point; BIGNUMERIC 256 bits, 38 after the point.
    limit = 10**38 if scale == 9 else 1 << 255
    name = "numeric_value" if scale == 9 else "bignumeric_value"

    def encode(value: object) -> Cell:
        if isinstance(value, bool):
            raise ValueError("not a number")
        number = Decimal(str(value))
        if not number.is_finite():
            raise ValueError("not a finite number")
        scaled = int(EXACT.quantize(EXACT.scaleb(number, scale), Decimal(1)))
        if abs(scaled) >= limit:
            raise ValueError("out of range")
        length = scaled.bit_length() // 8 + 1
        return new_cell(**{name: scaled.to_bytes(length, "little", signed=True)})

    return encode


def _date(value: object) -> Cell:
    if isinstance(value, dt.datetime):
        raise ValueError("not a date")
    day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    return new_cell(date_value=(day - EPOCH).days)


def _civil(text: str) -> dt.datetime:
    """Date and time of day of a text like 2024-01-31 10:00:00.25, the parts of the time optional."""
    match = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ Tt](\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,6})?)?)?", text)
    if not match:
        raise ValueError("not a date and time")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    return dt.datetime(year, month, day, hour, minute, second, int((match[7] or ".")[1:].ljust(6, "0")))


def _zone(text: str) -> dt.tzinfo:
    if not text or text.upper() in ("Z", "UTC"):
        return dt.UTC
    if match := re.fullmatch(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", text):
        offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        return dt.timezone(-offset if match[1] == "-" else offset)
    return ZoneInfo(text)


def _timestamp(value: object) -> Cell:
    if isinstance(value, bool):
        raise ValueError("not a timestamp")
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    elif isinstance(value, int | float):
        moment = EPOCH_TIME + dt.timedelta(seconds=value)
    else:
        match = re.fullmatch(r"(\d+-\d+-\d+(?:[ Tt][\d:.]+)?) *([Zz]|UTC|[+-][\d:]+|[A-Za-z]+/\S+)?", str(value))
        if not match:
            raise ValueError("not a timestamp")
        moment = _civil(match[1]).replace(tzinfo=_zone(match[2] or ""))
    microseconds = (moment - EPOCH_TIME) // MICROSECOND
    result = new_cell()
    result.timestamp_value.seconds, rest = divmod(microseconds, 1_000_000)
    result.timestamp_value.nanos = rest * 1000
    return result


def _datetime(value: object) -> Cell:
    if isinstance(value, dt.datetime) and value.tzinfo:
        raise ValueError("a time zone where none belongs")
    moment = value if isinstance(value, dt.datetime) else _civil(str(value))
    result = new_cell()
    bits = moment.year << 26 | moment.month << 22 | moment.day << 17 | moment.hour << 12 | moment.minute << 6
    result.datetime_value.bit_field_datetime_seconds = bits | moment.second
    result.datetime_value.nanos = moment.microsecond * 1000
    return result


def _time(value: object) -> Cell:
    clock = value if isinstance(value, dt.time) else dt.time.fromisoformat(str(value))
    if clock.tzinfo:
        raise ValueError("a time zone where none belongs")
    bits = clock.hour << 42 | clock.minute << 36 | clock.second << 30 | clock.microsecond * 1000
    return new_cell(time_value=bits)


def _json(value: object) -> Cell:
    if isinstance(value, str):
        json.loads(value)
        return new_cell(json_value=value)
    return new_cell(json_value=json.dumps(value, separators=(",", ":")))


_ENCODERS: dict[str, Callable[[Any], Cell]] = {
    "STRING": _string,
    "BYTES": _bytes,
    "INTEGER": _integer,
    "FLOAT": _float,
    "NUMERIC": _decimal(9),
    "BIGNUMERIC": _decimal(38),
    "BOOLEAN": _boolean,
    "DATE": _date,
    "DATETIME": _datetime,
    "TIME": _time,
    "TIMESTAMP": _timestamp,
    "JSON": _json,
}


# To Python


def to_python(value: Cell, field: Resource) -> Any:
    """The Python object of a cell: dict for RECORD, list for REPEATED, Decimal, aware datetimes, JSON decoded."""
    if field.get("mode") == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        return [to_python(item, element) for item in value.array_value.element]
    if value.WhichOneof("value") is None:
        return None
    if field["type"] == "RECORD":
        parts = zip(value.struct_value.field, field["fields"], strict=True)
        return {child["name"]: to_python(item, child) for item, child in parts}
    return _DECODERS[field["type"]](value)


def _number(value: bytes, scale: int) -> Decimal:
    return EXACT.scaleb(Decimal(int.from_bytes(value, "little", signed=True)), -scale)


def _moment(value: Cell) -> dt.datetime:
    stamp = value.timestamp_value
    return EPOCH_TIME + dt.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def _civil_moment(value: Cell) -> dt.datetime:
    bits = value.datetime_value.bit_field_datetime_seconds
    parts = (bits >> 26, bits >> 22 & 15, bits >> 17 & 31, bits >> 12 & 31, bits >> 6 & 63, bits & 63)
    return dt.datetime(*parts, value.datetime_value.nanos // 1000)


def _clock(value: Cell) -> dt.time:
    bits = value.time_value
    return dt.time(bits >> 42, bits >> 36 & 63, bits >> 30 & 63, (bits & (1 << 30) - 1) // 1000)


_DECODERS: dict[str, Callable[[Cell], Any]] = {
    "STRING": lambda value: value.string_value,
    "BYTES": lambda value: value.bytes_value,
    "INTEGER": lambda value: value.int64_value,
    "FLOAT": lambda value: value.double_value,
    "NUMERIC": lambda value: _number(value.numeric_value, 9),
    "BIGNUMERIC": lambda value: _number(value.bignumeric_value, 38),
    "BOOLEAN": lambda value: value.bool_value,
    "DATE": lambda value: EPOCH + dt.timedelta(days=value.date_value),
    "DATETIME": _civil_moment,
    "TIME": _clock,
    "TIMESTAMP": _moment,
    "JSON": lambda value: json.loads(value.json_value),
}


# To the API


def to_json(value: Cell, field: Resource, int64_timestamps: bool = True) -> Any:
    """A cell as the API returns it, without the {"v": ...} around: text, a list of {"v": ...}, {"f": [...]} or None.

    int64_timestamps: formatOptions.useInt64Timestamp, TIMESTAMP as microseconds and not as seconds with a fraction.
    """
    if field.get("mode") == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        return [{"v": to_json(item, element, int64_timestamps)} for item in value.array_value.element]
    if value.WhichOneof("value") is None:
        return None
    kind = field["type"]
    if kind == "RECORD":
        parts = zip(value.struct_value.field, field["fields"], strict=True)
        return {"f": [{"v": to_json(item, child, int64_timestamps)} for item, child in parts]}
    if kind == "TIMESTAMP" and not int64_timestamps:
        return repr(value.timestamp_value.seconds + value.timestamp_value.nanos / 1e9)
    return _TEXTS[kind](value)


def row_to_json(row: Row, fields: Sequence[Resource], int64_timestamps: bool = True) -> Resource:
    """A row as the API returns it: {"f": [{"v": ...}, ...]}."""
    cells = zip(row.cell, fields, strict=True)
    return {"f": [{"v": to_json(value, field, int64_timestamps)} for value, field in cells]}


def _float_text(value: Cell) -> str:
    number = value.double_value
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def _number_text(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _microseconds(value: Cell) -> str:
    return str(value.timestamp_value.seconds * 1_000_000 + value.timestamp_value.nanos // 1000)


_TEXTS: dict[str, Callable[[Cell], str]] = {
    "STRING": lambda value: str(value.string_value),
    "BYTES": lambda value: base64.b64encode(value.bytes_value).decode(),
    "INTEGER": lambda value: str(value.int64_value),
    "FLOAT": _float_text,
    "NUMERIC": lambda value: _number_text(_number(value.numeric_value, 9)),
    "BIGNUMERIC": lambda value: _number_text(_number(value.bignumeric_value, 38)),
    "BOOLEAN": lambda value: "true" if value.bool_value else "false",
    "DATE": lambda value: (EPOCH + dt.timedelta(days=value.date_value)).isoformat(),
    "DATETIME": lambda value: _civil_moment(value).isoformat(),
    "TIME": lambda value: _clock(value).isoformat(),
    "TIMESTAMP": _microseconds,
    "JSON": lambda value: str(value.json_value),
}


# Sizes


def size(value: Cell, field: Resource) -> int:
    """Logical bytes: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes"""
    if field.get("mode") == "REPEATED":
        element = {**field, "mode": "NULLABLE"}
        return sum(size(item, element) for item in value.array_value.element)
    if value.WhichOneof("value") is None:
        return 0
    kind = field["type"]
    if kind == "RECORD":
        return sum(size(item, child) for item, child in zip(value.struct_value.field, field["fields"], strict=True))
    if kind in _VARIABLE:
        return _VARIABLE[kind](value)
    return _FIXED.get(kind, 8)


_FIXED = {"BOOLEAN": 1, "NUMERIC": 16, "BIGNUMERIC": 32}
_VARIABLE: dict[str, Callable[[Cell], int]] = {
    "STRING": lambda value: 2 + len(value.string_value.encode()),
    "BYTES": lambda value: 2 + len(value.bytes_value),
    "JSON": lambda value: len(value.json_value.encode()),
}
