"""The data contracts of the mesh and the code systems they refer to, read from the repository."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    # A tenth of the time.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

REPOSITORY = Path(__file__).resolve().parent.parent
CONTRACTS = REPOSITORY / "contracts"
CODE_SYSTEMS = REPOSITORY / "dbt" / "seeds" / "code_systems"
PARTITION = "landed_date"
VERSION = "updated_at"

_SECONDS = {"m": 60, "h": 3600, "d": 86400}


class ContractError(Exception):
    """A contract that this code cannot work with. The message names the contract, the column and a mend."""


@dataclass(frozen=True)
class Reference:
    """The key column that a foreign key holds."""

    entity: str
    column: str


@dataclass(frozen=True)
class Column:
    """A column of an entity. The names are those of the contract; absent attributes are None or empty."""

    name: str
    type: str
    physical_name: str
    item_type: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    key: bool = False
    required: bool = False
    unique: bool = False
    reference: Reference | None = None
    pattern: str | None = None
    minimum: str | None = None
    maximum: str | None = None
    examples: tuple[Any, ...] = ()
    accepted_values: tuple[str, ...] = ()
    code_system: str | None = None
    code_system_uri: str | None = None
    system_column: str | None = None
    lookup: tuple[str, str] | None = None
    after: str | None = None
    within_seconds: int | None = None
    completeness: float = 1.0
    typical: tuple[str, ...] = ()
    transform: str | None = None


@dataclass(frozen=True)
class Entity:
    """A table of a domain. `columns` are those in the landed files: the partition column is not among them."""

    domain: str
    name: str
    rows_per_patient: float
    columns: tuple[Column, ...]
    format: str
    contract: Path

    @property
    def id(self) -> str:
        return f"{self.domain}.{self.name}"

    @property
    def key(self) -> Column:
        """The primary key; ContractError where the contract has none."""
        for column in self.columns:
            if column.key:
                return column
        raise self.error("no column has `primaryKey: true`; mark the one that tells the records apart")

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def error(self, message: str, column: Column | None = None) -> ContractError:
        """A ContractError that says where it is."""
        return ContractError(f"{self.contract.name}, {self.name}{'.' + column.name if column else ''}: {message}")


@dataclass(frozen=True)
class CodeSystem:
    """The concepts of a code system, each a mapping of attribute to text with at least code and display."""

    name: str
    concepts: tuple[Mapping[str, str], ...]


def load_entities(directory: Path = CONTRACTS) -> list[Entity]:
    """The entities of every contract in the directory, by domain and in the contract's order.

    Raises ContractError when there is no contract, or one lacks what synthetic or imported data need.
    """
    paths = sorted(directory.glob("*.odcs.yaml"))
    if not paths:
        raise ContractError(f"no *.odcs.yaml in {directory}; name the directory of the contracts with --contracts")
    return [entity for path in paths for entity in _entities(path)]


def load_code_systems(directory: Path = CODE_SYSTEMS) -> dict[str, CodeSystem]:
    """The code systems that stand as dbt seeds, by name."""
    return {path.stem: _code_system(path) for path in sorted(directory.glob("*.csv"))}


def landing_format(entities: Iterable[Entity]) -> str:
    """The one format in which the entities land; ContractError when contracts differ."""
    formats = {entity.format for entity in entities}
    if len(formats) != 1:
        raise ContractError(
            f"the contracts' `local` servers have several formats ({', '.join(sorted(formats))}); choose with --format"
        )
    return formats.pop()


def _code_system(path: Path) -> CodeSystem:
    with path.open(encoding="utf-8", newline="") as file:
        return CodeSystem(path.stem, tuple(csv.DictReader(file)))


def _entities(path: Path) -> list[Entity]:
    contract = yaml.load(path.read_text(encoding="utf-8"), Loader=SafeLoader)
    local = [server for server in contract.get("servers", ()) if server.get("server") == "local"]
    entities = [
        Entity(
            domain=contract["domain"],
            name=schema["name"],
            rows_per_patient=float(_properties(schema).get("rowsPerPatient", 3)),
            columns=tuple(
                _column(column, contract["domain"])
                for column in schema["properties"]
                if not column.get("partitioned") and column["name"] != PARTITION
            ),
            format=local[0]["format"] if local else "parquet",
            contract=path,
        )
        for schema in contract["schema"]
    ]
    for entity in entities:
        version = entity.column(VERSION)
        if entity.key and (version is None or version.type != "timestamp"):
            raise entity.error(
                f"no timestamp `{VERSION}`; every entity has one, it tells which version of a record wins"
            )
    return entities


def _column(column: Mapping[str, Any], domain: str) -> Column:
    properties = _properties(column)
    options = column.get("logicalTypeOptions", {})
    required = bool(column.get("required") or column.get("primaryKey"))
    source, _, attribute = str(properties.get("lookup", "")).partition(".")
    definitions = column.get("authoritativeDefinitions") or [{}]
    return Column(
        name=column["name"],
        type=column["logicalType"],
        physical_name=column.get("physicalName", column["name"]),
        item_type=column["items"]["logicalType"] if "items" in column else None,
        fields=tuple((field["name"], field["logicalType"]) for field in column.get("properties", ())),
        key=bool(column.get("primaryKey")),
        required=required,
        unique=bool(column.get("unique") or column.get("primaryKey")),
        reference=_reference(column, domain),
        pattern=options.get("pattern"),
        minimum=_text(options.get("minimum")),
        maximum=_text(options.get("maximum")),
        examples=tuple(column.get("examples", ())),
        accepted_values=tuple(map(str, _accepted_values(column))),
        code_system=properties.get("codeSystem"),
        code_system_uri=definitions[0].get("url"),
        system_column=properties.get("systemColumn"),
        lookup=(source, attribute) if source else None,
        after=properties.get("after"),
        within_seconds=_seconds(properties.get("within")),
        completeness=1.0 if required else float(properties.get("completeness", 0.9)),
        typical=tuple(properties.get("typicalCodes", ())),
        transform=column.get("transformLogic"),
    )


def _properties(element: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in element.get("customProperties", ())}


def _reference(column: Mapping[str, Any], domain: str) -> Reference | None:
    for relationship in column.get("relationships", ()):
        target = str(relationship["to"])
        other = re.fullmatch(r"(?P<domain>\w+)\.odcs\.yaml#/schema/(?P<entity>\w+)/properties/(?P<column>\w+)", target)
        if other:
            return Reference(f"{other['domain']}.{other['entity']}", other["column"])
        entity, _, name = target.partition(".")
        return Reference(f"{domain}.{entity}", name)
    return None


def _accepted_values(column: Mapping[str, Any]) -> list[Any]:
    for rule in column.get("quality", ()):
        if rule.get("metric") == "invalidValues":
            return list(rule.get("arguments", {}).get("validValues", ()))
    return []


def _text(value: Any) -> str | None:
    """YAML reads an unquoted date as a date; SQL literals are made of text."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def _seconds(within: Any) -> int | None:
    return None if within is None else int(str(within)[:-1]) * _SECONDS[str(within)[-1]]
