"""Partition elimination: which partitions a statement has to read.

A conjunct of WHERE or ON that names only partition columns and constants is evaluated for every partition. It is
followed through subqueries, CTEs, views, joins and unions, and not through windows, limits or outer joins.
https://cloud.google.com/bigquery/docs/querying-partitioned-tables
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_pb2

from tests.engines.bigquery.analyzer import ROW, Analyzer, Relation, Variable, whole
from tests.engines.bigquery.errors import BigQueryError
from tests.engines.bigquery.storage import Resource, Table
from tests.engines.bigquery.trees import Node, mark
from tests.engines.bigquery.values import Row, cell, new_row, to_python

if TYPE_CHECKING:
    from tests.engines.bigquery.queries import Source, Warehouse

Expression = Any  # AnyResolvedExprProto
WITH = mark(resolved_ast_pb2.AnyResolvedScanProto.DESCRIPTOR, "resolved_with_scan_node")
SUBQUERY = mark(resolved_ast_pb2.AnyResolvedExprProto.DESCRIPTOR, "resolved_subquery_expr_node")
COLUMN = mark(resolved_ast_pb2.AnyResolvedExprProto.DESCRIPTOR, "resolved_column_ref_node")
FORMATS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


@dataclass(frozen=True)
class Predicate:
    """A conjunct. columns: what the columns that it names are called where it has got to."""

    data: bytes
    columns: Mapping[int, int]

    def renamed(self, names: Mapping[int, int | None]) -> Predicate | None:
        """Below a node that gives columns new ids; None if it names what the node computes."""
        columns = {}
        for own, current in self.columns.items():
            below = names.get(current, current)
            if below is None:
                return None
            columns[own] = below
        return Predicate(self.data, columns)


def key_columns(table: Table) -> list[str]:
    """The columns that a table is partitioned by."""
    resource = table.resource
    if table.is_external:
        options = resource["externalDataConfiguration"].get("hivePartitioningOptions") or {}
        fields: list[str] = list(options.get("fields", ()))
        return fields or ([] if not options else _hive_keys(options))
    time, range = resource.get("timePartitioning") or {}, resource.get("rangePartitioning") or {}
    return [name for name in (time.get("field"), range.get("field")) if name]


def _hive_keys(options: Resource) -> list[str]:
    return [name for name, _ in re.findall(r"\{(\w+):(\w+)\}", options.get("sourceUriPrefix", ""))]


def filter_required(table: Table) -> bool:
    resource = table.resource
    options = resource.get("externalDataConfiguration", {}).get("hivePartitioningOptions") or {}
    time = resource.get("timePartitioning") or {}
    return any(part.get("requirePartitionFilter") for part in (resource, options, time))


def ids(table: Table) -> list[str]:
    """The partition of each row of a native table, as INFORMATION_SCHEMA.PARTITIONS names it."""
    (name,) = key_columns(table)
    number = next(n for n, field in enumerate(table.fields) if field["name"] == name)
    field = table.fields[number]
    time, range = table.resource.get("timePartitioning"), table.resource.get("rangePartitioning")
    known: dict[bytes, str] = {}
    result = []
    for row in table.rows:
        data = row.cell[number].SerializeToString()
        if data not in known:
            value = to_python(row.cell[number], field)
            if value is None:
                known[data] = "__NULL__"
            elif range:
                known[data] = _range_id(value, range["range"])
            else:
                known[data] = value.strftime(FORMATS[(time or {}).get("type", "DAY")])
        result.append(known[data])
    return result


def _range_id(value: int, range: Resource) -> str:
    start, end, interval = (int(range[part]) for part in ("start", "end", "interval"))
    return str(value - (value - start) % interval) if start <= value < end else "__UNPARTITIONED__"


def eliminate(
    warehouse: Warehouse, statement: Node, sources: Mapping[str, Source], variables: Sequence[Variable]
) -> None:
    """Settle which partitions are read of each table, and of external tables the rows.

    Raises BigQueryError (invalidQuery) if a table that requires a filter on its partition column has none.
    """
    concerned = {
        name: source for name, source in sources.items() if key_columns(source.table) or source.table.is_external
    }
    if not concerned:
        return
    scans = list(_scans(statement))
    for name, source in concerned.items():
        keys = key_columns(source.table)
        found = [usable(node, predicates, source.table, keys) for node, predicates in scans if _table(node) == name]
        if keys and filter_required(source.table) and not all(found):
            columns = ", ".join(f"'{key}'" for key in keys)
            table = source.table.id
            message = (
                f"Cannot query over table '{table}' without a filter over column(s) {columns} "
                "that can be used for partition elimination"
            )
            raise BigQueryError("invalidQuery", message, "query")
        if source.table.is_external:
            _external(warehouse, source, keys, found, variables)
        else:
            _native(warehouse, source, keys, found, variables)


Conditions = Sequence[tuple[Expression, Mapping[int, str]]]


def _external(
    warehouse: Warehouse,
    source: Source,
    keys: Sequence[str],
    scans: Sequence[Conditions],
    variables: Sequence[Variable],
) -> None:
    table = source.table
    all_partitions = warehouse.external.partitions(table)
    chosen = all_partitions
    if keys:
        fields = [field for key in keys for field in table.fields if field["name"] == key]
        rows = [new_row(cell=[cell(part.values[key["name"]], key) for key in fields]) for part in all_partitions]
        numbers = _matching(warehouse.analyzer, fields, rows, scans, variables)
        chosen = [part for number, part in enumerate(all_partitions) if number in numbers]
        source.partitions = ["/".join(f"{key}={part.values[key]}" for key in keys) for part in chosen]
    source.rows = [row for part in chosen for row in warehouse.external.rows(table, part)]
    source.bytes = sum(part.bytes for part in chosen)
    files = sorted(file for part in chosen for file in part.files)
    source.key = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


def _native(
    warehouse: Warehouse,
    source: Source,
    keys: Sequence[str],
    scans: Sequence[Conditions],
    variables: Sequence[Variable],
) -> None:
    table = source.table
    fields = [field for field in table.fields if field["name"] == keys[0]]
    number = table.fields.index(fields[0])
    # One row per value of the column: a partition is read if one of its values may be wanted.
    values: dict[bytes, tuple[Row, str]] = {}
    for row, id in zip(table.rows, warehouse.partition_ids(table), strict=True):
        data = row.cell[number].SerializeToString()
        if data not in values:
            values[data] = (new_row(cell=[row.cell[number]]), id)
    known = list(values.values())
    matching = _matching(warehouse.analyzer, fields, [row for row, _ in known], scans, variables)
    source.partitions = sorted({id for n, (_, id) in enumerate(known) if n in matching})


def _matching(
    analyzer: Analyzer,
    fields: Sequence[Resource],
    rows: Sequence[Row],
    scans: Sequence[Conditions],
    variables: Sequence[Variable],
) -> set[int]:
    """Which of these rows of partition columns any of the scans reads."""
    if not rows:
        return set()
    alternatives = []
    for conditions in scans:
        if not conditions:
            return set(range(len(rows)))
        parts = [_sql(analyzer, expression, names, variables) for expression, names in conditions]
        alternatives.append(" AND ".join(f"({part})" for part in parts))
    if not alternatives:
        return set()
    key = (json.dumps(fields), *(row.SerializeToString() for row in rows))
    relation = Relation("_partitions_", key, fields, rows, numbered=True)
    where = " OR ".join(f"({part})" for part in dict.fromkeys(alternatives))
    result = analyzer.evaluate(whole(f"SELECT {ROW} FROM `_partitions_` WHERE {where}"), [relation], (), variables)
    return {row.cell[0].int64_value for row in result.rows}


def _sql(analyzer: Analyzer, expression: Expression, names: Mapping[int, str], variables: Sequence[Variable]) -> str:
    """A conjunct over the relation of partitions: its columns become parameters, then names."""
    copied = type(expression)()
    copied.CopyFrom(expression)
    _parameters(copied)
    sql = analyzer.expression_sql(copied, variables)
    return re.sub(r"@_column_(\d+)", lambda match: f"`{names[int(match[1])]}`", sql)


def _parameters(message: Any) -> None:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if field.is_repeated else [value]:
            if field.message_type.name == "AnyResolvedExprProto" and part.HasField("resolved_column_ref_node"):
                _parameter(part)
            else:
                _parameters(part)


def _parameter(expression: Expression) -> None:
    reference = resolved_ast_pb2.ResolvedColumnRefProto()
    reference.CopyFrom(expression.resolved_column_ref_node)
    expression.resolved_parameter_node.parent.CopyFrom(reference.parent)
    expression.resolved_parameter_node.name = f"_column_{reference.column.column_id}"


def _table(scan: Node) -> str:
    table = scan.child("table")
    return table.text("name") if table else ""


def usable(scan: Node, predicates: Iterable[Predicate], table: Table, keys: Sequence[str]) -> Conditions:
    """The predicates on a scan that name partition columns only: (expression, column id -> name)."""
    numbers = dict(zip(column_ids(scan), scan.numbers("column_index_list"), strict=False))
    result = []
    for predicate in predicates:
        names = {}
        for own, current in predicate.columns.items():
            if current in numbers:
                names[own] = table.fields[numbers[current]]["name"]
        if not names or len(names) != len(predicate.columns) or not set(names.values()) <= set(keys):
            continue
        try:
            expression = resolved_ast_pb2.AnyResolvedExprProto.FromString(predicate.data)
        except DecodeError:
            # Nested deeper than protobuf decodes: it takes no partition away.
            continue
        result.append((expression, names))
    return result


# From the statement down to its scans


def column_ids(scan: Node) -> list[int]:
    """The ids of a scan's columns."""
    return [column.number("column_id") for column in scan.children("column_list")]


