"""A provider without an API: what Terraform asks it, answered from a schema and a table.

A resource is created, changed and deleted by saying so. Its state is Terraform's own, so reading it gives back what
Terraform has.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import policy_document, wire
from .bindings import Block
from .computed import Computed, dotted, empty, steps
from .deprecation import Deprecations
from .dynamic import UNKNOWN, Unknown, decode, encode
from .schema import Schema
from .tables import Entry, Table, table
from .wire import Message, diagnostic, field, last, text

RESOURCE, DATA, EPHEMERAL = "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"
# Where the real provider looks for what is not configured.
# https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference
VARIABLES = {
    "project": ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
    "region": ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
    "zone": ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
}
ACCOUNT = "111111111111"
NO_PROJECT = "project: required field is not set"
# What is changed in place although a resource is replaced by everything.
KEPT = {"deletion_policy", "id", "labels", "timeouts"}

Context = dict[str, Any]


def google_context(configuration: Mapping[str, Any]) -> Context:
    """What google's configuration tells."""
    context: Context = {"labels": configuration.get("default_labels") or {}}
    if configuration.get("add_terraform_attribution_label") is not False:
        # On by default since 6.0: website/docs/guides/version_6_upgrade.html.markdown.
        context["labels"] = context["labels"] | {"goog-terraform-provisioned": "true"}
    for name, variables in VARIABLES.items():
        configured = configuration.get(name)
        found = [configured, *(os.environ.get(variable) for variable in variables)]
        context[name] = next((each for each in found if isinstance(each, str) and each), None)
    return context


