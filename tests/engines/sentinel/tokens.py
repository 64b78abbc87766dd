"""From text to tokens. The specification's "Lexical Elements", and Go's where it says nothing (it is based on Go's)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .errors import Position, SentinelSyntaxError, Source

KEYWORDS = frozenset(
    (
        *("all", "any", "as", "break", "case", "continue", "default", "else", "filter"),
        *("for", "func", "if", "import", "map", "param", "return", "rule", "when"),
    )
)
"""Reserved words. The specification lists `empty` too, but published policies use it as a name."""

WORD_OPERATORS = frozenset(["and", "contains", "in", "is", "matches", "not", "or", "xor"])
CONSTANTS = frozenset(["false", "null", "true", "undefined"])
FUNCTIONS = frozenset(
    ["append", "bool", "delete", "error", "float", "int", "keys", "length", "print", "range", "string", "values"]
)
INT_MAX = 2**63 - 1
_RESERVED = KEYWORDS | WORD_OPERATORS


class Token(NamedTuple):
    """A token. `kind` is its text for keywords, operators and delimiters, else one of the words below.

    name        `value` is the identifier, also a reserved word after a dot
    int, float, string    `value` is the literal's value
    ;           `value` is ";", or a newline where the lexer put the semicolon
    comment, newline    only from `scan`
    end         the end of the text
    """

    kind: str
    value: str | int | float
    position: Position
    start: int
    end: int


_PLAIN = re.compile(
    r"""
    [ \t\r]*
    (?:(?P<newline>\n)
  | (?P<comment>(?:\#|//)[^\n]*|/\*.*?\*/)
  | (?P<float>[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
  | (?P<int>0[xX][0-9a-fA-F]*|[0-9]+)
  | (?P<string>"(?:\\[^\n]|[^"\\\n])*"|`[^`]*`)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<operator>[=!<>+*/%-]=|[-+*/%<>=!()\[\]{},.:;])
    )?
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}

# "Semicolons": a line that ends with one of these ends the statement.
_ENDS_STATEMENT = frozenset(["name", "int", "float", "string", "break", "continue", "return", ")", "]", "}"])


def tokenize(source: Source) -> list[Token]:
    """All tokens with the semicolons that newlines stand for, without comments. Raises SentinelSyntaxError."""
    tokens: list[Token] = []
    last: Token | None = None
    for token in scan(source):
        if token.kind == "comment" and "\n" not in str(token.value):
            continue
        if token.kind in ("newline", "comment", "end"):
            # A newline inside a comment ends a line like any other, as in Go.
            if last is not None and last.kind in _ENDS_STATEMENT:
                tokens.append(Token(";", "\n", token.position, token.start, token.start))
            last = None
            if token.kind == "end":
                tokens.append(token)
            continue
        tokens.append(token)
        last = token
    return tokens


def scan(source: Source) -> Iterator[Token]:
    """Every token as written, with comments and with newlines (kind "newline"), no semicolon added."""
    text, size, match_at, new = source.text, len(source.text), _PLAIN.match, tuple.__new__
    end = 1 if text.startswith("\ufeff") else 0
    line, line_start = 1, end
    after_dot = False
    while True:
        match = match_at(text, end)
        assert match is not None
        kind = match.lastgroup
        start, end = match.span(kind or 0)
        if kind is None:
            # Spaces, and then something that is no ASCII, the end, or wrong.
            start = end
        if kind is None or kind == "name":
            end = _name_end(text, end, inside=kind is not None)
            kind = "name"
        # As Position(…) and Token(…), without what these cost for each token of a mock.
        position = new(Position, (source, line, start - line_start + 1))
        if start == end:
            if start < size:
                raise SentinelSyntaxError(_illegal(text, start), position)
            yield Token("end", "", position, start, start)
            return
        written = text[start:end]
        value: str | int | float = written
        if kind == "name":
            # "Selectors": a selector can be a reserved word, also at the end of a line (0.14.1).
            if written in _RESERVED and not after_dot:
                kind = written
        elif kind == "newline":
            line, line_start = line + 1, end
        elif kind == "operator":
            kind = written
        elif kind == "string":
            value = _string(written, position)
        elif kind == "int":
            value = _integer(written, position)
        elif kind == "float":
            value = _float(written, position)
        if (kind == "comment" or kind == "string") and "\n" in written:
            line += written.count("\n")
            line_start = start + written.rindex("\n") + 1
        yield new(Token, (kind, value, position, start, end))
        if kind != "newline" and kind != "comment":
            after_dot = kind == "."


def _name_end(text: str, end: int, inside: bool) -> int:
    """Where an identifier ends: letters are Unicode's letters and `_`, digits are Unicode's decimal digits."""
    if end == len(text) or text[end].isascii():
        return end
    while end < len(text) and (text[end].isalpha() or (inside and (text[end].isdecimal() or text[end] == "_"))):
        end, inside = end + 1, True
    return end


def _illegal(text: str, offset: int) -> str:
    if text[offset] == '"':
        return "the string does not end on its line"
    if text[offset] == "`":
        return "the raw string does not end"
    if text.startswith("/*", offset):
        return "the comment does not end"
    return f"illegal character {text[offset]!r}"


def _integer(written: str, position: Position) -> int:
    if written[:2] in ("0x", "0X"):
        if len(written) == 2:
            raise SentinelSyntaxError("a hexadecimal literal needs digits", position)
        value = int(written, 16)
    elif written[0] == "0":
        if not set(written) <= set("01234567"):
            raise SentinelSyntaxError(f"{written} is not an octal literal", position)
        value = int(written, 8)
    else:
        # Python refuses to read very long decimal numbers.
        value = int(written) if len(written) < 20 else INT_MAX + 1
    if value > INT_MAX:
        # "Integer Literals" says 64 bits, signed, and has a longer one among its examples.
        raise SentinelSyntaxError(f"{written} does not fit into 64 bits", position)
    return value


def _float(written: str, position: Position) -> float:
    value = float(written)
    if value == float("inf"):
        raise SentinelSyntaxError(f"{written} does not fit into a float", position)
    return value


def _string(written: str, position: Position) -> str:
    if written[0] == "`" or "\\" not in written:
        return written[1:-1]

    def character(match: re.Match[str]) -> bytes:
        hexadecimal, octal, short, long, simple = match.groups()
        if hexadecimal or octal:
            value = int(hexadecimal, 16) if hexadecimal else int(octal, 8)
            if value > 255:
                raise SentinelSyntaxError(f"{match[0]} is not a byte", position)
            return bytes([value])
        if short or long:
            value = int(short or long, 16)
            if value > 0x10FFFF or 0xD800 <= value < 0xE000:
                raise SentinelSyntaxError(f"{match[0]} is not a character", position)
            return chr(value).encode()
        if simple not in _SIMPLE_ESCAPES:
            raise SentinelSyntaxError(f"unknown escape {match[0]}", position)
        return bytes([_SIMPLE_ESCAPES[simple]])

    parts: list[bytes] = []
    offset = 1
    for match in _ESCAPE.finditer(written, 1, len(written) - 1):
        parts += [written[offset : match.start()].encode(errors="surrogatepass"), character(match)]
        offset = match.end()
    parts.append(written[offset:-1].encode(errors="surrogatepass"))
    # A string is a sequence of bytes: those that are not UTF-8 are kept as surrogates.
    return b"".join(parts).decode(errors="surrogateescape")
