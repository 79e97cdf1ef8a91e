"""What happened to people, derived from changes of the table; nothing writes an event.

Its id follows from what happened, so that a change that is told twice, late, or beside one that failed makes the same event again.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gatehouse import jose, sessions, table
from gatehouse.sessions import Session

SESSION_ENDED: Final = "session.ended"
_ID_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Event:
    """id: 24 characters of base64url. at: seconds since the epoch.

    because: why the session was revoked, as its item says; empty when it ended with all of the person's.
    """

    id: str
    kind: str
    at: int
    session: Session
    because: str = ""


def derived(change: table.Change) -> Iterator[Event]:
    """The events of a change. That of a person's epoch ends every session that was live under the one before: reads them, 1 RRU per 4 KB.

    Raises:
        Unavailable: the sessions cannot be read.
        KeyError, TypeError: the change is not of an item of ours.
    """
    if change.before is None or change.after is None:
        return
    if change.sk.startswith("SESSION#"):
        if change.before["status"] == "active" and change.after["status"] == "revoked":
            yield _ended(Session.from_item(change.after), change.at, change.after.get("revoked_because", ""))
    elif change.sk == "USER":
        yield from _ended_with_epoch(change.after["user_id"], change.before["epoch"], change.after["epoch"], change.at)


def _ended_with_epoch(user_id: str, first: int, next_: int, at: int) -> Iterator[Event]:
    if first == next_:
        return
    for session in sessions.of_user(user_id):
        # One that was revoked since has, or will have, a change of its own.
        live = session.status == "active" and min(session.expires_at, session.idle_expires_at) > at
        if live and first <= sessions.epoch_of(session.sid) < next_:
            yield _ended(session, at)


def _ended(session: Session, at: int, because: str = "") -> Event:
    # A session ends once, in whatever way it is noticed.
    digest = hashlib.sha256(f"{SESSION_ENDED} {session.user_id} {session.sid}".encode()).digest()
    return Event(jose.b64encode(digest[:_ID_BYTES]), SESSION_ENDED, at, session, because)