def aws_context(configuration: Mapping[str, Any]) -> Context:
    """What aws's configuration tells. Its account is the one allowed, or that of the role to assume."""
    region = configuration.get("region")
    if not isinstance(region, str) or not region:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    allowed = configuration.get("allowed_account_ids")
    roles = [str(each.get("role_arn")) for each in configuration.get("assume_role") or []]
    accounts = [match[1] for role in roles if (match := re.match(r"arn:[\w-]+:iam::(\d{12}):", role))]
    accounts += [each for each in allowed if isinstance(each, str)] if isinstance(allowed, list) else []
    partition = {"us-gov": "aws-us-gov", "cn": "aws-cn"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")
    blocks = configuration.get("default_tags") or []
    return {
        "account": accounts[0] if accounts else ACCOUNT,
        "dns_suffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
        "partition": partition,
        "region": region,
        "tags": next((each.get("tags") for each in blocks if isinstance(each, dict)), None) or {},
    }


# hashicorp/time has nothing to configure.
CONTEXTS: Mapping[str, Callable[[Mapping[str, Any]], Context]] = {
    "aws": aws_context,
    "google": google_context,
    "time": dict,
}
# What is not made up but worked out, as the real provider does without its API.
WORKED_OUT: Mapping[str, Callable[[dict[str, Any]], None]] = {"aws_iam_policy_document": policy_document.fill}


class Provider:
    """Answers the calls of tfplugin5's service Provider, which the public methods are named after.

    Each gets the request and the connection that it came by: one process may serve several configurations of a
    provider, and only the connection tells them apart.
    """

    def __init__(self, name: str, schema: Schema) -> None:
        self.name = name
        self.schema = schema
        self.table: Table = table(name)
        self.deprecations = Deprecations(schema, self.table)
        self.contexts: dict[str, Context] = {}

    # Schema and configuration.

    def GetSchema(self, request: Message, connection: str) -> bytes:  # noqa: N802, as all names below
        # A schema that is written twice counts as it is written last.
        marked = (wire.type_schema(*each) for each in self.deprecations.marked())
        functions = (
            field(7, wire.string_function(name, each.parameter)) for name, each in self.table.functions.items()
        )
        return b"".join([self.schema.message(), *marked, *functions])

    def GetResourceIdentitySchemas(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return b""

    def PrepareProviderConfig(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return field(1, last(request, 1))

    def Configure(self, request: Message, connection: str) -> bytes:  # noqa: N802
        self.contexts[connection] = CONTEXTS[self.name](decode(last(request, 2)) or {})
        return b""

    def Stop(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return b""

    # Validation.

    def ValidateResourceTypeConfig(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return self.validate(RESOURCE, request)

    def ValidateDataSourceConfig(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return self.validate(DATA, request)

    def ValidateEphemeralResourceConfig(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return self.validate(EPHEMERAL, request)

    def validate(self, kind: str, request: Message) -> bytes:
        """What Terraform itself cannot find wrong in a configuration, which has only seen the schema."""
        name, configuration = text(request, 1), decode(last(request, 2))
        block = self.schema.block(kind, name)
        found = [*attribute_errors(block, configuration)]
        if kind != EPHEMERAL:
            found += self.deprecations.warnings(kind, name, configuration)
            found += rule_errors(self.table.entry(name, kind == DATA), configuration)
        return b"".join(field(1, each) for each in found)

    # State.

    def UpgradeResourceState(self, request: Message, connection: str) -> bytes:  # noqa: N802
        state = json.loads(last(wire.parse(last(request, 3)), 1))
        conformed = conform(self.schema.block(RESOURCE, text(request, 1)), state)
        return field(1, field(2, json.dumps(conformed)))

    def ReadResource(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return field(1, last(request, 2)) + field(3, last(request, 3))

    def PlanResourceChange(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name = text(request, 1)
        prior, planned = decode(last(request, 2)), decode(last(request, 3))
        if planned is None:
            return field(1, last(request, 3)) + field(3, last(request, 5))
        block, entry = self.schema.block(RESOURCE, name), self.table.entry(name)
        self.plan(name, block, entry, prior, planned, self.contexts.get(connection, {}))
        replacing = {} if prior is None else dict.fromkeys(replaced_by(block, entry, prior, planned))
        return (
            field(1, encode(planned))
            + b"".join(field(2, wire.attribute_path([each])) for each in replacing)
            + field(3, last(request, 5))
            # As both real providers: what they set themselves where nothing is configured is no error.
            + field(5, 1)
        )

    def plan(
        self, name: str, block: Block, entry: Entry, prior: Any, planned: dict[str, Any], context: Context
    ) -> None:
        """Make of Terraform's proposal, in place, what the provider plans."""
        for inner, schema, path in steps(block, planned):
            for attribute, each in schema.get("attributes", {}).items():
                if each.get("write_only"):
                    inner[attribute] = None
                elif inner[attribute] is None:
                    at_top = not path and each.get("optional") and attribute in ("project", "region", "zone")
                    default = entry.defaults.get(dotted(path, attribute), each.get("default"))
                    configured = context.get(attribute) if at_top else None
                    inner[attribute] = (configured or UNKNOWN) if each.get("computed") else default
        for path_ in entry.filled_blocks:
            fill_planned_blocks(block, path_, prior, planned)
        Computed(name, entry, self.table.everywhere, block, context).plan(planned)
        plan_labels(block, planned, context)

    def ApplyResourceChange(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name = text(request, 1)
        prior, planned = decode(last(request, 2)), decode(last(request, 3))
        if planned is None:
            if refusal := refuses_deletion(name, prior):
                return field(1, last(request, 2)) + field(2, last(request, 5)) + field(3, refusal)
            return field(1, last(request, 3))
        block, context = self.schema.block(RESOURCE, name), self.contexts.get(connection, {})
        if lacks_project(self.name, block, planned, context):
            return field(1, last(request, 2)) + field(3, diagnostic(NO_PROJECT))
        Computed(name, self.table.entry(name), self.table.everywhere, block, context).fill(planned)
        return field(1, encode(planned)) + field(2, last(request, 5)) + field(4, 1)

    def ImportResourceState(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name, identifier = text(request, 1), text(request, 2)
        block, entry = self.schema.block(RESOURCE, name), self.table.entry(name)
        state = empty(block) | {"id": identifier}
        if entry.id and (match := import_pattern(entry.id).fullmatch(identifier)):
            state |= {key: value for key, value in match.groupdict().items() if key in state}
        Computed(name, entry, self.table.everywhere, block, self.contexts.get(connection, {})).fill(state)
        return field(1, field(1, name) + field(2, encode(state)))

    def ReadDataSource(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name, value = text(request, 1), decode(last(request, 2))
        if name in WORKED_OUT:
            try:
                WORKED_OUT[name](value)
            except policy_document.PolicyError as error:
                return field(2, diagnostic(str(error)))
            return field(1, encode(value))
        block, entry = self.schema.block(DATA, name), self.table.entry(name, data=True)
        context = self.contexts.get(connection, {})
        if lacks_project(self.name, block, value, context):
            return field(2, diagnostic(NO_PROJECT))
        return field(1, encode(Computed(f"data.{name}", entry, self.table.everywhere, block, context).fill(value)))

    # Ephemeral resources: never in a state, so any value serves.

    def OpenEphemeralResource(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name, value = text(request, 1), decode(last(request, 2))
        block, context = self.schema.block(EPHEMERAL, name), self.contexts.get(connection, {})
        return field(3, encode(Computed(f"ephemeral.{name}", Entry(), {}, block, context).fill(value)))

    def RenewEphemeralResource(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return b""

    def CloseEphemeralResource(self, request: Message, connection: str) -> bytes:  # noqa: N802
        return b""

    # Functions.

    def GetFunctions(self, request: Message, connection: str) -> bytes:  # noqa: N802
        functions = self.table.functions.items()
        return b"".join(field(1, wire.string_function(name, each.parameter)) for name, each in functions)

    def CallFunction(self, request: Message, connection: str) -> bytes:  # noqa: N802
        name, argument = text(request, 1), decode(request[2][0])
        pattern = self.table.functions[name].pattern
        if match := re.search(pattern, argument):
            return field(1, encode(match[1]))
        return field(2, field(1, f"{name}: {argument!r} does not match {pattern}"))


def attribute_errors(block: Block, configuration: Any) -> Iterator[bytes]:
    """Attributes that may not be set, and values that are not among those possible."""
    for inner, schema, path in steps(block, configuration):
        for name, attribute in schema.get("attributes", {}).items():
            value, at = inner.get(name), dotted(path, name)
            if value is None:
                continue
            if not configurable(attribute):
                yield diagnostic(
                    "Value for unconfigurable attribute",
                    f'Can\'t configure a value for "{at}": its value will be decided automatically based on the '
                    "result of applying this configuration.",
                    [*path[:2], name] if len(path) < 3 else path[:2],
                )
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and each not in attribute.get("enum", [each]):
                    possible = " ".join(json.dumps(one) for one in attribute["enum"])
                    yield diagnostic(f"expected {at} to be one of [{possible}], got {each}", "", [(*path, name)[0]])


def reach(value: Any, path: str) -> Iterator[Any]:
    """Every value at a path of names, through all blocks on the way."""
    if isinstance(value, list):
        for each in value:
            yield from reach(each, path)
    elif isinstance(value, Unknown) or not path:
        yield value
    elif isinstance(value, dict):
        name, _, rest = path.partition(".")
        yield from reach(value.get(name), rest)


def is_set(values: list[Any]) -> bool | None:
    """Whether something is configured; None if that is not known yet."""
    if any(isinstance(each, Unknown) for each in values):
        return None
    return any(each not in (None, {}) for each in values)


def rule_errors(entry: Entry, configuration: dict[str, Any]) -> Iterator[bytes]:
    """The rules of an entry that a configuration breaks, told as Terraform's plugin SDK tells them.

    https://github.com/hashicorp/terraform-plugin-sdk/blob/main/helper/schema/schema.go
    """
    invalid, missing = "Invalid combination of arguments", "Missing required argument"
    for path, pattern in entry.patterns.items():
        for value in reach(configuration, path):
            if isinstance(value, str) and not re.search(pattern, value):
                yield diagnostic(f'"{path}" ("{value}") doesn\'t match regexp "{pattern}"')
    for names in (*entry.exactly_one, *entry.at_least_one, *entry.at_most_one, *entry.together):
        found = {name: is_set(list(reach(configuration, name))) for name in names}
        there, possible = [name for name in names if found[name]], [name for name in names if found[name] is not False]
        options = f"`{','.join(names)}`"
        if names in entry.exactly_one and not possible:
            yield diagnostic(invalid, f'"{names[0]}": one of {options} must be specified')
        elif names in entry.exactly_one and len(there) > 1:
            specified = f"`{','.join(there)}`"
            yield diagnostic(
                invalid, f'"{there[0]}": only one of {options} can be specified, but {specified} were specified.'
            )
        elif names in entry.at_least_one and not possible:
            yield diagnostic(missing, f'"{names[0]}": one of {options} must be specified')
        elif names in entry.at_most_one and len(there) > 1:
            yield diagnostic("Conflicting configuration arguments", f'"{there[0]}": conflicts with {there[1]}')
        elif names in entry.together and there and len(possible) < len(names):
            yield diagnostic(missing, f'"{there[0]}": all of {options} must be specified')


def replaced_by(block: Block, entry: Entry, prior: Any, planned: Any) -> Iterator[str]:
    """The attributes and blocks of a resource whose change needs a new one."""
    paths = {*entry.replaced_by} - {"*"}
    if "*" in entry.replaced_by:
        arguments = {name for name, each in block.get("attributes", {}).items() if configurable(each)}
        paths |= (arguments | {*block.get("block_types", {})}) - KEPT
    for schema, path in schemas(block):
        paths |= {dotted(path, name) for name, each in schema.get("attributes", {}).items() if each.get("replaces")}
    for path_ in sorted(paths):
        if list(reach(prior, path_)) != list(reach(planned, path_)):
            yield path_.partition(".")[0]


def configurable(attribute: Mapping[str, Any]) -> bool:
    """Whether an attribute may be set in a configuration."""
    return bool(attribute.get("required") or attribute.get("optional"))


def schemas(block: Block, path: tuple[str, ...] = ()) -> Iterator[tuple[Block, tuple[str, ...]]]:
    """A block and all blocks in it, with their paths."""
    yield block, path
    for name, nested in block.get("block_types", {}).items():
        yield from schemas(nested["block"], (*path, name))


def fill_planned_blocks(block: Block, path: str, prior: Any, planned: dict[str, Any]) -> None:
    """Plan the blocks that the provider fills where none is configured: as they were, or known after apply."""
    *parents, name = path.split(".")
    before = list(reach(prior, path))
    for inner, _, found in steps(block, planned):
        if [step for step in found if isinstance(step, str)] == parents and inner.get(name) == []:
            inner[name] = before or UNKNOWN


def plan_labels(block: Block, planned: dict[str, Any], context: Context) -> None:
    """Plan all labels, or tags, that a resource will have, with those that the provider is configured to add.

    https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/version_5_upgrade and
    https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/resource-tagging.
    """
    attributes = block.get("attributes", {})
    for configured, all_of_them, added in (
        ("labels", ("terraform_labels", "effective_labels"), "labels"),
        ("annotations", ("effective_annotations",), ""),
        ("tags", ("tags_all",), "tags"),
    ):
        for name in all_of_them:
            if name in attributes and configured in attributes:
                own = planned[configured]
                planned[name] = own if isinstance(own, Unknown) else (context.get(added) or {}) | (own or {})


def lacks_project(provider: str, block: Block, value: dict[str, Any], context: Context) -> bool:
    """Whether a project is needed and neither the resource nor the provider has one."""
    attribute = block.get("attributes", {}).get("project", {})
    own = value.get("project")
    needed = provider == "google" and attribute.get("optional") and attribute.get("computed")
    return bool(needed) and not context.get("project") and (own is None or isinstance(own, Unknown))


def refuses_deletion(name: str, prior: Any) -> bytes | None:
    """Why a resource may not be deleted, as the real provider says it, None if it may."""
    if not name.startswith("google_"):
        return None
    if prior.get("deletion_policy") == "PREVENT":
        return diagnostic(
            f'cannot destroy {name} without setting deletion_policy="DELETE" and running `terraform apply`'
        )
    if prior.get("deletion_protection") is True:
        return diagnostic(
            f"cannot destroy {name} without setting deletion_protection=false and running `terraform apply`"
        )
    return None


def conform(block: Block, state: Any) -> Any:
    """A state that an older provider may have written, with exactly the members of a block."""
    if state is None:
        return None
    conformed = {name: state.get(name) for name in block.get("attributes", {})}
    for name, nested in block.get("block_types", {}).items():
        inner, mode = state.get(name), nested["nesting_mode"]
        if mode in ("list", "set"):
            conformed[name] = [conform(nested["block"], each) for each in inner or []]
        elif mode == "map":
            conformed[name] = {key: conform(nested["block"], each) for key, each in (inner or {}).items()}
        else:
            conformed[name] = conform(nested["block"], inner)
    return conformed


def import_pattern(template: str) -> re.Pattern[str]:
    """The pattern of the ids that a template makes, its placeholders as groups."""
    seen: set[str] = set()
    pattern = ""
    for index, part in enumerate(re.split(r"\{(\w+)(?::last)?\}", template)):
        if index % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(pattern)
