"""Sentinel's values, and what the operators do with them.

| Sentinel | here |
|---|---|
| undefined, null, bool, int, float | UNDEFINED, None, bool, int, float |
| string | str; bytes that are not UTF-8 are surrogates |
| list, map | list, dict |
| func | Closure (runs.py), Native |
| what an import returns and has methods | Object |
| import | Namespace, which is no value: only its parts are |

Lists and maps that a policy may change are `List` and `Map`. Plain lists and dicts belong to somebody else, such as the
caller's plan: they are shared, never changed.

The functions raise EvaluationError without a position; the evaluator adds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, final

from .errors import EvaluationError, Undetermined

Value = Any


@final
class Undefined:
    """The type of UNDEFINED. It has no truth value, so that no `if` of this engine takes it for false."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        raise TypeError("undefined has no truth value")


UNDEFINED: Final[Undefined] = Undefined()


class List(list[Value]):
    """A list that the policy owns."""

    __slots__ = ()


class Map(dict[Value, Value]):
    """A map that the policy owns."""

    __slots__ = ()


class Native:
    """A function of this engine. It is called with the run and the arguments."""

    __slots__ = ("function", "least", "most", "name")

    def __init__(self, name: str, function: Callable[..., Value], least: int, most: int | None = None) -> None:
        self.name = name
        self.function = function
        self.least = least
        self.most = least if most is None else most


class Object:
    """What an import returns and has methods, such as a decimal: its parts are computed when they are selected."""

    __slots__ = ("content", "kind", "part")

    def __init__(self, kind: str, content: Value, part: Callable[[Value, str], Value]) -> None:
        self.kind = kind
        self.content = content
        self.part = part


class Namespace:
    """An import: data or functions by name."""

    __slots__ = ("name", "parts")

    def __init__(self, name: str, parts: Mapping[str, Value]) -> None:
        self.name = name
        self.parts = parts

    def select(self, name: str, share: bool) -> Value:
        """A part, or UNDEFINED. Without `share` lists and maps are copies that may be changed."""
        value = self.parts.get(name, UNDEFINED)
        return value if share else duplicate(value, everything=True)


def type_name(value: Value) -> str:
    """The type as `types.type_of` and the runtime's messages name it."""
    for types, name in _TYPE_NAMES:
        if isinstance(value, types):
            return name
    return "func"


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (Undefined, "undefined"),
    (type(None), "null"),
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "string"),
    (list, "list"),
    (dict, "map"),
    (Object, "object"),
    (Namespace, "import"),
)


