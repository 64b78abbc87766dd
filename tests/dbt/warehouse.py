"""A rendered repository whose dbt builds on the BigQuery emulator instead of DuckDB."""

from __future__ import annotations

import json
import os
import re
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

TAG = re.compile(r"policy_tag: (\w+)")
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
class Warehouse:
    """A mesh, the service that its external tables are registered in, and a process of dbt that builds there."""

    mesh: Mesh
    emulator: Emulator
    process: subprocess.Popen[str]
    target: str
    project: str

    def dbt(self, *arguments: str, check: bool = True, **variables: str) -> str:
        """Run dbt against the service; its messages, one per node.

        Raises AssertionError with them when `check` and the run fails.
        """
        step = {"arguments": [*arguments, "--target", self.target], "environment": variables}
        assert self.process.stdin and self.process.stdout
        print(json.dumps(step), file=self.process.stdin, flush=True)
        answer = json.loads(self.process.stdout.readline() or '{"success": false, "message": "dbt died"}')
        if check and not answer["success"]:
            raise AssertionError(f"dbt {' '.join(arguments)}\n{answer['message']}")
        message: str = answer["message"]
        return message

    def client(self, principal: str = "dummy") -> Client:
        """Sends requests as that principal; without one as the owner of everything."""
        return self.emulator.client(principal, self.project)

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of a query, all values as text."""
        return self.client().query(sql).rows

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
def warehouse(mesh: Mesh, target: str = "dev") -> Iterator[Warehouse]:
    """The mesh with its landing tables in a service of its own. Landing data may change while it runs."""
    with Emulator(mesh=mesh.root) as emulator:
        profiles = mesh.root / "profiles"
        profiles.mkdir(exist_ok=True)
        shipped = (mesh.root / "dbt" / "profiles.yml").read_text()
        credentials = f"method: oauth-secrets\n      token: dummy\n      api_endpoint: {emulator.endpoint}"
        (profiles / "profiles.yml").write_text(shipped.replace("method: oauth", credentials))
        place = yaml.safe_load(shipped)["clinical_mesh"]["outputs"][target]
        ids = policy_tag_ids(mesh, f"projects/{place['project']}/locations/{place['location']}")
        settings = {"DBT_PROFILES_DIR": str(profiles), "POLICY_TAG_IDS": json.dumps(ids)}
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
            yield Warehouse(mesh, emulator, process, target, place["project"])


def policy_tag_ids(mesh: Mesh, location: str) -> dict[str, str]:
    """Tag -> id, as Terraform would give them in that location."""
    tags = {tag for path in (mesh.root / "dbt/models").rglob("*.yml") for tag in TAG.findall(path.read_text())}
    return {tag: f"{location}/taxonomies/1/policyTags/{number}" for number, tag in enumerate(sorted(tags), 1)}


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
