"""Packages of the npm registry, each installed once and kept between runs."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines.environments import CACHE

# Nothing is locked, since a lock file would name the registry's host; the caller pins the version.
INSTALL = ("npm", "install", "--no-save", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")


def package(name: str, version: str, why: str) -> Path:
    """The folder of a package without dependencies, installed if it is not there yet. `why` it has to come from npm."""
    if shutil.which("npm") is None:
        pytest.skip(f"no npm here: {why}")
    directory = CACHE / f"npm-{name.rpartition('/')[2]}-{version}"
    CACHE.mkdir(exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "installed").exists():
            print(f"Installing {name} ...", file=sys.__stderr__)
            directory.mkdir(exist_ok=True)
            result = subprocess.run(
                [*INSTALL, f"{name}@{version}"], cwd=directory, capture_output=True, text=True, check=False
            )
            assert result.returncode == 0, result.stderr
            (directory / "installed").touch()
    return directory / "node_modules" / name
