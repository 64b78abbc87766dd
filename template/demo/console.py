"""Write the console: one page that shows the mesh as the last demo left it, from its database and dbt's artifacts.

The page is one file that opens from the disk and loads nothing.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import hashlib
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import yaml
from artifacts import DATABASE, PAGE, ArtifactError, Node, Run, read_run
from charts import MARKS, Chart, ChartError, chart, number, worded
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lineage import FORMS, Part, Picture, draw

from contracts import CONTRACTS, PARTITION, REPOSITORY

TEMPLATES = Path(__file__).resolve().parent / "console"
SHOWN_ROWS = 400
# One row more than the largest chart shows, to tell whether there are more.
ROWS_READ = max(MARKS.values()) + 1
# A larger mesh is shown in a frame that scrolls.
SHOWN_ENTITIES = 60
CODE_SYSTEMS = "code systems"

_HOURS = {"m": 1 / 60, "h": 1.0, "d": 24.0}
# In the order of what matters to a reader.
_OUTCOMES = ("failed", "warned", "skipped", "not run", "passed")
_FINE = ("passed", "not run", "no-op")


class ConsoleError(Exception):
    """There is nothing to show. The message says how to mend it."""


@dataclass(frozen=True)
class Checks:
    """The tests of a node or of several."""

    tests: tuple[Node, ...]

    @cached_property
    def counts(self) -> list[tuple[str, int]]:
        """Outcome and how often, what went wrong first."""
        counted = Counter(test.outcome for test in self.tests)
        return [(outcome, counted[outcome]) for outcome in sorted(counted, key=_order)]

    @property
    def troubles(self) -> list[Node]:
        """Those that ran and did not pass."""
        return [test for test in self.tests if test.outcome not in _FINE]


@dataclass(frozen=True)
class Table:
    """A model or seed in the database. `days` says how many rows came with each landing day; rows is None if absent."""

    node: Node
    rows: int | None
    days: Mapping[datetime.date, int]
    checks: Checks

    @property
    def entity(self) -> str:
        """The name without what it shares with its domain."""
        return self.node.name.partition("__")[2] or self.node.name

    @property
    def newest(self) -> datetime.date | None:
        return max(self.days, default=None)

    @property
    def trouble(self) -> str:
        """In one word what went wrong with it or its tests; empty if nothing did."""
        outcomes = [self.node.outcome, *(outcome for outcome, _ in self.checks.counts)]
        return min((outcome for outcome in outcomes if outcome not in _FINE), key=_order, default="")


@dataclass(frozen=True)
class Domain:
    """A domain by its contract, with its tables. `demo_day` is the newest landing day of all domains."""

    name: str
    contract: Mapping[str, Any]
    tables: tuple[Table, ...]
    demo_day: datetime.date | None

    @property
    def title(self) -> str:
        return str(self.contract.get("name") or self.name)

    @property
    def purpose(self) -> str:
        return str((self.contract.get("description") or {}).get("purpose") or "")

    @property
    def owner(self) -> str:
        team = self.contract.get("team") or {}
        owners = [str(member["username"]) for member in team.get("members", ()) if member.get("role") == "owner"]
        return ", ".join(owners) or str(team.get("name") or "not named")

    @property
    def rows(self) -> int:
        return sum(table.rows or 0 for table in self.tables)

    @cached_property
    def days(self) -> list[datetime.date]:
        return sorted({day for table in self.tables for day in table.days})

    @cached_property
    def checks(self) -> Checks:
        return Checks(tuple(test for table in self.tables for test in table.checks.tests))

    @property
    def trouble(self) -> str:
        """In one word what went wrong in it; empty if nothing did."""
        return min((table.trouble for table in self.tables if table.trouble), key=_order, default="")

    @property
    def columns(self) -> list[Mapping[str, Any]]:
        """The columns of the contract that come with the data."""
        return [
            column
            for entity in self.contract.get("schema", ())
            for column in entity.get("properties", ())
            if column["name"] != PARTITION
        ]

    @property
    def phi(self) -> list[tuple[str, int]]:
        """Each class of protected data, and how many columns have it."""
        classes = Counter(str(column.get("classification") or "not classified") for column in self.columns)
        return sorted((name, times) for name, times in classes.items() if name != "none")

    @cached_property
    def sla_hours(self) -> float | None:
        """How old the newest landing may be, by the contract."""
        for item in self.contract.get("slaProperties", ()):
            if item.get("property") == "freshness" and item.get("unit") in _HOURS:
                return float(item["value"]) * _HOURS[item["unit"]]
        return None

    def age_hours(self, table: Table) -> int | None:
        """How much older the newest landing of a table is than that of the demo."""
        return (self.demo_day - table.newest).days * 24 if self.demo_day and table.newest else None

    @cached_property
    def freshness(self) -> str:
        """Whether every table is within the contract's SLA."""
        ages = [self.age_hours(table) for table in self.tables]
        if not ages or None in ages:
            return "nothing landed"
        if self.sla_hours is None:
            return "no SLA"
        return "within SLA" if max(age for age in ages if age is not None) <= self.sla_hours else "outside SLA"

    @cached_property
    def landing_chart(self) -> Chart | None:
        rows = [(day, sum(table.days.get(day, 0) for table in self.tables)) for day in self.days]
        asked = {"kind": "column", "title": "Rows by landing day", "x": "landing_day", "y": "rows"}
        try:
            return chart(asked, ("landing_day", "rows"), rows)
        except ChartError:
            return chart(asked | {"kind": "line"}, ("landing_day", "rows"), rows) if rows else None


