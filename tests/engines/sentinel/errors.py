"""What can go wrong, each kind with a class of its own, and where in a file it went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file, and the name that messages give it."""

    name: str
    text: str

    @classmethod
    def read(cls, path: Path) -> Source:
        """Read a file. Raises UnreadableFileError if it cannot be read or is not UTF-8."""
        try:
            return cls(str(path), path.read_bytes().decode())
        except OSError as error:
            raise UnreadableFileError(f"{path}: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise UnreadableFileError(f"{path}: not UTF-8 at byte {error.start}") from None


class Position(NamedTuple):
    """A place in a file. Lines and columns count from 1, columns in characters."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The line of the file with a caret below the column, or nothing if the file has no such line."""
        lines = self.source.text.split("\n")
        if not 0 < self.line <= len(lines):
            return ""
        line = lines[self.line - 1].rstrip("\r")
        margin = "".join("\t" if character == "\t" else " " for character in line[: self.column - 1])
        return f"  {line}\n  {margin}^"


class SentinelError(Exception):
    """Anything that this engine reports. `str()` has the place, the message, and the line with a caret."""

    def __init__(self, message: str, position: Position | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        excerpt = self.position.excerpt()
        return f"{self.position}: {self.message}" + (f"\n{excerpt}" if excerpt else "")


class SentinelSyntaxError(SentinelError):
    """The text is not a Sentinel program, or fails a check that needs no evaluation."""


class EvaluationError(SentinelError):
    """The policy stopped: whatever it would have decided, it fails."""


class Undetermined(EvaluationError):  # noqa: N818 - an answer rather than an error
    """The specification, the documentation and the known messages of the real runtime do not say what happens."""


class LimitExceeded(EvaluationError):  # noqa: N818 - says what happened
    """The policy takes too many steps, or calls too deep."""


class ErrorCalled(EvaluationError):  # noqa: N818 - says what happened
    """The policy called `error`."""


class Unavailable(EvaluationError):  # noqa: N818 - says what is wrong
    """Something is needed that is not on this machine: the network, a plugin, a file that is not there."""


class ConfigurationError(SentinelError):
    """A configuration file is wrong."""


class UnreadableFileError(SentinelError):
    """A file cannot be read."""
