"""The evaluator of IAM policies decides as AWS documents: every rule, and beside it the twin that decides otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.engines.iam import Decision, Policy, Principal, Request, Undetermined, can_assume, evaluate, evaluate_key

ACCOUNT = "111111111111"
OTHER = "222222222222"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/loader"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/loader/run-1"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/ana"
STRANGER_ARN = f"arn:aws:iam::{OTHER}:role/guest"
TARGET_ARN = f"arn:aws:iam::{ACCOUNT}:role/target"
PROVIDER_ARN = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.org"
KEY_ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234"
OBJECT = "arn:aws:s3:::lake/silver/a.parquet"
QUEUE = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:jobs"

ROLE = Principal.role(ROLE_ARN, "run-1")
USER = Principal.user(USER_ARN)
STRANGER = Principal.role(STRANGER_ARN)
TRAIL = Principal.service("cloudtrail.amazonaws.com")
WORKFLOW = Principal.federated(PROVIDER_ARN)
NOBODY = Principal.anonymous()

ALLOWED, DENIED, EXPLICITLY, OPEN = "allowed", "denied", "explicitly denied", "undetermined"


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any = "*", resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return {"Sid": "Grant", "Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: Any = "*", resource: Any = "*", **elements: Any) -> dict[str, Any]:
    return allow(action, resource, **elements) | {"Sid": "Refuse", "Effect": "Deny"}


def without(statement: Mapping[str, Any], *elements: str) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in elements}


def trust(action: Any = "sts:AssumeRole", **elements: Any) -> dict[str, Any]:
    return policy(without(allow(action, **elements), "Resource"))


@dataclass(frozen=True)
class Case:
    """A question to one of the three functions (`of`: evaluate, key or trust), and the answer."""

    name: str
    expected: str
    principal: Principal = ROLE
    action: str = "s3:GetObject"
    resource: str = OBJECT
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    identity: tuple[Policy, ...] = ()
    policy: Policy | None = None
    boundary: Policy | None = None
    account: str | None = ACCOUNT
    of: str = "evaluate"

    def decide(self) -> Decision:
        """Ask."""
        request = Request(self.principal, self.action, self.resource, self.context)
        if self.of == "key":
            assert self.policy is not None
            return evaluate_key(
                request, key_policy=self.policy, identity_policies=self.identity, boundary=self.boundary
            )
        if self.of == "trust":
            assert self.policy is not None
            return can_assume(
                self.policy,
                self.principal,
                self.action,
                self.context,
                role=self.resource or None,
                identity_policies=self.identity,
                boundary=self.boundary,
            )
        return evaluate(
            request,
            identity_policies=self.identity,
            resource_policy=self.policy,
            boundary=self.boundary,
            resource_account=self.account,
        )

    def answer(self) -> str:
        """The decision in a word."""
        try:
            decision = self.decide()
        except Undetermined:
            return OPEN
        if decision.allowed:
            assert not decision.explicit_deny
            return ALLOWED
        return EXPLICITLY if decision.explicit_deny else DENIED


def granting(name: str, expected: str, statement: Mapping[str, Any], **arguments: Any) -> Case:
    """A case of one statement in an identity-based policy."""
    return Case(name, expected, identity=(policy(statement),), **arguments)


def condition(name: str, expected: str, operator: str, values: Any, context: Any = None, key: str = "x:Key") -> Case:
    """A case of one condition on one key, whose value in the context is `context`."""
    given = {} if context is None else {key: context}
    return granting(name, expected, allow(Condition={operator: {key: values}}), context=given)


STATEMENTS = [
    granting("no statement matches: implicitly denied", DENIED, allow("s3:PutObject")),
    granting("a statement matches", ALLOWED, allow("s3:GetObject")),
    granting("actions are not case-sensitive", ALLOWED, allow("S3:getobject")),
    granting("* in an action", ALLOWED, allow("s3:Get*")),
    granting("* in an action, another verb", DENIED, allow("s3:Put*")),
    granting("? in an action is one character", ALLOWED, allow("s3:GetObjec?")),
    granting("? in an action is not none", DENIED, allow("s3:GetObject?")),
    granting("several actions", ALLOWED, allow(["s3:PutObject", "s3:GetObject"])),
    granting("a dot is no wildcard", DENIED, allow("s3.GetObject")),
    granting("NotAction allows all but the listed", ALLOWED, without(allow(NotAction="iam:*"), "Action")),
    granting("NotAction leaves out the listed", DENIED, without(allow(NotAction=["iam:*", "s3:*"]), "Action")),
    granting("resource by *", ALLOWED, allow(resource="arn:aws:s3:::lake/*")),
    granting("resource * runs over slashes", ALLOWED, allow(resource="arn:aws:s3:::lake/*.parquet")),
    granting("resource of another bucket", DENIED, allow(resource="arn:aws:s3:::lake2/*")),
    granting("the bucket is not its objects", DENIED, allow(resource="arn:aws:s3:::lake")),
    granting("resources are case-sensitive", DENIED, allow(resource="arn:aws:s3:::Lake/*")),
    granting("? in a resource", ALLOWED, allow(resource="arn:aws:s3:::lak?/silver/?.parquet")),
    granting("* ends a short pattern", ALLOWED, allow(resource="arn:aws:s3:*")),
    granting("* stays in its segment", ALLOWED, allow("sqs:*", "arn:aws:sqs:*:*:jobs"), action="sqs:X", resource=QUEUE),
    granting(
        "a wildcard over a colon is not to rest on",
        OPEN,
        allow("sqs:*", "arn:aws:sqs:*:jobs:x"),
        action="sqs:X",
        resource=f"arn:aws:sqs:eu-central-1:{ACCOUNT}:jobs:x",
    ),
    granting("a wildcard over several colons is not to rest on", OPEN, allow(resource="arn:*silver*")),
    granting("a short pattern that does not end in *", OPEN, allow(resource="arn:aws:*?")),
    granting("nor is one in the middle", OPEN, allow(resource="arn:aws:s3*.parquet")),
    granting("NotResource", ALLOWED, without(allow(NotResource="arn:aws:s3:::other/*"), "Resource")),
    granting("NotResource leaves out the listed", DENIED, without(allow(NotResource="arn:aws:s3:::l*"), "Resource")),
    granting("an unknown element", OPEN, allow(Whom="me")),
    granting("an unknown effect", OPEN, allow() | {"Effect": "allow"}),
    granting("Action and NotAction", OPEN, allow(NotAction="s3:*")),
    granting("no resource", OPEN, without(allow(), "Resource")),
    granting("Principal in an identity-based policy", OPEN, allow(Principal="*")),
    granting("no action", OPEN, allow([])),
    granting("a null action", OPEN, allow(None)),
    granting("a resource that is no text", OPEN, allow(resource={"Ref": "lake"})),
    Case("JSON text is read", ALLOWED, identity=(json.dumps(policy(allow())),)),
    Case("one statement need not be a list", ALLOWED, identity=({"Version": "2012-10-17", "Statement": allow()},)),
    Case("another version has no variables", OPEN, identity=({"Version": "2008-10-17", "Statement": [allow()]},)),
    Case("an unknown element of the policy", OPEN, identity=(policy(allow()) | {"Statements": []},)),
]

CONDITIONS = [
    condition("StringEquals", ALLOWED, "StringEquals", "a", "a"),
    condition("StringEquals is case-sensitive", DENIED, "StringEquals", "a", "A"),
    condition("StringEquals knows no wildcard", DENIED, "StringEquals", "a*", "ab"),
    condition("StringEquals of nothing", ALLOWED, "StringEquals", "", ""),
    condition("several values: OR", ALLOWED, "StringEquals", ["a", "b"], "b"),
    condition("several values: none", DENIED, "StringEquals", ["a", "b"], "c"),
    condition("an absent key does not match", DENIED, "StringEquals", "a"),
    condition("StringNotEquals", ALLOWED, "StringNotEquals", "a", "b"),
    condition("StringNotEquals, equal", DENIED, "StringNotEquals", "a", "a"),
    condition("several values negated: NOR", DENIED, "StringNotEquals", ["a", "b"], "b"),
    condition("several values negated: none", ALLOWED, "StringNotEquals", ["a", "b"], "c"),
    condition("an absent key meets a negated operator", ALLOWED, "StringNotEquals", "a"),
    condition("an absent key meets StringNotLike", ALLOWED, "StringNotLike", "a*"),
    condition("an absent key meets ArnNotLike", ALLOWED, "ArnNotLike", "arn:aws:iam::*:role/*"),
    condition("an absent key meets NumericNotEquals", ALLOWED, "NumericNotEquals", "1"),
    condition("an absent key meets NotIpAddress", ALLOWED, "NotIpAddress", "10.0.0.0/8"),
    condition("an absent key fails StringLike", DENIED, "StringLike", "*"),
    condition("an absent key fails NumericLessThan", DENIED, "NumericLessThan", "1"),
    condition("an absent key fails DateGreaterThan", DENIED, "DateGreaterThan", "2020-01-01T00:00:00Z"),
    condition("an absent key fails Bool false", DENIED, "Bool", "false"),
    condition("EqualsIgnoreCase", ALLOWED, "StringEqualsIgnoreCase", "a", "A"),
    condition("EqualsIgnoreCase, another", DENIED, "StringEqualsIgnoreCase", "a", "B"),
    condition("NotEqualsIgnoreCase", DENIED, "StringNotEqualsIgnoreCase", "a", "A"),
    condition("NotEqualsIgnoreCase, another", ALLOWED, "StringNotEqualsIgnoreCase", "a", "B"),
    condition("StringLike", ALLOWED, "StringLike", "repo:org/*:ref:?", "repo:org/mesh:ref:x"),
    condition("StringLike is case-sensitive", DENIED, "StringLike", "repo:*", "Repo:org"),
    condition("StringLike matches the whole", DENIED, "StringLike", "repo", "repo:org"),
    condition("StringNotLike", DENIED, "StringNotLike", "a*", "ab"),
    condition("StringNotLike, another", ALLOWED, "StringNotLike", "a*", "b"),
    condition("ArnLike by component", ALLOWED, "ArnLike", "arn:aws:iam::*:role/*", ROLE_ARN),
    condition("ArnEquals takes wildcards as ArnLike", ALLOWED, "ArnEquals", "arn:aws:iam::*:role/*", ROLE_ARN),
    condition("ArnLike, another", DENIED, "ArnLike", "arn:aws:iam::*:user/*", ROLE_ARN),
    condition(
        "ArnLike: * does not run over a colon", DENIED, "ArnLike", "arn:aws:s:*:1:f/*", "arn:aws:s:r:9:s/a:1:f/d"
    ),
    condition("StringLike: * does", ALLOWED, "StringLike", "arn:aws:s:*:1:f/*", "arn:aws:s:r:9:s/a:1:f/d"),
    condition("ArnNotEquals", DENIED, "ArnNotEquals", ROLE_ARN, ROLE_ARN),
    condition("ArnNotEquals, another", ALLOWED, "ArnNotEquals", USER_ARN, ROLE_ARN),
    condition("ARN operators compare ARNs", OPEN, "ArnLike", "*", ROLE_ARN),
    condition("ARN operators compare nothing else", OPEN, "ArnLike", ROLE_ARN, "loader"),
    condition("NumericEquals by number", ALLOWED, "NumericEquals", "10", "10.0"),
    condition("NumericEquals, JSON number", ALLOWED, "NumericEquals", 10, "10"),
    condition("NumericLessThan", ALLOWED, "NumericLessThan", "10", "9"),
    condition("NumericLessThan, equal", DENIED, "NumericLessThan", "10", "10"),
    condition("NumericLessThanEquals, equal", ALLOWED, "NumericLessThanEquals", "10", "10"),
    condition("NumericGreaterThan", ALLOWED, "NumericGreaterThan", "9", "10"),
    condition("NumericGreaterThan, equal", DENIED, "NumericGreaterThan", "10", "10"),
    condition("NumericGreaterThanEquals, equal", ALLOWED, "NumericGreaterThanEquals", "10", "10"),
    condition("NumericNotEquals", DENIED, "NumericNotEquals", "10", "10"),
    condition("a number that is none", OPEN, "NumericLessThan", "10", "ten"),
    condition("DateLessThan, zones", ALLOWED, "DateLessThan", "2030-01-01T00:00:00Z", "2030-01-01T00:30:00+01:00"),
    condition("DateLessThan, later", DENIED, "DateLessThan", "2030-01-01T00:00:00Z", "2030-01-01T00:00:01Z"),
    condition("DateGreaterThanEquals, epoch", ALLOWED, "DateGreaterThanEquals", "1893456000", "2030-01-01T00:00:00Z"),
    condition("DateNotEquals", DENIED, "DateNotEquals", "1893456000", "2030-01-01T00:00:00Z"),
    condition("a date without a zone", OPEN, "DateLessThan", "2030-01-01", "2029-01-01T00:00:00Z"),
    condition("Bool", ALLOWED, "Bool", "true", "true"),
    condition("Bool, JSON", ALLOWED, "Bool", False, "false"),
    condition("Bool, the other", DENIED, "Bool", "true", "false"),
    condition("Bool of something else", OPEN, "Bool", "true", "yes"),
    condition("IpAddress in a range", ALLOWED, "IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1"),
    condition("IpAddress alone is /32", ALLOWED, "IpAddress", "10.0.0.1", "10.0.0.1"),
    condition("an IPv6 address alone is no /32", OPEN, "IpAddress", "2001:db8::1", "2001:db8::1"),
    condition("IpAddress outside", DENIED, "IpAddress", "10.0.0.0/8", "11.0.0.1"),
    condition("NotIpAddress", DENIED, "NotIpAddress", "10.0.0.0/8", "10.1.1.1"),
    condition("NotIpAddress outside", ALLOWED, "NotIpAddress", "10.0.0.0/8", "11.0.0.1"),
    condition("IpAddress malformed", OPEN, "IpAddress", "10.0.0.0/8", "here"),
    condition("Null true: the key is absent", ALLOWED, "Null", "true"),
    condition("Null true: the key is there", DENIED, "Null", "true", "a"),
    condition("Null false: the key is there", ALLOWED, "Null", "false", "a"),
    condition("Null false: the key is absent", DENIED, "Null", False),
    condition("Null false: no values", DENIED, "Null", "false", []),
    condition("Null of an empty string", OPEN, "Null", "false", ""),
    condition("Null of two minds", OPEN, "Null", ["true", "false"], "a"),
    condition("IfExists, absent", ALLOWED, "StringEqualsIfExists", "a"),
    condition("IfExists, there", ALLOWED, "StringEqualsIfExists", "a", "a"),
    condition("IfExists, there and another", DENIED, "StringEqualsIfExists", "a", "b"),
    condition("IfExists negated, absent", ALLOWED, "StringNotEqualsIfExists", "a"),
    condition("BoolIfExists, absent", ALLOWED, "BoolIfExists", "true"),
    condition("NullIfExists is none", OPEN, "NullIfExists", "true"),
    condition("ForAllValues: every one", ALLOWED, "ForAllValues:StringEquals", ["a", "b"], ["b", "a"]),
    condition("ForAllValues: not every one", DENIED, "ForAllValues:StringEquals", ["a", "b"], ["a", "c"]),
    condition("ForAllValues is met by an absent key", ALLOWED, "ForAllValues:StringEquals", "a"),
    condition("ForAllValues is met by no values", ALLOWED, "ForAllValues:StringEquals", "a", []),
    condition("ForAllValues is met by an empty string", ALLOWED, "ForAllValues:StringEquals", "a", ""),
    condition("ForAllValues negated", ALLOWED, "ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"]),
    condition("ForAllValues negated, one listed", DENIED, "ForAllValues:StringNotEquals", ["a", "b"], ["c", "a"]),
    condition("ForAnyValue: one", ALLOWED, "ForAnyValue:StringLike", ["a*", "b*"], ["x", "bc"]),
    condition("ForAnyValue: none", DENIED, "ForAnyValue:StringLike", ["a*", "b*"], ["x", "y"]),
    condition("ForAnyValue fails on an absent key", DENIED, "ForAnyValue:StringEquals", "a"),
    condition("ForAnyValue fails on no values", DENIED, "ForAnyValue:StringEquals", "a", []),
    condition("ForAnyValue negated: one not listed", ALLOWED, "ForAnyValue:StringNotEquals", ["a"], ["a", "b"]),
    condition("ForAnyValue negated: all listed", DENIED, "ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"]),
    condition("ForAnyValue negated, absent: not documented", OPEN, "ForAnyValue:StringNotEquals", "a"),
    condition("a multivalued key requires a set operator", OPEN, "StringEquals", "a", ["a"]),
    condition("an unknown operator", OPEN, "StringMatches", "a", "a"),
    condition("an unknown set operator", OPEN, "ForMostValues:StringEquals", "a", ["a"]),
    condition("BinaryEquals is not covered", OPEN, "BinaryEquals", "QQ==", "A"),
    condition("no values", OPEN, "StringEquals", [], "a"),
    granting(
        "keys are not case-sensitive",
        ALLOWED,
        allow(Condition={"StringEquals": {"AWS:sourcevpce": "vpce-1"}}),
        context={"aws:SourceVpce": "vpce-1"},
    ),
    granting(
        "several keys: AND",
        DENIED,
        allow(Condition={"StringEquals": {"x:A": "a", "x:B": "b"}}),
        context={"x:A": "a", "x:B": "c"},
    ),
    granting(
        "several operators: AND",
        DENIED,
        allow(Condition={"StringEquals": {"x:A": "a"}, "Bool": {"x:B": "true"}}),
        context={"x:A": "a", "x:B": "false"},
    ),
    granting(
        "several keys and operators, all met",
        ALLOWED,
        allow(Condition={"StringEquals": {"x:A": "a", "x:B": "b"}, "Bool": {"x:C": "true"}}),
        context={"x:A": "a", "x:B": "b", "x:C": "true"},
    ),
]


def of_principal(name: str, expected: str, key: str, value: str, principal: Principal = ROLE, **more: Any) -> Case:
    """A case of a global key that follows from the principal, in a policy of the resource that denies."""
    refusal = deny(Principal="*", Condition={"StringEquals": {key: value}})
    return Case(name, expected, principal=principal, policy=policy(allow(Principal="*"), refusal), **more)


CONTEXT = [
    of_principal("aws:PrincipalArn is the role's", EXPLICITLY, "aws:PrincipalArn", ROLE_ARN),
    of_principal("aws:PrincipalArn is not the session's", ALLOWED, "aws:PrincipalArn", SESSION_ARN),
    of_principal(
        "aws:PrincipalArn in the context wins",
        ALLOWED,
        "aws:PrincipalArn",
        ROLE_ARN,
        context={"AWS:PRINCIPALARN": USER_ARN},
    ),
    of_principal("aws:PrincipalAccount", EXPLICITLY, "aws:PrincipalAccount", ACCOUNT),
    of_principal("aws:PrincipalAccount, another", ALLOWED, "aws:PrincipalAccount", OTHER),
    of_principal("aws:PrincipalAccount of nobody is absent", ALLOWED, "aws:PrincipalAccount", ACCOUNT, NOBODY),
    of_principal("aws:PrincipalArn of a service is not documented", OPEN, "aws:PrincipalArn", ROLE_ARN, TRAIL),
    of_principal("aws:PrincipalType of a role", EXPLICITLY, "aws:PrincipalType", "AssumedRole"),
    of_principal("aws:PrincipalType of a user", EXPLICITLY, "aws:PrincipalType", "User", USER),
    of_principal("aws:PrincipalIsAWSService", EXPLICITLY, "aws:PrincipalIsAWSService", "true", TRAIL),
    of_principal("aws:PrincipalIsAWSService of a role", EXPLICITLY, "aws:PrincipalIsAWSService", "false"),
    of_principal(
        "aws:PrincipalIsAWSService of nobody is absent", ALLOWED, "aws:PrincipalIsAWSService", "false", NOBODY
    ),
    of_principal("aws:PrincipalServiceName", EXPLICITLY, "aws:PrincipalServiceName", TRAIL.arn, TRAIL),
    of_principal("aws:ResourceAccount", EXPLICITLY, "aws:ResourceAccount", ACCOUNT),
    of_principal("aws:ResourceAccount, another", ALLOWED, "aws:ResourceAccount", OTHER),
    of_principal("aws:SecureTransport is never absent", OPEN, "aws:SecureTransport", "false"),
    Case(
        "what one condition leaves open, another that fails settles",
        ALLOWED,
        TRAIL,
        policy=policy(
            allow(Principal="*"),
            deny(
                Principal="*",
                Condition={
                    "ArnNotLike": {"aws:PrincipalArn": ROLE_ARN},
                    "Bool": {"aws:PrincipalIsAWSService": "false"},
                },
            ),
        ),
    ),
    granting(
        "a variable in a resource",
        ALLOWED,
        allow(resource="arn:aws:s3:::lake/${aws:PrincipalTag/tier}/*"),
        context={"aws:PrincipalTag/tier": "silver"},
    ),
    granting(
        "a variable with another value",
        DENIED,
        allow(resource="arn:aws:s3:::lake/${aws:PrincipalTag/tier}/*"),
        context={"aws:PrincipalTag/tier": "gold"},
    ),
    granting("an unresolved variable", DENIED, allow(resource="arn:aws:s3:::lake/${aws:PrincipalTag/tier}/*")),
    granting("a variable's default", ALLOWED, allow(resource="arn:aws:s3:::lake/${aws:PrincipalTag/tier, 'silver'}/*")),
    granting("a variable before the fifth colon", OPEN, allow(resource="arn:aws:${aws:x}:::lake")),
    granting(
        "a variable's value is no pattern",
        OPEN,
        allow(resource="arn:aws:s3:::lake/${aws:PrincipalTag/tier}"),
        context={"aws:PrincipalTag/tier": "*"},
    ),
    granting(
        "an unresolved variable beside NotResource",
        OPEN,
        without(allow(NotResource="arn:aws:s3:::lake/${aws:PrincipalTag/tier}/*"), "Resource"),
    ),
    condition("a variable in a condition", ALLOWED, "StringEquals", "${aws:PrincipalAccount}", ACCOUNT),
    condition("a variable in a condition, another", DENIED, "StringEquals", "${aws:PrincipalAccount}", OTHER),
    condition("a variable in an ARN condition", ALLOWED, "ArnLike", "arn:aws:iam::${aws:PrincipalAccount}:*", ROLE_ARN),
    condition("an unresolved variable in a condition", DENIED, "StringEquals", "${aws:username}", "ana"),
    condition("an unresolved variable beside a match", OPEN, "StringEquals", ["ana", "${aws:username}"], "ana"),
    condition("an unresolved variable, negated", OPEN, "StringNotEquals", "${aws:username}", "ana"),
    condition("one of two variables unresolved", DENIED, "StringEquals", "${x:No}${aws:PrincipalAccount}", ACCOUNT),
    condition("a malformed variable", OPEN, "StringEquals", "${aws:PrincipalAccount, ana}", "ana"),
    condition("a multivalued variable", OPEN, "ForAnyValue:StringEquals", "${x:Key}", ["ana"]),
    condition("no variables in numbers", OPEN, "NumericEquals", "${aws:x}", "1"),
    condition("the escaped wildcard ${*} is not covered", OPEN, "StringLike", "a${*}", "a*"),
]


def speaking(name: str, expected: str, principal: Principal, element: Any, **more: Any) -> Case:
    """A case of one Allow in the resource's policy, and nothing else."""
    return Case(name, expected, principal=principal, policy=policy(allow(Principal=element)), **more)


