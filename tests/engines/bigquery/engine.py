"""The SQL half: executes statements and scripts on the stored tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from tests.engines.bigquery import changes, definitions
from tests.engines.bigquery.analyzer import Analyzer, Text, Variable
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.external_data import ExternalData
from tests.engines.bigquery.locations import Locations
from tests.engines.bigquery.outcomes import Context, Outcome, Statement
from tests.engines.bigquery.policies import Policies
from tests.engines.bigquery.queries import Reader, Scope, Warehouse, output, table_id
from tests.engines.bigquery.storage import Storage, Table, TableId
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import Cell, TypeProto

__all__ = ["Context", "Engine", "Outcome"]


REFRESH = re.compile(r"CALL\s+BQ\.REFRESH_EXTERNAL_METADATA_CACHE\s*\(\s*'(?P<table>[\w.-]+)'\s*\)", re.IGNORECASE)


def select(statement: Statement) -> Outcome:
    """SELECT."""
    reader = statement.reader()
    text = reader.text(statement.sql, statement.node)
    location = reader.location("SELECT")
    resolved = reader.analyze(text)
    outcome = statement.outcome("SELECT", reader, location)
    outcome.fields = output(resolved)
    if not statement.dry_run:
        outcome.fields, outcome.rows = reader.run(text, resolved)
    return outcome


def call(statement: Statement) -> Outcome:
    """CALL of the one procedure that is known. Files are read anew for every query, so there is no cache to refresh.

    https://cloud.google.com/bigquery/docs/biglake-intro#metadata_caching_for_performance
    """
    start, end = statement.node.span
    text = statement.sql[start:end].decode()
    called = REFRESH.fullmatch(text.strip())
    if not called:
        raise NotEmulated(f"the procedure of {text}")
    id = table_id(called["table"].split("."), statement.scope)
    table = statement.warehouse.storage.table(id)
    if table.resource.get("externalDataConfiguration", {}).get("metadataCacheMode") != "MANUAL":
        raise BigQueryError("invalidQuery", f"Table {id} has no metadata cache that is refreshed manually", "query")
    return Outcome("CALL", statement.reader().location("CALL", id), target=id)


HANDLERS: dict[str, Callable[[Statement], Outcome]] = {
    "ASTQueryStatement": select,
    "ASTInsertStatement": changes.insert,
    "ASTUpdateStatement": changes.update,
    "ASTDeleteStatement": changes.delete,
    "ASTMergeStatement": changes.merge,
    "ASTTruncateStatement": changes.truncate,
    "ASTCreateTableStatement": definitions.create_table,
    "ASTCreateViewStatement": definitions.create_view,
    "ASTCreateSchemaStatement": definitions.create_schema,
    "ASTDropStatement": definitions.drop,
    "ASTAlterTableStatement": definitions.alter,
    "ASTAlterViewStatement": definitions.alter,
    "ASTAlterSchemaStatement": definitions.alter_schema,
    "ASTGrantStatement": definitions.grant,
    "ASTRevokeStatement": definitions.revoke,
    "ASTCallStatement": call,
}


class Engine:
    """Executes SQL. One statement or script at a time: other readers see all of a script's effects or none."""

    def __init__(self, storage: Storage, policies: Policies, external: ExternalData, locations: Locations) -> None:
        self.warehouse = Warehouse(storage, policies, external, locations, Analyzer())

    def execute(self, sql: str, context: Context) -> Outcome:
        """Raises BigQueryError."""
        with self.warehouse.storage.lock:
            nodes = self.warehouse.analyzer.statements(sql)
            if not nodes:
                raise BigQueryError("invalidQuery", "Syntax error: Unexpected end of statement at [1:1]", "query")
            script = Script(self.warehouse, sql.encode(), context)
            if len(nodes) == 1 and nodes[0].kind in HANDLERS:
                return script.run(nodes[0])
            return script.run_all(nodes)


