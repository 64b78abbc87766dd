"""A mesh that grows: a hundred domains of one's own beside the twenty, with no line of Terraform edited."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.answers import own_domains
from tests.conftest import Figure, Render
from tests.engines.aws import Server
from tests.engines.terraform import changes
from tests.render import example_answers
from tests.terraform.environment import copied, root_module

OWN = own_domains(100)
NAMES = [domain["name"] for domain in OWN]


@pytest.fixture(scope="module")
def grown(render: Render) -> Path:
    """The full example with a hundred domains more."""
    return render(**example_answers("northwind") | {"custom_domains": OWN})


@pytest.fixture(scope="module")
def plan(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The plan of its environment dev."""
    repository = copied(grown, tmp_path_factory.mktemp("many") / "mesh")
    with Server("111111111111") as server:
        return root_module(repository, "dev", server).plan()


def planned(plan: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Address and values of the resources of a type that would be made."""
    return [
        {"address": change["address"], **change["change"]["after"]}
        for change in plan["resource_changes"]
        if change["type"] == kind and change["mode"] == "managed"
    ]


def test_code_is_the_same(grown: Path, northwind: Path) -> None:
    code, before = (
        {path.relative_to(root): path.read_text() for path in (root / "infra").rglob("*") if path.is_file()}
        for root in (grown, northwind)
    )
    assert code == before


def test_each_domain_has_its_own(plan: dict[str, Any], figure: Figure) -> None:
    assert {tuple(actions) for actions in changes(plan).values()} == {("create",)}
    buckets = {bucket["bucket"] for bucket in planned(plan, "aws_s3_bucket")}
    assert {f"northwind-dev-us-east-1-{name}" for name in NAMES} <= buckets
    datasets = {dataset["dataset_id"] for dataset in planned(plan, "google_bigquery_dataset")}
    for name in NAMES:
        assert {f"{name}__us_east4", f"{name}__aws_us_east_1"} <= datasets
    assert len(datasets) == 2 * 120 + 3
    figure("own_domains", len(OWN))


def test_quotas_of_aws_hold(plan: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    attached: dict[str, int] = {}
    for attachment in planned(plan, "aws_iam_role_policy_attachment"):
        attached[attachment["role"]] = attached.get(attachment["role"], 0) + 1
    assert max(attached.values()) <= 10
    policies = planned(plan, "aws_iam_policy")
    known = [re.sub(r"\s", "", policy["policy"]) for policy in policies if policy.get("policy")]
    assert known and max(map(len, known)) <= 6144
