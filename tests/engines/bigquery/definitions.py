"""DDL and DCL."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.engines.bigquery.analyzer import Text
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.outcomes import Outcome, Statement
from tests.engines.bigquery.queries import named, output, table_id
from tests.engines.bigquery.storage import Resource, Table, TableId
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import Row, canonical, cell, new_row, sql_type, to_python, type_of

# Options of tables and views by the property of the table resource they set.
TABLE_OPTIONS = {
    "description": "description",
    "friendly_name": "friendlyName",
    "labels": "labels",
    "expiration_timestamp": "expirationTime",
    "kms_key_name": "encryptionConfiguration",
    "require_partition_filter": "requirePartitionFilter",
    "partition_expiration_days": "timePartitioning",
}
DATASET_OPTIONS = {
    "description": "description",
    "friendly_name": "friendlyName",
    "labels": "labels",
    "location": "location",
    "default_table_expiration_days": "defaultTableExpirationMs",
    "default_partition_expiration_days": "defaultPartitionExpirationMs",
    "default_kms_key_name": "defaultEncryptionConfiguration",
    "max_time_travel_hours": "maxTimeTravelHours",
    "storage_billing_model": "storageBillingModel",
}
# Properties of a table that a partition filter may be required of.
PARTITIONED = {"timePartitioning", "rangePartitioning", "externalDataConfiguration"}
# Types of the API that SQL has under another name only.
NOT_IN_SQL = {"FLOAT", "RECORD"}
# https://cloud.google.com/bigquery/docs/clustered-tables#cluster_column_types
CLUSTERED = {"BIGNUMERIC", "BOOLEAN", "DATE", "DATETIME", "INTEGER", "NUMERIC", "STRING", "TIMESTAMP"}
DAY = 86_400_000
PRINCIPAL = re.compile(
    r"(user|group|serviceAccount|domain|specialGroup|principal|principalSet):\S+|allUsers|allAuthenticatedUsers"
)
TRUNCATED = re.compile(
    r"(?:(?P<call>timestamp|datetime|date)_trunc\s*\(\s*`?(?P<truncated>\w+)`?\s*,\s*(?P<unit>\w+)\s*\)"
    r"|date\s*\(\s*`?(?P<day>\w+)`?\s*\)"
    r"|range_bucket\s*\(\s*`?(?P<ranged>\w+)`?\s*,\s*generate_array\s*\(\s*(?P<range>-?\d+\s*,\s*-?\d+(?:\s*,\s*\d+)?)\s*\)\s*\)"
    r"|`?(?P<column>\w+)`?)",
    re.IGNORECASE,
)


def names(path: Node | None) -> list[str]:
    """The identifiers of a path."""
    return [name.text("id_string") for name in path.children("names")] if path else []


def slice_of(statement: Statement, node: Node) -> str:
    """A node's SQL as it was written."""
    start, end = node.span
    return statement.sql[start:end].decode()


# Values in definitions


def constants(statement: Statement, options: Node | None) -> dict[str, Any]:
    """The options of an OPTIONS list, evaluated."""
    entries = options.children("options_entries") if options else []
    if not entries:
        return {}
    text = Text(statement.sql).write("SELECT ")
    found = {}
    for number, entry in enumerate(entries):
        name, value = entry.child("name"), entry.child("value")
        assert name and value
        found[name.text("id_string").lower()] = f"o{number}"
        text.write("(").span(value).write(f") AS o{number}, ")
    reader = statement.reader()
    result = statement.warehouse.analyzer.evaluate(text, [], (), reader.variables)
    fields = named(result.columns)
    values = {field["name"]: to_python(value, field) for value, field in zip(result.rows[0].cell, fields, strict=True)}
    return {name: values[column] for name, column in found.items()}


def _labels(value: Any) -> dict[str, str]:
    """From ARRAY<STRUCT<STRING, STRING>>."""
    return {str(key): str(text) for key, text in (pair.values() for pair in value or [])}