@dataclass(frozen=True)
class Mart:
    """A model behind staging, with what its own example query returns and how that is drawn."""

    table: Table
    inputs: tuple[str, ...]
    readers: tuple[Node, ...]
    query: str | None
    columns: tuple[str, ...]
    result: tuple[tuple[Any, ...], ...]
    chart: Chart | None
    note: str

    @property
    def name(self) -> str:
        return self.table.node.name


@dataclass(frozen=True)
class Mesh:
    """Everything that the page shows."""

    title: str
    run: Run
    domains: tuple[Domain, ...]
    marts: tuple[Mart, ...]
    code_systems: tuple[Table, ...]
    edges: tuple[tuple[str, str], ...]
    pictures: tuple[Picture, ...]
    demo_day: datetime.date | None

    @property
    def tables(self) -> list[Table]:
        return [table for domain in self.domains for table in domain.tables]

    @property
    def is_large(self) -> bool:
        """Whether the picture is too long for the page."""
        return len(self.tables) > SHOWN_ENTITIES

    @property
    def rows(self) -> int:
        return sum(domain.rows for domain in self.domains)

    @property
    def checks(self) -> Checks:
        return Checks(tuple(node for node in self.run.nodes.values() if node.is_test))

    @property
    def troubles(self) -> list[Node]:
        """What did not pass, in the order in which it ran."""
        return [node for node in self.run.results if node.outcome not in _FINE]

    def reads(self, node: Node) -> list[str]:
        """What flows into a model, as the picture calls it."""
        sources = (source for source, target in self.edges if target == node.id)
        return [
            f"landing zone of {source.removeprefix('landing.')}"
            if source.startswith("landing.")
            else self.run.nodes[source].name
            for source in sources
        ]

    @property
    def ended(self) -> str:
        """When dbt ended, as a person writes it."""
        moment = datetime.datetime.fromisoformat(self.run.ended)
        return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=PAGE, metavar="FILE", help="default: demo/console.html")
    output: Path = parser.parse_args(arguments).output
    started = time.monotonic()
    try:
        page = render(read_mesh())
    except ConsoleError as error:
        print(f"console.py: {error}", file=sys.stderr)
        return 1
    output.write_text(page, encoding="utf-8")
    print(f"Console ({time.monotonic() - started:.1f} s)\n  {output.resolve()}")
    return 0


