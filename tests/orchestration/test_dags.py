"""The DAGs as Airflow parses them, on both lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.answers import CUSTOM
from tests.conftest import Render, Total
from tests.engines.environments import Environment
from tests.mesh import Mesh
from tests.orchestration.local_airflow import REGISTER, opened

# What a parse finds, as JSON. Reading a variable or connection, and opening a connection, are failures.
PARSE = """
import json, os, socket, sys, time, warnings

touched = []
def refuse(what):
    def refused(*arguments, **more):
        touched.append(f"{what} {arguments[:1]}")
        raise RuntimeError(f"{what} while a DAG is parsed")
    return refused

from airflow.models import Connection
try:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import Variable, BaseHook
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable
    from airflow.models.dagbag import DagBag
Variable.get = refuse("variable")
BaseHook.get_connection = refuse("connection")
socket.socket.connect = refuse("network")

caught = []
warnings.simplefilter("always")
show = warnings.showwarning
warnings.showwarning = lambda message, category, file, *more: caught.append([str(message), category.__name__, file])
began = time.process_time()
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
seconds = time.process_time() - began
of_bag = [[text, "", file] for file, texts in (getattr(bag, "captured_warnings", None) or {}).items() for text in texts]
SETTINGS = ("arguments", "cmds", "config_file", "container_security_context", "deferrable", "do_xcom_push", "env_vars",
    "image", "impersonation_chain", "job_name", "kubernetes_conn_id", "namespace", "on_finish_action", "overrides",
    "region", "security_context")
# What is of Kubernetes becomes plain, enumerations their values.
plain = lambda value: (
    value.to_dict() if hasattr(value, "to_dict")
    else [plain(item) for item in value] if isinstance(value, list)
    else getattr(value, "value", value)
)
describe = lambda task: {
    "owner": task.owner,
    "retries": task.retries,
    "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
    "upstream": sorted(task.upstream_task_ids),
    "outlets": [outlet.uri for outlet in task.outlets],
    "callback": bool(task.on_failure_callback),
    "command": getattr(task, "bash_command", None),
    "settings": {name: plain(getattr(task, name)) for name in SETTINGS if hasattr(task, name)},
    "trigger": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
}
def assets(timetable):
    for condition, each in (("asset_condition", "iter_assets"), ("dataset_condition", "iter_datasets")):
        if getattr(timetable, condition, None) is not None:
            return sorted(asset.uri for _, asset in getattr(getattr(timetable, condition), each)())
    return []