SPARING_ROLE = deny(NotPrincipal={"AWS": [ROLE_ARN, ROOT]})
SPARING_ROLE = without(SPARING_ROLE, "Principal")
PRINCIPALS = [
    speaking("* is everyone", ALLOWED, ROLE, "*"),
    speaking("* is nobody known, too", ALLOWED, NOBODY, "*"),
    speaking('{"AWS": "*"} is the same for nobody known', ALLOWED, NOBODY, {"AWS": "*"}),
    speaking('{"AWS": "*"} of a role', ALLOWED, ROLE, {"AWS": "*"}),
    speaking('{"AWS": "*"} of a service is not documented', OPEN, TRAIL, {"AWS": "*"}),
    Case(
        '{"AWS": "*"} of a service, where the statement does not apply',
        ALLOWED,
        TRAIL,
        policy=policy(
            allow(Principal={"Service": TRAIL.arn}),
            deny(Principal={"AWS": "*"}, Condition={"Bool": {"aws:SecureTransport": "false"}}),
        ),
        context={"aws:SecureTransport": "true"},
    ),
    speaking("the role's ARN", ALLOWED, ROLE, {"AWS": ROLE_ARN}),
    speaking("another role's ARN", DENIED, ROLE, {"AWS": TARGET_ARN}),
    speaking("the session's ARN", ALLOWED, ROLE, {"AWS": [USER_ARN, SESSION_ARN]}),
    speaking("another session's ARN", DENIED, ROLE, {"AWS": f"{SESSION_ARN}2"}),
    speaking("the user's ARN", ALLOWED, USER, {"AWS": USER_ARN}),
    speaking("principals are case-sensitive", DENIED, USER, {"AWS": USER_ARN.replace("ana", "Ana")}),
    speaking("an account delegates: no more", DENIED, ROLE, {"AWS": ROOT}),
    speaking("an account's number is the same", DENIED, ROLE, {"AWS": ACCOUNT}),
    speaking("a service", ALLOWED, TRAIL, {"Service": ["logs.amazonaws.com", TRAIL.arn]}),
    speaking("another service", DENIED, TRAIL, {"Service": "logs.amazonaws.com"}),
    speaking("a service is no identity provider", DENIED, TRAIL, {"Federated": TRAIL.arn}),
    speaking("a service is no role", DENIED, ROLE, {"Service": TRAIL.arn}),
    speaking("a role is no service", DENIED, TRAIL, {"AWS": ROLE_ARN}),
    speaking("a wildcard in a principal", OPEN, ROLE, {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}),
    speaking("the id of a deleted role", OPEN, ROLE, {"AWS": "AROAEXAMPLE"}),
    speaking("a canonical user", OPEN, ROLE, {"CanonicalUser": "79a5"}),
    speaking("an unknown form", OPEN, ROLE, ROLE_ARN),
    Case("a resource's policy without principal", OPEN, policy=policy(allow())),
    Case(
        "Deny of an account denies its roles",
        EXPLICITLY,
        policy=policy(allow(Principal="*"), deny(Principal={"AWS": ROOT})),
    ),
    Case(
        "Deny of another account",
        ALLOWED,
        policy=policy(allow(Principal="*"), deny(Principal={"AWS": OTHER})),
    ),
    Case("NotPrincipal spares role and account", ALLOWED, policy=policy(allow(Principal="*"), SPARING_ROLE)),
    Case("NotPrincipal denies others", EXPLICITLY, STRANGER, policy=policy(allow(Principal="*"), SPARING_ROLE)),
    Case("NotPrincipal denies services", EXPLICITLY, TRAIL, policy=policy(allow(Principal="*"), SPARING_ROLE)),
    Case(
        "NotPrincipal without the account is not documented",
        OPEN,
        policy=policy(allow(Principal="*"), without(deny(NotPrincipal={"AWS": ROLE_ARN}), "Principal")),
    ),
    Case(
        "NotPrincipal denies whoever has a boundary",
        EXPLICITLY,
        policy=policy(allow(Principal="*"), SPARING_ROLE),
        boundary=policy(allow()),
    ),
    Case(
        "NotPrincipal spares a service",
        ALLOWED,
        TRAIL,
        policy=policy(allow(Principal="*"), without(deny(NotPrincipal={"Service": TRAIL.arn}), "Principal")),
    ),
    Case("NotPrincipal of everyone", OPEN, NOBODY, policy=policy(deny(NotPrincipal="*"))),
    Case("NotPrincipal of everyone, as AWS", OPEN, NOBODY, policy=policy(deny(NotPrincipal={"AWS": "*"}))),
    Case(
        "NotPrincipal with Allow is not supported",
        OPEN,
        policy=policy(allow(NotPrincipal={"AWS": [STRANGER_ARN, OTHER]})),
    ),
]

