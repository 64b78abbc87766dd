"""The policies of an applied account, read back through boto3, and what they decide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.engines.iam import Principal, Request, can_assume, evaluate, evaluate_key
from tests.terraform.environment import Applied

Document = dict[str, Any]
Context = Mapping[str, str | Sequence[str]]


@dataclass
class Account:
    """Every policy document of an account, by what it is attached to."""

    id: str
    trusts: dict[str, Document] = field(default_factory=dict)
    role_policies: dict[str, list[str]] = field(default_factory=dict)
    boundaries: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Document] = field(default_factory=dict)
    bucket_policies: dict[str, Document] = field(default_factory=dict)
    key_policies: dict[str, Document] = field(default_factory=dict)
    key_arns: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, applied: Applied, region: str = "us-east-1") -> Account:
        """The account of an applied environment: roles, policies and buckets by name, keys of a region by alias."""
        iam, s3, kms = applied.client("iam"), applied.client("s3"), applied.client("kms", region)
        account = cls(applied.client("sts").get_caller_identity()["Account"])
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            account.trusts[name] = role["AssumeRolePolicyDocument"]
            boundary = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
            account.boundaries[name] = boundary.rpartition("/")[2]
            attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            # AWS's own policy for AWS Config reads configuration, which no case asks about.
            account.role_policies[name] = [
                policy["PolicyName"] for policy in attached if ":aws:policy/" not in policy["PolicyArn"]
            ]
        for policy in iam.list_policies(Scope="Local")["Policies"]:
            version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
            account.policies[policy["PolicyName"]] = version["PolicyVersion"]["Document"]
        for bucket in s3.list_buckets()["Buckets"]:
            account.bucket_policies[bucket["Name"]] = json.loads(s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"])
        for alias in kms.list_aliases()["Aliases"]:
            if "TargetKeyId" in alias and not alias["AliasName"].startswith("alias/aws/"):
                name = alias["AliasName"].removeprefix("alias/")
                policy = kms.get_key_policy(KeyId=alias["TargetKeyId"], PolicyName="default")["Policy"]
                account.key_policies[name] = json.loads(policy)
                account.key_arns[name] = kms.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"]["Arn"]
        return account

    def role(self, name: str) -> Principal:
        """A session of a role of the account."""
        return Principal.role(f"arn:aws:iam::{self.id}:role/{name}")

    def documents(self) -> dict[str, Document]:
        """Every document by a name of its own."""
        kinds = {
            "trust": self.trusts,
            "policy": self.policies,
            "bucket": self.bucket_policies,
            "key": self.key_policies,
        }
        return {f"{kind} {name}": document for kind, found in kinds.items() for name, document in found.items()}

    def without(self, statement: str) -> Iterator[Account]:
        """The account without that statement: for each kind of document that holds it, a copy without it there."""
        for kind in ("trusts", "policies", "bucket_policies", "key_policies"):
            copy = deepcopy(self)
            found = False
            for document in getattr(copy, kind).values():
                kept = [entry for entry in document["Statement"] if entry.get("Sid") != statement]
                found = found or len(kept) != len(document["Statement"])
                document["Statement"] = kept
            if found:
                yield copy


@dataclass(frozen=True)
class Case:
    """A request, and whether it must be allowed. `grants` are identity policies beside those that the account has."""

    principal: Principal
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    allowed: bool = False
    grants: tuple[Document, ...] = ()

    def decide(self, account: Account) -> bool:
        """Whether the account's policies allow it. The resource is a bucket's ARN, `key:<alias>` or `role:<name>`."""
        grants = list(self.grants)
        boundary = None
        name = self.principal.arn.rpartition("/")[2]
        if self.principal.account == account.id and name in account.role_policies:
            grants += [account.policies[policy] for policy in account.role_policies[name]]
            boundary = account.policies[account.boundaries[name]]

        kind, _, target = self.resource.partition(":")
        if kind == "key":
            request = Request(self.principal, self.action, account.key_arns[target], self.context)
            policy = account.key_policies[target]
            return evaluate_key(request, key_policy=policy, identity_policies=grants, boundary=boundary).allowed
        if kind == "role":
            role = f"arn:aws:iam::{account.id}:role/{target}"
            return can_assume(
                account.trusts[target],
                self.principal,
                self.action,
                self.context,
                role=role,
                identity_policies=grants,
                boundary=boundary,
            ).allowed
        bucket = self.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
        return evaluate(
            Request(self.principal, self.action, self.resource, self.context),
            identity_policies=grants,
            resource_policy=account.bucket_policies.get(bucket),
            boundary=boundary,
            resource_account=account.id,
        ).allowed
