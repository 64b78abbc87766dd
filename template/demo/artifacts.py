"""What the last run of dbt left: the nodes of the project with their results, and the database."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from landing import identifier

from contracts import REPOSITORY

DBT = REPOSITORY / "dbt"
TARGET = DBT / "target"
DATABASE = REPOSITORY / "demo" / "mesh.duckdb"
PAGE = REPOSITORY / "demo" / "console.html"

_OUTCOMES = {
    "success": "passed",
    "pass": "passed",
    "fail": "failed",
    "error": "failed",
    "runtime error": "failed",
    "partial success": "failed",
    "warn": "warned",
}


class ArtifactError(Exception):
    """There is no run to read. The message says what is missing."""


@dataclass(frozen=True)
class Node:
    """A node of the dbt project with the result of its run; `status` is None for what did not run.

    `relation` is set for what stands in the database, `subject` for tests: the id of the node that they are about.
    """

    id: str
    name: str
    type: str
    path: tuple[str, ...]
    description: str
    inputs: tuple[str, ...]
    columns: tuple[str, ...]
    relation: str | None
    subject: str | None
    status: str | None
    message: str
    seconds: float
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_model(self) -> bool:
        return self.type == "model"

    @property
    def is_staging(self) -> bool:
        return self.is_model and self.path[:1] == ("staging",)

    @property
    def is_test(self) -> bool:
        return self.type in ("test", "unit_test")

    @property
    def domain(self) -> str | None:
        """The domain of a staging model or of a source, which is named for it."""
        if self.type == "source":
            return self.path[-2]
        return self.path[1] if self.is_staging else None

    @property
    def outcome(self) -> str:
        """How it went, in one word for every kind of node."""
        return "not run" if self.status is None else _OUTCOMES.get(self.status, self.status)

    @property
    def example_query(self) -> str | None:
        """The query that the model brings along, with the dataset before its name."""
        query = self.meta.get("example_query")
        return re.sub(rf"\b{self.name}\b", self.plain_relation, str(query).strip(), count=1) if query else None

    @property
    def plain_relation(self) -> str:
        """The relation as one types it."""
        return (self.relation or "").replace('"', "")


@dataclass(frozen=True)
class Run:
    """The nodes of the project by id, and the run itself."""

    nodes: Mapping[str, Node]
    ended: str
    seconds: float
    dbt_version: str

    @property
    def results(self) -> list[Node]:
        """The nodes that ran."""
        return [node for node in self.nodes.values() if node.status is not None]


def clear() -> None:
    """Remove what the last run left, so that nothing of it is taken for the next one's."""
    for path in (DATABASE, DATABASE.with_name(DATABASE.name + ".wal"), TARGET / "run_results.json", PAGE):
        path.unlink(missing_ok=True)


def read_run() -> Run:
    """The last run, from dbt's artifacts. Raises ArtifactError where there is none, or no database of it."""
    try:
        manifest, run_results = (
            json.loads((TARGET / name).read_text(encoding="utf-8")) for name in ("manifest.json", "run_results.json")
        )
    except FileNotFoundError as error:
        raise ArtifactError(f"there is no {error.filename}") from None
    if not DATABASE.exists():
        raise ArtifactError(f"there is no {DATABASE}")
    results = {result["unique_id"]: result for result in run_results["results"]}
    described = manifest["sources"] | manifest["nodes"] | manifest["unit_tests"] | manifest["exposures"]
    # What ran comes first and in its order, so that causes stand before their consequences.
    ids = [*(id for id in results if id in described), *sorted(described.keys() - results.keys())]
    return Run(
        nodes={id: _node(described[id], results.get(id, {})) for id in ids},
        ended=run_results["metadata"]["generated_at"],
        seconds=run_results["elapsed_time"],
        dbt_version=run_results["metadata"]["dbt_version"],
    )


def _node(described: Mapping[str, Any], result: Mapping[str, Any]) -> Node:
    type, config = described["resource_type"], described.get("config", {})
    inputs = tuple(described.get("depends_on", {}).get("nodes", ()))
    stands = type in ("model", "seed") and config.get("materialized") != "ephemeral"
    about = described.get("attached_node") or next(iter(inputs), None)
    return Node(
        id=described["unique_id"],
        name=described["name"],
        type=type,
        path=tuple(described["fqn"][1:]),
        description=described.get("description") or "",
        inputs=inputs,
        columns=tuple(described.get("columns", ())),
        relation=f"{identifier(described['schema'])}.{identifier(described['alias'])}" if stands else None,
        subject=about if type in ("test", "unit_test") else None,
        status=result.get("status"),
        message=str(result.get("message") or ""),
        seconds=result.get("execution_time", 0.0),
        meta=config.get("meta", {}),
    )
