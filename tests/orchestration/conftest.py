"""Airflow of both lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.environments import Environment, environment
from tests.orchestration.local_airflow import LINES, migrate


@pytest.fixture(scope="session", params=LINES)
def line(request: pytest.FixtureRequest) -> str:
    """Each line of Airflow that Composer runs."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def airflow_environment(line: str) -> Environment:
    """Airflow as the generated repository locks it."""
    return environment(f"airflow-{line}")


@pytest.fixture(scope="session")
def migrated(line: str, airflow_environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of Airflow whose database has its tables. Read only."""
    return migrate(airflow_environment, tmp_path_factory.mktemp("airflow") / line)
