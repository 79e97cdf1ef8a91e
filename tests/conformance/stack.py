"""What certification needs, in the stack that the tests deploy, and the configuration that leads there."""

import socket
from typing import Any

from local import certification
from tests.e2e.deployment import Deployment

_BASE = "https://rp.example/test/a/gatehouse"


def certified(deployed: Deployment) -> dict[str, Any]:
    """The configuration, once the clients and the person are registered."""
    listen, file = f"127.0.0.1:{_free_port()}", deployed.instance.home / "certification" / "secrets.json"
    with deployed.administered():
        provided = certification.provide(file, [_BASE], backchannel_logout_uri=f"http://{listen}/backchannel_logout")
        token = certification.initial_access_token()
        return certification.configuration(provided, _BASE, backchannel_listen=listen, initial_access_token=token)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
