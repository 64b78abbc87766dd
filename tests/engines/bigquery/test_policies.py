"""Column-level security: https://cloud.google.com/bigquery/docs/column-level-security-intro"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engines.bigquery import Client, Emulator
from tests.engines.bigquery.refusals import refused

TAGS = "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags"


@pytest.fixture
def table(client: Client, dataset: str) -> str:
    """A table with a column of each of the tags `open` and `closed`, and one row."""
    fields = [
        {"name": "id", "type": "STRING"},
        *({"name": tag, "type": "STRING", "policyTags": {"names": [f"{TAGS}/{tag}"]}} for tag in ("open", "closed")),
    ]
    resource = {"tableReference": {"tableId": "t"}, "schema": {"fields": fields}}
    client.call("POST", f"datasets/{dataset}/tables", resource)
    client.query(f"insert into {dataset}.t (id, open, closed) values ('1', '123-45-6789', 'secret')")
    return f"{dataset}.t"


@pytest.fixture
def granted(client: Client) -> Iterator[None]:
    """A reader of the tag `open`, and one who gets it masked."""
    masked = [{"rule": "LAST_FOUR_CHARACTERS", "maskedReaders": ["user:masked@example.com"]}]
    grants = {f"{TAGS}/open": {"fineGrainedReaders": ["user:reader@example.com"], "dataPolicies": masked}}
    client.call("PUT", "/emulator/policies", grants)
    yield
    client.call("PUT", "/emulator/policies", {})


@pytest.mark.usefixtures("granted")
class TestReading:
    @pytest.mark.parametrize("principal", ["dummy", "user:owner@example.com", "user:reader@example.com"])
    def test_in_clear(self, emulator: Emulator, table: str, principal: str) -> None:
        assert emulator.client(principal).query(f"select open from {table}").rows == [["123-45-6789"]]

    def test_masked(self, emulator: Emulator, table: str) -> None:
        ((value,),) = emulator.client("user:masked@example.com").query(f"select open from {table}").rows
        assert value != "123-45-6789"
        assert value.endswith("6789")

    def test_refused(self, emulator: Emulator, table: str) -> None:
        reader = emulator.client("user:reader@example.com")
        with refused("accessDenied", f"{table}.closed"):
            reader.query(f"select closed from {table}")
        with refused("accessDenied"):
            reader.query(f"select * from {table}")
        assert reader.query(f"select id from {table}").rows == [["1"]]

    def test_rows_of_a_table_are_refused_as_a_whole(self, emulator: Emulator, table: str) -> None:
        dataset, _, id = table.partition(".")
        path = f"datasets/{dataset}/tables/{id}/data"
        with refused("accessDenied", f"{table}.closed"):
            emulator.client("user:reader@example.com").call("GET", path)
        assert emulator.client().call("GET", path)["totalRows"] == "1"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"tag": {"dataPolicies": [{"rule": "ROT13", "maskedReaders": []}]}},
        {"tag": {"dataPolicies": [{"rule": "CLEAR", "maskedReaders": []}]}},
        {"tag": {"dataPolicies": [{"rule": "SHA256"}]}},
        {"tag": {"dataPolicies": [{"rule": "SHA256", "maskedReaders": []}] * 10}},
    ],
)
def test_policies_in_another_form_are_refused(client: Client, document: object) -> None:
    with refused("invalid"):
        client.call("PUT", "/emulator/policies", document)
