"""Turn a Synthea CSV export into landing data.

Each file under demo/synthea/ is the select that fills one entity of the contracts. Entities without one, which Synthea
cannot fill, get partitions without rows. What cannot be landed as its contract asks is counted and reported.
"""

from __future__ import annotations

import argparse
import datetime
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from landing import FORMATS, LANDING, Landing, LandingError, connect, identifier, landing_type, literal
from progress import Progress

from contracts import CONTRACTS, VERSION, Column, ContractError, Entity, landing_format, load_entities

SELECTS = Path(__file__).resolve().parent / "synthea"
SOURCE_SYSTEM = "synthea"

# Codes that Synthea transcribes wrongly, and what they should be. `--no-corrections` leaves them as they are.
CORRECTIONS = {
    # "Unhealthy alcohol drinking behavior (finding)". Synthea's code fails the check digit of SNOMED CT (Verhoeff), and
    # no such concept exists.
    "10939881000119104": "10939881000119105",
}

# The files of an export, and columns that some releases of Synthea do not write.
FILES: dict[str, tuple[str, ...]] = {
    "allergies": (),
    "careplans": (),
    "claims": (),
    "claims_transactions": (),
    "conditions": (),
    "devices": (),
    "encounters": (),
    "imaging_studies": (),
    "immunizations": (),
    "medications": (),
    "observations": (),
    "organizations": (),
    "patients": ("MIDDLE",),
    "payer_transitions": (),
    "payers": (),
    "procedures": (),
    "providers": (),
}

# Newer names of columns.
RENAMED = {
    "payer_transitions": {
        "START_DATE": "START_YEAR",
        "END_DATE": "END_YEAR",
        "PLAN_OWNERSHIP": "OWNERSHIP",
        "OWNER_NAME": "OWNERNAME",
    },
}

STATES = """
Alabama AL, Alaska AK, Arizona AZ, Arkansas AR, California CA, Colorado CO, Connecticut CT, Delaware DE,
District of Columbia DC, Florida FL, Georgia GA, Hawaii HI, Idaho ID, Illinois IL, Indiana IN, Iowa IA, Kansas KS,
Kentucky KY, Louisiana LA, Maine ME, Maryland MD, Massachusetts MA, Michigan MI, Minnesota MN, Mississippi MS,
Missouri MO, Montana MT, Nebraska NE, Nevada NV, New Hampshire NH, New Jersey NJ, New Mexico NM, New York NY,
North Carolina NC, North Dakota ND, Ohio OH, Oklahoma OK, Oregon OR, Pennsylvania PA, Puerto Rico PR, Rhode Island RI,
South Carolina SC, South Dakota SD, Tennessee TN, Texas TX, Utah UT, Vermont VT, Virginia VA, Washington WA,
West Virginia WV, Wisconsin WI, Wyoming WY
"""

_SKIP = "skip_reason"
_LOST = "lost"
_CODE_COLUMN = re.compile(r"CODE|DIAGNOSIS\d")


class SourceError(Exception):
    """An export that cannot be read. The message says what is expected."""


@dataclass
class Imported:
    """What became of one entity."""

    entity: Entity
    table: str | None = None
    landed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    emptied: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    options = _options(arguments)
    try:
        entities = load_entities(options.contracts)
        format = options.format or landing_format(entities)
        corrections = {} if options.no_corrections else CORRECTIONS
        imported, corrected = import_synthea(
            entities, options.source, options.output, format, options.landed_date, corrections
        )
    except (ContractError, LandingError, SourceError) as error:
        print(f"import_synthea.py: {error}", file=sys.stderr)
        return 1
    print(report(imported, corrected))
    print(f"\nLanding data in {options.output}. Build it with: python demo/run.py --landing {options.output}")
    return 0


def import_synthea(
    entities: Sequence[Entity],
    source: Path,
    output: Path,
    format: str,
    landed_date: datetime.date | None = None,
    corrections: dict[str, str] = CORRECTIONS,
) -> tuple[list[Imported], Counter[str]]:
    """Write the export as landing data; what became of each entity, and how many codes were corrected.

    Raises SourceError when a file that the entities need is missing or has other columns, LandingError for an output
    directory that is somebody else's. In both cases nothing is written. Without a landed date it is the day after the
    newest change in the export.
    """
    connection = connect()
    queries = {entity.id: _select_of(entity) for entity in entities}
    corrected = _open(connection, source, {name: query for name, query in queries.items() if query}, corrections)
    progress = Progress("Import", len(entities))
    imported = []
    for entity in entities:
        imported.append(_stage(connection, entity, queries[entity.id]))
        progress.step(len(imported), entity.id)
    day = landed_date or _day_after_newest(connection, imported)
    with Landing(output, format, connection) as landing:
        for one in imported:
            rows = f"select * from {one.table}" if one.table else _no_rows(one.entity)
            one.landed = landing.write(one.entity, day, rows)
    progress.finish(f"{sum(one.landed for one in imported)} rows landed on {day}")
    return imported, corrected


