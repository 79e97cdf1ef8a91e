"""grant_type=refresh_token (RFC 6749 section 6): rotation with reuse detection (RFC 9700 4.14)."""

from collections.abc import Collection

from gatehouse import clock, cut_offs, memberships, observe, proof_of_possession, refresh_tokens, resources, sessions, tokens, users
from gatehouse.clients import Client
from gatehouse.errors import InvalidGrant, InvalidRequest, InvalidScope
from gatehouse.grants.answer import Answer, look_up, of_session
from gatehouse.refresh_tokens import RefreshToken
from gatehouse.sessions import Session
from gatehouse.users import User
from gatehouse.web import Request

_OVER = "the refresh token is unknown, used, expired, revoked or was issued to another client"


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Replace the refresh token by its successor: one read of the user, and of their membership in an organization; one conditional write.

    Raises:
        InvalidRequest: no refresh token. InvalidScope, InvalidTarget: more than was granted. InvalidGrant: it may not be used.
        InvalidDpopProof, UseDpopNonce: as they say.
    """
    value = parameters.get("refresh_token")
    if not value:
        raise InvalidRequest("refresh_token is missing")
    token = refresh_tokens.read(value)
    if token is None:
        raise InvalidGrant(_OVER, detail="not one of ours")
    key = proof_of_possession.key_of(request, client)
    if token.bound_to not in ("", key):
        raise InvalidGrant("the refresh token is bound to another key than the DPoP proof's")
    user, member_since = _holder(token, client)
    requested = " ".join(dict.fromkeys(parameters.get("scope", "").split()))
    target = resources.requested(parameters, _targets(token, client, requested) if _asks(parameters) else ())
    # Keys and whatever is read first: once the generation has moved on, nothing may fail.
    tokens.signing_keys(client)
    refresh_tokens.issue(token.user_id, token.sid, token.generation + 1, token.bound_to, token.org_id)
    known = look_up(client, user, token.org_id, requested or " ".join(client.scopes), resources.allowed(client))
    try:
        session = sessions.rotate(
            token.user_id,
            token.sid,
            token.generation,
            client_id=client.client_id,
            idle_seconds=client.session_idle_seconds,
            grace_seconds=client.refresh_grace_seconds,
            invocation_id=request.id,
            # FAPI 2.0 Security Profile 5.3.2.1: a bound refresh token is not rotated.
            step=0 if client.fapi else 1,
            not_before=cut_offs.of(client),
        )
    except sessions.Reused as reuse:
        observe.event("RefreshTokenReuse", request_id=request.id, client_id=client.client_id, sid=token.sid)
        raise InvalidGrant(_OVER, detail="reused; session revoked") from reuse
    except sessions.Ended as ended:
        raise InvalidGrant(_OVER, detail="session is over") from ended
    if session.org_id and member_since > session.created_at:
        raise _left(session)
    return of_session(client, session, user, requested or session.scope, now=clock.now(), resources=target, bound_to=key, known=known)


def _holder(token: RefreshToken, client: Client) -> tuple[User, int]:
    """The user, and since when they are a member of the organization that the session is in the name of, in the same read; 0 for none.

    Raises:
        InvalidGrant: the user is gone, blocked or signed out, or has left the organization, and then the session is over.
    """
    if not token.org_id:
        user, membership = users.get(token.user_id), None
    else:
        user, membership = memberships.with_user(token.user_id, token.org_id)
    if user is None or not sessions.stands(user, token.sid):
        raise InvalidGrant(_OVER, detail="user is gone, blocked or signed out")
    if token.org_id and membership is None:
        raise _left(Session(token.user_id, token.sid, client.client_id))
    return user, membership.joined_at if membership else 0


def _left(session: Session) -> InvalidGrant:
    """The refusal for a session in the name of an organization whose member the person is no more, or is again; it is revoked."""
    sessions.revoke(session.user_id, session.sid, "membership_ended", client_id=session.client_id)
    return InvalidGrant(_OVER, detail="the person has left the organization")


def _asks(parameters: dict[str, str]) -> bool:
    return bool({"scope", "resource", "audience"} & set(parameters))


def _targets(token: RefreshToken, client: Client, requested: str) -> Collection[str]:
    """The APIs that may be asked for, if the scope may be.

    Asking for less is seldom, so the read that it takes is made only then, and before anything is spent.
    """
    session = sessions.get(token.user_id, token.sid)
    if session is None or session.client_id != client.client_id:
        raise InvalidGrant(_OVER, detail="session is gone")
    if not set(requested.split()) <= set(session.scope.split()):
        raise InvalidScope("scope exceeds what was granted")
    return session.resources.split() or resources.allowed(client)