ANY = policy(allow())
FOR_ROLE = policy(allow(Principal={"AWS": ROLE_ARN}))
FOR_SESSION = policy(allow(Principal={"AWS": SESSION_ARN}))
FOR_ACCOUNT = policy(allow(Principal={"AWS": ROOT}))
FOR_STRANGER = policy(allow(Principal={"AWS": STRANGER_ARN}))
ELSEWHERE = policy(allow("sqs:*"))
DECISIONS = [
    Case("nothing allows", DENIED),
    Case("identity alone, same account", ALLOWED, identity=(ANY,)),
    Case("identity, though the resource's policy is silent", ALLOWED, identity=(ANY,), policy=FOR_STRANGER),
    Case("one of several identity-based policies", ALLOWED, identity=(ELSEWHERE, ANY)),
    Case("an account and identity", ALLOWED, identity=(ANY,), policy=FOR_ACCOUNT),
    Case("explicit deny in identity", EXPLICITLY, identity=(ANY, policy(deny("s3:*"))), policy=FOR_SESSION),
    Case("explicit deny of another action", ALLOWED, identity=(ANY, policy(deny("s3:Put*")))),
    Case("explicit deny in the resource's policy", EXPLICITLY, identity=(ANY,), policy=policy(deny(Principal="*"))),
    Case("explicit deny in the boundary", EXPLICITLY, policy=FOR_SESSION, boundary=policy(allow(), deny("s3:*"))),
    Case("a boundary that allows", ALLOWED, identity=(ANY,), boundary=policy(allow("s3:Get*"))),
    Case("a boundary grants nothing", DENIED, identity=(ELSEWHERE,), boundary=ANY),
    Case("a boundary limits identity", DENIED, identity=(ANY,), boundary=ELSEWHERE),
    Case("a boundary limits what a role's ARN is granted", DENIED, policy=FOR_ROLE, boundary=ELSEWHERE),
    Case("a boundary that allows what a role's ARN is granted", ALLOWED, policy=FOR_ROLE, boundary=ANY),
    Case("a boundary does not limit a session's ARN", ALLOWED, policy=FOR_SESSION, boundary=ELSEWHERE),
    Case("a boundary does not limit *", ALLOWED, policy=policy(allow(Principal="*")), boundary=ELSEWHERE),
    speaking("a boundary does not limit a user's ARN", ALLOWED, USER, {"AWS": USER_ARN}, boundary=ELSEWHERE),
    Case("a boundary limits what is delegated", DENIED, identity=(ANY,), policy=FOR_ACCOUNT, boundary=ELSEWHERE),
    Case("another account: both", ALLOWED, STRANGER, identity=(ANY,), policy=FOR_STRANGER),
    Case("another account: identity alone", DENIED, STRANGER, identity=(ANY,)),
    Case("another account: resource alone", DENIED, STRANGER, policy=FOR_STRANGER),
    Case("another account: * alone", DENIED, STRANGER, policy=policy(allow(Principal="*"))),
    Case(
        "another account: its number and identity",
        ALLOWED,
        STRANGER,
        identity=(ANY,),
        policy=policy(allow(Principal={"AWS": OTHER})),
    ),
    Case("another account: its boundary", DENIED, STRANGER, identity=(ANY,), policy=FOR_STRANGER, boundary=ELSEWHERE),
    Case("the ARN tells the account", DENIED, STRANGER, resource=QUEUE, identity=(ANY,), account=None),
    Case("the ARN of an object does not", OPEN, identity=(ANY,), account=None),
    Case("what is no ARN does not", OPEN, resource="jobs", identity=(ANY,), account=None),
    Case("a service has no boundary", OPEN, TRAIL, policy=policy(allow(Principal="*")), boundary=ANY),
    Case("a service has no identity-based policies", OPEN, TRAIL, identity=(ANY,)),
    Case("a key is asked of evaluate_key", OPEN, resource=KEY_ARN, identity=(ANY,)),
    Case("an alias is not", ALLOWED, resource=KEY_ARN.replace("key/", "alias/"), identity=(ANY,)),
    Case("a key of another service is not", ALLOWED, resource=KEY_ARN.replace("kms", "pay"), identity=(ANY,)),
    Case("a role is asked of can_assume", OPEN, action="sts:AssumeRole", resource=TARGET_ARN, identity=(ANY,)),
]


