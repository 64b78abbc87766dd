"""What the benchmarks count, and what their page says of it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from benchmarks.__main__ import BENCHMARKS, main
from benchmarks.measure import Action, Cost, Growth, Ratio, cost_of, exponent, least
from benchmarks.report import RESULTS, page, summary

BUSY = 0.3
MEGABYTE = 2**20


def be_busy() -> None:
    """Use a processor."""
    began = time.process_time()
    while time.process_time() - began < BUSY:
        pass


def start_something_busy() -> None:
    """Let another process use it."""
    code = f"import time\nwhile time.process_time() < {BUSY}: pass"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_is_that_of_the_power(power: float) -> None:
    sizes = [20, 50, 100, 200]
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


@pytest.mark.parametrize("action", [be_busy, start_something_busy])
def test_cost_holds_what_was_started_and_not_what_came_before(action: Action) -> None:
    assert cost_of(action).cpu >= BUSY
    assert cost_of(lambda: None, action).cpu < BUSY / 2
    # To wait is no work.
    idle = cost_of(lambda: time.sleep(BUSY))
    assert idle.cpu < BUSY / 2 < idle.wall


def test_cost_knows_the_peak_of_memory() -> None:
    base = cost_of(lambda: None).memory
    assert cost_of(lambda: bytearray(b"x") * (100 * MEGABYTE)).memory > base + 90 * MEGABYTE


def test_what_fails_is_not_measured(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise OSError("no such engine")

    with pytest.raises(RuntimeError, match="a measured action failed"):
        cost_of(fail)
    assert "no such engine" in capfd.readouterr().err


def test_the_least_of_several_runs_counts() -> None:
    costs = iter([Cost(3, 3, 10), Cost(2, 4, 30), Cost(5, 2, 20)])
    assert least(lambda: next(costs), times=3) == [Cost(2, 2, 30)]


@pytest.mark.parametrize(
    ("value", "goal", "more_is_better", "met"),
    [(15, 1.5, False, True), (15.1, 1.5, False, False), (5, 0.5, True, True), (4.9, 0.5, True, False)],
)
def test_goal_is_met_or_missed(value: float, goal: float, more_is_better: bool, met: bool) -> None:
    ratio = Ratio("it", "other", value, 10, "s", goal, more_is_better=more_is_better, distance="Because.")
    assert ratio.met is met
    assert ("Because." in summary([ratio])) is not met
    lines = "\n".join(page({"it": [ratio]}, {"it": "Times it."}, 1))
    assert ("- **it**: Because." in lines) is not met
    assert "`make bench ONLY=it`: Times it." in lines


def test_growth_that_is_not_linear_misses() -> None:
    sizes = [10, 20, 40]
    linear, square = (
        Growth(
            "it",
            "linear",
            "domains",
            "files",
            ["1", "2", "4"],
            sizes,
            [Cost(size**power, 1, 1) for size in sizes],
            1.05,
        )
        for power in (1, 2)
    )
    assert linear.met and not square.met
    assert "10 files" in "\n".join(page({"it": [square]}, {}, 1))


def test_unknown_benchmark_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "copy", "cpoy"])
    with pytest.raises(SystemExit):
        main()
    assert "no benchmark cpoy: there are copy, growth," in capsys.readouterr().err


def test_page_is_of_these_benchmarks() -> None:
    """Each is on the committed page and says what it times; of each goal that is missed the page says why."""
    text = RESULTS.read_text()
    for name, benchmark in BENCHMARKS.items():
        assert benchmark.__doc__, name
        assert f"- `make bench ONLY={name}`: {' '.join(benchmark.__doc__.split())}" in text
    missed = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if " | **" in line]
    for measure in missed:
        [distance] = [line for line in text.splitlines() if line.startswith(f"- **{measure}**: ")]
        assert len(distance) > len(f"- **{measure}**: ") + 20
