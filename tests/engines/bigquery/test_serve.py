"""The process: faults, its log, and what a developer starts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Total
from tests.engines.bigquery import Client, Emulator, command
from tests.engines.bigquery.refusals import refused
from tests.engines.environments import ROOT
from tests.mesh import Mesh

Faults = Callable[..., None]


@pytest.fixture
def faults(client: Client) -> Iterator[Faults]:
    """faults(rules...): requests fail by these rules until the end of the test; the log starts anew."""

    def put(*rules: dict[str, Any]) -> None:
        client.call("PUT", "/emulator/faults", rules)
        client.call("DELETE", "/emulator/requests")

    yield put
    put()


def inserted(dataset: str, id: str) -> dict[str, Any]:
    """A job that adds a row."""
    sql = f"insert into {dataset}.t (a) values (1)"
    configuration = {"query": {"query": sql, "useLegacySql": False}}
    return {"configuration": configuration, "jobReference": {"jobId": id, "location": "us-east4"}}


class TestFaults:
    @pytest.mark.usefixtures("dataset")
    def test_an_error_comes_as_often_as_asked(self, client: Client, faults: Faults) -> None:
        faults({"method": "GET", "path": "/datasets$", "reason": "backendError", "times": 2})
        for _ in range(2):
            with refused("backendError"):
                client.call("GET", "datasets")
        assert client.call("GET", "datasets")["datasets"]

    @pytest.mark.parametrize(("after", "rows"), [(False, "0"), (True, "1")])
    def test_before_or_after_the_effect(
        self, client: Client, dataset: str, faults: Faults, after: bool, rows: str
    ) -> None:
        client.query(f"create table {dataset}.t (a int64)")
        faults({"path": "/jobs$", "body": "insert into", "reason": "reset", "after": after})
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            client.call("POST", "jobs", inserted(dataset, dataset))
        assert client.query(f"select count(*) from {dataset}.t").rows == [[rows]]
        if after:
            # A client that asks again learns that the job is there.
            with refused("duplicate", "Already Exists: Job"):
                client.call("POST", "jobs", inserted(dataset, dataset))
        else:
            client.call("POST", "jobs", inserted(dataset, dataset))
        assert client.query(f"select count(*) from {dataset}.t").rows == [["1"]]

    def test_the_log_tells_what_wrote(self, client: Client, dataset: str, faults: Faults) -> None:
        client.query(f"create table {dataset}.t (a int64)")
        faults({"path": "/jobs$", "reason": "timeout", "after": True})
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            client.call("POST", "jobs", inserted(dataset, dataset))
        client.query("select 1")
        client.call("PATCH", f"datasets/{dataset}", {"description": "x"})
        log = client.call("GET", "/emulator/requests")["requests"]
        assert [(entry["method"], entry["status"], entry["wrote"]) for entry in log] == [
            ("POST", 0, True),
            ("POST", 200, False),
            ("GET", 200, False),
            ("PATCH", 200, True),
        ]

    @pytest.mark.parametrize("rule", [{}, {"path": "(", "reason": "reset"}, {"path": "", "reason": "fire"}])
    def test_rules_in_another_form_are_refused(self, client: Client, rule: dict[str, Any]) -> None:
        with refused("invalid"):
            client.call("PUT", "/emulator/faults", [rule])


def test_policies_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "policies.json").write_text('{"tag": {"dataPolicies": [{"rule": "ROT13", "maskedReaders": []}]}}')
    process = subprocess.run(
        command("--port=0", f"--policies={tmp_path / 'policies.json'}"),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "'ROT13' is not a valid Access" in process.stderr


def test_the_landing_tables_of_a_mesh_are_there(
    northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path, total: Total
) -> None:
    mesh = open_mesh(northwind, tmp_path / "mesh")
    mesh.generate("--patients", "3", "--days", "2")
    with Emulator(mesh=mesh.root) as emulator:
        total(f"BigQuery: {emulator.started}")
        client = emulator.client()
        datasets = {item["datasetReference"]["datasetId"] for item in client.call("GET", "datasets")["datasets"]}
        assert {"labs__us_east4", "labs__aws_us_east_1", "marts__us_east4", "reference__us_east4"} <= datasets
        table = client.call("GET", "datasets/labs__aws_us_east_1/tables/lab_results")
        configuration = table["externalDataConfiguration"]
        assert configuration["sourceUris"] == ["s3://northwind-dev-us-east-1-labs/lab_results/*"]
        assert configuration["hivePartitioningOptions"]["requirePartitionFilter"] is True
        sql = "select count(*) from labs__aws_us_east_1.lab_results where landed_date > '2000-01-01'"
        assert int(client.query(sql).rows[0][0]) > 0
        # Every file fits the contract.
        for domain, contract in mesh.contracts().items():
            for entity in contract["schema"]:
                client.query(f"select * from {domain}__aws_us_east_1.{entity['name']} where landed_date > '2000-01-01'")
    assert json.dumps(table).count("policyTags") == 0
