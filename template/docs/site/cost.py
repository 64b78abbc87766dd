"""What a day brings and what a month costs, from the contracts and docs/cost.yml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mesh import Column, Entity, Mesh

# Logical bytes of a value: https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
BYTES = {"BOOL": 1, "INT64": 8, "FLOAT64": 8, "NUMERIC": 16, "DATE": 8, "DATETIME": 8, "TIME": 8, "TIMESTAMP": 8}
TEXT_OVERHEAD = 2
DAYS = 30
# What dbt looks up of the history, to find the partition in which a record stands.
LOOKED_UP = ("updated_at", "landed_date")

GIB = 2**30
TIB = 2**40


@dataclass(frozen=True)
class Day:
    """What a day brings to a domain, in rows and bytes."""

    domain: str
    rows: float
    landed: float
    scanned: float


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
    return float(entity.rows_per_patient * mesh.cost["volumes"]["patients_per_day"])


def brought(mesh: Mesh, entity: Entity, columns: Iterable[Column] | None = None) -> float:
    """Logical bytes that a day brings to an entity, in some of its columns or all; a collection counts as one text."""
    text: float = TEXT_OVERHEAD + mesh.cost["volumes"]["text_bytes"]
    return rows(mesh, entity) * sum(BYTES.get(column.type, text) for column in columns or entity.columns)


def days(mesh: Mesh) -> list[Day]:
    """What a day brings, per domain."""
    found = []
    for product in mesh.products:
        scanned = sum(brought(mesh, entity) for entity in product.entities)
        landed = scanned * mesh.cost["volumes"]["compression"]
        found.append(Day(product.domain, sum(rows(mesh, entity) for entity in product.entities), landed, scanned))
    return found


def looked_up(mesh: Mesh) -> float:
    """Bytes of the keys and times that a day brings, which later runs look up."""
    return sum(
        brought(mesh, entity, [column for column in entity.columns if column.key or column.name in LOOKED_UP])
        for _, entity in mesh.staging.values()
    )


def month(mesh: Mesh, history: int) -> list[Item]:
    """The bill of a month in one environment and cell, once landed data is `history` days old."""
    volumes, prices = mesh.cost["volumes"], mesh.cost["prices"]
    each = days(mesh)
    scanned = sum(day.scanned for day in each)
    curated = scanned * history
    by_dbt = history * (looked_up(mesh) + sum(_read_by(mesh, mart.name) for mart in mesh.marts))
    read = DAYS * (by_dbt + volumes["readers_scan_per_day"] * curated)
    items = [
        ("Omni reads what landed", DAYS * scanned / TIB, "TiB", "omni_scan_per_tib"),
        ("what landed goes to BigQuery", DAYS * scanned / GIB, "GiB", "omni_transfer_per_gib"),
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
    return [Item(name, quantity, unit, prices[price]) for name, quantity, unit, price in items]


def _read_by(mesh: Mesh, mart: str) -> float:
    """Bytes that a day adds to what a mart reads at most: every column of the staging tables that it is made of."""
    return sum(brought(mesh, mesh.staging[model][1]) for model in mesh.inputs[mart] if model in mesh.staging)
