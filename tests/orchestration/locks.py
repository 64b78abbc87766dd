"""Locks the requirements of Airflow and of dbt on its workers anew: `make airflow-locks`.

Airflow as of the day that the image of Composer was built, so that the lock has the versions that the image has:
https://cloud.google.com/composer/docs/versions-packages
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from tests.engines.environments import ROOT, uv

FOLDER = ROOT / "extensions" / "airflow"
# The Python of Composer.
PYTHON = "3.11"
DEVELOPMENT = "pytest\n"
WORKER = "dbt-core\ndbt-bigquery\n"


def main() -> None:
    """Write every lock."""
    for line, known in yaml.safe_load((FOLDER / "lines.yml").read_text()).items():
        until = ("--exclude-newer", str(known["built"]))
        runtime = FOLDER / f"requirements-{line}.txt"
        lock(FOLDER / f"requirements-{line}.in", runtime, *until)
        lock(DEVELOPMENT, FOLDER / f"requirements-dev-{line}.txt", *until, "--constraint", str(runtime))
    constraints = ("--constraint", str(ROOT / "template" / "constraints" / "dbt.txt"))
    # Workers install wheels alone.
    lock(WORKER, FOLDER / "dbt_requirements.txt", *constraints, "--no-build")


def lock(requirements: Path | str, output: Path, *options: str) -> None:
    """Write a lock of requirements, a file or its text."""
    print(f"Locking {output.relative_to(ROOT)} ...", file=sys.stderr)
    source = requirements if isinstance(requirements, Path) else output.with_suffix(".in.tmp")
    if isinstance(requirements, str):
        source.write_text(requirements)
    try:
        style = ("--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--python-version", PYTHON)
        uv("pip", "compile", *style, "--upgrade", *options, str(source), "--output-file", str(output))
    finally:
        if isinstance(requirements, str):
            source.unlink()


if __name__ == "__main__":
    main()
