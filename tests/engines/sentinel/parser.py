"""From tokens to the syntax tree: the specification's grammar, and the checks that need no evaluation.

Expressions are read by precedence climbing. A block's `{` never looks like a map literal, because the expression before
it cannot go on with one.
"""

from __future__ import annotations

import gc
import re

from . import syntax
from .errors import Position, SentinelSyntaxError, Source
from .tokens import CONSTANTS, FUNCTIONS, KEYWORDS, WORD_OPERATORS, Token, tokenize
from .values import UNDEFINED

# "Operator Precedence". `not` is the beginning of `not in`, `not contains`, `not matches`.
PRECEDENCE = {
    **dict.fromkeys(["*", "/", "%"], 6),
    **dict.fromkeys(["+", "-"], 5),
    "else": 4,
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">=", "is", "matches", "contains", "in", "not"], 3),
    "and": 2,
    **dict.fromkeys(["or", "xor"], 1),
}
ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%="])
LITERALS = frozenset(["int", "float", "string"])
QUANTIFIERS = frozenset(["all", "any", "filter", "map"])
MAX_NESTING = 100
"""How deep brackets, blocks and unary operators may nest. Real policies stay below 20."""

_CONSTANT_VALUES = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


def parse(source: Source) -> syntax.Program:
    """The program in a file. Raises SentinelSyntaxError."""
    # A tree has no cycles: looking for them takes the collector of garbage as long as the parser.
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _Parser(source).program()
    finally:
        if enabled:
            gc.enable()


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.nesting = 0
        self.loops = 0
        self.functions = 0
        self.move(0)

    # Tokens

    def move(self, at: int) -> None:
        self.at = at
        self.kind, _, self.position, _, _ = self.tokens[at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.move(self.at + 1)
        return token

    def accept(self, kind: str) -> bool:
        if self.kind != kind:
            return False
        self.move(self.at + 1)
        return True

    def expect(self, kind: str, where: str) -> Token:
        if self.kind != kind:
            raise self.unexpected(f"{kind!r}" if kind not in ("name", "string") else f"a {kind}", where)
        return self.next()

    def unexpected(self, wanted: str, where: str) -> SentinelSyntaxError:
        token = self.tokens[self.at]
        if token.kind == ";" and token.value == "\n":
            return SentinelSyntaxError(f"expected {wanted} before the newline {where}", token.position)
        found = "the end of the file" if token.kind == "end" else repr(str(token.value))
        return SentinelSyntaxError(f"expected {wanted} {where}, found {found}", token.position)

    def skip_semicolons(self) -> None:
        while self.kind == ";":
            self.next()

    def enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise SentinelSyntaxError(f"nested more than {MAX_NESTING} deep", self.position)

    def leave(self) -> None:
        self.nesting -= 1

    # Declarations

    def program(self) -> syntax.Program:
        program = syntax.Program([], [], [], self.source)
        taken: dict[str, str] = {}
        self.skip_semicolons()
        while self.kind != "end":
            if self.kind == "import":
                if program.parameters or program.statements:
                    raise SentinelSyntaxError("imports must come before everything else", self.position)
                program.imports.append(self.import_(program.imports, taken))
            elif self.kind == "param":
                if program.statements:
                    raise SentinelSyntaxError("parameters must come before all statements", self.position)
                program.parameters.append(self.parameter(taken))
            else:
                program.statements.append(self.statement())
            self.end_statement("end")
        return program

    def import_(self, imports: list[syntax.Import], taken: dict[str, str]) -> syntax.Import:
        position = self.next().position
        path = str(self.expect("string", "after import").value)
        if self.accept("as"):
            name = str(self.expect("name", "after as").value)
        elif _IDENTIFIER.fullmatch(path) and path not in KEYWORDS and path not in WORD_OPERATORS:
            name = path
        else:
            # Enforced since 0.8.0.
            raise SentinelSyntaxError(f'import "{path}" needs a name: as …', position)
        declared = syntax.Import(path, name, position)
        if not any((other.path, other.name) == (path, name) for other in imports):
            self.declare(name, "import", position, taken)
        return declared

    def parameter(self, taken: dict[str, str]) -> syntax.Parameter:
        position = self.next().position
        name = str(self.expect("name", "after param").value)
        if name in FUNCTIONS:
            raise SentinelSyntaxError(f"{name} is a reserved identifier", position)
        self.declare(name, "parameter", position, taken)
        default = None
        if self.accept("default"):
            start = self.position
            default = self.expression()
            if not _is_parameter_literal(default):
                raise SentinelSyntaxError("the default of a parameter must be a literal", start)
        return syntax.Parameter(name, default, position)

    def declare(self, name: str, kind: str, position: Position, taken: dict[str, str]) -> None:
        if name in CONSTANTS:
            raise SentinelSyntaxError(f"{name} is a reserved identifier", position)
        if name in taken:
            raise SentinelSyntaxError(f"the {kind} {name} conflicts with the {taken[name]} of that name", position)
        taken[name] = kind

    # Statements

    def end_statement(self, closing: str) -> None:
        if self.kind == closing:
            return
        self.expect(";", "after a statement")
        self.skip_semicolons()

    def block(self, where: str) -> list[syntax.Statement]:
        self.expect("{", where)
        self.enter()
        statements: list[syntax.Statement] = []
        self.skip_semicolons()
        while self.kind not in ("}", "end"):
            statements.append(self.statement())
            self.end_statement("}")
        self.expect("}", "at the end of a block")
        self.leave()
        return statements

    def statement(self) -> syntax.Statement:
        position = self.position
        match self.kind:
            case "if":
                return self.if_()
            case "for":
                return self.for_()
            case "case":
                return self.case()
            case "break" | "continue":
                word = self.next().kind
                if not self.loops:
                    raise SentinelSyntaxError(f"{word} outside of a loop", position)
                return syntax.Break(position) if word == "break" else syntax.Continue(position)
            case "return":
                self.next()
                if not self.functions:
                    raise SentinelSyntaxError("return outside of a function", position)
                return syntax.Return(self.expression(), position)
            case "func" if self.tokens[self.at + 1].kind == "name":
                self.next()
                name = self.next()
                function = self.function(position, str(name.value))
                return syntax.Assignment(syntax.Name(str(name.value), name.position), "", function, position)
            case "import" | "param":
                raise SentinelSyntaxError(f"{self.kind} must stand at the top of the file", position)
        expression = self.expression(statement=True)
        if self.kind not in ASSIGNMENTS:
            return syntax.ExpressionStatement(expression, position)
        operator = self.next().kind[:-1]
        if not isinstance(expression, syntax.Name | syntax.Index):
            # "Selectors cannot, however, be used to assign values to map data."
            raise SentinelSyntaxError("only a variable or an element of one can be assigned", position)
        return syntax.Assignment(expression, operator, self.expression(), position)

    def if_(self) -> syntax.If:
        self.enter()
        position = self.next().position
        condition = self.expression()
        then = self.block("after the condition")
        otherwise: list[syntax.Statement] | None = None
        if self.accept("else"):
            otherwise = [self.if_()] if self.kind == "if" else self.block("after else")
        self.leave()
        return syntax.If(condition, then, otherwise, position)

    def for_(self) -> syntax.For:
        position = self.next().position
        collection = self.expression()
        first, second = self.iterators()
        self.loops += 1
        body = self.block("after the names of a loop")
        self.loops -= 1
        return syntax.For(collection, first, second, body, position)

    def iterators(self) -> tuple[str, str | None]:
        self.expect("as", "after the collection")
        first = str(self.expect("name", "after as").value)
        second = str(self.expect("name", "after the comma").value) if self.accept(",") else None
        return first, second

    def case(self) -> syntax.Case:
        self.enter()
        position = self.next().position
        subject = None if self.kind == "{" else self.expression()
        self.expect("{", "after case")
        self.skip_semicolons()
        clauses: list[tuple[list[syntax.Expression] | None, list[syntax.Statement]]] = []
        while self.kind in ("when", "else"):
            tests: list[syntax.Expression] | None = None
            start = self.position
            if self.next().kind == "when":
                tests = [self.expression()]
                while self.accept(","):
                    tests.append(self.expression())
            elif any(other is None for other, _ in clauses):
                raise SentinelSyntaxError("a second else", start)
            self.expect(":", "after a clause's expressions")
            self.skip_semicolons()
            body: list[syntax.Statement] = []
            while self.kind not in ("when", "else", "}", "end"):
                body.append(self.statement())
                if self.kind not in ("when", "else"):
                    self.end_statement("}")
            clauses.append((tests, body))
        self.expect("}", "at the end of a case")
        self.leave()
        return syntax.Case(subject, clauses, position)

    # Expressions

    def expression(self, minimum: int = 1, statement: bool = False) -> syntax.Expression:
        if self.kind in LITERALS and self.tokens[self.at + 1].kind in (",", ":"):
            # Nothing else can follow it: a shortcut for mocks.
            token = self.next()
            return syntax.Literal(token.value, token.position)
        left = self.unary()
        if not statement and minimum == 1:
            _no_append(left)
        while True:
            kind = self.kind
            precedence = PRECEDENCE.get(kind, 0)
            if precedence < minimum or (kind == "else" and self.tokens[self.at + 1].kind == ":"):
                # `when x: y else:` of a case: the else there is no operator.
                return left
            _no_append(left)
            left = self.binary(left, precedence)

    def binary(self, left: syntax.Expression, precedence: int) -> syntax.Expression:
        token = self.next()
        operator, position, negated = token.kind, token.position, False
        if operator == "not":
            negated = True
            if self.kind not in ("contains", "in", "matches"):
                raise self.unexpected("'contains', 'in' or 'matches'", "after not")
            operator = self.next().kind
        elif operator == "!=":
            operator, negated = "is", True
        elif operator == "==":
            operator = "is"
        elif operator == "is":
            negated = self.accept("not")
            if self.kind == "name" and self.tokens[self.at].value in ("empty", "defined"):
                word = str(self.next().value)
                expression: syntax.Expression = syntax.Unary(f"is {word}", left, position)
                return syntax.Unary("not", expression, position) if negated else expression
        right = self.expression(precedence + 1)
        _no_append(right)
        expression = syntax.Binary(operator, left, right, position)
        return syntax.Unary("not", expression, position) if negated else expression

    def unary(self) -> syntax.Expression:
        if self.kind not in ("-", "+", "!", "not"):
            return self.primary()
        self.enter()
        token = self.next()
        operand = self.unary()
        _no_append(operand)
        self.leave()
        return syntax.Unary("not" if token.kind == "!" else token.kind, operand, token.position)

    def primary(self) -> syntax.Expression:
        expression = self.operand()
        while True:
            position = self.position
            if self.kind in ("(", "[", "."):
                _no_append(expression)
            if self.accept("."):
                expression = syntax.Selector(expression, str(self.expect("name", "after the dot").value), position)
            elif self.kind == "(":
                expression = syntax.Call(expression, self.elements("(", ")", "arguments"), position)
            elif self.accept("["):
                self.enter()
                expression = self.index(expression, position)
                self.leave()
            else:
                return expression

    def index(self, operand: syntax.Expression, position: Position) -> syntax.Expression:
        low = None if self.kind == ":" else self.expression()
        if self.accept(":"):
            high = None if self.kind == "]" else self.expression()
            self.expect("]", "after a slice")
            return syntax.Slice(operand, low, high, position)
        self.expect("]", "after an index")
        assert low is not None
        return syntax.Index(operand, low, position)

    def elements(self, opening: str, closing: str, what: str) -> list[syntax.Expression]:
        self.expect(opening, "")
        self.enter()
        elements: list[syntax.Expression] = []
        while self.kind != closing:
            elements.append(self.expression())
            if not self.accept(","):
                break
        if self.kind != closing:
            raise self.unexpected(f"',' or {closing!r}", f"in {what}")
        self.next()
        self.leave()
        return elements

    def operand(self) -> syntax.Expression:
        position = self.position
        match self.kind:
            case kind if kind in LITERALS:
                return syntax.Literal(self.next().value, position)
            case "name":
                name = str(self.next().value)
                if name in _CONSTANT_VALUES:
                    return syntax.Literal(_CONSTANT_VALUES[name], position)
                return syntax.Name(name, position)
            case "[":
                return syntax.ListLiteral(self.elements("[", "]", "a list literal"), position)
            case "{":
                return self.map_literal()
            case "func":
                self.next()
                return self.function(position, None)
            case "rule":
                self.next()
                when = self.expression() if self.accept("when") else None
                return syntax.Rule(when, self.body(), position)
            case kind if kind in QUANTIFIERS:
                self.next()
                self.enter()
                collection = self.expression()
                self.leave()
                first, second = self.iterators()
                return syntax.Quantifier(kind, collection, first, second, self.body(), position)
            case "(":
                self.next()
                self.enter()
                expression = self.expression()
                self.expect(")", "after an expression")
                self.leave()
                return expression
        raise self.unexpected("an expression", "here")

    def body(self) -> syntax.Expression:
        self.expect("{", "before the expression")
        self.enter()
        self.skip_semicolons()
        expression = self.expression()
        self.skip_semicolons()
        self.expect("}", "after the expression")
        self.leave()
        return expression

    def map_literal(self) -> syntax.MapLiteral:
        position = self.next().position
        self.enter()
        items: list[tuple[syntax.Expression, syntax.Expression]] = []
        while self.kind != "}":
            key = self.expression()
            self.expect(":", "after a key")
            items.append((key, self.expression()))
            if not self.accept(","):
                break
        if self.kind != "}":
            raise self.unexpected("',' or '}'", "in a map literal")
        self.next()
        self.leave()
        return syntax.MapLiteral(items, position)

    def function(self, position: Position, name: str | None) -> syntax.Function:
        self.expect("(", "after func")
        parameters: list[str] = []
        while self.kind != ")":
            token = self.expect("name", "as a parameter")
            if token.value in parameters and token.value != "_":
                raise SentinelSyntaxError(f"the parameter {token.value} appears twice", token.position)
            parameters.append(str(token.value))
            if not self.accept(","):
                break
        self.expect(")", "after the parameters")
        loops, self.loops = self.loops, 0
        self.functions += 1
        body = self.block("before a function's body")
        self.functions -= 1
        self.loops = loops
        return syntax.Function(parameters, body, name, position)


def _no_append(expression: syntax.Expression) -> None:
    """Refuse to use what append returns, as the real runtime does since 0.12.0."""
    if (
        isinstance(expression, syntax.Call)
        and isinstance(expression.function, syntax.Name)
        and expression.function.name == "append"
    ):
        raise SentinelSyntaxError("append has no value to use", expression.position)


def _is_parameter_literal(expression: syntax.Expression) -> bool:
    """What "Parameters" allows as a default."""
    match expression:
        case syntax.Literal():
            return True
        case syntax.Unary(operator="-" | "+", operand=syntax.Literal(value=value)):
            return isinstance(value, int | float) and not isinstance(value, bool)
        case syntax.ListLiteral(elements=elements):
            return all(map(_is_parameter_literal, elements))
        case syntax.MapLiteral(items=items):
            return all(_is_parameter_literal(key) and _is_parameter_literal(value) for key, value in items)
    return False
