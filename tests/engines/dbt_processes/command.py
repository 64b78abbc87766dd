"""bin/dbt: has its command run in a fork of server.py, and ends as that does."""

import json
import os
import socket
import sys
from pathlib import Path

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(str(Path(__file__).parents[1] / "socket"))
    socket.send_fds(connection, [b"x"], [0, 1, 2])
    step = {"arguments": sys.argv, "folder": str(Path.cwd()), "environment": dict(os.environ)}
    connection.sendall(json.dumps(step).encode())
    connection.shutdown(socket.SHUT_WR)
    answer = connection.makefile().read()
sys.exit(int(answer) if answer else "the server of dbt died")
