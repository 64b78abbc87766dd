"""A command on a terminal of 80 columns, as somebody who types sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

COLUMNS = 80
# As many as a whole copy takes, so that nothing scrolls away.
ROWS = 150
# Seconds until something must have happened.
PATIENCE = 60
ENTER, CLEAR, SPACE, DOWN = "\r", "\x15", " ", "\x1b[B"


class Screen(pyte.Screen):
    """The screen, which answers when it is asked where its cursor is."""

    def __init__(self, terminal: int) -> None:
        super().__init__(COLUMNS, ROWS)
        self._terminal = terminal

    def write_process_input(self, data: str) -> None:
        os.write(self._terminal, data.encode())


class Terminal:
    """Starts a command in a folder, types, and reads the screen. Kills the command at its end if it still runs."""

    def __init__(self, command: Sequence[str | Path], folder: Path, **variables: str) -> None:
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self._screen = Screen(self._terminal)
        self._stream = pyte.ByteStream(self._screen)
        environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)} | variables
        self._process = subprocess.Popen(
            [*map(str, command)],
            cwd=folder,
            env=environment,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._terminal)

    @property
    def lines(self) -> list[str]:
        """What stands on the screen, without empty lines at its end."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip().split("\n")

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def wait(self, what: str, happened: Callable[[list[str]], Any]) -> list[str]:
        """Read on until something stands on the screen, and return its lines."""
        end = time.monotonic() + PATIENCE
        while not happened(self.lines):
            if time.monotonic() > end or not self._read():
                raise AssertionError(f"{what} does not show:\n" + "\n".join(self.lines))
        return self.lines

    def finish(self) -> int:
        """Read until the command ends, and return its status."""
        end = time.monotonic() + PATIENCE
        while self._read():
            if time.monotonic() > end:
                raise AssertionError("still running:\n" + "\n".join(self.lines))
        return self._process.wait(PATIENCE)

    def _read(self) -> bool:
        """Feed the screen with what the command writes; whether it may write more."""
        if not select.select([self._terminal], [], [], 0.5)[0]:
            return True
        try:
            self._stream.feed(os.read(self._terminal, 65536))
        except OSError:
            # So Linux tells that nobody writes to it any more.
            return False
        return True
