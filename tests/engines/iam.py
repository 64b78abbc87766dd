"""What AWS IAM policies allow and deny, decided as AWS documents it, so that tests prove policies by their effect.

Pages named in comments are those of the IAM User Guide, unless another guide is named. Whatever they leave open, or
this module does not know, raises `Undetermined`: a green test must never rest on a guess.

Not covered: organization and session policies, ACLs, KMS grants, root users, policies of a version before 2012-10-17.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from functools import cache
from ipaddress import ip_address, ip_network
from operator import eq, ge, gt, le, lt
from typing import Any

Policy = Mapping[str, Any] | str
"""A policy document, or its JSON text."""


class Undetermined(Exception):  # noqa: N818 - an answer rather than an error
    """The documentation, or this module, does not say what AWS decides. The message names what is open."""


class Kind(Enum):
    """Who can make a request."""

    ROLE = "a session of an IAM role"
    USER = "an IAM user"
    SERVICE = "an AWS service"
    FEDERATED = "a federated identity that asks for a role"
    ANONYMOUS = "an unsigned request"


@dataclass(frozen=True)
class Principal:
    """Who makes a request. `arn` is that of the role or user, or the name of the service or identity provider."""

    kind: Kind
    arn: str = ""
    account: str | None = None
    session: str | None = None

    @classmethod
    def role(cls, arn: str, session: str = "session") -> Principal:
        """A session of a role, given the role's ARN and the session's name."""
        _, partition, _, _, account, resource = arn.split(":", 5)
        # reference_identifiers: the ARN of a session leaves out the role's path.
        name = resource.rpartition("/")[2]
        return cls(Kind.ROLE, arn, account, f"arn:{partition}:sts::{account}:assumed-role/{name}/{session}")

    @classmethod
    def user(cls, arn: str) -> Principal:
        """An IAM user."""
        return cls(Kind.USER, arn, arn.split(":")[4])

    @classmethod
    def service(cls, name: str) -> Principal:
        """An AWS service that acts for itself, such as cloudtrail.amazonaws.com."""
        return cls(Kind.SERVICE, name)

    @classmethod
    def federated(cls, provider: str) -> Principal:
        """Somebody whom an identity provider vouches for: the provider's ARN, or a name such as accounts.google.com."""
        return cls(Kind.FEDERATED, provider)

    @classmethod
    def anonymous(cls) -> Principal:
        """Nobody known."""
        return cls(Kind.ANONYMOUS)

    @property
    def has_identity_policies(self) -> bool:
        """Whether identity-based policies and permissions boundaries can be attached to it."""
        return self.kind in (Kind.ROLE, Kind.USER)


@dataclass(frozen=True)
class Request:
    """One action on one resource. A list in `context` is a multivalued key; keys that are not there are absent."""

    principal: Principal
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What AWS decides, and the sids of the statements that decided ("statement 1" for one without)."""

    allowed: bool
    explicit_deny: bool = False
    statements: tuple[str, ...] = ()


def evaluate(
    request: Request,
    *,
    identity_policies: Iterable[Policy] = (),
    resource_policy: Policy | None = None,
    boundary: Policy | None = None,
    resource_account: str | None = None,
) -> Decision:
    """Decide a request. The account that owns the resource is needed where the ARN does not tell (as with S3)."""
    if ":kms:" in request.resource and ":key/" in request.resource:
        raise Undetermined("A KMS key is decided by evaluate_key.")
    if re.match("sts:(assumerole|tagsession|setsourceidentity)", request.action, re.IGNORECASE):
        raise Undetermined("Who may assume a role is decided by can_assume.")
    account = resource_account or _account(request.resource)
    return _decide(request, identity_policies, _parse(resource_policy, "resource"), boundary, account)


def evaluate_key(
    request: Request,
    *,
    key_policy: Policy,
    identity_policies: Iterable[Policy] = (),
    boundary: Policy | None = None,
) -> Decision:
    """Decide a request for a KMS key, whose ARN is the request's resource."""
    if ":key/" not in request.resource:
        raise Undetermined(f"{request.resource} is not the ARN of a KMS key.")
    statements = _parse(key_policy, "resource")
    # KMS Developer Guide, key-policy-default: "Unlike other AWS resource policies, an AWS KMS key policy does not
    # automatically give permission to the account or any of its users."
    return _decide(request, identity_policies, statements, boundary, _account(request.resource), gate=True)


