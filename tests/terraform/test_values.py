"""Wrong values in terraform.tfvars stop the plan with a message that names the variable."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.engines.terraform import RootModule
from tests.terraform.environment import copied, root_module

# The case -> a line of tfvars, and what the message must say.
WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "account of 11 digits": ('aws_account_id = "12345678901"', ("var.aws_account_id", "12 digits")),
    "account that is a placeholder": ('aws_account_id = "000000000000"', ("var.aws_account_id", "placeholder")),
    "address without a domain": ('alert_addresses = ["privacy-office"]', ("var.alert_addresses", "mail addresses")),
    "identity that is a mail address": (
        'bigquery_connection_identities = { "us-east-1" = "x@y.iam.gserviceaccount.com" }',
        ("var.bigquery_connection_identities", "numeric"),
    ),
    "identity of another region": (
        'bigquery_connection_identities = { "eu-west-1" = "108254112233445566778" }',
        ("var.bigquery_connection_identities", "an entry for each of us-east-1"),
    ),
    "break glass for everybody": (
        'break_glass_principals = ["arn:aws:iam::111111111111:user/*"]',
        ("break_glass_principals", "without wildcards"),
    ),
    "break glass for another account": (
        'break_glass_principals = ["arn:aws:iam::999999999999:user/x"]',
        ("break_glass_principals", "111111111111"),
    ),
    "cost center with a character that no tag holds": (
        'cost_center = "<none>"',
        ("var.cost_center", "a tag may hold"),
    ),
    "repository id that is a name": (
        'github = { owner_id = "northwind", repository = "a/b", repository_id = "1" }',
        ("var.github", "numeric ids"),
    ),
    "repository that is an address": (
        'github = { owner_id = "1", repository = "https://github.com/a/b", repository_id = "1" }',
        ("github", "owner/name"),
    ),
    "lock of an unknown mode": (
        'landing_object_lock = { mode = "LEGAL", days = 1 }',
        ("var.landing_object_lock", "GOVERNANCE or COMPLIANCE"),
    ),
    "lock longer than the retention": (
        'landing_object_lock = { mode = "GOVERNANCE", days = 9999 }',
        ("object_lock", "retention_days"),
    ),
    "logs kept for a year": ("log_retention_days = 365", ("var.log_retention_days", "2192")),
    "no old versions": ("noncurrent_days = 0", ("var.noncurrent_days", "at least 1")),
    "owner with a character that no tag holds": ('owner = "a;b"', ("var.owner", "a tag may hold")),
    "trail lock longer than the retention": (
        'trail_object_lock = { mode = "GOVERNANCE", days = 9999 }',
        ("var.trail_object_lock", "log_retention_days"),
    ),
}


@pytest.fixture(scope="module")
def module(render: Render, tmp_path_factory: pytest.TempPathFactory) -> RootModule:
    """A small environment; its values are refused before AWS is asked anything."""
    answers = {
        "domains": ["labs"],
        "environments": ["dev"],
        "threat_detection": False,
        "platform_ids": {"dev": {"gcp_project": "northwind-dev", "aws_account": "111111111111"}},
    }
    return root_module(copied(render(**answers), tmp_path_factory.mktemp("values") / "mesh"), "dev")


@pytest.mark.parametrize("case", WRONG)
def test_wrong_value_stops_the_plan(case: str, module: RootModule, tmp_path: Path) -> None:
    line, messages = WRONG[case]
    (tmp_path / "wrong.tfvars").write_text(line + "\n")
    with Server("111111111111") as server:
        speaking = RootModule(module.folder, server.variables)
        result = speaking.terraform("plan", "-input=false", f"-var-file={tmp_path / 'wrong.tfvars'}", check=False)
    assert result.returncode != 0
    message = " ".join(result.stderr.replace("│", " ").split())
    for expected in messages:
        assert expected in message, message


def test_account_of_somebody_else_is_not_touched(module: RootModule) -> None:
    with Server("999999999999") as server:
        result = RootModule(module.folder, server.variables).terraform("plan", "-input=false", check=False)
    assert result.returncode != 0
    assert "AWS account ID not allowed: 999999999999" in result.stderr


def test_contract_that_is_no_yaml_stops_the_plan(module: RootModule, tmp_path: Path) -> None:
    repository = module.folder.parents[3]
    copy = tmp_path / "mesh"
    shutil.copytree(repository, copy, symlinks=True)
    (copy / "contracts/labs.odcs.yaml").write_text("name: [Laboratory\n")
    with Server("111111111111") as server:
        result = root_module(copy, "dev", server).terraform("plan", "-input=false", check=False)
    assert result.returncode != 0
    assert "no valid YAML: contracts/labs.odcs.yaml" in " ".join(result.stderr.split())
