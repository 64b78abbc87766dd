"""A rendered repository whose dbt builds on the BigQuery emulator instead of DuckDB."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.engines.bigquery import Client, Emulator
from tests.mesh import Mesh

# Rows of queries as JSON, every value in a form that both engines can be brought to.
ROWS = """
import datetime, decimal, duckdb, json, sys

def plain(value):
    if isinstance(value, dict):
        return [plain(item) for item in value.values()]
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, decimal.Decimal):
        return format(value.normalize(), 'f')
    if isinstance(value, datetime.datetime):
        return (value - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)
    return value.isoformat() if isinstance(value, datetime.date) else value

connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set TimeZone = 'UTC'")
queries = json.load(sys.stdin)
print(json.dumps({
    name: [[plain(value) for value in row] for row in connection.execute(sql).fetchall()]
    for name, sql in queries.items()
}))
"""


@dataclass(frozen=True)
class Run:
    """A run of dbt and what it did."""

    success: bool
    # One per node.
    message: str
    warnings: list[str]
    # Every state of a table that readers could see: table, rows, fields, filled.
    states: list[dict[str, Any]]
    # Those that changed something.
    requests: list[dict[str, Any]]
    # Table -> column -> policy tag, as the project asks for.
    tags: dict[str, dict[str, str]]

    def of(self, table: str) -> list[dict[str, Any]]:
        """The states of a table, dataset and name."""
        return [state for state in self.states if state["table"].partition(".")[2] == table]


@dataclass(frozen=True)
class Warehouse:
    """A mesh, the service that its external tables are registered in, and a process of dbt that builds there."""

    mesh: Mesh
    emulator: Emulator
    process: subprocess.Popen[str]
    target: str
    project: str
    # Policy tag -> id, as dbt is told.
    ids: dict[str, str]

    def run(self, *arguments: str, **more: Any) -> Run:
        """Run dbt against the service, on its own target unless the arguments name one. more: see invocations.py."""
        target = () if "--target" in arguments else ("--target", self.target)
        assert self.process.stdin and self.process.stdout
        print(json.dumps({"arguments": [*arguments, *target], **more}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"dbt {' '.join(arguments)} died"
        return Run(**json.loads(answer))

    def dbt(self, *arguments: str, check: bool = True, **variables: str) -> str:
        """The messages of a run with these environment variables.

        Raises AssertionError with them when `check` and the run fails.
        """
        run = self.run(*arguments, environment=variables)
        if check and not run.success:
            raise AssertionError(f"dbt {' '.join(arguments)}\n{run.message}")
        return run.message

    def file(self, path: str, *replacements: tuple[str, str]) -> dict[str, str]:
        """A file of the project, changed, for a run."""
        text = (self.mesh.root / "dbt" / path).read_text()
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        return {path: text}

    def client(self, principal: str = "dummy") -> Client:
        """Sends requests as that principal; without one as the owner of everything."""
        return self.emulator.client(principal, self.project)

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of a query, all values as text."""
        return self.client().query(sql).rows

    def table(self, name: str) -> dict[str, Any]:
        """The resource of a table, dataset and name."""
        resource: dict[str, Any] = self.client().call("GET", "datasets/{}/tables/{}".format(*name.split(".")))
        return resource

    def rows(self, names: list[str]) -> dict[str, list[list[Any]]]:
        """Model -> its rows as `local_rows` gives them."""
        found = {}
        for model in (model for model in models(self.mesh) if model["name"] in names):
            result = self.client().query(f"select {', '.join(model['columns'])} from {relation(model)}")
            rows = [
                [plain(value, field) for value, field in zip(row, result.fields, strict=True)] for row in result.rows
            ]
            found[model["name"]] = sorted(rows, key=json.dumps)
        return found

    def jobs(self) -> list[dict[str, Any]]:
        """All query jobs since the start, oldest first."""
        listed = self.client().call("GET", "jobs?maxResults=100000&projection=full").get("jobs", [])
        return [job for job in reversed(listed) if "query" in job["statistics"]]


