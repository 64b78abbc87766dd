"""delivery/ownership.yml says of every file, once, whether it is managed, a seed or the organization's own."""

from __future__ import annotations

import pytest
import yaml
from pathspec import GitIgnoreSpec

from tests.conftest import Render
from tests.render import ROOT, files_of
from tests.template.test_template import QUESTIONS, SHAPES

OWNERSHIP: dict[str, list[str]] = yaml.safe_load((ROOT / "template/delivery/ownership.yml").read_text())
OWNERS = {owner: GitIgnoreSpec.from_lines(patterns) for owner, patterns in OWNERSHIP.items()}


def owners(path: str) -> list[str]:
    """Whose patterns match a path."""
    return [owner for owner, patterns in OWNERS.items() if patterns.match_file(path)]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_rendered_file_has_one_owner(shape: str, render: Render) -> None:
    for path in files_of(render(**SHAPES[shape])):
        assert owners(path) in (["managed"], ["seed"]), path


@pytest.mark.parametrize("owner", ["managed", "seed"])
def test_every_pattern_is_of_use(owner: str, render: Render) -> None:
    paths = {path for shape in SHAPES.values() for path in files_of(render(**shape))}
    for pattern in OWNERSHIP[owner]:
        assert list(GitIgnoreSpec.from_lines([pattern.removeprefix("!")]).match_files(paths)), pattern


def test_seeds_are_what_copier_writes_once() -> None:
    assert OWNERSHIP["seed"] == QUESTIONS["_skip_if_exists"]


@pytest.mark.parametrize(
    "path",
    [
        "dbt/models/own/report.sql",
        "infra/terraform/envs/prod/own_alerts.tf",
        "orchestration/composer/dags/own_export.py",
        "contracts/retired/labs.odcs.yaml",
    ],
)
def test_place_of_one_s_own_is_promised(path: str) -> None:
    assert "yours" in owners(path)


def test_what_the_template_does_not_make_has_no_other_owner() -> None:
    for path in ("NOTES.md", "assets/logo.png", "contracts/notes.txt", "orchestration/dagster/jobs.py"):
        assert owners(path) == []
