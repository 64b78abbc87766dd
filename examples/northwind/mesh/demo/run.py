"""Run the whole mesh on this machine: synthetic landing data, then the dbt project on DuckDB, then a summary."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import console
import duckdb
import generate
from artifacts import DATABASE, DBT, TARGET, ArtifactError, Node, clear, read_run
from landing import LANDING
from progress import Progress

LOG = DBT / "logs" / "dbt.log"
SLOWEST = 5
QUERIES = 3


class DemoError(Exception):
    """The demo cannot go on. The message says how to mend it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Returns the exit code: 0 only if dbt built everything and every test passed."""
    options = _options(arguments)
    landing: Path = (options.landing or LANDING).resolve()
    try:
        if not (options.landing or options.keep_landing) and (failed := _generate(options)):
            return failed
        if not landing.is_dir():
            raise DemoError(f"no landing data in {landing}; run without --keep-landing to make some")
        clear()
        code = _dbt_build(landing)
        try:
            run = read_run()
        except ArtifactError:
            raise DemoError(f"dbt could not start the build; what it said is above and in {LOG}") from None
    except DemoError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 1
    _print_summary(run.results)
    print()
    written = console.main([])
    failures = [node.name for node in run.results if node.outcome == "failed"]
    if code or failures:
        print(
            f"\ndbt failed: {', '.join(failures) or 'see above'}.\n"
            f"Look in {LOG}, and at the SQL in {TARGET / 'compiled'}.",
            file=sys.stderr,
        )
        return 1
    return written


def _generate(options: argparse.Namespace) -> int:
    arguments = ["--patients", options.patients, "--days", options.days, "--seed", options.seed]
    return generate.main([*map(str, arguments), "--first-day", options.first_day.isoformat()])


# -- dbt ---------------------------------------------------------------------------------------------------------------


def _dbt_build(landing: Path) -> int:
    """Run dbt build and show how far it is; failures are printed in full. Returns dbt's exit code."""
    executable = Path(sys.executable).with_name("dbt")
    if not executable.exists():
        raise DemoError(f"there is no dbt beside {sys.executable}; `make demo` installs it")
    environment = os.environ | {
        "LANDING_ROOT": str(landing),
        "MESH_DUCKDB": str(DATABASE),
        "DBT_PROFILES_DIR": str(DBT),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [str(executable), "build", "--target", "local", "--log-format", "json", "--no-use-colors"]
    progress = Progress("dbt build", 0)
    done = 0
    with subprocess.Popen(
        command,
        cwd=DBT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            event = _event(line)
            if text := _worth_showing(event):
                progress.note(text)
            if _is_result(event):
                done += 1
                progress.total = event["data"].get("total") or event["data"].get("num_models") or done
                progress.step(done, _label(event["data"]))
    progress.finish(f"{done} of {progress.total} nodes done")
    return process.returncode


def _event(line: str) -> dict[str, Any]:
    """A line of dbt's log; one that is no event, such as a traceback, becomes an error event."""
    try:
        event = json.loads(line)
        if isinstance(event, dict) and "info" in event:
            return {"data": {}, **event}
    except ValueError:
        pass
    return {"data": {}, "info": {"name": "Text", "level": "error", "msg": line}}


def _is_result(event: Mapping[str, Any]) -> bool:
    """Whether the event ends a node. Result events are named for the kind of node, and all are numbered."""
    return "index" in event["data"] and event["info"]["name"] != "LogStartLine"


def _label(data: Mapping[str, Any]) -> str:
    return str(data.get("node_info", {}).get("node_name") or data.get("node_name") or data.get("name") or "")


def _worth_showing(event: Mapping[str, Any]) -> str:
    """The text of an error or failed test. Result lines are left out: what went wrong follows at the end of the run."""
    info = event["info"]
    is_wanted = info["level"] == "error" or info["name"] == "RunResultWarning"
    return "" if _is_result(event) or not is_wanted else str(info["msg"]).strip()


# -- the summary -------------------------------------------------------------------------------------------------------


def _print_summary(nodes: Sequence[Node]) -> None:
    """Print what was built, how it went and what to look at."""
    built = [node for node in nodes if node.is_model and node.relation and node.outcome == "passed"]
    with duckdb.connect(str(DATABASE), read_only=True) as connection:
        rows = {node.name: _count(connection, node) for node in built}
        queries = list(islice((query for query in _queries(built, rows) if _runs(connection, query)), QUERIES))
    _print_rows(built, rows)
    print("\nResults")
    for type, title in (
        ("seed", "code systems"),
        ("model", "models"),
        ("test", "tests"),
        ("unit_test", "unit tests"),
    ):
        if statuses := Counter(node.outcome for node in nodes if node.type == type):
            print(f"  {title:<13} " + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))
    print("\nSlowest models")
    slowest = sorted((node for node in nodes if node.is_model), key=lambda node: -node.seconds)
    for node in slowest[:SLOWEST]:
        print(f"  {node.seconds:6.2f} s  {node.name}")
    print(f"\nDatabase\n  {DATABASE}\n\nQueries to try")
    for query in queries:
        print(textwrap.indent(query, "  ") + "\n")
    print(f"""  {sys.executable} -c "import duckdb; duckdb.connect('{DATABASE}').sql('...').show()\"""")


def _print_rows(built: Sequence[Node], rows: Mapping[str, int]) -> None:
    print("\nRows")
    groups: dict[str, list[Node]] = {}
    for node in built:
        groups.setdefault(node.path[1] if node.is_staging else node.path[0], []).append(node)
    for group in sorted(groups, key=lambda name: (not groups[name][0].is_staging, name)):
        members = sorted(groups[group], key=lambda node: node.name)
        names = (f"{node.name.partition('__')[2] or node.name} {rows[node.name]}" for node in members)
        print(f"  {group:<20} {sum(rows[node.name] for node in members):>10}  {', '.join(names)}")


def _count(connection: duckdb.DuckDBPyConnection, node: Node) -> int:
    row = connection.execute(f"select count(*) from {node.relation}").fetchone()
    return int(row[0]) if row else 0


def _queries(built: Sequence[Node], rows: Mapping[str, int]) -> list[str]:
    """Queries on what was built: the marts' own, those that bring most together first, then on staging tables."""
    marts = sorted((node for node in built if node.example_query), key=lambda node: (-len(node.inputs), node.name))
    queries = [f"{node.example_query};" for node in marts]
    for node in sorted((node for node in built if node.is_staging), key=lambda node: -rows[node.name]):
        queries.append(
            f"select landed_date, count(*) as records, max(updated_at) as newest\nfrom {node.plain_relation}\n"
            "group by landed_date\norder by landed_date;"
        )
        queries.append(f"select *\nfrom {node.plain_relation}\nlimit 10;")
        if not marts:
            queries.append(
                f"select source_system, count(*) as records\nfrom {node.plain_relation}\ngroup by source_system;"
            )
    return queries


def _runs(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    """Whether the query runs, so that none is shown that does not."""
    try:
        connection.execute(query)
    except duckdb.Error:
        return False
    return True


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--landing", type=Path, metavar="DIR", help="landing data to build from, instead of new ones")
    source.add_argument("--keep-landing", action="store_true", help="build from what is in demo/landing")
    generate.add_size_options(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
