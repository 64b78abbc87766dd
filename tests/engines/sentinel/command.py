"""The `sentinel` command as the generated repository calls it, in the folder that it is called in.

sentinel apply        the set of sentinel.hcl, on the plan that another .hcl file beside it names
sentinel test         the cases below this folder
sentinel fmt -check   policies
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import hcl2

from .__main__ import main

# https://developer.hashicorp.com/sentinel/docs/features/terraform
FEATURES = {"terraform", "apply-all"}
IMPORTS = {"tfconfig/v2", "tfplan/v2", "tfstate/v2"}


def bare(text: str) -> str:
    """A string of python-hcl2, which keeps the quotes."""
    return text.strip('"')


def plan_named_by(folder: Path) -> Path:
    """The plan that the imports of Terraform are configured with. All must name the same, which must be there."""
    features: set[str] = set()
    plans = {}
    for path in sorted(folder.glob("*.hcl")):
        with path.open() as file:
            document = hcl2.load(file)
        for block in document.get("sentinel", []):
            features |= {bare(name) for name, on in block["features"].items() if on is True}
        for block in document.get("import", []):
            for name, body in block.get('"plugin"', block.get("plugin", {})).items():
                (configuration,) = body["config"] if isinstance(body["config"], list) else [body["config"]]
                plans[bare(name)] = folder / bare(configuration["plan_path"])
    if features != FEATURES or plans.keys() != IMPORTS or len({*plans.values()}) != 1:
        sys.exit(f"sentinel apply needs the features {sorted(FEATURES)} and a plan for each of {sorted(IMPORTS)}")
    return plans["tfplan/v2"]


def run(arguments: list[str]) -> int:
    """Run one command."""
    command, *options = arguments
    if command == "apply":
        return main(["apply", "--plan", str(plan_named_by(Path.cwd())), *options])
    if command == "test":
        return main(["test", "."])
    return main(["fmt", *(f"-{option}" if option == "-check" else option for option in options)])


def script() -> str:
    """A shell script that does the same, wherever it is called."""
    root = Path(__file__).parents[3]
    return f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m {__spec__.name} "$@"\n'


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(run(sys.argv[1:]))
