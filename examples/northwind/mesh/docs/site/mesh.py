"""What the pages tell of: the contracts, dbt's manifest, the results of its last run, and the shape of the mesh."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

try:
    # A tenth of the time.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

REPOSITORY = Path(__file__).resolve().parents[2]
SHAPE = "docs/shape.yml"
COST = "docs/cost.yml"
# Where the dbt project says of itself how it went: demo and laptop leave the results here.
RESULTS = "dbt/target/run_results.json"

# Classes of columns, the most careful first.
CLASSES = ("direct_identifier", "quasi_identifier", "sensitive", "none")
PASSED = ("pass", "success")


class MeshError(Exception):
    """The pages cannot be made. The message says what is missing and how to mend it."""


@dataclass(frozen=True)
class Column:
    """A column of an entity or a mart."""

    name: str
    type: str
    description: str
    classification: str
    policy_tag: str | None = None
    masking: str | None = None
    identifier: str | None = None
    required: bool = False
    key: bool = False
    # Domain, entity and column that a foreign key means.
    reference: tuple[str, str, str] | None = None
    # Name and address of the standards that the column draws on.
    standards: tuple[tuple[str, str], ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """A table of a data product."""

    name: str
    title: str
    description: str
    granularity: str
    model: str
    rows_per_patient: float
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Product:
    """A data product: a domain, as its contract describes it."""

    domain: str
    title: str
    contract: Mapping[str, Any]
    entities: tuple[Entity, ...]

    @property
    def owner(self) -> str:
        """The group that answers for the data."""
        return str(next(member["username"] for member in self.contract["team"]["members"] if member["role"] == "owner"))

    @property
    def columns(self) -> Iterator[tuple[Entity, Column]]:
        """All columns, each with its entity."""
        return ((entity, column) for entity in self.entities for column in entity.columns)

    @property
    def classes(self) -> Counter[str]:
        """Class -> columns of it."""
        return Counter(column.classification for _, column in self.columns)

    @property
    def references(self) -> list[str]:
        """Other domains that this one's foreign keys mean."""
        domains = {column.reference[0] for _, column in self.columns if column.reference}
        return sorted(domains - {self.domain})

    @property
    def servers(self) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Landing zone and warehouse of each environment and region."""
        by_type = defaultdict(list)
        for server in self.contract["servers"]:
            by_type[server["type"]].append(server)
        return list(zip(by_type["s3"], by_type["bigquery"], strict=True))


@dataclass(frozen=True)
class Mart:
    """A model that no domain owns."""

    name: str
    description: str
    columns: tuple[Column, ...]
    example_query: str | None
    dashboards: tuple[str, ...]


@dataclass(frozen=True)
class Tests:
    """How the tests of a data product or mart ended."""

    statuses: Counter[str]
    # Name and status of those that did not pass.
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Run:
    """The last run of dbt in this working tree."""

    completed_at: str
    on_laptop: bool
    statuses: Mapping[str, str]


@dataclass(frozen=True)
class Mesh:
    """All that the pages tell of."""

    shape: Mapping[str, Any]
    cost: Mapping[str, Any]
    products: tuple[Product, ...]
    marts: tuple[Mart, ...]
    # Model -> the models and sources that it reads, all by name; a source is named for its domain.
    inputs: Mapping[str, tuple[str, ...]]
    # Model -> tests that look at it.
    tests: Mapping[str, tuple[str, ...]]
    # Model -> columns of it, and how many data tests read each.
    tested: Mapping[str, Counter[str]]
    run: Run | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def staging(self) -> dict[str, tuple[Product, Entity]]:
        """Staging model -> what it holds."""
        return {entity.model: (product, entity) for product in self.products for entity in product.entities}

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """Model -> models that read it."""
        readers: dict[str, list[str]] = defaultdict(list)
        for model in sorted(self.inputs):
            for read in self.inputs[model]:
                readers[read].append(model)
        return dict(readers)

    def upstream(self, model: str) -> list[str]:
        """The models that a model is made of, itself among them."""
        return _closure([model], self.inputs)

    def downstream(self, models: Iterable[str]) -> list[str]:
        """The models that are made of some, themselves among them."""
        return _closure(models, self.readers)

    def outcome(self, models: Iterable[str]) -> Tests | None:
        """How the tests of some models ended; None without a run."""
        if not self.run:
            return None
        tests = sorted({test for model in models for test in self.tests.get(model, ())})
        statuses = {test: self.run.statuses[test] for test in tests if test in self.run.statuses}
        return Tests(
            Counter("passed" if status in PASSED else status for status in statuses.values()),
            tuple((self.names[test], status) for test, status in statuses.items() if status not in PASSED),
        )


def read(manifest: Path, repository: Path = REPOSITORY) -> Mesh:
    """The mesh of a repository, with the manifest of its dbt project. Raises MeshError."""
    products = products_of(repository)
    try:
        described = json.loads(manifest.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MeshError(f"no manifest of dbt in {manifest.name}; `make dbt-docs` writes it") from None
    models = {id: node for id, node in described["nodes"].items() if node["resource_type"] == "model"}
    names = {id: node["name"] for id, node in described["nodes"].items()}
    names |= {id: node["source_name"] for id, node in described["sources"].items()}
    staging = {entity.model for product in products for entity in product.entities}
    dashboards: dict[str, list[str]] = defaultdict(list)
    for exposure in described.get("exposures", {}).values():
        for id in exposure["depends_on"]["nodes"]:
            dashboards[id].append(exposure.get("label") or exposure["name"])
    masks = {column.policy_tag: column.masking for product in products for _, column in product.columns}
    tests: dict[str, list[str]] = defaultdict(list)
    tested: dict[str, Counter[str]] = defaultdict(Counter)
    for id, node in {**described["nodes"], **described.get("unit_tests", {})}.items():
        if node["resource_type"] in ("test", "unit_test"):
            for model in [node["attached_node"]] if node.get("attached_node") else node["depends_on"]["nodes"]:
                tests[names.get(model, model)].append(id)
            # A data test reads the columns that its arguments name, in every model that it looks at.
            arguments = node.get("test_metadata", {}).get("kwargs", {}).values()
            for model in node["depends_on"]["nodes"]:
                tested[names.get(model, model)].update({name for name in arguments if isinstance(name, str)})
    return Mesh(
        shape=_yaml(repository / SHAPE),
        cost=_yaml(repository / COST),
        products=products,
        marts=tuple(
            sorted(
                (_mart(node, dashboards[id], masks) for id, node in models.items() if node["name"] not in staging),
                key=lambda mart: mart.name,
            )
        ),
        inputs={
            names[id]: tuple(sorted({names[read] for read in node["depends_on"]["nodes"] if _is_table(read)}))
            for id, node in models.items()
        },
        tests={model: tuple(ids) for model, ids in tests.items()},
        tested=tested,
        run=_run(repository / RESULTS),
        names=names | {id: node["name"] for id, node in described.get("unit_tests", {}).items()},
    )


def products_of(repository: Path) -> tuple[Product, ...]:
    """The data products of a repository, from its contracts. Raises MeshError."""
    products = tuple(_product(path) for path in sorted((repository / "contracts").glob("*.odcs.yaml")))
    if not products:
        raise MeshError("no contract in contracts/, so there is nothing to tell of")
    return products


def _is_table(id: str) -> bool:
    return id.partition(".")[0] in ("model", "source")


def _closure(start: Iterable[str], following: Mapping[str, Iterable[str]]) -> list[str]:
    """What is reached from some names, themselves among them."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(following.get(name, ()))
    return sorted(seen)


