"""What the bindings do not tell of a type: its ids and other computed values, what replaces it, and rules and defaults.

The tables are the files of the folder `tables`; their keys are explained at the top of tables/google.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLES = Path(__file__).parent / "tables"

Value = Any


@dataclass(frozen=True)
class Entry:
    """What a table says of one resource or data source."""

    source: str = ""
    id: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    planned: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    filled_blocks: tuple[str, ...] = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()
    at_least_one: tuple[tuple[str, ...], ...] = ()
    at_most_one: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    patterns: Mapping[str, str] = field(default_factory=dict)
    deprecated: Mapping[str, str | None] = field(default_factory=dict)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Entry:
        """An entry as it is written in a table."""
        return cls(**{key: frozen(value) for key, value in written.items()})

    def template(self, path: str) -> Value:
        """What the value at that path is made from, None if the table does not tell."""
        return self.id if path == "id" else self.values.get(path)


def frozen(value: Any) -> Any:
    """A value with tuples in place of lists. Mappings stay."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value


@dataclass(frozen=True)
class Function:
    """A provider function that takes out of a string what a pattern matches."""

    parameter: str
    pattern: str


@dataclass(frozen=True)
class Deprecation:
    """A type that is deprecated as a whole: where that is said, and what to use instead."""

    source: str
    instead: str | None = None


@dataclass(frozen=True)
class Table:
    """What is known of one provider."""

    resources: Mapping[str, Entry]
    data: Mapping[str, Entry]
    everywhere: Mapping[str, Value]
    functions: Mapping[str, Function]
    # By their names, those of data sources written data.TYPE.
    deprecated_types: Mapping[str, Deprecation]

    def entry(self, name: str, data: bool = False) -> Entry:
        """What the table says of a type, nothing if it does not have it."""
        return (self.data if data else self.resources).get(name, Entry())


@cache
def table(provider: str) -> Table:
    """The table of a provider."""
    # libyaml's loader is ten times as fast, and the provider starts several times a run.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    written = yaml.load((TABLES / f"{provider}.yaml").read_text(), loader)
    return Table(
        resources={name: Entry.read(each) for name, each in written["resources"].items()},
        data={name: Entry.read(each) for name, each in written["data"].items()},
        everywhere=written.get("everywhere", {}),
        functions={name: Function(**each) for name, each in written.get("functions", {}).items()},
        deprecated_types={name: Deprecation(**each) for name, each in written.get("deprecated_types", {}).items()},
    )
