"""SQL built step by step: each step is a query that reads the one before it."""

from __future__ import annotations

from collections.abc import Iterable

from landing import identifier


class Query:
    """A chain of common table expressions. A step says `from {query.last}` to read the one before it."""

    def __init__(self) -> None:
        self._steps: list[str] = []

    @property
    def last(self) -> str:
        """Name of the newest step."""
        return f"step_{len(self._steps)}"

    def add(self, sql: str) -> None:
        self._steps.append(sql)

    def add_columns(self, columns: Iterable[tuple[str, str]], kept: str = "*") -> None:
        """A step with the kept columns of the one before and more of its own, given as name and expression."""
        items = [kept, *(f"{sql} as {identifier(name)}" for name, sql in columns)]
        self.add("select\n    " + ",\n    ".join(items) + f"\nfrom {self.last}")

    @property
    def sql(self) -> str:
        steps = ",\n".join(f"step_{number} as (\n{sql}\n)" for number, sql in enumerate(self._steps, 1))
        return f"with\n{steps}\nselect * from {self.last}"
