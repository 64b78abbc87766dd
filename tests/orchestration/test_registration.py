"""The DAG that registers the landing zone, run by Airflow against the emulated BigQuery."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render, Total
from tests.engines.bigquery import Client, Emulator
from tests.engines.environments import Environment
from tests.mesh import Mesh
from tests.orchestration.local_airflow import REGISTER, Airflow, Process, Run, bigquery_settings, opened

LABS = "labs__aws_us_east_1"
TASKS = {f"aws_us_east_1.{domain}" for domain in ("genomics", "labs", "patients")}
KEPT = ("schema", "externalDataConfiguration")


@dataclass(frozen=True)
class Zone:
    """A landing zone that Airflow registers, in a BigQuery that has its datasets."""

    mesh: Mesh
    emulator: Emulator
    airflow: Airflow
    process: Process

    @property
    def client(self) -> Client:
        """As the owner of everything."""
        return self.emulator.client()

    def register(self, conf: dict[str, Any] | None = None, **variables: str) -> Run:
        """Run the DAG; the log of requests has those of the run alone."""
        self.client.call("DELETE", "/emulator/requests")
        return self.process.run(REGISTER, conf, **variables)

    def writes(self) -> list[str]:
        """Requests of the last run that wrote: method and table."""
        log = self.client.call("GET", "/emulator/requests")["requests"]
        return sorted(
            f"{entry['method']} {entry['path'].partition('/datasets/')[2]}" for entry in log if entry["wrote"]
        )

    def table(self, name: str, dataset: str = LABS) -> dict[str, Any]:
        """The resource of a table."""
        table: dict[str, Any] = self.client.call("GET", f"datasets/{dataset}/tables/{name}")
        return table

    def tables(self) -> dict[str, dict[str, Any]]:
        """dataset.table -> what is registered."""
        found = {}
        for dataset in self.client.call("GET", "datasets")["datasets"]:
            id = dataset["datasetReference"]["datasetId"]
            if "__aws_" in id:
                for table in self.client.call("GET", f"datasets/{id}/tables").get("tables", []):
                    name = table["tableReference"]["tableId"]
                    resource = self.table(name, id)
                    found[f"{id}.{name}"] = {key: resource[key] for key in KEPT}
        return found

    def change_contract(self, old: str, new: str, domain: str = "labs") -> None:
        """Write something else into a contract, once."""
        path = self.mesh.root / "contracts" / f"{domain}.odcs.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def rendered(render: Render) -> Path:
    """Three domains in one region. Read only."""
    return render(**CUSTOM)


@pytest.fixture(scope="module")
def place(
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    rendered: Path,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Zone]:
    """One process of Airflow and one BigQuery for all tests."""
    folder = tmp_path_factory.mktemp("registration")
    mesh = open_mesh(rendered, folder / "mesh")
    with Emulator(mesh=mesh.root, tables=False) as emulator:
        airflow = opened(line, airflow_environment, migrated, folder / "home", mesh)
        airflow.settings.update(bigquery_settings(mesh, emulator.endpoint))
        with airflow.process() as process:
            yield Zone(mesh, emulator, airflow, process)


@pytest.fixture
def zone(place: Zone, rendered: Path) -> Zone:
    """Nothing is registered, and contracts and variables are as they were."""
    for contract in (rendered / "contracts").iterdir():
        shutil.copy(contract, place.mesh.root / "contracts")
    for name in place.tables():
        place.client.call("DELETE", "datasets/{}/tables/{}".format(*name.split(".")))
    optional = ("LANDING_POLICY_TAG_IDS", "LANDING_MAX_STALENESS_MINUTES")
    place.process.set({**{f"AIRFLOW_VAR_{name}": "" for name in optional}, **place.airflow.settings})
    return place


def test_the_life_of_a_landing_zone(zone: Zone, tmp_path: Path) -> None:
    """What one run after another finds, does and tells."""
    # All is new.
    zone.client.call("DELETE", "/emulator/requests")
    command = zone.airflow.command("airflow", "dags", "test", REGISTER)
    assert "3 tables: 3 create" in command.stdout + command.stderr
    assert len(zone.writes()) == 3
    with Emulator(mesh=zone.mesh.root) as reference:
        expected = Zone(zone.mesh, reference, zone.airflow, zone.process).tables()
    assert zone.tables() == expected
    labels = zone.table("lab_results")["labels"]
    assert labels == {
        "managed-by": "biglake-register-external-tables",
        "domain": "labs",
        "environment": "dev",
        "layer": "landing",
        "mesh": "northwind",
    }

    # Nothing changed.
    run = zone.register()
    assert run.success and run.of("success") == TASKS | {"report"}
    assert zone.writes() == []
    assert "3 tables: 3 unchanged" in run.log

    # A plan of what would change.
    bucket = "s3://northwind-dev-us-east-1-labs"
    moved = {"AIRFLOW_VAR_S3_URI_LABS": "s3://elsewhere"}
    run = zone.register({"mode": "plan"}, **moved)
    assert run.success and run.of("skipped") == TASKS
    assert zone.writes() == []
    assert "3 tables: 1 patch, 2 unchanged" in run.log
    assert (
        f"externalDataConfiguration.sourceUris: ['{bucket}/lab_results/*'] becomes ['s3://elsewhere/lab_results/*']"
        in run.log
    )

    # Another bucket.
    run = zone.register()
    assert run.success
    assert zone.writes() == [f"PATCH {LABS}/tables/lab_results"]
    external = zone.table("lab_results")["externalDataConfiguration"]
    assert external["sourceUris"] == ["s3://elsewhere/lab_results/*"]
    assert external["hivePartitioningOptions"]["sourceUriPrefix"] == "s3://elsewhere/lab_results/{landed_date:DATE}"
    assert zone.register(AIRFLOW_VAR_S3_URI_LABS=bucket).success
    assert zone.tables() == expected

    # Somebody changed a table by hand, in ways that are ours and in ways that are not.
    zone.client.call("PATCH", f"datasets/{LABS}/tables/lab_results", {"description": "Mine.", "labels": {"cost": "x"}})
    assert zone.register().success
    assert zone.writes() == [f"PATCH {LABS}/tables/lab_results"]
    assert zone.table("lab_results")["description"].startswith("One measured analyte")
    assert zone.table("lab_results")["labels"] == {**labels, "cost": "x"}

    # The contract has a new column, in its middle.
    column = "      - id: fasting\n        name: fasting\n        logicalType: boolean\n        physicalType: BOOL\n"
    zone.change_contract("      - id: display\n", f"{column}      - id: display\n")
    run = zone.register()
    assert run.success
    assert zone.writes() == [f"PATCH {LABS}/tables/lab_results"]
    fields = [field["name"] for field in zone.table("lab_results")["schema"]["fields"]]
    assert fields[-2:] == ["fasting", "landed_date"]
    assert re.search(r"(?i)warning.*lab_results: patch; new column fasting BOOL", run.log)
    assert zone.register().success and zone.writes() == []

    # A column of another type: only this domain fails, and nothing of it is written.
    before = zone.tables()
    zone.change_contract("physicalType: BOOL\n", "physicalType: STRING\n")
    run = zone.register()
    assert not run.success
    assert run.of("failed") == {"aws_us_east_1.labs", "report"}
    assert run.of("success") == TASKS - run.of("failed")
    assert zone.writes() == [] and zone.tables() == before
    assert "column fasting is NULLABLE BOOLEAN in the table, NULLABLE STRING in the contract" in run.log
    assert "run the DAG with allow_recreate" in run.log
    assert run.log.count("clinical_mesh_alert") == 2
    assert '"owner": "laboratory-medicine"' in run.log
    assert zone.register({"allow_recreate": True}).success
    assert len(zone.writes()) == 2
    assert zone.table("lab_results")["schema"]["fields"][4]["type"] == "STRING"

    # A column that the contract dropped.
    zone.change_contract(column.replace("BOOL", "STRING"), "")
    run = zone.register()
    assert not run.success and zone.writes() == []
    assert "column fasting is in the table and not in the contract" in run.log
    assert zone.register({"allow_recreate": True}).success
    assert zone.tables() == expected

    # A table that somebody else made.
    table = zone.table("lab_results")
    zone.client.call("PATCH", f"datasets/{LABS}/tables/lab_results", {"labels": {"managed-by": None}})
    run = zone.register(AIRFLOW_VAR_S3_URI_LABS="s3://elsewhere")
    assert run.of("failed") == {"aws_us_east_1.labs", "report"} and zone.writes() == []
    assert f"bq update --set_label managed-by:{labels['managed-by']} northwind-dev:{LABS}.lab_results" in run.log
    run = zone.register({"allow_recreate": True})
    assert not run.success and zone.writes() == []
    owned = {"labels": {"managed-by": table["labels"]["managed-by"]}}
    zone.client.call("PATCH", f"datasets/{LABS}/tables/lab_results", owned)
    assert zone.register(AIRFLOW_VAR_S3_URI_LABS=bucket).success
    assert zone.tables() == expected


def test_policy_tags_come_from_terraform(zone: Zone) -> None:
    """Each leaf of a tagged column bears the tag; production registers nothing whose tags are not known."""
    policy_tags = {
        item["value"]
        for contract in zone.mesh.contracts().values()
        for entity in contract["schema"]
        for column in entity["properties"]
        for item in column.get("customProperties", [])
        if item["property"] == "policyTag"
    }
    ids = {tag: f"projects/northwind-dev/locations/aws-us-east-1/taxonomies/1/policyTags/{tag}" for tag in policy_tags}
    run = zone.register()
    assert run.success
    assert re.search(r"(?i)warning.*LANDING_POLICY_TAG_IDS has no id of .*these columns stay untagged", run.log)
    run = zone.register(AIRFLOW_VAR_LANDING_POLICY_TAG_IDS=json.dumps(ids))
    assert run.success and "3 tables: 3 patch" in run.log
    for table, domain in (("lab_results", "labs"), ("variants", "genomics"), ("patients", "patients")):
        wanted = {
            column.get("physicalName", column["name"]): ids[item["value"]]
            for entity in zone.mesh.contracts()[domain]["schema"]
            for column in entity["properties"]
            for item in column.get("customProperties", [])
            if item["property"] == "policyTag"
        }
        assert wanted
        for field in zone.table(table, f"{domain}__aws_us_east_1")["schema"]["fields"]:
            for leaf in field.get("fields", [field]):
                tag = leaf.get("policyTags", {}).get("names", [None])[0]
                assert tag == wanted.get(field["name"]), (table, field["name"])
    assert zone.register().success and zone.writes() == []
    # Production, and the variable is gone.
    run = zone.register(AIRFLOW_VAR_LANDING_POLICY_TAG_IDS="", AIRFLOW_VAR_ENV="prod")
    assert run.of("failed") == TASKS | {"report"}
    assert "Terraform sets this variable: apply it first." in run.log
    assert zone.writes() == []


def test_metadata_caches_are_refreshed(zone: Zone) -> None:
    """Only if Terraform asks for them."""
    assert zone.register().success
    assert "maxStaleness" not in zone.table("lab_results")
    assert zone.register(AIRFLOW_VAR_LANDING_MAX_STALENESS_MINUTES="90").success
    table = zone.table("lab_results")
    assert table["maxStaleness"] == "0-0 0 1:30:0"
    assert table["externalDataConfiguration"]["metadataCacheMode"] == "MANUAL"
    jobs = zone.client.call("GET", "jobs?projection=full&maxResults=100")["jobs"]
    called = [job["configuration"]["query"]["query"] for job in jobs]
    assert len(called) == 3
    assert f"CALL BQ.REFRESH_EXTERNAL_METADATA_CACHE('northwind-dev.{LABS}.lab_results')" in called
    # Not wanted any more.
    assert zone.register(AIRFLOW_VAR_LANDING_MAX_STALENESS_MINUTES="0").success
    table = zone.table("lab_results")
    assert "maxStaleness" not in table
    assert "metadataCacheMode" not in table["externalDataConfiguration"]


def test_what_is_missing_is_named(zone: Zone) -> None:
    """A variable, a dataset."""
    dataset = zone.client.call("GET", f"datasets/{LABS}")
    zone.client.call("DELETE", f"datasets/{LABS}")
    run = zone.register(AIRFLOW_VAR_S3_URI_PATIENTS="")
    zone.client.call("POST", "datasets", {key: dataset[key] for key in ("datasetReference", "location")})
    assert run.of("failed") == {"aws_us_east_1.labs", "aws_us_east_1.patients", "report"}
    assert f"there is no dataset northwind-dev.{LABS}; Terraform makes it" in run.log
    assert "S3_URI_PATIENTS" in run.log


def test_it_survives_bad_weather(zone: Zone) -> None:
    """Overload, lost connections and errors at several requests of one run: BigQuery's client tries again."""
    rules = [
        {"path": "/tables", "reason": reason, "skip": skip, "times": 1, "after": after}
        for skip, (reason, after) in enumerate([("backendError", False), ("reset", True), ("rateLimitExceeded", False)])
    ]
    zone.client.call("PUT", "/emulator/faults", rules)
    run = zone.register()
    assert run.success, run.log
    assert len(zone.tables()) == 3