def can_assume(
    trust_policy: Policy,
    principal: Principal,
    action: str,
    context: Mapping[str, str | Sequence[str]] | None = None,
    *,
    role: str | None = None,
    identity_policies: Iterable[Policy] = (),
    boundary: Policy | None = None,
) -> Decision:
    """Decide whether a principal may assume `role` (its ARN, needed for roles and users), or tag the session.

    A session with tags needs sts:TagSession as well as the action that assumes: ask for each.
    """
    if role is None and principal.has_identity_policies:
        raise Undetermined("Whether a role or user may assume a role depends on the role's account: give its ARN.")
    request = Request(principal, action, role or "", context or {})
    # reference_policies_evaluation-logic: trust policies, as key policies, "must explicitly allow access".
    account = _account(role) if role else None
    return _decide(request, identity_policies, _parse(trust_policy, "trust"), boundary, account, gate=True, trust=True)


class Named(IntEnum):
    """How closely a Principal element names the one who asks."""

    ACCOUNT = 1
    ENTITY = 2
    CALLER = 3


@dataclass(frozen=True)
class Statement:
    """A checked statement. `principal` and `resources` are None where the type of policy has none."""

    sid: str
    deny: bool
    actions: tuple[str, ...]
    not_action: bool
    resources: tuple[str, ...] | None
    not_resource: bool
    principal: str | Mapping[str, tuple[str, ...]] | None
    not_principal: bool
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]


def _decide(
    request: Request,
    identity_policies: Iterable[Policy],
    resource_statements: Sequence[Statement],
    boundary: Policy | None,
    account: str | None,
    gate: bool = False,
    trust: bool = False,
) -> Decision:
    """Decide; with `gate`, a policy of the resource must allow the account before identity-based policies count."""
    who = request.principal
    identity = [statement for policy in identity_policies for statement in _parse(policy, "identity")]
    if (identity or boundary is not None) and not who.has_identity_policies:
        raise Undetermined(f"Identity-based policies of {who.kind.value}.")
    context = _context(request, account)
    bounded = boundary is not None
    limits = [s for s in _parse(boundary, "identity") if _applies(s, request, context)]
    identity = [s for s in identity if _applies(s, request, context)]
    naming = [(s, how) for s in resource_statements if (how := _speaks(s, request, context, bounded))]
    resource = [s for s, _ in naming]

    denials = [s for s in (*identity, *limits, *resource) if s.deny]
    if denials:
        return Decision(False, True, tuple(s.sid for s in denials))

    within = not bounded or bool(limits)
    if not who.has_identity_policies:
        deciding = resource
    elif who.account != account:
        # reference_policies_evaluation-logic-cross-account: both accounts decide, and both must allow.
        deciding = [*identity, *resource] if identity and resource and within else []
    else:
        # reference_policies_evaluation-logic: what a resource-based policy grants to a session's ARN or a user's ARN is
        # not limited by an implicit deny of the boundary; what it grants to a role's ARN is.
        # reference_policies_elements_principal: "*" asks no other permission of principals of the same account.
        # id_roles_update-role-trust-policy: to assume a role, the boundary of a user who is named must allow it too.
        free = Named.ENTITY if who.kind is Kind.USER and not trust else Named.CALLER
        named = [s for s, how in naming if how >= (Named.ENTITY if within else free)]
        # An account in Principal delegates: the identity-based policies decide.
        delegated = [*identity, *resource] if identity and within and (resource or not gate) else []
        deciding = named or delegated
    return Decision(bool(deciding), False, tuple(s.sid for s in deciding))