def key(name: str, expected: str, statement: Mapping[str, Any], principal: Principal = ROLE, **more: Any) -> Case:
    """A case of a key policy with one statement."""
    more = {"resource": KEY_ARN, "action": "kms:Decrypt", "policy": policy(statement), "of": "key"} | more
    return Case(name, expected, principal=principal, **more)


OF_STRANGER = allow(Principal={"AWS": STRANGER_ARN})
KEYS = [
    key("a key policy that names the role", ALLOWED, allow(Principal={"AWS": ROLE_ARN})),
    key("a key policy that delegates, and identity", ALLOWED, allow(Principal={"AWS": ROOT}), identity=(ANY,)),
    key("a key policy that delegates, alone", DENIED, allow(Principal={"AWS": ROOT})),
    key("identity without the key policy", DENIED, OF_STRANGER, identity=(ANY,)),
    key("delegated for other actions", DENIED, allow("kms:List*", Principal={"AWS": ROOT}), identity=(ANY,)),
    key("identity's deny needs no delegation", EXPLICITLY, OF_STRANGER, identity=(policy(deny()),)),
    key("a role's ARN and a boundary", DENIED, allow(Principal={"AWS": ROLE_ARN}), boundary=ELSEWHERE, identity=(ANY,)),
    key("another account: key policy and identity", ALLOWED, OF_STRANGER, STRANGER, identity=(ANY,)),
    key("another account: key policy alone", DENIED, OF_STRANGER, STRANGER),
    key("a service in a key policy", ALLOWED, allow(Principal={"Service": TRAIL.arn}), TRAIL),
    key("a service is not delegated to", DENIED, allow(Principal={"AWS": ROOT}), TRAIL),
    key(
        "kms:CallerAccount",
        ALLOWED,
        allow(Principal={"AWS": "*"}, Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}),
    ),
    key("an alias is no key", OPEN, OF_STRANGER, resource=KEY_ARN.replace("key/", "alias/")),
]


