"""Make synthetic landing data from the data contracts.

Everything comes from contracts/*.odcs.yaml and the code systems under dbt/seeds: no other file knows the domains. The
same seed gives the same files, to the byte, within one version of DuckDB.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
from landing import FORMATS, LANDING, Landing, LandingError, connect, identifier
from progress import Progress
from queries import Query
from references import Parent, References
from values import BITS, DAY, ROW, Settings, Values, row_limit, seconds_after

from contracts import (
    CODE_SYSTEMS,
    CONTRACTS,
    VERSION,
    CodeSystem,
    Column,
    ContractError,
    Entity,
    landing_format,
    load_code_systems,
    load_entities,
)

# Shares of the rows that have landed so far, per day after the first.
NEW = 0.05
UPDATED = 0.03
LATE = 0.01
DUPLICATED = 0.01

_ROWS = "_rows"
_KIND = "_kind"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    options = _options(arguments)
    settings = Settings(options.patients, options.days, options.first_day, options.seed)
    try:
        entities = load_entities(options.contracts)
        code_systems = load_code_systems(options.code_systems)
        format = options.format or landing_format(entities)
        rows = generate(entities, code_systems, settings, options.output, format)
    except (ContractError, LandingError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    print(f"{rows} rows of {len(entities)} entities in {options.output}")
    return 0


def generate(
    entities: Sequence[Entity],
    code_systems: Mapping[str, CodeSystem],
    settings: Settings,
    output: Path,
    format: str,
) -> int:
    """Write the landing data of the entities; the number of landed rows.

    Raises ContractError for a contract that no data can be made from, and LandingError for an output directory that is
    somebody else's. In both cases nothing is written.
    """
    connection = connect()
    ordered = _parents_first(entities)
    last = {entity.domain: index for index, entity in enumerate(ordered)}
    progress = Progress("Landing data", len(last))
    parents: dict[str, Parent] = {}
    referred = set().union(*map(_parents_of, ordered))
    landed = 0
    with Landing(output, format, connection) as landing:
        for index, entity in enumerate(ordered):
            with _said_of(entity):
                values, complete = _make_rows(entity, code_systems, settings, connection, parents)
                for day in range(1, settings.days + 1):
                    landed += landing.write(entity, settings.day(day), _landed_rows(values, day))
                if entity.id in referred:
                    parents[entity.id] = _parent(values, complete, connection)
            connection.execute(f"drop table {_ROWS}")
            if last[entity.domain] == index:
                progress.step(progress.done + 1, entity.domain)
    progress.finish(f"{landed} rows of {settings.patients} patients over {settings.days} days")
    return landed


def _make_rows(
    entity: Entity,
    code_systems: Mapping[str, CodeSystem],
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    parents: Mapping[str, Parent],
) -> tuple[Values, frozenset[str]]:
    """Put the rows of the entity into a table, with their references.

    Returns what makes their other values, and the columns without a null before values are left out.
    """
    values = Values(entity, settings, code_systems, rows=max(1, round(entity.rows_per_patient * settings.patients)))
    values.rows = min([values.rows, *_limits(entity, values, parents)])
    references = References(entity, parents, values, _numbered_rows(values))
    connection.execute(f"create temp table {_ROWS} as {_rows(values, references)}")
    required = {column.name for column in entity.columns if column.required}
    return values, frozenset(required | references.complete)


def _parent(values: Values, complete: frozenset[str], connection: duckdb.DuckDBPyConnection) -> Parent:
    """The entity as a parent, with what children may ask of it."""
    entity, table = values.entity, identifier(values.entity.id)
    kept = [
        f"{identifier(values.holder(column.name))} as {identifier(column.name)}"
        for column in entity.columns
        if column.name == values.held or column.reference or column.type in ("date", "timestamp")
    ]
    query = Query()
    query.add(f"select * from {_ROWS}")
    _add_values(query, values)
    query.add(f"select {', '.join([ROW, *kept])} from {query.last}")
    connection.execute(f"create temp table {table} as {query.sql}")
    return Parent(values, table, _landed_by(connection, values.settings.days), complete)


@contextmanager
def _said_of(entity: Entity) -> Iterator[None]:
    """What DuckDB says against SQL made from a contract, or against its values, is said of the contract."""
    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError) as error:
        raise entity.error(f"no rows can be made: {error}") from error


def _limits(entity: Entity, values: Values, parents: Mapping[str, Parent]) -> list[int]:
    """How many rows the required unique columns admit: a parent, or a code, has one each."""
    limits = []
    for column in entity.columns:
        if column.unique and column.required:
            if column.reference and column.reference.entity in parents:
                limits.append(parents[column.reference.entity].landed_by[-1])
            elif limit := row_limit(column, values):
                limits.append(limit)
    return limits


def _landed_by(connection: duckdb.DuckDBPyConnection, days: int) -> tuple[int, ...]:
    counts = ", ".join(f"count(*) filter ({DAY} <= {day})" for day in range(1, days + 1))
    row = connection.execute(f"select {counts} from {_ROWS}").fetchone()
    return tuple(row or ())


def _parents_first(entities: Sequence[Entity]) -> list[Entity]:
    """The entities in such order that those referred to come first; ContractError where references run in a circle."""
    present = {entity.id for entity in entities}
    waiting = [_without_absent_parents(entity, present) for entity in entities]
    ordered: list[Entity] = []
    while waiting:
        done = {entity.id for entity in ordered}
        ready = [entity for entity in waiting if _parents_of(entity) <= done]
        if not ready:
            circle = ", ".join(entity.id for entity in waiting)
            raise ContractError(f"references run in a circle among {circle}; leave one of them out of its contract")
        ordered += ready
        waiting = [entity for entity in waiting if entity not in ready]
    return ordered


def _parents_of(entity: Entity) -> set[str]:
    return {column.reference.entity for column in entity.columns if column.reference} - {entity.id}


def _without_absent_parents(entity: Entity, present: set[str]) -> Entity:
    """The entity with a reference to a contract that is not there made a free key."""
    columns = [
        replace(column, reference=None) if column.reference and column.reference.entity not in present else column
        for column in entity.columns
    ]
    return replace(entity, columns=tuple(columns))


# -- the select of one entity ------------------------------------------------------------------------------------------


def _rows(values: Values, references: References) -> str:
    """The query of all rows of the entity, in their order, with their references.

    Other values are added each time that rows are read, which takes less than to keep them.
    """
    query, columns = references.query, values.entity.columns
    own = [column for column in columns if column.reference and column.reference.entity == values.entity.id]
    values.settled = frozenset([*references.names, *(column.name for column in own)]) - values.numbered.keys()
    required = [column.name for column in columns if column.name in references.names and column.required]
    if missing := [name for name in required if name not in references.complete]:
        condition = " and ".join(f"{identifier(values.holder(name))} is not null" for name in missing)
        number = f"row_number() over (order by {ROW}) as {ROW}"
        query.add(f"select * replace ({number})\nfrom {query.last}\nwhere {condition}")
    if own:
        # What they hold is that of another row: it must be there.
        levels = values.levels()
        while levels and values.held not in {ROW, *values.settled}:
            level = levels.pop(0)
            _add_level(query, values, level)
            values.settled |= {column.name for column in level}
        query.add_columns([(values.holder(column.name), references.self_reference(column)) for column in own])
    return f"{query.sql}\norder by {ROW}"


def _add_values(query: Query, values: Values) -> None:
    """Add to the rows what they lack, complete and in its first version.

    Values are left out later, so that a time after a missing time, or the unit of a missing value, still has a base.
    """
    for level in values.levels():
        _add_level(query, values, level)
    query.add_columns([(VERSION, _first_version(values))])


def _add_level(query: Query, values: Values, level: Sequence[Column]) -> None:
    if helpers := [helper for column in level for helper in values.helpers(column).items()]:
        query.add_columns(helpers)
    query.add_columns((column.name, values.value(column)) for column in level)


def _numbered_rows(values: Values) -> Query:
    """The rows as numbers, each with the day it lands: the bulk on the first."""
    days = values.settings.days
    whole = 1 + NEW * (days - 1)
    bounds = [max(1, round(values.rows * (1 + NEW * (day - 1)) / whole)) for day in range(1, days)]
    day = " + ".join(["1", *(f"cast(range > {bound} as integer)" for bound in bounds)])
    query = Query()
    query.add(f"select range as {ROW}, {day} as {DAY}\nfrom range(1, {values.rows + 1})")
    query.add_columns(zip(BITS, values.row_bits(), strict=True))
    return query


def _first_version(values: Values) -> str:
    """When the record was last changed before it landed.

    The initial load brings records changed 11 to 30 days after their event; room is left before for an older version.
    """
    settings = values.settings
    times = [column for column in values.entity.columns if column.type == "timestamp" and column.name != VERSION]
    event = next((column for column in times if column.required), times[0] if times else None)
    base = values.base_time(f"{VERSION}#event")
    if event:
        base = f"coalesce({identifier(event.name)}, {base})"
    second = values.pick(VERSION, 86400)
    changed = seconds_after(base, f"{11 * 86400} + {values.pick(f'{VERSION}#days', 19 * 86400)}")
    latest = seconds_after(f"timestamp '{settings.first_day}'", f"-1 - {second}")
    landed = seconds_after(f"timestamp '{settings.first_day}'", f"86400 * ({DAY} - 1) - 1 - {second}")
    return f"case when {DAY} = 1 then least({changed}, {latest}) else {landed} end"


def _landed_rows(values: Values, day: int) -> str:
    """What lands on a day: new rows, newer and older versions of earlier ones, and after day 1 some rows twice."""
    entity = values.entity
    is_new = f"{DAY} = {day}"
    is_changed = values.by_chance(f"{_KIND}#{day}", UPDATED + LATE)
    is_updated = values.by_chance(f"{_KIND}#{day}", UPDATED)
    kind = f"case when {is_new} then 'new' when {is_updated} then 'updated' else 'late' end"
    derived = [column for column in entity.columns if column.transform]
    query = Query()
    if day == 1:
        query.add(f"select *\nfrom {_ROWS}\nwhere {is_new}")
    else:
        query.add(f"select *, {kind} as {_KIND}\nfrom {_ROWS}\nwhere {is_new} or {DAY} < {day} and {is_changed}")
        copies = f"case when {values.by_chance(f'{_KIND}#copies {day}', DUPLICATED)} then 2 else 1 end"
        # Few rows of each batch are left. Sorting makes whole batches of them, which is less work for what follows.
        query.add(f"select *, unnest(range({copies})) as _copy\nfrom {query.last}\norder by {ROW}")
    _add_values(query, values)
    if day > 1:
        changes = ", ".join(f"{sql} as {identifier(name)}" for name, sql in _changed(values, day))
        query.add(f"select * replace ({changes})\nfrom {query.last}")
    landed = [(column.name, _present(values, column)) for column in entity.columns if not column.transform]
    query.add_columns([*((f"_raw.{c.name}", identifier(c.name)) for c in derived), *landed], kept=ROW)
    query.add_columns((column.name, _derived(column)) for column in derived)
    return query.sql


def _changed(values: Values, day: int) -> list[tuple[str, str]]:
    """The columns in which a newer or older version differs from the first one."""
    midnight = f"timestamp '{values.settings.day(day)}'"
    newer = seconds_after(midnight, f"-1 - {values.pick(f'{VERSION}#{day}', 86400)}")
    older = seconds_after(identifier(VERSION), f"-86400 - {values.pick(f'{VERSION}#{day}', 9 * 86400)}")
    version = f"case {_KIND} when 'updated' then {newer} when 'late' then {older} else {identifier(VERSION)} end"
    changed = [(VERSION, version)]
    if column := values.changing_column():
        other = values.changed(column, str(day))
        changed.append((column.name, f"case {_KIND} when 'new' then {identifier(column.name)} else {other} end"))
    return changed


def _present(values: Values, column: Column) -> str:
    """The column's value, or null in the share of rows that have none."""
    condition = values.is_present(column)
    return f"case when {condition} then {identifier(column.name)} end" if condition else identifier(column.name)


