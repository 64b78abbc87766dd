"""Answers for meshes of every size."""

from __future__ import annotations

from typing import Any

import yaml

from tests.render import ROOT, example_answers

EXAMPLE = "northwind"
DOMAINS = (20, 50, 100, 200)
REGIONS = tuple(yaml.safe_load((ROOT / "extensions/regions.yml").read_text()))
ENVIRONMENTS = tuple(yaml.safe_load((ROOT / "extensions/environments.yml").read_text()))
Answers = dict[str, Any]


def own_domains(number: int) -> list[Answers]:
    """Domains of an organization's own, each with an entity of two columns."""
    columns = ["entry_id", {"name": "patient_id", "references": "patients"}]
    return [{"name": f"registry{place:03}", "columns": columns} for place in range(number)]


def with_domains(number: int) -> Answers:
    """The example with that many domains."""
    answers = example_answers(EXAMPLE)
    return answers | {"custom_domains": own_domains(number - len(answers["domains"]))}


def with_environments(number: int) -> Answers:
    """The example with that many environments."""
    chosen = ENVIRONMENTS[:number]
    ids = {
        name: {"gcp_project": f"northwind-{name}", "aws_account": str(place) * 12}
        for place, name in enumerate(chosen, 1)
    }
    return example_answers(EXAMPLE) | {"environments": list(chosen), "platform_ids": ids}


def with_regions(number: int) -> Answers:
    """The example with that many regions."""
    return example_answers(EXAMPLE) | {"regions": list(REGIONS[:number])}
