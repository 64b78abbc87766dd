"""GoogleSQL as BigQuery has it: language options, parsing, analysis and evaluation against tables of the caller's.

A table has one flat name in the engine's catalogue (project.dataset.table in one pair of backticks), since contents can
be given to tables of the root catalogue only. `Text` rewrites a statement so, and finds the way back for positions.
"""

from __future__ import annotations

import bisect
import json
import re
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.parser import parse_tree_pb2
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import builtin_function_pb2, type_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as public_options_pb2
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_ast_pb2, resolved_node_kind_pb2

from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.storage import Resource
from tests.engines.bigquery.trees import Node, mark
from tests.engines.bigquery.values import ALIASES, Row, TypeProto, new_cell, new_row, type_of
from tests.engines.bigquery.zetasql_module import ModuleError, ModuleTrapError, ZetaSql

# Of ZetaSQL's features, those that BigQuery has. Deliberately without, among others: LATERAL_JOIN,
# LATERAL_COLUMN_REFERENCES, CONCAT_MIXED_TYPES, ARRAY_EQUALITY, MAP_TYPE, LITERAL_CONCATENATION.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax
FEATURES = """
    ADDITIONAL_STRING_FUNCTIONS AGGREGATE_FILTERING ALLOW_CONSECUTIVE_ON ALLOW_DASHES_IN_TABLE_NAME
    ALLOW_MISSING_PATH_EXPRESSION_IN_ALTER_DDL ALLOW_REGEXP_EXTRACT_OPTIONALS ALTER_COLUMN_SET_DATA_TYPE
    ALTER_TABLE_RENAME_COLUMN ALTER_VIEWS_ALTER_COLUMN_SET_OPTIONS ANALYTIC_FUNCTIONS BARE_ARRAY_ACCESS BIGNUMERIC_TYPE
    BY_NAME CAST_DIFFERENT_ARRAY_TYPES CBRT_FUNCTIONS CIVIL_TIME COLUMN_DEFAULT_VALUE CORRESPONDING
    CREATE_EXTERNAL_TABLE_WITH_CONNECTION CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS
    CREATE_EXTERNAL_TABLE_WITH_TABLE_ELEMENT_LIST CREATE_TABLE_AS_SELECT_COLUMN_LIST CREATE_TABLE_CLUSTER_BY
    CREATE_TABLE_CLONE CREATE_TABLE_COPY CREATE_TABLE_FIELD_ANNOTATIONS CREATE_TABLE_LIKE CREATE_TABLE_NOT_NULL
    CREATE_TABLE_PARTITION_BY CREATE_VIEWS_WITH_COLUMN_OPTIONS CREATE_VIEW_WITH_COLUMN_LIST DATE_ARITHMETICS
    DATE_TIME_CONSTRUCTORS DECIMAL_ALIAS DISABLE_FLOAT32 DISALLOW_GROUP_BY_FLOAT DML_UPDATE_WITH_JOIN
    ENABLE_CONSTANT_EXPRESSION_IN_JSON_PATH EXTENDED_DATE_TIME_SIGNATURES FOREIGN_KEYS FORMAT_IN_CAST
    FOR_SYSTEM_TIME_AS_OF GROUPING_BUILTIN GROUPING_SETS GROUP_BY_ALL GROUP_BY_ARRAY GROUP_BY_ROLLUP GROUP_BY_STRUCT
    HAVING_IN_AGGREGATE INTERVAL_TYPE INVERSE_TRIG_FUNCTIONS IS_DISTINCT JSON_ARRAY_FUNCTIONS
    JSON_ARRAY_VALUE_EXTRACTION_FUNCTIONS JSON_CONSTRUCTOR_FUNCTIONS JSON_KEYS_FUNCTION
    JSON_LAX_VALUE_EXTRACTION_FUNCTIONS JSON_MORE_VALUE_EXTRACTION_FUNCTIONS JSON_MUTATOR_FUNCTIONS JSON_QUERY_LAX
    JSON_STRICT_NUMBER_PARSING JSON_TYPE JSON_VALUE_EXTRACTION_FUNCTIONS LIKE_ANY_SOME_ALL LIKE_ANY_SOME_ALL_ARRAY
    LIKE_ANY_SOME_ALL_SUBQUERY LIMIT_IN_AGGREGATE LOAD_DATA_PARTITIONS NAMED_ARGUMENTS
    NULLS_FIRST_LAST_IN_ORDER_BY NULL_HANDLING_MODIFIER_IN_AGGREGATE NULL_HANDLING_MODIFIER_IN_ANALYTIC NUMERIC_TYPE
    OMIT_INSERT_COLUMN_LIST ORDER_BY_IN_AGGREGATE PARAMETERIZED_TYPES PIPES PIVOT QUALIFY RANGE_TYPE REPEAT
    ROUND_WITH_ROUNDING_MODE SAFE_FUNCTION_CALL SELECT_STAR_EXCEPT_REPLACE SINGLETON_UNNEST_INFERS_ALIAS TABLESAMPLE
    TABLE_VALUED_FUNCTIONS TEMPLATE_FUNCTIONS TYPEOF_FUNCTION UNENFORCED_PRIMARY_KEYS UNPIVOT WEEK_WITH_WEEKDAY
    WITH_ON_SUBQUERY WITH_RECURSIVE
"""
# Of ZetaSQL's functions, those that BigQuery does not have, as the names of their signatures begin.
# https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
NOT_IN_BIGQUERY = """
    APPLY APPROX_COSINE_DISTANCE APPROX_DOT_PRODUCT APPROX_EUCLIDEAN_DISTANCE ARRAY_FILTER ARRAY_FIRST_N ARRAY_INCLUDES
    ARRAY_IS_DISTINCT ARRAY_LAST_N ARRAY_MAX ARRAY_MIN ARRAY_REMOVE_FIRST_N ARRAY_REMOVE_LAST_N ARRAY_TRANSFORM
    DOT_PRODUCT ELEMENTWISE_AVG ELEMENTWISE_SUM FLATTEN IFERROR ISERROR IS_FIRST IS_LAST JSON_LAX_TO_BOOL_ARRAY
    JSON_LAX_TO_FLOAT64_ARRAY JSON_LAX_TO_INT64_ARRAY JSON_LAX_TO_STRING_ARRAY JSON_TO_BOOL_ARRAY JSON_TO_FLOAT64_ARRAY
    JSON_TO_INT64_ARRAY JSON_TO_STRING_ARRAY L1_NORM L2_NORM MANHATTAN_DISTANCE NULLIFERROR RANGE_IS_END_UNBOUNDED
    RANGE_IS_START_UNBOUNDED REGEXP_EXTRACT_GROUPS SAFE_TO_JSON SPLIT_SUBSTR TIMESTAMP_FROM_UNIX TO_SECONDS_INTERVAL
    ZSTD
"""

