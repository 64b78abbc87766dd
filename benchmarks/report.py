"""The table and the plot of what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.measure import Measure


def summary(measures: Sequence[Measure]) -> str:
    """A line for each measure."""
    return "\n".join(
        f"  {each.measure}: {each.result:.2f} (goal {each.goal:g}), {'met' if each.met else 'missed'}"
        for each in measures
    )


def write(found: Mapping[str, Sequence[Measure]], timed: Mapping[str, str]) -> None:
    """Write benchmarks/RESULTS.md."""
