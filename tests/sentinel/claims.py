"""Which policies claim which resources: the `# Terraform:` lines of their headers."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

from tests.sentinel.weaker_documents import DOCUMENT

# What policy documents end up in.
HOLDERS = ["aws_iam_policy", "aws_iam_role", "aws_kms_key", "aws_s3_bucket_policy", "aws_sns_topic_policy"]

CLAIM = re.compile(r"^# Terraform: (.*(?:\n#   .*)*)", re.MULTILINE)
EVERY = re.compile(r"every resource of the provider hashicorp/(\w+)")
NAMED = re.compile(r"the types of (\w+)")


def claims(policy: Path) -> set[str]:
    """The types that a policy claims, with wildcards."""
    source = policy.read_text()
    found: set[str] = set()
    for claim in CLAIM.findall(source.partition("# Imports")[0]):
        found |= {f"{provider}_*" for provider in EVERY.findall(claim)}
        found |= set(re.findall(r"[a-z0-9_*]+", claim))
        for name in NAMED.findall(claim):
            value = rf"^(?:param )?{name} (?:default|=) [\[{{](.*?)^[\]}}]$"
            (listed,) = re.findall(value, source, re.MULTILINE | re.DOTALL)
            found |= set(re.findall(r'"(\w+)"', listed))
    return found


def claimants(sets: Path, kind: str) -> list[str]:
    """The policies that claim a type, those that claim the fewest types first."""
    kinds = HOLDERS if kind == DOCUMENT else [kind]
    breadth = {}
    for policy in sorted((sets / "policies").glob("*/*.sentinel")):
        patterns = claims(policy)
        if any(fnmatchcase(each, pattern) for each in kinds for pattern in patterns):
            breadth[policy.stem] = sum(30 if "*" in pattern else 1 for pattern in patterns)
    return sorted(breadth, key=lambda name: (breadth[name], name))
