"""Configuration files: sentinel.hcl, and the test cases, in HCL or JSON.

The page "CLI configuration". HCL is read by python-hcl2; its strings come with their quotes.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hcl2

from .errors import ConfigurationError, Position, Source, UnreadableFileError
from .stdlib import STANDARD_IMPORTS
from .values import Value

LEVELS = ("advisory", "soft-mandatory", "hard-mandatory")
_REMOTE = re.compile(r"[a-z0-9+]+::|[a-z0-9+]+://|git@|(?:github|bitbucket|gitlab)\.(?:com|org)/")
_HCL_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([nrt"\\]))')
_HEREDOC = re.compile(r'"<<(-?)[ \t]*(\w+)\n(.*\n)?[ \t]*\2"', re.DOTALL)
_BLOCKS = frozenset(["global", "import", "mock", "module", "param", "policy", "sentinel", "test"])


@dataclass(frozen=True)
class FileSource:
    """Where an import, mock or policy is. Relative paths start at the folder of the configuration."""

    written: str
    folder: Path

    @property
    def remote(self) -> bool:
        """Whether it names a place on the network."""
        return _REMOTE.match(self.written) is not None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(os.path.normpath(self.folder / self.written))


@dataclass(frozen=True)
class PolicyEntry:
    """A `policy` block."""

    name: str
    source: FileSource
    level: str
    parameters: Mapping[str, Value]


@dataclass
class Configuration:
    """What a configuration file says.

    `mocks` has data, or the file of a mock. `plugins` are imports that have been configured and cannot be run here.
    `rules` is None where a test case asserts nothing.
    """

    path: Path
    policies: list[PolicyEntry] = field(default_factory=list)
    mocks: dict[str, Mapping[str, Value] | FileSource] = field(default_factory=dict)
    modules: dict[str, FileSource] = field(default_factory=dict)
    statics: dict[str, FileSource] = field(default_factory=dict)
    plugins: set[str] = field(default_factory=set)
    parameters: dict[str, Value] = field(default_factory=dict)
    globals: dict[str, Value] = field(default_factory=dict)
    rules: dict[str, Value] | None = None

    @classmethod
    def load(cls, path: Path, strict: bool = True) -> Configuration:
        """Read a file. Raises ConfigurationError or UnreadableFileError.

        Unless `strict`, blocks and attributes that no page of the documentation names are left out.
        """
        source = Source.read(path)
        reader = _Reader(cls(path), source, strict)
        if path.suffix == ".json":
            reader.json()
        else:
            reader.hcl()
        return reader.configuration


class _Reader:
    def __init__(self, configuration: Configuration, source: Source, strict: bool) -> None:
        self.configuration = configuration
        self.source = source
        self.strict = strict

    def wrong(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"{self.source.name}: {message}")

    def known(self, content: Iterable[str], names: Iterable[str], where: str) -> None:
        if self.strict and (unknown := sorted(set(content) - set(names))):
            raise self.wrong(f"unknown {', '.join(unknown)} in {where}")

    # HCL

    def hcl(self) -> None:
        try:
            document = hcl2.loads(self.source.text if self.source.text.endswith("\n") else self.source.text + "\n")
        except Exception as error:
            # python-hcl2 raises lark's errors, which are no common class of its own.
            line, column = getattr(error, "line", -1), getattr(error, "column", -1)
            position = Position(self.source, line, column) if isinstance(line, int) and line > 0 else None
            raise ConfigurationError(f"not HCL: {str(error).splitlines()[0]}", position) from None
        document = {kind: blocks for kind, blocks in document.items() if not kind.startswith("__")}
        self.known(document, _BLOCKS, "the file")
        for kind, blocks in document.items():
            if kind not in _BLOCKS:
                continue
            if not isinstance(blocks, list):
                raise self.wrong(f"{kind} is a block")
            for block in blocks:
                self.block(kind, *self.labelled(block, {"import": 2, "sentinel": 0, "test": 0}.get(kind, 1)))

    def labelled(self, block: Any, count: int) -> tuple[list[str], dict[str, Value]]:
        """A block's labels, and what is in it."""
        labels: list[str] = []
        for _ in range(count):
            if not isinstance(block, dict) or len(block) != 1:
                raise self.wrong("a block lacks a label")
            ((label, block),) = block.items()
            labels.append(self.key(label))
        if not isinstance(block, dict):
            raise self.wrong("a block has too many labels")
        return labels, self.literal(block)

    def literal(self, value: Any) -> Any:
        """What python-hcl2 gives, without quotes and marks. Expressions are refused."""
        if isinstance(value, list):
            return [self.literal(item) for item in value]
        if isinstance(value, dict):
            return {self.key(key): self.literal(item) for key, item in value.items() if not key.startswith("__")}
        if not isinstance(value, str):
            return value
        if match := _HEREDOC.fullmatch(value):
            text = match[3] or ""
            value = f'"{textwrap.dedent(text) if match[1] else text}"'
        elif len(value) < 2 or value[0] != '"' or value[-1] != '"':
            raise self.wrong(f"{value} is not a literal")
        if "${" in value.replace("$${", "") or "%{" in value.replace("%%{", ""):
            raise self.wrong(f"{value} is a template, not a literal")
        text = value[1:-1].replace("$${", "${").replace("%%{", "%{")
        if match:
            return text
        return _HCL_ESCAPE.sub(
            lambda match: (
                chr(int(match[1] or match[2], 16))
                if match[1] or match[2]
                else {"n": "\n", "r": "\r", "t": "\t"}.get(match[3], match[3])
            ),
            text,
        )

    def key(self, key: str) -> str:
        text = self.literal(key) if key.startswith('"') else key
        assert isinstance(text, str)
        return text

    def block(self, kind: str, labels: list[str], content: dict[str, Value]) -> None:
        name = labels[-1] if labels else ""
        match kind:
            case "policy":
                self.policy(name, content)
            case "mock":
                self.mock(name, content)
            case "module":
                self.configuration.modules[name] = self.file(name, content)
            case "import":
                self.import_(labels[0], name, content)
            case "param" | "global":
                if "value" not in content:
                    raise self.wrong(f'{kind} "{name}" needs a value')
                self.known(content, ["value"], f'{kind} "{name}"')
                values = self.configuration.parameters if kind == "param" else self.configuration.globals
                values[name] = content["value"]
            case "test":
                self.known(content, ["rules"], "test")
                rules = _attributes(content.get("rules"))
                if not isinstance(rules, dict | None):
                    raise self.wrong("the rules of test are a map")
                self.configuration.rules = self.configuration.rules if rules is None else rules
            case "sentinel":
                # Features of the real runtime, such as `terraform`: here they are always on.
                self.known(content, ["features"], "sentinel")

    def file(self, name: str, content: dict[str, Value], default: str | None = None) -> FileSource:
        source = content.get("source", content.get("path", default))
        if not isinstance(source, str):
            raise self.wrong(f'"{name}" needs a source')
        return FileSource(source, self.configuration.path.parent)

    def policy(self, name: str, content: dict[str, Value]) -> None:
        self.known(content, ["source", "enforcement_level", "params"], f'policy "{name}"')
        level = content.get("enforcement_level", LEVELS[0])
        if level not in LEVELS:
            raise self.wrong(f'the enforcement_level of policy "{name}" must be one of {", ".join(LEVELS)}')
        parameters = _attributes(content.get("params", {}))
        if not isinstance(parameters, dict):
            raise self.wrong(f'the params of policy "{name}" are a map')
        if any(entry.name == name for entry in self.configuration.policies):
            raise self.wrong(f'there are two policies "{name}"')
        self.configuration.policies.append(
            PolicyEntry(name, self.file(name, content, f"{name}.sentinel"), level, parameters)
        )

    def mock(self, name: str, content: dict[str, Value]) -> None:
        self.known(content, ["data", "module", "source"], f'mock "{name}"')
        module, data = _attributes(content.get("module")), _attributes(content.get("data"))
        if isinstance(module, dict):
            self.configuration.mocks[name] = self.file(name, module)
        elif isinstance(data, dict):
            self.configuration.mocks[name] = data
        elif "source" in content:
            self.configuration.mocks[name] = self.file(name, content)
        else:
            raise self.wrong(f'mock "{name}" needs data or a module')

    def import_(self, kind: str, name: str, content: dict[str, Value]) -> None:
        if kind != "plugin" and name in STANDARD_IMPORTS:
            # 0.19.0.
            raise self.wrong(f'the standard import "{name}" cannot be replaced')
        match kind:
            case "module":
                self.configuration.modules[name] = self.file(name, content)
            case "static":
                if content.get("format", "json") != "json":
                    raise self.wrong(f'the format of import "{name}" must be json')
                self.configuration.statics[name] = self.file(name, content)
            case "plugin":
                if "source" in content or name in STANDARD_IMPORTS:
                    self.configuration.plugins.add(name)
            case _:
                raise self.wrong(f'an import is a module, a plugin or static, not "{kind}"')

    # JSON

    def json(self) -> None:
        try:
            document = json.loads(self.source.text)
        except json.JSONDecodeError as error:
            position = Position(self.source, error.lineno, error.colno)
            raise ConfigurationError(f"not JSON: {error.msg}", position) from None
        if not isinstance(document, dict):
            raise self.wrong("a configuration is a JSON object")
        self.known(document, ["global", "imports", "mock", "modules", "param", "test"], "the file")
        self.configuration.parameters = self.section(document, "param")
        self.configuration.globals = self.section(document, "global")
        self.configuration.plugins = set(self.section(document, "imports"))
        if "test" in document:
            rules = self.section(document, "test")
            # HCL in JSON has a block here, the old format the rules themselves.
            self.configuration.rules = self.section(rules, "rules") if isinstance(rules.get("rules"), dict) else rules
        for name, content in self.section(document, "modules").items():
            self.configuration.modules[name] = self.file(name, content if isinstance(content, dict) else {})
        for name, content in self.section(document, "mock").items():
            if isinstance(content, str):
                self.configuration.mocks[name] = FileSource(content, self.configuration.path.parent)
            elif isinstance(content, dict) and set(content) == {"module"} and isinstance(content["module"], dict):
                self.mock(name, content)
            elif isinstance(content, dict) and set(content) != {"data"}:
                self.configuration.mocks[name] = content
            else:
                # The old format has the data itself here, the new one a block.
                raise self.wrong(f'nothing says whether mock "{name}" is in the old or in the new format')

    def section(self, document: dict[str, Any], name: str) -> dict[str, Value]:
        content = {} if document.get(name) is None else document[name]
        if not isinstance(content, dict):
            raise self.wrong(f"{name} must be an object")
        return content


def _attributes(content: Value) -> Value:
    """The attributes of what may be written as an attribute or as a block: python-hcl2 has blocks in lists."""
    return content[0] if isinstance(content, list) and len(content) == 1 else content


def static_data(source: FileSource) -> Value:
    """The data of a static import, which is a value. Raises ConfigurationError or UnreadableFileError."""
    text = Source.read(source.path)
    try:
        return json.loads(text.text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"not JSON: {error.msg}", Position(text, error.lineno, error.colno)) from None


def configurations(folder: Path) -> Iterator[Path]:
    """The files of test cases in a folder, in order."""
    try:
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".hcl", ".json"))
    except OSError as error:
        raise UnreadableFileError(f"{folder}: {error.strerror}") from None