def _applies(statement: Statement, request: Request, context: _Context) -> bool:
    """Whether action, resource and conditions match; who asks is `_names`'s matter."""
    action = any(_glob(pattern, True).fullmatch(request.action) for pattern in statement.actions)
    if action == statement.not_action:
        return False
    if statement.resources is not None and not _matches(
        statement.resources, request.resource, _is_resource, statement.not_resource, context
    ):
        return False
    open_question: Undetermined | None = None
    for operator, key, values in statement.conditions:
        try:
            if not _holds(operator, key, values, context):
                # Conditions are joined by AND: one that fails settles what another leaves open.
                return False
        except Undetermined as error:
            open_question = error
    if open_question:
        raise open_question
    return True


def _speaks(statement: Statement, request: Request, context: _Context, bounded: bool) -> Named | None:
    """How closely the statement of a resource names who asks; None if it does not apply to the request."""
    try:
        how = _names(statement, request.principal, bounded)
    except Undetermined:
        if _applies(statement, request, context):
            raise
        return None
    return how if how and _applies(statement, request, context) else None


def _names(statement: Statement, who: Principal, bounded: bool) -> Named | None:
    """How closely the statement of a resource names a principal; None if it does not speak of it."""
    element = statement.principal
    levels = _levels(element, who)
    if not statement.not_principal:
        return max(levels, default=None)
    # reference_policies_elements_notprincipal: Deny with NotPrincipal always denies principals that have a boundary;
    # to be spared, the account has to be listed too, and what happens if it is not is "might".
    if not who.has_identity_policies:
        return None if Named.CALLER in levels else Named.CALLER
    if bounded or not levels:
        return Named.CALLER
    if {Named.ACCOUNT, Named.ENTITY} <= levels:
        return None
    raise Undetermined(f"NotPrincipal of {statement.sid} needs both {who.arn} and its account.")


def _levels(element: str | Mapping[str, tuple[str, ...]] | None, who: Principal) -> set[Named]:
    """All the ways in which a Principal element names a principal."""
    if element == "*":
        return {Named.CALLER}
    assert isinstance(element, Mapping)
    found = set()
    for value in element.get("AWS", ()):
        account = re.fullmatch(r"(?:arn:[\w-]+:iam::)?(\d{12})(?::root)?", value)
        if value == "*":
            # reference_policies_elements_principal: "for anonymous users" this form and a plain "*" are equivalent.
            # Whether it means services and identity providers too, no page says.
            if who.kind in (Kind.SERVICE, Kind.FEDERATED):
                raise Undetermined(f'Whether {{"AWS": "*"}} means {who.arn}: write "*".')
            found.add(Named.CALLER)
        elif account:
            found |= {Named.ACCOUNT} if account[1] == who.account else set()
        elif who.has_identity_policies:
            found |= {Named.ENTITY} if value == who.arn else set()
            found |= {Named.CALLER} if value == who.session else set()
    for kind, type_ in ((Kind.SERVICE, "Service"), (Kind.FEDERATED, "Federated")):
        if who.kind is kind and who.arn in element.get(type_, ()):
            found.add(Named.CALLER)
    return found


# reference_policies_condition-keys: these are in every request. One that a test leaves out is unknown, not absent.
ALWAYS_PRESENT = {"aws:currenttime", "aws:epochtime", "aws:principaltype", "aws:requestedregion", "aws:securetransport"}
# So are these in every signed one, but their values for a service are not documented.
OF_SERVICES_UNKNOWN = {"aws:principalaccount", "aws:principalarn", "kms:calleraccount"}


@dataclass(frozen=True)
class _Context:
    """The request context; keys are not case-sensitive."""

    values: Mapping[str, str | tuple[str, ...]]
    unknown: frozenset[str]

    def get(self, key: str) -> str | tuple[str, ...] | None:
        """The value, a tuple if the key is multivalued, or None if it is absent."""
        if key.lower() not in self.values and key.lower() in self.unknown:
            raise Undetermined(f"{key} is always present: give it in the context.")
        return self.values.get(key.lower())


