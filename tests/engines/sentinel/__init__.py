"""HashiCorp's Sentinel without its binary: policies, policy sets, test cases, and the format. See README.md."""

from __future__ import annotations

from .configuration import Configuration
from .errors import (
    ConfigurationError,
    ErrorCalled,
    EvaluationError,
    LimitExceeded,
    SentinelError,
    SentinelSyntaxError,
    Source,
    Unavailable,
    Undetermined,
    UnreadableFileError,
)
from .formatting import format_source
from .policies import Outcome, Policy, PolicySet, Verdict
from .runs import Limits
from .terraform import terraform_imports
from .testing import CaseResult, find_cases, run_case

__all__ = [
    "CaseResult",
    "Configuration",
    "ConfigurationError",
    "ErrorCalled",
    "EvaluationError",
    "LimitExceeded",
    "Limits",
    "Outcome",
    "Policy",
    "PolicySet",
    "SentinelError",
    "SentinelSyntaxError",
    "Source",
    "Unavailable",
    "Undetermined",
    "UnreadableFileError",
    "Verdict",
    "find_cases",
    "format_source",
    "run_case",
    "terraform_imports",
]
