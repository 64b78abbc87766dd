"""Rendered files are a fixed point of their formatters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.engines.environments import Environment
from tests.mesh import Mesh


def test_python_is_linted_and_formatted(northwind: Path, dbt_environment: Environment) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        dbt_environment.run(["ruff", *command, "."], cwd=northwind)


def test_sql_is_linted(northwind: Path, open_mesh: Callable[[Path, Path], Mesh], tmp_path: Path) -> None:
    mesh = open_mesh(northwind, tmp_path / "mesh")
    mesh.environment.run(["sqlfluff", "lint", "--processes", "0", "models", "tests"], cwd=mesh.root / "dbt")
