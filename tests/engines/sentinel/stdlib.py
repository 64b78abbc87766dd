"""The standard imports, as their pages in the documentation describe them (developer.hashicorp.com/sentinel).

A function that gets undefined, or a part that no page names, is undetermined.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from functools import cache
from typing import Any

from .errors import EvaluationError, LimitExceeded, Unavailable, Undetermined
from .runs import Closure, Run
from .tokens import INT_MAX
from .values import (
    UNDEFINED,
    List,
    Namespace,
    Native,
    Object,
    Value,
    display,
    encoded,
    equal,
    type_name,
)

RUNTIME_VERSION = "0.40.0"
"""The release of the real runtime that this engine follows."""

_MAX_LENGTH = 2**27
_Types = type | tuple[type, ...]
_NUMBER_TYPES = (int, float)
_COLLECTION = (list, dict)


def standard_import(path: str) -> Namespace | None:
    """An import of the standard library, or None. `http` exists and is Unavailable."""
    if path == "http":
        raise Unavailable("the import http needs the network")
    make = _IMPORTS.get(path)
    return make() if make is not None else None


def _function(name: str, function: Callable[..., Value], *types: _Types, optional: int = 0) -> Native:
    """A function whose arguments are checked; the last `optional` may be left out."""

    def call(run: Run, *arguments: Value) -> Value:
        for argument, expected in zip(arguments, types, strict=False):
            _check(name, argument, expected)
        return function(*arguments)

    return Native(name, call, len(types) - optional, len(types))


def _check(name: str, value: Value, expected: _Types) -> None:
    if value is UNDEFINED and expected is not object:
        raise Undetermined(f"nothing says what {name} does with undefined")
    if not isinstance(value, expected) or (isinstance(value, bool) and expected in (int, float, _NUMBER_TYPES)):
        raise EvaluationError(f"{name} cannot use {type_name(value)}")


def _unknown_part(kind: str, name: str) -> Undetermined:
    return Undetermined(f"the documentation of {kind} does not name {name}")


# strings


def _split(text: str | list[Value], separator: str) -> Value:
    if isinstance(text, list):
        return text
    # At nothing, between all characters, as Go's Split does.
    return List(text.split(separator) if separator else text)


def _join(values: list[Value], separator: str) -> str:
    texts = _written(values)
    _check_length("strings.join", sum(map(len, texts)) + len(separator) * len(texts))
    return separator.join(texts)


# What recurses here is neither a generator nor a function of C: the limits of this engine allow for a depth at which
# those exhaust the stack.
def _written(values: list[Value]) -> list[str]:
    texts: list[str] = []
    for value in values:
        if isinstance(value, list):
            texts += _written(value)
        elif isinstance(value, float):
            text = repr(value)
            if "e" in text or text.endswith((".0", "inf", "nan")):
                raise Undetermined(f"nothing says how strings.join writes {text}")
            texts.append(text)
        elif isinstance(value, str | int):
            texts.append(display(value))
        else:
            raise EvaluationError(f"strings.join cannot use {type_name(value)}")
    return texts


def _replace(text: str, old: str, new: str, times: int = -1) -> str:
    if times < -1 or not old:
        raise Undetermined("nothing says what strings.replace does with a negative number or an empty string")
    _check_length("strings.replace", text.count(old) * len(new))
    return text.replace(old, new, times)


def _check_length(name: str, length: int) -> None:
    if length > _MAX_LENGTH:
        raise LimitExceeded(f"{name} makes a string of more than {_MAX_LENGTH} characters")


def _strings() -> Namespace:
    functions: dict[str, tuple[Callable[..., Value], tuple[_Types, ...], int]] = {
        "has_prefix": (str.startswith, (str, str), 0),
        "has_suffix": (str.endswith, (str, str), 0),
        "join": (_join, (list, str), 0),
        "replace": (_replace, (str, str, str, int), 1),
        "split": (_split, ((str, list), str), 0),
        "to_lower": (str.lower, (str,), 0),
        "to_upper": (str.upper, (str,), 0),
        "trim": (lambda text, characters: text.strip(characters) if characters else text, (str, str), 0),
        "trim_left": (lambda text, characters: text.lstrip(characters) if characters else text, (str, str), 0),
        "trim_prefix": (str.removeprefix, (str, str), 0),
        "trim_right": (lambda text, characters: text.rstrip(characters) if characters else text, (str, str), 0),
        "trim_space": (str.strip, (str,), 0),
        "trim_suffix": (str.removesuffix, (str, str), 0),
    }
    return Namespace(
        "strings",
        {
            name: _function(f"strings.{name}", function, *types, optional=optional)
            for name, (function, types, optional) in functions.items()
        },
    )


# types, json, base64, sockaddr, units, runtime


def _type_of(value: Value) -> str:
    if isinstance(value, Object):
        raise Undetermined(f"nothing says which type a {value.kind} has")
    return type_name(value)


def _types() -> Namespace:
    return Namespace("types", {"type_of": _function("types.type_of", _type_of, object)})


_JSON_DEPTH = 500
_JSON_BRACKET = re.compile(r'"(?:\\.|[^"\\])*"|[\[\]{}]')


def _unmarshal(text: str) -> Value:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    depth = 0
    for match in _JSON_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > _JSON_DEPTH:
            raise LimitExceeded(f"json.unmarshal: nested more than {_JSON_DEPTH} deep")
    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        raise EvaluationError(f"json.unmarshal: {error}") from None


def _valid(text: str) -> bool:
    try:
        _unmarshal(text)
    except EvaluationError:
        return False
    return True


def _marshal(value: Value) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    text = json.dumps(_marshalled(value), separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    if set(text) & set("<>&\u2028\u2029"):
        # Go escapes them, unless it is told not to.
        raise Undetermined("nothing says how json.marshal writes <, > and &")
    return text


def _marshalled(value: Value, depth: int = 0) -> Value:
    if depth > _JSON_DEPTH:
        raise LimitExceeded(f"json.marshal: nested more than {_JSON_DEPTH} deep")
    # 0.29.0: elements that are undefined are left out.
    if isinstance(value, list):
        return [_marshalled(item, depth + 1) for item in value if item is not UNDEFINED]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Undetermined("nothing says how json.marshal writes keys that are no strings")
        return {key: _marshalled(item, depth + 1) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, float):
        raise Undetermined("nothing says how json.marshal writes a float")
    if value is None or isinstance(value, bool | int | str):
        return value
    raise Undetermined(f"nothing says how json.marshal writes {type_name(value)}")


def _json() -> Namespace:
    return Namespace(
        "json",
        {
            "marshal": _function("json.marshal", _marshal, object),
            "unmarshal": _function("json.unmarshal", _unmarshal, str),
            "valid": _function("json.valid", _valid, str),
        },
    )


def _decoded(decode: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def function(text: str) -> str:
        try:
            return decode(text.encode("ascii")).decode(errors="surrogateescape")
        except (ValueError, binascii.Error):
            raise EvaluationError(f"{display(text, True)} is not base64") from None

    return function


def _base64() -> Namespace:
    functions: dict[str, Callable[[str], str]] = {
        "decode": _decoded(lambda data: base64.b64decode(data, validate=True)),
        "encode": lambda text: base64.b64encode(encoded(text)).decode(),
        "urldecode": _decoded(lambda data: base64.b64decode(data, b"-_", validate=True)),
        "urlencode": lambda text: base64.urlsafe_b64encode(encoded(text)).decode(),
    }
    return Namespace("base64", {name: _function(f"base64.{name}", f, str) for name, f in functions.items()})


def _address(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        raise Undetermined(f"nothing says what sockaddr does with {display(text, True)}") from None


def _is_contained(outer: str, inner: str) -> bool:
    network, address = _address(outer).network, _address(inner).network
    if network.version != address.version:
        raise Undetermined("nothing says whether an IPv6 network contains an IPv4 address")
    return address.subnet_of(network)  # type: ignore[arg-type]


def _sockaddr() -> Namespace:
    functions: dict[str, tuple[Callable[..., Value], int]] = {
        "is_contained": (_is_contained, 2),
        "is_equal": (lambda one, other: _address(one) == _address(other), 2),
        "is_ipv4": (lambda text: _address(text).version == 4, 1),
        "is_ipv6": (lambda text: _address(text).version == 6, 1),
    }
    return Namespace(
        "sockaddr", {name: _function(f"sockaddr.{name}", f, *[str] * count) for name, (f, count) in functions.items()}
    )


def _units() -> Namespace:
    names = ("kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
    return Namespace("units", {name: 1024**power for power, name in enumerate(names, 1)})


def _runtime() -> Namespace:
    return Namespace("runtime", {"version": RUNTIME_VERSION})


# collection


def _items(name: str, collection: Value) -> list[Value]:
    _check(name, collection, _COLLECTION)
    return list(collection.values()) if isinstance(collection, dict) else collection


def _satisfying(run: Run, name: str, collection: Value, predicate: Value, wanted: bool) -> Iterator[Value]:
    if isinstance(predicate, Closure) and len(predicate.parameters) != 1:
        raise Undetermined(f"nothing says what {name} gives to a function with {len(predicate.parameters)} parameters")
    for item in _items(f"collection.{name}", collection):
        result = run.call(predicate, [item])
        if not isinstance(result, bool):
            # The real runtime's words.
            raise EvaluationError(f"{name} predicate must return boolean value, got {type_name(result)}")
        if result is wanted:
            yield item


def _matches_partially(value: Value, partial: Value) -> bool:
    if isinstance(partial, dict):
        if not isinstance(value, dict) or not partial.keys() <= value.keys():
            return False
        results = [_matches_partially(value[key], item) for key, item in partial.items()]
        return all(results)
    return equal(value, partial) is True


def _collection() -> Namespace:
    def find(run: Run, collection: Value, predicate: Value) -> Value:
        return next(_satisfying(run, "find", collection, predicate, True), UNDEFINED)

    def filter_(run: Run, collection: Value, predicate: Value) -> Value:
        return List(_satisfying(run, "filter", collection, predicate, True))

    def reject(run: Run, collection: Value, predicate: Value) -> Value:
        return List(_satisfying(run, "reject", collection, predicate, False))

    def matches(run: Run, collection: Value, partial: Value) -> Value:
        items = _items("collection.matches", collection)
        _check("collection.matches", partial, dict)
        return List([item for item in items if _matches_partially(item, partial)])

    functions = {"filter": filter_, "find": find, "matches": matches, "reject": reject}
    return Namespace("collection", {name: Native(f"collection.{name}", f, 2) for name, f in functions.items()})


def _path(path: Value) -> list[str]:
    if isinstance(path, list):
        if not all(isinstance(step, str) for step in path):
            raise Undetermined("nothing says what a path of collection/maps is that has other steps than strings")
        return list(path)
    _check("collection/maps", path, str)
    return [step for step in re.split(r"[.\[\]]", path) if step]


def _at_path(value: Value, path: list[str]) -> Value:
    if not path or value is UNDEFINED:
        return value
    step, rest = path[0], path[1:]
    if step == "*":
        items = list(value.values()) if isinstance(value, dict) else value
        if not isinstance(items, list):
            return UNDEFINED
        found = [result for result in (_at_path(item, rest) for item in items) if result is not UNDEFINED]
        if "*" in rest:
            return List([inner for result in found for inner in (result if isinstance(result, list) else [result])])
        return List(found)
    if isinstance(value, dict):
        return _at_path(value.get(step, UNDEFINED), rest)
    if isinstance(value, list):
        if not step.isdecimal():
            return UNDEFINED
        return _at_path(value[int(step)], rest) if int(step) < len(value) else UNDEFINED
    raise Undetermined(f"nothing says what collection/maps finds below {type_name(value)}")


def _maps() -> Namespace:
    def get(value: Value, path: Value, default: Value = UNDEFINED) -> Value:
        found = _at_path(value, _path(path))
        return default if found is UNDEFINED else found

    def has(value: Value, path: Value) -> bool:
        return _at_path(value, _path(path)) is not UNDEFINED

    return Namespace(
        "collection/maps",
        {
            "get": _function("maps.get", get, object, object, object, optional=1),
            "has": _function("maps.has", has, object, object),
        },
    )


def _is_among(value: Value, items: list[Value]) -> bool:
    return any(equal(value, item) is True for item in items)


def _unrepeated(name: str, lists: tuple[list[Value], ...]) -> None:
    for items in lists:
        if any(_is_among(item, items[:place]) for place, item in enumerate(items)):
            raise Undetermined(f"nothing says what lists.{name} does with elements that are there twice")


def _difference(first: list[Value], *others: list[Value]) -> Value:
    return List([item for item in first if not any(_is_among(item, other) for other in others)])


def _intersection(first: list[Value], *others: list[Value]) -> Value:
    _unrepeated("intersection", (first, *others))
    return List([item for item in first if all(_is_among(item, other) for other in others)])


def _union(*lists: list[Value]) -> Value:
    _unrepeated("union", lists)
    result: list[Value] = List()
    for items in lists:
        result += [item for item in items if not _is_among(item, result)]
    return result


def _lists() -> Namespace:
    def variadic(name: str, function: Callable[..., Value], least: int) -> Native:
        def call(run: Run, *lists: Value) -> Value:
            for items in lists:
                _check(f"lists.{name}", items, list)
            run.spend(sum(map(len, lists)))
            return function(*lists)

        return Native(f"lists.{name}", call, least, sys.maxsize)

    return Namespace(
        "collection/lists",
        {
            "concat": variadic("concat", lambda *lists: List([item for items in lists for item in items]), 2),
            "diff": variadic("diff", _difference, 1),
            "difference": variadic("difference", _difference, 1),
            "intersection": variadic("intersection", _intersection, 1),
            "union": variadic("union", _union, 1),
        },
    )


# decimal

_DECIMALS = Context(prec=100, Emax=999_999_999, Emin=-999_999_999, traps=[DivisionByZero, Overflow])


def _to_decimal(value: Value) -> Decimal:
    if isinstance(value, Object) and value.kind == "decimal":
        return value.content if isinstance(value.content, Decimal) else Decimal("NaN")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        _check("decimal", value, _NUMBER_TYPES)
    result = _DECIMALS.create_decimal(repr(value) if isinstance(value, float) else value)
    if isinstance(value, str) and result.is_nan() and value.lower() != "nan":
        raise EvaluationError(f"{display(value, True)} is not a decimal")
    return result


def _decimal_object(value: Decimal) -> Object:
    return Object("decimal", value, _decimal_part)


def _calculation(name: str, calculate: Callable[..., Any], count: int) -> Callable[[Decimal], Native]:
    def bind(number: Decimal) -> Native:
        def call(run: Run, *arguments: Value) -> Value:
            try:
                with localcontext(_DECIMALS):
                    result = calculate(number, *map(_to_decimal, arguments))
            except (DivisionByZero, Overflow, InvalidOperation):
                raise Undetermined(f"nothing says what decimal.{name} does here") from None
            return _decimal_object(result) if isinstance(result, Decimal) else result

        return Native(f"decimal.{name}", call, count)

    return bind


def _comparison(compare: Callable[[Decimal, Decimal], bool]) -> Callable[[Decimal, Decimal], bool]:
    def function(left: Decimal, right: Decimal) -> bool:
        if left.is_nan() or right.is_nan():
            raise Undetermined("nothing says how not-a-number is ordered")
        return compare(left, right)

    return function


def _decimal_methods() -> dict[str, Callable[[Decimal], Native]]:
    calculations: list[tuple[str, Callable[..., Any], int]] = [
        ("is", lambda a, b: a == b, 1),
        ("is_not", lambda a, b: a != b, 1),
        ("less_than lt", _comparison(lambda a, b: a < b), 1),
        ("less_than_or_equals lte", _comparison(lambda a, b: a <= b), 1),
        ("greater_than gt", _comparison(lambda a, b: a > b), 1),
        ("greater_than_or_equals gte", _comparison(lambda a, b: a >= b), 1),
        ("add", lambda a, b: a + b, 1),
        ("subtract sub", lambda a, b: a - b, 1),
        ("multiply mul", lambda a, b: a * b, 1),
        ("divide div", lambda a, b: a / b, 1),
        ("modulo mod remainder rem", lambda a, b: a % b, 1),
        ("power pow", lambda a, b: a**b, 1),
        ("exp", Decimal.exp, 0),
        ("loge ln", Decimal.ln, 0),
        ("log10 log", Decimal.log10, 0),
        ("square_root sqrt", Decimal.sqrt, 0),
        ("ceiling ceil", lambda a: a.to_integral_value("ROUND_CEILING"), 0),
        ("floor", lambda a: a.to_integral_value("ROUND_FLOOR"), 0),
        ("absolute abs", abs, 0),
        ("negate neg", lambda a: -a, 0),
    ]
    return {
        name: _calculation(name, calculate, count) for names, calculate, count in calculations for name in names.split()
    }


_DECIMAL_METHODS = _decimal_methods()


def _decimal_part(number: Decimal, name: str) -> Value:
    if name in _DECIMAL_METHODS:
        return _DECIMAL_METHODS[name](number)
    if name == "float":
        return float(number)
    if name not in ("string", "sign", "coefficient", "exponent", "int"):
        raise _unknown_part("decimals", name)
    if not number.is_finite():
        raise Undetermined(f"nothing says what {name} of {number} is")
    text = str(number)
    sign, digits, exponent = number.as_tuple()
    coefficient = int("".join(map(str, digits)))
    if name == "string":
        if "E" in text:
            raise Undetermined(f"nothing says how the decimal {text} is written")
        return text
    if name == "sign":
        return 0 if number == 0 else -1 if sign else 1
    if name == "exponent":
        return exponent
    if name == "int":
        # "Rounds down to the nearest integer", says the page; "truncated", says 0.13.1.
        if number < 0 and number != number.to_integral_value():
            raise Undetermined(f"nothing says what int of {number} is")
        coefficient = int(number)
    if abs(coefficient) > INT_MAX:
        raise Undetermined(f"{name} of {text} does not fit into 64 bits")
    return coefficient


def _decimal() -> Namespace:
    def infinity(sign: Value) -> Object:
        return _decimal_object(Decimal("-Infinity" if sign < 0 else "Infinity"))

    def is_infinite(value: Value) -> bool:
        return _to_decimal(value).is_infinite()

    def is_nan(value: Value) -> bool:
        return _to_decimal(value).is_nan()

    parts: dict[str, Value] = {
        "nan": _decimal_object(Decimal("NaN")),
        "new": _function("decimal.new", lambda value: _decimal_object(_to_decimal(value)), object),
    }
    for names, function, types in (
        ("infinity inf", infinity, _NUMBER_TYPES),
        ("is_infinite is_inf isinf isinfinite", is_infinite, object),
        ("is_nan isnan", is_nan, object),
    ):
        parts |= {name: _function(f"decimal.{name}", function, types) for name in names.split()}
    return Namespace("decimal", parts)


# version

_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?")
_CONSTRAINT = re.compile(r"\s*(>=|<=|!=|~>|=|>|<|)\s*([0-9]+(?:\.[0-9]+){0,2})\s*")


def _parsed_version(value: Value) -> re.Match[str]:
    if isinstance(value, Object) and value.kind == "version":
        content = value.content
        assert isinstance(content, re.Match)
        return content
    _check("version", value, str)
    match = _VERSION.fullmatch(value)
    if match is None:
        raise Undetermined(f"{display(value, True)} is not in dotted-tri format")
    return match


def _release(version: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(version[group]) for group in (1, 2, 3))


def _compared_versions(left: re.Match[str], right: re.Match[str]) -> int:
    """Less than, equal to or greater than 0. Semantic Versioning 2.0.0, section 11."""
    a, b = _release(left), _release(right)
    if a != b:
        return -1 if a < b else 1
    if not left[4] or not right[4]:
        return bool(right[4]) - bool(left[4])
    for one, other in zip(left[4].split("."), right[4].split("."), strict=False):
        if one != other:
            if one.isdecimal() and other.isdecimal():
                return -1 if int(one) < int(other) else 1
            if one.isdecimal() or other.isdecimal():
                return -1 if one.isdecimal() else 1
            return -1 if one < other else 1
    return len(left[4].split(".")) - len(right[4].split("."))


def _satisfies(version: re.Match[str], constraints: str) -> bool:
    if version[4]:
        raise Undetermined("nothing says which constraints a prerelease satisfies")
    release = _release(version)
    results = [_satisfies_one(release, constraint) for constraint in constraints.split(",")]
    return all(results)


def _satisfies_one(release: tuple[int, ...], constraint: str) -> bool:
    match = _CONSTRAINT.fullmatch(constraint)
    if match is None:
        raise Undetermined(f"nothing says what the constraint {constraint!r} means")
    operator, given = match[1] or "=", [int(number) for number in match[2].split(".")]
    bound = tuple(given + [0] * (3 - len(given)))
    match operator:
        case "~>":
            # "Version Constraints": only the rightmost component may grow.
            fixed = max(len(given) - 1, 1)
            return release >= bound and release[:fixed] == bound[:fixed]
        case ">=" | "<":
            return (release >= bound) == (operator == ">=")
        case "<=" | ">":
            return (release <= bound) == (operator == "<=")
    return (release == bound) == (operator == "=")


def _version_part(version: re.Match[str], name: str) -> Value:
    comparisons: dict[str, Callable[[int], bool]] = {
        "greater_than": lambda order: order > 0,
        "greater_than_or_equals": lambda order: order >= 0,
        "less_than": lambda order: order < 0,
        "less_than_or_equals": lambda order: order <= 0,
    }
    short = {"gt": "greater_than", "gte": "greater_than_or_equals", "lt": "less_than", "lte": "less_than_or_equals"}
    compare = comparisons.get(short.get(name, name))
    if compare is not None:
        return _function(
            f"version.{name}", lambda other: compare(_compared_versions(version, _parsed_version(other))), object
        )
    if name == "satisfies":
        return _function("version.satisfies", lambda constraints: _satisfies(version, constraints), str)
    if name in ("major", "minor", "patch"):
        return int(version[("major", "minor", "patch").index(name) + 1])
    if name == "version":
        return version[0]
    if name in ("prerelease", "metadata"):
        return version[4 if name == "prerelease" else 5] or ""
    raise _unknown_part("versions", name)


def _version() -> Namespace:
    def new(value: Value) -> Object:
        return Object("version", _parsed_version(value), _version_part)

    return Namespace("version", {"new": _function("version.new", new, object)})


# time

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_UNITS = {"nanosecond": 1, "microsecond": 10**3, "millisecond": 10**6, "second": 10**9}
_UNITS |= {"minute": 60 * 10**9, "hour": 3600 * 10**9}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_Moment = tuple[int, int]
"""Nanoseconds since the epoch, and the zone's offset in seconds."""