def _context(request: Request, account: str | None) -> _Context:
    """The context of a request, with the keys that follow from the principal and the resource's account."""
    who = request.principal
    values: dict[str, str | tuple[str, ...]] = {}
    if account:
        values["aws:resourceaccount"] = account
    if who.kind is not Kind.ANONYMOUS and who.kind is not Kind.FEDERATED:
        values["aws:principalisawsservice"] = "true" if who.kind is Kind.SERVICE else "false"
    if who.kind is Kind.SERVICE:
        values["aws:principalservicename"] = who.arn
    if who.has_identity_policies:
        assert who.account
        # "For IAM roles, the request context returns the ARN of the role, not the ARN of the user that assumed it."
        values |= {"aws:principalarn": who.arn, "aws:principalaccount": who.account, "kms:calleraccount": who.account}
        values["aws:principaltype"] = "AssumedRole" if who.kind is Kind.ROLE else "User"
    for key, value in request.context.items():
        values[key.lower()] = value if isinstance(value, str) else tuple(value)
    unknown = ALWAYS_PRESENT | (OF_SERVICES_UNKNOWN if who.kind is Kind.SERVICE else set())
    return _Context(values, frozenset(unknown))


def _holds(operator: str, key: str, values: tuple[str, ...], context: _Context) -> bool:
    """Whether one key of one condition operator is met."""
    quantifier, name, if_exists = _operator(operator)
    present = context.get(key)
    if name == "Null":
        if present == "" or len(values) != 1:
            raise Undetermined(f"Null of {key}, which is empty or compared with several values.")
        return _boolean(values[0]) is (present is None or present == ())
    negated = name in NEGATED
    if present is None:
        # reference_policies_elements_condition_operators: an absent key fails the condition, but meets a negated one
        # and IfExists. reference_policies_condition-single-vs-multi-valued-context-keys: it meets ForAllValues too, and
        # fails ForAnyValue.
        if if_exists or quantifier == "ForAllValues":
            return True
        if quantifier and negated:
            raise Undetermined(f"{operator} of {key}, which is absent.")
        return negated
    if isinstance(present, str):
        members: tuple[str, ...] = (present,)
    elif quantifier:
        members = present
    else:
        raise Undetermined(f"{operator} of {key}, which is multivalued: that requires ForAllValues or ForAnyValue.")
    if quantifier and not any(members):
        # "If the key values resolve to an empty data set (for example, an empty string)", the same as absent.
        members = ()
    compare = COMPARISONS[NEGATED.get(name, name)]
    variables = context if name.startswith(("String", "Arn")) else None
    met = [_matches(values, member, compare, negated, variables) for member in members]
    return all(met) if quantifier == "ForAllValues" else any(met)


def _matches(
    values: tuple[str, ...],
    actual: str,
    compare: Callable[[str, str], bool],
    negated: bool,
    variables: _Context | None,
) -> bool:
    """Whether any of the policy's values matches the actual one (OR), or with `negated` none of them (NOR)."""
    texts = [_substitute(value, variables) for value in values]
    matched = any(compare(actual, text) for text in texts if text is not None)
    # reference_policies_variables: an unresolved variable "might cause the entire statement to be invalid", which is
    # the same as no match unless another value matches or the match is negated.
    if None in texts and (matched or negated):
        raise Undetermined(f"A variable in {', '.join(values)} that the context does not resolve.")
    return matched != negated


def _substitute(text: str, context: _Context | None) -> str | None:
    """A policy's value with its variables resolved; None if one has no value and no default."""
    if "${" in text and context is None:
        raise Undetermined(f"A variable where none is allowed: {text}")
    unresolved = False

    def value(match: re.Match[str]) -> str:
        nonlocal unresolved
        assert context
        variable = re.fullmatch(r"\s*([\w-]+:[^,']+?)\s*(?:,\s*'([^']*)'\s*)?", match[1])
        if not variable:
            raise Undetermined(f"The variable {match[0]}.")
        found = context.get(variable[1])
        # "... you cannot use a multivalued context key as a policy variable"; a wildcard in a value is not documented.
        if isinstance(found, tuple) or set(found or "") & {"*", "?"}:
            raise Undetermined(f"The variable {match[0]} with the value {found}.")
        found = variable[2] if found is None else found
        unresolved = unresolved or found is None
        return found or ""

    resolved = re.sub(r"\$\{([^}]*)\}", value, text)
    return None if unresolved else resolved


