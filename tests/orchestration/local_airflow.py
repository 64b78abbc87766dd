"""Airflow over a rendered repository, without a cloud: BigQuery is the emulator's, or none at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.dbt.warehouse import place_of, policy_tag_ids
from tests.engines.dbt_processes import forked_dbt
from tests.engines.environments import AIRFLOW_LOCKS, Environment
from tests.mesh import Mesh

LINES = tuple(AIRFLOW_LOCKS)
REGISTER = "biglake_register_external_tables"
# Of the home cell of most meshes here.
DBT = "dbt_orchestration__us_east4"

# Tasks are tried again at once, and those that run dbt are not.
LOCAL_SETTINGS = """
from datetime import timedelta


def task_policy(task):
    task.retry_delay = timedelta(0)
    task.retry_exponential_backoff = False
    task.retries = 0 if task.task_type == "BashOperator" else min(task.retries, 1)
"""


@dataclass(frozen=True)
class Run:
    """A run of a DAG. states: task -> state."""

    success: bool
    states: dict[str, str]
    log: str
    error: str = ""

    def of(self, state: str) -> set[str]:
        """The tasks that ended in a state."""
        return {task for task, ended in self.states.items() if ended == state}


@dataclass(frozen=True)
class Airflow:
    """One line of Airflow with a database of its own, over the DAGs of a repository."""

    line: str
    environment: Environment
    home: Path
    repository: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def dags(self) -> Path:
        """The folder of the DAGs."""
        return self.repository / "orchestration" / "composer" / "dags"

    @property
    def variables(self) -> dict[str, str]:
        """The environment that Airflow runs in."""
        return {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": f"{self.environment.directory / 'bin'}:{os.environ['PATH']}",
            "TMPDIR": str(self.home / "tmp"),
            **self.settings,
        }

    def command(self, *arguments: str) -> CompletedProcess[str]:
        """Run a console script of the environment."""
        return self.environment.run(arguments, cwd=self.repository, variables=self.variables)

    def python(self, script: str, *arguments: str) -> CompletedProcess[str]:
        """Run Python code with the DAGs' folder on its path."""
        return self.environment.run(
            ["python", "-c", script, *arguments],
            cwd=self.repository,
            variables={**self.variables, "PYTHONPATH": str(self.dags)},
        )

    @contextmanager
    def process(self) -> Iterator[Process]:
        """A process that runs DAGs, as they are when it starts."""
        with subprocess.Popen(
            [str(self.environment.python), str(Path(__file__).with_name("dag_runs.py"))],
            cwd=self.repository,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            yield Process(self.home / "process.log", process)
            # To end by itself takes Airflow seconds.
            process.kill()


@dataclass(frozen=True)
class Process:
    """Runs DAGs."""

    log: Path
    process: subprocess.Popen[str]

    def run(self, dag: str, conf: Mapping[str, Any] | None = None, **environment: str) -> Run:
        """Run a DAG as `airflow dags test` does. environment: variables that hold from now on."""
        self.set(environment)
        return Run(**self._step({"dag": dag, "conf": dict(conf or {})}))

    def set(self, environment: Mapping[str, str]) -> None:
        """Set variables of the process; an empty value takes one away."""
        if environment:
            self._step({"environment": dict(environment)})

    def _step(self, step: dict[str, Any]) -> Any:
        assert self.process.stdin and self.process.stdout
        print(json.dumps(step), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"Airflow died:\n{self.log.read_text()}")
        return json.loads(answer)


def opened(line: str, environment: Environment, migrated: Path, home: Path, mesh: Mesh, **settings: str) -> Airflow:
    """Airflow over a mesh. migrated: a home whose database has its tables, which is copied."""
    shutil.copytree(migrated, home)
    (home / "tmp").mkdir()
    (home / "config").mkdir()
    (home / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
    return Airflow(line, environment, home, mesh.root, settings)


def migrate(environment: Environment, home: Path) -> Path:
    """A home of Airflow whose database has its tables."""
    home.mkdir(parents=True)
    environment.run(["airflow", "db", "migrate"], cwd=home, variables={"AIRFLOW_HOME": str(home)})
    # Names the home that it was made for.
    (home / "airflow.cfg").unlink(missing_ok=True)
    return home


def bigquery_settings(mesh: Mesh, endpoint: str, environment: str = "dev") -> dict[str, str]:
    """Airflow variables as Terraform sets them, and the way to the emulator."""
    places = {}
    for domain, contract in mesh.contracts().items():
        for server in contract["servers"]:
            if server["type"] == "s3" and server["environment"] == environment:
                places[domain, server["server"]] = re.sub(r"/\{model\}.*", "", server["location"])
    warehouse = next(
        server
        for contract in mesh.contracts().values()
        for server in contract["servers"]
        if server["type"] == "bigquery" and server["environment"] == environment
    )
    settings = {
        "AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT": json.dumps(
            {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True, "project": warehouse["project"]}}
        ),
        "AIRFLOW_VAR_ENV": environment,
        "AIRFLOW_VAR_GCP_PROJECT_ID": warehouse["project"],
        "AIRFLOW_VAR_POLICY_TAG_IDS": json.dumps(
            policy_tag_ids(mesh, warehouse["project"], place_of(mesh, environment)[1])
        ),
        "BIGQUERY_EMULATOR_HOST": endpoint,
    }
    home = next(iter(places))[1]
    for (domain, server), uri in places.items():
        region = server.removeprefix(f"{environment}-").removesuffix("-landing")
        suffix = "" if server == home else f"_{region.replace('-', '_').upper()}"
        settings[f"AIRFLOW_VAR_S3_URI_{domain.upper()}{suffix}"] = uri
        bucket = uri.removeprefix("s3://").removesuffix(f"-{domain}")
        settings[f"AIRFLOW_VAR_BQ_AWS_CONNECTION{suffix}"] = f"{warehouse['project']}.aws-{region}.{bucket}"
    return settings


def dbt_settings(home: Path) -> dict[str, str]:
    """dbt as it is installed here, and where it keeps what it parsed."""
    return {"DBT_CACHE": str(home / "dbt"), "DBT_VENV": str(forked_dbt().directory)}
