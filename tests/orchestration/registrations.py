"""Registers the landing tables of one domain again and again, each time with something going wrong at another place.

Executed in an environment of Airflow whose variables are set: registrations.py CELL DOMAIN. Answers with JSON, a list
of {"what", "error", "again", "tables", "wrote"}: what went wrong when, how the task ended, how it ended when it was run
again, the tables that are there then, and how many requests of one more run wrote.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any
from urllib.request import Request, urlopen

import requests
from clinical_mesh import landing_tables, registration

CELL, DOMAIN = sys.argv[1:]
ENDPOINT = os.environ["BIGQUERY_EMULATOR_HOST"]
DATASET = f"{ENDPOINT}/bigquery/v2/projects/{os.environ['AIRFLOW_VAR_GCP_PROJECT_ID']}/datasets/"
DATASET += f"{DOMAIN}__{registration.cell_of(CELL).landing_id}"
KINDS: list[dict[str, Any]] = [
    {"reason": "rateLimitExceeded"},
    {"reason": "backendError"},
    {"reason": "reset"},
    {"reason": "reset", "after": True},
    {"reason": "timeout", "seconds": 0.2},
    # For as long as the task tries.
    {"reason": "backendError", "times": 99},
    {"reason": "accessDenied"},
]
# Tries again at once, and gives up soon.
landing_tables._RETRY = landing_tables._RETRY.with_delay(initial=0.01, maximum=0.02).with_timeout(0.5)
landing_tables._TIMEOUT = 0.1


def call(method: str, path: str, body: object = None) -> Any:
    """A request of ours."""
    request = Request(path, json.dumps(body).encode() if body is not None else None, method=method)
    with urlopen(request) as response:
        return json.loads(response.read() or b"{}")


def register() -> str:
    """The task; how it ended."""
    context = {
        "params": {"mode": "apply", "allow_recreate": True},
        "task_instance": SimpleNamespace(xcom_push=lambda **more: None),
    }
    try:
        registration.register(CELL, DOMAIN, **context)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def tables() -> dict[str, Any]:
    """Name -> resource, without what differs from one time to the next."""
    listed = call("GET", f"{DATASET}/tables").get("tables", [])
    found = {}
    for name in sorted(table["tableReference"]["tableId"] for table in listed):
        resource = call("GET", f"{DATASET}/tables/{name}")
        found[name] = {k: resource[k] for k in ("schema", "labels", "externalDataConfiguration", "description")}
    return found


def start(state: str) -> None:
    """From nothing, from tables that need a patch, or from tables that must be made anew."""
    for name in tables():
        call("DELETE", f"{DATASET}/tables/{name}")
    if state != "nothing":
        assert register() == ""
        for name, table in tables().items():
            path = f"{DATASET}/tables/{name}"
            if state == "another description":
                call("PATCH", path, {"description": "Old."})
            else:
                call("DELETE", path)
                table["externalDataConfiguration"]["sourceFormat"] = "CSV"
                table["externalDataConfiguration"].pop("parquetOptions", None)
                reference = {"tableReference": {"tableId": name}}
                call("POST", f"{DATASET}/tables", {**table, **reference})


def killed(number: int, after: bool) -> bool:
    """Run the task in a process that dies at a request, before or after it has its effect; whether it came to that."""
    child = os.fork()
    if child == 0:
        send = requests.Session.request
        made: list[None] = []

        def request(*arguments: Any, **more: Any) -> Any:
            made.append(None)
            if len(made) > number and not after:
                os._exit(9)
            answer = send(*arguments, **more)
            if len(made) > number:
                os._exit(9)
            return answer

        requests.Session.request = request  # type: ignore[method-assign]
        register()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


answers: list[dict[str, Any]] = []


def tell(what: str, error: str) -> None:
    """Run the task again, as it should be, and keep how that ended."""
    call("PUT", f"{ENDPOINT}/emulator/faults", [])
    call("DELETE", f"{ENDPOINT}/emulator/requests")
    again = register()
    call("DELETE", f"{ENDPOINT}/emulator/requests")
    settled = register()
    wrote = [entry for entry in call("GET", f"{ENDPOINT}/emulator/requests")["requests"] if entry["wrote"]]
    answers.append({"what": what, "error": error, "again": again or settled, "tables": tables(), "wrote": len(wrote)})


for state in ("nothing", "another description", "another format"):
    start(state)
    call("DELETE", f"{ENDPOINT}/emulator/requests")
    assert register() == ""
    requests_made = len(call("GET", f"{ENDPOINT}/emulator/requests")["requests"])
    for kind in KINDS:
        # What lasts is the same wherever it begins.
        for number in range(requests_made if kind.get("times", 1) == 1 else 1):
            start(state)
            call("PUT", f"{ENDPOINT}/emulator/faults", [{"path": "/tables", "skip": number, "times": 1, **kind}])
            tell(f"{state}: {kind} at request {number}", register())
    for after in (False, True):
        for number in range(requests_made):
            start(state)
            assert killed(number, after)
            tell(f"{state}: killed {'after' if after else 'before'} request {number}", "killed")
    for number in range(3):
        start(state)
        with ThreadPoolExecutor(2) as both:
            ended = list(both.map(lambda _: register(), range(2)))
        tell(f"{state}: two at once, {number}", "; ".join(filter(None, ended)))
print(json.dumps(answers))