def _derived(column: Column) -> str:
    """A derived column is made from what has landed; only a required one falls back on the complete row."""
    return (
        f"coalesce({column.transform}, {identifier(f'_raw.{column.name}')})"
        if column.required
        else f"({column.transform})"
    )


# -- the command line --------------------------------------------------------------------------------------------------


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--contracts",
        type=Path,
        default=CONTRACTS,
        metavar="DIR",
        help="data contracts (default: %(default)s)",
    )
    parser.add_argument(
        "--code-systems",
        type=Path,
        default=CODE_SYSTEMS,
        metavar="DIR",
        help="code systems as CSV (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=LANDING,
        metavar="DIR",
        help="landing zone to write (default: %(default)s)",
    )
    parser.add_argument("--format", choices=FORMATS, help="file format (default: what the contracts say)")
    add_size_options(parser)
    return parser.parse_args(arguments)


def add_size_options(parser: argparse.ArgumentParser) -> None:
    """The options that say how much is generated."""
    default = Settings()
    parser.add_argument(
        "--patients",
        type=positive,
        default=default.patients,
        metavar="N",
        help="number of patients (default: %(default)s)",
    )
    parser.add_argument(
        "--days",
        type=positive,
        default=default.days,
        metavar="N",
        help="partitions: an initial load and the days after it (default: %(default)s)",
    )
    parser.add_argument(
        "--first-day",
        type=datetime.date.fromisoformat,
        default=default.first_day,
        metavar="DATE",
        help="day of the initial load (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=default.seed,
        metavar="N",
        help="other data for another number (default: %(default)s)",
    )


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
