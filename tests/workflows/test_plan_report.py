"""delivery/plan_report.py: what it shows, what it hides, what it refuses, and what its digest is of."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.stand_in import StandIn

BUCKET = "module.landing_zone.aws_s3_bucket.this"


def change(address: str, *actions: str, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    """A change as `terraform show -json` writes it."""
    masks: dict[str, Any] = {"after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}
    return {"address": address, "change": {"actions": list(actions), "before": before, "after": after} | masks | more}


def plan(*changes: dict[str, Any], outputs: dict[str, Any] | None = None) -> dict[str, Any]:
    """A plan of these changes."""
    return {"format_version": "1.2", "resource_changes": list(changes), "output_changes": outputs or {}}


SMALL = plan(
    change(BUCKET, "update", before={"tags": {"owner": "a"}, "name": "b"}, after={"tags": {"owner": "c"}, "name": "b"}),
    change("aws_kms_key.this", "no-op", before={"x": 1}, after={"x": 1}),
)


class Reporter:
    """Runs the report on plans."""

    def __init__(self, northwind: Path, folder: Path) -> None:
        # A copy, since Python writes what it compiled beside the program.
        self.folder = folder
        self.program = shutil.copytree(northwind / "delivery", folder / "delivery") / "plan_report.py"
        self.report = folder / "build" / "plan.md"
        self.output = folder / "output"

    def run(
        self, plan: Any, *options: str, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The report of a plan, in the files that GitHub names."""
        source = self.folder / "plan.json"
        source.write_text(plan if isinstance(plan, str) else json.dumps(plan))
        command = [sys.executable, str(self.program), str(source)]
        command += ["--environment", "dev", "--report", str(self.report), *options]
        self.output.unlink(missing_ok=True)
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md")}
        environment = (variables or dict(os.environ)) | files
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def outputs(self, plan: Any, *options: str) -> dict[str, str]:
        """What the step hands on."""
        self.run(plan, *options)
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def reporter(northwind: Path, tmp_path: Path) -> Reporter:
    """The report of the full example."""
    return Reporter(northwind, tmp_path)


def test_changes_are_shown(reporter: Reporter) -> None:
    result = reporter.run(SMALL)
    assert result.returncode == 0, result.stderr
    assert "dev: 1 to change." in result.stdout
    text = reporter.report.read_text()
    assert text.startswith("### Plan of dev: 1 to change\n")
    assert f"    change {BUCKET}\n" in text
    assert '        tags: {"owner": "a"} -> {"owner": "c"}\n' in text
    assert "name:" not in text
    assert "aws_kms_key" not in text
    assert (reporter.folder / "summary.md").read_text().strip() == text.strip()


def test_what_is_known_later_and_what_is_new(reporter: Reporter) -> None:
    reporter.run(plan(change(BUCKET, "create", after={"name": "b"}, after_unknown={"arn": True, "tags": [{}]})))
    text = reporter.report.read_text()
    assert "arn: (known after apply)" in text
    assert 'name: "b"' in text
    assert "tags" not in text


HIDDEN: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "sensitive": ("password", "hunter2", {"after_sensitive": {"password": True}}),
    "sensitive inside": ("settings", {"inner": ["hunter2"]}, {"after_sensitive": {"settings": {"inner": [True]}}}),
    "sensitive before": ("password", "hunter2", {"before_sensitive": {"password": True}}),
    "sensitive as a whole": ("password", "hunter2", {"after_sensitive": True}),
    "key of AWS": ("note", "AKIAIOSFODNN7ABCDEFG", {}),
    "private key": ("note", "-----BEGIN RSA PRIVATE KEY-----", {}),
    "token of GitHub": ("note", "ghp_" + "a1" * 18, {}),
    "token of HCP Terraform": ("note", "a1b2c3d4e5f6g7.atlasv1." + "x" * 64, {}),
    "social security number": ("note", "SSN 219-09-1234", {}),
    "patient in HL7": ("note", "PID|1||12345^^^MRN||DOE^JANE", {}),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_nobodys_business_is_masked(case: str, reporter: Reporter) -> None:
    name, value, masks = HIDDEN[case]
    result = reporter.run(
        plan(change(BUCKET, "update", before={"name": "a"}, after={"name": "b", name: value}, **masks))
    )
    assert result.returncode == 0, result.stderr
    text = reporter.report.read_text()
    secret = "hunter2" if "hunter2" in json.dumps(value) else value.removeprefix("SSN ")
    assert secret not in text + result.stdout + result.stderr
    assert f"{name}: " in text
    # Hiding all would pass this test as well.
    assert masks.get("after_sensitive") is True or 'name: "a" -> "b"' in text


def test_a_mask_that_hides_nothing_hides_nothing(reporter: Reporter) -> None:
    masks = {"before_sensitive": {"rule": [{}]}, "after_sensitive": {"rule": [{"id": False}], "tags": {}}}
    reporter.run(plan(change(BUCKET, "update", before={"rule": [1]}, after={"rule": [2]}, **masks)))
    assert "rule: [1] -> [2]" in reporter.report.read_text()


