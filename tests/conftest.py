"""Fixtures that start where a user starts: rendered repositories."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests import proof
from tests import render as rendering
from tests.answers import CUSTOM, PATIENTS
from tests.engines.aws import Server
from tests.engines.environments import Environment, environment
from tests.mesh import Mesh
from tests.terraform.environment import Applied, apply, copied

Render = Callable[..., Path]
# Prints a line at the end of the run.
Total = Callable[[str], None]
# Counts for a claim of docs/proof.yml.
Figure = Callable[..., None]

# What takes a minute or more to make, as the test files name it. Files that need the same one run in one process, so
# that it is made once.
SHARED = {
    "applied_northwind": "an applied environment",
    "northwind_plan": "an applied environment",
    "plans": "an applied environment",
    "three_cells": "three applied cells",
    "built": "built meshes",
    "built_northwind": "built meshes",
    "built_custom": "built meshes",
}
# What takes minutes, longest first, and beside what sleeps, which is Terraform, what does not.
LONGEST = (
    "an applied environment",
    "tests/dbt/test_warehouse.py",
    "three applied cells",
    "built meshes",
    "tests/workflows/test_terraform_delivery.py",
)
TOTAL = "total"
STARTED = time.monotonic()


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands each process whole files, and files that share what is slow to make together."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """In place of --dist loadgroup: xdist 3.8 marks the ids of tests where pytest 9.2 no longer reads them."""
    return ByFile(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are processors: providers of Terraform sleep for minutes until what they made has settled."""
    return (yield) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no process is left alone with it."""

    def rank(item: pytest.Item) -> int:
        group = group_of(item.nodeid.partition("::")[0])
        return LONGEST.index(group) if group in LONGEST else len(LONGEST)

    items.sort(key=rank)


@cache
def group_of(file: str) -> str:
    """What a test file shares with others, or its own name."""
    parameters = set(re.findall(r"\b(\w+): ", (rendering.ROOT / file).read_text()))
    shared = {SHARED[name] for name in parameters & SHARED.keys()}
    assert len(shared) <= 1, f"{file} would need two processes in one: {sorted(shared)}"
    return shared.pop() if shared else file


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    """Print what the tests measured, and leave the figures of a whole run that passed for `make proof`."""
    if hasattr(config, "workerinput"):
        # One of several processes, which knows its own tests alone.
        return
    kinds = ("passed", "failed", "skipped", "error")
    passed, failed, skipped, errors = (terminalreporter.stats.get(kind, []) for kind in kinds)
    totals = [value for report in passed + failed for name, value in report.user_properties if name == TOTAL]
    figures = proof.add_up(each for report in passed for each in report.user_properties)
    if totals or figures:
        terminalreporter.section("totals")
        for total in totals:
            terminalreporter.line(str(total))
        for name, value in figures.items():
            terminalreporter.line(f"{name}: {value}")
    # The tests of the tables fail until a new figure is counted by such a run.
    broken = [report for report in failed + errors if not report.nodeid.startswith(proof.CHECKED_BY)]
    if exitstatus in (0, 1) and not broken and proof.is_whole(config):
        proof.record(figures, len(passed), len(skipped), time.monotonic() - STARTED)


@pytest.fixture
def total(record_property: Callable[[str, object], None]) -> Total:
    """total(text): text stands at the end of the run, from whichever process."""
    return lambda text: record_property(TOTAL, text)


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """figure(name, value): a number that a claim of docs/proof.yml names, 1 by default, or a version.

    Numbers of the same name add up over tests. Those of tests that fail do not count.
    """
    return lambda name, value=1: record_property(proof.FIGURE, [name, value])


@pytest.fixture(scope="session")
def copier_template_paths() -> list[str]:
    """What pytest-copier copies: the template alone, not the virtual environments beside it."""
    return list(rendering.TEMPLATE_PATHS)


@pytest.fixture(scope="session")
def copier_template_root(template: Path) -> Path:
    """Where pytest-copier copies from: the policies' own cases are most files, and test_examples.py renders them."""
    return template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as a plain directory, without the cases of the policies."""
    return rendering.copy_template(tmp_path_factory.mktemp("template") / "template", rendering.POLICY_CASES)


@pytest.fixture(scope="session")
def rendered_files() -> dict[Path, dict[Path, int]]:
    """Rendered repository -> its files -> when they were written, in nanoseconds."""
    return {}


@pytest.fixture(autouse=True, scope="module")
def rendered_repositories_stay(rendered_files: dict[Path, dict[Path, int]]) -> Iterator[None]:
    """No file of tests leaves anything in the repositories that all share."""
    yield
    for repository, files in rendered_files.items():
        changed = {path for path, _ in written(repository).items() ^ files.items()}
        rendered_files[repository] = written(repository)
        assert not changed, f"written into a shared repository, to be copied before: {sorted(changed)}"


def written(repository: Path) -> dict[Path, int]:
    """File -> when it was written."""
    return {path: path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def render(
    template: Path, rendered_files: dict[Path, dict[Path, int]], tmp_path_factory: pytest.TempPathFactory
) -> Render:
    """render(**answers): a rendered repository, made once per set of answers. Read only."""
    cache = tmp_path_factory.mktemp("rendered")

    def rendered(**answers: Any) -> Path:
        digest = hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
        destination = cache / digest
        if not destination.exists():
            rendering.render(template, destination, answers)
            rendered_files[destination] = written(destination)
        return destination

    return rendered


@pytest.fixture(scope="session")
def northwind(render: Render) -> Path:
    """The full example: 20 domains, two environments, one region. Read only."""
    return render(**rendering.example_answers("northwind"))


@pytest.fixture(scope="session")
def with_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The full example with the cases of the policies. Read only."""
    scratch = tmp_path_factory.mktemp("with-cases")
    template = rendering.copy_template(scratch / "template")
    return rendering.render(template, scratch / "northwind", rendering.example_answers("northwind"))


