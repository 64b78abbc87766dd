"""Reading: which tables a statement names, what it may and must read of them, and its result."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.engines.bigquery import access, information_schema, lineage, partitions
from tests.engines.bigquery.analyzer import TABLE_PATH, Analyzer, Relation, Text, Variable
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource, Storage, Table, TableId
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import Row, TypeProto, field_of, size, type_of

if TYPE_CHECKING:
    from tests.engines.bigquery.external_data import ExternalData
    from tests.engines.bigquery.locations import Locations
    from tests.engines.bigquery.policies import Policies

# Scans that return no row if what they read has none.
NO_MORE_ROWS = {"ResolvedLimitOffsetScan", "ResolvedFilterScan", "ResolvedProjectScan", "ResolvedOrderByScan"}
# Keys of relations that are never the same twice.
_unique = itertools.count()


@dataclass(frozen=True)
class Scope:
    """What a statement's names are resolved in."""

    project: str
    default_dataset: tuple[str, str] | None
    caller: str
    location: str | None


@dataclass
class Warehouse:
    """All that statements work on."""

    storage: Storage
    policies: Policies
    external: ExternalData
    locations: Locations
    analyzer: Analyzer
    # Derived from tables, by their versions: logical bytes of a column by partition, and the partition of each row.
    sizes: dict[tuple[TableId, int, int], dict[str, int]] = field(default_factory=dict)
    row_partitions: dict[tuple[TableId, int], list[str]] = field(default_factory=dict)

    def bytes_read(self, table: Table, columns: Iterable[int], partitions: Sequence[str] | None) -> int:
        """Logical bytes of columns of a native table, in some partitions or in all."""
        total = 0
        for column in columns:
            key = (table.id, table.version, column)
            if key not in self.sizes:
                self.sizes[key] = self._column_sizes(table, column)
            sizes = self.sizes[key]
            total += sum(sizes.values()) if partitions is None else sum(sizes.get(id, 0) for id in partitions)
        return total

    def _column_sizes(self, table: Table, column: int) -> dict[str, int]:
        sizes: dict[str, int] = {}
        ids = self.partition_ids(table) if partitions.key_columns(table) else itertools.repeat("")
        for row, id in zip(table.rows, ids, strict=False):
            sizes[id] = sizes.get(id, 0) + size(row.cell[column], table.fields[column])
        return sizes

    def partition_ids(self, table: Table) -> list[str]:
        """The partition of each row."""
        key = (table.id, table.version)
        if key not in self.row_partitions:
            self.row_partitions[key] = partitions.ids(table)
        return self.row_partitions[key]


def table_id(names: Sequence[str], scope: Scope) -> TableId:
    """The table that a path of a statement names. Raises BigQueryError (invalid)."""
    parts = [part for name in names for part in name.split(".")]
    if len(parts) == 1 and scope.default_dataset:
        parts = [*scope.default_dataset, *parts]
    elif len(parts) == 2:
        parts = [scope.project, *parts]
    if len(parts) != 3:
        name = ".".join(parts)
        message = f'Table "{name}" must be qualified with a dataset (e.g. dataset.table).'
        raise BigQueryError("invalid", message, name)
    return TableId(*parts)


@dataclass
class Source:
    """A table that a statement reads."""

    table: Table
    columns: set[int] = field(default_factory=set)
    # The partitions to read, by their ids; None: not partitioned.
    partitions: list[str] | None = None
    rows: Sequence[Row] | None = None
    bytes: int = 0
    # The target of an UPDATE, DELETE or MERGE.
    changed: bool = False
    key: tuple[Any, ...] = ()


