"""grant_type=refresh_token (RFC 6749 section 6): rotation with reuse detection (RFC 9700 4.14)."""

import hashlib
from collections.abc import Collection

from gatehouse import clock, cut_offs, holders, observe, proof_of_possession, refresh_tokens, resources, sessions, tokens
from gatehouse.claim_sources import MEMBERSHIP
from gatehouse.clients import Client
from gatehouse.errors import InvalidGrant, InvalidRequest, InvalidScope
from gatehouse.grants import hooked, known
from gatehouse.grants.answer import Answer, of_session
from gatehouse.grants.known import Known, Plan
from gatehouse.holders import Holder
from gatehouse.refresh_tokens import RefreshToken
from gatehouse.sessions import Session
from gatehouse.web import Request

_OVER = "the refresh token is unknown, used, expired, revoked or was issued to another client"


def exchange(client: Client, parameters: dict[str, str], request: Request) -> Answer:
    """Replace the refresh token by its successor: one read of the user and what their claims need, hooks, one conditional write.

    Raises:
        InvalidRequest: no refresh token. InvalidScope, InvalidTarget: more than was granted. InvalidGrant: it may not be used.
        InvalidDpopProof, UseDpopNonce: as they say. Denied, Unavailable: a hook refused, or failed; the token can be used again.
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
    requested = " ".join(dict.fromkeys(parameters.get("scope", "").split()))
    planned = known.plan(client, token.org_id, requested or " ".join(client.scopes), resources.allowed(client))
    holder = _holder(token, client, planned)
    target = resources.requested(parameters, _targets(token, client, requested, holder.session) if _asks(parameters) else ())
    # Keys and whatever is read first, and hooks: once the generation has moved on, nothing may fail.
    tokens.signing_keys(client)
    refresh_tokens.have_key()
    found = _hooked(token, client, requested, target, known.look_up(planned, holder, token.org_id), request)
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
    if not session.belongs(holder.membership):
        raise _left(session)
    return of_session(client, session, found, requested or session.scope, now=clock.now(), resources=target, bound_to=key)


def _holder(token: RefreshToken, client: Client, planned: Plan) -> Holder:
    """The person, and in the same read their membership in the organization that the session is in the name of.

    Hooks are told what was granted, so that where there are some the session is read as well.

    Raises:
        InvalidGrant: the user is gone, blocked or signed out, or has left the organization, and then the session is over.
    """
    found = holders.read(token.user_id, token.org_id, {*planned.needed, MEMBERSHIP}, sid=token.sid if planned.hooks else "")
    if found is None or not sessions.stands(found.user, token.sid):
        raise InvalidGrant(_OVER, detail="user is gone, blocked or signed out")
    if token.org_id and found.membership is None:
        raise _left(Session(token.user_id, token.sid, client.client_id))
    return found


def _hooked(token: RefreshToken, client: Client, requested: str, target: str, found: Known, request: Request) -> Known:
    """What is known, with what hooks make of it; without them for a token that is sure to be refused, as that must not depend on them."""
    session = found.holder.session
    if session is None or sessions.spent(
        session,
        token.generation,
        client_id=client.client_id,
        grace_seconds=client.refresh_grace_seconds,
        invocation_id=request.id,
        not_before=cut_offs.of(client),
    ):
        return found
    return hooked.run(
        client,
        found,
        client.granted_scope(requested or session.scope),
        org_id=token.org_id,
        login=session.claims,
        source=hooked.REFRESH,
        idempotency_id=_same(token, client, session, requested, target),
        addable=hooked.addable(client),
    )


def _same(token: RefreshToken, client: Client, session: Session, requested: str, target: str) -> str:
    """The idempotency id: the same however often this refresh is sent, another for the next one, or one that asks for something else."""
    # Under FAPI the generation stays, so that the refresh before tells them apart.
    parts = [f"{session.rotated_at} {session.rotated_by}" if client.fapi else "", requested, target]
    told = f"_{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}" if any(parts) else ""
    return f"{token.sid}_{token.generation}{told}"


def _left(session: Session) -> InvalidGrant:
    """The refusal for a session in the name of an organization whose member the person is no more, or is again; it is revoked."""
    sessions.revoke(session.user_id, session.sid, "membership_ended", client_id=session.client_id)
    return InvalidGrant(_OVER, detail="the person has left the organization")


def _asks(parameters: dict[str, str]) -> bool:
    return bool({"scope", "resource", "audience"} & set(parameters))


def _targets(token: RefreshToken, client: Client, requested: str, session: Session | None) -> Collection[str]:
    """The APIs that may be asked for, if the scope may be.

    session: if it was read already. Asking for less is seldom, so the read that it takes is made only then, and before anything is spent.
    """
    session = session or sessions.get(token.user_id, token.sid)
    if session is None or session.client_id != client.client_id:
        raise InvalidGrant(_OVER, detail="session is gone")
    if not set(requested.split()) <= set(session.scope.split()):
        raise InvalidScope("scope exceeds what was granted")
    return session.resources.split() or resources.allowed(client)
