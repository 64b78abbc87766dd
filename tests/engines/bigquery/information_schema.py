"""INFORMATION_SCHEMA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.engines.bigquery.errors import NotEmulated
from tests.engines.bigquery.storage import Resource, Storage
from tests.engines.bigquery.values import Row

if TYPE_CHECKING:
    from tests.engines.bigquery.queries import Scope


def is_virtual(parts: Sequence[str]) -> bool:
    return parts[-1] == "__TABLES__" or any(part.upper() == "INFORMATION_SCHEMA" for part in parts)


def read(storage: Storage, parts: Sequence[str], scope: Scope) -> tuple[list[Resource], list[Row], str | None]:
    raise NotEmulated(".".join(parts))
