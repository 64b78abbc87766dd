"""What the change of a data contract means to those who rest on it.

Consumers lose what was promised to them, producers have to land what they were not asked for, a safeguard protects
less: each is a breaking change. The fields are those of the Open Data Contract Standard 3.1:
https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

Element = dict[str, Any]


class CheckError(Exception):
    """Something that cannot be read. The message names it and a mend."""


class Level(StrEnum):
    """How much a change asks of others, highest first."""

    BREAKING = "breaking"
    ADDITIVE = "additive"
    TEXT = "text"
    OTHER = "other"


CONSUMERS = "consumers"
PRODUCERS = "producers"
BOTH = "consumers and producers"
SAFEGUARD = "a safeguard"


@dataclass(frozen=True)
class Verdict:
    """What a change means: its level, whom it breaks if it does, and why."""

    level: Level
    breaks: str = ""
    why: str = ""


@dataclass(frozen=True)
class Change:
    """A difference between two versions of a contract. `where` is an entity or a column, empty for the contract."""

    where: str
    what: str
    was: Any
    now: Any
    verdict: Verdict

    @property
    def level(self) -> Level:
        return self.verdict.level


# The meaning of a field that changes from one value to another. None: it is absent.
Rule = Callable[[Any, Any], Verdict]


# -- rules for one field -----------------------------------------------------------------------------------------------


def _text(was: Any, now: Any) -> Verdict:
    return Verdict(Level.TEXT)


def _other(was: Any, now: Any) -> Verdict:
    return Verdict(Level.OTHER)


def _breaks(whom: str, why: str = "") -> Rule:
    return lambda was, now: Verdict(Level.BREAKING, whom, why)


def _promise(kept: str, broken: str) -> Rule:
    """A flag that consumers rest on while it is set, and that producers have to meet once it is."""

    def rule(was: Any, now: Any) -> Verdict:
        return Verdict(Level.BREAKING, PRODUCERS, kept) if now else Verdict(Level.BREAKING, CONSUMERS, broken)

    return rule


def _constraint(was: Any, now: Any) -> Verdict:
    """A limit to what producers may land, of which only its absence is known to be wider."""
    if now is None:
        return Verdict(Level.ADDITIVE, why="a limit less")
    return Verdict(Level.BREAKING, PRODUCERS, "values that were in order may not be any more")


def _bound(tighter_when_higher: bool) -> Rule:
    def rule(was: Any, now: Any) -> Verdict:
        try:
            tighter = was is None or (now is not None and (now > was) == tighter_when_higher)
        except TypeError:
            tighter = True
        return _constraint(was, now) if tighter else Verdict(Level.ADDITIVE, why="a wider limit")

    return rule


def _meaning(was: Any, now: Any) -> Verdict:
    """What says how to read a value: unit, code system."""
    if was is None:
        return Verdict(Level.BREAKING, PRODUCERS, "values have to be of it")
    return Verdict(Level.BREAKING, BOTH, "the same value means something else")


def _stable_id(was: Any, now: Any) -> Verdict:
    return Verdict(Level.ADDITIVE) if was is None else Verdict(Level.BREAKING, CONSUMERS, "references go by the id")


def _status(was: Any, now: Any) -> Verdict:
    if now == "retired":
        return Verdict(Level.BREAKING, BOTH, "the data product ends")
    if now in ("draft", "proposed") and was not in ("draft", "proposed"):
        return Verdict(Level.BREAKING, CONSUMERS, "the contract is withdrawn")
    # semver: deprecating needs a new minor version.
    return Verdict(Level.ADDITIVE if now == "deprecated" else Level.OTHER)


def _api_version(was: Any, now: Any) -> Verdict:
    if str(was).partition(".")[0] != str(now).partition(".")[0]:
        return Verdict(Level.BREAKING, BOTH, "another major version of the standard")
    return Verdict(Level.OTHER)


def _access(was: Any, now: Any) -> Verdict:
    if now == "read":
        return Verdict(Level.BREAKING, CONSUMERS, "less access")
    return Verdict(Level.BREAKING, SAFEGUARD, "more than reading")


def _approver(was: Any, now: Any) -> Verdict:
    if now is None:
        return Verdict(Level.BREAKING, SAFEGUARD, "weaker, access is given without this approval")
    return Verdict(Level.ADDITIVE if was is None else Level.TEXT)


# -- rules for what protects a column ----------------------------------------------------------------------------------

# Weakest first. The standard leaves the words to its users.
CLASSES = ("none", "sensitive", "quasi_identifier", "direct_identifier")
# What a reader without clearance learns of a value: all, something, nothing. Of masks that show something, none covers
# another: https://cloud.google.com/bigquery/docs/column-data-masking-intro#masking_options
MASKS = {
    "none": 0,
    "date_year_mask": 1,
    "email_mask": 1,
    "first_four_characters": 1,
    "last_four_characters": 1,
    "sha256": 1,
    "default_masking_value": 2,
    "always_null": 2,
}
_FULL = 2


def _protection(was: Sequence[int], now: Sequence[int], alike: Verdict) -> Verdict:
    """Compare degrees of protection, each by itself: what is lost in one is not made up for by another."""
    if any(after < before for before, after in zip(was, now, strict=True)):
        return Verdict(Level.BREAKING, SAFEGUARD, "weaker")
    if was == now:
        return alike
    return Verdict(Level.ADDITIVE, why="stronger: readers without clearance may see less")


def _alike(mask: int) -> Verdict:
    if mask in (0, _FULL):
        return Verdict(Level.OTHER)
    return Verdict(Level.BREAKING, SAFEGUARD, "weaker in part, shows something else of the value")


def _classification(was: Any, now: Any) -> Verdict:
    return _protection([_class(was, 3)], [_class(now, 0)], Verdict(Level.OTHER))


def _masking(was: Any, now: Any) -> Verdict:
    before, after = _mask(was, _FULL), _mask(now, 0)
    return _protection([before], [after], _alike(after))


def _policy_tag(was: Any, now: Any) -> Verdict:
    before, after = _tag(was, (3, _FULL, 1)), _tag(now, (0, 0, 0))
    return _protection(before, after, _alike(after[1]))


def _hipaa_identifier(was: Any, now: Any) -> Verdict:
    if now is None:
        return Verdict(Level.BREAKING, SAFEGUARD, "weaker, no longer counted as an identifier under HIPAA")
    return Verdict(Level.ADDITIVE if was is None else Level.OTHER)


def _class(name: Any, unknown: int) -> int:
    if name is None:
        return 0
    return CLASSES.index(name) if name in CLASSES else unknown


def _mask(name: Any, unknown: int) -> int:
    return MASKS.get(name or "none", unknown)


def _tag(name: Any, unknown: tuple[int, int, int]) -> tuple[int, int, int]:
    """Degrees of a policy tag, named <class> or <class>_<mask>: of its class, of its mask, of being there."""
    if name is None:
        return (0, 0, 0)
    for degree, part in enumerate(CLASSES):
        mask = str(name).removeprefix(part).removeprefix("_") or "none"
        if str(name).startswith(part) and mask in MASKS:
            return (degree, MASKS[mask], 1)
    return unknown


# -- the rules of each part of a contract ------------------------------------------------------------------------------

CONTRACT: dict[str, Rule] = {
    "apiVersion": _api_version,
    "authoritativeDefinitions": _text,
    "contractCreatedTs": _text,
    "description": _text,
    "domain": _breaks(BOTH, "buckets, datasets and models go by it"),
    "id": _breaks(BOTH, "it is the name that others know the contract by"),
    "kind": _breaks(BOTH),
    "name": _text,
    "price": _text,
    "status": _status,
    "support": _text,
    "tags": _text,
    "team": _text,
}
ENTITY: dict[str, Rule] = {
    "authoritativeDefinitions": _text,
    "businessName": _text,
    "dataGranularityDescription": _text,
    "description": _text,
    "id": _stable_id,
    "logicalType": _breaks(BOTH),
    "name": _breaks(BOTH, "renamed"),
    "physicalName": _breaks(PRODUCERS, "files have to go by it"),
    "physicalType": _breaks(BOTH),
    "tags": _text,
}
COLUMN: dict[str, Rule] = {
    "businessName": _text,
    "classification": _classification,
    "description": _text,
    "examples": _text,
    "id": _stable_id,
    "logicalType": _breaks(BOTH, "retyped"),
    "name": _breaks(BOTH, "renamed"),
    "partitionKeyPosition": _breaks(BOTH, "another layout of files and tables"),
    "partitioned": _breaks(BOTH, "another layout of files and tables"),
    "physicalName": _breaks(PRODUCERS, "files have to go by it"),
    "physicalType": _breaks(BOTH, "retyped"),
    "primaryKey": _breaks(BOTH, "another primary key"),
    "primaryKeyPosition": _breaks(BOTH, "another primary key"),
    "required": _promise("has to be filled from now on", "may be empty from now on"),
    "tags": _text,
    "transformDescription": _text,
    "transformLogic": _breaks(BOTH, "derived otherwise"),
    "unique": _promise("has to be unique from now on", "may repeat from now on"),
}
CUSTOM: dict[str, Rule] = {
    "after": _constraint,
    "codeSystem": _meaning,
    "hipaaIdentifier": _hipaa_identifier,
    "lookup": _meaning,
    "masking": _masking,
    "policyTag": _policy_tag,
    "systemColumn": _meaning,
    "unit": _meaning,
}
OPTION: dict[str, Rule] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _bound(True)),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), _bound(False)),
    **dict.fromkeys(("multipleOf", "pattern", "required", "uniqueItems"), _constraint),
    **dict.fromkeys(("defaultTimezone", "format", "timezone"), _meaning),
}
QUALITY: dict[str, Rule] = {
    **dict.fromkeys(("mustBeGreaterThan", "mustBeGreaterOrEqualTo"), _bound(True)),
    **dict.fromkeys(("mustBeLessThan", "mustBeLessOrEqualTo"), _bound(False)),
    **dict.fromkeys(("mustBe", "mustNotBe", "mustBeBetween", "mustNotBeBetween"), _constraint),
    **dict.fromkeys(("engine", "implementation", "metric", "query", "rule", "type", "unit"), _constraint),
    **dict.fromkeys(("authoritativeDefinitions", "businessImpact", "description", "dimension", "name", "tags"), _text),
}
ROLE: dict[str, Rule] = {
    "access": _access,
    "description": _text,
    "firstLevelApprovers": _approver,
    "secondLevelApprovers": _approver,
}
# Where data are and how they are written, whatever the type of server.
PLACE = (
    *("account", "catalog", "database", "dataset", "delimiter", "endpointUrl", "environment", "format", "host"),
    *("location", "path", "port", "project", "region", "schema", "type"),
)
# What a field is when it is absent.
DEFAULTS: Element = {
    "partitionKeyPosition": -1,
    "partitioned": False,
    "primaryKey": False,
    "primaryKeyPosition": -1,
    "required": False,
    "unique": False,
}
_DAYS = {"d": 1, "day": 1, "days": 1, "y": 365.25, "yr": 365.25, "year": 365.25, "years": 365.25}


def compare(was: Element, now: Element) -> list[Change]:
    """The changes from one version of a contract to another, highest level first.

    Raises CheckError where one of them is not built as the standard says.
    """
    own = {"servers", "schema", "roles", "slaProperties", "version"}
    changes = [
        *_fields("", _without(was, own), _without(now, own), CONTRACT),
        *_servers(was, now),
        *_entities(was, now),
        *_roles(was, now),
        *_service_levels(was, now),
    ]
    order = list(Level)
    return sorted(changes, key=lambda change: order.index(change.level))


def _fields(where: str, was: Element, now: Element, rules: Mapping[str, Rule]) -> Iterator[Change]:
    for key in {**was, **now}:
        before, after = was.get(key), now.get(key)
        if before == after:
            continue
        verdict = rules.get(key, _other)(before, after)
        if verdict.level in (Level.TEXT, Level.OTHER):
            for path, left, right in _leaves(key, before, after):
                yield Change(where, path, left, right, verdict)
        else:
            yield Change(where, key, before, after, verdict)


def _leaves(path: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ, as deep as both have parts that can be told apart."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            yield from _leaves(f"{path}.{key}", was.get(key), now.get(key))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for position, (before, after) in enumerate(zip(was, now, strict=True)):
            yield from _leaves(f"{path}[{position}]", before, after)
    elif was != now:
        yield path, was, now


def _servers(was: Element, now: Element) -> Iterator[Change]:
    for before, after in _pairs(was, now, "servers", "server"):
        server = after or before or {}
        where = f"server {server['server']}"
        # The demo's own landing zone.
        local = all(one is None or one.get("type") == "local" for one in (before, after))
        whom = {"s3": PRODUCERS, "bigquery": CONSUMERS}.get((before or {}).get("type", ""), BOTH)
        if before is None or after is None:
            added = Verdict(Level.ADDITIVE) if before is None else Verdict(Level.BREAKING, whom)
            yield Change(where, "server", _place(before), _place(after), Verdict(Level.OTHER) if local else added)
            continue
        moved: Rule = _other if local else _breaks(whom, "data are elsewhere or written otherwise")
        rules = {"description": _text, "server": moved, **dict.fromkeys(PLACE, moved)}
        yield from _fields(where, before, after, rules)


def _place(server: Element | None) -> str | None:
    if server is None:
        return None
    return str(server.get("location") or server.get("path") or server.get("dataset") or server.get("type"))


def _entities(was: Element, now: Element) -> Iterator[Change]:
    own = {"customProperties", "properties", "quality", "relationships"}
    positional = any(
        server.get("type") != "local" and server.get("format") == "csv" for server in elements(now, "servers")
    )
    for before, after in _pairs(was, now, "schema", "name", "id"):
        where = str((after or before or {})["name"])
        if after is None:
            verdict = Verdict(Level.BREAKING, BOTH, "removed, or renamed without keeping its id")
            yield Change(where, "entity", _extent(before), None, verdict)
        elif before is None:
            yield Change(where, "entity", None, _extent(after), Verdict(Level.ADDITIVE))
        else:
            before, after = _named(before), _named(after)
            yield from _fields(where, _without(before, own), _without(after, own), ENTITY)
            yield from _custom(where, before, after, {})
            yield from _relationships(where, before, after)
            yield from _quality(where, before, after)
            yield from _columns(where, before, after, positional)


def _extent(entity: Element | None) -> str:
    columns = len(elements(entity or {}, "properties"))
    return f"{columns} column{'' if columns == 1 else 's'}"


def _columns(where: str, was: Element, now: Element, positional: bool) -> Iterator[Change]:
    """positional: files hold the columns in the order of the contract, by position."""
    pairs = _pairs(was, now, "properties", "name", "id")
    for before, after in pairs:
        path = f"{where}.{(after or before or {})['name']}"
        if after is None:
            whom = BOTH if positional else CONSUMERS
            verdict = Verdict(Level.BREAKING, whom, "removed, or renamed without keeping its id")
            yield Change(path, "column", _kind(before), None, verdict)
        elif before is None:
            yield Change(path, "column", None, _kind(after), _new_column(after, positional))
        else:
            yield from _column(path, before, after)
    kept = [before["name"] for before, after in pairs if before and after and not after.get("partitioned")]
    order = [column["name"] for column in elements(was, "properties") if column["name"] in kept]
    if kept != order:
        in_files = Verdict(Level.BREAKING, PRODUCERS, "files of this format are read by position")
        yield Change(where, "order of columns", order, kept, in_files if positional else Verdict(Level.OTHER))


def _kind(column: Element | None) -> str:
    column = _column_defaults(column or {})
    flags = [flag for flag in ("primaryKey", "required", "unique") if column[flag]]
    return ", ".join([str(column.get("physicalType") or column.get("logicalType") or "of no type"), *flags])


def _new_column(column: Element, positional: bool) -> Verdict:
    column = _column_defaults(column)
    if column["primaryKey"] or column["partitioned"]:
        return Verdict(Level.BREAKING, BOTH, "another primary key or another layout")
    if column["required"]:
        return Verdict(Level.BREAKING, PRODUCERS, "has to be filled from now on")
    if positional:
        # https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#CsvOptions.FIELDS.allow_jagged_rows
        return Verdict(Level.BREAKING, PRODUCERS, "files of this format are read by position, and have to hold it")
    return Verdict(Level.ADDITIVE)


def _column(path: str, was: Element, now: Element) -> Iterator[Change]:
    own = {"customProperties", "items", "logicalTypeOptions", "properties", "quality", "relationships"}
    was, now = _column_defaults(was), _column_defaults(now)
    if _explained(was, now):
        own.add("physicalType")
    # Where the codes of a column are from, which for others is a link for readers.
    codes = "codeSystem" in _custom_values(was)
    rules = COLUMN | {"authoritativeDefinitions": _definitions if codes else _text}
    yield from _fields(path, _without(was, own), _without(now, own), rules)
    yield from _fields(path, _mapping(was, "logicalTypeOptions"), _mapping(now, "logicalTypeOptions"), OPTION)
    yield from _custom(path, was, now, CUSTOM)
    yield from _relationships(path, was, now)
    yield from _quality(path, was, now)
    yield from _columns(path, was, now, False)
    if "items" in was and "items" in now:
        yield from _column(f"{path}[]", _mapping(was, "items"), _mapping(now, "items"))
    else:
        yield from _fields(path, _only(was, {"items"}), _only(now, {"items"}), {"items": _breaks(BOTH, "retyped")})


def _column_defaults(column: Element) -> Element:
    column = DEFAULTS | _named(column)
    # A primary key is never empty, said or not.
    return column | {"required": column["required"] or column["primaryKey"]}


def _named(element: Element) -> Element:
    return {"physicalName": element["name"]} | element if "name" in element else element


def _explained(was: Element, now: Element) -> bool:
    """If the physical types differ by what their fields say, and by nothing else."""
    types = [_type_of_fields(was), _type_of_fields(now)]
    if None in types or types != [was.get("physicalType"), now.get("physicalType")]:
        return False
    old, new = ([field["name"] for field in _fields_of(column)] for column in (was, now))
    return [name for name in old if name in new] == [name for name in new if name in old]


def _type_of_fields(column: Element) -> str | None:
    fields = ", ".join(f"{field.get('name')} {field.get('physicalType')}" for field in _fields_of(column))
    if not fields:
        return None
    return f"ARRAY<STRUCT<{fields}>>" if "items" in column else f"STRUCT<{fields}>"


def _fields_of(column: Element) -> list[Element]:
    return elements(_mapping(column, "items") if "items" in column else column, "properties")


def _definitions(was: Any, now: Any) -> Verdict:
    """The code system stands as a link of type `standard`, its title as the description."""
    before, after = (
        [link.get("url") for link in elements({"authoritativeDefinitions": links or []}, "authoritativeDefinitions")]
        for links in (was, now)
    )
    return Verdict(Level.TEXT) if before == after else _meaning(before or None, after)


def _custom(where: str, was: Element, now: Element, rules: Mapping[str, Rule]) -> Iterator[Change]:
    yield from _fields(where, _custom_values(was), _custom_values(now), rules)
    before, after = (
        {item["property"]: _without(item, {"value"}) for item in elements(element, "customProperties")}
        for element in (was, now)
    )
    for name in [name for name in before if name in after]:
        for change in _fields(where, before[name], after[name], {"description": _text}):
            yield Change(where, f"{name} {change.what}", change.was, change.now, change.verdict)


def _custom_values(element: Element) -> Element:
    names = _names(elements(element, "customProperties"), "customProperties", "property")
    return {name: item.get("value") for name, item in zip(names, elements(element, "customProperties"), strict=True)}


def _relationships(where: str, was: Element, now: Element) -> Iterator[Change]:
    before, after = (elements(element, "relationships") for element in (was, now))
    old, new = ([_only(one, {"from", "to"}) for one in relations] for relations in (before, after))
    gone, added = [one for one in old if one not in new], [one for one in new if one not in old]
    if gone and added:
        verdict = Verdict(Level.BREAKING, BOTH, "another target")
        yield Change(where, "relationships", _targets(gone), _targets(added), verdict)
    elif gone:
        verdict = Verdict(Level.BREAKING, CONSUMERS, "values may be missing there from now on")
        yield Change(where, "relationships", _targets(gone), None, verdict)
    elif added:
        # It comes by itself with each domain that is added to the mesh.
        verdict = Verdict(Level.ADDITIVE, why="dbt tests that values are there")
        yield Change(where, "relationships", None, _targets(added), verdict)
    else:
        for path, left, right in _leaves("relationships", before, after):
            yield Change(where, path, left, right, Verdict(Level.OTHER))


def _targets(relations: list[Element]) -> str | None:
    return ", ".join(shown(relation.get("to")) for relation in relations) or None


def _quality(where: str, was: Element, now: Element) -> Iterator[Change]:
    before, after = (_by_name(elements(element, "quality")) for element in (was, now))
    for name in {**before, **after}:
        what = f"quality {name[0]}"
        one, other = before.get(name), after.get(name)
        if one is None or other is None:
            in_words = (one or other or {}).get("type") == "text"
            verdict = Verdict(Level.TEXT) if in_words else _constraint(one, other)
            yield Change(where, what, one, other, verdict)
            continue
        values = [_mapping(rule, "arguments").get("validValues") for rule in (one, other)]
        if all(isinstance(value, list) for value in values):
            yield from _valid_values(where, values[0] or [], values[1] or [])
            one, other = (rule | {"arguments": _without(rule["arguments"], {"validValues"})} for rule in (one, other))
        for change in _fields(where, one, other, QUALITY | {"arguments": _constraint}):
            yield Change(where, f"{what} {change.what}", change.was, change.now, change.verdict)


def _valid_values(where: str, was: list[Any], now: list[Any]) -> Iterator[Change]:
    gone, new = [value for value in was if value not in now], [value for value in now if value not in was]
    if gone:
        verdict = Verdict(Level.BREAKING, PRODUCERS, "values that were in order are not any more")
        yield Change(where, "accepted values", gone, None, verdict)
    if new:
        yield Change(where, "accepted values", None, new, Verdict(Level.ADDITIVE))


def _by_name(rules: list[Element]) -> dict[tuple[str, int], Element]:
    """Rules by what tells them apart. Those that nothing does are counted."""
    named: dict[tuple[str, int], Element] = {}
    for rule in rules:
        keys = ("id", "name", "metric", "rule", "query", "implementation", "description")
        name = next((str(rule[key]) for key in keys if key in rule), "rule")
        named[_free(name, named)] = {"type": "library"} | rule
    return named


def _free(name: str, taken: Container[tuple[str, int]]) -> tuple[str, int]:
    return next((name, number) for number in count() if (name, number) not in taken)


def _roles(was: Element, now: Element) -> Iterator[Change]:
    for before, after in _pairs(was, now, "roles", "role"):
        where = f"role {(after or before or {})['role']}"
        if after is None:
            yield Change(where, "role", (before or {}).get("access"), None, Verdict(Level.BREAKING, CONSUMERS))
        elif before is None:
            yield Change(where, "role", None, after.get("access"), Verdict(Level.ADDITIVE))
        else:
            yield from _fields(where, before, after, ROLE)


def _service_levels(was: Element, now: Element) -> Iterator[Change]:
    before, after = (_levels(contract) for contract in (was, now))
    for key in {**before, **after}:
        one, other = before.get(key), after.get(key)
        what = f"service level {key[0]}"
        if key[0].startswith("retention") and _period(one) != _period(other):
            yield Change("", what, _period(one), _period(other), _retention(one, other))
        elif one is None or other is None:
            yield Change("", what, _period(one), _period(other), Verdict(Level.TEXT))
            continue
        if one and other:
            rest = {"value", "unit"} if key[0].startswith("retention") else set()
            for path, left, right in _leaves(what, _without(one, rest), _without(other, rest)):
                yield Change("", path, left, right, Verdict(Level.TEXT))


def _levels(contract: Element) -> dict[tuple[str, int], Element]:
    levels: dict[tuple[str, int], Element] = {}
    for level in elements(contract, "slaProperties"):
        name = " of ".join(str(level[key]) for key in ("property", "element") if key in level)
        levels[_free(name, levels)] = level
    return levels


def _period(level: Element | None) -> str | None:
    return None if level is None else f"{level.get('value')} {level.get('unit', '')}".strip()


def _retention(was: Element | None, now: Element | None) -> Verdict:
    if was is None:
        return Verdict(Level.ADDITIVE)
    before, after = _in_days(was), _in_days(now)
    if before is not None and after is not None and after >= before:
        return Verdict(Level.ADDITIVE)
    return Verdict(Level.BREAKING, f"{CONSUMERS} and {SAFEGUARD}", "weaker, data are kept for less time")


def _in_days(level: Element | None) -> float | None:
    try:
        return float((level or {})["value"]) * _DAYS[str((level or {})["unit"])]
    except (KeyError, TypeError, ValueError):
        return None


# -- parts of a contract -----------------------------------------------------------------------------------------------


def elements(part: Element, key: str) -> list[Element]:
    """What stands under a key as a list of mappings, empty if nothing does. Raises CheckError."""
    value = part.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise CheckError(f"`{key}` is not a list of mappings")
    return value


def _mapping(element: Element, key: str) -> Element:
    value = element.get(key, {})
    if not isinstance(value, dict):
        raise CheckError(f"`{key}` is not a mapping")
    return value


def _names(items: list[Element], key: str, name: str) -> list[str]:
    names = []
    for item in items:
        if not isinstance(item.get(name), str):
            raise CheckError(f"an element of `{key}` has no `{name}`")
        if item[name] in names:
            raise CheckError(f"two elements of `{key}` have the {name} {item[name]}")
        names.append(item[name])
    return names


def _pairs(was: Element, now: Element, key: str, *names: str) -> list[tuple[Element | None, Element | None]]:
    """The elements under a key that are the same one: by the first name, which all have, then by the others."""
    before, after = elements(was, key), elements(now, key)
    for items in (before, after):
        _names(items, key, names[0])
    found: dict[int, Element] = {}
    left = list(before)
    for name in names:
        for position, item in enumerate(after):
            same = [other for other in left if name in item and other.get(name) == item[name]]
            if same and position not in found:
                found[position] = same[0]
                left.remove(same[0])
    return [*((found.get(position), item) for position, item in enumerate(after)), *((item, None) for item in left)]


def shown(value: Any) -> str:
    """A value on one line, not too long."""
    if value is None:
        return "absent"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return text if len(text) <= 120 else f"{text[:119]}…"


def _without(element: Element, keys: set[str]) -> Element:
    return {key: value for key, value in element.items() if key not in keys}


def _only(element: Element, keys: set[str]) -> Element:
    return {key: value for key, value in element.items() if key in keys}
