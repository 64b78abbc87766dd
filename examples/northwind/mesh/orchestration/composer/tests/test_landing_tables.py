"""What the registration does to a table, by what it finds."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from clinical_mesh.contracts import OWNER, OWNER_LABEL, Landing, contract_of, landing_tables
from clinical_mesh.landing_tables import compare
from clinical_mesh.mesh import DOMAINS

LANDING = Landing("environment", "project", "domain__aws_region", "project.aws-region.connection", "s3://bucket", {})
PARTITION = {"name": "landed_date", "type": "DATE", "mode": "NULLABLE"}


def found(wanted: dict[str, Any]) -> dict[str, Any]:
    """A table as BigQuery answers after it was made: with what it adds by itself."""
    table = copy.deepcopy(wanted) | {"type": "EXTERNAL", "etag": "1"}
    table["schema"]["fields"].append(PARTITION)
    table["externalDataConfiguration"]["hivePartitioningOptions"]["fields"] = ["landed_date"]
    table["externalDataConfiguration"]["autodetect"] = False
    return table


@pytest.mark.parametrize("domain", DOMAINS)
def test_what_is_as_it_should_be_stays(domain: str) -> None:
    for wanted in landing_tables(contract_of(domain), LANDING):
        assert compare(wanted, found(wanted)).action == "unchanged"


@pytest.fixture
def wanted() -> dict[str, Any]:
    """A table of the first domain."""
    return landing_tables(contract_of(next(iter(DOMAINS))), LANDING)[0]


def test_what_is_not_there_is_made(wanted: dict[str, Any]) -> None:
    assert compare(wanted, None).action == "create"


def test_a_new_column_goes_before_the_partition(wanted: dict[str, Any]) -> None:
    before = found(wanted)
    column = {"name": "added", "type": "STRING", "mode": "NULLABLE"}
    wanted["schema"]["fields"].insert(0, column)
    change = compare(wanted, before)
    assert change.action == "patch"
    assert change.patch is not None
    assert change.patch["schema"]["fields"][-2:] == [column, PARTITION]


@pytest.mark.parametrize(
    ("key", "value"),
    [("type", "BYTES"), ("mode", "REPEATED"), ("name", "renamed")],
)
def test_a_column_that_does_not_fit_is_refused(wanted: dict[str, Any], key: str, value: str) -> None:
    before = found(wanted)
    before["schema"]["fields"][0][key] = value
    assert compare(wanted, before).action == "refused"
    assert compare(wanted, before, allow_recreate=True).action == "recreate"


def test_a_table_that_holds_data_is_left_alone(wanted: dict[str, Any]) -> None:
    assert compare(wanted, found(wanted) | {"type": "TABLE"}, allow_recreate=True).action == "refused"


def test_a_table_of_somebody_else_is_left_alone(wanted: dict[str, Any]) -> None:
    before = found(wanted)
    del before["labels"][OWNER_LABEL]
    change = compare(wanted, before, allow_recreate=True)
    assert change.action == "refused"
    assert f"{OWNER_LABEL}:{OWNER}" in change.reasons[0]