print(json.dumps({
    "seconds": seconds,
    "touched": touched,
    "warnings": caught + of_bag,
    "errors": bag.import_errors,
    "dags": {
        name: {
            "doc": dag.doc_md,
            "timeout": dag.dagrun_timeout and dag.dagrun_timeout.total_seconds(),
            "catchup": dag.catchup,
            "runs": dag.max_active_runs,
            "tags": sorted(dag.tags),
            "tasks": {task.task_id: describe(task) for task in dag.tasks},
            "assets": assets(dag.timetable),
        }
        for name, dag in bag.dags.items()
    },
}))
"""
THREE_REGIONS: dict[str, Any] = {**CUSTOM, "regions": ["us-east-1", "us-west-2", "eu-west-1"]}


@pytest.fixture(scope="module", params=["northwind", "three_regions"])
def mesh(
    request: pytest.FixtureRequest,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    dbt_environment: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Mesh:
    """The full example, and three regions. Each parsed by dbt, once for both lines of Airflow."""
    folder = tmp_path_factory.getbasetemp() / "dags" / request.param
    if folder.exists():
        return Mesh(folder, dbt_environment)
    rendered = request.getfixturevalue("northwind") if request.param == "northwind" else render(**THREE_REGIONS)
    mesh = open_mesh(rendered, folder)
    mesh.dbt("parse", "--target", "local")
    return mesh


@pytest.fixture(scope="module")
def parsed(
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    mesh: Mesh,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Any]:
    """What PARSE finds."""
    # Without local settings, which would change the tasks.
    found = opened(line, airflow_environment, migrated, tmp_path_factory.mktemp("home") / "home", mesh)
    (found.home / "config" / "airflow_local_settings.py").unlink()
    answer: dict[str, Any] = json.loads(found.python(PARSE).stdout.splitlines()[-1])
    return answer


def tasks(parsed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """dag.task -> what is known of it, of all DAGs."""
    return {f"{dag}.{name}": task for dag, known in parsed["dags"].items() for name, task in known["tasks"].items()}


def test_they_parse(parsed: dict[str, Any], line: str, mesh: Mesh, total: Total) -> None:
    """Without an error or a warning of ours, and without a look at variables, connections or the network."""
    assert parsed["errors"] == {}
    assert parsed["touched"] == []
    assert [
        warning for warning in parsed["warnings"] if "orchestration" in warning[2] or "clinical_mesh" in warning[0]
    ] == []
    domains = len(mesh.contracts())
    seconds = f"{parsed['seconds']:.2f} s of CPU"
    total(f"Airflow {line} parses the DAGs of {domains} domains, {len(tasks(parsed))} tasks, in {seconds}")


def test_every_task_has_an_owner_and_an_end(parsed: dict[str, Any], mesh: Mesh) -> None:
    teams = {contract["team"]["name"] for contract in mesh.contracts().values()}
    for name, task in tasks(parsed).items():
        assert task["owner"] in teams | {"platform"}, name
        assert task["timeout"] and task["callback"], name
        # What is stale does not get fresh by asking again.
        assert task["retries"] >= 2 or name.endswith(".source_freshness"), name
    for name, dag in parsed["dags"].items():
        assert dag["doc"] and dag["tags"] and dag["timeout"] and dag["runs"] == 1 and not dag["catchup"], name


def test_there_is_a_task_per_domain_and_cell(parsed: dict[str, Any], mesh: Mesh) -> None:
    contracts = mesh.contracts()
    servers = [server for server in next(iter(contracts.values()))["servers"] if server["environment"] == "dev"]
    cells = [server["server"] for server in servers if server["type"] == "s3"]
    register = parsed["dags"][REGISTER]["tasks"]
    landing = {name for name in register if name != "report"}
    assert len(landing) == len(contracts) * len(cells)
    assert {name.partition(".")[2] for name in landing} == set(contracts)
    assert set(register["report"]["upstream"]) == landing
    assert register["report"]["trigger"] == "all_done"
    assert parsed["dags"]["landing_quality"]["tasks"].keys() == landing
    assert len([name for name in parsed["dags"] if name.startswith("dbt_orchestration__")]) == len(cells)
    for name, domain in ((name, name.partition(".")[2]) for name in landing):
        assert register[name]["owner"] == contracts[domain]["team"]["name"], name


def test_dbt_starts_once_all_that_landed_was_seen(parsed: dict[str, Any]) -> None:
    """Each landing table is an asset that one task updates, and one DAG of dbt waits for."""
    updated = [uri for task in parsed["dags"][REGISTER]["tasks"].values() for uri in task["outlets"]]
    awaited = [uri for name, dag in parsed["dags"].items() if name.startswith("dbt_") for uri in dag["assets"]]
    assert updated
    assert len(updated) == len(set(updated))
    assert sorted(updated) == sorted(awaited)


def test_the_graph_is_the_projects(parsed: dict[str, Any], mesh: Mesh) -> None:
    """Every node of dbt is in the selection of exactly one task, and what it reads in a task before that one."""
    manifest = mesh.manifest()
    known = next(dag["tasks"] for name, dag in sorted(parsed["dags"].items()) if name.startswith("dbt_orchestration__"))
    folders = {
        folder[0]: name
        for name, task in known.items()
        if (folder := re.findall(r"--select path:(\S+)", task["command"] or ""))
    }
    before = {name: ancestors(known, name) for name in known}

    def task_of(node: dict[str, Any]) -> str:
        owners: list[str] = [
            name for folder, name in folders.items() if node["original_file_path"].startswith(f"{folder}/")
        ]
        assert len(owners) == 1, node["unique_id"]
        return owners[0]

    # Hooks are operations: every run has them.
    nodes = {id: node for id, node in manifest["nodes"].items() if node["resource_type"] != "operation"}
    nodes |= manifest["unit_tests"]
    for node in nodes.values():
        task = task_of(node)
        for other in (nodes[id] for id in node["depends_on"].get("nodes", []) if id in nodes):
            assert task_of(other) in before[task] | {task}, (node["unique_id"], other["unique_id"])
    assert set(folders.values()) == {task_of(node) for node in nodes.values()}


def ancestors(known: dict[str, Any], name: str) -> set[str]:
    """All tasks that come before a task."""
    direct = set(known[name]["upstream"])
    return direct.union(*(ancestors(known, other) for other in direct))


@pytest.mark.parametrize("mesh", ["three_regions"], indirect=True)
@pytest.mark.parametrize("runner", ["kubernetes_pod", "cloud_run_job"])
def test_the_graph_is_the_same_wherever_dbt_runs(
    runner: str,
    parsed: dict[str, Any],
    line: str,
    airflow_environment: Environment,
    migrated: Path,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
) -> None:
    """In pods and in Cloud Run, with the arguments that the workers' dbt is given."""
    on_workers = parsed["dags"]
    mesh = open_mesh(render(**THREE_REGIONS, dbt_runner=runner), tmp_path / "mesh")
    airflow = opened(line, airflow_environment, migrated, tmp_path / "home", mesh)
    (airflow.home / "config" / "airflow_local_settings.py").unlink()
    there = json.loads(airflow.python(PARSE).stdout.splitlines()[-1])["dags"]
    compared = ("owner", "retries", "timeout", "upstream", "outlets", "callback", "trigger")
    for name, dag in on_workers.items():
        assert dag["assets"] == there[name]["assets"]
        assert {task: [known[key] for key in compared] for task, known in dag["tasks"].items()} == {
            task: [known[key] for key in compared] for task, known in there[name]["tasks"].items()
        }
    for dag, location in (("us_east4", "us-east4"), ("europe_west1", "europe-west1")):
        for name, task in there[f"dbt_orchestration__{dag}"]["tasks"].items():
            settings = task["settings"]
            assert settings["do_xcom_push"] is False
            said = settings["arguments"] if runner == "kubernetes_pod" else arguments_of_job(settings, location)
            # As a shell would split it, without the script and its folder.
            command = re.sub(
                r"\{\{ '--full-refresh'.*", "", on_workers[f"dbt_orchestration__{dag}"]["tasks"][name]["command"]
            )
            assert said == [part.strip("'") for part in re.findall(r"'\{.*\}'|\{\{.*?\}\}\S*|\S+", command)][3:], name
            if runner == "cloud_run_job":
                job = (mesh.root / "infra/terraform/modules/gcp/dbt_job/main.tf").read_text()
                assert f'timeout               = "{task["timeout"]:.0f}s"' in job
            else:
                assert settings["namespace"] == "composer-user-workloads"
                assert settings["image"] == "{{ var.value.DBT_IMAGE }}"
                assert not settings["cmds"]
                assert settings["on_finish_action"] == "delete_pod"
                assert settings["security_context"]["run_as_non_root"] is True
                assert settings["container_security_context"]["capabilities"]["drop"] == ["ALL"]


def arguments_of_job(settings: dict[str, Any], location: str) -> list[str]:
    """The arguments of a Cloud Run job's execution, which runs as the job's own account beside the warehouse."""
    assert settings["region"] == location
    assert settings["job_name"] == "northwind-{{ var.value.ENV }}-dbt"
    assert settings["deferrable"] is True
    assert settings["impersonation_chain"] is None
    (container,) = settings["overrides"]["container_overrides"]
    assert "DBT_IMPERSONATE_SERVICE_ACCOUNT" not in [variable["name"] for variable in container["env"]]
    arguments: list[str] = container["args"]
    return arguments
