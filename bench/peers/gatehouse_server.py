"""The functions of this repository behind the least of an HTTP server: request -> API Gateway's event -> handler -> answer.

One request at a time, as on Lambda. Log lines are written, and go nowhere. argv: in-memory, to serve from a copy of the table.
"""

import base64
import importlib
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench.peers import http_front
from bench.peers.memory_table import MemoryTable
from gatehouse.table import connection

_FUNCTIONS = {
    "/.well-known/openid-configuration": "discovery",
    "/.well-known/jwks.json": "discovery",
    "/authorize": "authorize",
    "/oauth/token": "token_exchange",
    "/userinfo": "userinfo",
    "/oauth/introspect": "introspect",
    "/me/sign-out": "global_sign_out",
    "/u/login": "hosted_pages",
}
_HANDLERS: dict[str, Callable[[dict[str, Any], object], dict[str, Any]]] = {
    path: importlib.import_module(f"functions.{function}.app").handler for path, function in _FUNCTIONS.items()
}


class _Context:
    def __init__(self, request_id: str) -> None:
        self.aws_request_id = request_id


def _respond(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    path, _, query = target.partition("?")
    event = {
        "version": "2.0",
        "routeKey": f"ANY {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "peers",
            "domainName": "id.example.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "peers/1.0"},
            "requestId": "peers",
            "routeKey": f"ANY {path}",
            "stage": "$default",
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    if "cookie" in headers:
        event["cookies"] = headers["cookie"].split("; ")
    # As long as Lambda's, and another for each invocation: gatehouse tells repeated calls by it.
    answered = _HANDLERS[path](event, _Context(os.urandom(18).hex()))
    lines = [*answered["headers"].items(), *(("set-cookie", cookie) for cookie in answered.get("cookies") or [])]
    return http_front.answer(answered["statusCode"], lines, answered["body"].encode())


def _keep_in_memory() -> None:
    """Read the table once, and go on with the copy."""
    copied = MemoryTable(connection.table_name())
    copied.copy()
    verbs: Any = importlib.import_module("gatehouse.table.verbs")
    verbs.call = copied.call


if __name__ == "__main__":
    if sys.argv[1:] == ["in-memory"]:
        _keep_in_memory()
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    http_front.serve(int(os.environ["PORT"]), _respond)