@pytest.mark.parametrize("actions", [("delete",), ("delete", "create"), ("create", "delete")])
def test_destruction_is_refused_without_the_label(actions: tuple[str, ...], reporter: Reporter) -> None:
    gone = plan(change(BUCKET, *actions, before={"name": "b"}), *SMALL["resource_changes"])
    result = reporter.run(gone)
    assert result.returncode == 1
    assert "destroys or replaces 1 resources" in result.stderr
    assert "`destroy-allowed`" in reporter.report.read_text()
    assert reporter.run(gone, "--allowed").returncode == 0
    assert reporter.run(gone, "--most-destroyed", "1").returncode == 0
    assert reporter.run(plan(*gone["resource_changes"][:1] * 2), "--most-destroyed", "1").returncode == 1
    assert reporter.run(gone, "--drift").returncode == 0
    # What goes stands first.
    lines = reporter.report.read_text().splitlines()
    assert next(line for line in lines if BUCKET in line).split()[0] in ("destroy", "replace")


def test_forgetting_destroys_nothing(reporter: Reporter) -> None:
    assert reporter.run(plan(change(BUCKET, "forget", before={"name": "b"}))).returncode == 0


def test_digest_is_that_of_the_changes(reporter: Reporter) -> None:
    digest = reporter.outputs(SMALL)["digest"]
    assert len(digest) == 64
    same = deepcopy(SMALL) | {"timestamp": "2026-11-29T00:00:00Z", "terraform_version": "1.15.0"}
    same["resource_changes"].reverse()
    assert reporter.outputs(same)["digest"] == digest
    others = []
    for path in ("before", "after", "after_unknown", "before_sensitive"):
        other = deepcopy(SMALL)
        other["resource_changes"][0]["change"][path]["name"] = "other"
        others.append(other)
    moved = deepcopy(SMALL)
    moved["resource_changes"][0]["address"] += "2"
    others += [moved, plan(), plan(*SMALL["resource_changes"], outputs={"x": {"actions": ["create"], "after": 1}})]
    digests = {reporter.outputs(other)["digest"] for other in others}
    assert digest not in digests
    assert len(digests) == len(others)


def test_another_plan_than_the_reviewed_is_refused(reporter: Reporter) -> None:
    digest = reporter.outputs(SMALL)["digest"]
    # Whoever applies by hand copies it from there.
    assert digest in reporter.run(SMALL).stdout
    assert reporter.run(SMALL, "--reviewed", digest).returncode == 0
    for other in (digest[:-1] + ("0" if digest[-1] != "0" else "1"), "", digest[:12]):
        result = reporter.run(SMALL, "--reviewed", other)
        assert result.returncode == 1
        assert "is not the one that was reviewed" in result.stderr


@pytest.mark.parametrize(
    ("planned", "changes"),
    [
        (plan(), "false"),
        (plan(change(BUCKET, "no-op")), "false"),
        (plan(change("data.aws_iam_policy_document.this", "read")), "false"),
        (plan(outputs={"x": {"actions": ["no-op"]}}), "false"),
        (plan(outputs={"x": {"actions": ["update"]}}), "true"),
        (SMALL, "true"),
    ],
)
def test_it_says_whether_there_is_anything_to_apply(planned: Any, changes: str, reporter: Reporter) -> None:
    assert reporter.outputs(planned)["changes"] == changes


def test_comment_has_room_for_every_environment(reporter: Reporter) -> None:
    long = [change(f"aws_s3_bucket.this[{n}]", "create", after={"name": "x" * 500}) for n in range(2000)]
    reporter.run(plan(*long))
    text = reporter.report.read_text()
    assert "more lines: see the log of the run" in text
    assert "2000 to create" in text
    # Four environments, with changes and policies each, in 65,536 characters.
    assert len(text) < 65_536 / 8


@pytest.mark.parametrize("text", ["", "[]", '{"resource_changes": [{}]}', "Error: no plan"])
def test_what_is_no_plan_is_said_to_be_none(text: str, reporter: Reporter) -> None:
    result = reporter.run(text)
    assert result.returncode == 2
    assert "plan.json is not what `terraform show -json` writes of a plan" in result.stderr
    assert not reporter.report.exists()


@pytest.mark.parametrize("status", [0, 1, 2])
def test_policies_decide(status: int, reporter: Reporter, tmp_path: Path) -> None:
    stand_in = StandIn(tmp_path / "bin")
    stand_in.command("sentinel")
    stand_in.answer("sentinel", "apply", printed="s3-buckets-are-versioned: AKIAIOSFODNN7ABCDEFG", status=status)
    (tmp_path / "policies").mkdir()
    result = reporter.run(SMALL, "--policies", str(tmp_path / "policies"), variables=stand_in.variables)
    assert result.returncode == (1 if status else 0)
    text = reporter.report.read_text()
    assert "    s3-buckets-are-versioned: (masked)\n" in text
    assert ("The policies deny the plan" in text) is bool(status)


def test_without_sentinel_nothing_is_decided(reporter: Reporter, tmp_path: Path) -> None:
    result = reporter.run(SMALL, "--policies", str(tmp_path), variables={"PATH": str(tmp_path)})
    assert result.returncode == 2
    assert "developer.hashicorp.com/sentinel/install" in result.stderr
