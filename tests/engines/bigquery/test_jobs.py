"""Jobs: https://cloud.google.com/bigquery/docs/reference/rest/v2/Job"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.engines.bigquery import Client, RefusedError
from tests.engines.bigquery.refusals import refused

TAG = "projects/northwind-dev/locations/us-east4/taxonomies/1/policyTags/2"


def query(sql: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a query job."""
    return {"query": {"query": sql, "useLegacySql": False, **settings}}


def load(dataset: str, columns: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a load job into the table t: a STRING, b INT64."""
    fields = [dict(zip(("name", "type"), column.split(), strict=True)) for column in columns.split(", ")]
    destination = {"projectId": "northwind-dev", "datasetId": dataset, "tableId": "t"}
    return {"load": {"destinationTable": destination, "schema": {"fields": fields}, **settings}}


def multipart(client: Client, configuration: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The job of a multipart upload."""
    boundary = "===============1=="
    head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps({'configuration': configuration})}\r\n"
    media = b"--%s\r\nContent-Type: */*\r\n\r\n%s\r\n--%s--" % (boundary.encode(), data, boundary.encode())
    path = f"/upload/bigquery/v2/projects/{client.project}/jobs?uploadType=multipart"
    type = {"Content-Type": f'multipart/related; boundary="{boundary}"'}
    job: dict[str, Any] = client.call("POST", path, head.encode() + media, type)
    if "errorResult" in job["status"]:
        error = job["status"]["errorResult"]
        raise RefusedError(200, error["reason"], error["message"])
    return job


class TestQueries:
    def test_a_job_tells_what_it_did(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a union all select 2")
        job = client.query(f"select a from {dataset}.t").job
        assert job["status"] == {"state": "DONE"}
        statistics = job["statistics"]["query"]
        assert statistics["statementType"] == "SELECT"
        assert statistics["totalBytesProcessed"] == "16"
        assert statistics["totalBytesBilled"] == str(10 * 2**20)
        table = {"projectId": "northwind-dev", "datasetId": dataset, "tableId": "t"}
        assert statistics["referencedTables"] == [table]

    def test_ddl_names_its_target(self, client: Client, dataset: str) -> None:
        statistics = client.query(f"create or replace table {dataset}.t as select 1 as a").statistics
        assert statistics["statementType"] == "CREATE_TABLE_AS_SELECT"
        assert statistics["ddlOperationPerformed"] == "CREATE"
        assert statistics["ddlTargetTable"]["tableId"] == "t"
        statistics = client.query(f"create or replace table {dataset}.t as select 1 as a").statistics
        assert statistics["ddlOperationPerformed"] == "REPLACE"

    def test_dml_counts_its_rows(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a")
        statistics = client.query(f"insert into {dataset}.t (a) values (2), (3)").statistics
        assert statistics["numDmlAffectedRows"] == "2"
        assert statistics["dmlStats"] == {"insertedRowCount": "2", "updatedRowCount": "0", "deletedRowCount": "0"}

    def test_an_error_is_in_the_job_and_answers_who_asks_for_results(self, client: Client) -> None:
        job = client.call("POST", "jobs", {"configuration": query("select nothing")})
        assert job["status"]["errorResult"]["reason"] == "invalidQuery"
        assert job["status"]["state"] == "DONE"
        with refused("invalidQuery", "nothing"):
            client.call("GET", f"queries/{job['jobReference']['jobId']}")

    def test_a_result_can_be_read_as_a_table(self, client: Client) -> None:
        destination = client.query("select 1 as a").job["configuration"]["query"]["destinationTable"]
        path = f"datasets/{destination['datasetId']}/tables/{destination['tableId']}"
        assert client.call("GET", path)["numRows"] == "1"
        assert client.call("GET", f"{path}/data")["rows"] == [{"f": [{"v": "1"}]}]
        assert destination["datasetId"] not in json.dumps(client.call("GET", "datasets"))

    def test_results_have_pages(self, client: Client) -> None:
        job = client.query("select x from unnest(generate_array(1, 25)) as x order by x").job
        path = f"queries/{job['jobReference']['jobId']}"
        sizes, token = [], ""
        while True:
            page = client.call("GET", f"{path}?maxResults=10{token}")
            sizes.append(len(page["rows"]))
            if "pageToken" not in page:
                break
            token = f"&pageToken={page['pageToken']}"
        assert sizes == [10, 10, 5]
        assert page["totalRows"] == "25"
        assert client.call("GET", f"{path}?maxResults=1&startIndex=3")["rows"] == [{"f": [{"v": "4"}]}]
        assert client.call("GET", f"{path}?maxResults=0")["rows"] == []

    def test_timestamps_are_seconds_unless_asked(self, client: Client) -> None:
        job = client.query("select timestamp '1970-01-01 00:00:01.5 UTC'").job
        path = f"queries/{job['jobReference']['jobId']}"
        assert client.call("GET", path)["rows"] == [{"f": [{"v": "1.5"}]}]
        path += "?formatOptions.useInt64Timestamp=true"
        assert client.call("GET", path)["rows"] == [{"f": [{"v": "1500000"}]}]

    def test_the_default_dataset_completes_names(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a")
        assert client.query("select a from t", defaultDataset={"datasetId": dataset}).rows == [["1"]]

    def test_a_destination_is_written(self, client: Client, dataset: str) -> None:
        destination = {"projectId": "northwind-dev", "datasetId": dataset, "tableId": "t"}
        client.query("select 1 as a", destinationTable=destination)
        with refused("duplicate", "Already Exists"):
            client.query("select 2 as a", destinationTable=destination)
        client.query("select 2 as a", destinationTable=destination, writeDisposition="WRITE_APPEND")
        assert client.query(f"select a from {dataset}.t order by a").rows == [["1"], ["2"]]
        client.query("select 'x' as b", destinationTable=destination, writeDisposition="WRITE_TRUNCATE")
        assert client.query(f"select * from {dataset}.t").rows == [["x"]]

    def test_more_bytes_than_may_be_billed(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a")
        with refused("bytesBilledLimitExceeded"):
            client.query(f"select a from {dataset}.t", maximumBytesBilled="1")

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"useLegacySql": True}, "legacy SQL"),
            ({"queryParameters": [{}]}, "queryParameters of a query job"),
            ({"createSession": True}, "createSession of a query job"),
        ],
    )
    def test_what_is_not_known_is_refused(self, client: Client, settings: dict[str, Any], message: str) -> None:
        with refused("invalid", f"not emulated: {message}" if "SQL" in message else message):
            client.query("select 1", **settings)

    def test_filters_of_lists_are_not_emulated(self, client: Client) -> None:
        with refused("invalid", "not emulated: the parameter stateFilter of a list"):
            client.call("GET", "jobs?stateFilter=pending")

    def test_an_extract_is_not_emulated(self, client: Client) -> None:
        with refused("invalid", "not emulated: a job with the configurations extract"):
            client.run({"extract": {}})


