"""Which policies claim which resources, as the program reads their headers that writes the control matrix."""

from __future__ import annotations

import importlib.util
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

from tests.render import ROOT
from tests.sentinel.weaker_documents import DOCUMENT

# What policy documents end up in.
HOLDERS = ["aws_iam_policy", "aws_iam_role", "aws_kms_key", "aws_s3_bucket_policy", "aws_sns_topic_policy"]


def control_matrix() -> ModuleType:
    """The program that generated repositories bring along."""
    spec = importlib.util.spec_from_file_location("control_matrix", ROOT / "template/docs/control_matrix.py")
    assert spec and spec.loader
    module = sys.modules["control_matrix"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def claimants(repository: Path, kinds: set[str]) -> dict[str, list[str]]:
    """Kind of resource or block -> the policies that claim it, those that claim the fewest kinds first."""
    errors: list[str] = []
    claims = {
        policy.name: [pattern for term in policy.terms for pattern in term.patterns or (term.block,)]
        for policy in control_matrix().read_policies(repository, errors)
    }
    assert errors == []

    def claim(name: str, kind: str) -> bool:
        found = HOLDERS if kind == DOCUMENT else [kind]
        return any(fnmatchcase(each, pattern) for each in found for pattern in claims[name])

    def breadth(name: str) -> tuple[int, str]:
        return sum(30 if "*" in pattern else 1 for pattern in claims[name]), name

    return {kind: sorted((name for name in claims if claim(name, kind)), key=breadth) for kind in kinds}
