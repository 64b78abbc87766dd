"""Shapes of a mesh, drawn from the questions themselves: small ones, since each update renders three times."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.render import ROOT

# Seeded by the test's own name, so that each run draws the same. Without shrinking: an example takes seconds.
SAMPLED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

QUESTIONS: dict[str, Any] = yaml.safe_load((ROOT / "copier.yml").read_text())
SWITCHES = ["threat_detection", "service_perimeter", "replication"]


def listed(name: str) -> list[str]:
    """Names in a file of extensions/."""
    names: list[str] = list(yaml.safe_load((ROOT / "extensions" / name).read_text()))
    return names


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    """Answers of a small mesh, every one that makes up its shape among them."""

    def some(names: list[str], most: int) -> list[str]:
        chosen = draw(st.sets(st.sampled_from(names), min_size=1, max_size=most))
        # copier keeps the order of the choices.
        return [name for name in names if name in chosen]

    regions = some(listed("regions.yml"), 2)
    environments = some(listed("environments.yml"), 2)
    return {
        "domains": some(listed("domains.yml"), 3),
        "custom_domains": [{"name": "genomics", "columns": ["variant_id"]}] if draw(st.booleans()) else [],
        "environments": environments,
        # An answer that stays as it was given, so it is no default of the environments.
        "platform_ids": {
            name: {"gcp_project": f"contoso-{name}", "aws_account": str(number) * 12}
            for number, name in enumerate(environments, 1)
        },
        "regions": regions,
        "home_region": draw(st.sampled_from(regions)),
        **{name: draw(st.sampled_from(QUESTIONS[name]["choices"])) for name in ("landing_format", "dbt_runner")},
        "airflow_version": draw(st.sampled_from(listed("airflow/lines.yml"))),
        **{name: draw(st.booleans()) for name in SWITCHES},
    }
