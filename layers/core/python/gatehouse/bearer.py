"""Access tokens presented to our own endpoints (RFC 6750, RFC 9449 section 7)."""

from collections.abc import Collection, Mapping
from typing import Any

from gatehouse import cut_offs, dpop, holders, jose, proof_of_possession, tokens
from gatehouse.errors import InsufficientScope, InvalidRequest, InvalidToken
from gatehouse.holders import Holder
from gatehouse.sessions import Session
from gatehouse.users import User
from gatehouse.web import Request

_MESSAGE = "the access token is malformed, expired, revoked or not meant for this"


def presented(request: Request) -> tuple[str, str]:
    """Scheme (bearer or dpop) and token of the Authorization header, or of a form body (RFC 6750 2.1, 2.2); never of the query.

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
    scheme, _, token = header.partition(" ")
    if header and scheme.lower() not in ("bearer", "dpop"):
        raise InvalidToken("the Authorization header is neither Bearer nor DPoP", presented=False)
    token = token.strip() or in_body
    if not token:
        raise InvalidToken("no access token", presented=False)
    return scheme.lower() or "bearer", token


def verified(request: Request, *, audience: str, scope: str = "", url: str = "") -> Mapping[str, Any]:
    """The claims of the presented token: signature, times, audience, scope and the proof of its key hold. Reads no session.

    url: what was called, for the proof; by default the request's path at our own address.

    Raises:
        InvalidToken, InvalidDpopProof, InsufficientScope, InvalidRequest: which of it does not.
    """
    scheme, token = presented(request)
    try:
        claims = tokens.read_access_token(token)
    except jose.InvalidJWT as flaw:
        raise InvalidToken(_MESSAGE, detail=str(flaw)) from flaw
    request.outcome["client_id"] = claims["client_id"]
    if cut_offs.passed(claims["client_id"], claims["iat"]):
        raise InvalidToken(_MESSAGE, detail="issued before a cut-off, or its client is gone")
    _check_key(request, claims, scheme, token, url or proof_of_possession.address(request))
    if audience not in tokens.audiences(claims):
        raise InvalidToken(_MESSAGE, detail="audience is another")
    if scope and scope not in claims["scope"].split():
        raise InsufficientScope(scope)
    return claims


def _check_key(request: Request, claims: Mapping[str, Any], scheme: str, token: str, url: str) -> None:
    """A bound token only with its key, an unbound one only as a bearer token (RFC 9449 7.1, 7.2)."""
    bound_to = tokens.key_of(claims)
    if bool(bound_to) != (scheme == "dpop"):
        raise InvalidToken(_MESSAGE, detail=f"presented as {scheme}", scheme="DPoP" if bound_to else "Bearer")
    if bound_to and dpop.presented(request.headers.get("dpop", ""), token, method=request.method, url=url) != bound_to:
        raise InvalidToken(_MESSAGE, detail="the proof is another key's", scheme="DPoP")


def live(claims: Mapping[str, Any]) -> tuple[Session, User]:
    """The session and user behind a person's token, now: 2 RRU, 1 more in the name of an organization, whose member they must still be.

    Raises:
        InvalidToken: the session or the user is over, or the token is a machine's.
    """
    sid = claims.get("sid")
    found = cut_offs.live_session(claims["sub"], sid, org_id=claims.get("org_id", "")) if isinstance(sid, str) else None
    if found is None:
        raise _over(sid)
    return found


def holder(claims: Mapping[str, Any], needed: Collection[str] = ()) -> tuple[Session, Holder]:
    """The session and the person behind a token as `live`, with what else is needed of them, in the same read. needed: as holders.read.

    Raises:
        InvalidToken: as `live`.
    """
    sid = claims.get("sid")
    found = holders.live(claims["sub"], sid, claims.get("org_id", ""), needed) if isinstance(sid, str) else None
    if found is None or found.session is None:
        raise _over(sid)
    return found.session, found


def _over(sid: object) -> InvalidToken:
    return InvalidToken(_MESSAGE, detail="session is over" if sid else "token of a machine")
