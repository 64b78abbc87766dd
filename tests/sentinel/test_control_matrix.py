"""The HIPAA control matrix: true of every render, complete both ways, and refused once it or its sources are wrong."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Render
from tests.render import example_answers
from tests.sentinel.control_matrix import DOCUMENT, EVERYTHING, optional_modules, run, templated, written
from tests.sentinel.policy_sets import POLICIES
from tests.terraform.conftest import THREE_CELLS

SAFEGUARDS = "docs/hipaa-safeguards.yml"
MODULES = "infra/terraform/modules"
SESSIONS = f"{POLICIES}/policies/iam/iam-role-sessions-are-short.sentinel"
TRAIL = f"{POLICIES}/policies/cloudtrail/cloudtrail-records-all-data-access.sentinel"

# Answers that are yes or no, each with a module of its own.
FEATURES = [condition for condition in optional_modules() if condition.isidentifier()]

# The examples of other tests, every other way to leave modules out, and every way to run dbt.
SHAPES: dict[str, dict[str, Any]] = (
    {"northwind": example_answers("northwind"), "three cells": THREE_CELLS}
    | {
        f"without {' '.join(left_out)}": {"domains": ["labs"]} | {name: name not in left_out for name in FEATURES}
        for count in range(len(FEATURES) + 1)
        for left_out in combinations(FEATURES, count)
    }
    | {
        f"dbt by {runner}": {"domains": ["labs"], "dbt_runner": runner}
        for runner in ("kubernetes_pod", "cloud_run_job")
    }
    | {"everything": {"domains": ["labs"]} | dict.fromkeys(FEATURES, True) | EVERYTHING}
)

Break = Callable[[Path], None]


def checkable(rendered: Path, folder: Path) -> Path:
    """A copy of what the matrix is made from. Renders without the policies' cases get one for each policy."""
    for part in ("docs", "infra/terraform"):
        shutil.copytree(rendered / part, folder / part)
    for policy in (folder / POLICIES / "policies").glob("*/*.sentinel"):
        cases = policy.parent / "test" / policy.stem
        cases.mkdir(parents=True)
        (cases / "pass.hcl").touch()
    return folder


@pytest.fixture
def repository(northwind: Path, tmp_path: Path) -> Path:
    """What the matrix of the full example is made from, to be changed."""
    return checkable(northwind, tmp_path / "repository")


@pytest.fixture(scope="session")
def safeguards(northwind: Path) -> dict[str, dict[str, Any]]:
    """The safeguards of docs/hipaa-safeguards.yml."""
    described: dict[str, dict[str, Any]] = yaml.safe_load((northwind / SAFEGUARDS).read_text())["safeguards"]
    return described


@pytest.fixture(scope="session")
def headers(northwind: Path) -> dict[str, dict[str, str]]:
    """Path of each policy -> the safeguards that its header names, with their kinds."""
    return {
        path.relative_to(northwind).as_posix(): dict(re.findall(r"(?m)^# HIPAA: (\S+) \((\w+)\)$", path.read_text()))
        for path in sorted((northwind / POLICIES / "policies").glob("*/*.sentinel"))
    }


def sections(document: str) -> dict[str, str]:
    """Safeguard -> its part of the document."""
    parts = re.split(r"(?m)^###? ", document)
    return {part.split()[0]: part for part in parts if part.startswith("164.")}


@pytest.mark.parametrize("shape", SHAPES)
def test_rendered_matrix_is_what_its_program_writes(shape: str, render: Render, tmp_path: Path) -> None:
    result = run(checkable(render(**SHAPES[shape]), tmp_path / "repository"), "--check")
    assert result.returncode == 0, f"run `make control-matrix`: {result.stderr}"


def test_matrix_with_the_cases_themselves(with_cases: Path) -> None:
    result = run(with_cases, "--check")
    assert result.returncode == 0, result.stderr