# -- what there is -----------------------------------------------------------------------------------------------------


def read_mesh() -> Mesh:
    """The mesh of the last demo. Raises ConsoleError where there was none."""
    try:
        run = read_run()
        connection = duckdb.connect(str(DATABASE), read_only=True)
    except (ArtifactError, duckdb.Error) as error:
        raise ConsoleError(f"{error}; `make demo` builds what the console shows") from None
    with connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = _tables(connection, run)
        demo_day = max((table.newest for table in tables.values() if table.newest), default=None)
        domains = _domains(list(tables.values()), demo_day)
        marts = tuple(
            _mart(connection, run, table) for table in tables.values() if table.node.is_model and not table.node.domain
        )
    seeds = tuple(table for table in tables.values() if not table.node.is_model)
    edges = _edges(run)
    parts = _parts(domains, marts, seeds, edges)
    return Mesh(
        title=_title(domains),
        run=run,
        domains=domains,
        marts=marts,
        code_systems=seeds,
        edges=edges,
        pictures=tuple(draw(parts, edges, form) for form in FORMS),
        demo_day=demo_day,
    )


def _tables(connection: duckdb.DuckDBPyConnection, run: Run) -> dict[str, Table]:
    """The models and seeds of the project, by id, in the order of their names."""
    tests: dict[str, list[Node]] = {}
    for node in run.nodes.values():
        if node.subject:
            tests.setdefault(node.subject, []).append(node)
    described = "select table_schema || '.' || table_name, list(column_name) from information_schema.columns group by 1"
    columns: dict[str, list[str]] = dict(connection.execute(described).fetchall())
    tables = {}
    for node in sorted(run.nodes.values(), key=lambda node: (node.name, node.id)):
        if node.type not in ("model", "seed"):
            continue
        rows: int | None = None
        days: dict[datetime.date, int] = {}
        if node.plain_relation in columns:
            by_day = node.is_staging and PARTITION in columns[node.plain_relation]
            counted = f"select {PARTITION if by_day else 'null'}, count(*) from {node.relation} group by 1 order by 1"
            found = connection.execute(counted).fetchall()
            rows = sum(count for _, count in found)
            days = {day: times for day, times in found if day is not None}
        ordered = sorted(tests.get(node.id, ()), key=lambda test: (*_order(test.outcome), test.name))
        tables[node.id] = Table(node, rows, days, Checks(tuple(ordered)))
    return tables


def _domains(tables: Sequence[Table], demo_day: datetime.date | None) -> tuple[Domain, ...]:
    """The domains that have a contract or a staging model."""
    # The loader of libyaml, where there is one, reads a mesh of two hundred contracts in time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    contracts: dict[str, Mapping[str, Any]] = {}
    for path in sorted(CONTRACTS.glob("*.odcs.yaml")):
        contract = loader(path.read_text(encoding="utf-8")).get_single_data()
        contracts[str(contract.get("domain") or path.name.removesuffix(".odcs.yaml"))] = contract
    names = sorted(contracts.keys() | {table.node.domain for table in tables if table.node.domain})
    return tuple(
        Domain(name, contracts.get(name, {}), tuple(table for table in tables if table.node.domain == name), demo_day)
        for name in names
    )


def _mart(connection: duckdb.DuckDBPyConnection, run: Run, table: Table) -> Mart:
    node = table.node
    columns: tuple[str, ...] = ()
    result: list[tuple[Any, ...]] = []
    drawn: Chart | None = None
    note = ""
    if node.example_query and table.rows is not None:
        try:
            cursor = connection.execute(node.example_query)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            result = cursor.fetchmany(ROWS_READ)
            if asked := node.meta.get("chart"):
                drawn = chart(asked, columns, result)
        except duckdb.Error as error:
            note = f"The example query does not run: {without_paths(str(error))}"
        except ChartError as error:
            note = f"No chart: {error}."
    return Mart(
        table=table,
        # Its domains, and what else it reads.
        inputs=tuple(sorted({run.nodes[id].domain or run.nodes[id].name for id in node.inputs if id in run.nodes})),
        readers=tuple(other for other in run.nodes.values() if other.type == "exposure" and node.id in other.inputs),
        query=node.example_query,
        columns=columns,
        result=tuple(result),
        chart=drawn,
        note=note,
    )


