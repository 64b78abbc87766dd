"""The workflows of every shape under actionlint, zizmor and shellcheck."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render, Total
from tests.engines.actionlint import actionlint
from tests.engines.environments import Environment, environment
from tests.render import ROOT, example_answers
from tests.workflows.workflow import jobs, read, scripts, workflow_files

SHAPES: dict[str, dict[str, Any]] = {
    "northwind": example_answers("northwind"),
    "production alone": {"domains": ["labs"], "environments": ["prod"]},
    "three environments and regions": {
        "domains": ["labs"],
        "environments": ["dev", "staging", "prod"],
        "regions": ["us-east-1", "eu-west-1", "ap-southeast-2"],
    },
    "code scanning": {"domains": ["labs"], "code_scanning": True},
    "dbt in pods, Airflow 2.11": {"domains": ["labs"], "dbt_runner": "kubernetes_pod", "airflow_version": "2.11"},
}
ZIZMOR = ("zizmor", "--offline", "--strict-collection", "--persona", "auditor", "--no-progress")


@pytest.fixture(scope="module")
def delivery() -> Environment:
    """zizmor, shellcheck and detect-secrets, as the generated repository pins them."""
    return environment("delivery")


@pytest.fixture(params=[*SHAPES, "this repository"])
def root(request: pytest.FixtureRequest, render: Render) -> Path:
    """A repository with workflows."""
    return ROOT if request.param == "this repository" else render(**SHAPES[request.param])


def test_actionlint_finds_nothing(root: Path) -> None:
    result = actionlint(root)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"Checking {len(workflow_files(root))} workflow file(s)" in result.stdout


def test_zizmor_finds_nothing(root: Path, delivery: Environment) -> None:
    """As an auditor. Without a network it leaves out five audits, which ask GitHub."""
    result = delivery.run([*ZIZMOR, ".github"], cwd=root, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr.count("completed .github/workflows/") == len(workflow_files(root))
    assert "completed .github/dependabot.yml" in result.stderr


def test_shellcheck_finds_nothing(root: Path, delivery: Environment, tmp_path: Path, total: Total) -> None:
    blocks = dict(scripts(root))
    for number, text in enumerate(blocks.values()):
        # GitHub runs bash with these options and puts its expressions in before; none may stand in a script.
        assert "${{" not in text
        (tmp_path / f"{number}.sh").write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{text}\n")
    own = [] if root == ROOT else sorted((root / "delivery").glob("*.sh"))
    files = [*own, *sorted(tmp_path.glob("*.sh"))]
    result = delivery.run(["shellcheck", *files], cwd=root, check=False)
    assert result.returncode == 0, result.stdout
    total(f"shellcheck: {len(blocks)} run blocks and {len(own)} scripts of {root.name}")


def test_scripts_can_be_executed(northwind: Path) -> None:
    found = sorted((northwind / "delivery").glob("*.sh"))
    assert found
    assert all(path.stat().st_mode & 0o111 for path in found)


def broken(root: Path, folder: Path, name: str, change: Callable[[str], str]) -> Path:
    """A copy of the workflows with one of them changed."""
    shutil.copytree(root / ".github", folder / ".github")
    path = folder / ".github" / "workflows" / name
    text = path.read_text()
    path.write_text(change(text))
    assert path.read_text() != text
    return folder


UNSAFE: dict[str, tuple[str, Callable[[str], str], str]] = {
    "action by tag": (
        "dags.yml",
        lambda text: re.sub(r"@[0-9a-f]{40} # (v\S+)", r"@\1", text, count=1),
        "unpinned-uses",
    ),
    "title in a script": (
        "contracts.yml",
        lambda text: text.replace("run: make contracts-lint", "run: echo ${{ github.event.pull_request.title }}"),
        "template-injection",
    ),
    "credentials left behind": (
        "dbt.yml",
        lambda text: text.replace("persist-credentials: false", "persist-credentials: true", 1),
        "artipacked",
    ),
    "pull_request_target": (
        "contracts.yml",
        lambda text: text.replace("  pull_request:", "  pull_request_target:", 1),
        "dangerous-triggers",
    ),
    "everything allowed": (
        "security.yml",
        lambda text: text.replace("permissions: {}", "permissions: write-all", 1),
        "excessive-permissions",
    ),
    "secret outside an environment": (
        "terraform.yml",
        lambda text: re.sub(r"\n    environment: dev-plan", "", text, count=1),
        "secrets-outside-env",
    ),
    "all secrets": (
        "dags.yml",
        lambda text: text.replace("${{ secrets.GCP_PROJECT_ID }}", "${{ toJSON(secrets) }}", 1),
        "overprovisioned-secrets",
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_zizmor_sees(case: str, northwind: Path, delivery: Environment, tmp_path: Path) -> None:
    name, change, audit = UNSAFE[case]
    result = delivery.run([*ZIZMOR, ".github"], cwd=broken(northwind, tmp_path, name, change), check=False)
    assert result.returncode >= 10
    assert f"[{audit}]" in result.stdout


def test_zizmor_does_not_pass_over_what_it_cannot_read(northwind: Path, delivery: Environment, tmp_path: Path) -> None:
    root = broken(northwind, tmp_path, "dbt.yml", lambda text: text.replace("jobs:", "jobs: ]", 1))
    assert delivery.run([*ZIZMOR, ".github"], cwd=root, check=False).returncode != 0


def test_actionlint_sees_a_need_that_is_not_there(northwind: Path, tmp_path: Path) -> None:
    root = broken(northwind, tmp_path, "dbt.yml", lambda text: text.replace("needs: [check]", "needs: [chek]", 1))
    result = actionlint(root)
    assert result.returncode != 0
    assert "chek" in result.stdout + result.stderr


def test_cooldown_is_asked_for(northwind: Path, delivery: Environment, tmp_path: Path) -> None:
    shutil.copytree(northwind / ".github", tmp_path / ".github")
    path = tmp_path / ".github" / "dependabot.yml"
    path.write_text(path.read_text().replace("    cooldown:\n      default-days: 7\n", "", 1))
    result = delivery.run([*ZIZMOR, ".github"], cwd=tmp_path, check=False)
    assert "[dependabot-cooldown]" in result.stdout


def test_every_job_is_bounded(root: Path) -> None:
    """What the linters do not ask for: a time limit, reasons for permissions, one run at a time where something is
    changed."""
    for job in jobs(root):
        where = f"{job.workflow} {job.name}"
        assert isinstance(job.body["timeout-minutes"], int), where
        assert "permissions" in job.body, where
        assert not job.secrets or job.environment, where
        # Whoever may write to the repository has no identity in a cloud, and the other way round.
        writes = {scope for scope, level in job.body["permissions"].items() if level == "write"}
        assert not (job.has_identity and writes - {"id-token"}), where
        assert not any("continue-on-error" in step for step in job.steps), where
        # What changes something is never broken off half-way.
        if job.environment and not job.environment.endswith("-plan"):
            workflow = read(root / ".github" / "workflows" / job.workflow)
            concurrency = job.body.get("concurrency") or workflow["concurrency"]
            assert concurrency["cancel-in-progress"] is False, where
