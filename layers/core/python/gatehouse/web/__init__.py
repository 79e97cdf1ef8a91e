"""API Gateway's event ⇄ Request and Response (payload format 2.0), and the one place where an error becomes HTTP."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from gatehouse import clock, observe
from gatehouse.errors import (
    InsufficientScope,
    InvalidClient,
    InvalidDpopProof,
    InvalidRequest,
    InvalidToken,
    MethodNotAllowed,
    Refusal,
    TooManyRequests,
    Unavailable,
    UseDpopNonce,
)
from gatehouse.web.messages import LARGEST_BODY, Request, Response, clear_cookie, json_response, json_text_response, redirect, set_cookie

__all__ = [
    "EXPOSED",
    "LARGEST_BODY",
    "Request",
    "Response",
    "api_error",
    "bearer_error",
    "clear_cookie",
    "endpoint",
    "json_response",
    "json_text_response",
    "oauth_error",
    "preflight",
    "redirect",
    "refused",
    "set_cookie",
]

EXPOSED: Final = {"access-control-expose-headers": "DPoP-Nonce, ETag, WWW-Authenticate"}
_CORS_HEADERS: Final = {"access-control-allow-origin": "*"} | EXPOSED


Route = Callable[[Request], Response]
Render = Callable[[Request, Refusal], Response]
Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def oauth_error(request: Request, refusal: Refusal) -> Response:
    """The JSON error of RFC 6749 5.2."""
    response = json_response(refusal.status, refusal.body())
    if isinstance(refusal, InvalidClient) and refusal.challenge:
        response.headers["www-authenticate"] = 'Basic realm="gatehouse"'
    return response


def bearer_error(request: Request, refusal: Refusal) -> Response:
    """The challenge of RFC 6750 section 3 and RFC 9449 7.1, with the same in JSON."""
    response = json_response(_status_at_resource(refusal), refusal.body())
    if challenge := _bearer_challenge(request, refusal):
        response.headers["www-authenticate"] = challenge
    return response


def _status_at_resource(refusal: Refusal) -> int:
    # What is a 400 at the token endpoint is a token not accepted here.
    return 401 if isinstance(refusal, InvalidDpopProof) else refusal.status


def _bearer_challenge(request: Request, refusal: Refusal) -> str:
    by_proof = request.headers.get("authorization", "")[:5].lower() == "dpop " or isinstance(refusal, InvalidDpopProof)
    scheme = (refusal.scheme if isinstance(refusal, InvalidToken) else "") or ("DPoP" if by_proof else "Bearer")
    realm, error = f'{scheme} realm="gatehouse"', f'error="{refusal.code}"'
    if isinstance(refusal, InsufficientScope):
        return f'{realm}, {error}, scope="{refusal.scope}"'
    if isinstance(refusal, InvalidToken) and not refusal.presented:
        return realm
    if isinstance(refusal, InvalidToken | InvalidDpopProof) or (isinstance(refusal, InvalidRequest) and refusal.status == 400):
        return f'{realm}, {error}, error_description="{refusal.description}"'
    return ""


def api_error(request: Request, refusal: Refusal) -> Response:
    """The error body of Auth0's Management API."""
    status = _status_at_resource(refusal)
    # Imported on first use: no endpoint of OAuth answers so.
    from http import HTTPStatus

    reason = HTTPStatus(status).phrase
    body = {"statusCode": status, "error": reason, "message": refusal.description or reason, "errorCode": refusal.code}
    response = json_response(status, body)
    if status in (401, 403):
        response.headers["www-authenticate"] = _bearer_challenge(request, refusal)
    return response


def endpoint(*methods: str, errors: Render = oauth_error, cors: bool = False, head: bool = True) -> Callable[[Route], Handler]:
    """Make a Lambda handler of a route that serves `methods`.

    errors: how a refusal is answered. cors: any origin may call it from a browser, without cookies. head: HEAD is served like GET, which
    must then change nothing.
    """

    def wrap(route: Route) -> Handler:
        @wraps(route)
        def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
            started_at = clock.milliseconds()
            request = Request.from_event(event, context)
            try:
                response = preflight(methods) if cors and request.method == "OPTIONS" else _routed(route, request, methods, head=head)
                message, reason = "answered", {}
            except Refusal as refusal:
                _take_back(request, refusal)
                response = refused(errors, request, refusal)
                message, reason = "refused", {"error": refusal.code, "reason": refusal.description, "detail": refusal.detail}
            except Exception as error:  # noqa: BLE001 - the last line: whatever happened is answered in the protocol's form
                observe.failed(request.id, error)
                response, message, reason = refused(errors, request, Refusal()), "failed", {}
            if cors:
                response.headers = _CORS_HEADERS | response.headers
            observe.request_finished(
                request_id=request.id, message=message, status=response.status, started_at_ms=started_at, **(reason | request.outcome)
            )
            return response.to_event()

        return handler

    return wrap


def _take_back(request: Request, refusal: Refusal) -> None:
    if isinstance(refusal, Unavailable):
        for take_back in request.if_unavailable:
            take_back()


def _routed(route: Route, request: Request, methods: tuple[str, ...], *, head: bool) -> Response:
    method = "GET" if head and request.method == "HEAD" else request.method
    if method not in methods:
        raise MethodNotAllowed(methods)
    return route(request)


def refused(errors: Render, request: Request, refusal: Refusal) -> Response:
    """The refusal as `errors` renders it, with the headers that HTTP asks for in any protocol."""
    response = errors(request, refusal)
    if isinstance(refusal, MethodNotAllowed):
        response.headers["allow"] = ", ".join(refusal.allowed)
    if isinstance(refusal, UseDpopNonce):
        response.headers["dpop-nonce"] = refusal.nonce
    if isinstance(refusal, Unavailable | TooManyRequests):
        response.headers["retry-after"] = str(refusal.retry_after_seconds)
    return response


def preflight(methods: tuple[str, ...]) -> Response:
    """The answer to a CORS preflight, without an origin: the caller adds it."""
    return Response(
        204,
        headers={
            "access-control-allow-methods": ", ".join(methods),
            "access-control-allow-headers": "authorization, content-type, dpop, if-match",
            "access-control-max-age": "7200",
        },
    )
