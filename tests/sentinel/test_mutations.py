"""Every safeguard of a real plan, switched off in every way it can be off, is denied by the policy that claims it."""

from __future__ import annotations

import gc
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from tests.conftest import Figure, Render, Total
from tests.engines.sentinel import Verdict
from tests.sentinel.claims import claimants
from tests.sentinel.conftest import Planned, planned
from tests.sentinel.mutants import Mutant, configuration_mutants, intruders, mutants, without_keys
from tests.terraform.conftest import THREE_CELLS

Result = TypeVar("Result")

HARMLESS = Path(__file__).with_name("harmless_changes.yml")

# Everything that the template can make, in one cell: replication, a service perimeter, the locks of production.
ONE_CELL = THREE_CELLS | {"regions": ["us-east-1"]}


@dataclass(frozen=True)
class Matrix:
    """A plan, its mutants, who claims what is mutated, and which changes are declared harmless."""

    production: Planned
    mutants: list[Mutant]
    claims: dict[str, list[str]]
    harmless: dict[str, list[int]]

    def denial(self, number: int) -> Verdict | None:
        """The first denial of a mutant by a policy that claims what is mutated."""
        mutant = self.mutants[number]
        for name in self.claims[mutant.type]:
            (verdict,) = self.production.policies.evaluate(mutant.plan, only=name)
            if not verdict.passed:
                return verdict
        return None


# Forked workers find the matrix here: it is too large to be handed to each of them.
matrix_at_work: Matrix


def denial(number: int) -> tuple[str, str] | None:
    """Name of the policy that denies a mutant, and the error if it stopped with one."""
    verdict = matrix_at_work.denial(number)
    return (verdict.name, str(verdict.error or "")) if verdict else None


def is_harmless(pattern: str) -> bool:
    """Whether nothing denies one of the changes that are declared harmless."""
    return any(matrix_at_work.denial(number) is None for number in matrix_at_work.harmless[pattern])


def in_parallel(work: Callable[[Any], Result], items: Sequence[Any]) -> Iterator[Result]:
    """The results of the items, in their order."""
    # Frozen, the plan is not looked through for garbage time and again, which is a seventh of the time.
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"), initializer=gc.freeze) as pool:
        yield from pool.map(work, items, chunksize=10)


@pytest.fixture(scope="module")
def matrix(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """The matrix of a production environment with everything in it."""
    rendered = render(**ONE_CELL)
    production = planned(rendered, "prod", "333333333333", tmp_path_factory.mktemp("mutated") / "one-cell")
    plan = production.plan
    found = [*mutants(plan), *configuration_mutants(plan), *intruders(plan)]
    patterns = [pattern for entry in yaml.safe_load(HARMLESS.read_text()) for pattern in entry["changes"]]
    global matrix_at_work
    matrix_at_work = Matrix(
        production,
        found,
        claimants(rendered, {mutant.type for mutant in found}),
        {pattern: [n for n, each in enumerate(found) if fnmatchcase(each.text, pattern)] for pattern in patterns},
    )
    return matrix_at_work


def test_matrix_has_every_resource_of_the_full_example(matrix: Matrix, northwind_plan: dict[str, Any]) -> None:
    mutated = {without_keys(mutant.address) for mutant in matrix.mutants}
    made = {without_keys(each["address"]) for each in northwind_plan["resource_changes"] if each["mode"] == "managed"}
    assert made - mutated == set()


def test_every_mutant_is_denied_by_who_claims_it(matrix: Matrix, total: Total, figure: Figure) -> None:
    free = {number for numbers in matrix.harmless.values() for number in numbers}
    guarded = [number for number in range(len(matrix.mutants)) if number not in free]
    survivors, stopped, kills = [], [], Counter[str]()
    for number, denied in zip(guarded, in_parallel(denial, guarded), strict=True):
        if denied is None:
            survivors.append(str(matrix.mutants[number]))
        elif denied[1]:
            stopped.append(f"{matrix.mutants[number]}: {denied[1]}")
        else:
            kills[denied[0]] += 1
    total(f"mutants: {kills.total()} of {len(guarded)} denied; {len(free)} others are declared harmless")
    for name in matrix.production.policies.names:
        total(f"  {kills[name]:5} {name}")
    assert survivors == []
    assert stopped == [], "a policy says what is wrong and does not stop with an error"
    assert [name for name in matrix.production.policies.names if not kills[name]] == []
    figure("denied_plans", kills.total())


def test_harmless_changes_pass(matrix: Matrix) -> None:
    """No declaration is wider than need be: each has changes that pass."""
    patterns = list(matrix.harmless)
    passed = in_parallel(is_harmless, patterns)
    assert [pattern for pattern, harmless in zip(patterns, passed, strict=True) if not harmless] == []
