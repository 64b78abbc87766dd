"""A rendered repository whose dbt builds on the BigQuery emulator instead of DuckDB."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.engines.bigquery import Client, Emulator
from tests.mesh import Mesh

TAG = re.compile(r"policy_tag: (\w+)")


@dataclass(frozen=True)
class Warehouse:
    """A mesh and the service that its external tables are registered in."""

    mesh: Mesh
    emulator: Emulator
    target: str
    project: str

    def dbt(self, *arguments: str, check: bool = True, **variables: str) -> CompletedProcess[str]:
        """Run dbt against the service, with the profile of the target but for the credentials."""
        profiles = self.mesh.root / "profiles"
        profiles.mkdir(exist_ok=True)
        shipped = (self.mesh.root / "dbt" / "profiles.yml").read_text()
        credentials = f"method: oauth-secrets\n      token: dummy\n      api_endpoint: {self.emulator.endpoint}"
        (profiles / "profiles.yml").write_text(shipped.replace("method: oauth", credentials))
        settings = {"DBT_PROFILES_DIR": str(profiles), "POLICY_TAG_IDS": json.dumps(self.policy_tag_ids())} | variables
        return self.mesh.dbt(*arguments, "--target", self.target, check=check, **settings)

    def policy_tag_ids(self) -> dict[str, str]:
        """Tag -> id, as Terraform would give them."""
        tags = {tag for path in (self.mesh.root / "dbt/models").rglob("*.yml") for tag in TAG.findall(path.read_text())}
        taxonomy = f"projects/{self.project}/locations/us-east4/taxonomies/1/policyTags"
        return {tag: f"{taxonomy}/{number}" for number, tag in enumerate(sorted(tags), 1)}

    def client(self, principal: str = "dummy") -> Client:
        """Sends requests as that principal; without one as the owner of everything."""
        return self.emulator.client(principal, self.project)

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of a query, all values as text."""
        return self.client().query(sql).rows

    def jobs(self) -> list[dict[str, Any]]:
        """All query jobs since the start, oldest first."""
        listed = self.client().call("GET", "jobs?maxResults=100000&projection=full").get("jobs", [])
        return [job for job in reversed(listed) if "query" in job["statistics"]]


@contextmanager
def warehouse(mesh: Mesh, target: str = "dev") -> Iterator[Warehouse]:
    """The mesh with its landing tables in a service of its own. Landing data may change while it runs."""
    environment = target.partition("_")[0]
    contract = next(iter(mesh.contracts().values()))
    project = next(
        server["project"]
        for server in contract["servers"]
        if server["type"] == "bigquery" and server["environment"] == environment
    )
    with Emulator(mesh=mesh.root) as emulator:
        yield Warehouse(mesh, emulator, target, project)


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


def deliver(mesh: Mesh, day: str) -> None:
    """Land what was held back of a day."""
    store = mesh.root / "held_back"
    for held in sorted(store.rglob(f"landed_date={day}")):
        held.rename(mesh.landing / held.relative_to(store))