class Script:
    """A script while it runs: its variables and its transaction."""

    def __init__(self, warehouse: Warehouse, sql: bytes, context: Context) -> None:
        self.warehouse = warehouse
        self.sql = sql
        self.context = context
        self.scope = Scope(context.project, context.default_dataset, context.caller, context.location)
        self.variables: dict[str, Variable] = {}
        self.before: dict[TableId, Table] | None = None

    def run(self, node: Node) -> Outcome:
        """One statement of SQL."""
        handler = HANDLERS.get(node.kind)
        if handler is None:
            raise NotEmulated(f"the statement {node.kind.removeprefix('AST').removesuffix('Statement')}")
        statement = Statement(self.warehouse, self.sql, node, self.scope, self.context, tuple(self.variables.values()))
        return handler(statement)

    def run_all(self, nodes: list[Node]) -> Outcome:
        """All statements. A transaction that is open at the end, or when one fails, is rolled back."""
        if self.context.dry_run:
            raise NotEmulated("dry run of a script")
        _check_declarations(nodes)
        children = []
        try:
            for node in nodes:
                if child := self._step(node):
                    children.append(child)
        finally:
            self._rollback()
        last = next((child for child in reversed(children) if child.statement_type == "SELECT"), None)
        outcome = Outcome("SCRIPT", last.location if last else children[-1].location if children else "US")
        outcome.children = children
        if last:
            outcome.fields, outcome.rows = last.fields, last.rows
        outcome.referenced = sorted({id for child in children for id in child.referenced})
        outcome.bytes_processed = sum(child.bytes_processed for child in children)
        outcome.bytes_transferred = sum(child.bytes_transferred for child in children)
        for child in children:
            outcome.partitions_read.update(child.partitions_read)
        return outcome

    def _step(self, node: Node) -> Outcome | None:
        storage = self.warehouse.storage
        match node.kind:
            case "ASTVariableDeclaration":
                self._declare(node)
            case "ASTSingleAssignment":
                name, expression = node.child("variable"), node.child("expression")
                assert name and expression
                return self._assign([name], Text(self.sql).write("SELECT ("), expression, ") AS v")
            case "ASTAssignmentFromStruct":
                listed, expression = node.child("variables"), node.child("struct_expression")
                assert listed and expression
                text = Text(self.sql).write("SELECT s.* FROM (SELECT (")
                return self._assign(listed.children("identifier_list"), text, expression, ") AS s)")
            case "ASTBeginStatement":
                if self.before is not None:
                    raise BigQueryError("invalidQuery", "A transaction is already in progress", "query")
                self.before = dict(storage.tables)
                storage.in_transaction = True
            case "ASTCommitStatement":
                if self.before is None:
                    raise BigQueryError("invalidQuery", "No transaction is in progress to commit", "query")
                changed = [table for id, table in storage.tables.items() if self.before.get(id) is not table]
                self.before, storage.in_transaction = None, False
                for table in changed:
                    storage.show(table)
            case "ASTRollbackStatement":
                if self.before is None:
                    raise BigQueryError("invalidQuery", "No transaction is in progress to roll back", "query")
                self._rollback()
            case _:
                if self.before is not None and node.kind not in TRANSACTIONAL:
                    raise BigQueryError("invalidQuery", "DDL is not supported within a transaction", "query")
                return self.run(node)
        return None

    def _rollback(self) -> None:
        if self.before is not None:
            self.warehouse.storage.tables = self.before
            self.before, self.warehouse.storage.in_transaction = None, False

    def _declare(self, node: Node) -> None:
        listed, kind, default = node.child("variable_list"), node.child("type"), node.child("default_value")
        reader = self._reader()
        text = Text(self.sql).write("SELECT ")
        replacements = reader.replacements(self.sql, default) if default is not None else ()
        if kind is not None:
            text.write("CAST(")
        text = text.span(default, replacements) if default is not None else text.write("NULL")
        if kind is not None:
            text.write(" AS ").span(kind).write(")")
        (value,) = self._values(reader, text.write(" AS v"), ())
        for name in listed.children("identifier_list") if listed else []:
            variable = Variable(name.text("id_string"), *value)
            self.variables[variable.name.lower()] = variable

    def _assign(self, listed: Iterable[Node], text: Text, expression: Node, end: str) -> Outcome:
        """Variables become the columns of a query that is made around an expression."""
        names = [name.text("id_string") for name in listed]
        if unknown := next((name for name in names if name.lower() not in self.variables), None):
            raise BigQueryError("invalidQuery", f"Undeclared variable: {unknown}", "query")
        known = [self.variables[name.lower()] for name in names]
        reader = self._reader()
        text.span(expression, reader.replacements(self.sql, expression)).write(end)
        for variable, value in zip(known, self._values(reader, text, [one.type for one in known]), strict=True):
            self.variables[variable.name.lower()] = Variable(variable.name, *value)
        outcome = Outcome("SELECT", reader.location("SELECT"))
        outcome.bytes_processed, outcome.referenced = reader.bytes, reader.referenced
        return outcome

    def _reader(self) -> Reader:
        return Reader(self.warehouse, self.scope, tuple(self.variables.values()))

    @staticmethod
    def _values(reader: Reader, text: Text, targets: Sequence[TypeProto]) -> list[tuple[TypeProto, Cell]]:
        """Types and values of a query of one row."""
        reader.analyze(text, targets)
        result = reader.warehouse.analyzer.evaluate(text, reader.relations(), targets, reader.variables)
        return [(type, value) for (_, type), value in zip(result.columns, result.rows[0].cell, strict=True)]


def _check_declarations(nodes: Iterable[Node]) -> None:
    """https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#declare

    Raises BigQueryError (invalidQuery).
    """
    declared: set[str] = set()
    started = False
    for node in nodes:
        if node.kind != "ASTVariableDeclaration":
            started = True
        elif started:
            message = "Variable declarations are allowed only at the start of a block or script"
            raise BigQueryError("invalidQuery", message, "query")
        else:
            listed = node.child("variable_list")
            for name in listed.children("identifier_list") if listed else []:
                if name.text("id_string").lower() in declared:
                    message = f"Variable '{name.text('id_string')}' is declared twice"
                    raise BigQueryError("invalidQuery", message, "query")
                declared.add(name.text("id_string").lower())


# BigQuery allows DDL in transactions for temporary tables only, which are not emulated.
# https://cloud.google.com/bigquery/docs/transactions
TRANSACTIONAL = {
    "ASTQueryStatement",
    "ASTInsertStatement",
    "ASTUpdateStatement",
    "ASTDeleteStatement",
    "ASTMergeStatement",
    "ASTTruncateStatement",
}
