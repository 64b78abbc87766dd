"""The canonical form of a program, as near to `sentinel fmt` as is known.

Nothing describes that form. It descends from gofmt, and published policies are written in it: tabs; line breaks where
the author put them; the values of the single-line entries of a map aligned; trailing comments aligned. What is not
seen there is left as the author has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from . import syntax
from .errors import SentinelSyntaxError, Source
from .parser import QUANTIFIERS, parse
from .tokens import Token, scan

_OPERAND_ENDS = frozenset(["name", "int", "float", "string", ")", "]", "}"])
_OPENERS, _CLOSERS = frozenset("([{"), frozenset(")]}")
# A line may end with one of these, and its statement goes on.
_CONTINUES = frozenset(
    (
        *("*", "/", "%", "+", "-", "else", "==", "!=", "<", "<=", ">", ">=", "is", "matches", "contains", "in"),
        *("not", "!", "and", "or", "xor", "=", "+=", "-=", "*=", "/=", "%=", ".", "as", "default", "return"),
        *("if", "for", "all", "any", "filter", "map", "when", "import", "param"),
    )
)
# The rule of gofmt before Go 1.11, which the mocks of HCP Terraform show: a key longer than 20 and four times as
# long as the one beside it is not aligned with it.
_SMALL_KEY = 20
_KEY_RATIO = 4


def format_source(source: Source) -> str:
    """The text in canonical form. Raises SentinelSyntaxError if it is not a program."""
    program = parse(source)
    text = _Layout(source, program).text()
    if not syntax.same(parse(Source(source.name, text)), program):
        raise SentinelSyntaxError(f"{source.name}: this engine cannot format it")
    return text


@dataclass
class _Piece:
    """A token or comment to write, and how many newlines stand before it: 2 is a blank line."""

    kind: str
    text: str
    newlines: int
    # For brackets: what they enclose, one of map, list, call, index, slice, group, block,
    # body, case, func, rule.
    role: str = ""
    unary: bool = False


@dataclass
class _Line:
    indent: int
    pieces: list[_Piece]
    blank_before: bool
    comment: str = ""
    # The key of the only entry of a map on this line, and the rest; for alignment.
    key: str = ""
    rest: str = ""


@dataclass
class _Bracket:
    role: str
    # The indent of the line that opens it.
    indent: int


class _Layout:
    def __init__(self, source: Source, program: syntax.Program) -> None:
        self.maps = {node.position[1:] for node in syntax.walk(program) if isinstance(node, syntax.MapLiteral)}
        self.slices = {node.position[1:] for node in syntax.walk(program) if isinstance(node, syntax.Slice)}
        self.pieces = list(self.read(source))
        self.break_blocks()

    def read(self, source: Source) -> Iterator[_Piece]:
        """The tokens with the roles of their brackets."""
        newlines = 0
        previous = ""
        # For each depth of brackets, the keywords that still wait for their `{`.
        owners: list[list[str]] = [[]]
        roles: list[str] = []
        for token in scan(source):
            if token.kind == "newline":
                newlines += 1
                continue
            if token.kind == "end":
                return
            text = source.text[token.start : token.end]
            piece = _Piece(token.kind, text.rstrip(), min(newlines, 2))
            newlines = 0
            if token.kind == "comment":
                yield piece
                continue
            if token.kind in ("if", "for", "case", "func", "rule") or token.kind in QUANTIFIERS:
                owners[-1].append(token.kind)
            elif token.kind in _OPENERS:
                piece.role = self.role(token, previous, owners[-1])
                roles.append(piece.role)
                owners.append([])
            elif token.kind in _CLOSERS:
                piece.role = roles.pop()
                owners.pop()
            elif token.kind == ":":
                piece.role = roles[-1] if roles else ""
            elif token.kind in ("-", "+", "!"):
                piece.unary = previous not in _OPERAND_ENDS
            yield piece
            previous = token.kind

    def role(self, token: Token, previous: str, owners: list[str]) -> str:
        place = (token.position.line, token.position.column)
        if token.kind == "(":
            return "call" if previous in _OPERAND_ENDS or previous == "func" else "group"
        if token.kind == "[":
            return "slice" if place in self.slices else "index" if previous in _OPERAND_ENDS else "list"
        if place in self.maps:
            return "map"
        owner = "else" if previous == "else" or not owners else owners.pop()
        if owner in ("case", "func", "rule"):
            return owner
        return "block" if owner in ("if", "for", "else") else "body"

    def break_blocks(self) -> None:
        """Put the newlines that a canonical program has whatever its author wrote, and drop semicolons for newlines."""
        opened: list[int] = []
        kept: list[_Piece] = []
        broken = False
        for piece in self.pieces:
            if piece.kind == ";":
                inline = opened and kept[opened[-1]].role in ("func",) and not self.is_broken(kept, opened[-1])
                if kept and kept[-1].kind not in ("{", ";") and inline:
                    kept.append(piece)
                broken = not inline
                continue
            if broken and not piece.newlines and piece.kind != "comment":
                piece.newlines = 1
            broken = False
            if kept and kept[-1].kind == "comment" and not kept[-1].text.startswith("/*"):
                piece.newlines = max(piece.newlines, 1)
            if piece.kind in _CLOSERS:
                start = opened.pop()
                empty = start == len(kept) - 1
                if piece.kind == "}" and not empty:
                    if kept[start].role in ("block", "case"):
                        self.break_after(kept, start)
                    elif kept[start].role == "func" and self.has_lines(kept, start):
                        self.break_after(kept, start)
                        self.split(kept, start)
                    if kept[start].role in ("block", "case", "func", "rule", "body"):
                        if self.is_broken(kept, start):
                            piece.newlines = max(piece.newlines, 1)
                        elif piece.newlines:
                            self.break_after(kept, start)
                if kept[-1].kind == ";":
                    kept.pop()
                if empty and piece.kind == "}" and kept[start].role != "case":
                    piece.newlines = 0
            if kept and kept[-1].kind == ":" and kept[-1].role == "case" and piece.kind != "comment":
                piece.newlines = max(piece.newlines, 1)
            kept.append(piece)
            if piece.kind in _OPENERS:
                opened.append(len(kept) - 1)
        # What was on one line may have come to stand on several: semicolons there are newlines.
        self.pieces = []
        for piece in kept:
            if self.pieces and self.pieces[-1].kind == ";" and piece.newlines:
                self.pieces.pop()
            self.pieces.append(piece)

    @staticmethod
    def is_broken(pieces: list[_Piece], start: int) -> bool:
        """Whether what follows a bracket starts on a new line, but for a comment."""
        following = islice(pieces, start + 1, None)
        first = next((piece for piece in following if piece.kind != "comment"), None)
        return first is not None and first.newlines > 0

    @staticmethod
    def statements(pieces: list[_Piece], start: int) -> Iterator[tuple[_Piece, _Piece]]:
        """The pieces of a block that stand next to each other between its statements, outside of brackets."""
        depth = 0
        for left, right in pairwise(pieces[start + 1 :]):
            depth += (left.kind in _OPENERS) - (left.kind in _CLOSERS)
            if depth == 0 and (left.kind == ";" or left.kind in _OPERAND_ENDS):
                yield left, right

    def has_lines(self, pieces: list[_Piece], start: int) -> bool:
        """Whether a statement of a block starts on a line of its own."""
        return any(right.newlines for _, right in self.statements(pieces, start))

    def split(self, pieces: list[_Piece], start: int) -> None:
        """Put each statement of a block on a line of its own."""
        for left, right in self.statements(pieces, start):
            if left.kind == ";":
                right.newlines = max(right.newlines, 1)

    @staticmethod
    def break_after(pieces: list[_Piece], start: int) -> None:
        following = pieces[start + 1]
        if following.kind != "comment":
            following.newlines = max(following.newlines, 1)
        elif start + 2 < len(pieces):
            pieces[start + 2].newlines = max(pieces[start + 2].newlines, 1)

    # Lines

    def text(self) -> str:
        """The lines, written."""
        lines = self.indented(list(self.lines()))
        for line in lines:
            self.write(line)
        self.align_values(lines)
        self.align_comments(lines)
        out: list[str] = []
        for line in lines:
            if line.blank_before and out:
                out.append("")
            out.append("\t" * line.indent + line.rest)
        return "\n".join(out) + "\n" if out else ""

    def lines(self) -> Iterator[_Line]:
        line: _Line | None = None
        for piece in self.pieces:
            if line is None or piece.newlines:
                if line is not None:
                    yield line
                line = _Line(0, [], piece.newlines > 1)
            line.pieces.append(piece)
        if line is not None:
            yield line

    def indented(self, lines: list[_Line]) -> list[_Line]:
        """Set the indents: one more inside of brackets, one more for the lines on which an expression goes on."""
        brackets: list[_Bracket] = []
        last = ""
        comments: list[_Line] = []
        for line in lines:
            first = line.pieces[0]
            if all(piece.kind == "comment" for piece in line.pieces):
                comments.append(line)
                line.indent = self.inner_indent(brackets) + self.goes_on(last, brackets)
                continue
            base = self.inner_indent(brackets)
            line.indent = base + self.goes_on(last, brackets)
            if first.kind in _CLOSERS:
                line.indent = base = brackets[-1].indent
            elif brackets and brackets[-1].role == "case" and self.is_clause(line):
                line.indent -= 1
                for comment in comments:
                    comment.indent = line.indent
            comments = []
            for piece in line.pieces:
                if piece.kind in _OPENERS:
                    # The block of a condition over several lines stands below its statement.
                    brackets.append(_Bracket(piece.role, base if piece.role == "block" else line.indent))
                elif piece.kind in _CLOSERS:
                    brackets.pop()
                if piece.kind != "comment":
                    last = piece.kind if piece.kind != ":" else f":{piece.role}"
        return lines

    @staticmethod
    def inner_indent(brackets: list[_Bracket]) -> int:
        return brackets[-1].indent + 1 if brackets else 0

    @staticmethod
    def goes_on(last: str, brackets: list[_Bracket]) -> int:
        role = brackets[-1].role if brackets else ""
        if role in ("group", "rule") or (last == "," and role in ("list", "call", "map")):
            # The inside of parentheses and of rules is not indented once more.
            return 0
        return int(last in _CONTINUES or last in (",", ":map", ":slice"))

    @staticmethod
    def is_clause(line: _Line) -> bool:
        kinds = [piece.kind for piece in line.pieces[:2]]
        return kinds[0] == "when" or kinds == ["else", ":"]

    def write(self, line: _Line) -> None:
        """Write the pieces of a line, and find out whether it is an entry of a map."""
        pieces = line.pieces
        if len(pieces) > 1 and pieces[-1].kind == "comment":
            line.comment = pieces[-1].text
            pieces = pieces[:-1]
        line.rest = self.joined(pieces)
        depth = 0
        for place, piece in enumerate(pieces):
            if piece.kind == ":" and piece.role == "map" and depth == 0:
                line.key = self.joined(pieces[: place + 1])
                break
            depth += (piece.kind in _OPENERS) - (piece.kind in _CLOSERS)
        if line.key and not self.is_whole_entry(pieces):
            line.key = ""

    @staticmethod
    def is_whole_entry(pieces: list[_Piece]) -> bool:
        depth = 0
        for piece in pieces:
            depth += (piece.kind in _OPENERS) - (piece.kind in _CLOSERS)
            if depth < 0:
                return False
        commas = 0
        for piece in pieces[:-1]:
            depth += (piece.kind in _OPENERS) - (piece.kind in _CLOSERS)
            commas += piece.kind == "," and depth == 0
        return depth == 0 and not commas and pieces[-1].kind == ","

    def joined(self, pieces: list[_Piece]) -> str:
        out: list[str] = []
        previous: _Piece | None = None
        for piece in pieces:
            if previous is not None and _spaced(previous, piece):
                out.append(" ")
            out.append(piece.text)
            previous = piece
        return "".join(out)

    @staticmethod
    def align_values(lines: list[_Line]) -> None:
        """Align the values of entries that follow each other, as gofmt does."""
        group: list[_Line] = []

        def finish() -> None:
            width = max((len(line.key) for line in group), default=0)
            for line in group:
                value = line.rest[len(line.key) :].lstrip()
                line.rest = line.key + " " * (width - len(line.key) + 1) + value
            group.clear()

        for line in lines:
            if group and (not line.key or line.blank_before or line.indent != group[-1].indent):
                finish()
            if not line.key:
                continue
            if group:
                before, size = len(group[-1].key) - 1, len(line.key) - 1
                if max(before, size) > _SMALL_KEY and max(before, size) >= _KEY_RATIO * min(before, size):
                    finish()
            group.append(line)
        finish()

    @staticmethod
    def align_comments(lines: list[_Line]) -> None:
        """Align the comments behind lines that follow each other."""
        group: list[_Line] = []

        def finish() -> None:
            width = max((len(line.rest) for line in group), default=0)
            for line in group:
                line.rest = line.rest.ljust(width) + " " + line.comment
            group.clear()

        for line in lines:
            if group and (not line.comment or line.blank_before or line.indent != group[-1].indent):
                finish()
            if line.comment:
                group.append(line)
        finish()


def _spaced(left: _Piece, right: _Piece) -> bool:
    """Whether a space stands between two pieces of a line."""
    if "comment" in (left.kind, right.kind):
        return True
    if right.kind in (",", ";", ":", ".", ")", "]") or left.kind in (".", "(", "["):
        return False
    if left.unary or (left.kind == ":" and left.role == "slice"):
        return False
    if right.kind == "(" and right.role == "call":
        return False
    if right.kind == "[" and right.role != "list":
        return left.kind not in _OPERAND_ENDS
    if left.kind == "{":
        return left.role != "map" and right.kind != "}"
    if right.kind == "}":
        return right.role != "map"
    return True