def report(imported: Sequence[Imported], corrected: Counter[str]) -> str:
    """What became of every entity, and everything that did not land as it was."""
    lines = [f"{one.entity.id:<36} {one.landed:>8}" for one in imported if one.table]
    if empty := [one.entity.id for one in imported if not one.table]:
        lines += ["", f"Without rows, for Synthea has none: {', '.join(empty)}"]
    for title, counters in (
        ("Rows skipped", [(one, one.skipped) for one in imported]),
        ("Values left empty", [(one, one.emptied) for one in imported]),
        ("Values without a column", [(one, one.lost) for one in imported]),
    ):
        items = [
            f"  {n:>6}  {one.entity.id}: {what}" for one, counter in counters for what, n in sorted(counter.items())
        ]
        lines += ["", f"{title}: {sum(counter.total() for _, counter in counters)}", *items]
    lines += ["", f"Codes corrected: {corrected.total()}"]
    lines += [f"  {n:>6}  {code} is now {CORRECTIONS[code]}" for code, n in sorted(corrected.items())]
    return "\n".join(lines)


# -- the export --------------------------------------------------------------------------------------------------------


def _select_of(entity: Entity) -> str | None:
    path = SELECTS / f"{entity.id}.sql"
    return path.read_text(encoding="utf-8") if path.exists() else None


def _files_of(query: str) -> set[str]:
    """The files of the export that a select reads."""
    return set(re.findall(r"\b(?:from|join)\s+(\w+)", query)) & FILES.keys()


def _open(
    connection: duckdb.DuckDBPyConnection, source: Path, queries: dict[str, str], corrections: dict[str, str]
) -> Counter[str]:
    """Make a view of every file that the selects read, all text; how many codes each correction changes."""
    needed = {file: [name for name, query in queries.items() if file in _files_of(query)] for file in FILES}
    needed = {file: names for file, names in needed.items() if names}
    missing = [file for file in needed if not (source / f"{file}.csv").is_file()]
    if missing:
        expected = "\n".join(f"  {file}.csv, for {', '.join(names)}" for file, names in needed.items())
        raise SourceError(
            f"{source} has no {', '.join(f'{file}.csv' for file in missing)}.\n"
            f"A Synthea CSV export is expected there (exporter.csv.export = true) with these files:\n{expected}"
        )
    states = ", ".join(f"({literal(s[:-3])}, '{s[-2:]}')" for s in STATES.replace("\n", " ").strip().split(", "))
    connection.execute(f"create view states as select * from (values {states}) as states (name, code)")
    corrected = Counter[str]()
    for file in needed:
        corrected += _open_file(connection, source / f"{file}.csv", corrections)
    return corrected


def _open_file(connection: duckdb.DuckDBPyConnection, path: Path, corrections: dict[str, str]) -> Counter[str]:
    rows = (
        f"read_csv({literal(str(path))}, all_varchar = true, header = true, delim = ',', quote = '\"', escape = '\"')"
    )
    names = [str(row[0]) for row in connection.execute(f"describe select * from {rows}").fetchall()]
    cases = "".join(f" when {literal(wrong)} then {literal(right)}" for wrong, right in corrections.items())
    codes = [name for name in names if _CODE_COLUMN.search(name)]
    columns = []
    for name in names:
        column = identifier(name)
        value = f"case {column}{cases} else {column} end" if cases and name in codes else column
        columns.append(f"{value} as {identifier(RENAMED.get(path.stem, {}).get(name, name))}")
    columns += [f"cast(null as varchar) as {identifier(name)}" for name in FILES[path.stem] if name not in names]
    connection.execute(f"create view {identifier(path.stem)} as select {', '.join(columns)} from {rows}")
    counts = Counter[str]()
    for wrong in corrections:
        cells = " + ".join(f"count(*) filter ({identifier(name)} = {literal(wrong)})" for name in codes) or "0"
        row = connection.execute(f"select {cells} from {rows}").fetchone()
        counts[wrong] = int(row[0]) if row else 0
    return +counts


# -- one entity --------------------------------------------------------------------------------------------------------


def _stage(connection: duckdb.DuckDBPyConnection, entity: Entity, query: str | None) -> Imported:
    """Put the rows that can be landed into a table, and count what cannot."""
    imported = Imported(entity)
    if query is None:
        return imported
    raw, table = identifier(f"{entity.id} raw"), identifier(f"{entity.id} landed")
    try:
        connection.execute(f"create temp table {raw} as {query}")
    except duckdb.Error as error:
        raise SourceError(f"the export has not the columns that {entity.id} is made from: {error}") from error
    given = [str(row[0]) for row in connection.execute(f"describe {raw}").fetchall()]
    _check_required(entity, given)
    _number_repeated_keys(connection, entity, raw, given)
    values = {column.name: _value(column, given) for column in entity.columns}
    missing = " ".join(
        f"when {values[column.name]} is null then {literal(f'{column.name} is missing or no value of its set')}"
        for column in entity.columns
        if column.required and not column.transform
    )
    reason = f"case when {identifier(_SKIP)} is not null then {identifier(_SKIP)} {missing} end"
    if _SKIP not in given:
        reason = f"case {missing} end"
    # One column of the raw rows at a time, lest an alias stand for a column of the same name.
    connection.execute(
        f"create temp table {table} as select {reason} as _reason, "
        + ", ".join(f"{sql} as {identifier(name)}" for name, sql in values.items())
        + f", {identifier(_LOST) if _LOST in given else 'null'} as _lost from {raw} as raw"
    )
    _count_unlanded(connection, imported, raw, table, given)
    connection.execute(f"delete from {table} where _reason is not null")
    for column in entity.columns:
        if column.transform:
            connection.execute(f"update {table} set {identifier(column.name)} = {column.transform}")
    imported.table = table
    return imported


