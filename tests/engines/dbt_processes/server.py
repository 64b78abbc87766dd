"""Imports dbt and forks for each command: server.py SOCKET. Executed in the environment of dbt, until its input ends.

A connection brings three files, then {"arguments", "folder", "environment"}, and is answered with the exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import dbt.adapters.bigquery  # noqa: F401, else each fork would
from dbt.cli.main import cli, dbtRunner

PROJECT = {
    "dbt_project.yml": """
name: first
profile: first
""",
    "profiles.yml": """
first:
  target: first
  outputs:
    first: {type: bigquery, method: oauth-secrets, token: none, project: first, schema: first}
""",
    "models/first.sql": "select * from {{ source('landed', 'first') }}",
    "models/first.yml": """
sources:
  - name: landed
    tables: [{name: first}]
models:
  - name: first
    columns: [{name: id, data_tests: [not_null]}]
unit_tests:
  - name: first
    model: first
    given: [{input: "source('landed', 'first')", rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
""",
}


def begin() -> None:
    """Has dbt read a small project, and read again what it kept of it, as most commands do.

    What it makes once per process, such as the validators of every kind of file, is a third of a small build's time.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path, text in PROJECT.items():
            file = Path(folder, path)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        # The static parser is a pool of threads, which no fork would have.
        settings = ("--quiet", "--log-level-file", "none", "--no-static-parser")
        for _ in range(2):
            outcome = dbtRunner().invoke([*settings, "parse", "--project-dir", folder, "--profiles-dir", folder])
            assert outcome.success, outcome.exception


def dump(value: object, file: TextIO, **options: Any) -> None:
    """json.dump. What Python writes piece by piece it writes in Python, and a manifest has a million pieces."""
    file.write(json.dumps(value, **options))


def next_command(path: str) -> dict[str, Any] | None:
    """Returns in a fork, with the command that it is to run; in the server itself none, at its end."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [], 1)
            # Their time counts as this process's once they are waited for.
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            if sys.stdin in ready:
                return None
            if listener in ready:
                connection, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    return begun(connection)
                connection.close()


def begun(connection: socket.socket) -> dict[str, Any]:
    """Returns in a fork; this process waits for it and tells its end."""
    _, files, _, _ = socket.recv_fds(connection, 1, 3)
    command: dict[str, Any] = json.loads(connection.makefile().read())
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        # As a shell says that a signal ended it.
        connection.sendall(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    return command


begin()
json.dump = dump  # type: ignore[assignment]
# What is imported lives as long as any fork: it need not be looked through for garbage again and again.
gc.collect()
gc.freeze()

command = next_command(sys.argv[1])
if command:
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    # Was looked up in the server's environment.
    tempfile.tempdir = None
    sys.argv = command["arguments"]
    # duckdb complains of what still lives at the end.
    atexit.register(lambda: gc.unfreeze() if "duckdb" in sys.modules else None)
    sys.exit(cli())
