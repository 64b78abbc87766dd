"""Failures of the service on request, so that tests can see how clients take them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.engines.bigquery.errors import STATUS, BigQueryError


@dataclass(frozen=True)
class Fault:
    """A failure instead of an answer.

    reason: of an error that is answered; `reset` drops the connection, `timeout` does so after `seconds`.
    after: the request has had its effect.
    """

    reason: str
    after: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.reason not in (*STATUS, "reset", "timeout"):
            raise BigQueryError("invalid", f"{self.reason} is no fault: a reason of an error, reset or timeout")


@dataclass(frozen=True)
class Call:
    """A request. number: how many requests with this method and path there were before."""

    method: str
    path: str
    body: bytes
    number: int


Faults = Callable[[Call], Fault | None]


def none(call: Call) -> Fault | None:
    """No faults."""
    return None


class Rules:
    """Faults from a JSON document: [{"method": "POST", "path": regular expression, "times": 2, "reason": "reset"}].

    The first rule that fits, and is not used up, applies. Optional: method, body (regular expressions too), skip,
    times, after, seconds.

    Raises BigQueryError (invalid).
    """

    def __init__(self, document: Sequence[Mapping[str, Any]]) -> None:
        self._lock = threading.Lock()
        try:
            self._rules = [
                (
                    re.compile(entry.get("method", "")),
                    re.compile(entry["path"]),
                    re.compile(entry.get("body", "").encode(), re.DOTALL),
                    Fault(entry["reason"], bool(entry.get("after")), float(entry.get("seconds", 0))),
                )
                for entry in document
            ]
            self._skipped = [int(entry.get("skip", 0)) for entry in document]
            self._left = [int(entry.get("times", 1)) for entry in document]
        except (AttributeError, KeyError, TypeError, ValueError, re.error) as error:
            raise BigQueryError("invalid", f"Faults are not in the documented form: {error!r}") from error

    def __call__(self, call: Call) -> Fault | None:
        with self._lock:
            for number, (method, path, body, fault) in enumerate(self._rules):
                fits = method.match(call.method) and path.search(call.path) and body.search(call.body)
                if fits and self._skipped[number] > 0:
                    self._skipped[number] -= 1
                elif fits and self._left[number] > 0:
                    self._left[number] -= 1
                    return fault
        return None
