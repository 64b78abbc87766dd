"""Run the service: `python -m tests.engines.bigquery serve [...]`, from the Python of the template."""

from __future__ import annotations

import os
import sys

from tests.engines.bigquery import command
from tests.engines.environments import ROOT


def main() -> None:
    """Become the service, in the environment that has the SQL engine."""
    if sys.argv[1:2] != ["serve"]:
        sys.exit("usage: python -m tests.engines.bigquery serve [--help]")
    executable, *arguments = command(*sys.argv[2:])
    os.environ["PYTHONPATH"] = str(ROOT)
    os.execv(executable, [executable, *arguments])


if __name__ == "__main__":
    main()