def _scans(statement: Node) -> Iterator[tuple[Node, list[Predicate]]]:
    """Every scan of a table with the predicates that hold for the rows it needs."""
    entries = {}
    for with_scan in statement.find("ResolvedWithScan", WITH):
        for entry in with_scan.children("with_entry_list"):
            subquery = entry.child("with_subquery")
            assert subquery
            entries[entry.text("with_query_name")] = subquery
    roots: Iterable[tuple[str, list[Predicate]]]
    match statement.kind:
        case "ResolvedUpdateStmt" | "ResolvedDeleteStmt":
            where = _conjuncts(statement.raw("where_expr"))
            roots = [("table_scan", where), ("from_scan", where)]
        case "ResolvedMergeStmt":
            roots = _merged(statement)
        case _:
            roots = [("query", [])]
    for name, predicates in roots:
        scan = statement.child(name) if name in statement.names else None
        if scan is not None:
            yield from _down(scan, predicates, entries)
    for subquery in statement.find("ResolvedSubqueryExpr", SUBQUERY):
        scan = subquery.child("subquery")
        if scan is not None:
            yield from _down(scan, [], entries)


def _merged(statement: Node) -> Iterator[tuple[str, list[Predicate]]]:
    """What each clause of a MERGE needs of target and source.

    https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#pruning_partitions_when_using_a_merge_statement
    """
    condition = statement.child("merge_expr")
    assert condition
    on = _conjuncts(statement.raw("merge_expr"))
    # ON FALSE, or NULL.
    never = (
        condition.kind == "ResolvedLiteral"
        and not condition.message(resolved_ast_pb2.ResolvedLiteralProto).value.value.bool_value
    )
    clauses = [(clause.choice("match_type"), clause) for clause in statement.children("when_clause_list")]
    if not never and {"NOT_MATCHED_BY_SOURCE", "NOT_MATCHED_BY_TARGET"} <= {kind for kind, _ in clauses}:
        # A full outer join.
        yield from (("table_scan", []), ("from_scan", []))
        return
    for kind, clause in clauses:
        own = _conjuncts(clause.raw("match_expr"))
        match kind:
            case "NOT_MATCHED_BY_SOURCE":
                target, source = own, on
            case "NOT_MATCHED_BY_TARGET":
                target, source = on, own
            case _:
                target, source = [*on, *own], [*on, *own]
        if not never or kind == "NOT_MATCHED_BY_SOURCE":
            yield "table_scan", target
        if not never or kind == "NOT_MATCHED_BY_TARGET":
            yield "from_scan", source


