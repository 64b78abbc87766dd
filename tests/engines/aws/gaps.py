"""What moto lacks, or does otherwise than AWS, mended in front of it: one class a gap.

Each class names the AWS document that it follows. Shapes and errors are those of the service models in botocore.
"""

from __future__ import annotations

import json
import os
import re
import threading
import traceback
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from io import BytesIO
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import SplitResult, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.etree import ElementTree

import moto
from flask import Flask
from moto.guardduty.models import guardduty_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from werkzeug.wrappers import Request, Response

# The version whose behaviour, and whose models below, this file was written against.
MOTO = "5.2.5"
# As moto itself reads it.
ACCOUNT = os.environ["MOTO_ACCOUNT_ID"]
SCOPE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
S3 = "http://s3.amazonaws.com/doc/2006-03-01/"
ElementTree.register_namespace("", S3)


@dataclass(frozen=True)
class Call:
    """A call of an AWS API."""

    service: str
    region: str
    request: Request
    application: WSGIApplication

    @property
    def route(self) -> tuple[str, list[str]]:
        """The method, and the path up to an ARN in it, in parts: `GET`, `["tags", "arn:aws:..."]`."""
        start, colon, arn = self.request.path.strip("/").partition("arn:")
        return self.request.method, [*start.strip("/").split("/"), *([colon + arn] if arn else [])]

    @property
    def operation(self) -> str:
        """The operation, of the services that name it in a header."""
        return self.request.headers.get("X-Amz-Target", "").rpartition(".")[2]

    @property
    def body(self) -> dict[str, Any]:
        """The body, of the services that speak JSON."""
        body: dict[str, Any] = json.loads(self.request.get_data() or b"{}")
        return body

    @property
    def bucket(self) -> FakeBucket | None:
        """moto's bucket that a call of S3 names, if there is one."""
        return bucket(self.request.path.strip("/").partition("/")[0])

    def asks(self, method: str, subresource: str) -> bool:
        """Whether it is a call of S3 about that subresource of a bucket."""
        return self.request.method == method and subresource in self.request.args

    def arn(self, resource: str) -> str:
        """The ARN of a resource of the service, in the region of the call."""
        return f"arn:aws:{self.service}:{self.region}:{ACCOUNT}:{resource}"

    def moto(self, body: Mapping[str, Any] | None = None) -> Response:
        """The answer of moto, to another JSON body if one is given."""
        data = self.request.get_data() if body is None else json.dumps(body).encode()
        environ = {**self.request.environ, "wsgi.input": BytesIO(data), "CONTENT_LENGTH": str(len(data))}
        return Response.from_app(self.application, environ, buffered=True)


class Gap(Protocol):
    """One gap, in the service of that signing name."""

    service: str

    def answer(self, call: Call) -> Response | None:
        """The answer to the call, None if it is not about this gap."""


