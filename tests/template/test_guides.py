"""What the guides tell to do is done here, and leads to what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import blocks, documents, functions_of, guide
from tests.mesh import Mesh, contracts_of
from tests.render import POLICY_CASES, ROOT, copy_template, render

SCHEMA = yaml.safe_load((ROOT / "extensions/schemas/domain.schema.json").read_text())["$defs"]
CATALOGUE = "tests/template/test_catalogue.py"
# What the checks of the catalogue are made of.
CHECKS = (
    "pyproject.toml",
    "tests/__init__.py",
    "tests/template/__init__.py",
    "tests/template/check_digits.py",
    CATALOGUE,
)


@pytest.fixture(scope="module")
def nutrition() -> str:
    """The domain of docs/developing.md."""
    (text,) = blocks(guide("developing.md"), "yaml")
    return text


@pytest.fixture(scope="module")
def dialysis() -> dict[str, Any]:
    """The domain of docs/customizing.md."""
    domain: dict[str, Any] = yaml.safe_load(next(blocks(guide("customizing.md"), "yaml")))
    return domain


@pytest.fixture(scope="module")
def extended(nutrition: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template after the first step of docs/developing.md, with what checks the catalogue."""
    root = copy_template(tmp_path_factory.mktemp("extended") / "template", POLICY_CASES)
    name = yaml.safe_load(nutrition)["name"]
    (root / "extensions/domains" / f"{name}.yml").write_text(nutrition)
    for file in CHECKS:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, root / file)
    return root


def complaints(root: Path, *names: str) -> set[str]:
    """The checks of the catalogue that fail in a copy of the template, of those named or of all."""
    checks = [f"{CATALOGUE}::{name}" for name in names] or [CATALOGUE]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *checks]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    said = subprocess.run(command, cwd=root, env=settings, capture_output=True, text=True, check=False)
    failed = set(re.findall(r"(?m)^FAILED [^:]+::(\w+)", said.stdout))
    assert said.returncode == (1 if failed else 0), said.stdout + said.stderr
    return failed


def test_domain_of_the_guide_is_a_domain(
    extended: Path,
    nutrition: str,
    dialysis: dict[str, Any],
    open_mesh: Callable[[Path, Path], Mesh],
    tmp_path: Path,
) -> None:
    """Both guides' domains, one of the template and one of the organization's own, go through the whole demo."""
    assert complaints(extended) == {"test_the_domains_are_the_choices_of_the_question"}
    name = yaml.safe_load(nutrition)["name"]
    with (extended / "extensions/domains.yml").open("a") as choices:
        choices.write(f"- {name}\n")
    assert complaints(extended, "test_the_domains_are_the_choices_of_the_question") == set()
    answers = {"domains": ["patients", name], "custom_domains": [dialysis], "environments": ["dev"]}
    mesh = open_mesh(render(extended, tmp_path / "rendered", answers), tmp_path / "mesh")
    assert contracts_of(mesh.root).keys() == {"patients", name, dialysis["name"]}
    mesh.demo("--patients", "30")
    results = mesh.results()
    assert set(results.values()) <= {"success", "pass", "no-op"}
    for domain in (name, dialysis["name"]):
        assert [node for node in results if node.startswith(f"model.clinical_mesh.stg_{domain}__")]


def test_column_without_a_class_is_told(extended: Path, nutrition: str) -> None:
    """As the first row of the guide's table says."""
    file = extended / "extensions/domains" / f"{yaml.safe_load(nutrition)['name']}.yml"
    file.write_text(nutrition.replace("        classification: none\n", "", 1))
    try:
        name = "test_every_column_is_described_and_classified"
        assert complaints(extended, name) == {name}
    finally:
        file.write_text(nutrition)


def test_own_domain_shows_every_feature(dialysis: dict[str, Any]) -> None:
    """All that the schema has, but for the short form: columns beside the domain's name."""
    assert dialysis.keys() == SCHEMA["domain"]["properties"].keys() - {"columns"}
    entities = dialysis["entities"]
    assert set().union(*entities) == SCHEMA["entity"]["properties"].keys()
    columns = [column for entity in entities for column in entity["columns"]]
    assert "machine_id" in columns
    assert (
        set().union(*(column for column in columns if isinstance(column, dict)))
        == SCHEMA["column"]["properties"].keys()
    )


def test_own_domain_becomes_what_it_says(dialysis: dict[str, Any], template: Path, tmp_path: Path) -> None:
    root = render(template, tmp_path / "mesh", {"domains": ["patients"], "custom_domains": [dialysis]})
    contract = contracts_of(root)["dialysis"]
    assert contract["team"]["name"] == "nephrology"
    treatments = next(entity for entity in contract["schema"] if entity["name"] == "treatments")
    columns = {column["name"]: column for column in treatments["properties"]}
    masks = {
        name: {each["property"]: each["value"] for each in column.get("customProperties", [])}.get("masking")
        for name, column in columns.items()
    }
    assert (masks["treatment_id"], masks["patient_id"]) == ("always_null", "sha256")
    assert columns["weight_before"]["classification"] == "sensitive"
    assert "@northwind/nephrology" in (root / ".github/CODEOWNERS").read_text()


def test_picture_names_what_the_example_has(northwind: Path) -> None:
    datasets = {server.get("dataset") for server in contracts_of(northwind)["labs"]["servers"]}
    named = set(re.findall(r">(\w+__\w+)<", (ROOT / "docs/mesh.svg").read_text()))
    assert named == {"labs__aws_us_east_1", "labs__us_east4", "marts__us_east4"}
    assert named & datasets == {"labs__us_east4"}
    profiles = (northwind / "dbt/profiles.yml").read_text() + (northwind / "dbt/dbt_project.yml").read_text()
    assert "us-east4" in profiles and "aws_us_east_1" in profiles


def named_tests() -> Iterator[tuple[str, str, str]]:
    """Document, file and name of each test that the documents name, in whole."""
    for path in documents():
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)", path.read_text()):
            yield path.relative_to(ROOT).as_posix(), file, name


def test_tests_that_documents_name_are_there() -> None:
    named = list(named_tests())
    assert len(named) > 40
    assert [each for each in named if each[2] not in functions_of(each[1])] == []
