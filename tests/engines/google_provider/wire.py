"""Messages of Terraform's plugin protocol 5: as much of protobuf as they need.

https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto names the fields; the numbers here
are theirs. protobuf's own runtime would need generated code and a pin that conflicts with everybody else's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Message = dict[int, list[Any]]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
ERROR, WARNING = 1, 2
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
# The maps of the response to GetSchema, from the names of types to their schemas.
SCHEMAS = {"resource_schemas": 2, "data_source_schemas": 3, "ephemeral_resource_schemas": 8}


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    number &= (1 << 64) - 1
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def field(number: int, value: bytes | str | int) -> bytes:
    """A field. As protobuf has it, a number that is 0 is left out."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value) if value else b""
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | BYTES) + varint(len(content)) + content


def parse(message: bytes) -> Message:
    """The fields of a message: number -> values, each bytes or a number."""
    found: Message = {}
    position = 0

    def read_varint() -> int:
        nonlocal position
        number = shift = 0
        while True:
            byte = message[position]
            position += 1
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    while position < len(message):
        key = read_varint()
        wire_type = key & 7
        value: Any
        if wire_type == VARINT:
            value = read_varint()
        elif wire_type in (BYTES, FIXED32, FIXED64):
            length = {FIXED32: 4, FIXED64: 8}.get(wire_type) or read_varint()
            value = message[position : position + length]
            position += length
        else:
            raise ValueError(f"wire type {wire_type} is not part of tfplugin5")
        found.setdefault(key >> 3, []).append(value)
    return found


def last(message: Message, number: int) -> bytes:
    """The value of a field of bytes, empty if it is not there."""
    value = message[number][-1] if number in message else b""
    assert isinstance(value, bytes)
    return value


def text(message: Message, number: int) -> str:
    """The value of a field of text."""
    return last(message, number).decode()


def attribute_path(path: Sequence[str | int]) -> bytes:
    """An AttributePath: names, and indexes of lists."""
    # An index of 0 is written all the same: the field is in a oneof.
    return b"".join(
        field(1, field(1, step) if isinstance(step, str) else varint(3 << 3 | VARINT) + varint(step)) for step in path
    )


def diagnostic(summary: str, detail: str = "", path: Sequence[str | int] = (), severity: int = ERROR) -> bytes:
    """A Diagnostic."""
    located = field(4, attribute_path(path)) if path else b""
    return field(1, severity) + field(2, summary) + field(3, detail) + located


def json_type(type_: Any) -> bytes:
    """A type of cty as the protocol has it."""
    return json.dumps(type_, separators=(",", ":")).encode()


def schema_block(block: dict[str, Any]) -> bytes:
    """A Schema.Block."""
    written = b""
    for name, attribute in sorted(block.get("attributes", {}).items()):
        flags = ((4, "required"), (5, "optional"), (6, "computed"), (9, "deprecated"), (10, "write_only"))
        written += field(
            2,
            field(1, name)
            + field(2, json_type(attribute["type"]))
            + b"".join(field(number, int(attribute.get(flag, False))) for number, flag in flags),
        )
    for name, nested in sorted(block.get("block_types", {}).items()):
        written += field(
            3,
            field(1, name)
            + field(2, schema_block(nested["block"]))
            + field(3, NESTING[nested["nesting_mode"]])
            + field(4, nested.get("min_items", 0))
            + field(5, nested.get("max_items", 0)),
        )
    return written + field(6, int(block.get("deprecated", False)))


def schema(entry: dict[str, Any]) -> bytes:
    """A Schema."""
    return field(1, entry.get("version", 0)) + field(2, schema_block(entry.get("block", {})))


def type_schema(kind: str, name: str, entry: dict[str, Any]) -> bytes:
    """The schema of one type in the response to GetSchema. It takes the place of one that was written before."""
    return field(SCHEMAS[kind], field(1, name) + field(2, schema(entry)))


def provider_schema(recovered: dict[str, Any]) -> bytes:
    """The response to GetSchema, without functions."""
    written = field(1, schema(recovered["provider"]))
    for kind in SCHEMAS:
        for name, entry in sorted(recovered[kind].items()):
            written += type_schema(kind, name, entry)
    # ServerCapabilities: get_provider_schema_optional, so that one schema serves all instances of the provider.
    return written + field(6, field(2, 1))


def string_function(name: str, parameter: str) -> bytes:
    """An entry of `functions` for a function from one string to a string."""
    string = json_type("string")
    signature = field(1, field(1, parameter) + field(2, string)) + field(3, field(1, string))
    return field(1, name) + field(2, signature)
