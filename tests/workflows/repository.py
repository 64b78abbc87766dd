"""A rendered repository under git, and its scripts as a user runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Nothing of whoever runs the tests.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{what}": "test@northwind.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def copied(rendered: Path, destination: Path, *parts: str) -> Path:
    """A writable copy of parts of a rendered repository, which git does not track yet."""
    for part in parts:
        if (rendered / part).is_dir():
            shutil.copytree(rendered / part, destination / part)
        else:
            (destination / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(rendered / part, destination / part)
    git(destination, "init", "--quiet", "--initial-branch", "main")
    return destination


def git(root: Path, *arguments: str) -> str:
    """Run git."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=root, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout


def commit(root: Path) -> None:
    """Commit all there is."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "State of the test")


def script(root: Path, name: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script of the repository's folder delivery/."""
    command = [sys.executable, str(root / "delivery" / name), *arguments]
    return subprocess.run(command, cwd=cwd or root, env=ENVIRONMENT, capture_output=True, text=True)
