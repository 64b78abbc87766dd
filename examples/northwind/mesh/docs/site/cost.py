"""What a day brings and what a month costs, from the contracts and docs/cost.yml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mesh import COST, Column, Entity, Mesh, MeshError

# Logical bytes of a value: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
BYTES = {"BOOL": 1, "INT64": 8, "FLOAT64": 8, "NUMERIC": 16, "DATE": 8, "DATETIME": 8, "TIME": 8, "TIMESTAMP": 8}
TEXT_OVERHEAD = 2
DAYS = 30
# How often dbt reads what a model is made of: to load it, and before that to compare its columns with the contract, by
# a query that returns nothing and is reckoned in full, since nothing says that it is free.
READS = 2
# How often a load looks a column up in the history: with every read, whether what is stored is newer; once, in which
# partitions the records stand; once, which day is the newest.
LOOKUPS = {"updated_at": READS, "landed_date": READS + 2}
KEY_LOOKUPS = READS + 1

GIB = 2**30
TIB = 2**40


@dataclass(frozen=True)
class Day:
    """What a day brings to a domain: rows, bytes of files, and bytes of the tables."""

    domain: str
    rows: float
    landed: float
    curated: float

    @property
    def moved(self) -> float:
        """Bytes that Omni reads, and moves to BigQuery."""
        return READS * self.curated


@dataclass(frozen=True)
class Item:
    """A line of the bill of a month. `cost` is None without a price."""

    name: str
    quantity: float
    unit: str
    price: float | None

    @property
    def cost(self) -> float | None:
        """Quantity times price."""
        return None if self.price is None else self.quantity * self.price


def rows(mesh: Mesh, entity: Entity) -> float:
    """Rows of an entity that a day brings."""
    return entity.rows_per_patient * _volume(mesh, "patients_per_day")


def brought(mesh: Mesh, entity: Entity, columns: Iterable[Column] | None = None) -> float:
    """Logical bytes that a day brings to an entity, in some of its columns or all; a collection counts as one text."""
    text = TEXT_OVERHEAD + _volume(mesh, "text_bytes")
    return rows(mesh, entity) * sum(BYTES.get(column.type, text) for column in columns or entity.columns)


def days(mesh: Mesh) -> list[Day]:
    """What a day brings, per domain."""
    found = []
    for product in mesh.products:
        curated = sum(brought(mesh, entity) for entity in product.entities)
        landed = curated * _volume(mesh, "compression")
        found.append(Day(product.domain, sum(rows(mesh, entity) for entity in product.entities), landed, curated))
    return found


def read_by_dbt(mesh: Mesh, history: int) -> float:
    """Bytes that a daily run reads in BigQuery, once landed data is `history` days old."""
    return history * _of_history(mesh) + _merged(mesh)


def _of_history(mesh: Mesh) -> float:
    """For each day of history: what loads look up, what tests read, and what the marts are made of."""
    found = 0.0
    for model, (_, entity) in mesh.staging.items():
        for column in entity.columns:
            times = KEY_LOOKUPS if column.key else LOOKUPS.get(column.name, 0)
            found += (times + mesh.tested[model][column.name]) * brought(mesh, entity, [column])
    for mart in mesh.marts:
        # Read once more to be copied to where its columns bear their policy tags: no larger than what it is made of.
        inputs = (mesh.staging[model][1] for model in mesh.inputs[mart.name] if model in mesh.staging)
        found += (READS + 1) * sum(brought(mesh, entity) for entity in inputs)
    return found


def _merged(mesh: Mesh) -> float:
    """By each MERGE: the records of the day, and the days in which older versions of them stand."""
    return (1 + _volume(mesh, "days_corrected")) * sum(day.curated for day in days(mesh))


def month(mesh: Mesh, history: int) -> list[Item]:
    """The bill of a month in one environment and cell, once landed data is `history` days old."""
    each = days(mesh)
    moved = sum(day.moved for day in each)
    curated = history * sum(day.curated for day in each)
    read = DAYS * (read_by_dbt(mesh, history) + _volume(mesh, "readers_scan_per_day") * curated)
    items = [
        ("Omni reads what landed", DAYS * moved / TIB, "TiB", "omni_scan_per_tib"),
        ("what landed goes to BigQuery", DAYS * moved / GIB, "GiB", "omni_transfer_per_gib"),
        ("dbt and readers scan BigQuery", read / TIB, "TiB", "bigquery_scan_per_tib"),
        ("curated tables are stored", curated / GIB, "GiB", "bigquery_storage_per_gib_month"),
        (
            "landed files are stored",
            sum(day.landed for day in each) * history / 1e9,
            "GB",
            "s3_storage_per_gb_month",
        ),
        ("Airflow runs", 1, "environment", "composer_per_month"),
    ]
    return [Item(name, quantity, unit, _number(mesh, "prices", price)) for name, quantity, unit, price in items]


def _volume(mesh: Mesh, name: str) -> float:
    volume = _number(mesh, "volumes", name)
    if volume is None:
        raise MeshError(f"{COST}: {name} must be a number")
    return volume


def _number(mesh: Mesh, group: str, name: str) -> float | None:
    """What docs/cost.yml says; None where it says null. Raises MeshError where it has neither a number nor null."""
    if name not in mesh.cost[group]:
        raise MeshError(f"{COST} has no {name} among its {group}; add it, as the template has it")
    number: float | None = mesh.cost[group][name]
    if number is not None and type(number) not in (int, float):
        raise MeshError(f"{COST}: {name} must be a number, such as 1000 or 0.25, and is {number!r}")
    return number
