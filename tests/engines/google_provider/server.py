"""The process that serves providers, started by Terraform as a plugin or kept running for it to attach to.

It runs in the environment `google_provider`. How Terraform starts a plugin, and what the plugin prints:
https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from . import certificate
from .provider import Provider
from .schema import Schema
from .wire import field, parse

LARGEST = 256 << 20
# How often a plugin looks whether the Terraform that started it is still there.
PATIENCE = 5.0


class Calls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The services that Terraform calls: the provider, and those of go-plugin itself."""

    def __init__(self, provider: Provider, stop: Callable[[], None]) -> None:
        self.provider = provider
        self.stop = stop

    def service(self, details: Any) -> Any:
        """The handler of a call, None for those that are not implemented."""
        _, service, method = details.method.split("/")
        if service == "tfplugin5.Provider":
            answer = getattr(self.provider, method, None) if method[:1].isupper() else None
            if answer is None:
                return None
            return grpc.unary_unary_rpc_method_handler(lambda request, context: answer(parse(request), context.peer()))
        if method == "Shutdown":
            return grpc.unary_unary_rpc_method_handler(self.shutdown)
        if method == "Check":
            # Of grpc.health.v1: SERVING.
            return grpc.unary_unary_rpc_method_handler(lambda request, context: field(1, 1))
        if method == "StreamStdio":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))
        return None

    def shutdown(self, request: bytes, context: Any) -> bytes:
        """End the process, once it has answered."""
        self.stop()
        return b""


def grpc_server(name: str, directory: Path, stop: Callable[[], None]) -> Any:
    """A server of one provider, without a port."""
    options = [("grpc.max_send_message_length", LARGEST), ("grpc.max_receive_message_length", LARGEST)]
    calls = Calls(Provider(name, Schema(directory)), stop)
    return grpc.server(ThreadPoolExecutor(10), handlers=[calls], options=options)


def serve_plugin(name: str, directory: Path) -> None:
    """Serve the Terraform that started this process, until it says that it is done."""
    if "TF_PLUGIN_MAGIC_COOKIE" not in os.environ:
        sys.exit("This is a plugin of Terraform. Run it through Terraform.")
    done = threading.Event()
    server = grpc_server(name, directory, done.set)
    sockets = Path(tempfile.mkdtemp(prefix="terraform-"))
    address = sockets / "socket"
    pair = certificate.stored(directory)
    server.add_secure_port(f"unix://{address}", grpc.ssl_server_credentials([(pair.key, pair.certificate)]))
    server.start()
    encoded = base64.b64encode(pair.der).decode().rstrip("=")
    print(f"1|5|unix|{address}|grpc|{encoded}", flush=True)
    parent = os.getppid()
    while not done.wait(PATIENCE) and os.getppid() == parent:
        pass
    # Terraform kills a plugin that does not end at once, and waits for it.
    server.stop(0.1).wait()
    shutil.rmtree(sockets, ignore_errors=True)
    os._exit(0)


def serve_attached(directories: dict[str, Path]) -> None:
    """Serve providers until the input ends. Prints what TF_REATTACH_PROVIDERS is to be.

    On TCP: each configuration of a provider comes by a connection of its own, and only there they differ in address.
    """
    servers, addresses = [], {}
    for name, directory in directories.items():
        server = grpc_server(name, directory, lambda: None)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)
        addresses[f"registry.terraform.io/hashicorp/{name}"] = {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": os.getpid(),
            # Terraform does not stop it.
            "Test": True,
            "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
        }
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
    for server in servers:
        server.stop(0)


def main() -> None:
    """Serve as a plugin, or attached."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines.google_provider.server", description=__doc__)
    parser.add_argument("--attached", action="store_true", help="serve until the input ends")
    parser.add_argument("providers", nargs="+", help="provider=folder of its stored schema")
    arguments = parser.parse_args()
    split = [each.partition("=") for each in arguments.providers]
    directories = {name: Path(directory) for name, _, directory in split}
    if arguments.attached:
        serve_attached(directories)
    else:
        [(name, directory)] = directories.items()
        serve_plugin(name, directory)


if __name__ == "__main__":
    main()
