"""Plans with one safeguard switched off, made systematically from a real plan.

Every value of every resource is changed in each way that its kind allows, every statement of every policy document
weakened, every resource removed, every module and provider loosened, and what must never be there added. A plan is
shared by its mutants: only what is changed is another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.sentinel.weaker_documents import DOCUMENT, Json, Path, document_changes, policy_document, weakened

# What a wrong value of an attribute of Google's would be in earnest, besides any other text.
WORSE = {
    "member": ("allUsers", "allAuthenticatedUsers", "domain:example.com", "user:someone@example.com"),
    "members": ("allUsers", "allAuthenticatedUsers", "domain:example.com", "user:someone@example.com"),
    "role": ("roles/owner", "roles/editor", "roles/bigquery.admin"),
    "permissions": ("resourcemanager.projects.setIamPolicy",),
    "location": ("us",),
    "source_ranges": ("0.0.0.0/0",),
    "destination_ranges": ("0.0.0.0/0",),
    "identity_type": ("ANY_IDENTITY",),
}

TAGS = {"tags", "tags_all", "labels", "user_labels"}
# What providers derive from labels, and what they take from default tags.
DERIVED = {"effective_labels", "terraform_labels"}
INHERITED = {"tags_all"}


@dataclass(frozen=True)
class Mutant:
    """A plan with one change. `path` is where, empty for the resource itself, `change` what."""

    address: str
    type: str
    path: str
    change: str
    plan: Json

    @property
    def text(self) -> str:
        """Type, path and change, with which harmless changes are declared."""
        return " ".join(part for part in (self.type, self.path, self.change) if part)

    def __str__(self) -> str:
        return f"{self.address}: {self.path or 'resource'} {self.change}"


def mutants(plan: Json) -> Iterator[Mutant]:
    """Every mutant of the first instance of every resource and document of the plan.

    A tag or label is mutated once for all resources of a type, since all have the same.
    """
    seen: set[str] = set()
    tagged: set[tuple[str, Path, str]] = set()
    for index, resource in enumerate(plan["resource_changes"]):
        configured = without_keys(resource["address"])
        if configured not in seen:
            seen.add(configured)
            for path, change, others in changes(resource, configuration(plan, configured)):
                if path and path[0] in TAGS:
                    if (resource["type"], path, change) in tagged:
                        continue
                    tagged.add((resource["type"], path, change))
                before, after = plan["resource_changes"][:index], plan["resource_changes"][index + 1 :]
                changed = plan | {"resource_changes": [*before, *others, *after]}
                yield Mutant(resource["address"], resource["type"], ".".join(map(str, path)), change, changed)


def without_keys(address: str) -> str:
    """An address without the keys of its instances."""
    return re.sub(r"\[[^]]*\]", "", address)


def configuration(plan: Json, address: str) -> Json:
    """The expressions of a resource in the configuration, by its address without keys."""
    module = plan["configuration"]["root_module"]
    *calls, kind, name = re.sub(r"\bmodule\.", "", re.sub(r"\bdata\.", "", address)).split(".")
    for call in calls:
        module = module["module_calls"][call]["module"]
    (found,) = (each for each in module["resources"] if (each["type"], each["name"]) == (kind, name))
    expressions: Json = found.get("expressions", {})
    return expressions


def changes(resource: Json, configured: Json) -> Iterator[tuple[Path, str, list[Json]]]:
    """Path, name of the change, and what stands in the resource's place."""
    if resource["mode"] == "data":
        if resource["type"] == DOCUMENT:
            for path, change, changed in document_changes(resource):
                yield path, change, [changed]
        return
    yield (), "removed", []
    deleted = deepcopy(resource)
    deleted["change"] |= {"actions": ["delete"], "before": resource["change"]["after"], "after": None}
    yield (), "deleted", [deleted]
    for path, value in leaves(resource["change"]["after"]):
        if path[0] in DERIVED:
            continue
        # What is a default of the provider can be set, but it cannot go missing.
        removable = is_configured(configured, path) or path[0] in INHERITED
        worse = WORSE.get(str(path[-1]), ()) if resource["type"].startswith("google_") else ()
        for change, other in others_of(value, worse, removable):
            yield path, change, [replaced(resource, path, other, unknown=False)]
        if removable and not isinstance(value, list):
            yield path, "unknown", [replaced(resource, path, None, unknown=True)]
    for path in unknown(resource["change"]["after_unknown"]):
        if is_configured(configured, path) and path[0] not in DERIVED:
            yield path, "known and wrong", [replaced(resource, path, "wrong", unknown=False)]


