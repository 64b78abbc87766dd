"""The values that a provider computes: from the tables where they tell, otherwise made up.

Made up values are the same for the same configuration, so a second run gives them again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .bindings import Block, Type
from .dynamic import Unknown
from .tables import Entry, Value

MOMENT = "2026-01-01T00:00:00Z"
PLACEHOLDER = re.compile(r"\{(\w+)(:last)?\}")
# {digits12}, {hex8}, {upper16}: that many characters out of these.
ALPHABETS = {"digits": "0123456789", "hex": "0123456789abcdef", "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}
RANDOM = re.compile(rf"({'|'.join(ALPHABETS)})(\d+)")
# Names that have a value wherever they are, also where they could have been configured.
ALWAYS = frozenset({"email", "id", "location", "name", "project", "region", "self_link", "zone"})


def digest(*parts: str) -> str:
    """A digest in hexadecimal digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def characters(alphabet: str, count: int, seed: str) -> str:
    """So many characters of an alphabet, the same for the same seed. The first is not 0."""
    number, letters = int(digest(seed) * 2, 16), ""
    for _ in range(count):
        number, index = divmod(number, len(alphabet))
        letters += alphabet[index]
    return "1" + letters[1:] if letters.startswith("0") else letters


def project_number(project: str) -> str:
    """The number of a project: twelve digits, always the same for one project."""
    return characters(ALPHABETS["digits"], 12, f"project {project.removeprefix('projects/')}")


def steps(
    block: Block, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[dict[str, Any], Block, tuple[str | int, ...]]]:
    """Every known block of a value, outermost first, with its schema and the path to it."""
    if not isinstance(value, dict):
        return
    yield value, block, path
    for name, nested in block.get("block_types", {}).items():
        inner = value.get(name)
        if isinstance(inner, list):
            for index, each in enumerate(inner):
                yield from steps(nested["block"], each, (*path, name, index))
        elif isinstance(inner, dict) and nested["nesting_mode"] == "map":
            for key, each in inner.items():
                yield from steps(nested["block"], each, (*path, name, key))
        else:
            yield from steps(nested["block"], inner, (*path, name))


def dotted(path: tuple[str | int, ...], name: str) -> str:
    """A path as the tables have it: names alone."""
    return ".".join([*(step for step in path if isinstance(step, str)), name])


def empty(block: Block) -> dict[str, Any]:
    """A value of a block in which nothing is set."""
    value: dict[str, Any] = dict.fromkeys(block.get("attributes", {}))
    for name, nested in block.get("block_types", {}).items():
        value[name] = (
            [] if nested["nesting_mode"] in ("list", "set") else {} if nested["nesting_mode"] == "map" else None
        )
    return value


