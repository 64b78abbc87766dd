"""An AWS of one account on the loopback interface, for Terraform with the real AWS provider. See README.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[3]


class Server:
    """The server, running inside the `with` block on a port that the system chooses."""

    def __init__(
        self, account: str = "111111111111", python: str | Path = sys.executable, log: Path | None = None
    ) -> None:
        """Serve `account` with `python`, the interpreter of an environment that has moto. Keep the log in `log`."""
        self.account = account
        self._python = python
        self._log = log.open("w+") if log else tempfile.TemporaryFile("w+")  # noqa: SIM115, closed by __exit__
        self._process: subprocess.Popen[str] | None = None
        self._endpoint = ""

    def __enter__(self) -> Server:
        """Start it. Raises RuntimeError with its log if it does not start."""
        self._process = subprocess.Popen(
            [str(self._python), "-m", __name__, "--account", self.account],
            cwd=ROOT,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        # Printed once the socket listens.
        self._endpoint = self._process.stdout.readline().strip()
        if not self._endpoint:
            self._process.wait()
            self._log.seek(0)
            message = f"The AWS server did not start:\n{self._log.read()}"
            self.stop()
            raise RuntimeError(message)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it; everything it held is gone."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None
        self._log.close()

    @property
    def endpoint(self) -> str:
        """The URL of every service, `http://localhost:<port>`."""
        return self._endpoint

    @property
    def variables(self) -> dict[str, str]:
        """The environment in which Terraform speaks to this server, with no setting of its own changed."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            # A provider that is configured anew with a bundle rejects its own HTTP client. Empty is unset.
            "AWS_CA_BUNDLE": "",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_SECRET_ACCESS_KEY": "test",
            # A name below localhost (a bucket, the account of S3 Control) resolves nowhere. A proxy gets it unresolved.
            "HTTP_PROXY": self.endpoint,
            # Nothing leaves the machine: this proxy makes no tunnels.
            "HTTPS_PROXY": self.endpoint,
            "NO_PROXY": "",
            "no_proxy": "",
        }

    def client(self, service: str, region: str) -> Any:
        """A boto3 client of that service."""
        # Untyped, and absent where only Terraform speaks to the server.
        boto3, config = import_module("boto3"), import_module("botocore.config")
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config.Config(
                # For `<account>.localhost`, the host of S3 Control, as in `variables`.
                proxies={"http": self.endpoint},
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )
