"""A server that speaks S3, on the loopback, and buckets in it as an operator would set them."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import urllib3


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket's address, and the environment that leads to it."""

    address: str
    environment: Mapping[str, str]


@contextmanager
def bucket_server() -> Iterator[str]:
    """The address of a server that runs meanwhile, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_for(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server doesn't listen"
            time.sleep(0.05)
        else:
            return


def new_bucket(server: str) -> Bucket:
    """An empty bucket."""
    name = f"desk-{secrets.token_hex(8)}"
    assert urllib3.request("PUT", f"{server}/{name}").status == 200
    environment = {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "desk",
        "AWS_SECRET_ACCESS_KEY": "a secret of tests",
        "AWS_REGION": "us-east-1",
    }
    return Bucket(f"s3://{name}/attachments", environment)
