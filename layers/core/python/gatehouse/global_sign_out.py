"""Signing a person out everywhere: by themselves, or by an operator (Auth0's revoke-access)."""

import json

from gatehouse import bearer, identifiers, sessions, users
from gatehouse.errors import InvalidRequest, InvalidToken, NotFound
from gatehouse.settings import settings
from gatehouse.web import Request, Response

OPERATOR_SCOPE = "delete:sessions"


def own(request: Request) -> Response:
    """End all sessions of the token's subject: 204. One write, no read: the session's id names the epoch that it ends.

    Raises:
        InvalidToken: also when the person was signed out everywhere since the token was issued.
    """
    claims = bearer.verified(request, audience=settings().issuer, scope="openid")
    sid = claims.get("sid")
    if not isinstance(sid, str):
        raise InvalidToken("a machine's token signs nobody out", detail="no sid")
    if not users.sign_out_everywhere(claims["sub"], invocation_id=request.id, epoch=sessions.epoch_of(sid)):
        raise InvalidToken("the access token is malformed, expired, revoked or not meant for this", detail="epoch is over")
    request.outcome["sign_out"] = "everywhere"
    return Response(204)


def by_operator(request: Request, user_id: str) -> Response:
    """End all sessions of a user, or only the one that the JSON body names as session_id: 204.

    Raises:
        InvalidToken, InsufficientScope: not a token for the Management API with delete:sessions, or that of a person who signed out.
        InvalidRequest: a body with anything else. NotFound: no such user.
    """
    claims = bearer.verified(request, audience=settings().management_audience, scope=OPERATOR_SCOPE)
    if "sid" in claims:
        bearer.live(claims)
    sid = _session_id(request)
    if not identifiers.valid_user_id(user_id):
        raise NotFound("there is no such user")
    if sid:
        sessions.revoke(user_id, sid, "revoked_by_operator")
        return Response(204)
    if not users.sign_out_everywhere(user_id, invocation_id=request.id):
        raise NotFound("there is no such user")
    request.outcome["sign_out"] = "everywhere"
    return Response(204)


def _session_id(request: Request) -> str:
    if not request.body:
        return ""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not JSON") from None
    if not isinstance(body, dict) or set(body) - {"session_id", "preserve_refresh_tokens"}:
        raise InvalidRequest("the body may hold session_id and preserve_refresh_tokens only")
    if body.get("preserve_refresh_tokens"):
        # Here a refresh token is its session: there is no ending the one and keeping the other.
        raise InvalidRequest("preserve_refresh_tokens is not supported")
    sid = body.get("session_id") or ""
    if not isinstance(sid, str) or (sid and sessions.epoch_of(sid) < 0):
        raise InvalidRequest("session_id is not a session id")
    return sid
