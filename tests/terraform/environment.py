"""An environment of a rendered repository, prepared to be applied against the AWS API server."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engines.aws import Server
from tests.engines.terraform import REGISTRY, RootModule, applying, real_providers

OVERRIDE = "engine_override.tf"
# State stays beside the root module in place of HCP Terraform.
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
PROTECTED = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(?:(?!^\}).*\n)*?\s+prevent_destroy = true', re.MULTILINE)


@dataclass(frozen=True)
class Applied:
    """An environment that was applied: where it lies, the server that it stands on, and the plan that was applied."""

    repository: Path
    module: RootModule
    server: Server
    plan: dict[str, Any]
    output: str

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of the account."""
        return self.server.client(service, region)


def copied(repository: Path, destination: Path) -> Path:
    """A copy of what Terraform reads of a repository."""
    for part in ("contracts", "infra"):
        shutil.copytree(repository / part, destination / part)
    return destination


def needs_the_real_provider() -> None:
    """Skip where AWS cannot be applied: neither a mirror nor the registry, only the stand-in, which calls no API."""
    real = real_providers()[1]
    if real is not None and f"{REGISTRY}/hashicorp/aws" not in real:
        pytest.skip("no AWS provider here: no filesystem mirror, and Terraform's registry does not answer")


def root_module(repository: Path, environment: str, server: Server | None = None) -> RootModule:
    """The root module of an environment, with local state, speaking to the server. The repository must be a copy."""
    folder = repository / "infra" / "terraform" / "envs" / environment
    (folder / OVERRIDE).write_text(LOCAL_STATE)
    providers = applying() if server else {}
    module = RootModule(folder, providers | (server.variables if server else {}))
    module.init(providers)
    return module


def apply(repository: Path, environment: str, server: Server) -> Applied:
    """Plan and apply an environment. The repository must be a copy."""
    needs_the_real_provider()
    module = root_module(repository, environment, server)
    plan = module.plan()
    return Applied(repository, module, server, plan, module.apply())


def lift_protection(repository: Path) -> list[str]:
    """Let Terraform destroy what it must not, as infra/terraform/README.md tells; returns the resources."""
    lifted = []
    for source in sorted((repository / "infra" / "terraform" / "modules").rglob("*.tf")):
        for kind, name in PROTECTED.findall(source.read_text()):
            override = f'resource "{kind}" "{name}" {{\n  lifecycle {{\n    prevent_destroy = false\n  }}\n}}\n'
            with (source.parent / OVERRIDE).open("a") as file:
                file.write(override)
            lifted.append(f"{source.parent.name}.{kind}.{name}")
    return lifted
