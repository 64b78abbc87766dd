"""Environments that several tests look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Render
from tests.engines.aws import Server
from tests.terraform.environment import Applied, apply, copied

# Two cells that replicate, with what the full example does not have.
TWO_CELLS = {
    "mesh_name": "contoso",
    "domains": ["patients", "labs"],
    "environments": ["prod"],
    "regions": ["us-east-1", "eu-west-1"],
    "home_region": "us-east-1",
    "platform_ids": {"prod": {"gcp_project": "contoso-prod", "aws_account": "333333333333"}},
    "replication": True,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes a shared environment down comes last."""
    items.sort(key=lambda item: item.get_closest_marker("destroys") is not None)


@pytest.fixture(scope="session")
def two_cells(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """A production environment of two cells with replication and object lock, applied."""
    repository = copied(render(**TWO_CELLS), tmp_path_factory.mktemp("applied") / "two_cells")
    with Server("333333333333") as server:
        yield apply(repository, "prod", server)
