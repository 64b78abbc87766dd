"""DML."""
from __future__ import annotations
from typing import Any
from tests.engines.bigquery.errors import NotEmulated
from tests.engines.bigquery.outcomes import Outcome, Statement
def insert(statement: Statement) -> Outcome: raise NotEmulated("DML")
update = delete = merge = truncate = insert
def variable(*a: Any) -> Any: raise NotEmulated("DECLARE")
assigned = variable
