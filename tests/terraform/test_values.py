"""Wrong values in terraform.tfvars stop the plan with a message that names the variable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Render
from tests.engines import google_provider
from tests.engines.aws import Server
from tests.engines.terraform import RootModule, attached, changes
from tests.terraform.environment import LOCAL_STATE, OVERRIDE, copied, root_module

# The case -> a line of tfvars, and what the message must say.
WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "account of 11 digits": ('aws_account_id = "12345678901"', ("var.aws_account_id", "12 digits")),
    "account that is a placeholder": ('aws_account_id = "000000000000"', ("var.aws_account_id", "placeholder")),
    "address without a domain": ('alert_addresses = ["privacy-office"]', ("var.alert_addresses", "mail addresses")),
    "project id with an underscore": ('gcp_project = "north_wind"', ("var.gcp_project", "hyphens")),
    "policy that is not offered": (
        'enforced_policies = ["gcp.resourceLocations"]',
        ("enforced_policies", "iam.disableServiceAccountKeyCreation"),
    ),
    "image of dbt by a tag": (
        'dbt_image = "us-east4-docker.pkg.dev/northwind-dev/dbt/dbt:latest"',
        ("var.dbt_image", "by its digest"),
    ),
    "image of dbt from elsewhere": (
        f'dbt_image = "us-east4-docker.pkg.dev/northwind-prod/dbt/dbt@sha256:{"0" * 64}"',
        ("var.dbt_image", "/northwind-dev/dbt/dbt"),
    ),
    "image of another line of Airflow": (
        'composer_image = "composer-3-airflow-2.11.1-build.14"',
        ("var.composer_image", "composer-3-airflow-3.3.<patch>"),
    ),
    "image without a build": ('composer_image = "composer-3-airflow-3.3.1"', ("image_version", "composer-3-airflow-")),
    "Composer of a size that is not sold": ('composer_size = "SMALL"', ("environment_size", "ENVIRONMENT_SIZE_SMALL")),
    "Airflow for every address": ('airflow_web_ranges = { all = "0.0.0.0/0" }', ("web_server_ranges", "every address")),
    "Airflow for nobody, which is everybody": ("airflow_web_ranges = {}", ("web_server_ranges", "at least one range")),
    "private addresses that the web server never sees": (
        'airflow_web_ranges = { office = "10.0.0.0/8" }',
        ("web_server_ranges", "must be public"),
    ),
    "access policy with its prefix": (
        'access_policy = "accessPolicies/1"',
        ("access_policy", "the number alone"),
    ),
    "access level of another policy": (
        'access_levels = ["accessPolicies/1/accessLevels/office"]',
        ("access_levels", "same policy"),
    ),
    "logs kept longer than Cloud Logging can": ("log_retention_days = 4000", ("var.retention_days", "3650")),
    "reader with a prefix": (
        'mart_readers = ["group:analysts@northwind.example"]',
        ("var.mart_readers", "without a prefix"),
    ),
    "slots that are not sold": ("omni_slots = 75", ("var.omni_slots", "multiple of 50")),
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
    "staleness shorter than BigQuery takes": (
        "landing_max_staleness_minutes = 15",
        ("var.landing_max_staleness_minutes", "30 to 10080"),
    ),
    "staleness longer than a cache lasts": (
        "landing_max_staleness_minutes = 10081",
        ("var.landing_max_staleness_minutes", "seven days"),
    ),
    "staleness of a part of a minute": (
        "landing_max_staleness_minutes = 30.5",
        ("var.landing_max_staleness_minutes", "whole number"),
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
def rendered(render: Render) -> Path:
    """A small environment with a service perimeter, and with dbt in pods."""
    return render(
        domains=["labs"],
        environments=["dev"],
        threat_detection=False,
        service_perimeter=True,
        dbt_runner="kubernetes_pod",
        platform_ids={"dev": {"gcp_project": "northwind-dev", "aws_account": "111111111111"}},
    )


@pytest.fixture(scope="module")
def unplanned(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> RootModule:
    """Its values are refused before a cloud is asked anything, so stand-ins serve all providers."""
    repository = copied(rendered, tmp_path_factory.mktemp("unplanned") / "mesh")
    folder = repository / "infra/terraform/envs/dev"
    (folder / OVERRIDE).write_text(LOCAL_STATE)
    module = RootModule(folder, attached(google_provider.PROVIDERS))
    module.init(module.variables)
    return module


@pytest.fixture(scope="module")
def module(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RootModule]:
    """It speaks to the server."""
    repository = copied(rendered, tmp_path_factory.mktemp("values") / "mesh")
    with Server("111111111111") as server:
        yield root_module(repository, "dev", server)


def test_right_values_are_planned(unplanned: RootModule) -> None:
    assert changes(unplanned.plan())


@pytest.mark.parametrize("case", WRONG)
def test_wrong_value_stops_the_plan(case: str, unplanned: RootModule, tmp_path: Path) -> None:
    line, messages = WRONG[case]
    (tmp_path / "wrong.tfvars").write_text(line + "\n")
    result = unplanned.terraform("plan", "-input=false", f"-var-file={tmp_path / 'wrong.tfvars'}", check=False)
    assert result.returncode != 0
    message = " ".join(result.stderr.replace("│", " ").split())
    for expected in messages:
        assert expected in message, message


def test_account_of_somebody_else_is_not_touched(module: RootModule) -> None:
    with Server("999999999999") as server:
        elsewhere = RootModule(module.folder, dict(module.variables) | server.variables)
        result = elsewhere.terraform("plan", "-input=false", check=False)
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
