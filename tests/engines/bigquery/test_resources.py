"""Datasets and tables: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.engines.bigquery import Client
from tests.engines.bigquery.refusals import refused

TAG = "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags/2"


def column(name: str, type: str = "STRING", mode: str = "NULLABLE", **more: Any) -> dict[str, Any]:
    """A column."""
    return {"name": name, "type": type, "mode": mode, **more}


def tagged(name: str, tag: str = TAG) -> dict[str, Any]:
    """A column with a policy tag."""
    return column(name, policyTags={"names": [tag]})


@pytest.fixture
def make(client: Client, dataset: str) -> Callable[..., str]:
    """make(columns, ...): a table `t` in the dataset; its path."""

    def made(columns: Sequence[dict[str, Any]], **settings: Any) -> str:
        table = {"tableReference": {"tableId": "t"}, "schema": {"fields": columns}, **settings}
        client.call("POST", f"datasets/{dataset}/tables", table)
        return f"datasets/{dataset}/tables/t"

    return made


class TestDatasets:
    def test_one_is_found_after_it_is_made(self, client: Client, dataset: str) -> None:
        found = client.call("GET", f"datasets/{dataset}")
        assert found["location"] == "us-east4"
        assert found["etag"]
        assert dataset in [item["datasetReference"]["datasetId"] for item in client.call("GET", "datasets")["datasets"]]

    def test_one_is_not_made_twice(self, client: Client, dataset: str) -> None:
        with refused("duplicate", f"Already Exists: Dataset northwind-dev:{dataset}"):
            client.call("POST", "datasets", {"datasetReference": {"datasetId": dataset}})

    def test_its_location_is_us_unless_given_and_stays(self, client: Client, dataset: str) -> None:
        made = client.call("POST", "datasets", {"datasetReference": {"datasetId": f"{dataset}_us"}})
        assert made["location"] == "US"
        with refused("invalid", "location"):
            client.call("PATCH", f"datasets/{dataset}", {"location": "us-west1"})

    def test_a_patch_merges_and_null_removes(self, client: Client, dataset: str) -> None:
        path = f"datasets/{dataset}"
        client.call("PATCH", path, {"description": "Labs", "labels": {"a": "1", "b": "2"}})
        changed = client.call("PATCH", path, {"description": None, "labels": {"a": None, "c": "3"}})
        assert "description" not in changed
        assert changed["labels"] == {"b": "2", "c": "3"}

    def test_an_update_replaces(self, client: Client, dataset: str) -> None:
        path = f"datasets/{dataset}"
        client.call("PATCH", path, {"description": "Labs", "labels": {"a": "1"}})
        changed = client.call("PUT", path, {"labels": {"b": "2"}})
        assert "description" not in changed
        assert (changed["labels"], changed["location"]) == ({"b": "2"}, "us-east4")

    def test_one_with_tables_is_deleted_with_its_contents_only(self, client: Client, make: Any, dataset: str) -> None:
        make([column("a")])
        with refused("resourceInUse", "is still in use"):
            client.call("DELETE", f"datasets/{dataset}")
        client.call("DELETE", f"datasets/{dataset}?deleteContents=true")
        with refused("notFound", f"Not found: Dataset northwind-dev:{dataset}"):
            client.call("GET", f"datasets/{dataset}")

    @pytest.mark.parametrize("labels", [{"Key": "v"}, {"key": "Value"}, {"1": "v"}, {"k": "v" * 64}])
    def test_labels_are_lower_case_and_short(self, client: Client, dataset: str, labels: dict[str, str]) -> None:
        with refused("invalid", "has invalid characters"):
            client.call("PATCH", f"datasets/{dataset}", {"labels": labels})

    def test_a_setting_that_is_not_known_is_refused(self, client: Client, dataset: str) -> None:
        with refused("invalid", "not emulated: the setting linkedDatasetSource"):
            client.call("PATCH", f"datasets/{dataset}", {"linkedDatasetSource": {}})


class TestTables:
    def test_types_come_back_under_the_names_of_the_api(self, client: Client, make: Any) -> None:
        types = {"INT64": "INTEGER", "float64": "FLOAT", "BOOL": "BOOLEAN", "STRING": "STRING", "NUMERIC": "NUMERIC"}
        path = make([column(f"c{number}", type) for number, type in enumerate(types)])
        fields = client.call("GET", path)["schema"]["fields"]
        assert [field["type"] for field in fields] == list(types.values())

    def test_one_that_is_not_there(self, client: Client, dataset: str) -> None:
        message = f"Not found: Table northwind-dev:{dataset}.none was not found in location us-east4"
        for method in ("GET", "PATCH", "DELETE"):
            with refused("notFound", message):
                client.call(method, f"datasets/{dataset}/tables/none", {} if method == "PATCH" else None)

    def test_column_names_are_unique_in_any_case(self, make: Any) -> None:
        with refused("invalid", "Duplicate field name: a"):
            make([column("a"), column("A")])

    def test_a_list_has_pages(self, client: Client, dataset: str) -> None:
        for name in ("b", "a", "c"):
            client.call("POST", f"datasets/{dataset}/tables", {"tableReference": {"tableId": name}})
        first = client.call("GET", f"datasets/{dataset}/tables?maxResults=2")
        last = client.call("GET", f"datasets/{dataset}/tables?maxResults=2&pageToken={first['nextPageToken']}")
        assert "nextPageToken" not in last
        names = [table["tableReference"]["tableId"] for page in (first, last) for table in page["tables"]]
        assert names == ["a", "b", "c"]

    def test_a_view_has_the_columns_of_its_query(self, client: Client, dataset: str) -> None:
        view = {"query": "select 1 as a, 'x' as b", "useLegacySql": False}
        made = client.call("POST", f"datasets/{dataset}/tables", {"tableReference": {"tableId": "v"}, "view": view})
        assert made["type"] == "VIEW"
        assert [(field["name"], field["type"]) for field in made["schema"]["fields"]] == [
            ("a", "INTEGER"),
            ("b", "STRING"),
        ]

    def test_legacy_sql_is_the_default_and_not_emulated(self, client: Client, dataset: str) -> None:
        with refused("invalid", "not emulated: views in legacy SQL"):
            table = {"tableReference": {"tableId": "v"}, "view": {"query": "select 1"}}
            client.call("POST", f"datasets/{dataset}/tables", table)


class TestEtags:
    def test_a_change_needs_the_etag_of_what_it_changes(self, client: Client, make: Any) -> None:
        path = make([column("a")])
        old = client.call("GET", path)["etag"]
        new = client.call("PATCH", path, {"description": "first"}, {"If-Match": old})["etag"]
        assert new != old
        with refused("conditionNotMet"):
            client.call("PATCH", path, {"description": "second"}, {"If-Match": old})
        assert client.call("GET", path)["description"] == "first"

    def test_a_change_of_rows_changes_it(self, client: Client, make: Any, dataset: str) -> None:
        path = make([column("a")])
        old = client.call("GET", path)["etag"]
        client.query(f"insert into {dataset}.t (a) values ('x')")
        assert client.call("GET", path)["etag"] != old


def test_a_patch_keeps_rows_and_grants(client: Client, make: Any, dataset: str) -> None:
    path = make([column("a")])
    client.query(f"insert into {dataset}.t (a) values ('x')")
    client.query(f"grant `roles/bigquery.dataViewer` on table {dataset}.t to 'user:analyst@example.com'")
    client.call("PATCH", path, {"description": "x"})
    assert client.query(f"select a from {dataset}.t").rows == [["x"]]
    view = "`region-us-east4`.INFORMATION_SCHEMA.OBJECT_PRIVILEGES"
    query = f"select grantee from {view} where object_schema = '{dataset}' and object_name = 't'"
    assert client.query(query, "us-east4").rows == [["user:analyst@example.com"]]


class TestSchemaChanges:
    def test_a_new_column_is_null_in_old_rows(self, client: Client, make: Any, dataset: str) -> None:
        inner = column("r", "RECORD", fields=[column("x", "INT64")])
        path = make([column("a"), inner])
        client.query(f"insert into {dataset}.t (a, r) values ('1', struct(7))")
        wider = column("r", "RECORD", fields=[column("x", "INT64"), column("y")])
        client.call("PATCH", path, {"schema": {"fields": [column("a"), wider, column("b", "INT64", "REPEATED")]}})
        assert client.query(f"select a, r.x, r.y, b from {dataset}.t").rows == [["1", "7", None, []]]

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ([], "Field a is missing in new schema"),
            ([column("a", "INT64")], "Field a has changed type from STRING to INTEGER"),
            ([column("a", mode="REQUIRED")], "Field a has changed mode from NULLABLE to REQUIRED"),
            ([column("a"), column("b", mode="REQUIRED")], "Cannot add required fields to an existing schema"),
        ],
    )
    def test_other_changes_are_refused(self, client: Client, make: Any, fields: Any, message: str) -> None:
        path = make([column("a")])
        with refused("invalid", message):
            client.call("PATCH", path, {"schema": {"fields": fields}})

    def test_required_is_relaxed(self, client: Client, make: Any) -> None:
        path = make([column("a", mode="REQUIRED")])
        changed = client.call("PATCH", path, {"schema": {"fields": [column("a")]}})
        assert changed["schema"]["fields"][0]["mode"] == "NULLABLE"

    def test_a_description_that_is_not_sent_is_gone(self, client: Client, make: Any) -> None:
        path = make([column("a", description="A"), column("b", description="B")])
        sent = [column("a", description=None), column("b")]
        changed = client.call("PATCH", path, {"schema": {"fields": sent}})
        assert not any("description" in field for field in changed["schema"]["fields"])

    def test_partitioning_stays(self, client: Client, make: Any) -> None:
        path = make([column("d", "DATE")], timePartitioning={"type": "DAY", "field": "d"})
        assert client.call("PATCH", path, {"timePartitioning": {"expirationMs": "1000"}})
        with refused("invalid", "Cannot change partitioning"):
            client.call("PATCH", path, {"timePartitioning": {"type": "MONTH"}})

    def test_a_table_does_not_become_a_view(self, client: Client, make: Any) -> None:
        path = make([column("a")])
        with refused("invalid", "view cannot be added"):
            client.call("PATCH", path, {"view": {"query": "select 1", "useLegacySql": False}})


class TestPolicyTags:
    """https://cloud.google.com/bigquery/docs/column-level-security"""

    def test_they_stay_unless_a_patch_speaks_of_them(self, client: Client, make: Any) -> None:
        path = make([tagged("a"), tagged("b")])
        sent = [column("a", description="A"), column("b", policyTags={"names": []})]
        changed = client.call("PATCH", path, {"schema": {"fields": sent}})["schema"]["fields"]
        assert changed[0]["policyTags"] == {"names": [TAG]}
        assert "policyTags" not in changed[1]

    def test_a_leaf_of_a_record_takes_one_and_the_record_none(self, client: Client, make: Any) -> None:
        path = make([column("r", "RECORD", fields=[tagged("x")])])
        assert client.call("GET", path)["schema"]["fields"][0]["fields"][0]["policyTags"]["names"] == [TAG]
        record = column("r", "RECORD", fields=[column("x")], policyTags={"names": [TAG]})
        with refused("invalid", "leaf field"):
            client.call("PATCH", path, {"schema": {"fields": [record]}})

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ([""], "is not a valid value"),
            (["pii"], "is not a valid value"),
            ([TAG, TAG.replace("/2", "/3")], "at most 1 policy tag"),
            ([TAG.replace("us-east4", "us")], "is not in location us-east4"),
        ],
    )
    def test_what_is_none_or_too_many_is_refused(self, make: Any, names: list[str], message: str) -> None:
        with refused("invalid", message):
            make([column("a", policyTags={"names": names})])


