"""DML: https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax

The reference engine does not execute MERGE, so every change is taken apart into queries over the target table with its
rows numbered, and applied here. The statement itself is analyzed as it stands, for BigQuery's rules and messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.engines.bigquery.analyzer import ROW, Relation, Result, Text
from tests.engines.bigquery.definitions import check_required, expect, names
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.outcomes import Outcome, Statement
from tests.engines.bigquery.queries import Reader, named, stored, table_id
from tests.engines.bigquery.storage import Table
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import Cell, Row, TypeProto, cell, new_cell, new_row, type_of

NUMBER = type_of({"name": ROW, "type": "INTEGER"})
# Relations that MERGE makes: the rows of its source, and which row of it matches which row of the target.
USING, PAIRS = "_using_", "_pairs_"


@dataclass
class Target:
    """The table that a statement changes."""

    statement: Statement
    statement_type: str
    reader: Reader
    table: Table
    path: tuple[int, int]
    alias: str
    location: str

    @property
    def name(self) -> str:
        return str(self.table.id)

    def relation(self) -> Relation:
        """With its rows numbered."""
        table = self.table
        return Relation(self.name, table.version, table.fields, table.rows, numbered=True)

    def relations(self) -> list[Relation]:
        """What is read, with the target."""
        return [self.relation(), *(relation for relation in self.reader.relations() if relation.name != self.name)]

    def evaluate(self, text: Text, types: Iterable[TypeProto], more: Sequence[Relation] = ()) -> Result:
        """A query over the target and what the statement reads; its columns become of these types."""
        variables = self.reader.variables
        analyzer = self.statement.warehouse.analyzer
        return analyzer.evaluate(text, [*self.relations(), *more], list(types), variables)

    def position(self, name: str) -> int:
        """Of a column that the analyzer has found."""
        return next(n for n, field in enumerate(self.table.fields) if field["name"].lower() == name.lower())

    def write(self, outcome: Outcome, rows: list[Row]) -> Outcome:
        """Give the table these rows."""
        table = self.table
        check_required(rows, table.fields)
        resource = dict(table.resource)
        self.statement.warehouse.storage.put(Table(table.id, resource, rows, grants=table.grants))
        return outcome


def _target(statement: Statement, statement_type: str, path: Node, alias: bool = True) -> Target:
    """Analyze the statement, and find what it changes."""
    if path.kind != "ASTPathExpression":
        raise NotEmulated("DML on a part of a table")
    reader = statement.reader()
    replacements = reader.replacements(statement.sql, statement.node)
    parts = names(path)
    table = statement.warehouse.storage.table(table_id(parts, statement.scope))
    expect(table, "TABLE")
    given = statement.node.child("alias") if alias else None
    identifier = given.child("identifier") if given else None
    name = identifier.text("id_string") if identifier else parts[-1].rpartition(".")[2]
    location = reader.location(statement_type, table.id)
    implied = f" AS `{name}`" if alias and not given else ""
    text = Text(statement.sql).span(statement.node, [*replacements, (*path.span, f"`{table.id}`{implied}")])
    target = Target(statement, statement_type, reader, table, path.span, name, location)
    reader.change(text, target.relation(), table if alias else None)
    return target


def _outcome(target: Target, rewrites: bool = False) -> Outcome:
    """rewrites: rows that are there may change, so the partitions that are read are charged whole, with all columns.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation
    """
    statement, table = target.statement, target.table
    rewritten = 0
    if rewrites:
        read = target.reader.sources[target.name].partitions
        rewritten = statement.warehouse.bytes_read(table, range(len(table.fields)), read)
    return statement.outcome(target.statement_type, target.reader, target.location, table.id, rewritten)


def _new_rows(target: Target, positions: Sequence[int], found: Iterable[Sequence[Cell]]) -> list[Row]:
    """Rows for the target from cells of some of its columns; the others are null."""
    fields = target.table.fields
    blanks = [new_cell() if field["mode"] != "REPEATED" else cell(None, field) for field in fields]
    rows = []
    for cells in found:
        full = list(blanks)
        for position, value in zip(positions, cells, strict=True):
            full[position] = value
        rows.append(new_row(cell=full))
    return stored(rows, fields)


def _positions(target: Target, listed: Node | None) -> list[int]:
    """The columns of an INSERT."""
    if listed is None:
        return list(range(len(target.table.fields)))
    return [target.position(name.text("id_string")) for name in listed.children("identifiers")]


def _types(target: Target, positions: Iterable[int]) -> list[TypeProto]:
    return [type_of(target.table.fields[position]) for position in positions]


def _values(target: Target, text: Text, values: Iterable[Node], replacements: Sequence[tuple[int, int, str]]) -> Text:
    """Append expressions of a VALUES list or of SET to a select list; DEFAULT is NULL, for no column has another."""
    for number, value in enumerate(values):
        if value.kind == "ASTDefaultLiteral":
            text.write(f"NULL AS v{number}, ")
        else:
            text.write("(").span(value, replacements).write(f") AS v{number}, ")
    return text


def insert(statement: Statement) -> Outcome:
    """INSERT, of a query or of VALUES."""
    node = statement.node
    if node.choice("insert_mode") != "DEFAULT_MODE" or node.child("returning") or node.child("assert_rows_modified"):
        raise NotEmulated("INSERT with a mode or RETURNING")
    path = node.child("target_path")
    assert path
    target = _target(statement, "INSERT", path, alias=False)
    outcome = _outcome(target)
    if statement.dry_run:
        return outcome
    positions = _positions(target, node.child("column_list"))
    types = _types(target, positions)
    query, rows = node.child("query"), node.child("rows")
    replacements = target.reader.replacements(statement.sql, node)
    if query is not None:
        found = target.evaluate(Text(statement.sql).span(query, replacements), types).rows
    else:
        found = []
        for row in rows.children("rows") if rows else []:
            text = _values(target, Text(statement.sql).write("SELECT "), row.children("values"), replacements)
            found.extend(target.evaluate(text, types).rows)
    new = _new_rows(target, positions, (row.cell for row in found))
    outcome.inserted = len(new)
    return target.write(outcome, [*target.table.rows, *new])


def _set_items(target: Target, items: Node | None) -> tuple[list[int], list[Node]]:
    """The columns and the expressions of SET."""
    positions, values = [], []
    for item in items.children("update_items") if items else []:
        pair = item.child("set_value")
        path, value = (pair.child("path"), pair.child("value")) if pair else (None, None)
        if path is None or value is None or path.kind != "ASTPathExpression":
            raise NotEmulated("UPDATE of a part of a column")
        parts = names(path)
        if len(parts) == 2 and parts[0].lower() == target.alias.lower():
            parts = parts[1:]
        if len(parts) != 1:
            raise NotEmulated("UPDATE of a part of a column")
        positions.append(target.position(parts[0]))
        values.append(value)
    return positions, values


def _updated(target: Target, rows: list[Row], positions: Sequence[int], found: Iterable[Row]) -> int:
    """Replace cells in rows by what a query found, the first column the row's number. Returns how many changed.

    Raises BigQueryError if a row was found more than once.
    """
    fields = target.table.fields
    seen: set[int] = set()
    for result in found:
        number = result.cell[0].int64_value
        _once(seen, number)
        cells = list(rows[number].cell)
        for position, value in zip(positions, list(result.cell)[1:], strict=True):
            cells[position] = value
        (rows[number],) = stored([new_row(cell=cells)], fields)
    return len(seen)


def _once(seen: set[int], number: int) -> None:
    if number in seen:
        message = "UPDATE/MERGE must match at most one source row for each target row"
        raise BigQueryError("invalidQuery", message, "query")
    seen.add(number)


def update(statement: Statement) -> Outcome:
    """UPDATE, with and without FROM."""
    node = statement.node
    if node.child("returning") or node.child("assert_rows_modified") or node.child("offset"):
        raise NotEmulated("UPDATE with RETURNING")
    path, where = node.child("target_path"), node.child("where")
    assert path
    target = _target(statement, "UPDATE", path)
    assert where
    positions, values = _set_items(target, node.child("update_item_list"))
    outcome = _outcome(target, rewrites=True)
    if statement.dry_run:
        return outcome
    replacements = target.reader.replacements(statement.sql, node)
    text = Text(statement.sql).write(f"SELECT `{target.alias}`.{ROW} AS n, ")
    _values(target, text, values, replacements).write(f" FROM `{target.name}` AS `{target.alias}`")
    from_clause = node.child("from_clause")
    joined = from_clause.child("table_expression") if from_clause else None
    if joined is not None:
        for join in joined.find("ASTJoin"):
            if join.choice("join_type") in ("RIGHT", "FULL"):
                raise NotEmulated("UPDATE from a RIGHT or FULL JOIN")
        text.write(", ").span(joined, replacements)
    text.write(" WHERE ").span(where, replacements)
    found = target.evaluate(text, [NUMBER, *_types(target, positions)]).rows
    rows = list(target.table.rows)
    outcome.updated = _updated(target, rows, positions, found)
    return target.write(outcome, rows)


def delete(statement: Statement) -> Outcome:
    """DELETE."""
    node = statement.node
    if node.child("returning") or node.child("assert_rows_modified") or node.child("offset"):
        raise NotEmulated("DELETE with RETURNING")
    path, where = node.child("target_path"), node.child("where")
    assert path
    target = _target(statement, "DELETE", path)
    assert where
    outcome = _outcome(target, rewrites=True)
    if statement.dry_run:
        return outcome
    replacements = target.reader.replacements(statement.sql, node)
    text = Text(statement.sql).write(f"SELECT {ROW} AS n FROM `{target.name}` AS `{target.alias}` WHERE ")
    gone = _numbers(target.evaluate(text.span(where, replacements), [NUMBER]).rows)
    rows = [row for number, row in enumerate(target.table.rows) if number not in gone]
    outcome.deleted = len(gone)
    return target.write(outcome, rows)


def _numbers(rows: Iterable[Row]) -> set[int]:
    return {row.cell[0].int64_value for row in rows}


def truncate(statement: Statement) -> Outcome:
    """TRUNCATE TABLE."""
    path = statement.node.child("target_path")
    assert path
    if statement.node.child("where"):
        raise BigQueryError("invalidQuery", "TRUNCATE TABLE does not support WHERE", "query")
    table = statement.warehouse.storage.table(table_id(names(path), statement.scope))
    expect(table, "TABLE")
    reader = statement.reader()
    location = reader.location("TRUNCATE_TABLE", table.id)
    target = Target(statement, "TRUNCATE_TABLE", reader, table, path.span, table.id.table, location)
    outcome = _outcome(target)
    if statement.dry_run:
        return outcome
    outcome.deleted = len(table.rows)
    return target.write(outcome, [])


# MERGE


def merge(statement: Statement) -> Outcome:
    """MERGE."""
    node = statement.node
    path, source, condition = (node.child(name) for name in ("target_path", "table_expression", "merge_condition"))
    assert path and source and condition
    target = _target(statement, "MERGE", path)
    outcome = _outcome(target, any(action.choice("action_type") != "INSERT" for action in node.find("ASTMergeAction")))
    if statement.dry_run:
        return outcome
    return Merge(target, source, condition).run(outcome)


class Merge:
    """A MERGE while it runs."""

    def __init__(self, target: Target, source: Node, condition: Node) -> None:
        self.target = target
        self.sql = target.statement.sql
        self.replacements = target.reader.replacements(self.sql, target.statement.node)
        self.condition = condition
        self.source, self.alias = self._source(source)
        self.rows: list[Row | None] = list(target.table.rows)
        self.new: list[Row] = []
        self.changed: set[int] = set()

    def _source(self, node: Node) -> tuple[Relation, str]:
        """The rows of USING, numbered, and its alias."""
        given = node.child("alias")
        identifier = given.child("identifier") if given else None
        if node.kind == "ASTTablePathExpression":
            path = node.child("path_expr")
            if path is None:
                raise NotEmulated("MERGE using UNNEST")
            alias = identifier.text("id_string") if identifier else names(path)[-1].rpartition(".")[2]
        else:
            alias = identifier.text("id_string") if identifier else "_source_"
        text = Text(self.sql).write("SELECT * FROM ").span(node, self.replacements)
        result = self.target.evaluate(text, [])
        fields = named(result.columns)
        return Relation(USING, object(), fields, result.rows, numbered=True), alias

    def run(self, outcome: Outcome) -> Outcome:
        pairs = self._pairs()
        by_target = Counter(target for target, _ in pairs)
        free_sources = set(range(len(self.source.rows))) - {source for _, source in pairs}
        free_targets = set(range(len(self.rows))) - set(by_target)
        clauses = self.target.statement.node.child("when_clauses")
        for clause in clauses.children("clause_list") if clauses else []:
            action, condition = clause.child("action"), clause.child("search_condition")
            assert action
            match clause.choice("match_type"):
                case "MATCHED":
                    used = self._matched(action, condition, pairs, outcome)
                    pairs = [pair for pair in pairs if pair not in used]
                case "NOT_MATCHED_BY_TARGET":
                    free_sources -= self._insert(action, condition, free_sources, outcome)
                case "NOT_MATCHED_BY_SOURCE":
                    free_targets -= self._unmatched(action, condition, free_targets, outcome)
        return self.target.write(outcome, [*(row for row in self.rows if row is not None), *self.new])

    def _from(self, text: Text) -> Text:
        return text.write(f" FROM `{self.target.name}` AS `{self.target.alias}`")

    def _pairs(self) -> list[tuple[int, int]]:
        """Which rows of target and source match."""
        if self.condition.kind == "ASTBooleanLiteral" and self._slice(self.condition).lower() == "false":
            return []
        text = Text(self.sql).write(f"SELECT `{self.target.alias}`.{ROW} AS t, `{self.alias}`.{ROW} AS s")
        self._from(text).write(f" JOIN `{USING}` AS `{self.alias}` ON ").span(self.condition, self.replacements)
        found = self.target.evaluate(text, [NUMBER, NUMBER], [self.source]).rows
        return [(row.cell[0].int64_value, row.cell[1].int64_value) for row in found]

    def _slice(self, node: Node) -> str:
        start, end = node.span
        return self.sql[start:end].decode()

    def _where(self, text: Text, condition: Node | None) -> Text:
        return text.write(" WHERE ").span(condition, self.replacements) if condition else text

    def _once(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            _once(self.changed, number)

    def _apply(self, positions: Sequence[int], found: Sequence[Row]) -> None:
        """SET, of what a query found: the target row's number, then the values."""
        self._once(row.cell[0].int64_value for row in found)
        fields = self.target.table.fields
        for result in found:
            number = result.cell[0].int64_value
            old = self.target.table.rows[number]
            cells = list(old.cell)
            for position, value in zip(positions, list(result.cell)[1:], strict=True):
                cells[position] = value
            (self.rows[number],) = stored([new_row(cell=cells)], fields)

    def _remove(self, numbers: Sequence[int]) -> None:
        self._once(numbers)
        for number in numbers:
            self.rows[number] = None

    def _matched(
        self, action: Node, condition: Node | None, pairs: list[tuple[int, int]], outcome: Outcome
    ) -> set[tuple[int, int]]:
        """WHEN MATCHED. Returns the pairs that it takes."""
        if not pairs:
            return set()
        columns = [{"name": name, "type": "INTEGER", "mode": "NULLABLE"} for name in ("t_", "s_")]
        cells = ([new_cell(int64_value=target), new_cell(int64_value=source)] for target, source in pairs)
        relation = Relation(PAIRS, object(), columns, [new_row(cell=pair) for pair in cells])
        positions, values = _set_items(self.target, action.child("update_item_list"))
        text = Text(self.sql).write("SELECT p_.t_ AS t_, ")
        _values(self.target, text, values, self.replacements).write("p_.s_ AS s_")
        self._from(text).write(
            f" JOIN (SELECT AS STRUCT t_, s_ FROM `{PAIRS}`) AS p_ ON `{self.target.alias}`.{ROW} = p_.t_"
            f" JOIN `{USING}` AS `{self.alias}` ON `{self.alias}`.{ROW} = p_.s_"
        )
        self._where(text, condition)
        types = [NUMBER, *_types(self.target, positions), NUMBER]
        found = self.target.evaluate(text, types, [self.source, relation]).rows
        taken = {(row.cell[0].int64_value, row.cell[-1].int64_value) for row in found}
        if action.choice("action_type") == "DELETE":
            self._remove([row.cell[0].int64_value for row in found])
            outcome.deleted += len(found)
        else:
            self._apply(positions, [new_row(cell=list(row.cell)[:-1]) for row in found])
            outcome.updated += len(found)
        return taken

    def _insert(self, action: Node, condition: Node | None, free: set[int], outcome: Outcome) -> set[int]:
        """WHEN NOT MATCHED BY TARGET. Returns the source rows that it takes."""
        if not free:
            return set()
        numbers = sorted(free)
        rest = Relation(USING, object(), self.source.fields, [self.source.rows[n] for n in numbers], numbered=True)
        row = action.child("insert_row")
        values = row.children("values") if row else []
        positions = _positions(self.target, action.child("insert_column_list"))
        text = Text(self.sql).write(f"SELECT `{self.alias}`.{ROW} AS n_, ")
        if values:
            _values(self.target, text, values, self.replacements)
        else:
            for number, field in enumerate(self.source.fields):
                text.write(f"`{self.alias}`.`{field['name']}` AS v{number}, ")
        text.write(f" FROM `{USING}` AS `{self.alias}`")
        self._where(text, condition)
        found = self.target.evaluate(text, [NUMBER, *_types(self.target, positions)], [rest]).rows
        self.new.extend(_new_rows(self.target, positions, (list(row.cell)[1:] for row in found)))
        outcome.inserted += len(found)
        return {numbers[row.cell[0].int64_value] for row in found}

    def _unmatched(self, action: Node, condition: Node | None, free: set[int], outcome: Outcome) -> set[int]:
        """WHEN NOT MATCHED BY SOURCE. Returns the target rows that it takes."""
        positions, values = _set_items(self.target, action.child("update_item_list"))
        text = Text(self.sql).write(f"SELECT {ROW} AS n_, ")
        self._from(_values(self.target, text, values, self.replacements))
        self._where(text, condition)
        found = self.target.evaluate(text, [NUMBER, *_types(self.target, positions)]).rows
        found = [row for row in found if row.cell[0].int64_value in free]
        if action.choice("action_type") == "DELETE":
            self._remove([row.cell[0].int64_value for row in found])
            outcome.deleted += len(found)
        else:
            self._apply(positions, found)
            outcome.updated += len(found)
        return _numbers(found)
