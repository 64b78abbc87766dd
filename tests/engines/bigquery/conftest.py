"""One service for all tests; each test has datasets of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.bigquery import Client, Emulator

REGION = "us-east4"
OMNI = "aws-us-east-1"


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bucket `landing`."""
    folder = tmp_path_factory.mktemp("buckets") / "landing"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def emulator(bucket: Path) -> Iterator[Emulator]:
    """The service."""
    with Emulator(data=bucket.parent) as running:
        yield running


@pytest.fixture(scope="session")
def client(emulator: Emulator) -> Client:
    """Sends requests as the owner of everything."""
    return emulator.client()


@pytest.fixture(scope="session")
def new_dataset(client: Client) -> Callable[[str], str]:
    """new_dataset(location): the id of an empty dataset there."""

    def made(location: str) -> str:
        id = f"d{uuid.uuid4().hex[:12]}"
        client.call("POST", "datasets", {"datasetReference": {"datasetId": id}, "location": location})
        return id

    return made


@pytest.fixture
def dataset(new_dataset: Callable[[str], str]) -> str:
    """An empty dataset in us-east4."""
    return new_dataset(REGION)


@pytest.fixture
def omni(new_dataset: Callable[[str], str]) -> str:
    """An empty dataset in aws-us-east-1."""
    return new_dataset(OMNI)