def answer(body: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(json.dumps(body or {}), status, content_type="application/json")


def error(status: int, code: str, message: str) -> Response:
    """An error of a service that speaks REST and JSON."""
    response = answer({"message": message}, status)
    response.headers["x-amzn-ErrorType"] = code
    return response


def s3_error(status: int, code: str, message: str) -> Response:
    """An error of S3."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, content_type="application/xml")


def now() -> str:
    """The time, as ISO 8601."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bucket(name: str) -> FakeBucket | None:
    """moto's bucket of that name, if there is one."""
    return s3_backends[ACCOUNT]["aws"].buckets.get(name)


def tagging(call: Call, tags: dict[str, str], done: int) -> Response | None:
    """Read or change the tags of a resource, by the three operations that most services share; `done` is the status."""
    match call.request.method:
        case "GET":
            return answer({"tags": tags})
        case "POST":
            tags.update(call.body["tags"])
        case "DELETE":
            for key in call.request.args.getlist("tagKeys"):
                tags.pop(key, None)
        case _:
            return None
    return answer(status=done)


class AccessAnalyzer:
    """IAM Access Analyzer, which moto does not have: analyzers and their tags.

    https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CreateAnalyzer.html and the like.
    """

    service = "access-analyzer"

    def __init__(self) -> None:
        self.analyzers: dict[tuple[str, str], dict[str, Any]] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer every call; AWS allows one analyzer of the account a region."""
        here = [analyzer for (region, _), analyzer in self.analyzers.items() if region == call.region]
        match call.route:
            case "PUT", ["analyzer"]:
                return self.create(call, here)
            case "GET", ["analyzer"]:
                wanted = call.request.args.get("type")
                return answer({"analyzers": [each for each in here if wanted in (None, each["type"])]})
            case "GET", ["analyzer", name] if (call.region, name) in self.analyzers:
                return answer({"analyzer": self.analyzers[call.region, name]})
            case "DELETE", ["analyzer", name] if (call.region, name) in self.analyzers:
                del self.analyzers[call.region, name]
                return answer()
            case _, ["tags", arn] if found := [each for each in here if each["arn"] == arn]:
                return tagging(call, found[0]["tags"], done=200)
        return error(404, "ResourceNotFoundException", "The specified analyzer could not be found.")

    def create(self, call: Call, here: list[dict[str, Any]]) -> Response:
        """CreateAnalyzer."""
        name, kind = call.body["analyzerName"], call.body["type"]
        if any(each["name"] == name for each in here):
            return error(409, "ConflictException", f"An analyzer {name} exists.")
        if kind == "ACCOUNT" and any(each["type"] == kind for each in here):
            return error(402, "ServiceQuotaExceededException", "There is an analyzer of the account in this region.")
        self.analyzers[call.region, name] = {
            "arn": call.arn(f"analyzer/{name}"),
            "createdAt": now(),
            "name": name,
            "status": "ACTIVE",
            "tags": call.body.get("tags") or {},
            "type": kind,
        }
        return answer({"arn": call.arn(f"analyzer/{name}")})


class MalwareProtectionPlans:
    """Malware protection of buckets, which moto's GuardDuty does not have: plans and their tags.

    https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateMalwareProtectionPlan.html and the like.
    """

    service = "guardduty"

    def __init__(self) -> None:
        self.plans: dict[tuple[str, str], dict[str, Any]] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer the calls about plans."""
        match call.route:
            case "POST", ["malware-protection-plan"]:
                return self.create(call)
            case "GET", ["malware-protection-plan"]:
                here = [{"malwareProtectionPlanId": name} for region, name in self.plans if region == call.region]
                return answer({"malwareProtectionPlans": here})
            case method, ["malware-protection-plan", name]:
                plan = self.plans.get((call.region, name))
                if plan is None:
                    return error(404, "ResourceNotFoundException", "The requested resource can't be found.")
                if method == "DELETE":
                    del self.plans[call.region, name]
                if method == "PATCH":
                    given = call.body
                    resource = given.pop("protectedResource", {"s3Bucket": {}})
                    plan["protectedResource"]["s3Bucket"].update(resource["s3Bucket"])
                    plan.update(given)
                return answer(plan if method == "GET" else None)
            case _, ["tags", arn]:
                for plan in self.plans.values():
                    if plan["arn"] == arn:
                        return tagging(call, plan["tags"], done=204)
        return None

    def create(self, call: Call) -> Response:
        """CreateMalwareProtectionPlan: at most one a bucket."""
        resource = call.body["protectedResource"]
        protected = (plan["protectedResource"]["s3Bucket"]["bucketName"] for plan in self.plans.values())
        if resource["s3Bucket"]["bucketName"] in protected:
            return error(409, "ConflictException", "The bucket has a malware protection plan.")
        name = uuid.uuid4().hex[:20]
        self.plans[call.region, name] = {
            "actions": call.body.get("actions") or {"tagging": {"status": "DISABLED"}},
            "arn": call.arn(f"malware-protection-plan/{name}"),
            "createdAt": int(datetime.now(UTC).timestamp()),
            "protectedResource": resource,
            "role": call.body["role"],
            "status": "ACTIVE",
            "tags": call.body.get("tags") or {},
        }
        return answer({"malwareProtectionPlanId": name})


class Detectors:
    """moto lets a region have several detectors, drops the features that an update does not name, and has no tagging.

    https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html and API_UpdateDetector.html: one
    detector per account and region, and an update changes the features it names.
    """

    service = "guardduty"

    def answer(self, call: Call) -> Response | None:
        """Answer the calls that moto would answer otherwise than AWS."""
        detectors = guardduty_backends[ACCOUNT][call.region].detectors
        match call.route:
            case "POST", ["detector"] if detectors:
                message = "The request is rejected because a detector already exists for the current account."
                return error(400, "BadRequestException", message)
            case "POST", ["detector", name] if name in detectors and "features" in call.body:
                features = {each["name"]: each for each in [*detectors[name].features, *call.body["features"]]}
                return call.moto({**call.body, "features": list(features.values())})
            case _, ["tags", arn] if (name := arn.rpartition("/")[2]) in detectors:
                return tagging(call, detectors[name].tags, done=204)
        return None


class Macie:
    """The session and the jobs of Macie: moto has no jobs, and its Macie is on before anyone enables it.

    https://docs.aws.amazon.com/macie/latest/APIReference/macie.html and jobs.html. Off, every call is denied.
    """

    service = "macie2"

    def __init__(self) -> None:
        self.sessions: dict[str, dict[str, Any]] = {}
        self.jobs: dict[tuple[str, str], dict[str, Any]] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer the calls about the session, jobs and tags."""
        method, parts = call.route
        if parts[0] not in {"macie", "jobs", "tags"}:
            return None
        session = self.sessions.get(call.region)
        if (method, parts) == ("POST", ["macie"]):
            return self.enable(call)
        if session is None:
            return error(403, "AccessDeniedException", "Macie is not enabled.")
        match method, parts:
            case "GET", ["macie"]:
                return answer(session)
            case "PATCH", ["macie"]:
                session.update(call.body, updatedAt=now())
                return answer()
            case "DELETE", ["macie"]:
                del self.sessions[call.region]
                self.jobs = {key: job for key, job in self.jobs.items() if key[0] != call.region}
                return answer()
            case "POST", ["jobs"]:
                return self.create(call)
            case "POST", ["jobs", "list"]:
                return answer({"items": [job for (region, _), job in self.jobs.items() if region == call.region]})
            case _, ["jobs", name] if job := self.jobs.get((call.region, name)):
                return self.job(call, job)
            case _, ["tags", arn] if job := self.jobs.get((call.region, arn.rpartition("/")[2])):
                return tagging(call, job["tags"], done=204)
        return error(404, "ResourceNotFoundException", "The request failed because the resource doesn't exist.")

    def enable(self, call: Call) -> Response:
        """EnableMacie."""
        if call.region in self.sessions:
            return error(409, "ConflictException", "Macie has already been enabled.")
        self.sessions[call.region] = {
            "createdAt": now(),
            "findingPublishingFrequency": call.body.get("findingPublishingFrequency", "FIFTEEN_MINUTES"),
            "serviceRole": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/macie.amazonaws.com/"
            "AWSServiceRoleForAmazonMacie",
            "status": call.body.get("status", "ENABLED"),
            "updatedAt": now(),
        }
        return answer()

    def create(self, call: Call) -> Response:
        """CreateClassificationJob. A job that runs at once is RUNNING, one that waits for its schedule IDLE."""
        name = uuid.uuid4().hex
        body = call.body
        waits = body["jobType"] == "SCHEDULED" and not body.get("initialRun", False)
        arn = call.arn(f"classification-job/{name}")
        self.jobs[call.region, name] = {
            "initialRun": False,
            "managedDataIdentifierSelector": "RECOMMENDED",
            "samplingPercentage": 100,
            **body,
            "createdAt": now(),
            "jobArn": arn,
            "jobId": name,
            "jobStatus": "IDLE" if waits else "RUNNING",
            "tags": body.get("tags") or {},
        }
        return answer({"jobArn": arn, "jobId": name})

    def job(self, call: Call, job: dict[str, Any]) -> Response:
        """DescribeClassificationJob and UpdateClassificationJob. A job is never deleted, and cancelled for good."""
        if call.request.method == "GET":
            return answer(job)
        if job["jobStatus"] == "CANCELLED":
            return error(409, "ConflictException", "Cannot update cancelled job.")
        job["jobStatus"] = call.body["jobStatus"]
        return answer()


class Trails:
    """moto describes every trail whichever is asked for, and keeps a trail that is deleted by its ARN.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html and API_DeleteTrail.html: a
    name stands for a trail of the region, an ARN for one of any region.
    """

    service = "cloudtrail"

    def answer(self, call: Call) -> Response | None:
        """Answer both operations."""
        match call.operation:
            case "DescribeTrails" if wanted := call.body.get("trailNameList"):
                trails = json.loads(call.moto({"includeShadowTrails": True}).get_data())["trailList"]
                names = {trail["TrailARN"]: trail["Name"] for trail in trails if trail["HomeRegion"] == call.region}
                return answer(
                    {
                        "trailList": [
                            trail
                            for trail in trails
                            if trail["TrailARN"] in wanted or names.get(trail["TrailARN"]) in wanted
                        ]
                    }
                )
            case "DeleteTrail":
                return call.moto({"Name": call.body["Name"].rpartition("/")[2]})
        return None


class KeyRotation:
    """moto forgets the rotation period of a key.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html and API_GetKeyRotationStatus.html
    """

    service = "kms"

    def __init__(self) -> None:
        self.periods: dict[tuple[str, str], int] = {}

    def answer(self, call: Call) -> Response | None:
        """Keep the period, and add it to the status."""
        if call.operation not in {"EnableKeyRotation", "GetKeyRotationStatus"}:
            return None
        response = call.moto()
        key = call.region, call.body["KeyId"].rpartition("/")[2]
        if response.status_code != 200:
            return response
        if call.operation == "EnableKeyRotation":
            self.periods[key] = call.body.get("RotationPeriodInDays", 365)
            return response
        status = json.loads(response.get_data())
        period = {"RotationPeriodInDays": self.periods[key]} if status["KeyRotationEnabled"] else {}
        return answer({**status, "KeyId": call.arn(f"key/{key[1]}"), **period})


class BucketReplication:
    """moto keeps of a replication rule its id, priority, status and destination, and replicates to any bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html: GetBucketReplication gives what was
    put, a rule without an id gets one, and the destination must have versioning.
    """

    service = "s3"

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}

    def answer(self, call: Call) -> Response | None:
        """Keep the document that is put, and give it back as long as moto has one."""
        if call.asks("PUT", "replication"):
            document = ElementTree.fromstring(call.request.get_data())
            for rule in document.findall(f"{{{S3}}}Rule"):
                destination = bucket(rule.findtext(f"{{{S3}}}Destination/{{{S3}}}Bucket", "").rpartition(":")[2])
                if destination is None or not destination.is_versioned:
                    return s3_error(400, "InvalidRequest", "Destination bucket must have versioning enabled.")
                if rule.find(f"{{{S3}}}ID") is None:
                    ElementTree.SubElement(rule, f"{{{S3}}}ID").text = uuid.uuid4().hex
            self.documents[call.request.path.strip("/")] = ElementTree.tostring(document)
            return call.moto()
        if call.asks("GET", "replication"):
            response = call.moto()
            if response.status_code == 200:
                response.set_data(self.documents[call.request.path.strip("/")])
            return response
        return None


class BucketEvents:
    """moto sends a bucket's events to EventBridge when told to, but does not say so.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
    """

    service = "s3"

    def answer(self, call: Call) -> Response | None:
        """Add the element of EventBridge."""
        configuration = call.bucket.notification_configuration if call.bucket else None
        if not call.asks("GET", "notification") or configuration is None or configuration.event_bridge is None:
            return None
        response = call.moto()
        document = ElementTree.fromstring(response.get_data())
        ElementTree.SubElement(document, f"{{{S3}}}EventBridgeConfiguration")
        response.set_data(ElementTree.tostring(document))
        return response


class ObjectLock:
    """moto locks only empty buckets, and suspends versioning below a lock.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html: Object Lock can be enabled on an
    existing bucket with versioning, and versioning cannot be suspended afterwards.
    """

    service = "s3"

    def answer(self, call: Call) -> Response | None:
        """Answer both operations."""
        if call.bucket is None:
            return None
        if call.asks("PUT", "object-lock"):
            # moto is shown the bucket empty. No other call comes in between: see Gaps.
            with patch.object(call.bucket, "keys", type(call.bucket.keys)()):
                return call.moto()
        suspends = call.asks("PUT", "versioning") and b"<Status>Suspended<" in call.request.get_data()
        if suspends and call.bucket.object_lock_enabled:
            message = (
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
            )
            return s3_error(409, "InvalidBucketState", message)
        return None


class Gaps:
    """A WSGI application: moto with its gaps closed."""

    def __init__(self, application: WSGIApplication, gaps: Iterable[Gap]) -> None:
        self.application = application
        self.gaps = list(gaps)
        # Terraform asks forty things at once, and moto's stores are not made for that. One at a time costs nothing, as
        # all of it is Python.
        self.lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        scope = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        service, region = (scope["service"], scope["region"]) if scope else ("", "")
        if service == "s3":
            environ = path_style(environ)
        call = Call(service, region, Request(environ), self.application)
        with self.lock:
            response = self.answer(call)
        return response(environ, start_response)

    def answer(self, call: Call) -> Response:
        """The answer of the first gap that has one, else of moto.

        What moto does not have it answers with an error that the provider takes for a passing one, 25 times over. Here
        it is 501, which nobody tries again.
        """
        try:
            answers = (gap.answer(call) for gap in self.gaps if gap.service == call.service)
            response = next((response for response in answers if response is not None), None) or call.moto()
            if not response.get_data().startswith(b"<!doctype html>"):
                return response
        except Exception:
            traceback.print_exc()
        asked = call.operation or f"{call.request.method} {call.request.path}"
        message = f"moto does not answer {asked} of {call.service}."
        refuse = s3_error if call.service == "s3" else error
        return refuse(501, "NotImplemented", message)


def path_style(environ: WSGIEnvironment) -> WSGIEnvironment:
    """A call of S3 with its bucket in the path; below localhost moto does not know it in the host's name.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    name, dot, host = environ.get("HTTP_HOST", "").partition(".localhost")
    # S3 Control has the account there, and moto knows it by its path.
    if not dot or environ["PATH_INFO"].startswith("/v20180820/"):
        return environ
    path = f"/{name}{environ['PATH_INFO']}"
    raw = urlsplit(environ["RAW_URI"])
    raw = SplitResult("", "", f"/{name}{raw.path}", raw.query, "")
    return {**environ, "HTTP_HOST": f"localhost{host}", "PATH_INFO": path, "RAW_URI": raw.geturl()}


def logs_may_be_delivered(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether the policy of a log bucket lets S3 deliver below that prefix.

    moto knows no part of a bucket but that very prefix, no list of resources, and stops at a statement for everybody.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    """
    delivered = f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}"
    for statement in json.loads(target_bucket.policy or b'{"Statement": []}')["Statement"]:
        principal, resources = statement.get("Principal"), statement.get("Resource", [])
        if (
            statement["Effect"] == "Allow"
            and isinstance(principal, dict)
            and "logging.s3.amazonaws.com" in principal.get("Service", [])
            and "s3:PutObject" in statement.get("Action", [])
            and any(fnmatchcase(delivered, each) for each in ([resources] if isinstance(resources, str) else resources))
        ):
            return True
    return False


def application() -> WSGIApplication:
    """The whole server. Raises RuntimeError for another moto than the one that the gaps were measured on."""
    if moto.__version__ != MOTO:
        raise RuntimeError(
            f"The gaps of moto {MOTO} are closed, this is {moto.__version__}: see which of them remain (README.md), "
            "then change MOTO in tests/engines/aws/gaps.py."
        )
    # Access logs come hours later, if at all (https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html).
    # moto writes one a call, so that no log bucket could ever be destroyed.
    patch.object(S3Backend, "log_incoming_request").start()
    patch.object(FakeBucket, "_log_permissions_enabled_policy", staticmethod(logs_may_be_delivered)).start()

    def create(service: Any) -> Flask:
        app = create_backend_app(service)
        app.config["PROPAGATE_EXCEPTIONS"] = True
        return app

    gaps: list[Gap] = [
        AccessAnalyzer(),
        BucketEvents(),
        BucketReplication(),
        Detectors(),
        KeyRotation(),
        Macie(),
        MalwareProtectionPlans(),
        ObjectLock(),
        Trails(),
    ]
    return Gaps(DomainDispatcherApplication(create), gaps)
