"""Stand-ins for commands that speak to a service: they write down how they were called, and answer what a test says."""

from __future__ import annotations

import json
import os
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = """#!{python}
import json, sys
from pathlib import Path

name = Path(sys.argv[0]).name
folder = Path(sys.argv[0]).parent
arguments = sys.argv[1:]
text = sys.stdin.read() if "--input" in arguments or arguments[:2] == ["secret", "set"] else ""
for option in ("--body-file", "--notes-file"):
    if option in arguments and (path := Path(arguments[arguments.index(option) + 1])).is_file():
        text = path.read_text()
with (folder / "calls.jsonl").open("a") as calls:
    print(json.dumps({{"name": name, "arguments": arguments, "text": text}}), file=calls)
for answer in json.loads((folder / "answers.json").read_text()):
    if answer["name"] == name and all(part in " ".join(arguments) for part in answer["parts"]):
        print(answer["printed"])
        print(answer["error"], file=sys.stderr)
        sys.exit(answer["status"])
"""


@dataclass
class StandIn:
    """Commands in a folder of their own, which `variables` puts first in PATH. What is not answered prints nothing."""

    folder: Path
    answers: list[dict[str, Any]] = field(default_factory=list)

    def command(self, name: str) -> None:
        """Make a command."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / name
        path.write_text(PROGRAM.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self._write()

    def answer(self, name: str, *parts: str, printed: str = "", status: int = 0, error: str = "") -> None:
        """What a command prints when its arguments hold all the parts; the latest answer counts."""
        self.answers.insert(0, {"name": name, "parts": parts, "printed": printed, "status": status, "error": error})
        self._write()

    def calls(self, name: str, *parts: str) -> list[dict[str, Any]]:
        """How a command was called, where its arguments hold all the parts."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        calls = [json.loads(line) for line in lines]
        return [
            call
            for call in calls
            if call["name"] == name and all(part in " ".join(call["arguments"]) for part in parts)
        ]

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which the stand-ins are found."""
        return os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}"}

    def _write(self) -> None:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