@cache
def _glob(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """A pattern with the wildcards * and ?."""
    wildcards = {"*": ".*", "?": "."}
    body = "".join(wildcards.get(character) or re.escape(character) for character in pattern)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _segments_match(segments: Sequence[str], actual: Sequence[str]) -> bool:
    return all(_glob(one).fullmatch(other) for one, other in zip(segments, actual, strict=False))


def _is_resource(actual: str, pattern: str) -> bool:
    """Whether a Resource pattern matches an ARN."""
    if not _glob(pattern).fullmatch(actual):
        return False
    # reference_policies_elements_resource: wildcards stay within a segment, but one at the end of a segment "can expand
    # to match beyond the colon boundaries". Plain at the end of the pattern; elsewhere nobody should rest on it.
    segments = pattern.split(":", 5)
    if (len(segments) == 6 or pattern.endswith("*")) and _segments_match(segments, actual.split(":", 5)):
        return True
    raise Undetermined(f"{pattern} matches {actual} only if a wildcard runs over a colon.")


def _is_arn(actual: str, pattern: str) -> bool:
    """ArnEquals and ArnLike, which "behave identically": the six components are compared one by one."""
    segments, others = pattern.split(":", 5), actual.split(":", 5)
    if len(segments) != 6 or len(others) != 6:
        raise Undetermined(f"ARN operators compare ARNs: {pattern} with {actual}.")
    return _segments_match(segments, others)


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise Undetermined(f"{text} is neither true nor false.")
    return text == "true"


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise Undetermined(f"{text} is not a number.") from None


def _moment(text: str) -> float:
    """Seconds since 1970 of a date and time in ISO 8601, or of that number itself."""
    # Four digits are a year in ISO 8601 as much as seconds.
    if re.fullmatch(r"\d{5,}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise Undetermined(f"{text} is not a date and time with a time zone.")
    return moment.timestamp()


def _is_address(actual: str, network: str) -> bool:
    if ":" in network and "/" not in network:
        raise Undetermined(f"{network} needs a prefix: the documented default is /32.")
    try:
        return ip_address(actual) in ip_network(network)
    except ValueError as error:
        raise Undetermined(str(error)) from None


def _ordered(read: Callable[[str], Any], order: Callable[[Any, Any], bool]) -> Callable[[str, str], bool]:
    return lambda actual, value: order(read(actual), read(value))


ORDERS = {"Equals": eq, "LessThan": lt, "LessThanEquals": le, "GreaterThan": gt, "GreaterThanEquals": ge}
# Functions of the request's value and the policy's.
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda actual, value: actual == value,
    "StringEqualsIgnoreCase": lambda actual, value: actual.lower() == value.lower(),
    "StringLike": lambda actual, value: bool(_glob(value).fullmatch(actual)),
    "ArnEquals": _is_arn,
    "ArnLike": _is_arn,
    "Bool": lambda actual, value: _boolean(actual) is _boolean(value),
    "IpAddress": _is_address,
    **{f"Numeric{name}": _ordered(_number, order) for name, order in ORDERS.items()},
    **{f"Date{name}": _ordered(_moment, order) for name, order in ORDERS.items()},
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def _operator(text: str) -> tuple[str | None, str, bool]:
    """The set operator, the operator and whether IfExists is added."""
    match = re.fullmatch(r"(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?", text)
    if not match or match[2] not in {*COMPARISONS, *NEGATED, "Null"} or (match[2] == "Null" and text != "Null"):
        raise Undetermined(f"The condition operator {text}.")
    return match[1], match[2], bool(match[3])


def _parse(policy: Policy | None, use: str) -> list[Statement]:
    """The statements of an identity-based, a resource-based or a trust policy (`use`), all of it known."""
    if policy is None:
        return []
    document = json.loads(policy) if isinstance(policy, str) else policy
    if document.keys() - {"Version", "Id", "Statement"} or document.get("Version") != "2012-10-17":
        raise Undetermined(f"A policy of version {document.get('Version')} with {', '.join(document)}.")
    bodies = document["Statement"]
    numbered = enumerate([bodies] if isinstance(bodies, Mapping) else bodies, start=1)
    return [_statement(body, body.get("Sid") or f"statement {number}", use) for number, body in numbered]


def _statement(body: Mapping[str, Any], sid: str, use: str) -> Statement:
    """Check and read a statement: everything in it counts, or it is not read at all."""
    elements = body.keys() - {"Sid", "Effect", "Condition"}
    required = [{"Action", "NotAction"}]
    required += [] if use == "trust" else [{"Resource", "NotResource"}]
    # reference_policies_elements_notprincipal: not in trust policies, and only with Deny.
    principals = {"Principal", "NotPrincipal"} if use == "resource" and body.get("Effect") == "Deny" else {"Principal"}
    required += [] if use == "identity" else [principals]
    if len(elements) != len(required) or any(len(elements & choice) != 1 for choice in required):
        raise Undetermined(f"{sid}, of a policy of type {use}, has {', '.join(sorted(elements))}.")
    if body.get("Effect") not in ("Allow", "Deny"):
        raise Undetermined(f"{sid} has the effect {body.get('Effect')}.")
    resources = _listed(body.get("Resource", body.get("NotResource", ()))) if use != "trust" else None
    for resource in resources or ():
        # reference_policies_variables: only in the portion after the fifth colon.
        if "${" in resource and not re.match(r"(?:[^:$]*:){5}", resource):
            raise Undetermined(f"{sid} has a variable before the fifth colon of {resource}.")
    conditions = []
    for operator, keys in body.get("Condition", {}).items():
        _operator(operator)
        conditions += [(operator, key, _listed(values)) for key, values in keys.items()]
    return Statement(
        sid=sid,
        deny=body["Effect"] == "Deny",
        actions=_listed(body.get("Action", body.get("NotAction"))),
        not_action="NotAction" in body,
        resources=resources,
        not_resource="NotResource" in body,
        principal=_principals(body.get("Principal", body.get("NotPrincipal")), sid, "NotPrincipal" in body),
        not_principal="NotPrincipal" in body,
        conditions=tuple(conditions),
    )


def _principals(element: Any, sid: str, negated: bool) -> str | Mapping[str, tuple[str, ...]] | None:
    """A Principal element whose types and values are known."""
    if element is None or (element == "*" and not negated):
        return "*" if element else None
    if not isinstance(element, Mapping) or element.keys() - {"AWS", "Service", "Federated"}:
        raise Undetermined(f"{sid} has the principal {json.dumps(element)}.")
    principals = {type_: _listed(values) for type_, values in element.items()}
    known = r"\d{12}|arn:[\w-]+:(iam::\d{12}:(root|(role|user)/[^*]+)|sts::\d{12}:(assumed-role|federated-user)/[^*]+)"
    if any("*" in value for type_ in ("Service", "Federated") for value in principals.get(type_, ())):
        raise Undetermined(f"{sid} has a wildcard in a service or an identity provider.")
    for value in principals.get("AWS", ()):
        # "You cannot use a wildcard to match part of a principal name or ARN."
        if not re.fullmatch(known, value) and (value != "*" or negated):
            raise Undetermined(f"{sid} has the principal {value}.")
    return principals


def _listed(value: Any) -> tuple[str, ...]:
    """One or several values as text, as JSON writes true and numbers."""
    values = value if isinstance(value, list | tuple) else [value]
    if not values or any(one is None or isinstance(one, Mapping) for one in values):
        raise Undetermined(f"The value {json.dumps(value)}.")
    return tuple(one if isinstance(one, str) else json.dumps(one) for one in values)


def _account(arn: str) -> str:
    """The account in an ARN."""
    segments = arn.split(":", 5)
    if len(segments) != 6 or not segments[4]:
        raise Undetermined(f"{arn} does not tell its account: give resource_account.")
    return segments[4]
