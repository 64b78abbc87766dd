"""Serve the providers: `python -m tests.engines.google_provider mirror DIR`, `… attached`, `… schema TYPE`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path

from tests.engines.terraform import cli_configuration

from . import RELEASES, Reattached, Schema, mirror, stored


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.google_provider", description="Serve the providers.")
    commands = parser.add_subparsers(dest="command", required=True)
    mirrored = commands.add_parser(
        "mirror", help="write a filesystem mirror, and print a CLI configuration that uses it"
    )
    mirrored.add_argument("directory", type=Path, help="the folder of the mirror")
    commands.add_parser("attached", help="serve until the input ends, and print the variable that Terraform needs")
    shown = commands.add_parser("schema", help="print the schema of a type, as it is served")
    shown.add_argument("type", help="a resource type; a data source as data.TYPE")
    arguments = parser.parse_args()
    if arguments.command == "mirror":
        print(cli_configuration([mirror(arguments.directory.resolve())]), end="")
    elif arguments.command == "attached":
        with Reattached() as providers:
            for name, value in providers.variables.items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
            sys.stdin.read()
    else:
        print(json.dumps(block_of(arguments.type), indent=2))


def block_of(name: str) -> object:
    """The block of a resource type, or of a data source written data.TYPE."""
    kind, type_ = ("data_source_schemas", name[5:]) if name.startswith("data.") else ("resource_schemas", name)
    return Schema(stored(RELEASES[type_.partition("_")[0]])).block(kind, type_)


if __name__ == "__main__":
    main()
