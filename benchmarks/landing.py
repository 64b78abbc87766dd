"""How fast the demo makes landing data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Ratio, cost_of, run
from benchmarks.shapes import example_mesh

# Of whom ten million rows land over three days.
PATIENTS = 112_000
# Says, as JSON: the number of rows that landed, and statements that write as many rows of the same columns to files of
# the same names in another folder, which it makes. Keys are numbers of their own, other text is one of a hundred.
STATEMENTS = """
import json, pathlib, sys, duckdb
landing, other = map(pathlib.Path, sys.argv[1:])
values = {
    "VARCHAR": "'{name} ' || range % 100",
    "VARCHAR[]": "['{name} ' || range % 100]",
    "BIGINT": "range % 1000",
    "DECIMAL(38,9)": "cast(range % 1000 as decimal(38, 9))",
    "BOOLEAN": "range % 2 = 0",
    "DATE": "date '2026-01-01' - cast(range % 730 as integer)",
    "TIMESTAMP WITH TIME ZONE": "timestamptz '2026-01-01 00:00:00+00' - to_seconds(range)",
}
connection, landed, statements = duckdb.connect(), 0, []
for file in sorted(landing.rglob("*.parquet")):
    rows = f"from read_parquet('{file}', hive_partitioning = false)"
    [[count]] = connection.execute(f"select count(*) {rows}").fetchall()
    columns = ", ".join(
        ("'{name} ' || range" if name.endswith("_id") else values[type]).format(name=name) + f' as "{name}"'
        for name, type, *_ in connection.execute(f"describe {rows}").fetchall()
    )
    target = other / file.relative_to(landing)
    target.parent.mkdir(parents=True)
    statements.append(f"copy (select {columns} from range({count})) to '{target}' (format parquet)")
    landed += count
print(json.dumps([landed, statements]))
"""
# Runs the statements of a JSON file, in UTC as the demo does.
EXECUTE = """
import json, sys, duckdb
connection = duckdb.connect()
connection.execute("set TimeZone = 'UTC'")
for statement in json.load(open(sys.argv[1])):
    connection.execute(statement)
"""


def bench_landing(scratch: Path) -> Sequence[Ratio]:
    """`demo/generate.py` of the full example, the whole process, at ten million rows.

    The reference is DuckDB alone, which writes files of the same paths, columns, types and numbers of rows with values
    that follow from the row's number and nothing else: no codes, no keys that must be found again, no versions, no
    nulls.
    """
    mesh = example_mesh(scratch)
    python, statements = mesh.environment.python, scratch / "statements.json"
    generate = ("demo/generate.py", "--output", str(scratch / "landing"), "--patients")
    ours = cost_of(partial(mesh.python, *generate, str(PATIENTS)))
    landed, written = json.loads(mesh.python("-c", STATEMENTS, str(scratch / "landing"), str(scratch / "plain")).stdout)
    statements.write_text(json.dumps(written))
    plain = cost_of(partial(run, [python, "-c", EXECUTE, statements]))
    start = cost_of(partial(mesh.python, *generate, "1"))
    return [
        Ratio(
            f"synthetic landing data, {landed:,} rows",
            "DuckDB writing the same columns from range()",
            landed / ours.cpu,
            landed / plain.cpu,
            "rows/s of CPU",
            0.5,
            (ours.memory, plain.memory),
            more_is_better=True,
            distance=f"Of {ours.cpu:.0f} s, {start.cpu:.1f} s are the start and the planning of more than a hundred "
            "wide statements, as with one patient. The rest is Parquet, keys as text, references, and what is drawn.",
        )
    ]
