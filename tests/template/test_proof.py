"""The tables of what is proved are what `make proof` writes, and each of their figures is counted by a test."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests import proof
from tests.render import ROOT

RUN = {"cores", "minutes", "passed", "skipped"}


def recorded() -> Iterator[str]:
    """The names of the figures that tests record."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == proof.FIGURE:
                name = ast.literal_eval(node.args[0])
                assert isinstance(name, str), f"{path}: {name}"
                yield name


def test_tables_are_what_the_command_writes() -> None:
    assert proof.PAGE.read_text() == proof.page(), "run `make proof`"
    assert proof.README.read_text() == proof.readme(), "run `make proof`"


def test_figures_are_those_that_tests_record() -> None:
    claimed = set().union(*(proof.places_of(claim[cell]) for claim in proof.claims() for cell in ("proof", "engine")))
    committed = json.loads(proof.FIGURES.read_text())
    assert committed["run"].keys() == RUN
    figures = claimed - RUN - proof.PINS.keys()
    assert set(recorded()) == figures, "a claim names what no test records, or a test records what no claim names"
    assert committed["figures"].keys() == figures, "run the whole suite, then `make proof`"
    assert proof.PINS.keys() <= claimed


def test_claims_name_tests_that_are_there() -> None:
    for claim in proof.claims():
        assert claim.keys() - {"readme"} == {"claim", "proof", "engine", "tests"}, claim
        assert (ROOT / claim["tests"]).is_file(), claim["tests"]


def test_numbers_in_claims_are_figures() -> None:
    """But for versions, what the example is made of, and the ways of a table."""
    for claim in proof.claims():
        for word in claim["proof"].replace(",", "").split():
            assert not word.isdigit() or word in ("2", "5", "20", "80"), f"{word}: {claim['proof']}"


def test_numbers_add_up_and_versions_stand_side_by_side() -> None:
    properties: list[tuple[str, Any]] = [
        ("figure", ["edits", 2]),
        ("total", "edits: 2"),
        ("figure", ["edits", 1]),
        ("figure", ["line", "3.3"]),
        ("figure", ["line", "2.11"]),
        ("figure", ["line", "3.3"]),
    ]
    assert proof.add_up(properties) == {"edits": 3, "line": "2.11 and 3.3"}
    assert proof.filled("{edits} of {line}", {"edits": 2044, "line": "3"}) == "2,044 of 3"


@pytest.mark.parametrize(
    ("arguments", "options", "whole"),
    [
        (["tests"], {}, True),
        ([str(ROOT / "tests")], {}, True),
        (["tests/dbt"], {}, False),
        (["tests", "tests/dbt"], {}, False),
        (["tests"], {"keyword": "planted"}, False),
        (["tests"], {"deselect": ["tests/dbt"]}, False),
        (["tests"], {"lf": True}, False),
    ],
)
def test_a_part_is_not_the_whole(arguments: list[str], options: dict[str, Any], whole: bool) -> None:
    config: Any = SimpleNamespace(
        args=arguments, invocation_params=SimpleNamespace(dir=ROOT), option=SimpleNamespace(**options)
    )
    assert proof.is_whole(config) is whole


def test_a_run_of_a_part_prints_its_figures_and_leaves_the_record_alone() -> None:
    """With two processes, as the suite runs."""
    before = proof.LAST_RUN.read_bytes() if proof.LAST_RUN.exists() else None
    part = ("tests/template/test_bad_answers.py", "-k", "empty")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", *part],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nrefused_answers: 2\n" in result.stdout
    assert before == (proof.LAST_RUN.read_bytes() if proof.LAST_RUN.exists() else None)