@pytest.fixture(scope="session")
def dbt_environment() -> Environment:
    """dbt with the adapters for DuckDB and BigQuery, as the generated repository pins them."""
    return environment("dbt")


@pytest.fixture(scope="session")
def contracts_environment() -> Environment:
    """datacontract-cli."""
    return environment("contracts")


@pytest.fixture(scope="session")
def synthea() -> Path:
    """A real Synthea CSV export. It is no part of the project, so it may be absent."""
    folder = Path(os.environ.get("SYNTHEA_CSV", rendering.ROOT.parent / "shared" / "data" / "synthea"))
    if not (folder / "patients.csv").exists():
        pytest.skip("no Synthea export here; SYNTHEA_CSV names its folder")
    return folder


@pytest.fixture(scope="session")
def open_mesh(dbt_environment: Environment) -> Callable[[Path, Path], Mesh]:
    """open_mesh(rendered, copy): a copy of a rendered repository in which demo and dbt can run."""

    def opened(rendered: Path, copy: Path) -> Mesh:
        shutil.copytree(rendered, copy)
        return Mesh(copy, dbt_environment)

    return opened


@pytest.fixture(scope="session")
def built_northwind(
    northwind: Path,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mesh:
    """The full example after `make demo`: landing data of all days, everything built. Read only."""
    mesh = open_mesh(northwind, tmp_path_factory.mktemp("built") / "northwind")
    mesh.demo("--patients", str(PATIENTS))
    return mesh


@pytest.fixture(scope="session")
def built_custom(
    render: Render,
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path_factory: pytest.TempPathFactory,
) -> Mesh:
    """Two domains and a custom one after `make demo`. Read only."""
    mesh = open_mesh(render(**CUSTOM), tmp_path_factory.mktemp("built") / "custom")
    mesh.demo("--patients", str(PATIENTS))
    return mesh


@pytest.fixture(params=["built_northwind", "built_custom"])
def built(request: pytest.FixtureRequest) -> Mesh:
    """Each of the meshes that went through the demo."""
    mesh: Mesh = request.getfixturevalue(request.param)
    return mesh


@pytest.fixture(scope="session")
def applied_northwind(northwind: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """The environment dev of the full example, planned and applied against the AWS API server."""
    repository = copied(northwind, tmp_path_factory.mktemp("applied") / "northwind")
    with Server("111111111111") as server:
        yield apply(repository, "dev", server)


@pytest.fixture(scope="session")
def northwind_plan(applied_northwind: Applied) -> dict[str, Any]:
    """The plan of the environment dev of the full example, in Terraform's JSON format."""
    return applied_northwind.plan
