"""Lints data contracts with datacontract-cli in one process: python lint.py FILE... Prints a JSON object.

file -> {"lint": messages of failed checks, "schema": violations of the standard's JSON Schema}
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import yaml
from datacontract.data_contract import DataContract

schema = json.loads((files("datacontract") / "schemas" / "odcs-3.1.0.schema.json").read_text())
validator = jsonschema.Draft201909Validator(schema)
report = {}
for path in sys.argv[1:]:
    run = DataContract(data_contract_file=path).lint()
    violations = validator.iter_errors(yaml.safe_load(Path(path).read_text()))
    report[path] = {
        "lint": [check.reason for check in run.checks if check.result != "passed"],
        "schema": [f"{'/'.join(map(str, error.path))}: {error.message}" for error in violations],
    }
print("\n" + json.dumps(report))