def replaced(resource: Json, path: Path, value: Any, *, unknown: bool) -> Json:
    """The resource with another value at a path, known or unknown as a whole."""
    changed = deepcopy(resource)
    put(changed["change"]["after"], path, value)
    put(changed["change"]["after_unknown"], path, [] if isinstance(value, list) else unknown)
    return changed


def is_configured(expressions: Any, path: Path) -> bool:
    """Whether the configuration sets what is at a path, rather than the provider."""
    for step in path:
        if isinstance(expressions, list) and isinstance(step, int) and step < len(expressions):
            expressions = expressions[step]
        elif not isinstance(expressions, dict):
            return False
        elif "references" in expressions or "constant_value" in expressions:
            return True
        else:
            expressions = expressions.get(step)
    return bool(expressions)


def put(value: Any, path: Path, other: Any) -> None:
    """Put another value at a path, and make what is missing on the way."""
    for step, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(value, dict) and not isinstance(value.get(step), dict | list):
            value[step] = empty
        if isinstance(value, list) and isinstance(step, int):
            value.extend({} for _ in range(step + 1 - len(value)))
        value = value[step]
    if isinstance(value, list) and path[-1] == len(value):
        value.append(other)
    else:
        value[path[-1]] = other


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is set, blocks and lists as well as what is in them."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from leaves(entry, (*path, key))
    elif isinstance(value, list) and value:
        yield path, value
        for index, entry in enumerate(value):
            if isinstance(entry, dict):
                yield from leaves(entry, (*path, index))
    elif value not in (None, [], ""):
        yield path, value


