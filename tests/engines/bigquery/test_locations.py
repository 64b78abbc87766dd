"""Where jobs run: https://cloud.google.com/bigquery/docs/omni-introduction, .../biglake-intro"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.bigquery import Client
from tests.engines.bigquery.refusals import refused


@pytest.fixture
def landed(client: Client, bucket: Path, omni: str) -> str:
    """A table over S3 in aws-us-east-1."""
    (bucket / omni).mkdir()
    (bucket / omni / "f.csv").write_text("xyz\n")
    external = {
        "connectionId": "northwind-dev.aws-us-east-1.landing",
        "sourceFormat": "CSV",
        "sourceUris": [f"s3://landing/{omni}/*"],
    }
    table = {
        "tableReference": {"tableId": "t"},
        "schema": {"fields": [{"name": "a", "type": "STRING"}]},
        "externalDataConfiguration": external,
    }
    client.call("POST", f"datasets/{omni}/tables", table)
    return f"{omni}.t"


def test_the_location_follows_from_what_is_read(client: Client, dataset: str, landed: str) -> None:
    client.query(f"create table {dataset}.t as select 1 as a")
    places = {
        "select 1": "US",
        f"select * from {dataset}.t": "us-east4",
        f"select * from {landed}": "aws-us-east-1",
        f"create table {dataset}.u as select 1 as a": "us-east4",
    }
    found = {sql: client.query(sql).job["jobReference"]["location"] for sql in places}
    assert found == places


@pytest.mark.parametrize("location", ["us-east4", "US"])
def test_a_query_in_the_colocated_region_reads_across_clouds(client: Client, landed: str, location: str) -> None:
    result = client.query(f"select a from {landed}", location)
    assert result.rows == [["xyz"]]
    assert result.statistics["transferredBytes"] == "4"


@pytest.mark.parametrize("location", ["us-west1", "EU", "aws-us-west-2"])
def test_a_query_elsewhere_does_not(client: Client, landed: str, location: str) -> None:
    dataset = landed.partition(".")[0]
    with refused("notFound", f"Not found: Dataset northwind-dev:{dataset} was not found in location {location}"):
        client.query(f"select a from {landed}", location)


def test_regions_do_not_mix(client: Client, dataset: str, new_dataset: Callable[[str], str]) -> None:
    other = new_dataset("us-west1")
    for id in (dataset, other):
        client.query(f"create table {id}.t as select 1 as a")
    with refused("notFound", f"Dataset northwind-dev:{other} was not found in location us-east4"):
        client.query(f"select * from {dataset}.t join {other}.t as u using (a)", "us-east4")


def test_a_table_as_select_brings_data_over(client: Client, dataset: str, landed: str) -> None:
    statistics = client.query(f"create table {dataset}.t as select * from {landed}", "us-east4").statistics
    assert statistics["transferredBytes"] == "4"
    assert client.query(f"select * from {dataset}.t").rows == [["xyz"]]


@pytest.mark.parametrize(
    "sql",
    [
        "insert into {dataset}.t (a) select a from {landed}",
        "merge {dataset}.t as t using {landed} as s on t.a = s.a when not matched then insert (a) values (a)",
        "update {dataset}.t set a = 'y' where a in (select a from {landed})",
        "delete from {dataset}.t where a in (select a from {landed})",
    ],
)
def test_dml_does_not_read_across_clouds(client: Client, dataset: str, landed: str, sql: str) -> None:
    client.query(f"create table {dataset}.t (a string)")
    with refused("invalidQuery", "of location aws-us-east-1 is not allowed"):
        client.query(sql.format(dataset=dataset, landed=landed), "us-east4")


@pytest.mark.parametrize("sql", ["create table {omni}.u as select 1 as a", "create table {omni}.u (a string)"])
def test_an_omni_region_holds_no_tables_of_its_own(client: Client, omni: str, sql: str) -> None:
    with refused("invalidQuery", "is not supported in location aws-us-east-1"):
        client.query(sql.format(omni=omni))
