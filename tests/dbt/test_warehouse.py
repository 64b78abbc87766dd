"""The full example on BigQuery's own SQL engine: loaded by Airflow, loaded again a day later, the same as on DuckDB."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Figure, Total
from tests.dbt.landing import land_until_today
from tests.dbt.warehouse import (
    Warehouse,
    landed_days,
    local_rows,
    models,
    of_landing,
    partitions_read,
    relation,
    warehouse,
)
from tests.engines.environments import environment
from tests.mesh import Mesh
from tests.orchestration.local_airflow import (
    DBT,
    LINES,
    REGISTER,
    bigquery_settings,
    dbt_settings,
    migrate,
    opened,
)

PATIENTS = 20


@dataclass(frozen=True)
class Run:
    """A dbt build: the status of its nodes, its query jobs and its seconds."""

    results: dict[str, str]
    jobs: list[dict[str, Any]]
    seconds: float


@dataclass(frozen=True)
class Built:
    """The full example after a build of its first days by Airflow, and one more of the last day."""

    warehouse: Warehouse
    days: list[str]
    first: Run
    daily: Run


def build(warehouse: Warehouse, *arguments: str) -> Run:
    """Build everything."""
    before, started = len(warehouse.jobs()), time.monotonic()
    warehouse.dbt("build", *arguments)
    seconds = time.monotonic() - started
    return Run(warehouse.mesh.results(), warehouse.jobs()[before:], seconds)


def build_by_airflow(warehouse: Warehouse, folder: Path) -> Run:
    """Register the landing tables and build everything until yesterday, one process of dbt per domain and mart."""
    mesh, line = warehouse.mesh, LINES[-1]
    airflow_environment = environment(f"airflow-{line}")
    migrated = migrate(airflow_environment, folder / "migrated")
    airflow = opened(line, airflow_environment, migrated, folder / "home", mesh)
    airflow.settings.update(bigquery_settings(mesh, warehouse.emulator.endpoint) | dbt_settings(airflow.home))
    airflow.settings["DBT_PROFILES_DIR"] = str(mesh.root / "profiles")
    started = time.monotonic()
    with airflow.process() as process:
        for dag in (REGISTER, DBT):
            run = process.run(dag)
            assert run.success, run.log
    seconds = time.monotonic() - started
    jobs = warehouse.jobs()
    stored = "select concat(resource_type, '.', node), status from dbt__us_east4.run_results"
    return Run(dict(warehouse.query(stored)), jobs, seconds)


@pytest.fixture(scope="module")
def loaded(
    northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    """Built twice. Read only."""
    mesh = open_mesh(northwind, tmp_path_factory.mktemp("warehouse") / "northwind")
    land_until_today(mesh, PATIENTS)
    days = landed_days(mesh)
    with warehouse(mesh, tables=False) as running:
        first = build_by_airflow(running, tmp_path_factory.mktemp("airflow"))
        # Unit tests read nothing that landed: once is enough.
        daily = ("--exclude-resource-type", "unit_test", "--vars", f"{{landed_from: {days[-1]}}}")
        yield Built(running, days, first, build(running, *daily))


def test_everything_builds_twice(loaded: Built, total: Total) -> None:
    for name, run in (("first build, by Airflow", loaded.first), ("daily build", loaded.daily)):
        statuses = Counter(run.results.values())
        # A source that landed more than a day ago warns.
        assert set(statuses) <= {"success", "pass", "no-op", "warn"}, statuses
        assert statuses.total() > 800
        total(f"BigQuery, {name}: {statuses.total()} nodes, {len(run.jobs)} jobs, {run.seconds:.0f} s")


def test_airflow_runs_every_node(loaded: Built) -> None:
    manifest = loaded.warehouse.mesh.manifest()
    nodes = [*manifest["nodes"].values(), *manifest["unit_tests"].values()]
    kinds = {f"{node['resource_type']}.{node['name']}" for node in nodes if node["resource_type"] != "operation"}
    assert kinds - loaded.first.results.keys() == set()


def test_daily_build_reads_the_new_day_alone(loaded: Built) -> None:
    read: dict[str, set[str]] = {}
    for job in loaded.daily.jobs:
        for table, partitions in partitions_read(job).items():
            if of_landing(table):
                read.setdefault(table, set()).update(partitions)
    assert len(read) == sum(len(contract["schema"]) for contract in loaded.warehouse.mesh.contracts().values())
    assert set().union(*read.values()) == {f"landed_date={loaded.days[-1]}"}


def test_daily_build_writes_the_new_day_alone(loaded: Built) -> None:
    """What a load writes bears its day: the MERGE touched as many rows as the table has of that day."""
    merged = {
        job["configuration"]["labels"]["model"]: int(job["statistics"]["query"]["numDmlAffectedRows"])
        for job in loaded.daily.jobs
        if job["statistics"]["query"]["statementType"] == "MERGE"
    }
    staging = [model for model in models(loaded.warehouse.mesh) if model["name"].startswith("stg_")]
    assert merged.keys() == {model["name"] for model in staging}
    assert sum(merged.values()) > 100
    for model in staging:
        day = f"select count(*) from {relation(model)} where landed_date = '{loaded.days[-1]}'"
        assert loaded.warehouse.query(day) == [[str(merged[model["name"]])]], model["name"]


def test_columns_are_those_of_the_contracts(loaded: Built) -> None:
    for model in models(loaded.warehouse.mesh):
        found = loaded.warehouse.query(
            f"select column_name, data_type from {model['schema']}.INFORMATION_SCHEMA.COLUMNS "
            f"where table_name = '{model['alias']}' order by ordinal_position"
        )
        agreed = [[column["name"], column["data_type"].upper()] for column in model["columns"].values()]
        assert [[name, type.upper()] for name, type in found] == agreed, model["name"]


def test_rows_are_those_of_duckdb(loaded: Built, figure: Figure) -> None:
    """Every model, of the same landing data: exact, in any order."""
    mesh = loaded.warehouse.mesh
    names = [model["name"] for model in models(mesh)]
    kinds = ("--resource-type", "model", "--resource-type", "seed")
    mesh.dbt("build", *kinds, "--target", "local", "--target-path", "../local")
    ours, theirs = loaded.warehouse.rows(names), local_rows(mesh, names)
    for name in names:
        assert ours[name] == theirs[name], name
        assert ours[name], name
    figure("equal_models", len(names))


def test_no_landing_table_is_read_without_a_bound(loaded: Built) -> None:
    """The tables refuse it; that they do is seen here."""
    mesh = loaded.warehouse.mesh
    for domain, contract in mesh.contracts().items():
        table = f"{domain}__aws_us_east_1.{contract['schema'][0]['name']}"
        with pytest.raises(Exception, match="without a filter over column"):
            loaded.warehouse.query(f"select count(*) from {table}")


def test_transfers_are_bounded_by_partitions(loaded: Built) -> None:
    """A statement transfers what lies in the partitions it reads; one that reads none transfers nothing."""
    for run in (loaded.first, loaded.daily):
        transferred = 0
        for job in run.jobs:
            statistics = job["statistics"]["query"]
            landing = {table: days for table, days in partitions_read(job).items() if of_landing(table)}
            assert ("transferredBytes" in statistics) == any(landing.values()), job["configuration"]["query"]["query"]
            transferred += int(statistics.get("transferredBytes", 0))
            # DML never reaches across: the first hop is a table made by a query.
            if statistics["statementType"] in ("MERGE", "INSERT", "UPDATE", "DELETE"):
                assert not landing
        assert transferred > 0


def test_jobs_say_what_they_are_for(loaded: Built) -> None:
    """Domain and model as labels, bounded in time and bytes."""
    labelled: Counter[tuple[str | None, str | None]] = Counter()
    for job in loaded.first.jobs:
        labels = job["configuration"]["labels"]
        assert (labels["app"], labels["target"]) == ("dbt", "dev")
        labelled[labels.get("domain"), labels.get("model")] += 1
        assert job["configuration"]["query"]["maximumBytesBilled"] == str(100 * 2**30)
        assert job["configuration"]["jobTimeoutMs"] == "900000"
    for model in models(loaded.warehouse.mesh):
        domain = model["config"]["group"]
        assert labelled[domain, model["name"]] > 1, model["name"]


def test_documentation_is_generated(loaded: Built) -> None:
    loaded.warehouse.dbt("docs", "generate", "--no-compile")
    catalog = json.loads((loaded.warehouse.mesh.root / "dbt/target/catalog.json").read_text())
    documented = {name.rpartition(".")[2] for name in catalog["nodes"]}
    assert documented >= {model["name"] for model in models(loaded.warehouse.mesh)}
    assert len(catalog["sources"]) == len(loaded.warehouse.mesh.manifest()["sources"])
    assert not catalog["errors"]


def test_queries_of_the_documentation_run(loaded: Built) -> None:
    """What an analyst copies from the page of a data product or a mart."""
    script = (
        "import json, sys; sys.path.insert(0, 'docs/site')\n"
        "from pathlib import Path\n"
        "import mesh, pages\n"
        "products = mesh.products_of(Path('.'))\n"
        "print(json.dumps({e.model: pages.sample_query(p, e) for p in products for e in p.entities}))"
    )
    root = loaded.warehouse.mesh.root
    queries: dict[str, str] = json.loads(environment("dbt").run(["python", "-c", script], cwd=root).stdout)
    marts = [model for model in models(loaded.warehouse.mesh) if model["name"] not in queries]
    assert {model["name"] for model in models(loaded.warehouse.mesh)} >= queries.keys()
    for mart in marts:
        example = mart["config"]["meta"]["example_query"]
        queries[mart["name"]] = re.sub(rf"\b{mart['name']}\b", relation(mart), example, count=1)
    empty = {name for name, query in queries.items() if not loaded.warehouse.query(query)}
    # Whether a small patient group has such a record within the week is chance.
    assert len(empty) < len(queries) / 4, empty
