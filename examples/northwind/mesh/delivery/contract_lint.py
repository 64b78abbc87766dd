"""Check data contracts against the Open Data Contract Standard: datacontract-cli's linter, and the standard's schema.

Needs datacontract-cli. The exit status is 1 if a contract does not keep the standard.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from datacontract.data_contract import DataContract

STANDARD = "3.1.0"


def main() -> int:
    """Check each file and say what is wrong with it."""
    parser = argparse.ArgumentParser(description=f"Check contracts against Open Data Contract Standard {STANDARD}.")
    parser.add_argument("contracts", nargs="+", type=Path, metavar="FILE", help="contracts to check")
    contracts = parser.parse_args().contracts
    schema = json.loads((files("datacontract") / "schemas" / f"odcs-{STANDARD}.schema.json").read_text())
    validator = jsonschema.Draft201909Validator(schema)
    problems = [f"{path}: {problem}" for path in contracts for problem in problems_of(path, validator)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{len(contracts)} contracts keep Open Data Contract Standard {STANDARD}")
    return 1 if problems else 0


def problems_of(path: Path, validator: Any) -> Iterator[str]:
    """What is wrong with one contract."""
    try:
        contract = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        yield f"cannot be read: {error}"
        return
    for check in DataContract(data_contract_file=str(path)).lint().checks:
        if check.result != "passed":
            yield f"lint: {check.reason}"
    for violation in validator.iter_errors(contract):
        yield f"schema: {'/'.join(map(str, violation.path))}: {violation.message}"


if __name__ == "__main__":
    sys.exit(main())
