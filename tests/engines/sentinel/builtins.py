"""The predeclared functions. "Built-in Functions"."""

from __future__ import annotations

import math
import re
import sys

from .errors import ErrorCalled, EvaluationError, Undetermined
from .runs import Run
from .tokens import INT_MAX
from .values import UNDEFINED, List, Native, Value, display, encoded, has_key, is_number, type_name

_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUE = frozenset(["1", "t", "T", "TRUE", "true", "True"])
_FALSE = frozenset(["0", "f", "F", "FALSE", "false", "False"])


def _length(run: Run, value: Value) -> Value:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(encoded(value))
    if isinstance(value, list | dict):
        return len(value)
    if value is UNDEFINED:
        return UNDEFINED
    raise EvaluationError(f"length needs a list, map or string, got {type_name(value)}")


def _append(run: Run, collection: Value, value: Value) -> Value:
    if not isinstance(collection, list):
        raise EvaluationError(f"append needs a list, got {type_name(collection)}")
    run.own(collection)
    collection.append(value)
    return UNDEFINED


def _delete(run: Run, collection: Value, key: Value) -> Value:
    if not isinstance(collection, dict):
        raise EvaluationError(f"delete needs a map, got {type_name(collection)}")
    if not isinstance(key, bool | int | float | str):
        raise Undetermined(f"nothing says what delete does with a key of type {type_name(key)}")
    if has_key(collection, key):
        run.own(collection)
        del collection[key]
    return UNDEFINED


def _keys(run: Run, value: Value) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    if not isinstance(value, dict):
        # The real runtime's words.
        raise EvaluationError(f'keys first argument can only be called with maps, got "{type_name(value)}"')
    return List(value)


def _values(run: Run, value: Value) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    if not isinstance(value, dict):
        raise EvaluationError(f'values first argument can only be called with maps, got "{type_name(value)}"')
    return List(value.values())


def _range(run: Run, *bounds: Value) -> Value:
    for bound in bounds:
        if isinstance(bound, bool) or not isinstance(bound, int):
            raise EvaluationError(f"range needs ints, got {type_name(bound)}")
    start, end, step = {1: (0, *bounds, 1), 2: (*bounds, 1), 3: bounds}[len(bounds)]
    if step == 0:
        raise EvaluationError("range needs a step that is not 0")
    run.spend(max(0, (end - start) // step))
    return List(range(start, end, step))


def _print(run: Run, *values: Value) -> Value:
    run.printed.append(" ".join([display(value) for value in values]))
    return True


def _error(run: Run, *values: Value) -> Value:
    _print(run, *values)
    raise ErrorCalled(f"error: {run.printed[-1]}")


def _int(run: Run, value: Value) -> Value:
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value) or (value < 0 and not value.is_integer()) or abs(value) > INT_MAX:
            # "Rounded down" is -2 for -1.5, and Go's conversion is -1.
            raise Undetermined(f"nothing says what int({value}) is")
        return math.floor(value)
    if not isinstance(value, str):
        return UNDEFINED
    # "According to the syntax of integer literals". That has no sign, but -1 is the port of published policies.
    match = re.fullmatch(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))", value)
    if match is None:
        raise Undetermined(f"nothing says what int({display(value, True)}) is")
    number = int(match[2], 16) if match[2] else int(match[3], 8) if match[3] else int(match[4][:20])
    if number > INT_MAX:
        raise Undetermined(f"nothing says what int({display(value, True)}) is")
    return -number if match[1] == "-" else number


def _float(run: Run, value: Value) -> Value:
    if isinstance(value, bool | int | float):
        return float(value)
    if not isinstance(value, str):
        return UNDEFINED
    if _FLOAT.fullmatch(value) is None:
        raise Undetermined(f"nothing says what float({display(value, True)}) is")
    return float(value)


def _string(run: Run, value: Value) -> Value:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return f"{value:f}" if isinstance(value, float) else UNDEFINED


def _bool(run: Run, value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value not in _TRUE | _FALSE:
            raise Undetermined(f"nothing says what bool({display(value, True)}) is")
        return value in _TRUE
    return value != 0 if is_number(value) else UNDEFINED


BUILTINS = {
    "append": Native("append", _append, 2),
    "bool": Native("bool", _bool, 1),
    "delete": Native("delete", _delete, 2),
    "error": Native("error", _error, 0, sys.maxsize),
    "float": Native("float", _float, 1),
    "int": Native("int", _int, 1),
    "keys": Native("keys", _keys, 1),
    "length": Native("length", _length, 1),
    "print": Native("print", _print, 0, sys.maxsize),
    "range": Native("range", _range, 1, 3),
    "string": Native("string", _string, 1),
    "values": Native("values", _values, 1),
}
