"""Policy documents of AWS that say less, or allow more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]

DOCUMENT = "aws_iam_policy_document"
STRANGER = "arn:aws:iam::999999999999:root"


def policy_document(value: str) -> Json | None:
    """The policy document that a text holds."""
    if not value.startswith("{"):
        return None
    document = json.loads(value)
    return document if "Statement" in document else None


def weakened(document: Json) -> Iterator[tuple[str, Json]]:
    """A policy document with one statement less, or one statement that says less or allows more."""
    for index, statement in enumerate(document["Statement"]):
        before, after = document["Statement"][:index], document["Statement"][index + 1 :]
        name = statement.get("Sid", index)
        yield f"{name} removed", document | {"Statement": [*before, *after]}
        for change, weaker in weaker_statements(statement):
            yield f"{name} {change}", document | {"Statement": [*before, weaker, *after]}


def weaker_statements(statement: Json) -> Iterator[tuple[str, Json]]:
    """A statement in JSON that says less or allows more."""
    conditions: Json = statement.get("Condition", {})
    if statement["Effect"] == "Allow":
        if "Action" in statement and "kms:*" not in listed(statement["Action"]):
            yield "action *", statement | {"Action": [*listed(statement["Action"]), "*"]}
        if "Principal" in statement:
            yield "anybody", statement | {"Principal": "*"}
            yield "a stranger", statement | {"Principal": {"AWS": STRANGER}}
        elif "*" not in listed(statement["Resource"]):
            yield "resource *", statement | {"Resource": [*listed(statement["Resource"]), "*"]}
        for test, variables in conditions.items():
            for variable in variables:
                rest = {name: values for name, values in variables.items() if name != variable}
                yield f"without {variable}", statement | {"Condition": conditions | {test: rest}}
    else:
        yield "allows", statement | {"Effect": "Allow"}
        yield "on a condition", statement | {"Condition": conditions | {"Null": {"aws:TokenIssueTime": "true"}}}
        if "Principal" in statement:
            yield "a stranger alone", statement | {"Principal": {"AWS": STRANGER}}


def document_changes(source: Json) -> Iterator[tuple[Path, str, Json]]:
    """Weaker forms of a document that is put together in the plan, since parts of it are not known yet.

    A statement keeps its place, since what is unknown is found by it.
    """
    after = source["change"]["after"]
    for index, text in enumerate(after.get("source_policy_documents") or []):
        document = policy_document(text or "")
        for change, weaker in weakened(document) if document else ():
            changed = deepcopy(source)
            changed["change"]["after"]["source_policy_documents"][index] = json.dumps(weaker)
            yield ("source_policy_documents", index), change, changed
    for index, statement in enumerate(after.get("statement") or []):
        for change, values, known in weaker_blocks(statement):
            changed = deepcopy(source)
            changed["change"]["after"]["statement"][index] |= values
            changed["change"]["after_unknown"]["statement"][index] |= known
            yield ("statement", index), f"{statement.get('sid') or 'statement'} {change}", changed


def weaker_blocks(statement: Json) -> Iterator[tuple[str, Json, Json]]:
    """How a statement block can say less or allow more: its name, the other values, and what of them is unknown."""

    def known(name: str, value: list[Any]) -> tuple[Json, Json]:
        return {name: value}, {name: [False if isinstance(each, str) else {} for each in value]}

    yield "removed", *known("actions", ["none:Nothing"])
    anybody = {"type": "*", "identifiers": ["*"]}
    stranger = {"type": "AWS", "identifiers": [STRANGER]}
    if statement["effect"] in (None, "Allow"):
        if statement["actions"] != ["kms:*"]:
            yield "action *", *known("actions", [*statement["actions"], "*"])
        if statement["principals"]:
            yield "anybody", *known("principals", [anybody])
            yield "a stranger", *known("principals", [stranger])
        elif statement["resources"] != ["*"]:
            yield "resource *", *known("resources", ["*"])
        for condition in statement["condition"]:
            # The condition stays in its place and demands what is always so.
            empty = {"test": "StringLike", "variable": "aws:PrincipalType", "values": ["*"]}
            conditions = [empty if each is condition else each for each in statement["condition"]]
            yield f"without {condition['variable']}", {"condition": conditions}, {}
    else:
        yield "allows", {"effect": "Allow"}, {}
        never = {"test": "Null", "variable": "aws:TokenIssueTime", "values": ["true"]}
        yield "on a condition", {"condition": [*statement["condition"], never]}, {}
        yield "a stranger alone", *known("principals", [stranger])


def listed(value: str | Sequence[str]) -> list[str]:
    """A list, where one entry may stand without its brackets."""
    return [value] if isinstance(value, str) else list(value)