class TestDryRuns:
    def test_it_tells_and_does_nothing(self, client: Client, dataset: str) -> None:
        configuration = {**query(f"create table {dataset}.t as select 1 as a"), "dryRun": True}
        job = client.run(configuration)
        assert job["statistics"]["query"]["statementType"] == "CREATE_TABLE_AS_SELECT"
        assert [field["name"] for field in job["statistics"]["query"]["schema"]["fields"]] == ["a"]
        with refused("notFound"):
            client.call("GET", f"datasets/{dataset}/tables/t")
        with refused("notFound"):
            client.call("GET", f"jobs/{job['jobReference']['jobId']}")

    def test_it_estimates_bytes(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a, 'xyz' as b")
        job = client.run({**query(f"select b from {dataset}.t"), "dryRun": True})
        assert job["statistics"]["totalBytesProcessed"] == "5"

    def test_an_error_answers_at_once(self, client: Client) -> None:
        with pytest.raises(RefusedError) as refusal:
            client.run({**query("select nothing"), "dryRun": True})
        assert (refusal.value.status, refusal.value.reason) == (400, "invalidQuery")


class TestIdentity:
    def test_an_id_is_used_once(self, client: Client) -> None:
        id = f"job-{uuid.uuid4()}"
        client.run(query("select 1"), id=id)
        with refused("duplicate", f"Already Exists: Job northwind-dev:US.{id}"):
            client.run(query("select 1"), id=id)

    def test_a_job_of_a_region_is_found_by_its_location(self, client: Client) -> None:
        id = client.run(query("select 1"), location="us-east4")["jobReference"]["jobId"]
        with refused("notFound"):
            client.call("GET", f"jobs/{id}")
        with refused("notFound"):
            client.call("GET", f"jobs/{id}?location=us-west1")
        assert client.call("GET", f"jobs/{id}?location=us-east4")["jobReference"]["jobId"] == id

    def test_jobs_are_listed_newest_first(self, client: Client) -> None:
        ids = [client.run(query(f"select {number}"))["jobReference"]["jobId"] for number in range(2)]
        listed = [job["jobReference"]["jobId"] for job in client.call("GET", "jobs?maxResults=2")["jobs"]]
        assert listed == ids[::-1]

    def test_labels_stay_with_the_job(self, client: Client) -> None:
        job = client.run({**query("select 1"), "labels": {"dbt_invocation_id": "1"}})
        found = client.call("GET", f"jobs/{job['jobReference']['jobId']}")
        assert found["configuration"]["labels"] == {"dbt_invocation_id": "1"}

    def test_a_job_can_be_cancelled_when_it_is_over(self, client: Client) -> None:
        id = client.run(query("select 1"))["jobReference"]["jobId"]
        assert client.call("POST", f"jobs/{id}/cancel")["job"]["status"]["state"] == "DONE"


class TestScripts:
    def test_statements_are_child_jobs(self, client: Client, dataset: str) -> None:
        script = f"create table {dataset}.t as select 1 as a; select a + 1 as b from {dataset}.t;"
        result = client.query(script)
        assert result.rows == [["2"]]
        assert result.job["statistics"]["numChildJobs"] == "2"
        children = client.call("GET", f"jobs?parentJobId={result.job['jobReference']['jobId']}")["jobs"]
        types = [child["statistics"]["query"]["statementType"] for child in children]
        assert types == ["SELECT", "CREATE_TABLE_AS_SELECT"]


class TestJobsQuery:
    """https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query"""

    def test_it_answers_with_rows(self, client: Client) -> None:
        answer = client.call("POST", "queries", {"query": "select 1 as a", "useLegacySql": False})
        assert (answer["rows"], answer["totalRows"], answer["jobComplete"]) == ([{"f": [{"v": "1"}]}], "1", True)

    def test_an_error_is_the_answer(self, client: Client) -> None:
        with pytest.raises(RefusedError) as refusal:
            client.call("POST", "queries", {"query": "select nothing", "useLegacySql": False})
        assert (refusal.value.status, refusal.value.reason) == (400, "invalidQuery")

    def test_a_request_that_is_repeated_runs_once(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a")
        insert = {"query": f"insert into {dataset}.t (a) values (2)", "useLegacySql": False, "requestId": dataset}
        first, second = (client.call("POST", "queries", insert) for _ in range(2))
        assert first["jobReference"] == second["jobReference"]
        assert client.query(f"select count(*) from {dataset}.t").rows == [["2"]]


class TestLoads:
    def test_csv(self, client: Client, dataset: str) -> None:
        configuration = load(dataset, "a STRING, b INT64, c DATE", sourceFormat="CSV", skipLeadingRows=1)
        job = multipart(client, configuration, b'a,b,c\nx,1,2024-01-31\n,,\n"",2,\n"q ""u"", v",3,2024-02-01\n')
        assert job["statistics"]["load"]["outputRows"] == "4"
        # An empty value is null, a quoted one an empty text.
        assert client.query(f"select a, b, c from {dataset}.t").rows == [
            ["x", "1", "2024-01-31"],
            [None, None, None],
            ["", "2", None],
            ['q "u", v', "3", "2024-02-01"],
        ]

    def test_json(self, client: Client, dataset: str) -> None:
        fields = [
            {"name": "a", "type": "NUMERIC"},
            {"name": "r", "type": "RECORD", "mode": "REPEATED", "fields": [{"name": "x", "type": "INTEGER"}]},
        ]
        configuration = load(dataset, "a STRING", sourceFormat="NEWLINE_DELIMITED_JSON")
        configuration["load"]["schema"]["fields"] = fields
        multipart(client, configuration, b'{"A": 0.1, "r": [{"x": 1}, {"X": 2}]}\n{}\n')
        assert client.query(f"select a, array(select x from t.r) from {dataset}.t").rows == [
            ["0.1", ["1", "2"]],
            [None, []],
        ]

    def test_an_upload_in_pieces(self, client: Client, dataset: str) -> None:
        path = f"/upload/bigquery/v2/projects/{client.project}/jobs?uploadType=resumable"
        body = {"configuration": load(dataset, "a STRING")}
        status, headers, _ = client.send("POST", path, body)
        assert status == 200
        session = headers["location"].removeprefix(client.endpoint)
        status, headers, _ = client.send("PUT", session, b"abc", {"Content-Range": "bytes 0-2/*"})
        assert (status, headers["range"]) == (308, "bytes=0-2")
        status, headers, _ = client.send("PUT", session, b"", {"Content-Range": "bytes */5"})
        assert (status, headers["range"]) == (308, "bytes=0-2")
        # What was sent already may come again.
        status, _, _ = client.send("PUT", session, b"cd\n", {"Content-Range": "bytes 2-4/5"})
        assert status == 200
        assert client.query(f"select a from {dataset}.t").rows == [["abcd"]]

    @pytest.mark.parametrize(
        ("columns", "data", "message"),
        [
            ("a INT64", b"x\n", "column a"),
            ("a STRING", b"x,y\n", "Expected 1 values, got 2"),
            ("a STRING, b STRING", b"x\n", "Expected 2 values, got 1"),
            ("a DATE", b"2024-02-30\n", "column a"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, client: Client, dataset: str, columns: str, data: bytes, message: str
    ) -> None:
        with refused("invalid", message):
            multipart(client, load(dataset, columns), data)
        with refused("notFound"):
            client.call("GET", f"datasets/{dataset}/tables/t")

    def test_dispositions(self, client: Client, dataset: str) -> None:
        for _ in range(2):
            multipart(client, load(dataset, "a STRING"), b"x\n")
        assert client.query(f"select count(*) from {dataset}.t").rows == [["2"]]
        multipart(client, load(dataset, "a STRING", writeDisposition="WRITE_TRUNCATE"), b"y\n")
        assert client.query(f"select a from {dataset}.t").rows == [["y"]]
        with refused("duplicate"):
            multipart(client, load(dataset, "a STRING", writeDisposition="WRITE_EMPTY"), b"z\n")
        with refused("invalid", "Cannot add fields (field: b)"):
            multipart(client, load(dataset, "a STRING, b STRING"), b"x,y\n")
        with refused("notFound"):
            configuration = load(dataset, "a STRING", createDisposition="CREATE_NEVER")
            configuration["load"]["destinationTable"]["tableId"] = "other"
            multipart(client, configuration, b"x\n")

    def test_truncation_takes_policy_tags_away(self, client: Client, dataset: str) -> None:
        fields = [{"name": "a", "type": "STRING", "policyTags": {"names": [TAG]}}]
        table = {"tableReference": {"tableId": "t"}, "schema": {"fields": fields}}
        client.call("POST", f"datasets/{dataset}/tables", table)
        multipart(client, load(dataset, "a STRING"), b"x\n")
        path = f"datasets/{dataset}/tables/t"
        assert "policyTags" in client.call("GET", path)["schema"]["fields"][0]
        multipart(client, load(dataset, "a STRING", writeDisposition="WRITE_TRUNCATE"), b"x\n")
        assert "policyTags" not in client.call("GET", path)["schema"]["fields"][0]

    def test_an_omni_dataset_takes_no_data(self, client: Client, omni: str) -> None:
        with refused("invalid", "not supported in location aws-us-east-1"):
            multipart(client, load(omni, "a STRING"), b"x\n")

    def test_detection_of_a_schema_is_not_emulated(self, client: Client, dataset: str) -> None:
        configuration = load(dataset, "a STRING", autodetect=True)
        with refused("invalid", "not emulated: the setting autodetect"):
            multipart(client, configuration, b"x\n")


class TestCopies:
    def copy(self, dataset: str, **settings: Any) -> dict[str, Any]:
        """The configuration of a job that copies t to u."""
        source, target = (
            {"projectId": "northwind-dev", "datasetId": dataset, "tableId": table} for table in ("t", "u")
        )
        return {"copy": {"sourceTable": source, "destinationTable": target, **settings}}

    def test_a_copy_has_rows_and_policy_tags(self, client: Client, dataset: str) -> None:
        fields = [{"name": "a", "type": "STRING", "policyTags": {"names": [TAG]}}]
        table = {"tableReference": {"tableId": "t"}, "schema": {"fields": fields}}
        client.call("POST", f"datasets/{dataset}/tables", table)
        multipart(client, load(dataset, "a STRING"), b"x\n")
        client.run(self.copy(dataset))
        copied = client.call("GET", f"datasets/{dataset}/tables/u")
        assert copied["numRows"] == "1"
        assert copied["schema"]["fields"][0]["policyTags"] == {"names": [TAG]}

    def test_dispositions(self, client: Client, dataset: str) -> None:
        client.query(f"create table {dataset}.t as select 1 as a")
        client.run(self.copy(dataset))
        with refused("duplicate"):
            client.run(self.copy(dataset))
        client.run(self.copy(dataset, writeDisposition="WRITE_APPEND"))
        assert client.query(f"select a from {dataset}.u").rows == [["1"], ["1"]]
        client.run(self.copy(dataset, writeDisposition="WRITE_TRUNCATE"))
        assert client.query(f"select a from {dataset}.u").rows == [["1"]]

    def test_a_view_cannot_be_copied(self, client: Client, dataset: str) -> None:
        client.query(f"create view {dataset}.t as select 1 as a")
        with refused("invalid", "is not allowed for this operation"):
            client.run(self.copy(dataset))