def assuming(name: str, expected: str, document: Policy, principal: Principal = ROLE, **more: Any) -> Case:
    """A case of a trust policy."""
    more = {"resource": TARGET_ARN, "action": "sts:AssumeRole", "of": "trust"} | more
    return Case(name, expected, principal=principal, policy=document, **more)


WEB = "sts:AssumeRoleWithWebIdentity"
SUBJECT = {"StringEquals": {"token.example.org:sub": "repo:org/mesh"}}
OF_WORKFLOW = trust([WEB, "sts:TagSession"], Principal={"Federated": PROVIDER_ARN}, Condition=SUBJECT)
SUB = {"token.example.org:sub": "repo:org/mesh"}
ASSUMER = policy(allow("sts:AssumeRole", TARGET_ARN))
TRUSTS = [
    assuming("a provider whose subject matches", ALLOWED, OF_WORKFLOW, WORKFLOW, action=WEB, context=SUB),
    assuming("no role needed for a provider", ALLOWED, OF_WORKFLOW, WORKFLOW, action=WEB, context=SUB, resource=""),
    assuming("another subject", DENIED, OF_WORKFLOW, WORKFLOW, action=WEB, context={"token.example.org:sub": "repo:x"}),
    assuming("no subject", DENIED, OF_WORKFLOW, WORKFLOW, action=WEB),
    assuming(
        "aws:PrincipalIsAWSService of a provider is absent",
        DENIED,
        trust(WEB, Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}}),
        WORKFLOW,
        action=WEB,
    ),
    assuming(
        "another provider", DENIED, OF_WORKFLOW, Principal.federated("accounts.google.com"), action=WEB, context=SUB
    ),
    assuming(
        "a provider by name",
        ALLOWED,
        trust(WEB, Principal={"Federated": "accounts.google.com"}),
        Principal.federated("accounts.google.com"),
        action=WEB,
    ),
    assuming(
        "session tags are an action of their own", ALLOWED, OF_WORKFLOW, WORKFLOW, action="sts:TagSession", context=SUB
    ),
    assuming("session tags, not allowed", DENIED, trust(Principal={"AWS": ROLE_ARN}), action="sts:TagSession"),
    assuming("a service in a trust policy", ALLOWED, trust(Principal={"Service": TRAIL.arn}), TRAIL),
    assuming("another service in a trust policy", DENIED, trust(Principal={"Service": "ec2.amazonaws.com"}), TRAIL),
    assuming("a wildcard in a service", OPEN, trust(Principal={"Service": "*.amazonaws.com"}), TRAIL),
    assuming("the role's ARN is enough", ALLOWED, trust(Principal={"AWS": ROLE_ARN})),
    assuming("the account delegates: not enough", DENIED, trust(Principal={"AWS": ROOT})),
    assuming("the account delegates, and identity", ALLOWED, trust(Principal={"AWS": ROOT}), identity=(ASSUMER,)),
    assuming(
        "identity for another role",
        DENIED,
        trust(Principal={"AWS": ROOT}),
        identity=(ASSUMER,),
        resource=f"{TARGET_ARN}2",
    ),
    assuming("identity without trust", DENIED, OF_WORKFLOW, identity=(ASSUMER,)),
    assuming("another account, both", ALLOWED, trust(Principal={"AWS": OTHER}), STRANGER, identity=(ASSUMER,)),
    assuming("another account, trust alone", DENIED, trust(Principal={"AWS": STRANGER_ARN}), STRANGER),
    assuming("a user's boundary must allow", DENIED, trust(Principal={"AWS": USER_ARN}), USER, boundary=ELSEWHERE),
    assuming("a user's boundary that allows", ALLOWED, trust(Principal={"AWS": USER_ARN}), USER, boundary=ASSUMER),
    assuming("trust has no Resource", OPEN, policy(allow("sts:AssumeRole", Principal="*"))),
    assuming("trust has no NotPrincipal", OPEN, policy(without(SPARING_ROLE, "Resource"))),
    assuming("a role must be known for a role", OPEN, trust(Principal={"AWS": ROLE_ARN}), resource=""),
]

