"""checkov over the rendered Terraform code: nothing fails, and what is suppressed says why beside the resource."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render, Total
from tests.engines.environments import Environment, environment
from tests.terraform.test_code import SHAPES

SKIP = re.compile(r"checkov:skip=(\w+):(.*)")


@pytest.fixture(scope="module")
def checkov() -> Environment:
    """checkov, in an environment of its own."""
    return environment("checkov")


def scanned(checkov: Environment, folder: Path) -> dict[str, Any]:
    """What checkov reports of a folder, without asking its maker's servers for anything."""
    command = ["checkov", "-d", str(folder), "--framework", "terraform", "--output", "json", "--skip-download"]
    result = checkov.run([*command, "--quiet"], cwd=folder, check=False)
    report: dict[str, Any] = json.loads(result.stdout)
    return report


@pytest.mark.parametrize("shape", ["everything", "nothing more"])
def test_nothing_fails(shape: str, checkov: Environment, render: Render, total: Total) -> None:
    infrastructure = render(**SHAPES[shape]) / "infra/terraform"
    report = scanned(checkov, infrastructure)
    failed = {(check["check_id"], check["resource"]) for check in report["results"]["failed_checks"]}
    assert failed == set()
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 300
    skipped = {match for file in infrastructure.rglob("*.tf") for match in SKIP.findall(file.read_text())}
    assert all(len(reason.split()) >= 4 for _, reason in skipped)
    found = sum(len(SKIP.findall(file.read_text())) for file in infrastructure.rglob("*.tf"))
    total(f"checkov, {shape}: {report['summary']['passed']} passed, {found} suppressed with a reason")


def test_a_public_bucket_fails(checkov: Environment, tmp_path: Path) -> None:
    """The scan can fail."""
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "x" {\n  bucket = "x"\n}\n')
    failed = {check["check_id"] for check in scanned(checkov, tmp_path)["results"]["failed_checks"]}
    assert "CKV2_AWS_6" in failed
