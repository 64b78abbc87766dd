"""The rendered policies: in canonical form, each with cases that pass and fail, and passed by every real plan."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Figure
from tests.engines.environments import ROOT
from tests.engines.sentinel import run_case
from tests.sentinel.conftest import PLANS, Planned
from tests.sentinel.policy_sets import POLICIES, denied, policy_set


@pytest.fixture(scope="module")
def folder(with_cases: Path) -> Path:
    """The rendered policy sets of the full example."""
    return with_cases / POLICIES


@pytest.fixture(scope="module")
def policies(folder: Path) -> dict[str, Path]:
    """Name -> file of every policy."""
    return {file.stem: file for file in sorted((folder / "policies").glob("*/*.sentinel"))}


def sentinel(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the engine's command."""
    command = [sys.executable, "-m", "tests.engines.sentinel", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_code_is_in_canonical_form(folder: Path) -> None:
    result = sentinel("fmt", "--check", folder)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_case_runs_as_it_says(folder: Path, figure: Figure) -> None:
    """The documented command."""
    result = sentinel("test", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    passed = re.fullmatch(r"(\d+) passed, 0 failed", result.stdout.splitlines()[-1])
    assert passed
    figure("policy_cases", int(passed[1]))


def test_every_policy_has_cases_of_both_kinds(policies: dict[str, Path], figure: Figure) -> None:
    assert len(policies) > 50
    for name, file in policies.items():
        cases = [case.stem for case in (file.parent / "test" / name).glob("*.hcl")]
        assert sum(case.startswith("pass-") for case in cases) >= 2, name
        assert sum(case.startswith("fail-") for case in cases) >= 2, name
    figure("policies", len(policies))


def test_violations_say_what_to_do(policies: dict[str, Path]) -> None:
    """Every case that fails prints address, attribute, what is there, what must be, and how to mend it."""
    for name, file in policies.items():
        line = re.compile(rf"^{name}: .+: .+ is .+ and must be .+\. .+\.$", re.MULTILINE)
        for case in (file.parent / "test" / name).glob("fail-*.hcl"):
            result = run_case(file, case)
            assert result.outcome and line.search("\n".join(result.outcome.printed)), f"{case.name}: {result.outcome}"


@pytest.mark.parametrize("shape", ["dev", "prod"])
def test_sets_name_every_policy(shape: str, folder: Path, policies: dict[str, Path]) -> None:
    assert sorted(policy_set(folder.parents[2], shape).names) == sorted(policies)


def test_every_header_has_a_source(policies: dict[str, Path]) -> None:
    """The rest of the header is read by the program that writes the control matrix."""
    for name, file in policies.items():
        assert "# https://" in file.read_text().partition("# Imports")[0], name


@pytest.mark.parametrize("name", PLANS)
def test_real_plans_pass(name: str, plans: dict[str, Planned], figure: Figure) -> None:
    assert len(plans[name].policies.names) > 50
    assert denied(plans[name].policies, plans[name].plan) == {}
    figure("real_plans")


def test_essential_set_fits_the_free_edition(folder: Path, plans: dict[str, Planned]) -> None:
    """HCP Terraform's free edition runs one set of five policies."""
    essential = policy_set(folder.parents[2], "essential")
    assert len(essential.names) == 5
    assert denied(essential, plans["northwind-prod"].plan) == {}


def test_production_cannot_be_overridden(folder: Path) -> None:
    levels = {
        name: {policy.level for policy in policy_set(folder.parents[2], name).configuration.policies}
        for name in ("dev", "prod")
    }
    assert levels["prod"] == {"hard-mandatory"}
    assert levels["dev"] == {"advisory", "soft-mandatory", "hard-mandatory"}
