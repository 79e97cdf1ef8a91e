"""Payload format 2.0: the event that a request becomes, and the answer that a function's result becomes."""

import base64
import json
import re
import secrets
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.gateway.routes import ACCOUNT, Api, Route

_TEXT_TYPES = ("application/json", "application/xml", "application/javascript")
# Of the connection, not of the message: neither reaches the function nor the caller.
_HOP_BY_HOP = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came: target is path and query verbatim, headers keep order and repeats."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    peer: str
    port: int
    scheme: str = "http"

    @property
    def raw_path(self) -> str:
        return decode_path(self.target.partition("?")[0])

    @property
    def raw_query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def decode_path(path: str) -> str:
    """A path as HTTP APIs hand it on: every escape decoded but %25, so that nothing is decoded twice."""
    return _ESCAPES.sub(lambda run: "%25".join(urllib.parse.unquote(part) for part in run[0].split("%25")), path)


def build(received: Received, api: Api, route: Route, path_variables: Mapping[str, str]) -> dict[str, Any]:
    """The event of payload format 2.0; keys without content are left out, as AWS does."""
    headers, cookies = _headers(received)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": received.raw_path,
        "rawQueryString": received.raw_query,
        "headers": headers,
        "requestContext": _context(received, api, route, headers),
        "isBase64Encoded": False,
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": _query(received.raw_query),
        "pathParameters": dict(path_variables),
        "stageVariables": dict(api.stage_variables),
    }
    event |= {name: value for name, value in optional.items() if value}
    if received.body:
        text = _is_text(headers.get("content-type", ""))
        event["body"] = received.body.decode("utf-8", "replace") if text else base64.b64encode(received.body).decode()
        event["isBase64Encoded"] = not text
    return event


def answer(result: object) -> Answer:
    """The HTTP answer to what a function returned.

    Raises:
        ValueError, TypeError: the result is none that API Gateway understands; it answers 500 then.
    """
    if not isinstance(result, dict) or "statusCode" not in result:
        return message(200, result)
    status = int(result["statusCode"])
    headers = [(name.lower(), _text(value)) for name, value in (result.get("headers") or {}).items()]
    headers = [header for header in headers if header[0] not in _HOP_BY_HOP | {"content-length"}]
    if "content-type" not in dict(headers):
        headers.append(("content-type", "text/plain;charset=UTF-8"))
    headers += [("set-cookie", cookie) for cookie in result.get("cookies") or []]
    body = result.get("body") or ""
    if not isinstance(body, str):
        raise TypeError("body is not a string")
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    return Answer(status, tuple(headers), content)


def message(status: int, body: object) -> Answer:
    """A JSON answer of the gateway itself."""
    return Answer(status, (("content-type", "application/json"),), json.dumps(body, separators=(",", ":")).encode())


def _headers(received: Received) -> tuple[dict[str, str], list[str]]:
    """Headers in lower case with repeats joined, and the cookies apart, each one an entry."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in ((name.lower(), value.strip()) for name, value in received.headers):
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        elif name not in _HOP_BY_HOP:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {received.peer}" if forwarded else received.peer
    headers["x-forwarded-port"] = str(received.port)
    headers["x-forwarded-proto"] = received.scheme
    headers["x-amzn-trace-id"] = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    if received.body:
        headers["content-length"] = str(len(received.body))
    return headers, cookies


def _context(received: Received, api: Api, route: Route, headers: Mapping[str, str]) -> dict[str, Any]:
    now = time.time()
    # AWS names the API's domain, which has no port; who needs the address that was called finds it in the header host.
    domain = re.sub(r":\d*$", "", headers.get("host", ""))
    return {
        "accountId": ACCOUNT,
        "apiId": api.id,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": received.method,
            "path": received.raw_path,
            "protocol": "HTTP/1.1",
            "sourceIp": received.peer,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": secrets.token_urlsafe(11) + "=",
        "routeKey": route.key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _query(raw_query: str) -> dict[str, str]:
    """Decoded parameters, repeats joined by a comma."""
    parameters: dict[str, str] = {}
    for name, value in urllib.parse.parse_qsl(raw_query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    return parameters


def _is_text(content_type: str) -> bool:
    """Whether a body goes to the function as text; forms and unknown types go in base64."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.startswith("text/") or media_type in _TEXT_TYPES


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
