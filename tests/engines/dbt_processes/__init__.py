"""Processes of dbt that begin where dbt was imported and has read a project: that is most of the time of a small build.

A process of its own does so once and forks for each command. The fork gets the arguments, the folder, the
environment and the three files of whoever asks, runs the console script's function and ends as the script would. What
starts dbt as a user does (`make demo`, `make demo-airflow`, the tests of dbt.sh) starts it anew all the same.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.engines.environments import Environment, environment

HERE = Path(__file__).parent


@cache
def forked_dbt() -> Environment:
    """The environment of dbt with nothing but bin/dbt, which runs in a fork."""
    # The path of a socket holds 107 characters, which folders of tests may exceed.
    directory = Path(tempfile.mkdtemp(prefix="dbt-"))
    command = directory / "bin" / "dbt"
    command.parent.mkdir()
    # Isolated and without packages: it starts in hundredths of a second.
    command.write_text(f"#!{sys.executable} -IS\n{(HERE / 'command.py').read_text()}")
    command.chmod(0o755)
    process = subprocess.Popen(
        [str(environment("dbt").python), "-P", str(HERE / "server.py"), str(directory / "socket")],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    assert process.stdout.readline() == "ready\n", "dbt cannot be imported"

    def stop() -> None:
        assert process.stdin
        # It ends with its input, and so with this process, whatever that dies of.
        process.stdin.close()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)

    atexit.register(stop)
    return Environment(directory)
