"""Policies and policy sets: what a test or a command evaluates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .configuration import Configuration, FileSource, PolicyEntry, static_data
from .errors import (
    ConfigurationError,
    EvaluationError,
    SentinelError,
    Source,
    Unavailable,
    Undetermined,
    UnreadableFileError,
)
from .evaluator import Code, compile_program
from .parser import parse
from .runs import DEFAULT_LIMITS, Limits, ModuleNamespace, Modules, NeedsCopies, RuleValue, Run, Scope, deep_recursion
from .stdlib import standard_import
from .terraform import OLD_IMPORTS, Json, data_import, terraform_imports
from .values import UNDEFINED, Namespace, Value, duplicate, is_number, part, type_name

__all__ = ["Outcome", "Policy", "PolicySet", "Verdict"]


@dataclass(frozen=True)
class Outcome:
    """What one evaluation gave.

    `passed` is False where `error` is set. `printed` are the lines of `print`. `rules` has the rules that were
    evaluated, in the order in which they ended, with their values; `variables` all of the policy's variables.
    """

    passed: bool
    error: SentinelError | None
    printed: tuple[str, ...]
    rules: tuple[RuleValue, ...] = ()
    variables: Mapping[str, Value] = field(default_factory=dict)
    main: Value = UNDEFINED


@dataclass(frozen=True)
class Verdict:
    """What a policy of a set says of a plan. `level` is advisory, soft-mandatory or hard-mandatory."""

    name: str
    level: str
    passed: bool
    error: SentinelError | None
    printed: tuple[str, ...]


@lru_cache(maxsize=1024)
def _compiled(path: Path, modified: int, size: int) -> Code:
    with deep_recursion():
        return compile_program(parse(Source.read(path)))


def load_code(path: Path) -> Code:
    """The compiled program in a file. Raises SentinelError."""
    try:
        state = path.stat()
    except OSError as error:
        raise UnreadableFileError(f"{path}: {error.strerror}") from None
    return _compiled(path, state.st_mtime_ns, state.st_size)


def load_source(source: FileSource) -> Code:
    """The compiled program of a mock or module. Raises Unavailable if it is not on this machine."""
    if source.remote:
        raise Unavailable(f"{source.written} is on the network")
    if not source.path.is_file():
        raise Unavailable(f"{source.path} is not there")
    return load_code(source.path)


class Policy:
    """A compiled policy. It can be evaluated any number of times."""

    def __init__(self, code: Code, name: str) -> None:
        self.name = name
        self._code = code
        self._copies = False

    @classmethod
    def load(cls, path: Path | str) -> Policy:
        """The policy in a file. Raises SentinelSyntaxError or UnreadableFileError."""
        path = Path(path)
        return cls(load_code(path), path.stem)

    @classmethod
    def parse(cls, text: str, name: str = "policy") -> Policy:
        """The policy in a text. Raises SentinelSyntaxError."""
        with deep_recursion():
            return cls(compile_program(parse(Source(f"{name}.sentinel", text))), name)

    def evaluate(
        self,
        plan: Json | None = None,
        *,
        imports: Mapping[str, Json | Namespace] | None = None,
        configuration: Configuration | None = None,
        parameters: Mapping[str, Value] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Outcome:
        """Evaluate it. Nothing is raised: an error is part of the outcome.

        `imports` has data by the path of an import, and comes before everything else. `configuration` gives modules,
        mocks, static data, parameters and globals.
        """
        given: dict[str, Namespace] = {}
        try:
            if plan is not None:
                given = terraform_imports(plan)
        except SentinelError as error:
            return Outcome(False, error, ())
        for path, data in (imports or {}).items():
            given[path] = data if isinstance(data, Namespace) else data_import(path, data)
        return self._evaluate(_importer(given, configuration, Modules()), configuration, parameters, limits)

    def _evaluate(
        self,
        importer: Callable[[Run, str], Value],
        configuration: Configuration | None,
        parameters: Mapping[str, Value] | None,
        limits: Limits,
    ) -> Outcome:
        while True:
            run = Run(importer, limits, share=not self._copies)
            scope = Scope(run)
            try:
                with deep_recursion():
                    main = self._main(scope, configuration, parameters)
                    passed = _passes(main)
            except NeedsCopies:
                self._copies = True
                continue
            except SentinelError as error:
                return Outcome(False, error, tuple(run.printed), tuple(run.trace), scope.values)
            return Outcome(passed, None, tuple(run.printed), tuple(run.trace), scope.values, main)

    def _main(self, scope: Scope, configuration: Configuration | None, parameters: Mapping[str, Value] | None) -> Value:
        if configuration is not None:
            for name, value in configuration.globals.items():
                scope.values[name] = duplicate(value, everything=not scope.run.share)
        values = {**(configuration.parameters if configuration is not None else {}), **(parameters or {})}
        self._code.execute(scope, values)
        if "main" not in scope.values:
            raise EvaluationError(f"{self._code.program.source.name}: there is no main")
        main = scope.values["main"]
        return main.force() if isinstance(main, RuleValue) else main


def _passes(main: Value) -> bool:
    """Whether a policy passes. 0.17.0: what is not a boolean passes if it is zero or empty."""
    if isinstance(main, bool):
        return main
    if main is UNDEFINED or main is None:
        # "Undefined": treated as false. Null is no boolean, and not zero or empty either.
        return False
    if is_number(main):
        return bool(main == 0)
    if isinstance(main, str | list | dict):
        return not main
    raise Undetermined(f"nothing says whether a policy passes whose main is {type_name(main)}")


def _importer(
    given: Mapping[str, Namespace], configuration: Configuration | None, modules: Modules
) -> Callable[[Run, str], Value]:
    def find(run: Run, path: str) -> Value:
        if path in given:
            return given[path]
        if configuration is not None:
            mock = configuration.mocks.get(path)
            if isinstance(mock, Mapping):
                return data_import(path, mock)
            source = mock or configuration.modules.get(path)
            if source is not None:
                return _module(run, path, source, modules)
            static = _static(configuration.statics, path)
            if static is not UNDEFINED:
                return duplicate(static, everything=not run.share)
            if path in configuration.plugins:
                raise Unavailable(f"the import {path} is a plugin, or configured as one")
        namespace = standard_import(path)
        if namespace is None:
            if path in OLD_IMPORTS:
                raise Unavailable(f"{path} is version 1 of the import, which this engine has not")
            raise EvaluationError(f"there is no import {path}")
        return namespace

    return find


def _static(statics: Mapping[str, FileSource], path: str) -> Value:
    """The data of a static import, or of what is below it (0.40.0); UNDEFINED if there is none of that name."""
    source = statics.get(path)
    if source is None:
        parent, slash, key = path.rpartition("/")
        return part(_static(statics, parent), key) if slash else UNDEFINED
    if source.remote or not source.path.is_file():
        raise Unavailable(f"{source.written} is not on this machine")
    return static_data(source)


def _module(run: Run, path: str, source: FileSource, modules: Modules) -> Namespace:
    if (shared := modules.get(run, path)) is not None:
        return shared
    code = load_source(source)
    scope = Scope(run)
    namespace = ModuleNamespace(path, scope.values)
    # Modules may import each other: the one that is being made is found.
    run.imports[path] = namespace
    code.execute(scope, None)
    modules.keep(path, namespace, scope)
    return namespace


class PolicySet:
    """The policies of a sentinel.hcl."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        # The last plan, and what is made of it.
        self._last: tuple[Json | None, dict[str, Namespace], Modules] = (None, {}, Modules())
        self._policies: list[tuple[PolicyEntry, Policy | SentinelError]] = []
        for entry in configuration.policies:
            try:
                self._policies.append((entry, Policy(load_source(entry.source), entry.name)))
            except SentinelError as error:
                self._policies.append((entry, error))

    @classmethod
    def load(cls, path: Path | str) -> PolicySet:
        """The set of a configuration file. Raises ConfigurationError or UnreadableFileError.

        A policy that cannot be read or parsed fails in `evaluate`, with the error.
        """
        return cls(Configuration.load(Path(path)))

    @property
    def names(self) -> list[str]:
        """The policies, in the order of the file."""
        return [entry.name for entry, _ in self._policies]

    def evaluate(
        self,
        plan: Json,
        *,
        imports: Mapping[str, Json] | None = None,
        only: str | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Verdict]:
        """What the policies say of a plan in the format of `terraform show -json`, which is not changed.

        `imports` has data of further imports, such as tfrun. `only` is the name of one policy. Raises
        ConfigurationError if `plan` is no plan, or if there is no such policy.
        """
        if only is not None and only not in self.names:
            raise ConfigurationError(f"{self.configuration.path} has no policy {only}")
        if self._last[0] is not plan:
            self._last = (plan, terraform_imports(plan), Modules())
        _, given, modules = self._last
        if imports:
            given, modules = given | {path: data_import(path, data) for path, data in imports.items()}, Modules()
        importer = _importer(given, self.configuration, modules)
        verdicts = []
        for entry, policy in self._policies:
            if only is not None and entry.name != only:
                continue
            if isinstance(policy, SentinelError):
                verdicts.append(Verdict(entry.name, entry.level, False, policy, ()))
                continue
            if both := entry.parameters.keys() & self.configuration.parameters.keys():
                error = Undetermined(f"nothing says which value of {', '.join(sorted(both))} {entry.name} gets")
                verdicts.append(Verdict(entry.name, entry.level, False, error, ()))
                continue
            outcome = policy._evaluate(importer, self.configuration, entry.parameters, limits)
            verdicts.append(Verdict(entry.name, entry.level, outcome.passed, outcome.error, outcome.printed))
        return verdicts