class Reader:
    """Reads for one statement. Texts that it makes refer to the tables that it has collected."""

    def __init__(self, warehouse: Warehouse, scope: Scope, variables: Sequence[Variable] = ()) -> None:
        self.warehouse = warehouse
        self.scope = scope
        self.variables = tuple(variables)
        self.sources: dict[str, Source] = {}
        self.views: list[TableId] = []
        self.virtual: dict[str, Relation] = {}
        # Where views of INFORMATION_SCHEMA are.
        self.regions: set[str] = set()
        self.described: set[tuple[str, str]] = set()

    # From paths to relations

    def replacements(
        self, sql: bytes, node: Node, scope: Scope | None = None, depth: int = 0
    ) -> list[tuple[int, int, str]]:
        """What to write for the table paths of a node: (start, end, SQL)."""
        scope = scope or self.scope
        paths = []
        for expression in node.find("ASTTablePathExpression", TABLE_PATH):
            path = expression.child("path_expr")
            if path is not None:
                paths.append((path, tuple(name.text("id_string") for name in path.children("names")), expression))
        named = self._tables(sql, node, [names for _, names, _ in paths], scope)
        result = []
        for path, names, expression in paths:
            if names not in named:
                continue
            if expression.child("for_system_time"):
                raise NotEmulated("FOR SYSTEM_TIME AS OF")
            alias = "" if expression.child("alias") else f" AS `{names[-1].rpartition('.')[2]}`"
            result.append((*path.span, self._relation(names, scope, depth) + alias))
        # The reference engine knows no session. dbt asks for its user when it grants.
        if b"session_user" in sql.lower():
            for call in node.find("ASTFunctionCall"):
                function = call.child("function")
                called = function.children("names") if function is not None else ()
                if [part.text("id_string").lower() for part in called] == ["session_user"]:
                    result.append((*call.span, f"'{scope.caller.partition(':')[2]}'"))
        return result

    def _tables(self, sql: bytes, node: Node, paths: Iterable[tuple[str, ...]], scope: Scope) -> set[tuple[str, ...]]:
        """Those paths that name tables; others are names of CTEs, or arrays of tables before them."""
        certain: set[tuple[str, ...]] = set()
        doubtful: set[tuple[str, ...]] = set()
        start, end = node.span
        text = sql[start:end].decode().lower()
        for path in paths:
            if len(path) == 1 and "." not in path[0] and not scope.default_dataset:
                # A CTE, or an error that the analyzer words.
                continue
            # Only a name that also stands where no dot follows could be an alias.
            first = path[0].lower()
            alone = any(not after.lstrip("`").lstrip().startswith(".") for after in text.split(first)[1:])
            (doubtful if alone and "." not in first else certain).add(path)
        if doubtful:
            sql_of_node = sql[start:end].decode()
            statement = sql_of_node if node.kind.endswith(("Statement", "Query")) else f"SELECT {sql_of_node}"
            certain |= doubtful & self.warehouse.analyzer.table_names(statement)
        return certain

    def _relation(self, names: tuple[str, ...], scope: Scope, depth: int) -> str:
        """The SQL that stands for a table."""
        parts = [part for name in names for part in name.split(".")]
        if information_schema.is_virtual(parts):
            name = ".".join(parts)
            if name not in self.virtual:
                fields, rows, place = information_schema.read(self.warehouse, parts, scope)
                self.virtual[name] = Relation(name, next(_unique), fields, rows)
                if isinstance(place, str):
                    self.regions.add(place)
                else:
                    self.described.update(place)
            return f"`{name}`"
        id = table_id(names, scope)
        table = self.warehouse.storage.table(id)
        if table.view is None:
            self.sources.setdefault(str(id), Source(table))
            return f"`{id}`"
        if depth > 16:
            raise BigQueryError("invalidQuery", f"Query exceeded the maximum view nesting depth: {id}")
        if id not in self.views:
            self.views.append(id)
        return f"({self.view(table, depth + 1)})"

    def view(self, view: Table, depth: int = 0) -> str:
        """The SQL of a view's query."""
        query = view.view or ""
        (statement,) = self.warehouse.analyzer.statements(query)
        scope = Scope(view.id.project, None, self.scope.caller, self.scope.location)
        source = query.encode()
        return Text(source).span(statement, self.replacements(source, statement, scope, depth)).sql

    def text(self, sql: bytes, node: Node) -> Text:
        """A query in terms of relations."""
        return Text(sql).span(node, self.replacements(sql, node))

    # What is referenced

    @property
    def referenced(self) -> list[TableId]:
        return sorted({*self.views, *(source.table.id for source in self.sources.values())})

    def location(self, statement_type: str, target: TableId | None = None) -> str:
        """Where the job runs. Raises BigQueryError if it may not read or write there."""
        storage = self.warehouse.storage
        ids = [*self.referenced, *([target] if target else [])]
        keys = {*self.described, *((id.project, id.dataset) for id in ids)}
        datasets = {key: storage.dataset(*key)["location"] for key in sorted(keys)}
        requested = self.scope.location or next(iter(self.regions), None)
        written = (target.project, target.dataset) if target else None
        return self.warehouse.locations.of_job(requested, datasets, statement_type, written)

    # Reading

    def relations(self, rows: bool = True) -> list[Relation]:
        """All tables as relations, with what is to be read of them."""
        result = list(self.virtual.values())
        for name, source in self.sources.items():
            table = source.table
            if not rows:
                result.append(Relation(name, (table.version, "schema"), table.fields, []))
            elif source.rows is None:
                result.append(Relation(name, table.version, table.fields, table.rows))
            else:
                result.append(Relation(name, (table.version, *source.key), table.fields, source.rows))
        return result

    def analyze(self, text: Text, targets: Sequence[TypeProto] = (), read: bool = True) -> Node:
        """Analyze a statement and, if it reads, settle what: partitions, masked columns, bytes.

        Raises BigQueryError, also if the caller may not read what the statement reads.
        """
        # An external table has no rows before its partitions are known.
        external = any(source.table.is_external for source in self.sources.values())
        relations = self.relations(rows=not external)
        statement = self.warehouse.analyzer.analyze(text, relations, targets, self.variables)
        if read:
            self._read(statement)
        return statement

    def _read(self, statement: Node) -> None:
        for name, columns in lineage.columns_read(statement).items():
            if name in self.sources:
                self.sources[name].columns = columns
        partitions.eliminate(self.warehouse, statement, self.sources, self.variables)
        for source in self.sources.values():
            if not source.table.is_external:
                source.bytes = self.warehouse.bytes_read(source.table, source.columns, source.partitions)
            access.apply(self.warehouse.policies, self.scope.caller, source)

    def change(self, text: Text, target: Relation, table: Table | None) -> None:
        """Analyze a statement that changes a table, as `analyze` does. table: the target, if it is read too."""
        relations = [relation for relation in self.relations(rows=False) if relation.name != target.name]
        if table is not None:
            self.sources.setdefault(target.name, Source(table)).changed = True
        statement = self.warehouse.analyzer.analyze(text, [*relations, target], (), self.variables)
        self._read(statement)

    def run(self, text: Text, statement: Node, targets: Sequence[TypeProto] = ()) -> tuple[list[Resource], list[Row]]:
        """The result of a query that `analyze` has resolved."""
        if is_empty(statement):
            # Nothing to evaluate, which would analyze once more.
            return output(statement), []
        result = self.warehouse.analyzer.evaluate(text, self.relations(), targets, self.variables)
        fields = named(result.columns)
        return fields, stored(result.rows, fields)

    @property
    def bytes(self) -> int:
        return sum(source.bytes for source in self.sources.values())

    def transferred(self, location: str) -> int:
        """Bytes that cross clouds: what a job elsewhere reads of Omni datasets."""
        locations, storage = self.warehouse.locations, self.warehouse.storage
        return sum(
            source.bytes
            for source in self.sources.values()
            if locations.is_omni(storage.location(source.table.id)) and not locations.is_omni(location)
        )

    @property
    def partitions(self) -> dict[TableId, list[str]]:
        return {source.table.id: source.partitions for source in self.sources.values() if source.partitions is not None}


