"""Google's own client takes the answers of the service, in the environment of dbt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engines.bigquery import Emulator
from tests.engines.environments import Environment

SCRIPT = """
import datetime, json, sys, urllib.request
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import Conflict, NotFound, PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

endpoint, dataset = sys.argv[1:]
client = bigquery.Client(
    "northwind-dev", AnonymousCredentials(), location="us-east4", client_options=ClientOptions(api_endpoint=endpoint)
)
found = {}

rows = [{"a": number, "b": ["x"], "c": {"d": "2024-01-31"}} for number in range(30)]
schema = [
    bigquery.SchemaField("a", "INT64"),
    bigquery.SchemaField("b", "STRING", "REPEATED"),
    bigquery.SchemaField("c", "RECORD", fields=[bigquery.SchemaField("d", "DATE")]),
]
table = f"{dataset}.t"
job = client.load_table_from_json(rows, table, job_config=bigquery.LoadJobConfig(schema=schema))
found["loaded"] = job.result().output_rows
found["read"] = [list(row.values()) for row in client.list_rows(table, page_size=7)] == [
    [number, ["x"], {"d": datetime.date(2024, 1, 31)}] for number in range(30)
]
found["paged"] = len(list(client.query(f"select * from {table}").result(page_size=4)))

(row,) = client.query('''
    select 1.5 as a, numeric '0.1' as b, timestamp '2024-01-31 10:00:00.25 UTC' as c,
        datetime '2024-01-31 10:00:00' as d, b'x' as e, true as f,
        cast(null as string) as g, time '10:00:00' as h, struct(1 as x, [2] as y) as i
''').result()
found["types"] = [repr(value) for value in row.values()]

job = client.query(f"select a from {table}", job_config=bigquery.QueryJobConfig(dry_run=True))
found["dry"] = [job.total_bytes_processed, [field.name for field in job.schema]]
job = client.query(f"update {table} set b = [] where a < 10")
job.result()
found["updated"] = [job.num_dml_affected_rows, job.dml_stats.updated_row_count]

client.copy_table(table, f"{dataset}.u").result()
found["copied"] = client.get_table(f"{dataset}.u").num_rows
try:
    client.copy_table(table, f"{dataset}.u").result()
except Conflict:
    found["not copied twice"] = True

first, second = client.get_table(table), client.get_table(table)
first.description = "first"
client.update_table(first, ["description"])
second.description = "second"
try:
    client.update_table(second, ["description"])
except PreconditionFailed:
    found["etag"] = True
try:
    client.query(f"select * from {dataset}.none").result()
except NotFound as error:
    found["not found"] = error.errors[0]["reason"]
found["listed"] = [item.table_id for item in client.list_tables(dataset)]

def fail(**rule):
    rule = {"method": "POST", "path": "/jobs$", **rule}
    urllib.request.urlopen(
        urllib.request.Request(f"{endpoint}/emulator/faults", json.dumps([rule]).encode(), method="PUT")
    )

client.query(f"create table {dataset}.w (a int64)").result()
fail(reason="backendError", times=2)
client.query(f"insert into {dataset}.w (a) values (1)").result()
fail(reason="reset", after=True)
client.query(f"insert into {dataset}.w (a) values (2)").result()
found["written once"] = [row.a for row in client.query(f"select a from {dataset}.w order by a").result()]

view = bigquery.Table(f"northwind-dev.{dataset}.v")
view.view_query = f"select a from {table}"
found["view"] = [field.name for field in client.create_table(view).schema]
client.delete_dataset(dataset, delete_contents=True)
found["gone"] = dataset not in [item.dataset_id for item in client.list_datasets()]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(emulator: Emulator, dbt_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client saw."""
    dataset = {"datasetReference": {"datasetId": "google_client"}, "location": "us-east4"}
    emulator.client().call("POST", "datasets", dataset)
    folder = tmp_path_factory.mktemp("client")
    result: dict[str, Any] = json.loads(
        dbt_environment.run(["python", "-c", SCRIPT, emulator.endpoint, "google_client"], cwd=folder).stdout
    )
    return result


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("loaded", 30),
        ("read", True),
        ("paged", 30),
        ("dry", [240, ["a"]]),
        ("updated", [10, 10]),
        ("copied", 30),
        ("not copied twice", True),
        ("etag", True),
        ("not found", "notFound"),
        ("listed", ["t", "u"]),
        # The first was answered with an error twice; of the second the answer was lost, and the client asked again.
        ("written once", [1, 2]),
        ("view", ["a"]),
        ("gone", True),
    ],
)
def test_it_sees(found: dict[str, Any], what: str, expected: object) -> None:
    assert found.get(what) == expected


def test_it_reads_every_type(found: dict[str, Any]) -> None:
    assert found["types"] == [
        "1.5",
        "Decimal('0.1')",
        "datetime.datetime(2024, 1, 31, 10, 0, 0, 250000, tzinfo=datetime.timezone.utc)",
        "datetime.datetime(2024, 1, 31, 10, 0)",
        "b'x'",
        "True",
        "None",
        "datetime.time(10, 0)",
        "{'x': 1, 'y': [2]}",
    ]
