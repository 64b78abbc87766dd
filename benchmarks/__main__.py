"""Measure speed and scale: python -m benchmarks [NAME ...].

A run of all writes benchmarks/RESULTS.md and its plot; a run of some prints its table only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import building, documentation, infrastructure, landing, orchestration, rendering, warehouse
from benchmarks.measure import Benchmark, Measure
from benchmarks.report import summary, write

BENCHMARKS: dict[str, Benchmark] = {
    "copy": rendering.bench_copy,
    "growth": rendering.bench_growth,
    "update": rendering.bench_update,
    "landing": landing.bench_landing,
    "demo": building.bench_demo,
    "daily": building.bench_daily,
    "plan": infrastructure.bench_plan,
    "plan_growth": infrastructure.bench_plan_growth,
    "sentinel": infrastructure.bench_sentinel,
    "emulator": warehouse.bench_emulator,
    "dags": orchestration.bench_dags,
    "docs": documentation.bench_docs,
}


def main() -> None:
    """Run the benchmarks that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}; all by default")
    names: list[str] = parser.parse_args().names
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    started = time.monotonic()
    found: dict[str, list[Measure]] = {}
    for name in names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as scratch:
            found[name] = list(BENCHMARKS[name](Path(scratch)))
        print(f"{summary(found[name])}\n  in {time.monotonic() - began:.0f} s", flush=True)
    if not names:
        minutes = (time.monotonic() - started) / 60
        write(found, {name: benchmark.__doc__ or "" for name, benchmark in BENCHMARKS.items()}, minutes)


if __name__ == "__main__":
    main()