def _check_required(entity: Entity, given: Sequence[str]) -> None:
    for column in entity.columns:
        if column.required and column.name not in given and column.name != "source_system" and not column.transform:
            raise entity.error("is required, and Synthea has nothing for it; make it optional to import", column)


def _number_repeated_keys(
    connection: duckdb.DuckDBPyConnection, entity: Entity, raw: str, given: Sequence[str]
) -> None:
    """Tell records apart that have one natural key: the second and later ones get a key of their own."""
    key = identifier(entity.key.name)
    columns = ", ".join(map(identifier, given))
    connection.execute(
        f"create or replace temp table {raw} as\n"
        f"select * exclude (_n) replace (case when _n > 1 then md5({key} || _n) else {key} end as {key})\n"
        f"from (select *, row_number() over (partition by {key} order by {columns}) as _n from {raw})"
    )


def _value(column: Column, given: Sequence[str]) -> str:
    """The column as its type, null where that is not possible or the value is none of a closed set."""
    if column.name == "source_system" and column.name not in given:
        return literal(SOURCE_SYSTEM)
    if column.name not in given or column.transform:
        return f"cast(null as {landing_type(column)})"
    value = _typed(column)
    if column.accepted_values:
        accepted = ", ".join(map(literal, column.accepted_values))
        return f"case when {value} in ({accepted}) then {value} end"
    return value


def _typed(column: Column) -> str:
    return f"try_cast(raw.{identifier(column.name)} as {landing_type(column)})"


def _count_unlanded(
    connection: duckdb.DuckDBPyConnection, imported: Imported, raw: str, table: str, given: Sequence[str]
) -> None:
    """Count rows skipped, values left empty and values for which the contract has no column."""
    entity = imported.entity
    for what, counter in (("_reason", imported.skipped), ("_lost", imported.lost)):
        condition = f"{what} is not null" + (" and _reason is null" if what == "_lost" else "")
        for text, n in connection.execute(
            f"select {what}, count(*) from {table} where {condition} group by all"
        ).fetchall():
            counter[str(text)] += int(n)
    joined = f"{raw} as raw positional join (select _reason from {table}) as checked"
    for column in entity.columns:
        if column.name not in given or column.required or column.transform:
            continue
        name = f"raw.{identifier(column.name)}"
        for text, n in connection.execute(
            f"select cast({name} as varchar), count(*) from {joined}\n"
            f"where _reason is null and {name} is not null and {_value(column, given)} is null group by all"
        ).fetchall():
            imported.emptied[f"{column.name} cannot be {text!r}"] += int(n)
    for name in given:
        if entity.column(name) is None and name not in (_SKIP, _LOST):
            row = connection.execute(
                f"select count(raw.{identifier(name)}) from {joined} where _reason is null"
            ).fetchone()
            if row and row[0]:
                imported.lost[f"{name} is no column of the contract"] = int(row[0])


def _no_rows(entity: Entity) -> str:
    columns = ", ".join(f"cast(null as {landing_type(c)}) as {identifier(c.name)}" for c in entity.columns)
    return f"select {columns} where false"


def _day_after_newest(connection: duckdb.DuckDBPyConnection, imported: Sequence[Imported]) -> datetime.date:
    tables = [one.table for one in imported if one.table]
    if not tables:
        raise SourceError("Synthea fills none of the domains of this mesh")
    newest = " union all ".join(f"select max({identifier(VERSION)}) as newest from {table}" for table in tables)
    row = connection.execute(f"select cast(max(newest) as date) + 1 from ({newest})").fetchone()
    if row is None or row[0] is None:
        raise SourceError("the export has no rows")
    day: datetime.date = row[0]
    return day


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="folder of the export's CSV files")
    parser.add_argument(
        "--output",
        type=Path,
        default=LANDING,
        metavar="DIR",
        help="landing zone to write (default: %(default)s)",
    )
    parser.add_argument(
        "--landed-date",
        type=datetime.date.fromisoformat,
        metavar="DATE",
        help="partition to write (default: the day after the newest change in the export)",
    )
    parser.add_argument(
        "--contracts",
        type=Path,
        default=CONTRACTS,
        metavar="DIR",
        help="data contracts (default: %(default)s)",
    )
    parser.add_argument("--format", choices=FORMATS, help="file format (default: what the contracts say)")
    parser.add_argument("--no-corrections", action="store_true", help="leave known wrong codes as they are")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
