"""Reads landing data with DuckDB in an environment that has it, and checks it against the contracts.

The rules are written from the contracts alone and share no code with the generator or the importer.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.engines.environments import Environment

# Runs each query of a JSON object from standard input; the views come first, separated by semicolons.
QUERIES = """
import duckdb, json, sys
request = json.load(sys.stdin)
connection = duckdb.connect()
connection.execute("set TimeZone = 'UTC'")
for view in request["views"]:
    connection.execute(view)
rows = {name: connection.execute(sql).fetchall() for name, sql in request["queries"].items()}
json.dump(rows, sys.stdout, default=str)
"""

TYPES = {
    "string": "varchar",
    "integer": "bigint",
    "number": "decimal(38, 9)",
    "date": "date",
    "timestamp": "timestamptz",
    "boolean": "boolean",
}
READERS = {
    "parquet": "read_parquet('{files}', hive_partitioning = true)",
    "csv": "read_csv('{files}', hive_partitioning = true, all_varchar = true, header = true)",
    "json": "read_json('{files}', hive_partitioning = true, format = 'newline_delimited', columns = {columns})",
}
UNITS = {"m": "minute", "h": "hour", "d": "day"}


@dataclass(frozen=True)
class Entity:
    """An entity of a contract."""

    domain: str
    name: str
    properties: list[dict[str, Any]]

    @property
    def id(self) -> str:
        return f"{self.domain}.{self.name}"

    @property
    def view(self) -> str:
        """Every landed row, with the contract's names and types."""
        return f'"{self.id}"'

    @property
    def latest(self) -> str:
        """The version of each record that wins."""
        return f'"{self.id} latest"'

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns of the files."""
        return [column for column in self.properties if column["name"] != "landed_date"]

    @property
    def key(self) -> str:
        return next(str(column["name"]) for column in self.columns if column.get("primaryKey"))

    def column(self, name: str) -> dict[str, Any]:
        return next(column for column in self.columns if column["name"] == name)

    def references(self) -> dict[str, tuple[str, str]]:
        """Foreign key -> entity id and column of the parent."""
        found = {}
        for column in self.columns:
            for relationship in column.get("relationships", []):
                target = re.sub(r"\.odcs\.yaml#/schema/|/properties/", ".", relationship["to"]).split(".")
                domain, entity, name = target if len(target) == 3 else (self.domain, *target)
                found[column["name"]] = (f"{domain}.{entity}", name)
        return found


@dataclass(frozen=True)
class LandingZone:
    """Landing data made from the contracts of a rendered repository."""

    repository: Path
    root: Path
    environment: Environment
    format: str = "parquet"

    @cached_property
    def entities(self) -> dict[str, Entity]:
        contracts = [
            yaml.safe_load(path.read_text()) for path in sorted((self.repository / "contracts").glob("*.odcs.yaml"))
        ]
        found = [
            Entity(contract["domain"], schema["name"], schema["properties"])
            for contract in contracts
            for schema in contract["schema"]
        ]
        return {entity.id: entity for entity in found}

    @cached_property
    def code_systems(self) -> dict[str, list[dict[str, str]]]:
        folder = self.repository / "dbt" / "seeds" / "code_systems"
        found = {}
        for path in sorted(folder.glob("*.csv")):
            with path.open(newline="") as file:
                found[path.stem] = list(csv.DictReader(file))
        return found

    def query(self, queries: dict[str, str]) -> dict[str, list[list[Any]]]:
        """The rows of each query; dates, times and decimals come as text."""
        request = {"views": [sql for e in self.entities.values() for sql in self._views(e)], "queries": queries}
        result = subprocess.run(
            [self.environment.python, "-c", QUERIES],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        answer: dict[str, list[list[Any]]] = json.loads(result.stdout)
        return answer

    def numbers(self, queries: dict[str, str]) -> dict[str, Any]:
        """The first value of each query."""
        return {name: rows[0][0] for name, rows in self.query(queries).items()}

    def violations(self, *rules: str) -> dict[str, int]:
        """How many rows break a rule, for each rule and column in which there are any."""
        queries = {
            f"{rule} {entity.id}.{name}": sql
            for entity in self.entities.values()
            for rule in rules
            for name, sql in getattr(self, f"_{rule}")(entity).items()
        }
        assert queries, rules
        return {name: count for name, count in self.numbers(queries).items() if count}

    # -- views -----------------------------------------------------------------------------------------------------

    def _views(self, entity: Entity) -> list[str]:
        files = f"{self.root}/{entity.domain}/{entity.name}/*/*.{self.format}"
        physical = {c["name"]: c.get("physicalName", c["name"]) for c in entity.columns}
        columns = "{" + ", ".join(f"\"{physical[c['name']]}\": '{_landed(c)}'" for c in entity.columns) + "}"
        reader = READERS[self.format].format(files=files, columns=columns)
        selected = ", ".join(f"{self._read(c, physical[c['name']])} as {c['name']}" for c in entity.columns)
        return [
            f"create view {entity.view} as select {selected}, cast(landed_date as date) as landed_date from {reader}",
            f"create view {entity.latest} as select * from {entity.view} qualify row_number() over "
            f"(partition by {entity.key} order by updated_at desc, landed_date desc) = 1",
        ]

    def _read(self, column: dict[str, Any], physical: str) -> str:
        nested = self.format == "csv" and column["logicalType"] in ("array", "object")
        value = f'cast("{physical}" as json)' if nested else f'"{physical}"'
        return f"cast({value} as {_type(column)})"

    # -- rules: for each column the query that counts what breaks it --------------------------------------------------

    def _keys(self, entity: Entity) -> dict[str, str]:
        """Two rows of a record that landed on one day with one time of change are the same row."""
        return {
            entity.key: "select count(*) from (select 1 from (select distinct * from "
            f"{entity.view}) group by {entity.key}, updated_at, landed_date having count(*) > 1)"
        }

    def _unique(self, entity: Entity) -> dict[str, str]:
        return {
            c["name"]: f"select count({c['name']}) - count(distinct {c['name']}) from {entity.latest}"
            for c in entity.columns
            if c.get("unique")
        }

    def _required(self, entity: Entity) -> dict[str, str]:
        return {
            c["name"]: f"select count(*) from {entity.view} where {c['name']} is null"
            for c in entity.columns
            if c.get("required")
        }

    def _references(self, entity: Entity) -> dict[str, str]:
        """Every foreign key has a parent, which landed on that day or before."""
        found = {}
        for name, (parent, key) in entity.references().items():
            first = f'(select {key} as key, min(landed_date) as day from "{parent}" group by {key})'
            found[name] = (
                f"select count(*) from {entity.view} as child left join {first} as parent on parent.key = child.{name} "
                f"where child.{name} is not null and (parent.key is null or parent.day > child.landed_date)"
            )
        return found

    def _agreement(self, entity: Entity) -> dict[str, str]:
        """What row and parent both refer to under one name is the same."""
        found = {}
        references = entity.references()
        for name, (parent, key) in references.items():
            for shared, target in self.entities[parent].references().items():
                if shared != name and references.get(shared) == target and parent != entity.id:
                    found[f"{shared} by {name}"] = (
                        f'select count(*) from {entity.latest} as child join "{parent} latest" as parent '
                        f"on parent.{key} = child.{name} where child.{shared} <> parent.{shared}"
                    )
        return found

    def _accepted(self, entity: Entity) -> dict[str, str]:
        found = {}
        for c in entity.columns:
            for rule in c.get("quality", []):
                values = ", ".join(f"'{value}'" for value in rule["arguments"]["validValues"])
                found[c["name"]] = f"select count(*) from {entity.view} where {c['name']} not in ({values})"
        return found

    def _codes(self, entity: Entity) -> dict[str, str]:
        found = {}
        for c in entity.columns:
            if concepts := self.code_systems.get(_properties(c).get("codeSystem", "")):
                codes = ", ".join(f"'{concept['code']}'" for concept in concepts)
                column = f"unnest({c['name']})" if c["logicalType"] == "array" else c["name"]
                found[c["name"]] = (
                    f"select count(*) from (select {column} as code from {entity.view}) where code not in ({codes})"
                )
        return found

    def _patterns(self, entity: Entity) -> dict[str, str]:
        return {
            c["name"]: f"select count(*) from {entity.view} where not regexp_full_match({c['name']}, '{pattern}')"
            for c in entity.columns
            if (pattern := c.get("logicalTypeOptions", {}).get("pattern"))
        }

    def _bounds(self, entity: Entity) -> dict[str, str]:
        found = {}
        for c in entity.columns:
            for option, sign in (("minimum", "<"), ("maximum", ">")):
                if option in c.get("logicalTypeOptions", {}):
                    bound = f"cast('{c['logicalTypeOptions'][option]}' as {_type(c)})"
                    found[f"{c['name']} {option}"] = (
                        f"select count(*) from {entity.view} where {c['name']} {sign} {bound}"
                    )
        return found

    def _order(self, entity: Entity) -> dict[str, str]:
        """Times come after the ones they must follow, and within the span given. Dates compare as dates."""
        found = {}
        references = entity.references()
        for c in entity.columns:
            reference, _, name = str(_properties(c).get("after", "")).partition(".")
            if not reference or (name and reference not in references):
                continue
            parent = self.entities[references[reference][0]] if name else entity
            earlier = f"{'parent' if name else 'child'}.{name or reference}"
            kind = parent.column(name or reference)["logicalType"]
            unit = "date" if "date" in (kind, c["logicalType"]) else "timestamp"
            later, earlier = f"cast(child.{c['name']} as {unit})", f"cast({earlier} as {unit})"
            within = re.fullmatch(r"(\d+)([mhd])", str(_properties(c).get("within", "")))
            late = f"or {later} > {earlier} + interval {within[1]} {UNITS[within[2]]}" if within else ""
            join = (
                f"join {parent.latest} as parent on parent.{references[reference][1]} = child.{reference}"
                if name
                else ""
            )
            found[c["name"]] = f"select count(*) from {entity.view} as child {join} where {later} < {earlier} {late}"
        return found

    def _lookups(self, entity: Entity) -> dict[str, str]:
        """A looked-up attribute is the concept's; a value from its range strays by no more than its half."""
        found = {}
        for c in entity.columns:
            source, _, attribute = str(_properties(c).get("lookup", "")).partition(".")
            concepts = self.code_systems.get(_properties(entity.column(source))["codeSystem"]) if source else None
            if not concepts:
                continue
            rows = ", ".join(
                "(" + ", ".join(_literal(concept.get(name)) for name in ("code", attribute, "low", "high")) + ")"
                for concept in concepts
            )
            if attribute == "range":
                wrong = f"not {c['name']} between 1.5 * low - 0.5 * high and 1.5 * high - 0.5 * low"
            else:
                value = (
                    "cast(cast(attribute as decimal(38, 9)) as varchar)"
                    if c["logicalType"] == "number"
                    else "attribute"
                )
                wrong = f"cast({c['name']} as varchar) is distinct from {value}"
            found[c["name"]] = (
                "with concepts as (select concept, attribute, cast(low as double) as low, cast(high as double) as high "
                f"from (values {rows}) as concepts (concept, attribute, low, high)) "
                f"select count(*) from {entity.view} left join concepts on concept = {source} "
                f"where {c['name']} is not null and (concept is null or {wrong})"
            )
        return found

    def _derived(self, entity: Entity) -> dict[str, str]:
        return {
            c["name"]: f"select count(*) from {entity.view} where {c['name']} is distinct from ({c['transformLogic']})"
            for c in entity.columns
            if "transformLogic" in c
        }


def _properties(column: dict[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in column.get("customProperties", [])}


def _type(column: dict[str, Any]) -> str:
    if column["logicalType"] == "array":
        return TYPES[column["items"]["logicalType"]] + "[]"
    if column["logicalType"] == "object":
        return "struct(" + ", ".join(f"{f['name']} {TYPES[f['logicalType']]}" for f in column["properties"]) + ")"
    return TYPES[column["logicalType"]]


def _landed(column: dict[str, Any]) -> str:
    """The type to read a JSON value with: times are text there."""
    return "varchar" if column["logicalType"] == "timestamp" else _type(column)


def _literal(value: str | None) -> str:
    return "'" + value.replace("'", "''") + "'" if value else "cast(null as varchar)"
