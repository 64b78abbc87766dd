"""Fills the landing zone of a mesh."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

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


# What landed on the newest day lands on days before it too, under keys of its own.
HISTORY = """
import pathlib, sys, duckdb, yaml
contracts, landing, first, last, corrected = *map(pathlib.Path, sys.argv[1:3]), *map(int, sys.argv[3:])
connection = duckdb.connect()
connection.execute("set TimeZone = 'UTC'")
for contract in (yaml.safe_load(path.read_text()) for path in contracts.glob("*.odcs.yaml")):
    for entity in contract["schema"]:
        newest = max((landing / contract["domain"] / entity["name"]).iterdir())
        [file] = newest.iterdir()
        names = {
            column["name"]: column.get("physicalName", column["name"]) for column in entity["properties"]
            if column.get("primaryKey") or column.get("unique") or column.get("relationships")
        }
        [key] = (names[column["name"]] for column in entity["properties"] if column.get("primaryKey"))
        renamed = ", ".join(f"{name} || '-' || age as {name}" for name in names.values())
        connection.execute(f"create or replace table landed as from read_parquet('{file}', hive_partitioning = false)")
        connection.execute(f'''copy (
            select
                * exclude (age) replace ({renamed}, updated_at - to_days(age) as updated_at),
                date '{newest.name.partition("=")[2]}' - age as landed_date
            from landed cross join (select cast(range as integer) as age from range({first}, {last}))
            order by age
        ) to '{newest.parent}' (format parquet, partition_by (landed_date), overwrite_or_ignore)''')
        if corrected:
            connection.execute(f'''copy (
                from landed union all
                select * exclude (age) replace ({renamed})
                from (select *, 1 as age from landed where hash({key}) % 10 = 0)
            ) to '{file}' (format parquet)''')
"""


def land_history(mesh: Mesh, first: int, last: int, *, corrected: bool = False, landing: Path | None = None) -> None:
    """Land what landed on the newest day, one file of each entity, on days before it too, under keys of their own.

    first, last: of the days, counted back from the newest, the last not included. corrected: the newest day brings a
    tenth of the records of the day before it as well, changed. landing: in place of the mesh's own landing zone.
    """
    folders = (str(mesh.root / "contracts"), str(landing or mesh.landing))
    mesh.python("-c", HISTORY, *folders, str(first), str(last), str(int(corrected)))


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