CASES = [*STATEMENTS, *CONDITIONS, *CONTEXT, *PRINCIPALS, *DECISIONS, *KEYS, *TRUSTS]
named = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@named
def test_decides_as_documented(case: Case) -> None:
    assert case.answer() == case.expected


def refused(case: Case, refusal: Mapping[str, Any]) -> list[Case]:
    """The case with a Deny statement added to each of its policies in turn."""

    def added(document: Policy, **elements: Any) -> dict[str, Any]:
        read = json.loads(document) if isinstance(document, str) else dict(document)
        statements = read["Statement"] if isinstance(read["Statement"], list) else [read["Statement"]]
        return read | {"Statement": [*statements, {**refusal, **elements}]}

    first, *rest = case.identity or (None,)
    cases = [replace(case, identity=(added(first), *rest))] if first is not None else []
    if case.boundary is not None:
        cases.append(replace(case, boundary=added(case.boundary)))
    if case.policy is not None:
        document = added(case.policy, Principal="*")
        if case.of == "trust":
            document["Statement"][-1].pop("Resource")
        cases.append(replace(case, policy=document))
    return cases


REFUSALS = [
    deny(),
    deny("*:Get*"),
    deny(resource="arn:aws:s3:::lake/*"),
    deny(Condition={"StringNotEquals": {"x:Key": "a"}}),
    deny(Condition={"Bool": {"aws:PrincipalIsAWSService": "true"}}),
]


