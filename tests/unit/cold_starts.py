"""Functions in processes of their own, which know nothing of boto3; their DynamoDB and KMS is moto in this process, over HTTP."""

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from bench import starts, strict
from bench.operations import Operation, World, event, operations
from gatehouse import client_registration
from gatehouse.aws.endpoints import Endpoint
from gatehouse.clients import DEVICE_GRANT
from tests import botocore_wire
from tests.unit.conftest import ENVIRONMENT, ROOT

# What each function is started with. Where it does several things: what is asked of it most.
FIRST = {
    "authorize": "authorize, signed on",
    "authorizer": "authorizer",
    "device_authorization": "device authorization",
    "discovery": "key set",
    "global_sign_out": "sign out everywhere",
    "hosted_pages": "sign-in page",
    "introspect": "introspect",
    "logout": "RP logout",
    "push_authorization": "push, bound",
    "revoke": "revoke",
    "token_exchange": "refresh",
    "token_refresh": "refresh by cookie",
    "userinfo": "userinfo",
}
_HOSTS = {"DynamoDB_20120810": "dynamodb", "TrentService": "kms"}


@dataclass(frozen=True)
class Started:
    """imported: the names of all modules that a bare interpreter does not have, after the first request."""

    function: str
    imported: frozenset[str]


def first_requests() -> dict[str, Operation]:
    """By function, what it is started with."""
    world = World("ES256")
    device = client_registration.register(name="Television", type="native", grant_types=[DEVICE_GRANT], scopes=["openid"])
    asked = {"client_id": device.client_id, "scope": "openid"}
    more = Operation("device authorization", "device_authorization", lambda: event("device_authorization", form=asked))
    known = {operation.name: operation for operation in (*operations(world), *strict.operations(world), more)}
    return {function: known[name] for function, name in FIRST.items()}


def start(operation: Operation, url: str) -> Started:
    """Start the function of an operation with its event. url: of what stands in for AWS."""
    # Without site, whose part is another on every machine.
    paths = [str(ROOT / "layers" / "core" / "python"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    known = {name: value for name, value in os.environ.items() if name in ENVIRONMENT or name == "KEY_ARN"}
    environment = known | {"AWS_ENDPOINT_URL": url, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    run = starts.start(operation.function, operation.prepare(), environment, "-S")
    # A name that Jinja2 makes for its own use is another in every process.
    names = (name for name in run["modules"] if not name.startswith("_jinja2_module_templates_"))
    return Started(operation.function, frozenset(names) - set(run["bare"]) - {"app"})


@contextmanager
def moto_over_http() -> Iterator[str]:
    """The URL at which this process's moto answers for DynamoDB and KMS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        service = _HOSTS[headers["x-amz-target"].partition(".")[0]]
        host = f"{service}.{ENVIRONMENT['AWS_DEFAULT_REGION']}.amazonaws.com"
        body = self.rfile.read(int(headers["content-length"]))
        answer = botocore_wire.exchange(Endpoint(True, host, 443, host), headers, body)
        self.send_response(answer.status)
        for name in ("content-type", "x-amzn-errortype", "x-amz-crc32"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's own output is enough."""
