"""Statements of a mesh on the BigQuery emulator, and analyzed alone. Runs in the environment `bigquery`.

python -m benchmarks.statements serve MESH RECORD    serve until the input ends, then print what statements cost
python -m benchmarks.statements analyze RECORD       print what it costs to analyze them

Costs are a line of JSON: seconds of processors, seconds that passed, peak bytes, and the number of statements. `serve`
adds the seconds of processors in each method of the SQL engine.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from zetasql.wasi._pb2.zetasql.public import type_pb2

from benchmarks.measure import counted
from tests.engines.bigquery.analyzer import Analyzer, Relation, Text, Variable, whole
from tests.engines.bigquery.jobs import Jobs, Request
from tests.engines.bigquery.landing import Mesh
from tests.engines.bigquery.server import Server
from tests.engines.bigquery.storage import Resource
from tests.engines.bigquery.trees import Node
from tests.engines.bigquery.values import TypeProto, new_cell
from tests.engines.bigquery.zetasql_module import ZetaSql

# What one statement is analyzed with: its SQL; tables as name, fields and whether rows are numbered; types that its
# columns must be able to become; variables as name, type and value. Messages are serialized.
Analysis = tuple[str, list[tuple[str, Sequence[Resource], bool]], list[bytes], list[tuple[str, bytes, bytes]]]


def recording(asked: dict[str, Analysis]) -> None:
    """Let analyzers keep what they are asked to analyze, each once."""
    analyze_it = Analyzer.analyze

    def analyze(
        self: Analyzer,
        text: Text,
        relations: Iterable[Relation],
        targets: Sequence[TypeProto] = (),
        variables: Sequence[Variable] = (),
    ) -> Node:
        relations = list(relations)
        tables = [(each.name, each.fields, each.numbered) for each in relations]
        types = [target.SerializeToString() for target in targets]
        values = [(each.name, each.type.SerializeToString(), each.value.SerializeToString()) for each in variables]
        asked.setdefault(repr((text.sql, tables, types, values)), (text.sql, tables, types, values))
        return analyze_it(self, text, relations, targets, variables)

    Analyzer.analyze = analyze  # type: ignore[method-assign]


def timing(used: list[tuple[float, float]]) -> None:
    """Let jobs count what their threads use for a query: the other requests of dbt are not counted."""
    insert_it = Jobs.insert

    def insert(self: Jobs, body: Resource, request: Request) -> Resource:
        cpu, started = time.thread_time(), time.monotonic()
        job = insert_it(self, body, request)
        if "query" in body["configuration"]:
            used.append((time.thread_time() - cpu, time.monotonic() - started))
        return job

    Jobs.insert = insert  # type: ignore[method-assign]


def splitting(spent: dict[str, float]) -> None:
    """Let the SQL engine count the seconds of its methods."""
    call_it = ZetaSql.call_raw

    def call_raw(self: ZetaSql, method: str, request: bytes) -> bytes:
        started = time.thread_time()
        try:
            return call_it(self, method, request)
        finally:
            spent[method] += time.thread_time() - started

    ZetaSql.call_raw = call_raw  # type: ignore[method-assign]


def serve(root: Path, record: Path) -> None:
    """Serve a mesh, its landing tables registered, and write what was analyzed."""
    asked: dict[str, Analysis] = {}
    used: list[tuple[float, float]] = []
    recording(asked)
    spent: dict[str, float] = defaultdict(float)
    timing(used)
    splitting(spent)
    mesh = Mesh(root)
    with Server(mesh.buckets) as server:
        mesh.register(server.endpoint)
        spent.clear()
        print(server.endpoint, flush=True)
        sys.stdin.read()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    record.write_bytes(pickle.dumps(list(asked.values())))
    print(json.dumps([sum(cpu for cpu, _ in used), sum(wall for _, wall in used), peak, len(used), spent]))


def analyze(record: Path) -> None:
    """Analyze what was recorded, in its order, with tables that have no rows."""
    # Written by `serve`.
    recorded: list[Analysis] = pickle.loads(record.read_bytes())
    arguments = [
        (
            whole(sql),
            [Relation(name, json.dumps(fields), fields, [], numbered) for name, fields, numbered in tables],
            [type_pb2.TypeProto.FromString(type) for type in types],
            [
                Variable(name, type_pb2.TypeProto.FromString(type), new_cell().FromString(value))
                for name, type, value in values
            ],
        )
        for sql, tables, types, values in recorded
    ]
    analyzer = Analyzer()

    def all_of_them() -> None:
        for each in arguments:
            analyzer.analyze(*each)

    print(json.dumps([*counted(all_of_them), len(arguments)]))


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    if command == "serve":
        serve(*map(Path, paths))
    else:
        analyze(*map(Path, paths))
