"""RE2's syntax on Python's `re`: what RE2 has not is refused, what differs is translated.

From RE2's syntax page (github.com/google/re2/wiki/Syntax). Only whether there is a match is asked, so that submatches
need not agree. Python's engine backtracks: an expression that RE2 runs in linear time may take very long here.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .errors import EvaluationError, Undetermined

_DIGIT, _WORD, _SPACE = "0-9", "0-9A-Za-z_", r"\t\n\f\r\x20"
_NOT_DIGIT = r"\x00-/:-\U0010ffff"
_NOT_WORD = r"\x00-/:-@\[-\^`{-\U0010ffff"
_NOT_SPACE = r"\x00-\x08\x0b\x0e-\x1f!-\U0010ffff"
# In RE2 these are ASCII, whatever the flags.
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE, "D": _NOT_DIGIT, "W": _NOT_WORD, "S": _NOT_SPACE}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t\x20",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": r"\x20-~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r\x20",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_GROUP = re.compile(r"\((?:\?(?:P?<([A-Za-z_]\w*)>|([imsU]*)(?:-([imsU]+))?([:)])))?")
_REPEAT = re.compile(r"[*+?]\??|\{(\d+)(?:,(\d*))?\}\??")
_NUMBER = re.compile(r"x\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{3}|0[0-7]{0,2})")
_RANGE_END = re.compile(r"-(?!\])")


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression for Python. Raises EvaluationError for what RE2 refuses, Undetermined for what is not done."""
    try:
        return re.compile(_Translation(pattern).translate())
    except (re.error, OverflowError) as error:
        raise EvaluationError(f"{pattern!r} is not a regular expression: {error}") from None


