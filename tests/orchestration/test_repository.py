"""What the generated repository does about Airflow by itself: its tests, its commands, its locks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.answers import CUSTOM
from tests.conftest import Render
from tests.engines.environments import ROOT, environment
from tests.mesh import Mesh

# The graphs of all ways to run dbt are compared on both lines in test_dags.py.
VARIANTS = [("2.11", "virtualenv"), ("3.3", "virtualenv"), ("3.3", "kubernetes_pod"), ("3.3", "cloud_run_job")]
LOCKS = ROOT / "extensions" / "airflow"


def pins(text: str) -> dict[str, str]:
    """Package -> version of a lock, each with a hash."""
    entries = re.split(r"\n(?=[a-z])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries)
    found = {}
    for entry in entries:
        requirement = Requirement(entry.partition(" \\\n")[0])
        found[requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


@pytest.mark.parametrize(("airflow_line", "runner"), VARIANTS)
def test_its_own_tests_pass(
    airflow_line: str,
    runner: str,
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
) -> None:
    """On both lines of Airflow, and wherever dbt runs."""
    mesh = open_mesh(render(**CUSTOM, dbt_runner=runner), tmp_path / "mesh")
    tests = ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "orchestration/composer/tests"]
    result = environment(f"airflow-{airflow_line}").run(tests, cwd=mesh.root)
    assert re.search(r"\d+ passed", result.stdout)
    lint = ["ruff", "check", "--preview", "--select", "AIR", "orchestration"]
    mesh.environment.run(lint, cwd=mesh.root)


def test_make_checks_and_runs_the_dags(render: Render, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    """With nothing installed but Python and make."""
    mesh = open_mesh(render(domains=["providers"]), tmp_path / "mesh")
    for target in ("dags-check", "demo-airflow"):
        command = ["make", target] + (["ARGS=--patients 10"] if target == "demo-airflow" else [])
        result = subprocess.run(command, cwd=mesh.root, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"Airflow \d/\d domains.providers", result.stderr)
    assert re.search(r"success +\d", result.stdout)
    assert str(mesh.database) in result.stdout


@pytest.mark.parametrize("airflow_version", ["2.11", "3.3"])
def test_requirements_are_those_of_the_line(airflow_version: str, render: Render) -> None:
    root = render(domains=["patients"], airflow_version=airflow_version) / "orchestration" / "composer"
    locked = pins((root / "requirements.txt").read_text())
    assert locked["apache-airflow"].startswith(f"{airflow_version}.")
    for line in (root / "requirements.in").read_text().splitlines():
        if not line.startswith("#"):
            name, _, version = line.partition("==")
            assert name in locked
            assert not version or locked[name] == version
    # The image that Terraform makes Composer of.
    image = (root.parents[1] / "infra/terraform/envs/dev/terraform.tfvars").read_text()
    assert f'"composer-3-airflow-{locked["apache-airflow"]}-build.' in image
    development = pins((root / "requirements-dev.txt").read_text())
    assert "pytest" in development
    assert {name: locked[name] for name in development if name in locked}.items() <= development.items()


def test_dbt_on_a_worker_is_the_dbt_of_the_repository(northwind: Path) -> None:
    """The lock with hashes has the versions of constraints/dbt.txt, which the laptop and the workflows have."""
    worker = pins((northwind / "orchestration/composer/dags/clinical_mesh/dbt_requirements.txt").read_text())
    lines = (northwind / "constraints" / "dbt.txt").read_text().splitlines()
    # Some have another version for other Pythons.
    laptop = {line.partition(" ;")[0] for line in lines}
    assert {"dbt-core", "dbt-bigquery"} <= worker.keys()
    assert {f"{name}=={version}" for name, version in worker.items()} <= laptop


def test_terraform_raises_an_alert_on_the_line_that_a_failed_task_writes(northwind: Path) -> None:
    alerts = (northwind / "orchestration/composer/dags/clinical_mesh/alerts.py").read_text()
    (mark,) = re.findall(r'^MARK = "(\w+)"$', alerts, re.MULTILINE)
    assert f'"{mark}"\n' in (northwind / "infra/terraform/modules/gcp/audit/alerts.tf").read_text()
