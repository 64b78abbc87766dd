"""The HTTP face of the service: which request does what.

https://cloud.google.com/bigquery/docs/reference/rest
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.engines.bigquery import faults
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.faults import Call, Fault, Faults
from tests.engines.bigquery.jobs import Jobs
from tests.engines.bigquery.jobs import Request as JobRequest
from tests.engines.bigquery.policies import OWNER, Access, Policies, denied
from tests.engines.bigquery.resources import Resources
from tests.engines.bigquery.schemas import leaves
from tests.engines.bigquery.storage import Resource, Table, TableId
from tests.engines.bigquery.values import row_to_json, size

PRINCIPAL = re.compile(r"Bearer ((?:user|group|serviceAccount):\S+)")
BOUNDARY = re.compile(r'boundary="?([^";]+)')
RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+|\*)")
DEFAULT_PAGE = 10_000
# `all` adds hidden datasets, `allUsers` and `projection` concern jobs that all have here, in full.
LIST_PARAMETERS = {"all", "allUsers", "alt", "maxResults", "pageToken", "parentJobId", "prettyPrint", "projection"}

# Of the envelope of errors: https://cloud.google.com/apis/design/errors#http_mapping
NAMES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


@dataclass(frozen=True)
class Request:
    """A request as it came in; the names of headers in lower case."""

    method: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Raises BigQueryError (invalid)."""
        try:
            return json.loads(self.body or b"{}")
        except ValueError as error:
            raise BigQueryError("invalid", f"Invalid JSON payload received: {error}") from error

    @property
    def caller(self) -> str:
        """The principal that the bearer token names, or the owner."""
        match = PRINCIPAL.fullmatch(self.headers.get("authorization", ""))
        return match[1] if match else OWNER


@dataclass(frozen=True)
class Response:
    """A response; no body at all if `body` is None."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A request in the log. status: 0 if a fault kept the answer back. wrote: whether it changed what is stored."""

    method: str
    path: str
    caller: str
    status: int
    wrote: bool


@dataclass
class _Upload:
    """An upload in pieces."""

    body: Resource
    data: bytearray = field(default_factory=bytearray)