def _yaml(path: Path) -> Any:
    with path.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=SafeLoader)


def _product(path: Path) -> Product:
    contract = _yaml(path)
    domain = contract["domain"]
    return Product(
        domain=domain,
        title=contract["name"],
        contract=contract,
        entities=tuple(
            Entity(
                name=entity["name"],
                title=entity.get("businessName", entity["name"]),
                description=entity.get("description", ""),
                granularity=entity.get("dataGranularityDescription", ""),
                model=f"stg_{domain}__{entity['name']}",
                # As the demo has it where a contract is silent.
                rows_per_patient=float(_custom(entity).get("rowsPerPatient", 3)),
                columns=tuple(_column(column, domain) for column in entity["properties"]),
            )
            for entity in contract["schema"]
        ),
    )


def _custom(element: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in element.get("customProperties", ())}


def _column(column: Mapping[str, Any], domain: str) -> Column:
    custom = _custom(column)
    return Column(
        name=column["name"],
        type=column["physicalType"],
        description=column.get("description", ""),
        classification=column.get("classification", "none"),
        policy_tag=custom.get("policyTag"),
        masking=custom.get("masking"),
        identifier=custom.get("hipaaIdentifier"),
        required=bool(column.get("required")),
        key=bool(column.get("primaryKey")),
        reference=next((_reference(relation["to"], domain) for relation in column.get("relationships", ())), None),
        standards=tuple(
            (standard.get("description", standard["url"]), standard["url"])
            for standard in column.get("authoritativeDefinitions", ())
        ),
        values=tuple(
            str(value)
            for rule in column.get("quality", ())
            for value in rule.get("arguments", {}).get("validValues", ())
        ),
    )


def _reference(to: str, domain: str) -> tuple[str, str, str]:
    """Domain, entity and column of labs.odcs.yaml#/schema/lab_results/properties/patient_id, or within a contract of
    lab_results.patient_id.
    """
    file, _, path = to.rpartition("#")
    names = path.split("/")
    entity, column = names[-3::2] if file else path.split(".")
    return file.removesuffix(".odcs.yaml") or domain, entity, column


def _mart(node: Mapping[str, Any], dashboards: Iterable[str], masks: Mapping[str | None, str | None]) -> Mart:
    return Mart(
        name=node["name"],
        description=node["description"],
        columns=tuple(
            Column(
                name=column["name"],
                type=(column.get("data_type") or "").upper(),
                description=column.get("description", ""),
                classification=meta.get("classification", "none"),
                policy_tag=meta.get("policy_tag"),
                masking=masks.get(meta.get("policy_tag")),
            )
            for column in node["columns"].values()
            for meta in [column.get("config", {}).get("meta", {})]
        ),
        example_query=node["config"].get("meta", {}).get("example_query"),
        dashboards=tuple(sorted(dashboards)),
    )


def _run(results: Path) -> Run | None:
    if not results.is_file():
        return None
    run = json.loads(results.read_text(encoding="utf-8"))
    return Run(
        completed_at=run["metadata"]["generated_at"][:16].replace("T", " ") + " UTC",
        on_laptop=run.get("args", {}).get("target") == "local",
        statuses={result["unique_id"]: result["status"] for result in run["results"]},
    )
