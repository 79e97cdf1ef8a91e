"""Signing a person out everywhere, by themselves."""

from gatehouse import bearer, session_ids, users
from gatehouse.errors import InvalidToken
from gatehouse.settings import settings
from gatehouse.web import Request, Response


def own(request: Request) -> Response:
    """End all sessions of the token's subject: 204. One write, no read: the session's id names the epoch that it ends.

    Raises:
        InvalidToken: also when the person was signed out everywhere since the token was issued.
    """
    claims = bearer.verified(request, audience=settings().issuer, scope="openid")
    sid = claims.get("sid")
    if not isinstance(sid, str):
        raise InvalidToken("a machine's token signs nobody out", detail="no sid")
    if not users.sign_out_everywhere(claims["sub"], invocation_id=request.id, epoch=session_ids.epoch_of(sid)):
        raise InvalidToken("the access token is malformed, expired, revoked or not meant for this", detail="epoch is over")
    request.outcome["sign_out"] = "everywhere"
    return Response(204)