class Computed:
    """The computed values of one resource or data source."""

    def __init__(
        self, name: str, entry: Entry, everywhere: Mapping[str, Value], block: Block, context: Mapping[str, Any]
    ) -> None:
        """For the type `name`. `context` has what the provider is configured with."""
        self.name = name
        self.entry = entry
        self.everywhere = everywhere
        self.schema = block
        self.context = context
        self.root: dict[str, Any] = {}
        self.seed = ""
        self.underway: set[str] = set()

    def fill(self, value: dict[str, Any]) -> dict[str, Any]:
        """Compute, in place, what is unknown or not set in a value."""
        self.root = value
        # All that is configured, so that two resources differ if anything about them does.
        where = [self.context.get(name) for name in ("account", "project", "region")]
        self.seed = json.dumps([self.name, where, value], sort_keys=True, default=lambda unknown: None)
        for path in self.entry.filled_blocks:
            self.open(path)
        for attribute in self.schema.get("attributes", {}):
            self.top(attribute)
        for inner, block, found in steps(self.schema, value):
            for name, attribute in block.get("attributes", {}).items():
                if found and self.missing(inner.get(name), attribute, dotted(found, name)):
                    inner[name] = self.value(dotted(found, name), name, attribute)
        return value

    def plan(self, value: dict[str, Any]) -> None:
        """Set, in place, the values that the table can tell from what is known when planning."""
        self.root = value
        # Nothing is computed on the way.
        self.underway = set(self.schema.get("attributes", {}))
        for name in self.entry.planned:
            if isinstance(value[name], Unknown) and (made := self.from_template(self.entry.template(name), name)):
                value[name] = made

    def open(self, path: str) -> None:
        """Put an empty block at a path where there is none, for its computed values."""
        *parents, name = path.split(".")
        for inner, block, found in list(steps(self.schema, self.root)):
            at = [step for step in found if isinstance(step, str)]
            nested = block.get("block_types", {}).get(name)
            if at == parents and nested and (isinstance(inner.get(name), Unknown) or not inner.get(name)):
                told = {
                    attribute: self.value(f"{path}.{attribute}", attribute, schema)
                    for attribute, schema in nested["block"].get("attributes", {}).items()
                    if f"{path}.{attribute}" in self.entry.values
                }
                inner[name] = [empty(nested["block"]) | told]

    def missing(self, value: Any, attribute: Mapping[str, Any], path: str) -> bool:
        """Whether a value is to be computed."""
        # The data source of a project, too, tells its id, though that is marked as optional only.
        told = self.name.startswith("data.") and path in self.entry.values
        return isinstance(value, Unknown) or (value is None and (bool(attribute.get("computed")) or told))

    def top(self, name: str) -> Any:
        """The value of an attribute of the resource itself, computed if it has to be."""
        attribute = self.schema["attributes"][name]
        if self.missing(self.root.get(name), attribute, name) and name not in self.underway:
            self.underway.add(name)
            self.root[name] = self.value(name, name, attribute)
            self.underway.discard(name)
        return self.root.get(name)

    def value(self, path: str, name: str, attribute: Mapping[str, Any]) -> Any:
        """A computed value."""
        template = self.entry.template(path)
        if template is None and path == name:
            template = self.everywhere.get(name)
        if template is not None and (made := self.from_template(template, path)) is not None:
            return cast(made, attribute["type"])
        if attribute.get("optional") and name not in ALWAYS and isinstance(attribute["type"], str):
            # What the API leaves unset.
            return attribute.get("api_default", {"string": "", "number": 0, "bool": False}.get(attribute["type"]))
        return self.made_up(attribute["type"], name, path)

    def from_template(self, template: Value, path: str) -> Value:
        """A template with its placeholders filled, None if one of them has no value."""
        if isinstance(template, list):
            return [self.from_template(each, f"{path}.{index}") for index, each in enumerate(template)]
        if isinstance(template, dict):
            return {key: self.from_template(each, f"{path}.{key}") for key, each in template.items()}
        if not isinstance(template, str):
            return template
        found = {name: self.placeholder(name, path) for name, _ in PLACEHOLDER.findall(template)}
        if None in found.values():
            return None
        return PLACEHOLDER.sub(
            lambda match: str(found[match[1]]).rpartition("/")[2] if match[2] else str(found[match[1]]), template
        )

    def placeholder(self, name: str, path: str) -> str | None:
        """What stands for {name}."""
        if match := RANDOM.fullmatch(name):
            return characters(ALPHABETS[match[1]], int(match[2]), f"{self.seed} {path} {name}")
        if name == "uuid":
            return re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", digest(self.seed, path)[:32])
        if name == "project_number":
            project = self.placeholder("project_id", path) or self.placeholder("project", path)
            return project_number(project) if project else None
        if name in self.schema.get("attributes", {}):
            value = self.top(name)
            if isinstance(value, str | int) and value != "":
                return str(value)
        value = self.context.get(name)
        return value if isinstance(value, str) and value else None

    def made_up(self, type_: Type, name: str, path: str) -> Any:
        """A value of which the tables tell nothing."""
        seed = digest(self.seed, path)
        match type_:
            case "string" | "dynamic":
                if name in self.context and isinstance(self.context[name], str):
                    return self.context[name]
                if name.endswith(("_time", "_timestamp", "_date")):
                    return MOMENT
                return f"{self.name}-{seed[:12]}" if name in ("id", "name") else f"{name.replace('_', '-')}-{seed[:8]}"
            case "number":
                return int(seed[:6], 16)
            case "bool":
                return False
            case [("list" | "set"), ["object", _] as item]:
                return [self.made_up(item, name, path)]
            case [("list" | "set"), _]:
                return []
            case ["map", _]:
                return {}
            case ["object", members]:
                return {member: self.member(inner, member, f"{path}.{member}") for member, inner in members.items()}
        raise TypeError(f"{type_} is no type of Terraform")

    def member(self, type_: Type, name: str, path: str) -> Any:
        """A member of a computed object."""
        made = self.from_template(self.entry.template(path), path)
        return self.made_up(type_, name, path) if made is None else cast(made, type_)


def cast(value: Any, type_: Type) -> Any:
    """The value of a table as Terraform has it in an attribute of that type."""
    if type_ == "number" and isinstance(value, str):
        return int(value)
    if type_ == "string" and not isinstance(value, str):
        return json.dumps(value)
    return value