TABLE_PATH = mark(parse_tree_pb2.AnyASTTableExpressionProto.DESCRIPTOR, "ast_table_path_expression_node")
SET_OPERATION = mark(resolved_ast_pb2.AnyResolvedScanProto.DESCRIPTOR, "resolved_set_operation_scan_node")
# Name of the hidden column that numbers the rows of a table that is changed.
ROW = "_row_"
# Catalogues and rows in them that stay registered for further statements.
CATALOGS, ROWS = 40, 200_000
# Statements that are not analyzed again: dbt sends most of them with each build.
ANALYZED = 2_000


@dataclass(frozen=True)
class Relation:
    """A table as a statement sees it. Relations with equal keys are equal."""

    name: str
    key: Hashable
    fields: Sequence[Resource] = field(compare=False, hash=False)
    rows: Sequence[Row] = field(compare=False, hash=False)
    # With a hidden column ROW.
    numbered: bool = False


@dataclass(frozen=True)
class Variable:
    """A variable of a script, or a constant of the session."""

    name: str
    type: TypeProto = field(compare=False, hash=False)
    value: Any = field(compare=False, hash=False)


class Text:
    """SQL made of pieces of a statement and of replacements, which remembers where the pieces stood."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.parts: list[bytes] = []
        self._starts: list[int] = []
        self._origins: list[tuple[int, bool]] = []
        self._size = 0

    def copy(self, start: int, end: int) -> Text:
        """Append a piece of the source."""
        return self._append(self.source[start:end], start, True)

    def write(self, sql: str, origin: int = 0) -> Text:
        """Append SQL that stands for what stood at `origin`."""
        return self._append(sql.encode(), origin, False)

    def span(self, node: Node, replacements: Iterable[tuple[int, int, str]] = ()) -> Text:
        """Append a node's SQL, with parts of it (start, end, SQL) replaced."""
        start, end = node.span
        for first, last, sql in sorted(replacements):
            if start <= first and last <= end:
                self.copy(start, first).write(sql, first)
                start = last
        return self.copy(start, end)

    def _append(self, piece: bytes, origin: int, copied: bool) -> Text:
        self._starts.append(self._size)
        self._origins.append((origin, copied))
        self._size += len(piece)
        self.parts.append(piece)
        return self

    @property
    def sql(self) -> str:
        return b"".join(self.parts).decode()

    def located(self, message: str) -> str:
        """An error message with its position as in the source, written as BigQuery does: at [1:8]."""

        def replaced(match: re.Match[str]) -> str:
            lines = self.sql.encode().split(b"\n")[: int(match[1])]
            line = lines.pop().decode()[: int(match[2]) - 1] if lines else ""
            offset = sum(len(part) + 1 for part in lines) + len(line.encode())
            part = bisect.bisect_right(self._starts, offset) - 1
            origin, copied = self._origins[part]
            before = self.source[: origin + (offset - self._starts[part] if copied else 0)].decode(errors="replace")
            return f"at [{before.count(chr(10)) + 1}:{len(before) - (before.rfind(chr(10)) + 1) + 1}]"

        return re.sub(r"\[at (\d+):(\d+)\]", replaced, message)


