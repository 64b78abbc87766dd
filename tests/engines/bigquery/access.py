"""Column-level security at read.

https://cloud.google.com/bigquery/docs/column-level-security and https://cloud.google.com/bigquery/docs/column-data-masking-intro
A view is read with the caller's rights. A column is read if the result depends on it, whatever the SQL mentions. Of a
RECORD that is read, all leaves count as read.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.policies import Access
from tests.engines.bigquery.storage import Resource
from tests.engines.bigquery.values import EPOCH, Cell, cell, new_row, to_python

if TYPE_CHECKING:
    from tests.engines.bigquery.policies import Policies
    from tests.engines.bigquery.queries import Source

DEFAULTS: dict[str, object] = {
    "STRING": "",
    "BYTES": b"",
    "INTEGER": 0,
    "FLOAT": 0.0,
    "NUMERIC": 0,
    "BIGNUMERIC": 0,
    "BOOLEAN": False,
    "DATE": EPOCH,
    "DATETIME": dt.datetime(1970, 1, 1),
    "TIME": dt.time(0),
    "TIMESTAMP": dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
    "JSON": "null",
}


def _tagged(field: Resource, path: str = "") -> Iterator[tuple[str, Resource, str]]:
    """The leaves of a column that have a policy tag: path, field, tag."""
    path += field["name"]
    for tag in (field.get("policyTags") or {}).get("names", ()):
        yield path, field, tag
    for child in field.get("fields", ()):
        yield from _tagged(child, f"{path}.")


def apply(policies: Policies, caller: str, source: Source) -> None:
    """Check the columns that are read of a table, and mask those that the caller may see only masked.

    Raises BigQueryError (accessDenied).
    """
    rules: dict[int, Access] = {}
    refused: list[str] = []
    for number in sorted(source.columns):
        for path, field, tag in _tagged(source.table.fields[number]):
            access = policies.access(tag, caller)
            if access is Access.CLEAR:
                continue
            # DML needs the values themselves: https://cloud.google.com/bigquery/docs/column-data-masking-intro
            if access is Access.REFUSED or source.changed:
                refused.append(path)
            elif field is not source.table.fields[number]:
                raise NotEmulated(f"masking of a part of column {source.table.fields[number]['name']}")
            else:
                rules[number] = access
    if refused:
        table = source.table.id
        name = f"{table.project}:{table.dataset}.{table.table}"
        columns = ", ".join(f"{name}.{path}" for path in refused)
        message = (
            "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get "
            f"data protected by policy tag on column {columns}."
        )
        raise BigQueryError("accessDenied", message)
    if rules:
        _mask(source, rules)


def _mask(source: Source, rules: dict[int, Access]) -> None:
    rows = source.table.rows if source.rows is None else source.rows
    fields = source.table.fields
    masked = []
    for row in rows:
        cells = list(row.cell)
        for number, rule in rules.items():
            cells[number] = masked_cell(cells[number], fields[number], rule)
        masked.append(new_row(cell=cells))
    source.rows = masked
    source.key = (*source.key, "masked", *sorted(rules.items()))


def masked_cell(value: Cell, field: Resource, rule: Access) -> Cell:
    """A value under a masking rule. Raises BigQueryError (invalid) if the rule does not fit the column's type."""
    if rule is Access.ALWAYS_NULL or (rule is not Access.DEFAULT_MASKING_VALUE and not value.WhichOneof("value")):
        return cell(None, {**field, "mode": field["mode"] if field["mode"] == "REPEATED" else "NULLABLE"})
    if field["mode"] == "REPEATED":
        if rule is not Access.DEFAULT_MASKING_VALUE:
            raise NotEmulated(f"masking rule {rule} of a REPEATED column")
        return cell([], field)
    if rule is Access.DEFAULT_MASKING_VALUE:
        return cell(DEFAULTS[field["type"]], field)
    types, function = RULES[rule]
    if field["type"] not in types:
        message = f"Masking rule {rule} does not fit column {field['name']} of type {field['type']}"
        raise BigQueryError("invalid", message)
    return cell(function(to_python(value, field)), field)


def _hashed(value: Any) -> Any:
    """The hash has the type of the column. How a STRING shows it is not documented; hexadecimal digits here."""
    if isinstance(value, bytes):
        return hashlib.sha256(value).digest()
    return hashlib.sha256(value.encode()).hexdigest()


def _last_four(value: str) -> str:
    return "XXXXX" + value[-4:] if len(value) > 4 else _shown_hash(value)


def _first_four(value: str) -> str:
    return value[:4] + "XXXXX" if len(value) > 4 else _shown_hash(value)


def _shown_hash(value: str) -> str:
    """Of a text too short to show a part of."""
    hashed: str = _hashed(value)
    return hashed


def _email(value: str) -> str:
    name, at, domain = value.partition("@")
    return f"XXXXX@{domain}" if name and at and domain else _shown_hash(value)


def _year(value: Any) -> Any:
    first = value.replace(month=1, day=1)
    return first.replace(hour=0, minute=0, second=0, microsecond=0) if isinstance(first, dt.datetime) else first


RULES: dict[Access, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    Access.SHA256: (("STRING", "BYTES"), _hashed),
    Access.LAST_FOUR_CHARACTERS: (("STRING",), _last_four),
    Access.FIRST_FOUR_CHARACTERS: (("STRING",), _first_four),
    Access.EMAIL_MASK: (("STRING",), _email),
    Access.DATE_YEAR_MASK: (("DATE", "DATETIME", "TIMESTAMP"), _year),
}
