"""The identities that the documentation draws are those that Terraform makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

# Roles that services of AWS assume to do their own work.
SERVICES = ("-malware-scan", "-config")


def made(plan: dict[str, Any], type: str, name: str) -> set[str]:
    """The names of all resources of a type."""
    return {resource["change"]["after"][name] for resource in plan["resource_changes"] if resource["type"] == type}


def test_identities_are_those_of_the_plan(northwind: Path, northwind_plan: dict[str, Any]) -> None:
    shape = yaml.safe_load((northwind / "docs" / "shape.yml").read_text())
    environment, cell = shape["environments"][0]["name"], shape["cells"][0]["aws_region"]
    drawn = [
        name.replace("<environment>", environment).replace("<region>", cell)
        for identity in shape["identities"]
        for name in (*identity["become"], identity["by"])
    ]
    roles = {name.removeprefix("role ") for name in drawn if name.startswith("role ")}
    accounts = {name.removeprefix("account ") for name in drawn if name.startswith("account ")}
    assert roles and accounts
    assert accounts == made(northwind_plan, "google_service_account", "account_id")
    of_services = {role for role in made(northwind_plan, "aws_iam_role", "name") if role.endswith(SERVICES)}
    assert roles == made(northwind_plan, "aws_iam_role", "name") - of_services
