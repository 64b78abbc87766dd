"""The steps of the workflows that need no cloud, executed in a rendered repository as `make ci` has them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import Figure, Total
from tests.documents import own_files
from tests.engines import google_provider
from tests.engines.actionlint import actionlint_command
from tests.engines.environments import Environment, environment
from tests.engines.sentinel.command import script
from tests.engines.terraform import attached, terraform
from tests.render import ROOT
from tests.update.history import POLICIES, history, next_version, recorded
from tests.update.organization import Organization
from tests.workflows.repository import git

# Folder of the repository's tools -> the environments of the tests that hold them, from the same pins.
TOOLS = {
    ".venv": ("dbt", "delivery"),
    ".venv/airflow": ("airflow-3.3",),
    ".venv/checkov": ("checkov",),
    ".venv/contracts": ("contracts",),
}
GROUPS = ("docs", "laptop", "lint", "security", "site", "warehouse", "workflows")


@dataclass
class Checkout:
    """A repository with its tools, as a workflow has it after its set-up steps."""

    root: Path

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Make a target."""
        stand_ins = terraform().settings | attached(google_provider.PROVIDERS)
        path = {"PATH": f"{self.root / '.venv' / 'commands'}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
        outer = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "ARGS")}
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=self.root,
            env=outer | stand_ins | path,
            capture_output=True,
            text=True,
            check=False,
        )


def executable(path: Path, text: str) -> None:
    """Write a script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def install(root: Path) -> None:
    """Give a repository the tools that its Makefile would install."""
    for folder, names in TOOLS.items():
        for name in names:
            held: Environment = environment(name)
            for command in sorted((held.directory / "bin").iterdir()):
                if command.is_file() and os.access(command, os.X_OK):
                    executable(root / folder / "bin" / command.name, f'exec "{command}" "$@"')
        (root / folder / "complete").touch()
    executable(root / ".venv/bin/python", f'exec "{environment("dbt").python}" "$@"')
    executable(root / ".venv/bin/uv", "exit 1")
    executable(root / ".venv/bin/actionlint", f"exec {shlex.join(actionlint_command())} '.github/workflows/*.yml'")
    terraform().write_command(root / ".venv/commands/terraform")
    executable(root / ".venv/commands/sentinel", script().splitlines()[1])
    for group in GROUPS:
        (root / ".venv" / group).touch()
    packages = root / "dbt" / "dbt_packages" / "dbt_utils"
    shutil.copytree(ROOT / "tests" / "engines" / "dbt_utils", packages)
    (packages / "dbt_project.yml").touch()


# What an organization adds to files of the template.
EDITS = {
    ".github/workflows/*.yml": "# Ours.\n",
    "Makefile": "# Ours.\n",
    "SECURITY.md": "\nOurs.\n",
    "contracts/*.odcs.yaml": "# Ours.\n",
    "dbt/dbt_project.yml": "# Ours.\n",
    "dbt/models/staging/*/*.sql": "-- Ours.\n",
    "infra/terraform/envs/*/*.tf": "\n# Ours.\n",
    "infra/terraform/modules/**/main.tf": "\n# Ours.\n",
    "orchestration/composer/dags/**/*.py": "\n\n# Ours.\n",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A mesh of one domain, committed: made by the last release, edited, updated, and with files of its own."""
    folder = tmp_path_factory.mktemp("checkout")
    root = folder / "repository"
    answers = {"domains": ["providers"], "environments": ["dev"]}
    mesh = Organization.start(root, history(folder, POLICIES).root, list(recorded())[-1], answers)
    for pattern, edit in EDITS.items():
        files = sorted(root.glob(pattern))
        assert files, pattern
        for file in files:
            file.write_text(file.read_text() + edit)
    mesh.commit()
    mesh.update(next_version())
    assert mesh.marked() == mesh.unmerged() == set()
    assert all(edit in file.read_text() for pattern, edit in EDITS.items() for file in root.glob(pattern))
    # Files of its own, as docs/customizing.md of the template shows them.
    for path, text in own_files().items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    # The cases of the policies, which the fixture leaves out, are the same everywhere.
    policies = "infra/terraform/sentinel-policies/policies"
    shutil.copytree(ROOT / "examples/northwind/mesh" / policies, root / policies, dirs_exist_ok=True)
    install(root)
    made = Checkout(root)
    result = made.make("control-matrix")
    assert result.returncode == 0, result.stderr
    mesh.commit()
    return made


