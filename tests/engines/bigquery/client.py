"""A small client of the service, with nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

Resource = dict[str, Any]


class RefusedError(Exception):
    """An error that the service answered."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Result:
    """The result of a query: rows as lists of text, None and, of arrays and records, lists; and the job."""

    rows: list[list[Any]]
    fields: list[Resource]
    job: Resource = field(repr=False)

    @property
    def statistics(self) -> Resource:
        """Of the query."""
        statistics: Resource = self.job["statistics"]["query"]
        return statistics


@dataclass(frozen=True)
class Client:
    """Sends requests to the service as a principal (user:...), or as the owner of everything."""

    endpoint: str
    principal: str = "dummy"
    project: str = "northwind-dev"

    def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A request as it is: status, headers (names in lower case) and body of the answer."""
        connection = HTTPConnection(urlsplit(self.endpoint).netloc, timeout=120)
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, data, {"Authorization": f"Bearer {self.principal}", **(headers or {})})
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """A request to a path under the project, or to another if it starts with a slash; the answer from JSON.

        Raises RefusedError.
        """
        absolute = path if path.startswith("/") else f"/bigquery/v2/projects/{self.project}/{path}"
        status, _, data = self.send(method, absolute, body, headers)
        answer: Any = json.loads(data) if data else {}
        if status >= 400:
            error = answer["error"]
            raise RefusedError(status, error["errors"][0]["reason"], error["message"])
        return answer

    def run(self, configuration: Resource, location: str | None = None, id: str | None = None) -> Resource:
        """A job, over when this returns.

        Raises RefusedError, for the error of the job too (with status 200).
        """
        reference = {"projectId": self.project, "location": location, "jobId": id}
        job: Resource = self.call("POST", "jobs", {"configuration": configuration, "jobReference": reference})
        if "errorResult" in job["status"]:
            error = job["status"]["errorResult"]
            raise RefusedError(200, error["reason"], error["message"])
        return job

    def query(self, sql: str, location: str | None = None, **settings: Any) -> Result:
        """A query and all rows of its result. settings: of the configuration of the query (defaultDataset, ...).

        Raises RefusedError.
        """
        configuration = {"query": {"query": sql, "useLegacySql": False, **settings}}
        job = self.run(configuration, location)
        reference = job["jobReference"]
        path = f"queries/{reference['jobId']}?location={reference['location']}"
        rows: list[list[Any]] = []
        page = self.call("GET", path)
        while True:
            rows += [[_plain(cell["v"]) for cell in row["f"]] for row in page.get("rows", [])]
            if "pageToken" not in page:
                return Result(rows, page.get("schema", {}).get("fields", []), job)
            page = self.call("GET", f"{path}&pageToken={page['pageToken']}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item["v"]) for item in value]
    if isinstance(value, dict):
        return [_plain(item["v"]) for item in value["f"]]
    return value
