"""An environment of a rendered repository, prepared to be applied against the AWS API server."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.engines.aws import Server
from tests.engines.terraform import REGISTRY, RootModule, applying, real_providers

OVERRIDE = "engine_override.tf"
# State stays beside the root module in place of HCP Terraform.
LOCAL_STATE = 'terraform {\n  backend "local" {}\n}\n'
REMOTE_STATE = 'terraform {{\n  backend "http" {{\n    address = "{}"\n  }}\n}}\n'
STATE = "terraform.tfstate"
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


class StateHandler(BaseHTTPRequestHandler):
    """Keeps a state in the file that the path names: https://developer.hashicorp.com/terraform/language/backend/http."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        file = Path(unquote(self.path))
        self._answer(200, file.read_bytes()) if file.exists() else self._answer(404)

    def do_POST(self) -> None:
        Path(unquote(self.path)).write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@cache
def state_server() -> str:
    """The address of a server that keeps state, as HCP Terraform does, for as long as this process runs.

    Terraform hands its state to a server when it is done and every 20 seconds, and writes it into a file of its own
    after each resource, read and compared before: two thirds of its time in an apply of hundreds.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), StateHandler)
    Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def root_module(repository: Path, environment: str, server: Server | None = None, applied: bool = False) -> RootModule:
    """The root module of an environment, its state beside it, speaking to the server. The repository must be a copy.

    applied: it will be, so its state goes through a server of its own.
    """
    folder = repository / "infra" / "terraform" / "envs" / environment
    state = REMOTE_STATE.format(state_server() + quote(str(folder / STATE))) if applied else LOCAL_STATE
    (folder / OVERRIDE).write_text(state)
    providers = applying() if server else {}
    module = RootModule(folder, providers | (server.variables if server else {}))
    module.init(providers)
    return module


def apply(repository: Path, environment: str, server: Server) -> Applied:
    """Plan and apply an environment. The repository must be a copy."""
    needs_the_real_provider()
    module = root_module(repository, environment, server, applied=True)
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