def output(statement: Node) -> list[Resource]:
    """The fields that a resolved query returns."""
    columns = []
    for column in statement.children("output_column_list"):
        name, inner = column.text("name"), column.child("column")
        kind = inner.child("type") if inner else None
        assert kind is not None
        columns.append(("" if name.startswith("$") else name, kind.message(type_of({"type": "STRING"}).__class__)))
    return named(columns)


def is_empty(statement: Node) -> bool:
    """Whether a resolved query returns no row whatever its tables hold: so dbt asks for columns, and makes tables."""
    scan = statement.child("query")
    while scan and scan.kind in NO_MORE_ROWS:
        if _is_zero(scan, "limit", "int64_value") or _is_zero(scan, "filter_expr", "bool_value"):
            return True
        scan = scan.child("input_scan")
    return False


def _is_zero(scan: Node, field: str, value: str) -> bool:
    """Whether a field of a scan is the literal 0 or FALSE."""
    expression = scan.child(field) if field in scan.names else None
    literal = expression.child("value") if expression and expression.kind == "ResolvedLiteral" else None
    inner = literal.child("value") if literal else None
    return inner is not None and inner.numbers(value) == [0]


def named(columns: Sequence[tuple[str, TypeProto]]) -> list[Resource]:
    """The fields of a result. Raises BigQueryError if two have one name."""
    anonymous = itertools.count()
    fields = [field_of(name or f"f{next(anonymous)}_", type) for name, type in columns]
    counts = Counter(field["name"].lower() for field in fields)
    if twice := [name for name, count in counts.items() if count > 1]:
        message = f"Duplicate column names in the result are not supported. Found duplicate(s): {', '.join(twice)}"
        raise BigQueryError("invalidQuery", message, "query")
    return fields


def stored(rows: list[Row], fields: Sequence[Resource]) -> list[Row]:
    """Rows as BigQuery writes them: NULL arrays are empty. Raises BigQueryError for a NULL in an array."""
    with_arrays = [(number, field) for number, field in enumerate(fields) if _has_array(field)]
    if with_arrays:
        for row in rows:
            for number, column in with_arrays:
                _store(row.cell[number], column)
    return rows


def _has_array(column: Resource) -> bool:
    return column.get("mode") == "REPEATED" or any(map(_has_array, column.get("fields", ())))


def _store(value: Any, column: Resource) -> None:
    if column.get("mode") == "REPEATED":
        value.array_value.SetInParent()
        element = {**column, "mode": "NULLABLE"}
        for item in value.array_value.element:
            if item.WhichOneof("value") is None:
                message = f"Array cannot have a null element; error in writing field {column['name']}"
                raise BigQueryError("invalidQuery", message, "query")
            _store(item, element)
    elif column["type"] == "RECORD" and value.WhichOneof("value"):
        for item, child in zip(value.struct_value.field, column["fields"], strict=True):
            if _has_array(child):
                _store(item, child)
