"""Updates that are killed: python -m tests.update.interrupted REPOSITORY, which prints one JSON object.

The update of a copy of the repository is killed before every third of its effects: a file that it would write, make or
remove in the repository, or a program that it would start. Each copy must then go back, as the message of an update
says, and some take the update again.

A process of its own, since it forks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.update.organization import Organization

TOUCHING = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR


def effect(root: Path, event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether an audit event (https://docs.python.org/3/library/audit_events.html) is an effect of the update."""
    if event == "subprocess.Popen":
        return True
    if event not in TOUCHING and not (event == "open" and arguments[2] & WRITING):
        return False
    return isinstance(arguments[0], str | os.PathLike) and Path(arguments[0]).is_relative_to(root)


def forked(act: Callable[[], None]) -> int:
    """Run something in a process of its own, and return the signal or status that it ended with."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    act()
    os._exit(0)


def main() -> None:
    """Kill the update before every third of its effects."""
    original = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "organization"
        count = Path(folder) / "count"

        def update(stop: int | None) -> None:
            seen = 0

            def hook(event: str, arguments: tuple[Any, ...]) -> None:
                nonlocal seen
                if effect(root, event, arguments):
                    seen += 1
                    if seen == stop:
                        os.kill(os.getpid(), signal.SIGKILL)

            sys.addaudithook(hook)
            Organization(root).update("1.1.0")
            count.write_text(str(seen))

        def fresh() -> Organization:
            shutil.rmtree(root, ignore_errors=True)
            shutil.copytree(original, root)
            return Organization(root)

        mesh = fresh()
        before = mesh.files()
        assert forked(lambda: update(None)) == 0
        updated = mesh.files()
        effects = int(count.read_text())
        half_done = 0
        stops = range(1, effects + 1, 3)
        for stop in stops:
            mesh = fresh()
            assert forked(lambda stop=stop: update(stop)) == -signal.SIGKILL, f"was not killed before effect {stop}"  # type: ignore[misc]
            half_done += mesh.files() not in (before, updated)
            mesh.go_back()
            assert mesh.files() == before, f"killed before effect {stop}, and git does not bring it back"
            assert mesh.changes() == []
            if stop % 15 == 1:
                assert forked(lambda: update(None)) == 0
                assert mesh.files() == updated
        print(json.dumps({"killed": len(stops), "half_done": half_done, "changes": before != updated}))


if __name__ == "__main__":
    main()
