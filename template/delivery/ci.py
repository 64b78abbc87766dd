"""Run all that the workflows run and that needs no cloud, and show a table of what passed."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOGS = REPOSITORY / "build" / "ci"

# Target of the Makefile and what it takes, in the order of the workflows.
STEPS = {
    "contracts-lint": (),
    "contracts-compare": (),
    "lint": (),
    "dbt-check": (),
    "demo": ("ARGS=--patients 100",),
    "docs": (),
    "dags-check": (),
    "terraform-check": (),
    "sentinel-check": (),
    "control-matrix": ("ARGS=--check",),
    "phi-guard": (),
    "secrets-check": (),
    "code-security-check": (),
    "workflows-check": (),
    "infrastructure-scan": (),
}


def main() -> int:
    """Run the steps one after the other, whatever fails, and show how each ended."""
    parser = argparse.ArgumentParser(description="Run what CI runs without a cloud, and show a table.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"only these; all are {', '.join(STEPS)}")
    parser.add_argument("--base", default="origin/main", help="branch that the contracts are compared with")
    options = parser.parse_args()
    if unknown := sorted({*options.steps} - STEPS.keys()):
        parser.error(f"no such step: {', '.join(unknown)}. Steps are {', '.join(STEPS)}")

    # What this make was called with is not for the steps.
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "ARGS")}
    LOGS.mkdir(parents=True, exist_ok=True)
    rows = []
    for step in options.steps or STEPS:
        arguments = (f"BASE={options.base}",) if step == "contracts-compare" else STEPS[step]
        print(f"{step} ...", flush=True)
        start = time.monotonic()
        with (LOGS / f"{step}.log").open("w") as log:
            command = ["make", "--no-print-directory", step, *arguments]
            status = subprocess.run(
                command, cwd=REPOSITORY, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False
            )
        rows.append((step, status.returncode == 0, time.monotonic() - start))

    width = max(len(step) for step, _, _ in rows)
    print()
    for step, passed, seconds in rows:
        where = "" if passed else f"  {(LOGS / step).relative_to(REPOSITORY)}.log"
        print(f"{step:{width}}  {'passed' if passed else 'FAILED'}  {seconds:6.1f} s{where}")
    failed = sum(not passed for _, passed, _ in rows)
    print(f"\n{len(rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