def apply_options(resource: Resource, options: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """Set what an OPTIONS list says; NULL removes. Raises BigQueryError (invalidQuery) for unknown options."""
    for name, value in options.items():
        if name not in known:
            raise BigQueryError("invalidQuery", f"Unknown option: {name}", "query")
        key = known[name]
        if key == "timePartitioning":
            if key not in resource:
                message = f"Option {name} can only be set on a table that is partitioned by time"
                raise BigQueryError("invalidQuery", message, "query")
            resource[key].pop("expirationMs", None)
            if value is not None:
                resource[key]["expirationMs"] = str(int(value * DAY))
        elif value is None or value == []:
            resource.pop(key, None)
        elif name == "require_partition_filter" and value and not PARTITIONED & set(resource):
            raise BigQueryError("invalidQuery", f"{name} can only be set on a partitioned table", "query")
        elif name == "labels":
            resource[key] = _labels(value)
        elif name == "expiration_timestamp":
            resource[key] = str(int(value.timestamp() * 1000))
        elif name in ("kms_key_name", "default_kms_key_name"):
            resource[key] = {"kmsKeyName": value}
        elif name.endswith("_days"):
            resource[key] = str(int(value * DAY))
        elif name == "max_time_travel_hours":
            resource[key] = str(value)
        else:
            resource[key] = value


def column(statement: Statement, name: str, schema: Node) -> Resource:
    """The field that a column definition describes. Raises BigQueryError, NotEmulated."""
    for part in ("type_parameters", "generated_column_info", "default_expression", "collate"):
        if schema.child(part):
            raise NotEmulated(f"{part.replace('_', ' ')} of column {name}")
    if schema.kind == "ASTArrayColumnSchema":
        element = schema.child("element_schema")
        assert element
        if element.kind == schema.kind:
            raise BigQueryError("invalidQuery", "Arrays of arrays are not supported", "query")
        result = {**column(statement, name, element), "mode": "REPEATED"}
    elif schema.kind == "ASTStructColumnSchema":
        children = []
        for child in schema.children("struct_fields"):
            child_name, child_schema = child.child("name"), child.child("schema")
            if child_name is None or child_schema is None:
                raise BigQueryError("invalidQuery", f"STRUCT field of column {name} has no name", "query")
            children.append(column(statement, child_name.text("id_string"), child_schema))
        _distinct(children)
        result = {"name": name, "type": "RECORD", "mode": "NULLABLE", "fields": children}
    elif schema.kind == "ASTSimpleColumnSchema":
        result = {"name": name, "type": ".".join(names(schema.child("type_name"))), "mode": "NULLABLE"}
        missing = BigQueryError("invalidQuery", f"Type not found: {result['type']}", "query")
        if result["type"].upper() in NOT_IN_SQL:
            raise missing
        try:
            (result,) = canonical([result])
        except NotEmulated:
            raise
        except BigQueryError as error:
            raise missing from error
    else:
        raise NotEmulated(f"the type of column {name}")
    attributes = schema.child("attributes")
    for attribute in attributes.children("values") if attributes else []:
        if attribute.kind == "ASTNotNullColumnAttribute":
            if result["mode"] == "REPEATED":
                raise BigQueryError("invalidQuery", f"ARRAY column {name} cannot be NOT NULL", "query")
            result["mode"] = "REQUIRED"
        elif attribute.kind not in ("ASTPrimaryKeyColumnAttribute", "ASTForeignKeyColumnAttribute"):
            raise NotEmulated(f"{attribute.kind} of column {name}")
    options = constants(statement, schema.child("options_list"))
    if options.get("description"):
        result["description"] = options["description"]
    if unknown := sorted(set(options) - {"description"}):
        raise NotEmulated(f"column option {', '.join(unknown)}")
    return result


def columns(statement: Statement, elements: Node | None) -> tuple[list[Resource], Resource]:
    """The columns and the constraints of a table's definition."""
    fields: list[Resource] = []
    constraints: Resource = {}
    for element in elements.children("elements") if elements else []:
        if element.kind == "ASTColumnDefinition":
            name, schema = element.child("name"), element.child("schema")
            assert name and schema
            fields.append(column(statement, name.text("id_string"), schema))
            attributes = schema.child("attributes")
            for attribute in attributes.children("values") if attributes else []:
                if attribute.kind != "ASTNotNullColumnAttribute":
                    _check_not_enforced(statement, attribute)
                if attribute.kind == "ASTPrimaryKeyColumnAttribute":
                    constraints["primaryKey"] = {"columns": [name.text("id_string")]}
        elif element.kind == "ASTCheckConstraint":
            raise BigQueryError("invalidQuery", "CHECK constraints are not supported", "query")
        else:
            _check_not_enforced(statement, element)
            constraint = slice_of(statement, element)
            if element.kind == "ASTPrimaryKey":
                keys = re.findall(r"`?(\w+)`?", constraint[constraint.index("(") : constraint.index(")")])
                constraints["primaryKey"] = {"columns": keys}
    known = {field["name"].lower() for field in fields}
    for name in constraints.get("primaryKey", {}).get("columns", []):
        if name.lower() not in known:
            raise BigQueryError("invalidQuery", f"Unsupported primary key column {name} does not exist", "query")
    return fields, constraints


def _check_not_enforced(statement: Statement, constraint: Node) -> None:
    if not re.search(r"not\s+enforced\s*$", slice_of(statement, constraint), re.IGNORECASE):
        raise BigQueryError("invalidQuery", "Table constraints must be NOT ENFORCED", "query")


def partitioning(statement: Statement, by: Node | None, fields: Sequence[Resource]) -> Resource:
    """timePartitioning or rangePartitioning of a PARTITION BY. Raises BigQueryError, NotEmulated."""
    if by is None:
        return {}
    (expression, *more) = by.children("partitioning_expressions")
    if more:
        raise BigQueryError("invalidQuery", "PARTITION BY expects a single expression", "query")
    sql = slice_of(statement, expression).strip()
    match = TRUNCATED.fullmatch(sql)
    if not match:
        raise NotEmulated(f"PARTITION BY {sql}")
    name = match["truncated"] or match["day"] or match["ranged"] or match["column"]
    by_name = {field["name"].lower(): field for field in fields}
    if name.upper() in ("_PARTITIONDATE", "_PARTITIONTIME"):
        raise NotEmulated("tables partitioned by ingestion time")
    if name.lower() not in by_name:
        raise BigQueryError("invalidQuery", f"Unrecognized name: {name}", "query")
    field = by_name[name.lower()]
    unit = (match["unit"] or "DAY").upper()
    types = ["DATE"] if match["column"] else ["TIMESTAMP", "DATETIME"]
    if match["call"]:
        types = [match["call"].upper()]
    elif match["range"]:
        types = ["INTEGER"]
    if field["type"] not in types or field["mode"] == "REPEATED":
        message = (
            "PARTITION BY expression must be DATE(<timestamp_column>), DATE(<datetime_column>), a DATE column, "
            "TIMESTAMP_TRUNC, DATETIME_TRUNC, DATE_TRUNC or RANGE_BUCKET"
        )
        raise BigQueryError("invalidQuery", message, "query")
    if match["range"]:
        start, end, *interval = re.split(r"\s*,\s*", match["range"])
        range = {"start": start, "end": end, "interval": interval[0] if interval else "1"}
        return {"rangePartitioning": {"field": field["name"], "range": range}}
    if unit not in ("HOUR", "DAY", "MONTH", "YEAR") or (unit == "HOUR" and field["type"] == "DATE"):
        raise BigQueryError("invalidQuery", f"Unsupported partitioning granularity {unit}", "query")
    return {"timePartitioning": {"type": unit, "field": field["name"]}}


def clustering(statement: Statement, by: Node | None, fields: Sequence[Resource]) -> Resource:
    """The clustering of a CLUSTER BY."""
    if by is None:
        return {}
    found = [slice_of(statement, expression).strip("`") for expression in by.children("clustering_expressions")]
    known = {field["name"].lower(): field for field in fields}
    for name in found:
        if name.lower() not in known:
            raise BigQueryError("invalidQuery", f"Unrecognized name: {name}", "query")
        field = known[name.lower()]
        if field["type"] not in CLUSTERED or field["mode"] == "REPEATED":
            message = f"Clustering is not supported on column {name} of type {sql_type(field)}"
            raise BigQueryError("invalidQuery", message, "query")
    if len(found) > 4:
        raise BigQueryError("invalidQuery", "Clustering is not supported on more than 4 fields", "query")
    return {"clustering": {"fields": [known[name.lower()]["name"] for name in found]}}


# Tables


def _existing(statement: Statement, id: TableId, kind: str) -> tuple[Table | None, str]:
    """The table that a CREATE meets, and what it does: CREATE, REPLACE or SKIP. Raises BigQueryError (duplicate)."""
    storage = statement.warehouse.storage
    storage.location(id)
    if statement.node.number("is_or_replace") and statement.node.number("is_if_not_exists"):
        message = f"CREATE {kind} cannot have both OR REPLACE and IF NOT EXISTS"
        raise BigQueryError("invalidQuery", message, "query")
    existing = storage.tables.get(id)
    if existing is None:
        return None, "CREATE"
    if statement.node.number("is_or_replace"):
        expect(existing, kind)
        return existing, "REPLACE"
    if statement.node.number("is_if_not_exists"):
        return existing, "SKIP"
    raise BigQueryError("duplicate", f"Already Exists: Table {id.project}:{id.dataset}.{id.table}")


def expect(table: Table, kind: str) -> None:
    """Raises BigQueryError (invalid) for a table that is of another kind."""
    if table.resource["type"] != kind:
        id = table.id
        name = f"{id.project}:{id.dataset}.{id.table}"
        found = table.resource["type"]
        message = f"{name} is not allowed for this operation because it is currently a {found}."
        raise BigQueryError("invalid", message)


def create_table(statement: Statement) -> Outcome:
    """CREATE TABLE, with and without AS SELECT."""
    node = statement.node
    for part in ("clone_data_source", "copy_data_source", "like_table_name", "collate", "with_connection_clause"):
        if node.child(part):
            raise NotEmulated(f"CREATE TABLE with {part.replace('_', ' ')}")
    if node.choice("scope") != "DEFAULT_SCOPE":
        raise NotEmulated("temporary tables")
    id = table_id(names(node.child("name")), statement.scope)
    query = node.child("query")
    statement_type = "CREATE_TABLE_AS_SELECT" if query else "CREATE_TABLE"
    reader = statement.reader()
    replaced, operation = _existing(statement, id, "TABLE")
    fields, constraints = columns(statement, node.child("table_element_list"))
    rows: list[Row] = []
    text = reader.text(statement.sql, query) if query else None
    location = reader.location(statement_type, id)
    targets = [type_of(field) for field in fields]
    resolved = reader.analyze(text, targets) if text is not None else None
    if resolved is not None:
        found = _output(resolved, "" if fields else "TABLE")
        fields = fields or found
    if not fields:
        raise BigQueryError("invalidQuery", "CREATE TABLE requires columns", "query")
    _distinct(fields)
    resource: Resource = {"schema": {"fields": fields}}
    resource |= partitioning(statement, node.child("partition_by"), fields)
    resource |= clustering(statement, node.child("cluster_by"), fields)
    if constraints:
        resource["tableConstraints"] = constraints
    apply_options(resource, constants(statement, node.child("options_list")), TABLE_OPTIONS)
    outcome = statement.outcome(statement_type, reader, location, id)
    outcome.operation, outcome.fields = operation, fields
    if operation == "SKIP" or statement.dry_run:
        return outcome
    if text is not None and resolved is not None:
        rows = reader.run(text, resolved, targets)[1]
        check_required(rows, fields)
    _same_layout(replaced, resource)
    statement.warehouse.storage.put(Table(id, resource, rows, grants=replaced.grants if replaced else {}))
    if text is not None:
        outcome.inserted = len(rows)
    outcome.fields = []
    return outcome


def _output(query: Node, kind: str) -> list[Resource]:
    """The fields that a resolved query gives a table or view. kind: of what takes their names from it."""
    for number, column in enumerate(query.children("output_column_list"), 1):
        if kind and column.text("name").startswith("$"):
            message = f"CREATE {kind} columns must be named, but column {number} has no name"
            raise BigQueryError("invalidQuery", message, "query")
    return output(query)


def _same_layout(replaced: Table | None, resource: Resource) -> None:
    """A replacement may not change how a table is partitioned or clustered.

    https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#create_table_statement
    says nothing; the service answers "Cannot replace a table with a different partitioning spec".
    """
    if replaced is None:
        return
    for key in ("timePartitioning", "rangePartitioning", "clustering"):
        old, new = dict(replaced.resource.get(key) or {}), dict(resource.get(key) or {})
        for layout in (old, new):
            layout.pop("expirationMs", None)
            layout.pop("requirePartitionFilter", None)
        if old != new:
            word = "clustering" if key == "clustering" else "partitioning"
            message = f"Cannot replace a table with a different {word} spec."
            raise BigQueryError("invalid", f"{message} Instead, DROP the table, and then recreate it.")


def _distinct(fields: Sequence[Resource]) -> None:
    seen = set()
    for field in fields:
        if field["name"].lower() in seen:
            raise BigQueryError("invalidQuery", f"Duplicate column name {field['name']}", "query")
        seen.add(field["name"].lower())


def check_required(rows: Sequence[Row], fields: Sequence[Resource]) -> None:
    """Raises BigQueryError (invalid) for a NULL in a REQUIRED column."""
    for number, field in enumerate(fields):
        if field["mode"] == "REQUIRED" and any(row.cell[number].WhichOneof("value") is None for row in rows):
            raise BigQueryError("invalidQuery", f"Required field {field['name']} cannot be null", "query")


def create_view(statement: Statement) -> Outcome:
    """CREATE VIEW. The query is kept as it was written."""
    node = statement.node
    if node.number("recursive"):
        raise NotEmulated("recursive views")
    id = table_id(names(node.child("name")), statement.scope)
    query = node.child("query")
    assert query
    replaced, operation = _existing(statement, id, "VIEW")
    reader = statement.reader()
    # The default dataset of the job is not kept with the view.
    scope = dataclasses.replace(statement.scope, project=id.project, default_dataset=None)
    text = Text(statement.sql).span(query, reader.replacements(statement.sql, query, scope))
    location = reader.location("CREATE_VIEW", id)
    fields = _output(reader.analyze(text, read=False), "VIEW")
    if id in reader.views:
        raise BigQueryError("invalidQuery", f"View {id} may not read itself", "query")
    given = node.child("column_with_options_list")
    if given is not None:
        listed = given.children("column_with_options")
        if [_name(item) for item in listed] != [field["name"] for field in fields]:
            raise NotEmulated("a view whose column list differs from its query")
        for item, field in zip(listed, fields, strict=True):
            field |= constants(statement, item.child("options_list"))
    resource: Resource = {
        "type": "VIEW",
        "schema": {"fields": fields},
        "view": {"query": slice_of(statement, query), "useLegacySql": False},
    }
    apply_options(resource, constants(statement, node.child("options_list")), TABLE_OPTIONS)
    outcome = statement.outcome("CREATE_VIEW", reader, location, id)
    outcome.operation = operation
    outcome.bytes_processed = 0
    if operation != "SKIP" and not statement.dry_run:
        statement.warehouse.storage.put(Table(id, resource, grants=replaced.grants if replaced else {}))
    return outcome


def _name(node: Node, field: str = "name") -> str:
    child = node.child(field)
    assert child
    return child.text("id_string")


def create_schema(statement: Statement) -> Outcome:
    """CREATE SCHEMA."""
    node, storage = statement.node, statement.warehouse.storage
    project, dataset = dataset_of(statement, names(node.child("name")))
    outcome = Outcome("CREATE_SCHEMA", "US", operation="CREATE")
    options = constants(statement, node.child("options_list"))
    resource: Resource = {"datasetReference": {"projectId": project, "datasetId": dataset}}
    apply_options(resource, options, DATASET_OPTIONS)
    resource.setdefault("location", statement.scope.location or "US")
    outcome.location = resource["location"]
    if (project, dataset) in storage.datasets:
        if not node.number("is_if_not_exists"):
            raise BigQueryError("duplicate", f"Already Exists: Dataset {project}:{dataset}")
        outcome.operation = "SKIP"
    elif not statement.dry_run:
        storage.put_dataset(resource)
    return outcome


def dataset_of(statement: Statement, path: Sequence[str]) -> tuple[str, str]:
    """The dataset that a path names."""
    parts = [part for name in path for part in name.split(".")]
    if len(parts) == 1:
        parts = [statement.scope.project, *parts]
    if len(parts) != 2:
        raise BigQueryError("invalid", f"Invalid dataset name {'.'.join(parts)}")
    return parts[0], parts[1]


KINDS = {"kTable": "TABLE", "kView": "VIEW", "kExternalTable": "EXTERNAL", "kMaterializedView": "MATERIALIZED_VIEW"}


def drop(statement: Statement) -> Outcome:
    """DROP TABLE, VIEW, EXTERNAL TABLE and SCHEMA."""
    node, storage = statement.node, statement.warehouse.storage
    kind = node.choice("schema_object_kind")
    if kind == "kSchema":
        return _drop_schema(statement)
    if kind not in KINDS:
        raise NotEmulated(f"DROP of a {kind.removeprefix('k')}")
    id = table_id(names(node.child("name")), statement.scope)
    location = statement.reader().location(f"DROP_{KINDS[kind]}", id)
    outcome = Outcome(f"DROP_{KINDS[kind]}", location, target=id, operation="DROP")
    if id not in storage.tables and node.number("is_if_exists"):
        outcome.operation = "SKIP"
        return outcome
    expect(storage.table(id), KINDS[kind])
    if not statement.dry_run:
        storage.drop(id)
    return outcome


def _drop_schema(statement: Statement) -> Outcome:
    node, storage = statement.node, statement.warehouse.storage
    project, dataset = dataset_of(statement, names(node.child("name")))
    outcome = Outcome("DROP_SCHEMA", "US", operation="DROP")
    if (project, dataset) not in storage.datasets and node.number("is_if_exists"):
        outcome.operation = "SKIP"
        return outcome
    outcome.location = storage.dataset(project, dataset)["location"]
    tables = list(storage.of_dataset(project, dataset))
    if tables and node.choice("drop_mode") != "CASCADE":
        raise BigQueryError("invalid", f"Dataset {project}:{dataset} is still in use")
    if not statement.dry_run:
        for table in tables:
            storage.drop(table.id)
        del storage.datasets[project, dataset]
    return outcome


# ALTER


def alter(statement: Statement) -> Outcome:
    """ALTER TABLE and ALTER VIEW."""
    node, storage = statement.node, statement.warehouse.storage
    kind = "VIEW" if node.kind == "ASTAlterViewStatement" else "TABLE"
    id = table_id(names(node.child("path")), statement.scope)
    outcome = Outcome(f"ALTER_{kind}", statement.reader().location(f"ALTER_{kind}", id), target=id, operation="ALTER")
    if id not in storage.tables and node.number("is_if_exists"):
        outcome.operation = "SKIP"
        return outcome
    old = storage.table(id)
    if kind == "VIEW" or old.resource["type"] == "VIEW":
        expect(old, kind)
    new = Table(id, copy.deepcopy(old.resource), old.rows, grants=old.grants)
    actions = node.child("action_list")
    for action in actions.children("actions") if actions else []:
        _alter(statement, new, action)
    if not statement.dry_run:
        if new.id != id:
            storage.drop(id)
        storage.put(new)
    return outcome


def _alter(statement: Statement, table: Table, action: Node) -> None:
    fields = table.resource.setdefault("schema", {}).setdefault("fields", [])
    match action.kind:
        case "ASTSetOptionsAction":
            apply_options(table.resource, constants(statement, action.child("options_list")), TABLE_OPTIONS)
        case "ASTAddColumnAction":
            _add_column(statement, table, action)
        case "ASTDropColumnAction":
            number = _position(table, _name(action, "column_name"), bool(action.number("is_if_exists")))
            if number is not None:
                _check_droppable(table, fields[number]["name"])
                del fields[number]
                kept = range(len(fields) + 1)
                table.rows = [new_row(cell=[row.cell[i] for i in kept if i != number]) for row in table.rows]
        case "ASTRenameColumnAction":
            number = _position(table, _name(action, "column_name"), bool(action.number("is_if_exists")))
            if number is not None:
                _check_droppable(table, fields[number]["name"])
                fields[number]["name"] = _name(action, "new_column_name")
                _distinct(fields)
        case "ASTAlterColumnOptionsAction":
            number = _position(table, _name(action, "column_name"), bool(action.number("is_if_exists")))
            if number is not None:
                options = constants(statement, action.child("options_list"))
                if unknown := sorted(set(options) - {"description"}):
                    raise NotEmulated(f"column option {', '.join(unknown)}")
                fields[number].pop("description", None)
                if options.get("description"):
                    fields[number]["description"] = options["description"]
        case "ASTAlterColumnDropNotNullAction":
            number = _position(table, _name(action, "column_name"), bool(action.number("is_if_exists")))
            if number is not None:
                fields[number]["mode"] = "NULLABLE"
        case "ASTRenameToClause":
            new = names(action.child("new_name"))
            if len(new) != 1:
                raise BigQueryError("invalidQuery", "The new name of a table may not be qualified", "query")
            table.id = TableId(table.id.project, table.id.dataset, new[0])
            if table.id in statement.warehouse.storage.tables:
                raise BigQueryError("duplicate", f"Already Exists: Table {table.id}")
        case _:
            raise NotEmulated(f"ALTER TABLE with {action.kind.removeprefix('AST').removesuffix('Action')}")


def _position(table: Table, name: str, optional: bool) -> int | None:
    for number, field in enumerate(table.fields):
        if field["name"].lower() == name.lower():
            return number
    if optional:
        return None
    raise BigQueryError("invalidQuery", f"Column not found: {name}", "query")


def _check_droppable(table: Table, name: str) -> None:
    time, range = table.resource.get("timePartitioning", {}), table.resource.get("rangePartitioning", {})
    layout = [time.get("field"), range.get("field"), *table.resource.get("clustering", {}).get("fields", [])]
    key = table.resource.get("tableConstraints", {}).get("primaryKey", {}).get("columns", [])
    if name.lower() in {column.lower() for column in (*layout, *key) if column}:
        message = f"Column {name} is a key, or partitions or clusters the table, and cannot be dropped or renamed"
        raise BigQueryError("invalidQuery", message, "query")


def _add_column(statement: Statement, table: Table, action: Node) -> None:
    definition = action.child("column_definition")
    assert definition
    schema = definition.child("schema")
    assert schema
    name = _name(definition)
    if _position(table, name, optional=True) is not None:
        if action.number("is_if_not_exists"):
            return
        raise BigQueryError("invalidQuery", f"Column already exists: {name}", "query")
    field = column(statement, name, schema)
    if field["mode"] == "REQUIRED":
        message = f"Cannot add required columns to an existing schema: {name}"
        raise BigQueryError("invalidQuery", message, "query")
    table.fields.append(field)
    empty = cell(None, field)
    table.rows = [new_row(cell=[*row.cell, empty]) for row in table.rows]


def alter_schema(statement: Statement) -> Outcome:
    """ALTER SCHEMA SET OPTIONS."""
    node, storage = statement.node, statement.warehouse.storage
    project, dataset = dataset_of(statement, names(node.child("path")))
    resource = copy.deepcopy(storage.dataset(project, dataset))
    actions = node.child("action_list")
    for action in actions.children("actions") if actions else []:
        if action.kind != "ASTSetOptionsAction":
            raise NotEmulated(f"ALTER SCHEMA with {action.kind}")
        options = constants(statement, action.child("options_list"))
        if "location" in options:
            raise BigQueryError("invalidQuery", "The location of a dataset cannot change", "query")
        apply_options(resource, options, DATASET_OPTIONS)
    if not statement.dry_run:
        storage.put_dataset(resource)
    return Outcome("ALTER_SCHEMA", resource["location"], operation="ALTER")


# DCL


def grant(statement: Statement) -> Outcome:
    """GRANT roles ON TABLE or VIEW."""
    return _dcl(statement, "GRANT")


def revoke(statement: Statement) -> Outcome:
    """REVOKE roles ON TABLE or VIEW."""
    return _dcl(statement, "REVOKE")


def _dcl(statement: Statement, statement_type: str) -> Outcome:
    node = statement.node
    on = " ".join(part.text("id_string") for part in node.children("target_type_parts")).upper()
    if on not in ("TABLE", "VIEW", "EXTERNAL TABLE"):
        raise NotEmulated(f"{statement_type} on {on}")
    id = table_id(names(node.child("target_path")), statement.scope)
    table = statement.warehouse.storage.table(id)
    privileges, grantees = node.child("privileges"), node.child("grantee_list")
    assert privileges and grantees
    roles = [_name(privilege, "privilege_action") for privilege in privileges.children("privileges")]
    text = Text(statement.sql).write("SELECT ")
    for grantee in grantees.children("grantee_list"):
        text.span(grantee).write(", ")
    result = statement.warehouse.analyzer.evaluate(text, [], (), statement.variables)
    members = [value.string_value for value in result.rows[0].cell]
    for member in members:
        if not PRINCIPAL.fullmatch(member):
            raise BigQueryError("invalidQuery", f"Invalid grantee: {member}", "query")
    outcome = Outcome(statement_type, statement.reader().location(statement_type, id), target=id)
    if statement.dry_run:
        return outcome
    grants = {role: list(held) for role, held in table.grants.items()}
    for role in roles:
        held = grants.setdefault(role, [])
        if statement_type == "GRANT":
            held.extend(member for member in members if member not in held)
        else:
            grants[role] = [member for member in held if member not in members]
    table.grants = {role: held for role, held in grants.items() if held}
    return outcome
