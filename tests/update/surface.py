"""What others hold on to of a rendered repository: its paths, and the names that outlive a run.

Clouds know resources by the names in Terraform's state, readers know tables, GitHub's rulesets know jobs, people know
targets of make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import yaml

from tests.workflows.workflow import jobs

TERRAFORM_ROOTS = "infra/terraform/envs/*/versions.tf"
TARGET = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)
BUCKET = re.compile(r"^s3://([^/]+)/")
VERSION = re.compile(r"(?P<operator>>=|<=|!=|~>|>|<|=)?\s*(?P<version>\d+(?:\.\d+)*)")

Block = dict[str, Any]
Version = tuple[int, int, int]


@dataclass
class Configuration:
    """A root module of Terraform with the modules that it calls, as far as a state or a caller depends on it."""

    # Address without indices -> how often it is there: once, count or for_each.
    addresses: dict[str, str] = field(default_factory=dict)
    # From -> to, both addresses of the whole configuration.
    moved: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    data_sources: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    # Variables without a default, and those that terraform.tfvars sets.
    required: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    # Provider, or terraform itself -> constraints, all of which hold.
    constraints: dict[str, set[str]] = field(default_factory=dict)

    def now(self, address: str) -> str:
        """Where `moved` blocks lead to from an address of an earlier configuration."""
        seen = {address}
        while True:
            parts = address.split(".")
            prefixes = (".".join(parts[:end]) for end in range(len(parts), 1, -1))
            start = next((prefix for prefix in prefixes if prefix in self.moved), None)
            if start is None:
                return address
            address = self.moved[start] + address.removeprefix(start)
            if address in seen:
                return address
            seen.add(address)

    def forgets(self, address: str) -> bool:
        """Whether a `removed` block names the address or a module around it."""
        return any(address == named or address.startswith(f"{named}.") for named in self.removed)


@dataclass(frozen=True)
class Surface:
    """What others hold on to of a rendered repository."""

    paths: frozenset[str]
    # Kind, as compatibility.py has it -> names.
    names: dict[str, frozenset[str]]
    # Environment -> its root module.
    terraform: dict[str, Configuration]


def surface(root: Path) -> Surface:
    """Read a rendered repository."""
    contracts = [read_yaml(path) for path in sorted((root / "contracts").glob("*.odcs.yaml"))]
    servers = [server for contract in contracts for server in contract["servers"]]
    buckets = [BUCKET.match(server["location"]) for server in servers if server["type"] == "s3"]
    entities = [(contract, entity) for contract in contracts for entity in contract["schema"]]
    names = {
        "make target": TARGET.findall((root / "Makefile").read_text()),
        "check": [job.body.get("name", job.name) for job in jobs(root)],
        "contract": [contract["id"] for contract in contracts],
        "bucket": [bucket[1] for bucket in buckets if bucket],
        "dataset": [f"{server['project']}.{server['dataset']}" for server in servers if server["type"] == "bigquery"],
        "entity": [f"{contract['domain']}.{entity['name']}" for contract, entity in entities],
        "column": [
            f"{contract['domain']}.{entity['name']}.{column['name']}"
            for contract, entity in entities
            for column in entity["properties"]
        ],
        "dbt model": relations(root / "dbt", "models", "*.sql"),
        "dbt seed": relations(root / "dbt", "seeds", "*.csv"),
    }
    return Surface(
        paths=frozenset(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()),
        names={kind: frozenset(found) for kind, found in names.items()},
        terraform={path.parent.name: configuration(path.parent) for path in sorted(root.glob(TERRAFORM_ROOTS))},
    )


def read_yaml(path: Path) -> Any:
    """A YAML document, by the fast reader where there is one."""
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def relations(project: Path, folder: str, pattern: str) -> list[str]:
    """Models or seeds of a dbt project, each as <schema>.<name>: the relations that they become in a dataset.

    The schema stands beside the model, or in dbt_project.yml for its folder. A model without one is given as `.<name>`.
    """
    settings = read_yaml(project / "dbt_project.yml")
    own: dict[str, Block] = {}
    for path in sorted((project / folder).rglob("*.yml")):
        own |= {entry["name"]: entry.get("config", {}) for entry in (read_yaml(path) or {}).get(folder, [])}
    found = []
    for path in sorted((project / folder).rglob(pattern)):
        level = settings.get(folder, {}).get(settings["name"], {})
        schema = level.get("+schema", "")
        for part in path.relative_to(project / folder).parts[:-1]:
            level = level.get(part, {})
            schema = level.get("+schema", schema)
        config = own.get(path.stem, {})
        found.append(f"{config.get('schema', schema)}.{config.get('alias', path.stem)}")
    return found


@cache
def blocks(text: str) -> dict[str, list[Block]]:
    """The blocks of a file in HCL by kind, and its attributes."""
    document: dict[str, list[Block]] = hcl2.loads(f"{text}\n")
    return document


def configuration(root: Path) -> Configuration:
    """Read a root module and what it calls. Raises FileNotFoundError for a module that is not there."""
    found = Configuration()
    read_module(root, "", found)
    document = module_blocks(root)
    found.outputs = {name for name, _ in labelled(document, "output", 1)}
    found.required = {name for name, body in labelled(document, "variable", 1) if "default" not in body}
    values = root / "terraform.tfvars"
    found.given = {*blocks(values.read_text())} if values.exists() else set()
    return found


def read_module(folder: Path, path: str, found: Configuration) -> None:
    """Add a module, which stands at a path such as `module.keys.`, and the modules that it calls."""
    document = module_blocks(folder)
    for name, body in labelled(document, "resource", 2):
        found.addresses[f"{path}{name}"] = repetition(body)
    if not path:
        # No state is lost with a data source, and none but the root's can be read by files beside it.
        found.data_sources = {f"data.{name}" for name, _ in labelled(document, "data", 2)}
    for block in document.get("moved", []):
        found.moved[path + address(block["from"])] = path + address(block["to"])
    found.removed |= {path + address(block["from"]) for block in document.get("removed", [])}
    for block in document.get("terraform", []):
        if "required_version" in block:
            found.constraints.setdefault("terraform", set()).add(unquoted(block["required_version"]))
        for providers in block.get("required_providers", []):
            for provider in (body for body in providers.values() if isinstance(body, dict)):
                source = unquoted(provider["source"])
                found.constraints.setdefault(source, set()).add(unquoted(provider.get("version", ">= 0")))
    for name, body in labelled(document, "module", 1):
        found.addresses[f"{path}module.{name}"] = repetition(body)
        source = unquoted(body["source"])
        if source.startswith("."):
            called = folder / source
            if not called.is_dir():
                raise FileNotFoundError(f"{path}module.{name} calls {source}, which is not there")
            read_module(called, f"{path}module.{name}.", found)


def module_blocks(folder: Path) -> dict[str, list[Block]]:
    """The blocks of all files of a module."""
    found: dict[str, list[Block]] = {}
    for path in sorted(folder.glob("*.tf")):
        for kind, several in blocks(path.read_text()).items():
            found.setdefault(kind, []).extend(several)
    return found


def labelled(document: dict[str, list[Block]], kind: str, labels: int) -> Iterator[tuple[str, Block]]:
    """Labels, joined by dots, and body of every block of a kind."""
    for block in document.get(kind, []):
        for label, body in block.items():
            if labels == 1:
                yield unquoted(label), body
            else:
                yield from ((f"{unquoted(label)}.{unquoted(name)}", inner) for name, inner in body.items())


def repetition(body: Block) -> str:
    """What makes several of a resource or a module."""
    return next((word for word in ("for_each", "count") if word in body), "once")


def unquoted(text: str) -> str:
    """A string of HCL, which python-hcl2 leaves in quotes."""
    return text.strip('"')


def address(expression: str) -> str:
    """An address out of an expression, without indices."""
    return re.sub(r"\[[^]]*\]", "", re.sub(r"^\$\{(.*)\}$", r"\1", expression))


def allows(constraints: set[str], version: Version) -> bool:
    """Whether a version satisfies constraints as Terraform writes them: `>= 5.100, < 7`, `~> 1.2`."""
    return all(satisfies(match, version) for text in constraints for match in VERSION.finditer(text))


def satisfies(constraint: re.Match[str], version: Version) -> bool:
    """Whether a version satisfies one comparison."""
    given = [int(part) for part in constraint["version"].split(".")]
    bound = padded(given)
    match constraint["operator"] or "=":
        case ">=":
            return version >= bound
        case ">":
            return version > bound
        case "<=":
            return version <= bound
        case "<":
            return version < bound
        case "!=":
            return version != bound
        case "~>":
            # The last part that is named may grow.
            return version >= bound and version[: len(given) - 1] == bound[: len(given) - 1]
    return version == bound


def padded(parts: list[int]) -> Version:
    """A version in three parts."""
    major, minor, patch, *_ = [*parts, 0, 0]
    return major, minor, patch


def refused_version(before: set[str], after: set[str]) -> Version | None:
    """A version that the constraints allowed before and no longer allow, if there is one.

    What constraints allow changes at the versions that they name alone, so those and their neighbours decide.
    """
    named = {
        padded([int(part) for part in match["version"].split(".")])
        for text in before | after
        for match in VERSION.finditer(text)
    }
    near = {(0, 0, 0), (10**6, 0, 0)}
    for major, minor, patch in named:
        near |= {(major, minor, patch), (major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)}
        near.add((major, minor, patch - 1) if patch else (major, minor - 1, 999) if minor else (major - 1, 999, 999))
    found = (version for version in sorted(near) if allows(before, version) and not allows(after, version))
    return next(found, None)
