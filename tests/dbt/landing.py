"""Fills the landing zone of a mesh."""

from __future__ import annotations

import datetime as dt

from tests.mesh import Mesh

SCRIPT = """
import sys, pathlib, duckdb
folder, format, landed_date, from_date, name, replacements, where, limit = sys.argv[1:]
reader = {
    'parquet': "read_parquet('{}')", 'csv': "read_csv('{}', all_varchar = true)", 'json': "read_json_auto('{}')"
}[format].format(f'{folder}/landed_date={from_date}/*.{format}')
target = pathlib.Path(folder) / f'landed_date={landed_date}'
target.mkdir(exist_ok=True)
connection = duckdb.connect()
connection.execute("set TimeZone = 'UTC'")
query = f"select * exclude (landed_date) replace ({replacements}) from {reader} where {where} limit {limit}"
options = 'format json' if format == 'json' else f'format {format}, header' if format == 'csv' else 'format parquet'
connection.execute(f"copy ({query}) to '{target}/{name}.{format}' ({options})")
"""


def plant(
    mesh: Mesh,
    entity: str,
    replacements: str,
    *,
    name: str = "planted",
    landed_date: str = "2026-02-01",
    from_date: str = "2026-01-05",
    where: str = "true",
    limit: int = 1,
) -> None:
    """Land rows of a day, the first, again, changed: `replacements` is what stands in DuckDB's `replace (...)`.

    entity: domain/entity. name: of the file.
    """
    domain, _, table = entity.partition("/")
    files = next((mesh.landing / domain / table / f"landed_date={from_date}").iterdir())
    folder = str(mesh.landing / domain / table)
    mesh.python("-c", SCRIPT, folder, files.suffix[1:], landed_date, from_date, name, replacements, where, str(limit))


def land_until_today(mesh: Mesh, patients: int) -> tuple[str, str]:
    """Land three days, until today; the first, and the one before today."""
    today = dt.datetime.now(dt.UTC).date()
    first, yesterday = ((today - dt.timedelta(days=days)).isoformat() for days in (2, 1))
    mesh.generate("--patients", str(patients), "--days", "3", "--first-day", first)
    return first, yesterday