@contextmanager
def warehouse(mesh: Mesh, target: str = "dev", tables: bool = True, **profile: Any) -> Iterator[Warehouse]:
    """The mesh with its landing tables in a service of its own, or without. Landing data may change while it runs.

    profile: settings of all targets, such as `token`, the principal that dbt runs as. All targets lie in the project of
    that one, for a service holds the landing tables of one environment.
    """
    with Emulator(mesh=mesh.root, tables=tables) as emulator:
        project, location = place_of(mesh, target)
        ids = policy_tag_ids(mesh, project, location)
        folder = profiles_for(mesh, emulator.endpoint, target, **profile)
        settings = {"DBT_PROFILES_DIR": str(folder), "POLICY_TAG_IDS": json.dumps(ids)}
        command = [str(mesh.environment.python), str(Path(__file__).with_name("invocations.py")), emulator.endpoint]
        with subprocess.Popen(
            command,
            cwd=mesh.root / "dbt",
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            yield Warehouse(mesh, emulator, process, target, project, ids)


def place_of(mesh: Mesh, target: str) -> tuple[str, str]:
    """Project and location of a target of dbt."""
    output = yaml.safe_load((mesh.root / "dbt" / "profiles.yml").read_text())["clinical_mesh"]["outputs"][target]
    return output["project"], output["location"]


def profiles_for(mesh: Mesh, endpoint: str, target: str = "dev", **profile: Any) -> Path:
    """The folder of profiles that lead all targets to the service, into the project of one of them."""
    profiles = yaml.safe_load((mesh.root / "dbt" / "profiles.yml").read_text())
    service = {"method": "oauth-secrets", "token": "dummy", "api_endpoint": endpoint}
    service["project"], _ = place_of(mesh, target)
    for output in profiles["clinical_mesh"]["outputs"].values():
        if output["type"] == "bigquery":
            output.update(service | profile)
    folder = mesh.root / "profiles"
    folder.mkdir(exist_ok=True)
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    return folder


def policy_tag_ids(mesh: Mesh, project: str, location: str) -> dict[str, str]:
    """Policy tag -> id, as Terraform would give it."""
    return {tag: f"projects/{project}/locations/{location}/taxonomies/7/policyTags/{tag}" for tag in masks(mesh)}


def masks(mesh: Mesh) -> dict[str, str | None]:
    """Policy tag -> mask, of all contracts, as Terraform makes them."""
    found = {}
    for contract in mesh.contracts().values():
        for column in (column for entity in contract["schema"] for column in entity["properties"]):
            custom = {item["property"]: item["value"] for item in column.get("customProperties", [])}
            if "policyTag" in custom:
                found[custom["policyTag"]] = custom.get("masking")
    return found


def landed_days(mesh: Mesh) -> list[str]:
    """The days that landed, oldest first."""
    return sorted({path.name.partition("=")[2] for path in mesh.landing.rglob("landed_date=*")})


def held_back(mesh: Mesh, days: list[str]) -> Path:
    """Move the partitions of these days out of the landing zone, to where `deliver` finds them."""
    store = mesh.root / "held_back"
    for partition in list(mesh.landing.rglob("landed_date=*")):
        if partition.name.partition("=")[2] in days:
            held = store / partition.relative_to(mesh.landing)
            held.parent.mkdir(parents=True, exist_ok=True)
            partition.rename(held)
    return store


def deliver(mesh: Mesh, day: str, domains: str = "*") -> None:
    """Land what was held back of a day. domains: a pattern."""
    store = mesh.root / "held_back"
    for held in sorted(store.glob(f"{domains}/*/landed_date={day}")):
        held.rename(mesh.landing / held.relative_to(store))


def plain(value: Any, field: dict[str, Any]) -> Any:
    """A value as the API sends it, in the form of ROWS."""
    if value is None:
        return None
    if field["mode"] == "REPEATED":
        return [plain(item, field | {"mode": "NULLABLE"}) for item in value]
    match field["type"]:
        case "RECORD":
            return [plain(item, part) for item, part in zip(value, field["fields"], strict=True)]
        case "INTEGER":
            return int(value)
        case "TIMESTAMP":
            return int(Decimal(value) * 1_000_000)
        case "FLOAT":
            return float(value)
        case "BOOLEAN":
            return value == "true"
        case "NUMERIC" | "BIGNUMERIC":
            return format(Decimal(value).normalize(), "f")
    return value


def local_rows(mesh: Mesh, names: list[str]) -> dict[str, list[list[Any]]]:
    """Model -> its rows on DuckDB, in any order but always the same, with exact values."""
    queries = {}
    for model in (model for model in models(mesh) if model["name"] in names):
        columns = ", ".join(model["columns"])
        queries[model["name"]] = f"select {columns} from {model['schema'].rpartition('__')[0]}__local.{model['alias']}"
    command = ["python", "-c", ROWS, str(mesh.database)]
    output = mesh.environment.run(command, cwd=mesh.root, input=json.dumps(queries)).stdout
    rows: dict[str, list[list[Any]]] = json.loads(output)
    return {name: sorted(found, key=json.dumps) for name, found in rows.items()}


def models(mesh: Mesh) -> list[dict[str, Any]]:
    """All models of the project, from the manifest of the last run."""
    return [node for node in mesh.manifest()["nodes"].values() if node["resource_type"] == "model"]


def relation(node: dict[str, Any]) -> str:
    """dataset.table of a model."""
    return f"{node['schema']}.{node['alias']}"


def partitions_read(job: dict[str, Any]) -> dict[str, list[str]]:
    """Table -> the partitions that a job read of it."""
    read: dict[str, list[str]] = job["statistics"]["query"]["emulator"]["partitionsRead"]
    return read


def of_landing(table: str) -> bool:
    """Whether a table is one of the landing zone's."""
    return "__aws_" in table
