"""What it costs Airflow to parse the DAGs, which it does again and again."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Ratio, cost_of, least
from benchmarks.shapes import DOMAINS, with_domains
from tests.engines.environments import Environment, environment
from tests.orchestration.local_airflow import LINES
from tests.render import POLICY_CASES, copy_template, render

PARSE = """
import os
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
assert bag.dags and not bag.import_errors, bag.import_errors
"""
# Everything of Airflow that the DAGs import, by the module that they import it from.
EMPTY_DAG = """
from datetime import UTC, datetime

from clinical_mesh.airflow_versions import DAG

with DAG(dag_id="empty", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    pass
"""
VERSIONS = Path("clinical_mesh/airflow_versions.py")


def dags_of(repository: Path) -> Path:
    """The folder of the DAGs."""
    return repository / "orchestration" / "composer" / "dags"


def empty_dags(folder: Path, like: Path) -> Path:
    """A folder with one DAG without a task."""
    (folder / VERSIONS).parent.mkdir(parents=True)
    shutil.copy(like / VERSIONS, folder / VERSIONS)
    (folder / "empty_dag.py").write_text(EMPTY_DAG)
    return folder


def parse(airflow: Environment, home: Path, dags: Path) -> None:
    """Let Airflow parse a folder of DAGs."""
    variables = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(dags),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    airflow.run(["python", "-c", PARSE], cwd=dags, variables=variables)


def bench_dags(scratch: Path) -> Sequence[Ratio]:
    """A process that starts, imports Airflow and fills a DagBag, as Airflow's own does for each file that changed.

    The reference imports the same operators and makes an empty DAG. Both with the bytecode of Airflow and of the DAGs.
    """
    template = copy_template(scratch / "template", POLICY_CASES)
    few, many = DOMAINS[0], DOMAINS[-1]
    small, large = (dags_of(render(template, scratch / str(number), with_domains(number))) for number in (few, many))
    empty = empty_dags(scratch / "empty", small)
    measures = []
    for line in LINES:
        airflow, home = environment(f"airflow-{line}"), scratch / line
        parses = [partial(parse, airflow, home, folder) for folder in (empty, small, large)]
        for each in parses:
            each()
        of_empty, of_few, of_many = least(*(partial(cost_of, each) for each in parses))
        measures += [
            Ratio(
                f"Airflow {line} parses the DAGs of {few} domains",
                "the same operators imported, and an empty DAG",
                of_few.cpu,
                of_empty.cpu,
                "s of CPU",
                1.2,
                (of_few.memory, of_empty.memory),
                distance="Nearly all of both is imports.",
            ),
            Ratio(
                f"Airflow {line} parses the DAGs of {many} domains",
                f"of {few}",
                of_many.cpu,
                of_few.cpu,
                "s of CPU",
                1.2,
                (of_many.memory, of_few.memory),
                distance=f"An empty DAG takes {of_empty.cpu:.1f} s, nearly all of it imports, which vary as much.",
            ),
        ]
    return measures