def test_make_ci_passes_and_shows_a_table(checkout: Checkout, total: Total, figure: Figure) -> None:
    result = checkout.make("ci", "ARGS=--base main")
    assert result.returncode == 0, result.stdout + "".join(
        path.read_text()[-3000:] for path in sorted((checkout.root / "build" / "ci").glob("*.log"))
    )
    rows = re.findall(r"^([a-z-]+) +passed +([\d.]+) s$", result.stdout, re.MULTILINE)
    assert len(rows) == 15
    assert "15 passed, 0 failed" in result.stdout
    figure("ci_steps", len(rows))
    total("make ci: " + ", ".join(f"{name} {float(seconds):.0f} s" for name, seconds in rows))
    for tool in ("checkov", "ruff", "zizmor"):
        report = json.loads((checkout.root / "build" / "sarif" / f"{tool}.sarif").read_text())
        assert [run["tool"]["driver"]["name"].lower() for run in report["runs"]] == [tool]
    # What it made is not to be committed.
    assert git(checkout.root, "status", "--porcelain") == ""


def test_rehearsal_builds_what_differs_and_leaves_nothing(checkout: Checkout) -> None:
    """On DuckDB, after the demo of `make ci`, in place of BigQuery."""
    arguments = ["NAME=pr_7", "REHEARSAL_TARGET=local"]
    model = checkout.root / "dbt/models/staging/providers/stg_providers__organizations.sql"
    model.write_text(f"-- Changed\n{model.read_text()}")
    result = checkout.make("dbt-rehearsal", "BASE=main", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    built = set(re.findall(r"OK created \S+ \S+ model (\S+)", result.stdout))
    assert built
    assert all(name.startswith("dev__local.pr_7__stg_providers__") for name in built), built
    assert any(name.endswith("stg_providers__organizations") for name in built), built
    dropped = checkout.make("dbt-rehearsal-drop", *arguments)
    assert dropped.returncode == 0, dropped.stdout + dropped.stderr
    assert re.search(rf"Dropped {len(built)} relations of pr_7 in ", dropped.stdout)
    model.write_text(model.read_text().removeprefix("-- Changed\n"))
    assert git(checkout.root, "worktree", "list").count("\n") == 1
    assert git(checkout.root, "status", "--porcelain") == ""


def test_rehearsal_wants_a_name(checkout: Checkout) -> None:
    result = checkout.make("dbt-rehearsal", "NAME=pr-7")
    assert result.returncode != 0
    assert "make dbt-rehearsal NAME=pr_42" in result.stdout


def edited(path: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Plants a defect in a file."""

    def plant(root: Path) -> None:
        text = (root / path).read_text()
        (root / path).write_text(change(text))
        assert (root / path).read_text() != text

    return plant


def written(path: str, text: str) -> Callable[[Path], None]:
    """Plants a defect as a new file."""

    def plant(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
        git(root, "add", "--all", "--force", path)

    return plant


def contract_changed(root: Path) -> None:
    """A column is gone, and the version stays."""
    path = root / "contracts" / "providers.odcs.yaml"
    contract = yaml.safe_load(path.read_text())
    del contract["schema"][0]["properties"][2]
    path.write_text(yaml.safe_dump(contract, sort_keys=False))


KEY = "AKIA" + "IOSFODNN7ABCDEFG"
BUCKET = 'resource "aws_s3_bucket" "open" {\n  acl    = "public-read"\n  bucket = "patients"\n}\n'
# Defect -> the step that finds it, how it is planted, what the step says.
DEFECTS: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "leaked key": ("secrets-check", written("deploy.cfg", f"key = {KEY}\n"), "AWS Access Key"),
    "leaked private key": (
        "secrets-check",
        written("id_rsa", "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n"),
        "Private Key",
    ),
    "contract that breaks the standard": (
        "contracts-lint",
        edited(
            "contracts/providers.odcs.yaml", lambda text: text.replace("logicalType: string", "logicalType: text", 1)
        ),
        "providers.odcs.yaml: schema: ",
    ),
    "contract that breaks its readers": ("contracts-compare", contract_changed, "2.0.0"),
    "DAG that cannot be imported": (
        "dags-check",
        edited(
            "orchestration/composer/dags/landing_quality_dag.py",
            lambda text: text.replace("clinical_mesh.landing_quality", "clinical_mesh.no_such_module", 1),
        ),
        "no_such_module",
    ),
    "Terraform out of format": (
        "terraform-check",
        edited("infra/terraform/modules/contracts/main.tf", lambda text: text.replace("locals {", "locals   {", 1)),
        "modules/contracts/main.tf",
    ),
    "public bucket": (
        "infrastructure-scan",
        written("infra/terraform/modules/contracts/open.tf", BUCKET),
        "CKV_AWS_20",
    ),
    "unpinned action": (
        "workflows-check",
        edited(".github/workflows/dags.yml", lambda text: re.sub(r"@[0-9a-f]{40} # (v\S+)", r"@\1", text, count=1)),
        "unpinned-uses",
    ),
    "script that shellcheck refuses": (
        "workflows-check",
        written("delivery/careless.sh", "#!/usr/bin/env bash\nrm -rf $1/*\n"),
        "SC2086",
    ),
    "patient": ("phi-guard", written("docs/example.txt", "PID|1||12345^^^MRN||DOE^JANE\n"), "docs/example.txt"),
    "unsafe Python": (
        "code-security-check",
        written("delivery/unsafe.py", '"""Unsafe."""\n\nimport pickle\n\npickle.load(open("x", "rb"))\n'),
        "S301",
    ),
    "SQL out of style": (
        "lint",
        edited("dbt/models/staging/providers/stg_providers__providers.sql", lambda text: text + "\nSELECT 1\n"),
        "stg_providers__providers.sql",
    ),
    "model that does not parse": (
        "dbt-check",
        edited(
            "dbt/models/staging/providers/stg_providers__providers.sql", lambda text: text + "{{ ref('nowhere') }}\n"
        ),
        "nowhere",
    ),
    "control matrix that is out of date": (
        "control-matrix",
        edited("docs/hipaa-control-matrix.md", lambda text: text.replace("164.312", "164.999", 1)),
        "hipaa-control-matrix.md",
    ),
}
ARGUMENTS = {"contracts-compare": ["BASE=main"], "control-matrix": ["ARGS=--check"]}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_makes_its_step_fail(defect: str, checkout: Checkout, figure: Figure) -> None:
    step, plant, said = DEFECTS[defect]
    try:
        plant(checkout.root)
        result = checkout.make(step, *ARGUMENTS.get(step, []))
        assert result.returncode != 0, result.stdout
        assert said in result.stdout + result.stderr
        if defect.startswith(("leaked", "patient")):
            assert KEY not in result.stdout + result.stderr
            assert "DOE^JANE" not in result.stdout + result.stderr
        figure("ci_defects")
    finally:
        git(checkout.root, "reset", "--quiet", "--hard")
        git(checkout.root, "clean", "--quiet", "--force", "-d")


def test_ci_goes_on_after_a_failure_and_ends_with_it(checkout: Checkout) -> None:
    try:
        DEFECTS["patient"][1](checkout.root)
        result = checkout.make("ci", "ARGS=phi-guard control-matrix --base main")
        assert result.returncode != 0
        assert re.search(r"^phi-guard +FAILED .* build/ci/phi-guard\.log$", result.stdout, re.MULTILINE)
        assert re.search(r"^control-matrix +passed", result.stdout, re.MULTILINE)
        assert "1 passed, 1 failed" in result.stdout
    finally:
        git(checkout.root, "reset", "--quiet", "--hard")


def test_ci_names_its_steps(checkout: Checkout) -> None:
    result = checkout.make("ci", "ARGS=everything")
    assert result.returncode != 0
    assert "no such step: everything. Steps are contracts-lint" in result.stderr
