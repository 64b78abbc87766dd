"""Runs dbt several times in one process and says what each run did to the emulated BigQuery.

Executed in the environment of dbt, in the folder of the project: invocations.py ENDPOINT. Every line of standard input
is a step, {"arguments": [...], "environment": {name: value}, "files": {path: text}, "faults": [...]}. All but the
arguments are optional, and a text of null takes the file away. What files and variables there were is there again after
the step.

Answers each with a line, {"success", "message", "warnings", "states", "requests", "tags"}. tags: table -> column ->
policy tag, as the manifest has it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import dbt.adapters.bigquery  # noqa: F401, before what is imported is frozen
from dbt.cli.main import dbtRunner

Resource = dict[str, Any]


def main() -> None:
    """One step after another."""
    # What is imported lives as long as this process: each step would look through it for garbage.
    gc.collect()
    gc.freeze()
    # dbt prints too.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            print(json.dumps(run(sys.argv[1], json.loads(line))), file=answers, flush=True)


def run(endpoint: str, step: Resource) -> Resource:
    """One step."""
    for log in ("history", "requests"):
        call(endpoint, "DELETE", log)
    call(endpoint, "PUT", "faults", step.get("faults", []))
    heard: dict[str, list[str]] = {"warn": [], "error": []}
    with replaced(step.get("files", {})), surrounded(step.get("environment", {})):

        def hear(event: Any) -> None:
            if event.info.level in heard:
                heard[event.info.level].append(event.info.msg)

        outcome = dbtRunner(callbacks=[hear]).invoke(["--quiet", "--log-level-file", "none", *step["arguments"]])
        nodes = json.loads(Path("target/manifest.json").read_text())["nodes"].values()
    call(endpoint, "PUT", "faults", [])
    messages = [str(outcome.exception)] if outcome.exception else []
    messages += [str(result.message) for result in getattr(outcome.result, "results", [])]
    # The error of an operation is only logged.
    messages += heard["error"]
    return {
        "success": outcome.success,
        "message": "\n".join(messages),
        "warnings": heard["warn"],
        "states": call(endpoint, "GET", "history")["states"],
        "tags": {
            f"{node['schema']}.{node['alias']}": {
                column["name"]: column["config"]["meta"]["policy_tag"]
                for column in node["columns"].values()
                if "policy_tag" in column["config"].get("meta", {})
            }
            for node in nodes
            if node["resource_type"] == "model"
        },
        "requests": [entry for entry in call(endpoint, "GET", "requests")["requests"] if entry["wrote"]],
    }


def call(endpoint: str, method: str, what: str, body: object = None) -> Any:
    """A request to the emulator itself."""
    request = Request(f"{endpoint}/emulator/{what}", json.dumps(body).encode(), method=method)
    with urlopen(request) as response:
        return json.loads(response.read() or b"{}")


@contextmanager
def replaced(files: dict[str, str | None]) -> Iterator[None]:
    """Files of the project with another text."""
    before = {path: Path(path).read_text() if Path(path).exists() else None for path in files}
    write(files)
    try:
        yield
    finally:
        write(before)


def write(files: dict[str, str | None]) -> None:
    """Write files, or take them away."""
    for path, text in files.items():
        if text is None:
            Path(path).unlink()
        else:
            Path(path).write_text(text)


@contextmanager
def surrounded(variables: dict[str, str]) -> Iterator[None]:
    """Environment variables of other values; an empty one is not there."""
    before = dict(os.environ)
    os.environ.update(variables)
    for name, value in variables.items():
        if not value:
            del os.environ[name]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


if __name__ == "__main__":
    main()
