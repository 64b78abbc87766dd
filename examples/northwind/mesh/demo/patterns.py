"""Regular expressions of the contracts, as far as values can be made from them: literals, classes and counts."""

from __future__ import annotations

import string
from dataclasses import dataclass

_SHORTHAND = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_SPECIAL = set("()|*+?.{}^$")


class PatternError(Exception):
    """A pattern outside the subset; the message names the part."""


@dataclass(frozen=True)
class Position:
    """One character of the text: it is any of `characters`."""

    characters: str


def positions(pattern: str) -> list[Position]:
    """The characters of a text that matches the pattern in whole. Of {n,m} the shortest is taken.

    Raises PatternError for groups, alternatives, open repetitions, negated classes and the dot.
    """
    result: list[Position] = []
    rest = pattern.removeprefix("^").removesuffix("$")
    while rest:
        characters, rest = _characters(rest)
        count, rest = _count(rest)
        result.extend([Position(characters)] * count)
    return result


def _characters(text: str) -> tuple[str, str]:
    """What the first element of the text stands for, and the text after it."""
    if text[0] == "[":
        end = text.find("]", 2)
        if end < 0 or text[1] == "^" or "\\" in text[:end] or "[" in text[1:end]:
            raise PatternError(f"the class that begins {text[:12]!r}")
        return _class(text[1:end]), text[end + 1 :]
    if text[0] == "\\" and len(text) > 1:
        if text[1].isalnum() and text[1] not in _SHORTHAND:
            raise PatternError(repr(text[:2]))
        return _SHORTHAND.get(text[1], text[1]), text[2:]
    if text[0] in _SPECIAL or text[0] == "\\":
        raise PatternError(repr(text[0]))
    return text[0], text[1:]


def _class(text: str) -> str:
    """The characters of a class, without its brackets."""
    characters: list[str] = []
    index = 0
    while index < len(text):
        if text[index + 1 : index + 2] == "-" and index + 2 < len(text):
            characters.extend(map(chr, range(ord(text[index]), ord(text[index + 2]) + 1)))
            index += 3
        else:
            characters.append(text[index])
            index += 1
    return "".join(dict.fromkeys(characters))


def _count(text: str) -> tuple[int, str]:
    """How often the element before the text stands, and the text after the count."""
    if not text.startswith("{"):
        return 1, text
    inside, closed, rest = text[1:].partition("}")
    least = inside.partition(",")[0]
    if not closed or not least.isdigit():
        raise PatternError(repr(text[:8]))
    return int(least), rest
