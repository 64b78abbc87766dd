"""The policy sets of rendered repositories, and what they say of a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.engines.sentinel import PolicySet

POLICIES = "infra/terraform/sentinel-policies"


def policy_set(rendered: Path, name: str) -> PolicySet:
    """A policy set of a rendered repository."""
    return PolicySet.load(rendered / POLICIES / name / "sentinel.hcl")


def denied(policies: PolicySet, plan: dict[str, Any]) -> dict[str, Any]:
    """Policy -> the error or the lines that it printed, of those that deny a plan."""
    verdicts = policies.evaluate(plan)
    return {verdict.name: verdict.error or verdict.printed for verdict in verdicts if not verdict.passed}
