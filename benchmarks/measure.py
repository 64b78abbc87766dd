"""What an action costs, beside what a reference costs in the same run."""

from __future__ import annotations

import gc
import json
import math
import os
import resource
import subprocess
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Action = Callable[[], object]


@dataclass(frozen=True)
class Cost:
    """What an action used: seconds of processors, seconds that passed, and bytes of the largest of its processes."""

    cpu: float
    wall: float
    memory: int

    def beyond(self, other: Cost) -> Cost:
        """This cost without that of another, of which it holds the work."""
        return Cost(self.cpu - other.cpu, self.wall - other.wall, self.memory)


@dataclass(frozen=True)
class Ratio:
    """What is measured, against its reference.

    measure, unit: of both values. more_is_better: a rate, of which the ratio must reach the goal; else it must not
    exceed it. memory: peak bytes of the measured and of its reference. distance: what lies between ratio and goal.
    """

    measure: str
    reference: str
    value: float
    reference_value: float
    unit: str
    goal: float
    memory: tuple[int, int] | None = None
    more_is_better: bool = False
    distance: str = ""

    @property
    def result(self) -> float:
        """The ratio."""
        return self.value / self.reference_value

    @property
    def met(self) -> bool:
        """Whether the goal is reached, to the two digits that the table shows."""
        shown = round(self.result, 2)
        return shown >= self.goal if self.more_is_better else shown <= self.goal


@dataclass(frozen=True)
class Growth:
    """Seconds of processors against size, beyond what a run costs that does nothing.

    kind, labels: what is changed, and to what. unit, sizes: what grows by that.
    """

    measure: str
    reference: str
    kind: str
    unit: str
    labels: Sequence[str]
    sizes: Sequence[int]
    costs: Sequence[Cost]
    goal: float
    distance: str = ""

    @property
    def result(self) -> float:
        """The exponent of the power of size that fits the cost best, by least squares of logarithms."""
        return exponent(self.sizes, [cost.cpu for cost in self.costs])

    @property
    def met(self) -> bool:
        """Whether it grows no faster than the goal says."""
        return round(self.result, 2) <= self.goal


Measure = Ratio | Growth


class Benchmark(Protocol):
    """Measures in an empty folder. Its docstring says what is timed."""

    __doc__: str | None

    def __call__(self, scratch: Path) -> Sequence[Measure]: ...


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Slope of the line through the logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def cost_of(action: Action, prepare: Action | None = None) -> Cost:
    """What an action costs in a process of its own, and all that it starts; `prepare` runs there before, uncounted.

    Raises RuntimeError when either fails; what it said stands above.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            if prepare:
                prepare()
            # Else Python's collector may walk through all that came before, or not, while the action runs.
            gc.collect()
            gc.freeze()
            os.write(writing, json.dumps(counted(action)).encode())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if status or not text:
        raise RuntimeError("a measured action failed")
    return Cost(*json.loads(text))


def counted(action: Action) -> tuple[float, float, int]:
    """Seconds of processors, seconds that passed and peak bytes of an action in this process."""
    before, started = processor_seconds(), time.monotonic()
    action()
    wall, cpu = time.monotonic() - started, processor_seconds() - before
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return cpu, wall, max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024


def processor_seconds() -> float:
    """Of this process and of those that it has waited for."""
    used = [resource.getrusage(kind) for kind in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def least(*measured: Callable[[], Cost], times: int = 3) -> list[Cost]:
    """The least cost of each and its highest peak of memory: what disturbs a run only ever adds to it.

    They run in turns, so that what slows the machine down slows all of them.
    """
    rounds = [[run() for run in measured] for _ in range(times)]
    return [
        Cost(min(cost.cpu for cost in runs), min(cost.wall for cost in runs), max(cost.memory for cost in runs))
        for runs in zip(*rounds, strict=True)
    ]


def run(
    command: Sequence[str | Path], cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command, its output captured. Raises RuntimeError with the output when it fails."""
    result = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=os.environ | dict(environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{result.stdout}\n{result.stderr}")
    return result
