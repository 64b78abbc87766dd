"""The steps of terraform.yml and terraform-drift.yml, with Terraform, both providers, an AWS and the policies.

One mesh of one domain is planned, applied, drifts, and is destroyed, by the targets that the workflows call.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.engines.sentinel.command import script
from tests.engines.terraform import applying, terraform
from tests.terraform.environment import OVERRIDE, REMOTE_STATE, STATE, needs_the_real_provider, state_server

ACCOUNT = "111111111111"


@dataclass
class Runner:
    """A machine of GitHub that checked the repository out, and became what it is to become."""

    root: Path
    server: Server

    @property
    def module(self) -> Path:
        """The root module of dev."""
        return self.root / "infra" / "terraform" / "envs" / "dev"

    @property
    def report(self) -> str:
        """The report that the last target wrote."""
        return (self.root / "build" / "plan-dev.md").read_text()

    def make(self, target: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        """Make a target, and what its step hands on."""
        output = self.root / "output"
        output.unlink(missing_ok=True)
        settings = terraform().settings | applying() | self.server.variables
        own = {
            "GITHUB_OUTPUT": str(output),
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "TF_CLI_ARGS_apply": "-parallelism=40",
            "TF_CLI_ARGS_plan": "-parallelism=40",
        }
        result = subprocess.run(
            # The tools of the repository are this environment's.
            ["make", target, "ENV=dev", "VENV=venv", "--old-file=venv/docs"],
            cwd=self.root,
            env=os.environ | settings | own | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = output.read_text().splitlines() if output.exists() else []
        return result, dict(line.split("=", 1) for line in lines)

    def resources(self) -> int:
        """How many resources the state has."""
        state = self.module / STATE
        return state.read_text().count('"mode": "managed"') if state.exists() else 0


@pytest.fixture(scope="module")
def runner(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A mesh of one domain, and an empty account."""
    needs_the_real_provider()
    root = tmp_path_factory.mktemp("runner") / "repository"
    ids = {"gcp_project": "acme-dev", "aws_account": ACCOUNT}
    answers = {"mesh_name": "acme", "domains": ["providers"], "environments": ["dev"], "platform_ids": {"dev": ids}}
    shutil.copytree(render(**answers, threat_detection=False), root)
    module = root / "infra/terraform/envs/dev"
    (module / OVERRIDE).write_text(REMOTE_STATE.format(state_server() + quote(str(module / STATE))))
    terraform().write_command(root / "bin" / "terraform")
    (root / "bin" / "sentinel").write_text(script())
    (root / "bin" / "sentinel").chmod(0o755)
    (root / "venv" / "bin").mkdir(parents=True)
    (root / "venv" / "bin" / "python").symlink_to(sys.executable)
    (root / "venv" / "docs").touch()
    with Server(ACCOUNT) as server:
        yield Runner(root, server)


def test_delivery_from_the_first_plan_to_the_last(runner: Runner) -> None:
    # A pull request: planned twice, the same to the digest.
    result, planned = runner.make("terraform-plan")
    assert result.returncode == 0, result.stdout + result.stderr
    assert planned["changes"] == "true"
    assert re.fullmatch(r"[0-9a-f]{64}", planned["digest"])
    assert "    create module." in runner.report
    assert "pass   s3-buckets-are-versioned" in result.stdout
    _, again = runner.make("terraform-plan")
    assert again == planned

    # Nothing is applied that nobody reviewed.
    result, _ = runner.make("terraform-apply")
    assert result.returncode != 0
    assert "REVIEWED=<digest>" in result.stdout
    values = runner.module / "terraform.tfvars"
    reviewed = values.read_text()
    values.write_text(reviewed.replace('owner           = "data-platform"', 'owner           = "somebody-else"'))
    assert values.read_text() != reviewed
    result, _ = runner.make("terraform-apply", REVIEWED=planned["digest"])
    assert result.returncode != 0
    assert "is not the one that was reviewed" in result.stderr
    assert runner.resources() == 0
    values.write_text(reviewed)

    # What was reviewed is applied, once.
    result, _ = runner.make("terraform-apply", REVIEWED=planned["digest"])
    assert result.returncode == 0, result.stdout + result.stderr
    made = runner.resources()
    assert made > 50

    # Nothing drifted; then somebody opens a bucket by hand.
    result, drift = runner.make("terraform-drift")
    assert (result.returncode, drift["changes"]) == (0, "false"), result.stdout + result.stderr
    bucket = "acme-dev-us-east-1-providers"
    runner.server.client("s3", "us-east-1").delete_public_access_block(Bucket=bucket)
    result, drift = runner.make("terraform-drift")
    assert (result.returncode, drift["changes"]) == (0, "true"), result.stdout + result.stderr
    assert runner.report.startswith("### Drift of dev: 1 to create")
    assert "aws_s3_bucket_public_access_block" in runner.report

    # A pull request that would destroy needs the label, and one that opens a bucket is denied by its policy.
    source = runner.root / "infra/terraform/modules/aws/audit/alerts.tf"
    code = source.read_text()
    start = code.index('resource "aws_sns_topic_subscription" "alerts"')
    source.write_text(code[:start] + code[code.index("\n}\n", start) + 3 :])
    result, _ = runner.make("terraform-plan")
    assert result.returncode != 0
    assert "`destroy-allowed`" in result.stderr
    assert "destroy module.audit_us_east_1.aws_sns_topic_subscription" in runner.report
    result, _ = runner.make("terraform-plan", DESTROY_ALLOWED="true")
    assert result.returncode == 0, result.stdout + result.stderr
    source.write_text(code)

    private = runner.root / "infra/terraform/modules/aws/private_bucket/main.tf"
    safe = private.read_text()
    private.write_text(re.sub(r"block_public_acls( *)= true", r"block_public_acls\1= false", safe))
    assert private.read_text() != safe
    result, _ = runner.make("terraform-plan")
    assert result.returncode != 0
    assert "The policies deny the plan" in result.stderr
    assert re.search(r"block_public_acls is false and must be true", runner.report)
    private.write_text(safe)
    assert runner.resources() == made


def test_environment_must_be_one(runner: Runner) -> None:
    result = subprocess.run(
        ["make", "terraform-plan", "ENV=qa", "VENV=venv"], cwd=runner.root, capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert "Name an environment: make terraform-plan ENV=<one of: dev>" in result.stdout
