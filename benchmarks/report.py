"""The page of what was measured: a table, curves of growth, and what lies between a ratio and its goal."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.measure import Growth, Measure, Ratio
from tests.engines.environments import environment

RESULTS = Path(__file__).with_name("RESULTS.md")
PLOT = Path(__file__).with_name("growth.svg")
INTRODUCTION = """\
# Speed and scale

<!-- Written by `make bench`. -->

Ratios to a reference that ran in turns with what is measured, since seconds differ from machine to machine. Times are \
those of the processors, of a process and all that it starts, the least of its runs; memory is the highest peak of the \
largest of its processes. What prepares a measure is not counted.
"""


def summary(measures: Sequence[Measure]) -> str:
    """A line for each measure."""
    lines = []
    for each in measures:
        verdict = "met" if each.met else "missed"
        lines.append(f"  {each.measure}: {each.result:.2f} (goal {goal(each)}: {verdict}), {values(each)}")
        if each.distance and not each.met:
            lines.append(f"    {each.distance}")
    return "\n".join(lines)


def goal(measure: Measure) -> str:
    """The goal, and from which side it is reached."""
    sign = "≥" if isinstance(measure, Ratio) and measure.more_is_better else "≤"
    return f"{sign} {measure.goal:g}"


def values(measure: Measure) -> str:
    """What was measured, in its unit."""
    if isinstance(measure, Growth):
        first, last = measure.costs[0], measure.costs[-1]
        return (
            f"{first.cpu:.1f} s for {measure.sizes[0]:,} to {last.cpu:.1f} s for {measure.sizes[-1]:,} {measure.unit}"
        )
    return f"{significant(measure.value)} to {significant(measure.reference_value)} {measure.unit}"


def significant(value: float) -> str:
    """A number with three digits that matter, thousands with a comma."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def peaks(measure: Measure) -> str:
    """Peak memory in MB, of the measured and its reference, or of the smallest and largest."""
    memory = measure.memory if isinstance(measure, Ratio) else [measure.costs[0].memory, measure.costs[-1].memory]
    return " / ".join(f"{peak / 1e6:,.0f}" for peak in memory) if memory else ""


def machine() -> Iterator[str]:
    """What all ran on."""
    processor = next(
        (line.partition(":")[2].strip() for line in lines_of("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"{os.cpu_count()} processors ({processor}), {memory:.0f} GiB of memory"
    yield f"{platform.system()} {platform.release()}, Python {platform.python_version()}"


def lines_of(path: str) -> list[str]:
    """Lines of a file, none where there is no such file."""
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def page(found: Mapping[str, Sequence[Measure]], timed: Mapping[str, str], minutes: float) -> Iterator[str]:
    """The lines of benchmarks/RESULTS.md."""
    measures = [each for group in found.values() for each in group]
    met = sum(each.met for each in measures)
    yield INTRODUCTION
    yield f"{met} of {len(measures)} goals are met. {datetime.date.today():%B %-d, %Y}, in {minutes:.0f} minutes, on:\n"
    yield from (f"- {line}" for line in machine())
    yield "\n| measure | reference | ratio | goal | values | peak memory, MB |"
    yield "|---|---|---:|---:|---|---|"
    for each in measures:
        result = f"{each.result:.2f}" if each.met else f"**{each.result:.2f}**"
        cells = (each.measure, each.reference, result, goal(each), values(each), peaks(each))
        yield f"| {' | '.join(cells)} |"
    yield "\nOf a growth the ratio is the exponent of the power of size that fits best. A goal that is missed is bold."
    if missed := [each for each in measures if not each.met]:
        yield "\n## What the remaining distance is made of\n"
        yield from (f"- **{each.measure}**: {each.distance}" for each in missed)
    yield "\n## Growth\n"
    yield f"![Seconds of the processors against size]({PLOT.name})\n"
    for each in measures:
        if isinstance(each, Growth):
            points = zip(each.labels, each.sizes, each.costs, strict=True)
            text = "; ".join(f"{label}: {size:,} {each.unit}, {cost.cpu:.1f} s" for label, size, cost in points)
            yield f"- {each.measure}, by {each.kind}: {text}."
    yield "\n## What is timed\n"
    for name, docstring in timed.items():
        yield f"- `make bench ONLY={name}`: {' '.join(docstring.split())}"


def write(found: Mapping[str, Sequence[Measure]], timed: Mapping[str, str], minutes: float) -> None:
    """Write benchmarks/RESULTS.md and its plot."""
    RESULTS.write_text("\n".join(page(found, timed, minutes)) + "\n")
    curves = [
        {"title": each.measure, "unit": each.unit, "sizes": each.sizes, "seconds": [cost.cpu for cost in each.costs]}
        for group in found.values()
        for each in group
        if isinstance(each, Growth)
    ]
    command = ["python", str(Path(__file__).with_name("plot.py")), str(PLOT)]
    environment("plot").run(command, cwd=Path(__file__).parent, input=json.dumps(curves))
    print(f"Wrote {RESULTS.relative_to(Path.cwd())} and {PLOT.relative_to(Path.cwd())}.")
