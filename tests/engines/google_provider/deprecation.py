"""What is deprecated: the marks in the schema, and the warnings about what is configured.

As with the real providers, it takes both. Terraform itself looks at the marks, and warns where an attribute is referred
to; that an argument, a block or a type is used is for the provider to say, when it validates the configuration:
https://github.com/hashicorp/terraform-plugin-sdk/blob/main/helper/schema/schema.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .bindings import Block
from .computed import dotted, steps
from .schema import Schema
from .tables import Deprecation, Table
from .wire import WARNING, diagnostic

RESOURCE, DATA = "resource_schemas", "data_source_schemas"

# Path of an attribute or block -> what to use instead, None if there is nothing.
Paths = Mapping[str, str | None]


class Deprecations:
    """What is deprecated of one provider, by its table and by the descriptions in its schema."""

    def __init__(self, schema: Schema, table: Table) -> None:
        self.schema = schema
        self.table = table

    def paths(self, kind: str, name: str) -> Paths:
        """The attributes and blocks of a type that are deprecated."""
        told = dict.fromkeys(self.schema.deprecated[kind].get(name, ()))
        return {**told, **self.table.entry(name, kind == DATA).deprecated}

    def whole(self, kind: str, name: str) -> Deprecation | None:
        """Why a type is deprecated as a whole, None if it is not."""
        return self.table.deprecated_types.get(f"data.{name}" if kind == DATA else name)

    def marked(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every type of which something is deprecated: kind, name, and its schema with the marks."""
        for kind in (RESOURCE, DATA):
            of_table = self.table.data if kind == DATA else self.table.resources
            told = {*self.schema.deprecated[kind], *(name for name, each in of_table.items() if each.deprecated)}
            for name in sorted(self.schema.types(kind)):
                whole = self.whole(kind, name)
                if whole or name in told:
                    entry = self.schema.entry(kind, name)
                    block = mark(entry["block"], self.paths(kind, name)) | ({"deprecated": True} if whole else {})
                    yield kind, name, entry | {"block": block}

    def warnings(self, kind: str, name: str, configuration: dict[str, Any]) -> Iterator[bytes]:
        """What the provider says of a configuration that uses what is deprecated."""
        if whole := self.whole(kind, name):
            yield diagnostic("Deprecated Resource", sentence(name, whole.instead), severity=WARNING)
        paths = self.paths(kind, name)
        for inner, schema, path in steps(self.schema.block(kind, name), configuration):
            for member, value in inner.items():
                at = dotted(path, member)
                # A block that is not configured is an empty list. A list that is empty is configured. So is what is not
                # known yet, of which the real providers are silent: a variable would hide it from `validate`.
                there = value not in (None, [], {}) if member in schema.get("block_types", {}) else value is not None
                if at in paths and there:
                    located = [*path[:2], member] if len(path) < 3 else path[:2]
                    yield diagnostic("Argument is deprecated", sentence(member, paths[at]), located, WARNING)


def sentence(name: str, instead: str | None) -> str:
    """What is told of something deprecated."""
    return f"{name} is deprecated." + (f" Use {instead} instead." if instead else "")


def mark(block: Block, paths: Paths, prefix: str = "") -> Block:
    """A block with marks at these paths."""

    def flag(path: str) -> dict[str, bool]:
        return {"deprecated": True} if path in paths else {}

    attributes = {name: each | flag(prefix + name) for name, each in block.get("attributes", {}).items()}
    blocks = {
        name: each | {"block": mark(each["block"], paths, f"{prefix}{name}.") | flag(prefix + name)}
        for name, each in block.get("block_types", {}).items()
    }
    return block | {"attributes": attributes, "block_types": blocks}
