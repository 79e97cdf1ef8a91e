"""POST /api/v2/users/{id}/revoke-access: an operator signs somebody out (Auth0). Served by a function that loads no more than it must."""

import json

from gatehouse import identifiers, session_ids, sessions, users
from gatehouse.errors import InvalidRequest, NotFound
from gatehouse.management import callers
from gatehouse.web import Request, Response

SCOPE = "delete:sessions"


def revoke_access(request: Request, user_id: str) -> Response:
    """End all sessions of a user, or only the one that the JSON body names as session_id: 204.

    Raises:
        InvalidToken, InvalidDpopProof: no token for the Management API, or that of a person who signed out.
        InsufficientScope: without delete:sessions, or that of a person to whom no role gives it.
        InvalidRequest: a body with anything else. NotFound: no such user.
    """
    callers.demand_for_tenant(callers.authenticate(request), SCOPE)
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
    if isinstance(sid, str) and (named := identifiers.parts_of(sid)):
        # As the Management API names it. Of another user than the path's it names nothing here.
        sid = named[0]
    if not isinstance(sid, str) or (sid and session_ids.epoch_of(sid) < 0):
        raise InvalidRequest("session_id is not a session id")
    return sid