class _Translation:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        # For each open group: the flags in it, and the flag groups that must be closed with it.
        self.groups: list[tuple[str, list[str]]] = [("", [])]

    def wrong(self, why: str) -> EvaluationError:
        return EvaluationError(f"{self.pattern!r} is not a regular expression of RE2: {why}")

    def translate(self) -> str:
        repeatable = False
        while self.at < len(self.pattern):
            character = self.pattern[self.at]
            repeat = _REPEAT.match(self.pattern, self.at)
            if repeat is not None:
                if not repeatable:
                    raise self.wrong(f"nothing to repeat at {self.pattern[self.at :]!r}")
                self.repeat(repeat)
                repeatable = False
                continue
            repeatable = True
            if character == "(":
                repeatable = self.group()
            elif character == ")":
                self.close()
            elif character == "|":
                opened = self.groups[-1][1]
                self.emit(")" * len(opened) + "|" + "".join(opened))
                repeatable = False
            elif character == "[":
                self.character_class()
            elif character == "\\":
                self.escape()
            elif character == "$":
                # Without the flag m, `$` is the end of the text, not also before its last newline.
                self.emit("$" if "m" in self.groups[-1][0] else r"\Z")
            elif character in ".^":
                self.emit(character)
            else:
                self.emit(re.escape(character))
        if len(self.groups) > 1:
            raise self.wrong("a group does not end")
        return "".join([*self.out, ")" * len(self.groups[-1][1])])

    def emit(self, text: str, length: int = 1) -> None:
        self.out.append(text)
        self.at += length

    def repeat(self, repeat: re.Match[str]) -> None:
        if any(int(count) > 1000 for count in repeat.groups() if count):
            raise self.wrong(f"{repeat[0]} repeats more than 1000 times")
        self.emit(repeat[0], len(repeat[0]))

    def group(self) -> bool:
        """An opening parenthesis. Whether what it leaves can be repeated: nothing can yet."""
        match = _GROUP.match(self.pattern, self.at)
        if match is None or (match[0] == "(" and self.pattern.startswith("(?", self.at)):
            raise self.wrong(f"{self.pattern[self.at : self.at + 4]!r}")
        _, on, off, kind = match.groups()
        if "U" in (on or "") + (off or ""):
            raise Undetermined(f"the flag U in {self.pattern!r} is not implemented")
        flags, opened = self.groups[-1]
        if kind:
            flags = "".join(sorted((set(flags) | set(on)) - set(off or "")))
        if kind == ")":
            # The flags hold until the group ends. Python has them only for a group of their own.
            opening = f"(?{on}{'-' + off if off else ''}:"
            self.groups[-1] = (flags, [*opened, opening])
        else:
            opening = f"(?{on}{'-' + off if off else ''}:" if kind and (on or off) else "(?:"
            self.groups.append((flags, []))
        self.emit(opening, len(match[0]))
        return False

    def close(self) -> None:
        if len(self.groups) == 1:
            raise self.wrong("a parenthesis closes nothing")
        _, opened = self.groups.pop()
        self.emit(")" * (len(opened) + 1))

    def escape(self) -> None:
        character = self.pattern[self.at + 1 : self.at + 2]
        if character in ("A", "B", "b"):
            # Word boundaries are ASCII.
            self.emit(f"(?a:\\{character})", 2)
        elif character == "z":
            self.emit(r"\Z", 2)
        elif character and character in _CLASSES:
            self.emit(f"[{_CLASSES[character]}]", 2)
        elif character == "Q":
            end = self.pattern.find(r"\E", self.at + 2)
            text = self.pattern[self.at + 2 : end if end >= 0 else len(self.pattern)]
            self.emit(re.escape(text), len(text) + (4 if end >= 0 else 2))
        else:
            self.emit(re.escape(self.literal()), 0)

    def literal(self) -> str:
        """The character that a backslash stands for, which is read."""
        start = self.at
        character = self.pattern[start + 1 : start + 2]
        number = _NUMBER.match(self.pattern, start + 1)
        if character in ("p", "P"):
            raise Undetermined(f"Unicode classes, as in {self.pattern!r}, are not implemented")
        if number is not None:
            self.at = number.end()
            value = int(number[1] or number[2], 16) if number[1] or number[2] else int(number[3], 8)
            if value > 0x10FFFF:
                raise self.wrong(f"{number[0]} is not a character")
            return chr(value)
        self.at += 2
        if character in _CONTROLS:
            return chr(_CONTROLS[character])
        if character and not (character.isalnum() or character == "_") and character.isascii():
            return character
        raise self.wrong(f"unknown escape \\{character}")

    def character_class(self) -> None:
        self.at += 1
        out = ["["]
        if self.pattern.startswith("^", self.at):
            out.append("^")
            self.at += 1
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                raise self.wrong("a class does not end")
            out.append(self.class_item())
            first = False
        self.at += 1
        self.out.append("".join(out) + "]")

    def class_item(self) -> str:
        if self.pattern.startswith("[:", self.at):
            end = self.pattern.find(":]", self.at)
            name = self.pattern[self.at + 2 : end] if end > 0 else ""
            if name.startswith("^") and name[1:] in _POSIX:
                raise Undetermined(f"negated POSIX classes, as in {self.pattern!r}, are not implemented")
            if end > 0 and name in _POSIX:
                self.at = end + 2
                return _POSIX[name]
            if end > 0:
                raise self.wrong(f"unknown class [:{name}:]")
        if self.pattern[self.at] == "\\" and self.pattern[self.at + 1 : self.at + 2] in _CLASSES:
            self.at += 2
            return _CLASSES[self.pattern[self.at - 1]]
        low = self.class_character()
        if _RANGE_END.match(self.pattern, self.at) and self.at + 1 < len(self.pattern):
            self.at += 1
            high = self.class_character()
            if high < low:
                raise self.wrong(f"the range {low}-{high}")
            return f"{_in_class(low)}-{_in_class(high)}"
        return _in_class(low)

    def class_character(self) -> str:
        if self.pattern[self.at] == "\\":
            return self.literal()
        self.at += 1
        return self.pattern[self.at - 1]


def _in_class(character: str) -> str:
    return character if character.isalnum() else f"\\U{ord(character):08x}"
