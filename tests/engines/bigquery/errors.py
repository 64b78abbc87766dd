"""The errors of the BigQuery API."""

from __future__ import annotations

# HTTP status of each reason: https://cloud.google.com/bigquery/docs/error-messages
STATUS = {
    "accessDenied": 403,
    "backendError": 503,
    "bytesBilledLimitExceeded": 400,
    "conditionNotMet": 412,
    "duplicate": 409,
    "internalError": 500,
    "invalid": 400,
    "invalidQuery": 400,
    "jobRateLimitExceeded": 429,
    "notFound": 404,
    "rateLimitExceeded": 429,
    "required": 400,
    "resourceInUse": 400,
    "responseTooLarge": 403,
    "stopped": 200,
}


class BigQueryError(Exception):
    """What BigQuery would refuse, in its own shape."""

    def __init__(self, reason: str, message: str, location: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.location = location
        self.status = STATUS[reason]


class NotEmulated(BigQueryError):  # noqa: N818
    """What BigQuery may well accept, but this engine does not know."""

    def __init__(self, what: str) -> None:
        super().__init__("invalid", f"not emulated: {what}")