def _conjuncts(data: bytes | None) -> list[Predicate]:
    """Of an AnyResolvedExprProto."""
    if not data:
        return []
    node = Node(resolved_ast_pb2.AnyResolvedExprProto.DESCRIPTOR, data)
    function = node.child("function") if node.kind == "ResolvedFunctionCall" else None
    if function is not None and function.text("name").endswith(":$and"):
        return [predicate for part in node.raws("argument_list") for predicate in _conjuncts(part)]
    if any(node.find("ResolvedSubqueryExpr", SUBQUERY)):
        return []
    found = set()
    for reference in node.find("ResolvedColumnRef", COLUMN):
        column = reference.child("column")
        assert column
        found.add(column.number("column_id"))
    return [Predicate(data, {id: id for id in found})]


def _renamed(predicates: Iterable[Predicate], names: Mapping[int, int | None]) -> list[Predicate]:
    below = (predicate.renamed(names) for predicate in predicates)
    return [predicate for predicate in below if predicate is not None]


def _computed(scan: Node, field: str) -> dict[int, int | None]:
    """Columns that a scan computes: the column that each is a plain reference to, or None."""
    result: dict[int, int | None] = {}
    for item in scan.children(field):
        column, expression = item.child("column"), item.child("expr")
        assert column and expression
        source = expression.child("column") if expression.kind == "ResolvedColumnRef" else None
        result[column.number("column_id")] = source.number("column_id") if source else None
    return result


