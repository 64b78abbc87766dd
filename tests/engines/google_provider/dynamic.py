"""Values of Terraform as they travel: cty's msgpack, in the protocol's DynamicValue.

Imported by the server alone: the tests' own environment has no msgpack.
"""

from __future__ import annotations

import json
from typing import Any

import msgpack

from . import wire


class Unknown:
    """A value that is known after apply, with what cty has told of it."""

    def __init__(self, extension: msgpack.ExtType) -> None:
        self.extension = extension

    def __repr__(self) -> str:
        return "(known after apply)"


# https://github.com/zclconf/go-cty/blob/main/cty/msgpack/unknown.go: extension type 0.
UNKNOWN = Unknown(msgpack.ExtType(0, b"\x00"))


def known(value: Any) -> bool:
    """Whether a value is known, with all that is in it."""
    if isinstance(value, dict):
        return all(map(known, value.values()))
    if isinstance(value, list):
        return all(map(known, value))
    return not isinstance(value, Unknown)


def decode(dynamic_value: bytes) -> Any:
    """The value in a DynamicValue."""
    message = wire.parse(dynamic_value)
    if 2 in message:
        return json.loads(wire.last(message, 2))
    packed = wire.last(message, 1)
    if not packed:
        return None
    return msgpack.unpackb(
        packed,
        ext_hook=lambda code, data: Unknown(msgpack.ExtType(code, data)),
        raw=False,
        strict_map_key=False,
    )


def encode(value: Any) -> bytes:
    """A DynamicValue."""

    def extension(unknown: Any) -> msgpack.ExtType:
        if isinstance(unknown, Unknown):
            return unknown.extension
        raise TypeError(f"{unknown!r} is no value of Terraform")

    # cty reads old-style strings only, hence no bin type.
    return wire.field(1, msgpack.packb(value, default=extension, use_bin_type=False))
