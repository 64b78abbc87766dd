"""Meshes of every size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.answers import own_domains
from tests.engines.environments import environment
from tests.mesh import Mesh
from tests.render import POLICY_CASES, ROOT, copy_template, example_answers, render

EXAMPLE = "northwind"
DOMAINS = (20, 50, 100, 200)
REGIONS = tuple(yaml.safe_load((ROOT / "extensions/regions.yml").read_text()))
ENVIRONMENTS = tuple(yaml.safe_load((ROOT / "extensions/environments.yml").read_text()))
Answers = dict[str, Any]


def with_domains(number: int) -> Answers:
    """The example with that many domains."""
    answers = example_answers(EXAMPLE)
    return answers | {"custom_domains": own_domains(number - len(answers["domains"]))}


def with_environments(number: int) -> Answers:
    """The example with that many environments."""
    chosen = ENVIRONMENTS[:number]
    ids = {
        name: {"gcp_project": f"{EXAMPLE}-{name}", "aws_account": str(place) * 12}
        for place, name in enumerate(chosen, 1)
    }
    return example_answers(EXAMPLE) | {"environments": list(chosen), "platform_ids": ids}


def with_regions(number: int) -> Answers:
    """The example with that many regions."""
    return example_answers(EXAMPLE) | {"regions": list(REGIONS[:number])}


def rendered_mesh(scratch: Path, answers: Answers, *left_out: str) -> Mesh:
    """A rendered mesh in which the demo and dbt run. `left_out` are patterns of paths of the template."""
    template = copy_template(scratch / "template", *left_out)
    return Mesh(render(template, scratch / "mesh", answers), environment("dbt"))


def example_mesh(scratch: Path, **changed: object) -> Mesh:
    """The full example, with some answers changed, without the cases of the policies."""
    return rendered_mesh(scratch, example_answers(EXAMPLE) | changed, POLICY_CASES)
