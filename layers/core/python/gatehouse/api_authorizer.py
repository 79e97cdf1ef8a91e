"""The decision behind the Lambda authorizer that we ship for other APIs (API Gateway HTTP API, payload format 2.0)."""

from collections.abc import Mapping
from typing import Any

from gatehouse import bearer, clock, observe
from gatehouse.errors import InsufficientScope, InvalidDpopProof, InvalidRequest, InvalidToken
from gatehouse.settings import settings
from gatehouse.web import Request

DENIED: dict[str, Any] = {"isAuthorized": False}
_TOLD = ("sub", "client_id", "scope", "sid", "org_id", "jti", "act", "permissions", "roles", "overflow")


def decide(event: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """Allow with the token's claims as context, or deny. Strictly consistent: a token is refused from the moment its session has ended.

    The API sets its stage variables `audience` (default: the issuer) and `scope` (default: none).

    Raises:
        Unavailable: the state cannot be read. API Gateway answers 500, never 401 or 403.
    """
    started_at = clock.milliseconds()
    request = Request.from_event(event, None)
    variables = event.get("stageVariables") or {}
    try:
        audience, scope = variables.get("audience") or settings().issuer, variables.get("scope", "")
        claims = bearer.verified(request, audience=audience, scope=scope, url=_called(event))
        if "sid" in claims:
            bearer.live(claims)
    except (InvalidToken, InvalidDpopProof, InsufficientScope, InvalidRequest) as refusal:
        observe.request_finished(
            request_id=request_id, message="denied", status=403, started_at_ms=started_at, error=refusal.code, detail=refusal.detail
        )
        return DENIED
    observe.request_finished(request_id=request_id, message="allowed", status=200, started_at_ms=started_at, client_id=claims["client_id"])
    context = {name: claims[name] for name in _TOLD if name in claims}
    return {"isAuthorized": True, "context": context | {"exp": str(claims["exp"])}}


def _called(event: Mapping[str, Any]) -> str:
    """The URL that the API was called by, for the proof of a bound token."""
    headers, domain = event.get("headers") or {}, event.get("requestContext", {}).get("domainName", "")
    host = headers.get("host", "")
    # domainName is what API Gateway routed by, and has no port; the Host header counts only where both name one host.
    authority = host if host.partition(":")[0] == domain else domain
    return f"{headers.get('x-forwarded-proto', 'https')}://{authority}{event.get('rawPath', '')}"
