"""What holds of every DAG."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clinical_mesh.airflow_versions import Variable
from clinical_mesh.contracts import contract_of
from clinical_mesh.mesh import CELLS, DOMAINS, MARTS, deployment

try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:  # Airflow 2.11
    from airflow.models.dagbag import DagBag


@pytest.fixture(scope="module")
def bag() -> Iterator[DagBag]:
    """All DAGs, parsed while nobody may read a variable."""

    def refused(*arguments: Any, **options: Any) -> None:
        raise AssertionError("a variable is read while a DAG is parsed: Airflow would ask for it twice a minute")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Variable, "get", refused)
        yield DagBag()


def is_own(path: Path) -> bool:
    """Whether a file or a folder is one that the mesh does not know: delivery/ownership.yml keeps these names free."""
    return path.name.startswith("own_") or "own" in path.parts


def test_they_parse(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert len([dag for dag in bag.dags.values() if not is_own(Path(dag.fileloc))]) == 2 + len(CELLS)


def test_every_task_has_an_owner_and_an_end(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.doc_md and dag.dagrun_timeout and dag.tags, dag.dag_id
        assert not dag.catchup and dag.max_active_runs == 1, dag.dag_id
        for task in dag.tasks:
            assert task.owner != "airflow", task.task_id
            assert task.execution_timeout and task.on_failure_callback, task.task_id


def test_the_mesh_is_what_the_contracts_and_the_project_say() -> None:
    contracts = {path.name.removesuffix(".odcs.yaml") for path in (deployment() / "contracts").glob("*.odcs.yaml")}
    assert contracts == DOMAINS.keys()
    for name, domain in DOMAINS.items():
        contract = contract_of(name)
        assert domain.owner == contract["team"]["name"], name
        assert domain.entities == [entity["name"] for entity in contract["schema"]], name
    marts = (deployment() / "dbt" / "models" / "marts").iterdir()
    assert {path.name for path in marts if path.is_dir() and not is_own(path.relative_to(path.parent))} == MARTS.keys()