class TestOmni:
    """https://cloud.google.com/bigquery/docs/omni-introduction#limitations"""

    def external(self, **configuration: Any) -> dict[str, Any]:
        """An external table."""
        return {
            "tableReference": {"tableId": "t"},
            "schema": {"fields": [column("a")]},
            "externalDataConfiguration": {
                "connectionId": "northwind-dev.aws-us-east-1.landing",
                "sourceFormat": "CSV",
                "sourceUris": ["s3://landing/none/*"],
                **configuration,
            },
        }

    def test_a_table_over_s3_needs_a_connection_and_an_omni_dataset(
        self, client: Client, dataset: str, omni: str
    ) -> None:
        with refused("invalid", "A connection is required"):
            client.call("POST", f"datasets/{omni}/tables", self.external(connectionId=""))
        with refused("invalid", "Location us-east4 of the dataset cannot hold tables over Amazon S3"):
            client.call("POST", f"datasets/{dataset}/tables", self.external())
        assert client.call("POST", f"datasets/{omni}/tables", self.external())["type"] == "EXTERNAL"

    def test_a_table_over_other_clouds_is_refused(self, client: Client, omni: str) -> None:
        with refused("invalid", "is not in the cloud of location aws-us-east-1"):
            client.call("POST", f"datasets/{omni}/tables", self.external(sourceUris=["gs://landing/*"]))

    def test_a_native_table_is_refused(self, client: Client, omni: str) -> None:
        with refused("invalid", "Tables with data in BigQuery are not supported in location aws-us-east-1"):
            client.call("POST", f"datasets/{omni}/tables", {"tableReference": {"tableId": "t"}})

    def test_keys_of_the_customer_are_refused(self, client: Client, omni: str) -> None:
        key = {"kmsKeyName": "projects/p/locations/us-east4/keyRings/r/cryptoKeys/k"}
        with refused("invalid", "Customer-managed encryption keys"):
            client.call("PATCH", f"datasets/{omni}", {"defaultEncryptionConfiguration": key})
        with refused("invalid", "Customer-managed encryption keys"):
            client.call("POST", f"datasets/{omni}/tables", self.external() | {"encryptionConfiguration": key})

    def test_one_without_a_schema_is_not_emulated(self, client: Client, omni: str) -> None:
        with refused("invalid", "not emulated: an external table without a schema"):
            client.call("POST", f"datasets/{omni}/tables", self.external() | {"schema": None})


def test_a_request_that_is_not_known_is_refused(client: Client) -> None:
    with refused("invalid", "not emulated: GET /bigquery/v2/projects/northwind-dev/reservations"):
        client.call("GET", "reservations")
