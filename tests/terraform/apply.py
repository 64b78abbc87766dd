"""Applies an environment of the full example on this machine: python -m tests.terraform.apply.

AWS is an API server, Google Cloud a provider without an API behind it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.engines.aws import Server
from tests.engines.terraform import PARALLEL, changes
from tests.render import copy_template, example_answers, render
from tests.terraform.environment import copied, root_module


def main() -> None:
    """Render, plan and apply, and say what was made and how long it took."""
    parser = argparse.ArgumentParser(
        prog="make apply",
        description="Apply an environment of the full example on this machine: AWS is an API server, Google Cloud a "
        "provider without an API behind it.",
    )
    parser.add_argument("--environment", default="dev", help="the environment of examples/northwind to apply")
    arguments = parser.parse_args()
    answers = example_answers("northwind")
    if arguments.environment not in answers["environments"]:
        parser.error(f"--environment {arguments.environment}: allowed are {', '.join(answers['environments'])}")

    with tempfile.TemporaryDirectory() as scratch:
        print("Rendering northwind ...", flush=True)
        rendered = render(copy_template(Path(scratch) / "template"), Path(scratch) / "mesh", answers)
        repository = copied(rendered, Path(scratch) / "applied")
        recorded = yaml.safe_load((rendered / ".copier-answers.yml").read_text())
        account = recorded["platform_ids"][arguments.environment]["aws_account"]
        with Server(account) as server:
            print(f"AWS account {account} answers on {server.endpoint}", flush=True)
            module = root_module(repository, arguments.environment, server, applied=True)
            began = time.monotonic()
            planned = len(changes(module.plan()))
            print(f"Planned {planned} resources in {time.monotonic() - began:.0f} s", flush=True)
            began = time.monotonic()
            for line in module.stream("apply", "-input=false", *PARALLEL, "plan.tfplan"):
                if "Creation complete" in line or "Error" in line:
                    print(f"  {line}", flush=True)
            created = len(list(module.resources()))
            print(f"Created {created} resources in {time.monotonic() - began:.0f} s")
            if created != planned:
                sys.exit(f"{planned - created} of the planned resources are missing.")


if __name__ == "__main__":
    main()
