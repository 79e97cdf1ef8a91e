"""A request and a response, as functions see them, from and to API Gateway's event (payload format 2.0)."""

import base64
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from gatehouse import compact_json
from gatehouse.dataclasses import dataclass, field
from gatehouse.errors import InvalidRequest, TooLarge
from gatehouse.web import parameters

LARGEST_BODY: Final = 65_536
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = "application/json"
COOKIE_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"
_SECURITY_HEADERS: Final = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. id: of the Lambda invocation, the same when an SDK repeats a call. outcome: what the route adds to the log line.

    if_unavailable: what to take back before the answer 503, so that the very same request can be repeated.
    """

    id: str
    method: str
    path: str
    raw_query: str
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes
    source_ip: str
    path_parameters: Mapping[str, str]
    outcome: dict[str, str] = field(default_factory=dict)
    if_unavailable: list[Callable[[], None]] = field(default_factory=list)

    @classmethod
    def from_event(cls, event: Mapping[str, Any], context: object) -> "Request":
        """Read an event of payload format 2.0; header names are lower case there already.

        Raises:
            nothing: what is malformed is refused by the property that reads it.
        """
        http = event.get("requestContext", {}).get("http", {})
        headers = event.get("headers") or {}
        raw_cookies = event.get("cookies") or headers.get("cookie", "").split(";")
        pairs = (cookie.strip().partition("=") for cookie in raw_cookies)
        return cls(
            id=getattr(context, "aws_request_id", None) or secrets.token_hex(16),
            method=str(http.get("method", "")).upper(),
            path=event.get("rawPath", ""),
            raw_query=event.get("rawQueryString") or "",
            headers=headers,
            cookies={name: value for name, _, value in pairs if name},
            body=_body(event),
            source_ip=http.get("sourceIp", ""),
            path_parameters=event.get("pathParameters") or {},
        )

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; those without a value count as absent (RFC 6749 3.1).

        Raises:
            InvalidRequest: one is repeated, or is not text.
        """
        return parameters.of_form(self.raw_query)

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form body.

        Raises:
            InvalidRequest: another media type, one is repeated, or is not text.
            TooLarge: over LARGEST_BODY.
        """
        self._check_body(_FORM)
        return parameters.of_form(parameters.text_of(self.body))

    @property
    def form_or_json(self) -> dict[str, str]:
        """The parameters of a form body or of a JSON object, whose nulls count as absent.

        Raises:
            InvalidRequest, TooLarge: as `form`; a member that is no string.
        """
        self._check_body(_FORM, _JSON)
        text = parameters.text_of(self.body)
        return parameters.of_json(text) if self.media_type == _JSON else parameters.of_form(text)

    @property
    def json_object(self) -> dict[str, Any]:
        """The JSON object of the body, its members of any kind; raises as `form_or_json` does."""
        self._check_body(_JSON)
        return parameters.object_of_json(parameters.text_of(self.body))

    def json_value(self, media_type: str) -> Any:
        """The JSON value of a body of this media type, whatever it is; raises as `form_or_json` does."""
        self._check_body(media_type)
        return parameters.value_of_json(parameters.text_of(self.body))

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def accepted(self) -> list[str]:
        """The media types of the Accept header, as they stand there; wildcards and weights say nothing here."""
        return [entry.partition(";")[0].strip().lower() for entry in self.headers.get("accept", "").split(",")]

    @property
    def origin(self) -> str:
        return self.headers.get("origin", "")

    def _check_body(self, *media_types: str) -> None:
        if len(self.body) > LARGEST_BODY:
            raise TooLarge(f"the body is larger than {LARGEST_BODY} bytes")
        if self.body and self.media_type not in media_types:
            raise InvalidRequest(f"content-type must be {' or '.join(media_types)}")


@dataclass(slots=True)
class Response:
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)

    def to_event(self) -> dict[str, Any]:
        """The answer that API Gateway expects."""
        headers = _SECURITY_HEADERS | {"content-type": "text/plain; charset=utf-8"} | self.headers
        return {"statusCode": self.status, "headers": headers, "cookies": self.cookies, "body": self.body, "isBase64Encoded": False}


def json_response(status: int, body: Mapping[str, Any]) -> Response:
    """JSON, not to be stored."""
    return json_text_response(status, compact_json.text(body))


def json_text_response(status: int, body: str, *, cache_seconds: int = 0) -> Response:
    """What is JSON already, not to be stored unless cache_seconds says how long."""
    headers = {"content-type": _JSON}
    if cache_seconds:
        headers["cache-control"] = f"public, max-age={cache_seconds}"
    return Response(status, body, headers)


def redirect(url: str, parameters: Mapping[str, str] | None = None, *, cookies: list[str] | None = None) -> Response:
    """303, so that no browser repeats a POST elsewhere (RFC 9700 4.12). parameters: added to the query of url, empty ones left out."""
    given = {name: value for name, value in (parameters or {}).items() if value}
    location = url + ("&" if "?" in url else "?") + urlencode(given) if given else url
    return Response(303, "", {"location": location}, cookies or [])


def set_cookie(name: str, value: str, *, seconds: int | None = None) -> str:
    """A __Host- cookie (RFC 6265bis 4.1.3.2): for this host only, out of reach of scripts. Without seconds it ends with the browser."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"__Host-{name}={value}; {COOKIE_ATTRIBUTES}{age}"


def clear_cookie(name: str) -> str:
    return set_cookie(name, "", seconds=0)


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="surrogatepass")
    try:
        return base64.b64decode(body)
    except ValueError:
        # API Gateway encodes it itself, so this is nobody's request: it is served as one without a body.
        return b""