def _edges(run: Run) -> tuple[tuple[str, str], ...]:
    """What flows into each model, by the manifest. All sources of a domain are one node: its landing zone."""
    flowing = ("source", "seed", "model")
    return tuple(
        dict.fromkeys(
            (_part_id(run.nodes[id]), node.id)
            for node in sorted(run.nodes.values(), key=lambda node: node.id)
            for id in sorted(node.inputs)
            if node.is_model and id in run.nodes and run.nodes[id].type in flowing
        )
    )


def _part_id(node: Node) -> str:
    return f"landing.{node.domain}" if node.type == "source" else node.id


def _parts(
    domains: Sequence[Domain], marts: Sequence[Mart], seeds: Sequence[Table], edges: Sequence[tuple[str, str]]
) -> list[Part]:
    """The nodes of the picture: every domain, entity and mart, and the code systems that models read."""
    parts = []
    for domain in domains:
        parts.append(
            Part(f"landing.{domain.name}", "landing", domain.name, domain.name, count(domain.rows), domain.trouble)
        )
        parts += [
            Part(table.node.id, "staging", table.entity, domain.name, count(table.rows), table.trouble)
            for table in domain.tables
        ]
    known = {part.id for part in parts}
    for source, _ in edges:
        if source.startswith("landing.") and source not in known:
            parts.append(Part(source, "landing", source.removeprefix("landing."), source))
            known.add(source)
    read = {source for source, _ in edges}
    parts += [
        Part(seed.node.id, "staging", seed.node.name, CODE_SYSTEMS, count(seed.rows), seed.trouble)
        for seed in seeds
        if seed.node.id in read
    ]
    parts += [
        Part(mart.table.node.id, "marts", mart.name, "marts", count(mart.table.rows), mart.table.trouble)
        for mart in marts
    ]
    return parts


def _title(domains: Sequence[Domain]) -> str:
    """Named for the tenant that most contracts name."""
    tenants = Counter(str(domain.contract["tenant"]) for domain in domains if domain.contract.get("tenant"))
    organization = min(tenants, key=lambda tenant: (-tenants[tenant], tenant), default="")
    return f"{organization} clinical data mesh" if organization else "Clinical data mesh"


def _order(outcome: str) -> tuple[int, str]:
    return (_OUTCOMES.index(outcome) if outcome in _OUTCOMES else len(_OUTCOMES), outcome)


# -- the page ----------------------------------------------------------------------------------------------------------


def render(mesh: Mesh) -> str:
    """The page. The same mesh gives the same bytes."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "count": count,
        "cell": cell,
        "worded": worded,
        "without_paths": without_paths,
        "number": number,
    }
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return environment.get_template("page.html").render(
        mesh=mesh,
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        shown_rows=SHOWN_ROWS,
    )


def count(rows: int | None) -> str:
    """A number of rows; of what is not in the database there is none to tell."""
    return "not built" if rows is None else f"{rows:,}"


def cell(value: Any) -> str:
    """A value of the database as a table shows it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return number(float(value))
    return str(value)


def without_paths(text: str) -> str:
    """A message without the folders of this machine."""
    text = text.replace(f"{REPOSITORY}/", "")
    return re.sub(r"(?<![\w.…/])/(?:[^\s/'\":,]+/)+", "…/", text).strip()


def _hash(text: str) -> str:
    """How the page's policy names an inline style or script: by its digest, so that no other one runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


if __name__ == "__main__":
    sys.exit(main())
