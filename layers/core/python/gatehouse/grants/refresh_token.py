"""grant_type=refresh_token (RFC 6749 section 6): rotation with reuse detection (RFC 9700 4.14)."""

from gatehouse import clock, observe, refresh_tokens, sessions, tokens, users
from gatehouse.clients import Client
from gatehouse.errors import InvalidGrant, InvalidRequest, InvalidScope
from gatehouse.grants.answer import Answer, of_session
from gatehouse.refresh_tokens import RefreshToken
from gatehouse.web import Request

_OVER = "the refresh token is unknown, used, expired, revoked or was issued to another client"


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Replace the refresh token by its successor: one read of the user, one conditional write.

    Raises:
        InvalidRequest: no refresh token. InvalidScope: more than was granted. InvalidGrant: it may not be used.
    """
    value = parameters.get("refresh_token")
    if not value:
        raise InvalidRequest("refresh_token is missing")
    token = refresh_tokens.read(value)
    if token is None:
        raise InvalidGrant(_OVER, detail="not one of ours")
    user = users.get(token.user_id)
    if user is None or not sessions.stands(user, token.sid):
        raise InvalidGrant(_OVER, detail="user is gone, blocked or signed out")
    requested = " ".join(dict.fromkeys(parameters.get("scope", "").split()))
    if requested:
        _check_scope(token, client, requested)
    # Keys first: once the generation has moved on, nothing may fail.
    tokens.signing_keys(client)
    refresh_tokens.issue(token.user_id, token.sid, token.generation + 1)
    try:
        session = sessions.rotate(
            token.user_id,
            token.sid,
            token.generation,
            client_id=client.client_id,
            idle_seconds=client.session_idle_seconds,
            grace_seconds=client.refresh_grace_seconds,
            invocation_id=request.id,
        )
    except sessions.Reused as reuse:
        observe.event("RefreshTokenReuse", request_id=request.id, client_id=client.client_id, sid=token.sid)
        raise InvalidGrant(_OVER, detail="reused; session revoked") from reuse
    except sessions.Ended as ended:
        raise InvalidGrant(_OVER, detail="session is over") from ended
    return of_session(client, session, requested or session.scope, now=clock.now())


def _check_scope(token: RefreshToken, client: Client, requested: str) -> None:
    """Asking for less is seldom, so the read that it takes is made only then, and before anything is spent."""
    session = sessions.get(token.user_id, token.sid)
    if session is None or session.client_id != client.client_id:
        raise InvalidGrant(_OVER, detail="session is gone")
    if not set(requested.split()) <= set(session.scope.split()):
        raise InvalidScope("scope exceeds what was granted")
