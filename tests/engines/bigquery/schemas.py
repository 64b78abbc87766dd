"""Schemas of tables as the API takes them: their canonical form, their policy tags, and how one may change.

https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
https://cloud.google.com/bigquery/docs/managing-table-schemas
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tests.engines.bigquery.errors import BigQueryError
from tests.engines.bigquery.storage import Resource, TableId
from tests.engines.bigquery.values import Cell, Row, canonical, cell, new_cell, new_row

TAG = re.compile(r"projects/[^/]+/locations/(?P<location>[^/]+)/taxonomies/[^/]+/policyTags/[^/]+")


def taken(fields: Sequence[Resource]) -> list[Resource]:
    """The fields of a request as a table keeps them: canonical, without what is null.

    Raises BigQueryError (invalid), NotEmulated.
    """
    return canonical(_given(fields))


def _given(fields: Sequence[Resource]) -> list[Resource]:
    seen: set[str] = set()
    result = []
    for field in fields:
        name = str(field.get("name")).lower()
        if name in seen:
            raise BigQueryError("invalid", f"Duplicate field name: {name}. Field names are case-insensitive.")
        seen.add(name)
        given = {key: value for key, value in field.items() if value is not None and value != []}
        # An empty list on a RECORD is refused too: https://github.com/googleapis/python-bigquery/pull/703
        if "policyTags" in given and str(given.get("type")).upper() in ("RECORD", "STRUCT"):
            message = f"Policy tags can only be attached to a leaf field: {field['name']} is a RECORD"
            raise BigQueryError("invalid", message)
        if not given.get("policyTags", {}).get("names"):
            given.pop("policyTags", None)
        if "fields" in given:
            given["fields"] = _given(given["fields"])
        result.append(given)
    return result


def leaves(fields: Iterable[Resource], path: str = "") -> Iterator[tuple[str, Resource]]:
    """Dotted path and field of all that are no RECORD."""
    for field in fields:
        if field["type"] == "RECORD":
            yield from leaves(field["fields"], f"{path}{field['name']}.")
        else:
            yield f"{path}{field['name']}", field


def check_policy_tags(fields: Sequence[Resource], location: str) -> None:
    """Raises BigQueryError (invalid) for policy tags that a table in that location cannot have."""
    for field in fields:
        names: list[Any] = field.get("policyTags", {}).get("names", [])
        if len(names) > 1:
            message = f"Field {field['name']} has {len(names)} policy tags; a field can have at most 1 policy tag"
            raise BigQueryError("invalid", message)
        for name in names:
            match = TAG.fullmatch(str(name))
            if not match:
                raise BigQueryError("invalid", f"Invalid value for policyTags: {name!r} is not a valid value")
            # A policy tag is of one location, which must be the table's:
            # https://cloud.google.com/bigquery/docs/column-level-security-intro#location_considerations
            if match["location"].lower() != location.lower():
                message = f"Policy tag {name} is not in location {location} of the table, column {field['name']}"
                raise BigQueryError("invalid", message)
        check_policy_tags(field.get("fields", []), location)


def changed(id: TableId, old: Sequence[Resource], given: Sequence[Resource]) -> list[Resource]:
    """The columns of a table after an update of its schema: those it had, in their order, then the new ones.

    What is said about a column is replaced as a whole, but for its policy tags: these stay unless they are mentioned,
    https://github.com/googleapis/python-bigquery/issues/558, https://github.com/dbt-labs/dbt-bigquery/issues/349.

    Raises BigQueryError (invalid), NotEmulated.
    """
    return _changed(id, old, taken(given), given, "")


def _changed(
    id: TableId, old: Sequence[Resource], new: Sequence[Resource], given: Sequence[Resource], path: str
) -> list[Resource]:
    prefix = f"Provided Schema does not match Table {id.project}:{id.dataset}.{id.table}. "
    by_name = {field["name"].lower(): (field, raw) for field, raw in zip(new, given, strict=True)}
    result = []
    for field in old:
        name = path + field["name"]
        if field["name"].lower() not in by_name:
            raise BigQueryError("invalid", f"{prefix}Field {name} is missing in new schema")
        after, raw = by_name.pop(field["name"].lower())
        if after["type"] != field["type"]:
            message = f"{prefix}Field {name} has changed type from {field['type']} to {after['type']}"
            raise BigQueryError("invalid", message)
        modes = (field["mode"], after["mode"])
        if modes[0] != modes[1] and modes != ("REQUIRED", "NULLABLE"):
            raise BigQueryError("invalid", f"{prefix}Field {name} has changed mode from {modes[0]} to {modes[1]}")
        after = {**after, "name": field["name"]}
        if "policyTags" in field and "policyTags" not in raw:
            after["policyTags"] = field["policyTags"]
        if field["type"] == "RECORD":
            after["fields"] = _changed(id, field["fields"], after["fields"], raw["fields"], f"{name}.")
        result.append(after)
    for field, _ in by_name.values():
        if field["mode"] == "REQUIRED":
            message = f"{prefix}Cannot add required fields to an existing schema. (field: {path}{field['name']})"
            raise BigQueryError("invalid", message)
        result.append(field)
    return result


def widened(row: Row, old: Sequence[Resource], new: Sequence[Resource]) -> Row:
    """A row of a table after `changed` added columns."""
    return new_row(cell=_widened(row.cell, old, new))


def _widened(cells: Sequence[Cell], old: Sequence[Resource], new: Sequence[Resource]) -> list[Cell]:
    kept = [_grown(value, before, after) for value, before, after in zip(cells, old, new, strict=False)]
    return [*kept, *(cell(None, field) for field in new[len(old) :])]


def _grown(value: Cell, old: Resource, new: Resource) -> Cell:
    if old["type"] != "RECORD" or value.WhichOneof("value") is None:
        return value
    result = new_cell()
    if old["mode"] == "REPEATED":
        result.array_value.SetInParent()
        element = ({**old, "mode": "NULLABLE"}, {**new, "mode": "NULLABLE"})
        result.array_value.element.extend([_grown(item, *element) for item in value.array_value.element])
    else:
        result.struct_value.SetInParent()
        result.struct_value.field.extend(_widened(value.struct_value.field, old["fields"], new["fields"]))
    return result
