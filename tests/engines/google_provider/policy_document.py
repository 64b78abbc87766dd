"""The data source aws_iam_policy_document, worked out as the real provider does.

https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/iam/policy_document_data_source.go and
policy_model.go beside it. The tests compare it with the real provider where the machine has that.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

VERSION = "2012-10-17"
# What Go's JSON escapes and Python's does not: https://pkg.go.dev/encoding/json#Marshal.
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}

Statement = dict[str, Any]


class PolicyError(Exception):
    """A policy that the real provider rejects."""


def fill(value: dict[str, Any]) -> None:
    """Set what the data source computes in its value."""
    document = merged(value)
    value["json"] = marshalled(document, indented=True)
    value["minified_json"] = marshalled(document, indented=False)
    # https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/create/hashcode.go
    value["id"] = str(zlib.crc32(value["json"].encode()))
    value["version"] = value["version"] or VERSION
    for statement in value["statement"]:
        statement["effect"] = statement["effect"] or "Allow"


def merged(value: dict[str, Any]) -> dict[str, Any]:
    """The document of a data source: its sources, then its own statements, then what overrides them."""
    document: dict[str, Any] = {"Version": "", "Id": "", "Statement": []}
    seen: set[str] = set()
    for index, source in enumerate(value.get("source_policy_documents") or []):
        for place, statement in enumerate(merge(document, source)):
            sid = statement.get("Sid", "")
            if sid and sid in seen:
                raise PolicyError(
                    f"duplicate Sid ({sid}) in source_policy_documents (item {index}; statement {place}). Remove the "
                    "Sid or ensure Sids are unique."
                )
            seen.add(sid)
    merge_parsed(document, own(value))
    for source in value.get("override_policy_documents") or []:
        merge(document, source)
    return document


def merge(document: dict[str, Any], source: str | None) -> list[Statement]:
    """Merge a policy in JSON into a document; its statements are returned. An empty string is skipped."""
    if not source:
        return []
    try:
        parsed = json.loads(source)
    except ValueError as error:
        raise PolicyError(f"a policy document is not JSON: {error}: {source}") from error
    if not isinstance(parsed.setdefault("Statement", []), list):
        raise PolicyError("json: cannot unmarshal object into Go struct field IAMPolicyDoc.Statement")
    parsed["Statement"] = [normalized(statement) for statement in parsed["Statement"]]
    merge_parsed(document, parsed)
    return list(parsed["Statement"])


def normalized(statement: Statement) -> Statement:
    """A statement read from JSON, with members sorted and Booleans as strings, as it comes out of the real provider."""
    written = dict(statement)
    for name in ("Principal", "NotPrincipal"):
        if isinstance(written.get(name), dict):
            written[name] = {type_: one_or_all(each) for type_, each in sorted(written[name].items())}
    if "Condition" in written:
        written["Condition"] = {
            test: {variable: text_of(values) for variable, values in sorted(variables.items())}
            for test, variables in sorted(written["Condition"].items())
        }
    return written


def one_or_all(identifiers: Any) -> Any:
    """Identifiers of a principal: a list in descending order, one string as it is."""
    return sorted(identifiers, reverse=True) if isinstance(identifiers, list) else identifiers


def text_of(values: Any) -> Any:
    """The values of a condition, as strings."""
    if isinstance(values, list):
        return [text_of(each) for each in values]
    return json.dumps(values) if isinstance(values, bool) else values


def merge_parsed(document: dict[str, Any], added: dict[str, Any]) -> None:
    """Merge a document into another: a statement replaces the one that has its Sid."""
    document["Id"] = added.get("Id") or document["Id"]
    document["Version"] = max(document["Version"], added.get("Version", ""))
    for statement in added["Statement"]:
        sid = statement.get("Sid")
        places = [index for index, each in enumerate(document["Statement"]) if sid and each.get("Sid") == sid]
        if places:
            document["Statement"][places[0]] = statement
        else:
            document["Statement"].append(statement)


def own(value: dict[str, Any]) -> dict[str, Any]:
    """The document of the data source's own blocks."""
    version = value.get("version") or VERSION
    statements: list[Statement] = []
    for block in value.get("statement") or []:
        sid = block.get("sid") or ""
        if sid and any(each["Sid"] == sid for each in statements):
            raise PolicyError(f"duplicate Sid ({sid}). Remove the Sid or ensure the Sid is unique.")
        statements.append(
            {
                "Sid": sid,
                "Effect": block.get("effect") or "Allow",
                "Action": one_or_more(block.get("actions")),
                "NotAction": one_or_more(block.get("not_actions")),
                "Resource": unescaped(one_or_more(block.get("resources")), version),
                "NotResource": unescaped(one_or_more(block.get("not_resources")), version),
                "Principal": principals(block.get("principals") or [], version),
                "NotPrincipal": principals(block.get("not_principals") or [], version),
                "Condition": conditions(block.get("condition") or [], version),
            }
        )
    return {"Version": version, "Id": value.get("policy_id") or "", "Statement": statements}


def one_or_more(values: Sequence[str] | None) -> str | list[str] | None:
    """One string as itself, more in descending order: so does the real provider. None for none."""
    if not values:
        return None
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def unescaped(values: str | list[str] | None, version: str) -> Any:
    """Strings with IAM's variables in place of `&{…}`, which stands for them because `${…}` is Terraform's."""
    if isinstance(values, list):
        return [unescaped(each, version) for each in values]
    if values is None or "&{" not in values:
        return values
    if version == "2008-10-17":
        raise PolicyError(f"found ${{ sequence in ({values}), which is not supported in document version 2008-10-17")
    return values.replace("&{", "${")


def principals(blocks: Sequence[dict[str, Any]], version: str) -> Any:
    """The member Principal."""
    found: dict[str, Any] = {}
    for block in blocks:
        identifiers = unescaped(one_or_more(block["identifiers"]), version)
        before = found.get(block["type"])
        if before is None:
            found[block["type"]] = identifiers
        else:
            found[block["type"]] = [
                *(before if isinstance(before, list) else [before]),
                *(identifiers if isinstance(identifiers, list) else [identifiers]),
            ]
    return "*" if found == {"*": "*"} else dict(sorted(found.items()))


def conditions(blocks: Sequence[dict[str, Any]], version: str) -> dict[str, dict[str, Any]]:
    """The member Condition. The order of values is kept."""
    found: dict[str, dict[str, Any]] = {}
    for block in blocks:
        values = [unescaped(each, version) for each in block["values"]]
        variables = found.setdefault(block["test"], {})
        if len(values) == 1:
            variables[block["variable"]] = values[0]
        else:
            before = variables.get(block["variable"], [])
            variables[block["variable"]] = [*(before if isinstance(before, list) else []), *values]
    return {test: dict(sorted(variables.items())) for test, variables in sorted(found.items())}


def marshalled(document: dict[str, Any], indented: bool) -> str:
    """A document as Go writes it: members in the order of the model, empty ones left out."""
    statements = [ordered(statement) for statement in document["Statement"]]
    written = {key: document[key] for key in ("Version", "Id") if document[key]}
    # omitempty: no member where there is no statement.
    written |= {"Statement": statements} if statements else {}
    text = json.dumps(
        written, ensure_ascii=False, indent=2 if indented else None, separators=None if indented else (",", ":")
    )
    return text.translate(ESCAPED)


def ordered(statement: Statement) -> Statement:
    """A statement with the members that are not empty, in the order of the real provider's model."""
    members = (
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    )
    return {name: statement[name] for name in members if statement.get(name)}
