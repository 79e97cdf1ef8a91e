"""A Gatehouse of these tests' own, with what certification needs, and the configuration that leads there."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local import certification, stack
from local.instance import named
from tests.e2e import deployment

INSTANCE, PORT = "conformance", 18380
_BASE = "https://rp.example/test/a/gatehouse"


@contextmanager
def running() -> Iterator[dict[str, Any]]:
    """Start it, register the clients and the person, and end it after the block."""
    instance = named(INSTANCE, PORT)
    try:
        yield _configured(deployment.started(instance))
    finally:
        stack.down(instance)


def _configured(deployed: deployment.Deployment) -> dict[str, Any]:
    listen, file = f"127.0.0.1:{_free_port()}", deployed.instance.home / "certification" / "secrets.json"
    with deployed.administered():
        certified = certification.provide(file, [_BASE], backchannel_logout_uri=f"http://{listen}/backchannel_logout")
        token = certification.initial_access_token()
        return certification.configuration(certified, _BASE, backchannel_listen=listen, initial_access_token=token)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
