"""Sessions of people (Auth0's users/{id}/sessions and sessions): where a person is signed in, and ending it there."""

import json
from functools import partial
from typing import Any, Final

from gatehouse import clock, sessions, users
from gatehouse.errors import NotFound
from gatehouse.management import session_documents
from gatehouse.management.paging import PageQuery
from gatehouse.management.refusals import InvalidBody
from gatehouse.management.routes import Answer, Body, Call, Route
from gatehouse.management.users import existing
from gatehouse.sessions import Session
from gatehouse.web import Response

# A session item stays below 1 KB, which a refresh pays for.
LARGEST_METADATA: Final = 128


class SessionPatch(Body):
    session_metadata: dict[str, str] | None = None


class SessionAnswer(Answer):
    """device: as it was when the session began. last_interacted_at: when the application last refreshed."""

    id: str
    user_id: str
    created_at: str
    authenticated_at: str
    idle_expires_at: str
    expires_at: str


class SessionsAnswer(Answer):
    sessions: list[SessionAnswer]
    next: str | None = None


def list_sessions(call: Call) -> dict[str, Any]:
    """GET users/{id}/sessions"""
    user = existing(call.path["id"])
    behind = partial(session_documents.live, user, at_once=call.query.taken + 1)
    return session_documents.paged(call.query, behind, shown, "sessions", f"sessions of {user.user_id}")


def shown(session: Session) -> dict[str, Any]:
    authenticated_at = clock.iso(session.auth_time)
    return {
        **session_documents.common(session),
        "updated_at": clock.iso(max(session.created_at, session.rotated_at)),
        "authenticated_at": authenticated_at,
        "last_interacted_at": clock.iso(max(session.created_at, session.rotated_at)),
        "clients": [{"client_id": session.client_id}],
        "authentication": {"methods": [{"name": name, "timestamp": authenticated_at} for name in session.amr or ()]},
        "session_metadata": session.metadata or {},
    }


def get_session(call: Call) -> dict[str, Any]:
    """GET sessions/{id}"""
    return shown(session_documents.named(call.path["id"]))


def patch_session(call: Call) -> dict[str, Any]:
    """PATCH sessions/{id}: session_metadata as a whole."""
    given = call.body.session_metadata or {}
    if len(json.dumps(given, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass")) > LARGEST_METADATA:
        raise InvalidBody(f"session_metadata is larger than {LARGEST_METADATA} bytes")
    session = session_documents.named(call.path["id"])
    if not sessions.describe(session.user_id, session.sid, given):
        raise NotFound("there is no such session")
    return shown(session_documents.named(call.path["id"]))


def end(call: Call) -> None:
    """DELETE sessions/{id}, POST sessions/{id}/revoke, DELETE refresh-tokens/{id}: also of what is over."""
    session_documents.revoke([call.path["id"]])


def end_all(call: Call) -> Response:
    """DELETE users/{id}/sessions and users/{id}/refresh-tokens: one write, so that none is missed that begins in this instant."""
    user_id = call.path["id"]
    existing(user_id)
    users.sign_out_everywhere(user_id, invocation_id=call.request.id)
    call.request.outcome["sign_out"] = "everywhere"
    return Response(202)


_READ, _DELETE = ("read:sessions",), ("delete:sessions",)

ROUTES = [
    Route(
        method="GET",
        path="/users/{id}/sessions",
        serve=list_sessions,
        summary="List a user's sessions",
        scopes=_READ,
        query=PageQuery,
        answers=SessionsAnswer,
    ),
    Route(method="DELETE", path="/users/{id}/sessions", serve=end_all, summary="End all of a user's sessions", scopes=_DELETE, status=202),
    Route(method="GET", path="/sessions/{id}", serve=get_session, summary="Get a session", scopes=_READ, answers=SessionAnswer),
    Route(
        method="PATCH",
        path="/sessions/{id}",
        serve=patch_session,
        summary="Set the metadata of a session",
        scopes=("update:sessions",),
        body=SessionPatch,
        answers=SessionAnswer,
    ),
    Route(method="DELETE", path="/sessions/{id}", serve=end, summary="End a session", scopes=_DELETE, status=204),
    Route(
        method="POST",
        path="/sessions/{id}/revoke",
        serve=end,
        summary="End a session and its refresh token",
        scopes=("delete:sessions", "delete:refresh_tokens"),
        status=204,
    ),
]
