"""Progress of a command: a bar on a terminal, lines anywhere else."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

_BAR = 24
# Elsewhere than on a terminal a task of many steps says no more than this many lines.
_LINES = 30


class Progress:
    """Counts the steps of a task on standard error, so that standard output holds results only."""

    def __init__(self, title: str, total: int, stream: TextIO | None = None) -> None:
        self.title = title
        self.total = total
        self.done = 0
        self._stream = stream if stream is not None else sys.stderr
        self._started = time.monotonic()
        self._width = len(str(total))

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def step(self, done: int, label: str) -> None:
        """Say that `done` of the total are done, the last being `label`."""
        self.done = done
        count = f"{done:>{self._width}}/{self.total}"
        if self._stream.isatty():
            filled = _BAR * done // self.total if self.total else _BAR
            line = f"{self.title} [{'#' * filled}{'.' * (_BAR - filled)}] {count} {label}"
            columns = shutil.get_terminal_size().columns
            self._stream.write("\r" + line[: columns - 1].ljust(columns - 1))
        elif done * _LINES // max(self.total, _LINES) > (done - 1) * _LINES // max(self.total, _LINES):
            self._stream.write(f"{self.title} {count} {label}\n")
        self._stream.flush()

    def note(self, text: str) -> None:
        """Print a text of its own lines, without breaking the bar."""
        self._clear()
        self._stream.write(text.rstrip("\n") + "\n")
        self._stream.flush()

    def finish(self, summary: str) -> None:
        """End the task with one line."""
        self.note(f"{self.title}: {summary} ({self.seconds:.1f} s)")

    def _clear(self) -> None:
        if self._stream.isatty():
            self._stream.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
