"""Sentinel's commands: `python -m tests.engines.sentinel test DIR…`, `… apply --plan PLAN`, `… fmt PATH…`.

The status is 0 if all is well, 1 if a test, a mandatory policy or the format fails, 2 if the command cannot be done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .errors import ConfigurationError, SentinelError, SentinelSyntaxError, Source, UnreadableFileError
from .formatting import format_source
from .policies import PolicySet, Verdict
from .testing import CaseResult, find_cases, run_case
from .values import display


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.sentinel", description="Run Sentinel policies.")
    commands = parser.add_subparsers(dest="command", required=True)
    tested = commands.add_parser("test", help="run the test cases below folders")
    tested.add_argument("folders", metavar="DIR", type=Path, nargs="+", help="where to look for x.sentinel and test/x/")
    tested.add_argument("--verbose", action="store_true", help="show every case, with what it printed and its rules")
    applied = commands.add_parser("apply", help="evaluate a policy set on a plan")
    applied.add_argument("--plan", type=Path, required=True, help="what `terraform show -json` wrote of the plan")
    applied.add_argument("--config", type=Path, default=Path("sentinel.hcl"), help="the set (./sentinel.hcl)")
    formatted = commands.add_parser("fmt", help="write policies in the canonical form")
    formatted.add_argument("paths", metavar="PATH", type=Path, nargs="+", help="policies, or folders of them")
    formatted.add_argument("--check", action="store_true", help="change nothing, list what would change")
    options = parser.parse_args(arguments)
    try:
        if options.command == "test":
            return test(options.folders, options.verbose)
        if options.command == "apply":
            return apply(options.plan, options.config)
        return fmt(options.paths, options.check)
    except (ConfigurationError, UnreadableFileError) as error:
        print(error, file=sys.stderr)
        return 2


def test(folders: list[Path], verbose: bool) -> int:
    """Run test cases."""
    counts: Counter[str] = Counter()
    for folder in folders:
        for policy, case in find_cases(folder):
            result = run_case(policy, case)
            counts[result.status] += 1
            if result.status != "passed" or verbose:
                _show_case(result, verbose)
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] else 0


def _show_case(result: CaseResult, verbose: bool) -> None:
    print(f"{result.status.upper()} {result.case}")
    print(_indented(result.reason), end="")
    if result.outcome is not None and (verbose or result.status == "failed"):
        if result.outcome.printed:
            print("  printed:\n" + _indented("\n".join(result.outcome.printed), 4), end="")
        for rule in result.outcome.rules:
            print(f"  {rule.position}: {rule.name} = {display(rule.value, True)}")


def _indented(text: str, width: int = 2) -> str:
    return "".join(" " * width + line + "\n" for line in text.splitlines())


def apply(plan: Path, config: Path) -> int:
    """Evaluate a policy set."""
    policies = PolicySet.load(config)
    source = Source.read(plan)
    try:
        document = json.loads(source.text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{plan} is not JSON: {error.msg}") from None
    verdicts = policies.evaluate(document)
    for verdict in verdicts:
        print(f"{_result(verdict)}  {verdict.name} ({verdict.level})")
        print(_indented("\n".join([*verdict.printed, *([str(verdict.error)] if verdict.error else [])])), end="")
    return 1 if any(not verdict.passed and verdict.level != "advisory" for verdict in verdicts) else 0


def _result(verdict: Verdict) -> str:
    return "error" if verdict.error else "pass " if verdict.passed else "fail "


def fmt(paths: list[Path], check: bool) -> int:
    """Format policies."""
    failed = False
    for path in _policies(paths):
        source = Source.read(path)
        try:
            text = format_source(source)
        except SentinelSyntaxError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        if text != source.text:
            print(path)
            if check:
                failed = True
            else:
                path.write_text(text)
    return 1 if failed else 0


def _policies(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.rglob("*.sentinel"))
        else:
            yield path


if __name__ == "__main__":
    try:
        sys.exit(main())
    except SentinelError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
