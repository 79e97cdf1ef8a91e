"""Where a person is signed in, for the account page: each session in words, the one that was used last first."""

from collections.abc import Iterable

from gatehouse import clients, devices
from gatehouse.sessions import Session

MOST_SHOWN = 100


def listed(live: Iterable[Session], here: str) -> list[dict[str, object]]:
    """What the template shows of each session. here: the id of this browser's sign-on. used: seconds since the epoch."""
    shown = [
        {
            "sid": session.sid,
            "client": client.name if (client := clients.get(session.client_id)) else "An application that is gone",
            "device": devices.in_words(session.user_agent),
            "since": session.created_at,
            "used": max(session.created_at, session.rotated_at),
            "here": session.sign_on_id == here,
        }
        for session in live
    ]
    return sorted(shown, key=lambda session: int(str(session["used"])), reverse=True)[:MOST_SHOWN]