def test_every_link_leads_somewhere(with_cases: Path) -> None:
    document = (with_cases / DOCUMENT).read_text()
    anchors = [
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^#+ (.*)$", document)
    ]
    assert len(set(anchors)) == len(anchors)
    links = re.findall(r"\]\(([^)\s]+)\)", document)
    assert len(links) > 500
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors, link
        elif not link.startswith("https://"):
            assert (with_cases / "docs" / link).exists(), link
    cases = {link for link in links if "/test/" in link}
    assert len(cases) == len(list((with_cases / POLICIES / "policies").glob("*/*.sentinel")))
    for link in cases:
        assert list((with_cases / "docs" / link).glob("*.hcl")), link


def test_every_safeguard_leads_to_code_and_policies(
    northwind: Path, safeguards: dict[str, dict[str, Any]], headers: dict[str, dict[str, str]]
) -> None:
    parts = sections((northwind / DOCUMENT).read_text())
    served = {id for id, fields in safeguards.items() if not fields.get("organization_only")}
    assert served == parts.keys()
    for id in served:
        policies = [path for path, named in headers.items() if id in named]
        assert policies, id
        assert set(re.findall(r"\(\.\./(infra\S+\.sentinel)\)", parts[id])) == set(policies), id
        terraform = parts[id].partition("\nTerraform:\n")[2].partition("\nPolicies:\n")[0]
        assert re.search(r"(?m)^- (every |\[modules/\S+: `\w+\.\w+`)", terraform), id
        assert re.search(r"(?m)^- \*\*Evidence:\*\*\n  - ", parts[id]), id


def test_every_policy_serves_safeguards_of_its_kind(
    safeguards: dict[str, dict[str, Any]], headers: dict[str, dict[str, str]]
) -> None:
    assert len(headers) > 50
    for path, named in headers.items():
        assert named, path
        for id, kind in named.items():
            assert safeguards[id]["kind"] == kind, f"{path}: {id}"
            assert not safeguards[id].get("organization_only"), f"{path}: {id}"


def test_every_safeguard_that_only_the_organization_meets_is_listed(
    northwind: Path, safeguards: dict[str, dict[str, Any]]
) -> None:
    document = (northwind / DOCUMENT).read_text()
    listed = document.partition("## Safeguards that only you can meet")[2].partition("## Terraform code")[0]
    for id, fields in safeguards.items():
        assert (f"\n| {id} {fields['title']} |" in listed) == fields.get("organization_only", False), id


def test_every_address_is_a_resource_of_the_code(northwind: Path) -> None:
    document = (northwind / DOCUMENT).read_text()
    found = {
        (path.parent.relative_to(northwind / "infra/terraform").as_posix(), f"{type}.{name}")
        for path in (northwind / MODULES).rglob("*.tf")
        for type, name in re.findall(r'(?m)^resource "(\w+)" "(\w+)"', path.read_text())
    }
    shown = {
        (module, address)
        for module, addresses in re.findall(r"(?m)^- \[(modules/\S+)\]\(\S+\): (.*)$", document)
        for address in re.findall(r"`([^`]+)`", addresses)
    }
    assert shown <= found
    parts = re.split(r"(?m)^### ", document.partition("## Terraform code")[2])[1:]
    indexed = {(part.split()[0], address) for part in parts for address in re.findall(r"(?m)^\| `(\S+)` \|", part)}
    assert indexed == found


