"""The Makefile's targets for upgrades and changes of shape hand on what they are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("target", "run"),
    [
        ("upgrade-preview", "upgrade.py preview"),
        ('upgrade ARGS="--to v1.2.0"', "upgrade.py apply --to v1.2.0"),
        ("add-domain NAME=labs", 'shape.py add domain "labs"'),
        ('add-domain FILE="my domain.yml"', 'shape.py add domain  --file "my domain.yml"'),
        ("drop-domain NAME=labs ARGS=--preview", 'shape.py drop domain "labs" --preview'),
        ("add-environment NAME=test", 'shape.py add environment "test"'),
        ("drop-environment NAME=test", 'shape.py drop environment "test"'),
        ("add-region NAME=eu-west-1", 'shape.py add region "eu-west-1"'),
        ("drop-region NAME=eu-west-1", 'shape.py drop region "eu-west-1"'),
        ('set-answer ARGS="replication=true"', "shape.py set replication=true"),
    ],
)
def test_target_runs_its_program(target: str, run: str, northwind: Path) -> None:
    """In a dry run: the programs themselves are tested on repositories of their own."""
    command = f"make --dry-run --old-file .venv/upgrade {target}"
    # Nothing of the make that runs the tests.
    settings = {name: value for name, value in os.environ.items() if name not in ("ARGS", "MAKEFLAGS", "MFLAGS")}
    result = subprocess.run(
        command, shell=True, cwd=northwind, env=settings, capture_output=True, text=True, check=True
    )
    ran = [line.rstrip() for line in result.stdout.splitlines() if "delivery/" in line]
    assert ran == [f".venv/bin/python delivery/{run}"]
