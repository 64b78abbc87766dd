"""Parse trees and resolved trees, read from the wire format as far as somebody looks.

protobuf's decoder stops at 100 levels of nesting, which SQL exceeds; decoding only what is read is also much faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Descriptor = Any  # of google.protobuf


class Node:
    """A message of a tree. Wrappers that only choose a kind of node are passed over, inherited fields are one's own."""

    __slots__ = ("_fields", "data", "descriptor")

    def __init__(self, descriptor: Descriptor, data: bytes) -> None:
        self.descriptor = descriptor
        self.data = data
        self._fields: dict[int, list[Any]] | None = None
        while self.descriptor.name.startswith("Any"):
            for number, values in self.fields.items():
                self.descriptor = self.descriptor.fields_by_number[number].message_type
                self.data = values[-1]
            self._fields = None

    @property
    def kind(self) -> str:
        """E.g. ASTQueryStatement or ResolvedTableScan."""
        name: str = self.descriptor.name
        return name.removesuffix("Proto")

    @property
    def fields(self) -> dict[int, list[Any]]:
        """What the message holds, by field number: bytes of messages and text, integers."""
        if self._fields is None:
            self._fields = _decode(self.data)
        return self._fields

    def _values(self, name: str) -> tuple[Any, list[Any]]:
        node: Node = self
        while name not in node.descriptor.fields_by_name:
            parent = node.descriptor.fields_by_name.get("parent")
            if parent is None:
                raise KeyError(f"{self.kind} has no field {name}")
            node = Node(parent.message_type, node.fields.get(parent.number, [b""])[-1])
        field = node.descriptor.fields_by_name[name]
        return field, node.fields.get(field.number, [])

    def child(self, name: str) -> Node | None:
        """The message in a field."""
        field, values = self._values(name)
        return Node(field.message_type, values[-1]) if values else None

    def children(self, name: str) -> list[Node]:
        """The messages in a repeated field."""
        field, values = self._values(name)
        return [Node(field.message_type, value) for value in values]

    def text(self, name: str) -> str:
        values = self._values(name)[1]
        return values[-1].decode() if values else ""

    def number(self, name: str) -> int:
        """An integer, boolean or enumeration."""
        values = self._values(name)[1]
        return int(values[-1]) if values else 0

    def choice(self, name: str) -> str:
        """The name of an enumeration's value."""
        field, values = self._values(name)
        chosen: str = field.enum_type.values_by_number[values[-1] if values else 0].name
        return chosen

    def numbers(self, name: str) -> list[int]:
        """A repeated integer, packed or not."""
        result: list[int] = []
        for value in self._values(name)[1]:
            result.extend(_varints(value) if isinstance(value, bytes) else [value])
        return result

    def message(self, type: Any) -> Any:
        """Decoded by protobuf."""
        return type.FromString(self.data)

    @property
    def span(self) -> tuple[int, int]:
        """Where it stands in the SQL, in bytes."""
        range = self.child("parse_location_range")
        return (range.number("start"), range.number("end")) if range else (0, 0)

    @property
    def names(self) -> Any:
        """The fields that nodes of this kind have themselves."""
        return self.descriptor.fields_by_name

    def raws(self, name: str) -> list[bytes]:
        """The messages in a field, not decoded."""
        values: list[bytes] = self._values(name)[1]
        return values

    def raw(self, name: str) -> bytes | None:
        values = self.raws(name)
        return values[-1] if values else None

    def nested(self, mark: bytes = b"") -> Iterator[Node]:
        """All nodes directly below whose bytes hold the mark, those in inherited fields included."""
        below = _below(self.descriptor)
        for number, values in self.fields.items():
            if number not in below:
                continue
            inherited, kind = below[number]
            for value in values:
                if mark not in value:
                    continue
                node = Node(kind, value)
                if inherited:
                    yield from node.nested(mark)
                else:
                    yield node

    def find(self, kind: str, mark: bytes = b"") -> Iterator[Node]:
        """All nodes of a kind at any depth. mark: bytes that every branch with such a node holds."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.kind == kind:
                yield node
            stack.extend(node.nested(mark))


_fields_below: dict[str, dict[int, tuple[bool, Descriptor]]] = {}


def _below(descriptor: Descriptor) -> dict[int, tuple[bool, Descriptor]]:
    """The fields that hold nodes, by number: whether the inherited ones, and of what kind.

    Nodes are the messages of one file; types, values and signatures come from others.
    """
    if descriptor.full_name not in _fields_below:
        _fields_below[descriptor.full_name] = {
            field.number: (field.name == "parent", field.message_type)
            for field in descriptor.fields
            if field.message_type is not None and field.message_type.file.name == descriptor.file.name
        }
    return _fields_below[descriptor.full_name]


def mark(wrapper: Descriptor, field: str) -> bytes:
    """The bytes before a node of a kind in the message that chooses the kind."""
    tag = wrapper.fields_by_name[field].number << 3 | 2
    return bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])


def _varints(data: bytes) -> list[int]:
    result, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            result.append(value)
            value = shift = 0
    return result


def _decode(data: bytes) -> dict[int, list[Any]]:
    """https://protobuf.dev/programming-guides/encoding/"""
    fields: dict[int, list[Any]] = {}
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        at += 1
        if tag >= 128:
            tag, at = _varint(data, at - 1)
        wire_type = tag & 7
        value: Any
        if wire_type == 2:
            size = data[at]
            at += 1
            if size >= 128:
                size, at = _varint(data, at - 1)
            value = data[at : at + size]
            at += size
        elif wire_type == 0:
            value = data[at]
            at += 1
            if value >= 128:
                value, at = _varint(data, at - 1)
        else:
            size = 8 if wire_type == 1 else 4
            value = data[at : at + size]
            at += size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