def is_number(value: Value) -> bool:
    """Whether it is an int or a float."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def duplicate(value: Value, everything: bool) -> Value:
    """A copy of the lists and maps that the policy owns; with `everything` of the shared ones too."""
    if isinstance(value, list):
        if everything or isinstance(value, List):
            return List([duplicate(element, everything) for element in value])
    elif isinstance(value, dict) and (everything or isinstance(value, Map)):
        return Map({key: duplicate(element, everything) for key, element in value.items()})
    return value


def equal(left: Value, right: Value) -> bool | Undefined:
    """`is`. "Comparison Operators"; values of different types are unequal since 0.11.0."""
    if left.__class__ is str and right.__class__ is str:
        return bool(left == right)
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return UNDEFINED
    if isinstance(left, str) or left is None or isinstance(left, bool):
        return type(left) is type(right) and bool(left == right)
    if is_number(left):
        return is_number(right) and bool(left == right)
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        results = [_equal_element(a, b) for a, b in zip(left, right, strict=True)]
        return all(results)
    if isinstance(left, dict):
        if not isinstance(right, dict) or len(left) != len(right):
            return False
        if not all(has_key(right, key) for key in left):
            return False
        results = [_equal_element(element, right[key]) for key, element in left.items()]
        return all(results)
    if isinstance(left, Object) or isinstance(right, Object):
        raise Undetermined(f"nothing says how {type_name(left)} and {type_name(right)} compare")
    return False


def _equal_element(left: Value, right: Value) -> bool:
    result = equal(left, right)
    if isinstance(result, Undefined):
        raise Undetermined("nothing says how lists and maps with undefined in them compare")
    return result


def ordered(operator: str, left: Value, right: Value) -> bool | Undefined:
    """`<`, `<=`, `>`, `>=`."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return UNDEFINED
    if isinstance(left, str) and isinstance(right, str):
        if not (left.isascii() and right.isascii()):
            left, right = encoded(left), encoded(right)
    elif not (is_number(left) and is_number(right)):
        # The specification says undefined, 0.11.0 says false, and the real runtime was not seen doing it.
        raise Undetermined(f"nothing says how {type_name(left)} {operator} {type_name(right)} ends")
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def contains(collection: Value, value: Value) -> bool | Undefined:
    """`contains`, and `in` with its operands exchanged. "Set Operators"."""
    if isinstance(collection, Undefined) or (
        isinstance(value, Undefined) and isinstance(collection, str | list | dict)
    ):
        return UNDEFINED
    if isinstance(collection, list):
        # A chain of `or`, as `any` is: undefined or true is true.
        if isinstance(value, str) and Object not in map(type, collection):
            # A text is equal to the same text alone, as in Python.
            return True if value in collection else UNDEFINED if UNDEFINED in collection else False
        results = [equal(element, value) for element in collection]
        if any(result is True for result in results):
            return True
        return UNDEFINED if any(result is UNDEFINED for result in results) else False
    if isinstance(collection, dict):
        if isinstance(value, str):
            return value in collection
        return isinstance(value, bool | int | float) and has_key(collection, value)
    if isinstance(collection, str):
        if not isinstance(value, str):
            raise Undetermined(f"nothing says whether a string contains {type_name(value)}")
        return value in collection
    raise EvaluationError(f"only a list, map or string can contain something, got {type_name(collection)}")


def has_key(mapping: Mapping[Value, Value], key: Value) -> bool:
    """Whether a map has a key. true, 1 and 1.0 are one key in Python, and not in Sentinel."""
    if key not in mapping:
        return False
    if isinstance(key, str):
        return True
    found = next(other for other in mapping if other == key)
    if isinstance(found, bool) != isinstance(key, bool):
        return False
    if type(found) is not type(key):
        raise Undetermined(f"nothing says whether {display(found)} and {display(key)} are the same key")
    return True


def put(mapping: dict[Value, Value], key: Value, value: Value) -> None:
    """Set a key of a map. "Map Literals": keys can only be a boolean, numeric, or string type."""
    if not isinstance(key, str):
        if not isinstance(key, bool | int | float):
            raise EvaluationError(f"a map's key must be a bool, number or string, got {type_name(key)}")
        if key in mapping and not has_key(mapping, key):
            raise Undetermined("this engine has no maps with both a bool and an equal number as keys")
    mapping[key] = value


def element(collection: Value, index: Value) -> Value:
    """`collection[index]`. "Index Expressions"."""
    if collection is None:
        return UNDEFINED
    if not isinstance(collection, list | dict):
        if isinstance(collection, str):
            # "String Literals" says that characters can be had by index, "Index Expressions" that it is an error.
            raise Undetermined("the specification contradicts itself about the index of a string")
        # The words of the real runtime (terraform-guides, issue 198): undefined is no exception.
        raise EvaluationError(f"only a list or map can be indexed, got {type_name(collection)}")
    if index is UNDEFINED:
        return UNDEFINED
    if isinstance(collection, dict):
        if isinstance(index, str):
            return collection.get(index, UNDEFINED)
        if not isinstance(index, bool | int | float):
            raise Undetermined(f"nothing says what a map has at a key of type {type_name(index)}")
        return collection[index] if has_key(collection, index) else UNDEFINED
    if isinstance(index, bool) or not isinstance(index, int):
        raise EvaluationError(f"the index of a list must be an int, got {type_name(index)}")
    return collection[index] if -len(collection) <= index < len(collection) else UNDEFINED


