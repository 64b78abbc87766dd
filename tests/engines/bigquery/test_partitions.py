"""Which partitions a statement reads, and what passes a required filter.

https://cloud.google.com/bigquery/docs/querying-partitioned-tables
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engines.bigquery import Client, Result
from tests.engines.bigquery.refusals import refused

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(client: Client, new_dataset: Callable[[str], str]) -> Run:
    """Executes SQL in a dataset with the tables `days`, which requires a filter on `day`, and `free`, which does not.

    Both have rows of 1, 2 and 3 January, of 1 February, and one of no day.
    """
    dataset = new_dataset("us-east4")

    def run(sql: str, **settings: Any) -> Result:
        return client.query(sql, defaultDataset={"datasetId": dataset}, **settings)

    for table, options in (("days", "options (require_partition_filter = true)"), ("free", "")):
        run(f"create table {table} (day date, id int64, other date) partition by day {options}")
        run(
            f"insert into {table} (day, id) values"
            " ('2024-01-01', 1), ('2024-01-02', 2), ('2024-01-03', 3), ('2024-02-01', 4), (null, 5)"
        )
    run(f"create view seen as select day as since, id from {dataset}.days")
    return run


@pytest.fixture
def unchanged(run: Run) -> Run:
    """Undoes what a statement changes, in a transaction that is rolled back."""

    def undone(sql: str) -> Result:
        return run(f"begin transaction; {sql}; rollback transaction")

    return undone


def read(result: Result, table: str = "days") -> list[str]:
    """The partitions that were read of a table."""
    partitions: dict[str, list[str]] = result.statistics["emulator"]["partitionsRead"]
    return next(ids for name, ids in partitions.items() if name.endswith(f".{table}"))


FIRST, SECOND, THIRD, FEBRUARY, NONE = "20240101", "20240102", "20240103", "20240201", "__NULL__"
# Conditions on `days`, and the partitions that are read.
FILTERS = {
    "equal": ("day = '2024-01-01'", [FIRST]),
    "equal, the other way round": ("date '2024-01-01' = day", [FIRST]),
    "between": ("day between '2024-01-02' and '2024-01-31'", [SECOND, THIRD]),
    "in": ("day in ('2024-01-01', '2024-02-01', '2023-01-01')", [FIRST, FEBRUARY]),
    "since least": ("day >= '2024-01-03'", [THIRD, FEBRUARY]),
    "less, by arithmetic with constants": ("day < date_sub(date '2024-01-05', interval 3 day)", [FIRST]),
    "since the current date": ("day > current_date()", []),
    "not": ("not day >= '2024-01-02'", [FIRST]),
    "no day": ("day is null", [NONE]),
    "any day": ("day is not null", [FIRST, SECOND, THIRD, FEBRUARY]),
    # dbt-bigquery writes this where a table requires a filter and a MERGE has none.
    "all": ("(day is null or day is not null)", [FIRST, SECOND, THIRD, FEBRUARY, NONE]),
    "either of two days": ("day = '2024-01-01' or day = '2024-02-01'", [FIRST, FEBRUARY]),
    "and another column": ("id = 2 and (day = '2024-01-01' and id > 0)", [FIRST]),
    "in the name of the table": ("days.DAY = '2024-01-01'", [FIRST]),
    "a function of the column": ("date_trunc(day, month) = '2024-02-01'", [FEBRUARY]),
    "a part of the column": ("extract(month from day) = 2", [FEBRUARY]),
}


@pytest.mark.parametrize(("condition", "partitions"), FILTERS.values(), ids=FILTERS)
def test_a_filter_prunes(run: Run, condition: str, partitions: list[str]) -> None:
    result = run(f"select count(*) from days where {condition}")
    assert read(result) == partitions


NO_FILTERS = {
    "none": "true",
    "another column": "id = 1",
    "another column of the same type": "other = '2024-01-01'",
    "either the column or another": "day = '2024-01-01' or id = 1",
    "pairs of the column and another": "(day = '2024-01-01' and id = 1) or (day = '2024-02-01' and id = 4)",
    "a function of the column and another": "date_add(day, interval id day) > '2024-01-01'",
    "a comparison with another column": "day = other",
    # https://cloud.google.com/bigquery/docs/querying-partitioned-tables#use_a_constant_filter_expression
    "a subquery": "day = (select max(since) from seen where since > '2024-01-01')",
    "in a subquery": "day in (select date '2024-01-01')",
    "in an EXISTS": "exists (select 1 from unnest([1]) where day = '2024-01-01')",
    "constants only": "date '2024-01-01' = '2024-01-01'",
}
REQUIRED = "without a filter over column(s) 'day' that can be used for partition elimination"


@pytest.mark.parametrize("condition", NO_FILTERS.values(), ids=NO_FILTERS)
def test_a_condition_is_no_filter(run: Run, condition: str) -> None:
    with refused("invalidQuery", REQUIRED):
        run(f"select id from days where {condition}")
    assert read(run(f"select id from free where {condition}"), "free") == [FIRST, SECOND, THIRD, FEBRUARY, NONE]


QUERIES = {
    "a subquery in FROM": ("select id from (select * from days) where day = '2024-01-01'", [FIRST]),
    "a CTE": ("with d as (select day as since, id from days) select id from d where since = '2024-01-01'", [FIRST]),
    "a view": ("select id from seen where since = '2024-01-01'", [FIRST]),
    "a group": ("select n from (select day, count(*) as n from days group by day) where day = '2024-01-01'", [FIRST]),
    "HAVING": ("select day, count(*) from days group by day having day = '2024-01-01'", [FIRST]),
    "QUALIFY beside WHERE": (
        "select id from days where day < '2024-01-03' qualify row_number() over (order by id) = 1",
        [FIRST, SECOND],
    ),
    "a union": (
        "select id from days where day = '2024-01-01' union all select id from seen where since = '2024-01-02'",
        [FIRST, SECOND],
    ),
    "around a union": (
        "select id from (select day, id from days union all select since, id from seen) where day = '2024-01-01'",
        [FIRST],
    ),
    "both sides of a join": (
        "select a.id from days a join days b using (id) where a.day = '2024-01-01' and b.day = '2024-01-02'",
        [FIRST, SECOND],
    ),
    "ON of a join": ("select a.id from free a join days b on a.id = b.id and b.day = '2024-01-02'", [SECOND]),
    "ON of an outer join": (
        "select a.id from free a left join days b on a.id = b.id and b.day = '2024-01-02'",
        [SECOND],
    ),
    "WHERE on the kept side": (
        "select d.id from days d left join free f using (id) where d.day = '2024-01-02'",
        [SECOND],
    ),
    "the right side kept": (
        "select d.id from free f right join days d using (id) where d.day = '2024-01-02'",
        [SECOND],
    ),
    "an array": ("select id from days, unnest([1, 2]) as n where day = '2024-01-02'", [SECOND]),
    "a variable": ("declare x date default '2024-01-02'; select id from days where day = x", [SECOND]),
    "a variable of a query": (
        "declare x date default (select max(day) from free); select id from days where day >= x",
        [FEBRUARY],
    ),
    "an array as a variable": (
        "declare x array<date> default [date '2024-01-02']; select id from days where day in unnest(x)",
        [SECOND],
    ),
    "a subquery that is filtered itself": (
        "select (select max(id) from days where day = '2024-01-02') from unnest([1])",
        [SECOND],
    ),
}


@pytest.mark.parametrize(("sql", "partitions"), QUERIES.values(), ids=QUERIES)
def test_a_filter_reaches_the_table(run: Run, sql: str, partitions: list[str]) -> None:
    assert read(run(sql)) == partitions


NOT_REACHED = {
    "no filter": "select id from days",
    "a condition in the list": "select day = '2024-01-01' from days",
    "QUALIFY alone": "select id from days qualify row_number() over (order by day) = 1",
    "above a window": "select n from (select day, row_number() over () as n from days) where day = '2024-01-01'",
    "above a limit": "select id from (select * from days limit 10) where day = '2024-01-01'",
    "above an aggregate": "select d from (select max(day) as d from days) where d = '2024-01-01'",
    "above a computation": ("select id from (select day + 1 as d, id from days) where d = '2024-01-01'"),
    "on one of two": "select a.id from days a join days b using (id) where a.day = '2024-01-01'",
    "through equality of a join": "select a.id from days a join days b on a.day = b.day where a.day = '2024-01-01'",
    "a join with constants": "select id from days join (select date '2024-01-01' as day) using (day)",
    "WHERE on the other side": "select f.id from free f left join days d using (id) where d.day = '2024-01-01'",
    "ON of the side that is kept": "select d.id from days d left join free f on d.id = f.id and d.day = '2024-01-01'",
    "one part of a union": "select id from days where day = '2024-01-01' union all select id from days",
    "in a view": "select id from seen",
    "in a definition": "create table copy as select * from days",
    "INSERT of a query": "insert into free (id) select id from days",
    "UPDATE": "update days set id = 0 where id = 1",
    "UPDATE from it": "update free f set id = 0 from days d where f.id = d.id",
    "DELETE": "delete days where id = 1",
    "MERGE": "merge days d using free f on d.id = f.id when matched then delete",
    "MERGE from it": "merge free f using days d on d.id = f.id when not matched then insert (id) values (id)",
    "MERGE by a day of the source": "merge days d using free f on d.day = f.day when matched then delete",
    "MERGE of all that is not in the source": (
        "merge days d using free f on d.id = f.id and d.day = '2024-01-01' when not matched by source then delete"
    ),
    "MERGE with a clause without a filter": (
        "merge days d using free f on d.id = f.id when matched and d.day = '2024-01-01' then delete"
        " when matched then update set id = 0"
    ),
    "MERGE as a full join": (
        "merge days d using free f on d.id = f.id and d.day = '2024-01-01'"
        " when not matched by source and d.day = '2024-01-01' then delete"
        " when not matched then insert (id) values (id)"
    ),
    "MERGE on anything": "merge days d using free f on true when matched then delete",
    "MERGE from it of what does not match": (
        "merge free f using days d on d.id = f.id and d.day = '2024-01-01'"
        " when not matched then insert (id) values (id)"
    ),
    "MERGE on nothing that deletes all": ("merge days d using free f on false when not matched by source then delete"),
}


@pytest.mark.parametrize("sql", NOT_REACHED.values(), ids=NOT_REACHED)
def test_a_required_filter_is_missed(run: Run, sql: str) -> None:
    with refused("invalidQuery", REQUIRED):
        run(sql)


# Changes of `days` from `free`, and the partitions that are read of each.
EVERY = [FIRST, SECOND, THIRD, FEBRUARY, NONE]
CHANGES = {
    "UPDATE": ("update days set id = 0 where day = '2024-01-02'", [SECOND], None),
    "UPDATE from a table": (
        "update days d set id = f.id from free f where d.day = '2024-01-02' and f.day = '2024-01-01'",
        [SECOND],
        [FIRST],
    ),
    "DELETE": ("delete days where day = '2024-01-02'", [SECOND], None),
    # https://cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables#pruning_partitions_when_using_a_merge_statement
    "MERGE with a filter of its condition": (
        "merge days d using free f on d.id = f.id and d.day = '2024-01-02' and f.day = '2024-01-01'"
        " when matched then delete",
        [SECOND],
        [FIRST],
    ),
    "MERGE with filters in its clauses": (
        "merge days d using free f on d.id = f.id when matched and d.day = '2024-01-01' then update set id = 0"
        " when matched and d.day = '2024-01-02' then delete"
        " when not matched by source and d.day = '2024-01-03' then delete",
        [FIRST, SECOND, THIRD],
        EVERY,
    ),
    "MERGE of a subquery": (
        "merge days d using (select * from free where day = '2024-01-01') f on d.id = f.id and d.day > '2024-01-03'"
        " when matched then delete when not matched then insert (id) values (id)",
        [FEBRUARY],
        [FIRST],
    ),
    "MERGE as dbt updates": (
        "merge days d using free f on (d.day is null or d.day is not null) and (f.id = d.id)"
        " when matched then update set id = f.id when not matched then insert (`day`, `id`) values (`day`, `id`)",
        EVERY,
        EVERY,
    ),
    "MERGE as dbt overwrites": (
        "merge days d using (select * from free where day = '2024-01-02') f on false"
        " when not matched by source and d.day in ('2024-01-02') then delete"
        " when not matched then insert (`day`, `id`) values (`day`, `id`)",
        [SECOND],
        [SECOND],
    ),
    "MERGE on nothing": (
        "merge days d using free f on false when not matched and f.day = '2024-01-01' then insert (id) values (id)",
        [],
        [FIRST],
    ),
    "MERGE on nothing that deletes": (
        "merge days d using free f on false when not matched by source and d.day = '2024-01-02' then delete",
        [SECOND],
        [],
    ),
}


@pytest.mark.parametrize(("sql", "target", "source"), CHANGES.values(), ids=CHANGES)
def test_a_change_reads(unchanged: Run, sql: str, target: list[str], source: list[str] | None) -> None:
    result = unchanged(sql)
    assert read(result) == target
    if source is not None:
        assert read(result, "free") == source


@pytest.mark.parametrize("sql", ["insert into days (day, id) values ('2024-05-01', 1)", "truncate table days"])
def test_a_change_that_reads_nothing_needs_no_filter(unchanged: Run, sql: str) -> None:
    unchanged(sql)


def test_dbt_overwrites_partitions(client: Client, dataset: str) -> None:
    def run(sql: str) -> Result:
        return client.query(sql, defaultDataset={"datasetId": dataset})

    run("create table t (day date, id int64) partition by day options (require_partition_filter = true)")
    run("insert into t values ('2024-01-01', 1), ('2024-01-02', 2), ('2024-01-03', 3)")
    run("create table t__dbt_tmp as select date '2024-01-02' as day, 20 as id union all select '2024-01-04', 40")
    result = run(
        """
        declare dbt_partitions_for_replacement array<date>;
        set (dbt_partitions_for_replacement) = (
            select as struct array_agg(distinct date(day) ignore nulls) from t__dbt_tmp
        );
        merge into t as DBT_INTERNAL_DEST
            using (select * from t__dbt_tmp) as DBT_INTERNAL_SOURCE
            on FALSE
        when not matched by source
             and date(DBT_INTERNAL_DEST.day) in unnest(dbt_partitions_for_replacement)
            then delete
        when not matched then insert (`day`, `id`) values (`day`, `id`);
        drop table if exists t__dbt_tmp
        """
    )
    assert read(result, "t") == ["20240102"]
    rows = [["2024-01-01", "1"], ["2024-01-02", "20"], ["2024-01-03", "3"], ["2024-01-04", "40"]]
    assert run("select * from t where day > '2000-01-01' order by day").rows == rows


LAYOUTS = {
    "by hour": (
        "since timestamp",
        "timestamp_trunc(since, hour)",
        "timestamp '2024-01-01 10:59:59.9', timestamp '2024-01-01 11:00:00', timestamp '2024-01-02 11:00:00'",
        "since >= '2024-01-01 11:00:00'",
        ["2024010111", "2024010211"],
    ),
    "by day of a moment": (
        "since timestamp",
        "date(since)",
        "timestamp '2024-01-01 23:59:59', timestamp '2024-01-02 00:00:00'",
        "date(since) = '2024-01-02'",
        ["20240102"],
    ),
    "by month": (
        "since date",
        "date_trunc(since, month)",
        "date '2024-01-31', date '2024-02-01', date '2024-02-29'",
        "since >= '2024-02-01'",
        ["202402"],
    ),
    "by year": (
        "since datetime",
        "datetime_trunc(since, year)",
        "datetime '2023-12-31 23:59:59', datetime '2024-01-01 00:00:00'",
        "since < '2024-01-01'",
        ["2023"],
    ),
    "by ranges": (
        "since int64",
        "range_bucket(since, generate_array(10, 30, 10))",
        "10, 19, 20, 29, 30, 9",
        "since < 20 or since = 30",
        ["10", "__UNPARTITIONED__"],
    ),
}


@pytest.mark.parametrize(("column", "by", "values", "condition", "partitions"), LAYOUTS.values(), ids=LAYOUTS)
def test_partitions(
    client: Client, dataset: str, column: str, by: str, values: str, condition: str, partitions: list[str]
) -> None:
    def run(sql: str) -> Result:
        return client.query(sql, defaultDataset={"datasetId": dataset})

    run(f"create table t ({column}) partition by {by} options (require_partition_filter = true)")
    run(f"insert into t select v from unnest([{values}]) as v")
    with refused("invalidQuery", "without a filter over column(s) 'since'"):
        run("select * from t")
    assert read(run(f"select * from t where {condition}"), "t") == partitions


def test_bytes_are_those_of_the_partitions_read(run: Run) -> None:
    assert run("select id from days where day = '2024-01-01'").statistics["totalBytesProcessed"] == "16"
    assert run("select id from days where day >= '2024-01-02'").statistics["totalBytesProcessed"] == "48"
    assert run("select id from free").statistics["totalBytesProcessed"] == "40"
