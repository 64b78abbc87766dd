"""The run of a program: what belongs to one evaluation, and what only exists during one.

Lists and maps of the caller are shared with the policy until it changes one. Then the run is given up and repeated
with copies of everything (`NeedsCopies`): seldom needed, and the policy sees what it would see in the real runtime.

Functions of modules that policies share remember what they gave: nothing that they see can change, and many policies
ask the same of the same resources.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .errors import EvaluationError, LimitExceeded, Position, Undetermined
from .values import UNDEFINED, List, Map, Namespace, Native, Value, duplicate, type_name

Evaluate = Callable[["Scope"], Value]
"""Works out an expression in a scope."""

Execute = Callable[["Scope"], Any]
"""Runs a statement. None: go on; a tuple: return its element; else what `break` or `continue` gives."""


@dataclass(frozen=True)
class Limits:
    """What a run may use: iterations, calls and copied elements; calls within calls."""

    steps: int = 20_000_000
    depth: int = 1_000


DEFAULT_LIMITS = Limits()


REMEMBERED = 20
"""Steps of a call whose result is remembered: a copy of it costs as much as a few."""


@dataclass(frozen=True)
class Known:
    """What a function of a shared module gave. The arguments are kept so that no other value gets their identity."""

    arguments: list[Value]
    result: Value


class NeedsCopies(Exception):  # noqa: N818 - a signal
    """The policy changes data that it shares with its caller."""


class Run:
    """One evaluation of one policy. `find_import` gives the import of a path, or raises EvaluationError."""

    def __init__(
        self, find_import: Callable[[Run, str], Value], limits: Limits = DEFAULT_LIMITS, share: bool = True
    ) -> None:
        self.find_import = find_import
        self.steps = limits.steps
        self.depth = limits.depth
        self.share = share
        self.printed: list[str] = []
        self.trace: list[RuleValue] = []
        self.imports: dict[str, Value] = {}

    def namespace(self, path: str) -> Value:
        """An import: a Namespace, or the data of a static import. Modules are singletons (0.15.0)."""
        if path not in self.imports:
            self.imports[path] = self.find_import(self, path)
        return self.imports[path]

    def spend(self, steps: int) -> None:
        """Count steps. Raises LimitExceeded."""
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded("the policy takes too many steps")

    def call(self, function: Value, arguments: list[Value]) -> Value:
        """Call a function of the policy or of this engine."""
        if isinstance(function, Closure):
            return self._call_closure(function, arguments)
        if isinstance(function, Native):
            if not function.least <= len(arguments) <= function.most:
                raise EvaluationError(
                    f"{function.name} takes {_count(function.least, function.most)}, got {len(arguments)}"
                )
            self.spend(1)
            result = function.function(self, *arguments)
            return result if self.share else _owned(result)
        if function is UNDEFINED:
            # The page "Undefined": calling a function that is undefined is undefined.
            return UNDEFINED
        raise EvaluationError(f"only a function can be called, got {type_name(function)}")

    def _call_closure(self, closure: Closure, arguments: list[Value]) -> Value:
        parameters = closure.parameters
        if len(arguments) != len(parameters):
            raise EvaluationError(
                f"{closure.name or 'the function'} takes {_count(len(parameters), len(parameters))},"
                f" got {len(arguments)}"
            )
        key = closure.key(arguments) if self.share and isinstance(closure.scope.values, SettledVariables) else None
        if key in closure.known:
            return duplicate(closure.known[key].result, everything=False)
        steps, lines = self.steps, len(self.printed)
        self.steps -= 1
        self.depth -= 1
        if self.steps < 0 or self.depth < 0:
            raise LimitExceeded("the policy calls too deep" if self.depth < 0 else "the policy takes too many steps")
        scope = Scope(self, closure.scope)
        scope.values.update(zip(parameters, arguments, strict=True))
        ended = closure.body(scope)
        self.depth += 1
        if ended is None:
            raise Undetermined(f"{closure.name or 'the function'} ends without return: nothing says what it gives")
        result = ended[0]
        if key is not None and steps - self.steps >= REMEMBERED and len(self.printed) == lines:
            closure.known[key] = Known(arguments, duplicate(result, everything=False))
        return result

    def own(self, collection: Value) -> None:
        """Make sure that a list or map may be changed. Raises NeedsCopies."""
        if self.share and not isinstance(collection, List | Map):
            raise NeedsCopies


def _count(least: int, most: int) -> str:
    number = str(least) if least == most else f"{least} to {most}" if most < sys.maxsize else f"at least {least}"
    return f"{number} argument{'' if number == '1' else 's'}"


def _owned(value: Value) -> Value:
    """A list or map made by this engine's own functions, as the policy's own. What is owned stays the same object."""
    if isinstance(value, list | dict) and not isinstance(value, List | Map):
        return duplicate(value, everything=True)
    return value


class Scope:
    """The variables of a block, and the block around it."""

    __slots__ = ("parent", "run", "values")

    def __init__(self, run: Run, parent: Scope | None = None) -> None:
        self.values: dict[str, Value] = {}
        self.run = run
        self.parent = parent


class Closure:
    """A function of a policy, with the scope that it was made in."""

    __slots__ = ("body", "known", "name", "parameters", "scope")

    def __init__(self, parameters: list[str], body: Execute, scope: Scope, name: str | None) -> None:
        self.parameters = parameters
        self.body = body
        self.scope = scope
        self.name = name
        self.known: dict[object, Known] = {}

    def key(self, arguments: list[Value]) -> object:
        """What a result is remembered by; None if an argument may change."""
        parts: list[object] = []
        for argument in arguments:
            kind = argument.__class__
            if kind is str:
                parts.append(argument)
            elif kind in (dict, list) or argument is None:
                parts.append((kind, id(argument)))
            elif kind in (bool, int, float):
                parts.append((kind, argument))
            else:
                return None
        return tuple(parts)


class RuleValue:
    """A rule. "Rule Expressions": evaluated when first needed, and remembered."""

    __slots__ = ("_when", "body", "name", "position", "scope", "state", "value")

    def __init__(self, name: str, when: Evaluate | None, body: Evaluate, scope: Scope, position: Position) -> None:
        self.name = name
        self._when = when
        self.body = body
        self.scope = scope
        self.position = position
        self.state = "new"
        self.value: Value = UNDEFINED

    @property
    def evaluated(self) -> bool:
        """Whether it has a value."""
        return self.state == "done"

    def force(self) -> Value:
        """Its value."""
        if self.state == "done":
            return self.value
        if self.state == "running":
            raise EvaluationError(f"the rule {self.name} needs its own value", self.position)
        self.state = "running"
        applies = True if self._when is None else self._when(self.scope)
        if applies is True:
            self.value = self.body(self.scope)
        elif applies is False:
            self.value = True
        elif applies is not UNDEFINED:
            raise Undetermined(f"nothing says what a rule is when {type_name(applies)}", self.position)
        self.state = "done"
        self.scope.run.trace.append(self)
        return self.value


class SettledVariables(dict[str, Value]):
    """The variables of a module that several runs share. A run that assigns one needs a module of its own."""

    __slots__ = ()

    def __setitem__(self, name: str, value: Value) -> None:
        raise NeedsCopies


class ModuleNamespace(Namespace):
    """The variables of a module or mock as an import."""

    __slots__ = ()

    def select(self, name: str, share: bool) -> Value:
        """A variable, a rule's value, or a copy of a list or map (0.15.0)."""
        value = self.parts.get(name, UNDEFINED)
        if isinstance(value, RuleValue):
            value = value.force()
        if isinstance(value, Namespace):
            raise Undetermined(f"nothing says what {self.name}.{name} is, which is an import of {self.name}")
        return duplicate(value, everything=not share)


