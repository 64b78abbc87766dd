"""Column-level security at read: https://cloud.google.com/bigquery/docs/column-level-security"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.engines.bigquery.policies import Policies
    from tests.engines.bigquery.queries import Source


def apply(policies: Policies, caller: str, source: Source) -> None:
    """Check the columns that are read of a table, and mask those that the caller may only see masked."""