def part(value: Value, name: str) -> Value:
    """`value.name`. "Selectors": sugar for an index, but undefined on undefined."""
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if value is UNDEFINED or value is None:
        return UNDEFINED
    if isinstance(value, Object):
        return value.part(value.content, name)
    raise EvaluationError(f"only a map or an import has parts such as .{name}, got {type_name(value)}")


def section(value: Value, low: Value, high: Value) -> Value:
    """`value[low:high]`, with None for a bound left out. "Slice Expressions"."""
    if value is None or value is UNDEFINED:
        return UNDEFINED
    if not isinstance(value, list | str):
        raise EvaluationError(f"only a list or string can be sliced, got {type_name(value)}")
    if isinstance(value, str) and not value.isascii():
        raise Undetermined("nothing says whether a slice of a string counts bytes or characters")
    low = 0 if low is None else low
    high = len(value) if high is None else high
    if low is UNDEFINED or high is UNDEFINED:
        return UNDEFINED
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise EvaluationError(f"the bound of a slice must be an int, got {type_name(bound)}")
    if not 0 <= low <= high <= len(value):
        return UNDEFINED
    return value[low:high] if isinstance(value, str) else List(value[low:high])


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """`+ - * / %`. "Arithmetic Operators"."""
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if is_number(left) and is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            return _float_arithmetic(operator, float(left), float(right))
        return _int_arithmetic(operator, left, right)
    if operator == "+":
        if isinstance(left, str) and isinstance(right, str):
            return concatenated(left, right)
        if isinstance(left, list) and isinstance(right, list):
            return List([*left, *right])
    raise EvaluationError(f"{type_name(left)} {operator} {type_name(right)} is not possible")


def _int_arithmetic(operator: str, left: int, right: int) -> int:
    if operator in "/%" and right == 0:
        raise EvaluationError("division by zero")
    match operator:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case _:
            # "Integer operators": truncated towards zero, the remainder has the sign of the dividend.
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            result = quotient if operator == "/" else left - quotient * right
    # "Integer overflow".
    return (result + 2**63) % 2**64 - 2**63


def _float_arithmetic(operator: str, left: float, right: float) -> float:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            if right == 0:
                # "Floating-point operators": as IEEE 754 has it.
                unsigned = math.nan if left == 0 or math.isnan(left) else math.inf
                return math.copysign(unsigned, math.copysign(1, left) * math.copysign(1, right))
            return left / right
    return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)


def negated(value: Value) -> Value:
    """`-value`."""
    if value is UNDEFINED:
        return UNDEFINED
    if not is_number(value):
        raise EvaluationError(f"only a number can be negated, got {type_name(value)}")
    return -value if isinstance(value, float) else _int_arithmetic("-", 0, value)


def concatenated(left: str, right: str) -> str:
    """The two strings as one: bytes of both may make one character."""
    result = left + right
    if left and right and "\udc80" <= left[-1] <= "\udcff" and "\udc80" <= right[0] <= "\udcff":
        return encoded(result).decode(errors="surrogateescape")
    return result


def encoded(text: str) -> bytes:
    """The bytes of a string."""
    return text.encode(errors="surrogateescape")


def is_empty(value: Value) -> bool | Undefined:
    """`is empty`. "Emptiness Comparisons"."""
    if isinstance(value, Undefined):
        return UNDEFINED
    if isinstance(value, list | dict | str):
        return len(value) == 0
    raise EvaluationError(f"only a list, map or string can be empty, got {type_name(value)}")


def display(value: Value, quoted: bool = False) -> str:
    """A value as `print` shows it. The documentation has a few examples and no rule."""
    if isinstance(value, str):
        if not quoted:
            return value
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join([display(element, True) for element in value]) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{display(key, True)}: {display(item, True)}" for key, item in value.items()]) + "}"
    if isinstance(value, Undefined | int | float):
        return repr(value)
    return f"<{type_name(value)}>"
