"""Access tokens presented to our own endpoints (RFC 6750)."""

from collections.abc import Mapping
from typing import Any

from gatehouse import jose, sessions, tokens
from gatehouse.errors import InsufficientScope, InvalidRequest, InvalidToken
from gatehouse.sessions import Session
from gatehouse.users import User
from gatehouse.web import Request

_MESSAGE = "the access token is malformed, expired, revoked or not meant for this"


def presented(request: Request) -> str:
    """The token of the Authorization header, or of a form body (RFC 6750 2.1, 2.2); never of the query.

    Raises:
        InvalidRequest: both at once.
        InvalidToken: none.
    """
    header = request.headers.get("authorization", "")
    in_body = ""
    if request.method == "POST" and request.media_type == "application/x-www-form-urlencoded":
        in_body = request.form.get("access_token", "")
    if header and in_body:
        raise InvalidRequest("the access token is presented twice")
    if header and header[:7].lower() != "bearer ":
        raise InvalidToken("the Authorization header is not Bearer", presented=False)
    token = header[7:].strip() or in_body
    if not token:
        raise InvalidToken("no access token", presented=False)
    return token


def verified(request: Request, *, audience: str, scope: str = "") -> Mapping[str, Any]:
    """The claims of the presented token: signature, times, audience and scope hold. Reads no session.

    Raises:
        InvalidToken, InsufficientScope, InvalidRequest: which of it does not.
    """
    try:
        claims = tokens.read_access_token(presented(request))
    except jose.InvalidJWT as flaw:
        raise InvalidToken(_MESSAGE, detail=str(flaw)) from flaw
    request.outcome["client_id"] = claims["client_id"]
    if audience not in tokens.audiences(claims):
        raise InvalidToken(_MESSAGE, detail="audience is another")
    if scope and scope not in claims["scope"].split():
        raise InsufficientScope(scope)
    return claims


def live(claims: Mapping[str, Any]) -> tuple[Session, User]:
    """The session and user behind a person's token, now: 2 RRU.

    Raises:
        InvalidToken: the session or the user is over, or the token is a machine's.
    """
    sid = claims.get("sid")
    found = sessions.read_live(claims["sub"], sid) if isinstance(sid, str) else None
    if found is None:
        raise InvalidToken(_MESSAGE, detail="session is over" if sid else "token of a machine")
    return found