def whole(sql: str) -> Text:
    """A text that is all of a statement, as it is."""
    source = sql.encode()
    return Text(source).copy(0, len(source))


@dataclass
class Result:
    """Of a query: columns (name, type) and rows."""

    columns: list[tuple[str, TypeProto]]
    rows: list[Row]


class Analyzer:
    """Parses, analyzes and evaluates."""

    def __init__(self) -> None:
        self.service = ZetaSql()
        self.language = options_pb2.LanguageOptionsProto(
            product_mode=public_options_pb2.PRODUCT_EXTERNAL,
            enabled_language_features=[
                public_options_pb2.LanguageFeature.Value(f"FEATURE_{name}") for name in FEATURES.split()
            ],
            supported_statement_kinds=[
                number for name, number in resolved_node_kind_pb2.ResolvedNodeKind.items() if name.endswith("_STMT")
            ],
            reserved_keywords=["QUALIFY"],
        )
        self.options = self.service.call(
            "GetAnalyzerOptions", service.AnalyzerOptionsRequest(), options_pb2.AnalyzerOptionsProto
        )
        self.options.language_options.CopyFrom(self.language)
        self.options.default_timezone = "UTC"
        self.options.prune_unused_columns = True
        self._pools = service.DescriptorPoolListProto()
        self._pools.definitions.add().builtin.SetInParent()
        self._base = simple_catalog_pb2.SimpleCatalogProto(name="bigquery")
        self._base.builtin_function_options.language_options.CopyFrom(self.language)
        excluded = tuple(f"FN_{name}" for name in NOT_IN_BIGQUERY.split())
        self._base.builtin_function_options.exclude_function_ids.extend(
            number for name, number in builtin_function_pb2.FunctionSignatureId.items() if name.startswith(excluded)
        )
        for alias in ("INTEGER", *(alias for alias, name in ALIASES.items() if name == "INTEGER" and alias != "INT64")):
            self._base.named_type.add(name=alias).type.type_kind = type_pb2.TYPE_INT64
        self._catalogs: OrderedDict[frozenset[Hashable], tuple[int, int]] = OrderedDict()
        self._analyzed: OrderedDict[Hashable, Node] = OrderedDict()
        self._generation = self.service.generation

    # Parsing

    def statements(self, sql: str) -> list[Node]:
        """The statements of a script, positions within all of it. Raises BigQueryError (invalidQuery)."""
        request = service.ParseRequest(sql_statement=sql, options=self.language, allow_script=True)
        response = Node(service.ParseResponse.DESCRIPTOR, self._call("Parse", request, whole(sql)))
        script = response.child("parsed_script")
        body = script.child("statement_list_node") if script else None
        return body.children("statement_list") if body else []

    def table_names(self, sql: str) -> set[tuple[str, ...]]:
        """The paths in a statement that name tables, and not a CTE or an array of a table before it."""
        request = service.ExtractTableNamesFromStatementRequest(sql_statement=sql, options=self.language)
        response = service.ExtractTableNamesFromStatementResponse.FromString(
            self._call("ExtractTableNamesFromStatement", request, whole(sql))
        )
        return {tuple(name.table_name_segment) for name in response.table_name}

    # Analysis and evaluation

    def analyze(
        self,
        text: Text,
        relations: Iterable[Relation],
        targets: Sequence[TypeProto] = (),
        variables: Sequence[Variable] = (),
    ) -> Node:
        """The resolved statement. targets: types that the columns of the query must be able to become."""
        relations = list(relations)
        # All that it depends on: not the rows.
        key = (
            text.sql,
            frozenset((relation.name, relation.numbered, json.dumps(relation.fields)) for relation in relations),
            tuple(target.SerializeToString() for target in targets),
            tuple((each.name, each.type.SerializeToString(), each.value.SerializeToString()) for each in variables),
        )
        if key in self._analyzed:
            self._analyzed.move_to_end(key)
            return self._analyzed[key]
        request = service.AnalyzeRequest(sql_statement=text.sql)
        self._prepare(request, relations, targets, variables)
        response = Node(service.AnalyzeResponse.DESCRIPTOR, self._call("Analyze", request, text))
        statement = response.child("resolved_statement")
        assert statement is not None
        _check(statement)
        self._analyzed[key] = statement
        if len(self._analyzed) > ANALYZED:
            self._analyzed.popitem(last=False)
        return statement

    def evaluate(
        self,
        text: Text,
        relations: Iterable[Relation],
        targets: Sequence[TypeProto] = (),
        variables: Sequence[Variable] = (),
    ) -> Result:
        """The result of a query."""
        request = service.EvaluateQueryRequest(sql=text.sql)
        self._prepare(request, relations, targets, variables)
        response = service.EvaluateQueryResponse.FromString(self._call("EvaluateQuery", request, text))
        columns = [(column.name, column.type) for column in response.prepared.columns]
        return Result(columns, list(response.content.table_data.row))

    def columns(
        self,
        text: Text,
        relations: Iterable[Relation],
        targets: Sequence[TypeProto] = (),
        variables: Sequence[Variable] = (),
    ) -> list[tuple[str, TypeProto]]:
        """What a query would return."""
        request = service.PrepareQueryRequest(sql=text.sql)
        self._prepare(request, relations, targets, variables)
        prepared = service.PrepareQueryResponse.FromString(self._call("PrepareQuery", request, text)).prepared
        self._call("UnprepareQuery", service.UnprepareQueryRequest(prepared_query_id=prepared.prepared_query_id), text)
        return [(column.name, column.type) for column in prepared.columns]

    def expression_sql(self, expression: Any, variables: Sequence[Variable] = ()) -> str:
        """The SQL of a resolved expression (AnyResolvedExprProto)."""
        request = service.BuildSqlRequest(descriptor_pool_list=self._pools, resolved_expression=expression)
        request.registered_catalog_id = self._registered((), variables)
        sql: str = service.BuildSqlResponse.FromString(self._call("BuildSql", request, whole(""))).sql
        return sql

    def _prepare(
        self,
        request: Any,
        relations: Iterable[Relation],
        targets: Sequence[TypeProto],
        variables: Sequence[Variable],
    ) -> None:
        request.options.CopyFrom(self.options)
        request.options.target_column_types.extend(targets)
        request.descriptor_pool_list.CopyFrom(self._pools)
        request.registered_catalog_id = self._registered(relations, variables)

    def _call(self, method: str, request: Any, text: Text) -> bytes:
        try:
            return self.service.call_raw(method, request.SerializeToString())
        except ModuleError as error:
            raise self._error(error, text) from error
        except ModuleTrapError as error:
            raise NotEmulated(f"what made the SQL engine stop: {error}") from error

    def _error(self, error: ModuleError, text: Text) -> BigQueryError:
        message = re.sub(
            r"^Table not found: (\S+)(?=.* \[at )",
            r'Table "\1" must be qualified with a dataset (e.g. dataset.table).',
            error.message,
        )
        message = text.located(message)
        # absl::StatusCode: UNIMPLEMENTED and INTERNAL are the reference engine's own limits.
        if error.code in (12, 13):
            return NotEmulated(message)
        return BigQueryError("invalidQuery", message, "query")

    # The catalogue

    def _registered(self, relations: Iterable[Relation], variables: Sequence[Variable]) -> int:
        """A registered catalogue that holds these relations."""
        if self._generation != self.service.generation:
            self._catalogs.clear()
            self._generation = self.service.generation
        wanted = {(relation.name, relation.key, relation.numbered): relation for relation in relations}
        if variables:
            # Rare, and their values change: a catalogue of its own.
            wanted = {**wanted}
            values = ((v.name, v.type.SerializeToString() + v.value.SerializeToString()) for v in variables)
            key: frozenset[Hashable] = frozenset((*wanted, *values))
        else:
            key = frozenset(wanted)
            for known, (id, _) in self._catalogs.items():
                if known >= key and self._serves(known, key):
                    self._catalogs.move_to_end(known)
                    return id
        if key in self._catalogs:
            return self._catalogs[key][0]
        request = service.RegisterCatalogRequest(descriptor_pool_list=self._pools)
        request.simple_catalog.CopyFrom(self._base)
        for relation in wanted.values():
            _add(request, relation)
        for variable in variables:
            constant = request.simple_catalog.constant.add(name_path=[variable.name])
            constant.type.CopyFrom(variable.type)
            constant.value.CopyFrom(variable.value)
        response = service.RegisterResponse.FromString(self._call("RegisterCatalog", request, whole("")))
        self._catalogs[key] = (response.registered_id, sum(len(relation.rows) for relation in wanted.values()))
        while len(self._catalogs) > CATALOGS or (
            len(self._catalogs) > 1 and sum(rows for _, rows in self._catalogs.values()) > ROWS
        ):
            _, (old, _) = self._catalogs.popitem(last=False)
            self._call("UnregisterCatalog", service.UnregisterRequest(registered_id=old), whole(""))
        return int(response.registered_id)

    @staticmethod
    def _serves(known: frozenset[Hashable], key: frozenset[Hashable]) -> bool:
        """Whether a larger catalogue may stand in: it has no variables, which might hide what is meant."""
        return all(isinstance(part, tuple) and len(part) == 3 for part in known - key)


def _check(statement: Node) -> None:
    """Raises BigQueryError for what the analyzer takes and no feature of it turns off."""
    for scan in statement.find("ResolvedSetOperationScan", SET_OPERATION):
        kind = scan.choice("op_type")
        if kind in ("EXCEPT_ALL", "INTERSECT_ALL"):
            raise BigQueryError("invalidQuery", f"{kind.replace('_', ' ')} is not supported", "query")


def _add(request: Any, relation: Relation) -> None:
    table = request.simple_catalog.table.add(name=relation.name, serialization_id=len(request.simple_catalog.table) + 1)
    for column in relation.fields:
        table.column.add(name=column["name"]).type.CopyFrom(type_of(column))
    content = request.table_content[relation.name].table_data
    if relation.numbered:
        table.column.add(name=ROW, is_pseudo_column=True).type.type_kind = type_pb2.TYPE_INT64
        content.row.extend(
            new_row(cell=[*row.cell, new_cell(int64_value=number)]) for number, row in enumerate(relation.rows)
        )
    else:
        content.row.extend(relation.rows)
