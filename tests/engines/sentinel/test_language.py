"""The language, by the cases in cases/: each says what settles it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from . import Limits, Policy, SentinelError
from .values import UNDEFINED, Value

CASES = Path(__file__).parent / "cases"
IMPORTS = "\n".join(
    [f'import "{name}"' for name in ("base64", "collection", "decimal", "json", "runtime", "sockaddr", "strings")]
    + [f'import "{name}"' for name in ("time", "types", "units", "version")]
    + ['import "collection/maps" as maps', 'import "collection/lists" as lists', ""]
)
LIMITS = Limits(steps=200_000, depth=500)


def lines(name: str) -> Iterator[Any]:
    """The cases of a file with one case a line: source and expectation."""
    for section, text in yaml.safe_load((CASES / name).read_text()).items():
        for line in text.splitlines():
            source, _, expected = line.rpartition(" => ")
            yield pytest.param(source, expected, id=f"{section}: {line}")


def run(text: str) -> tuple[Value, SentinelError | None]:
    """The value of `x` after a program, and what stopped it."""
    try:
        outcome = Policy.parse(text).evaluate(limits=LIMITS)
    except SentinelError as error:
        return UNDEFINED, error
    return outcome.variables.get("x", UNDEFINED), outcome.error


def same(value: Value, expected: Value) -> bool:
    """Whether two values are equal, and of the same types."""
    if isinstance(expected, list):
        return isinstance(value, list) and len(value) == len(expected) and all(map(same, value, expected))
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(same(value[key], item) for key, item in expected.items())
        )
    return type(value) is type(expected) and bool(value == expected)


@pytest.mark.parametrize(("source", "expected"), [*lines("expressions.yaml"), *lines("imports.yaml")])
def test_expressions(source: str, expected: str) -> None:
    before, _, expression = source.rpartition(";; ")
    # A newline after the assignment, so that the columns are the expression's own.
    start = IMPORTS + (before.strip() + "\n" if before else "")
    value, error = run(f"{start}x =\n{expression}\nmain = true\n")
    if expected.startswith("!"):
        kind, column, message = expected[1:].split(" ", 2)
        assert error is not None, f"no error, but {value!r}"
        assert (type(error).__name__, message in error.message) == (kind, True), error
        assert error.position is not None
        if not before:
            assert (error.position.line, error.position.column) == (start.count("\n") + 2, int(column)), error
        return
    if error is not None:
        raise error
    wanted = UNDEFINED if expected == "undefined" else json.loads(expected)
    assert value is UNDEFINED if wanted is UNDEFINED else same(value, wanted), repr(value)


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case["settled_by"]) for case in yaml.safe_load((CASES / "programs.yaml").read_text())],
)
def test_programs(case: dict[str, Any]) -> None:
    variables: dict[str, Value] = {}
    printed: list[str] | None = None
    passed: bool | None = None
    error: SentinelError | None
    try:
        outcome = Policy.parse(case["program"]).evaluate(limits=LIMITS)
        error, printed, passed = outcome.error, list(outcome.printed), outcome.passed
        variables = dict(outcome.variables)
    except SentinelError as raised:
        error = raised
    if "error" not in case and error is not None:
        raise error
    if "error" in case:
        assert type(error).__name__ == case["error"], error
        assert error is not None
        assert case.get("says", "") in error.message
        if "at" in case:
            assert error.position is not None
            assert f"{error.position.line}:{error.position.column}" == case["at"], error
    for name, value in case.get("gives", {}).items():
        assert same(variables[name], value), (name, variables[name])
    assert passed == case.get("passes", passed)
    assert printed == case.get("prints", printed)


def test_error_shows_the_line_and_a_caret() -> None:
    error = Policy.parse("main = rule {\n\ttrue and\n\t\t1 / 0\n}\n", "kms").evaluate().error
    assert str(error) == "kms.sentinel:3:5: division by zero\n  \t\t1 / 0\n  \t\t  ^"