def _down(
    scan: Node, predicates: list[Predicate], entries: Mapping[str, Node]
) -> Iterator[tuple[Node, list[Predicate]]]:
    match scan.kind:
        case "ResolvedTableScan":
            yield scan, predicates
        case "ResolvedFilterScan":
            more = _conjuncts(scan.raw("filter_expr"))
            yield from _below(scan, "input_scan", [*predicates, *more], entries)
        case "ResolvedProjectScan":
            yield from _below(scan, "input_scan", _renamed(predicates, _computed(scan, "expr_list")), entries)
        case "ResolvedOrderByScan" | "ResolvedArrayScan" | "ResolvedSampleScan" | "ResolvedBarrierScan":
            yield from _below(scan, "input_scan", predicates, entries)
        case "ResolvedAggregateScan":
            groups = _computed(scan, "group_by_list")
            kept = [predicate for predicate in predicates if set(predicate.columns.values()) <= set(groups)]
            yield from _below(scan, "input_scan", _renamed(kept, groups), entries)
        case "ResolvedJoinScan":
            own = _conjuncts(scan.raw("join_expr"))
            kind = scan.choice("join_type")
            left = {"INNER": [*predicates, *own], "LEFT": predicates, "RIGHT": own}.get(kind, [])
            right = {"INNER": [*predicates, *own], "LEFT": own, "RIGHT": predicates}.get(kind, [])
            yield from _below(scan, "left_scan", left, entries)
            yield from _below(scan, "right_scan", right, entries)
        case "ResolvedWithScan":
            yield from _below(scan, "query", predicates, entries)
        case "ResolvedWithRefScan":
            entry = entries[scan.text("with_query_name")]
            names = dict(zip(column_ids(scan), column_ids(entry), strict=True))
            yield from _down(entry, _renamed(predicates, names), entries)
        case "ResolvedSetOperationScan":
            for item in scan.children("input_item_list"):
                outputs = [column.number("column_id") for column in item.children("output_column_list")]
                names = dict(zip(column_ids(scan), outputs, strict=True))
                yield from _below(item, "scan", _renamed(predicates, names), entries)
        case _:
            for child in scan.nested():
                if child.kind.endswith("Scan"):
                    yield from _down(child, [], entries)


def _below(
    node: Node, field: str, predicates: list[Predicate], entries: Mapping[str, Node]
) -> Iterator[tuple[Node, list[Predicate]]]:
    scan = node.child(field)
    if scan is not None:
        yield from _down(scan, predicates, entries)
