"""What a code of single use buys, whichever it is: a session that begins once, and its tokens."""

from collections.abc import Sequence

from gatehouse import clock, holders, observe, sessions, table
from gatehouse.clients import Client
from gatehouse.dataclasses import replace
from gatehouse.errors import InvalidGrant
from gatehouse.grants import hooked, known
from gatehouse.grants.answer import Answer, of_session
from gatehouse.sessions import Session
from gatehouse.web import Request


def begin(
    request: Request,
    client: Client,
    agreed: Session,
    *,
    source: str,
    refusal: str,
    resources: str = "",
    bound_to: str = "",
    nonce: str = "",
    permissions: Sequence[table.Write] = (),
) -> Answer:
    """Read the user and what their claims need, run hooks, sign, then begin the session in one write.

    agreed: the session as far as the person agreed to it; the rest follows from client and request. source: what hooks are told that it
    is. refusal: what a client is told. permissions: checks that must hold when it begins.

    Raises:
        InvalidGrant: the user lets it not begin, a permission does not hold, the password is too old, or it began before; then it is
            revoked.
        Denied: a hook refused. Unavailable: a hook failed, or the table. Nothing was written.
    """
    scope = client.granted_scope(agreed.scope)
    planned = known.plan(client, agreed.org_id, scope, known.targets(client, scope, known.aimed(client, agreed, resources)))
    # Where there are hooks the session is read as well: that it began before is found out whatever they say.
    holder = holders.read(agreed.user_id, agreed.org_id, planned.needed, sid=agreed.sid if planned.hooks else "")
    if holder is None or not sessions.stands(holder.user, agreed.sid):
        raise InvalidGrant(refusal, detail="user is gone, blocked or signed out")
    session = _completed(request, client, agreed)
    if session.expires_at <= session.created_at:
        raise InvalidGrant(refusal, detail="the password was given longer ago than a session lasts")
    found = known.look_up(planned, holder, session.org_id)
    if holder.session is None or holder.session.created_by == session.created_by:
        found = hooked.run(
            client,
            found,
            scope,
            org_id=session.org_id,
            login=session.claims,
            source=source,
            idempotency_id=session.sid,
            addable=hooked.addable(client),
        )
    # Signed before the write: a code is never spent on an answer that could not be made.
    answer = of_session(client, session, found, session.scope, now=session.created_at, nonce=nonce, resources=resources, bound_to=bound_to)
    _begun(request, session, permissions, refusal)
    return answer


def _begun(request: Request, session: Session, permissions: Sequence[table.Write], refusal: str) -> None:
    """Begin the session.

    Raises:
        InvalidGrant: a permission does not hold, or it began before.
    """
    try:
        sessions.begin(session, permissions=permissions)
    except sessions.NotPermitted as taken_back:
        raise InvalidGrant(refusal, detail="the person has taken the consent back, or left the organization") from taken_back
    except sessions.Replayed as replay:
        observe.event("CodeReplay", request_id=request.id, client_id=session.client_id, sid=session.sid)
        raise InvalidGrant(refusal, detail="replayed; session revoked") from replay


def _completed(request: Request, client: Client, agreed: Session) -> Session:
    now = clock.now()
    # From the password on and not from the code: 30 days later the person signs in again, whatever happened in between.
    expires_at = agreed.auth_time + client.session_seconds
    return replace(
        agreed,
        client_id=client.client_id,
        created_at=now,
        created_by=request.id,
        expires_at=expires_at,
        idle_expires_at=min(now + client.session_idle_seconds, expires_at),
        source_ip=request.source_ip,
        user_agent=request.headers.get("user-agent", "")[:120],
    )
