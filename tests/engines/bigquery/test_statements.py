"""SQL: what BigQuery accepts and gives, and what it refuses and why.

Above all where the analyzer alone is looser or stricter than BigQuery, and what dbt-bigquery sends. Tables are named
without their dataset, which is each test's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engines.bigquery import Client, RefusedError, Result
from tests.engines.bigquery.refusals import refused

Run = Callable[..., Result]


def runner(client: Client, dataset: str) -> Run:
    """run(sql, ...): executes SQL in a dataset."""

    def run(sql: str, **settings: Any) -> Result:
        return client.query(sql, defaultDataset={"datasetId": dataset}, **settings)

    return run


@pytest.fixture
def run(client: Client, dataset: str) -> Run:
    """Executes SQL in an empty dataset."""
    return runner(client, dataset)


@pytest.fixture(scope="module")
def ward(client: Client, new_dataset: Callable[[str], str]) -> Run:
    """Executes SQL in a dataset that no test may change: it has a table `beds` of three rows, and a view of it."""
    dataset = new_dataset("us-east4")
    run = runner(client, dataset)
    run("create table beds (id int64, room string, tags array<string>, size struct<w int64, h int64>, price numeric)")
    run(
        "insert into beds values (1, 'a', ['x', 'y'], (2, 1), 1.5), (2, 'b', [], null, 0.1), (3, null, null, null, 0.2)"
    )
    run(f"create view cheap as select id, room from {dataset}.beds where price < 1")
    run("create table required (id int64 not null, room string)")
    run("create table daily (day date, room string, n int64) partition by day cluster by room")
    return run


ACCEPTED = {
    "cast of text that does not fit": ("select safe_cast('x' as int64), safe_cast('7' as int64)", [[None, "7"]]),
    "aliases of types": (
        "select cast('1' as integer), cast(1 as bigint), cast(2 as int), cast(true as boolean), cast('1' as decimal)",
        [["1", "1", "2", "true", "1"]],
    ),
    "decimals are exact": ("select numeric '0.1' + numeric '0.2', 0.1 + 0.2", [["0.3", "0.30000000000000004"]]),
    "decimals have nine digits after the point": (
        "select cast('1.2345678915' as numeric), numeric '1' / 3",
        [["1.234567892", "0.333333333"]],
    ),
    "numbers that are none": (
        "select cast('nan' as float64), cast('inf' as float64), cast('-inf' as float64), ieee_divide(1, 0)",
        [["NaN", "Infinity", "-Infinity", "Infinity"]],
    ),
    "no division by zero": ("select safe_divide(1, 0), nullif(0, 0)", [[None, None]]),
    "an element of an array": (
        "select x[0], x[offset(1)], x[ordinal(1)], x[safe_offset(9)] from (select [1, 2] as x)",
        [["1", "2", "1", None]],
    ),
    "a NULL array is empty": ("select cast(null as array<int64>), array_length(null)", [[[], None]]),
    "an empty array is no NULL": ("select id from beds where tags is null", []),
    "a NULL record stays": ("select size, size.w from beds where id = 2", [[None, None]]),
    "an aggregate without its NULLs": (
        "select array_agg(room ignore nulls order by room desc) from beds",
        [[["b", "a"]]],
    ),
    "arrays of records": ("select [struct(1 as a, ['x'] as b)]", [[[["1", ["x"]]]]]),
    "a join with an array": ("select id, tag from beds, beds.tags as tag order by tag", [["1", "x"], ["1", "y"]]),
    "all but a column": ("select * except (tags, size, price) from beds where id = 1", [["1", "a"]]),
    "rows by a window": ("select id from beds qualify row_number() over (order by id desc) = 1", [["3"]]),
    "names in any case": ("select B.ID from beds as b where b.Id = 2", [["2"]]),
    "columns without names": ("select 1, 'x'", [["1", "x"]]),
    "a column before a variable": ("declare id int64 default 9; select max(id) from beds", [["3"]]),
    "grouping by all that is no aggregate": (
        "select room is null, count(*) from beds group by all order by 1",
        [["false", "2"], ["true", "1"]],
    ),
    "an aggregate with a filter": ("select count(id where id > 1) from beds", [["2"]]),
    "a value by the greatest of another": ("select any_value(room having max price) from beds", [["a"]]),
    "rows of both, once": ("select 1 as a except distinct select 2 as a", [["1"]]),
    "a recursion": (
        "with recursive t as (select 1 as n union all select n + 1 from t where n < 3) select sum(n) from t",
        [["6"]],
    ),
    "rows as columns": ("select * from (select 'a' as k, 1 as v) pivot (sum(v) for k in ('a', 'b'))", [["1", None]]),
    "pipes": ("from beds |> where id > 1 |> aggregate count(*) as n", [["2"]]),
    "days": (
        "select date_add(date '2024-01-31', interval 1 month), date_trunc(date '2024-05-17', month)",
        [["2024-02-29", "2024-05-01"]],
    ),
    "microseconds": (
        "select unix_micros(timestamp '2024-01-31 10:00:00.123456+02'), datetime '2024-01-31 10:00:00.5'",
        [["1706688000123456", "2024-01-31T10:00:00.500000"]],
    ),
    "a date meets a timestamp as text only": ("select timestamp '2024-01-01' = '2024-01-01'", [["true"]]),
    "hashes": (
        "select to_hex(sha256('a')), farm_fingerprint('a')",
        [["ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb", "-5528939962900187677"]],
    ),
    "JSON": ("""select json_value('{"a": [1, "x"]}', '$.a[1]'), json '{"a": 1}'.a""", [["x", "1"]]),
    "bytes are base64": ("select b'abc'", [["YWJj"]]),
    "who asks": ("select session_user()", [["owner@example.com"]]),
    "a view": ("select * from cheap order by id", [["2", "b"], ["3", None]]),
    "a name that hides a table": ("with beds as (select 7 as id) select id from beds", [["7"]]),
    "a statement with a comment and a semicolon": ("/* one */ select 1; -- two", [["1"]]),
    "rows beside a query of none": (
        "select id from (select id from beds limit 0 offset 1) union all select 1",
        [["1"]],
    ),
    "an aggregate of no rows": ("select count(*), max(id) from beds where false", [["0", None]]),
}


@pytest.mark.parametrize(("sql", "rows"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_query_gives(ward: Run, sql: str, rows: list[list[Any]]) -> None:
    assert ward(sql).rows == rows


# dbt asks so what a model returns, and makes a table from it.
EMPTY = ("limit 0", "where false", "where false and price > 1 order by room limit 5")


@pytest.mark.parametrize("end", EMPTY)
def test_a_query_that_returns_nothing_tells_its_columns(ward: Run, end: str) -> None:
    columns = "size, upper(room) as name, id + 1"
    nothing, something = (ward(f"select {columns} from (select * from beds {rest})") for rest in (end, ""))
    assert (nothing.rows, nothing.fields) == ([], something.fields)
    assert len(something.rows) == 3


def test_a_table_of_a_query_that_returns_nothing_is_empty(run: Run) -> None:
    run("create table a as select * from (select 1 as id, ['x'] as tags) where false")
    assert run("select * from a").rows == []
    run("insert into a values (2, ['y'])")
    assert run("select id, tags from a").rows == [["2", ["y"]]]


# Each with a part of the message. All are errors of the query.
REFUSED = {
    # Dialects that a developer may have in mind, and features of ZetaSQL that BigQuery does not have.
    "a column of the same list": ("select id + 1 as a, a + 1 as b from beds", "Unrecognized name: a"),
    "text and number": ("select 'a' || 1", "No matching signature for operator ||"),
    "a comparison of arrays": ("select [1] = [1]", "Equality is not defined for arguments of type ARRAY<INT64>"),
    "literals side by side": ("select 'a' 'b'", "Concatenation of subsequent string literals is not supported"),
    "a lateral join": ("select 1 from beds as b, lateral (select b.id)", "LATERAL join is not supported"),
    "a type of less precision": ("select cast('1' as float32)", "Type not found: float32"),
    "a part of a date as text": (
        "select date_diff('day', date '2024-01-01', date '2024-01-02')",
        "A valid date part name is required",
    ),
    "a cast by colons": ("select 1::int64", "Syntax error"),
    "an aggregate with FILTER": ("select count(*) filter (where id > 1) from beds", "Syntax error"),
    "a cast of DuckDB": ("select try_cast('x' as int64)", "Function not found: try_cast"),
    "a date against a timestamp": (
        "select timestamp '2024-01-01' > date '2024-01-01'",
        "No matching signature for operator >",
    ),
    "all but a column, in DuckDB": ("select * exclude (id) from beds", "Syntax error"),
    "FROM first": ("from beds select id", "SELECT not supported after FROM query"),
    "a set operation without a word": ("select 1 union select 2", "Expected keyword ALL or keyword DISTINCT"),
    "all rows but": ("select 1 as a except all select 1 as a", "EXCEPT ALL is not supported"),
    "all rows of both": (
        "select 1 as a from (select 1 as b intersect all select 1 as b)",
        "INTERSECT ALL is not supported",
    ),
    "functions of other databases": ("select iferror(1, 2)", "Function not found: iferror"),
    "lambdas": ("select array_filter([1], e -> e > 0)", "Function not found: array_filter"),
    "a search in an array": ("select array_includes(tags, 'x') from beds", "Function not found: array_includes"),
    "a map": ("select map('a', 1)", "Function not found: map"),
    "grouping by a fraction": (
        "select x from unnest([1.5]) as x group by x",
        "Grouping by expressions of type FLOAT64 is not allowed",
    ),
    "distinct fractions": ("select distinct x from unnest([1.5]) as x", "cannot be used in SELECT DISTINCT"),
    "a word that is reserved": ("select qualify from (select 1 as qualify)", "Unexpected keyword QUALIFY"),
    "TABLE": ("table beds", "TABLE statements are not supported"),
    # Names and results.
    "a name twice": (
        "select id, room as ID from beds",
        "Duplicate column names in the result are not supported. Found duplicate(s): ",
    ),
    "a column that is not there": ("select nothing from beds", "Unrecognized name: nothing at [1:8]"),
    "a parameter that is not given": ("select @x", "Query parameter 'x' not found"),
    "NULL in an array": ("select [1, null] as a", "Array cannot have a null element; error in writing field a"),
    "NULL in an array of a record": (
        "select struct([1, null] as b) as a",
        "Array cannot have a null element; error in writing field b",
    ),
    "NULL in an array of records": (
        "select [struct([1, null] as b)] as a",
        "Array cannot have a null element; error in writing field b",
    ),
    "an array of arrays": ("select [[1]]", "nested arrays are not supported"),
    "division by zero": ("select 1 / 0", "division by zero"),
    "text that is no number": ("select cast(room as int64) from beds", "Bad int64 value: "),
    "a number out of range": ("select cast('99999999999999999999999999999999999' as numeric)", "Invalid NUMERIC value"),
    "more than microseconds": ("select timestamp '2024-01-31 10:00:00.1234567'", "Invalid TIMESTAMP literal"),
    "a day that is not": ("select date '2024-02-30'", "Invalid DATE literal"),
    "nothing": ("-- nothing", "Syntax error: Unexpected end of statement"),
    # DML.
    "UPDATE of all without saying so": ("update beds set room = 'z'", "UPDATE must have a WHERE clause"),
    "DELETE of all without saying so": ("delete beds", "DELETE must have a WHERE clause"),
    "TRUNCATE of some": ("truncate table beds where id = 1", "TRUNCATE TABLE does not support WHERE"),
    "a column twice": ("insert into beds (id, ID) values (1, 2)", "INSERT has columns with duplicate name: ID"),
    "too few values": ("insert into beds values (1)", "Inserted row has wrong column count; Has 1, expected 5"),
    "an unknown column": ("insert into beds (nothing) values (1)", "Column nothing is not present in table"),
    "text for a number": (
        "insert into beds (id) values ('7')",
        "Value has type STRING which cannot be inserted into column id",
    ),
    "text of a query for a number": (
        "insert into beds (id) select room from beds",
        "Query column 1 has type STRING which cannot be inserted",
    ),
    "two values for a column": (
        "update beds set room = 'a', room = 'b' where true",
        "Update item room assigned more than once",
    ),
    "two rows for one, in UPDATE": (
        "update beds as b set room = 'z' from (select 1 as id union all select 1) as s where b.id = s.id",
        "UPDATE/MERGE must match at most one source row for each target row",
    ),
    "two rows for one, in MERGE": (
        "merge beds as b using (select 1 as id union all select 1) as s on b.id = s.id"
        " when matched then update set room = 'z'",
        "UPDATE/MERGE must match at most one source row for each target row",
    ),
    "two rows for one to delete": (
        "merge beds as b using (select 1 as id union all select 1) as s on b.id = s.id when matched then delete",
        "UPDATE/MERGE must match at most one source row for each target row",
    ),
    "a row of MERGE that matches twice in two clauses": (
        "merge beds as b using (select 1 as id, 1 as n union all select 1, 2) as s on b.id = s.id"
        " when matched and n = 1 then delete when matched then update set room = 'z'",
        "UPDATE/MERGE must match at most one source row for each target row",
    ),
    "INSERT of what matched": (
        "merge beds as b using beds as s on b.id = s.id when matched then insert (id) values (1)",
        "INSERT is only allowed for NOT MATCHED BY TARGET clause",
    ),
    "INSERT of no value that is required": (
        "insert into required (room) values ('x')",
        "Required field id cannot be null",
    ),
    "NULL for a value that is required": (
        "merge required using (select 'x' as x) on false when not matched then insert (room) values (x)",
        "Required field id cannot be null",
    ),
    # Scripts.
    "a variable that is not declared": ("set x = 1", "Undeclared variable: x"),
    "one of some variables that is not declared": ("declare x int64; set (x, y) = (1, 2)", "Undeclared variable: y"),
    "a record of fewer values": ("declare x, y int64; set (x, y) = (select as struct 1)", "expected 2, but had 1"),
    "a variable declared twice": ("declare x int64; declare X string; select x", "Variable 'X' is declared twice"),
    "a declaration that is late": (
        "select 1; declare x int64; select x",
        "Variable declarations are allowed only at the start",
    ),
    "a value that does not fit its variable": (
        "declare x int64; set x = 'a'",
        "cannot be coerced to target type INT64",
    ),
    "a default that does not fit its variable": ("declare x int64 default 'a'", "Bad int64 value: a"),
    "a transaction in a transaction": ("begin transaction; begin transaction", "A transaction is already in progress"),
    "COMMIT of nothing": ("commit transaction", "No transaction is in progress to commit"),
    "ROLLBACK of nothing": ("rollback transaction", "No transaction is in progress to roll back"),
    "DDL in a transaction": ("begin transaction; drop table beds", "DDL is not supported within a transaction"),
    "an error in a script": ("select 1; select nothing", "Unrecognized name: nothing at [1:18]"),
    # Tables.
    "columns of one name": ("create table n (a int64, A string)", "Duplicate column name A"),
    "fields of one name": ("create table n (r struct<a int64, A string>)", "Duplicate column name A"),
    "a field without a name": ("create table n (r struct<int64>)", "STRUCT field of column r has no name"),
    "a type of the API": ("create table n (a float)", "Type not found: float"),
    "an unknown type": ("create table n (a text)", "Type not found: text"),
    "a column of arrays of arrays": ("create table n (a array<array<int64>>)", "Arrays of arrays are not supported"),
    "an array that may not be NULL": ("create table n (a array<int64> not null)", "ARRAY column a cannot be NOT NULL"),
    "no columns": ("create table n", "CREATE TABLE requires columns"),
    "a query without names": (
        "create table n as select 1",
        "CREATE TABLE columns must be named, but column 1 has no name",
    ),
    "a query with a name twice": ("create table n as select 1 as a, 2 as A", "Duplicate column names in the result"),
    "fewer columns than listed": (
        "create table n (a int64, b int64) as select 1 as a",
        "Query has unexpected number of output columns",
    ),
    "a column of another type": (
        "create table n (a string) as select 1 as a",
        "cannot be coerced to target type STRING",
    ),
    "NULL in a column that is listed as required": (
        "create table n (a int64 not null) as select cast(null as int64) as a",
        "Required field a cannot be null",
    ),
    "a table that is and is not replaced": (
        "create or replace table if not exists n (a int64)",
        "CREATE TABLE cannot have both OR REPLACE and IF NOT EXISTS",
    ),
    "a key that is enforced": ("create table n (a int64, primary key (a))", "Table constraints must be NOT ENFORCED"),
    "a key of a column that is enforced": (
        "create table n (a int64 primary key)",
        "Table constraints must be NOT ENFORCED",
    ),
    "a key of no column": (
        "create table n (a int64, primary key (b) not enforced)",
        "Unsupported primary key column b",
    ),
    "a check": ("create table n (a int64, check (a > 1) not enforced)", "CHECK constraints are not supported"),
    "an unknown option": ("create table n (a int64) options (nothing = 1)", "Unknown option: nothing"),
    "a required filter without partitions": (
        "create table n (a int64) options (require_partition_filter = true)",
        "require_partition_filter can only be set on a partitioned table",
    ),
    "an expiration without partitions": (
        "create table n (a int64) options (partition_expiration_days = 1)",
        "partition_expiration_days can only be set on a table that is partitioned by time",
    ),
    "partitions by two columns": (
        "create table n (a date, b date) partition by a, b",
        "PARTITION BY expects a single expression",
    ),
    "partitions by no column": ("create table n (a date) partition by b", "Unrecognized name: b"),
    "partitions by text": ("create table n (a string) partition by a", "PARTITION BY expression must be"),
    "partitions by a moment": ("create table n (a timestamp) partition by a", "PARTITION BY expression must be"),
    "partitions by a date of another type": (
        "create table n (a timestamp) partition by date_trunc(a, month)",
        "PARTITION BY expression must be",
    ),
    "partitions by an array": ("create table n (a array<date>) partition by a", "PARTITION BY expression must be"),
    "partitions by ranges of text": (
        "create table n (a string) partition by range_bucket(a, generate_array(0, 9, 1))",
        "PARTITION BY expression must be",
    ),
    "partitions by week": (
        "create table n (a date) partition by date_trunc(a, week)",
        "Unsupported partitioning granularity WEEK",
    ),
    "partitions of a date by hour": (
        "create table n (a date) partition by date_trunc(a, hour)",
        "Unsupported partitioning granularity HOUR",
    ),
    "clusters of no column": ("create table n (a int64) cluster by b", "Unrecognized name: b"),
    "clusters of fractions": (
        "create table n (a float64) cluster by a",
        "Clustering is not supported on column a of type FLOAT64",
    ),
    "clusters of arrays": (
        "create table n (a array<int64>) cluster by a",
        "Clustering is not supported on column a of type ARRAY<INT64>",
    ),
    "clusters of five columns": (
        "create table n (a int64, b int64, c int64, d int64, e int64) cluster by a, b, c, d, e",
        "Clustering is not supported on more than 4 fields",
    ),
    "a view without names": (
        "create view n as select 1",
        "CREATE VIEW columns must be named, but column 1 has no name",
    ),
    "a view that is and is not replaced": (
        "create or replace view if not exists n as select 1 as a",
        "CREATE VIEW cannot have both",
    ),
    "a column that is there": ("alter table beds add column ROOM string", "Column already exists: ROOM"),
    "a column that is required": (
        "alter table beds add column a int64 not null",
        "Cannot add required columns to an existing schema: a",
    ),
    "a column to drop that is not there": ("alter table beds drop column a", "Column not found: a"),
    "a name that another column has": ("alter table beds rename column id to room", "Duplicate column name room"),
    "a column that partitions": ("alter table daily drop column day", "cannot be dropped or renamed"),
    "a column that clusters": ("alter table daily rename column room to a", "cannot be dropped or renamed"),
    "a filter that is required later": (
        "alter table beds set options (require_partition_filter = true)",
        "can only be set on a partitioned table",
    ),
    "an unknown option of a table": ("alter table beds set options (nothing = 1)", "Unknown option: nothing"),
    "a table in another dataset by its name": (
        "alter table beds rename to other.beds",
        "The new name of a table may not be qualified",
    ),
    "a grant to nobody": ("grant `roles/bigquery.dataViewer` on table beds to 'someone'", "Invalid grantee: someone"),
}


@pytest.mark.parametrize(("sql", "message"), REFUSED.values(), ids=REFUSED)
def test_a_statement_is_refused(ward: Run, sql: str, message: str) -> None:
    with refused("invalidQuery", message):
        ward(sql)


NOT_A_TABLE = "is not allowed for this operation because it is currently a VIEW."
REFUSED_OTHERWISE = {
    "no dataset": ("select * from other.nothing", "notFound", "Not found: Dataset northwind-dev:other"),
    "no table": ("select * from nothing", "notFound", "was not found in location us-east4"),
    "a table in another case": ("select * from Beds", "notFound", "was not found in location us-east4"),
    "no table to insert into": ("insert into nothing (id) values (1)", "notFound", "nothing was not found"),
    "no table to drop": ("drop table nothing", "notFound", "nothing was not found"),
    "no table to alter": ("alter table nothing set options (description = '')", "notFound", "nothing was not found"),
    "no table to grant on": ("grant `roles/x` on table nothing to 'user:a@example.com'", "notFound", "nothing"),
    "too many names": ("select * from a.b.c.d", "invalid", 'Table "a.b.c.d" must be qualified with a dataset'),
    "a table that is there": ("create table beds (id int64)", "duplicate", "Already Exists: Table northwind-dev:"),
    "a name that is taken": ("alter table beds rename to daily", "duplicate", "Already Exists: Table northwind-dev"),
    "INSERT into a view": ("insert into cheap (id) values (1)", "invalid", NOT_A_TABLE),
    "UPDATE of a view": ("update cheap set id = 1 where true", "invalid", NOT_A_TABLE),
    "DELETE of a view": ("delete cheap where true", "invalid", NOT_A_TABLE),
    "TRUNCATE of a view": ("truncate table cheap", "invalid", NOT_A_TABLE),
    "MERGE into a view": (
        "merge cheap using beds on false when not matched then insert (id) values (1)",
        "invalid",
        NOT_A_TABLE,
    ),
    "a table in place of a view": ("create or replace table cheap as select 1 as a", "invalid", NOT_A_TABLE),
    "a view in place of a table": ("create or replace view beds as select 1 as a", "invalid", "is currently a TABLE."),
    "DROP TABLE of a view": ("drop table cheap", "invalid", NOT_A_TABLE),
    "DROP VIEW of a table": ("drop view beds", "invalid", "is currently a TABLE."),
    "ALTER TABLE of a view": ("alter table cheap set options (description = '')", "invalid", NOT_A_TABLE),
    "ALTER VIEW of a table": ("alter view beds set options (description = '')", "invalid", "is currently a TABLE."),
    "other partitions": (
        "create or replace table daily as select date '2024-01-01' as day, 'a' as room, 1 as n",
        "invalid",
        "Cannot replace a table with a different partitioning spec.",
    ),
    "other clusters": (
        "create or replace table daily partition by day as select date '2024-01-01' as day, 'a' as room, 1 as n",
        "invalid",
        "Cannot replace a table with a different clustering spec.",
    ),
    "no dataset to drop": ("drop schema other", "notFound", "Not found: Dataset northwind-dev:other"),
    "no dataset to alter": ("alter schema other set options (description = '')", "notFound", "northwind-dev:other"),
    "a dataset of three names": ("create schema a.b.c", "invalid", "Invalid dataset name a.b.c"),
}


@pytest.mark.parametrize(("sql", "reason", "message"), REFUSED_OTHERWISE.values(), ids=REFUSED_OTHERWISE)
def test_a_statement_is_refused_otherwise(ward: Run, sql: str, reason: str, message: str) -> None:
    with refused(reason, message):
        ward(sql)


def test_a_table_without_a_dataset_is_refused(client: Client) -> None:
    with refused("invalidQuery", 'Table "beds" must be qualified with a dataset (e.g. dataset.table). at [1:15]'):
        client.query("select * from beds")
    with refused("invalid", 'Table "beds" must be qualified with a dataset (e.g. dataset.table).'):
        client.query("drop table beds")


# What BigQuery may take and the engine does not know is never passed over.
NOT_EMULATED = {
    "other times": ("select * from beds for system_time as of current_timestamp()", "FOR SYSTEM_TIME AS OF"),
    "an interval as a result": ("select date '2024-01-02' - date '2024-01-01' as i", "a column of type INTERVAL (i)"),
    "what the reference engine lacks": ("select approx_count_distinct(id) from beds", "approx_count_distinct"),
    "what stops the reference engine": ("select net.reg_domain('http://example.com')", "what made the SQL engine stop"),
    "other statements": ("assert true", "the statement Assert"),
    "blocks": ("begin select 1; end", "the statement BeginEndBlock"),
    "procedures": ("call p()", "the procedure of call p()"),
    "materialized views": ("create materialized view n as select 1 as a", "the statement CreateMaterializedView"),
    "external tables by SQL": ("create external table n options (format = 'CSV')", "the statement CreateExternalTable"),
    "temporary tables": ("create temp table n as select 1 as a", "temporary tables"),
    "copies of a table": ("create table n like beds", "CREATE TABLE with like table name"),
    "clones of a table": ("create table n clone beds", "CREATE TABLE with clone data source"),
    "parameters of types": ("create table n (a numeric(10, 2))", "type parameters of column a"),
    "default values": ("create table n (a int64 default 1)", "default expression of column a"),
    "places": ("create table n (a geography)", "columns of type GEOGRAPHY"),
    "ranges": ("create table n (a range<date>)", "the type of column a"),
    "columns that are hidden": ("create table n (a int64 hidden)", "of column a"),
    "columns with a collation": ("create table n (a string collate 'und:ci')", "collate of column a"),
    "columns that are computed": (
        "create table n (a int64, b int64 generated always as (a + 1) stored)",
        "generated column info of column b",
    ),
    "other things to drop": ("drop procedure p", "DROP of a Procedure"),
    "policy tags by SQL": ("create table n (a int64 options (policy_tags = ['x']))", "column option policy_tags"),
    "other policy tags by SQL": (
        "alter table beds alter column id set options (policy_tags = ['x'])",
        "column option policy_tags",
    ),
    "partitions by the time of loading": ("create table n (a date) partition by _partitiondate", "ingestion time"),
    "partitions by other expressions": (
        "create table n (a date) partition by extract(year from a)",
        "PARTITION BY extract(year from a)",
    ),
    "views with other names": ("create view n (b) as select 1 as a", "a view whose column list differs from its query"),
    "recursive views": ("create recursive view n as select 1 as a", "recursive views"),
    "other types of columns": (
        "alter table beds alter column id set data type numeric",
        "ALTER TABLE with AlterColumnType",
    ),
    "INSERT or not": ("insert or ignore into beds (id) values (1)", "INSERT with a mode"),
    "INSERT of a known number": ("insert into beds (id) values (1) assert_rows_modified 1", "INSERT with a mode"),
    "UPDATE of a known number": ("update beds set id = 1 where true assert_rows_modified 1", "UPDATE with RETURNING"),
    "DELETE of a known number": ("delete beds where true assert_rows_modified 1", "DELETE with RETURNING"),
    "DELETE of an element": ("delete beds[0] where true", "DML on a part of a table"),
    "UPDATE by a nested statement": (
        "update beds set (delete tags where true) where true",
        "UPDATE of a part of a column",
    ),
    "UPDATE of a field": ("update beds set size.w = 1 where true", "UPDATE of a part of a column"),
    "UPDATE from an outer join": (
        "update beds as b set id = 1 from beds as x full join beds as y on x.id = y.id where b.id = x.id",
        "UPDATE from a RIGHT or FULL JOIN",
    ),
    "MERGE from an array": ("merge beds using unnest([1]) as s on beds.id = s when matched then delete", "UNNEST"),
    "grants on datasets": ("grant `roles/x` on schema ward to 'user:a@example.com'", "GRANT on SCHEMA"),
}


@pytest.mark.parametrize(("sql", "message"), NOT_EMULATED.values(), ids=NOT_EMULATED)
def test_a_statement_is_not_emulated(ward: Run, sql: str, message: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        ward(sql)
    assert refusal.value.message.startswith("not emulated: ")
    assert message in refusal.value.message


SETUP = (
    "create table beds (id int64, room string)",
    "insert into beds values (1, 'a'), (2, 'b'), (3, null)",
    "create table news (id int64, room string)",
    "insert into news values (2, 'B'), (4, 'd')",
)
# What a change counts as inserted, updated and deleted, and the rows of `beds` after it.
CHANGES = {
    "INSERT by position": ("insert into beds values (4, 'd')", (1, 0, 0), "1a 2b 3- 4d"),
    "INSERT by name": ("insert into beds (room, id) values ('d', 4), (default, 5)", (2, 0, 0), "1a 2b 3- 4d 5-"),
    "INSERT of some columns": ("insert beds (ID) values (4)", (1, 0, 0), "1a 2b 3- 4-"),
    "INSERT of a query": ("insert into beds (id, room) select * from news", (2, 0, 0), "1a 2B 2b 3- 4d"),
    "INSERT of a query with a CTE": (
        "insert into beds (id) with n as (select id + 5 as id from news) select id from n",
        (2, 0, 0),
        "1a 2b 3- 7- 9-",
    ),
    "INSERT of what the table has": ("insert into beds select id + 5, room from beds", (3, 0, 0), "1a 2b 3- 6a 7b 8-"),
    "INSERT of a subquery": ("insert into beds (id) values ((select max(id) from news))", (1, 0, 0), "1a 2b 3- 4-"),
    "UPDATE": ("update beds set room = upper(room), id = id + 5 where id < 3", (0, 2, 0), "3- 6A 7B"),
    "UPDATE with an alias": ("update beds as b set b.room = 'z' where b.id = 1", (0, 1, 0), "1z 2b 3-"),
    "UPDATE to the default": ("update beds set room = default where true", (0, 3, 0), "1- 2- 3-"),
    "UPDATE of what is NULL": ("update beds set room = 'z' where room = cast(null as string)", (0, 0, 0), "1a 2b 3-"),
    "UPDATE from a table": ("update beds b set room = n.room from news n where b.id = n.id", (0, 1, 0), "1a 2B 3-"),
    "UPDATE from a join": (
        "update beds b set room = n.room from news n join news m on n.id = m.id where b.id = n.id",
        (0, 1, 0),
        "1a 2B 3-",
    ),
    "UPDATE by a subquery": ("update beds set room = 'z' where id in (select id from news)", (0, 1, 0), "1a 2z 3-"),
    "UPDATE sees the table as it was": ("update beds set id = id + 1 where true", (0, 3, 0), "2a 3b 4-"),
    "DELETE": ("delete from beds where room is null", (0, 0, 1), "1a 2b"),
    "DELETE with an alias": ("delete beds b where b.id = 1 or b.room = 'b'", (0, 0, 2), "3-"),
    "DELETE by a subquery": (
        "delete beds where exists (select 1 from news where news.id = beds.id)",
        (0, 0, 1),
        "1a 3-",
    ),
    "TRUNCATE": ("truncate table beds", (0, 0, 3), ""),
    "MERGE as dbt sends it": (
        "merge into beds as DBT_INTERNAL_DEST using (select * from news) as DBT_INTERNAL_SOURCE"
        " on ((DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id))"
        " when matched then update set `id` = DBT_INTERNAL_SOURCE.`id`, `room` = DBT_INTERNAL_SOURCE.`room`"
        " when not matched then insert (`id`, `room`) values (`id`, `room`)",
        (1, 1, 0),
        "1a 2B 3- 4d",
    ),
    "MERGE of all that is not matched": (
        "merge beds b using news n on b.id = n.id when matched and n.room = 'B' then delete"
        " when not matched by target then insert row"
        " when not matched by source and b.id > 1 then update set room = 's'",
        (1, 1, 1),
        "1a 3s 4d",
    ),
    "MERGE takes the first clause that fits": (
        "merge beds b using news n on b.id = n.id when matched and false then delete"
        " when matched then update set room = '1' when matched then update set room = '2'",
        (0, 1, 0),
        "1a 21 3-",
    ),
    "MERGE with a condition on doubles": (
        "merge beds b using (select 1 as id, s from unnest(['x', 'y']) as s) n on b.id = n.id"
        " when matched and s = 'y' then update set room = s",
        (0, 1, 0),
        "1y 2b 3-",
    ),
    "MERGE inserts a row once": (
        "merge beds b using news n on b.id = n.id when not matched and n.id = 4 then insert (id) values (40)"
        " when not matched then insert row",
        (1, 0, 0),
        "1a 2b 3- 40-",
    ),
    "MERGE inserts doubles": (
        "merge beds b using (select 7 as id from unnest([1, 2])) n on b.id = n.id"
        " when not matched then insert (id) values (id)",
        (2, 0, 0),
        "1a 2b 3- 7- 7-",
    ),
    "MERGE of itself": (
        "merge beds b using beds s on b.id = s.id + 1 when matched then update set room = s.room",
        (0, 2, 0),
        "1a 2a 3b",
    ),
    "MERGE on nothing": (
        "merge beds using news on false when not matched then insert row when not matched by source then delete",
        (2, 0, 3),
        "2B 4d",
    ),
    "MERGE with some columns of a row": (
        "merge beds using (select 'z' as room) n on false when not matched then insert (room) row",
        (1, 0, 0),
        "-z 1a 2b 3-",
    ),
}


@pytest.mark.parametrize(("sql", "counts", "rows"), CHANGES.values(), ids=CHANGES)
def test_a_change(run: Run, sql: str, counts: tuple[int, int, int], rows: str) -> None:
    run(";".join(SETUP))
    statistics = run(sql).statistics
    assert (
        tuple(int(statistics["dmlStats"][f"{kind}RowCount"]) for kind in ("inserted", "updated", "deleted")) == counts
    )
    assert statistics["numDmlAffectedRows"] == str(sum(counts))
    shown = "select string_agg(ifnull(string(id), '-') || ifnull(room, '-'), ' ' order by id, room) from beds"
    assert (run(shown.replace("string(id)", "cast(id as string)")).rows[0][0] or "") == rows


def test_what_is_refused_changes_nothing(run: Run) -> None:
    run("create table t (id int64 not null); insert into t values (1)")
    with refused("invalidQuery"):
        run("update t set id = null where true")
    with refused("invalidQuery"):
        run("insert into t (id) select id from unnest([2, null]) as id")
    assert run("select id from t").rows == [["1"]]


def test_arrays_are_stored_without_null(run: Run) -> None:
    run("create table t (id int64, tags array<string>, r struct<a array<int64>>)")
    run("insert into t (id, tags, r) values (1, null, struct(cast(null as array<int64>))), (2, default, default)")
    run("insert into t (id) values (3)")
    run("update t set tags = null where id = 1")
    run("alter table t add column more array<int64>")
    assert run("select id, tags, r, more from t order by id").rows == [
        ["1", [], [[]], []],
        ["2", [], None, []],
        ["3", [], None, []],
    ]
    with refused("invalidQuery", "Array cannot have a null element; error in writing field tags"):
        run("update t set tags = ['x', null] where id = 1")
    with refused("invalidQuery", "Array cannot have a null element; error in writing field tags"):
        run("insert into t (tags) select array_agg(s) from unnest(['x', null]) as s")


SCRIPTS = {
    "variables": ("declare x int64 default 3; declare y, z string; set X = x + 1; select x, y, z", [["4", None, None]]),
    "some variables of a record": (
        "declare x, y int64; set (x, Y) = (select as struct 1, 2); select x, y",
        [["1", "2"]],
    ),
    "a variable of the type of its value": ("declare x default date '2024-01-01'; select x + 1", [["2024-01-02"]]),
    "a variable of a query": ("declare x int64 default 1 + (select max(id) from t); select x", [["2"]]),
    "an array as a variable": (
        "declare x array<int64>; set x = (select array_agg(id) from t); select id from t where id in unnest(x)",
        [["1"]],
    ),
    "a variable in a change": ("declare x int64 default 5; insert into t values (x); select max(id) from t", [["5"]]),
    "the last query": ("select 1; select 2; insert into t values (3)", [["2"]]),
    "what is committed": (
        "begin transaction; insert into t values (3); commit transaction; select count(*) from t",
        [["2"]],
    ),
    "what is rolled back": (
        "begin transaction; truncate table t; rollback transaction; select count(*) from t",
        [["1"]],
    ),
    "a transaction sees its changes": ("begin; insert into t values (3); select count(*) from t", [["2"]]),
}


@pytest.mark.parametrize(("sql", "rows"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_gives(run: Run, sql: str, rows: list[list[Any]]) -> None:
    run("create table t (id int64); insert into t values (1)")
    assert run(sql).rows == rows


def test_a_variable_of_the_name_and_bytes_of_another_has_its_own_type(run: Run) -> None:
    assert run("declare x array<date>; set x = [date '2024-01-01']; select x").rows == [[["2024-01-01"]]]
    assert run("declare x int64; select x").rows == [[None]]


@pytest.mark.parametrize("end", ["", "select error('stop'); commit transaction"])
def test_a_transaction_that_does_not_end_is_undone(run: Run, end: str) -> None:
    run("create table t (id int64)")
    sql = f"begin transaction; insert into t values (1); {end}"
    if end:
        with refused("invalidQuery", "stop"):
            run(sql)
    else:
        run(sql)
    assert run("select count(*) from t").rows == [["0"]]
    # Neither does it keep others from being shown, or from beginning.
    run("begin transaction; insert into t values (1); commit transaction")
    assert run("select count(*) from t").rows == [["1"]]


def test_what_a_script_did_before_an_error_stays(run: Run) -> None:
    with refused("invalidQuery", "Unrecognized name: nothing"):
        run("create table t as select 1 as a; select nothing")
    assert run("select a from t").rows == [["1"]]


class TestTables:
    """What definitions leave behind, as the API shows it."""

    @pytest.fixture
    def shown(self, client: Client, dataset: str) -> Callable[[str], dict[str, Any]]:
        """shown(table): the resource."""

        def get(table: str) -> dict[str, Any]:
            resource: dict[str, Any] = client.call("GET", f"datasets/{dataset}/tables/{table}")
            return resource

        return get

    def test_as_dbt_makes_one(self, run: Run, shown: Callable[[str], dict[str, Any]]) -> None:
        sql = """
            create or replace table t (id int64 not null options (description = 'key'), day date, r struct<a string>)
            partition by day cluster by ID
            options (description = 'one', labels = [('team', 'labs')], require_partition_filter = true,
                     partition_expiration_days = 1.5, expiration_timestamp = timestamp '2030-01-01')
            as select 1 as id, date '2024-01-01' as day, struct('x' as a) as r
        """
        for operation in ("CREATE", "REPLACE"):
            assert run(sql).statistics["ddlOperationPerformed"] == operation
        table = shown("t")
        assert [(field["name"], field["type"], field["mode"]) for field in table["schema"]["fields"]] == [
            ("id", "INTEGER", "REQUIRED"),
            ("day", "DATE", "NULLABLE"),
            ("r", "RECORD", "NULLABLE"),
        ]
        assert table["schema"]["fields"][0]["description"] == "key"
        assert table["timePartitioning"] == {"type": "DAY", "field": "day", "expirationMs": "129600000"}
        assert table["clustering"] == {"fields": ["id"]}
        assert (table["description"], table["labels"], table["requirePartitionFilter"]) == (
            "one",
            {"team": "labs"},
            True,
        )
        assert (table["expirationTime"], table["numRows"]) == ("1893456000000", "1")

    @pytest.mark.parametrize(
        ("column", "by", "layout"),
        [
            ("a date", "a", {"type": "DAY", "field": "a"}),
            ("a date", "date_trunc(A, month)", {"type": "MONTH", "field": "a"}),
            ("a timestamp", "date(a)", {"type": "DAY", "field": "a"}),
            ("a timestamp", "timestamp_trunc(`a`, hour)", {"type": "HOUR", "field": "a"}),
            ("a datetime", "datetime_trunc(a, year)", {"type": "YEAR", "field": "a"}),
        ],
    )
    def test_partitions_by_time(
        self, run: Run, shown: Callable[[str], dict[str, Any]], column: str, by: str, layout: dict[str, str]
    ) -> None:
        run(f"create table t ({column}) partition by {by}")
        assert shown("t")["timePartitioning"] == layout

    @pytest.mark.parametrize(("interval", "width"), [(", 5", "5"), ("", "1")])
    def test_partitions_by_range(
        self, run: Run, shown: Callable[[str], dict[str, Any]], interval: str, width: str
    ) -> None:
        run(f"create table t (a int64) partition by range_bucket(a, generate_array(-10, 10{interval}))")
        range = {"start": "-10", "end": "10", "interval": width}
        assert shown("t")["rangePartitioning"] == {"field": "a", "range": range}

    def test_columns_of_every_type(self, run: Run) -> None:
        types = "int64 float64 numeric bignumeric bool string bytes date datetime time timestamp json".upper().split()
        columns = ", ".join(f"c{number} {type}" for number, type in enumerate(types))
        run(f"create table t ({columns}, a array<struct<x array<int64>>>)")
        found = run("select data_type from INFORMATION_SCHEMA.COLUMNS order by ordinal_position").rows
        assert [type for (type,) in found] == [*types, "ARRAY<STRUCT<x ARRAY<INT64>>>"]

    def test_a_key_that_is_not_enforced(self, run: Run, shown: Callable[[str], dict[str, Any]]) -> None:
        run("create table t (a int64, b int64, primary key (a, b) not enforced)")
        assert shown("t")["tableConstraints"] == {"primaryKey": {"columns": ["a", "b"]}}
        with refused("invalidQuery", "cannot be dropped or renamed"):
            run("alter table t drop column b")
        run("create table u (a int64 primary key not enforced, foreign key (a) references t (a) not enforced)")
        assert shown("u")["tableConstraints"] == {"primaryKey": {"columns": ["a"]}}

    def test_one_that_is_there_is_left(self, run: Run) -> None:
        run("create table t as select 1 as a")
        statistics = run("create table if not exists t as select 2 as a").statistics
        assert statistics["ddlOperationPerformed"] == "SKIP"
        assert run("select a from t").rows == [["1"]]

    def test_a_replacement_keeps_grants_and_no_rows_or_columns(self, run: Run) -> None:
        run("create table t as select 1 as a")
        run("grant `roles/bigquery.dataViewer` on table t to 'user:a@example.com', 'group:b@example.com'")
        run("create or replace table t as select 'x' as b")
        run("revoke `roles/bigquery.dataViewer` on table t from 'user:a@example.com'")
        assert run("select * from t").rows == [["x"]]
        sql = "select privilege_type, grantee from INFORMATION_SCHEMA.OBJECT_PRIVILEGES where object_name = 't'"
        assert run(sql).rows == [["roles/bigquery.dataViewer", "group:b@example.com"]]

    def test_columns_are_added_renamed_and_dropped(self, run: Run) -> None:
        run("create table t (a int64 not null, b string); insert into t values (1, 'x')")
        run("alter table t add column c array<int64>, add column d date options (description = 'day')")
        run("alter table t add column if not exists d date")
        run("alter table t rename column a to e; alter table t alter column e drop not null")
        run("alter table t drop column b; alter table t drop column if exists b")
        run("alter table t alter column e set options (description = 'key')")
        run("insert into t (e) values (null)")
        assert run("select * from t order by e").rows == [[None, [], None], ["1", [], None]]
        sql = "select field_path, description from INFORMATION_SCHEMA.COLUMN_FIELD_PATHS order by 1"
        assert run(sql).rows == [["c", None], ["d", "day"], ["e", "key"]]

    def test_options_are_changed_and_removed(self, run: Run, shown: Callable[[str], dict[str, Any]]) -> None:
        run("create table t (a date) partition by a options (description = 'x', partition_expiration_days = 1)")
        run("alter table t set options (description = null, partition_expiration_days = null, labels = [('k', 'v')])")
        table = shown("t")
        assert "description" not in table
        assert (table["labels"], table["timePartitioning"]) == ({"k": "v"}, {"type": "DAY", "field": "a"})

    def test_one_gets_another_name(self, run: Run) -> None:
        run("create table t as select 1 as a; alter table t rename to u")
        assert run("select a from u").rows == [["1"]]
        with refused("notFound"):
            run("select a from t")

    def test_what_may_not_be_there(self, run: Run) -> None:
        for sql in ("drop table if exists t", "drop view if exists t", "alter table if exists t drop column a"):
            assert run(sql).statistics["ddlOperationPerformed"] == "SKIP"

    def test_one_is_dropped(self, run: Run) -> None:
        run("create table t (a int64); create view v as select 1 as a; drop view v; drop table t")
        assert run("select table_name from INFORMATION_SCHEMA.TABLES").rows == []


class TestViews:
    def test_one_reads_what_is_there_now(self, run: Run, dataset: str) -> None:
        run("create table t as select 1 as a")
        run(f"create view v as select a + 1 as b from {dataset}.t; create view w as select * from {dataset}.v")
        run("insert into t values (5)")
        assert run("select b from w order by b").rows == [["2"], ["6"]]

    def test_one_is_replaced_and_kept(self, run: Run) -> None:
        run("create view v as select 1 as a")
        assert run("create view if not exists v as select 2 as a").statistics["ddlOperationPerformed"] == "SKIP"
        assert run("select a from v").rows == [["1"]]
        run("create or replace view v (a options (description = 'x')) options (description = 'y') as select 3 as a")
        assert run("select a from v").rows == [["3"]]

    def test_one_does_not_keep_the_default_dataset(self, run: Run) -> None:
        run("create table t as select 1 as a")
        with refused("invalidQuery", 'Table "t" must be qualified with a dataset'):
            run("create view v as select a from t")

    def test_one_may_not_read_itself(self, run: Run, dataset: str) -> None:
        run("create view v as select 1 as a")
        with refused("invalidQuery", f"View northwind-dev.{dataset}.v may not read itself"):
            run(f"create or replace view v as select * from {dataset}.v")

    def test_views_of_views_end(self, run: Run, dataset: str) -> None:
        run("create view v0 as select 1 as a")
        for number in range(17):
            run(f"create view v{number + 1} as select a from {dataset}.v{number}")
        assert run("select a from v16").rows == [["1"]]
        with refused("invalidQuery", "exceeded the maximum view nesting depth"):
            run("select a from v17")


class TestDatasets:
    def test_one_is_made_changed_and_dropped(self, client: Client, dataset: str) -> None:
        name = f"{dataset}_sql"
        sql = "options (location = 'us-west1', description = 'x', default_table_expiration_days = 1.5)"
        client.query(f"create schema {name} {sql}")
        resource = client.call("GET", f"datasets/{name}")
        assert (resource["location"], resource["description"]) == ("us-west1", "x")
        assert resource["defaultTableExpirationMs"] == "129600000"
        with refused("duplicate", f"Already Exists: Dataset northwind-dev:{name}"):
            client.query(f"create schema {name}")
        assert client.query(f"create schema if not exists {name}").statistics["ddlOperationPerformed"] == "SKIP"
        client.query(f"alter schema {name} set options (description = 'y')")
        with refused("invalidQuery", "The location of a dataset cannot change"):
            client.query(f"alter schema {name} set options (location = 'US')")
        with refused("invalidQuery", "Unknown option: nothing"):
            client.query(f"alter schema {name} set options (nothing = 1)")
        with refused("invalid", "not emulated: ALTER SCHEMA with ASTSetCollateClause"):
            client.query(f"alter schema {name} set default collate ''")
        assert client.call("GET", f"datasets/{name}")["description"] == "y"
        client.query(f"create table {name}.t (a int64)")
        with refused("invalid", "is still in use"):
            client.query(f"drop schema {name}")
        client.query(f"drop schema {name} cascade")
        assert client.query(f"drop schema if exists {name}").statistics["ddlOperationPerformed"] == "SKIP"


class TestDryRuns:
    def dry(self, client: Client, dataset: str, sql: str) -> dict[str, Any]:
        """The statistics of a dry run."""
        query = {"query": sql, "useLegacySql": False, "defaultDataset": {"datasetId": dataset}}
        statistics: dict[str, Any] = client.run({"query": query, "dryRun": True})["statistics"]["query"]
        return statistics

    @pytest.mark.parametrize(
        ("sql", "size"),
        [
            # Logical sizes: INT64 8, STRING 2 and its UTF-8 bytes, NULL 0.
            ("select id from t", 16),
            ("select room from t", 6),
            ("select count(*) from t", 0),
            ("select * from t where id = 1", 22),
            ("select a.id from t as a join t as b on a.room = b.room", 22),
            ("insert into t (id) select id from t", 16),
            # What it reads, and the table, whose rows may change.
            ("update t set id = 2 where true", 0 + 22),
            ("delete t where id = 1", 16 + 22),
            ("merge t using (select 1 as x) on x = id when matched then delete", 16 + 22),
            ("merge t using (select 1 as x) on x = id when not matched then insert (id) values (x)", 16),
            ("truncate table t", 0),
            ("create or replace table u as select room from t", 6),
            ("create or replace view u as select 1 as a", 0),
        ],
    )
    def test_it_tells_what_would_be_read_and_does_nothing(
        self, client: Client, dataset: str, run: Run, sql: str, size: int
    ) -> None:
        run("create table t (id int64, room string); insert into t values (1, 'é'), (2, null), (null, '')")
        assert self.dry(client, dataset, sql)["totalBytesProcessed"] == str(size)
        assert run("select count(*), count(id), count(room) from t").rows == [["3", "2", "2"]]
        assert run("select table_name from INFORMATION_SCHEMA.TABLES").rows == [["t"]]

    @pytest.mark.parametrize(
        "sql",
        [
            "drop table t",
            "alter table t add column b int64",
            "alter table t rename to u",
            "grant `roles/x` on table t to 'user:a@example.com'",
            "create table u (a int64)",
        ],
    )
    def test_a_definition_does_nothing(self, client: Client, dataset: str, run: Run, sql: str) -> None:
        run("create table t (a int64)")
        self.dry(client, dataset, sql)
        assert run("select table_name, column_name from INFORMATION_SCHEMA.COLUMNS").rows == [["t", "a"]]
        assert run("select * from INFORMATION_SCHEMA.OBJECT_PRIVILEGES").rows == []

    def test_it_has_the_columns_of_the_result(self, client: Client, dataset: str) -> None:
        fields = self.dry(client, dataset, "select 1 as a, [struct(date '2024-01-01' as d)] as b")["schema"]["fields"]
        assert [(field["name"], field["type"], field["mode"]) for field in fields] == [
            ("a", "INTEGER", "NULLABLE"),
            ("b", "RECORD", "REPEATED"),
        ]
        assert fields[1]["fields"] == [{"name": "d", "type": "DATE", "mode": "NULLABLE"}]

    def test_a_script_is_not_emulated(self, client: Client, dataset: str) -> None:
        with refused("invalid", "not emulated: dry run of a script"):
            self.dry(client, dataset, "select 1; select 2")


def test_pages_of_a_wide_result(client: Client) -> None:
    columns = ", ".join(f"x + {number} as c{number}" for number in range(300))
    job = client.query(f"select {columns} from unnest(generate_array(1, 25)) as x order by x").job
    pages, token = [], ""
    while True:
        page = client.call("GET", f"queries/{job['jobReference']['jobId']}?maxResults=10{token}")
        pages.append([[cell["v"] for cell in row["f"]] for row in page["rows"]])
        if "pageToken" not in page:
            break
        token = f"&pageToken={page['pageToken']}"
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [row for page in pages for row in page] == [[str(x + n) for n in range(300)] for x in range(1, 26)]