class Modules:
    """Modules that several policies share, as long as they see the same data: most of what a policy does is theirs."""

    def __init__(self) -> None:
        self._namespaces: dict[str, ModuleNamespace] = {}

    def get(self, run: Run, path: str) -> ModuleNamespace | None:
        """The module of a path, if the run may have one that is not its own."""
        return self._namespaces.get(path) if run.share else None

    def keep(self, path: str, namespace: ModuleNamespace, scope: Scope) -> None:
        """Share a module from now on, if nothing of it can change unseen: its lists and maps become nobody's own."""
        if not scope.run.share or scope.run.printed or not self._is_settled(list(scope.values.values()), scope):
            return
        scope.values = SettledVariables({name: _nobodys(value) for name, value in scope.values.items()})
        namespace.parts = scope.values
        self._namespaces[path] = namespace

    def _is_settled(self, values: list[Value], scope: Scope) -> bool:
        """Whether there is neither a rule nor a function with variables of its own, nor a module that is not shared."""
        for value in values:
            if isinstance(value, RuleValue) or (isinstance(value, Closure) and value.scope is not scope):
                return False
            if isinstance(value, ModuleNamespace) and value not in self._namespaces.values():
                return False
            if isinstance(value, List | Map):
                elements = list(value.values()) if isinstance(value, Map) else value
                if not self._is_settled(elements, scope):
                    return False
        return True


def _nobodys(value: Value) -> Value:
    """A value without lists and maps that the policy owns."""
    if isinstance(value, List):
        return [_nobodys(element) for element in value]
    if isinstance(value, Map):
        return {key: _nobodys(element) for key, element in value.items()}
    return value


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let Python call as deep as the limits of this engine need."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 60_000))
    try:
        yield
    except (MemoryError, RecursionError):
        raise LimitExceeded("nested too deep, or too large, for this engine") from None
    finally:
        sys.setrecursionlimit(before)


def located(error: EvaluationError, position: Position) -> EvaluationError:
    """The error, with a position if it has none."""
    if error.position is None:
        error.position = position
    return error
