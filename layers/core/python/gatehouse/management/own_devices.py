"""/me/sessions and /me/applications: where a person is signed in and whom they let in, and the way to end either."""

from typing import Any

from gatehouse import clients, clock, consents, devices, let_in, session_ids, sessions
from gatehouse.errors import NotFound
from gatehouse.management import callers
from gatehouse.management.routes import Answer, Call, Route
from gatehouse.management.users import existing
from gatehouse.sessions import Session


class OwnSession(Answer):
    id: str
    client_id: str
    client_name: str
    device: str
    created_at: str
    last_used_at: str
    current: bool


class OwnApplication(Answer):
    client_id: str
    name: str
    allowed_at: str
    scopes: list[str]


def list_sessions(call: Call) -> list[dict[str, Any]]:
    """GET /me/sessions: the one that was used last first."""
    live = sorted(_live(call), key=lambda session: max(session.created_at, session.rotated_at), reverse=True)
    return [_session(session, current=session.sid == call.caller.session.sid) for session in live]


def _session(session: Session, *, current: bool) -> dict[str, Any]:
    client = clients.get(session.client_id)
    return {
        "id": session.sid,
        "client_id": session.client_id,
        "client_name": client.name if client else "",
        "device": devices.in_words(session.user_agent),
        "ip": session.source_ip,
        "created_at": clock.iso(session.created_at),
        "last_used_at": clock.iso(max(session.created_at, session.rotated_at)),
        "current": current,
    }


def end_session(call: Call) -> None:
    """DELETE /me/sessions/{id}: with the sign-on of the browser where it began, unless the caller's session began there too."""
    sid = call.path["id"]
    # The key begins with the person themselves: another's session is out of reach, whatever id is sent.
    if session_ids.epoch_of(sid) < 0 or not devices.end(call.caller.user_id, sid, here=call.caller.session.sign_on_id):
        raise NotFound("there is no such session")


def revoke_others(call: Call) -> None:
    """POST /me/sessions/revoke-others: everything but the caller's own session and the browser in which it began."""
    current = call.caller.session
    devices.end_others(call.caller.user_id, here=current.sign_on_id, sid=current.sid)
    call.request.outcome["sign_out"] = "others"


def list_applications(call: Call) -> list[dict[str, Any]]:
    """GET /me/applications: those of others, in the order of their names."""
    return [
        {
            "client_id": found.client.client_id,
            "name": found.client.name,
            "client_uri": found.client.client_uri,
            "allowed_at": clock.iso(found.since),
            "scopes": sorted(found.scopes),
            "claims": sorted(found.claims),
            "resources": sorted(found.resources),
        }
        for found in let_in.applications(call.caller.user_id, _live(call))
    ]


def remove_application(call: Call) -> None:
    """DELETE /me/applications/{client_id}: take back what it was allowed, and end its sessions."""
    client = clients.get(call.path["client_id"])
    if client is None or client.first_party:
        raise NotFound("there is no such application")
    consents.withdraw(call.caller.user_id, client.client_id)
    call.request.outcome["consent"] = "withdrawn"


def _live(call: Call) -> list[Session]:
    user = existing(call.caller.user_id)
    return [session for session in sessions.of_user(user.user_id) if session.live(user)]


_READ: dict[str, Any] = {"scopes": (callers.READ_OWN_DEVICES,), "audience": callers.ACCOUNT, "prefix": ""}
_END: dict[str, Any] = {"scopes": (callers.DELETE_OWN_DEVICES,), "audience": callers.ACCOUNT, "prefix": "", "status": 204}
ROUTES = [
    Route(
        method="GET", path="/me/sessions", serve=list_sessions, summary="List where you are signed in", answers=list[OwnSession], **_READ
    ),
    Route(method="DELETE", path="/me/sessions/{id}", serve=end_session, summary="End one of your sessions", **_END),
    Route(method="POST", path="/me/sessions/revoke-others", serve=revoke_others, summary="End all your sessions but this one", **_END),
    Route(
        method="GET",
        path="/me/applications",
        serve=list_applications,
        summary="List the applications that you let in",
        answers=list[OwnApplication],
        **_READ,
    ),
    Route(
        method="DELETE",
        path="/me/applications/{client_id}",
        serve=remove_application,
        summary="Take back what you allowed an application",
        **_END,
    ),
]