class UnansweredError(Exception):
    """A fault: the connection is to be dropped after that many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Api:
    """Answers requests.

    faults: asked at every request whether it fails. requests: the log of those that were not for the emulator itself.
    """

    def __init__(self, resources: Resources, jobs: Jobs, policies: Policies) -> None:
        self._resources = resources
        self._jobs = jobs
        self._policies = policies
        self.faults: Faults = faults.none
        self.requests: list[Entry] = []
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._uploads: dict[str, _Upload] = {}
        self._sizes: dict[TableId, tuple[int, str]] = {}
        project = r"/bigquery/v2/projects/(?P<project>[^/]+)"
        dataset = project + r"/datasets/(?P<dataset>[^/]+)"
        table = dataset + r"/tables/(?P<table>[^/:]+)"
        routes: Sequence[tuple[str, str, Callable[..., Resource | Response | None]]] = (
            ("GET", project + "/datasets", self._list_datasets),
            ("POST", project + "/datasets", self._insert_dataset),
            ("GET", dataset, self._get_dataset),
            ("PATCH", dataset, self._patch_dataset),
            ("PUT", dataset, self._update_dataset),
            ("DELETE", dataset, self._delete_dataset),
            ("GET", dataset + "/tables", self._list_tables),
            ("POST", dataset + "/tables", self._insert_table),
            ("GET", table, self._get_table),
            ("PATCH", table, self._patch_table),
            ("PUT", table, self._update_table),
            ("DELETE", table, self._delete_table),
            ("GET", table + "/data", self._list_rows),
            ("GET", dataset + "/routines", self._list_routines),
            ("GET", project + "/jobs", self._list_jobs),
            ("POST", project + "/jobs", self._insert_job),
            ("GET", project + r"/jobs/(?P<job>[^/]+)", self._get_job),
            ("POST", project + r"/jobs/(?P<job>[^/]+)/cancel", self._cancel_job),
            ("POST", project + "/queries", self._query),
            ("GET", project + r"/queries/(?P<job>[^/]+)", self._query_results),
            ("POST", "/upload" + project + "/jobs", self._start_upload),
            ("PUT", "/upload" + project + "/jobs", self._continue_upload),
            ("PUT", "/emulator/policies", self._put_policies),
            ("PUT", "/emulator/faults", self._put_faults),
            ("GET", "/emulator/requests", self._get_requests),
            ("DELETE", "/emulator/requests", self._clear_requests),
            ("GET", "/emulator/history", self._get_history),
            ("DELETE", "/emulator/history", self._clear_history),
        )
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    def answer(self, request: Request) -> Response:
        """The response, an error too.

        Raises UnansweredError if there is to be none.
        """
        if request.path.startswith("/emulator/"):
            return self._routed(request)
        with self._lock:
            number = self._counts[request.method, request.path]
            self._counts[request.method, request.path] += 1
        fault = self.faults(Call(request.method, request.path, request.body, number))
        response = None if fault is not None and not fault.after else self._routed(request)
        wrote = response is not None and _wrote(request, response)
        if fault is not None:
            try:
                response = _failed(fault)
            except UnansweredError:
                self._log(request, 0, wrote)
                raise
        assert response is not None
        self._log(request, response.status, wrote)
        return response

    def _log(self, request: Request, status: int, wrote: bool) -> None:
        entry = Entry(request.method, request.path, request.caller, status, wrote)
        with self._lock:
            self.requests.append(entry)

    def _routed(self, request: Request) -> Response:
        for method, path, handler in self._routes:
            match = path.fullmatch(request.path)
            if match and method == request.method:
                try:
                    answer = handler(request, **match.groupdict())
                except BigQueryError as error:
                    return refusal(error)
                return answer if isinstance(answer, Response) else Response(body=answer)
        return refusal(NotEmulated(f"{request.method} {request.path}"))

    # Datasets

    def _list_datasets(self, request: Request, project: str) -> Resource:
        items = self._resources.datasets(project)
        return _listed("datasets", items, request.parameters)

    def _insert_dataset(self, request: Request, project: str) -> Resource:
        return self._resources.insert_dataset(project, request.json)

    def _get_dataset(self, request: Request, project: str, dataset: str) -> Resource:
        return self._resources.storage.dataset(project, dataset)

    def _patch_dataset(self, request: Request, project: str, dataset: str) -> Resource:
        return self._resources.change_dataset(project, dataset, request.json, request.headers.get("if-match"))

    def _update_dataset(self, request: Request, project: str, dataset: str) -> Resource:
        etag = request.headers.get("if-match")
        return self._resources.change_dataset(project, dataset, request.json, etag, whole=True)

    def _delete_dataset(self, request: Request, project: str, dataset: str) -> Response:
        contents = request.parameters.get("deleteContents", "").lower() == "true"
        self._resources.delete_dataset(project, dataset, contents)
        return Response(204)

    # Tables

    def _list_tables(self, request: Request, project: str, dataset: str) -> Resource:
        items = self._resources.tables(project, dataset)
        return _listed("tables", items, request.parameters) | {"totalItems": len(items)}

    def _insert_table(self, request: Request, project: str, dataset: str) -> Resource:
        return self._resources.insert_table(project, dataset, request.json)

    def _get_table(self, request: Request, project: str, dataset: str, table: str) -> Resource:
        found = self._table(TableId(project, dataset, table))
        if found.resource["type"] != "TABLE":
            return found.resource
        return {**found.resource, "numBytes": self._size(found)}

    def _patch_table(self, request: Request, project: str, dataset: str, table: str) -> Resource:
        etag = request.headers.get("if-match")
        return self._resources.change_table(TableId(project, dataset, table), request.json, etag)

    def _update_table(self, request: Request, project: str, dataset: str, table: str) -> Resource:
        etag = request.headers.get("if-match")
        return self._resources.change_table(TableId(project, dataset, table), request.json, etag, whole=True)

    def _delete_table(self, request: Request, project: str, dataset: str, table: str) -> Response:
        self._resources.delete_table(TableId(project, dataset, table))
        return Response(204)

    def _list_rows(self, request: Request, project: str, dataset: str, table: str) -> Resource:
        """tabledata.list."""
        found = self._table(TableId(project, dataset, table))
        if found.resource["type"] != "TABLE":
            raise BigQueryError("invalid", f"Cannot list a table of type {found.resource['type']}.")
        for name in ("selectedFields", "formatOptions.timestampOutputFormat"):
            if name in request.parameters:
                raise NotEmulated(f"the parameter {name}")
        self._check_readable(found, request.caller)
        start = int(request.parameters.get("pageToken") or request.parameters.get("startIndex") or 0)
        end = min(start + int(request.parameters.get("maxResults", DEFAULT_PAGE)), len(found.rows))
        int64 = request.parameters.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        rows = [row_to_json(row, found.fields, int64) for row in found.rows[start:end]]
        token = {"pageToken": str(end)} if end < len(found.rows) else {}
        return {"kind": "bigquery#tableDataList", "totalRows": str(len(found.rows)), "rows": rows, **token}

    def _list_routines(self, request: Request, project: str, dataset: str) -> Resource:
        self._resources.storage.dataset(project, dataset)
        return {"routines": []}

    def _table(self, id: TableId) -> Table:
        return self._jobs.anonymous.get(id) or self._resources.storage.table(id)

    def _size(self, table: Table) -> str:
        """Logical bytes, counted once for each version."""
        version, known = self._sizes.get(table.id, (-1, ""))
        if version != table.version:
            total = sum(
                size(value, field) for row in table.rows for value, field in zip(row.cell, table.fields, strict=True)
            )
            known = str(total)
            self._sizes[table.id] = (table.version, known)
        return known

    def _check_readable(self, table: Table, caller: str) -> None:
        """Raises BigQueryError (accessDenied) if the caller may not read a column as it is."""
        id = table.id
        hidden = [
            f"{id.project}:{id.dataset}.{id.table}.{path}"
            for path, leaf in leaves(table.fields)
            for tag in leaf.get("policyTags", {}).get("names", [])
            if self._policies.access(tag, caller) is not Access.CLEAR
        ]
        if hidden:
            raise denied(hidden)

    # Jobs

    def _list_jobs(self, request: Request, project: str) -> Resource:
        return _listed("jobs", self._jobs.list(project, request.parameters.get("parentJobId")), request.parameters)

    def _insert_job(self, request: Request, project: str) -> Resource:
        return self._jobs.insert(request.json, JobRequest(project, request.caller))

    def _get_job(self, request: Request, project: str, job: str) -> Resource:
        return self._jobs.get(project, job, request.parameters.get("location")).resource

    def _cancel_job(self, request: Request, project: str, job: str) -> Resource:
        """Jobs are over by the time a client can ask, or cannot be stopped: cancelling is a wish in BigQuery too."""
        found = self._jobs.get(project, job, request.parameters.get("location"))
        return {"kind": "bigquery#jobCancelResponse", "job": found.resource}

    def _query(self, request: Request, project: str) -> Resource:
        return self._jobs.query(request.json, JobRequest(project, request.caller))

    def _query_results(self, request: Request, project: str, job: str) -> Resource:
        return self._jobs.results(project, job, request.parameters)

    def _start_upload(self, request: Request, project: str) -> Resource | Response:
        """https://cloud.google.com/bigquery/docs/reference/api-uploads"""
        if request.parameters.get("uploadType") == "multipart":
            body, media = _parts(request)
            return self._jobs.insert(body, JobRequest(project, request.caller, media))
        if request.parameters.get("uploadType") != "resumable":
            raise NotEmulated(f"uploadType {request.parameters.get('uploadType')}")
        id = uuid.uuid4().hex
        with self._lock:
            self._uploads[id] = _Upload(request.json)
        location = f"http://{request.headers['host']}{request.path}?uploadType=resumable&upload_id={id}"
        return Response(headers={"Location": location})

    def _continue_upload(self, request: Request, project: str) -> Resource | Response:
        id = request.parameters.get("upload_id", "")
        upload = self._uploads.get(id)
        if upload is None:
            raise BigQueryError("notFound", f"Not found: upload {id}")
        match = RANGE.fullmatch(request.headers.get("content-range", ""))
        with self._lock:
            if match is None:
                upload.data[:] = request.body
            elif match["first"] is not None:
                # A client that resumes may send again what is already here.
                upload.data[int(match["first"]) :] = request.body
            over = match is None or match["total"] == str(len(upload.data))
            if not over:
                known = {"Range": f"bytes=0-{len(upload.data) - 1}"} if upload.data else {}
                return Response(308, headers=known)
        answer = self._jobs.insert(upload.body, JobRequest(project, request.caller, bytes(upload.data)))
        del self._uploads[id]
        return answer

    # The emulator itself

    def _put_policies(self, request: Request) -> Resource:
        self._policies.load(request.json)
        return {}

    def _put_faults(self, request: Request) -> Resource:
        self.faults = faults.Rules(request.json)
        return {}

    def _get_requests(self, request: Request) -> Resource:
        with self._lock:
            return {"requests": [asdict(entry) for entry in self.requests]}

    def _clear_requests(self, request: Request) -> Resource:
        with self._lock:
            self.requests.clear()
        return {}

    def _get_history(self, request: Request) -> Resource:
        with self._resources.storage.lock:
            return {"states": [asdict(state) for state in self._resources.storage.history]}

    def _clear_history(self, request: Request) -> Resource:
        with self._resources.storage.lock:
            self._resources.storage.history.clear()
        return {}