def replaced(path: str, old: str, new: str) -> Break:
    """Replaces text in a file, which must have it."""

    def change(repository: Path) -> None:
        text = (repository / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (repository / path).write_text(text.replace(old, new))

    return change


def deleted(path: str) -> Break:
    """Deletes a file or folder."""

    def change(repository: Path) -> None:
        target = repository / path
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink()

    return change


def appended(path: str, text: str) -> Break:
    """Adds text to the end of a file."""

    def change(repository: Path) -> None:
        with (repository / path).open("a") as file:
            file.write(text)

    return change


def out_of_every_set(repository: Path) -> None:
    """Takes a policy out of the policy sets."""
    for policy_set in (repository / POLICIES).glob("*/sentinel.hcl"):
        policy_set.write_text(policy_set.read_text().replace("iam/iam-role-sessions-are-short", "iam/other"))


OUT_OF_DATE = f"{DOCUMENT} is not up to date. Run `make control-matrix`"
BROKEN: dict[str, tuple[Break, str]] = {
    "unknown safeguard": (
        replaced(SESSIONS, "164.312(a)(2)(iii)", "164.312(a)(2)(ix)"),
        f"{SESSIONS}:4: 164.312(a)(2)(ix) is not in {SAFEGUARDS}",
    ),
    "other kind": (
        replaced(SESSIONS, "(addressable)", "(required)"),
        f"{SESSIONS}:4: 164.312(a)(2)(iii) is required here and addressable in {SAFEGUARDS}",
    ),
    "safeguard in another form": (
        replaced(SESSIONS, " (addressable)", ", addressable"),
        f"{SESSIONS}:4: must read",
    ),
    "header without safeguard": (
        replaced(SESSIONS, "# HIPAA: 164.312(a)(2)(iii) (addressable)\n", ""),
        f"{SESSIONS}: has no safeguard",
    ),
    "header without types": (replaced(SESSIONS, "# Terraform: aws_iam_role\n", ""), f"{SESSIONS}: has no types"),
    "header with words": (
        replaced(SESSIONS, "# Terraform: aws_iam_role", "# Terraform: Roles of IAM"),
        f"{SESSIONS}:5: cannot read 'Roles of IAM'",
    ),
    "list that the policy does not have": (
        replaced(SESSIONS, "# Terraform: aws_iam_role", "# Terraform: the types of role_types"),
        f"{SESSIONS}:5: role_types is no list of resource types",
    ),
    "only policy of a safeguard deleted": (deleted(SESSIONS), f"{SAFEGUARDS}: no policy names 164.312(a)(2)(iii)"),
    "safeguard of the organization": (
        replaced(SESSIONS, "164.312(a)(2)(iii)", "164.310(b)"),
        f"{SESSIONS}:4: 164.310(b) has organization_only in {SAFEGUARDS}",
    ),
    "type that the code does not have": (
        replaced(SESSIONS, "# Terraform: aws_iam_role", "# Terraform: aws_iam_roles"),
        f"{SESSIONS}:5: infra/terraform has no aws_iam_roles",
    ),
    "last resource of a type deleted": (
        replaced(f"{MODULES}/aws/audit/main.tf", 'resource "aws_cloudtrail" "this"', 'resource "aws_trail" "this"'),
        f"{TRAIL}:7: infra/terraform has no aws_cloudtrail.",
    ),
    "safeguard without a resource": (
        replaced(SESSIONS, "# Terraform: aws_iam_role", "# Terraform: aws_iam_user"),
        f"{SAFEGUARDS}: no policy of 164.312(a)(2)(iii) looks at a resource",
    ),
    "unused type is used": (
        appended(f"{MODULES}/aws/identity/main.tf", '\nresource "aws_iam_user" "this" {\n}\n'),
        f"{SAFEGUARDS}: unused_types: aws_iam_user is used",
    ),
    "unused type that no policy names": (
        replaced(SAFEGUARDS, "types: [aws_cloudwatch_log_group]", "types: [aws_cloudwatch_log_group, aws_sqs_queue]"),
        f"{SAFEGUARDS}: unused_types: no policy names aws_sqs_queue",
    ),
    "policy without cases": (
        deleted(f"{POLICIES}/policies/iam/test/iam-role-sessions-are-short"),
        f"{SESSIONS}: has no test cases",
    ),
    "policy in no set": (out_of_every_set, f"{SESSIONS}: is in no policy set"),
    "kind that there is not": (
        replaced(SAFEGUARDS, "kind: addressable", "kind: optional"),
        f"{SAFEGUARDS}: 164.312(a)(2)(iii): kind is 'optional', and must be one of",
    ),
    "description without a text": (
        replaced(SAFEGUARDS, "    asks: Encrypt and decrypt ePHI.\n", ""),
        f"{SAFEGUARDS}: 164.312(a)(2)(iv): has no text `asks`",
    ),
    "description without evidence": (
        replaced(SAFEGUARDS, "    evidence:\n      - The longest session of each role, from IAM.\n", ""),
        f"{SAFEGUARDS}: 164.312(a)(2)(iii): has no `evidence`",
    ),
    "description that is no YAML": (appended(SAFEGUARDS, "]\n"), f"{SAFEGUARDS}: needs introduction, safeguards and"),
    "stale document": (replaced(DOCUMENT, "Automatic logoff", "Automatic log-off"), OUT_OF_DATE),
    "missing document": (deleted(DOCUMENT), OUT_OF_DATE),
    "renamed resource": (
        replaced(f"{MODULES}/aws/audit/main.tf", 'resource "aws_cloudtrail" "this"', 'resource "aws_cloudtrail" "all"'),
        OUT_OF_DATE,
    ),
    "summary of a policy changed": (replaced(SESSIONS, "Sessions end after", "Sessions last for"), OUT_OF_DATE),
}


@pytest.mark.parametrize("case", BROKEN)
def test_check_refuses(case: str, repository: Path) -> None:
    change, message = BROKEN[case]
    change(repository)
    result = run(repository, "--check")
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_every_error_is_told_at_once(repository: Path) -> None:
    for case in ("only policy of a safeguard deleted", "unused type is used", "unused type that no policy names"):
        BROKEN[case][0](repository)
    errors = run(repository).stderr.splitlines()
    assert len(errors) == 3


def test_nothing_is_written_where_something_is_wrong(repository: Path) -> None:
    before = (repository / DOCUMENT).read_text()
    BROKEN["unknown safeguard"][0](repository)
    with pytest.raises(ValueError, match=r"is not in docs/hipaa-safeguards\.yml"):
        written(repository)
    assert (repository / DOCUMENT).read_text() == before


def test_policies_and_resources_of_the_organization_are_taken_in(repository: Path) -> None:
    policies = repository / POLICIES / "policies/sqs"
    (policies / "test/sqs-queues-are-encrypted").mkdir(parents=True)
    (policies / "test/sqs-queues-are-encrypted/pass.hcl").touch()
    (policies / "sqs-queues-are-encrypted.sentinel").write_text(
        "# Queues are encrypted.\n#\n# HIPAA: 164.312(a)(2)(iv) (addressable)\n# Terraform: aws_sqs_queue\n"
    )
    with (repository / POLICIES / "dev/sentinel.hcl").open("a") as policy_set:
        policy_set.write('\npolicy "sqs-queues-are-encrypted" {\n')
        policy_set.write('  source = "../policies/sqs/sqs-queues-are-encrypted.sentinel"\n}\n')
    (repository / "infra/terraform/envs/dev/queue.tf").write_text('resource "aws_sqs_queue" "this" {\n}\n')
    downloaded = repository / "infra/terraform/envs/dev/.terraform/modules/other"
    downloaded.mkdir(parents=True)
    (downloaded / "main.tf").write_text('resource "aws_sqs_queue" "downloaded" {\n}\n')

    document = written(repository)
    part = sections(document)["164.312(a)(2)(iv)"]
    assert "- [envs/dev](../infra/terraform/envs/dev): `aws_sqs_queue.this`" in part
    assert "/policies/sqs/test/sqs-queues-are-encrypted)): Queues are encrypted." in part
    assert "downloaded" not in document
    assert run(repository, "--check").returncode == 0


def test_what_needs_a_module_is_left_to_the_organization_without_it(northwind: Path, render: Render) -> None:
    assert "164.308(a)(8)" in sections((northwind / DOCUMENT).read_text())
    document = (render(**SHAPES["without threat_detection"]) / DOCUMENT).read_text()
    assert "164.308(a)(8)" not in sections(document)
    assert "\n| 164.308(a)(8) Evaluation |" in document
    assert "(#164308a8-evaluation)" not in document


def test_a_line_has_one_condition() -> None:
    with pytest.raises(ValueError, match="hangs on one and on other: b"):
        templated("a\nb\nc\n", {"one": "a\nc\n", "other": "a\nc\n"})