@named
def test_a_further_deny_never_allows(case: Case) -> None:
    for refusal in REFUSALS:
        for further in refused(case, refusal):
            if case.expected != ALLOWED:
                assert further.answer() != ALLOWED
            elif refusal is REFUSALS[0]:
                assert further.answer() == EXPLICITLY


@pytest.mark.parametrize(
    ("case", "statements"),
    [
        (Case("", ALLOWED, identity=(policy(allow()), ELSEWHERE)), ("Grant",)),
        (
            Case("", ALLOWED, identity=(policy(without(deny("sqs:*"), "Sid"), without(allow(), "Sid")),)),
            ("statement 2",),
        ),
        (Case("", EXPLICITLY, identity=(policy(allow(), deny()),)), ("Refuse",)),
        (Case("", DENIED), ()),
        (Case("", ALLOWED, identity=(ANY,), policy=FOR_ACCOUNT), ("Grant", "Grant")),
    ],
)
def test_names_the_statements_that_decided(case: Case, statements: tuple[str, ...]) -> None:
    assert case.answer() == case.expected
    assert case.decide().statements == statements


def test_the_error_names_what_is_open() -> None:
    with pytest.raises(Undetermined, match="StringMatches"):
        condition("", OPEN, "StringMatches", "a", "a").decide()


def test_case_names_differ() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