def _moment(value: Value) -> _Moment:
    if isinstance(value, Object) and value.kind == "timespace":
        content = value.content
        assert isinstance(content, tuple)
        return content
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 10**9, 0
    _check("time", value, str)
    match = _RFC3339.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        when = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        raise EvaluationError(f"{display(value, True)} is not a time in RFC 3339's format") from None
    offset = when.utcoffset()
    assert offset is not None
    return int(when.timestamp()) * 10**9 + int((match[2] or "0").ljust(9, "0")), int(offset.total_seconds())


def _timespace(moment: _Moment) -> Object:
    return Object("timespace", moment, _time_part)


def _time_part(moment: _Moment, name: str) -> Value:
    nanoseconds, zone = moment
    functions: dict[str, Callable[[Value], Value]] = {
        "before": lambda other: nanoseconds < _moment(other)[0],
        "after": lambda other: nanoseconds > _moment(other)[0],
        "equal": lambda other: nanoseconds == _moment(other)[0],
        "sub": lambda other: nanoseconds - _moment(other)[0],
    }
    if name in functions:
        return _function(f"time.{name}", functions[name], object)
    if name == "add":
        # 0.14.4: floats are truncated.
        return _function("time.add", lambda span: _timespace((nanoseconds + int(span), zone)), _NUMBER_TYPES)
    try:
        when = datetime.fromtimestamp(nanoseconds // 10**9, timezone(timedelta(seconds=zone)))
    except (ValueError, OverflowError, OSError):
        raise Undetermined("the time is out of this engine's range") from None
    parts: dict[str, Value] = {
        "month_name": _MONTHS[when.month - 1],
        "weekday": when.isoweekday() % 7,
        "weekday_name": _WEEKDAYS[when.weekday()],
        "unix": nanoseconds // 10**9,
        "unix_nano": nanoseconds,
        "zone": zone,
        "zone_string": f"{'-' if zone < 0 else '+'}{abs(zone) // 3600:02}:{abs(zone) // 60 % 60:02}",
    }
    if name in ("year", "month", "day", "hour", "minute", "second"):
        return getattr(when, name)
    if name not in parts:
        raise _unknown_part("times", name)
    return parts[name]


class _Time(Namespace):
    """`time`: now is the moment of execution, the same during a run."""

    __slots__ = ("_now",)

    def __init__(self) -> None:
        load = _function("time.load", lambda value: _timespace(_moment(value)), object)
        super().__init__("time", {"load": load, **_UNITS})
        self._now: Object | None = None

    def select(self, name: str, share: bool) -> Value:
        if name != "now":
            return super().select(name, share)
        if self._now is None:
            self._now = _timespace((int(datetime.now(UTC).timestamp() * 10**6) * 1000, 0))
        return self._now


_IMPORTS: dict[str, Callable[[], Namespace]] = {
    "base64": cache(_base64),
    "collection": cache(_collection),
    "collection/lists": cache(_lists),
    "collection/maps": cache(_maps),
    "decimal": cache(_decimal),
    "json": cache(_json),
    "runtime": cache(_runtime),
    "sockaddr": cache(_sockaddr),
    "strings": cache(_strings),
    "time": _Time,
    "types": cache(_types),
    "units": cache(_units),
    "version": cache(_version),
}
STANDARD_IMPORTS = frozenset([*_IMPORTS, "http"])
