"""Who may read columns with policy tags: fine-grained readers, and data policies that mask.

https://cloud.google.com/bigquery/docs/column-level-security-intro
https://cloud.google.com/bigquery/docs/column-data-masking-intro
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.engines.bigquery.errors import BigQueryError

# Whose requests carry no token that names a principal. May all.
OWNER = "user:owner@example.com"


class Access(StrEnum):
    """What a principal gets of a column: its values, masked values by a rule of data masking, or an error."""

    CLEAR = "CLEAR"
    REFUSED = "REFUSED"
    SHA256 = "SHA256"
    ALWAYS_NULL = "ALWAYS_NULL"
    DEFAULT_MASKING_VALUE = "DEFAULT_MASKING_VALUE"
    LAST_FOUR_CHARACTERS = "LAST_FOUR_CHARACTERS"
    FIRST_FOUR_CHARACTERS = "FIRST_FOUR_CHARACTERS"
    EMAIL_MASK = "EMAIL_MASK"
    DATE_YEAR_MASK = "DATE_YEAR_MASK"


# Of two policies for one principal the one higher up wins: column-data-masking-intro#masking_options.
PRIORITY = (
    Access.SHA256,
    Access.EMAIL_MASK,
    Access.LAST_FOUR_CHARACTERS,
    Access.FIRST_FOUR_CHARACTERS,
    Access.DATE_YEAR_MASK,
    Access.DEFAULT_MASKING_VALUE,
    Access.ALWAYS_NULL,
)


@dataclass(frozen=True)
class DataPolicy:
    """A masking rule for some readers of a tag."""

    rule: Access
    readers: frozenset[str]


@dataclass
class Tag:
    """What is granted on a policy tag. A tag that nobody was granted anything on is closed to all but the owner."""

    fine_grained_readers: frozenset[str] = frozenset()
    data_policies: list[DataPolicy] = field(default_factory=list)


def denied(columns: Iterable[str]) -> BigQueryError:
    """The error for tagged columns that a principal gets nothing of."""
    message = (
        "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get permission to get "
        f"data protected by policy tag on column {', '.join(columns)}."
    )
    return BigQueryError("accessDenied", message)


class Policies:
    """Grants on policy tags, by the tags' resource names."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[str, Tag] = {}

    def access(self, tag: str, principal: str) -> Access:
        """What that principal gets of a column with that tag."""
        if principal == OWNER:
            return Access.CLEAR
        with self._lock:
            granted = self._tags.get(tag, Tag())
        if principal in granted.fine_grained_readers:
            return Access.CLEAR
        rules = {policy.rule for policy in granted.data_policies if principal in policy.readers}
        return next((rule for rule in PRIORITY if rule in rules), Access.REFUSED)

    def grant(self, tag: str, readers: Iterable[str]) -> None:
        """Make principals Fine-Grained Readers of a tag."""
        with self._lock:
            entry = self._tags.setdefault(tag, Tag())
            entry.fine_grained_readers |= frozenset(readers)

    def mask(self, tag: str, rule: Access, readers: Iterable[str]) -> None:
        """Add a data policy to a tag.

        Raises BigQueryError (invalid): a tag has at most nine.
        """
        if rule not in PRIORITY:
            raise BigQueryError("invalid", f"{rule} is no masking rule")
        with self._lock:
            entry = self._tags.setdefault(tag, Tag())
            if len(entry.data_policies) == 9:
                raise BigQueryError("invalid", f"The policy tag {tag} has nine data policies, the most it can have")
            entry.data_policies.append(DataPolicy(rule, frozenset(readers)))

    def load(self, document: Mapping[str, Any]) -> None:
        """Replace all grants by those of a JSON document.

        {tag: {"fineGrainedReaders": [principal], "dataPolicies": [{"rule": "SHA256", "maskedReaders": [principal]}]}}

        Raises BigQueryError (invalid).
        """
        loaded = Policies()
        try:
            for tag, entry in document.items():
                loaded.grant(tag, entry.get("fineGrainedReaders", []))
                for policy in entry.get("dataPolicies", []):
                    loaded.mask(tag, Access(policy["rule"]), policy["maskedReaders"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BigQueryError("invalid", f"Policies are not in the documented form: {error!r}") from error
        with self._lock:
            self._tags = loaded._tags