def test_whatever_goes_wrong_a_second_run_mends_it(
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
    total: Total,
) -> None:
    """Failures and death at every request, before and after it has its effect, and two runs at once.

    In a second cell, whose variables bear its name.
    """
    mesh = open_mesh(render(**CUSTOM, regions=["us-east-1", "eu-west-1"]), tmp_path / "mesh")
    script = Path(__file__).with_name("registrations.py").read_text()
    tag = "projects/northwind-dev/locations/aws-eu-west-1/taxonomies/1/policyTags/7"
    with Emulator(mesh=mesh.root, tables=False) as emulator:
        airflow = opened(line, airflow_environment, migrated, tmp_path / "home", mesh)
        airflow.settings.update(bigquery_settings(mesh, emulator.endpoint))
        airflow.settings["AIRFLOW_VAR_LANDING_POLICY_TAG_IDS_EU_WEST_1"] = json.dumps({"sensitive": tag})
        cases = json.loads(airflow.python(script, "eu_west_1", "patients").stdout.splitlines()[-1])
    expected = cases[0]["tables"]
    external = expected["patients"]["externalDataConfiguration"]
    assert external["connectionId"] == "northwind-dev.aws-eu-west-1.northwind-dev-eu-west-1"
    assert external["sourceUris"] == ["s3://northwind-dev-eu-west-1-patients/patients/*"]
    assert tag in json.dumps(expected)
    for case in cases:
        assert case["again"] == "", case
        assert case["tables"] == expected, case["what"]
        assert case["wrote"] == 0, case["what"]
    lasting = [case for case in cases if "'times'" in case["what"] or "accessDenied" in case["what"]]
    assert [case["what"] for case in lasting if not case["error"]] == []
    passing = [case for case in cases if case not in lasting]
    assert [case["what"] for case in passing if case["error"] not in ("", "killed")] == []
    total(f"Registration on Airflow {line}: {len(cases)} ways to go wrong, all mended by the next run")
