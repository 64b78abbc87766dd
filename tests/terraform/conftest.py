"""Environments that several tests look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.terraform.environment import Applied, apply, copied

# Three cells in three environments, with everything that the full example does not have.
THREE_CELLS: dict[str, Any] = {
    "mesh_name": "contoso",
    "domains": ["patients", "labs"],
    "environments": ["dev", "test", "prod"],
    "regions": ["us-east-1", "eu-west-1", "ap-southeast-2"],
    "home_region": "us-east-1",
    "platform_ids": {
        "dev": {"gcp_project": "contoso-dev", "aws_account": "111111111111"},
        "test": {"gcp_project": "contoso-test", "aws_account": "222222222222"},
        "prod": {"gcp_project": "contoso-prod", "aws_account": "333333333333"},
    },
    "replication": True,
    "service_perimeter": True,
    "dbt_runner": "cloud_run_job",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a shared environment down comes last."""
    items.sort(key=lambda item: item.get_closest_marker("destroys") is not None)


@pytest.fixture(scope="session")
def three_cells(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """A production environment of three cells with replication, object lock and a service perimeter, applied."""
    repository = copied(render(**THREE_CELLS), tmp_path_factory.mktemp("applied") / "three_cells")
    with Server("333333333333") as server:
        yield apply(repository, "prod", server)


@pytest.fixture
def edit(applied_northwind: Applied) -> Iterator[Callable[[str, str | None], None]]:
    """edit(path, text): change, add or (None) remove a file of the applied repository; undone afterwards."""
    before: dict[Path, str | None] = {}

    def edited(relative: str, text: str | None) -> None:
        path = applied_northwind.repository / relative
        before.setdefault(path, path.read_text() if path.exists() else None)
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)

    yield edited
    for path, text in before.items():
        if text is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)
