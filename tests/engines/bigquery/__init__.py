"""BigQuery without a cloud: its REST API, on Google's own SQL analyzer and reference engine. See README.md."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType

from tests.engines.bigquery.client import Client, RefusedError, Result
from tests.engines.environments import ROOT, environment

__all__ = ["Client", "Emulator", "RefusedError", "Result", "command"]


def command(*arguments: str) -> list[str]:
    """The command of the service."""
    # -P: the folder it is started in may have a folder `tests` of its own.
    return [str(environment("bigquery").python), "-P", "-m", f"{__name__}.serve", *arguments]


class Emulator:
    """The service in a process of its own, inside the `with` block.

    data: a folder whose folders are the buckets of their names. mesh: a rendered repository whose landing tables are to
    be there, or its datasets alone.
    """

    def __init__(self, data: Path | None = None, mesh: Path | None = None, tables: bool = True) -> None:
        self._arguments = [f"--data={data}"] if data else []
        self._arguments += [f"--mesh={mesh}"] if mesh else []
        self._arguments += [] if tables else ["--no-tables"]
        self.endpoint = ""
        # In what time, and with how many landing tables.
        self.started = ""

    def __enter__(self) -> Emulator:
        self._process = subprocess.Popen(
            command("--port=0", *self._arguments),
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        if not self.endpoint:
            raise AssertionError(f"the service ended with {self._process.wait()} before it answered")
        self.started = self._process.stdout.readline().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def client(self, principal: str = "dummy", project: str = "northwind-dev") -> Client:
        """A client for requests as that principal."""
        return Client(self.endpoint, principal, project)
