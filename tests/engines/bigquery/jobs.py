"""The resource `jobs` of the API: queries, loads and copies, run while the request waits.

https://cloud.google.com/bigquery/docs/reference/rest/v2/Job
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engines.bigquery.engine import Context, Engine, Outcome
from tests.engines.bigquery.errors import BigQueryError, NotEmulated
from tests.engines.bigquery.loads import Loads, Written, check_settings, table_id
from tests.engines.bigquery.storage import Resource, Storage, Table, TableId
from tests.engines.bigquery.values import Row, row_to_json

QUERY_SETTINGS = frozenset(
    {
        "allowLargeResults",
        "createDisposition",
        "defaultDataset",
        "destinationTable",
        "flattenResults",
        "maximumBytesBilled",
        "priority",
        "query",
        "useLegacySql",
        "useQueryCache",
        "writeDisposition",
    }
)
JOB_SETTINGS = frozenset({"copy", "dryRun", "jobTimeoutMs", "jobType", "labels", "load", "query"})
# Of jobs.query: https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query#QueryRequest
REQUEST_SETTINGS = frozenset(
    {
        "defaultDataset",
        "dryRun",
        "formatOptions",
        "jobCreationMode",
        "kind",
        "labels",
        "location",
        "maxResults",
        "maximumBytesBilled",
        "query",
        "requestId",
        "timeoutMs",
        "useLegacySql",
        "useQueryCache",
        "writeDisposition",
    }
)
# A job elsewhere is only found by its location: jobs/get#query-parameters.
DEFAULT_LOCATIONS = ("us", "eu")
DEFAULT_PAGE = 10_000
# https://cloud.google.com/bigquery/pricing#on_demand_pricing: rounded up to the MB, at least 10 MB a query.
MEGABYTE = 2**20
LEAST_BILLED = 10 * MEGABYTE


@dataclass
class Job:
    """A job. `fields` and `rows` are those of its result; `error` is why it has none."""

    resource: Resource
    fields: Sequence[Resource] = ()
    rows: Sequence[Row] = ()
    error: BigQueryError | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def end(self) -> None:
        """It is over: nothing of it changes any more."""
        self.resource["statistics"]["endTime"] = str(int(time.time() * 1000))
        self.resource["status"]["state"] = "DONE"
        self.over.set()

    @property
    def id(self) -> str:
        id: str = self.resource["jobReference"]["jobId"]
        return id

    @property
    def location(self) -> str:
        location: str = self.resource["jobReference"]["location"]
        return location


@dataclass
class Request:
    """Who asks for a job, and what came with the request."""

    project: str
    caller: str
    media: bytes | None = None
    started: int = field(default_factory=lambda: int(time.time() * 1000))


class Jobs:
    """Runs jobs and keeps what they gave."""

    def __init__(self, storage: Storage, engine: Engine, loads: Loads) -> None:
        self._storage = storage
        self._engine = engine
        self._loads = loads
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], Job] = {}
        self._requests: dict[str, Job] = {}
        # Results of queries without a destination. They can be read and do not show in lists.
        self.anonymous: dict[TableId, Table] = {}

    def insert(self, body: Resource, request: Request) -> Resource:
        """jobs.insert. A job that fails is there, with its error; a dry run is not.

        Raises BigQueryError (duplicate, invalid, and all errors of a dry run), NotEmulated.
        """
        configuration = body.get("configuration") or {}
        kinds = [kind for kind in ("query", "load", "copy", "extract") if kind in configuration]
        if len(kinds) != 1 or kinds == ["extract"]:
            raise NotEmulated(f"a job with the configurations {', '.join(kinds) or 'none'}")
        check_settings(kinds[0], configuration, JOB_SETTINGS)
        reference = body.get("jobReference") or {}
        return self._run(kinds[0], configuration, reference.get("jobId"), reference.get("location"), request).resource

    def query(self, body: Resource, request: Request) -> Resource:
        """jobs.query: the first page of the result.

        Raises BigQueryError for whatever is wrong with the query, NotEmulated.
        """
        check_settings("query", body, REQUEST_SETTINGS)
        repeated = self._requests.get(body.get("requestId", ""))
        if repeated is None:
            query = {key: body[key] for key in QUERY_SETTINGS & body.keys()}
            # Legacy SQL is what the API takes unless told: QueryRequest#useLegacySql.
            configuration = {"query": query, "labels": body.get("labels", {}), "dryRun": body.get("dryRun", False)}
            job = self._run("query", configuration, None, body.get("location"), request)
            if "requestId" in body:
                self._requests[body["requestId"]] = job
        else:
            job = repeated
        if job.error is not None:
            raise job.error
        options = body.get("formatOptions") or {}
        page = self._page(job, body.get("maxResults"), 0, bool(options.get("useInt64Timestamp")))
        return {"kind": "bigquery#queryResponse", "queryId": job.id, **page}

    def get(self, project: str, id: str, location: str | None) -> Job:
        """Raises BigQueryError (notFound)."""
        job = self._jobs.get((project, id))
        if job is None or not _is_of(job, location):
            raise BigQueryError("notFound", f"Not found: Job {project}:{f'{location}.' if location else ''}{id}")
        return job

    def list(self, project: str, parent: str | None) -> list[Resource]:
        """The jobs of a project, or the children of a job, newest first."""
        with self._lock:
            jobs = [job for (owner, _), job in self._jobs.items() if owner == project]
        return [
            {**job.resource, "state": job.resource["status"]["state"]}
            for job in reversed(jobs)
            if job.resource["statistics"].get("parentJobId") == parent
        ]

    def results(self, project: str, id: str, parameters: Mapping[str, str]) -> Resource:
        """jobs.getQueryResults.

        Raises BigQueryError: notFound, or that of the job.
        """
        job = self.get(project, id, parameters.get("location"))
        # A request for results waits, ten seconds unless told.
        if not job.over.wait(int(parameters.get("timeoutMs") or 10_000) / 1000):
            return {
                "kind": "bigquery#getQueryResultsResponse",
                "jobReference": job.resource["jobReference"],
                "jobComplete": False,
            }
        if job.error is not None:
            raise job.error
        if "query" not in job.resource["configuration"]:
            raise BigQueryError("invalid", f"Job {id} is not a query job")
        start = int(parameters.get("pageToken") or parameters.get("startIndex") or 0)
        int64 = parameters.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        page = self._page(job, parameters.get("maxResults"), start, int64)
        return {"kind": "bigquery#getQueryResultsResponse", **page}

    def _run(self, kind: str, configuration: Resource, id: str | None, location: str | None, request: Request) -> Job:
        dry = bool(configuration.get("dryRun"))
        id = id or f"job_{uuid.uuid4().hex}"
        with self._lock:
            if (request.project, id) in self._jobs:
                place = self._jobs[request.project, id].location
                raise BigQueryError("duplicate", f"Already Exists: Job {request.project}:{place}.{id}")
            resource = _resource(configuration, id, location or "US", request)
            job = Job(resource)
            if not dry:
                self._jobs[request.project, id] = job
        try:
            if kind == "query":
                self._query(job, location, request, dry)
            elif dry:
                raise BigQueryError("invalid", f"A dry run of a {kind} job is not supported")
            elif kind == "load":
                self._written(job, "load", self._loads.load(configuration["load"], location, request.media))
            else:
                self._written(job, "copy", self._loads.copy(configuration["copy"], location))
        except BigQueryError as error:
            if dry:
                raise
            job.error = error
            shown = {"reason": error.reason, "message": error.message}
            if error.location:
                shown["location"] = error.location
            job.resource["status"].update(errorResult=shown, errors=[shown])
        finally:
            job.end()
        return job

    def _query(self, job: Job, location: str | None, request: Request, dry: bool) -> None:
        configuration = job.resource["configuration"]
        query = configuration["query"]
        check_settings("query", query, QUERY_SETTINGS)
        if query.get("useLegacySql", True):
            raise NotEmulated("legacy SQL; set useLegacySql to false")
        default = query.get("defaultDataset")
        limit = query.get("maximumBytesBilled")
        context = Context(
            project=request.project,
            caller=request.caller,
            location=location,
            default_dataset=(default.get("projectId", request.project), default["datasetId"]) if default else None,
            dry_run=dry,
            maximum_bytes_billed=int(limit) if limit else None,
            labels=configuration.get("labels") or {},
        )
        outcome = self._engine.execute(query["query"], context)
        job.fields, job.rows = outcome.fields, outcome.rows
        _located(job, outcome.location)
        destination = query.get("destinationTable")
        if outcome.target is not None:
            query["destinationTable"] = outcome.target.reference
        elif destination is not None and not dry:
            with self._storage.lock:
                target = table_id(destination)
                self._loads.write(target, outcome.fields, outcome.rows, query, "WRITE_EMPTY", {})
        elif destination is None and outcome.statement_type in ("SELECT", "SCRIPT"):
            query["destinationTable"] = self._anonymous(job, request.project).reference
        job.resource["statistics"].update(_statistics(outcome, dry))
        for number, child in enumerate(outcome.children):
            self._child(job, child, number, request)

    def _child(self, parent: Job, outcome: Outcome, number: int, request: Request) -> None:
        configuration = {"query": {"useLegacySql": False}, "jobType": "QUERY"}
        id = f"script_job_{uuid.uuid4().hex}_{number}"
        job = Job(_resource(configuration, id, outcome.location, request), outcome.fields, outcome.rows)
        statistics = job.resource["statistics"]
        statistics.update(_statistics(outcome, dry=False))
        statistics["parentJobId"] = parent.id
        if outcome.target is not None:
            job.resource["configuration"]["query"] = {"destinationTable": outcome.target.reference}
        job.end()
        with self._lock:
            self._jobs[request.project, id] = job

    def _written(self, job: Job, kind: str, written: Written) -> None:
        _located(job, written.location)
        rows = str(written.rows)
        counts = {"copiedRows": rows} if kind == "copy" else {"outputRows": rows, "badRecords": "0"}
        if kind == "load":
            counts["inputFileBytes"] = str(written.bytes_read)
        job.resource["statistics"][kind] = counts

    def _anonymous(self, job: Job, project: str) -> TableId:
        id = TableId(project, f"_{uuid.uuid5(uuid.NAMESPACE_URL, project).hex}", f"anon{uuid.uuid4().hex}")
        resource = {
            "kind": "bigquery#table",
            "id": f"{id.project}:{id.dataset}.{id.table}",
            "tableReference": id.reference,
            "schema": {"fields": list(job.fields)},
            "numRows": str(len(job.rows)),
            "type": "TABLE",
            "location": job.location,
            "creationTime": job.resource["statistics"]["creationTime"],
            "etag": job.id,
        }
        self.anonymous[id] = Table(id, resource, list(job.rows))
        return id

    def _page(self, job: Job, limit: str | int | None, start: int, int64_timestamps: bool) -> Resource:
        size = DEFAULT_PAGE if limit is None else int(limit)
        end = min(start + size, len(job.rows))
        statistics = job.resource["statistics"].get("query", {})
        page: Resource = {
            "jobReference": job.resource["jobReference"],
            "jobComplete": True,
            "totalBytesProcessed": statistics.get("totalBytesProcessed", "0"),
            "cacheHit": False,
        }
        if job.fields:
            page["schema"] = {"fields": list(job.fields)}
            page["totalRows"] = str(len(job.rows))
            page["rows"] = [row_to_json(row, job.fields, int64_timestamps) for row in job.rows[start:end]]
            if end < len(job.rows):
                page["pageToken"] = str(end)
        for key in ("numDmlAffectedRows", "dmlStats"):
            if key in statistics:
                page[key] = statistics[key]
        return page


def _resource(configuration: Resource, id: str, location: str, request: Request) -> Resource:
    kinds = [kind for kind in ("query", "load", "copy") if kind in configuration]
    started = str(request.started)
    resource = {
        "kind": "bigquery#job",
        "etag": uuid.uuid4().hex,
        "jobReference": {"projectId": request.project, "jobId": id},
        "configuration": {**configuration, "jobType": kinds[0].upper()},
        "status": {"state": "RUNNING"},
        "statistics": {"creationTime": started, "startTime": started},
        "user_email": request.caller.partition(":")[2],
    }
    _located(Job(resource), location)
    return resource


def _located(job: Job, location: str) -> None:
    reference = job.resource["jobReference"]
    reference["location"] = location
    job.resource["id"] = f"{reference['projectId']}:{location}.{reference['jobId']}"


def _is_of(job: Job, location: str | None) -> bool:
    place = job.location.lower()
    return place == location.lower() if location else place in DEFAULT_LOCATIONS


def _statistics(outcome: Outcome, dry: bool) -> dict[str, Any]:
    processed = outcome.bytes_processed
    billed = max(LEAST_BILLED, -(-processed // MEGABYTE) * MEGABYTE) if processed and not dry else 0
    query: dict[str, Any] = {
        "statementType": outcome.statement_type,
        "totalBytesProcessed": str(processed),
        "totalBytesBilled": str(billed),
        "totalSlotMs": "1",
        "cacheHit": False,
        "referencedTables": [id.reference for id in outcome.referenced],
        # No part of the API: the partitions that were read, for tests.
        "emulator": {"partitionsRead": {str(id): list(parts) for id, parts in outcome.partitions_read.items()}},
    }
    if outcome.bytes_transferred:
        query["transferredBytes"] = str(outcome.bytes_transferred)
    if dry:
        query["schema"] = {"fields": list(outcome.fields)}
    if outcome.operation is not None:
        query["ddlOperationPerformed"] = outcome.operation
        if outcome.target is not None:
            query["ddlTargetTable"] = outcome.target.reference
    elif outcome.statement_type in ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE_TABLE"):
        counts = {"inserted": outcome.inserted, "updated": outcome.updated, "deleted": outcome.deleted}
        query["dmlStats"] = {f"{name}RowCount": str(count) for name, count in counts.items()}
        query["numDmlAffectedRows"] = str(sum(counts.values()))
    statistics: dict[str, Any] = {"totalBytesProcessed": str(processed), "query": query}
    if outcome.children:
        statistics["numChildJobs"] = str(len(outcome.children))
    return statistics
