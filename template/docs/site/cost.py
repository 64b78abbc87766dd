"""What a day brings and what a month costs, from the contracts and docs/cost.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesh import Entity, Mesh

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


def row_bytes(entity: Entity, text_bytes: float) -> float:
    """Logical bytes of a row of an entity; a collection counts as one text."""
    return sum(BYTES.get(column.type, TEXT_OVERHEAD + text_bytes) for column in entity.columns)


def days(mesh: Mesh) -> list[Day]:
    """What a day brings, per domain."""
    volumes: Mapping[str, float] = mesh.cost["volumes"]
    found = []
    for product in mesh.products:
        rows = [entity.rows_per_patient * volumes["patients_per_day"] for entity in product.entities]
        scanned = sum(
            count * row_bytes(entity, volumes["text_bytes"])
            for entity, count in zip(product.entities, rows, strict=True)
        )
        found.append(Day(product.domain, sum(rows), scanned * volumes["compression"], scanned))
    return found


def looked_up(mesh: Mesh, history: int) -> float:
    """Bytes of keys and times that a daily run looks up in the tables of so many days."""
    volumes: Mapping[str, float] = mesh.cost["volumes"]
    return sum(
        history
        * entity.rows_per_patient
        * volumes["patients_per_day"]
        * sum(
            BYTES.get(column.type, TEXT_OVERHEAD + volumes["text_bytes"])
            for column in entity.columns
            if column.key or column.name in LOOKED_UP
        )
        for product in mesh.products
        for entity in product.entities
    )


def month(mesh: Mesh, history: int) -> list[Item]:
    """The bill of a month in one environment and cell, once landed data is `history` days old."""
    volumes, prices = mesh.cost["volumes"], mesh.cost["prices"]
    brought = days(mesh)
    scanned = sum(day.scanned for day in brought)
    curated = scanned * history
    marts = sum(_read_by(mesh, mart.name, history) for mart in mesh.marts)
    read = DAYS * (looked_up(mesh, history) + marts + volumes["readers_scan_per_day"] * curated)
    items = [
        ("Omni reads what landed", DAYS * scanned / TIB, "TiB", "omni_scan_per_tib"),
        ("what landed goes to BigQuery", DAYS * scanned / GIB, "GiB", "omni_transfer_per_gib"),
        ("dbt and readers scan BigQuery", read / TIB, "TiB", "bigquery_scan_per_tib"),
        ("curated tables are stored", curated / GIB, "GiB", "bigquery_storage_per_gib_month"),
        (
            "landed files are stored",
            sum(day.landed for day in brought) * history / 1e9,
            "GB",
            "s3_storage_per_gb_month",
        ),
        ("Airflow runs", 1, "environment", "composer_per_month"),
    ]
    return [Item(name, quantity, unit, prices[price]) for name, quantity, unit, price in items]


def _read_by(mesh: Mesh, mart: str, history: int) -> float:
    """Bytes that a mart reads each day at most: every column of the staging tables that it is made of."""
    volumes: Mapping[str, float] = mesh.cost["volumes"]
    return sum(
        history * entity.rows_per_patient * volumes["patients_per_day"] * row_bytes(entity, volumes["text_bytes"])
        for model in mesh.inputs[mart]
        if model in mesh.staging
        for _, entity in [mesh.staging[model]]
    )
