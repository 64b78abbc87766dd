"""Which columns of its tables a statement reads. The analyzer prunes only what a scan itself does not need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

from tests.engines.bigquery.partitions import column_ids
from tests.engines.bigquery.trees import Node

# What is needed in any case.
ALWAYS: Hashable = None


def columns_read(statement: Node) -> dict[str, set[int]]:
    """Table name -> numbers of the columns that the result depends on."""
    needs: defaultdict[Hashable, set[Hashable]] = defaultdict(set)
    scanned: dict[Hashable, tuple[str, int]] = {}
    tables: dict[str, set[int]] = {}
    stack: list[tuple[Node, Hashable]] = [(statement, ALWAYS)]
    while stack:
        node, owner = stack.pop()
        inner = owner
        match node.kind:
            case "ResolvedTableScan":
                table = node.child("table")
                name = table.text("name") if table else ""
                tables.setdefault(name, set())
                for id, number in zip(column_ids(node), node.numbers("column_index_list"), strict=True):
                    scanned[id] = (name, number)
            case "ResolvedColumnRef":
                needs[owner].update(_ids(node, "column"))
                continue
            case "ResolvedComputedColumn" | "ResolvedDeferredComputedColumn":
                (inner,) = _ids(node, "column")
            case "ResolvedQueryStmt":
                for column in node.children("output_column_list"):
                    needs[ALWAYS].update(_ids(column, "column"))
            case "ResolvedInsertStmt":
                needs[ALWAYS].update(_ids(node, "query_output_column_list"))
            case "ResolvedUpdateItem":
                # What is assigned to is not read.
                stack.extend((child, ALWAYS) for child in node.nested() if child.kind == "ResolvedDMLValue")
                continue
            case "ResolvedAggregateScan":
                for column in node.children("group_by_list"):
                    needs[ALWAYS].update(_ids(column, "column"))
            case "ResolvedSubqueryExpr":
                for subquery in node.children("subquery"):
                    if node.choice("subquery_type") != "EXISTS":
                        needs[owner].update(column_ids(subquery)[:1])
            case "ResolvedWithEntry":
                for subquery in node.children("with_subquery"):
                    _positional(needs, node.text("with_query_name"), column_ids(subquery))
            case "ResolvedWithRefScan":
                for number, output in enumerate(column_ids(node)):
                    needs[output].add((node.text("with_query_name"), number))
            case "ResolvedSetOperationScan":
                every = not node.choice("op_type").endswith("UNION_ALL")
                for item in node.children("input_item_list"):
                    for id, output in zip(column_ids(node), _ids(item, "output_column_list"), strict=True):
                        needs[ALWAYS if every else id].add(output)
            case "ResolvedRecursiveScan":
                for term in ("non_recursive_term", "recursive_term"):
                    for item in node.children(term):
                        needs[ALWAYS].update(_ids(item, "output_column_list"))
        stack.extend((child, inner) for child in node.nested())
    reached: set[Hashable] = set()
    pending: list[Hashable] = [ALWAYS]
    while pending:
        for need in needs[pending.pop()] - reached:
            reached.add(need)
            pending.append(need)
    for scanned_column, (name, number) in scanned.items():
        if scanned_column in reached:
            tables[name].add(number)
    return tables


def _ids(node: Node, field: str) -> list[int]:
    return [column.number("column_id") for column in node.children(field)]


def _positional(needs: defaultdict[Hashable, set[Hashable]], name: str, ids: Iterable[int]) -> None:
    for number, id in enumerate(ids):
        needs[name, number].add(id)
