"""Plans of rendered repositories, as HCP Terraform would hand them to the policies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.engines.sentinel import PolicySet
from tests.sentinel.policy_sets import policy_set
from tests.terraform.conftest import THREE_CELLS
from tests.terraform.environment import Applied, copied, needs_the_real_provider, root_module

PLANS = ["northwind-dev", "northwind-prod", "contoso-dev", "contoso-prod", "fabrikam-prod"]

# dbt in pods; it runs on workers in northwind and in Cloud Run in contoso.
PODS: dict[str, Any] = {
    "mesh_name": "fabrikam",
    "domains": ["labs"],
    "environments": ["prod"],
    "platform_ids": {"prod": {"gcp_project": "fabrikam-prod", "aws_account": "444444444444"}},
    "dbt_runner": "kubernetes_pod",
}


@dataclass(frozen=True)
class Planned:
    """The plan of an environment, and the policies that decide it."""

    policies: PolicySet
    plan: dict[str, Any]


def planned(rendered: Path, environment: str, account: str, folder: Path) -> Planned:
    """Plan an environment of a rendered repository, with nothing made yet."""
    needs_the_real_provider()
    with Server(account) as server:
        plan = root_module(copied(rendered, folder), environment, server).plan()
    return Planned(policy_set(rendered, environment), plan)


@pytest.fixture(scope="session")
def plans(
    applied_northwind: Applied, northwind: Path, render: Render, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Planned]:
    """Plans of every environment of the full example, of one with everything in three cells, and of dbt in pods."""
    scratch = tmp_path_factory.mktemp("plans")
    found = {"northwind-dev": Planned(policy_set(northwind, "dev"), applied_northwind.plan)}
    found["northwind-prod"] = planned(northwind, "prod", "222222222222", scratch / "northwind-prod")
    three_cells = render(**THREE_CELLS)
    for environment in ("dev", "prod"):
        account = THREE_CELLS["platform_ids"][environment]["aws_account"]
        found[f"contoso-{environment}"] = planned(three_cells, environment, account, scratch / f"contoso-{environment}")
    found["fabrikam-prod"] = planned(render(**PODS), "prod", "444444444444", scratch / "fabrikam-prod")
    return found
