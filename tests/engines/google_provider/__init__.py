"""Terraform providers without their binaries, for google and aws: the real schema, no API. See README.md."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from tests.engines.environments import ROOT, environment

from .schema import RELEASES, Release, Schema, stored
from .tables import table

__all__ = ["RELEASES", "Reattached", "Release", "Schema", "mirror", "stored", "uncovered"]

PROVIDERS = tuple(RELEASES)


def platform() -> str:
    """The platform as Terraform names it."""
    system = os.uname()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(system.machine, system.machine)
    return f"{system.sysname.lower()}_{machine}"


def server_command(*arguments: str) -> list[str]:
    """The command of the server."""
    # -P: Terraform starts a plugin in the folder of the root module, which may have a folder `tests` of its own.
    return [str(environment("google_provider").python), "-P", "-m", f"{__name__}.server", *arguments]


def mirror(directory: Path, providers: Iterable[str] = PROVIDERS) -> Path:
    """Write a filesystem mirror with the providers, each started by Terraform as a process of its own.

    The folder is returned, for `filesystem_mirror` of Terraform's CLI configuration.
    """
    for name in providers:
        release = RELEASES[name]
        folder = directory / release.address / release.version / platform()
        folder.mkdir(parents=True, exist_ok=True)
        command = shlex.join(server_command(f"{name}={stored(release)}"))
        plugin = folder / f"terraform-provider-{name}_v{release.version}_x5"
        plugin.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command}\n")
        plugin.chmod(0o755)
    return directory


class Reattached:
    """The providers in one process that Terraform attaches to, running inside the `with` block.

    Faster than a mirror, and needs no `init` for them; each configuration of a provider keeps its own project.
    """

    def __init__(self, providers: Sequence[str] = PROVIDERS) -> None:
        self.providers = providers
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115, closed by __exit__
        self._process: subprocess.Popen[str] | None = None
        self._addresses = ""

    def __enter__(self) -> Reattached:
        """Start it. Raises RuntimeError with its log if it does not start."""
        named = [f"{name}={stored(RELEASES[name])}" for name in self.providers]
        self._process = subprocess.Popen(
            server_command("--attached", *named),
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        self._addresses = self._process.stdout.readline().strip()
        if not self._addresses:
            self._process.wait()
            self._log.seek(0)
            message = f"The providers did not start:\n{self._log.read()}"
            self.stop()
            raise RuntimeError(message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            # Its input ends.
            self._process.communicate()
            self._process = None
        self._log.close()

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which Terraform attaches to them."""
        return {"TF_REATTACH_PROVIDERS": self._addresses}

    @property
    def addresses(self) -> list[str]:
        """The source addresses of the providers."""
        return list(json.loads(self._addresses))


def uncovered(types: Iterable[str], provider: str = "google") -> set[str]:
    """The resource types, and the data sources written data.TYPE, of which the provider's table tells nothing."""
    known = {*table(provider).resources, *(f"data.{name}" for name in table(provider).data)}
    return set(types) - known
