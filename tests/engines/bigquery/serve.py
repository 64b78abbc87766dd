"""Serve an emulated BigQuery on 127.0.0.1. Runs in the environment `bigquery`."""

from __future__ import annotations

import time

STARTED = time.monotonic()

import argparse  # noqa: E402
import json  # noqa: E402
from pathlib import Path  # noqa: E402

from tests.engines.bigquery.landing import Mesh  # noqa: E402
from tests.engines.bigquery.server import Server  # noqa: E402

PROFILE = """
dbt profile:

  type: bigquery
  method: oauth-secrets
  token: dummy
  api_endpoint: {endpoint}
  project: {project}
  dataset: dbt
  location: {location}
  threads: 4
"""


def main() -> None:
    """The first line that is printed is the endpoint; it is there once the service answers."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.bigquery serve", description=__doc__)
    parser.add_argument("--port", type=int, default=9050, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="its folders are the buckets of their names")
    parser.add_argument("--mesh", type=Path, metavar="DIR", help="a rendered repository, to serve its landing tables")
    parser.add_argument("--no-tables", action="store_true", help="with --mesh: the datasets alone, no landing table")
    parser.add_argument("--policies", type=Path, metavar="FILE", help="who reads tagged columns, see README.md")
    parser.add_argument("--environment", help="the environment of the mesh (default: its first)")
    arguments = parser.parse_args()

    buckets = {}
    if arguments.data:
        if not arguments.data.is_dir():
            parser.error(f"--data {arguments.data} is no folder: name one whose folders are the buckets")
        buckets = {folder.name: folder for folder in arguments.data.iterdir() if folder.is_dir()}
    mesh = Mesh(arguments.mesh, arguments.environment) if arguments.mesh else None
    if mesh:
        buckets = mesh.buckets | buckets
    with Server(buckets, arguments.port) as server:
        if arguments.policies:
            server.policies.load(json.loads(arguments.policies.read_text()))
        tables = mesh.register(server.endpoint, not arguments.no_tables) if mesh else []
        print(server.endpoint, flush=True)
        print(f"Started in {time.monotonic() - STARTED:.1f} s, {len(tables)} landing tables.", flush=True)
        project, location = (mesh.project, mesh.location) if mesh else ("northwind-dev", "us-east4")
        print(PROFILE.format(endpoint=server.endpoint, project=project, location=location), flush=True)
        server.wait()


if __name__ == "__main__":
    main()