def refusal(error: BigQueryError) -> Response:
    """An error in the API's shape."""
    shown = {"message": error.message, "domain": "global", "reason": error.reason}
    if error.location:
        shown |= {"location": error.location, "locationType": "other"}
    body = {"code": error.status, "message": error.message, "errors": [shown], "status": NAMES.get(error.status)}
    return Response(error.status, {"error": body})


def _failed(fault: Fault) -> Response:
    if fault.reason in ("reset", "timeout"):
        raise UnansweredError(fault.seconds)
    return refusal(BigQueryError(fault.reason, f"Injected fault: {fault.reason}"))


def _wrote(request: Request, response: Response) -> bool:
    """Whether the request changed datasets, tables or rows."""
    if response.status >= 400 or request.method == "GET":
        return False
    body: Resource = response.body or {}
    if body.get("kind") != "bigquery#job":
        return bool(body.get("kind") != "bigquery#queryResponse" and "/jobs" not in request.path)
    if body["configuration"].get("dryRun") or "errorResult" in body["status"]:
        return False
    statement: str | None = body["statistics"].get("query", {}).get("statementType")
    return statement != "SELECT"


def _parts(request: Request) -> tuple[Resource, bytes]:
    """The two parts of a multipart upload: the job, and the data."""
    boundary = BOUNDARY.search(request.headers.get("content-type", ""))
    parts = request.body.split(b"--" + boundary[1].encode()) if boundary else []
    if len(parts) != 4:
        raise BigQueryError("invalid", "A multipart upload has two parts")
    body, media = (part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts[1:3])
    return json.loads(body), media


def _listed(name: str, items: Sequence[Resource], parameters: Mapping[str, str]) -> Resource:
    """A page of a list.

    Raises NotEmulated for filters.
    """
    if unknown := sorted(parameters.keys() - LIST_PARAMETERS):
        raise NotEmulated(f"the parameter {', '.join(unknown)} of a list")
    start = int(parameters.get("pageToken") or 0)
    end = min(start + int(parameters.get("maxResults") or len(items) or 1), len(items))
    kind = {"datasets": "datasetList", "tables": "tableList", "jobs": "jobList"}[name]
    token = {"nextPageToken": str(end)} if end < len(items) else {}
    return {"kind": f"bigquery#{kind}", name: list(items[start:end]), **token}
