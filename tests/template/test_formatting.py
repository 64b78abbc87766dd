"""Rendered files are a fixed point of their formatters."""

from __future__ import annotations

from pathlib import Path

from tests.engines.environments import Environment


def test_python_is_linted_and_formatted(northwind: Path, dbt_environment: Environment) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        dbt_environment.run(["ruff", *command, "."], cwd=northwind)
