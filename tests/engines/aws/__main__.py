"""Run the server: `python -m tests.engines.aws --port 5000 --account 111111111111`."""

from __future__ import annotations

import argparse
import os


def main() -> None:
    """Serve until terminated; the endpoint is printed once it answers."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.aws", description="Serve an AWS of one account.")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1; 0, the default, takes a free one")
    parser.add_argument("--account", default="111111111111", help="the id of the account (default: %(default)s)")
    arguments = parser.parse_args()

    # Where moto, and the gaps when they are imported, read the account.
    os.environ["MOTO_ACCOUNT_ID"] = arguments.account
    # AWS's own policies are there in every account.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from .gaps import application

    server = make_server("127.0.0.1", arguments.port, application(), threaded=True, request_handler=MotoRequestHandler)
    print(f"http://localhost:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
