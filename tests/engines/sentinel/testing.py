"""Test cases, `test/<policy>/*.hcl` or `*.json` beside a policy, as `sentinel test` runs them.

A case passes if every rule that it names has the value that it expects. A policy that stops with an error fails its
case, whatever the case expects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .configuration import Configuration, configurations
from .errors import SentinelError, Unavailable, Undetermined, UnreadableFileError
from .policies import Outcome, Policy
from .runs import DEFAULT_LIMITS, Limits, RuleValue
from .values import UNDEFINED, Undefined, Value, display, equal


@dataclass(frozen=True)
class CaseResult:
    """How a case ended: `status` is "passed", "failed" or "skipped", `reason` says why it did not pass."""

    policy: Path
    case: Path
    status: str
    reason: str = ""
    outcome: Outcome | None = None


def find_cases(folder: Path) -> Iterator[tuple[Path, Path]]:
    """The policies below a folder and their cases. Raises UnreadableFileError if there is no such folder."""
    if not folder.is_dir():
        raise UnreadableFileError(f"{folder} is not a folder")
    for tests in sorted(folder.rglob("test")):
        if not tests.is_dir():
            continue
        for policy in sorted(path for path in tests.iterdir() if path.is_dir()):
            for case in configurations(policy):
                yield tests.parent / f"{policy.name}.sentinel", case


def run_case(policy: Path, case: Path, limits: Limits = DEFAULT_LIMITS) -> CaseResult:
    """Run one case. Nothing is raised."""
    if not policy.is_file():
        return CaseResult(policy, case, "skipped", f"{policy} is not there")
    try:
        configuration = Configuration.load(case, strict=False)
        outcome = Policy.load(policy).evaluate(configuration=configuration, limits=limits)
    except SentinelError as error:
        return CaseResult(policy, case, "failed", str(error))
    if isinstance(outcome.error, Unavailable):
        return CaseResult(policy, case, "skipped", str(outcome.error), outcome)
    if outcome.error is not None:
        return CaseResult(policy, case, "failed", str(outcome.error), outcome)
    # The page "Testing": without assertions, the policy has to pass.
    expected = {"main": True} if configuration.rules is None else configuration.rules
    reasons = [reason for name, value in expected.items() if (reason := _difference(outcome, name, value))]
    return CaseResult(policy, case, "failed" if reasons else "passed", "\n".join(reasons), outcome)


def _difference(outcome: Outcome, name: str, expected: Value) -> str:
    if name not in outcome.variables:
        return f"there is no rule {name}"
    value = outcome.variables[name]
    where = ""
    if isinstance(value, RuleValue):
        where = f"{value.position}: "
        if not value.evaluated:
            # 0.14.3: an assertion that is not in the trace fails.
            return f"{where}the rule {name} was not evaluated"
        value = value.value
    if name == "main" and isinstance(expected, bool) and not isinstance(value, bool):
        value = outcome.passed
    if value is UNDEFINED and expected is False:
        # "Undefined": treated as false.
        return ""
    try:
        same = equal(value, expected)
    except Undetermined as error:
        return f"{where}{error}"
    if isinstance(same, Undefined) or not same:
        return f'{where}expected "{name}" to be {display(expected, True)}, got {display(value, True)}'
    return ""
