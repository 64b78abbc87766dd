"""The service as a whole, over HTTP."""

from __future__ import annotations

import gzip
import json
import threading
import time
import traceback
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

from tests.engines.bigquery.engine import Context, Engine
from tests.engines.bigquery.errors import BigQueryError
from tests.engines.bigquery.external_data import ExternalData
from tests.engines.bigquery.jobs import Jobs
from tests.engines.bigquery.loads import Loads
from tests.engines.bigquery.locations import Locations
from tests.engines.bigquery.policies import OWNER, Policies
from tests.engines.bigquery.resources import Resources
from tests.engines.bigquery.rest import Api, Request, Response, UnansweredError, refusal
from tests.engines.bigquery.storage import Resource, Storage, TableId


class Server:
    """An emulated BigQuery on 127.0.0.1, running inside the `with` block.

    buckets: name -> folder that stands for it. port: 0 takes a free one.
    """

    def __init__(self, buckets: Mapping[str, Path], port: int = 0) -> None:
        self.storage = Storage()
        self.policies = Policies()
        external, locations = ExternalData(buckets), Locations()
        engine = Engine(self.storage, self.policies, external, locations)

        def schema_of_view(query: str, view: TableId) -> list[Resource]:
            context = Context(project=view.project, caller=OWNER, dry_run=True)
            return engine.execute(query, context).fields

        self.resources = Resources(self.storage, external, locations, schema_of_view)
        self.jobs = Jobs(self.storage, engine, Loads(self.storage, external, locations))
        self.api = Api(self.resources, self.jobs, self.policies)
        self._http = _HttpServer(("127.0.0.1", port), self.api)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def wait(self) -> None:
        """Until the process is interrupted."""
        threading.Event().wait()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], api: Api) -> None:
        super().__init__(address, _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the log is Api.requests."""

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            parameters={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        try:
            response = self.server.api.answer(request)
        except UnansweredError as fault:
            time.sleep(fault.seconds)
            self.close_connection = True
            return
        except Exception as error:
            # A defect of the emulator. internalError would make clients try again, for minutes.
            traceback.print_exc()
            response = refusal(BigQueryError("invalid", f"the emulator failed: {error!r}"))
        self._send(response)

    def _send(self, response: Response) -> None:
        data = b"" if response.body is None else json.dumps(response.body).encode()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815
