"""Programs as closures.

Each expression is compiled once to a function of the scope, each statement to one that says how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from . import syntax
from .builtins import BUILTINS
from .errors import EvaluationError, Position, Undetermined
from .regular_expressions import compiled
from .runs import Closure, Evaluate, Execute, RuleValue, Run, Scope, deep_recursion, located
from .values import (
    UNDEFINED,
    List,
    Map,
    Namespace,
    Undefined,
    Value,
    arithmetic,
    contains,
    duplicate,
    element,
    equal,
    is_empty,
    negated,
    ordered,
    part,
    put,
    section,
    type_name,
)

_BREAK, _CONTINUE = object(), object()
_MISSING = object()
_SHARED_LITERAL = 32
"""Constant literals with more parts than this, as mocks have, are made once and shared."""


class Code:
    """A compiled program."""

    def __init__(self, program: syntax.Program) -> None:
        # Without the tree, which in a mock takes several times what is made of it.
        self.program = replace(program, statements=[])
        compiler = _Compiler(program)
        self._defaults = {
            parameter.name: compiler.expression(parameter.default)
            for parameter in program.parameters
            if parameter.default is not None
        }
        self._body = compiler.block(program.statements)

    def execute(self, scope: Scope, parameters: Mapping[str, Value] | None) -> None:
        """Run it in a scope. `parameters` is None for modules and mocks, which can have none."""
        run = scope.run
        for declared in self.program.imports:
            try:
                scope.values[declared.name] = run.namespace(declared.path)
            except EvaluationError as error:
                raise located(error, declared.position) from None
        for parameter in self.program.parameters:
            if parameters is None:
                raise EvaluationError("a module or mock cannot have parameters", parameter.position)
            if parameter.name in parameters:
                scope.values[parameter.name] = duplicate(parameters[parameter.name], everything=not run.share)
            elif parameter.name in scope.values:
                raise Undetermined(
                    f"nothing says whether the global {parameter.name} is the parameter's value", parameter.position
                )
            elif parameter.name in self._defaults:
                scope.values[parameter.name] = self._defaults[parameter.name](scope)
            else:
                raise EvaluationError(f"the parameter {parameter.name} has no value", parameter.position)
        self._body(scope)


class _Compiler:
    def __init__(self, program: syntax.Program) -> None:
        self.imports = {declared.name for declared in program.imports}

    # Statements

    def block(self, statements: list[syntax.Statement]) -> Execute:
        steps = [self.statement(statement) for statement in statements]
        if len(steps) == 1:
            return steps[0]

        def execute(scope: Scope) -> Any:
            for step in steps:
                ended = step(scope)
                if ended is not None:
                    return ended
            return None

        return execute

    def statement(self, statement: syntax.Statement) -> Execute:
        match statement:
            case syntax.ExpressionStatement(expression=expression):
                evaluate = self.expression(expression)

                def execute(scope: Scope) -> None:
                    evaluate(scope)

                return execute
            case syntax.Assignment():
                return self.assignment(statement)
            case syntax.If():
                return self.if_(statement)
            case syntax.For():
                return self.for_(statement)
            case syntax.Case():
                return self.case(statement)
            case syntax.Return(value=expression):
                result = self.expression(expression)
                return lambda scope: (result(scope),)
            case syntax.Break():
                return lambda scope: _BREAK
            case syntax.Continue():
                return lambda scope: _CONTINUE

    def assignment(self, statement: syntax.Assignment) -> Execute:
        target, position = statement.target, statement.position
        value: Evaluate
        if statement.operator:
            # "The assignment `x op= y` is equivalent to `x = x op (y)`."
            value = self.expression(syntax.Binary(statement.operator, target, statement.value, position))
        elif isinstance(statement.value, syntax.Rule) and isinstance(target, syntax.Name):
            value = self.rule(statement.value, target.name, position)
        elif isinstance(statement.value, syntax.Function) and isinstance(target, syntax.Name):
            value = self.function(statement.value, target.name)
        else:
            value = self.expression(statement.value)
        if isinstance(target, syntax.Name):
            return self.assign_name(target, value)
        root: syntax.Expression = target
        while isinstance(root, syntax.Index | syntax.Selector):
            root = root.operand
        if not isinstance(root, syntax.Name):
            # "The variable must exist".
            raise EvaluationError("only an element of a variable can be assigned", position)
        collection, index = self.expression(target.operand), self.expression(target.index)
        name, imported = root.name, root.name in self.imports

        def execute(scope: Scope) -> None:
            result = value(scope)
            key = index(scope)
            if imported and _is_global(scope, name):
                # "Values in imports are not assignable".
                raise EvaluationError("only an element of a variable can be assigned", position)
            holder = collection(scope)
            try:
                _set_element(scope.run, holder, key, result)
            except EvaluationError as error:
                raise located(error, position) from None

        return execute

    def assign_name(self, target: syntax.Name, value: Evaluate) -> Execute:
        name, position, imported = target.name, target.position, target.name in self.imports

        def execute(scope: Scope) -> None:
            result = value(scope)
            holder: Scope | None = scope
            # "Declarations and Scope": the variable of the nearest block that has it, else a new one here.
            while holder is not None:
                if name in holder.values:
                    if imported and holder.parent is None:
                        raise EvaluationError(f"{name} is an import and cannot be assigned", position)
                    holder.values[name] = result
                    return
                holder = holder.parent
            scope.values[name] = result

        return execute

    def if_(self, statement: syntax.If) -> Execute:
        condition, then, position = self.expression(statement.condition), self.block(statement.then), statement.position
        otherwise = None if statement.otherwise is None else self.block(statement.otherwise)

        def execute(scope: Scope) -> Any:
            value = condition(scope)
            if value is True:
                return then(scope)
            if value is not False:
                # The real runtime's words (policy-library-CIS-Policy-Set-for-AWS-Terraform, pull request 32).
                raise EvaluationError(f"if condition must result in a boolean, got {type_name(value)}", position)
            return None if otherwise is None else otherwise(scope)

        return execute

    def for_(self, statement: syntax.For) -> Execute:
        collection, body = self.expression(statement.collection), self.block(statement.body)
        first, second, position = statement.first, statement.second, statement.position

        def execute(scope: Scope) -> Any:
            value = collection(scope)
            try:
                pairs = _pairs(scope.run, value)
            except EvaluationError as error:
                raise located(error, statement.collection.position) from None
            size = len(value)
            by_value = isinstance(value, list)
            for key, item in pairs:
                inner = Scope(scope.run, scope)
                if second is None:
                    inner.values[first] = item if by_value else key
                else:
                    inner.values[first] = key
                    inner.values[second] = item
                ended = body(inner)
                if ended is not None:
                    if ended is _BREAK:
                        break
                    if ended is not _CONTINUE:
                        return ended
                if len(value) == size - 1 and isinstance(value, dict) and key not in value:
                    # Its own key has no other element to offer: the loop goes on whatever it goes through.
                    size -= 1
                if len(value) != size:
                    raise Undetermined("nothing says what a loop over a collection does that it changes", position)
            return None

        return execute

    def case(self, statement: syntax.Case) -> Execute:
        subject = None if statement.subject is None else self.expression(statement.subject)
        clauses = [
            ([self.expression(test) for test in tests], self.block(body))
            for tests, body in statement.clauses
            if tests is not None
        ]
        otherwise = next((self.block(body) for tests, body in statement.clauses if tests is None), None)
        position = statement.position

        def execute(scope: Scope) -> Any:
            value = True if subject is None else subject(scope)
            for tests, body in clauses:
                for test in tests:
                    try:
                        result = equal(value, test(scope))
                        if isinstance(result, Undefined):
                            raise Undetermined("nothing says whether a case with undefined applies")
                    except EvaluationError as error:
                        raise located(error, position) from None
                    if result:
                        return body(scope)
            return None if otherwise is None else otherwise(scope)

        return execute

    # Expressions

    def expression(self, expression: syntax.Expression) -> Evaluate:
        match expression:
            case syntax.Literal(value=value):
                return lambda scope: value
            case syntax.Name():
                return self.name(expression)
            case syntax.ListLiteral() | syntax.MapLiteral():
                return self.collection(expression)
            case syntax.Function():
                return self.function(expression, expression.name)
            case syntax.Rule():
                return self.undetermined(
                    "nothing says what a rule is that is not assigned to a variable", expression.position
                )
            case syntax.Selector():
                return self.selector(expression)
            case syntax.Index():
                return self.operation(element, expression.position, expression.operand, expression.index)
            case syntax.Slice():
                return self.slice(expression)
            case syntax.Call():
                return self.call(expression)
            case syntax.Unary():
                return self.unary(expression)
            case syntax.Binary():
                return self.binary(expression)
            case syntax.Quantifier():
                return self.quantifier(expression)

    def name(self, expression: syntax.Name, importable: bool = False) -> Evaluate:
        name, position = expression.name, expression.position
        builtin: Value = BUILTINS.get(name, _MISSING)

        def evaluate(scope: Scope) -> Value:
            holder: Scope | None = scope
            while holder is not None:
                value = holder.values.get(name, _MISSING)
                if value is not _MISSING:
                    if value.__class__ is RuleValue:
                        return value.force()
                    if isinstance(value, Namespace) and not importable:
                        raise EvaluationError(f"{name} is an import, which is not a value", position)
                    return value
                holder = holder.parent
            if builtin is not _MISSING:
                return builtin
            raise EvaluationError(f"unknown identifier {name}", position)

        return evaluate

    def collection(self, expression: syntax.ListLiteral | syntax.MapLiteral) -> Evaluate:
        count, constant = _constant(expression)
        if count > _SHARED_LITERAL:
            return lambda scope: constant if scope.run.share else duplicate(constant, everything=True)
        if isinstance(expression, syntax.ListLiteral):
            elements = [self.expression(item) for item in expression.elements]
            return lambda scope: List([item(scope) for item in elements])
        names = [name for name in map(_text, [key for key, _ in expression.items]) if name is not None]
        if len(set(names)) == len(expression.items):
            named = [(name, self.expression(item)) for name, (_, item) in zip(names, expression.items, strict=True)]
            return lambda scope: Map({name: item(scope) for name, item in named})
        items = [(self.expression(key), self.expression(item)) for key, item in expression.items]
        position = expression.position

        def evaluate(scope: Scope) -> Map:
            result = Map()
            for key, item in items:
                name, value = key(scope), item(scope)
                try:
                    if isinstance(name, str) and name in result and equal(result[name], value) is not True:
                        raise Undetermined("nothing says what a literal is that gives a key two values")
                    put(result, name, value)
                except EvaluationError as error:
                    raise located(error, position) from None
            return result

        return evaluate

    def function(self, function: syntax.Function, name: str | None) -> Evaluate:
        parameters, body = function.parameters, self.block(function.body)
        return lambda scope: Closure(parameters, body, scope, name)

    def rule(self, rule: syntax.Rule, name: str, position: Position) -> Evaluate:
        when = None if rule.when is None else self.expression(rule.when)
        body = self.expression(rule.body)
        return lambda scope: RuleValue(name, when, body, scope, position)

    def undetermined(self, message: str, position: Position) -> Evaluate:
        def evaluate(scope: Scope) -> Value:
            raise Undetermined(message, position)

        return evaluate

    def selector(self, expression: syntax.Selector) -> Evaluate:
        selected, position = expression.name, expression.position
        if isinstance(expression.operand, syntax.Name):
            operand = self.name(expression.operand, importable=True)
        else:
            operand = self.expression(expression.operand)

        def evaluate(scope: Scope) -> Value:
            value = operand(scope)
            if isinstance(value, dict):
                return value.get(selected, UNDEFINED)
            try:
                if isinstance(value, Namespace):
                    return value.select(selected, scope.run.share)
                return part(value, selected)
            except EvaluationError as error:
                raise located(error, position) from None

        return evaluate

    def slice(self, expression: syntax.Slice) -> Evaluate:
        nothing = syntax.Literal(None, expression.position)
        bounds = [bound or nothing for bound in (expression.low, expression.high)]
        return self.operation(section, expression.position, expression.operand, *bounds)

    def call(self, expression: syntax.Call) -> Evaluate:
        function, position = self.expression(expression.function), expression.position
        arguments = [self.expression(argument) for argument in expression.arguments]
        match expression.function:
            case syntax.Selector(operand=syntax.Name(name=name)):
                imported = name in self.imports
            case _:
                imported = False

        def evaluate(scope: Scope) -> Value:
            target = function(scope)
            values = [argument(scope) for argument in arguments]
            try:
                result = scope.run.call(target, values)
            except EvaluationError as error:
                raise located(error, position) from None
            # What a module gives is a copy (0.15.0).
            return duplicate(result, everything=False) if imported and target.__class__ is Closure else result

        return evaluate

    def operation(self, operation: Callable[..., Value], position: Position, *operands: syntax.Expression) -> Evaluate:
        """An operation on values, whose errors get the position."""
        evaluated = [self.expression(operand) for operand in operands]
        if len(evaluated) == 2:
            left, right = evaluated

            def binary(scope: Scope) -> Value:
                first = left(scope)
                second = right(scope)
                try:
                    return operation(first, second)
                except EvaluationError as error:
                    raise located(error, position) from None

            return binary

        def evaluate(scope: Scope) -> Value:
            values = [operand(scope) for operand in evaluated]
            try:
                return operation(*values)
            except EvaluationError as error:
                raise located(error, position) from None

        return evaluate

    def unary(self, expression: syntax.Unary) -> Evaluate:
        match expression.operator:
            case "not":
                return self.operation(_not, expression.position, expression.operand)
            case "-":
                return self.operation(negated, expression.position, expression.operand)
            case "+":
                return self.operation(lambda value: negated(negated(value)), expression.position, expression.operand)
            case "is empty":
                return self.operation(is_empty, expression.position, expression.operand)
        operand = self.expression(expression.operand)
        return lambda scope: operand(scope) is not UNDEFINED

    def binary(self, expression: syntax.Binary) -> Evaluate:
        left, right, position = expression.left, expression.right, expression.position
        match expression.operator:
            case "and" | "or":
                return self.logical(expression)
            case "xor":
                return self.operation(_xor, position, left, right)
            case "else":
                value, default = self.expression(left), self.expression(right)

                def otherwise(scope: Scope) -> Value:
                    result = value(scope)
                    return default(scope) if result is UNDEFINED else result

                return otherwise
            case "is":
                if isinstance(right, syntax.Literal) and isinstance(right.value, str):
                    return self.is_text(left, right.value, position)
                return self.operation(equal, position, left, right)
            case "<" | "<=" | ">" | ">=" as operator:
                return self.operation(lambda a, b: ordered(operator, a, b), position, left, right)
            case "contains":
                return self.operation(contains, position, left, right)
            case "in":
                return self.operation(lambda a, b: contains(b, a), position, left, right)
            case "matches":
                return self.operation(_matches, position, left, right)
            case "+":
                return self.sum(expression)
            case operator:
                return self.operation(lambda a, b: arithmetic(operator, a, b), position, left, right)

    def is_text(self, left: syntax.Expression, text: str, position: Position) -> Evaluate:
        """The comparison with a string, which policies make most."""
        operand = self.expression(left)

        def evaluate(scope: Scope) -> Value:
            value = operand(scope)
            if value.__class__ is str:
                return value == text
            try:
                return equal(value, text)
            except EvaluationError as error:
                raise located(error, position) from None

        return evaluate

    def sum(self, expression: syntax.Binary) -> Evaluate:
        """`+`, which can make ever longer lists and strings."""
        left, right = self.expression(expression.left), self.expression(expression.right)
        position = expression.position

        def evaluate(scope: Scope) -> Value:
            first = left(scope)
            second = right(scope)
            try:
                result = arithmetic("+", first, second)
                if isinstance(result, list | str):
                    scope.run.spend(len(result) if isinstance(result, list) else len(result) // 16)
                return result
            except EvaluationError as error:
                raise located(error, position) from None

        return evaluate

    def logical(self, expression: syntax.Binary) -> Evaluate:
        operator = expression.operator
        # Long chains lean to the left: taken apart here, they do not nest closures.
        terms: list[tuple[Evaluate, Position]] = []
        node: syntax.Expression = expression
        while isinstance(node, syntax.Binary) and node.operator == operator:
            terms.append((self.expression(node.right), node.position))
            node = node.left
        first = self.expression(node)
        start = terms[-1][1]
        terms.reverse()
        decided = operator == "or"
        # The page "Debugging": print "will not short-circuit its own logic", so `print(…) or x` is x.
        prints = decided and isinstance(node, syntax.Call) and node.function == syntax.Name("print", node.position)

        def evaluate(scope: Scope) -> Value:
            result = _truth(first(scope), operator, start)
            if prints:
                result = False
            for term, position in terms:
                if result is decided:
                    # "Logical Operators": short circuit.
                    return decided
                if result is UNDEFINED and not decided:
                    # "Undefined": `undefined and x` is undefined whatever x is. Published guards rely on x being left.
                    return UNDEFINED
                value = _truth(term(scope), operator, position)
                # "Undefined": `undefined or x` is true or undefined.
                result = UNDEFINED if result is UNDEFINED and value is not decided else value
            return result

        return evaluate

    def quantifier(self, expression: syntax.Quantifier) -> Evaluate:
        kind, position = expression.kind, expression.position
        at = expression.collection.position
        first, second = expression.first, expression.second
        collection, body = self.expression(expression.collection), self.expression(expression.body)
        # A body without functions cannot keep the scope: one is enough for all iterations.
        keeps = any(isinstance(node, syntax.Function | syntax.Rule) for node in syntax.walk(expression.body))

        def iterate(scope: Scope, value: Value) -> Iterator[tuple[Value, Value, Value]]:
            by_value = isinstance(value, list)
            inner = Scope(scope.run, scope)
            try:
                pairs = _pairs(scope.run, value)
            except EvaluationError as error:
                raise located(error, at) from None
            for key, item in pairs:
                if keeps:
                    inner = Scope(scope.run, scope)
                if second is None:
                    inner.values[first] = item if by_value else key
                else:
                    inner.values[first] = key
                    inner.values[second] = item
                yield key, item, body(inner)

        def mapped(scope: Scope) -> Value:
            return List([result for _, _, result in iterate(scope, collection(scope))])

        def filtered(scope: Scope) -> Value:
            value = collection(scope)
            kept: list[tuple[Value, Value]] = []
            unknown = False
            for key, item, result in iterate(scope, value):
                if result is True:
                    kept.append((key, item))
                elif result is not False:
                    unknown = unknown or _truth(result, kind, position) is UNDEFINED
            if unknown:
                return UNDEFINED
            return List([item for _, item in kept]) if isinstance(value, list) else Map(kept)

        def quantified(scope: Scope) -> Value:
            # "Quantifier Expressions": a chain of `or`, a chain of `and`.
            decided, answer = kind == "any", kind != "any"
            unknown = False
            for _, _, result in iterate(scope, collection(scope)):
                if result is decided and (decided or not unknown):
                    return decided
                unknown = unknown or _truth(result, kind, position) is UNDEFINED
            return UNDEFINED if unknown else answer

        return {"map": mapped, "filter": filtered, "any": quantified, "all": quantified}[kind]


def _is_global(scope: Scope, name: str) -> bool:
    """Whether a name is a variable or import of the file, not of a block that hides it."""
    while scope.parent is not None and name not in scope.values:
        scope = scope.parent
    return scope.parent is None


def _pairs(run: Run, value: Value) -> list[tuple[Value, Value]]:
    """What a loop goes through: indices or keys, and values."""
    if isinstance(value, list):
        run.spend(len(value))
        return list(enumerate(value))
    if isinstance(value, dict):
        run.spend(len(value))
        return list(value.items())
    # The words of the real runtime (policy-library-FSBP-Policy-Set-for-AWS-Terraform, issue 262).
    raise EvaluationError(f"unsupported type for looping: {type_name(value)}")


def _truth(value: Value, operator: str, position: Position) -> Value:
    if value is True or value is False or value is UNDEFINED:
        return value
    # "Boolean Expressions" has it undefined, and the real runtime was seen to refuse it elsewhere.
    raise Undetermined(f"nothing says what {operator} does with {type_name(value)}", position)


def _not(value: Value) -> Value:
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, bool):
        return not value
    raise Undetermined(f"nothing says what not does with {type_name(value)}")


def _xor(left: Value, right: Value) -> Value:
    if left is UNDEFINED or right is UNDEFINED:
        return UNDEFINED
    if isinstance(left, bool) and isinstance(right, bool):
        return left != right
    raise Undetermined(f"nothing says what {type_name(left)} xor {type_name(right)} is")


def _matches(text: Value, pattern: Value) -> Value:
    if text is UNDEFINED or pattern is UNDEFINED:
        return UNDEFINED
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise EvaluationError(f"matches needs two strings, got {type_name(text)} and {type_name(pattern)}")
    return compiled(pattern).search(text) is not None


def _set_element(run: Run, collection: Value, index: Value, value: Value) -> None:
    """An assignment to `collection[index]`. "Assignments"."""
    if not isinstance(collection, list | dict):
        raise EvaluationError(f"only elements of a list or map can be assigned, got {type_name(collection)}")
    run.own(collection)
    if isinstance(collection, dict):
        put(collection, index, value)
        return
    if isinstance(index, bool) or not isinstance(index, int):
        raise EvaluationError(f"the index of a list must be an int, got {type_name(index)}")
    if not -len(collection) <= index < len(collection):
        raise EvaluationError(f"the list has no index {index}")
    collection[index] = value


def _text(expression: syntax.Expression) -> str | None:
    """The value of a string literal."""
    match expression:
        case syntax.Literal(value=str() as text):
            return text
    return None


def _constant(expression: syntax.Expression) -> tuple[int, Value]:
    """How many parts a constant literal has, and its value; 0 if it is not constant."""
    match expression:
        case syntax.Literal(value=value):
            return 1, value
        case syntax.Unary(operator="-", operand=syntax.Literal(value=int() | float() as number)):
            return (0, None) if isinstance(number, bool) else (1, -number)
        case syntax.ListLiteral(elements=elements):
            parts = [_constant(item) for item in elements]
            counts, values = [count for count, _ in parts], [value for _, value in parts]
            return (0, None) if 0 in counts else (1 + sum(counts), values)
        case syntax.MapLiteral(items=items):
            result: dict[Value, Value] = {}
            total = 1
            for key, item in items:
                count, value = _constant(item)
                name = _text(key)
                if not count or name is None or name in result:
                    return 0, None
                total += count
                result[name] = value
            return total, result
    return 0, None


def compile_program(program: syntax.Program) -> Code:
    """Compile. Raises EvaluationError for what can never work."""
    with deep_recursion():
        return Code(program)
