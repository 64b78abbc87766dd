"""The syntax tree. Nodes are equal if they mean the same: positions do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import zip_longest

from .errors import Position, Source


@dataclass(slots=True)
class Literal:
    """A number, a string, or one of the constants, `undefined` as values.UNDEFINED."""

    value: object
    position: Position = field(compare=False)


@dataclass(slots=True)
class Name:
    """An identifier that stands for a value."""

    name: str
    position: Position = field(compare=False)


@dataclass(slots=True)
class ListLiteral:
    """`[a, b]`."""

    elements: list[Expression]
    position: Position = field(compare=False)


@dataclass(slots=True)
class MapLiteral:
    """`{k: v}`."""

    items: list[tuple[Expression, Expression]]
    position: Position = field(compare=False)


@dataclass(slots=True)
class Function:
    """`func(a) { … }`; `name` is that of a named declaration."""

    parameters: list[str]
    body: list[Statement]
    name: str | None
    position: Position = field(compare=False)


@dataclass(slots=True)
class Rule:
    """`rule when p { e }`."""

    when: Expression | None
    body: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Selector:
    """`x.f`."""

    operand: Expression
    name: str
    position: Position = field(compare=False)


@dataclass(slots=True)
class Index:
    """`x[i]`."""

    operand: Expression
    index: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Slice:
    """`x[low:high]`."""

    operand: Expression
    low: Expression | None
    high: Expression | None
    position: Position = field(compare=False)


@dataclass(slots=True)
class Call:
    """`f(a, b)`."""

    function: Expression
    arguments: list[Expression]
    position: Position = field(compare=False)


@dataclass(slots=True)
class Unary:
    """`-x`, `+x`, `not x`, `x is empty`, `x is defined`; `x is not empty` is the `not` of the other."""

    operator: str
    operand: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Binary:
    """`x op y`. `==` and `is` are both "is"; `!=`, `is not`, `not in` … are a `not` around the other."""

    operator: str
    left: Expression
    right: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Quantifier:
    """`all x as k, v { e }`; `second` is None where only one name is given. `kind` is all, any, filter or map."""

    kind: str
    collection: Expression
    first: str
    second: str | None
    body: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class ExpressionStatement:
    """An expression for its effect."""

    expression: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Assignment:
    """`x = e`, `x[i] += e`. `operator` is "" or one of + - * / %."""

    target: Name | Index
    operator: str
    value: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class If:
    """`if c { … } else { … }`; `else if` is an If as the only statement of `otherwise`."""

    condition: Expression
    then: list[Statement]
    otherwise: list[Statement] | None
    position: Position = field(compare=False)


@dataclass(slots=True)
class For:
    """`for x as k, v { … }`."""

    collection: Expression
    first: str
    second: str | None
    body: list[Statement]
    position: Position = field(compare=False)


@dataclass(slots=True)
class Case:
    """`case x { when a, b: … else: … }`. Without a subject it is `case true`. The clause of `else` has no tests."""

    subject: Expression | None
    clauses: list[tuple[list[Expression] | None, list[Statement]]]
    position: Position = field(compare=False)


@dataclass(slots=True)
class Break:
    """`break`."""

    position: Position = field(compare=False)


@dataclass(slots=True)
class Continue:
    """`continue`."""

    position: Position = field(compare=False)


@dataclass(slots=True)
class Return:
    """`return e`."""

    value: Expression
    position: Position = field(compare=False)


@dataclass(slots=True)
class Import:
    """`import "path" as name`."""

    path: str
    name: str
    position: Position = field(compare=False)


@dataclass(slots=True)
class Parameter:
    """`param name default e`."""

    name: str
    default: Expression | None
    position: Position = field(compare=False)


@dataclass(slots=True)
class Program:
    """A policy, a module or a mock."""

    imports: list[Import]
    parameters: list[Parameter]
    statements: list[Statement]
    source: Source = field(compare=False)


Expression = (
    Literal
    | Name
    | ListLiteral
    | MapLiteral
    | Function
    | Rule
    | Selector
    | Index
    | Slice
    | Call
    | Unary
    | Binary
    | Quantifier
)
Statement = ExpressionStatement | Assignment | If | For | Case | Break | Continue | Return


def walk(node: object) -> Iterator[object]:
    """The nodes of a tree and what is in them, such as names and values; without recursion, for chains lean far."""
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, list | tuple):
            yield len(node)
            stack += node
        elif is_dataclass(node):
            yield node
            stack += [getattr(node, part.name) for part in fields(node) if part.compare]
        else:
            yield node


def same(left: Program, right: Program) -> bool:
    """Whether two programs mean the same."""
    pairs = zip_longest(walk(left), walk(right), fillvalue=...)
    return all(type(a) is type(b) and (is_dataclass(a) or a == b) for a, b in pairs)