def unknown(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every value that is known after the apply only."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        if entry is True:
            yield (*path, key)
        else:
            yield from unknown(entry, (*path, key))


def others_of(value: Any, worse: Sequence[str], removable: bool) -> Iterator[tuple[str, Any]]:
    """What could stand in a value's place, and how that is called."""
    for other in worse:
        if other in (value if isinstance(value, list) else [value]):
            continue
        yield other, [*value, other] if isinstance(value, list) else other
    if isinstance(value, bool):
        yield str(not value).lower(), not value
    elif isinstance(value, int | float):
        if value > 0:
            yield "smaller", value // 2
        yield "larger", value * 10 or 1
    elif isinstance(value, list):
        yield "empty", []
    elif (document := policy_document(value)) is not None:
        yield from ((change, json.dumps(weaker)) for change, weaker in weakened(document))
    else:
        yield "wrong", "wrong"
    if removable and not isinstance(value, list):
        yield "missing", None


def configuration_mutants(plan: Json) -> Iterator[Mutant]:
    """The configuration of a plan with a provider, a module or an output loosened, or with code that is run."""

    def mutant(kind: str, address: str, change: str, part: Sequence[str], values: Json) -> Mutant:
        """With other values in the part of the configuration that the keys lead to."""
        configuration = deepcopy(plan["configuration"])
        found = configuration
        for key in part:
            found = found.setdefault(key, {})
        found.update(values)
        return Mutant(address, kind, "configuration", change, plan | {"configuration": configuration})

    for name, provider in plan["configuration"]["provider_config"].items():
        part = ["provider_config", name]
        for change, values in {
            "unbounded": {"version_constraint": ">= 1.0"},
            "unpinned": {"version_constraint": ""},
            "of another source": {"full_name": f"registry.terraform.io/stranger/{provider['name']}"},
        }.items():
            yield mutant("required_providers", f"provider {name}", change, part, values)
        types = {resource["type"] for resource in resources(plan, name)}
        if provider["name"] == "aws" and types:
            elsewhere = {"region": {"constant_value": "us-gov-west-1"}}
            part = [*part, "expressions"]
            yield mutant(min(types), f"provider {name}", "in another region", part, elsewhere)
    root = plan["configuration"]["root_module"]
    call = min(root["module_calls"])
    for source in ("git::https://example.com/landing.git", "hashicorp/consul/aws"):
        part = ["root_module", "module_calls", call]
        yield mutant("module", f"module {call}", f"from {source}", part, {"source": source})
    command = {
        "address": "terraform_data.command",
        "mode": "managed",
        "type": "terraform_data",
        "name": "command",
        "provider_config_key": "terraform",
        "provisioners": [{"type": "local-exec", "expressions": {"command": {"constant_value": "true"}}}],
        "expressions": {},
    }
    with_command = {"resources": [*root.get("resources", []), command]}
    yield mutant("provisioner", "terraform_data.command", "runs a command", ["root_module"], with_command)
    secret = {"landing_token": {"expression": {"references": ["var.landing_token"]}}}
    yield mutant("output", "output.landing_token", "shows a secret", ["root_module", "outputs"], secret)


def resources(plan: Json, provider: str) -> Iterator[Json]:
    """The configured resources of a provider, in every module."""

    def within(module: Json) -> Iterator[Json]:
        yield from (each for each in module.get("resources", []) if each["provider_config_key"] == provider)
        for call in module.get("module_calls", {}).values():
            yield from within(call["module"])

    yield from within(plan["configuration"]["root_module"])


# What must never be made.
INTRUDERS: list[tuple[str, Json]] = [
    ("aws_iam_user", {"name": "robot"}),
    ("aws_iam_access_key", {"user": "robot"}),
    (
        "aws_iam_role_policy",
        {"name": "inline", "role": "robot", "policy": '{"Version": "2012-10-17", "Statement": []}'},
    ),
    ("aws_kms_key", {"description": "Rotated by nobody"}),
    ("aws_s3_bucket", {"bucket": "bare"}),
    ("aws_s3_bucket_acl", {"bucket": "bare", "acl": "public-read"}),
    ("google_bigquery_dataset", {"dataset_id": "bare", "project": "contoso-prod", "location": "us-east4"}),
    (
        "google_bigquery_dataset_iam_member",
        {"dataset_id": "d", "role": "roles/bigquery.dataViewer", "member": "allUsers"},
    ),
    (
        "google_compute_instance",
        {"name": "shell", "zone": "us-east4-a", "network_interface": [{"access_config": [{"nat_ip": None}]}]},
    ),
    (
        "google_org_policy_policy",
        {
            "name": "projects/contoso-prod/policies/iam.disableServiceAccountKeyCreation",
            "parent": "projects/contoso-prod",
            "spec": [{"rules": [{"enforce": "FALSE"}]}],
        },
    ),
    ("google_project_iam_member", {"role": "roles/owner", "member": "user:someone@example.com"}),
    ("google_project_service", {"service": "generativelanguage.googleapis.com"}),
    ("google_service_account_key", {"service_account_id": "robot"}),
    ("google_storage_bucket", {"name": "bare", "location": "us-east4"}),
    (
        "google_storage_bucket_iam_member",
        {"bucket": "bare", "role": "roles/storage.objectViewer", "member": "allUsers"},
    ),
]


def intruders(plan: Json) -> Iterator[Mutant]:
    """The plan with one more resource, which must never be made."""
    for kind, after in INTRUDERS:
        address = f"{kind}.intruder"
        resource = {
            "address": address,
            "mode": "managed",
            "type": kind,
            "name": "intruder",
            "provider_name": f"registry.terraform.io/hashicorp/{kind.partition('_')[0]}",
            "change": {
                "actions": ["create"],
                "before": None,
                "after": after,
                "after_unknown": {"id": True},
                "before_sensitive": False,
                "after_sensitive": {},
            },
        }
        changed = plan | {"resource_changes": [*plan["resource_changes"], resource]}
        yield Mutant(address, kind, "", "added", changed)
