"""A rendered repository in which the demo and dbt can run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import yaml

from tests.engines.dbt_processes import forked_dbt
from tests.engines.environments import Environment

DBT_UTILS = Path(__file__).parent / "engines" / "dbt_utils"


@cache
def contracts_of(root: Path) -> dict[str, Any]:
    """Domain -> contract of a rendered repository. Read once: contracts do not change while a test runs."""
    return {
        path.name.removesuffix(".odcs.yaml"): yaml.safe_load(path.read_text())
        for path in sorted((root / "contracts").glob("*.odcs.yaml"))
    }


@dataclass(frozen=True)
class Mesh:
    """A writable copy of a rendered repository, with the stand-in for dbt_utils laid in."""

    root: Path
    environment: Environment

    def __post_init__(self) -> None:
        packages = self.root / "dbt" / "dbt_packages" / "dbt_utils"
        shutil.copytree(DBT_UTILS, packages, dirs_exist_ok=True)
        # Newer than packages.yml, as after `dbt deps`: make then has nothing to fetch.
        (packages / "dbt_project.yml").touch()

    @property
    def landing(self) -> Path:
        """Root of the landing zone."""
        return self.root / "demo" / "landing"

    @property
    def database(self) -> Path:
        """The DuckDB database."""
        return self.root / "demo" / "mesh.duckdb"

    def contracts(self) -> dict[str, Any]:
        """Domain -> contract."""
        return contracts_of(self.root)

    def python(self, *command: str, check: bool = True) -> CompletedProcess[str]:
        """Run the interpreter at the root of the repository."""
        return self.environment.run(["python", *command], cwd=self.root, check=check)

    def demo(self, *arguments: str, check: bool = True) -> CompletedProcess[str]:
        """Run the demo, as `make demo` does."""
        return self.python("demo/run.py", *arguments, check=check)

    def generate(self, *arguments: str) -> CompletedProcess[str]:
        """Make landing data alone."""
        return self.python("demo/generate.py", *arguments)

    def dbt(self, *arguments: str, check: bool = True, **variables: str) -> CompletedProcess[str]:
        """Run dbt in the project's directory; keywords are environment variables."""
        settings = {
            "DBT_PROFILES_DIR": ".",
            "LANDING_ROOT": str(self.landing),
            "MESH_DUCKDB": str(self.database),
            "NO_COLOR": "1",
        }
        return forked_dbt().run(["dbt", *arguments], cwd=self.root / "dbt", variables=settings | variables, check=check)

    def results(self) -> dict[str, str]:
        """Unique id of every node of the last dbt run -> its status."""
        artifact = json.loads((self.root / "dbt" / "target" / "run_results.json").read_text())
        return {result["unique_id"]: result["status"] for result in artifact["results"]}

    def manifest(self) -> dict[str, Any]:
        """dbt's manifest of the last run."""
        manifest: dict[str, Any] = json.loads((self.root / "dbt" / "target" / "manifest.json").read_text())
        return manifest

    def queries(self, statements: Mapping[str, str]) -> dict[str, list[list[Any]]]:
        """Rows of several queries on the database, by their names, in one process; dates and decimals come as text."""
        script = (
            "import duckdb, json, sys; "
            "connection = duckdb.connect(sys.argv[1], read_only=True); "
            "connection.execute(\"set TimeZone = 'UTC'\"); "
            "rows = {name: connection.execute(sql).fetchall() for name, sql in json.loads(sys.argv[2]).items()}; "
            "print(json.dumps(rows, default=str))"
        )
        output = self.python("-c", script, str(self.database), json.dumps(dict(statements))).stdout
        rows: dict[str, list[list[Any]]] = json.loads(output)
        return rows

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of one query."""
        return self.queries({"": sql})[""]
