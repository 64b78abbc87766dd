"""INFORMATION_SCHEMA and __TABLES__: https://cloud.google.com/bigquery/docs/information-schema-intro"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engines.bigquery import Client
from tests.engines.bigquery.refusals import refused

TAG = "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags/2"
OPTIONS = """
    description = 'Beds', friendly_name = 'beds', labels = [('team', 'labs'), ('k', '')],
    require_partition_filter = true, partition_expiration_days = 1.5,
    expiration_timestamp = timestamp '2030-01-01 10:00:00.25'
"""


@pytest.fixture(scope="module")
def ward(client: Client, new_dataset: Callable[[str], str]) -> str:
    """A dataset with the table `beds`, in partitions, the table `plain`, and the view `seen`."""
    dataset = new_dataset("us-east4")
    fields = [
        {"name": "id", "type": "STRING", "mode": "REQUIRED", "policyTags": {"names": [TAG]}},
        {"name": "day", "type": "DATE", "description": "of arrival"},
        {"name": "room", "type": "RECORD", "fields": [{"name": "no", "type": "INTEGER", "mode": "REPEATED"}]},
    ]
    layout = {
        "timePartitioning": {"type": "DAY", "field": "day"},
        "clustering": {"fields": ["day", "id"]},
    }
    table = {"tableReference": {"tableId": "beds"}, "schema": {"fields": fields}, **layout}
    client.call("POST", f"datasets/{dataset}/tables", table)
    client.query(f"insert into {dataset}.beds (id, day) values ('a', '2024-01-01'), ('b', '2024-01-01'), ('c', null)")
    client.query(f"alter table {dataset}.beds set options ({OPTIONS})")
    client.query(f"create table {dataset}.plain as select 1 as a")
    client.query(f"create view {dataset}.seen as select id from {dataset}.beds where day > '2000-01-01'")
    client.query(f"grant `roles/bigquery.dataViewer` on table {dataset}.plain to 'group:a@example.com'")
    return dataset


# The columns of each view that clients read, and what they hold. {d}: the dataset.
VIEWS: dict[str, tuple[str, list[list[Any]]]] = {
    "TABLES": (
        "table_catalog, table_schema, table_name, table_type, is_insertable_into",
        [
            ["northwind-dev", "{d}", "beds", "BASE TABLE", "YES"],
            ["northwind-dev", "{d}", "plain", "BASE TABLE", "YES"],
            ["northwind-dev", "{d}", "seen", "VIEW", "NO"],
        ],
    ),
    "COLUMNS": (
        "table_name, column_name, ordinal_position, is_nullable, data_type, is_partitioning_column,"
        " clustering_ordinal_position",
        [
            ["beds", "day", "2", "YES", "DATE", "YES", "1"],
            ["beds", "id", "1", "NO", "STRING", "NO", "2"],
            ["beds", "room", "3", "YES", "STRUCT<no ARRAY<INT64>>", "NO", None],
            ["plain", "a", "1", "YES", "INT64", "NO", None],
            ["seen", "id", "1", "YES", "STRING", "NO", None],
        ],
    ),
    "COLUMN_FIELD_PATHS": (
        "table_name, column_name, field_path, data_type, description, policy_tags",
        [
            ["beds", "day", "day", "DATE", "of arrival", []],
            ["beds", "id", "id", "STRING", None, [TAG]],
            ["beds", "room", "room", "STRUCT<no ARRAY<INT64>>", None, []],
            ["beds", "room", "room.no", "ARRAY<INT64>", None, []],
            ["plain", "a", "a", "INT64", None, []],
            ["seen", "id", "id", "STRING", None, []],
        ],
    ),
    "TABLE_OPTIONS": (
        "table_name, option_name, option_type, option_value",
        [
            ["beds", "description", "STRING", '"Beds"'],
            ["beds", "expiration_timestamp", "TIMESTAMP", 'TIMESTAMP "2030-01-01T10:00:00.250Z"'],
            ["beds", "friendly_name", "STRING", '"beds"'],
            ["beds", "labels", "ARRAY<STRUCT<STRING, STRING>>", '[STRUCT("team", "labs"), STRUCT("k", "")]'],
            ["beds", "partition_expiration_days", "FLOAT64", "1.5"],
            ["beds", "require_partition_filter", "BOOL", "true"],
        ],
    ),
    "PARTITIONS": (
        "table_name, partition_id, total_rows, total_logical_bytes, storage_tier",
        [
            # A DATE has 8 bytes, a STRING 2 and its own.
            ["beds", "20240101", "2", "22", "ACTIVE"],
            ["beds", "__NULL__", "1", "3", "ACTIVE"],
            ["plain", None, "1", "8", "ACTIVE"],
        ],
    ),
    "TABLE_STORAGE": (
        "table_name, total_rows, total_partitions, total_logical_bytes, deleted",
        [["beds", "3", "2", "25", "false"], ["plain", "1", "0", "8", "false"]],
    ),
    "VIEWS": (
        "table_name, view_definition, use_standard_sql",
        [["seen", "select id from {d}.beds where day > '2000-01-01'", "YES"]],
    ),
    "MATERIALIZED_VIEWS": ("table_name", []),
    "OBJECT_PRIVILEGES": (
        "object_schema, object_name, object_type, privilege_type, grantee",
        [["{d}", "plain", "TABLE", "roles/bigquery.dataViewer", "group:a@example.com"]],
    ),
}


@pytest.mark.parametrize(("view", "columns", "rows"), [(view, *case) for view, case in VIEWS.items()], ids=VIEWS)
def test_a_view_shows(client: Client, ward: str, view: str, columns: str, rows: list[list[Any]]) -> None:
    order = ", ".join(columns.split(", ")[:4])
    found = client.query(f"select {columns} from {ward}.INFORMATION_SCHEMA.{view} order by {order}").rows
    assert found == [[cell.replace("{d}", ward) if isinstance(cell, str) else cell for cell in row] for row in rows]


def test_the_old_list_of_tables(client: Client, ward: str) -> None:
    sql = (
        f"select project_id, dataset_id, table_id, row_count, size_bytes, type from {ward}.__TABLES__ order by table_id"
    )
    assert client.query(sql).rows == [
        ["northwind-dev", ward, "beds", "3", "25", "1"],
        ["northwind-dev", ward, "plain", "1", "8", "1"],
        ["northwind-dev", ward, "seen", "0", "0", "2"],
    ]


def test_moments(client: Client, ward: str) -> None:
    for view, column in (("TABLES", "creation_time"), ("PARTITIONS", "last_modified_time")):
        sql = f"select count(*) from {ward}.INFORMATION_SCHEMA.{view} where {column} > timestamp '2020-01-01'"
        assert client.query(sql).rows == [["3"]]


class TestPlaces:
    @pytest.mark.parametrize(
        "path",
        [
            "{d}.INFORMATION_SCHEMA.TABLES",
            "{d}.information_schema.tables",
            "`northwind-dev`.{d}.INFORMATION_SCHEMA.TABLES",
            "`northwind-dev.{d}.INFORMATION_SCHEMA.TABLES`",
            "`northwind-dev`.`{d}`.INFORMATION_SCHEMA.`TABLES`",
            "`region-us-east4`.INFORMATION_SCHEMA.TABLES",
            "`northwind-dev`.`region-US-EAST4`.INFORMATION_SCHEMA.TABLES",
        ],
    )
    def test_a_path(self, client: Client, ward: str, path: str) -> None:
        sql = f"select count(*) from {path.format(d=ward)} as t where t.table_schema = '{ward}'"
        assert client.query(sql, location="us-east4").rows == [["3"]]

    def test_the_default_dataset(self, client: Client, ward: str) -> None:
        sql = "select count(*) from INFORMATION_SCHEMA.TABLES"
        assert client.query(sql, defaultDataset={"datasetId": ward}).rows == [["3"]]

    def test_a_region_has_its_own_datasets_only(self, client: Client, ward: str) -> None:
        sql = "select count(*) from `region-us-west1`.INFORMATION_SCHEMA.TABLES where table_schema = '{}'"
        assert client.query(sql.format(ward)).rows == [["0"]]

    def test_datasets(self, client: Client, ward: str) -> None:
        columns = "catalog_name, schema_name, location"
        for path in ("INFORMATION_SCHEMA.SCHEMATA", "`region-us-east4`.INFORMATION_SCHEMA.SCHEMATA"):
            sql = f"select {columns} from {path} where schema_name = '{ward}' and creation_time is not null"
            assert client.query(sql, location="us-east4").rows == [["northwind-dev", ward, "us-east4"]]

    def test_another_project_has_none_of_these(self, client: Client, ward: str) -> None:
        sql = f"select count(*) from `other`.INFORMATION_SCHEMA.SCHEMATA where schema_name = '{ward}'"
        assert client.query(sql).rows == [["0"]]

    @pytest.mark.parametrize(
        ("path", "reason", "message"),
        [
            ("INFORMATION_SCHEMA.TABLES", "invalid", "must be qualified with a dataset or a region"),
            ("a.b.c.INFORMATION_SCHEMA.TABLES", "invalid", "must be qualified with a dataset or a region"),
            ("nowhere.INFORMATION_SCHEMA.TABLES", "notFound", "Not found: Dataset northwind-dev:nowhere"),
            ("nowhere.__TABLES__", "notFound", "Not found: Dataset northwind-dev:nowhere"),
            ("{d}.INFORMATION_SCHEMA.JOBS", "invalid", "not emulated: INFORMATION_SCHEMA.JOBS"),
        ],
    )
    def test_no_place(self, client: Client, ward: str, path: str, reason: str, message: str) -> None:
        with refused(reason, message):
            client.query(f"select * from {path.format(d=ward)}")

    def test_an_unknown_column(self, client: Client, ward: str) -> None:
        with refused("invalidQuery", "Unrecognized name: ddl"):
            client.query(f"select ddl from {ward}.INFORMATION_SCHEMA.TABLES")

    def test_views_are_read_only(self, client: Client, ward: str) -> None:
        with refused("notFound"):
            client.query(f"delete {ward}.INFORMATION_SCHEMA.TABLES where true")


class TestOmni:
    """https://cloud.google.com/bigquery/docs/omni-introduction#limitations"""

    @pytest.mark.parametrize("view", ["OBJECT_PRIVILEGES", "PARTITIONS", "TABLE_STORAGE"])
    def test_what_is_not_there(self, client: Client, omni: str, view: str) -> None:
        with refused("invalidQuery", f"INFORMATION_SCHEMA.{view} is not supported in Omni locations"):
            client.query(f"select * from {omni}.INFORMATION_SCHEMA.{view}")

    def test_external_tables(self, client: Client, omni: str) -> None:
        table = {
            "tableReference": {"tableId": "t"},
            "schema": {"fields": [{"name": "a", "type": "STRING"}]},
            "externalDataConfiguration": {
                "connectionId": "northwind-dev.aws-us-east-1.landing",
                "sourceFormat": "CSV",
                "sourceUris": ["s3://landing/nothing/*"],
                "hivePartitioningOptions": {
                    "mode": "CUSTOM",
                    "sourceUriPrefix": "s3://landing/nothing/{day:DATE}",
                    "requirePartitionFilter": True,
                },
            },
        }
        client.call("POST", f"datasets/{omni}/tables", table)
        schema = f"{omni}.INFORMATION_SCHEMA"
        assert client.query(f"select table_name, table_type from {schema}.TABLES").rows == [["t", "EXTERNAL"]]
        sql = f"select column_name, is_partitioning_column from {schema}.COLUMNS order by ordinal_position"
        assert client.query(sql).rows == [["a", "NO"], ["day", "YES"]]
        sql = f"select option_value from {schema}.TABLE_OPTIONS where option_name = 'require_partition_filter'"
        assert client.query(sql).rows == [["true"]]
        assert client.query(f"select * from {schema}.COLUMN_FIELD_PATHS").rows == []
