"""What a session's end makes: one event for it, however it is noticed, and another where somebody else may hold what it gave out."""

from collections.abc import Iterator
from typing import Any, Final

from gatehouse import clock, identifiers, session_ids, sessions, table
from gatehouse.dataclasses import replace
from gatehouse.events.event import SESSION_ENDED, Event
from gatehouse.sessions import Session

# Of the sessions that end with one change. Each event takes its own request to the queue of webhooks, as those of one person wait for each
# other there; and the stream waits for all of them.
MOST_TOLD: Final = 500
_THEFT: Final = ("refresh_token_reused", "code_replayed")


def of_session(change: table.Change) -> Iterator[Event]:
    """The events of a session's item."""
    if change.before is None or change.after is None:
        return
    if change.before["status"] == "active" and change.after["status"] == "revoked":
        session, because = Session.from_item(change.after), change.after.get("revoked_because", "")
        if because in _THEFT:
            yield _about("session.reuse_detected", session, change.at, because)
        yield _about(SESSION_ENDED, session, change.at, because)


def of_epoch(change: table.Change) -> Iterator[Event]:
    """The ends of all sessions that were live when the person's epoch became another: reads them, 1 RRU per 4 KB.

    Those behind the first MOST_TOLD are quiet.

    Raises:
        Unavailable: the sessions cannot be read.
    """
    if change.before is None or change.after is None or change.before["epoch"] == change.after["epoch"]:
        return
    told = 0
    for session in sessions.of_user(change.after["user_id"]):
        # One that was revoked since has, or will have, a change of its own.
        live = session.status == "active" and min(session.expires_at, session.idle_expires_at) > change.at
        if live and change.before["epoch"] <= session_ids.epoch_of(session.sid) < change.after["epoch"]:
            yield replace(_about(SESSION_ENDED, session, change.at, ""), quiet=told >= MOST_TOLD)
            told += 1


def _about(kind: str, session: Session, at: int, because: str) -> Event:
    # A session ends once, in whatever way it is noticed.
    what = f"{session.user_id} {session.sid}"
    return Event.of(what, kind, at, session.user_id, {"because": because, **_told(session)})


def _told(session: Session) -> dict[str, Any]:
    return {
        "client_id": session.client_id,
        "session": {
            "id": identifiers.joint_id(session.sid, session.user_id),
            "sid": session.sid,
            "org_id": session.org_id,
            "created_at": clock.iso(session.created_at),
            "ip": session.source_ip,
            "user_agent": session.user_agent,
        },
    }
